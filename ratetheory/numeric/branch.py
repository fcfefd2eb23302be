"""Verified branch and bound: the supremum or infimum of a function of one variable over an interval, in ball arithmetic.

The function takes a ball and returns a ball that contains all its values there. Pieces whose upper bound cannot exceed the
best value met are dropped, the others are halved. With a derivative, a monotone piece is settled by its ends and any other is
bounded by the mean value form, whose excess shrinks with the square of the width: few pieces then give twelve digits and more.
After R. E. Moore, R. B. Kearfott, M. J. Cloud, *Introduction to Interval Analysis* (SIAM 2009), sections 6.3 and 11.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import arb, arb_series

from ratetheory.numeric.balls import NotNarrow

Ball = Any
Function = Callable[[Any], Any]

RELATIVE = 2.0**-42
PIECES = 100_000


def supremum(
    function: Function,
    low: Ball,
    high: Ball,
    *,
    derivative: Function | None = None,
    relative: float = RELATIVE,
    pieces: int = PIECES,
) -> Ball:
    """A ball that contains the supremum of ``function`` over [low, high], 0 <= low <= high, of relative width ``relative``.

    ``function`` and ``derivative`` enclose their values over the ball that they are given; where a value is not finite (0/0
    in a wide ball) the piece is halved. Balls ``low``, ``high`` mean every interval with ends in them, and widen the result.
    Works at the precision of ``flint.ctx``. Raises ``NotNarrow`` after ``pieces`` pieces.
    """
    if not (low >= 0 and not low > high):
        raise ValueError(f"low: {low} is not allowed; allowed: a number from 0 to high = {high}")
    best, ceiling = arb("-inf"), arb("-inf")
    open_pieces = [(_end(low, up=True), _end(high, up=False))]
    if not open_pieces[0][0] < open_pieces[0][1]:
        open_pieces = []
        ceiling = function(low.union(high))
        best = function(low)
    # of ends that are not exact, only the upper bound may count what lies between their limits
    for ball in (low, high):
        if not ball.is_exact():
            ceiling = ceiling.max(function(ball))
    for pair in open_pieces:
        for value in map(function, pair):
            best = best.max(value.lower()) if value.is_finite() else best
    used = 0
    while open_pieces:
        halves = []
        for left, right in open_pieces:
            used += 1
            at_middle, upper = _bound(function, derivative, left, right)
            best = best.max(at_middle.lower()) if at_middle.is_finite() else best
            if upper <= best + relative / 4 * best.abs_lower():
                ceiling = ceiling.max(upper)
            else:
                middle = _middle(left, right)
                halves += [(left, middle), (middle, right)]
        if used > pieces or any(not left < right for left, right in halves):
            raise NotNarrow(f"no supremum of relative width {relative:.1e} with {pieces} pieces at this precision")
        open_pieces = halves
    if not (best.is_finite() and ceiling.is_finite()):
        raise NotNarrow("the function is not finite at the ends")
    return best.lower().union(ceiling.upper().max(best.upper()))


def infimum(
    function: Function,
    low: Ball,
    high: Ball,
    *,
    derivative: Function | None = None,
    relative: float = RELATIVE,
    pieces: int = PIECES,
) -> Ball:
    """A ball that contains the infimum; see ``supremum``."""
    slope = None if derivative is None else lambda x: -derivative(x)
    return -supremum(lambda x: -function(x), low, high, derivative=slope, relative=relative, pieces=pieces)


def derivative_of(function: Function) -> Function:
    """The derivative by automatic differentiation, for functions that take ``flint.arb_series`` as well as balls.

    ``supremum`` asks for it only where the function is finite: a series divided by a ball around 0 raises ``ValueError``.
    """
    return lambda x: function(arb_series([x, 1], 2))[1]


def _bound(function: Function, derivative: Function | None, left: Ball, right: Ball) -> tuple[Ball, Ball]:
    """A value inside the piece, and an upper bound of all of them."""
    piece, middle = left.union(right), _middle(left, right)
    value = function(middle)
    everywhere = function(piece)
    if not (value.is_finite() and everywhere.is_finite()):
        return value, arb("inf")
    upper = everywhere.upper()
    slope = arb("nan") if derivative is None else derivative(piece)
    if not slope.is_finite():
        return value, upper
    if slope >= 0 or slope <= 0:
        highest = function(right if slope >= 0 else left)
        return (highest, upper.min(highest.upper())) if highest.is_finite() else (value, upper)
    return value, upper.min((value + slope * (piece - middle)).upper())


def _end(ball: Ball, up: bool) -> Ball:
    return ball if ball.is_exact() else ball.upper() if up else ball.lower()


def _middle(left: Ball, right: Ball) -> Ball:
    """An exact point inside; the geometric mean of ends that are decades apart."""
    unit = left.max(arb(1))
    if right > 4 * unit:
        return (unit * right).sqrt().mid()
    return (left * right).sqrt().mid() if right > 4 * left > 0 else ((left + right) / 2).mid()
