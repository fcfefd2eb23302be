"""Section 6, one block without scale-variant parameters: the smaller bound on the gradient, and two phases."""

from __future__ import annotations

from sympy import Expr, S, Symbol, atan, log, pi, sqrt

from ratetheory.claims.gd_rate import growth, rise_before, simple_slope, smaller_gradient_bound, two_phase_increment, two_phases
from ratetheory.symbolic.choices import below_infinity, below_smaller, choose, larger_of
from ratetheory.symbolic.derivations.certificates import X as ARGUMENT
from ratetheory.symbolic.derivations.certificates import above_start, arctan_squared, recursion
from ratetheory.symbolic.derivations.gd_rate import SQUARES, certified, loss_above
from ratetheory.symbolic.derivations.log_lyapunov import HIGH, LOW, arctan_ratio
from ratetheory.symbolic.derivations.norm_growth import ARGUMENT as REAL
from ratetheory.symbolic.derivations.smoothness import MOVE, TURN, at_unit_norm, geodesic, geodesic_bound
from ratetheory.symbolic.equations import congruence, rewrite, symmetric
from ratetheory.symbolic.extrema import below_larger_root
from ratetheory.symbolic.hypotheses import (
    cite,
    define,
    full_gradient,
    gradient_bound,
    lower_bound,
    on_great_circle,
    single_block,
)
from ratetheory.symbolic.inequalities import bounded_by_limit, monotone, nonnegative
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import IfLess, LargerIncrement, Largest, Relation, Smallest, letter, m, s
from ratetheory.symbolic.rules import (
    absurd,
    below_absolute,
    by_sign,
    cases,
    combine,
    discharge,
    discriminant,
    instantiate,
    instantiate_family,
    root_is_nonnegative,
    root_of_squares,
    suppose,
)
from ratetheory.symbolic.sequences import induction, never_falls
from ratetheory.symbolic.vectors import BLOCK, FULL_LOSS, HORIZON, STEP

THETA = atan(s.G / s.b)
POSITIVE = Symbol("u", positive=True)
TURN_ALL = Symbol("a", nonnegative=True)
F_0, F_T = letter("f", S.Zero), letter("f", HORIZON)


@lemma
def single_descent(ctx: Context) -> Fact:
    """f_{t+1} <= f - theta |G| + L theta^2/2."""
    descent = cite(ctx, "geodesic-descent", "coupled")
    goal = Relation(s.f_next, "<=", s.f - THETA * s.G + s.L * THETA**2 / 2)
    alone = single_block(ctx, descent.relation.right)
    return combine(ctx, goal, (1, descent), (1, alone), (-(THETA**2) / 2, define(ctx, "L")))


@lemma
def angle_squared(ctx: Context) -> Fact:
    """theta^2 <= ln(1 + |G|^2/b^2)."""
    return instantiate(ctx, arctan_squared(ctx), {ARGUMENT: s.G / s.b})


@lemma
def logarithm_step(ctx: Context) -> Fact:
    """ln b_{t+1} = ln(b + |G|^2/b)."""
    return congruence(ctx, log(REAL), REAL, recursion(ctx))


@lemma
def logarithmic_rise(ctx: Context) -> Fact:
    """f_t - f_0 <= (L/2) ln(b_t/b_0)."""
    term = s.L / 2 * log(s.b) - s.f
    after = s.L / 2 * log(s.b_next) - s.f_next
    step = combine(
        ctx,
        Relation(term, "<=", after),
        (1, single_descent(ctx)),
        (s.L / 2, angle_squared(ctx)),
        (-s.L / 2, logarithm_step(ctx)),
    )
    return never_falls(ctx, step, term)


@lemma
def no_rise(ctx: Context) -> Fact:
    """f_{t+1} <= f_t where b >= L/2."""
    below = nonnegative(ctx, Relation(atan(ARGUMENT), "<=", ARGUMENT), ARGUMENT)
    return combine(
        ctx,
        Relation(s.f_next, "<=", s.f),
        (1, single_descent(ctx)),
        (THETA * s.G / s.b, suppose(ctx, Relation(s.L / 2, "<=", s.b))),
        (THETA * s.L / 2, instantiate(ctx, below, {ARGUMENT: s.G / s.b})),
    )


def logarithm_grows(ctx: Context, ordered: Fact) -> Fact:
    """ln(low) <= ln(high)."""
    low, high = ordered.relation.left, ordered.relation.right
    return monotone(ctx, log(POSITIVE), POSITIVE, low, high, ordered, by_sign(ctx, Relation(S.Zero, "<=", 1 / POSITIVE)))


