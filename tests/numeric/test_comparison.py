"""The table of GD tuned, GD on batch normalisation and AdaGrad-Norm."""

import math
import random
from fractions import Fraction

import pytest

import ratetheory as rt
from ratetheory.numeric.comparison import compare_bounds, decades, tight_gd

ONE = {"smoothness": 1, "gap": "1/2", "steps": 1000}


def test_rows_are_the_bounds_themselves():
    table = compare_bounds(**ONE, learning_rates=["1/10", 10], squared_norm=2, initial_accumulator=3)
    for rate, row in zip(("1/10", 10), table.rows, strict=True):
        gd = rt.bound_gd(squared_norm=2, learning_rate=rate, smoothness=1, gap="1/2", steps=1000)
        adagrad = rt.bound_adagrad_norm(smoothness=1, gap="1/2", learning_rate=rate, initial_accumulator=3, steps=1000)
        assert (row.gd_batch_norm, row.adagrad_norm) == (gd.value, adagrad.value)
    assert table.rows[1].gd is None
    assert Fraction(str(table.gd_tuned)) >= Fraction(4, 2) / (3 * 999 + 2)
    assert "cited, not verified" in table.gd_source
    assert table.trust == {"gd": "cited", "gd_batch_norm": gd.trust, "adagrad_norm": adagrad.trust}
    assert table.as_dict()["trust"]["gd_batch_norm"] == "certified"


def test_the_rates_near_the_tuned_one():
    table = compare_bounds(**ONE, learning_rates=["1e-9", "1/10", 1, "1e9"])
    near = table.within(100)
    assert near["gd"] == ("1/10", "1")
    assert near["gd_batch_norm"] == ("1/10", "1")
    assert near["adagrad_norm"] == ("1/10", "1")
    assert compare_bounds(**ONE, learning_rates=["1e-9"]).within(1)["gd"] is None


def test_the_cited_bound_of_gd():
    # N steps and N + 1 points: at one point the bound is that of the gap alone
    assert tight_gd(Fraction(3), Fraction(5), Fraction(1, 7), 1) == 30
    assert tight_gd(Fraction(1), Fraction(1), Fraction(1), 11) == Fraction(4, 32)
    assert tight_gd(Fraction(1), Fraction(1), Fraction(174, 100), 11) is None
    for eta in (Fraction(1, 5), Fraction(1), Fraction(3, 2)):
        elementary = 1 / (10 * eta * (1 - eta / 2))
        assert tight_gd(Fraction(1), Fraction(1), eta, 10) <= elementary


def test_runs_of_gd_stay_below_it_and_come_close():
    rng = random.Random(0)
    closest = 0.0
    for _ in range(3000):
        steps, eta, x = rng.randint(2, 8), rng.uniform(0.3, 1.7), rng.uniform(0, 12)
        gap = x * x / 2 if x <= 1 else x - 0.5
        least = math.inf
        for _ in range(steps):
            g = max(-1.0, min(1.0, x))
            least, x = min(least, g * g), x - eta * g
        limit = float(tight_gd(Fraction(1), Fraction(gap), Fraction(eta), steps))
        assert least <= limit * (1 + 1e-12)
        closest = max(closest, least / limit)
    assert closest > 0.8


def test_learning_rates_by_decades():
    assert decades(Fraction(1, 100), Fraction(10), 1) == [Fraction(1, 100), Fraction(1, 10), 1, 10]
    assert [float(x) for x in decades(Fraction(1), Fraction(10), 3)] == [1, 2.15, 4.64, 10]
    assert decades(Fraction(2), Fraction(3), 1) == [2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rates": []}, "learning_rates: \\[\\] is not allowed"),
        ({"learning_rates": [0]}, "learning_rates: 0 is not allowed"),
        ({"gap": "-1"}, "gap"),
        ({"squared_norm": 0}, "squared_norm"),
        ({"initial_accumulator": "a"}, "initial_accumulator"),
        ({"steps": "1/2"}, "steps"),
    ],
)
def test_bad_input_names_the_argument(change, message):
    with pytest.raises(ValueError, match=message):
        compare_bounds(**{**ONE, "learning_rates": [1], **change})
