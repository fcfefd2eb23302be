"""Section 7: the logarithms telescope, and the envelope bounds the weights of the mean from below."""

from __future__ import annotations

from sympy import Expr, S, log, sqrt

from ratetheory.claims.sgd import scale_variant_noise, scale_variant_weight, slow_decay_rate
from ratetheory.symbolic.chance import (
    accumulated,
    expectation_of,
    linearity,
    scale_variant_schedule,
    slow_decay,
    unbiased,
)
from ratetheory.symbolic.choices import below_largest_block, below_smaller, largest_block_below, smaller_of
from ratetheory.symbolic.derivations.certificates import X as ARGUMENT
from ratetheory.symbolic.derivations.gd_rate import loss_above
from ratetheory.symbolic.derivations.gd_rate_phases import logarithm_grows
from ratetheory.symbolic.derivations.norm_growth import ARGUMENT as REAL
from ratetheory.symbolic.derivations.norm_growth import norm_step
from ratetheory.symbolic.derivations.sgd import (
    GROWTH,
    NOISE,
    A,
    constant_nonnegative,
    envelope,
    envelope_at,
    envelope_at_end,
    expected,
    mean_of,
    pathwise,
)
from ratetheory.symbolic.equations import congruence
from ratetheory.symbolic.hypotheses import define, single_block
from ratetheory.symbolic.inequalities import nonnegative
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import Relation, letter, m, s
from ratetheory.symbolic.rules import by_sign, combine, divide, instantiate, root_of_squares, sum_blocks, suppose
from ratetheory.symbolic.sequences import (
    induction,
    last_below_mean,
    least_below_weighted_mean,
    never_falls,
    sum_steps,
    telescope,
)
from ratetheory.symbolic.vectors import BLOCK, HORIZON, STEP, over_blocks

SBAR, SBAR_T = envelope_at(s.E), envelope_at(s.E_last)
RATE = s.eta / SBAR
"""eta_t/Sbar_t, below the effective learning rate."""
GAIN = m.expectation(s.eta / s.S * s.G_mean**2)
RATIO = log(s.S_last / s.S_first)


@lemma
def logarithm_step(ctx: Context) -> Fact:
    """ln(1 + tau^2) = ln S_{t+1} - ln S_t."""
    grown = congruence(ctx, log(REAL), REAL, norm_step(ctx))
    return combine(ctx, Relation(NOISE, "==", log(s.S_next) - log(s.S)), (-1, grown))


def loss_at_end(ctx: Context) -> Fact:
    """f_low <= f_T."""
    return instantiate(ctx, loss_above(ctx), {STEP: HORIZON})


# --- the sum over the steps -------------------------------------------------------------------------------------------------


@lemma
def mean_ratio(ctx: Context) -> Fact:
    """E ln(S_T/S_0) = E ln S_T - E ln S_0."""
    goal = Relation(m.expectation(RATIO), "==", m.expectation(log(s.S_last)) - m.expectation(log(s.S_first)))
    return combine(ctx, goal, (1, linearity(ctx, RATIO)), (1, linearity(ctx, log(s.S_first))))


def scaled(ctx: Context, fact: Fact, factor: Expr) -> Fact:
    """The fact times a factor, nonnegative unless the fact is an equation."""
    return combine(ctx, fact.relation.map(lambda side: factor * side), (factor, fact))


@lemma
def total(ctx: Context) -> Fact:
    """The sum of the gains."""
    noise = scale_variant_noise(s.eta_gt, s.Lam_g, s.sig)
    gain = over_blocks(GAIN) + scale_variant_weight(s.eta_gt, s.Lam_g) * m.expectation(s.H_mean**2)
    potential = m.expectation(s.f) - over_blocks(A / 2 * m.expectation(log(s.S)))
    after = potential.xreplace({STEP: STEP + 1})
    logarithms = sum_blocks(ctx, scaled(ctx, mean_of(ctx, logarithm_step(ctx)), A / 2), BLOCK)
    step = combine(ctx, Relation(gain + after - potential, "<=", noise), (1, expected(ctx)), (1, logarithms))
    return combine(
        ctx,
        Relation(m.sum(gain), "<=", s.gap + over_blocks(A / 2 * m.expectation(RATIO)) + m.sum(noise)),
        (1, sum_steps(ctx, step)),
        (-1, telescope(ctx, potential)),
        (1, mean_of(ctx, loss_at_end(ctx))),
        (1, linearity(ctx, s.f_first)),
        (-1, define(ctx, "gap")),
        (-1, sum_blocks(ctx, scaled(ctx, mean_ratio(ctx), A / 2), BLOCK)),
    )


