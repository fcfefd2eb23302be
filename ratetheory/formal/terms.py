"""Gallina terms of real numbers, built by Python's operators: the text, and the variables that it depends on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

STEP, HORIZON, BLOCK = "t", "T", "i"
"""The variables of a step, of the horizon, of a block."""
RUN = "r"
"""The variable of a run."""

_SUM, _PRODUCT, _OPPOSITE, _POWER, _APPLICATION, _ATOM = range(6)
"""How tightly a term's outermost operation binds."""


@dataclass(frozen=True)
class Term:
    """A Gallina term. ``free``: which of ``STEP``, ``HORIZON``, ``BLOCK`` it depends on."""

    text: str
    free: frozenset[str] = frozenset()
    level: int = _ATOM

    def at(self, level: int) -> str:
        """The text where at least this level of binding is needed."""
        return self.text if self.level >= level else f"({self.text})"

    def __add__(self, other: Any) -> Term:
        return _binary(self, "+", other, _SUM, _PRODUCT)

    def __radd__(self, other: Any) -> Term:
        return term(other) + self

    def __sub__(self, other: Any) -> Term:
        return _binary(self, "-", other, _SUM, _PRODUCT)

    def __rsub__(self, other: Any) -> Term:
        return term(other) - self

    def __mul__(self, other: Any) -> Term:
        return _binary(self, "*", other, _PRODUCT, _POWER)

    def __rmul__(self, other: Any) -> Term:
        return term(other) * self

    def __truediv__(self, other: Any) -> Term:
        return _binary(self, "/", other, _PRODUCT, _POWER)

    def __rtruediv__(self, other: Any) -> Term:
        return term(other) / self

    def __pow__(self, exponent: int) -> Term:
        if not isinstance(exponent, int) or exponent < 0:
            raise ValueError(f"exponent: {exponent!r} is not allowed; a natural number is")
        return Term(f"{self.at(_APPLICATION)} ^ {exponent}", self.free, _POWER)

    def __neg__(self) -> Term:
        return Term(f"- {self.at(_POWER)}", self.free, _OPPOSITE)


def _binary(left: Term, symbol: str, right: Any, level: int, needed: int) -> Term:
    right = term(right)
    return Term(f"{left.at(level)} {symbol} {right.at(needed)}", left.free | right.free, level)


def term(value: Any) -> Term:
    """A term, or an integer as one; ``ValueError`` for anything else: no other number is exact."""
    if isinstance(value, Term):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Term(str(value)) if value >= 0 else Term(f"- {-value}", level=_OPPOSITE)
    raise ValueError(f"number: {value!r} is not allowed in a formal statement; terms and integers are")


def apply(function: str, *arguments: Any) -> Term:
    """A function of terms."""
    terms = [term(a) for a in arguments]
    text = " ".join([function, *(a.at(_ATOM) for a in terms)])
    return Term(text, frozenset().union(*(a.free for a in terms)), _APPLICATION if terms else _ATOM)


def binding(function: str, variable: str, kind: str, body: Term) -> Term:
    """A function of a function of one variable, such as a sum."""
    return Term(f"{function} (fun {variable} : {kind} => {body.text})", body.free - {variable}, _APPLICATION)


def conditional(a: Term, b: Term, then: Term, otherwise: Term) -> Term:
    """``then`` where a < b, else ``otherwise``."""
    free = a.free | b.free | then.free | otherwise.free
    return Term(f"(if Rlt_dec {a.at(_ATOM)} {b.at(_ATOM)} then {then.text} else {otherwise.text})", free)


def of_outcome(text: str, outcome: str) -> str:
    """The text with the run that an outcome has in place of the run."""
    return re.sub(rf"\b{RUN}\b", f"(outcome c {outcome})", text)
