"""Formulas of a user's own claim, read once: what a function of ``m`` and ``s`` computes, as a list of operations.

The function is called a single time, with an ``m`` and an ``s`` that write down what is done. The derivation, the attack and
the balls then evaluate the same list, so that they cannot speak of different formulas; and what is not among the operations
(other libraries, floats, comparisons) is refused where it is written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ratetheory.claims.symbols import SYMBOLS
from ratetheory.numeric.exact import read_exactly

FUNCTIONS = {
    "atan": 1,
    "cos": 1,
    "log": 1,
    "log1p": 1,
    "sqrt": 1,
    "abs": 1,
    "maximum": 2,
    "minimum": 2,
    "if_less": 4,
}
"""Functions of ``m`` and how many arguments they take."""
RUN_FUNCTIONS = {"sum": 1, "least": 1, "steps": 1, "over_blocks": 1, "over_other_blocks": 1, "largest_block": 1}
"""Functions of ``m`` that speak of steps and blocks: for claims about the theory's letters."""
_ALL_FUNCTIONS = FUNCTIONS | RUN_FUNCTIONS
_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}
_SUFFIXES = ("_next", "_first", "_last")
_HIDDEN = {"M"}
MAX_OPERATIONS = 1000
MAX_POWER = 100
_LARGEST = Fraction(10) ** 300
_MAX_DIGITS = 1500
Operation = tuple[Any, ...]
"""``("number", text)``, ``("pi",)``, ``("letter", name)``, ``("own", name)``, ``("^", i, n)``, ``(name, i, ...)``."""


@dataclass(frozen=True)
class Formula:
    """A list of operations, each on results of earlier ones, the last the value; called with ``m`` and ``s`` as any formula."""

    operations: tuple[Operation, ...]

    def __call__(self, m: Any, s: Any) -> Any:
        """The value in a mathematics namespace."""
        results: list[Any] = []
        for kind, *arguments in self.operations:
            results.append(_evaluated(kind, arguments, results, m, s))
        return results[-1]

    def letters(self) -> set[str]:
        """The letters it speaks of."""
        return {arguments[0] for kind, *arguments in self.operations if kind in ("letter", "own")}


def _evaluated(kind: str, arguments: list[Any], results: list[Any], m: Any, s: Any) -> Any:
    if kind == "number":
        return m.number(Fraction(arguments[0]))
    if kind == "pi":
        return m.pi
    if kind == "letter":
        return getattr(s, arguments[0])
    if kind == "own":
        return s[arguments[0]]
    if kind == "^":
        return results[arguments[0]] ** arguments[1]
    values = [results[index] for index in arguments]
    return _OPERATIONS[kind](*values) if kind in _OPERATIONS else getattr(m, kind)(*values)


class Unreadable(ValueError):
    """A formula does what a formula cannot do."""


class Term:
    """A value inside a formula that is being read: it can be added, multiplied, divided, raised to a whole power."""

    __slots__ = ("_index", "_reader")
    __array_ufunc__ = None  # numpy's functions are refused, not applied
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, reader: Reader, index: int) -> None:
        self._reader, self._index = reader, index

    def __add__(self, other: Any) -> Term:
        return self._reader.operate("+", self, other)

    def __radd__(self, other: Any) -> Term:
        return self._reader.operate("+", other, self)

    def __sub__(self, other: Any) -> Term:
        return self._reader.operate("-", self, other)

    def __rsub__(self, other: Any) -> Term:
        return self._reader.operate("-", other, self)

    def __mul__(self, other: Any) -> Term:
        return self._reader.operate("*", self, other)

    def __rmul__(self, other: Any) -> Term:
        return self._reader.operate("*", other, self)

    def __truediv__(self, other: Any) -> Term:
        return self._reader.operate("/", self, other)

    def __rtruediv__(self, other: Any) -> Term:
        return self._reader.operate("/", other, self)

    def __neg__(self) -> Term:
        return self._reader.operate("*", -1, self)

    def __pos__(self) -> Term:
        return self

    def __abs__(self) -> Term:
        return self._reader.apply("abs", self)

    def __pow__(self, power: Any) -> Term:
        if isinstance(power, bool) or not isinstance(power, int) or not 1 <= abs(power) <= MAX_POWER:
            raise Unreadable(
                f"power: {str(power)[:40]} is not allowed; allowed: a whole number from 1 to {MAX_POWER}, or m.sqrt"
            )
        raised = self._reader.write("^", self._index, abs(power))
        return raised if power > 0 else 1 / raised

    def _compared(self, other: Any) -> Any:
        raise Unreadable("a formula does not compare; allowed: m.if_less(a, b, then, otherwise), m.maximum, m.minimum")

    __lt__ = __le__ = __gt__ = __ge__ = _compared
    __eq__ = __ne__ = _compared

    def __bool__(self) -> bool:
        return bool(self._compared(None))


