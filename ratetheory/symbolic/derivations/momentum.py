"""Section 8: the product <w, m> and Nesterov's other sequence give exact recursions of the norm."""

from __future__ import annotations

from sympy import Expr, S

from ratetheory.symbolic.derivations.norm_growth import GRAD, W, at_next, gradient_squared, orthogonal_step
from ratetheory.symbolic.derivations.optimizers import DELTA, update_squared
from ratetheory.symbolic.equations import identity, inner_of, rewrite, vector_identity
from ratetheory.symbolic.hypotheses import constant_rate, named
from ratetheory.symbolic.hypotheses import define as define_letter
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import Relation, letter, m, s
from ratetheory.symbolic.rules import combine, instantiate, suppose
from ratetheory.symbolic.sequences import induction, sum_steps, telescope
from ratetheory.symbolic.updates import (
    buffer_step,
    define,
    heavy_ball_step,
    nesterov_step,
    no_decay,
    recursion,
    start,
    update,
    zero_buffer,
)
from ratetheory.symbolic.vectors import HORIZON, STEP, inner

MOMENTUM, MOMENTUM_NEXT = named("momentum"), named("momentum", step=STEP + 1)


def product_after(ctx: Context) -> Fact:
    """<w, m_{t+1}> = beta p + lam S."""
    same = vector_identity(ctx, Relation(W, "==", W))
    return combine(
        ctx,
        Relation(inner(W, MOMENTUM_NEXT), "==", s.beta * s.p + s.lam * s.S),
        (1, inner_of(ctx, same, buffer_step(ctx))),
        (1, orthogonal_step(ctx)),
        (-s.beta, define_letter(ctx, "p")),
        (-s.lam, define_letter(ctx, "S")),
    )


@lemma
def product(ctx: Context) -> Fact:
    """p_{t+1} = beta p + lam S - eta |m_{t+1}|^2."""
    same = vector_identity(ctx, Relation(MOMENTUM_NEXT, "==", MOMENTUM_NEXT))
    return combine(
        ctx,
        Relation(s.p_next, "==", s.beta * s.p + s.lam * s.S - s.eta * s.m_sq_next),
        (1, at_next(ctx, define_letter(ctx, "p"))),
        (1, inner_of(ctx, heavy_ball_step(ctx), same)),
        (1, product_after(ctx)),
        (s.eta, at_next(ctx, define_letter(ctx, "m_sq"))),
    )


@lemma
def norm(ctx: Context) -> Fact:
    """S_{t+1} = S - 2 eta (beta p + lam S) + eta^2 |m_{t+1}|^2."""
    step, size = heavy_ball_step(ctx), define_letter(ctx, "S")
    return combine(
        ctx,
        Relation(s.S_next, "==", s.S - 2 * s.eta * (s.beta * s.p + s.lam * s.S) + s.eta**2 * s.m_sq_next),
        (1, at_next(ctx, size)),
        (1, inner_of(ctx, step, step)),
        (-1, size),
        (-2 * s.eta, product_after(ctx)),
        (-(s.eta**2), at_next(ctx, define_letter(ctx, "m_sq"))),
    )


@lemma
def start_of_product(ctx: Context) -> Fact:
    """p_0 = 0."""
    weights = named("w", step=S.Zero)
    same = vector_identity(ctx, Relation(weights, "==", weights))
    meaning = instantiate(ctx, define_letter(ctx, "p"), {STEP: S.Zero})
    return combine(ctx, Relation(s.p_first, "==", S.Zero), (1, meaning), (1, inner_of(ctx, same, zero_buffer(ctx))))


@lemma
def product_is_inertia(ctx: Context) -> Fact:
    """beta p = -Y."""
    claim = Relation(s.beta * s.p, "==", -s.inertia)
    base = combine(
        ctx, Relation(s.beta * s.p_first, "==", -s.inertia_first), (s.beta, start_of_product(ctx)), (1, start(ctx, "inertia"))
    )
    step = combine(
        ctx,
        Relation(s.beta * s.p_next, "==", -s.inertia_next),
        (s.beta, product(ctx)),
        (s.beta * s.S, no_decay(ctx)),
        (s.beta, suppose(ctx, claim)),
        (1, recursion(ctx, "inertia")),
    )
    return induction(ctx, claim, base, step)


@lemma
def product_not_positive(ctx: Context) -> Fact:
    """p <= 0."""
    claim = Relation(s.p, "<=", S.Zero)
    base = combine(ctx, Relation(s.p_first, "<=", S.Zero), (1, start_of_product(ctx)))
    after = (1, product(ctx)), (s.S, no_decay(ctx)), (s.beta, suppose(ctx, claim))
    return induction(ctx, claim, base, combine(ctx, Relation(s.p_next, "<=", S.Zero), *after))


@lemma
def free_norm(ctx: Context) -> Fact:
    """S_{t+1} = S - 2 eta beta p + eta^2 |m_{t+1}|^2 without decay."""
    goal = Relation(s.S_next, "==", s.S - 2 * s.eta * s.beta * s.p + s.eta**2 * s.m_sq_next)
    return combine(ctx, goal, (1, norm(ctx)), (-2 * s.eta * s.S, no_decay(ctx)))


