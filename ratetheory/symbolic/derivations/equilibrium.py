"""Section 8: the stationarity equations of the second moments, solved."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product

from sympy import Dummy, Expr, Indexed, Matrix, Mul, Poly, S, Symbol, binomial, cancel, factor, solve, symbols, together
from sympy.polys.matrices import DomainMatrix

from ratetheory.claims.equilibrium import (
    Moments,
    heavy_ball_moments,
    nesterov_moments,
    nesterov_residual,
    sgd_ratio,
    slow_rate,
)
from ratetheory.symbolic.derivations.norm_growth import GRAD, W_NEXT, W, at_next, gradient_squared, orthogonal_step
from ratetheory.symbolic.equations import identity, inner_of, rewrite, symmetric, vector_identity
from ratetheory.symbolic.hypotheses import define, named, substitute_vector
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.moments import (
    decay_below_one,
    decays,
    momentum_below_one,
    squared_gradient,
    stationary,
    uncorrelated_gradient,
)
from ratetheory.symbolic.namespace import Relation, s, statement
from ratetheory.symbolic.rules import by_sign, combine, instantiate
from ratetheory.symbolic.updates import buffer_step, decay_step, heavy_ball_step, nesterov_step
from ratetheory.symbolic.vectors import STEP, inner

M, M_NEXT = named("momentum"), named("momentum", step=STEP + 1)
E = s.eta * s.lam
POSITIVE = Symbol("x", positive=True)
VectorStep = Callable[[Context], Fact]


@lemma
def gradient_size(ctx: Context) -> Fact:
    """|grad|^2 = Q/S."""
    goal = Relation(inner(GRAD, GRAD), "==", s.Q / s.S)
    return combine(ctx, goal, (-1 / s.S, gradient_squared(ctx)), (1 / s.S, squared_gradient(ctx)))


def with_products(ctx: Context, fact: Fact, goal: Relation, *products: Fact) -> Fact:
    """The goal, in which the inner products on the right of an equation have the values that ``products`` give them."""
    right = fact.relation.right.expand()
    terms = [(right.coeff(product.relation.left), product) for product in products]
    return combine(ctx, goal, (1, fact), *((c, product) for c, product in terms if c != 0))


@lemma
def product_values(ctx: Context) -> tuple[Fact, ...]:
    """The inner products of w, m and the gradient."""
    letters = (symmetric(ctx, define(ctx, name)) for name in ("S", "p", "m_sq"))
    return (*letters, orthogonal_step(ctx), uncorrelated_gradient(ctx), gradient_size(ctx))


@lemma
def weights_after_heavy_ball(ctx: Context) -> Fact:
    """w_{t+1} in terms of w, m and the gradient."""
    return substitute_vector(ctx, heavy_ball_step(ctx), buffer_step(ctx))


@lemma
def weights_after_nesterov(ctx: Context) -> Fact:
    """w_{t+1} in terms of w, m and the gradient."""
    return substitute_vector(ctx, nesterov_step(ctx), buffer_step(ctx))


@lemma
def recursion(ctx: Context, weights: VectorStep, moments: Moments, index: int) -> Fact:
    """One of the three products one step later."""
    name = ("S", "p", "m_sq")[index]
    vectors = ((weights, weights), (weights, buffer_step), (buffer_step, buffer_step))[index]
    product = inner_of(ctx, *(vector(ctx) for vector in vectors))
    after = moments(s.S, s.p, s.m_sq, s.Q / s.S, s.eta, s.lam, s.beta)[index]
    meaning = at_next(ctx, define(ctx, name))
    goal = Relation(meaning.relation.right, "==", after)
    return combine(
        ctx,
        Relation(meaning.relation.left, "==", after),
        (1, meaning),
        (1, with_products(ctx, product, goal, *product_values(ctx))),
    )


@lemma
def stationarity(ctx: Context, weights: VectorStep, moments: Moments) -> tuple[Fact, ...]:
    """0 = x_{t+1} - x_t for the three products."""
    now, after = (s.S, s.p, s.m_sq), moments(s.S, s.p, s.m_sq, s.Q / s.S, s.eta, s.lam, s.beta)
    return tuple(
        combine(
            ctx,
            Relation(S.Zero, "==", after[index] - now[index]),
            (1, recursion(ctx, weights, moments, index)),
            (-1, stationary(ctx, name)),
        )
        for index, name in enumerate(("S", "p", "m_sq"))
    )


def solved_combination(unknown: Matrix, known: Matrix, wanted: int) -> tuple[tuple[Expr, ...], Expr]:
    """The factors of linear equations that add up to ``0 = ratio known - wanted``, and the ratio.

    ``unknown`` holds a row of coefficients an equation and a column an unknown, ``known`` the coefficients of what is known.
    The solver is not trusted: what it finds is checked as a linear combination of facts.
    """
    letters = {one: Dummy() for one in (unknown.free_symbols | known.free_symbols) if isinstance(one, Indexed)}
    right = Matrix([-1 if index == wanted else 0 for index in range(unknown.cols)])
    matrix, target, source = (DomainMatrix.from_Matrix(one.xreplace(letters)).to_field() for one in (unknown.T, right, known.T))
    matrix, target = matrix.unify(target)
    factors, source = matrix.lu_solve(target).unify(source)
    back = {dummy: one for one, dummy in letters.items()}
    found = [factor(one).xreplace(back) for one in (*factors.to_Matrix(), *(source * factors).to_Matrix())]
    return tuple(found[:-1]), found[-1]


@cache
def solved(moments: Moments, wanted: int) -> tuple[tuple[Expr, ...], Expr]:
    """What the stationarity equations say of <w, m>/S, |m|^2/S or |grad|^2/S (``wanted`` is 0, 1 or 2)."""
    size, *products = symbols("S p m_sq squared_gradient")
    after = moments(size, *products, s.eta, s.lam, s.beta)
    equations = Matrix([b - a for a, b in zip((size, *products[:2]), after, strict=True)])
    return solved_combination(equations.jacobian(products), equations.jacobian([size]), wanted)


@lemma
def at_fixed_point(ctx: Context, weights: VectorStep, moments: Moments, wanted: int) -> Fact:
    """<w, m>, |m|^2 or |grad|^2 as a multiple of S, as the solver finds it."""
    factors, ratio = solved(moments, wanted)
    goal = Relation((s.p, s.m_sq, s.Q / s.S)[wanted], "==", ratio * s.S)
    return combine(ctx, goal, *zip(factors, stationarity(ctx, weights, moments), strict=True))


@lemma
def momentum_room(ctx: Context) -> Fact:
    """0 < 1 - beta."""
    return combine(ctx, Relation(S.Zero, "<", 1 - s.beta), (1, momentum_below_one(ctx)))


@lemma
def sgd_room(ctx: Context) -> tuple[Fact, ...]:
    """The factors of the ratio of SGD that are positive."""
    return decays(ctx), combine(ctx, Relation(S.Zero, "<", 2 - E), (1, decay_below_one(ctx)))


@lemma
def heavy_ball_room(ctx: Context) -> tuple[Fact, ...]:
    """The factors of the ratio of heavy ball that are positive."""
    return decays(ctx), momentum_room(ctx), combine(ctx, Relation(S.Zero, "<", 2 + 2 * s.beta - E), (1, decay_below_one(ctx)))


@lemma
def nesterov_room(ctx: Context) -> tuple[Fact, ...]:
    """The factors of the ratio of Nesterov's momentum that are positive."""
    double = 1 + 2 * s.beta
    return (
        decays(ctx),
        combine(ctx, Relation(S.Zero, "<", 1 - s.beta + s.beta * E), (1, momentum_room(ctx))),
        combine(ctx, Relation(S.Zero, "<", 2 + 2 * s.beta - double * E), (double, decay_below_one(ctx))),
    )


