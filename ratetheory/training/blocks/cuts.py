"""Where a fused parameter falls apart: queries, keys and values in one matrix, of which each may stand in a group of its own.

Two things show the places: a slice of a shift without any gradient (that of the keys, which a softmax removes), and two
neighbouring slices of a matrix whose <w, g> are equal (queries and keys, of whose product one may be scaled for the other).
Pieces that no group needs apart are put together again.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratetheory.training.blocks.partition import VANISHES, Array
from ratetheory.training.blocks.screen import Sums, Table

Shapes = dict[str, tuple[int, ...]]
Alive = dict[str, NDArray[np.bool_]]

_LEAST_SLICE = 2
_MOST_SLICES = 64
"""A slice of no gradient is at least this part of its axis."""
_MOST_QUIET = 4
_FINEST = 12
"""Parts of an axis at which neighbouring slices are compared."""


@dataclass(frozen=True)
class Atom:
    """A piece of a parameter that is not invariant alone: a column of the joint search."""

    parameter: str
    axis: int
    start: int
    stop: int
    whole: bool


@dataclass(frozen=True)
class Cuts:
    """Atoms, some of them ``pieces`` of others, and ``quiet`` slices, which have no gradient."""

    atoms: list[Atom]
    quiet: list[Atom]
    pieces: dict[Atom, list[Atom]]

    def group(self, chosen: Collection[Atom]) -> list[Atom]:
        """Pieces put together; what is quiet belongs to an atom of which all the rest is chosen."""
        return self.joined([*chosen, *(q for q in self.quiet if self._entire(q, chosen))])

    def joined(self, chosen: Iterable[Atom]) -> list[Atom]:
        """Pieces that touch put together, in the order of the parameters."""
        found: list[Atom] = []
        order = list(dict.fromkeys(atom.parameter for atom in self.atoms))
        for atom in sorted(chosen, key=lambda a: (order.index(a.parameter), a.axis, a.start)):
            last = found[-1] if found else None
            if last is not None and (last.parameter, last.axis, last.stop) == (atom.parameter, atom.axis, atom.start):
                found[-1] = Atom(atom.parameter, atom.axis, last.start, atom.stop, False)
            else:
                found.append(atom)
        entire = {(p[0].parameter, p[0].axis, p[0].start, p[-1].stop): atom for atom, p in self.pieces.items()}
        return [entire.get((a.parameter, a.axis, a.start, a.stop), a) for a in found]

    def _entire(self, quiet: Atom, chosen: Collection[Atom]) -> bool:
        return any(quiet in p and {*p} <= {*chosen, *self.quiet} for p in self.pieces.values())


def cut(table: Table, atoms: Sequence[Atom], shapes: Shapes, alive: Alive) -> Cuts:
    """Cut the atoms of a module at the places that they show; ``alive``: which indices of shifts and gains have a gradient."""
    shown = _shown(table, atoms, shapes, alive)
    result = Cuts([], [], {})
    for atom in atoms:
        axis, edges = _edges(atom, shapes[atom.parameter], shown)
        pieces = [Atom(atom.parameter, axis, a, b, False) for a, b in itertools.pairwise(edges)]
        if len(pieces) < 2:
            result.atoms.append(atom)
            continue
        result.pieces[atom] = pieces
        for piece in pieces:
            quiet = atom.parameter in alive and not alive[atom.parameter][piece.start : piece.stop].any()
            (result.quiet if quiet else result.atoms).append(piece)
    return result


Shown = dict[tuple[str, int], tuple[int | None, set[int]]]
"""By module and length of an axis: which axis of matrices is meant, if it is known, and the places."""


def _module(name: str) -> str:
    return name.rpartition(".")[0]


def _edges(atom: Atom, shape: tuple[int, ...], shown: Shown) -> tuple[int, list[int]]:
    for axis, n in enumerate(shape[:2]):
        meant, places = shown.get((_module(atom.parameter), n), (None, set()))
        if places and (atom.whole or axis == atom.axis) and (len(shape) == 1 or meant in (None, axis)):
            start, stop = (0, n) if atom.whole else (atom.start, atom.stop)
            return axis, [start, *sorted(p for p in places if start < p < stop), stop]
    return atom.axis, [atom.start, atom.stop]


def _shown(table: Table, atoms: Sequence[Atom], shapes: Shapes, alive: Alive) -> Shown:
    shown: Shown = {}
    for name, flags in alive.items():
        places = {p for run in quiet_runs(flags) for p in run}
        if places:
            shown.setdefault((_module(name), len(flags)), (None, set()))[1].update(places)
    for atom in atoms:
        name, shape = atom.parameter, shapes[atom.parameter]
        for axis, n in enumerate(shape[:2]) if atom.whole and len(shape) > 1 else ():
            if (_module(name), n) not in shown:
                beside = [table[p][0] for p in alive if _module(p) == _module(name) and len(alive[p]) == n]
                matrix = table[name][axis]
                places = equal_slices([matrix]) or (equal_slices([matrix, *beside]) if beside else set())
                if places:
                    shown[_module(name), n] = (axis, places)
    return shown


def quiet_runs(alive: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Slices without gradient, each at a multiple of its length: not units that happen to be dead side by side."""
    n = len(alive)
    edges = np.flatnonzero(np.diff(np.concatenate([[1], alive.astype(np.int8), [1]])))
    runs = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    least = max(_LEAST_SLICE, n / _MOST_SLICES)
    fit = all(b - a >= least and a % (b - a) == 0 and n % (b - a) == 0 for a, b in runs)
    return runs if fit and len(runs) <= _MOST_QUIET and alive.any() else []


def equal_slices(sums: Sequence[Sums]) -> set[int]:
    """The edges of neighbouring slices, of whole parts of the axis, whose <w, g> are equal in every row and not zero."""
    products: Array = np.sum([s.products for s in sums], axis=0)
    sizes: Array = np.sum([s.sizes for s in sums], axis=0)
    n = products.shape[1]
    for parts in (p for p in range(3, _FINEST + 1) if n % p == 0):
        at = np.arange(0, n + 1, n // parts)
        prefix, scale = (np.cumsum(np.pad(a, ((0, 0), (1, 0))), axis=1)[:, at] for a in (products, sizes))
        for i, j, k in itertools.combinations(range(parts + 1), 3):
            one, other = prefix[:, j] - prefix[:, i], prefix[:, k] - prefix[:, j]
            size = VANISHES * (scale[:, k] - scale[:, i])
            if (np.abs(one - other) <= size).all() and (np.abs(one) > 1e3 * size).all():
                return {int(at[e]) for e in (i, j, k)} - {0, n}
    return set()
