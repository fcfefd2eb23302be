import csv
import io
import json
from fractions import Fraction

import pytest

from tests.cli.run import ratetheory, refused

ONE = ["--smoothness", "1", "--gap", "1/2"]
ADAGRAD = ["bound", "adagrad-norm", *ONE, "--learning-rate", "1", "--initial-accumulator", "0.1"]
COMPARE = ["bound", "compare", *ONE, "--steps", "10000"]


def as_json(*arguments):
    result = ratetheory(*arguments, "--json")
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_json_has_the_fields_of_a_bound():
    bound = as_json(*ADAGRAD, "--steps", "1000")
    assert set(bound) >= {
        *("claim", "value", "gradient_norm", "enclosure", "method", "accumulator", "total", "theorem_2_2", "steps"),
        *("constants", "trust", "conditional_on", "provenance"),
    }
    low, high = (Fraction(end) for end in bound["enclosure"])
    assert low <= high <= Fraction(str(bound["value"])) <= Fraction(str(bound["theorem_2_2"]))
    assert bound["constants"]["gap"] == "1/2"


def test_text_says_what_every_number_is():
    out = ratetheory(*ADAGRAD, "--steps", "1000").out
    for word in ("min over t < T of |grad F|^2", "enclosure", "accumulator stays below", "Theorem 2.2", "certified"):
        assert word in out


def test_both_directions_agree():
    steps = as_json(*ADAGRAD, "--epsilon", "1e-3")["steps"]
    assert as_json(*ADAGRAD, "--steps", str(steps))["gradient_norm"] <= 1e-3


def test_the_table_is_aligned_and_says_what_is_comparable():
    out = ratetheory(*COMPARE).out
    table = out.split("\n\n")[1].splitlines()
    assert len(table) == 11  # names, units, nine learning rates
    assert len({len(line) for line in table}) == 1
    for word in ("GD tuned (1/L)", "normalised weights", "cited, not verified here", "certified", "none", "within 10 times"):
        assert word in out


def test_the_table_as_data():
    data = as_json(*COMPARE, "--learning-rates", "1e-2", "1e2", "--per-decade", "2")
    rows = list(
        csv.DictReader(io.StringIO(ratetheory(*COMPARE, "--learning-rates", "0.01", "100", "--per-decade", "2", "--csv").out))
    )
    assert len(rows) == len(data["rows"]) == 9
    for row, other in zip(rows, data["rows"], strict=True):
        assert row["learning_rate"] == other["learning_rate"]
        assert (row["gd"] or None, row["adagrad_norm"]) == (other["gd"] and str(other["gd"]), str(other["adagrad_norm"]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*ADAGRAD[:3], "0", *ADAGRAD[4:], "--steps", "1"], "smoothness: '0' is not allowed"),
        ([*ADAGRAD[:-1], "-1", "--steps", "1"], "initial_accumulator: '-1' is not allowed"),
        (ADAGRAD, "give either --steps T or --epsilon E"),
        ([*ADAGRAD, "--steps", "1", "--epsilon", "1"], "give either"),
        ([*ADAGRAD[:-2], "--steps", "1"], "--initial-accumulator is missing"),
        ([*ADAGRAD, "--steps", "1.5"], "steps: '1.5' is not allowed"),
        (COMPARE[:-2], "--steps"),
        ([*COMPARE, "--json", "--csv"], "exclude each other"),
        ([*COMPARE, "--learning-rates", "10", "1"], "LOW at most HIGH"),
        ([*COMPARE, "--per-decade", "1000"], "per_decade: '1000' is not allowed"),
        ([*COMPARE, "--learning-rates", "1e-4000", "1e4000"], "per_decade"),
        ([*COMPARE, "--squared-norm", "0"], "squared_norm: '0' is not allowed"),
    ],
)
def test_bad_input_is_one_line(arguments, message):
    assert message in refused(*arguments)


@pytest.mark.parametrize(("low", "high", "shown"), [("1e400", "1e400", "1.000E+400"), ("1e-400", "1e-399", "1E-400")])
def test_learning_rates_beyond_the_range_of_floats_are_shown(low, high, shown):
    result = ratetheory(*COMPARE, "--learning-rates", low, high)
    assert (result.code, result.err) == (0, "")
    assert shown in result.out
    assert "GD, below sqrt(3)/L" in result.out


def test_nothing_is_printed_before_everything_is_computed(monkeypatch):
    from ratetheory.numeric.comparison import Comparison

    def fails(self, factor):
        raise ValueError("late")

    monkeypatch.setattr(Comparison, "within", fails)
    assert "late" in refused(*COMPARE)
