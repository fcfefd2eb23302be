import mpmath
import numpy as np
import pytest

from ratetheory.numeric import floats
from tests.numeric import reference

mpf = mpmath.mpf


def residual(c, l, b, r, increment):
    """How far the increment is from the root, relative to itself, in exact arithmetic."""
    c, l, b, r, d = (mpf(float(v)) for v in (c, l, b, r, increment))
    with mpmath.workdps(400):
        value = c * d - l * mpmath.log1p(d / b) - r
        slope = c - l / (b + d)
        assert slope > 0, "the smaller root"
        return float(abs(value / (slope * d)))


def test_larger_increment_is_the_larger_root_over_200_decades():
    rng = np.random.default_rng(0)
    n = 400
    c, l = rng.uniform(0, 1, n) ** 3 + 1e-6, 10 ** rng.uniform(-8, 8, n)
    b, r = 10 ** rng.uniform(-100, 100, n), 10 ** rng.uniform(-30, 30, n)
    increments = floats.larger_increment(c, l, b, r)
    assert max(residual(*row) for row in zip(c, l, b, r, increments, strict=True)) < 2e-14


def test_larger_increment_near_the_double_root_is_as_good_as_its_conditioning():
    rng = np.random.default_rng(1)
    n = 200
    c, l = rng.uniform(0.1, 1, n), 10 ** rng.uniform(-3, 3, n)
    distance = 10 ** rng.uniform(-12, 0, n) * rng.choice([-1, 1], n)
    b, r = l / c * (1 + distance), l * 10 ** rng.uniform(-25, 1, n)
    increments = floats.larger_increment(c, l, b, r)
    # a relative change u of b moves the root by about u/|b/b* - 1|: rounding of the inputs alone allows this much
    for row, away in zip(zip(c, l, b, r, increments, strict=True), np.abs(distance), strict=True):
        assert residual(*row) * min(1.0, away) < 4e-15


def test_nothing_to_spend_right_of_the_minimum_means_no_growth():
    assert floats.larger_increment(1.0, 0.5, 2.0, 0.0) == 0.0


@pytest.mark.parametrize("r", [0.01, 1.0, 1.8, 1.95, 1.9608, 2.0, 5.0, 300.0])
@pytest.mark.parametrize("x_0", [1e-3, 0.3, 1.0, 1.7, 3.0, 50.0])
def test_infimum_of_the_slope_against_a_grid(r, x_0):
    found = float(floats.infimum_on_boundary(x_0, r))
    by_grid = float(reference.infimum_by_grid(x_0, mpf(2 * r), mpf(1), points=400))
    assert found == pytest.approx(by_grid, rel=1e-9)


def test_interior_minimum_exists_exactly_above_the_fold():
    assert np.isinf(floats.interior_minimum(np.array(1.9607)))
    assert np.isfinite(floats.interior_minimum(np.array(1.9608)))
    # the derivative of e vanishes there
    r = np.geomspace(1.97, 1e8, 50)
    x = floats.interior_minimum(r)
    for x_i, r_i in zip(x, r, strict=True):
        slope = mpmath.diff(lambda t, r_i=r_i: reference.boundary_slope(t, 2 * mpf(float(r_i)), mpf(1)), mpf(float(x_i)))
        assert abs(slope) < 1e-4 * x_i


def test_over_other_blocks_does_not_cancel():
    x = np.array([[1e20, 1.0, 2.0]])
    np.testing.assert_array_equal(floats.over_other_blocks(x), [[3.0, 1e20 + 2.0, 1e20 + 1.0]])
    assert floats.over_other_blocks(np.array([[5.0]])) == 0


def test_best_multiplier_of_a_parabola_in_the_logarithm():
    nu = floats.best_multiplier(lambda v: (np.log(v) - 3.0) ** 2 + 1.0, np.array([0.0]))
    assert np.log(nu) == pytest.approx(3.0, abs=1e-4)
    assert floats.best_multiplier(lambda v: v, np.array([7.0])) == pytest.approx(7.0)
