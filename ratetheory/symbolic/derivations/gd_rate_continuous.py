"""Section 6, one block without scale-variant parameters: the slope that rises with b."""

from __future__ import annotations

from sympy import Expr, S, Symbol, atan, log

from ratetheory.claims.gd_rate import (
    continuous_increment,
    continuous_phases,
    simple_slope,
    slope_on_boundary,
    tangent_increment,
)
from ratetheory.symbolic.choices import below_smaller, larger_of
from ratetheory.symbolic.derivations.certificates import X as ARGUMENT
from ratetheory.symbolic.derivations.certificates import above_start, arctan_squared, recursion
from ratetheory.symbolic.derivations.gd_rate import SQUARES, certified, loss_above
from ratetheory.symbolic.derivations.gd_rate_phases import angle_squared, logarithm_step, single_descent
from ratetheory.symbolic.derivations.log_lyapunov import HIGH, INSIDE, LOW, arctan_ratio
from ratetheory.symbolic.equations import antisymmetric
from ratetheory.symbolic.extrema import (
    above_infimum,
    above_infimum_over_multipliers,
    below_larger_root,
    infimum_below,
    integral_above,
    integral_below,
    integral_split,
)
from ratetheory.symbolic.hypotheses import define, gradient_bound, single_block
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import (
    InfimumOnBoundary,
    LargerIncrement,
    Largest,
    Relation,
    SlopeIntegral,
    Smallest,
    letter,
    m,
    s,
)
from ratetheory.symbolic.rules import absurd, by_sign, cases, combine, instantiate, root_of_squares, suppose
from ratetheory.symbolic.sequences import induction, never_falls
from ratetheory.symbolic.vectors import HORIZON, STEP

V = Symbol("v", positive=True)
R = s.L / (2 * s.Gbar)
REACH = s.Gbar**2 / s.b_first
CROSSING = s.b_first + REACH
F_0, F_T = letter("f", S.Zero), letter("f", HORIZON)


def slope_at(start: Expr) -> Expr:
    """The slope c of steps that start at this b or later."""
    return InfimumOnBoundary(s.Gbar / start, R)


def integral(low: Expr, high: Expr) -> SlopeIntegral:
    """The integral of the slope that rises with b."""
    return SlopeIntegral(low, high, s.Gbar, R)


@lemma
def paid(ctx: Context) -> Fact:
    """f_{t+1} <= f_t - c (b_{t+1} - b_t) + (L/2) ln(b_{t+1}/b_t) with the slope c at b_t itself."""
    x = s.G / s.b
    goal = Relation(s.f_next, "<=", s.f - slope_at(s.b) * s.G**2 / s.b + s.L / 2 * (log(s.b_next) - log(s.b)))
    moving = Relation(S.Zero, "<", s.G)
    inside = combine(ctx, Relation(x, "<=", s.Gbar / s.b), (1 / s.b, gradient_bound(ctx)))
    positive = combine(ctx, Relation(S.Zero, "<", x), (1 / s.b, suppose(ctx, moving)))
    infimum = infimum_below(ctx, slope_at(s.b), x, positive, inside)
    squared = instantiate(ctx, arctan_squared(ctx), {ARGUMENT: x})
    descent = ((1, single_descent(ctx)), (-s.L / 2, logarithm_step(ctx)))
    moves = combine(ctx, goal, *descent, (s.G**2 / s.b, infimum), (R, gradient_bound(ctx), squared))
    zero = antisymmetric(ctx, suppose(ctx, moving.negation()), by_sign(ctx, Relation(S.Zero, "<=", s.G)))
    rests = combine(ctx, goal, *descent, (s.L / 2, angle_squared(ctx)), (slope_at(s.b) * x - atan(x), zero))
    return cases(ctx, moves, rests, moving)


@lemma
def slope_rises(ctx: Context) -> Fact:
    """The slope at b is at least that at b_0: its infimum is over less."""
    y = INSIDE
    inside = suppose(ctx, Relation(y, "<=", s.Gbar / s.b))
    further = combine(ctx, Relation(y, "<=", s.Gbar / s.b_first), (1, inside), (s.Gbar / (s.b * s.b_first), above_start(ctx)))
    below = infimum_below(ctx, slope_at(s.b_first), y, by_sign(ctx, Relation(S.Zero, "<", y)), further)
    return above_infimum(ctx, slope_at(s.b), below, y)


@lemma
def slope_is_positive(ctx: Context) -> Fact:
    """c > 0 at any v > 0: the infimum is at least arctan(x)/x at its right end."""
    end = s.Gbar / V
    simple = simple_slope(m, end, None)
    ratio = instantiate(ctx, arctan_ratio(ctx), {LOW: INSIDE, HIGH: end})
    squared = instantiate(ctx, arctan_squared(ctx), {ARGUMENT: INSIDE})
    goal = Relation(simple, "<=", slope_on_boundary(m, INSIDE, R))
    below = combine(ctx, goal, (1 / (INSIDE * end), ratio), (R / INSIDE, squared))
    positive = by_sign(ctx, Relation(S.Zero, "<", simple))
    infimum = above_infimum(ctx, slope_at(V), below, INSIDE)
    return combine(ctx, Relation(S.Zero, "<", slope_at(V)), (1, positive), (1, infimum))