@lemma
def rise_bounded(ctx: Context) -> Fact:
    """f_t <= f_0 + rise at every step."""
    rise = rise_before(m, s.L, s.b_first)
    assert isinstance(rise, IfLess)
    small, most = Relation(s.b_first, "<", s.L / 2), rise.args[2]
    goal = Relation(s.f, "<=", F_0 + rise)

    bounded = Relation(s.f, "<=", F_0 + most)
    started = suppose(ctx, small)
    base_goal = Relation(F_0, "<=", F_0 + most)
    base = combine(
        ctx, base_goal, (s.L / 2, logarithm_grows(ctx, combine(ctx, Relation(s.b_first, "<=", s.L / 2), (1, started))))
    )
    here = Relation(s.b, "<", s.L / 2)
    weak = combine(ctx, Relation(s.b, "<=", s.L / 2), (1, suppose(ctx, here)))
    quarter = bounded_by_limit(ctx, Relation(atan(ARGUMENT), "<=", pi / 2), ARGUMENT)
    after = Relation(s.f_next, "<=", F_0 + most)
    rises = combine(
        ctx,
        after,
        (1, single_descent(ctx)),
        (s.L / 2 * (pi / 2 + THETA), instantiate(ctx, quarter, {ARGUMENT: s.G / s.b})),
        (1, logarithmic_rise(ctx)),
        (s.L / 2, logarithm_grows(ctx, weak)),
    )
    falls = combine(ctx, after, (1, no_rise(ctx)), (1, suppose(ctx, bounded, started)))
    always = induction(ctx, bounded, base, cases(ctx, rises, falls, here))
    from_small = combine(ctx, goal, (1, always), (-1, choose(ctx, rise, True)))

    large = combine(ctx, Relation(s.L / 2, "<=", s.b), (1, suppose(ctx, small.negation())), (1, above_start(ctx)))
    never = discharge(ctx, no_rise(ctx), large)
    down = never_falls(ctx, combine(ctx, Relation(-s.f, "<=", -s.f_next), (1, never)), -s.f)
    from_large = combine(ctx, goal, (1, down), (-1, choose(ctx, rise, False)))
    return cases(ctx, from_small, from_large, small)


@lemma
def gradient_by_gap(ctx: Context) -> Fact:
    """|G|^2 <= 2 L (f - f_low): no angle may take f below f_low."""
    low = lower_bound(ctx, FULL_LOSS, geodesic(S.One))
    bound = geodesic_bound(ctx, FULL_LOSS)
    below = combine(ctx, Relation(s.f_low, "<=", bound.relation.right), (1, low), (1, bound))
    turned = instantiate(ctx, instantiate_family(ctx, below, TURN[BLOCK], TURN_ALL), {MOVE: S.Zero})
    value = at_unit_norm(ctx, "f")
    goal = Relation(s.f_low, "<=", s.f - TURN_ALL * s.G + s.L * TURN_ALL**2 / 2)
    alone = single_block(ctx, turned.relation.right)
    point = single_block(ctx, value.relation.right)
    angle = combine(ctx, goal, (1, turned), (1, alone), (-1, value), (-1, point), (-(TURN_ALL**2) / 2, define(ctx, "L")))
    return discriminant(ctx, angle, TURN_ALL)


def _gradient_bound(ctx: Context) -> Fact:
    goal = smaller_gradient_bound(m, s.L, s.b_first, s.gap)
    assert isinstance(goal, Smallest)
    rise = rise_before(m, s.L, s.b_first)
    above = combine(
        ctx, Relation(S.Zero, "<=", s.gap + rise), (1, loss_above(ctx)), (1, rise_bounded(ctx)), (-1, define(ctx, "gap"))
    )
    squared = combine(
        ctx,
        Relation(s.G**2, "<=", 2 * s.L * (s.gap + rise)),
        (1, gradient_by_gap(ctx)),
        (2 * s.L, rise_bounded(ctx)),
        (-2 * s.L, define(ctx, "gap")),
    )
    positive = combine(ctx, Relation(S.Zero, "<=", goal.args[1]), (sqrt(2 * s.L), root_is_nonnegative(ctx, above)))
    by_range = root_of_squares(ctx, squared, Relation(s.G, "<=", goal.args[1]), positive)
    return below_smaller(ctx, goal, cite(ctx, "gradient-diameter", "gradient"), by_range)


