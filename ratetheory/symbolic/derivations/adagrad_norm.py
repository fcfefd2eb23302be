"""Section 11, AdaGrad-Norm: a Lyapunov function without any case split, and the two phases of Ward, Wu, Bottou, sharpened."""

from __future__ import annotations

from sympy import Expr, S, Symbol, log

from ratetheory.claims.adagrad_norm import increment, kappa, last_accumulator, one_phase, printed, spent, trivial, two_phase
from ratetheory.symbolic.adaptive import (
    POINT,
    SLOPE,
    accumulator,
    adagrad_step,
    describe,
    function_bounded_below,
    smooth_everywhere,
)
from ratetheory.symbolic.choices import choose, larger_of
from ratetheory.symbolic.derivations.gd_rate import Y, logarithm_below
from ratetheory.symbolic.derivations.gd_rate_phases import logarithm_grows, rewrite_right
from ratetheory.symbolic.extrema import below_larger_root
from ratetheory.symbolic.hypotheses import substitute_vector
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import IfLess, LargerIncrement, Relation, m, s
from ratetheory.symbolic.rules import absurd, by_sign, cases, combine, discharge, instantiate, root_of_squares, suppose
from ratetheory.symbolic.sequences import induction, least_below_first, least_below_mean, never_falls, sum_steps, telescope
from ratetheory.symbolic.vectors import HORIZON, STEP, inner

L, ETA, D = s.L_F, s.eta_F, s.D_F
B_0, B_T = s.B_first, s.B_last
SQUARES = m.sum(s.grad_F**2)
CONSTANTS = (L, D, ETA, B_0)


@lemma
def squared_gradient(ctx: Context) -> Fact:
    """|grad F|^2 = <h, h>."""
    meaning = describe(ctx, "grad_F")
    goal = Relation(s.grad_F**2, "==", inner(SLOPE, SLOPE))
    return combine(ctx, goal, (s.grad_F + meaning.relation.right, meaning))


@lemma
def descent(ctx: Context) -> Fact:
    """F_{t+1} <= F - eta |grad F|^2/B_{t+1} + L eta^2 |grad F|^2/(2 B_{t+1}^2)."""
    step = ETA / s.B_next
    smooth = smooth_everywhere(ctx, SLOPE.scale(-step))
    value = describe(ctx, "F")
    after = substitute_vector(ctx, instantiate(ctx, value, {STEP: STEP + 1}), adagrad_step(ctx))
    goal = Relation(s.F_next, "<=", s.F - step * s.grad_F**2 + L * step**2 / 2 * s.grad_F**2)
    weight = step - L * step**2 / 2
    return combine(ctx, goal, (1, smooth), (1, after), (-1, value), (weight, squared_gradient(ctx)))


@lemma
def grows(ctx: Context) -> Fact:
    """B <= B_{t+1}."""
    squares = combine(ctx, Relation(s.B**2, "<=", s.B_next**2), (-1, accumulator(ctx)))
    return root_of_squares(ctx, squares, Relation(s.B, "<=", s.B_next))


@lemma
def logarithmic_step(ctx: Context) -> Fact:
    """|grad F|^2/B_{t+1}^2 <= 2 ln(B_{t+1}/B)."""
    ratio = instantiate(ctx, logarithm_below(ctx), {Y: s.B**2 / s.B_next**2})
    goal = Relation(s.grad_F**2 / s.B_next**2, "<=", 2 * (log(s.B_next) - log(s.B)))
    return combine(ctx, goal, (1, ratio), (-1 / s.B_next**2, accumulator(ctx)))


@lemma
def falls(ctx: Context) -> Fact:
    """F + eta B - L eta^2 ln B never rises."""
    potential = s.F + ETA * s.B - L * ETA**2 * log(s.B)
    after = potential.xreplace({STEP: STEP + 1})
    return combine(
        ctx,
        Relation(after, "<=", potential),
        (1, descent(ctx)),
        (L * ETA**2 / 2, logarithmic_step(ctx)),
        (ETA * s.B / s.B_next, grows(ctx)),
        (ETA / s.B_next, accumulator(ctx)),
    )


@lemma
def above_low(ctx: Context) -> Fact:
    """F_low <= F_t."""
    return combine(ctx, Relation(s.F_low, "<=", s.F), (1, function_bounded_below(ctx, POINT)), (-1, describe(ctx, "F")))


