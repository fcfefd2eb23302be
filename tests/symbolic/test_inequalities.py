"""One-variable inequalities: the proved ones hold in high precision, the false ones are refuted."""

import mpmath
import pytest
from sympy import Symbol, acos, atan, cos, lambdify, log, pi, sqrt

from ratetheory.claims import claims
from ratetheory.symbolic.derivations.certificates import X as ARGUMENT
from ratetheory.symbolic.derivations.certificates import arctan_squared
from ratetheory.symbolic.derivations.gd_rate import Y as POSITIVE
from ratetheory.symbolic.derivations.gd_rate import logarithm_below
from ratetheory.symbolic.derivations.log_lyapunov import HIGH, LOW, arctan_ratio
from ratetheory.symbolic.inequalities import bounded_by_limit, constant_difference, monotone, nonnegative
from ratetheory.symbolic.kernel import Context, Refuted, RuleFailure
from ratetheory.symbolic.namespace import Relation
from ratetheory.symbolic.rules import by_sign, combine, suppose

X = Symbol("x", nonnegative=True)
U = Symbol("u", positive=True)
P = Symbol("p", positive=True)
POINTS = [mpmath.mpf(10) ** k * c for k in range(-8, 9) for c in (1, mpmath.mpf("3.7"))]

PROVED = {
    "arctan below": Relation(atan(X), "<=", X),
    "arctan above": Relation(X / (1 + X**2), "<=", atan(X)),
    "arctan squared": Relation(atan(X) ** 2, "<=", log(1 + X**2)),
    "logarithm below": Relation(log(1 + X), "<=", X),
    "logarithm above": Relation(X / (1 + X), "<=", log(1 + X)),
    "cosine": Relation(1 - X**2 / 2, "<=", cos(X)),
    "with a parameter": Relation(log(1 + P * X), "<=", P * X),
}
FALSE = {
    "arctan squared, 10% smaller": Relation(atan(X) ** 2, "<=", log(1 + X**2) * 9 / 10),
    "arctan, other sign": Relation(X, "<=", atan(X)),
    "arctan, other exponent": Relation(atan(X), "<=", X**2),
    "logarithm, 1% smaller": Relation(log(1 + X), "<=", X * 99 / 100),
    "far away": Relation(X**2, "<=", 100 + X),
    "with a parameter": Relation(P * X, "<=", log(1 + P * X)),
}


def context():
    return Context(claims["gd-rate"], 60.0)


def holds(relation, **values):
    names = sorted(relation.free_symbols(), key=str)
    with mpmath.workdps(60):
        gap = lambdify(names, relation.gap, "mpmath")(*(values[str(n)] for n in names))
        return gap >= 0


@pytest.mark.parametrize("name", PROVED)
def test_true_inequalities_are_proved_and_hold_numerically(name):
    relation = nonnegative(context(), PROVED[name], X).relation
    assert relation == PROVED[name]
    assert all(holds(relation, x=x, p=p) for x in POINTS for p in (mpmath.mpf("0.01"), 1, 50))


def test_the_square_of_an_angle_is_below_the_logarithm_of_its_cosine():
    """On a quarter turn; beyond it the cosine is negative, so the fact carries its range."""
    fact = nonnegative(context(), Relation(X**2, "<=", -2 * log(cos(X))), X, quarter_turn=True)
    assert fact.assumptions == {Relation(X, "<", pi / 2)}
    assert all(holds(fact.relation, x=x) for x in POINTS if x < mpmath.pi / 2)
    with pytest.raises(Refuted):
        nonnegative(context(), Relation(X**2, "<=", -log(cos(X))), X, quarter_turn=True)
    with pytest.raises(RuleFailure, match="may not be smooth"):
        nonnegative(context(), Relation(X**2, "<=", -2 * log(cos(X))), X)


@pytest.mark.parametrize("name", FALSE)
def test_false_inequalities_are_refuted(name):
    with pytest.raises(Refuted, match="fails at"):
        nonnegative(context(), FALSE[name], X)