@lemma
def logarithm_bounded(ctx: Context) -> Fact:
    """E ln(S_T/S_0) <= ln(Sbar_T/S_0)."""
    grown = mean_of(ctx, logarithm_grows(ctx, envelope_at_end(ctx)))
    goal = Relation(m.expectation(RATIO), "<=", log(SBAR_T / s.S_first))
    return combine(ctx, goal, (1, grown), (1, linearity(ctx, RATIO)))


@lemma
def logarithm_in_numerator(ctx: Context) -> Fact:
    """(A/2) E ln(S_T/S_0) <= (A/2) ln(Sbar_T/S_0)."""
    goal = Relation(A / 2 * m.expectation(RATIO), "<=", A / 2 * log(SBAR_T / s.S_first))
    return combine(ctx, goal, (S.Half, constant_nonnegative(ctx), logarithm_bounded(ctx)))


@lemma
def rate_below(ctx: Context, weight: Expr, below: Fact) -> Fact:
    """``w E|G|^2 <= E gamma |G|^2`` for a weight ``w <= eta/Sbar`` that is not random."""
    ratio = combine(
        ctx,
        Relation(weight * s.G_mean**2, "<=", s.eta / s.S * s.G_mean**2),
        (s.G_mean**2, below),
        (s.eta * s.G_mean**2 / (s.S * SBAR), envelope(ctx)),
    )
    mean, left = expectation_of(ctx, ratio), linearity(ctx, weight * s.G_mean**2)
    goal = Relation(weight * m.expectation(s.G_mean**2), "<=", GAIN)
    return combine(ctx, goal, (1, mean), (-1, left))


def _weighted(ctx: Context, term: Expr, positive: Fact, gains: Fact) -> Fact:
    """``(min a_t) sum w_t <= sum of the gains`` from ``w a <= gain``."""
    least = least_below_weighted_mean(ctx, term, positive)
    goal = Relation(least.relation.left, "<=", m.sum(gains.relation.right))
    return combine(ctx, goal, (1, least), (1, sum_steps(ctx, gains)))


# --- one block --------------------------------------------------------------------------------------------------------------


@lemma
def single_step(ctx: Context) -> Fact:
    """f_{t+1} + (A/2) (ln S_t - ln S_{t+1}) <= f_t - gamma <E G, G> for one block."""
    descent = pathwise(ctx)
    alone = single_block(ctx, descent.relation.right)
    left = s.f_next - A / 2 * log(s.S_next)
    goal = Relation(left, "<=", s.f - A / 2 * log(s.S) - s.eta / s.S * s.cross)
    return combine(ctx, goal, (1, descent), (1, alone), (A / 2, logarithm_step(ctx)))


@lemma
def single_total(ctx: Context) -> Fact:
    """sum E gamma |G|^2 <= gap + (A/2) ln(Sbar_T/S_0) for one block."""
    potential = m.expectation(s.f) - A / 2 * m.expectation(log(s.S))
    after = potential.xreplace({STEP: STEP + 1})
    mean = mean_of(ctx, single_step(ctx))
    conditional = scaled(ctx, unbiased(ctx, 1 / s.S), s.eta)
    gain = linearity(ctx, s.eta / s.S * s.G_mean**2)
    step = combine(ctx, Relation(GAIN + after - potential, "<=", S.Zero), (1, mean), (-1, conditional), (1, gain))
    return combine(
        ctx,
        Relation(m.sum(GAIN), "<=", s.gap + A / 2 * log(SBAR_T / s.S_first)),
        (1, sum_steps(ctx, step)),
        (-1, telescope(ctx, potential)),
        (1, mean_of(ctx, loss_at_end(ctx))),
        (1, linearity(ctx, s.f_first)),
        (-1, define(ctx, "gap")),
        (-A / 2, mean_ratio(ctx)),
        (1, logarithm_in_numerator(ctx)),
    )


