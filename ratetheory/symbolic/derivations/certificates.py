"""Section 3: the recursion of b telescopes."""

from __future__ import annotations

from sympy import S, Symbol, atan, log

from ratetheory.symbolic.derivations.norm_growth import (
    ARGUMENT,
    gradient_squared,
    norm_step,
    step_angle,
)
from ratetheory.symbolic.equations import congruence, rewrite
from ratetheory.symbolic.hypotheses import cite, define, predicted_defect
from ratetheory.symbolic.inequalities import nonnegative
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import Relation, m, s
from ratetheory.symbolic.rules import combine, instantiate
from ratetheory.symbolic.sequences import least_below_mean, never_falls, sum_steps, telescope
from ratetheory.symbolic.vectors import HORIZON

X = Symbol("x", nonnegative=True)
SQUARES = m.sum(s.G**2)


@lemma
def recursion(ctx: Context) -> Fact:
    """b_{t+1} = b + |G|^2/b."""
    return cite(ctx, "norm-growth", "rate")


@lemma
def rate_grows(ctx: Context) -> Fact:
    """b <= b_{t+1}."""
    return combine(ctx, Relation(s.b, "<=", s.b_next), (-1, recursion(ctx)))


@lemma
def above_start(ctx: Context) -> Fact:
    """b_0 <= b_t."""
    return never_falls(ctx, rate_grows(ctx), s.b)


def _lower(ctx: Context) -> Fact:
    step = combine(
        ctx,
        Relation(s.b_first * (s.b_next - s.b), "<=", s.G**2),
        (s.b, recursion(ctx)),
        (1, above_start(ctx), rate_grows(ctx)),
    )
    goal = Relation(s.b_first * (s.b_last - s.b_first), "<=", SQUARES)
    return combine(ctx, goal, (1, sum_steps(ctx, step)), (-s.b_first, telescope(ctx, s.b)))


@lemma
def certified_sum(ctx: Context) -> Fact:
    """sum |G|^2 <= (b_T^2 - b_0^2)/2."""
    factor = -(s.b + s.G**2 / s.b + s.b_next) / 2
    step = combine(ctx, Relation(s.G**2, "<=", (s.b_next**2 - s.b**2) / 2), (factor, recursion(ctx)))
    goal = Relation(SQUARES, "<=", (s.b_last**2 - s.b_first**2) / 2)
    return combine(ctx, goal, (1, sum_steps(ctx, step)), (S.Half, telescope(ctx, s.b**2)))


def _minimum(ctx: Context) -> Fact:
    least = least_below_mean(ctx, s.G**2)
    goal = Relation(m.least(s.G**2), "<=", (s.b_last**2 - s.b_first**2) / (2 * HORIZON))
    return combine(ctx, goal, (1 / HORIZON, least), (1 / HORIZON, certified_sum(ctx)))


def _defect(ctx: Context) -> Fact:
    step_goal = Relation(s.b_next**2 - s.b**2 - 2 * s.G**2, "==", (s.b_next - s.b) ** 2)
    step = combine(ctx, step_goal, (2 * s.b, recursion(ctx)))
    goal = Relation(s.b_last**2 - s.b_first**2 - 2 * SQUARES, "==", m.sum((s.b_next - s.b) ** 2))
    return combine(ctx, goal, (1, sum_steps(ctx, step)), (-1, telescope(ctx, s.b**2)))


def _predicted(ctx: Context) -> Fact:
    goal = Relation(s.defect, "==", s.d)
    return combine(ctx, goal, (1, define(ctx, "defect")), (1, predicted_defect(ctx)))


def _corrected_sum(ctx: Context) -> Fact:
    step = combine(
        ctx,
        Relation(s.eta**2 * s.G**2, "<=", (s.S_next**2 - s.S**2) / 2 - s.S * s.d),
        ((s.S_next - s.S) ** 2 / 2,),
        (-s.S, predicted_defect(ctx)),
        (s.eta**2, gradient_squared(ctx)),
    )
    right = (s.S_last**2 - s.S_first**2 - 2 * m.sum(s.S * s.d)) / 2
    goal = Relation(m.sum(s.eta**2 * s.G**2), "<=", right)
    return combine(ctx, goal, (1, sum_steps(ctx, step)), (S.Half, telescope(ctx, s.S**2)))


@lemma
def arctan_squared(ctx: Context) -> Fact:
    """arctan(x)^2 <= ln(1 + x^2)."""
    return nonnegative(ctx, Relation(atan(X) ** 2, "<=", log(1 + X**2)), X)


@lemma
def _logarithms(ctx: Context) -> Fact:
    grown = congruence(ctx, log(ARGUMENT), ARGUMENT, norm_step(ctx))
    term = m.log1p((s.eta * s.G / s.S) ** 2)
    step = combine(ctx, Relation(term, "==", log(s.S_next) - log(s.S)), (-1, grown))
    goal = Relation(m.sum(term), "==", log(s.S_last / s.S_first))
    return combine(ctx, goal, (1, sum_steps(ctx, step)), (1, telescope(ctx, log(s.S))))


def _angles(ctx: Context) -> Fact:
    bound = instantiate(ctx, arctan_squared(ctx), {X: s.G / s.b})
    angle = congruence(ctx, ARGUMENT**2, ARGUMENT, step_angle(ctx))
    in_b = combine(ctx, Relation(s.angle**2, "<=", bound.relation.right), (1, angle), (1, bound))
    step = rewrite(ctx, in_b, define(ctx, "b"))
    goal = Relation(m.sum(s.angle**2), "<=", log(s.S_last / s.S_first))
    return combine(ctx, goal, (1, sum_steps(ctx, step)), (1, _logarithms(ctx)))


DERIVATIONS = {
    "growth-certificate": {"lower": _lower, "upper": certified_sum, "minimum": _minimum, "defect": _defect},
    "corrected-certificate": {"defect": _predicted, "sum": _corrected_sum},
    "rotation-budget": {"angles": _angles, "logarithms": _logarithms},
}
