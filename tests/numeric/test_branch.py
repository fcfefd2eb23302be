import math

import numpy as np
import pytest
from flint import arb, ctx

from ratetheory.numeric import balls, branch, floats, ratios


@pytest.fixture(autouse=True)
def precision():
    before, ctx.prec = ctx.prec, 128
    yield
    ctx.prec = before


def width(ball):
    return float((ball.upper() - ball.lower()) / ball.abs_lower())


def test_an_interior_maximum_to_twelve_digits():
    def bump(x):
        return x * (-x).exp()

    found = branch.supremum(bump, arb(0), arb(100), derivative=branch.derivative_of(bump))
    assert found.contains((arb(-1)).exp())
    assert width(found) < 1e-12


def test_without_a_derivative_to_a_few_digits():
    found = branch.supremum(lambda x: x * (-x).exp(), arb(0), arb(100), relative=1e-5)
    assert found.contains(arb(-1).exp())
    assert width(found) < 1e-5


def test_many_equal_maxima_and_minima():
    for bound, expected in ((branch.supremum, 1), (branch.infimum, -1)):
        found = bound(lambda x: x.sin(), arb(0), arb(50), derivative=lambda x: x.cos())
        assert found.contains(arb(expected))
        assert width(found) < 1e-12


@pytest.mark.parametrize("high", ["1e-30", "1e-3", "1", "1e3", "1e30", "1e300"])
def test_maxima_at_the_ends_over_many_decades(high):
    high = arb(high).mid()
    found = branch.supremum(lambda x: x.atan() * x, arb(0), high, derivative=branch.derivative_of(lambda x: x.atan() * x))
    assert found.contains(high.atan() * high)
    assert width(found) < 1e-12
    lowest = branch.infimum(lambda x: 1 + x * x, arb(0), high, derivative=lambda x: 2 * x)
    assert lowest.contains(arb(1))


def test_ends_that_are_balls_mean_every_interval():
    found = branch.supremum(lambda x: x, arb(0), arb(3, 1), derivative=lambda x: arb(1))
    assert found.contains(arb(2))
    assert found.contains(arb(4))
    lowest = branch.infimum(lambda x: x, arb(2, 1), arb(5), derivative=lambda x: arb(1))
    assert lowest.contains(arb(1))
    assert lowest.contains(arb(3))
    point = branch.supremum(lambda x: x * x, arb(2), arb(2))
    assert point.contains(arb(4))
    assert width(point) < 1e-12


def test_no_result_is_made_up():
    # the maximum is zero, where no relative width can be met
    with pytest.raises(balls.NotNarrow):
        branch.supremum(lambda x: -x * x + x**2, arb(0), arb(1), pieces=1000)
    with pytest.raises(balls.NotNarrow):
        branch.supremum(lambda x: x / (x - x), arb(0), arb(1), pieces=1000)
    with pytest.raises(balls.NotNarrow):
        branch.supremum(lambda x: 1 / x, arb(0), arb(0))
    with pytest.raises(ValueError, match="is not allowed; allowed: a number from 0"):
        branch.supremum(lambda x: x, arb(2), arb(1))


def test_the_enclosure_contains_what_a_grid_finds_for_random_functions():
    rng = np.random.default_rng(4)
    for _ in range(30):
        weights, rates = rng.normal(size=5), rng.uniform(0.1, 3, 5)

        def wave(x, weights=weights, rates=rates):
            return sum((arb(w) * (arb(k) * x).sin() for w, k in zip(weights, rates, strict=True)), arb(3))

        def slope(x, weights=weights, rates=rates):
            return sum((arb(w * k) * (arb(k) * x).cos() for w, k in zip(weights, rates, strict=True)), arb(0))

        found = branch.supremum(wave, arb(0), arb(9), derivative=slope, relative=2**-40)
        grid = np.linspace(0, 9, 200_001)
        most = np.max(3 + np.sum(weights[:, None] * np.sin(rates[:, None] * grid), axis=0))
        assert most <= float(found.upper()) + 1e-13
        assert float(found.upper()) <= most + 1e-8


PLAIN = {
    "arctan_ratio": lambda x: x.atan() / x,
    "arctan_defect": lambda x: (x - x.atan()) / x**3,
    "logarithm_ratio": lambda x: (x**2).log1p() / x**2,
    "logarithm_defect": lambda x: ((x**2).log1p() - x.atan() ** 2) / x**4,
}
AT_ZERO = {"arctan_ratio": (1, 1), "arctan_defect": (1, 3), "logarithm_ratio": (1, 1), "logarithm_defect": (1, 6)}