@lemma
def first_slope(ctx: Context) -> Fact:
    """f_t + c_0 b_t - (L/2) ln b_t is at most what it is at the start."""
    term = -s.f - slope_at(s.b_first) * s.b + s.L / 2 * log(s.b)
    after = -s.f_next - slope_at(s.b_first) * s.b_next + s.L / 2 * log(s.b_next)
    step = combine(
        ctx,
        Relation(term, "<=", after),
        (1, paid(ctx)),
        (s.G**2 / s.b, slope_rises(ctx)),
        (slope_at(s.b_first), recursion(ctx)),
    )
    return never_falls(ctx, step, term)


BOUNDED = Relation(
    s.f + slope_at(s.b_first) * REACH + integral(CROSSING, s.b) - s.L / 2 * log(s.b),
    "<=",
    F_0 - s.L / 2 * log(s.b_first),
)
BEYOND = Relation(CROSSING, "<", s.b)


def _at(relation: Relation, step: Expr) -> Relation:
    return relation.map(lambda side: side.xreplace({STEP: step}))


@lemma
def ends_within_reach(ctx: Context) -> Fact:
    """b_{t+1} <= b + Gbar^2/b."""
    goal = Relation(s.b_next, "<=", s.b + s.Gbar**2 / s.b)
    return combine(ctx, goal, (1, recursion(ctx)), ((s.Gbar + s.G) / s.b, gradient_bound(ctx)))


@lemma
def crossing_is_late(ctx: Context) -> Fact:
    """Gbar <= b where b_{t+1} > Y: left of Gbar, b + Gbar^2/b falls."""
    goal = Relation(s.Gbar, "<=", s.b)
    early = suppose(ctx, goal.negation())
    start = above_start(ctx)
    never = absurd(
        ctx,
        goal,
        (1, suppose(ctx, Relation(CROSSING, "<", s.b_next))),
        (1, ends_within_reach(ctx)),
        ((s.Gbar + s.b) / (s.b * s.b_first), start, early),
        (1 / s.b_first, start, start),
    )
    return cases(ctx, suppose(ctx, goal), never, goal)


@lemma
def crossing_step(ctx: Context) -> Fact:
    """The step that passes Y: all of it is paid at the slope of its start."""
    after = _at(BOUNDED, STEP + 1)
    before = suppose(ctx, BEYOND.negation())
    passed = suppose(ctx, Relation(CROSSING, "<", s.b_next))
    ordered = combine(ctx, Relation(CROSSING, "<=", s.b_next), (1, passed))
    spent = integral_below(ctx, integral(CROSSING, s.b_next), s.b, ordered, ends_within_reach(ctx), crossing_is_late(ctx))
    return combine(
        ctx,
        after,
        (1, paid(ctx)),
        (1, spent),
        (slope_at(s.b), recursion(ctx)),
        (1, first_slope(ctx)),
        (1, slope_rises(ctx), before),
    )


@lemma
def later_step(ctx: Context) -> Fact:
    """A step beyond Y."""
    after = _at(BOUNDED, STEP + 1)
    beyond = suppose(ctx, BEYOND)
    here = combine(ctx, Relation(CROSSING, "<=", s.b), (1, beyond))
    grows = combine(ctx, Relation(s.b, "<=", s.b_next), (-1, recursion(ctx)))
    split = integral_split(ctx, integral(CROSSING, s.b_next), s.b, here, grows)
    gap = s.b_first - s.Gbar
    square = by_sign(ctx, Relation(S.Zero, "<=", gap**2 / s.b_first))
    late = combine(ctx, Relation(s.Gbar, "<=", s.b), (1, here), (1, square))
    spent = integral_below(ctx, integral(s.b, s.b_next), s.b, grows, ends_within_reach(ctx), late)
    return combine(
        ctx,
        after,
        (1, paid(ctx)),
        (1, split),
        (1, spent),
        (slope_at(s.b), recursion(ctx)),
        (1, suppose(ctx, BOUNDED)),
    )


@lemma
def beyond_crossing(ctx: Context) -> Fact:
    """f + psi(b) stays bounded where b > Y, by induction."""
    base_goal = _at(BOUNDED, S.Zero)
    start = suppose(ctx, _at(BEYOND, S.Zero))
    base = absurd(ctx, base_goal, (1, start), (1, by_sign(ctx, Relation(s.b_first, "<=", CROSSING))))
    return induction(ctx, BOUNDED, base, later_step(ctx), crossing_step(ctx), guard=BEYOND)


TANGENT = tangent_increment(m, s.L, s.b_first, s.Gbar, s.gap, V)
(ROOT,) = TANGENT.atoms(LargerIncrement)
(LEVEL,) = ROOT.args[3].atoms(Largest)
END = V + s.Gbar**2 / V
LEAST = Largest(s.b_first, REACH)


