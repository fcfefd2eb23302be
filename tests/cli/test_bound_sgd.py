import json
from fractions import Fraction

import pytest

from tests.cli.run import ratetheory, refused

SGD = [
    *("bound", "sgd", "--squared-norm", "1", "--learning-rate", "0.1", "--smoothness", "1", "--noise-bound", "2"),
    *("--gap", "1/2"),
]


def as_json(*arguments):
    result = ratetheory(*arguments, "--json")
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_json_has_the_fields_of_a_bound():
    bound = as_json(*SGD, "--alpha", "1/2", "--gradient-bound", "1", "--steps", "1000")
    assert set(bound) >= {
        *("claim", "value", "gradient_norm", "enclosure", "method", "steps", "noise_constant", "envelope", "constants"),
        *("trust", "conditional_on", "provenance"),
    }
    low, high = (Fraction(end) for end in bound["enclosure"])
    assert low <= high <= Fraction(str(bound["value"])) <= Fraction(str(bound["gradient_norm"])) ** 2
    assert bound["constants"]["alpha"] == bound["constants"]["gap"] == "1/2"
    assert bound["constants"]["gradient_bound"] == "1"
    assert bound["claim"] == "sgd-rate"
    assert bound["trust"] == "certified"


def test_text_says_what_every_number_is():
    out = ratetheory(*SGD, "--steps", "1000").out
    for word in ("min over t < T of E|G_t|^2", "enclosure", "noise constant A", "|w_T|^2 surely", "certified", "sgd-rate"):
        assert word in out


def test_both_directions_agree():
    steps = as_json(*SGD, "--alpha", "1/4", "--epsilon", "1/4")["steps"]
    assert as_json(*SGD, "--alpha", "1/4", "--steps", str(steps))["gradient_norm"] <= 0.25
    assert as_json(*SGD, "--alpha", "1/4", "--steps", str(steps - 1))["gradient_norm"] > 0.25


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (SGD, "give either --steps T or --epsilon E"),
        ([*SGD, "--steps", "1", "--epsilon", "1"], "give either"),
        ([*SGD, "--steps", "0"], "steps: '0' is not allowed; allowed: a whole number, at least 1"),
        ([*SGD, "--steps", "1", "--alpha", "0.6"], "alpha: '0.6' is not allowed"),
        ([*SGD, "--steps", "1", "--gradient-bound", "0"], "gradient_bound: '0' is not allowed"),
        ([*SGD[:-1], "-1", "--steps", "1"], "gap: '-1' is not allowed"),
        ([*SGD[:-3], "inf", *SGD[-2:], "--steps", "1"], "noise_bound: 'inf' is not a number"),
        ([*SGD, "--epsilon", "1e-30"], "epsilon"),
        ([*SGD[:-2], "--steps", "1"], "--gap"),
        ([*SGD, "--nonsense"], "No such option"),
    ],
)
def test_bad_input_is_one_line(arguments, message):
    assert message in refused(*arguments)