@lemma
def gap_nonnegative(ctx: Context) -> Fact:
    """0 <= D."""
    start = instantiate(ctx, above_low(ctx), {STEP: S.Zero})
    return combine(ctx, Relation(S.Zero, "<=", D), (1, start), (-1, describe(ctx, "D_F")))


@lemma
def envelope(ctx: Context) -> Fact:
    """B_T <= B_0 + increment."""
    root = increment(m, *CONSTANTS)
    assert isinstance(root, LargerIncrement)
    potential = s.F + ETA * s.B - L * ETA**2 * log(s.B)
    down = combine(ctx, Relation(-potential, "<=", -potential.xreplace({STEP: STEP + 1})), (1, falls(ctx)))
    total = instantiate(ctx, never_falls(ctx, down, -potential), {STEP: HORIZON})
    moved = B_T - B_0
    level = combine(
        ctx,
        Relation(ETA * moved - L * ETA**2 * log(1 + moved / B_0), "<=", D),
        (1, total),
        (1, instantiate(ctx, above_low(ctx), {STEP: HORIZON})),
        (-1, describe(ctx, "D_F")),
    )
    start = combine(ctx, Relation(S.Zero, "<=", moved), (1, above_start(ctx)))
    below = below_larger_root(ctx, root, moved, by_sign(ctx, Relation(S.Zero, "<", ETA)), start, level)
    return combine(ctx, Relation(B_T, "<=", B_0 + root), (1, below))


@lemma
def above_start(ctx: Context) -> Fact:
    """B_0 <= B_T."""
    return instantiate(ctx, never_falls(ctx, grows(ctx), s.B), {STEP: HORIZON})


@lemma
def sum_of_squares(ctx: Context) -> Fact:
    """The sum of the squared gradients is B_T^2 - B_0^2."""
    step = combine(ctx, Relation(s.grad_F**2, "==", s.B_next**2 - s.B**2), (-1, accumulator(ctx)))
    goal = Relation(SQUARES, "==", B_T**2 - B_0**2)
    return combine(ctx, goal, (1, sum_steps(ctx, step)), (1, telescope(ctx, s.B**2)))


@lemma
def sum_one_phase(ctx: Context) -> Fact:
    """The sum of the squared gradients by the Lyapunov function."""
    goal = Relation(SQUARES, "<=", one_phase(m, *CONSTANTS))
    factor = B_0 + increment(m, *CONSTANTS) + B_T
    return combine(ctx, goal, (1, sum_of_squares(ctx)), (factor, envelope(ctx)))


# Two phases, for any level at or above B_0 and any share of the decrease that is left above it.
LEVEL, SHARE = Symbol("y_1", positive=True), Symbol("k_1", positive=True)
TOTAL = spent(m, L, D, ETA, B_0, LEVEL, SHARE)
ABOVE_START = Relation(B_0, "<=", LEVEL)
LEFT = Relation(SHARE, "<=", kappa(LEVEL, L, ETA))
BEYOND = Relation(LEVEL, "<", s.B)
HIGHEST = s.F_first + L * ETA**2 * (log(LEVEL) - log(B_0))
BOUNDED = Relation(s.F + ETA * SHARE * (s.B - LEVEL**2 / s.B), "<=", HIGHEST)


def _next(relation: Relation) -> Relation:
    return relation.map(lambda side: side.xreplace({STEP: STEP + 1}))


@lemma
def late_step(ctx: Context) -> Fact:
    """A step to B_{t+1} > level keeps the share of the first-order decrease."""
    goal = Relation(s.F_next, "<=", s.F - ETA * SHARE * (s.B_next - s.B**2 / s.B_next))
    above = (L * ETA / (2 * LEVEL * s.B_next), suppose(ctx, _next(BEYOND)))
    left = combine(ctx, Relation(SHARE, "<=", kappa(s.B_next, L, ETA)), (1, suppose(ctx, LEFT)), above)
    return combine(
        ctx,
        goal,
        (1, descent(ctx)),
        (ETA / s.B_next * s.grad_F**2, left),
        (ETA * SHARE / s.B_next, accumulator(ctx)),
    )


@lemma
def early_rise(ctx: Context) -> Fact:
    """F_t <= F_0 + L eta^2 ln(B_t/B_0)."""
    term = L * ETA**2 * log(s.B) - s.F
    step = combine(
        ctx,
        Relation(term, "<=", term.xreplace({STEP: STEP + 1})),
        (1, descent(ctx)),
        (L * ETA**2 / 2, logarithmic_step(ctx)),
    )
    return never_falls(ctx, step, term)


