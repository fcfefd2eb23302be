"""The oracle: the worst case of the relaxation by dynamic programming, as level functions that prove themselves.

The recursion goes forward over the knots of a grid in ln b. At each knot it takes the smallest level that the check of
``ratetheory.numeric.relaxation`` accepts over all pairs of cells that end there: the largest u that any step can bring, plus
what the check loses by its enclosures, which is of second order in the width of a cell.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import numpy as np

from ratetheory.numeric import balls
from ratetheory.numeric.certificates import CONSTANTS, Certificate, Checked, check
from ratetheory.numeric.certify import Certified
from ratetheory.numeric.constants import Constants
from ratetheory.numeric.envelope import ORACLE, Candidate
from ratetheory.numeric.exact import require
from ratetheory.numeric.relaxation import ERROR, Array, Grid, Relaxation, float_up, long_steps, make_grid, pairs_of

CELLS = 1500
_COARSE = 300


def with_worst_case(result: Certified, constants: Constants, alone: bool) -> Certified:
    """The worst case in place of the chosen closed form, if it is smaller or asked for alone."""
    if result.problem is None:
        # no block can move: every form is the same
        return result
    checked = None if constants.gap == 0 else worst_case(constants)
    with balls.working_precision():
        increment = balls.number(0 if checked is None else checked.increment)
        total = balls.number(0 if checked is None else checked.total)
        if not alone and result.candidate is not None and not total < result.C:
            return result
    return replace(result, candidate=Candidate(ORACLE, False, False, False, total, increment, None), C=total)


def worst_case(constants: Constants, states: int = 2, cells: int = CELLS) -> Checked:
    """The certified worst case of one block: a certificate of about so many ``cells`` and what its check proves.

    Raises ``ValueError`` where there are several blocks or scale-variant parameters, where nothing can move, or where
    |w|^2/eta is beyond 1e25 times the smoothness; ``NotNarrow`` if the check does not accept what was found.
    """
    single = len(constants.blocks) == 1 and not constants.scale_variant
    require(single, "method", "oracle", "constants of one block without scale-variant parameters")
    return _worst_case(constants, states, cells)


@lru_cache(maxsize=16)
def _worst_case(constants: Constants, states: int, cells: int) -> Checked:
    block = constants.blocks[0]
    moves = block.smoothness > 0 and constants.gap != 0
    require(moves, "gap", "0 (or smoothness 0)", "a gap and a smoothness above 0: else nothing moves and nothing is to certify")
    empty = Certificate(
        squared_norm=block.squared_norm,
        learning_rate=block.learning_rate,
        smoothness=block.smoothness,
        gap=constants.gap,
        gradient_bound=block.gradient_bound,
        states=states,
        growth=Fraction(1),
        levels=(1.0, 0.0),
        estimated=_estimated(constants),
        from_step=constants.from_step,
    )
    checked = check(_filled(empty, cells))
    if checked.status != "proved":
        raise balls.NotNarrow(f"the worst case could not be certified: {checked.reason}")
    return checked


def _estimated(constants: Constants) -> tuple[str, ...]:
    """The estimated constants by the names of the certificate: a file of constants says whose they are before a dot."""
    bare = {name.rpartition(".")[2] for name in constants.estimated}
    return tuple(name for name in CONSTANTS if name in bare)


def _filled(certificate: Certificate, cells: int) -> Certificate:
    """The certificate with its level functions: on coarse grids until the range of b is known, then on the final one."""
    relaxation = certificate.relaxation()
    coarse = min(_COARSE, cells)
    grid, levels = _fitting(relaxation, _first_reach(relaxation), coarse)
    while len(levels) - 1 < coarse * 3 // 4:
        grid, levels = _fitting(relaxation, grid.h * (len(levels) - 1), coarse)
    price = _best_price(grid, relaxation, levels)
    grid, levels = _fitting(relaxation, grid.h * (len(levels) - 1), cells)
    spending = dynamic_programme(grid, relaxation, price, levels)
    assert spending is not None
    return replace(
        certificate, growth=_growth(grid.h), levels=tuple(levels.tolist()), price=price, spending=tuple(spending.tolist())
    )


def _first_reach(relaxation: Relaxation) -> float:
    """About ln(B/b_0), rather above: one largest jump, then crawling."""
    b_0, gap = float(relaxation.b_0), float(relaxation.start())
    return math.log1p((float(relaxation.squared_gradient()) / b_0 + gap + 1) / b_0)


def _growth(h: float) -> Fraction:
    """e^h - 1 as a short decimal."""
    return Fraction(f"{math.expm1(h):.6e}")


def _fitting(relaxation: Relaxation, reach: float, cells: int) -> tuple[Grid, Array]:
    """A grid of about so many cells over ln(b/b_0) <= reach, or further where needed, and the level function on it."""
    while True:
        # the last cells hold the zero of the level function
        grid = make_grid(relaxation.b_0, _growth(reach / cells), cells + 8)
        levels = dynamic_programme(grid, relaxation)
        if levels is not None:
            return grid, levels
        reach *= 1.2


def _best_price(grid: Grid, relaxation: Relaxation, levels: Array) -> float:
    """The price with the smallest bound on the sum of the squared gradients."""
    from scipy.optimize import minimize_scalar

    last = float(grid.b[len(levels) - 1])

    def cost(logarithm: float) -> float:
        price = math.exp(logarithm)
        spending = dynamic_programme(grid, relaxation, price, levels)
        assert spending is not None
        return math.log((float(relaxation.start()) + spending.max()) / price)

    centre = -math.log(last)
    found = minimize_scalar(cost, bounds=(centre - 4, centre + 4), method="bounded", options={"xatol": 0.02})
    return math.exp(float(found.x))


def dynamic_programme(grid: Grid, relaxation: Relaxation, price: float = 0.0, levels: Array | None = None) -> Array | None:
    """The level function of the price on the knots.

    At price 0 it ends with the first knot whose level is not above zero; ``None`` where the grid ends before. At another price
    the steps are those that are admissible under ``levels``, the level function of price 0.
    """
    cells = grid.cells if levels is None else len(levels) - 1
    cap = float_up(relaxation.range()) if relaxation.states == 2 and price == 0 else math.inf
    square = float_up(relaxation.squared_gradient())
    reach = None if levels is None else relaxation.reach(levels)
    short = pairs_of(grid, slice(0, cells), slice(1, 2)).short_slope(price)
    short[1:] = np.maximum(short[1:], short[:-1])
    least = np.full(grid.cells + 4, -np.inf)
    found = np.zeros(cells + 1)
    found[0] = float_up(relaxation.start()) if price == 0 else 0.0

    def push(i: int) -> None:
        ends = found[i : i + 2]
        largest = min(square, 2 * ends.max()) if relaxation.states == 2 else square
        _push(grid, least, i, cells, ends, largest if reach is None else float(reach[i]), price)

    def needed(i: int) -> float:
        crawled = found[i - 1] + short[i - 1] + ERROR * (abs(found[i - 1]) + abs(short[i - 1]))
        return max(float(least[i]), float(crawled))

    uncapped = found[0]
    for i in range(1, cells + 1):
        need = needed(i)
        if found[i - 1] < uncapped and need < cap:
            # u leaves its range inside the cell: there the level function must fall from above the range
            found[i - 1] = uncapped
            if i > 1:
                push(i - 2)
            need = needed(i)
        # and in the cell in which u reaches its range it must rise all through it
        found[i] = need if found[i - 1] < cap else min(need, cap)
        uncapped = need
        if reach is None and need <= 0:
            return found[: i + 1]
        push(i - 1)
    return None if reach is None else found


def _push(grid: Grid, least: Array, i: int, cells: int, ends: Array, reach: float, price: float) -> None:
    """Raise the least levels at later knots to what the long steps from cell i need there.

    Over the cell of ends the bound of the check is the larger of two, each with the level at one of its knots alone.
    """
    # steps of k cells have G^2 >= b_i^2 (e^{(k-1)h} - 1)
    farthest = int(np.searchsorted(grid.growth, reach / grid.b[i] ** 2 * (1 + 1e-9), side="right"))
    farthest = min(farthest, cells - i)
    if farthest < 2:
        return
    pairs = pairs_of(grid, slice(i, i + 1), slice(2, farthest + 1))
    allowed = pairs.admissible(np.array([reach]))
    long = long_steps(pairs, ends[:1], ends[1:], price)
    margin = 2 * long.error + 8 * ERROR * (np.abs(ends).max() + np.abs(long.level) + np.abs(long.steepest))
    for knot, need in ((i + 2, long.level + long.steepest / 2), (i + 3, long.level - long.flattest / 2)):
        knots = slice(knot, knot + len(allowed))
        least[knots] = np.maximum(least[knots], np.where(allowed, need + margin, -np.inf))