def norm_by_ratio(ctx: Context, equation: Fact, ratio: Expr, positive: tuple[Fact, ...]) -> Fact:
    """S^2 = Q/ratio from Q/S = ratio S, divided by the factors of the ratio that are positive."""
    room = Mul(*(fact.relation.right for fact in positive))
    return combine(ctx, Relation(s.S**2, "==", s.Q / ratio), (-s.S / ratio / room, equation, *positive))


def reciprocal(ctx: Context, positive: Fact) -> Fact:
    """0 < 1/x from 0 < x."""
    return instantiate(ctx, by_sign(ctx, Relation(S.Zero, "<", 1 / POSITIVE)), {POSITIVE: positive.relation.right}, positive)


def exists(ctx: Context, ratio: Expr, positive: tuple[Fact, ...]) -> Fact:
    """0 <= Q/ratio, the ratio being a product of positive factors."""
    room = Mul(*(fact.relation.right for fact in positive))
    inverse = reciprocal(ctx, combine(ctx, Relation(S.Zero, "<", room), (1, *positive)))
    return combine(ctx, Relation(S.Zero, "<=", s.Q / ratio), (s.Q * factor(room / ratio), inverse))


def turned(ctx: Context, weights: VectorStep, *products: Fact) -> Fact:
    """cos(theta) where S does not change, by the values of the inner products, that of <w, w> first."""
    same = vector_identity(ctx, Relation(W, "==", W))
    product = inner_of(ctx, weights(ctx), same)
    own, *_ = products
    after = combine(
        ctx, Relation(inner(W_NEXT, W_NEXT), "==", s.S), (-1, at_next(ctx, define(ctx, "S"))), (1, stationary(ctx, "S"))
    )
    right = product.relation.right.expand().xreplace({one.relation.left: one.relation.right for one in products})
    valued = with_products(ctx, product, Relation(inner(W_NEXT, W), "==", right), *products)
    return rewrite(ctx, define(ctx, "cosine"), valued, after, own)


