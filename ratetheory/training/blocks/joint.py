"""Parameters that are invariant only together: all minimal 0/1 vectors v with D v = 0, D[row, column] = <w, g>.

Opposite scalings (+1 and -1: what a ReLU between two layers allows) lie in the null space too and are no answer. With few
columns two rows are enough: subsets of one half of the columns are matched with subsets of the other half, and real numbers
do not cancel by chance. With many columns the null space itself is computed, from more rows than columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratetheory.training.blocks.partition import VANISHES, Array, vanishing

Numbers = NDArray[np.int64]

MOST_BITS = 40
"""Largest logarithm of the number of subsets that are matched half with half."""
MOST_GROUPS = 64
"""Largest number of groups that is listed: where products of weights meet in a sum, one of each pair can be chosen."""
_MOST_FREE = 16
_MOST_MATCHES = 200_000
_RANK = 1e-9


@dataclass(frozen=True)
class Found:
    """Minimal groups, as sets of column numbers; ``open``: columns that may stand in further ones."""

    groups: tuple[frozenset[int], ...]
    open: frozenset[int] = frozenset()


def opposite_pairs(products: Array, sizes: Array, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those of the pairs of columns, none twice, that cancel."""
    used: set[int] = set()
    found = []
    for a, b in pairs:
        if not {a, b} & used and _cancel(products, sizes, [a, b]):
            used |= {a, b}
            found.append((a, b))
    return found


def bits(columns: int, pairs: int) -> float:
    """The logarithm to base 2 of the number of combinations: a pair that cancels counts as one column of three values."""
    return (columns - 2 * pairs) + pairs * float(np.log2(3))


def by_halves(products: Array, sizes: Array, pairs: Sequence[tuple[int, int]]) -> Found:
    """All minimal groups, (rows, columns); ``pairs`` are columns that cancel."""
    paired = {c for pair in pairs for c in pair}
    scale = np.maximum(np.abs(products).max(axis=1, initial=0), np.finfo(float).tiny)
    columns = products / scale[:, None]
    # of a pair the two columns are opposite: one of three values stands for both of them
    choices: list[list[tuple[frozenset[int], Array]]] = [
        [(frozenset(), 0 * columns[:, a]), (frozenset([a]), columns[:, a]), (frozenset([b]), columns[:, b])] for a, b in pairs
    ]
    choices += [
        [(frozenset(), 0 * columns[:, c]), (frozenset([c]), columns[:, c])] for c in range(columns.shape[1]) if c not in paired
    ]
    halves = _balanced(choices)
    left, right = _sums(halves[0], len(scale)), _sums(halves[1], len(scale))
    groups = [frozenset(pair) for pair in pairs]
    tolerance = 0.1 * VANISHES * float((sizes.sum(axis=1) / scale).max(initial=0))
    hits, complete = _matches(left, right, tolerance)
    for i, j in hits:
        group = _decoded(halves[0], i) | _decoded(halves[1], j)
        if group and _cancel(products, sizes, sorted(group)):
            groups.append(group)
    return _found(groups, frozenset() if complete else frozenset(range(columns.shape[1])))


def _found(groups: Sequence[frozenset[int]], unsearched: frozenset[int]) -> Found:
    minimal = _minimal(groups)
    cut = frozenset().union(*groups) if len(minimal) > MOST_GROUPS else frozenset()
    return Found(minimal[:MOST_GROUPS], unsearched | cut)


def _balanced(choices: list[list[tuple[frozenset[int], Array]]]) -> tuple[list, list]:
    halves: tuple[list, list] = ([], [])
    weights = [0.0, 0.0]
    for choice in sorted(choices, key=len, reverse=True):
        lighter = int(weights[1] < weights[0])
        halves[lighter].append(choice)
        weights[lighter] += float(np.log2(len(choice)))
    return halves


def _sums(choices: list[list[tuple[frozenset[int], Array]]], rows: int) -> Array:
    """(rows, combinations); the first choice varies fastest."""
    sums = np.zeros((rows, 1))
    for choice in choices:
        sums = np.concatenate([sums + column[:, None] for _, column in choice], axis=1)
    return sums


def _decoded(choices: list[list[tuple[frozenset[int], Array]]], number: int) -> frozenset[int]:
    chosen: frozenset[int] = frozenset()
    for choice in choices:
        number, digit = divmod(number, len(choice))
        chosen |= choice[digit][0]
    return chosen


