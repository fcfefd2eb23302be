"""The shape of N(x) = x e(x), on which the certified infimum of the sharper slope rests: concave, convex, concave.

c <= e on (0, x_0] is N - c x >= 0 there. Where N is concave that holds once it holds at the ends (N(0) = 0); where N is
convex a tangent decides.
"""

import pytest
from sympy import S, Symbol, atan

from ratetheory.claims import claims
from ratetheory.claims.gd_rate import slope_on_boundary
from ratetheory.symbolic.equations import identity
from ratetheory.symbolic.inequalities import monotone
from ratetheory.symbolic.kernel import Context, RuleFailure
from ratetheory.symbolic.namespace import Relation, m
from ratetheory.symbolic.rules import combine, suppose

X, A, B, U = (Symbol(name, nonnegative=True) for name in ("x", "a_1", "b_1", "u"))
R = Symbol("r", positive=True)
BEND = 2 * atan(U) - U


@pytest.fixture
def ctx():
    return Context(claims["log-lyapunov"], 60.0)


def at(value):
    return BEND.xreplace({U: value})


def test_the_second_derivative_changes_sign_with_the_bend(ctx):
    second = (X * slope_on_boundary(m, X, R)).expand().diff(X, 2)
    fact = identity(ctx, Relation(second, "==", 2 * X * (R * (2 * atan(X) - X) - 1) / (1 + X**2) ** 2))
    assert fact.assumptions == frozenset()
    with pytest.raises(RuleFailure):
        identity(ctx, Relation(second, "==", 2 * X * (R * (atan(X) - X) - 1) / (1 + X**2) ** 2))


def test_the_bend_rises_up_to_one_and_falls_after_it(ctx):
    ordered = suppose(ctx, Relation(A, "<=", B))
    weight = (1 + U) / (1 + U**2)
    inside, early = suppose(ctx, Relation(U, "<=", B)), suppose(ctx, Relation(B, "<=", S.One))
    rising = combine(ctx, Relation(S.Zero, "<=", BEND.diff(U)), (weight, inside), (weight, early))
    rise = monotone(ctx, BEND, U, A, B, ordered, rising)
    assert rise.relation == Relation(at(A), "<=", at(B))
    assert rise.assumptions == {ordered.relation, early.relation}

    inside, late = suppose(ctx, Relation(A, "<=", U)), suppose(ctx, Relation(S.One, "<=", A))
    falling = combine(ctx, Relation(S.Zero, "<=", -BEND.diff(U)), (weight, inside), (weight, late))
    fall = monotone(ctx, -BEND, U, A, B, ordered, falling)
    assert fall.relation == Relation(-at(A), "<=", -at(B))
    assert fall.assumptions == {ordered.relation, late.relation}