@lemma
def bounded_beyond(ctx: Context) -> Fact:
    """F + eta k (B - level^2/B) stays bounded where B lies above the level, by induction."""
    first = BOUNDED.map(lambda side: side.xreplace({STEP: S.Zero}))
    start = suppose(ctx, BEYOND.map(lambda side: side.xreplace({STEP: S.Zero})))
    base = absurd(ctx, first, (1, start), (1, suppose(ctx, ABOVE_START)))
    factor = ETA * SHARE * (s.B + LEVEL) / (s.B * s.B_next)
    stay = combine(
        ctx, _next(BOUNDED), (1, late_step(ctx)), (1, suppose(ctx, BOUNDED)), (factor, grows(ctx), suppose(ctx, BEYOND))
    )
    before = suppose(ctx, BEYOND.negation())
    cross = combine(
        ctx,
        _next(BOUNDED),
        (1, late_step(ctx)),
        (1, early_rise(ctx)),
        (L * ETA**2, logarithm_grows(ctx, before)),
        (ETA * SHARE * (s.B + LEVEL) / s.B_next, before),
    )
    return induction(ctx, BOUNDED, base, stay, cross, guard=BEYOND)


@lemma
def total_nonnegative(ctx: Context) -> Fact:
    """0 <= S."""
    rise = logarithm_grows(ctx, suppose(ctx, ABOVE_START))
    return combine(ctx, Relation(S.Zero, "<=", TOTAL), (1 / (ETA * SHARE), gap_nonnegative(ctx)), (L * ETA / SHARE, rise))


@lemma
def quadratic(ctx: Context) -> Fact:
    """B_T^2 <= S B_T + level^2."""
    goal = Relation(B_T**2, "<=", TOTAL * B_T + LEVEL**2)
    crossed = BEYOND.map(lambda side: side.xreplace({STEP: HORIZON}))
    weight = B_T / (ETA * SHARE)
    beyond = combine(
        ctx,
        goal,
        (weight, instantiate(ctx, bounded_beyond(ctx), {STEP: HORIZON})),
        (weight, instantiate(ctx, above_low(ctx), {STEP: HORIZON})),
        (-weight, describe(ctx, "D_F")),
    )
    before = suppose(ctx, crossed.negation())
    below = combine(ctx, goal, (B_T, total_nonnegative(ctx)), (LEVEL + B_T, before))
    return cases(ctx, beyond, below, crossed)


@lemma
def below_last(ctx: Context) -> Fact:
    """B_T is at most the larger root of B^2 = S B + level^2."""
    last = last_accumulator(m, TOTAL, LEVEL)
    goal = Relation(B_T, "<=", last)
    left, width = 2 * B_T - TOTAL, 2 * last - TOTAL
    small = Relation(left, "<", S.Zero)
    squares = combine(ctx, Relation(left**2, "<=", width**2), (4, quadratic(ctx)))
    sign = combine(ctx, Relation(S.Zero, "<=", left), (1, suppose(ctx, small.negation())))
    right = combine(ctx, goal, (S.Half, root_of_squares(ctx, squares, Relation(left, "<=", width), sign)))
    return cases(ctx, combine(ctx, goal, (S.Half, suppose(ctx, small))), right, small)


@lemma
def sum_by_level(ctx: Context) -> Fact:
    """The sum of the squared gradients is at most S B + level^2 - B_0^2, B the larger root."""
    last = last_accumulator(m, TOTAL, LEVEL)
    goal = Relation(SQUARES, "<=", TOTAL * last + (LEVEL - B_0) * (LEVEL + B_0))
    return combine(ctx, goal, (1, sum_of_squares(ctx)), (1, quadratic(ctx)), (1, total_nonnegative(ctx), below_last(ctx)))


@lemma
def sum_two_phase(ctx: Context) -> Fact:
    """The sum of the squared gradients by two phases, the second from the level max(B_0, eta L) on."""
    level = m.maximum(B_0, ETA * L)
    share = kappa(level, L, ETA)
    above = larger_of(ctx, level, 1)
    positive = combine(ctx, Relation(S.Zero, "<", share), (1 / (2 * level), above))
    fact = instantiate(ctx, sum_by_level(ctx), {LEVEL: level, SHARE: share}, positive)
    fact = discharge(ctx, fact, larger_of(ctx, level, 0))
    fact = discharge(ctx, fact, by_sign(ctx, Relation(share, "<=", share)))
    return combine(ctx, Relation(SQUARES, "<=", two_phase(m, *CONSTANTS)), (1, fact), (0, positive))


