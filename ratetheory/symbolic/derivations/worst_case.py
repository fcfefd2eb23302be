"""Section 10: what is known of one step of one block."""

from __future__ import annotations

from sympy import atan, log

from ratetheory.claims.worst_case import crawling
from ratetheory.symbolic.derivations.certificates import X, arctan_squared
from ratetheory.symbolic.derivations.gd_rate_phases import drop_bounded, gradient_by_gap, single_descent
from ratetheory.symbolic.inequalities import nonnegative
from ratetheory.symbolic.kernel import Context, Fact
from ratetheory.symbolic.namespace import Relation, m, s
from ratetheory.symbolic.rules import combine, instantiate


def _crawling(ctx: Context) -> Fact:
    logarithm = nonnegative(ctx, Relation(log(1 + X**2), "<=", X * atan(X)), X)
    goal = Relation(crawling(m, s), "<=", s.b * s.x * atan(s.x) - s.Lam * atan(s.x) ** 2 / 2)
    at_step = {X: s.x}
    return combine(
        ctx,
        goal,
        (s.b, instantiate(ctx, logarithm, at_step)),
        (s.Lam / 2, instantiate(ctx, arctan_squared(ctx), at_step)),
    )


DERIVATIONS = {
    "worst-case": {"cost": single_descent, "gradient": gradient_by_gap, "range": drop_bounded, "crawling": _crawling}
}
