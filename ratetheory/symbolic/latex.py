"""Derivations as a LaTeX article that needs nothing but amsmath, amssymb and longtable."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from sympy import Symbol
from sympy.printing.latex import LatexPrinter

from ratetheory.claims.literature import LITERATURE, cited
from ratetheory.claims.symbols import SYMBOLS
from ratetheory.symbolic.derivation import Derivation
from ratetheory.symbolic.kernel import Step
from ratetheory.symbolic.namespace import statement
from ratetheory.verdict import Verdict

_VECTORS = {
    "grad": r"\nabla",
    "grad_hat": r"\hat\nabla",
    "ell": r"\ell",
    "xi": r"\xi",
    "alpha": r"\alpha",
    "momentum": "m",
    "delta": "u",
    "increment": "u",
}
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
_ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"'}
_HEAD = r"""\documentclass[10pt]{article}
\usepackage{amsmath,amssymb,longtable}
\setlength{\parindent}{0pt}
\setlength{\textwidth}{17cm}
\setlength{\oddsidemargin}{-0.5cm}
\setlength{\textheight}{23cm}
\setlength{\topmargin}{-1cm}
\setlength{\emergencystretch}{3em}
\newcommand{\step}[1]{\par\smallskip\hangindent=2.5em\makebox[2.5em][l]{(#1)}}
\title{Scale-invariant training: statements and derivations}
\date{}
\begin{document}
\maketitle
\raggedright
"""


def escape(text: str) -> str:
    """Plain text for LaTeX; accents are kept, what else the font lacks is shown as a question mark."""
    return "".join(_ESCAPES.get(c) or _accented(c) for c in text)


def _accented(character: str) -> str:
    if character.isascii():
        return character if character.isprintable() else "?"
    letter, *accents = tuple(unicodedata.normalize("NFD", character))
    if len(accents) == 1 and accents[0] in _ACCENTS and letter.isascii() and letter.isalpha():
        return rf"\{_ACCENTS[accents[0]]}{{{letter}}}"
    return "?"


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

    def _print_ArcsineSum(self, expr: Any, exp: str | None = None) -> str:
        a, rho, ratio = (self.doprint(argument) for argument in expr.args)
        term = rf"\left({a}\right)^k \arcsin\left({rho} \left({ratio}\right)^{{k-1}}\right)"
        text = rf"\left[\frac{{2}}{{\pi}} \sum_{{k \ge 1}} {term}\right]"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _print_InfimumOnBoundary(self, expr: Any, exp: str | None = None) -> str:
        return self._call(r"inf\, e", expr, exp)

    def _print_SlopeIntegral(self, expr: Any, exp: str | None = None) -> str:
        return self._call(r"slope\, integral", expr, exp)

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


def latex_document(derivations: Sequence[Derivation], attacks: Sequence[Verdict] = ()) -> str:
    """A complete article: statement, hypotheses, steps and verdict of each derivation, what the attacks saw, the literature."""
    parts = [_summary(derivations)] if len(derivations) > 1 else []
    parts += [_section(derivation) for derivation in derivations]
    if attacks:
        parts.append(_tightness(attacks))
    parts.append(_bibliography([derivation.claim.source for derivation in derivations]))
    return _HEAD + "\n".join(filter(None, parts)) + "\n\\end{document}\n"


def _summary(derivations: Sequence[Derivation]) -> str:
    """The table of all claims with the derivation's verdict."""
    rows = [
        rf"{escape(d.claim.section)} & {escape(d.claim.slug)} & {escape(d.claim.title)} & {escape(d.verdict.status)} \\"
        for d in derivations
    ]
    return _table("llp{10cm}l", r"\S & claim & statement & derivation", rows)


def _table(columns: str, head: str, rows: Sequence[str]) -> str:
    lines = [rf"{{\small\begin{{longtable}}{{{columns}}}", head + r" \\ \hline \noalign{\smallskip}", r"\endhead", *rows]
    return "\n".join([*lines, r"\end{longtable}}"])


def _tightness(attacks: Sequence[Verdict]) -> str:
    """The table of what was seen: how many instances, how close the two sides came."""
    rows = []
    for verdict in attacks:
        for slug, seen in verdict.evidence.get("conclusions", {}).items():
            tightness = "" if seen["tightness"] is None else f"{seen['tightness']:.3f}"
            slack = "" if seen["slack"] is None else _scientific(seen["slack"])
            cells = (escape(verdict.claim), escape(slug), escape(verdict.status), str(seen["instances"]), slack, tightness)
            rows.append(" & ".join(cells) + r" \\")
    lines = [
        r"\section*{How close the two sides came}",
        "Least slack: (right $-$ left)/($|$left$|$ + $|$right$|$), for an equation the part of the error bar "
        "that the difference leaves. Surviving an attack proves nothing.",
        _table("llllll", "claim & conclusion & attack & instances & least slack & largest left/right", rows),
    ]
    return "\n".join(lines)


def _scientific(number: float) -> str:
    mantissa, exponent = f"{number:.1e}".split("e")
    return rf"${mantissa}\cdot 10^{{{int(exponent)}}}$"


def _bibliography(sources: Sequence[str]) -> str:
    """The works that the sources name; empty if they name none."""
    used = {reference.key for source in sources for reference in cited(source)}
    entries = [
        rf"\bibitem{{{r.key}}} {escape(r.authors)}. \emph{{{escape(r.title)}}}. {escape(r.where)}."
        for r in LITERATURE
        if r.key in used
    ]
    return "\n".join([r"\begin{thebibliography}{99}", *entries, r"\end{thebibliography}"]) if entries else ""


def _section(derivation: Derivation) -> str:
    claim = derivation.claim
    lines = [rf"\section*{{{escape(claim.slug)}: {escape(derivation.verdict.status)}}}"]
    lines.append(rf"\textbf{{{escape(claim.title)}.}}" + "\n")
    references = "".join(rf"~\cite{{{reference.key}}}" for reference in cited(claim.source))
    lines.append(f"Source: {escape(claim.source)}{references}.\n")
    lines.append("Hypotheses: " + "; ".join(escape(h.sentence) for h in claim.hypotheses) + ".\n")
    lines += [f"Erratum: {escape(erratum)}\n" for erratum in claim.errata]
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
