"""The claims' formulas as sympy expressions: the mathematics namespace ``m`` and the namespace of letters ``s``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

import sympy
from sympy import Dummy, Expr, Function, Indexed, IndexedBase, Symbol

from ratetheory.claims.statement import Claim, Comparison, Conclusion, Letter
from ratetheory.claims.symbols import SYMBOLS
from ratetheory.symbolic.vectors import (
    BLOCK,
    BLOCKS,
    BOUND_BLOCKS,
    FAMILY,
    FULL_LOSS,
    FUNCTION,
    HORIZON,
    OTHER_BLOCK,
    STEP,
    Sum,
    over_blocks,
)

MULTIPLIER = Symbol("nu", positive=True)
"""The bound variable of ``InfimumOverMultipliers``."""


class _RealFunction(Function):
    """A real function without any rewriting of its own; what it is, the rules know."""

    is_real = True


class IfLess(_RealFunction):
    """``IfLess(p, q, x, y)``: x if p < q, else y."""

    nargs = 4


class Largest(_RealFunction):
    """``Largest(x, y)``: the larger of two numbers."""

    # no Max: sympy compares its arguments, which it cannot for abstract ones
    nargs = 2

    def _eval_is_nonnegative(self) -> bool | None:
        return True if any(a.is_nonnegative for a in self.args) else None

    def _eval_is_positive(self) -> bool | None:
        return True if any(a.is_positive for a in self.args) else None


class Smallest(_RealFunction):
    """``Smallest(x, y)``: the smaller of two numbers."""

    nargs = 2

    def _eval_is_nonnegative(self) -> bool | None:
        return True if all(a.is_nonnegative for a in self.args) else None


class LargerIncrement(_RealFunction):
    """``LargerIncrement(c, p, q, r)``: the larger delta >= 0 with c delta - p ln(1 + delta/q) = r."""

    nargs = 4
    is_nonnegative = True


class InfimumOnBoundary(_RealFunction):
    """``InfimumOnBoundary(x_0, r)``: the infimum of (arctan(x) + r (ln(1 + x^2) - arctan(x)^2))/x over 0 < x <= x_0."""

    nargs = 2


class SlopeIntegral(_RealFunction):
    """``SlopeIntegral(p, q, Gbar, r)``: the lower integral over p <= s <= q of InfimumOnBoundary(Gbar/y, r).

    Here y is the largest number with y + Gbar^2/y <= s, Gbar where there is none: it rises with s, and so does the infimum,
    which is positive and at most 1.
    """

    nargs = 4


class InfimumOverMultipliers(_RealFunction):
    """``InfimumOverMultipliers(z, nu_0)``: the infimum over nu >= nu_0, nu > 0, of z, an expression in nu."""

    nargs = 2


class ArcsineSum(_RealFunction):
    """``ArcsineSum(p, rho, r)``: the sum over k >= 1 of p^k (2/pi) arcsin(rho r^{k-1})."""

    nargs = 3


class NoiseSupremum(_RealFunction):
    """``NoiseSupremum(tau_max, Lam, Gbar)``: the supremum of the noise ratio over 0 < tau <= tau_max.

    The noise ratio is (Lam arctan(tau)^2 + 2 Gbar (tau - arctan(tau)))/ln(1 + tau^2).
    """

    nargs = 3


class Expectation(_RealFunction):
    """``Expectation(z)``: the mean of a random number, of which there are finitely many outcomes."""

    nargs = 1

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self.args[0].is_nonnegative else None


class ProbabilityEver(_RealFunction):
    """``ProbabilityEver(x, y)``: the probability that x > y at some horizon up to T; x and y depend on the horizon."""

    nargs = 2
    is_nonnegative = True


class LargestBlock(_RealFunction):
    """``LargestBlock(z)``: the largest over the blocks j of z, an expression in j."""

    nargs = 1


class LeastOverSteps(_RealFunction):
    """``LeastOverSteps(z)``: the least over t < T of z, an expression in t."""

    nargs = 1

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self.args[0].is_nonnegative else None


class Witness(Dummy):
    """A number that exists by a rule. Facts about it are never instantiated: it depends on their free symbols."""


_DECLARATIONS = tuple(
    (Symbol("_", **signs).assumptions0, signs)
    for signs in (
        {},
        {"real": True},
        {"nonnegative": True},
        {"positive": True},
        {"integer": True},
        {"integer": True, "nonnegative": True},
        {"integer": True, "positive": True},
    )
)


def declared(symbol: Symbol) -> dict[str, bool] | None:
    """How the symbol was declared, if in one of the ways whose range the rules know; ``None`` otherwise."""
    return next((signs for known, signs in _DECLARATIONS if symbol.assumptions0 == known), None)


@dataclass(frozen=True)
class Relation:
    """``left symbol right`` for all values of its letters and free symbols; both sides scalars, or vectors with ``==``."""

    left: Any
    symbol: Literal["==", "<=", "<"]
    right: Any

    @property
    def gap(self) -> Any:
        """``right - left``."""
        return self.right - self.left

    def map(self, change: Callable[[Any], Any]) -> Relation:
        """The relation between the changed sides."""
        return Relation(change(self.left), self.symbol, change(self.right))

    def negation(self) -> Relation:
        """What holds where this inequality does not."""
        if self.symbol == "==":
            raise ValueError("symbol: an equation has no negation here, an inequality has")
        return Relation(self.right, "<" if self.symbol == "<=" else "<=", self.left)

    def free_symbols(self) -> set[Any]:
        """The free symbols of both sides."""
        return set(self.left.free_symbols | self.right.free_symbols)

    def has(self, *patterns: Any) -> bool:
        """Whether one of the sides contains one of the expressions or types."""
        return bool(self.left.has(*patterns) or self.right.has(*patterns))

    def __str__(self) -> str:
        symbol = "=" if self.symbol == "==" else self.symbol
        return f"{self.left} {symbol} {self.right}"

    def latex(self, printer: Callable[[Any], str]) -> str:
        """The relation as LaTeX."""
        symbol = {"==": "=", "<=": r"\le", "<": "<"}[self.symbol]
        return f"{printer(self.left)} {symbol} {printer(self.right)}"


class Mathematics:
    """The mathematics namespace ``m`` of the claims' formulas, in sympy."""

    pi = sympy.pi
    infinity = sympy.oo
    atan = staticmethod(sympy.atan)
    cos = staticmethod(sympy.cos)
    log = staticmethod(sympy.log)
    sqrt = staticmethod(sympy.sqrt)
    abs = staticmethod(sympy.Abs)
    minimum = staticmethod(Smallest)
    maximum = staticmethod(Largest)
    larger_increment = staticmethod(LargerIncrement)
    infimum_on_boundary = staticmethod(InfimumOnBoundary)
    arcsine_sum = staticmethod(ArcsineSum)
    least = staticmethod(LeastOverSteps)
    exp = staticmethod(sympy.exp)
    noise_supremum = staticmethod(NoiseSupremum)
    expectation = staticmethod(Expectation)
    probability_ever = staticmethod(ProbabilityEver)

    @staticmethod
    def number(value: Any) -> Expr:
        """A constant."""
        return sympy.sympify(value)

    @staticmethod
    def log1p(x: Expr) -> Expr:
        """ln(1 + x)."""
        return sympy.log(1 + x)

    @staticmethod
    def tangent_excess(x: Expr) -> Expr:
        """x - arctan x."""
        return x - sympy.atan(x)

    @staticmethod
    def if_less(a: Any, b: Any, then: Any, otherwise: Any) -> Expr:
        """then where a < b, else otherwise."""
        return IfLess(*(sympy.sympify(x) for x in (a, b, then, otherwise)))

    @staticmethod
    def sum(x: Expr) -> Expr:
        """The sum over the steps before the horizon."""
        return Sum(x, (STEP, 0, HORIZON - 1))

    @staticmethod
    def steps(_: Expr) -> Expr:
        """The horizon."""
        return HORIZON

    @staticmethod
    def over_blocks(x: Expr) -> Expr:
        """The sum over the blocks."""
        return over_blocks(x) if x.has(BLOCK) else x * BLOCKS

    @staticmethod
    def over_other_blocks(x: Expr) -> Expr:
        """The sum over all blocks but the own one."""
        return Mathematics.over_blocks(x) - x

    @staticmethod
    def largest_block(x: Expr) -> Expr:
        """The largest over the blocks."""
        return LargestBlock(over_blocks(x).function)

    @staticmethod
    def quadratic_form(M: IndexedBase, y: Expr, y_g: Expr) -> Expr:
        """The quadratic form of the symmetric matrix M in (y_1 .. y_m, y_g); y_g has the index 0."""
        second = Symbol("k", integer=True, positive=True)
        diagonal = over_blocks(over_blocks(M[BLOCK, second] * y * y.xreplace({BLOCK: second})), second)
        return diagonal + 2 * over_blocks(M[BLOCK, 0] * y * y_g) + M[0, 0] * y_g**2

    @staticmethod
    def infimum_over_multipliers(function: Callable[[Expr], Expr], nu_0: Expr) -> Expr:
        """The infimum of function(nu) over nu >= nu_0, nu > 0."""
        return InfimumOverMultipliers(function(MULTIPLIER), nu_0)

    @staticmethod
    def slope_integral(b_0: Expr, v: Expr, Gbar: Expr, r: Expr) -> Expr:
        """The integral from b_0 + Gbar^2/b_0 to v + Gbar^2/v of the slope that rises with b."""
        return SlopeIntegral(b_0 + Gbar**2 / b_0, v + Gbar**2 / v, Gbar, r)

    @staticmethod
    def infimum_over_thresholds(function: Callable[[Expr], Expr], b_0: Expr, Gbar: Expr) -> Expr:
        """The infimum of function(v) over v >= max(b_0, Gbar^2/b_0)."""
        return InfimumOverMultipliers(function(MULTIPLIER), Largest(b_0, Gbar**2 / b_0))