def rotation_by_products(ctx: Context, weights: VectorStep, moments: Moments) -> Fact:
    """cos(theta) with momentum: <w, m> is the multiple of S that the stationarity equations give."""
    general = turned(ctx, weights, *product_values(ctx))
    _, ratio = solved(moments, 0)
    share = general.relation.right.expand().coeff(s.p)
    goal = Relation(s.cosine, "==", factor(general.relation.right.expand().xreplace({s.p: ratio * s.S})))
    return combine(ctx, goal, (1, general), (share, at_fixed_point(ctx, weights, moments, 0)))


@lemma
def sgd_recursion(ctx: Context) -> Fact:
    """S_{t+1} = (1 - eta lam)^2 S + eta^2 Q/S."""
    step = decay_step(ctx)
    after = (1 - E) ** 2 * s.S + s.eta**2 * s.Q / s.S
    own = (symmetric(ctx, define(ctx, "S")), orthogonal_step(ctx), gradient_size(ctx))
    meaning = at_next(ctx, define(ctx, "S"))
    product = with_products(ctx, inner_of(ctx, step, step), Relation(meaning.relation.right, "==", after), *own)
    return combine(ctx, Relation(s.S_next, "==", after), (1, meaning), (1, product))


@lemma
def sgd_fixed_point(ctx: Context) -> Fact:
    """Q/S = ratio S: the one stationarity equation, solved for Q."""
    step = sgd_recursion(ctx)
    unknown = symbols("unknown")
    (found,) = solve((step.relation.right - s.S).xreplace({s.Q: unknown}), unknown)
    goal = Relation(s.Q / s.S, "==", factor(found / s.S**2) * s.S)
    return combine(ctx, goal, (-1 / s.eta**2, step), (1 / s.eta**2, stationary(ctx, "S")))


@lemma
def sgd_norm(ctx: Context) -> Fact:
    """S^2 = Q/ratio."""
    equation = sgd_fixed_point(ctx)
    return norm_by_ratio(ctx, equation, equation.relation.right / s.S, sgd_room(ctx))


def _sgd_rotation(ctx: Context) -> Fact:
    return turned(ctx, decay_step, symmetric(ctx, define(ctx, "S")), orthogonal_step(ctx))


def _sgd_approach(ctx: Context) -> Fact:
    step, target = sgd_recursion(ctx), s.Q / sgd_ratio(s.eta, s.lam)
    factor_ = (1 - E) ** 4 - s.eta**4 * s.Q * sgd_ratio(s.eta, s.lam) / s.S**2
    goal = Relation(s.S_next**2 - target, "==", factor_ * (s.S**2 - target))
    room = sgd_room(ctx)
    nothing = Mul(*(fact.relation.right for fact in room))
    return combine(ctx, goal, ((s.S_next + step.relation.right) / nothing, step, *room))


