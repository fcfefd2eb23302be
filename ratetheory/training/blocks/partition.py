"""Contiguous parts of an axis over which <w, g> vanishes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

VANISHES = 1e-10
"""|<w, g>| below this share of sum |w g| counts as zero. Measured rounding is 1e-13 and less; a defect is confirmed or
refuted by rescaling."""


@dataclass(frozen=True)
class Region:
    """``parts`` equal slices of the indices ``start`` to ``stop``."""

    start: int
    stop: int
    parts: int

    @property
    def size(self) -> int:
        """Indices a part."""
        return (self.stop - self.start) // self.parts


def vanishing(sums: Array, sizes: Array, tolerance: float = VANISHES) -> NDArray[np.bool_]:
    """Whether every row vanishes, (rows, n) to (n,)."""
    return np.asarray((np.abs(sums) <= tolerance * sizes).all(axis=0))


def divisors(n: int) -> list[int]:
    """All divisors, ascending."""
    small = [d for d in range(1, int(n**0.5) + 1) if n % d == 0]
    return sorted({*small, *(n // d for d in small)})


def partition(sums: Array, sizes: Array, live: NDArray[np.bool_]) -> list[Region]:
    """The finest regions of equal contiguous parts that vanish, in order.

    ``sums``, ``sizes`` (rows, n): <w, g> and sum |w g| at each index; ``live`` (n,): whether the gradient there is not zero.
    Indices that are not live belong to the region around them; without live indices there is no region.
    """
    n = sums.shape[1]
    taken = np.zeros(n, dtype=bool)
    regions: list[Region] = []
    for size in divisors(n):
        alive: NDArray[np.bool_] = np.asarray(live.reshape(-1, size).any(axis=1))
        free = ~taken.reshape(-1, size).any(axis=1)
        grouped = [a.reshape(a.shape[0], -1, size).sum(axis=2) for a in (sums, sizes)]
        fine = free & (vanishing(grouped[0], grouped[1]) | ~alive)
        if not (fine & alive).any():
            continue
        if fine.all():
            return [Region(0, n, n // size)]
        for start, stop in _runs(fine):
            if alive[start:stop].any():
                regions.append(Region(start * size, stop * size, stop - start))
                taken[start * size : stop * size] = True
    for start, stop in _runs(~taken):
        regions += _unaligned(sums[:, start:stop], sizes[:, start:stop], live[start:stop], start)
    return sorted(regions, key=lambda r: r.start)


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _unaligned(sums: Array, sizes: Array, live: NDArray[np.bool_], offset: int) -> list[Region]:
    """Segments at places that no divisor reaches: between two equal prefix sums everything adds up to zero."""
    n = sums.shape[1]
    if n < 3 or not live.any():
        return []
    prefix = np.concatenate([np.zeros((sums.shape[0], 1)), np.cumsum(sums, axis=1)], axis=1)
    scale = np.maximum(sizes.sum(axis=1), np.finfo(float).tiny)
    key = ((prefix / scale[:, None]) * np.arange(1, 1 + len(scale))[:, None]).sum(axis=0)
    order = np.argsort(key, kind="stable")
    close = np.diff(key[order]) <= 1e-3 * VANISHES
    if not close.any():
        return []
    following = np.full(n + 1, -1)
    for one, other in zip(order[:-1][close], order[1:][close], strict=True):
        first, second = sorted((int(one), int(other)))
        following[first] = second if following[first] < 0 else min(following[first], second)
    regions: list[Region] = []
    at = 0
    while at < n:
        end = int(following[at])
        inside = slice(at, end)
        if end - at < 2 or not live[inside].any():
            at += 1
        elif vanishing(sums[:, inside].sum(axis=1, keepdims=True), sizes[:, inside].sum(axis=1, keepdims=True))[0]:
            last = regions[-1] if regions else None
            if last is not None and last.stop == offset + at and last.size == end - at:
                regions[-1] = Region(last.start, offset + end, last.parts + 1)
            else:
                regions.append(Region(offset + at, offset + end, 1))
            at = end
        else:
            at += 1
    return regions