@lemma
def single_weighted(ctx: Context) -> Fact:
    """(min E|G|^2) sum eta/Sbar <= gap + (A/2) ln(Sbar_T/S_0)."""
    same = by_sign(ctx, Relation(RATE, "<=", RATE))
    positive = by_sign(ctx, Relation(S.Zero, "<=", RATE))
    weighted = _weighted(ctx, m.expectation(s.G_mean**2), positive, rate_below(ctx, RATE, same))
    goal = Relation(weighted.relation.left, "<=", single_total(ctx).relation.right)
    return combine(ctx, goal, (1, weighted), (1, single_total(ctx)))


def sum_positive(ctx: Context, fact: Fact) -> Fact:
    """From ``0 < w``: ``0 < sum w``."""
    return combine(ctx, Relation(S.Zero, "<", m.sum(fact.relation.right)), (1, sum_steps(ctx, fact)))


def _single(ctx: Context) -> Fact:
    fact = single_weighted(ctx)
    goal = Relation(m.least(m.expectation(s.G_mean**2)), "<=", fact.relation.right / m.sum(RATE))
    return divide(ctx, goal, fact, sum_positive(ctx, by_sign(ctx, Relation(S.Zero, "<", RATE))))


# --- several blocks and g ---------------------------------------------------------------------------------------------------

LARGEST = m.largest_block(-s.eta / SBAR)
WEIGHT = m.minimum(-LARGEST, s.weight_g)


@lemma
def weight_positive(ctx: Context) -> Fact:
    """0 < min(min_i eta_i/Sbar_i, weight_g)."""
    negative = largest_block_below(ctx, LARGEST, by_sign(ctx, Relation(-RATE, "<", S.Zero)))
    blocks = combine(ctx, Relation(S.Zero, "<", -LARGEST), (1, negative))
    return below_smaller(ctx, WEIGHT, blocks, scale_variant_schedule(ctx, True))


@lemma
def gains_above(ctx: Context) -> Fact:
    """The least weight times the squared gradients is at most the gain."""
    in_block = combine(
        ctx,
        Relation(WEIGHT, "<=", RATE),
        (1, smaller_of(ctx, WEIGHT, 0)),
        (1, below_largest_block(ctx, LARGEST, BLOCK)),
    )
    blocks = sum_blocks(ctx, rate_below(ctx, WEIGHT, in_block), BLOCK)
    variant = mean_of(ctx, scale_variant_schedule(ctx, False))
    square = m.expectation(s.H_mean**2)
    term = over_blocks(m.expectation(s.G_mean**2)) + square
    gain = over_blocks(GAIN) + scale_variant_weight(s.eta_gt, s.Lam_g) * square
    return combine(
        ctx,
        Relation(WEIGHT * term, "<=", gain),
        (1, blocks),
        (square, smaller_of(ctx, WEIGHT, 1)),
        (1, variant),
    )


def _blocks(ctx: Context) -> Fact:
    term = over_blocks(m.expectation(s.G_mean**2)) + m.expectation(s.H_mean**2)
    positive = weight_positive(ctx)
    weighted = _weighted(ctx, term, positive, gains_above(ctx))
    noise = m.sum(scale_variant_noise(s.eta_gt, s.Lam_g, s.sig))
    numerator = s.gap + over_blocks(A / 2 * log(SBAR_T / s.S_first)) + noise
    bound = combine(
        ctx,
        Relation(weighted.relation.left, "<=", numerator),
        (1, weighted),
        (1, total(ctx)),
        (1, sum_blocks(ctx, logarithm_in_numerator(ctx), BLOCK)),
    )
    goal = Relation(m.least(term), "<=", numerator / m.sum(WEIGHT))
    return divide(ctx, goal, bound, sum_positive(ctx, positive))


# --- schedules that decay slowly ----------------------------------------------------------------------------------------------


@lemma
def harmonic(ctx: Context) -> Fact:
    """E_{t+1} <= eta_t^2 (t + 1) (1 + ln(t + 1)): the harmonic sum."""
    claim = Relation(s.E_next, "<=", s.eta**2 * (STEP + 1) * (1 + log(STEP + 1)))
    accumulates = accumulated(ctx, False)
    start = claim.map(lambda side: side.xreplace({STEP: S.Zero}))
    base = combine(ctx, start, (1, instantiate(ctx, accumulates, {STEP: S.Zero})), (1, accumulated(ctx, True)))
    below = nonnegative(ctx, Relation(ARGUMENT / (1 + ARGUMENT), "<=", log(1 + ARGUMENT)), ARGUMENT)
    after = letter("eta", STEP + 1)
    step = combine(
        ctx,
        claim.map(lambda side: side.xreplace({STEP: STEP + 1})),
        (1, suppose(ctx, claim)),
        (1, instantiate(ctx, accumulates, {STEP: STEP + 1})),
        (1 + log(STEP + 1), slow_decay(ctx, False)),
        (after**2 * (STEP + 2), instantiate(ctx, below, {ARGUMENT: 1 / (STEP + 1)})),
    )
    return induction(ctx, claim, base, step)


