"""What a sweep found, on numbers made by hand."""

import math
from pathlib import Path

import numpy as np
import pytest

from ratetheory.training.sweep.collect import LEARNED, Stretch, Sweep, described, insensitivity, stretch_at_least
from ratetheory.training.sweep.specification import Cell, SweepSpec, checked

NAN, INF = math.nan, math.inf
DECADES = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        # neighbours only: 0.2 and 0.25 are within the factor, but 0.9 lies between
        ([0.2, 0.9, 0.25, 0.3, 0.45, 0.6], Stretch(1e-3, 1e-3, 0.2, 0.2)),
        # around the least loss, not where it changes least
        ([0.6, 0.6, 0.6, 0.6, 0.1, 0.15], Stretch(10.0, 100.0, 0.1, 0.15)),
        ([0.9, 0.15, 0.1, 0.19, 0.21, 0.2], Stretch(1e-2, 1.0, 0.1, 0.19)),
        # exactly a factor of two still counts
        ([1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125], Stretch(10.0, 100.0, 0.03125, 0.0625)),
        ([0.1, 0.1, 0.1, 0.1, 0.1, 0.1], Stretch(1e-3, 100.0, 0.1, 0.1)),
        # a chain of small ratios is no small ratio
        ([0.1, 0.15, 0.22, 0.33, 0.5, 0.75], Stretch(1e-3, 1e-2, 0.1, 0.15)),
        # diverged and missing runs part what lies beside them
        ([0.1, 0.1, NAN, 0.1, 0.2, 0.2], Stretch(1e-3, 1e-2, 0.1, 0.1)),
        ([0.1, 0.1, INF, 0.2, INF, 0.2], Stretch(1e-3, 1e-2, 0.1, 0.1)),
        # networks that learned nothing are equal, and not insensitive
        ([2.3, 2.3, 2.3, 2.3, 2.3, 0.1], Stretch(100.0, 100.0, 0.1, 0.1)),
        ([2.3] * 6, None),
        ([NAN] * 6, None),
        ([INF] * 6, None),
        ([0.0, 0.0, 1e-9, INF, INF, INF], Stretch(1e-3, 1e-2, 0.0, 0.0)),
    ],
)
def test_the_neighbours_of_the_least_loss_within_a_factor_of_two_of_it(losses, expected):
    assert stretch_at_least(DECADES, losses) == expected


def test_decades_are_those_of_the_rates():
    assert stretch_at_least((0.5, 5.0, 500.0), [0.1, 0.1, 0.1]).decades == pytest.approx(3)
    assert stretch_at_least((0.5,), [0.1]).decades == 0
    assert described(None) == "none learned"
    assert described(Stretch(0.1, 0.1, 0.2, 0.2)) == "0 decades (0.1 alone), loss 0.2"
    assert described(Stretch(0.1, 10.0, 0.2, 0.31)) == "2.0 decades (0.1 to 10), loss 0.2 to 0.31"


def made(losses, seeds=1):
    """A sweep with these losses, (seeds, scale-variant rates, rates): NaN is missing, infinity diverged."""
    losses = np.asarray(losses, float).reshape(seeds, -1, 3)
    spec = checked(SweepSpec(optimizers=("gd",), rates=(0.1, 1, 10), scale_variant_rates=(0.5, 5), seeds=seeds))
    results = {}
    for (seed, row, column), loss in np.ndenumerate(losses):
        cell = Cell("bn", "gd", spec.rates[column], spec.scale_variant_rates[row], seed)
        if math.isinf(loss):
            results[cell] = {"status": "diverged", "loss": None, "test_accuracy": None}
        elif not math.isnan(loss):
            results[cell] = {"status": "completed", "loss": loss, "test_accuracy": 1 - loss}
    return Sweep(Path(), spec, {}, results)


def test_both_directions_and_the_best():
    sweep = made([[0.3, 0.2, 0.4], [0.9, INF, 0.04]])
    found = insensitivity(sweep, "bn", "gd")
    assert found.along_rate == {0.5: Stretch(0.1, 10.0, 0.2, 0.4), 5.0: Stretch(10.0, 10.0, 0.04, 0.04)}
    assert found.along_scale_variant[0.1] == Stretch(0.5, 0.5, 0.3, 0.3)
    assert found.best == (0.04, 10.0, 5.0)
    assert found.at_best == (Stretch(10.0, 10.0, 0.04, 0.04), Stretch(5.0, 5.0, 0.04, 0.04))
    assert found.widest() == (pytest.approx(2), 0)
    assert found.diverged == 1
    assert sweep.missing == len(sweep.specification.cells()) - 6
    nothing = insensitivity(sweep, "plain", "gd")
    assert (nothing.best, nothing.at_best, nothing.widest(), nothing.diverged) == (None, (None, None), (0, 0), 0)


def test_the_median_over_seeds_counts_diverged_runs_as_the_worst():
    sweep = made(
        [
            [[0.1, 0.1, 0.1], [0.1, NAN, 0.1]],
            [[0.2, 0.2, INF], [0.2, 0.2, 0.2]],
            [[0.4, INF, INF], [0.4, 0.4, 0.4]],
        ],
        seeds=3,
    )
    np.testing.assert_allclose(sweep.grid("bn", "gd", "loss"), [[0.2, 0.2, INF], [0.2, NAN, 0.2]])
    np.testing.assert_allclose(sweep.grid("bn", "gd", "test_accuracy"), [[0.8, 0.8, INF], [0.8, NAN, 0.8]])


def test_half_of_a_constant_guess():
    assert pytest.approx(np.log(10) / 2) == LEARNED
