"""Where claims are attacked: one arena a setting, in the module that knows how to simulate it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from ratetheory.attack import instances
from ratetheory.attack.instances import Arena, Instances
from ratetheory.attack.records import Record
from ratetheory.claims.statement import Setting

_PLACES = {
    "point": ("descent", "POINT"),
    "great-circle": ("descent", "GREAT_CIRCLE"),
    "trajectory": ("descent", "TRAJECTORY"),
    "step-inequality": ("descent", "STEP_INEQUALITY"),
    "stochastic": ("stochastic", "STOCHASTIC"),
    "moments": ("equilibria", "MOMENTS"),
    "steady-growth": ("equilibria", "STEADY_GROWTH"),
    "adagrad": ("adagrad", "ADAGRAD"),
    "optimizer": ("updates", "OPTIMIZER"),
    "neuron": ("neuron", "NEURON"),
    "normalisation": ("neuron", "NORMALISATION"),
}
"""For each setting the module of this package and the name of its arena there."""
SETTINGS: tuple[Setting, ...] = tuple(_PLACES)
_PROVIDED: ContextVar[Arena | None] = ContextVar("_PROVIDED", default=None)


@contextmanager
def provided(arena: Arena) -> Iterator[None]:
    """Inside, this arena is the one of its setting: that of a user's own claim."""
    token = _PROVIDED.set(arena)
    try:
        yield
    finally:
        _PROVIDED.reset(token)


def arena_of(setting: Setting) -> Arena:
    """The arena of a setting; ``ValueError`` for an unknown one."""
    own = _PROVIDED.get()
    if own is not None and own.setting == setting:
        return own
    if setting not in _PLACES:
        raise ValueError(f"setting: {str(setting)[:40]!r} is not known; allowed: {', '.join(_PLACES)}")
    module, name = _PLACES[setting]
    arena = getattr(import_module(f"ratetheory.attack.arenas.{module}"), name)
    assert isinstance(arena, Arena)
    return arena


def record_of(batch: Instances) -> Record:
    """The record of a batch, by its setting."""
    return arena_of(batch.setting).record(batch)


def from_json(data: Any) -> Instances:
    """The batch of one that ``to_json`` wrote; ``ValueError`` with one line on anything else."""
    if not isinstance(data, Mapping) or not isinstance(data.get("setting", ""), str):
        raise ValueError("instance: allowed: an object with exactly the keys setting, family, steps, numbers")
    if set(data) != {"setting", "family", "steps", "numbers"}:
        raise ValueError("instance: allowed: an object with exactly the keys setting, family, steps, numbers")
    return instances.from_json(arena_of(data["setting"]), data)
