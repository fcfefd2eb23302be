"""Section 11, AdaGrad-Norm: a bound on the gradients along the run, and the Lyapunov function of small steps.

h(B) = B + max(B - G, 0)^2/B rises by at most |grad F|^2/B_{t+1} a step where |grad F| <= G. Its slope is 1 up to G and tends
to 2 beyond.
"""

from __future__ import annotations

from sympy import Expr, S, Symbol, log

from ratetheory.claims.adagrad_norm import smaller, tangent_gap
from ratetheory.claims.gd_rate import growth
from ratetheory.symbolic.adaptive import accumulator, describe
from ratetheory.symbolic.choices import below_smaller, choose, larger_is, larger_of
from ratetheory.symbolic.derivations.adagrad_norm import (
    ABOVE_START,
    B_0,
    B_T,
    CONSTANTS,
    ETA,
    LEVEL,
    SQUARES,
    D,
    L,
    above_low,
    above_start,
    descent,
    early_rise,
    gradient_by_gap,
    grows,
    logarithmic_step,
    mean,
    sum_of_squares,
    sum_two_phase,
)
from ratetheory.symbolic.derivations.gd_rate_phases import logarithm_grows
from ratetheory.symbolic.equations import rewrite
from ratetheory.symbolic.extrema import below_larger_root
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import IfLess, Largest, Relation, Smallest, m, s
from ratetheory.symbolic.rules import cases, combine, discharge, instantiate, root_of_squares, suppose
from ratetheory.symbolic.sequences import induction, never_falls
from ratetheory.symbolic.vectors import HORIZON, STEP

MOST, TANGENT = Symbol("g_1", nonnegative=True), Symbol("y_2", positive=True)
RISEN = D + L * ETA**2 * log(LEVEL / B_0)
HALF = Relation(ETA * L / 2, "<=", LEVEL)
ENOUGH = Relation(2 * L * RISEN, "<=", MOST**2)
RIGHT_OF = Relation(MOST, "<=", TANGENT)


def _next(side: Expr) -> Expr:
    return side.xreplace({STEP: STEP + 1})


@lemma
def loss_bounded(ctx: Context) -> Fact:
    """F_t <= F_0 + L eta^2 ln(level/B_0): beyond the level F never rises."""
    highest = s.F_first + L * ETA**2 * (log(LEVEL) - log(B_0))
    claim = Relation(s.F, "<=", highest)
    base = combine(
        ctx,
        Relation(s.F_first, "<=", highest),
        (L * ETA**2, logarithm_grows(ctx, suppose(ctx, ABOVE_START))),
    )
    beyond = Relation(LEVEL, "<", s.B_next)
    after = Relation(s.F_next, "<=", highest)
    weight = ETA * s.grad_F**2 / s.B_next**2
    falls = combine(
        ctx,
        after,
        (1, descent(ctx)),
        (weight, suppose(ctx, beyond)),
        (weight, suppose(ctx, HALF)),
        (1, suppose(ctx, claim)),
    )
    before = suppose(ctx, beyond.negation())
    rises = combine(
        ctx,
        after,
        (1, instantiate(ctx, early_rise(ctx), {STEP: STEP + 1})),
        (L * ETA**2, logarithm_grows(ctx, before)),
    )
    return induction(ctx, claim, base, cases(ctx, falls, rises, beyond))


@lemma
def squares_bounded(ctx: Context) -> Fact:
    """|grad F|^2 <= G^2, where G^2 is at least 2 L (D + L eta^2 ln(level/B_0))."""
    return combine(
        ctx,
        Relation(s.grad_F**2, "<=", MOST**2),
        (1, gradient_by_gap(ctx)),
        (2 * L, loss_bounded(ctx)),
        (-2 * L, describe(ctx, "D_F")),
        (1, suppose(ctx, ENOUGH)),
    )