@pytest.mark.parametrize("name", PLAIN)
def test_the_ratios_near_zero(name):
    ratio, plain = getattr(ratios, name), PLAIN[name]
    slope = branch.derivative_of(ratio)
    assert ratio(arb(0)).contains(arb(AT_ZERO[name][0]) / AT_ZERO[name][1])
    assert width(ratio(arb(0))) < 1e-30
    for text in ("1e-30", "1e-9", "0.01", "0.24999", "0.25", "0.26", "3", "1e20"):
        x = arb(text)
        found, by_series = ratio(x), slope(x)
        ctx.prec = 1000
        exact, h = plain(arb(text)), arb(2) ** -250
        difference = (plain(arb(text) + h * x) - plain(arb(text) - h * x)) / (2 * h * x)
        ctx.prec = 128
        assert found.overlaps(exact)
        assert width(found) < 1e-30
        assert float(by_series.mid()) == pytest.approx(float(difference), rel=1e-10)
    # all values over an interval that contains 0
    wide = ratio(arb(0, 0.2))
    for text in ("1e-9", "0.1", "0.2"):
        assert wide.contains(plain(arb(text)).mid())
    assert wide.is_finite()


def noise(tau, smoothness, bound):
    """What section 7 multiplies by ln(1 + tau^2): 2 (Lam arctan(tau)^2/2 + Gbar (tau - arctan tau))/ln(1 + tau^2)."""
    angle = smoothness * ratios.arctan_ratio(tau) * ratios.arctan_ratio(tau)
    return (angle + 2 * bound * tau * ratios.arctan_defect(tau)) / ratios.logarithm_ratio(tau)


@pytest.mark.parametrize("largest", ["1e-12", "0.1", "0.7", "3", "40", "1e12"])
@pytest.mark.parametrize("bound", ["1e-6", "0.3", "1.5"])
def test_the_factor_of_the_noise(largest, bound):
    def function(tau):
        return noise(tau, arb(1), arb(bound))

    found = branch.supremum(function, arb(0), arb(largest).mid(), derivative=branch.derivative_of(function))
    assert width(found) < 1e-11
    tau = np.concatenate([np.geomspace(1e-3, 1, 20001) * float(largest), [1e-9]])
    with np.errstate(all="ignore"):
        far = 2 * (np.arctan(tau) ** 2 / 2 + float(bound) * (tau - np.arctan(tau))) / np.log1p(tau**2)
    near = 1 + 2 / 3 * float(bound) * tau
    grid = np.where(tau > 1e-4, far, near)
    assert float(found.upper()) >= np.max(grid) * (1 - 1e-9)
    assert float(found.lower()) <= max(np.max(grid), 1.0) * (1 + 1e-6)


@pytest.mark.parametrize("x_0", [0.3, 1.0, 3.0, 50.0, 1e6])
@pytest.mark.parametrize("r", [0.1, 1.5, 2.1, 10.0, 1000.0])
def test_the_infimum_of_the_slope_agrees_with_its_certificate_by_tangents(x_0, r):
    def slope(x):
        return ratios.arctan_ratio(x) + r * (x * x * x) * ratios.logarithm_defect(x)

    found = branch.infimum(slope, arb(0), arb(x_0), derivative=branch.derivative_of(slope))
    checked = balls.infimum_on_boundary(arb(x_0), arb(r))
    assert checked <= found.upper()
    assert float(found.lower()) == pytest.approx(float(checked), rel=1e-10)
    assert float(found.mid()) == pytest.approx(float(floats.infimum_on_boundary(np.array([x_0]), np.array([r]))[0]), rel=1e-10)
    assert math.isfinite(float(found.mid()))


@pytest.mark.parametrize("condition", ["1.0000001", "1.5", "2", "10", "1e3", "1e6"])
def test_how_fast_an_ellipse_turns_what_was_a_great_circle(condition):
    # section 9: the direction after whitening turns at the rate sqrt(k)/(D + e cos u); u is twice the angle before
    k = arb(condition)
    D, e = (k + 1) / 2, (k - 1) / 2

    def rate(u):
        return k.sqrt() * (k - 1) * u.sin() / ((D + e * u.cos()) * (D + e * u.cos()))

    found = branch.supremum(rate, arb(0), arb.pi(), derivative=branch.derivative_of(rate))
    c = -4 * e / (D + (D * D + 8 * e * e).sqrt())
    closed = k.sqrt() * (k - 1) * (1 - c * c).sqrt() / (D + e * c) ** 2
    assert found.overlaps(closed)
    assert width(found) < 1e-11
    assert closed < k - 1
