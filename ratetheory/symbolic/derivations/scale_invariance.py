"""Section 1: differentiate f(k w) = f(w) in the factor, and along directions."""

from __future__ import annotations

from sympy import Basic, Expr, S, Symbol

from ratetheory.symbolic.calculus import differentiate
from ratetheory.symbolic.hypotheses import STEP_LOSS, define, named, scale_invariance, weights
from ratetheory.symbolic.kernel import Context, Fact
from ratetheory.symbolic.namespace import Relation, s
from ratetheory.symbolic.rules import combine, instantiate
from ratetheory.symbolic.vectors import BLOCK, OTHER_BLOCK, Vector

FACTOR = Symbol("rho", positive=True)
FIRST, SECOND = Symbol("s_1", real=True), Symbol("s_2", real=True)


def radial_derivative(ctx: Context, loss: Basic, point: Vector, block: Expr, *facts: Fact) -> Fact:
    """``D f(p)[p_i] = 0`` at any point: the identity f(k p_i) = f(p_i), differentiated in k at 1."""
    return differentiate(ctx, scale_invariance(ctx, loss, point, FACTOR, block), {FACTOR: 1}, *facts)


def _radial_derivative_along(ctx: Context, direction: Vector) -> Fact:
    """The derivative of <grad f(w), w> = 0 along a direction."""
    invariance = scale_invariance(ctx, STEP_LOSS, weights() + direction.scale(FIRST), FACTOR, BLOCK)
    return differentiate(ctx, invariance, {FACTOR: 1, FIRST: 0})


def _orthogonal(ctx: Context) -> Fact:
    zero = radial_derivative(ctx, STEP_LOSS, weights(), BLOCK)
    return combine(ctx, Relation(s.radial, "==", S.Zero), (1, zero), (1, define(ctx, "radial")))


def _gradient_degree(ctx: Context) -> Fact:
    invariance = scale_invariance(ctx, STEP_LOSS, weights() + named("u").scale(FIRST), FACTOR, BLOCK)
    scaled = instantiate(ctx, differentiate(ctx, invariance, {FIRST: 0}), {FACTOR: s.k})
    goal = Relation(s.slope_scaled, "==", s.slope / s.k)
    return combine(ctx, goal, (1 / s.k, scaled), (1, define(ctx, "slope_scaled")), (-1 / s.k, define(ctx, "slope")))


def _hessian_degree(ctx: Context) -> Fact:
    moved = weights() + named("u").scale(FIRST) + named("z").scale(SECOND)
    invariance = scale_invariance(ctx, STEP_LOSS, moved, FACTOR, BLOCK)
    scaled = instantiate(ctx, differentiate(ctx, invariance, {FIRST: 0, SECOND: 0}), {FACTOR: s.k})
    goal = Relation(s.curvature_scaled, "==", s.curvature / s.k**2)
    definitions = define(ctx, "curvature_scaled"), define(ctx, "curvature")
    return combine(ctx, goal, (s.k**-2, scaled), (1, definitions[0]), (-(s.k**-2), definitions[1]))


def _hessian_radial(ctx: Context) -> Fact:
    euler = _radial_derivative_along(ctx, named("u"))
    goal = Relation(s.curvature_radial, "==", -s.slope)
    return combine(ctx, goal, (1, euler), (1, define(ctx, "curvature_radial")), (1, define(ctx, "slope")))


def _hessian_mixed(ctx: Context) -> Fact:
    euler = _radial_derivative_along(ctx, named("u", OTHER_BLOCK))
    return combine(ctx, Relation(s.curvature_mixed, "==", S.Zero), (1, euler), (1, define(ctx, "curvature_mixed")))


DERIVATIONS = {
    "euler-orthogonality": {"orthogonal": _orthogonal},
    "gradient-homogeneity": {"degree": _gradient_degree},
    "hessian-homogeneity": {"degree": _hessian_degree, "radial": _hessian_radial, "mixed": _hessian_mixed},
}
