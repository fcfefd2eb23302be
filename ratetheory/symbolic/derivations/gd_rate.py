"""Section 6, second half: the Lyapunov function bounds b for ever, and so the sum of the squared gradients."""

from __future__ import annotations

from collections.abc import Callable

from sympy import Expr, S, Symbol, log

from ratetheory.claims.gd_rate import (
    Slope,
    budget,
    excess,
    growth,
    increments,
    psi,
    separate_budgets,
    sharper_slope,
    simple_slope,
    trivial,
)
from ratetheory.symbolic.choices import below_largest_block, choose, larger_of
from ratetheory.symbolic.derivations.certificates import X as ARGUMENT
from ratetheory.symbolic.derivations.certificates import above_start
from ratetheory.symbolic.derivations.log_lyapunov import slope_of, slope_positive
from ratetheory.symbolic.extrema import below_larger_root
from ratetheory.symbolic.hypotheses import cite, define, full_gradient, lower_bound, scale_variant_rate, weights
from ratetheory.symbolic.inequalities import nonnegative
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import IfLess, Relation, m, s
from ratetheory.symbolic.rules import cases, combine, discharge, instantiate, one_block, sum_blocks, suppose
from ratetheory.symbolic.sequences import least_below_first, least_below_mean, sum_steps, telescope
from ratetheory.symbolic.vectors import BLOCK, FULL_LOSS, HORIZON, STEP, over_blocks

Y, START, RATE, NUMBER, SMOOTHNESS = (Symbol(name, positive=True) for name in ("y", "b_s", "c", "b_e", "lam"))
SQUARES = over_blocks(s.G**2) + s.H**2


def name_of(slope_rule: Slope) -> str:
    """The slope's name in the claim ``log-lyapunov``."""
    return "simple" if slope_rule is simple_slope else "sharper"


@lemma
def logarithm_below(ctx: Context) -> Fact:
    """ln y <= y - 1 for y > 0."""
    above = nonnegative(ctx, Relation(log(1 + ARGUMENT), "<=", ARGUMENT), ARGUMENT)
    below = nonnegative(ctx, Relation(ARGUMENT / (1 + ARGUMENT), "<=", log(1 + ARGUMENT)), ARGUMENT)
    goal, large = Relation(log(Y), "<=", Y - 1), Relation(S.One, "<=", Y)
    far = combine(ctx, Relation(S.Zero, "<=", Y - 1), (1, suppose(ctx, large)))
    near = combine(ctx, Relation(S.Zero, "<=", 1 / Y - 1), (1 / Y, suppose(ctx, large.negation())))
    first = combine(ctx, goal, (1, instantiate(ctx, above, {ARGUMENT: Y - 1}, far)))
    second = combine(ctx, goal, (1, instantiate(ctx, below, {ARGUMENT: 1 / Y - 1}, near)))
    return cases(ctx, first, second, large)


@lemma
def psi_above_minimum(ctx: Context) -> Fact:
    """psi(b) >= psi(b_s) - excess(b_s) for b >= b_s, for any positive numbers."""
    above = excess(m, RATE, SMOOTHNESS, START)
    assert isinstance(above, IfLess)
    ordered = suppose(ctx, Relation(START, "<=", NUMBER))
    goal = Relation(psi(m, RATE, SMOOTHNESS, START) - above, "<=", psi(m, RATE, SMOOTHNESS, NUMBER))
    left_of_minimum = Relation(above.args[0], "<", above.args[1])
    at_minimum = instantiate(ctx, logarithm_below(ctx), {Y: 2 * RATE * NUMBER / SMOOTHNESS})
    left = combine(ctx, goal, (SMOOTHNESS / 2, at_minimum), (-1, choose(ctx, above, True)))
    ratio = instantiate(ctx, logarithm_below(ctx), {Y: NUMBER / START})
    rises = suppose(ctx, left_of_minimum.negation())
    right = combine(
        ctx, goal, (SMOOTHNESS / 2, ratio), (SMOOTHNESS / (2 * START), ordered, rises), (-1, choose(ctx, above, False))
    )
    weakened = combine(ctx, goal, (1, left), (0, ordered))
    return cases(ctx, weakened, right, left_of_minimum)


@lemma
def start_below_end(ctx: Context) -> Fact:
    """b_0 <= b_T."""
    return instantiate(ctx, above_start(ctx), {STEP: HORIZON})


def block_excess(slope_rule: Slope) -> Expr:
    """How far psi may still fall from its value at the start."""
    return excess(m, slope_of(slope_rule), s.Lam, s.b_first)


def block_cost(slope_rule: Slope) -> Expr:
    """psi(b_T) - min psi, what a block has spent."""
    c = slope_of(slope_rule)
    return psi(m, c, s.Lam, s.b_last) - psi(m, c, s.Lam, s.b_first) + block_excess(slope_rule)


@lemma
def cost_nonnegative(ctx: Context, slope_rule: Slope) -> Fact:
    """psi(b_T) >= min psi."""
    values = {RATE: slope_of(slope_rule), SMOOTHNESS: s.Lam, START: s.b_first, NUMBER: s.b_last}
    special = instantiate(ctx, psi_above_minimum(ctx), values, slope_positive(ctx, slope_rule))
    return combine(ctx, Relation(S.Zero, "<=", block_cost(slope_rule)), (1, discharge(ctx, special, start_below_end(ctx))))


@lemma
def loss_above(ctx: Context) -> Fact:
    """f_low <= f_t."""
    return combine(ctx, Relation(s.f_low, "<=", s.f), (1, lower_bound(ctx, FULL_LOSS, weights())), (-1, define(ctx, "f")))