def mean(ctx: Context, total: Fact) -> Fact:
    """The least squared gradient, from a bound on the sum."""
    goal = Relation(m.least(s.grad_F**2), "<=", total.relation.right / HORIZON)
    return combine(ctx, goal, (1 / HORIZON, total), (1 / HORIZON, least_below_mean(ctx, s.grad_F**2)))


@lemma
def coarse_sum(ctx: Context) -> Fact:
    """The sum of the squared gradients is at most S (S + level) + level^2 - B_0^2."""
    far = Relation(TOTAL + LEVEL, "<", B_T)
    coarse = Relation(B_T, "<=", TOTAL + LEVEL)
    beyond = suppose(ctx, far)
    never = absurd(ctx, coarse, (1, quadratic(ctx)), (B_T + LEVEL, beyond), (LEVEL, total_nonnegative(ctx)))
    below = cases(ctx, never, suppose(ctx, coarse), far)
    goal = Relation(SQUARES, "<=", TOTAL * (TOTAL + LEVEL) + LEVEL**2 - B_0**2)
    return combine(ctx, goal, (1, sum_of_squares(ctx)), (1, quadratic(ctx)), (1, total_nonnegative(ctx), below))


def _theorem(ctx: Context) -> Fact:
    right = printed(m, *CONSTANTS)
    assert isinstance(right, IfLess)
    condition = Relation(B_0, "<", ETA * L)

    def at(level: Expr, ordered: Fact, left: Fact) -> Fact:
        fact = instantiate(ctx, coarse_sum(ctx), {LEVEL: level, SHARE: S.Half})
        return discharge(ctx, discharge(ctx, fact, ordered), left)

    below = combine(ctx, Relation(B_0, "<=", ETA * L), (1, suppose(ctx, condition)))
    above = suppose(ctx, condition.negation())
    half = by_sign(ctx, Relation(S.Half, "<=", kappa(ETA * L, L, ETA)))
    more = combine(ctx, Relation(S.Half, "<=", kappa(B_0, L, ETA)), (1 / (2 * B_0), above))
    small = combine(
        ctx,
        Relation(SQUARES, "<=", right.args[2]),
        (1, at(ETA * L, below, half)),
        (4 * L, gap_nonnegative(ctx)),
        (4 * (ETA * L) ** 2, logarithm_grows(ctx, below)),
    )
    large = combine(ctx, Relation(SQUARES, "<=", right.args[3]), (1, at(B_0, by_sign(ctx, Relation(B_0, "<=", B_0)), more)))
    first = rewrite_right(ctx, small, choose(ctx, right, True))
    second = rewrite_right(ctx, large, choose(ctx, right, False))
    return mean(ctx, cases(ctx, first, second, condition))


@lemma
def gradient_by_gap(ctx: Context) -> Fact:
    """|grad F|^2 <= 2 L (F - F_low): the step 1/L may not take F below F_low."""
    down = SLOPE.scale(-1 / L)
    return combine(
        ctx,
        Relation(s.grad_F**2, "<=", 2 * L * (s.F - s.F_low)),
        (2 * L, smooth_everywhere(ctx, down)),
        (2 * L, function_bounded_below(ctx, POINT + down)),
        (-2 * L, describe(ctx, "F")),
        (1, squared_gradient(ctx)),
    )


def _trivial(ctx: Context) -> Fact:
    start = instantiate(ctx, gradient_by_gap(ctx), {STEP: S.Zero})
    goal = Relation(m.least(s.grad_F**2), "<=", trivial(m, L, D))
    return combine(ctx, goal, (1, start), (1, least_below_first(ctx, s.grad_F**2)), (-2 * L, describe(ctx, "D_F")))


DERIVATIONS = {
    "adagrad-norm-rate": {
        "monotone": falls,
        "envelope": envelope,
        "sum-one-phase": sum_one_phase,
        "sum-two-phase": sum_two_phase,
        "theorem-2-2": _theorem,
        "trivial": _trivial,
    }
}
