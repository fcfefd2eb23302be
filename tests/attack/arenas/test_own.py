from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratetheory.attack.arenas import arena_of, provided
from ratetheory.attack.arenas.own import own_arena, restricted
from ratetheory.attack.search import judge
from ratetheory.claims.statement import Claim, Comparison, Conclusion, Letter
from ratetheory.own.data import in_range
from ratetheory.own.formula import read

RANGES = (
    Letter("x", ""),
    Letter("x", "", above="0"),
    Letter("x", "", at_least="0"),
    Letter("x", "", above="-1"),
    Letter("x", "", at_most="1/3"),
    Letter("x", "", at_least="1/4", at_most="1/4"),
    Letter("x", "", at_least="0", at_most="1"),
    Letter("x", "", above="1/3", below="2/3"),
    Letter("x", "", above="1000000000000000000000", below="1000000000000000000001000000"),
)


def arena_with(*letters, points=None):
    bound = Conclusion("a", read(lambda m, s: s.x, ["x"]), "<=", read(lambda m, s: s.x, ["x"]))
    return own_arena(Claim("c", "", "", "own", (), (), (bound,), "", "", letters=letters), points or {})


@pytest.mark.parametrize("letter", RANGES, ids=str)
@given(shares=st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_every_value_lies_in_the_range_exactly(letter, shares):
    arena = arena_with(letter)
    batch = arena.decode(arena.families[0], np.array(shares)[:, None], 1)
    assert all(in_range(letter, float(x)) for x in batch.numbers["x"].ravel())
    assert arena.invalid(batch) is None


@pytest.mark.parametrize("letter", RANGES, ids=str)
@pytest.mark.parametrize("name", ["far", "special"])
def test_so_do_those_far_out_and_at_special_points(letter, name):
    arena = arena_with(letter, Letter("y", "", at_least="0"))
    family = next(family for family in arena.families if family.name == name)
    batch = arena.sample(family, 500, 1, np.random.default_rng(2))
    assert all(in_range(letter, float(x)) for x in batch.numbers["x"].ravel())
    assert all(in_range(Letter("y", "", at_least="0"), float(y)) for y in batch.numbers["y"].ravel())


def sampled(name, *letters):
    arena = arena_with(*letters)
    family = next(family for family in arena.families if family.name == name)
    return {name: x.ravel() for name, x in arena.sample(family, 4000, 1, np.random.default_rng(3)).numbers.items()}


def test_closed_ends_small_numbers_and_ties_are_met_exactly():
    values = sampled("special", Letter("x", "", at_least="0", at_most="1"), Letter("y", ""))
    assert {0.0, 0.5, 1.0} <= set(values["x"])
    assert {0.0, 1.0, -1.0} <= set(values["y"])
    ties = (values["x"] == values["y"]) & ~np.isin(values["x"], [0, 0.5, 1])
    assert ties.sum() > 20
    assert 0.0 not in sampled("special", Letter("x", "", above="0"))["x"]


def test_unbounded_ranges_are_met_far_out_and_relative_to_their_end():
    far = sampled("far", Letter("x", ""), Letter("y", "", at_least="0"))
    assert np.abs(far["x"]).max() > 1e140
    assert 0 < np.abs(far["x"]).min() < 1e-140
    assert far["y"].max() > 1e140
    large = sampled("ranges", Letter("x", "", at_least="1" + "0" * 90))["x"]
    assert large.max() > 1e95
    assert 0 < large.min() / 1e90 - 1 < 1e-5
    assert sampled("far", Letter("x", "", above="0", below="1"))["x"].min() < 1e-140


def test_a_range_without_a_float_has_no_instance():
    arena = arena_with(Letter("x", "", at_least="1/3", at_most="1/3"))
    batch = arena.sample(arena.families[0], 3, 1, np.random.default_rng(0))
    assert np.isnan(batch.numbers["x"]).all()
    assert arena.invalid(batch) is not None


def test_values_reach_far_and_near():
    values = {
        letter: arena_with(letter).sample(arena_with(letter).families[0], 2000, 1, np.random.default_rng(0)).numbers["x"]
        for letter in RANGES
    }
    free, positive = np.abs(values[RANGES[0]]), values[RANGES[1]]
    assert free.min() < 1e-5
    assert free.max() > 1e5
    assert 0.4 < np.mean(values[RANGES[0]] > 0) < 0.6
    assert positive.min() < 1e-5
    unit = values[RANGES[6]]
    assert unit.min() < 1e-5
    assert 1 - unit.max() < 1e-5
    assert 0.3 < np.mean((unit > 0.25) & (unit < 0.75)) < 0.7


@pytest.mark.parametrize(
    ("relation", "x", "y", "holds"),
    [
        ("<=", 1.0, 2.0, True),
        ("<=", 1.0, 1.0, True),
        ("<", 1.0, 1.0, False),
        ("<=", 2.0, 1.0, False),
        ("==", 0.25, 0.25, True),
        ("==", 0.25, 0.2500001, False),
        ("<=", float("nan"), 1.0, False),
    ],
)
def test_only_what_holds_for_certain_counts(relation, x, y, holds):
    letters = (Letter("x", ""), Letter("y", ""))
    states = Comparison(read(lambda m, s: s.x, ["x", "y"]), relation, read(lambda m, s: s.y, ["x", "y"]))
    arena = restricted(arena_with(*letters, points={"x": [x], "y": [y]}), {"order": states})
    with provided(arena), np.errstate(all="ignore"):
        batch = arena.decode(arena.families[1], np.array([[0.5]]), 1)
        conclusion = Conclusion("a", states.left, "<=", states.left)
        assert bool(judge(conclusion, arena.record(batch)).decided.all()) == holds
        if x == x:
            assert (arena.invalid(batch) is None) == holds


def test_an_equation_is_compared_in_fractions():
    names = ["x", "y"]
    total = Comparison(read(lambda m, s: s.x + s.y, names), "==", read(lambda m, s: m.number(1), names))
    base = arena_with(Letter("x", ""), Letter("y", ""), points={"x": [0.1, 0.25], "y": [0.9, 0.75]})
    assert Fraction(0.1) + Fraction(0.9) != 1
    arena = restricted(base, {"total": total})
    batch = arena.decode(arena.families[1], np.array([[0.0], [0.9]]), 1)
    assert np.isfinite(arena.record(batch)["x"].value.ravel()).tolist() == [False, True]


def test_an_arena_is_provided_inside_alone():
    arena = arena_with(RANGES[0])
    with provided(arena):
        assert arena_of("own") is arena
        assert arena_of("trajectory").setting == "trajectory"
    with pytest.raises(ValueError, match="own"):
        arena_of("own")
