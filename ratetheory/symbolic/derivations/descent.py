"""Section 5: one step of gradient descent is a geodesic on the product of spheres."""

from __future__ import annotations

from sympy import S, atan, sqrt

from ratetheory.claims.descent import coupled as coupled_bound
from ratetheory.claims.descent import decoupled as decoupled_bound
from ratetheory.symbolic.derivations.norm_growth import at_next, direction_step
from ratetheory.symbolic.derivations.smoothness import MOVE, TURN, at_unit_norm, geodesic_bound
from ratetheory.symbolic.equations import rewrite
from ratetheory.symbolic.hypotheses import (
    decoupled,
    define,
    gradient_step,
    named,
    polar_gradient,
    substitute_vector,
)
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import Relation, m, s
from ratetheory.symbolic.rules import combine, instantiate, instantiate_family
from ratetheory.symbolic.vectors import BLOCK, FULL_LOSS, VARIANT, inner

THETA = atan(s.G / s.b)


@lemma
def loss_after_step(ctx: Context) -> Fact:
    """f_{t+1} is the loss at the end of the geodesic with angles theta and step eta_g |H|."""
    grad = named("grad", VARIANT)
    after = at_next(ctx, at_unit_norm(ctx, "f"))
    for equation in (direction_step(ctx), gradient_step(ctx, VARIANT), polar_gradient(ctx, VARIANT)):
        after = substitute_vector(ctx, after, equation)
    length = combine(ctx, Relation(sqrt(inner(grad, grad)), "==", s.H), (-1, define(ctx, "H")))
    return rewrite(ctx, after, length)


@lemma
def coupled_descent(ctx: Context) -> Fact:
    """The bound with the whole matrix of smoothness constants."""
    turned = instantiate_family(ctx, geodesic_bound(ctx, FULL_LOSS), TURN[BLOCK], THETA)
    moved = instantiate(ctx, turned, {MOVE: s.eta_g * s.H})
    goal = Relation(s.f_next, "<=", coupled_bound(m, s))
    return combine(ctx, goal, (1, moved), (1, loss_after_step(ctx)), (-1, at_unit_norm(ctx, "f")))


def _decoupled(ctx: Context) -> Fact:
    pair = decoupled(ctx, THETA, s.eta_g * s.H)
    spent = (s.eta_g * s.H**2, define(ctx, "kappa"))
    return combine(ctx, Relation(s.f_next, "<=", decoupled_bound(m, s)), (1, coupled_descent(ctx)), (S.Half, pair), spent)


DERIVATIONS = {"geodesic-descent": {"coupled": coupled_descent, "decoupled": _decoupled}}
