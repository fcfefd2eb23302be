"""Formulas in LaTeX, with the letters of the theory and the vectors of the derivations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sympy import Expr, Symbol
from sympy.printing.latex import LatexPrinter

from ratetheory.claims.symbols import SYMBOLS
from ratetheory.symbolic.namespace import Relation
from ratetheory.symbolic.parts import Layout, Parts, name_parts
from ratetheory.symbolic.width import Width, width

VECTORS = {
    "w": ("w", "weights of a block"),
    "v": ("v", "their direction, w/|w|"),
    "g": ("g", "scale-variant parameters, block 0"),
    "ell": (r"\ell", "loss whose gradient step t uses"),
    "grad": (r"\nabla", "its gradient at the weights of step t"),
    "e": ("e", "direction of that gradient"),
    "full": (r"\bar\nabla", "gradient of the full loss f there"),
    "xi": (r"\xi", "unit tangent at v"),
    "alpha": (r"\alpha", "weight of a block along a curve that moves all of them"),
    "u": ("u", "any vector of a block"),
    "z": ("z", "another vector of a block"),
    "momentum": ("m", "momentum buffer"),
    "c": ("c", "Lion's average of buffer and gradient, whose signs are the update"),
    "delta": ("u", "update of an optimiser, w_{t+1} - w_t"),
    "increment": ("u", "update under decoupled decay, w_{t+1} = (1 - eta lam) w_t - eta u_t"),
    "grad_hat": (r"\hat\nabla", "gradient along the run without decay"),
    "x": ("x", "point of AdaGrad-Norm"),
    "h": ("h", "gradient of F at x_t"),
}
"""Named vectors and losses of the derivations: how they are printed, and what they are."""


class _Printer(LatexPrinter):
    """sympy's printer with the letters of the theory; products may be broken between their factors."""

    def __init__(self) -> None:
        super().__init__({"ln_notation": True, "inv_trig_style": "full"})
        self._settings["mul_symbol_latex"] = r" \by "

    def _print(self, expr: Any, **options: Any) -> str:
        # what stands in many formulas is printed once
        if self._print_level > 0 and not options and isinstance(expr, Expr):
            return formula(expr)
        return super()._print(expr, **options)

    def _print_Indexed(self, expr: Any) -> str:
        name = str(expr.base.label)
        symbol = SYMBOLS.get(name)
        latex = symbol.latex if symbol else VECTORS.get(name, (name,))[0]
        return f"{{{latex}}}_{{{','.join(self.doprint(index) for index in expr.indices)}}}"

    def _print_Symbol(self, expr: Symbol, style: str = "plain") -> str:
        symbol = SYMBOLS.get(expr.name)
        return f"{{{symbol.latex}}}" if symbol else super()._print_Symbol(expr)

    def _call(self, name: str, expr: Any, exp: str | None) -> str:
        text = rf"{name}\left({', '.join(self.doprint(a) for a in expr.args)}\right)"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _print_IfLess(self, expr: Any, exp: str | None = None) -> str:
        low, high, then, otherwise = (self.doprint(a) for a in expr.args)
        text = rf"\left[ {then} \text{{ if }} {low} < {high}, \text{{ else }} {otherwise} \right]"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _print_Largest(self, expr: Any, exp: str | None = None) -> str:
        return self._call(r"\max", expr, exp)

    def _print_Smallest(self, expr: Any, exp: str | None = None) -> str:
        return self._call(r"\min", expr, exp)

    def _print_LargerIncrement(self, expr: Any, exp: str | None = None) -> str:
        return self._call(r"\operatorname{increment}", expr, exp)

    def _print_ArcsineSum(self, expr: Any, exp: str | None = None) -> str:
        return self._call(r"\operatorname{arcsines}", expr, exp)

    def _print_InfimumOnBoundary(self, expr: Any, exp: str | None = None) -> str:
        return self._call(r"\underline{e}", expr, exp)

    def _print_SlopeIntegral(self, expr: Any, exp: str | None = None) -> str:
        return self._call(r"\operatorname{slopes}", expr, exp)

    def _print_NoiseSupremum(self, expr: Any, exp: str | None = None) -> str:
        return self._call(r"\operatorname{noise}", expr, exp)

    def _print_Expectation(self, expr: Any, exp: str | None = None) -> str:
        text = rf"\mathbb{{E}}\left[{self.doprint(expr.args[0])}\right]"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _print_ProbabilityEver(self, expr: Any, exp: str | None = None) -> str:
        text = rf"\mathbb{{P}}\left[{self.doprint(expr.args[0])} > {self.doprint(expr.args[1])} \text{{ ever}}\right]"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _print_InfimumOverMultipliers(self, expr: Any, exp: str | None = None) -> str:
        text = rf"\inf_{{\nu \ge {self.doprint(expr.args[1])}}} \left[ {self.doprint(expr.args[0])} \right]"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _print_LargestBlock(self, expr: Any, exp: str | None = None) -> str:
        text = rf"\max_j \left[{self.doprint(expr.args[0])}\right]"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def _print_LeastOverSteps(self, expr: Any, exp: str | None = None) -> str:
        text = rf"\min_{{t<T}} \left({self.doprint(expr.args[0])}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


@lru_cache(maxsize=100_000)
def formula(expression: Any) -> str:
    """An expression in LaTeX, with the letters of the theory."""
    return _Printer().doprint(expression)


@lru_cache(maxsize=100_000)
def measure(one: Any) -> Width:
    """How wide an expression or a relation is in print."""
    return width(one.latex(formula) if isinstance(one, Relation) else formula(one))


STATEMENT = Layout(long=450, widest=360, repeated=60, saving=150)
"""Statements: a page is 484 points wide."""
STEP = Layout(long=900, widest=430, repeated=110, saving=600)
"""The steps of a derivation, in smaller type."""


def parts_for(relations: Sequence[Relation], layout: Layout, known: Parts | None = None) -> Parts:
    """The known parts, and those that the long ones of the relations need besides."""
    long = [one for one in relations if is_long(one, layout)]
    return name_parts(long, layout, known, measure=measure)


def is_long(relation: Relation, layout: Layout) -> bool:
    """Whether a relation is shown in terms of its parts; a short one reads better as it is."""
    size = measure(relation)
    return size.total > layout.long or size.widest > layout.widest


def shown(relation: Relation, parts: Parts, layout: Layout) -> Relation:
    """The relation as it is printed."""
    return parts.short(relation) if is_long(relation, layout) else relation
