"""What a sweep is asked to do, checked before anything is written."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from ratetheory.training.data import SPLITS
from ratetheory.training.specification import OPTIMIZERS, check_device, check_integer, check_one_of

NETWORKS = ("bn", "plain")
MOST_CELLS = 100_000


def rates_between(low: float, high: float, number: int) -> tuple[float, ...]:
    """So many rates, evenly spaced in the logarithm, to four digits."""
    return tuple(float(f"{rate:.4g}") for rate in np.geomspace(low, high, number))


@dataclass(frozen=True)
class Cell:
    """One training run of a sweep."""

    network: str
    optimizer: str
    rate: float
    scale_variant_rate: float
    seed: int

    @property
    def name(self) -> str:
        """The stem of its file; different cells have different ones."""
        return f"{self.network}-{self.optimizer}-{self.rate!r}-{self.scale_variant_rate!r}-{self.seed}"


@dataclass(frozen=True)
class SweepSpec:
    """A grid of learning rates for the network with batch normalisation and for the plain one.

    ``rates``: of the convolutions' weights, which batch normalisation makes scale-invariant; ``scale_variant_rates``: of all
    other parameters. ``optimizers``: ``gd``, all training images a step, and ``sgd``, ``batch_size`` of them; ``None``: both
    for digits, sgd alone for larger data, where a step of gd costs minutes. ``seeds``: so many runs for each pair of rates. No
    momentum, no decay, constant rates.
    """

    data: str = "digits"
    optimizers: tuple[str, ...] | None = None
    rates: tuple[float, ...] = rates_between(1e-3, 1e3, 13)
    scale_variant_rates: tuple[float, ...] = rates_between(0.01, 10**0.5, 6)
    gd_steps: int = 80
    sgd_steps: int = 600
    batch_size: int = 128
    seeds: int = 1
    networks: tuple[str, ...] = NETWORKS
    device: str = "cpu"

    def steps_of(self, optimizer: str) -> int:
        """The number of steps of a run with this optimizer."""
        return self.gd_steps if optimizer == "gd" else self.sgd_steps

    def cells(self) -> list[Cell]:
        """All runs of a checked specification, those that take longest first."""
        return [
            Cell(network, optimizer, rate, other, seed)
            for optimizer in self.optimizers or ()
            for network in self.networks
            for rate in self.rates
            for other in self.scale_variant_rates
            for seed in range(self.seeds)
        ]

    def as_dict(self) -> dict[str, Any]:
        """The specification as plain data, as JSON gives it back."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def checked(specification: SweepSpec) -> SweepSpec:
    """The specification with its defaults filled in; ``ValueError`` naming the first field that is not allowed."""
    spec = specification
    check_one_of("data", spec.data, SPLITS)
    optimizers = spec.optimizers
    if optimizers is None:
        optimizers = OPTIMIZERS if spec.data == "digits" else ("sgd",)
    spec = replace(spec, optimizers=_distinct("optimizers", optimizers), networks=_distinct("networks", spec.networks))
    for name, allowed in (("optimizers", OPTIMIZERS), ("networks", NETWORKS)):
        for entry in getattr(spec, name):
            check_one_of(name, entry, allowed)
    spec = replace(
        spec,
        rates=_rates("rates", spec.rates),
        scale_variant_rates=_rates("scale_variant_rates", spec.scale_variant_rates),
    )
    check_integer("gd_steps", spec.gd_steps, 1, 10**8)
    check_integer("sgd_steps", spec.sgd_steps, 1, 10**8)
    check_integer("batch_size", spec.batch_size, 2, 10**6)
    check_integer("seeds", spec.seeds, 1, 1000)
    pairs = len(spec.rates) * len(spec.scale_variant_rates)
    if (number := pairs * spec.seeds * len(spec.networks) * len(spec.optimizers or ())) > MOST_CELLS:
        raise ValueError(f"rates: {number} runs are not allowed; at most {MOST_CELLS} are")
    check_device(spec.device)
    return spec


def _distinct(name: str, entries: Any) -> tuple[Any, ...]:
    entries = tuple(entries)
    if not entries or len(set(entries)) < len(entries):
        raise ValueError(f"{name}: {', '.join(map(str, entries)) or 'none'}: at least one is needed, and none twice")
    return entries


def _rates(name: str, rates: Any) -> tuple[float, ...]:
    for rate in rates:
        number = isinstance(rate, int | float) and not isinstance(rate, bool)
        if not number or not (math.isfinite(rate) and rate > 0):
            raise ValueError(f"{name}: {rate} is not allowed; positive finite numbers are")
    return tuple(sorted(_distinct(name, (float(rate) for rate in rates))))


def specification_from(content: Any) -> SweepSpec:
    """The specification that ``as_dict`` gave; ``ValueError`` if it is none."""
    names = {field.name for field in fields(SweepSpec)}
    if not isinstance(content, dict) or set(content) != names:
        raise ValueError("its specification does not have the fields of a sweep")
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in content.items()}
    try:
        return checked(SweepSpec(**values))
    except TypeError:
        raise ValueError("its specification does not have the types of a sweep") from None
