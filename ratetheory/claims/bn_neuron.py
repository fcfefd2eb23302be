"""A batch-normalised neuron (theory, section 9): smoothness constants from data, and the law of the usual layer's eps.

In these claims the index i runs over the samples of the batch (for other normalisations: over the normalised entries).
"""

from __future__ import annotations

from typing import Any

from ratetheory.claims.hypotheses import (
    AFFINE,
    BIASED_VARIANCE,
    CONDITION,
    DIFFERENTIABLE,
    LOSS_CURVATURE,
    LOSS_SLOPE,
    ONE_GROUP,
    OWN_CHANNEL,
    SMOOTHED_BATCH_NORM,
)
from ratetheory.claims.statement import Claim, Conclusion


def imbalance(m: Any, cond: Any) -> Any:
    """sqrt(cond) + 1/sqrt(cond) - 2."""
    root = m.sqrt(cond)
    return (root - 1) ** 2 / root


def speed_above_one(m: Any, t: Any) -> Any:
    """rho - 1 for the larger root rho of 4 rho^2 - 3 (t + 2) rho + 2 = 0."""
    return (3 * t - 2 + m.sqrt(9 * t**2 + 36 * t + 4)) / 8


def turning_at(m: Any, above: Any) -> Any:
    """2 rho sqrt((rho^2 - 1)/3) at rho = 1 + above."""
    return 2 * (1 + above) * m.sqrt(above) * m.sqrt((2 + above) / 3)


def turning_supremum(m: Any, cond: Any) -> Any:
    """s(cond): the supremum of |psi''| over all great circles; |psi''| is largest where psi' = rho."""
    return turning_at(m, speed_above_one(m, imbalance(m, cond)))


def smoothness(m: Any, cond: Any, gain: Any, loss_slope: Any, loss_curvature: Any) -> Any:
    """L: the bound on the second derivative along great circles."""
    return cond * (gain**2 * loss_curvature + m.abs(gain) * loss_slope)


def gradient_bound(m: Any, cond: Any, gain: Any, loss_slope: Any) -> Any:
    """Gbar: the bound on the first derivative along great circles, so on |G|."""
    return m.sqrt(cond) * m.abs(gain) * loss_slope


SMOOTHED_BN = Claim(
    slug="smoothed-bn",
    title="Smoothness and gradient bound of a batch-normalised neuron, from the condition number of its data",
    section="9",
    setting="neuron",
    symbols=("cond", "gain", "loss_slope", "loss_curvature", "turn", "turn_rate", "neuron_first", "neuron_second"),
    hypotheses=(CONDITION,),
    conclusions=(
        Conclusion("speed", lambda m, s: s.turn**2, "<=", lambda m, s: s.cond),
        Conclusion("turning", lambda m, s: m.abs(s.turn_rate), "<=", lambda m, s: turning_supremum(m, s.cond)),
        Conclusion("acceleration", lambda m, s: s.turn**4 + s.turn_rate**2, "<=", lambda m, s: s.cond**2),
        Conclusion(
            "hessian",
            lambda m, s: m.abs(s.neuron_second),
            "<=",
            lambda m, s: smoothness(m, s.cond, s.gain, s.loss_slope, s.loss_curvature),
            (SMOOTHED_BATCH_NORM, LOSS_SLOPE, LOSS_CURVATURE),
        ),
        Conclusion(
            "gradient",
            lambda m, s: m.abs(s.neuron_first),
            "<=",
            lambda m, s: gradient_bound(m, s.cond, s.gain, s.loss_slope),
            (SMOOTHED_BATCH_NORM, LOSS_SLOPE),
        ),
        Conclusion("below", lambda m, s: turning_supremum(m, s.cond), "<=", lambda m, s: s.cond - 1),
    ),
    source="new constants; the smoothed layer is that of Arora, Li, Lyu 2019",
    idea="Whitening maps great circles to great circles, at a speed psi'; over the batch the mean squares of z' and z'' are at "
    "most psi'^2 and psi'^4 + psi''^2.",
    errata=(
        "Bounding psi'^2 and psi'' one by one gives L = cond (gain^2 l2 + |gain| l1) + s(cond) |gain| l1: true, but psi' and "
        "psi'' are not large together, and the last term is not needed.",
        "s = sqrt(k) (k-1) sqrt(1-c^2)/(D + e c)^2 with D = (k+1)/2, e = (k-1)/2, c = -4e/(D + sqrt(D^2 + 8 e^2)) is the same "
        "number, but loses all digits in floats at large k, where D + e c cancels.",
    ),
)

EPS_LAW = Claim(
    slug="eps-law",
    title="By how much eps breaks the scale invariance of a usual normalisation layer",
    section="9",
    setting="normalisation",
    symbols=("eps", "variance", "group_variance", "out", "pull", "gain", "gain_slope", "filter_radial"),
    hypotheses=(DIFFERENTIABLE, OWN_CHANNEL, BIASED_VARIANCE),
    conclusions=(
        Conclusion(
            "groups",
            lambda m, s: s.filter_radial,
            "==",
            lambda m, s: m.over_blocks(s.eps / (s.group_variance + s.eps) * s.pull * s.out),
        ),
        Conclusion(
            "channel",
            lambda m, s: s.filter_radial,
            "==",
            lambda m, s: s.eps / (s.variance + s.eps) * m.over_blocks(s.pull * s.out),
            (ONE_GROUP,),
        ),
        Conclusion(
            "affine",
            lambda m, s: s.filter_radial,
            "==",
            lambda m, s: s.eps / (s.variance + s.eps) * s.gain * s.gain_slope,
            (ONE_GROUP, AFFINE),
        ),
    ),
    source="new",
    idea="d/dk z(k w) = z eps/(var + eps) at k = 1, and the chain rule.",
)

CLAIMS = (SMOOTHED_BN, EPS_LAW)
