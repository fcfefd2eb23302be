"""Section 2: Pythagoras, the angle of one step, and the recursion of b."""

from __future__ import annotations

from sympy import S, Symbol, acos, atan, cos, sin, sqrt

from ratetheory.symbolic.equations import congruence, inner_of, rewrite, vector_identity
from ratetheory.symbolic.hypotheses import (
    cite,
    constant_rate,
    define,
    gradient,
    gradient_step,
    named,
    polar_gradient,
    polar_weights,
    substitute_vector,
)
from ratetheory.symbolic.inequalities import constant_difference
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import Relation, s
from ratetheory.symbolic.rules import combine, instantiate
from ratetheory.symbolic.vectors import STEP, inner

W, W_NEXT, GRAD = named("w"), named("w", step=STEP + 1), named("grad")
V, V_NEXT, E = named("v"), named("v", step=STEP + 1), named("e")
SQUARED_GRADIENT = inner(GRAD, GRAD)
TAU = Symbol("tau", nonnegative=True)
ARGUMENT = Symbol("y", real=True)


def at_next(ctx: Context, fact: Fact) -> Fact:
    """The fact at the next step."""
    return instantiate(ctx, fact, {STEP: STEP + 1})


@lemma
def orthogonal_step(ctx: Context) -> Fact:
    """<w, grad> = 0."""
    radial, meaning, represented = cite(ctx, "euler-orthogonality", "orthogonal"), define(ctx, "radial"), gradient(ctx, W)
    return combine(ctx, Relation(inner(W, GRAD), "==", S.Zero), (1, radial), (-1, meaning), (-1, represented))


@lemma
def gradient_squared(ctx: Context) -> Fact:
    """|G|^2 = S |grad|^2."""
    goal = Relation(s.G**2, "==", s.S * SQUARED_GRADIENT)
    meaning = define(ctx, "G")
    return combine(ctx, goal, (s.G + meaning.relation.right, meaning), (-SQUARED_GRADIENT, define(ctx, "S")))


@lemma
def norm_step(ctx: Context) -> Fact:
    """S_{t+1} = S + eta^2 |G|^2/S: Pythagoras."""
    step = gradient_step(ctx)
    size = define(ctx, "S")
    return combine(
        ctx,
        Relation(s.S_next, "==", s.S + s.eta**2 * s.G**2 / s.S),
        (1, at_next(ctx, size)),
        (1, inner_of(ctx, step, step)),
        (-2 * s.eta, orthogonal_step(ctx)),
        (-1, size),
        (-(s.eta**2) / s.S, gradient_squared(ctx)),
    )


@lemma
def rate_by_size(ctx: Context) -> Fact:
    """eta = S/b."""
    return combine(ctx, Relation(s.eta, "==", s.S / s.b), (s.eta / s.b, define(ctx, "b")))


@lemma
def norm_step_in_b(ctx: Context) -> Fact:
    """S_{t+1} = S (1 + |G|^2/b^2)."""
    step = rewrite(ctx, norm_step(ctx), rate_by_size(ctx))
    return combine(ctx, Relation(s.S_next, "==", s.S * (1 + s.G**2 / s.b**2)), (1, step))


def _rate(ctx: Context) -> Fact:
    return combine(
        ctx,
        Relation(s.b_next, "==", s.b + s.G**2 / s.b),
        (1, rewrite(ctx, at_next(ctx, define(ctx, "b")), constant_rate(ctx))),
        (1 / s.eta, norm_step_in_b(ctx)),
        (-(1 + s.G**2 / s.b**2), define(ctx, "b")),
    )


@lemma
def step_angle(ctx: Context) -> Fact:
    """The measured angle is arctan(|G|/b)."""
    size = define(ctx, "S")
    step = gradient_step(ctx)
    same = vector_identity(ctx, Relation(W, "==", W))
    weights = combine(ctx, Relation(inner(W, W), "==", s.S), (-1, size))
    product = combine(
        ctx,
        Relation(inner(W_NEXT, W), "==", s.S),
        (1, inner_of(ctx, step, same)),
        (-s.eta, orthogonal_step(ctx)),
        (1, weights),
    )
    right = s.S * (1 + s.G**2 / s.b**2)
    length = combine(ctx, Relation(inner(W_NEXT, W_NEXT), "==", right), (-1, at_next(ctx, size)), (1, norm_step_in_b(ctx)))
    cosine = rewrite(ctx, define(ctx, "angle"), product, length, weights)
    known = constant_difference(ctx, Relation(acos(1 / sqrt(1 + TAU**2)), "==", atan(TAU)), TAU)
    return rewrite(ctx, cosine, instantiate(ctx, known, {TAU: s.G / s.b}))


@lemma
def direction_step(ctx: Context) -> Fact:
    """v_{t+1} = cos(theta) v - sin(theta) e."""
    polar = polar_weights(ctx)
    direction = vector_identity(ctx, Relation(V, "==", W.scale(1 / sqrt(s.S))), polar)
    gradient_norm = combine(ctx, Relation(SQUARED_GRADIENT, "==", s.G**2 / s.S), (-1 / s.S, gradient_squared(ctx)))
    theta = atan(s.G / s.b)
    return vector_identity(
        ctx,
        Relation(V_NEXT, "==", V.scale(cos(theta)) - E.scale(sin(theta))),
        at_next(ctx, direction),
        gradient_step(ctx),
        polar,
        polar_gradient(ctx),
        norm_step_in_b(ctx),
        gradient_norm,
        rate_by_size(ctx),
    )


def _great_circle(ctx: Context) -> Fact:
    moved = substitute_vector(ctx, define(ctx, "off_circle"), direction_step(ctx))
    return combine(ctx, Relation(s.off_circle, "==", S.Zero), (1, moved))


def _growth(ctx: Context) -> Fact:
    angle = congruence(ctx, s.b / cos(ARGUMENT) ** 2, ARGUMENT, step_angle(ctx))
    rate = cite(ctx, "norm-growth", "rate")
    return combine(ctx, Relation(s.b_next, "==", s.b / cos(s.angle) ** 2), (1, rate), (-1, angle))


def _square(ctx: Context) -> Fact:
    goal = Relation(s.b_next**2, "==", s.b**2 + 2 * s.G**2 + s.G**4 / s.b**2)
    return combine(ctx, goal, (s.b + s.G**2 / s.b + s.b_next, cite(ctx, "norm-growth", "rate")))


DERIVATIONS = {
    "norm-growth": {"norm": norm_step, "rate": _rate},
    "rotation-growth": {"angle": step_angle, "great-circle": _great_circle, "growth": _growth},
    "wngrad-recursion": {"square": _square},
}
