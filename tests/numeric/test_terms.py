from dataclasses import replace
from fractions import Fraction
from math import log, pi

import pytest

from ratetheory.numeric import floats
from ratetheory.numeric.certify import as_float, certified, problem_in
from ratetheory.numeric.constants import load_constants, one_block
from ratetheory.numeric.terms import best_learning_rate, dominant_term, sensitivities, shares

ALL = (("sharper", "two-phase"), True)


@pytest.mark.parametrize(("b_0", "term"), [("1e6", "gap"), ("1e-6", "logarithm")])
def test_dominant_term(b_0, term):
    result = certified(one_block(b_0, 1, 1, "0.5"), *ALL)
    assert dominant_term(result) == term
    assert sum(shares(result).values()) == pytest.approx(1)


def test_reach_dominates_two_phases_that_sum_by_growth():
    result = certified(one_block("0.9", 1, "0.1", 1, 1), ("two-phase",), False)
    assert not result.candidate.sum_by_rotation
    assert dominant_term(result) == "reach"
    assert sum(shares(result).values()) == pytest.approx(1)


@pytest.mark.parametrize("method", ["simple", "sharper", "two-phase", "continuous"])
def test_the_sum_by_rotation_is_b_times_gap_and_logarithm(method):
    result = certified(one_block("1e-6", 1, 2, "0.5"), (method,), False)
    assert result.candidate.sum_by_rotation
    B = 1e-6 + float(result.candidate.increment)
    gap, logarithm = 0.5, 2 / 2 * log(B / 1e-6)
    assert float(result.C) == pytest.approx(B * (gap + logarithm))
    found = shares(result)
    assert {name for name, share in found.items() if share} == {"gap", "logarithm"}
    assert found["gap"] == pytest.approx(gap / (gap + logarithm))
    assert sum(found.values()) == pytest.approx(1)
    assert dominant_term(result) == "logarithm"


@pytest.mark.parametrize("b_0", ["1e-6", "0.1", "1", "30"])
@pytest.mark.parametrize("gradient_bound", [None, "1.2"])
def test_sensitivities_add_up(b_0, gradient_bound):
    # C is quadratic where |w|^2, L, the gap and the gradient bound grow together
    found = sensitivities(one_block(b_0, 1, 1, "0.5", gradient_bound), *ALL)
    assert sum(found[name] for name in ("squared_norm", "smoothness", "gap", "gradient_bound")) == pytest.approx(2, abs=1e-3)
    assert found["learning_rate"] == pytest.approx(-found["squared_norm"], abs=1e-3)


def test_sensitivities_are_those_of_the_limits():
    # for b_0 -> inf, C -> b_0 gap; for b_0 -> 0 two phases give (Gbar^2/b_0)(gap + L ln(Gbar/b_0)), Gbar proportional to L
    large = sensitivities(one_block("1e9", 1, 1, "0.5"), *ALL)
    assert large == pytest.approx(
        {"squared_norm": 1, "learning_rate": -1, "smoothness": 0, "gap": 1, "gradient_bound": 0}, abs=1e-3
    )
    small = sensitivities(one_block("1e-9", 1, 1, 2), ("two-phase",), False)
    logarithm = log(pi / 2 * 1e9)
    assert small["squared_norm"] == pytest.approx(-1 - 1 / (2 + logarithm), abs=1e-3)
    assert small["smoothness"] == pytest.approx(2 + (1 + logarithm) / (2 + logarithm), abs=1e-3)
    assert small["gap"] == pytest.approx(2 / (2 + logarithm), abs=1e-3)


def test_the_best_learning_rate_beats_its_neighbours_and_its_valley_has_the_stated_width():
    constants = one_block(3, "1/7", 2, "0.5")
    best = best_learning_rate(constants, *ALL)

    def total(rate):
        return float(certified(one_block(3, rate, 2, "0.5"), *ALL).C)

    assert total(best["learning_rate"]) == pytest.approx(best["total"], rel=1e-3)
    for factor in (0.5, 0.9, 1.1, 2.0):
        assert total(best["learning_rate"] * factor) >= best["total"] * (1 - 1e-6)
    for factor in (2, 10):
        low, high = best[f"within_factor_{factor}"]
        for end, beyond in ((low, low * 0.999), (high, high * 1.001)):
            assert total(end) <= factor * best["total"] * (1 + 1e-6) < total(beyond) * (1 + 2e-3)


def test_several_blocks_with_scale_variant_parameters_have_shares_too():
    result = certified(load_constants("examples/constants-two-blocks.toml"), *ALL)
    found = shares(result)
    assert found["scale-variant"] > 0
    assert sum(found.values()) == pytest.approx(1)


def test_the_decoupled_smoothness_goes_with_the_smoothness():
    """Where the two are equal, the smoothness alone cannot rise."""
    constants = one_block(1, 1, 1, 1)
    decoupled = replace(constants, decoupled=(Fraction(1),))
    assert sensitivities(decoupled, *ALL)["smoothness"] == pytest.approx(sensitivities(constants, *ALL)["smoothness"])


def test_no_price_of_the_scale_variant_parameters_where_their_rate_is_too_large():
    constants = load_constants("examples/constants-two-blocks.toml")
    assert problem_in(floats, as_float, list, constants, Fraction(1)).nu_0 > 0
    assert problem_in(floats, as_float, list, constants, Fraction(1, 10**6)).nu_0 is None
