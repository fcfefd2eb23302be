"""Section 8: the rescaled weights take the steps of a run without decay."""

from __future__ import annotations

from sympy import S, log, sqrt

from ratetheory.symbolic.calculus import differentiate
from ratetheory.symbolic.derivations.norm_growth import ARGUMENT as REAL
from ratetheory.symbolic.derivations.norm_growth import GRAD, W_NEXT, W, at_next, gradient_squared, orthogonal_step
from ratetheory.symbolic.derivations.scale_invariance import FIRST
from ratetheory.symbolic.equations import congruence, inner_of, rewrite, symmetric, vector_identity
from ratetheory.symbolic.hypotheses import STEP_LOSS, cite, constant_rate, gradient, named, scale_invariance, weights
from ratetheory.symbolic.hypotheses import define as define_letter
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.moments import momentum_below_one
from ratetheory.symbolic.namespace import Relation, letter, m, s
from ratetheory.symbolic.rules import absurd, cases, combine, suppose
from ratetheory.symbolic.sequences import induction, least_below_weighted_mean, never_falls, sum_steps, telescope
from ratetheory.symbolic.updates import (
    buffer_drift,
    buffer_step,
    define,
    drift,
    gradient_without_decay,
    heavy_ball_step,
    no_momentum,
    positive_root,
    recursion,
    same_products,
    settled_shift,
    start,
)
from ratetheory.symbolic.vectors import FAMILY, HORIZON, Vector, inner

U = named("u")


@lemma
def decay_by_factor(ctx: Context) -> Fact:
    """lam = (1 - rho)/eta - beta c."""
    right = (1 - s.shrink) / s.eta - s.beta * s.shift
    return combine(ctx, Relation(s.lam, "==", right), (1 / s.eta, define(ctx, "shrink")))


@lemma
def gradient_at_rescaled(ctx: Context) -> Fact:
    """The gradient at w/R is R grad: the loss along w + s u and along (w + s u)/R is the same."""
    moved = weights() + U.scale(FIRST)
    same = differentiate(ctx, scale_invariance(ctx, STEP_LOSS, moved, 1 / letter("scale", block=FAMILY)), {FIRST: 0})
    goal = Relation(inner(named("grad_hat"), U), "==", s.scale * inner(GRAD, U))
    products = combine(ctx, goal, (s.scale, same), (-1, gradient_without_decay(ctx, U)), (s.scale, gradient(ctx, U)))
    return same_products(ctx, Relation(named("grad_hat"), "==", GRAD.scale(s.scale)), products)


def _vanishes(ctx: Context, name: str, gap: Vector) -> Fact:
    """The norm of a vector whose coefficients all vanish."""
    zero = vector_identity(
        ctx,
        Relation(gap, "==", Vector()),
        heavy_ball_step(ctx),
        buffer_step(ctx),
        gradient_at_rescaled(ctx),
        define(ctx, "eta_hat"),
        recursion(ctx, "scale"),
        recursion(ctx, "shift"),
        decay_by_factor(ctx),
    )
    return rewrite(ctx, define(ctx, name), inner_of(ctx, zero, zero))


def _weights(ctx: Context) -> Fact:
    return _vanishes(ctx, "drift", drift())


def _buffer(ctx: Context) -> Fact:
    return _vanishes(ctx, "buffer_drift", buffer_drift())


def _norm(ctx: Context) -> Fact:
    """S_{t+1} = rho^2 S + eta^2 |G|^2/S, divided by R_{t+1}^2."""
    after = Relation(W_NEXT, "==", W.scale(s.shrink) - GRAD.scale(s.eta))
    step = vector_identity(ctx, after, heavy_ball_step(ctx), buffer_step(ctx), decay_by_factor(ctx), no_momentum(ctx))
    size, hat, product = define_letter(ctx, "S"), define(ctx, "S_hat"), s.eta_hat * s.scale * s.scale_next
    grown = combine(
        ctx,
        Relation(s.S_next, "==", s.shrink**2 * s.S + s.eta**2 * s.G**2 / s.S),
        (1, at_next(ctx, size)),
        (1, inner_of(ctx, step, step)),
        (-2 * s.eta * s.shrink, orthogonal_step(ctx)),
        (-(s.shrink**2), size),
        (-(s.eta**2) / s.S, gradient_squared(ctx)),
    )
    hats = (
        combine(ctx, Relation(s.S_next, "==", s.S_hat_next * s.scale_next**2), (-(s.scale_next**2), at_next(ctx, hat))),
        combine(ctx, Relation(s.S, "==", s.S_hat * s.scale**2), (-(s.scale**2), hat)),
        combine(ctx, Relation(s.eta, "==", product), (-product / s.eta_hat, define(ctx, "eta_hat"))),
        recursion(ctx, "scale"),
    )
    goal = Relation(s.S_hat_next, "==", s.S_hat + s.eta_hat**2 * s.G**2 / s.S_hat)
    return combine(ctx, goal, (1 / (s.shrink * s.scale) ** 2, rewrite(ctx, grown, *hats)))


@lemma
def shift_stays(ctx: Context) -> Fact:
    """c = (1 - a)/(eta a) at every step: it is the fixed point of its recursion."""
    claim = Relation(s.shift, "==", (1 - s.root) / (s.eta * s.root))
    here = suppose(ctx, claim)
    after = rewrite(ctx, recursion(ctx, "shift"), _factor_there(ctx, here))
    eta_next = constant_rate(ctx)
    fixed = combine(
        ctx,
        Relation(s.shift_next, "==", (1 - s.root) / (s.eta * s.root)),
        (1, after),
        (s.beta / s.root, here),
        (1 / (s.eta * s.root**2), positive_root(ctx)),
    )
    step = rewrite(ctx, fixed, symmetric(ctx, eta_next))
    return induction(ctx, claim, settled_shift(ctx), step)


