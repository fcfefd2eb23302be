"""From the sums of <w, g> to candidates: parameters of no influence, parts that are invariant alone, groups jointly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratetheory.observation.families import Member
from ratetheory.training.blocks.cuts import Atom, cut
from ratetheory.training.blocks.joint import MOST_BITS, Found, bits, by_halves, by_null_space, opposite_pairs
from ratetheory.training.blocks.partition import Array, Region, divisors, partition, vanishing
from ratetheory.training.blocks.screen import Table

SILENT = 1e-12
"""A parameter whose sum |w g| is below this share of the largest one's may be of no influence; rescaling decides."""
_LIVE = 1e-14
_MOST_FREE_AXES = 6


@dataclass(frozen=True)
class Candidate:
    """Blocks that may be invariant: the members, cut into ``parts`` equal slices each."""

    members: tuple[Member, ...]
    parts: int


@dataclass(frozen=True)
class Candidates:
    """What the screen proposes; ``atoms``: pieces in no candidate; ``open``: all that may stand in groups not searched.

    ``silent``, ``quiet``: parameters, and slices of others, without gradient.
    """

    silent: tuple[str, ...]
    quiet: tuple[Atom, ...]
    alone: tuple[Candidate, ...]
    joint: tuple[Candidate, ...]
    atoms: tuple[Atom, ...]
    open: frozenset[Atom]


def candidates(table: Table, shapes: dict[str, tuple[int, ...]], more: Callable[[Sequence[str], int], Table]) -> Candidates:
    """Sort all parameters; ``more(names, rows)`` measures further rows of the named parameters."""
    names = list(table)
    totals = {name: table[name][0].sizes.sum(axis=1) for name in names}
    top = np.max([totals[name] for name in names], axis=0)
    silent = tuple(name for name in names if (totals[name] <= SILENT * top).all())
    alone: list[Candidate] = []
    atoms: list[Atom] = []
    for name in names:
        if name not in silent:
            axis, regions = _best_axis(table, name, top)
            n = table[name][axis].products.shape[1]
            alone += [Candidate((Member(name, axis, r.start, r.stop),), r.parts) for r in regions]
            atoms += _rest(name, axis if regions else 0, n if regions else table[name][0].products.shape[1], regions)
    joint, atoms = _paired_regions(table, atoms, top)
    alive = {n: live(table[n][0].sizes, top) for n in names if n not in silent and len(shapes[n]) == 1}
    cuts = cut(table, atoms, shapes, alive)
    numbers, further = _groups(table, cuts.atoms, shapes, more)
    groups = [[cuts.atoms[i] for i in sorted(group)] for group in numbers]
    whole = [cuts.group(group) for group in groups]
    joint += [_refined(table, group, top, shapes) for group in whole]
    left = cuts.joined({*cuts.atoms}.difference(*groups))
    quiet = tuple(q for q in cuts.quiet if not any(_inside(q, atom) for group in whole for atom in group))
    searched = [cuts.atoms[i] for i in further]
    unsure = frozenset([*searched, *(atom for atom in left if any(_inside(piece, atom) for piece in searched))])
    return Candidates(silent, quiet, tuple(alone), tuple(joint), tuple(left), unsure)


def _inside(piece: Atom, atom: Atom) -> bool:
    if atom.whole or piece.parameter != atom.parameter:
        return piece.parameter == atom.parameter
    return piece.axis == atom.axis and atom.start <= piece.start and piece.stop <= atom.stop


def live(sizes: Array, top: Array) -> NDArray[np.bool_]:
    """Indices whose gradient is more than rounding."""
    return np.asarray((sizes > _LIVE * top[:, None]).any(axis=0))


def _best_axis(table: Table, name: str, top: Array) -> tuple[int, list[Region]]:
    """The axis along which most of the parameter vanishes in the most parts."""
    best: tuple[tuple[int, int, int], int, list[Region]] = ((-1, 0, 0), 0, [])
    for axis, sums in enumerate(table[name]):
        regions = partition(sums.products, sums.sizes, live(sums.sizes, top))
        n = sums.products.shape[1]
        covered = sum(r.stop - r.start for r in regions)
        rank = (int(covered == n), sum(r.parts for r in regions), -axis)
        if rank > best[0]:
            best = (rank, axis, regions)
    return best[1], best[2]


def _rest(name: str, axis: int, n: int, regions: Sequence[Region]) -> list[Atom]:
    edges = [0, *[x for r in regions for x in (r.start, r.stop)], n]
    return [Atom(name, axis, a, b, b - a == n) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]


