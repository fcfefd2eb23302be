"""Numbers read exactly: decimals and rationals, by a regular expression of our own, never by evaluation."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

MAX_LENGTH = 1000
MAX_EXPONENT = 4000
_MAX_BITS = 20_000
_SMALL = 10**18
_SHORT_BITS = 64
_ALLOWED = "a decimal or a rational such as 0.3, 3/10 or 1e-4"
_DECIMAL = re.compile(r"([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?")
_RATIONAL = re.compile(r"([+-]?[0-9]+)/([0-9]+)")


def _shown(value: Any) -> str:
    try:
        text = str(value) if isinstance(value, Fraction) else repr(value)
    except ValueError:
        return "a number too long to print"
    return text if len(text) <= 60 else text[:57] + "..."


def read_exactly(value: Any, name: str) -> Fraction:
    """The exact rational that ``value`` denotes.

    Strings are decimals (``"1e-4"``) or rationals (``"3/10"``); a float counts as the binary fraction that it is.
    Raises ``ValueError`` naming ``name``, the value and what is allowed.
    """
    # the usual numbers first: this is called several times a bound
    if type(value) is float and math.isfinite(value):
        return Fraction(*value.as_integer_ratio())
    if type(value) is int and -_SMALL < value < _SMALL:
        return Fraction(value)
    if isinstance(value, bool):
        raise ValueError(f"{name}: {value!r} is not a number; allowed: {_ALLOWED}")
    if isinstance(value, str):
        return _read_text(value.strip(), name)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return read_exactly(value.item(), name)
    if isinstance(value, int | Fraction | np.integer):
        number = Fraction(int(value)) if isinstance(value, np.integer) else Fraction(value)
        if max(number.numerator.bit_length(), number.denominator.bit_length()) > _MAX_BITS:
            raise ValueError(f"{name}: a number of more than {_MAX_BITS} bits; allowed: {_ALLOWED}")
        return number
    if isinstance(value, float | np.floating):
        if not math.isfinite(value):
            raise ValueError(f"{name}: {float(value)} is not finite; allowed: {_ALLOWED}")
        return Fraction(*value.as_integer_ratio())
    raise ValueError(f"{name}: {_shown(value)} is not a number; allowed: {_ALLOWED}")


def _read_text(text: str, name: str) -> Fraction:
    if len(text) > MAX_LENGTH:
        raise ValueError(f"{name}: a number of {len(text)} characters; allowed: at most {MAX_LENGTH}")
    if match := _RATIONAL.fullmatch(text):
        if int(match[2]) == 0:
            raise ValueError(f"{name}: {_shown(text)} divides by zero; allowed: {_ALLOWED}")
        return Fraction(int(match[1]), int(match[2]))
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise ValueError(f"{name}: {_shown(text)} is not a number; allowed: {_ALLOWED}")
    if match[3] is not None and abs(int(match[3])) > MAX_EXPONENT:
        raise ValueError(f"{name}: exponent of {_shown(text)} is too large; allowed: at most {MAX_EXPONENT} in size")
    return Fraction(text)


def exact_text(number: Fraction, up: bool = True) -> str:
    """The exact number as text; rounded up or down, and said to be, where it has more digits than Python prints."""
    try:
        return str(number)
    except ValueError:
        from ratetheory.numeric.decimals import decimal_outward

        return f"{decimal_outward(number, up)} (rounded)"


def short_text(number: Fraction) -> str:
    """The exact number as text where that is short, as a fraction or a decimal; else six digits, and said to be rounded."""
    from ratetheory.numeric.decimals import decimal_outward

    if max(number.numerator.bit_length(), number.denominator.bit_length()) <= _SHORT_BITS:
        return str(number)
    below, above = (decimal_outward(number, up, 20) for up in (False, True))
    return str(Decimal(below).normalize()) if below == above else f"{decimal_outward(number, True, 6)} (rounded)"


def require(condition: bool, name: str, value: Any, allowed: str) -> None:
    """Raise the one-line ``ValueError`` of bad input unless the condition holds."""
    if not condition:
        raise ValueError(f"{name}: {_shown(value)} is not allowed; allowed: {allowed}")


def read_positive(value: Any, name: str) -> Fraction:
    """An exact number above zero."""
    number = read_exactly(value, name)
    require(number.numerator > 0, name, value, "a finite number above 0")
    return number


def read_nonnegative(value: Any, name: str) -> Fraction:
    """An exact number that is zero or above."""
    number = read_exactly(value, name)
    require(number.numerator >= 0, name, value, "a finite number, 0 or above")
    return number


def read_count(value: Any, name: str, least: int = 1) -> int:
    """A whole number that is at least ``least``."""
    number = read_exactly(value, name)
    require(number.denominator == 1 and number >= least, name, value, f"a whole number, at least {least}")
    return int(number)
