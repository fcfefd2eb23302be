"""Normal forms decide equality and sign, and never claim what is false."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sympy import IndexedBase, Integer, Rational, S, Symbol, atan, cos, log, sin, sqrt

from ratetheory.symbolic.algebra import are_equal, is_nonnegative, is_positive, is_zero
from ratetheory.symbolic.vectors import BLOCKS, HORIZON, STEP, Sum

X, Y = Symbol("x", positive=True), Symbol("y", positive=True)
Z = Symbol("z", real=True)
J, K, N = (Symbol(name, integer=True, positive=True) for name in "jkn")
F, G = IndexedBase("F", real=True), IndexedBase("Q", real=True)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((X + Y) ** 2, X**2 + 2 * X * Y + Y**2),
        (log(1 + X**2 / Y**2), log(X**2 + Y**2) - 2 * log(Y)),
        (log(X + Y / X), log(X**2 + Y) - log(X)),
        (sqrt(1 + X) * sqrt(1 + X) / X, 1 + 1 / X),
        (1 / (sqrt(1 + X) - 1), (sqrt(1 + X) + 1) / X),
        (sin(Z) ** 4, 1 - 2 * cos(Z) ** 2 + cos(Z) ** 4),
        (atan(X / (X * Y)), atan(1 / Y)),
        (Sum(3 * F[J] + G[J] * X, (J, 1, BLOCKS)), 3 * Sum(F[K], (K, 1, BLOCKS)) + X * Sum(G[N], (N, 1, BLOCKS))),
        (Sum(Sum(F[J] * G[K], (J, 1, BLOCKS)), (K, 1, BLOCKS)), Sum(G[J] * F[K], (K, 1, BLOCKS), (J, 1, BLOCKS))),
        (
            Sum(Sum(F[J] * G[STEP], (J, 1, BLOCKS)), (STEP, 0, HORIZON - 1)),
            Sum(Sum(F[J] * G[STEP], (STEP, 0, HORIZON - 1)), (J, 1, BLOCKS)),
        ),
    ],
)
def test_equal_expressions_have_one_normal_form(left, right):
    assert are_equal(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((X + Y) ** 2, X**2 + Y**2),
        (log(X + Y), log(X) + log(Y)),
        (sqrt(X + Y), sqrt(X) + sqrt(Y)),
        (sin(Z) ** 2, 1 + cos(Z) ** 2),
        (atan(X) + atan(Y), atan(X + Y)),
        (Sum(F[J] * G[J], (J, 1, BLOCKS)), Sum(F[J], (J, 1, BLOCKS)) * Sum(G[J], (J, 1, BLOCKS))),
        (Sum(F[J], (J, 1, BLOCKS)), F[J]),
        (Sum(F[J] * G[K], (J, 1, BLOCKS), (K, 1, BLOCKS)), Sum(F[J] * G[J], (J, 1, BLOCKS))),
    ],
)
def test_different_expressions_are_not_equal(left, right):
    assert not are_equal(left, right)


@given(st.lists(st.integers(-4, 4), min_size=6, max_size=6), st.integers(1, 5), st.integers(1, 5))
def test_zero_is_decided_as_by_values(c, x, y):
    expression = (c[0] * X + c[1] / Y) * (c[2] + c[3] * Y) - (c[4] * X * Y + c[5])
    value = expression.xreplace({X: Integer(x), Y: Integer(y)})
    assume(value != 0)
    assert not is_zero(expression)


def test_what_is_false_is_not_expanded():
    """The expansion of this has more than a million terms."""
    letters = sum((Symbol(f"x_{n}", positive=True) for n in range(6)), X)
    assert not is_zero(letters**60 - 1)
    assert not is_zero(sqrt(letters) ** 121 - sin(Z) / letters**60)


@given(st.lists(st.integers(-4, 4), min_size=4, max_size=4), st.integers(2, 40))
def test_what_is_zero_is_not_taken_for_a_value(c, n):
    """Large and small numbers that cancel are told from a value that is not zero."""
    base = c[0] * sqrt(X + 10**20 * Y) + c[1] * sin(Z) / Y + c[2] * cos(Z) + c[3]
    assert is_zero(base**n - base.expand() * base ** (n - 1))
    assert is_zero(base**2 - (base**2).expand())


@given(st.lists(st.fractions(-3, 3), min_size=3, max_size=3), st.fractions(0, 4).filter(bool))
def test_a_certain_sign_is_the_sign_of_every_value(c, x):
    expression = sum((Rational(a.numerator, a.denominator) * X**n for n, a in enumerate(c)), S.Zero)
    value = expression.xreplace({X: Rational(x.numerator, x.denominator)}) if expression.has(X) else expression
    assert value >= 0 or not is_nonnegative(expression)
    assert value > 0 or not is_positive(expression)


def test_a_sum_does_not_capture_a_bound_name():
    inner = Sum(F[J] * G[K], (J, 1, BLOCKS))
    assert not are_equal(Sum(inner, (K, 1, BLOCKS)), Sum(F[J] * G[J], (J, 1, BLOCKS)))
