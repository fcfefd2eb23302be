import pytest

from ratetheory.numeric.certify import certified
from ratetheory.numeric.constants import load_constants, one_block
from ratetheory.numeric.terms import best_learning_rate, dominant_term, sensitivities, shares

ALL = (("sharper", "two-phase"), True)


@pytest.mark.parametrize(("b_0", "term"), [("1e6", "gap"), ("1e-6", "logarithm")])
def test_dominant_term(b_0, term):
    result = certified(one_block(b_0, 1, 1, "0.5"), *ALL)
    assert dominant_term(result) == term
    assert sum(shares(result).values()) == pytest.approx(1)


def test_reach_dominates_two_phases_at_tiny_b():
    result = certified(one_block("1e-6", 1, 1, "0.5"), ("two-phase",), False)
    assert dominant_term(result) == "reach"


def test_sensitivities_are_those_of_the_limits():
    # for b_0 -> inf, C -> b_0 gap; for b_0 -> 0 two phases give Gbar^4/(2 b_0^2), Gbar proportional to L
    large = sensitivities(one_block("1e9", 1, 1, "0.5"), *ALL)
    assert large == pytest.approx(
        {"squared_norm": 1, "learning_rate": -1, "smoothness": 0, "gap": 1, "gradient_bound": 0}, abs=1e-3
    )
    small = sensitivities(one_block("1e-9", 1, 1, 2), ("two-phase",), False)
    assert small["squared_norm"] == pytest.approx(-2, abs=0.01)
    assert small["smoothness"] == pytest.approx(4, abs=0.01)


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