@lemma
def envelope_grows(ctx: Context) -> Fact:
    """Sbar_t <= Sbar_{t+1}."""
    radicand = (s.S_first - GROWTH / 2) ** 2 + 2 * s.Gs**2 * s.E
    after = radicand.xreplace({STEP: STEP + 1})
    squares = combine(ctx, Relation(radicand, "<=", after), (-2 * s.Gs**2, accumulated(ctx, False)))
    root = root_of_squares(ctx, squares, Relation(sqrt(radicand), "<=", sqrt(after)))
    return combine(ctx, Relation(SBAR, "<=", envelope_at(s.E_next)), (1, root))


@lemma
def rates_fall(ctx: Context) -> Fact:
    """eta_{t+1}/Sbar_{t+1} <= eta_t/Sbar_t."""
    later, after = envelope_at(s.E_next), letter("eta", STEP + 1)
    return combine(
        ctx,
        Relation(after / later, "<=", RATE),
        (1 / SBAR, slow_decay(ctx, True)),
        (after / (SBAR * later), envelope_grows(ctx)),
    )


@lemma
def envelope_by_root(ctx: Context) -> Fact:
    """Sbar_t <= q/2 + |S_0 - q/2| + Gs eta_t sqrt(t + 1) sqrt(2 (1 + ln(t + 1)))."""
    half = GROWTH / 2
    radicand = (s.S_first - half) ** 2 + 2 * s.Gs**2 * s.E
    root = m.abs(s.S_first - half) + s.Gs * s.eta * sqrt(STEP + 1) * sqrt(2 * (1 + log(STEP + 1)))
    squares = combine(
        ctx,
        Relation(radicand, "<=", root**2),
        (2 * s.Gs**2, harmonic(ctx)),
        (-2 * s.Gs**2, accumulated(ctx, False)),
    )
    rooted = root_of_squares(ctx, squares, Relation(sqrt(radicand), "<=", root))
    return combine(ctx, Relation(SBAR, "<=", half + root), (1, rooted))


@lemma
def rate_above_root(ctx: Context) -> Fact:
    """eta_0 <= eta_t sqrt(t + 1)."""
    squares = never_falls(ctx, slow_decay(ctx, False), s.eta**2 * (STEP + 1))
    return root_of_squares(ctx, squares, Relation(s.eta_first, "<=", s.eta * sqrt(STEP + 1)))


@lemma
def slow_sum(ctx: Context) -> Fact:
    """1 <= (the closed form) sum eta_t/Sbar_t."""
    closed = slow_decay_rate(m, s.S_first, s.eta_first, s.Gs, HORIZON)
    here = slow_decay_rate(m, s.S_first, s.eta_first, s.Gs, STEP + 1)
    start = GROWTH / 2 + m.abs(s.S_first - GROWTH / 2)
    last = combine(
        ctx,
        Relation(S.One, "<=", here * (STEP + 1) * RATE),
        (1 / SBAR, envelope_by_root(ctx)),
        (start / (s.eta_first * SBAR), rate_above_root(ctx)),
    )
    at_end = instantiate(ctx, last, {STEP: HORIZON - 1})
    mean = last_below_mean(ctx, rates_fall(ctx), RATE)
    return combine(ctx, Relation(S.One, "<=", closed * m.sum(RATE)), (1, at_end), (closed, mean))


def _slow(ctx: Context) -> Fact:
    fact = single_weighted(ctx)
    closed = slow_decay_rate(m, s.S_first, s.eta_first, s.Gs, HORIZON)
    least = m.least(m.expectation(s.G_mean**2))
    goal = Relation(least, "<=", fact.relation.right * closed)
    return combine(ctx, goal, (closed, fact), (least, slow_sum(ctx)))


DERIVATIONS = {"sgd-rate": {"sum": total, "single-block": _single, "blocks": _blocks, "slow-decay": _slow}}