def _factor_there(ctx: Context, here: Fact) -> Fact:
    """rho = a where c = (1 - a)/(eta a)."""
    goal = Relation(s.shrink, "==", s.root)
    return combine(ctx, goal, (1, define(ctx, "shrink")), (-s.eta * s.beta, here), (-1 / s.root, positive_root(ctx)))


@lemma
def factor(ctx: Context) -> Fact:
    """rho = a."""
    return _factor_there(ctx, shift_stays(ctx))


def _exponential(ctx: Context) -> Fact:
    step = rewrite(ctx, congruence(ctx, log(REAL), REAL, recursion(ctx, "scale")), factor(ctx))
    growth = combine(ctx, Relation(log(s.root), "==", log(s.scale_next) - log(s.scale)), (-1, step))
    first = congruence(ctx, log(REAL), REAL, start(ctx, "scale"))
    goal = Relation(log(s.scale_last), "==", HORIZON * log(s.root))
    return combine(ctx, goal, (-1, sum_steps(ctx, growth)), (-1, telescope(ctx, log(s.scale))), (1, first))


def _rate(ctx: Context) -> Fact:
    return rewrite(ctx, define(ctx, "eta_hat"), recursion(ctx, "scale"), factor(ctx))


def _root_above(ctx: Context) -> Fact:
    """(1 - a)(beta - a) = -eta lam a cannot be for a < beta < 1."""
    goal = Relation(s.beta, "<=", s.root)
    known, below = suppose(ctx, goal), suppose(ctx, goal.negation())
    left = absurd(ctx, goal, (1, momentum_below_one(ctx), below), (1, below, below), (1, positive_root(ctx)))
    return cases(ctx, known, left, goal)


def _root_below(ctx: Context) -> Fact:
    """(1 - a)(beta - a) = -eta lam a cannot be for beta < 1 < a."""
    goal = Relation(s.root, "<=", S.One)
    known, above = suppose(ctx, goal), suppose(ctx, goal.negation())
    left = absurd(ctx, goal, (1, momentum_below_one(ctx), above), (1, above, above), (1, positive_root(ctx)))
    return cases(ctx, known, left, goal)


def _real_root(ctx: Context) -> Fact:
    """1 + beta - eta lam = a + beta/a >= 2 sqrt(beta)."""
    goal = Relation(s.eta * s.lam, "<=", (1 - sqrt(s.beta)) ** 2)
    square = (s.root - sqrt(s.beta)) ** 2 / s.root
    return combine(ctx, goal, (square,), (1 / s.root, positive_root(ctx)))


SQUARES = m.sum(s.eta_hat**2 * s.G**2)


@lemma
def grown(ctx: Context) -> Fact:
    """S_hat_{t+1} = S_hat + eta_hat^2 |G|^2/S_hat."""
    return cite(ctx, "decay-equivalence", "norm")


@lemma
def never_shrinks(ctx: Context) -> Fact:
    """S_hat <= S_hat_{t+1}."""
    return combine(ctx, Relation(s.S_hat, "<=", s.S_hat_next), (-1, grown(ctx)))


def _certified_below(ctx: Context) -> Fact:
    step = combine(
        ctx,
        Relation(s.S_hat_first * (s.S_hat_next - s.S_hat), "<=", s.eta_hat**2 * s.G**2),
        (s.S_hat, grown(ctx)),
        (1, never_falls(ctx, never_shrinks(ctx), s.S_hat), never_shrinks(ctx)),
    )
    goal = Relation(s.S_hat_first * (s.S_hat_last - s.S_hat_first), "<=", SQUARES)
    return combine(ctx, goal, (1, sum_steps(ctx, step)), (-s.S_hat_first, telescope(ctx, s.S_hat)))


@lemma
def certified_above(ctx: Context) -> Fact:
    """sum eta_hat^2 |G|^2 <= (S_hat_T^2 - S_hat_0^2)/2."""
    factor = -(s.S_hat + s.eta_hat**2 * s.G**2 / s.S_hat + s.S_hat_next) / 2
    after = Relation(s.eta_hat**2 * s.G**2, "<=", (s.S_hat_next**2 - s.S_hat**2) / 2)
    step = combine(ctx, after, (factor, grown(ctx)))
    goal = Relation(SQUARES, "<=", (s.S_hat_last**2 - s.S_hat_first**2) / 2)
    return combine(ctx, goal, (1, sum_steps(ctx, step)), (S.Half, telescope(ctx, s.S_hat**2)))


def _certified_minimum(ctx: Context) -> Fact:
    weights_of = m.sum(s.eta_hat**2)
    least = least_below_weighted_mean(ctx, s.G**2, combine(ctx, Relation(S.Zero, "<=", s.eta_hat**2), (s.eta_hat**2,)))
    goal = Relation(m.least(s.G**2), "<=", (s.S_hat_last**2 - s.S_hat_first**2) / (2 * weights_of))
    return combine(ctx, goal, (1 / weights_of, least), (1 / weights_of, certified_above(ctx)))


DERIVATIONS = {
    "decay-equivalence": {
        "norm": _norm,
        "weights": _weights,
        "buffer": _buffer,
        "factor": factor,
        "exponential": _exponential,
        "rate": _rate,
        "root-above": _root_above,
        "root-below": _root_below,
        "real-root": _real_root,
    },
    "schedule-certificate": {
        "lower": _certified_below,
        "upper": certified_above,
        "minimum": _certified_minimum,
    },
}
