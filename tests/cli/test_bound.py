import json
from fractions import Fraction

import pytest

from tests.cli.run import ratetheory, refused

ONE = ["bound", "gd", "--squared-norm", "1", "--learning-rate", "0.1", "--smoothness", "1", "--gap", "0.5"]
TWO = ["bound", "gd", "--constants", "examples/constants-two-blocks.toml"]


def as_json(*arguments):
    result = ratetheory(*arguments, "--json")
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_json_has_the_fields_of_a_bound():
    bound = as_json(*ONE, "--steps", "1000")
    assert set(bound) >= {
        *("claim", "value", "gradient_norm", "enclosure", "method", "shared_budget", "restarted", "b_infinity", "steps"),
        *("constants", "trust", "conditional_on", "dominant_term", "provenance"),
    }
    low, high = (Fraction(end) for end in bound["enclosure"])
    assert low <= high <= Fraction(str(bound["value"]))
    assert bound["trust"] == "certified"
    assert bound["provenance"]["version"]


def test_text_says_what_every_number_is():
    out = ratetheory(*ONE, "--steps", "1000", "--explain", "--best-learning-rate").out
    for word in ("min over t < T of |G_t|^2", "enclosure", "certified", "conditional on", "shares", "estimated by"):
        assert word in out


def test_a_sum_by_rotation_is_said():
    small = ["bound", "gd", "--squared-norm", "1e-3", "--learning-rate", "1", "--smoothness", "1", "--gap", "0.1"]
    assert as_json(*small, "--steps", "1000000")["sum_by_rotation"] is True
    assert "sharper (sum by rotation)" in ratetheory(*small, "--steps", "1000000").out
    assert as_json(*ONE, "--steps", "1000")["sum_by_rotation"] is False
    assert as_json(*TWO, "--steps", "1000")["sum_by_rotation"] is False


def test_both_directions_agree():
    steps = as_json(*ONE, "--epsilon", "1e-3")["steps"]
    assert as_json(*ONE, "--steps", str(steps))["gradient_norm"] <= 1e-3


def test_beyond_the_range_of_floats_there_are_strings():
    tiny = [*ONE[:3], "1e-300", "--learning-rate", "1e300", *ONE[6:]]
    bound = as_json(*tiny, "--steps", "1")
    assert isinstance(bound["total"], str)
    assert Fraction(bound["total"]) > Fraction(10) ** 600
    assert isinstance(as_json(*ONE, "--epsilon", "1e-400")["steps"], str)


def test_several_blocks_and_an_estimate():
    bound = as_json(*TWO, "--steps", "1000")
    assert bound["trust"] == "estimated"
    assert len(bound["b_infinity"]) == 2


def test_numbers_of_thousands_of_digits_are_shown():
    assert "E+8000" in ratetheory(*ONE, "--epsilon", "1e-4000").out
    long = [*ONE[:3], "0." + "1" * 900 + "e-3999", *ONE[4:]]
    assert "(rounded)" in as_json(*long, "--steps", "5")["constants"]["blocks"][0]["squared_norm"]


def test_a_loss_that_does_not_change_has_nothing_to_explain():
    flat = ["bound", "gd", "--squared-norm", "1", "--learning-rate", "1", "--smoothness", "0", "--gap", "1", "--steps", "3"]
    assert ratetheory(*flat, "--explain").code == 0
    assert "allowed" in refused(*flat, "--best-learning-rate")


def test_gap_from_range():
    by_range = as_json(*ONE[:-2], "--gap-from-range", "--steps", "10")
    assert by_range["constants"]["gap"] == "pi^2/4 * smoothness"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*ONE[:-1], "-1", "--steps", "1"], "gap: '-1' is not allowed"),
        ([*ONE[:-1], "nan", "--steps", "1"], "gap: 'nan' is not a number"),
        ([*ONE[:5], "inf", *ONE[6:], "--steps", "1"], "allowed: a decimal or a rational"),
        ([*ONE, "--steps", "0"], "steps: '0' is not allowed; allowed: a whole number, at least 1"),
        ([*ONE, "--steps", "1e4001"], "exponent"),
        (ONE, "give either --steps T or --epsilon E"),
        ([*ONE, "--steps", "1", "--epsilon", "1"], "give either"),
        ([*ONE, "--gap-from-range", "--steps", "1"], "give either --gap D or --gap-from-range"),
        ([*ONE, "--method", "magic", "--steps", "1"], "allowed: best, simple, sharper, two-phase"),
        ([*TWO, "--gap-from-range", "--steps", "1"], "--gap-from-range is for one block"),
        ([*TWO, "--gap", "1", "--steps", "1"], "--gap and --constants exclude each other"),
        (["bound", "gd", "--constants", "nowhere.toml", "--steps", "1"], "cannot read nowhere.toml"),
        (["bound", "gd", "--steps", "1"], "--squared-norm is missing"),
        (["bound", "gd", "--nonsense"], "No such option"),
        (["nonsense"], "No such command"),
    ],
)
def test_bad_input_is_one_line(arguments, message):
    assert message in refused(*arguments)


def test_constants_of_a_neuron_lead_to_a_bound(tmp_path):
    data = tmp_path / "x.csv"
    data.write_text("a,b\n1,2\n-0.5,0.25\n3,1/3\n0,1e-1\n")
    neuron = ["bound", "smoothed-bn", "--data", str(data), "--eps", "1e-5", "--loss-slope", "1", "--loss-curvature", "1/4"]
    found = as_json(*neuron, "--learning-rate", "0.1", "--squared-norm", "1", "--steps", "1000")
    assert found["trust"] == found["gd"]["trust"] == "certified"
    assert found["conditional_on"] == ["loss_slope", "loss_curvature"]
    assert Fraction(found["smoothness_enclosure"][1]) <= Fraction(str(found["smoothness"]))
    assert (
        "gradient descent on this neuron"
        in ratetheory(*neuron, "--learning-rate", "1", "--squared-norm", "1", "--steps", "9").out
    )
    assert "--learning-rate is missing" in refused(*neuron, "--steps", "9")
    assert "cannot read" in refused(*neuron[:3], "nowhere.csv", *neuron[4:])
