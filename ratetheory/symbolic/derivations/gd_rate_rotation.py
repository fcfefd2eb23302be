"""Section 6, one block: the sum of the squared gradients from the angles, each of which the descent pays for."""

from __future__ import annotations

from sympy import Expr, S, atan, log

from ratetheory.claims.gd_rate import by_rotation, least_increment
from ratetheory.symbolic.choices import below_smaller
from ratetheory.symbolic.derivations.certificates import X as ARGUMENT
from ratetheory.symbolic.derivations.certificates import recursion
from ratetheory.symbolic.derivations.gd_rate import SQUARES, loss_above
from ratetheory.symbolic.derivations.gd_rate_continuous import continuous_envelope
from ratetheory.symbolic.derivations.gd_rate_phases import (
    THETA,
    angle_squared,
    logarithm_grows,
    logarithm_step,
    single_descent,
    two_phase_envelope,
)
from ratetheory.symbolic.hypotheses import define, single_block
from ratetheory.symbolic.inequalities import nonnegative
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import Relation, m, s
from ratetheory.symbolic.rules import combine, instantiate
from ratetheory.symbolic.sequences import sum_steps, telescope
from ratetheory.symbolic.vectors import HORIZON, STEP


@lemma
def paid_by_angle(ctx: Context) -> Fact:
    """|G|^2 <= b_{t+1} theta |G|: x/(1 + x^2) <= arctan(x)."""
    falls = nonnegative(ctx, Relation(ARGUMENT / (1 + ARGUMENT**2), "<=", atan(ARGUMENT)), ARGUMENT)
    at_step = instantiate(ctx, falls, {ARGUMENT: s.G / s.b})
    goal = Relation(s.G**2, "<=", s.b_next * THETA * s.G)
    return combine(ctx, goal, ((s.b + s.G**2 / s.b) * s.G, at_step), (-THETA * s.G, recursion(ctx)))


def sum_by_rotation(ctx: Context, increment: Expr, within: Fact) -> Fact:
    """The sum from any bound on b_T - b_0: the descent pays for every angle, and b <= B at every step."""
    end = s.b_first + increment
    at_horizon = combine(ctx, Relation(s.b_last, "<=", end), (1, within))
    positive = combine(ctx, Relation(S.Zero, "<=", end), (1, at_horizon))
    step = combine(
        ctx,
        Relation(s.G**2, "<=", end * (s.f - s.f_next + s.L / 2 * (log(s.b_next) - log(s.b)))),
        (1, paid_by_angle(ctx)),
        (THETA * s.G, instantiate(ctx, at_horizon, {HORIZON: STEP + 1})),
        (1, single_descent(ctx), positive),
        (s.L / 2, angle_squared(ctx), positive),
        (-end * s.L / 2, logarithm_step(ctx)),
    )
    total = m.sum(SQUARES)
    return combine(
        ctx,
        Relation(total, "<=", by_rotation(m, s.L, s.b_first, increment, s.gap)),
        (1, sum_steps(ctx, step)),
        (-end, telescope(ctx, s.f)),
        (end * s.L / 2, telescope(ctx, log(s.b))),
        (1, instantiate(ctx, loss_above(ctx), {STEP: HORIZON}), positive),
        (-end, define(ctx, "gap")),
        (s.L / 2, logarithm_grows(ctx, at_horizon), positive),
        (1, single_block(ctx, total)),
    )


def _by_rotation(ctx: Context) -> Fact:
    increment = least_increment(m, s.L, s.b_first, s.Gbar, s.gap)
    within = below_smaller(ctx, increment, two_phase_envelope(ctx), continuous_envelope(ctx))
    return sum_by_rotation(ctx, increment, within)


DERIVATIONS = {"gd-rate": {"sum-rotation": _by_rotation}}