def at_constants(ctx: Context, fact: Fact) -> Fact:
    """The fact at the level max(B_0, eta L/2) and the claim's own G."""
    level, meaning = m.maximum(B_0, ETA * L / 2), describe(ctx, "G_F")
    value = meaning.relation.right
    (largest,) = [one for one in value.atoms(Largest) if S.Zero in one.args]
    fact = instantiate(ctx, fact, {LEVEL: level, MOST: s.G_F})
    fact = discharge(ctx, fact, larger_of(ctx, level, 0))
    fact = discharge(ctx, fact, larger_of(ctx, level, 1))
    enough = combine(
        ctx,
        ENOUGH.map(lambda side: side.xreplace({LEVEL: level, MOST: s.G_F})),
        (2 * L, larger_of(ctx, largest, 1 - largest.args.index(S.Zero))),
        (-(s.G_F + value), meaning),
    )
    return discharge(ctx, fact, enough)


def _gradient_bound(ctx: Context) -> Fact:
    below = at_constants(ctx, root_of_squares(ctx, squares_bounded(ctx), Relation(s.grad_F, "<=", MOST)))
    return rewrite(ctx, below, describe(ctx, "G_F"))


def excess(B: Expr) -> Largest:
    """max(B - G, 0)."""
    return Largest(S.Zero, B - MOST)


def weight(B: Expr) -> Expr:
    """h(B)."""
    return B + excess(B) ** 2 / B


def _value(ctx: Context, B: Expr, beyond: bool) -> tuple[Expr, Fact]:
    """What max(B - G, 0) is on one side of G, with the factor that replaces (B - max(B - G, 0)^2/B by it) in a sum."""
    equation = larger_is(ctx, excess(B), 1 if beyond else 0)
    return (excess(B) + equation.relation.right) / B, equation


def _taken(term: tuple[Expr, Fact]) -> tuple[Expr, Fact]:
    return -term[0], term[1]


@lemma
def weight_step(ctx: Context) -> Fact:
    """h(B_{t+1}) - h(B) <= |grad F|^2/B_{t+1}."""
    B, after = s.B, s.B_next
    goal = Relation(weight(after) - weight(B), "<=", s.grad_F**2 / after)
    grown, recursion = grows(ctx), (1 / after, accumulator(ctx))
    over, over_next = Relation(S.Zero, "<=", B - MOST), Relation(S.Zero, "<=", after - MOST)
    early, crossed = suppose(ctx, over.negation()), suppose(ctx, over_next)
    below = combine(
        ctx,
        goal,
        _value(ctx, after, False),
        _taken(_value(ctx, B, False)),
        recursion,
        (B / after, grown),
    )
    squares = combine(ctx, Relation(after**2, "<=", (B + MOST) ** 2), (1, squares_bounded(ctx)), (1, accumulator(ctx)))
    reach = root_of_squares(ctx, squares, Relation(after, "<=", B + MOST))
    crossing = combine(
        ctx,
        goal,
        _value(ctx, after, True),
        _taken(_value(ctx, B, False)),
        recursion,
        (B / after, early),
        (1 / after, crossed, reach),
    )
    beyond = combine(
        ctx,
        goal,
        _value(ctx, after, True),
        _taken(_value(ctx, B, True)),
        (1 / after + (after - B) / (B * after), accumulator(ctx)),
        (1 / (B * after), grown, squares_bounded(ctx)),
        ((after - B) ** 2 / B,),
    )
    above = combine(ctx, over_next, (1, suppose(ctx, over)), (1, grown))
    late = discharge(ctx, beyond, above)
    return cases(ctx, late, cases(ctx, crossing, below, over_next), over)


NUMBER = Symbol("b_2", positive=True)
SLOPE_THERE = 2 - (MOST / TANGENT) ** 2
TANGENT_LINE = SLOPE_THERE * NUMBER - 2 * MOST + 2 * MOST**2 / TANGENT
OVER = Relation(S.Zero, "<=", NUMBER - MOST)


@lemma
def above_tangent(ctx: Context) -> Fact:
    """h lies above its tangent at y >= G."""
    goal = Relation(TANGENT_LINE, "<=", weight(NUMBER))
    far = combine(ctx, goal, _taken(_value(ctx, NUMBER, True)), ((MOST * (NUMBER - TANGENT) / TANGENT) ** 2 / NUMBER,))
    below, right_of = suppose(ctx, OVER.negation()), suppose(ctx, RIGHT_OF)
    near = combine(
        ctx,
        goal,
        _taken(_value(ctx, NUMBER, False)),
        (2 / TANGENT, right_of, below),
        (((TANGENT - MOST) / TANGENT) ** 2 * NUMBER,),
    )
    return cases(ctx, far, near, OVER)


