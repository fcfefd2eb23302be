"""Sums of arcsines along a geometric sequence: sum over k >= 1 of a^k (2/pi) arcsin(rho r^{k-1}), 0 <= a, rho <= 1, 0 <= r < 1.

The first terms one by one, until the argument x is at most ``_SMALL``; from there by arcsin x = sum_j c_j x^{2j+1}, whose
terms are geometric sums. As c_j <= 1, what is left out after J powers is at most x^{2J+1}/((1 - x^2)(1 - a r)).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray
_SMALL = 0.9
_MOST_TERMS = 200_000


def arcsine_sum_in_floats(a: Any, rho: Any, ratio: Any) -> Array:
    """The sum, to a relative error of about 1e-14; ``nan`` outside the range."""
    a, rho, ratio = np.broadcast_arrays(*(np.asarray(x, float) for x in (a, rho, ratio)))
    inside = (a >= 0) & (a <= 1) & (rho >= 0) & (rho <= 1) & (ratio >= 0) & (ratio < 1)
    a, x, ratio = np.where(inside, a, 0.0), np.where(inside, rho, 0.0), np.where(inside, ratio, 0.0)
    total, weight = np.zeros_like(x), a.copy()
    for _ in range(_MOST_TERMS):
        large = x > _SMALL
        if not np.any(large):
            break
        total = np.where(large, total + weight * np.arcsin(x), total)
        weight, x = np.where(large, weight * a, weight), np.where(large, x * ratio, x)
    coefficient, power = 1.0, x.copy()
    for j in range(200):
        total = total + weight * coefficient * power / (2 * j + 1) / (1 - a * ratio ** (2 * j + 1))
        coefficient *= (2 * j + 1) / (2 * j + 2)
        power = power * x * x
    return np.where(inside & (x <= _SMALL), 2 / math.pi * total, np.nan)


def arcsine_sum_in_balls(a: Any, rho: Any, ratio: Any) -> Any:
    """The enclosure of the sum.

    Raises:
        ArithmeticError: if more than ``_MOST_TERMS`` terms were needed.
    """
    from flint import arb, ctx

    total, weight, x, terms = arb(0), a, rho, 0
    while not x <= _SMALL:
        if terms == _MOST_TERMS:
            raise ArithmeticError(f"the sum needs more than {_MOST_TERMS} terms")
        total, weight, x, terms = total + weight * x.asin(), weight * a, x * ratio, terms + 1
    powers = 1 + math.ceil(ctx.prec / (-2 * math.log2(_SMALL)))
    coefficient, power, decay = arb(1), x, ratio
    for j in range(powers):
        total += weight * coefficient * power / ((2 * j + 1) * (1 - a * decay))
        coefficient, power, decay = coefficient * (2 * j + 1) / (2 * j + 2), power * x**2, decay * ratio**2
    rest = weight * power / ((1 - x**2) * (1 - a * ratio))
    return 2 / arb.pi() * (total + arb(0).union(rest))
