"""The quotients of section 6 and 7 that are 0/0 at 0, in balls: by their power series near 0, by their definition elsewhere.

Each takes a ball or an ``arb_series`` of two terms (a ball and a derivative). With u = x^2 the power series

    arctan(x)/x = sum (-u)^k/(2k+1),   (x - arctan x)/x^3 = sum (-u)^k/(2k+3),   ln(1+u)/u = sum (-u)^k/(k+1),
    (ln(1+u) - arctan(x)^2)/u^2 = sum (-u)^k (h_{k+1} - 1)/(k+2),   h_k = 1 + 1/3 + ... + 1/(2k+1)

have coefficients of size at most 1, so what is left out after n terms is at most u^n/(1-u), its derivative in u at most
n u^{n-1}/(1-u)^2. (The square of arctan: Abramowitz and Stegun, section 4.4, by the Cauchy product.)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from flint import arb, arb_series, ctx

Number = Any

_NEAR = 0.25


def arctan_ratio(x: Number) -> Number:
    """arctan(x)/x."""
    return _near(x, lambda k: arb(1) / (2 * k + 1), lambda: x.atan() / x)


def arctan_defect(x: Number) -> Number:
    """(x - arctan x)/x^3."""
    return _near(x, lambda k: arb(1) / (2 * k + 3), lambda: (1 - x.atan() / x) / x / x)


def logarithm_ratio(x: Number) -> Number:
    """ln(1 + x^2)/x^2."""
    return _near(x, lambda k: arb(1) / (k + 1), lambda: (1 + x * x).log() / x / x)


def logarithm_defect(x: Number) -> Number:
    """(ln(1 + x^2) - arctan(x)^2)/x^4."""

    def plain() -> Number:
        return ((1 + x * x).log() - x.atan() * x.atan()) / x / x / x / x

    return _near(x, lambda k: _odd_harmonic(k, ctx.prec) / (k + 2), plain)


@cache
def _odd_harmonic(k: int, precision: int) -> Number:
    """1/3 + 1/5 + ... + 1/(2k + 3)."""
    return sum((arb(1) / (2 * j + 1) for j in range(1, k + 2)), arb(0))


def _near(x: Number, coefficient: Callable[[int], Number], plain: Callable[[], Number]) -> Number:
    value = x[0] if isinstance(x, arb_series) else x
    if not value.__abs__() <= _NEAR:
        # a wide ball around 0 decides nothing, and series of flint do not divide by it
        return x * arb("nan") if value.contains(0) else plain()
    terms = ctx.prec // 4 + 2
    square = x * x
    result = square * 0
    for k in range(terms - 1, -1, -1):
        result = coefficient(k) - square * result
    return result + _rest(square, terms)


def _rest(square: Number, terms: int) -> Number:
    """What the first ``terms`` terms leave out, for u at most 1/16."""
    u = (square[0] if isinstance(square, arb_series) else square).abs_upper()
    rest = (u**terms / (1 - u)).upper()
    if not isinstance(square, arb_series):
        return arb(0, rest)
    slope = arb(0, (terms * u ** (terms - 1) / (1 - u) ** 2).upper())
    return arb_series([arb(0, rest), slope * square[1]], 2)