def _never_shrinks(ctx: Context) -> Fact:
    factor = 2 * s.eta * s.beta
    return combine(ctx, Relation(s.S, "<=", s.S_next), (-1, free_norm(ctx)), (factor, product_not_positive(ctx)))


def _sum_form(ctx: Context) -> Fact:
    goal = Relation(s.S_next, "==", s.S + s.eta**2 * s.m_sq_next + 2 * s.eta * s.inertia)
    return combine(ctx, goal, (1, free_norm(ctx)), (-2 * s.eta, product_is_inertia(ctx)))


@lemma
def rate_of_start(ctx: Context) -> Fact:
    """eta_t = eta_0."""
    first = letter("eta", S.Zero)
    claim = Relation(s.eta, "==", first)
    step = combine(ctx, Relation(letter("eta", STEP + 1), "==", first), (1, constant_rate(ctx)), (1, suppose(ctx, claim)))
    return induction(ctx, claim, identity(ctx, Relation(first, "==", first)), step)


@lemma
def total(ctx: Context) -> Fact:
    """(1 - beta) (S_T - S_0) = (1 + beta) sum eta^2 |m_{t+1}|^2 + 2 beta eta p_T."""
    squares = s.eta**2 * s.m_sq_next
    rate = letter("eta", S.Zero)
    in_p = combine(
        ctx,
        Relation((1 - s.beta) * (s.S_next - s.S), "==", (1 + s.beta) * squares + 2 * s.beta * s.eta * (s.p_next - s.p)),
        (1 - s.beta, free_norm(ctx)),
        (-2 * s.beta * s.eta, product(ctx)),
        (-2 * s.beta * s.eta * s.S, no_decay(ctx)),
    )
    difference = 2 * s.beta * (s.p_next - s.p)
    step = combine(
        ctx,
        Relation((1 - s.beta) * (s.S_next - s.S), "==", (1 + s.beta) * squares + rate * difference),
        (1, in_p),
        (difference, rate_of_start(ctx)),
    )
    summed = sum_steps(ctx, step)
    goal = Relation((1 - s.beta) * (s.S_last - s.S_first), "==", (1 + s.beta) * m.sum(squares) + 2 * s.beta * s.eta * s.p_last)
    return combine(
        ctx,
        goal,
        (1, summed),
        (-(1 - s.beta), telescope(ctx, s.S)),
        (2 * s.beta * rate, telescope(ctx, s.p)),
        (-2 * s.beta * s.p_last, rate_of_start(ctx)),
        (-2 * s.beta * rate, start_of_product(ctx)),
    )


def _ratio(ctx: Context) -> Fact:
    goal = Relation((1 - s.beta) * (s.S_last - s.S_first), "<=", (1 + s.beta) * m.sum(s.eta**2 * s.m_sq_next))
    last = instantiate(ctx, product_not_positive(ctx), {STEP: HORIZON})
    return combine(ctx, goal, (1, total(ctx)), (2 * s.beta * s.eta, last))


# --- Nesterov's momentum ----------------------------------------------------------------------------------------------------


def _nesterov_norm(ctx: Context) -> Fact:
    """|w_{t+1}|^2 from w_{t+1} = w_t + u, <w, u> from Nesterov's step."""
    taken, size = update(ctx), define_letter(ctx, "S")
    same = vector_identity(ctx, Relation(W, "==", W))
    along = combine(
        ctx,
        Relation(inner(W, DELTA), "==", -s.eta * (s.beta**2 * s.p + (1 + s.beta) * s.lam * s.S)),
        (1, inner_of(ctx, same, nesterov_step(ctx))),
        (-1, inner_of(ctx, same, taken)),
        (-s.eta, orthogonal_step(ctx)),
        (s.eta * s.lam, size),
        (-s.eta * s.beta, product_after(ctx)),
    )
    right = s.S - 2 * s.eta * (s.beta**2 * s.p + (1 + s.beta) * s.lam * s.S) + s.update**2
    return combine(
        ctx,
        Relation(s.S_next, "==", right),
        (1, at_next(ctx, size)),
        (1, inner_of(ctx, taken, taken)),
        (-1, size),
        (2, along),
        (1, update_squared(ctx)),
    )


@lemma
def lookahead_after(ctx: Context) -> Fact:
    """x_{t+1} = (1 - eta lam) w - eta grad: its square."""
    meaning = rewrite(ctx, at_next(ctx, define(ctx, "lookahead")), constant_rate(ctx))
    other = named("w", step=STEP + 1) + MOMENTUM_NEXT.scale(s.eta * s.beta)
    right = W.scale(1 - s.eta * s.lam) - GRAD.scale(s.eta)
    step = vector_identity(ctx, Relation(other, "==", right), nesterov_step(ctx))
    goal = Relation(s.lookahead_next, "==", inner(right, right))
    return combine(ctx, goal, (1, meaning), (1, inner_of(ctx, step, step)))


