"""Section 11: Lion's updates are signs of a moving average, whose correlations its own recursion gives."""

from __future__ import annotations

from sympy import Expr, S, cancel

from ratetheory.claims.equilibrium import lion_correlation, lion_variance
from ratetheory.symbolic.derivations.equilibrium import with_products
from ratetheory.symbolic.derivations.equilibrium_rotation import DERIVATIONS as COLOURED
from ratetheory.symbolic.derivations.norm_growth import GRAD, at_next
from ratetheory.symbolic.equations import inner_of, rewrite, symmetric, vector_identity
from ratetheory.symbolic.hypotheses import define, named
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.moments import (
    LAG,
    arcsine_law,
    correlation,
    gradient_after,
    gradient_is_new,
    gradient_is_positive,
    lion_average,
    lion_below_one,
    lion_buffer,
    stationary,
)
from ratetheory.symbolic.namespace import Relation, s
from ratetheory.symbolic.rules import combine, instantiate
from ratetheory.symbolic.vectors import STEP, Vector, inner

C, C_NEXT = named("c"), named("c", step=STEP + 1)
BUFFER, BUFFER_NEXT = named("momentum"), named("momentum", step=STEP + 1)
NOISE = inner(GRAD, GRAD)


@lemma
def room(ctx: Context, name: str) -> Fact:
    """0 < 1 - b."""
    below = lion_below_one(ctx, name)
    return combine(ctx, Relation(S.Zero, "<", 1 - below.relation.left), (1, below))


@lemma
def buffer_size(ctx: Context) -> Fact:
    """|m|^2 = (1 - b2)/(1 + b2) |g|^2: it does not change."""
    size, buffer = define(ctx, "m_sq"), lion_buffer(ctx)
    right = s.b2**2 * s.m_sq + (1 - s.b2) ** 2 * NOISE
    after = inner(BUFFER_NEXT, BUFFER_NEXT)
    product = with_products(
        ctx, inner_of(ctx, buffer, buffer), Relation(after, "==", right), symmetric(ctx, size), gradient_is_new(ctx)
    )
    gap = room(ctx, "b2")
    factor = 1 / (1 - s.b2**2) / gap.relation.right
    goal = Relation(inner(BUFFER, BUFFER), "==", (1 - s.b2) / (1 + s.b2) * NOISE)
    terms = [(factor, fact, gap) for fact in (at_next(ctx, size), product)]
    return combine(ctx, goal, (-1, size), *terms, (-factor, stationary(ctx, "m_sq"), gap))


@lemma
def average_size(ctx: Context) -> Fact:
    """|c|^2 as a multiple of |g|^2."""
    average = lion_average(ctx)
    goal = Relation(inner(C, C), "==", lion_variance(s.b1, s.b2) * NOISE)
    return with_products(ctx, inner_of(ctx, average, average), goal, buffer_size(ctx), gradient_is_new(ctx))


def _with_average(ctx: Context, vector: Fact, left: Vector, lag: Expr) -> Fact:
    """<x, c_t> for a vector given in terms of the buffer and of a gradient after c_t."""
    product = inner_of(ctx, vector, vector_identity(ctx, Relation(C, "==", C)))
    new = gradient_after(ctx, lag)
    right = product.relation.right.expand().xreplace({new.relation.left: S.Zero})
    return with_products(ctx, product, Relation(inner(left, C), "==", right), new)


@lemma
def next_product(ctx: Context) -> Fact:
    """<c_{t+1}, c_t> as a multiple of |g|^2."""
    later = _with_average(ctx, at_next(ctx, lion_average(ctx)), C_NEXT, S.Zero)
    variance = lion_variance(s.b1, s.b2) * lion_correlation(s.b1, s.b2)
    buffer = with_products(
        ctx,
        inner_of(ctx, lion_buffer(ctx), lion_average(ctx)),
        Relation(inner(BUFFER_NEXT, C), "==", cancel(variance / s.b1) * NOISE),
        buffer_size(ctx),
        gradient_is_new(ctx),
    )
    return combine(ctx, Relation(inner(C_NEXT, C), "==", variance * NOISE), (1, later), (s.b1, buffer))


def _later(lag: Expr) -> Vector:
    return named("c", step=STEP + 1 + lag)


@lemma
def lagged(ctx: Context) -> Fact:
    """<c_{t+2+lag}, c_t> = b2 <c_{t+1+lag}, c_t>: after c_t the buffer only forgets."""
    average, buffer = lion_average(ctx), lion_buffer(ctx)
    first = _with_average(ctx, instantiate(ctx, average, {STEP: STEP + 1 + LAG}), _later(LAG), LAG)
    second = _with_average(ctx, instantiate(ctx, average, {STEP: STEP + 2 + LAG}), _later(1 + LAG), 1 + LAG)
    forgets = _with_average(ctx, instantiate(ctx, buffer, {STEP: STEP + 1 + LAG}), named("momentum", step=STEP + 2 + LAG), LAG)
    goal = Relation(inner(_later(1 + LAG), C), "==", s.b2 * inner(_later(LAG), C))
    return combine(ctx, goal, (1, second), (s.b1, forgets), (-s.b2, first))


@lemma
def successive_correlation(ctx: Context) -> Fact:
    """rho: both products are multiples of |g|^2, which is positive."""
    first, second = room(ctx, "b1"), room(ctx, "b2")
    variance, share = lion_variance(s.b1, s.b2), s.b1**2 / (1 + s.b2)
    positive = combine(ctx, Relation(S.Zero, "<", variance), (1, first, first), (share, second))
    noise = gradient_is_positive(ctx)
    factor = 1 / (variance * NOISE) ** 2
    facts = ((1, correlation(ctx)), (-1, next_product(ctx)), (s.rho, average_size(ctx)))
    terms = [(-sign * factor, fact, positive, noise) for sign, fact in facts]
    return combine(ctx, Relation(s.rho, "==", lion_correlation(s.b1, s.b2)), *terms)


@lemma
def memory(ctx: Context) -> Fact:
    """sigma, by the arcsine law."""
    first = rewrite(ctx, correlation(ctx), successive_correlation(ctx))
    return arcsine_law(ctx, first, lagged(ctx))


def _with_memory(ctx: Context, conclusion: str) -> Fact:
    return rewrite(ctx, COLOURED["equilibrium-rotation"][conclusion](ctx), memory(ctx))


DERIVATIONS = {
    "equilibrium-rotation": {
        "lion-correlation": successive_correlation,
        "lion-norm": lambda ctx: _with_memory(ctx, "coloured-norm"),
        "lion-rotation": lambda ctx: _with_memory(ctx, "coloured-rotation"),
    }
}
