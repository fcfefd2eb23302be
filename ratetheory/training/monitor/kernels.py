"""Compiled loops over rows in memory: the sums that a step leaves, in double precision, each entry read once."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import carray, cfunc, types

_REORDERED = {"reassoc", "contract", "nsz"}
"""Sums in any order, as the allowances for summation have it; what is not finite stays what it is."""


def _linear(  # type: ignore[no-untyped-def]
    gradient_, buffer_, weights_, plan_, units, entries, of_gradient, of_weights, of_buffer, squares_, radials_
):
    """plan = a g + c w + b m; squares |g|^2 and radials <w, g> of every unit."""
    gradient, buffer = carray(gradient_, (units, entries)), carray(buffer_, (units, entries))
    weights, plan = carray(weights_, (units, entries)), carray(plan_, (units, entries))
    squares, radials = carray(squares_, (units,)), carray(radials_, (units,))
    for i in range(units):
        square = radial = 0.0
        for j in range(entries):
            g, w = np.float64(gradient[i, j]), weights[i, j]
            square += g * g
            radial += w * g
            plan[i, j] = of_gradient * g + of_weights * w + of_buffer * np.float64(buffer[i, j])
        squares[i], radials[i] = square, radial


def _after(weights_, old_, plan_, units, entries, sums_, stride):  # type: ignore[no-untyped-def]
    """|w+|^2, |u|^2, |p|^2, <w, u>, <w, p>, |u - p|^2 of every unit, ``stride`` apart; the new weights become the old ones."""
    weights, old, plan = carray(weights_, (units, entries)), carray(old_, (units, entries)), carray(plan_, (units, entries))
    sums = carray(sums_, (6 * stride,))
    for i in range(units):
        new_square = update_square = plan_square = update_radial = plan_radial = off = 0.0
        for j in range(entries):
            new, w, p = np.float64(weights[i, j]), old[i, j], plan[i, j]
            u = new - w
            rest = u - p
            new_square += new * new
            update_square += u * u
            plan_square += p * p
            update_radial += w * u
            plan_radial += w * p
            off += rest * rest
            old[i, j] = new
        sums[i], sums[stride + i], sums[2 * stride + i] = new_square, update_square, plan_square
        sums[3 * stride + i], sums[4 * stride + i], sums[5 * stride + i] = update_radial, plan_radial, off


@cache
def linear(double: bool) -> Callable[..., None]:
    """``_linear`` for gradients and buffers in double or single precision; weights, plan and sums are in double.

    Arguments: addresses of gradients, buffers, weights, plan; units, entries of each; a, c, b; addresses of two sums.
    """
    given, doubles = _pointers(double)
    whole, real = types.int64, types.float64
    signature = types.void(given, given, doubles, doubles, whole, whole, real, real, real, doubles, doubles)
    return _callable(_linear, signature, "ppppiidddpp")


@cache
def after(double: bool) -> Callable[..., None]:
    """``_after`` for weights in double or single precision. Arguments: addresses of weights, old weights, plan; units, entries
    of each; address of the sums and their stride."""
    given, doubles = _pointers(double)
    signature = types.void(given, doubles, doubles, types.int64, types.int64, doubles, types.int64)
    return _callable(_after, signature, "pppiipi")


def _pointers(double: bool) -> tuple[Any, Any]:
    return types.CPointer(types.float64 if double else types.float32), types.CPointer(types.float64)


def _callable(function: Callable[..., Any], signature: Any, arguments: str) -> Callable[..., None]:
    """The machine code as a function of addresses and numbers."""
    kinds = {"p": ctypes.c_void_p, "i": ctypes.c_int64, "d": ctypes.c_double}
    return ctypes.CFUNCTYPE(None, *(kinds[a] for a in arguments))(_compiled(function, signature).address)


@cache
def _compiled(function: Callable[..., Any], signature: Any) -> Any:
    """The machine code, alive as long as it may be called; on disk too, where there is a place for it."""
    try:
        return cfunc(signature, fastmath=_REORDERED, cache=True)(function)
    except RuntimeError:
        return cfunc(signature, fastmath=_REORDERED)(function)
