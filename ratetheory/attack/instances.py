"""Instances: batches of what a claim is attacked on, decoded from the unit cube, so that random sampling and search share
one encoding; written to and read from small JSON, exactly.

An *arena* is where claims of one setting are attacked. It knows its families; a *family* fixes the shape of its instances and
what is known of them. Besides the families that meet every hypothesis there is, for each hypothesis that can be broken, a
family that breaks that one: a claim that drops the hypothesis is attacked there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ratetheory.attack.records import Record
from ratetheory.claims.statement import Facts, Setting

Array = np.ndarray
MAX_STEPS = 1000
_MAX_ENTRIES = 64


@dataclass(frozen=True)
class Family:
    """A shape of instances; ``breaks`` names the hypothesis that fails on purpose.

    A family that is not ``searched`` is only drawn at random: nothing changes gradually between its instances.
    """

    base: str
    blocks: int = 1
    scalar: bool = False
    even: bool = False
    breaks: str | None = None
    searched: bool = True

    @property
    def name(self) -> str:
        """The base, and after a slash what is broken."""
        return self.base if self.breaks is None else f"{self.base}/{self.breaks}"


@dataclass(frozen=True)
class Break:
    """A hypothesis broken on purpose: the fact that fails, how, and the constants that are claimed wrongly, if any."""

    fact: str
    reason: str
    constants: frozenset[str] = frozenset()


def broken_facts(family: Family, breaks: Mapping[str, Break]) -> Facts:
    """What the family's own break says of it; nothing for a family that breaks nothing."""
    if family.breaks is None:
        return {}
    broken = breaks[family.breaks]
    return {broken.fact: False, f"{broken.fact}_reason": broken.reason}


@dataclass(frozen=True)
class Instances:
    """A batch of one family; every array of numbers has shape (instance, 1, ...)."""

    setting: Setting
    family: Family
    numbers: dict[str, Array]
    steps: int

    def __len__(self) -> int:
        return len(next(iter(self.numbers.values())))

    def only(self, index: int) -> Instances:
        """The batch of one instance."""
        numbers = {name: array[index : index + 1] for name, array in self.numbers.items()}
        return replace(self, numbers=numbers)


class Cube:
    """Hands out the coordinates of points of the unit cube; with no points given it counts how many are wanted."""

    def __init__(self, points: Array | None = None) -> None:
        self._points = points
        self.used = 0

    def _take(self, shape: tuple[int, ...]) -> Array:
        size = int(np.prod(shape))
        start, self.used = self.used, self.used + size
        if self._points is None:
            return np.full((1, 1, *shape), 0.75)
        return self._points[:, start : self.used].reshape(len(self._points), 1, *shape)

    def between(self, low: float, high: float, *shape: int) -> Array:
        """Uniform between two ends."""
        return low + (high - low) * self._take(shape)

    def decades(self, low: float, high: float, *shape: int) -> Array:
        """A power of ten with the exponent uniform between two ends."""
        return 10.0 ** self.between(low, high, *shape)

    def entries(self, *shape: int) -> Array:
        """In [-1, 1], denser near zero, so that searches reach directions that are nearly aligned."""
        t = self.between(-1, 1, *shape)
        return t * t * t


def _no_facts(_: Family) -> Facts:
    return {}


def _nothing_smaller(_: Instances) -> Iterator[Instances]:
    return iter(())


