"""The exponent of min |G| against the number of steps, fitted with its uncertainty."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

HORIZONS = 40
"""Horizons on a logarithmic grid, on which the running minimum is read."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Exponent:
    """``value`` of a in min_{s<T} |G_s| ~ T^a over the horizons ``first`` to ``last``, between ``low`` and ``high``.

    Theil-Sen slope and its confidence interval. The interval treats the horizons as independent; a running minimum is not,
    so it is too short rather than too long.
    """

    value: float
    low: float
    high: float
    first: int
    last: int

    def as_dict(self) -> dict[str, Any]:
        """The fit as plain data."""
        return asdict(self)


def fit_exponent(gradient_norm: np.ndarray) -> Exponent | None:
    """Fit the second half (in ln T) of the run; ``None`` if it has fewer than 20 steps or a gradient that vanishes.

    ``gradient_norm``: shape (steps,), the norm of all gradients at normalised weights.
    """
    from scipy.stats import theilslopes

    steps = len(gradient_norm)
    least = np.minimum.accumulate(gradient_norm)
    if steps < 20 or not (np.isfinite(least).all() and least[-1] > 0):
        return None
    horizons = np.unique(np.geomspace(np.sqrt(steps), steps, HORIZONS).round().astype(int))
    fit = theilslopes(np.log(least[horizons - 1]), np.log(horizons), alpha=CONFIDENCE)
    return Exponent(float(fit.slope), float(fit.low_slope), float(fit.high_slope), int(horizons[0]), int(horizons[-1]))
