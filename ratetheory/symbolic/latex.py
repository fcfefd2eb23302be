"""Derivations as a LaTeX article that needs nothing but amsmath and amssymb."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Symbol
from sympy.printing.latex import LatexPrinter

from ratetheory.claims.symbols import SYMBOLS
from ratetheory.symbolic.derivation import Derivation
from ratetheory.symbolic.kernel import Step
from ratetheory.symbolic.namespace import statement

_VECTORS = {"grad": r"\nabla", "ell": r"\ell", "xi": r"\xi", "alpha": r"\alpha", "momentum": "m"}
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}
_HEAD = r"""\documentclass[10pt]{article}
\usepackage{amsmath,amssymb}
\setlength{\parindent}{0pt}
\setlength{\emergencystretch}{3em}
\newcommand{\step}[1]{\par\smallskip\hangindent=2.5em\makebox[2.5em][l]{(#1)}}
\title{Derivations}
\date{}
\begin{document}
\maketitle
\raggedright
"""


def escape(text: str) -> str:
    """Plain text for LaTeX; what the font lacks is shown as a question mark."""
    return "".join(_ESCAPES.get(c, c if c.isascii() and c.isprintable() else "?") for c in text)


class _Printer(LatexPrinter):
    """sympy's printer with the letters of the theory."""

    def _print_Indexed(self, expr: Any) -> str:
        name = str(expr.base.label)
        symbol = SYMBOLS.get(name)
        latex = symbol.latex if symbol else _VECTORS.get(name, name)
        return f"{{{latex}}}_{{{','.join(self.doprint(index) for index in expr.indices)}}}"

    def _print_Symbol(self, expr: Symbol, style: str = "plain") -> str:
        symbol = SYMBOLS.get(expr.name)
        return f"{{{symbol.latex}}}" if symbol else super()._print_Symbol(expr)

    def _call(self, name: str, expr: Any, exp: str | None) -> str:
        text = rf"\operatorname{{{name}}}\left({', '.join(self.doprint(a) for a in expr.args)}\right)"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _print_IfLess(self, expr: Any, exp: str | None = None) -> str:
        low, high, then, otherwise = (self.doprint(a) for a in expr.args)
        text = rf"\left[ {then} \text{{ if }} {low} < {high}, \text{{ else }} {otherwise} \right]"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _print_Largest(self, expr: Any, exp: str | None = None) -> str:
        return self._call("max", expr, exp)

    def _print_Smallest(self, expr: Any, exp: str | None = None) -> str:
        return self._call("min", expr, exp)

    def _print_LargerIncrement(self, expr: Any, exp: str | None = None) -> str:
        return self._call("increment", expr, exp)

    def _print_InfimumOnBoundary(self, expr: Any, exp: str | None = None) -> str:
        return self._call(r"inf\, e", expr, exp)

    def _print_InfimumOverMultipliers(self, expr: Any, exp: str | None = None) -> str:
        text = rf"\inf_{{\nu \ge {self.doprint(expr.args[1])}}} \left[ {self.doprint(expr.args[0])} \right]"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _print_LargestBlock(self, expr: Any, exp: str | None = None) -> str:
        text = rf"\max_j {self.doprint(expr.args[0])}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def _print_LeastOverSteps(self, expr: Any, exp: str | None = None) -> str:
        text = rf"\min_{{t<T}} \left({self.doprint(expr.args[0])}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def formula(expression: Any) -> str:
    """An expression in LaTeX, with the letters of the theory."""
    return _Printer({"ln_notation": True, "inv_trig_style": "full"}).doprint(expression)


def latex_document(derivations: Sequence[Derivation]) -> str:
    """A complete article: statement, hypotheses, steps and verdict of each derivation."""
    return _HEAD + "\n".join(_section(derivation) for derivation in derivations) + "\n\\end{document}\n"


def _section(derivation: Derivation) -> str:
    claim = derivation.claim
    lines = [rf"\section*{{{escape(claim.slug)}: {escape(derivation.verdict.status)}}}"]
    lines.append(rf"\textbf{{{escape(claim.title)}.}}" + "\n")
    lines.append(f"Source: {escape(claim.source)}.\n")
    lines.append("Hypotheses: " + "; ".join(escape(h.sentence) for h in claim.hypotheses) + ".\n")
    outcomes = derivation.verdict.evidence["conclusions"]
    for conclusion in claim.conclusions:
        outcome = outcomes[conclusion.slug]
        own = "".join(f", if {escape(h.sentence)}" for h in conclusion.hypotheses)
        reason = f" ({escape(outcome['reason'])})" if outcome["reason"] else ""
        relation = statement(claim, conclusion).latex(formula)
        name = rf"\textit{{{escape(conclusion.slug)}}}{own}"
        lines.append(rf"{name}: ${relation}$ \quad [{escape(outcome['status'])}]{reason}" + "\n")
    lines += [_line(number, step) for number, step in enumerate(derivation.steps, 1)]
    return "\n".join(lines)


def _line(number: int, step: Step) -> str:
    shown = f"${step.relation.latex(formula)}$" if step.relation else ""
    if step.assumptions:
        shown += " where " + ", ".join(f"${a.latex(formula)}$" for a in step.assumptions)
    source = "".join(f", ({n})" for n in step.premises)
    verdict = "" if step.verdict == "proved" else f"; {escape(step.verdict)}"
    note = f"; {escape(step.note)}" if step.note else ""
    return rf"\step{{{number}}} {shown} \quad [{escape(step.rule)}{source}{verdict}{note}]"