def _paired_regions(table: Table, atoms: list[Atom], top: Array) -> tuple[list[Candidate], list[Atom]]:
    """Weight and bias of one module that are jointly invariant in a part of their length only (fused projections)."""
    found: list[Candidate] = []
    left = list(atoms)
    for one, other in _neighbours(atoms):
        if one not in left or other not in left:
            continue
        a, b = table[one.parameter][one.axis], table[other.parameter][other.axis]
        here = slice(one.start, one.stop)
        products, sizes = (a.products + b.products)[:, here], (a.sizes + b.sizes)[:, here]
        regions = partition(products, sizes, live(a.sizes[:, here], top) & live(b.sizes[:, here], top))
        length = one.stop - one.start
        if not regions or any(r.stop - r.start == length for r in regions):
            continue
        shifted = [Region(r.start + one.start, r.stop + one.start, r.parts) for r in regions]
        found += [
            Candidate(tuple(Member(x.parameter, x.axis, r.start, r.stop) for x in (one, other)), r.parts) for r in shifted
        ]
        for x in (one, other):
            left.remove(x)
            edges = [x.start, *[e for r in shifted for e in (r.start, r.stop)], x.stop]
            left += [Atom(x.parameter, x.axis, p, q, False) for p, q in zip(edges[::2], edges[1::2], strict=True) if q > p]
    return found, left


def _neighbours(atoms: Sequence[Atom]) -> list[tuple[Atom, Atom]]:
    return [
        (a, b)
        for a, b in itertools.combinations(atoms, 2)
        if a.parameter.rpartition(".")[0] == b.parameter.rpartition(".")[0]
        and a.parameter != b.parameter
        and (a.start, a.stop) == (b.start, b.stop)
    ]


def _columns(table: Table, atoms: Sequence[Atom]) -> tuple[Array, Array]:
    pieces = [table[a.parameter][a.axis] for a in atoms]
    products = [s.products[:, a.start : a.stop].sum(axis=1) for s, a in zip(pieces, atoms, strict=True)]
    sizes = [s.sizes[:, a.start : a.stop].sum(axis=1) for s, a in zip(pieces, atoms, strict=True)]
    return np.stack(products, axis=1), np.stack(sizes, axis=1)


def _groups(
    table: Table, atoms: Sequence[Atom], shapes: dict[str, tuple[int, ...]], more: Callable[[Sequence[str], int], Table]
) -> tuple[tuple[frozenset[int], ...], frozenset[int]]:
    """Minimal sets of atoms that are jointly invariant, by their numbers, and the atoms that may stand in further ones.

    Those of matrices and kernels come first: with gains and shifts there may be too many (a branch may be scaled by its last
    kernel or by the gain before it, so n branches of a residual stream make 2^n groups).
    """
    kernels = [i for i, atom in enumerate(atoms) if len(shapes[atom.parameter]) > 1]
    first = _minimal_sets(table, [atoms[i] for i in kernels], more)
    groups = [frozenset(kernels[i] for i in group) for group in first.groups]
    if len(kernels) == len(atoms):
        return tuple(groups), first.open
    found = _minimal_sets(table, atoms, more)
    return (*groups, *(g for g in found.groups if g not in groups)), found.open


def _minimal_sets(table: Table, atoms: Sequence[Atom], more: Callable[[Sequence[str], int], Table]) -> Found:
    if len(atoms) < 2:
        return Found(())
    products, sizes = _columns(table, atoms)
    numbers = {atom: i for i, atom in enumerate(atoms)}
    pairs = opposite_pairs(products, sizes, [(numbers[a], numbers[b]) for a, b in _neighbours(atoms)])
    if bits(len(atoms), len(pairs)) <= MOST_BITS:
        found = by_halves(products, sizes, pairs)
    else:
        further = more(sorted({a.parameter for a in atoms}), len(atoms) + 3)
        found = by_null_space(*_columns(further, atoms))
    return Found(tuple(g for g in found.groups if len(g) > 1), found.open)


def _refined(table: Table, group: Sequence[Atom], top: Array, shapes: dict[str, tuple[int, ...]]) -> Candidate:
    """The finest common cut of the members into equal slices that vanish part by part."""
    axes = [(0, 1) if a.whole and len(shapes[a.parameter]) > 1 else (a.axis,) for a in group]
    if sum(len(choice) > 1 for choice in axes) > _MOST_FREE_AXES:
        combinations = [tuple(choice[0] for choice in axes), tuple(choice[-1] for choice in axes)]
    else:
        combinations = list(itertools.product(*axes))
    best: tuple[int, tuple[Member, ...]] = (0, ())
    for chosen in combinations:
        members = tuple(
            Member(a.parameter, axis, 0 if a.whole else a.start, _length(shapes[a.parameter], axis) if a.whole else a.stop)
            for a, axis in zip(group, chosen, strict=True)
        )
        for parts in reversed(divisors(math.gcd(*[m.stop - m.start for m in members]))):
            if parts <= best[0]:
                break
            if _vanishes(table, members, parts, top):
                best = (parts, members)
                break
    return Candidate(best[1], best[0])


def _length(shape: tuple[int, ...], axis: int) -> int:
    return shape[axis] if shape else 1


def _vanishes(table: Table, members: Sequence[Member], parts: int, top: Array) -> bool:
    products = sizes = np.zeros((len(top), parts))
    for m in members:
        sums = table[m.parameter][m.axis]
        products = products + sums.products[:, m.start : m.stop].reshape(len(top), parts, -1).sum(axis=2)
        sizes = sizes + sums.sizes[:, m.start : m.stop].reshape(len(top), parts, -1).sum(axis=2)
    return bool((vanishing(products, sizes) | ~live(sizes, top)).all()) if parts > 1 else True
