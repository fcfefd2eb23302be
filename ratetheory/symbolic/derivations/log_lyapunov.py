"""Section 6, first half: the step inequality and the Lyapunov function."""

from __future__ import annotations

from collections.abc import Callable

from sympy import Expr, S, Symbol, atan, log

from ratetheory.claims.gd_rate import Slope, block_slope, psi, sharper_slope, simple_slope, slope_on_boundary
from ratetheory.symbolic.derivations.certificates import X as ARGUMENT
from ratetheory.symbolic.derivations.certificates import above_start, arctan_squared, recursion
from ratetheory.symbolic.derivations.norm_growth import ARGUMENT as REAL
from ratetheory.symbolic.equations import antisymmetric, congruence, rewrite
from ratetheory.symbolic.extrema import above_infimum, infimum_below
from ratetheory.symbolic.hypotheses import cite, define, gradient_bound
from ratetheory.symbolic.inequalities import monotone, nonnegative
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import Relation, m, s
from ratetheory.symbolic.rules import by_sign, cases, combine, discharge, instantiate, sum_blocks, suppose
from ratetheory.symbolic.vectors import BLOCK, over_blocks

LOW, HIGH, BETWEEN = (Symbol(name, nonnegative=True) for name in ("y", "z", "u"))
INSIDE = Symbol("y", positive=True)
X_0 = s.Gbar / s.b_first


def slope_of(slope_rule: Slope) -> Expr:
    """The slope c of a block."""
    return block_slope(m, slope_rule, s.b_first, s.Lam, s.Gbar)


@lemma
def arctan_ratio(ctx: Context) -> Fact:
    """y arctan(z) <= z arctan(y) for 0 <= y <= z: arctan(x)/x falls."""
    tangent = nonnegative(ctx, Relation(ARGUMENT / (1 + ARGUMENT**2), "<=", atan(ARGUMENT)), ARGUMENT)
    growth = BETWEEN * atan(LOW) - LOW * atan(BETWEEN)
    factor = LOW * (BETWEEN + LOW) / ((1 + LOW**2) * (1 + BETWEEN**2))
    slope = combine(
        ctx,
        Relation(S.Zero, "<=", growth.diff(BETWEEN)),
        (1, instantiate(ctx, tangent, {ARGUMENT: LOW})),
        (factor, suppose(ctx, Relation(LOW, "<=", BETWEEN))),
    )
    ordered = suppose(ctx, Relation(LOW, "<=", HIGH))
    return combine(
        ctx, Relation(LOW * atan(HIGH), "<=", HIGH * atan(LOW)), (1, monotone(ctx, growth, BETWEEN, LOW, HIGH, ordered, slope))
    )


@lemma
def product_below_bound(ctx: Context) -> Fact:
    """b x <= Gbar."""
    return combine(ctx, Relation(s.b * s.x, "<=", s.Gbar), (1, gradient_bound(ctx)), (s.b, define(ctx, "x")))


@lemma
def tangent_in_range(ctx: Context) -> Fact:
    """x <= x_0 = Gbar/b_0."""
    goal = Relation(s.x, "<=", X_0)
    return combine(ctx, goal, (1 / s.b_first, product_below_bound(ctx)), (s.x / s.b_first, above_start(ctx)))


def step_left(slope_rule: Slope) -> Expr:
    """What one step adds to the Lyapunov function's bound."""
    c, angle = slope_of(slope_rule), atan(s.x)
    return s.b * s.x * (c * s.x - angle) + s.Lam / 2 * (angle**2 - m.log1p(s.x**2))


@lemma
def step_simple(ctx: Context) -> Fact:
    """The step inequality with c = arctan(x_0)/x_0."""
    ratio = discharge(ctx, instantiate(ctx, arctan_ratio(ctx), {LOW: s.x, HIGH: X_0}), tangent_in_range(ctx))
    squared = instantiate(ctx, arctan_squared(ctx), {ARGUMENT: s.x})
    return combine(ctx, Relation(step_left(simple_slope), "<=", S.Zero), (s.b * s.x / X_0, ratio), (s.Lam / 2, squared))


