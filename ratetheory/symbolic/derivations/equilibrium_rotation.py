"""Section 11: the equilibrium of decoupled decay and stationary updates."""

from __future__ import annotations

from collections.abc import Callable

from sympy import Expr, Matrix, Mul, S, factor

from ratetheory.claims.equilibrium import adamw_first_order, coloured_first_order, coloured_turn
from ratetheory.symbolic.derivations.equilibrium import E, reciprocal, solved_combination, turned, with_products
from ratetheory.symbolic.derivations.norm_growth import W_NEXT, at_next
from ratetheory.symbolic.equations import inner_of, symmetric, vector_identity
from ratetheory.symbolic.hypotheses import define, named
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.moments import (
    autoregressive_update,
    correlation_below_one,
    decay_below_one,
    decays,
    decoupled_step,
    memory_is_nonnegative,
    stationary,
    update_memory,
    update_size,
)
from ratetheory.symbolic.namespace import Relation, s
from ratetheory.symbolic.rules import combine
from ratetheory.symbolic.vectors import STEP, inner

U, U_NEXT = named("increment"), named("increment", step=STEP + 1)
KEPT = 1 - E


@lemma
def product_values(ctx: Context) -> tuple[Fact, ...]:
    """The inner products of w and u."""
    return symmetric(ctx, define(ctx, "S")), symmetric(ctx, define(ctx, "wu")), update_size(ctx)


@lemma
def weights_stationary(ctx: Context) -> Fact:
    """0 = S_{t+1} - S: what decay takes, the update gives."""
    step = decoupled_step(ctx)
    after = KEPT**2 * s.S - 2 * s.eta * KEPT * s.wu + s.eta**2 * s.U**2
    meaning = at_next(ctx, define(ctx, "S"))
    product = with_products(ctx, inner_of(ctx, step, step), Relation(meaning.relation.right, "==", after), *product_values(ctx))
    return combine(ctx, Relation(S.Zero, "==", after - s.S), (1, meaning), (1, product), (-1, stationary(ctx, "S")))


@lemma
def memory_stationary(ctx: Context) -> Fact:
    """0 = <w, u>_{t+1} - <w, u> for an autoregressive update."""
    same = vector_identity(ctx, Relation(U, "==", U))
    after = KEPT * s.wu - s.eta * s.U**2
    product = inner_of(ctx, decoupled_step(ctx), same)
    now = with_products(ctx, product, Relation(inner(W_NEXT, U), "==", after), *product_values(ctx))
    return combine(
        ctx,
        Relation(S.Zero, "==", s.b1 * after - s.wu),
        (1, at_next(ctx, define(ctx, "wu"))),
        (1, autoregressive_update(ctx)),
        (s.b1, now),
        (-1, stationary(ctx, "wu")),
    )


@lemma
def memory_of_updates(ctx: Context) -> Fact:
    """0 = (1 - eta lam) <w, u> + eta U^2 sigma."""
    goal = Relation(S.Zero, "==", KEPT * s.wu + s.eta * s.sigma * s.U**2)
    return combine(ctx, goal, (-1, update_memory(ctx)), (-KEPT, define(ctx, "wu")))


def solved_for(
    ctx: Context, memory: Callable[[Context], Fact], wanted: Expr, unknown: tuple[Expr, Expr], known: Expr, *positive: Fact
) -> Fact:
    """``wanted`` = ratio ``known`` from the two equations, linear in S, <w, u> and U^2, as the solver finds it.

    The solver is not trusted: what it finds is checked as a linear combination, divided by what ``positive`` says.
    """
    equations = (weights_stationary(ctx), memory(ctx))
    sides = [equation.relation.right.expand() for equation in equations]
    factors, ratio = solved_combination(
        Matrix([[side.coeff(one) for one in unknown] for side in sides]),
        Matrix([side.coeff(known) for side in sides]),
        unknown.index(wanted),
    )
    room = Mul(*(fact.relation.right for fact in positive))
    terms = ((one / room, equation, *positive) for one, equation in zip(factors, equations, strict=True))
    return combine(ctx, Relation(wanted, "==", ratio * known), *terms)


@lemma
def kept_room(ctx: Context) -> tuple[Fact, ...]:
    """eta lam, 1 - eta lam and 2 - eta lam are positive."""
    below = decay_below_one(ctx)
    return (
        decays(ctx),
        combine(ctx, Relation(S.Zero, "<", 1 - E), (1, below)),
        combine(ctx, Relation(S.Zero, "<", 2 - E), (1, below)),
    )


