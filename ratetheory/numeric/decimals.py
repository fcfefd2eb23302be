"""Outward rounding: decimal strings and floats that are never below (or above) the number they stand for."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

DIGITS = 20


def _context(digits: int, up: bool) -> Context:
    return Context(prec=digits, rounding=ROUND_CEILING if up else ROUND_FLOOR, Emax=MAX_EMAX, Emin=MIN_EMIN)


_UP, _DOWN, _FINER = _context(DIGITS, True), _context(DIGITS, False), _context(DIGITS + 5, True)
_LEAST, _MOST = Decimal(sys.float_info.min), Decimal(sys.float_info.max)


def exact_end(ball_end: Any) -> Fraction:
    """The dyadic rational that an exact ball is."""
    mantissa, exponent = ball_end.man_exp()
    mantissa, exponent = int(mantissa), int(exponent)
    return Fraction(mantissa * 2**exponent) if exponent >= 0 else Fraction(mantissa, 2**-exponent)


def decimal_end(ball: Any, up: bool) -> Decimal:
    """The upper or lower end of a finite ball, rounded outwards to ``DIGITS`` digits."""
    mantissa, exponent = (ball.upper() if up else ball.lower()).man_exp()
    context, power = _UP if up else _DOWN, int(exponent)
    if power >= 0:
        return context.create_decimal(int(mantissa) << power)
    return context.divide(Decimal(int(mantissa)), Decimal(1 << -power))


def decimal_outward(number: Fraction, up: bool, digits: int = DIGITS) -> str:
    """``number`` as a decimal of at most ``digits`` digits, rounded up or down."""
    return str(_context(digits, up).divide(Decimal(number.numerator), Decimal(number.denominator)))


def mean_outward(terms: Iterable[tuple[int, Decimal]], divisor: int, up: bool) -> Decimal:
    """The sum of ``count * number`` over positive ``divisor``, rounded up or down."""
    context, total = _UP if up else _DOWN, Decimal(0)
    for count, number in terms:
        total = context.add(total, context.multiply(Decimal(count), number))
    return context.divide(total, Decimal(divisor))


def root_above(number: Decimal) -> Decimal:
    """A decimal that is not below the square root."""
    # the root of a decimal is rounded to the nearest, whatever the context
    return _FINER.next_plus(_FINER.sqrt(number)) if number else number


def float_above(number: Decimal | Fraction) -> float | str:
    """A float that is not below ``number``, as it prints; a decimal string where that lies beyond the range of floats."""
    if isinstance(number, Fraction):
        number = _FINER.divide(Decimal(number.numerator), Decimal(number.denominator))
    if not number:
        return 0.0
    if not _LEAST <= number <= _MOST:
        return str(_UP.plus(number))
    result = float(number)
    # the nearest float is half a unit away at most, and what it prints half a unit from it: one step up is enough for both
    if math.isfinite(result) and (Decimal(result) < number or Decimal(repr(result)) < number):
        result = math.nextafter(result, math.inf)
    return result if math.isfinite(result) else str(_UP.plus(number))
