"""A, the supremum of the noise ratio of claim ``sgd-descent``, certified."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ratetheory.numeric import balls
from ratetheory.numeric.branch import derivative_of, supremum
from ratetheory.numeric.ratios import arctan_defect, logarithm_defect, logarithm_ratio

Ball = Any


def noise_excess(tau: Any, Lam: Ball, Gbar: Ball) -> Any:
    """The noise ratio less its limit at 0, (2 Gbar (tau - arctan tau) - Lam (ln(1 + tau^2) - arctan^2 tau))/ln(1 + tau^2)."""
    return tau * (2 * Gbar * arctan_defect(tau) - Lam * tau * logarithm_defect(tau)) / logarithm_ratio(tau)


def noise_supremum(tau_max: Fraction, Lam: Fraction, Gbar: Fraction) -> Ball:
    """A ball that contains A, the supremum of the noise ratio over (0, tau_max], of relative width below 2^-42.

    Where Gbar is far below Lam the ratio is flat, at most 1 + 2 (Gbar/Lam)^2/3 times Lam. Hence branch and bound is for what
    it exceeds Lam by, to the same relative width, with series that do not cancel near 0. Below
    e = min(tau_max, 1, 2 Gbar/Lam)/4 the excess is at most 2 Gbar e (1 + e^2)/3: arctan(x)^2 <= ln(1 + x^2),
    x - arctan x <= x^3/3 and ln(1 + x^2) >= x^2/(1 + x^2).
    """
    Lam_ball, Gbar_ball = balls.number(Lam), balls.number(Gbar)
    start = balls.number(min(tau_max, Fraction(1), 2 * Gbar / Lam) / 4)

    def excess(tau: Any) -> Any:
        return noise_excess(tau, Lam_ball, Gbar_ball)

    rest = supremum(excess, start, balls.number(tau_max), derivative=derivative_of(excess))
    e = start.upper()
    near = 2 * Gbar_ball * e * (1 + e**2) / 3
    return Lam_ball + rest.union(rest.max(near))