@lemma
def threshold_is_late(ctx: Context) -> tuple[Fact, Fact, Fact]:
    """v >= b_0, v >= Gbar^2/b_0 and v >= Gbar for the thresholds v that are allowed."""
    allowed = suppose(ctx, Relation(LEAST, "<=", V))
    first = combine(ctx, Relation(s.b_first, "<=", V), (1, allowed), (1, larger_of(ctx, LEAST, 0)))
    second = combine(ctx, Relation(REACH, "<=", V), (1, allowed), (1, larger_of(ctx, LEAST, 1)))
    squares = combine(ctx, Relation(s.Gbar**2, "<=", V**2), (V, first), (s.b_first, second))
    return first, second, root_of_squares(ctx, squares, Relation(s.Gbar, "<=", V))


@lemma
def tangent_below(ctx: Context) -> Fact:
    """The integral from Y to b_T is at least its tangent at the threshold's end y."""
    first, second, late = threshold_is_late(ctx)
    reached = suppose(ctx, _at(BEYOND, HORIZON))
    beyond = combine(ctx, Relation(CROSSING, "<=", s.b_last), (1, reached))
    ordered = combine(ctx, Relation(CROSSING, "<=", END), (1 / V, first, second))
    goal = Relation(integral(CROSSING, END) + slope_at(V) * (s.b_last - END), "<=", integral(CROSSING, s.b_last))
    same = by_sign(ctx, Relation(END, "<=", END))
    condition = Relation(END, "<=", s.b_last)
    right = suppose(ctx, condition)
    split = integral_split(ctx, integral(CROSSING, s.b_last), END, ordered, right)
    more = integral_above(ctx, integral(END, s.b_last), V, right, same, late)
    above = combine(ctx, goal, (-1, split), (1, more))
    left = combine(ctx, Relation(s.b_last, "<=", END), (1, suppose(ctx, condition.negation())))
    whole = integral_split(ctx, integral(CROSSING, END), s.b_last, beyond, left)
    less = integral_below(ctx, integral(s.b_last, END), V, left, same, late)
    below = combine(ctx, goal, (1, whole), (1, less))
    return cases(ctx, above, below, condition)


@lemma
def tangent_envelope(ctx: Context) -> Fact:
    """b_T - b_0 is at most the increment of any tangent."""
    goal = Relation(s.b_last - s.b_first, "<=", TANGENT)
    crossed = _at(BEYOND, HORIZON)
    moved = s.b_last - CROSSING
    level = combine(
        ctx,
        Relation(slope_at(V) * moved - s.L / 2 * log(1 + moved / CROSSING), "<=", LEVEL),
        (1, instantiate(ctx, beyond_crossing(ctx), {STEP: HORIZON})),
        (1, tangent_below(ctx)),
        (1, instantiate(ctx, loss_above(ctx), {STEP: HORIZON})),
        (-1, define(ctx, "gap")),
        (1, larger_of(ctx, LEVEL, 0)),
    )
    start = combine(ctx, Relation(S.Zero, "<=", moved), (1, suppose(ctx, crossed)))
    below = below_larger_root(ctx, ROOT, moved, slope_is_positive(ctx), start, level)
    beyond = combine(ctx, goal, (1, below))
    before = combine(ctx, goal, (1, suppose(ctx, crossed.negation())))
    return cases(ctx, beyond, before, crossed)


@lemma
def continuous_envelope(ctx: Context) -> Fact:
    """b_T - b_0 is at most the increment of the first slope, and at most that of the rising one."""
    smallest = continuous_increment(m, s.L, s.b_first, s.Gbar, s.gap)
    assert isinstance(smallest, Smallest)
    first, infimum = smallest.args
    moved = s.b_last - s.b_first
    c = slope_at(s.b_first)
    level = combine(
        ctx,
        Relation(c * moved - s.L / 2 * log(1 + moved / s.b_first), "<=", s.gap),
        (1, instantiate(ctx, first_slope(ctx), {STEP: HORIZON})),
        (1, instantiate(ctx, loss_above(ctx), {STEP: HORIZON})),
        (-1, define(ctx, "gap")),
    )
    start = combine(ctx, Relation(S.Zero, "<=", moved), (1, instantiate(ctx, above_start(ctx), {STEP: HORIZON})))
    positive = instantiate(ctx, slope_is_positive(ctx), {V: s.b_first})
    by_first = below_larger_root(ctx, first, moved, positive, start, level)
    by_tangents = above_infimum_over_multipliers(ctx, infimum, tangent_envelope(ctx), V)
    return below_smaller(ctx, smallest, by_first, by_tangents)


def _continuous(ctx: Context) -> Fact:
    total = m.sum(SQUARES)
    goal = Relation(total, "<=", continuous_phases(m, s.L, s.b_first, s.Gbar, s.gap))
    within = continuous_envelope(ctx)
    alone = single_block(ctx, total)
    return combine(ctx, goal, (1, certified(ctx)), (s.b_last, within), (S.Half, within, within), (1, alone))


DERIVATIONS = {"gd-rate": {"sum-continuous": _continuous}}