@cache
def _base(name: str) -> IndexedBase:
    return IndexedBase(name, **_sign(name))


@cache
def _constant(name: str) -> Symbol:
    return Symbol(name, **_sign(name))


def _sign(name: str) -> dict[str, bool]:
    return {SYMBOLS[name].sign if name in SYMBOLS else "real": True}


@lru_cache(maxsize=20_000)
def letter(name: str, step: Expr = STEP, block: Expr = BLOCK) -> Any:
    """A letter of the theory at a step and a block; the matrix ``M`` as it is.

    Raises:
        ValueError: if the registry has no such letter.
    """
    if name not in SYMBOLS:
        raise ValueError(f"name: {name!r} is no letter of the theory: {', '.join(SYMBOLS)}")
    if name == "M":
        return IndexedBase("M", real=True)
    symbol = SYMBOLS[name]
    indices = ([] if symbol.kind == "constant" else [step]) + ([block] if symbol.per_block else [])
    return _base(name)[tuple(indices)] if indices else _constant(name)


def own_letter(letter: Letter) -> Symbol:
    """A letter of a claim's own: a variable with the sign that its range says."""
    return Symbol(letter.name, **{letter.sign: True})


class Letters:
    """The namespace ``s`` of the claims' formulas: ``s.S``, ``s.S_next``, ``s.S_first``, ``s.S_last``, and ``s["x"]``."""

    _steps: tuple[tuple[str, Expr], ...] = (("_next", STEP + 1), ("_first", sympy.Integer(0)), ("_last", HORIZON))

    def __init__(self, own: tuple[Letter, ...] = ()) -> None:
        self._own = {one.name: own_letter(one) for one in own}

    def __getitem__(self, name: str) -> Symbol:
        return self._own[name]

    def __getattr__(self, name: str) -> Any:
        if name in SYMBOLS:
            return letter(name)
        for suffix, step in self._steps:
            if name.endswith(suffix) and name.removesuffix(suffix) in SYMBOLS:
                return letter(name.removesuffix(suffix), step)
        raise AttributeError(f"name: {name!r} is no letter of the theory: {', '.join(SYMBOLS)}")


