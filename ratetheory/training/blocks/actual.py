"""At the weights as they are, with the model's own eps: which gradients are zero, and the eps law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ratetheory.observation.families import Family, Norm
from ratetheory.training.blocks.copied import Copied
from ratetheory.training.blocks.norms import Normalising, law_holds, law_sum, law_terms, watching
from ratetheory.training.blocks.partition import Array
from ratetheory.training.blocks.screen import checked_outputs, differentiated, reduced

_ROUNDING = 1e-15
"""A gradient whose mean size is below this share of the largest parameter's is rounding."""


@dataclass(frozen=True)
class Actual:
    """By parameter, axis and index: <w, g> with sum |w g|, and sum |g|; ``law``: the eps law's terms by module."""

    radial: dict[str, list[tuple[Array, Array]]]
    gradients: dict[str, list[Array]]
    used: dict[str, bool]
    law: dict[str, Array]
    largest: float

    def defects(self, f: Family) -> tuple[float, ...]:
        """Of each block |<w, g>| relative to sum |w g|, to three digits."""
        radial, sizes = self.along(f)
        defects = np.abs(radial) / np.where(sizes > 0, sizes, 1.0)
        return tuple(float(f"{defect:.3g}") for defect in defects)

    def along(self, f: Family) -> tuple[Array, Array]:
        """Of each block <w, g> and sum |w g|."""
        radial, sizes = np.zeros(f.parts), np.zeros(f.parts)
        for m in f.members:
            products, absolute = self.radial[m.parameter][m.axis]
            radial = radial + products[m.start : m.stop].reshape(f.parts, -1).sum(axis=1)
            sizes = sizes + absolute[m.start : m.stop].reshape(f.parts, -1).sum(axis=1)
        return radial, sizes

    def dead(self, f: Family) -> tuple[int, ...]:
        """The blocks whose gradient is zero."""
        sizes = np.zeros(f.parts)
        for m in f.members:
            sizes = sizes + self.gradients[m.parameter][m.axis][m.start : m.stop].reshape(f.parts, -1).sum(axis=1)
        return tuple(np.flatnonzero(sizes <= _ROUNDING * self.largest * f.dimension).tolist())


def at_actual(c: Copied, normalising: Sequence[Normalising]) -> Actual:
    """One forward and one backward pass."""
    c.set(c.actual)
    names = list(c.parameters)
    received: dict[str, torch.Tensor | None] = {}
    with watching(normalising, law=True) as watch:
        outputs = [o for o in checked_outputs(c.outputs(grad=True, tiny=False)) if o.requires_grad]
    watched = {name: y for name, y in watch.results.items() if y.requires_grad}

    def receive(found: Sequence[torch.Tensor | None]) -> None:
        received.update(zip(watched, found, strict=True))

    gradients = differentiated(c, names, outputs, 5, False, list(watched.values()), receive)
    law = law_terms(normalising, watch, received, c.missing_eps)
    radial, sizes, largest = {}, {}, 0.0
    for name in names:
        w = c.actual[name]
        along = reduced(name, gradients[name], w, alone=True)
        radial[name], sizes[name] = [(a[0], a[1]) for a in along], [a[2] for a in along]
        largest = max(largest, float(sizes[name][0].sum()) / max(w.numel(), 1))
    return Actual(radial, sizes, {name: gradients[name] is not None for name in names}, law, largest)


def lawful(f: Family, norms: Sequence[Norm], actual: Actual) -> tuple[Norm, ...]:
    """The normalisations if the eps law adds up over them; none otherwise."""
    if not norms or any(n.module not in actual.law for n in norms):
        return ()
    radial, sizes = actual.along(f)
    law = np.zeros(f.parts)
    for norm in norms:
        law = law + law_sum(norm, f, actual.law[norm.module])
    return tuple(norms) if law_holds(radial, sizes, law) else ()
