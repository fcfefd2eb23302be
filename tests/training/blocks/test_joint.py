"""The two searches for joint groups, on matrices whose groups are known, and cuts of an axis."""

import numpy as np
import pytest

from ratetheory.training.blocks.joint import _with_neighbours, by_halves, by_null_space, opposite_pairs
from ratetheory.training.blocks.partition import Region, partition

# columns: {0, 1} cancel, {2, 3, 4} cancel, {5, 6} and {5, 7} cancel (overlap), 8 and 9 are opposite scalings (equal columns)
GROUPS = {frozenset({0, 1}), frozenset({2, 3, 4}), frozenset({5, 6}), frozenset({5, 7})}


def columns(rows, more=0, seed=0):
    rng = np.random.default_rng(seed)
    a, b, c, d, e = rng.standard_normal((5, rows))
    matrix = np.stack([a, -a, b, c, -b - c, d, -d, -d, e, e, *rng.standard_normal((more, rows))], axis=1)
    return matrix, np.abs(matrix) * 3


@pytest.mark.parametrize("seed", range(5))
def test_both_searches_find_all_minimal_groups(seed):
    few, many = columns(2, 4, seed), columns(20, 4, seed)
    pairs = opposite_pairs(*few, [(0, 1), (2, 3), (5, 6)])
    assert pairs == [(0, 1), (5, 6)]
    for found in (by_halves(*few, pairs), by_halves(*few, []), by_null_space(*many)):
        assert not found.open
        assert set(found.groups) == GROUPS


def test_a_search_that_must_be_cut_short_says_so():
    # ten sums of two products: one of each pair, 2^10 groups; two more columns stand in none
    rng = np.random.default_rng(0)
    steps = rng.standard_normal((30, 10))
    matrix = np.concatenate([np.repeat(steps, 2, axis=1), -steps.sum(axis=1, keepdims=True)], axis=1)
    matrix = np.concatenate([matrix, rng.standard_normal((30, 2))], axis=1)
    found = by_null_space(matrix, np.abs(matrix))
    assert found.open == frozenset(range(21))
    assert all(len(group) == 11 for group in found.groups)


def test_cuts_of_an_axis():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 24))
    x[:, 3] = -x[:, :3].sum(axis=1)
    x[:, 7] = -x[:, 4:7].sum(axis=1)
    live = np.ones(24, dtype=bool)
    assert partition(x, np.abs(x), live) == [Region(0, 8, 2)]
    # no divisor begins at 11 or has 7 entries
    x[:, 17] = -x[:, 11:17].sum(axis=1)
    assert partition(x, np.abs(x), live) == [Region(0, 8, 2), Region(11, 18, 1)]
    x[:, 20:] = 0
    live[20:] = False
    assert partition(x, np.abs(x), live) == [Region(0, 8, 2), Region(11, 18, 1)]
    assert partition(0 * x, np.abs(x), live) == [Region(0, 24, 24)]
    assert partition(0 * x, 0 * x, ~live & False) == []


@pytest.mark.parametrize("seed", range(3))
def test_neighbours_are_all_that_a_comparison_of_all_pairs_finds(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal(400), rng.standard_normal(300)
    b[:30] = a[:30] + 1e-6 * rng.uniform(-2, 2, 30)
    for tolerance in (1e-6, 1e-3, 1e-300):
        ours, theirs = _with_neighbours(a, b, tolerance)
        near = np.abs(a[:, None] - b[None, :]) <= tolerance
        assert set(np.flatnonzero(near.any(axis=1))) <= set(ours)
        assert set(np.flatnonzero(near.any(axis=0))) <= set(theirs)
        assert (np.diff(a[ours]) >= 0).all()
        assert (np.diff(b[theirs]) >= 0).all()
    assert len(_with_neighbours(a, b, 1e-6)[0]) < 40
    assert len(_with_neighbours(np.zeros(3), np.zeros(2), 0.0)[0]) == 3