@lemma
def gap_at_start(ctx: Context) -> Fact:
    """h(B_0) is what the tangent has there and the claim's gap."""
    gap = tangent_gap(m, MOST, TANGENT, NUMBER)
    assert isinstance(gap, IfLess)
    goal = Relation(weight(NUMBER), "<=", TANGENT_LINE + gap)
    condition = Relation(NUMBER, "<", MOST)
    short = combine(ctx, OVER.negation(), (1, suppose(ctx, condition)))
    near = combine(ctx, goal, _value(ctx, NUMBER, False), (-1, choose(ctx, gap, True)))
    far = combine(ctx, goal, _value(ctx, NUMBER, True), (-1, choose(ctx, gap, False)))
    reached = combine(ctx, OVER, (1, suppose(ctx, condition.negation())))
    return cases(ctx, discharge(ctx, near, short), discharge(ctx, far, reached), condition)


@lemma
def total_weight(ctx: Context) -> Fact:
    """F + eta h(B) - L eta^2 ln B never rises."""
    potential = s.F + ETA * weight(s.B) - L * ETA**2 * log(s.B)
    step = combine(
        ctx,
        Relation(-potential, "<=", -_next(potential)),
        (1, descent(ctx)),
        (L * ETA**2 / 2, logarithmic_step(ctx)),
        (ETA, weight_step(ctx)),
    )
    return instantiate(ctx, never_falls(ctx, step, -potential), {STEP: HORIZON})


@lemma
def sum_by_tangent(ctx: Context) -> Fact:
    """The sum of the squared gradients for any bound G on them and any y >= G."""
    root = m.larger_increment(ETA * SLOPE_THERE, L * ETA**2, B_0, D + ETA * tangent_gap(m, MOST, TANGENT, B_0))
    moved = B_T - B_0
    level = combine(
        ctx,
        Relation(root.args[0] * moved - L * ETA**2 * log(1 + moved / B_0), "<=", root.args[3]),
        (1, total_weight(ctx)),
        (ETA, instantiate(ctx, above_tangent(ctx), {NUMBER: B_T})),
        (ETA, instantiate(ctx, gap_at_start(ctx), {NUMBER: B_0})),
        (1, instantiate(ctx, above_low(ctx), {STEP: HORIZON})),
        (-1, describe(ctx, "D_F")),
    )
    start = combine(ctx, Relation(S.Zero, "<=", moved), (1, above_start(ctx)))
    factor = ETA * (TANGENT + MOST) / TANGENT**2
    rises = combine(ctx, Relation(S.Zero, "<", root.args[0]), (factor, suppose(ctx, RIGHT_OF)))
    below = below_larger_root(ctx, root, moved, rises, start, level)
    goal = Relation(SQUARES, "<=", 2 * growth(B_0, root))
    return combine(ctx, goal, (1, sum_of_squares(ctx)), (B_0 + root + B_T, below))


@lemma
def sum_small_steps(ctx: Context) -> Fact:
    """The sum of the squared gradients at the claim's own G and y."""
    fact = instantiate(ctx, at_constants(ctx, sum_by_tangent(ctx)), {TANGENT: s.y_F})
    meaning = describe(ctx, "y_F")
    right_of = combine(ctx, Relation(s.G_F, "<=", s.y_F), (1, larger_of(ctx, meaning.relation.right, 0)), (-1, meaning))
    return discharge(ctx, fact, right_of)


def _rate(ctx: Context) -> Fact:
    right = smaller(m, *CONSTANTS, s.G_F, s.y_F)
    assert isinstance(right, Smallest)
    return mean(ctx, below_smaller(ctx, right, sum_two_phase(ctx), sum_small_steps(ctx)))


DERIVATIONS = {"adagrad-norm-rate": {"gradient-bound": _gradient_bound, "sum-small-steps": sum_small_steps, "rate": _rate}}