def total_budget(slope_rule: Slope) -> Expr:
    """R."""
    return budget(m, slope_of(slope_rule), s.Lam, s.b_first, s.gap)


@lemma
def spent(ctx: Context, slope_rule: Slope) -> Fact:
    """All that was spent is at most R: the Lyapunov function telescopes. The logarithms are defined because c > 0."""
    c = slope_of(slope_rule)
    falls = cite(ctx, "log-lyapunov", f"monotone-{name_of(slope_rule)}")
    potential = s.f + over_blocks(psi(m, c, s.Lam, s.b))
    left = over_blocks(block_cost(slope_rule)) + m.sum(s.kappa * s.eta_g * s.H**2)
    return combine(
        ctx,
        Relation(left, "<=", total_budget(slope_rule)),
        (1, sum_steps(ctx, falls)),
        (-1, telescope(ctx, potential)),
        (1, instantiate(ctx, loss_above(ctx), {STEP: HORIZON})),
        (-1, define(ctx, "gap")),
        (0, slope_positive(ctx, slope_rule)),
    )


@lemma
def envelope(ctx: Context, slope_rule: Slope) -> Fact:
    """b_T <= B."""
    c = slope_of(slope_rule)
    root = increments(m, c, s.Lam, s.b_first, s.gap)
    nonneg = cost_nonnegative(ctx, slope_rule)
    moved = s.b_last - s.b_first
    level = combine(
        ctx,
        Relation(c * moved - s.Lam / 2 * log(1 + moved / s.b_first), "<=", root.args[3]),
        (1, spent(ctx, slope_rule)),
        (1, one_block(ctx, nonneg)),
        (1, sum_steps(ctx, scale_variant_rate(ctx, False))),
    )
    start = combine(ctx, Relation(S.Zero, "<=", moved), (1, start_below_end(ctx)))
    below = below_larger_root(ctx, root, moved, slope_positive(ctx, slope_rule), start, level)
    return combine(ctx, Relation(s.b_last, "<=", s.b_first + root), (1, below))


@lemma
def certified(ctx: Context) -> Fact:
    """sum |G|^2 <= (b_T^2 - b_0^2)/2."""
    return cite(ctx, "growth-certificate", "upper")


@lemma
def separate_sum(ctx: Context, slope_rule: Slope) -> Fact:
    """The sum of the squared gradients when every block may spend all of R."""
    c = slope_of(slope_rule)
    increment = increments(m, c, s.Lam, s.b_first, s.gap)
    block = combine(
        ctx,
        Relation(m.sum(s.G**2), "<=", growth(s.b_first, increment)),
        (1, certified(ctx)),
        ((s.b_first + increment + s.b_last) / 2, envelope(ctx, slope_rule)),
    )
    return combine(
        ctx,
        Relation(m.sum(SQUARES), "<=", separate_budgets(m, c, s.Lam, s.b_first, s.gap, s.nu_0)),
        (1, sum_blocks(ctx, block, BLOCK)),
        (s.nu_0, spent(ctx, slope_rule)),
        (s.nu_0, sum_blocks(ctx, cost_nonnegative(ctx, slope_rule), BLOCK)),
        (1, sum_steps(ctx, scale_variant_rate(ctx, True))),
    )


def _rate(ctx: Context) -> Fact:
    total = separate_sum(ctx, sharper_slope)
    goal = Relation(m.least(SQUARES), "<=", total.relation.right / HORIZON)
    return combine(ctx, goal, (1 / HORIZON, total), (1 / HORIZON, least_below_mean(ctx, SQUARES)))


def _trivial(ctx: Context) -> Fact:
    """At the start alone: |G|^2/Lam and |H|^2/Lam_g add up to at most twice the gap."""
    right = trivial(m, s.Lam, s.Lam_g, s.gap)
    largest = m.maximum(m.largest_block(s.Lam), s.Lam_g)
    in_block = combine(
        ctx,
        Relation(s.Lam, "<=", largest),
        (1, below_largest_block(ctx, m.largest_block(s.Lam), BLOCK)),
        (1, larger_of(ctx, largest, 0)),
    )
    in_g = larger_of(ctx, largest, 1)
    weighted = combine(ctx, Relation(s.G**2, "<=", largest * s.G**2 / s.Lam), (s.G**2 / s.Lam, in_block))
    positive = combine(ctx, Relation(S.Zero, "<=", largest), (1, in_g))
    value = combine(ctx, Relation(s.value, "==", s.f), (1, full_gradient(ctx, define(ctx, "value"))), (-1, define(ctx, "f")))
    gap = cite(ctx, "gradient-diameter", "gap")
    step = combine(
        ctx,
        Relation(SQUARES, "<=", 2 * largest * (s.f - s.f_low)),
        (2, combine(ctx, Relation(gap.relation.left, "<=", s.f - s.f_low), (1, gap), (1, value)), positive),
        (1, sum_blocks(ctx, weighted, BLOCK)),
        (s.H**2 / s.Lam_g, in_g),
    )
    start = instantiate(ctx, step, {STEP: S.Zero})
    first = least_below_first(ctx, SQUARES)
    return combine(ctx, Relation(m.least(SQUARES), "<=", right), (1, start), (1, first), (-2 * largest, define(ctx, "gap")))


DERIVATIONS: dict[str, dict[str, Callable[[Context], Fact]]] = {
    "gd-rate": {
        "envelope": lambda ctx: envelope(ctx, sharper_slope),
        "sum-simple": lambda ctx: separate_sum(ctx, simple_slope),
        "sum-sharper": lambda ctx: separate_sum(ctx, sharper_slope),
        "rate": _rate,
        "trivial": _trivial,
    }
}