_ALONG_THE_CIRCLE = ("circle_first", "circle_second", "circle_curvature", "circle_drop")
"""Letters that stand for functions of the angle on the great circle."""


def why_not_generic(symbol: Any, *relations: Relation) -> str | None:
    """Why facts with these relations do not hold for every value of the symbol; ``None`` if they do.

    A letter of the theory is one number, not a variable; nor are the names of the losses, or bound variables, or the horizon
    of a least term.
    """
    constants = {name for name, one in SYMBOLS.items() if one.kind == "constant" and not one.per_block}
    if type(symbol) is not Symbol or not symbol.is_real or declared(symbol) is None:
        return f"{symbol} is no variable"
    if symbol.name in constants or symbol in (FAMILY, MULTIPLIER, BLOCKS, OTHER_BLOCK, *BOUND_BLOCKS):
        return f"{symbol} is one number, not any"
    sides = [side for relation in relations for side in (relation.left, relation.right)]
    if any(symbol in bound_variables(side) for side in sides):
        return f"{symbol} is a bound variable"
    if symbol == HORIZON and any(side.has(LeastOverSteps) for side in sides):
        return f"{symbol} is the horizon of a least term"
    if any(symbol in names(side) for side in sides):
        return f"{symbol} is the name of a family of numbers"
    letters = {one.base.label.name for side in sides for one in side.atoms(Indexed)}
    if symbol.name == "phi" and letters & set(_ALONG_THE_CIRCLE):
        return f"{symbol} is the angle of a letter"
    return None


