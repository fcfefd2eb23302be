"""The step inequality over pairs of cells: bounds hold at points, tables are those of the functions."""

from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from ratetheory.numeric.relaxation import ERROR, Relaxation, float_up, long_steps, make_grid, open_pairs, pairs_of

CELLS = 40
SEED = 7


def inequality(b, z, price):
    """-cost + price G^2, from its definition; z = ln(b'/b), balls."""
    x = z.expm1().sqrt()
    angle = x.atan()
    return -(b * x * angle) + angle**2 / 2 + price * (b * x) ** 2


def interpolated(levels, place):
    cell = min(int(place), len(levels) - 2)
    return arb(levels[cell]) + (arb(levels[cell + 1]) - arb(levels[cell])) * (arb(place) - cell)


@pytest.fixture(autouse=True)
def precise():
    before, ctx.prec = ctx.prec, 200
    yield
    ctx.prec = before


@settings(max_examples=60, deadline=None)
@given(
    exponent=st.integers(-12, 12),
    width=st.sampled_from(["1e-9", "1e-3", "0.03", "0.4"]),
    price=st.sampled_from([0.0, 1e-6, 0.02, 3.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_bounds_hold_at_points_of_the_cells(exponent, width, price, seed):
    rng = np.random.default_rng(seed)
    b_0 = Fraction(10) ** exponent
    grid = make_grid(b_0, Fraction(width), CELLS)
    levels = rng.normal(size=CELLS + 1) * 10.0 ** rng.integers(-6, 2)
    h = arb(width).log1p()
    for _ in range(8):
        i = int(rng.integers(CELLS - 1))
        j = int(rng.integers(i + 1, CELLS))
        pairs = pairs_of(grid, slice(i, i + 1), slice(j - i, j - i + 1))
        bound = long_steps(pairs, levels[i : i + 1], levels[i + 1 : i + 2], price).bound(
            levels[j : j + 1], levels[j + 1 : j + 2]
        )
        for share in ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], *rng.random((3, 2))):
            start, end = i + float(share[0]), j + float(share[1])
            moved = arb(end) - arb(start)
            if not moved > 0:
                continue
            b = arb(int(b_0)) if exponent >= 0 else arb(1) / arb(10) ** -exponent
            value = inequality(b * (h * start).exp(), h * moved, arb(price))
            value += interpolated(levels, start) - interpolated(levels, end)
            assert value <= arb(float(bound[0]))


@pytest.mark.parametrize("price", [0.0, 0.01])
def test_short_steps_are_covered_by_the_slope(price):
    rng = np.random.default_rng(SEED)
    for exponent in (-2, 0, 1):
        b_0 = Fraction(10) ** exponent
        grid = make_grid(b_0, Fraction("0.05"), CELLS)
        h = arb("0.05").log1p()
        for _ in range(100):
            i = int(rng.integers(CELLS - 4))
            k = int(rng.integers(4))
            slope = float(pairs_of(grid, slice(i, i + 1), slice(k, k + 1)).short_slope(price)[0])
            start, end = i + float(rng.random()), i + k + float(rng.random())
            if end > start:
                b = arb(float(b_0)) * (h * start).exp()
                moved = arb(end) - arb(start)
                assert inequality(b, h * moved, arb(price)) <= arb(slope) * moved * (1 + 1e-12) + 1e-18


def test_the_slope_for_short_steps_is_needed():
    """A slope 1% of b below the needed one fails for some short step."""
    grid = make_grid(Fraction(1), Fraction("0.001"), CELLS)
    slope = arb(float(pairs_of(grid, slice(0, 1), slice(0, 1)).short_slope(0.0)[0]))
    h = arb("0.001").log1p()
    assert inequality(arb(1), h * arb("0.001"), 0) > (slope - h * arb("0.01")) * arb("0.001")


@pytest.mark.parametrize("growth", ["1e-18", "1e-3", "0.5"])
def test_tables_are_within_their_error(growth):
    b_0 = Fraction(3, 10)
    grid = make_grid(b_0, Fraction(growth), CELLS)
    h = arb(str(growth)).log1p()
    for k in range(1, CELLS + 3):
        z = h * k
        x = z.expm1().sqrt()
        angle = x.atan()
        expected = (x * angle, angle**2 / 2, (1 + (x + 1 / x) * angle) / 2, angle / (2 * x), z.expm1())
        for table, value in zip((grid.P, grid.Q, grid.dP, grid.dQ, grid.growth), expected, strict=True):
            assert abs(arb(float(table[k])) - value) <= value * arb(2) ** -52
        assert abs(arb(float(grid.b[k])) - arb(3) / 10 * z.exp()) <= z.exp() * arb(2) ** -52
    assert [float(t[0]) for t in (grid.P, grid.Q, grid.dP, grid.dQ, grid.growth)] == [0.0, 0.0, 1.0, 0.5, 0.0]


@pytest.mark.parametrize("name", ["P", "Q"])
def test_derivatives_are_those_of_the_functions(name):
    grid = make_grid(Fraction(1), Fraction("1e-4"), 4000)
    table, slope = getattr(grid, name), getattr(grid, "d" + name)
    differences = (table[2:] - table[:-2]) / (2 * grid.h)
    assert differences[5:] == pytest.approx(slope[6:-1], rel=1e-6)


def test_the_enclosing_functions_are_monotone():
    grid = make_grid(Fraction(1), Fraction("0.02"), 900)
    assert (np.diff(grid.dP) > 0).all()
    assert (np.diff(grid.dQ) < 0).all()
    assert (np.diff(grid.dP - grid.P) < 0).all()


def test_a_cell_without_states_is_closed_and_others_are_bounded_by_the_gap():
    relaxation = Relaxation(Fraction(1), Fraction(1, 10), None, 2)
    reach = relaxation.reach(np.array([0.1, 0.2, -0.1, -0.2]))
    assert reach == pytest.approx([0.4, 0.4, -1.0])
    assert Relaxation(Fraction(1), None, Fraction(1, 10), 1).reach(np.array([9.0, 8.0])) == pytest.approx([0.01])
    assert float_up(Relaxation(Fraction(1), Fraction(10**6), None, 2).start()) == pytest.approx(np.pi**2 / 4)


def knot(growth, b_0, k):
    """b at a knot, a ball."""
    return b_0 * (1 + growth) ** k


@pytest.mark.parametrize("price", [0.0, 0.37])
def test_the_slope_for_short_steps_is_rounded_up(price):
    rng = np.random.default_rng(SEED)
    for _ in range(20):
        b_0, growth = Fraction(int(rng.integers(1, 10**6)), 10**6), Fraction(int(rng.integers(1, 10**6)), 10**7)
        grid = make_grid(b_0, growth, CELLS)
        start, width = arb(b_0.numerator) / b_0.denominator, arb(growth.numerator) / growth.denominator
        for k in (0, 3):
            slopes = pairs_of(grid, slice(0, CELLS - k), slice(k, k + 1)).short_slope(price)
            for i, slope in enumerate(slopes):
                low, high, end = (knot(width, start, n) for n in (i, i + 1, i + k + 1))
                assert arb(float(slope)) >= width.log1p() * (arb(1) / 2 - low + arb(price) * high * end)


@pytest.mark.parametrize("growth", ["0.001", "0.3"])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_a_step_that_exists_between_two_cells_is_admissible(growth, k):
    """The smallest gradient is that from the one end of the cell of starts or from the other, to the nearest end."""
    grid, width = make_grid(Fraction(1, 5), Fraction(growth), CELLS), arb(growth)
    for i in range(CELLS - k):
        pairs = pairs_of(grid, slice(i, i + 1), slice(k, k + 1))
        for start in (i, i + 1):
            b, after = (knot(width, arb(1) / 5, n) for n in (start, i + k))
            assert pairs.admissible(np.array([float_up(b * (after - b))]))[0]


def test_a_cell_that_is_half_below_the_range_needs_the_inequality():
    """Above the range of u a level function holds of itself: of a cell of ends both knots must be there."""
    relaxation = Relaxation(Fraction(1, 100), None, None, 2)
    cap = float_up(relaxation.range())
    levels = np.linspace(0.5, -0.1, CELLS + 1)
    levels[:4] = cap + 0.5
    grid = make_grid(relaxation.b_0, Fraction("0.01"), CELLS)
    open_ = set(open_pairs(grid, relaxation.reach(levels), levels, cap=cap))
    assert not {(0, 0), (0, 1), (2, 2)} & open_
    assert {(0, 3), (2, 3), (3, 3)} <= open_
    assert (2, 2) in set(open_pairs(grid, relaxation.reach(levels), levels))


def test_a_level_function_that_falls_too_fast_is_open_everywhere():
    levels = np.linspace(1.0, -0.1, CELLS + 1)
    relaxation = Relaxation(Fraction(1, 1000), Fraction(1), None, 2)
    grid = make_grid(relaxation.b_0, Fraction("0.01"), CELLS)
    open_ = list(open_pairs(grid, relaxation.reach(levels), levels))
    assert {(i, i) for i in range(30)} <= set(open_)
    assert any(j == CELLS for _, j in open_)
    assert ERROR == 2.0**-46