@lemma
def correlation_room(ctx: Context) -> tuple[Fact, ...]:
    """1 - a b1 and 1 + a b1 are positive, a = 1 - eta lam."""
    _, kept, _ = kept_room(ctx)
    return (
        combine(ctx, Relation(S.Zero, "<", 1 - KEPT * s.b1), (1, _correlation_gap(ctx))),
        combine(ctx, Relation(S.Zero, "<", 1 + KEPT * s.b1), (s.b1, kept)),
    )


@lemma
def memory_room(ctx: Context) -> Fact:
    """1 + 2 sigma is positive."""
    return combine(ctx, Relation(S.Zero, "<", 1 + 2 * s.sigma), (2, memory_is_nonnegative(ctx)))


def _norm(ctx: Context, memory: Callable[[Context], Fact], *positive: Fact) -> Fact:
    return solved_for(ctx, memory, s.S, (s.S, s.wu), s.U**2, *positive)


def _rotation(ctx: Context, memory: Callable[[Context], Fact], *positive: Fact) -> Fact:
    """cos(theta) = 1 - eta lam - eta <w, u>/S."""
    general = turned(ctx, decoupled_step, *product_values(ctx))
    product = solved_for(ctx, memory, s.wu, (s.wu, s.U**2), s.S, *positive)
    share = general.relation.right.expand().coeff(s.wu)
    right = factor(general.relation.right.expand().xreplace({s.wu: product.relation.right}))
    return combine(ctx, Relation(s.cosine, "==", right), (1, general), (share, product))


@lemma
def adamw_rotation(ctx: Context) -> Fact:
    """cos(theta) of an autoregressive update."""
    return _rotation(ctx, memory_stationary, *kept_room(ctx), *correlation_room(ctx))


@lemma
def coloured_rotation(ctx: Context) -> Fact:
    """cos(theta) of an update with memory."""
    return _rotation(ctx, memory_of_updates, *kept_room(ctx), memory_room(ctx))


@lemma
def _correlation_gap(ctx: Context) -> Fact:
    """0 < 1 - b1."""
    return combine(ctx, Relation(S.Zero, "<", 1 - s.b1), (1, correlation_below_one(ctx)))


def _adamw_below(ctx: Context) -> Fact:
    """1/(1 + b1) <= 1/(1 + a b1)."""
    _, plus = correlation_room(ctx)
    goal = Relation(adamw_first_order(E, s.b1), "<=", 2 * (1 - s.cosine))
    rest = (2 * E**2 * s.b1 / (1 + s.b1), reciprocal(ctx, plus), _correlation_gap(ctx))
    return combine(ctx, goal, (2, adamw_rotation(ctx)), rest)


def _adamw_above(ctx: Context) -> Fact:
    """1/(1 + a b1) <= (1 + eta lam)/(1 + b1)."""
    _, plus = correlation_room(ctx)
    gap = _correlation_gap(ctx)
    small = combine(ctx, Relation(S.Zero, "<", 1 - E * s.b1), (1, gap), (s.b1, decay_below_one(ctx)))
    goal = Relation(2 * (1 - s.cosine), "<=", (1 + E) * adamw_first_order(E, s.b1))
    rest = (2 * E**2 / (1 + s.b1), reciprocal(ctx, plus), gap, small)
    return combine(ctx, goal, (-2, adamw_rotation(ctx)), rest)


def _coloured_turn(ctx: Context) -> Fact:
    goal = Relation(2 * (1 - s.cosine), "==", coloured_turn(E, s.sigma))
    return combine(ctx, goal, (-2, coloured_rotation(ctx)))


def _coloured_first_order(ctx: Context) -> Fact:
    """The exact form lacks eta lam sigma/(1 - eta lam)."""
    _, kept, _ = kept_room(ctx)
    goal = Relation(2 * (1 - s.cosine), "<=", coloured_first_order(E, s.sigma))
    room = reciprocal(ctx, memory_room(ctx)), reciprocal(ctx, kept)
    return combine(ctx, goal, (-2, coloured_rotation(ctx)), (2 * E**2, *room, memory_is_nonnegative(ctx)))


DERIVATIONS = {
    "equilibrium-rotation": {
        "adamw-norm": lambda ctx: _norm(ctx, memory_stationary, *kept_room(ctx), *correlation_room(ctx)),
        "adamw-rotation": adamw_rotation,
        "adamw-first-order-below": _adamw_below,
        "adamw-first-order-above": _adamw_above,
        "coloured-norm": lambda ctx: _norm(ctx, memory_of_updates, *kept_room(ctx)),
        "coloured-rotation": _coloured_turn,
        "coloured-first-order": _coloured_first_order,
    }
}