def _sgd_multiplier(ctx: Context) -> Fact:
    ratio = sgd_ratio(s.eta, s.lam)
    goal = Relation((1 - E) ** 4 - s.eta**4 * s.Q * ratio / s.S**2, "==", 2 * (1 - E) ** 2 - 1)
    return combine(ctx, goal, (-(s.eta**4) * ratio / s.S, sgd_fixed_point(ctx)))


def _with_momentum(
    name: str, weights: VectorStep, moments: Moments, room: Callable[[Context], tuple[Fact, ...]]
) -> dict[str, Callable[[Context], Fact]]:
    def ratio() -> Expr:
        return solved(moments, 2)[1]

    return {
        f"{name}-weights": lambda ctx: recursion(ctx, weights, moments, 0),
        f"{name}-product": lambda ctx: recursion(ctx, weights, moments, 1),
        f"{name}-buffer": lambda ctx: recursion(ctx, weights, moments, 2),
        f"{name}-norm": lambda ctx: norm_by_ratio(ctx, at_fixed_point(ctx, weights, moments, 2), ratio(), room(ctx)),
        f"{name}-rotation": lambda ctx: rotation_by_products(ctx, weights, moments),
        f"{name}-exists": lambda ctx: exists(ctx, ratio(), room(ctx)),
    }


def _heavy_ball_multipliers(ctx: Context) -> Fact:
    return identity(ctx, statement(ctx.claim, ctx.claim.conclusion("heavy-ball-multipliers")))


@lemma
def _power(ctx: Context, positive: Fact, exponent: int) -> Fact:
    """0 < x^n from 0 < x."""
    return combine(ctx, Relation(S.Zero, "<", positive.relation.right**exponent), (1, *[positive] * exponent))


def on_unit_square(ctx: Context, goal: Relation, scale: Expr) -> Fact:
    """The gap is ``scale`` times a polynomial in beta and eta lam whose Bernstein coefficients are nonnegative."""
    first, second = Symbol("y_1"), Symbol("y_2")
    gap = cancel(together((goal.gap / scale).xreplace({s.eta: S.One, s.lam: second, s.beta: first})))
    polynomial = Poly(gap, first, second)
    n, k = polynomial.degree(first), polynomial.degree(second)
    momentum = momentum_room(ctx)
    decay = combine(ctx, Relation(S.Zero, "<", 1 - E), (1, decay_below_one(ctx)))
    terms = []
    for p, q in product(range(n + 1), range(k + 1)):
        found = sum(
            (c * binomial(n - i, p - i) * binomial(k - j, q - j) for (i, j), c in polynomial.terms() if i <= p and j <= q),
            S.Zero,
        )
        if found != 0:
            terms.append((scale * found * s.beta**p * E**q, _power(ctx, momentum, n - p), _power(ctx, decay, k - q)))
    return combine(ctx, goal, *terms)


def _nesterov_multiplier(ctx: Context, above: bool) -> Fact:
    """Deviations shrink by 1 - 4 eta lam/(1 - beta) up to second order: there the polynomial is of second order."""
    residual = nesterov_residual(s, slow_rate(s))
    goal = Relation(residual, "<=", 64 * E**2) if above else Relation(-64 * E**2, "<=", residual)
    return on_unit_square(ctx, goal, E**2 / (1 + s.beta + s.beta * E * (1 + 2 * s.beta)))


DERIVATIONS = {
    "equilibrium": {
        "sgd-weights": sgd_recursion,
        "sgd-norm": sgd_norm,
        "sgd-rotation": _sgd_rotation,
        "sgd-exists": lambda ctx: exists(ctx, sgd_ratio(s.eta, s.lam), sgd_room(ctx)),
        "sgd-approach": _sgd_approach,
        "sgd-multiplier": _sgd_multiplier,
        **_with_momentum("heavy-ball", weights_after_heavy_ball, heavy_ball_moments, heavy_ball_room),
        "heavy-ball-multipliers": _heavy_ball_multipliers,
        **_with_momentum("nesterov", weights_after_nesterov, nesterov_moments, nesterov_room),
        "nesterov-multiplier-above": lambda ctx: _nesterov_multiplier(ctx, True),
        "nesterov-multiplier-below": lambda ctx: _nesterov_multiplier(ctx, False),
    },
}