def _matches(left: Array, right: Array, tolerance: float) -> tuple[list[tuple[int, int]], bool]:
    """Pairs of combinations, (rows, combinations) each, whose sums cancel in every row."""
    first, second = _with_neighbours(-left[0], right[0], tolerance)
    # sorted needles are looked up many times as fast
    wanted, keys = -left[0, first], right[0, second]
    low = np.searchsorted(keys, wanted - tolerance, side="left")
    high = np.searchsorted(keys, wanted + tolerance, side="right")
    count = high - low
    if count.sum() > 50 * _MOST_MATCHES:
        return [], False
    i = np.repeat(first, count)
    offset = np.arange(len(i)) - np.repeat(np.cumsum(count) - count, count)
    j = second[np.repeat(low, count) + offset]
    good = (np.abs(left[:, i] + right[:, j]) <= tolerance).all(axis=0)
    i, j = i[good], j[good]
    complete = len(i) <= _MOST_MATCHES
    return list(zip(i[:_MOST_MATCHES].tolist(), j[:_MOST_MATCHES].tolist(), strict=True)), complete


def _with_neighbours(a: Array, b: Array, tolerance: float) -> tuple[Numbers, Numbers]:
    """The places in a and b, by ascending value, of all numbers with another one of either list within the tolerance.

    One sort of integers finds them: each holds a number, in units below the tolerance, and its place.
    """
    most = max(np.abs(a).max(), np.abs(b).max())
    bits = (len(a) + len(b)).bit_length()
    unit = max(tolerance / 8, most * 2.0 ** (bits - 62), np.finfo(float).tiny)
    keys = np.rint(np.concatenate([a, b]) / unit).astype(np.int64) << bits
    keys |= np.arange(len(keys))
    keys.sort()
    # two numbers may be rounded away from each other
    close = np.diff(keys >> bits) <= tolerance / unit + 1
    member = np.zeros(len(keys), dtype=bool)
    member[1:] |= close
    member[:-1] |= close
    places = keys[member] & ((1 << bits) - 1)
    ours, theirs = places[places < len(a)], places[places >= len(a)] - len(a)
    # what shares a unit is in the order of its place
    return ours[np.argsort(a[ours], kind="stable")], theirs[np.argsort(b[theirs], kind="stable")]


def by_null_space(products: Array, sizes: Array) -> Found:
    """All minimal groups from at least as many rows as columns: the null space falls apart into independent components."""
    scaled = products / np.maximum(np.abs(products).max(axis=0, keepdims=True), np.finfo(float).tiny)
    scaled /= np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), np.finfo(float).tiny)
    _, singular, vt = np.linalg.svd(scaled, full_matrices=True)
    rank = int((singular > _RANK * singular[0]).sum()) if len(singular) else 0
    basis = _echelon(vt[rank:] / np.abs(products).max(axis=0).clip(np.finfo(float).tiny))
    groups: list[frozenset[int]] = []
    unsearched: frozenset[int] = frozenset()
    for rows in _components(basis):
        part = basis[rows]
        if len(rows) > _MOST_FREE:
            # in a group that is not found stand columns of this component only
            unsearched |= frozenset(np.flatnonzero(part.any(axis=0)).tolist())
            part = part[:_MOST_FREE]
        combinations = (np.arange(1, 2 ** len(part))[:, None] >> np.arange(len(part))[None, :]) & 1
        vectors = combinations @ part
        binary = (np.minimum(np.abs(vectors), np.abs(vectors - 1)) < 1e-5).all(axis=1)
        chosen = (vectors[binary] > 0.5).astype(float)
        cancel = vanishing(products @ chosen.T, sizes @ chosen.T)
        groups += [frozenset(np.flatnonzero(v).tolist()) for v in chosen[cancel]]
    return _found(groups, unsearched)


def _echelon(basis: Array) -> Array:
    """Reduced row echelon form, with pivots of the largest size."""
    basis = basis.copy()
    for row in range(len(basis)):
        rest = np.abs(basis[row:])
        at, column = divmod(int(rest.argmax()), rest.shape[1])
        basis[[row, row + at]] = basis[[row + at, row]]
        basis[row] /= basis[row, column]
        for other in range(len(basis)):
            if other != row:
                basis[other] -= basis[other, column] * basis[row]
    basis[np.abs(basis) < 1e-7] = 0
    return basis


def _components(basis: Array) -> list[list[int]]:
    """Rows that share a column, directly or through others."""
    left = set(range(len(basis)))
    found = []
    while left:
        group, reached = {min(left)}, basis[min(left)] != 0
        while more := {r for r in left - group if (reached & (basis[r] != 0)).any()}:
            group |= more
            reached = (basis[sorted(group)] != 0).any(axis=0)
        left -= group
        found.append(sorted(group))
    return found


def _cancel(products: Array, sizes: Array, columns: Sequence[int]) -> bool:
    chosen = list(columns)
    return bool((np.abs(products[:, chosen].sum(axis=1)) <= VANISHES * sizes[:, chosen].sum(axis=1)).all())


def _minimal(groups: Sequence[frozenset[int]]) -> tuple[frozenset[int], ...]:
    kept: list[frozenset[int]] = []
    for group in sorted(set(groups), key=lambda g: (len(g), sorted(g))):
        if len(kept) > MOST_GROUPS:
            break
        if not any(other <= group for other in kept):
            kept.append(group)
    return tuple(kept)