def names(expression: Any) -> set[Symbol]:
    """The symbols that are names of families, vectors and losses, not numbers."""
    return {one.base.label for one in expression.atoms(Indexed)} | {FULL_LOSS, FUNCTION}


def bound_variables(expression: Any) -> set[Symbol]:
    """The variables that some sum, least, largest or infimum inside the expression binds."""
    bound = {limit[0] for total in expression.atoms(Sum) for limit in total.limits}
    if expression.has(LeastOverSteps):
        bound.add(STEP)
    if expression.has(InfimumOverMultipliers):
        bound.add(MULTIPLIER)
    if expression.has(ProbabilityEver):
        bound.add(HORIZON)
    if expression.has(LargestBlock):
        bound.add(Symbol("j", integer=True, positive=True))
    return bound


m = Mathematics()
s = Letters()


def statement(claim: Claim, conclusion: Conclusion) -> Relation:
    """The conclusion's relation, from the registry's own formulas.

    Raises:
        ValueError: if the conclusion is not one of the claim.
    """
    if conclusion not in claim.conclusions:
        raise ValueError(f"conclusion: {conclusion.slug!r} is none of {claim.slug}: {[c.slug for c in claim.conclusions]}")
    return relation(claim, conclusion)


def relation(claim: Claim, comparison: Conclusion | Comparison) -> Relation:
    """What two formulas state in the letters of the theory and of the claim's own."""
    letters = Letters(claim.letters)
    left, right = (sympy.sympify(side(m, letters)) for side in (comparison.left, comparison.right))
    return Relation(left, comparison.relation, right)


def assumed(claim: Claim) -> tuple[Relation, ...]:
    """What a claim assumes in formulas: the ranges of its own letters beyond their signs, and the hypotheses that state one."""
    ranges = []
    for one in claim.letters:
        x = own_letter(one)
        if one.low:
            ranges.append(Relation(sympy.Rational(one.low), "<=" if one.above is None else "<", x))
        if one.high is not None:
            ranges.append(Relation(x, "<=" if one.below is None else "<", sympy.Rational(one.high)))
    stated = (relation(claim, h.states) for h in claim.hypotheses if h.states is not None)
    return (*ranges, *stated)
