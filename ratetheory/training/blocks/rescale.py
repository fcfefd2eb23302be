"""Confirming and refuting by rescaling: forward passes in double precision at generic weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from ratetheory.observation.families import Family
from ratetheory.training.blocks.copied import Copied
from ratetheory.training.blocks.partition import Array
from ratetheory.training.blocks.screen import checked_outputs

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
    generator = torch.Generator().manual_seed(7)
    signs = torch.randint(0, 2, (65521,), generator=generator, dtype=torch.float64).mul_(2 * _ULPS).sub_(_ULPS)
    moved = {}
    for name, w in point.items():
        n = w.numel()
        noise = signs.repeat(-(-n // len(signs)))[:n].reshape(w.shape).to(w.device)
        moved[name] = torch.addcmul(w, w, noise)
    copied.set(moved)
    found = change(checked_outputs(copied.outputs(grad=False)), base)
    if not found <= MOST_TOLERANCE / _MARGIN:
        raise ValueError(
            f"model: its outputs change by {found:.1g} of their size when the weights change by rounding, with the same batch and "
            "random states; a function of the weights is needed"
        )
    return max(LEAST_TOLERANCE, _MARGIN * found)


def factors(family: Family, seed: int) -> Array:
    """Random factors between a half and two, one a block."""
    return np.exp2(np.random.default_rng(seed).uniform(-1, 1, family.parts))


def rescaled(point: Mapping[str, torch.Tensor], scales: Sequence[tuple[Family, Array]]) -> dict[str, torch.Tensor]:
    """The weights with each block of the families multiplied by its factor."""
    values = dict(point)
    for family, by in scales:
        for m in family.members:
            if values[m.parameter] is point[m.parameter]:
                values[m.parameter] = point[m.parameter].clone()
            w = values[m.parameter]
            moved = w.movedim(m.axis, 0) if w.dim() > 1 else w.reshape(-1)
            part = moved[m.start : m.stop]
            each = torch.as_tensor(by, device=w.device).repeat_interleave((m.stop - m.start) // family.parts)
            part.mul_(each.reshape(-1, *[1] * (part.dim() - 1)))
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
        return {name: found for name in halves}
    return halves
