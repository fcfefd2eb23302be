"""Sums of squares of binary numbers, enclosed: how long the weights of a checkpoint are."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb

Array = np.ndarray
Ball = Any
SHORT = 26
"""Significant bits up to which the square of a number is a double."""
_SPLIT = 2.0**27 + 1
_SAFE = 2.0**400
"""Rows whose largest entry is outside 1/_SAFE to _SAFE are scaled first: no product overflows, what underflows is nothing."""
_UNDERFLOW = 2.0**-1060
"""More than an entry, its square and the parts of both lose by underflow."""


def squared_norms(rows: Array, bits: int = 53) -> list[Ball]:
    """The squared norm of every row, enclosed to about 100 bits, the numbers taken as exact.

    ``rows``: float64, shape (blocks, entries); ``bits``: how many significant bits an entry has at most. Raises ``ValueError``
    with the number of the first row that has an entry that is not finite.
    """
    largest = np.abs(rows).max(axis=1, initial=0.0)
    if not np.isfinite(largest).all():
        raise ValueError(str(int(np.flatnonzero(~np.isfinite(largest))[0])))
    exponents = np.zeros(len(rows), dtype=int)
    if not ((largest <= _SAFE) & ((largest >= 1 / _SAFE) | (largest == 0))).all():
        exponents = np.frexp(largest)[1].astype(int)
        rows = np.ldexp(rows, -exponents[:, None])
    squares = rows * rows
    error, size = (0.0, 0.0) if bits <= SHORT else _lost(_rounding_of_squares(rows, squares))
    total, more_error, more_size = _sum(squares)
    error, size = error + more_error, size + more_size
    # Each error term is exact; adding N of them in any order is off by at most N 2^-53/(1 - N 2^-53) of their sizes
    radius = 4 * rows.shape[1] * 2.0**-52 * size + rows.shape[1] * _UNDERFLOW
    parts = zip(total, error, radius, exponents, strict=True)
    return [(arb(float(t)) + arb(float(e), float(r))) * arb(2) ** (2 * int(k)) for t, e, r, k in parts]


def _rounding_of_squares(x: Array, square: Array) -> Array:
    """x^2 less its rounded value, exactly (Dekker 1971)."""
    scaled = _SPLIT * x
    high = scaled - (scaled - x)
    low = x - high
    return ((high * high - square) + 2 * high * low) + low * low


def _lost(errors: Array) -> tuple[Any, Any]:
    return errors.sum(axis=1), np.abs(errors).sum(axis=1)


def _sum(x: Array) -> tuple[Array, Array, Array]:
    """Rounded sums of the rows by halving, what the roundings lost, and the sum of its sizes (two-sum of Knuth)."""
    error, size = np.zeros(len(x)), np.zeros(len(x))
    while x.shape[1] > 1:
        half = x.shape[1] // 2
        a, b, rest = x[:, :half], x[:, half : 2 * half], x[:, 2 * half :]
        total = a + b
        shadow = total - a
        lost = (a - (total - shadow)) + (b - shadow)
        error, size = error + lost.sum(axis=1), size + np.abs(lost).sum(axis=1)
        x = np.concatenate((total, rest), axis=1) if rest.shape[1] else total
    return x[:, 0] if x.shape[1] else np.zeros(len(x)), error, size