@lemma
def step_sharper(ctx: Context) -> Fact:
    """The step inequality with c = inf e: on the boundary b = Gbar/x, and b <= Gbar/x only helps."""
    c = slope_of(sharper_slope)
    goal = Relation(step_left(sharper_slope), "<=", S.Zero)
    squared = instantiate(ctx, arctan_squared(ctx), {ARGUMENT: s.x})
    moving = Relation(S.Zero, "<", s.x)
    infimum = infimum_below(ctx, c, s.x, suppose(ctx, moving), tangent_in_range(ctx))
    weight = s.Lam / (2 * s.Gbar)
    moves = combine(ctx, goal, (s.b * s.x**2, infimum), (weight, product_below_bound(ctx), squared))
    zero = antisymmetric(ctx, suppose(ctx, moving.negation()), by_sign(ctx, Relation(S.Zero, "<=", s.x)))
    rests = combine(ctx, goal, (s.b * c * s.x, zero), (s.Lam / 2, squared))
    return cases(ctx, moves, rests, moving)


_STEPS: dict[Slope, Callable[[Context], Fact]] = {simple_slope: step_simple, sharper_slope: step_sharper}


def _step_at_start(ctx: Context, slope_rule: Slope) -> Fact:
    start = combine(ctx, Relation(s.b_first, "==", s.b_0), (-1, define(ctx, "b_0")))
    return rewrite(ctx, _STEPS[slope_rule](ctx), start)


@lemma
def block_step(ctx: Context, slope_rule: Slope) -> Fact:
    """psi rises by at most theta |G| - Lam theta^2/2."""
    c, theta = slope_of(slope_rule), atan(s.G / s.b)
    step = rewrite(ctx, _STEPS[slope_rule](ctx), define(ctx, "x"))
    grown = congruence(ctx, log(REAL), REAL, recursion(ctx))
    right = psi(m, c, s.Lam, s.b) + theta * s.G - s.Lam * theta**2 / 2
    goal = Relation(psi(m, c, s.Lam, s.b_next), "<=", right)
    return combine(ctx, goal, (1, step), (c, recursion(ctx)), (-s.Lam / 2, grown))


def _falls(ctx: Context, slope_rule: Slope) -> Fact:
    c = slope_of(slope_rule)
    descent = cite(ctx, "geodesic-descent", "decoupled")
    before, after = (over_blocks(psi(m, c, s.Lam, b)) for b in (s.b, s.b_next))
    goal = Relation(s.f_next + after + s.kappa * s.eta_g * s.H**2, "<=", s.f + before)
    return combine(ctx, goal, (1, descent), (1, sum_blocks(ctx, block_step(ctx, slope_rule), BLOCK)))


@lemma
def slope_positive(ctx: Context, slope_rule: Slope) -> Fact:
    """c > 0: the infimum is at least arctan(x_0)/x_0."""
    simple = slope_of(simple_slope)
    positive = by_sign(ctx, Relation(S.Zero, "<", simple))
    if slope_rule is simple_slope:
        return positive
    r = s.Lam / (2 * s.Gbar)
    ratio = instantiate(ctx, arctan_ratio(ctx), {LOW: INSIDE, HIGH: X_0})
    squared = instantiate(ctx, arctan_squared(ctx), {ARGUMENT: INSIDE})
    goal = Relation(simple, "<=", slope_on_boundary(m, INSIDE, r))
    below = combine(ctx, goal, (1 / (INSIDE * X_0), ratio), (r / INSIDE, squared))
    infimum = slope_of(sharper_slope)
    return combine(ctx, Relation(S.Zero, "<", infimum), (1, positive), (1, above_infimum(ctx, infimum, below, INSIDE)))


DERIVATIONS = {
    "log-lyapunov": {
        "step-simple": lambda ctx: _step_at_start(ctx, simple_slope),
        "step-sharper": lambda ctx: _step_at_start(ctx, sharper_slope),
        "monotone-simple": lambda ctx: _falls(ctx, simple_slope),
        "monotone-sharper": lambda ctx: _falls(ctx, sharper_slope),
    }
}