class Reader:
    """Writes down the operations of one formula."""

    def __init__(self, own: Collection[str]) -> None:
        self.own = own
        self.operations: list[Operation] = []

    def write(self, *operation: Any) -> Term:
        """One more operation."""
        if len(self.operations) >= MAX_OPERATIONS:
            raise Unreadable(f"a formula of more than {MAX_OPERATIONS} operations; allowed: at most {MAX_OPERATIONS}")
        self.operations.append(operation)
        return Term(self, len(self.operations) - 1)

    def place(self, value: Any) -> int:
        """Where a value stands; an exact number is written down first."""
        if isinstance(value, Term):
            if value._reader is not self:
                raise Unreadable("a value of another formula; allowed: values made from this formula's own m and s")
            return value._index
        if isinstance(value, float) and math.isfinite(value):
            raise Unreadable(f"{value} is a rounded number; write m.number('{value!r}') or m.number('3/10')")
        if isinstance(value, bool) or not isinstance(value, int | Fraction):
            allowed = (
                "whole numbers, m.number('3/10'), and what is made of them and of letters by + - * / ** and the functions of m"
            )
            raise Unreadable(f"a value of type {type(value).__name__} is no number of a formula; allowed: {allowed}")
        return self._number(Fraction(value))

    def _number(self, number: Fraction) -> int:
        fits = number == 0 or 1 / _LARGEST <= abs(number) <= _LARGEST
        if not fits or len(str(number)) > _MAX_DIGITS:
            raise Unreadable(
                f"a number beyond 1e300, below 1e-300 or of more than {_MAX_DIGITS} digits; allowed: others, and 0"
            )
        return self.write("number", str(number))._index

    def operate(self, kind: str, first: Any, second: Any) -> Term:
        """A sum, difference, product or quotient."""
        return self.write(kind, self.place(first), self.place(second))

    def apply(self, name: str, *arguments: Any) -> Term:
        """A function of ``m``."""
        if len(arguments) != _ALL_FUNCTIONS[name]:
            raise Unreadable(f"m.{name} takes {_ALL_FUNCTIONS[name]} values, not {len(arguments)}")
        return self.write(name, *(self.place(argument) for argument in arguments))

    def number(self, value: Any) -> Term:
        """``m.number``: text is read exactly."""
        if isinstance(value, float):
            self.place(value)
        return Term(self, self._number(read_exactly(value, "m.number")))


class _Mathematics:
    """The ``m`` of a formula that is being read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __getattr__(self, name: str) -> Any:
        reader = self._reader
        if name == "number":
            return reader.number
        if name == "pi":
            return reader.write("pi")
        if name not in _ALL_FUNCTIONS or (reader.own and name in RUN_FUNCTIONS):
            known = FUNCTIONS if reader.own else _ALL_FUNCTIONS
            raise Unreadable(f"m.{name} is not known; allowed: number, pi, {', '.join(known)}")
        return lambda *arguments: reader.apply(name, *arguments)


class _Letters:
    """The ``s`` of a formula that is being read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __getattr__(self, name: str) -> Term:
        own = self._reader.own
        if own:
            if name not in own:
                raise Unreadable(f"s.{name} is no letter of the claim; allowed: {', '.join(sorted(own))}")
            return self._reader.write("own", name)
        check_theory_letter(name)
        return self._reader.write("letter", name)


def check_theory_letter(name: str) -> None:
    """Raises ``Unreadable`` unless ``s.name`` is a letter of the theory at a step that it has."""
    base = next((name.removesuffix(x) for x in _SUFFIXES if name.endswith(x) and name not in SYMBOLS), name)
    if base not in SYMBOLS or base in _HIDDEN:
        raise Unreadable(f"s.{name} is no letter of the theory; declare it in letters, or see ratetheory claims SLUG")
    if base != name and SYMBOLS[base].kind != "state":
        raise Unreadable(f"s.{name}: {base} has no value at t + 1, at 0 or at T; allowed: s.{base}")


def read(function: Any, own: Collection[str]) -> Formula:
    """The operations of a formula; ``own`` are the names of the claim's own letters, none for a claim about the theory's.

    Raises ``Unreadable``, or whatever the function raises.
    """
    if not callable(function):
        raise Unreadable(f"{function!r:.60} is no formula; allowed: a function of m and s")
    reader = Reader(own)
    last = reader.place(function(_Mathematics(reader), _Letters(reader)))
    if last != len(reader.operations) - 1:
        # the value is the last operation: what was computed after it does not count
        del reader.operations[last + 1 :]
    return Formula(tuple(reader.operations))


# --- from data ------------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"-?[0-9]+(/[0-9]+)?")


def from_data(data: Any, own: Collection[str]) -> Formula:
    """The formula that a list of operations is; ``ValueError`` on anything else."""
    if not isinstance(data, list) or not 1 <= len(data) <= MAX_OPERATIONS:
        raise ValueError(f"formula: allowed: a list of 1 to {MAX_OPERATIONS} operations")
    for index, operation in enumerate(data):
        known = isinstance(operation, list) and bool(operation) and isinstance(operation[0], str)
        if not known or not _is_operation(operation, index, own):
            raise ValueError(f"formula: operation {index} is not known")
    return Formula(tuple(tuple(operation) for operation in data))


def _is_operation(operation: list[Any], index: int, own: Collection[str]) -> bool:
    kind, *arguments = operation
    if kind == "number":
        return len(arguments) == 1 and _is_number(arguments[0])
    if kind in ("letter", "own"):
        return len(arguments) == 1 and isinstance(arguments[0], str) and _is_letter(kind, arguments[0], own)
    if kind == "pi":
        return not arguments
    if kind == "^":
        return (
            len(arguments) == 2
            and _is_index(arguments[0], index)
            and arguments[1] != 0
            and _is_index(arguments[1], MAX_POWER + 1)
        )
    count = 2 if kind in _OPERATIONS else {**FUNCTIONS, **({} if own else RUN_FUNCTIONS)}.get(kind, -1)
    return len(arguments) == count and all(_is_index(argument, index) for argument in arguments)


def _is_number(text: Any) -> bool:
    if not isinstance(text, str) or len(text) > _MAX_DIGITS or not _NUMBER.fullmatch(text):
        return False
    try:
        number = Fraction(text)
    except ZeroDivisionError:
        return False
    return number == 0 or 1 / _LARGEST <= abs(number) <= _LARGEST


def _is_index(value: Any, below: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < below


def _is_letter(kind: str, name: str, own: Collection[str]) -> bool:
    if kind == "own" or own:
        return kind == "own" and name in own
    try:
        check_theory_letter(name)
    except ValueError:
        return False
    return True