@dataclass(frozen=True)
class Arena:
    """Where the claims of one setting are attacked.

    ``numbers`` decodes a family's instances from the cube, ``record`` turns a batch into the values of the theory's letters
    with error bars, ``invalid`` says in one line what the first instance does not keep of its family's promises. ``lengths``
    are groups of arrays whose last axes share a length that is free. ``smaller`` yields simpler instances to shrink a
    counterexample to. ``steps`` and ``search_steps`` are the horizons at random and in the search.
    """

    setting: Setting
    families: tuple[Family, ...]
    numbers: Callable[[Family, Cube], dict[str, Array]]
    record: Callable[[Instances], Record]
    facts: Callable[[Family], Facts] = _no_facts
    invalid: Callable[[Instances], str | None] = lambda _: None
    breaks: Mapping[str, Break] = field(default_factory=dict)
    lengths: tuple[tuple[str, ...], ...] = ()
    smaller: Callable[[Instances], Iterator[Instances]] = _nothing_smaller
    steps: int = 1
    search_steps: int = 1
    instances: int = 1000

    def dimension(self, family: Family) -> int:
        """How many coordinates of the unit cube an instance takes."""
        cube = Cube()
        self.numbers(family, cube)
        return cube.used

    def decode(self, family: Family, points: Array, steps: int) -> Instances:
        """The instances that points of the unit cube, of shape (n, dimension(family)), stand for."""
        with np.errstate(all="ignore"):  # a direction of length zero is not a number, and decides nothing
            return Instances(self.setting, family, self.numbers(family, Cube(points)), steps)

    def sample(self, family: Family, count: int, steps: int, rng: np.random.Generator) -> Instances:
        """Random instances."""
        return self.decode(family, rng.random((count, self.dimension(family))), steps)

    def concerns(self, family: Family, symbols: Collection[str]) -> bool:
        """Whether a claim with these symbols can notice what the family breaks: constants it does not use are no attack."""
        wrong = frozenset() if family.breaks is None else self.breaks[family.breaks].constants
        return not wrong or not wrong.isdisjoint(symbols)


# --- JSON -----------------------------------------------------------------------------------------------------------------


def to_json(instance: Instances) -> dict[str, Any]:
    """A batch of one as plain data; floats keep all their digits."""
    numbers = {name: array[0, 0].tolist() for name, array in instance.numbers.items()}
    return {"setting": instance.setting, "family": instance.family.name, "steps": instance.steps, "numbers": numbers}


def from_json(arena: Arena, data: Mapping[str, Any]) -> Instances:
    """The batch of one that ``to_json`` wrote, its keys checked; ``ValueError`` with one line on anything else."""
    allowed = {family.name: family for family in arena.families}
    family = allowed.get(data["family"]) if isinstance(data["family"], str) else None
    if family is None:
        raise ValueError(f"family: {str(data['family'])[:40]!r} is not known; allowed: {', '.join(allowed)}")
    steps = data["steps"]
    if not isinstance(steps, int) or isinstance(steps, bool) or not 1 <= steps <= MAX_STEPS:
        raise ValueError(f"steps: {str(steps)[:40]} is not allowed; allowed: a whole number from 1 to {MAX_STEPS}")
    template = arena.numbers(family, Cube())
    numbers = data["numbers"]
    if not isinstance(numbers, Mapping) or set(numbers) != set(template):
        raise ValueError(f"numbers: allowed: an object with exactly the keys {', '.join(sorted(template))}")
    arrays = {name: _array(name, numbers[name], template[name].ndim - 2) for name in template}
    _check_shapes(arena.lengths, template, arrays)
    instance = Instances(arena.setting, family, arrays, steps)
    if reason := arena.invalid(instance):
        raise ValueError(reason)
    return instance


def _array(name: str, entries: Any, axes: int) -> Array:
    problem = f"{name}: allowed: finite numbers in {axes} nested lists"
    if not _numeric(entries, axes):
        raise ValueError(problem)
    try:
        array = np.asarray(entries, float)[None, None]
    except (ValueError, OverflowError) as error:
        raise ValueError(problem) from error
    if not np.all(np.isfinite(array)):
        raise ValueError(problem)
    return array


def _numeric(entries: Any, axes: int) -> bool:
    if axes == 0:
        return isinstance(entries, int | float) and not isinstance(entries, bool)
    return (
        isinstance(entries, list) and 0 < len(entries) <= _MAX_ENTRIES and all(_numeric(entry, axes - 1) for entry in entries)
    )


def _check_shapes(lengths: tuple[tuple[str, ...], ...], template: dict[str, Array], arrays: dict[str, Array]) -> None:
    """Shapes are those of the family, but for the lengths that are free."""
    for name, array in arrays.items():
        wanted = list(template[name].shape[2:])
        group = next((group for group in lengths if name in group), ())
        if group:
            wanted[-1] = next(arrays[other].shape[-1] for other in group if other in arrays)
        if list(array.shape[2:]) != wanted:
            raise ValueError(f"{name}: shape {list(array.shape[2:])}; allowed: {wanted}")
