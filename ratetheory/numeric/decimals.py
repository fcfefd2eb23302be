"""Outward rounding: decimal strings and floats that are never below (or above) the number they stand for."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

from flint import arb, ctx

DIGITS = 20


def _context(digits: int, up: bool) -> Context:
    return Context(prec=digits, rounding=ROUND_CEILING if up else ROUND_FLOOR, Emax=MAX_EMAX, Emin=MIN_EMIN)


_UP, _DOWN, _FINER = _context(DIGITS, True), _context(DIGITS, False), _context(DIGITS + 5, True)
_EXACT_POWER = 2**16
"""Of two, up to which a number is divided out exactly."""
_MOST_EXPONENT = 9 * 10**17
"""Of ten, in an end: what is made of it stays in the range of decimals."""
_LEAST, _MOST = Decimal(sys.float_info.min), Decimal(sys.float_info.max)


def exact_end(ball_end: Any) -> Fraction:
    """The dyadic rational that an exact ball is."""
    mantissa, exponent = ball_end.man_exp()
    mantissa, exponent = int(mantissa), int(exponent)
    return Fraction(mantissa * 2**exponent) if exponent >= 0 else Fraction(mantissa, 2**-exponent)


def decimal_end(ball: Any, up: bool) -> Decimal:
    """The upper or lower end of a finite ball, rounded outwards to ``DIGITS`` digits.

    An upper end beyond 10^``_MOST_EXPONENT`` is ``Infinity``, and likewise a lower one beyond its negative.
    """
    end = ball.upper() if up else ball.lower()
    mantissa, exponent = end.man_exp()
    context, power = _UP if up else _DOWN, int(exponent)
    if abs(power) > _EXACT_POWER and end:
        return _far_end(end, up)
    if power >= 0:
        return context.create_decimal(int(mantissa) << power)
    return context.divide(Decimal(int(mantissa)), Decimal(1 << -power))


def _far_end(number: Any, up: bool) -> Decimal:
    """``decimal_end`` of a nonzero exact ball whose exact digits are too many, by its decimal logarithm."""
    if number < 0:
        return _far_end(-number, not up).copy_negate()
    with ctx.workprec(320):
        decade = number.log() / arb(10).log()
        if decade.abs_lower() > _MOST_EXPONENT:
            least, most = Decimal((0, (1,), -_MOST_EXPONENT)), Decimal((0, (1,), _MOST_EXPONENT))
            return (most if not up else Decimal("Infinity")) if decade > 0 else (least if up else Decimal(0))
        exponent = int(decade.mid().floor().unique_fmpz())
        leading = decimal_end(number / arb(10) ** exponent, up)
    return (_UP if up else _DOWN).scaleb(leading, exponent)


def decimal_outward(number: Fraction, up: bool, digits: int = DIGITS) -> str:
    """``number`` as a decimal of at most ``digits`` digits, rounded up or down."""
    return str(_context(digits, up).divide(Decimal(number.numerator), Decimal(number.denominator)))


def rounded_outward(number: Decimal, up: bool, digits: int) -> Decimal:
    """``number`` to at most ``digits`` digits, rounded up or down."""
    return _context(digits, up).plus(number)


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
