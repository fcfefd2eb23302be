"""The relaxation of gradient descent whose worst case the oracle bounds, and the proof that a level function bounds it.

One block without scale-variant parameters, in units of its smoothness: L = 1. The state is (b, u), u = f - inf f. One step
with gradient norm G turns by theta = arctan(x), x = G/b, and by the claims ``worst-case``, ``norm-growth``

    b' = b (1 + x^2),    u' <= u - cost,    cost = b x theta - theta^2/2,    G <= Gbar,    u' >= 0,

and, in the relaxation of two states, G^2 <= 2 u and u <= pi^2/4 at every state (``worst-case``, ``gradient-diameter``).

**Level functions.** Let y = ln b and let U be piecewise linear in y on the knots y_i = y_0 + i h, with U(y_0) >= u_0. If for
every y with U(y) >= 0 and every step that is admissible from the state (y, U(y))

    U(y) - cost <= U(y')                                                                          (step inequality)

or U(y) - cost < 0 (no such step exists), then u_t <= U(y_t) for ever, by induction: from u <= U(y) fewer steps are admissible
than from U(y), and each leads to u' <= u - cost <= U(y) - cost. Where U < 0 there is no state, so b stays below U's last zero.

**Price.** If moreover W satisfies the step inequality with ``cost - price G^2`` for the cost, for all steps admissible under U,
then price * sum |G_t|^2 <= u_0 - u_T + W(y_T) - W(y_0) <= u_0 + max W - W(y_0). U itself is the case of price 0.

**What is checked**, over cells [y_i, y_{i+1}] x [y_j, y_{j+1}] of starts and ends. With z = y' - y = ln(1 + x^2) the cost is
e^y P(z) - Q(z), P = x arctan(x), Q = arctan(x)^2/2, and G^2 = e^y (e^y' - e^y). The derivatives in z

    P' = 1/2 + (x + 1/x) arctan(x)/2,    Q' = arctan(x)/(2x)

rise and fall in z, and so P' - P = 1/2 + (1/x - x) arctan(x)/2 falls (arctan(x)/x falls, x arctan(x) rises, and the derivative
of (x + 1/x) arctan(x) is 1/x + (1 - 1/x^2) arctan(x) >= 0 because arctan(x) <= x). Hence each of:

- *Short steps, down to G = 0.* cost >= (b - 1/2) z (claim ``worst-case``, "crawling") and G^2 = b b' (1 - e^-z) <= b b' z.
  Where every slope of the level function from cell i to cell j is at least 1/2 - b_i + price b_{i+1} b_{j+1}, all steps from
  the one into the other satisfy the inequality.
- *Long steps.* On a pair of cells U(y) - U(y') - cost + price G^2 is at most its value in the middle plus half a cell times the
  largest size of each derivative (mean value theorem); the derivatives are enclosed by the monotone functions above.
- *Steps off the grid.* As P is convex and Q concave, a cost that rises with z at y_N rises from there on.

**Rounding.** The tables of P, Q, P', Q', e^z - 1, b come from balls of 128 bits, rounded to the nearest double: relative error
at most 2^-52. What follows is sums and products, of at most 24 terms of at most 6 factors; each contributes at most 48 units
of roundoff of its own size (Higham, *Accuracy and Stability of Numerical Algorithms*, section 3.1), so ``ERROR``, 128 units,
times the sum of the sizes covers it. Maxima, minima and comparisons are exact. ``LARGEST`` prevents over- and underflow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ratetheory.numeric import balls

ERROR = 2.0**-46
LARGEST = 10**25
"""Constants in units of L lie between its inverse and it."""

Array = np.ndarray


@dataclass(frozen=True)
class Relaxation:
    """The constants in units of L: b at the start, the gap (``None``: pi^2/4), Gbar (``None``: pi/2), one or two states."""

    b_0: Fraction
    gap: Fraction | None
    gradient_bound: Fraction | None
    states: int

    def start(self) -> Any:
        """The largest u at the start, a ball."""
        gap = None if self.gap is None else balls.number(self.gap)
        return self.range() if gap is None else gap.min(self.range()) if self.states == 2 else gap

    def range(self) -> Any:
        """pi^2/4, which u never exceeds, a ball."""
        return balls.pi**2 / 4

    def squared_gradient(self) -> Any:
        """The bound on G^2, a ball; |G| <= pi/2 always holds."""
        largest = balls.pi / 2
        return (largest if self.gradient_bound is None else largest.min(balls.number(self.gradient_bound))) ** 2

    def reach(self, levels: Array) -> Array:
        """For each cell of starts an upper bound on the admissible G^2, negative where there is no state."""
        top = np.maximum(levels[:-1], levels[1:])
        everywhere = float_up(self.squared_gradient())
        return np.where(top >= 0, np.minimum(2 * top, everywhere) if self.states == 2 else everywhere, -1.0)


@dataclass(frozen=True)
class Grid:
    """The functions of the relaxation on a grid of step h in y = ln b: ``b`` at knots, ``middle`` between them; P, Q, their
    derivatives and ``growth`` e^z - 1 at the multiples of h."""

    h: float
    b: Array
    middle: Array
    P: Array
    Q: Array
    dP: Array
    dQ: Array
    growth: Array

    @property
    def cells(self) -> int:
        """The number N of cells; the tables reach two knots further."""
        return len(self.b) - 3


def float_up(ball: Any) -> float:
    """A double that is not below the ball."""
    return float(np.nextafter(float(ball.upper()), np.inf))


def make_grid(b_0: Fraction, growth: Fraction, cells: int) -> Grid:
    """The grid with knots b_0 (1 + growth)^i."""
    with balls.working_precision():
        h, knot = balls.number(growth).log1p(), balls.number(b_0)
        factor, root = h.exp(), (h / 2).exp()
        b, middle, rows = [knot], [knot * root], [(0.0, 0.0, 1.0, 0.5, 0.0)]
        for k in range(1, cells + 3):
            b.append(b[-1] * factor)
            middle.append(b[-1] * root)
            grown = (h * k).expm1()
            x = grown.sqrt()
            angle = x.atan()
            rows.append((x * angle, angle**2 / 2, (1 + (x + 1 / x) * angle) / 2, angle / (2 * x), grown))
        tables = (np.array([float(entry) for entry in column]) for column in zip(*rows, strict=True))
        return Grid(float(h), *(np.array([float(entry) for entry in knots]) for knots in (b, middle)), *tables)


@dataclass(frozen=True)
class Pairs:
    """Pairs of cells of starts and of ends, k cells further on: the ends of the cells, and the tables at k - 1, k, k + 1."""

    h: float
    low: Array
    middle: Array
    high: Array
    after: Array
    end: Array
    before: tuple[Array, ...]
    at: tuple[Array, ...]
    beyond: tuple[Array, ...]

    def admissible(self, reach: Array) -> Array:
        """Where a step may exist; ``reach`` bounds G^2 in the cells of starts."""
        # G^2 = b (b' - b) rises in b' and is concave in b
        least = np.minimum(self.low * self.low * self.at[4], self.high * self.high * self.before[4])
        return np.asarray((reach >= 0) & ~(least * (1 - ERROR) > reach))

    def short_slope(self, price: float) -> Array:
        """The slope (times h) of a level function with which short steps satisfy the inequality, rounded up."""
        product = price * self.high * self.end
        return self.h * (0.5 - self.low + product) + ERROR * self.h * (0.5 + self.low + product)


def pairs_of(grid: Grid, starts: slice, steps: slice) -> Pairs:
    """The cells ``starts`` with the cells k further on, k in ``steps``; one of the two holds a single number."""
    first, last = starts.start + steps.start, starts.stop + steps.stop - 1

    def shifted(by: int) -> tuple[Array, ...]:
        k = slice(max(steps.start + by, 0), max(steps.stop + by, 1))
        return grid.P[k], grid.Q[k], grid.dP[k], grid.dQ[k], grid.growth[k]

    return Pairs(
        grid.h,
        grid.b[starts],
        grid.middle[starts],
        grid.b[starts.start + 1 : starts.stop + 1],
        grid.b[first:last],
        grid.b[first + 1 : last + 1],
        shifted(-1),
        shifted(0),
        shifted(1),
    )


@dataclass(frozen=True)
class Long:
    """An upper bound of U(y) - U(y') - cost + price G^2 over pairs of cells, without the part of U(y').

    ``level`` is its part at the middle and from the derivative in y; ``steepest`` and ``flattest`` enclose the derivative of
    cost - price G^2 in y' (times h), ``error`` covers the rounding.
    """

    level: Array
    steepest: Array
    flattest: Array
    error: Array

    def bound(self, left: Array | float, right: Array | float) -> Array:
        """The bound, where U goes from ``left`` to ``right`` in the cell of ends."""
        # (left + right)/2 less half the largest size of the derivative in y' leaves one of the two ends alone
        at_left = self.level + self.steepest / 2 - left + ERROR * np.abs(left)
        at_right = self.level - self.flattest / 2 - right + ERROR * np.abs(right)
        return np.asarray(np.maximum(at_left, at_right) + self.error)


def long_steps(pairs: Pairs, left: Array, right: Array, price: float) -> Long:
    """The bound over pairs with k >= 1, where U goes from ``left`` to ``right`` in the cell of starts."""
    low, middle, high, after, end, h = pairs.low, pairs.middle, pairs.high, pairs.after, pairs.end, pairs.h
    P, Q, _, _, growth = pairs.at
    P_before, _, dP_before, dQ_before, _ = pairs.before
    P_beyond, _, dP_beyond, dQ_beyond, _ = pairs.beyond
    slope = right - left
    rising, falling = dP_before - P_before, dP_beyond - P_beyond
    most = slope + h * (np.maximum(low * rising, high * rising) - dQ_beyond + price * (high * end - 2 * low * low))
    fewest = slope + h * (np.minimum(low * falling, high * falling) - dQ_before + price * (low * after - 2 * high * high))
    value = (left + right) / 2 - middle * P + Q + price * middle * middle * growth
    sizes = 2 * (np.abs(left) + np.abs(right)) + high * (P + h * (P_beyond + 2 * dP_beyond)) + Q + 2 * h * dQ_before
    return Long(
        level=value + np.maximum(np.abs(most), np.abs(fewest)) / 2,
        steepest=h * (high * dP_beyond - dQ_beyond - price * low * after),
        flattest=h * (low * dP_before - dQ_before - price * high * end),
        error=ERROR * (sizes + price * high * ((1 + 2 * h) * end + 2 * h * high)),
    )


def open_pairs(grid: Grid, reach: Array, levels: Array, price: float = 0.0, cap: float = np.inf) -> Iterator[tuple[int, int]]:
    """The pairs of cells (i, j), j = N for steps off the grid, over which the step inequality is not shown.

    ``reach`` bounds G^2 in the cells of starts; ``cap`` is a level that u never exceeds. With a price steps off the grid are
    left out: the level function of price 0 excludes them.
    """
    cells = grid.cells
    slopes = levels[1:] - levels[:-1]
    least = np.full(cells, np.inf)
    for k in range(cells):
        count = cells - k
        least[:count] = np.minimum(least[:count], slopes[k:])
        pairs = pairs_of(grid, slice(0, count), slice(k, k + 1))
        shown = ~pairs.admissible(reach[:count]) | (least[:count] >= pairs.short_slope(price))
        left, right = levels[k:cells], levels[k + 1 : cells + 1]
        shown |= np.minimum(left, right) >= cap
        if k > 0 and not shown.all():
            shown |= long_steps(pairs, levels[:count], levels[1 : count + 1], price).bound(left, right) <= 0
        yield from ((int(i), int(i) + k) for i in np.flatnonzero(~shown))
    if price == 0:
        yield from ((i, cells) for i in range(cells) if not _stays(grid, reach, levels, least, i))


def _stays(grid: Grid, reach: Array, levels: Array, least: Array, i: int) -> bool:
    """Whether no step leads from cell i off the grid, where the level function goes on as in the last cell, below zero.

    ``least`` is the least slope from each cell on.
    """
    here = slice(i, i + 1)
    pairs = pairs_of(grid, here, slice(grid.cells - i, grid.cells - i + 1))
    if not pairs.admissible(reach[here])[0] or least[i] >= pairs.short_slope(0.0)[0]:
        return True
    long = long_steps(pairs, levels[here], levels[i + 1 : i + 2], 0.0)
    return bool(long.flattest[0] >= long.error[0] and long.bound(0.0, 0.0)[0] < 0)
