"""Confirming and refuting by rescaling: forward passes in double precision at generic weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from ratetheory.observation.families import Family
from ratetheory.training.blocks.copied import Copied
from ratetheory.training.blocks.partition import Array
from ratetheory.training.blocks.screen import checked_outputs, moved

LEAST_TOLERANCE = 1e-11
MOST_TOLERANCE = 1e-6
_ULPS = 2.0**-50
_MARGIN = 100.0


def change(outputs: Sequence[torch.Tensor], base: Sequence[torch.Tensor]) -> float:
    """The largest relative change of an output tensor; infinite if there are other outputs than before."""
    if [o.shape for o in outputs] != [b.shape for b in base]:
        return float("inf")
    worst = 0.0
    for output, before in zip(outputs, base, strict=True):
        difference = float(torch.linalg.vector_norm(output - before))
        if difference != difference:
            return float("inf")
        if difference:
            worst = max(worst, difference / max(float(torch.linalg.vector_norm(before)), np.finfo(float).tiny))
    return worst


def rounding_tolerance(copied: Copied, point: Mapping[str, torch.Tensor], base: Sequence[torch.Tensor]) -> float:
    """A hundred times the change of the outputs when every weight changes by four units of rounding, at least 1e-11.

    ``ValueError``: beyond 1e-6 nothing can be judged; the model is then no function of its weights, as a rule.
    """
    copied.set({name: moved(w, number, _ULPS, 0.0, copied.room(name)) for number, (name, w) in enumerate(point.items())})
    found = change(checked_outputs(copied.outputs(grad=False)), base)
    if not found <= MOST_TOLERANCE / _MARGIN:
        raise ValueError(
            f"model: its outputs change by {found:.1g} of their size when the weights change by rounding, with equal batch and "
            "random states; a function of the weights is needed"
        )
    return max(LEAST_TOLERANCE, _MARGIN * found)


def factors(family: Family, seed: int) -> Array:
    """Random factors between 1/64 and 64, one a block: far enough to meet what is clipped beyond some size."""
    return np.exp2(np.random.default_rng(seed).uniform(-6, 6, family.parts))


def rescaled(
    copied: Copied, point: Mapping[str, torch.Tensor], scales: Sequence[tuple[Family, Array]]
) -> dict[str, torch.Tensor]:
    """The weights with each block of the families multiplied by its factor, until other weights take their place."""
    values = dict(point)
    for family, by in scales:
        for m in family.members:
            w = values[m.parameter]
            size = (m.stop - m.start) // family.parts
            each = torch.ones(w.shape[m.axis] if w.dim() else 1, dtype=w.dtype)
            each[m.start : m.stop] = torch.from_numpy(by).repeat_interleave(size)
            by_entry = each.to(w.device).reshape(-1, *[1] * (w.dim() - 1 - m.axis)) if w.dim() else each[0]
            values[m.parameter] = torch.mul(w, by_entry, out=copied.room(m.parameter))
    return values


def confirmed(
    families: Sequence[Family],
    changed: Callable[[Sequence[Family]], float],
    tolerance: float,
) -> dict[str, float]:
    """The change of the outputs by family name, found by halving where all together change them."""
    if not families:
        return {}
    found = changed(families)
    if found <= tolerance or len(families) == 1:
        return {family.name: found for family in families}
    middle = len(families) // 2
    halves = {
        **confirmed(families[:middle], changed, tolerance),
        **confirmed(families[middle:], changed, tolerance),
    }
    if all(value <= tolerance for value in halves.values()):
        # each alone leaves the outputs as they are, together they do not: none is certain
        return dict.fromkeys(halves, found)
    return halves
