"""Ten thousand constants over thirty decades: narrow enclosures, floats that agree with them, and no exception."""

from fractions import Fraction

import numpy as np
import pytest

import ratetheory as rt

COUNT = 2500


def constants(seed):
    rng = np.random.default_rng(seed)
    L = 10 ** rng.uniform(-15, 15, COUNT)
    return {
        "squared_norm": 10 ** rng.uniform(-15, 15, COUNT),
        "smoothness": L,
        "gap": np.where(rng.uniform(size=COUNT) < 0.01, 0.0, np.pi**2 / 4 * L * 10 ** rng.uniform(-15, 0, COUNT)),
        "gradient_bound": np.pi / 2 * L * np.where(rng.uniform(size=COUNT) < 0.5, 1.0, 10 ** rng.uniform(-10, 0, COUNT)),
    }


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "method"), list(enumerate(["simple", "sharper", "two-phase", "continuous"])))
def test_floats_agree_with_narrow_enclosures(seed, method):
    given = constants(seed)
    floats = rt.bound_gd(learning_rate=1.0, steps=1e9, method=method, **given)
    assert not np.isnan(floats.value).any()
    for i in range(COUNT):
        one = {name: float(values[i]) for name, values in given.items()}
        if method == "two-phase" and one["squared_norm"] >= one["gradient_bound"]:
            continue
        bound = rt.bound_gd(learning_rate=1, steps=10**9, method=method, **one)
        low, high = map(Fraction, bound.enclosure)
        assert 0 <= low <= high
        assert high - low <= high * Fraction(1, 10**12)
        assert Fraction(bound.value) >= high
        # what the float path loses is rounding: nothing has to be explained by a coarser form
        assert floats.total[i] == pytest.approx(bound.total, rel=1e-12, abs=0)
        assert floats.value[i] == pytest.approx(bound.value, rel=1e-12, abs=0)


def test_the_best_form_is_the_smallest():
    given = constants(9)
    for i in range(COUNT // 10):
        one = {name: float(values[i]) for name, values in given.items()}
        best = rt.bound_gd(learning_rate=1, steps=10**9, **one)
        low, high = map(Fraction, best.enclosure)
        assert high - low <= high * Fraction(1, 10**12)
        for method in ("sharper", "continuous"):
            other = rt.bound_gd(learning_rate=1, steps=10**9, method=method, **one)
            assert low <= Fraction(other.enclosure[1])