# Two phases: Y = b_0 + Gbar^2/b_0. A step crosses Y only from b >= REACH; from there the slope C_2 will do.
REACH = s.Gbar**2 / s.b_first
CROSSING = s.b_first + REACH
C_2 = simple_slope(m, s.b_first / s.Gbar, None)
INCREMENT = two_phase_increment(m, s.L, s.b_first, s.Gbar, s.gap)


def _root() -> LargerIncrement:
    (root,) = INCREMENT.atoms(LargerIncrement)
    return root


(WORST,) = _root().args[3].atoms(Smallest)
(LEVEL,) = _root().args[3].atoms(Largest)


def _psi(b: Expr) -> Expr:
    return C_2 * b - s.L / 2 * log(b)


BOUNDED = Relation(s.f + _psi(s.b), "<=", F_T + WORST + _psi(CROSSING) + LEVEL)
BEYOND = Relation(CROSSING, "<", s.b)


@lemma
def late_step(ctx: Context) -> Fact:
    """f + C_2 b - (L/2) ln b does not rise where b >= REACH."""
    late = suppose(ctx, Relation(REACH, "<=", s.b))
    small = combine(
        ctx,
        Relation(s.G / s.b, "<=", s.b_first / s.Gbar),
        (s.b_first / (s.Gbar * s.b), late),
        (1 / s.b, gradient_bound(ctx)),
    )
    ratio = discharge(ctx, instantiate(ctx, arctan_ratio(ctx), {LOW: s.G / s.b, HIGH: s.b_first / s.Gbar}), small)
    return combine(
        ctx,
        Relation(s.f_next + _psi(s.b_next), "<=", s.f + _psi(s.b)),
        (1, single_descent(ctx)),
        (s.G * s.Gbar / s.b_first, ratio),
        (s.L / 2, angle_squared(ctx)),
        (C_2, recursion(ctx)),
        (-s.L / 2, logarithm_step(ctx)),
    )


@lemma
def drop_bounded(ctx: Context) -> Fact:
    """f_t - f_T <= (pi^2/4) L: both are values on one sphere."""
    meaning = full_gradient(ctx, define(ctx, "circle_drop"))
    ranged = below_absolute(ctx, cite(ctx, "gradient-diameter", "range"), -s.circle_drop)
    goal = Relation(-meaning.relation.right, "<=", pi**2 / 4 * s.L)
    anywhere = on_great_circle(ctx, combine(ctx, goal, (1, ranged), (1, meaning)), HORIZON)
    value = at_unit_norm(ctx, "f")
    last = instantiate(ctx, value, {STEP: HORIZON})
    alone = single_block(ctx, anywhere.relation.left)
    points = [single_block(ctx, fact.relation.right) for fact in (value, last)]
    return combine(
        ctx,
        Relation(s.f - F_T, "<=", pi**2 / 4 * s.L),
        (1, anywhere),
        (-1, alone),
        (1, value),
        (1, points[0]),
        (-1, last),
        (-1, points[1]),
    )


@lemma
def psi_at_crossing(ctx: Context) -> Fact:
    """psi(b) <= psi(Y) + level for REACH <= b <= Y: psi is convex."""
    goal = Relation(_psi(s.b), "<=", _psi(CROSSING) + LEVEL)
    before, late = suppose(ctx, Relation(s.b, "<=", CROSSING)), suppose(ctx, Relation(REACH, "<=", s.b))
    rising = Relation(s.L, "<=", 2 * C_2 * s.b)
    u = POSITIVE
    right = suppose(ctx, Relation(s.b, "<=", u))
    up = combine(ctx, Relation(S.Zero, "<=", C_2 - s.L / (2 * u)), (C_2 / u, right), (1 / (2 * u), suppose(ctx, rising)))
    to_crossing = monotone(ctx, _psi(u), u, s.b, CROSSING, before, up)
    first = combine(ctx, goal, (1, to_crossing), (1, larger_of(ctx, LEVEL, 1)))
    left = suppose(ctx, Relation(u, "<=", s.b))
    down = combine(
        ctx, Relation(S.Zero, "<=", s.L / (2 * u) - C_2), (C_2 / u, left), (1 / (2 * u), suppose(ctx, rising.negation()))
    )
    from_reach = monotone(ctx, -_psi(u), u, REACH, s.b, late, down)
    second = combine(ctx, goal, (1, from_reach), (1, larger_of(ctx, LEVEL, 0)))
    return cases(ctx, first, second, rising)


