"""Section 8: Pythagoras for any update."""

from __future__ import annotations

from sympy import S, Symbol, acos, atan, cos, sqrt

from ratetheory.symbolic.derivations.norm_growth import ARGUMENT as REAL
from ratetheory.symbolic.derivations.norm_growth import TAU, W_NEXT, W, at_next
from ratetheory.symbolic.equations import antisymmetric, congruence, inner_of, rewrite, vector_identity
from ratetheory.symbolic.hypotheses import define as define_letter
from ratetheory.symbolic.hypotheses import named
from ratetheory.symbolic.inequalities import constant_difference
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import Relation, s
from ratetheory.symbolic.rules import by_sign, combine, instantiate, root_of_squares
from ratetheory.symbolic.updates import define, forward, update
from ratetheory.symbolic.vectors import inner

DELTA = named("delta")
AHEAD = Symbol("q_1", positive=True)
ALONG = sqrt(s.S) + s.radial_update / sqrt(s.S)


@lemma
def update_squared(ctx: Context) -> Fact:
    """<u, u> = |u|^2."""
    meaning = define(ctx, "update")
    return combine(ctx, Relation(inner(DELTA, DELTA), "==", s.update**2), (-(s.update + meaning.relation.right), meaning))


@lemma
def norm(ctx: Context) -> Fact:
    """S_{t+1} = S + 2<w, u> + |u|^2."""
    step, size = update(ctx), define_letter(ctx, "S")
    return combine(
        ctx,
        Relation(s.S_next, "==", s.S + 2 * s.radial_update + s.update**2),
        (1, at_next(ctx, size)),
        (1, inner_of(ctx, step, step)),
        (-1, size),
        (-2, define(ctx, "radial_update")),
        (1, update_squared(ctx)),
    )


@lemma
def parts(ctx: Context) -> Fact:
    """|u|^2 = <w, u>^2/S + |u_perp|^2."""
    meaning, radial, size = define(ctx, "tangential_update"), define(ctx, "radial_update"), define_letter(ctx, "S")
    square = combine(
        ctx,
        Relation(s.tangential_update**2, "==", meaning.relation.right**2),
        (s.tangential_update + meaning.relation.right, meaning),
    )
    weights = combine(ctx, Relation(inner(W, W), "==", s.S), (-1, size))
    product = combine(ctx, Relation(inner(W, DELTA), "==", s.radial_update), (-1, radial))
    known = rewrite(ctx, square, weights, product, update_squared(ctx))
    goal = Relation(s.update**2, "==", s.radial_update**2 / s.S + s.tangential_update**2)
    return combine(ctx, goal, (-1, known))


@lemma
def split(ctx: Context) -> Fact:
    """S_{t+1} = (|w| + u_r)^2 + |u_perp|^2."""
    return combine(ctx, Relation(s.S_next, "==", ALONG**2 + s.tangential_update**2), (1, norm(ctx)), (1, parts(ctx)))


@lemma
def cosine_of_angle(ctx: Context) -> Fact:
    """The measured angle is acos((|w| + u_r)/|w_{t+1}|)."""
    size, same = define_letter(ctx, "S"), vector_identity(ctx, Relation(W, "==", W))
    weights = combine(ctx, Relation(inner(W, W), "==", s.S), (-1, size))
    after = combine(ctx, Relation(inner(W_NEXT, W_NEXT), "==", s.S_next), (-1, at_next(ctx, size)))
    product = combine(
        ctx,
        Relation(inner(W_NEXT, W), "==", s.S + s.radial_update),
        (1, inner_of(ctx, update(ctx), same)),
        (1, weights),
        (-1, define(ctx, "radial_update")),
    )
    return rewrite(ctx, define_letter(ctx, "angle"), product, after, weights)


def _cosine(ctx: Context) -> Fact:
    known = congruence(ctx, cos(REAL), REAL, cosine_of_angle(ctx))
    return combine(ctx, Relation(cos(s.angle) * sqrt(s.S_next), "==", ALONG), (sqrt(s.S_next), known))


def _angle(ctx: Context) -> Fact:
    """cos(angle) = 1/sqrt(1 + tau^2), tau = |u_perp|/(|w| + u_r): neither is negative and their squares agree."""
    ahead, cosine = forward(ctx), cosine_of_angle(ctx)
    measured = (s.S + s.radial_update) / (sqrt(s.S) * sqrt(s.S_next))
    tau = s.tangential_update / AHEAD
    right = instantiate(ctx, by_sign(ctx, Relation(S.Zero, "<=", 1 / sqrt(1 + tau**2))), {AHEAD: ALONG}, ahead)
    expected = right.relation.right
    left = combine(ctx, Relation(S.Zero, "<=", measured), (1 / sqrt(s.S_next), ahead))
    squares = combine(
        ctx, Relation(measured**2, "==", expected**2), (-(expected**2) / s.S_next, split(ctx)), (0, right, split(ctx))
    )
    equal = antisymmetric(
        ctx,
        root_of_squares(ctx, weaken(ctx, squares, backwards=False), Relation(measured, "<=", expected), left, right),
        root_of_squares(ctx, weaken(ctx, squares, backwards=True), Relation(expected, "<=", measured), left, right),
    )
    angle = combine(ctx, Relation(s.angle, "==", acos(measured)), (1, cosine))
    known = constant_difference(ctx, Relation(acos(1 / sqrt(1 + TAU**2)), "==", atan(TAU)), TAU)
    return rewrite(ctx, angle, equal, instantiate(ctx, instantiate(ctx, known, {TAU: tau}), {AHEAD: ALONG}, ahead))


def weaken(ctx: Context, equation: Fact, backwards: bool) -> Fact:
    """One of the two inequalities that an equation contains."""
    left, right = equation.relation.left, equation.relation.right
    goal = Relation(right, "<=", left) if backwards else Relation(left, "<=", right)
    return combine(ctx, goal, (-1 if backwards else 1, equation))


DERIVATIONS = {"optimizer-growth": {"norm": norm, "split": split, "parts": parts, "cosine": _cosine, "angle": _angle}}
