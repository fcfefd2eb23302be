"""What a sweep found: its numbers as grids of the two rates, and over how many decades of either the loss hardly changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratetheory.training.sweep.files import read_cell, read_sweep
from ratetheory.training.sweep.specification import Cell, SweepSpec

FACTOR = 2.0
"""Losses that differ by at most so much count as equal."""
LEARNED = math.log(10) / 2
"""Half of the loss of a constant guess among ten classes (nat): networks with a greater one are not said to have learned."""

Array = np.ndarray


@dataclass(frozen=True)
class Sweep:
    """A sweep as it lies on disk; cells that have not run are not among ``results``."""

    directory: Path
    specification: SweepSpec
    provenance: dict[str, Any]
    results: dict[Cell, dict[str, Any]]

    @property
    def missing(self) -> int:
        """How many cells have not run."""
        return len(self.specification.cells()) - len(self.results)

    def grid(self, network: str, optimizer: str, quantity: str) -> Array:
        """The median over the seeds of ``loss``, ``gradient_norm``, ``test_accuracy`` or an effective rate.

        Shape (scale-variant rates, rates). NaN where a seed has not run, infinity where the median run diverged.
        """
        spec = self.specification
        values = np.full((len(spec.scale_variant_rates), len(spec.rates)), np.nan)
        for row, other in enumerate(spec.scale_variant_rates):
            for column, rate in enumerate(spec.rates):
                cells = [Cell(network, optimizer, rate, other, seed) for seed in range(spec.seeds)]
                if all(cell in self.results for cell in cells):
                    values[row, column] = _median([self.results[cell] for cell in cells], quantity)
        return values


def _median(results: Sequence[dict[str, Any]], quantity: str) -> float:
    """Infinity if half of the runs or more diverged, else the median over the others with those as the worst."""
    completed = [result[quantity] for result in results if result["status"] == "completed"]
    if 2 * len(completed) <= len(results):
        return math.inf
    worst = -math.inf if quantity == "test_accuracy" else math.inf
    return float(np.median([*completed, *[worst] * (len(results) - len(completed))]))


def load_sweep(directory: str | Path) -> Sweep:
    """Read the finished cells of a sweep; ``ValueError`` if there is none here or a file of it is corrupt."""
    directory = Path(directory)
    spec, provenance = read_sweep(directory)
    found = {cell: read_cell(directory, spec, cell) for cell in spec.cells()}
    return Sweep(directory, spec, provenance, {cell: result for cell, result in found.items() if result is not None})


@dataclass(frozen=True)
class Stretch:
    """Neighbouring rates from ``low`` to ``high`` whose final losses lie between ``least`` and ``greatest`` (nat)."""

    low: float
    high: float
    least: float
    greatest: float

    @property
    def decades(self) -> float:
        """log10(high/low), 0 for a single rate."""
        return math.log10(self.high / self.low)


def stretch_at_least(rates: Sequence[float], losses: Sequence[float] | Array) -> Stretch | None:
    """The neighbouring rates around that of the least loss over which the loss stays within ``FACTOR`` of it.

    Only losses of at most ``LEARNED`` count, for networks that learned nothing all have the same loss; diverged runs and
    missing ones count for nothing and part what lies on their sides. ``None`` if nothing learned.
    """
    values = np.asarray(losses, float)
    usable = np.isfinite(values) & (values <= LEARNED)
    if not usable.any():
        return None
    first = last = int(np.where(usable, values, np.inf).argmin())
    near = usable & (values <= FACTOR * values[first])
    while first > 0 and near[first - 1]:
        first -= 1
    while last + 1 < len(values) and near[last + 1]:
        last += 1
    part = values[first : last + 1]
    return Stretch(rates[first], rates[last], float(part.min()), float(part.max()))


def described(stretch: Stretch | None) -> str:
    """A stretch in words."""
    if stretch is None:
        return "none learned"
    if stretch.low == stretch.high:
        return f"0 decades ({stretch.low:g} alone), loss {stretch.least:.2g}"
    rates = f"{stretch.low:g} to {stretch.high:g}"
    return f"{stretch.decades:.1f} decades ({rates}), loss {stretch.least:.2g} to {stretch.greatest:.2g}"


@dataclass(frozen=True)
class Insensitivity:
    """Of one network and optimizer: the stretches along either rate, and the best loss.

    ``along_rate``: for each scale-variant rate that of the convolutions' rate; ``along_scale_variant``: for each rate of the
    convolutions that of the scale-variant rate. ``best``: the least loss with its two rates (rate, scale-variant rate), and
    ``at_best`` the two stretches on the lines through it, which contain it. ``diverged``: how many pairs of rates.
    """

    network: str
    optimizer: str
    along_rate: dict[float, Stretch | None]
    along_scale_variant: dict[float, Stretch | None]
    best: tuple[float, float, float] | None
    diverged: int

    @property
    def at_best(self) -> tuple[Stretch | None, Stretch | None]:
        """The stretches along the rate and along the scale-variant rate, the other one being that of the best loss."""
        if self.best is None:
            return None, None
        _, rate, other = self.best
        return self.along_rate[other], self.along_scale_variant[rate]

    def widest(self) -> tuple[float, float]:
        """The most decades along the rate and along the scale-variant rate."""
        lines = self.along_rate, self.along_scale_variant
        along, across = (max((s.decades for s in line.values() if s is not None), default=0.0) for line in lines)
        return along, across

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


def insensitivity(sweep: Sweep, network: str, optimizer: str) -> Insensitivity:
    """Over which rates the final loss of a network hardly changes."""
    spec, losses = sweep.specification, sweep.grid(network, optimizer, "loss")
    best = None
    finite = np.where(np.isfinite(losses), losses, np.inf)
    if np.isfinite(finite).any():
        row, column = np.unravel_index(finite.argmin(), finite.shape)
        best = (float(finite[row, column]), spec.rates[column], spec.scale_variant_rates[row])
    return Insensitivity(
        network,
        optimizer,
        {rate: stretch_at_least(spec.rates, losses[row]) for row, rate in enumerate(spec.scale_variant_rates)},
        {rate: stretch_at_least(spec.scale_variant_rates, losses[:, i]) for i, rate in enumerate(spec.rates)},
        best,
        int(np.isposinf(losses).sum()),
    )
