"""The error bars hold: true values, computed by balls at high precision, lie inside value +- error."""

import math
from fractions import Fraction

import flint
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratetheory.claims import gd_rate
from ratetheory.numeric import rounding
from ratetheory.numeric.rounding import Rounded, exact, rounded

PRECISION = 600


@pytest.fixture(autouse=True)
def high_precision():
    before, flint.ctx.prec = flint.ctx.prec, PRECISION
    yield
    flint.ctx.prec = before


def ball(number: float | Fraction) -> flint.arb:
    number = Fraction(number)
    return flint.arb(number.numerator) / number.denominator


sizes = st.builds(lambda m, e: m * 10.0**e, st.floats(1, 10), st.integers(-12, 12))
signed = st.builds(lambda s, x: s * x, st.sampled_from([-1, 1]), sizes)
relative_errors = st.one_of(st.just(0.0), st.builds(lambda e: 10.0**e, st.floats(-17, -0.1)))
places = st.sampled_from([-1, 1, Fraction(1, 3), 0, Fraction(-7, 8)])


@st.composite
def inexact(draw, numbers):
    """A computed number with its error, and a true number somewhere inside."""
    value = draw(numbers)
    error = abs(value) * draw(relative_errors)
    return rounded(value, error), ball(Fraction(value) + Fraction(error) * draw(places))


def assert_covers(computed: Rounded, truth: flint.arb) -> None:
    assert computed.value.shape == computed.error.shape
    if math.isfinite(float(computed.error)) and math.isfinite(float(computed.value)):
        assert abs(truth - ball(float(computed.value))) <= ball(float(computed.error))


BINARY = {
    "add": (lambda a, b: a + b, lambda a, b: a + b),
    "subtract": (lambda a, b: a - b, lambda a, b: a - b),
    "multiply": (lambda a, b: a * b, lambda a, b: a * b),
    "divide": (lambda a, b: a / b, lambda a, b: a / b),
    "maximum": (rounding.maximum, lambda a, b: a.max(b)),
    "minimum": (rounding.minimum, lambda a, b: a.min(b)),
    "reversed subtract": (lambda a, b: 2.5 - a * b, lambda a, b: ball(2.5) - a * b),
    "reversed divide": (lambda a, b: 3 / (a * b), lambda a, b: 3 / (a * b)),
}
UNARY = {
    "cube": (lambda x: x**3, lambda x: x**3),
    "absolute": (rounding.abs, abs),
    "atan": (rounding.atan, lambda x: x.atan()),
    "negate": (lambda x: -x, lambda x: -x),
    "pi": (lambda x: rounding.pi * x, lambda x: flint.arb.pi() * x),
    "third": (lambda x: rounding.number(Fraction(1, 3)) * x, lambda x: x / 3),
}
POSITIVE = {
    "sqrt": (rounding.sqrt, lambda x: x.sqrt()),
    "log": (rounding.log, lambda x: x.log()),
    "log1p": (rounding.log1p, lambda x: x.log1p()),
}


@pytest.mark.parametrize("name", BINARY)
@given(a=inexact(signed), b=inexact(signed))
def test_two_operands(name, a, b):
    computed, truth = BINARY[name]
    with np.errstate(all="ignore"):
        assert_covers(computed(a[0], b[0]), truth(a[1], b[1]))


@pytest.mark.parametrize("name", UNARY)
@given(x=inexact(signed))
def test_one_operand(name, x):
    computed, truth = UNARY[name]
    assert_covers(computed(x[0]), truth(x[1]))


@pytest.mark.parametrize("name", POSITIVE)
@given(x=inexact(sizes))
def test_positive_operands(name, x):
    computed, truth = POSITIVE[name]
    assert_covers(computed(x[0]), truth(x[1]))


@given(inexact(st.floats(-4, 4)))
def test_where_the_derivative_changes_within_the_error(x):
    assert_covers(rounding.cos(x[0]), x[1].cos())
    assert_covers(rounding.atan(x[0]), x[1].atan())
    if x[1] > -1 and float(x[0].value - x[0].error) > -1:
        assert_covers(rounding.log1p(x[0]), x[1].log1p())


@given(inexact(signed), inexact(signed), inexact(signed), inexact(signed))
def test_a_branch_that_the_errors_leave_open_covers_both(a, b, then, otherwise):
    computed = rounding.if_less(a[0], b[0], then[0], otherwise[0])
    assert_covers(computed, then[1] if a[1] < b[1] else otherwise[1])


def test_an_open_branch_covers_the_other_side_and_a_closed_one_does_not():
    still_open = rounding.if_less(rounded(1.0, 0.1), 1.05, 3.0, 7.0)
    assert still_open.value == 3.0
    assert still_open.error >= 4.0
    closed = rounding.if_less(rounded(1.0, 0.01), 1.05, 3.0, 7.0)
    assert closed.error == 0.0


@given(st.lists(st.lists(inexact(signed), min_size=3, max_size=3), min_size=1, max_size=6))
def test_sums_minima_and_blocks(rows):
    x = Rounded(*(np.array([[getattr(entry[0], part) for entry in row] for row in rows], float) for part in ("value", "error")))
    truth = [[entry[1] for entry in row] for row in rows]
    total, least = rounding.sum(x), rounding.least(x)
    for t in range(len(rows)):
        for j in range(3):
            so_far = [truth[s][j] for s in range(t + 1)]
            assert_covers(total[t, j], sum(so_far, flint.arb(0)))
            assert_covers(least[t, j], min(so_far[1:], key=lambda v: float(v.mid()), default=so_far[0]).min(so_far[0]))
        assert_covers(rounding.over_blocks(x)[t, 0], sum(truth[t], flint.arb(0)))
        assert_covers(rounding.over_other_blocks(x)[t, 1], truth[t][0] + truth[t][2])
        assert_covers(rounding.largest_block(x)[t, 0], truth[t][0].max(truth[t][1]).max(truth[t][2]))


