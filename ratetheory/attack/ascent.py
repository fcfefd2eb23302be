"""Gradient ascent on the violation: from one point of the unit cube uphill, by differences, many steps tried at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray
_DIFFERENCE = 1e-5
_LENGTHS = 10.0 ** np.arange(-6.0, 0.0, 0.5)


def ascend(value: Callable[[Array], Array], start: Array, rounds: int, enough: Callable[[], bool]) -> Array:
    """The best point met.

    ``value`` gives the values to maximise of points of shape (n, dimension) in the unit cube; where it is not finite nothing
    is learnt. Ends after ``rounds`` steps, when no step goes up, or when ``enough`` says so.
    """
    here, best = start, float(value(start[None])[0])
    for _ in range(rounds):
        if enough() or not np.isfinite(best):
            break
        # towards the inside, so that the differences stay in the cube
        sides = np.where(here > 0.5, -_DIFFERENCE, _DIFFERENCE)
        slope = (value(here + np.diag(sides)) - best) / sides
        slope = np.where(np.isfinite(slope), slope, 0.0)
        steepest = np.max(np.abs(slope))
        if steepest == 0:
            break
        tried = np.clip(here + _LENGTHS[:, None] * slope / steepest, 0.0, 1.0)
        values = value(tried)
        index = int(np.argmax(np.where(np.isfinite(values), values, -np.inf)))
        if not values[index] > best:
            break
        here, best = tried[index], float(values[index])
    return here