def test_the_lemmas_of_the_derivations_hold_numerically():
    ctx = context()
    squared, below, ratio = arctan_squared(ctx), logarithm_below(ctx), arctan_ratio(ctx)
    assert all(holds(squared.relation, **{ARGUMENT.name: x}) for x in POINTS)
    assert all(holds(below.relation, **{POSITIVE.name: x}) for x in POINTS)
    assert ratio.assumptions == {Relation(LOW, "<=", HIGH)}
    pairs = [(x, y) for x in POINTS for y in POINTS if x <= y]
    assert all(holds(ratio.relation, **{LOW.name: x, HIGH.name: y}) for x, y in pairs)


def test_a_true_inequality_beyond_the_rule_is_undecided_not_proved():
    with pytest.raises(RuleFailure) as failure:
        nonnegative(context(), Relation(X, "<=", 1 + X**2 / 2 + 0 * X), X)
    assert not isinstance(failure.value, Refuted)


@pytest.mark.parametrize(
    "relation",
    [
        Relation(atan(X), "<", 1 + X),
        Relation(log(X), "<=", X),
        Relation(sqrt(X), "<=", 1 + X),
        Relation(1 / (X - 1), "<=", X + 5),
    ],
)
def test_strict_or_irregular_goals_are_refused(relation):
    with pytest.raises(RuleFailure):
        nonnegative(context(), relation, X)


@pytest.mark.parametrize("variable", [U, Symbol("x", real=True), Symbol("n", integer=True, nonnegative=True)])
def test_the_variable_must_be_declared_nonnegative(variable):
    with pytest.raises(RuleFailure, match="declared nonnegative"):
        nonnegative(context(), Relation(atan(variable), "<=", variable), variable)


def test_identity_by_derivative():
    true = Relation(acos(1 / sqrt(1 + X**2)), "==", atan(X))
    assert constant_difference(context(), true, X).relation == true
    for false in (Relation(acos(1 / sqrt(1 + X**2)), "==", 2 * atan(X)), Relation(acos(1 / (1 + X**2)), "==", atan(X))):
        with pytest.raises(Refuted):
            constant_difference(context(), false, X)
    with pytest.raises(RuleFailure, match="equal at 0"):
        constant_difference(context(), Relation(atan(X) + 1, "==", atan(X)), X)


def test_bound_by_the_limit():
    true = Relation(atan(X), "<=", pi / 2)
    assert bounded_by_limit(context(), true, X).relation == true
    with pytest.raises(Refuted):
        bounded_by_limit(context(), Relation(atan(X), "<=", pi / 3), X)
    with pytest.raises(RuleFailure):
        bounded_by_limit(context(), Relation(cos(X), "<=", pi / 3), X)


def _increasing(ctx, low, high, function, slope):
    return monotone(ctx, function, U, low, high, suppose(ctx, Relation(low, "<=", high)), slope)


def test_monotone_needs_the_sign_of_the_derivative_between_the_ends():
    ctx = context()
    a, b = Symbol("a", positive=True), Symbol("b", positive=True)
    rises = by_sign(ctx, Relation(0 * U, "<=", 1 / U))
    fact = _increasing(ctx, a, b, log(U), rises)
    assert fact.relation == Relation(log(a), "<=", log(b))
    assert fact.assumptions == {Relation(a, "<=", b)}
    with pytest.raises(RuleFailure, match="does not bound the derivative"):
        _increasing(ctx, a, b, U**2 - U, rises)
    with pytest.raises(RuleFailure, match="does not say that"):
        monotone(ctx, log(U), U, b, a, suppose(ctx, Relation(a, "<=", b)), rises)
    beyond = combine(ctx, Relation(0 * U, "<=", 2 * U - 2), (2, suppose(ctx, Relation(1 + 0 * U, "<=", U))))
    with pytest.raises(RuleFailure, match="depends on u"):
        _increasing(ctx, a, b, U**2 - 2 * U, beyond)