@given(st.lists(inexact(signed), min_size=3, max_size=3), st.lists(inexact(signed), min_size=9, max_size=9))
def test_quadratic_form(entries, coefficients):
    y = [entry[0] for entry in entries]
    M = Rounded(*(np.array([getattr(c[0], part) for c in coefficients]).reshape(1, 1, 3, 3) for part in ("value", "error")))
    blocks = Rounded(*(np.array([[[getattr(v, part) for v in y[:2]]]]) for part in ("value", "error")))
    last = Rounded(*(np.array([[[getattr(y[2], part)]]]) for part in ("value", "error")))
    truth = sum((coefficients[3 * i + j][1] * entries[i][1] * entries[j][1] for i in range(3) for j in range(3)), flint.arb(0))
    assert_covers(rounding.quadratic_form(M, blocks, last)[0, 0, 0], truth)


@given(inexact(sizes), inexact(sizes), inexact(sizes), inexact(sizes))
def test_larger_increment_encloses_the_root(c, l, b, r):
    delta = rounding.larger_increment(c[0], l[0], b[0], r[0])
    if not math.isfinite(float(delta.error)):
        return

    def level(x: flint.arb) -> flint.arb:
        return c[1] * x - l[1] * (x / b[1]).log1p() - r[1]

    # the function rises right of l/c - b, and the root lies there
    low, high = (ball(float(delta.value)) + sign * ball(float(delta.error)) for sign in (-1, 1))
    assert level(high) >= 0
    bottom = (l[1] / c[1] - b[1]).max(flint.arb(0))
    assert low <= bottom or level(low) <= 0


@given(inexact(sizes), inexact(sizes))
def test_infimum_on_boundary_encloses_the_infimum(x_0, r):
    infimum = rounding.infimum_on_boundary(x_0[0], r[0])
    if not math.isfinite(float(infimum.error)):
        return
    angles = ([x_0[1] * ball(Fraction(k, 400)) for k in range(1, 401)]) + [ball(2.0**-k) for k in range(-40, 41)]
    values = [_slope_on_boundary(x, r[1]) for x in angles if x <= x_0[1]]
    low, high = (ball(float(infimum.value)) + sign * ball(float(infimum.error)) for sign in (-1, 1))
    assert all(value >= low for value in values)
    # the sampled infimum is not below the true one, and near it where the samples are dense
    assert any(value <= high * ball(1.5) for value in values)


def _slope_on_boundary(x: flint.arb, r: flint.arb) -> flint.arb:
    return (x.atan() + r * ((x * x).log1p() - x.atan() ** 2)) / x


@given(inexact(sizes), inexact(sizes), inexact(sizes), inexact(sizes))
def test_a_formula_of_a_claim(c, Lam, b, x):
    """The one-step slope and the Lyapunov term, from the claim's own text, against its transcription in balls."""
    with np.errstate(all="ignore"):
        assert_covers(gd_rate.psi(rounding, c[0], Lam[0], b[0]), c[1] * b[1] - Lam[1] / 2 * b[1].log())
        slope = gd_rate.slope(rounding, b[0], x[0], Lam[0])
    angle, square = x[1].atan(), x[1] * x[1]
    assert_covers(slope, angle / x[1] + Lam[1] / (2 * b[1] * square) * (square.log1p() - angle**2))


def test_any_multiplier_gives_a_bound_that_is_not_below_the_infimum():
    nu_0 = exact(np.array([[[0.5]], [[4.0]]]))
    best = rounding.infimum_over_multipliers(lambda nu: nu + 4 / nu, nu_0)
    assert best.value[:, 0, 0] == pytest.approx([4.0, 5.0], rel=1e-6)
    assert np.all(best.value + best.error >= [[[4.0]], [[5.0]]])


def test_steps_count_horizons():
    assert rounding.steps(exact(np.zeros((2, 3, 1)))).value[:, 0].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(("left", "right", "violated"), [(1.0, 1.05, False), (1.0, 0.95, False), (1.0, 0.5, True)])
def test_an_inequality_is_violated_only_beyond_both_errors(left, right, violated):
    excess = rounding.excess(rounded(left, 0.04), "<=", rounded(right, 0.04))
    assert (float(excess) > 0) is violated


@pytest.mark.parametrize(
    ("left", "right", "violated"), [(1.0, 1.05, False), (1.0, 0.95, False), (1.0, 1.5, True), (1.5, 1.0, True)]
)
def test_an_equality_is_violated_where_the_intervals_do_not_overlap(left, right, violated):
    excess = rounding.excess(rounded(left, 0.04), "==", rounded(right, 0.04))
    assert (float(excess) > 0) is violated


def test_what_is_not_a_number_decides_nothing():
    with np.errstate(all="ignore"):
        broken = exact(0.0) / exact(0.0)
        assert not np.isfinite(rounding.excess(broken, "<=", 1.0))
        assert not rounding.excess(exact(1e200) * 1e200, "<=", 1.0) > 0
        assert not rounding.excess(1.0, "<=", 1 / rounded(0.1, 0.2)) > 0


@pytest.mark.parametrize("exponent", [0, -1, 0.5])
def test_only_whole_powers_are_known(exponent):
    with pytest.raises(ValueError, match="exponent"):
        exact(2.0) ** exponent
