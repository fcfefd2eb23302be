"""The integral of the slope that rises with b (claim ``gd-rate``), as a lower sum in any namespace of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

_HALVINGS = 4
CELLS = 2**_HALVINGS
"""Sixteen raise B - b_0 by less than 1% above what the integral itself gives, as the tests measure; any number is a proof."""
THRESHOLDS = 6
"""Tangents tried: each is Newton's step to the root of a convex function, from the right."""


def lower_sum(m: Any, b_0: Any, v: Any, Gbar: Any, infima: Callable[[list[Any]], Iterable[Any]]) -> Any:
    """A lower bound of the integral of c over [Y, v + Gbar^2/v], Y = b_0 + Gbar^2/b_0, v >= max(b_0, Gbar^2/b_0).

    At s = w + Gbar^2/w, w >= Gbar, the slope c is the infimum of e over (0, Gbar/w], which ``infima`` gives for a list of such
    ends. It rises with s, so that its value at the left end of each cell of a geometric grid in w is a minorant.
    """
    start = m.maximum(b_0, Gbar**2 / b_0)
    x = Gbar / start
    ratio = m.minimum(start / v, 1 + 0 * x)
    # 1 - ratio, without cancellation where v is near the start
    step = m.maximum(v - start, 0 * v) / v
    for _ in range(_HALVINGS):
        ratio = m.sqrt(ratio)
        step = step / (1 + ratio)
    nodes = [x]
    for _ in range(CELLS):
        nodes.append(nodes[-1] * ratio)
    total = 0 * x
    for left, right, slope in zip(nodes[:-1], nodes[1:], infima(nodes[:-1]), strict=True):
        total = total + slope * ((1 / (left * right) - 1) * left)
    return Gbar * step * total
