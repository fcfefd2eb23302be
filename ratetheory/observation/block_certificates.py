"""What a block's squared norms at several checkpoints certify, window by window and together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flint import arb

from ratetheory.numeric import balls
from ratetheory.numeric.decimals import mean_outward
from ratetheory.numeric.norm_certificate import PRECISION, Certified, Window, certify_window
from ratetheory.observation.certification import UNCHANGED, BlockCertificate

Ball = Any
_MARGIN = 10
"""By how much a relative defect of the table is multiplied, since along the run it may be larger."""
_BY_EPS = (
    "the growth is so small that the eps of the normalisation may explain it, by the relative defects in the table: exact "
    "invariance cannot be assumed here (it can be between checkpoints further apart)"
)


def block_certificate(
    name: str, S: Sequence[Ball], windows: Sequence[Window], unit: Fraction, checkpoints: Sequence[str], defect: float = 0.0
) -> BlockCertificate:
    """Hold a block's squared norms at all checkpoints against the windows between them; ``unit``: of its rounding.

    ``defect``: |<w, g>| relative to sum |w g| as the table has it. Where it may move the mean by more than a quarter
    of the certificate's width, the block is ``undecided``.
    """
    found = [certify_window(a, b, w, unit) for a, b, w in zip(S[:-1], S[1:], windows, strict=True)]
    growth = relative_growth(S)
    for k, (certified, window) in enumerate(zip(found, windows, strict=True)):
        if certified.word == "violated":
            ratio = relative_growth((S[k] * window.scale**2, S[k + 1]))
            after = ", its decay undone," if shrinks(window) else ""
            reason = f"|w|^2{after} fell to {ratio} of itself from {checkpoints[k]} to {checkpoints[k + 1]}"
            return BlockCertificate(name, "violated", reason, growth)
    shifts = [_shift(b, c, w, defect) for b, c, w in zip(S[1:], found, windows, strict=True)]
    if any(2 * shift > _half_width(certified) for shift, certified in zip(shifts, found, strict=True)):
        return BlockCertificate(name, "undecided", _BY_EPS, growth)
    steps, total = [window.steps for window in windows], sum(window.steps for window in windows)
    lows = [certified.low or Decimal(0) for certified in found]
    highs = [certified.high for certified in found if certified.high is not None]
    low = mean_outward(zip(steps, lows, strict=True), total, up=False)
    high = mean_outward(zip(steps, highs, strict=True), total, up=True) if len(highs) == len(steps) else None
    if low > 0:
        word, reason = "held", ""
    else:
        word, reason = "not resolvable", "rounding of the stored weights may have made all of the growth; the upper end holds"
    return BlockCertificate(name, word, reason, growth, (low, high), min(highs, default=None), max(shifts))


def _shift(S_last: Ball, certified: Certified, window: Window, defect: float) -> float:
    """By which share of itself the mean may be off, an estimate: 2 sum eta |<w, g>| beside sum eta^2 |G|^2/|w|^2.

    In hats, the first is at most 2 defect sum eta_hat |G|, so at most 2 defect times the root of T sum eta_hat^2 |G|^2, T the
    steps that the weights see; the second is at least sum eta_hat^2 |G|^2/S_hat_last. The ratio is largest at the least mean.
    """
    mean = certified.low or certified.high
    if not defect or not mean:
        return 0.0
    # weight and mean, and the norm of one block, may lie beyond the range of floats
    with balls.working_precision(PRECISION):
        root = (window.effective_steps / (window.weight * arb(str(mean)))).sqrt()
        return 2 * _MARGIN * defect * float((S_last / window.scale**2 * root).mid())


def _half_width(certified: Certified) -> float:
    """The distance of the ends from their middle, as a share of it."""
    if certified.high is None:
        return math.inf
    if not certified.high:
        return 0.0
    with balls.working_precision(PRECISION):
        share = float((arb(str(certified.low or 0)) / arb(str(certified.high))).mid())
    return (1 - share) / (1 + share)


def unchanged_block(block: BlockCertificate, windows: Sequence[Window]) -> BlockCertificate:
    """What is said of a block whose stored weights are the same at all checkpoints."""
    if any(shrinks(window) for window in windows):
        reason = f"{UNCHANGED}, though decay shrinks weights: it took no steps as given"
        return BlockCertificate(block.block, "undecided", reason, block.growth)
    reason = f"{UNCHANGED}: dead, frozen, or steps below rounding; exact steps would mean 0 <= sum |G|^2 <= 0"
    return replace(block, status="not applicable", reason=reason)


def relative_growth(S: Sequence[Ball]) -> str:
    """|w_T|^2/|w_0|^2 to eight digits; nothing where the first is zero."""
    if not S[0] > 0:
        return "-"
    with balls.working_precision(PRECISION):
        return str((S[-1] / S[0]).mid().str(8, radius=False))


def shrinks(window: Window) -> bool:
    """Whether there is decay."""
    return not bool(window.scale == 1)


def effective_steps(windows: Sequence[Window]) -> float:
    """(sum of weights)^2/(sum of their squares), each window's scaled so that they add up to its steps."""
    with balls.working_precision(PRECISION):
        total = sum(window.steps for window in windows)
        squares = sum(window.steps**2 / window.effective_steps for window in windows)
        return float((total**2 / squares).mid())