@lemma
def crossing_step(ctx: Context) -> Fact:
    """A step that crosses Y starts at b >= REACH, and there f + psi is bounded."""
    after = BOUNDED.map(lambda side: side.xreplace({STEP: STEP + 1}))
    early = Relation(s.b, "<", REACH)
    never = absurd(
        ctx,
        after,
        (1, suppose(ctx, Relation(CROSSING, "<", s.b_next))),
        (1 / s.b, above_start(ctx), suppose(ctx, early)),
        ((s.Gbar + s.G) / s.b, gradient_bound(ctx)),
        (1, recursion(ctx)),
    )
    before = suppose(ctx, BEYOND.negation())
    rise = combine(
        ctx,
        Relation(s.f - F_T, "<=", WORST.args[1]),
        (1, logarithmic_rise(ctx)),
        (s.L / 2, logarithm_grows(ctx, before)),
        (1, instantiate(ctx, loss_above(ctx), {STEP: HORIZON})),
        (-1, define(ctx, "gap")),
    )
    worst = below_smaller(ctx, WORST, drop_bounded(ctx), rise)
    main = combine(ctx, after, (1, late_step(ctx)), (1, worst), (1, psi_at_crossing(ctx)))
    return cases(ctx, never, main, early)


@lemma
def beyond_crossing(ctx: Context) -> Fact:
    """f + psi(b) stays bounded where b > Y, by induction."""
    start = suppose(ctx, BEYOND.map(lambda side: side.xreplace({STEP: S.Zero})))
    first = BOUNDED.map(lambda side: side.xreplace({STEP: S.Zero}))
    base = absurd(ctx, first, (1, start), (1, by_sign(ctx, Relation(s.b_first, "<=", CROSSING))))
    after = BOUNDED.map(lambda side: side.xreplace({STEP: STEP + 1}))
    late = combine(ctx, Relation(REACH, "<=", s.b), (1, suppose(ctx, BEYOND)))
    stay = combine(ctx, after, (1, discharge(ctx, late_step(ctx), late)), (1, suppose(ctx, BOUNDED)))
    return induction(ctx, BOUNDED, base, stay, crossing_step(ctx), guard=BEYOND)


@lemma
def two_phase_envelope(ctx: Context) -> Fact:
    """b_T - b_0 is at most the two-phase increment."""
    goal = Relation(s.b_last - s.b_first, "<=", INCREMENT)
    crossed = BEYOND.map(lambda side: side.xreplace({STEP: HORIZON}))
    moved = s.b_last - CROSSING
    root = _root()
    level = combine(
        ctx,
        Relation(C_2 * moved - s.L / 2 * log(1 + moved / CROSSING), "<=", root.args[3]),
        (1, instantiate(ctx, beyond_crossing(ctx), {STEP: HORIZON})),
    )
    start = combine(ctx, Relation(S.Zero, "<=", moved), (1, suppose(ctx, crossed)))
    below = below_larger_root(ctx, root, moved, by_sign(ctx, Relation(S.Zero, "<", C_2)), start, level)
    beyond = combine(ctx, goal, (1, below))
    before = combine(ctx, goal, (1, suppose(ctx, crossed.negation())))
    return cases(ctx, beyond, before, crossed)


def _two_phases(ctx: Context) -> Fact:
    right = two_phases(m, s.L, s.b_first, s.Gbar, s.gap)
    assert isinstance(right, IfLess)
    total = m.sum(SQUARES)
    alone = single_block(ctx, total)
    factor = (s.b_first + INCREMENT + s.b_last) / 2
    bound = combine(
        ctx,
        Relation(total, "<=", growth(s.b_first, INCREMENT)),
        (1, certified(ctx)),
        (factor, two_phase_envelope(ctx)),
        (1, alone),
    )
    applies = rewrite_right(ctx, bound, choose(ctx, right, True))
    infinite = rewrite_right(ctx, below_infinity(ctx, total), choose(ctx, right, False))
    return cases(ctx, applies, infinite, Relation(right.args[0], "<", right.args[1]))


def rewrite_right(ctx: Context, fact: Fact, equation: Fact) -> Fact:
    """The fact with the equation's right side replaced by its left one."""
    return rewrite(ctx, fact, symmetric(ctx, equation))


DERIVATIONS = {"gd-rate": {"gradient-bound": _gradient_bound, "sum-two-phase": _two_phases}}