@lemma
def lookahead(ctx: Context) -> Fact:
    """X_{t+1} = (1 - eta lam)^2 S + eta^2 |G|^2/S."""
    return combine(
        ctx,
        Relation(s.lookahead_next, "==", (1 - s.eta * s.lam) ** 2 * s.S + s.eta**2 * s.G**2 / s.S),
        (1, lookahead_after(ctx)),
        (-2 * s.eta * (1 - s.eta * s.lam), orthogonal_step(ctx)),
        (-((1 - s.eta * s.lam) ** 2), define_letter(ctx, "S")),
        (-(s.eta**2) / s.S, gradient_squared(ctx)),
    )


@lemma
def nesterov_recursion(ctx: Context) -> Fact:
    """S_{t+1} = (1 + beta) X_{t+1} - beta X + beta (1 + beta) eta^2 |m_{t+1}|^2."""
    buffer, size = buffer_step(ctx), define_letter(ctx, "S")
    after = nesterov_step(ctx)
    moved = vector_identity(ctx, Relation(after.relation.left, "==", _nesterov_after()), after, buffer)
    squares = s.beta * (1 + s.beta) * s.eta**2
    right = (1 + s.beta) * s.lookahead_next - s.beta * s.lookahead + squares * s.m_sq_next
    return combine(
        ctx,
        Relation(s.S_next, "==", right),
        (1, at_next(ctx, size)),
        (1, inner_of(ctx, moved, moved)),
        (-(1 + s.beta), lookahead_after(ctx)),
        (s.beta, define(ctx, "lookahead")),
        (-squares, at_next(ctx, define_letter(ctx, "m_sq"))),
        (-squares, inner_of(ctx, buffer, buffer)),
    )


def _nesterov_after() -> Expr:
    decayed = GRAD + W.scale(s.lam)
    return W - (decayed.scale(1 + s.beta) + MOMENTUM.scale(s.beta**2)).scale(s.eta)


@lemma
def free_lookahead(ctx: Context) -> Fact:
    """S <= X_{t+1} without decay."""
    factor = (2 * s.eta - s.eta**2 * s.lam) * s.S
    return combine(ctx, Relation(s.S, "<=", s.lookahead_next), (-1, lookahead(ctx)), (factor, no_decay(ctx)))


@lemma
def lookahead_grows(ctx: Context) -> Fact:
    """X_t <= X_{t+1}: S_{t+1} >= X_{t+1} where X_t <= X_{t+1}, and X_{t+2} >= S_{t+1}."""
    claim = Relation(s.lookahead, "<=", s.lookahead_next)
    return induction(ctx, claim, _first_lookahead(ctx), _next_lookahead(ctx, claim))


def _first_lookahead(ctx: Context) -> Fact:
    """X_0 = S_0 <= X_1."""
    zero = zero_buffer(ctx)
    weights, momentum = named("w", step=S.Zero), named("momentum", step=S.Zero)
    meaning = instantiate(ctx, define(ctx, "lookahead"), {STEP: S.Zero})
    other = weights + momentum.scale(letter("eta", S.Zero) * s.beta)
    same = vector_identity(ctx, Relation(other, "==", weights), zero)
    below = instantiate(ctx, free_lookahead(ctx), {STEP: S.Zero})
    size = instantiate(ctx, define_letter(ctx, "S"), {STEP: S.Zero})
    goal = Relation(s.lookahead_first, "<=", below.relation.right)
    return combine(ctx, goal, (1, below), (1, meaning), (1, inner_of(ctx, same, same)), (-1, size))


def _next_lookahead(ctx: Context, claim: Relation) -> Fact:
    goal = Relation(s.lookahead_next, "<=", letter("lookahead", STEP + 2))
    later = instantiate(ctx, free_lookahead(ctx), {STEP: STEP + 1})
    return combine(ctx, goal, (1, later), (1, _beyond_lookahead(ctx, suppose(ctx, claim))))


def _beyond_lookahead(ctx: Context, grows: Fact) -> Fact:
    """X_{t+1} <= S_{t+1} where X_t <= X_{t+1}."""
    return combine(ctx, Relation(s.lookahead_next, "<=", s.S_next), (-1, nesterov_recursion(ctx)), (s.beta, grows))


def _nesterov_never_shrinks(ctx: Context) -> Fact:
    beyond = _beyond_lookahead(ctx, lookahead_grows(ctx))
    return combine(ctx, Relation(s.S, "<=", s.S_next), (1, free_lookahead(ctx)), (1, beyond))


DERIVATIONS = {
    "momentum-growth": {
        "product": product,
        "norm": norm,
        "never-shrinks": _never_shrinks,
        "sum-form": _sum_form,
        "total": total,
        "ratio": _ratio,
        "nesterov-norm": _nesterov_norm,
        "nesterov-lookahead": lookahead,
        "nesterov-recursion": nesterov_recursion,
        "nesterov-never-shrinks": _nesterov_never_shrinks,
    }
}
