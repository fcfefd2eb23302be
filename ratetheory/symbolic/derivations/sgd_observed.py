"""Section 7: what a log of the norms says of the full gradients, by an exponential supermartingale."""

from __future__ import annotations

from sympy import Expr, log

from ratetheory.symbolic.chance import (
    cauchy_schwarz,
    define_mean,
    first_rate_largest,
    hoeffding,
    less_probable,
    noise_bound,
    ville,
)
from ratetheory.symbolic.derivations.norm_growth import W
from ratetheory.symbolic.derivations.sgd import FULL, GRAD, A, norm_above_start
from ratetheory.symbolic.derivations.sgd_rate import RATIO, loss_at_end, single_step
from ratetheory.symbolic.hypotheses import define
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import ProbabilityEver, Relation, m, s
from ratetheory.symbolic.rules import combine
from ratetheory.symbolic.sequences import sum_steps, telescope
from ratetheory.symbolic.vectors import inner, norm

RATE = s.eta / s.S
TILT = s.kap * s.S_first / (s.eta_first * s.Gs**2)
BOUND = RATE * s.G_mean * s.Gs


@lemma
def along_the_path(ctx: Context) -> Fact:
    """sum gamma <E G, G> <= gap + (A/2) ln(S_T/S_0), for every outcome."""
    potential = s.f - A / 2 * log(s.S)
    return combine(
        ctx,
        Relation(m.sum(RATE * s.cross), "<=", s.gap + A / 2 * RATIO),
        (1, sum_steps(ctx, single_step(ctx))),
        (-1, telescope(ctx, potential)),
        (1, loss_at_end(ctx)),
        (-1, define(ctx, "gap")),
    )


@lemma
def product_bounded(ctx: Context, sign: int) -> Fact:
    """``gamma <E G, G>``, or its negative, is at most ``gamma |E G| Gs``."""
    ((full, _),), ((grad, _),) = FULL.terms(), GRAD.terms()
    w = inner(W, W)
    cross, mean, used = define_mean(ctx, "cross"), define_mean(ctx, "G_mean"), define(ctx, "G")
    sizes = combine(
        ctx,
        Relation(s.G_mean * s.G, "==", w * norm(FULL) * norm(GRAD)),
        (s.G, mean),
        (mean.relation.right, used),
    )
    return combine(
        ctx,
        Relation(sign * RATE * s.cross, "<=", BOUND),
        (RATE * w, cauchy_schwarz(ctx, full, grad, sign)),
        (sign * RATE, cross),
        (-RATE, sizes),
        (RATE * s.G_mean, noise_bound(ctx)),
    )


def _supermartingale(ctx: Context) -> Fact:
    return hoeffding(ctx, RATE, BOUND, TILT, product_bounded(ctx, 1), product_bounded(ctx, -1))


@lemma
def rate_falls(ctx: Context) -> Fact:
    """gamma_t <= gamma_0."""
    goal = Relation(RATE, "<=", s.eta_first / s.S_first)
    return combine(ctx, goal, (1 / s.S_first, first_rate_largest(ctx)), (s.eta / (s.S * s.S_first), norm_above_start(ctx)))


def _event() -> tuple[Expr, Expr]:
    """The two sides of the inequality that may fail."""
    left = (1 - s.kap / 2) * m.sum(RATE * s.G_mean**2)
    return left, s.gap + A / 2 * RATIO + log(1 / s.risk) / TILT


def _frequency(ctx: Context) -> Fact:
    probable = ville(ctx, RATE, BOUND, TILT, s.risk, product_bounded(ctx, 1), product_bounded(ctx, -1))
    exponent, level = probable.relation.left.args
    left, right = _event()
    paid = combine(
        ctx,
        Relation((RATE * s.G_mean) ** 2, "<=", s.eta_first / s.S_first * RATE * s.G_mean**2),
        (RATE * s.G_mean**2, rate_falls(ctx)),
    )
    rarer = combine(
        ctx,
        Relation(left - right, "<=", (exponent - level) / TILT),
        (1, along_the_path(ctx)),
        (TILT * s.Gs**2 / 2, sum_steps(ctx, paid)),
    )
    return less_probable(ctx, probable, ProbabilityEver(left, right), 1 / TILT, rarer)


DERIVATIONS = {
    "sgd-observed": {"pathwise": along_the_path, "supermartingale": _supermartingale, "frequency": _frequency},
}
