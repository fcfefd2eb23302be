"""Outward rounding: decimal strings and floats that are never below (or above) the number they stand for."""

from __future__ import annotations

import math
import sys
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

DIGITS = 20


def exact_end(ball_end: Any) -> Fraction:
    """The dyadic rational that an exact ball is."""
    mantissa, exponent = ball_end.man_exp()
    mantissa, exponent = int(mantissa), int(exponent)
    return Fraction(mantissa * 2**exponent) if exponent >= 0 else Fraction(mantissa, 2**-exponent)


def decimal_outward(number: Fraction, up: bool, digits: int = DIGITS) -> str:
    """``number`` as a decimal of at most ``digits`` digits, rounded up or down."""
    context = Context(prec=digits, rounding=ROUND_CEILING if up else ROUND_FLOOR, Emax=MAX_EMAX, Emin=MIN_EMIN)
    return str(context.divide(Decimal(number.numerator), Decimal(number.denominator)))


def float_above(number: Fraction) -> float | str:
    """A float that is not below ``number``, as it prints; a decimal string where that lies beyond the range of floats."""
    if number == 0:
        return 0.0
    if not sys.float_info.min <= number <= Fraction(sys.float_info.max):
        return decimal_outward(number, up=True)
    result = float(number)
    while math.isfinite(result) and min(Fraction(repr(result)), Fraction(result)) < number:
        result = math.nextafter(result, math.inf)
    return result if math.isfinite(result) else decimal_outward(number, up=True)
