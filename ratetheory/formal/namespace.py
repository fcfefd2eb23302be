"""The mathematics namespace of the claims' formulas in Gallina.

A formula becomes a term directly, operation by operation, without any rewriting in between. A function without a closed form
(a root, an infimum) becomes a variable, with the premise that says what is known of it: the theorem then holds for any such
number, and so for the one that the evaluator verifies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ratetheory.formal.terms import BLOCK, HORIZON, STEP, Term, apply, binding, conditional, of_outcome, term

LONGEST = "N"
"""The variable of the longest horizon."""


@dataclass
class Variables:
    """The variables that stand for functions without a closed form, with their premises, in the order of their making."""

    declared: list[tuple[str, str]] = field(default_factory=list)
    premises: list[str] = field(default_factory=list)
    _known: dict[str, Term] = field(default_factory=dict)

    def new(self, letter: str, premise: Callable[[Term], str], arguments: tuple[Term, ...]) -> Term:
        """A variable of which ``premise`` holds, the same one for the same arguments; one a block where these depend on it."""
        key = f"{letter} {[a.text for a in arguments]}"
        if key in self._known:
            return self._known[key]
        free = frozenset().union(*(a.free for a in arguments))
        if free - {BLOCK}:
            raise ValueError(f"{letter}: its arguments depend on {', '.join(sorted(free - {BLOCK}))}; constants are allowed")
        name = f"{letter}_{1 + sum(declared.startswith(f'{letter}_') for declared, _ in self.declared)}"
        value = apply(name, Term(BLOCK, free)) if free else Term(name)
        self.declared.append((name, "index s -> R" if free else "R"))
        self.premises.append(f"(forall {BLOCK} : index s, {premise(value)})" if free else premise(value))
        self._known[key] = value
        return value

    def suppose(self, a: Term, b: Term) -> None:
        """The premise a < b, in every block where it depends on the block."""
        below = f"{a.text} < {b.text}"
        self.premises.append(f"(forall {BLOCK} : index s, {below})" if a.free | b.free else below)


class Gallina:
    """The namespace ``m``; ``variables``: what the terms need beside the letters; ``chance``: whether means are taken;
    ``elsewhere_infinite``: what is stated only where it is finite, which must be a side of its own."""

    pi = Term("PI")
    infinity = Term("infinity")

    def __init__(self) -> None:
        self.variables, self.chance = Variables(), False
        self.elsewhere_infinite: Term | None = None

    def __getattr__(self, name: str) -> Any:
        raise ValueError(f"function: {name!r} has no meaning in the formal development yet")

    @staticmethod
    def number(value: int) -> Term:
        """A constant."""
        return term(value)

    @staticmethod
    def atan(x: Any) -> Term:
        """arctan x."""
        return apply("atan", x)

    @staticmethod
    def cos(x: Any) -> Term:
        """cos x."""
        return apply("cos", x)

    @staticmethod
    def log(x: Any) -> Term:
        """ln x."""
        return apply("ln", x)

    @staticmethod
    def log1p(x: Any) -> Term:
        """ln (1 + x)."""
        return apply("ln", 1 + term(x))

    @staticmethod
    def exp(x: Any) -> Term:
        """exp x."""
        return apply("exp", x)

    @staticmethod
    def sqrt(x: Any) -> Term:
        """The square root."""
        return apply("sqrt", x)

    @staticmethod
    def abs(x: Any) -> Term:
        """The absolute value."""
        return apply("Rabs", x)

    @staticmethod
    def tangent_excess(x: Any) -> Term:
        """x - arctan x."""
        return term(x) - apply("atan", x)

    @staticmethod
    def minimum(a: Any, b: Any) -> Term:
        """The smaller of two."""
        return apply("Rmin", a, b)

    @staticmethod
    def maximum(a: Any, b: Any) -> Term:
        """The larger of two."""
        return apply("Rmax", a, b)

    def if_less(self, a: Any, b: Any, then: Any, otherwise: Any) -> Term:
        """``then`` where a < b, else ``otherwise``; what is infinite elsewhere is stated where a < b."""
        if otherwise is self.infinity:
            self.variables.suppose(term(a), term(b))
            self.elsewhere_infinite = term(then)
            return self.elsewhere_infinite
        return conditional(term(a), term(b), term(then), term(otherwise))

    @staticmethod
    def sum(x: Any) -> Term:
        """The sum over the steps before the horizon."""
        return _over_steps("step_sum", x)

    @staticmethod
    def least(x: Any) -> Term:
        """The smallest over the steps before the horizon."""
        return _over_steps("least", x)

    @staticmethod
    def steps(_: Any) -> Term:
        """The horizon."""
        return Term(f"INR {HORIZON}", frozenset({HORIZON}), apply("INR", 1).level)

    @staticmethod
    def over_blocks(x: Any) -> Term:
        """The sum over the blocks."""
        return binding("block_sum", BLOCK, "index s", term(x))

    @staticmethod
    def over_other_blocks(x: Any) -> Term:
        """The sum over all blocks but the own one."""
        return Gallina.over_blocks(x) - term(x)

    def largest_block(self, x: Any) -> Term:
        """The largest over the blocks, of which there is one at least."""
        self.variables.premises.append("(0 < blocks s)%nat")
        return binding("largest_block", BLOCK, "index s", term(x))

    @staticmethod
    def quadratic_form(M: Term, y: Term, y_g: Term) -> Term:
        """The quadratic form of the smoothness constants in (y_1 .. y_m, y_g); ``ValueError`` for any other matrix."""
        if M.text != "k":
            raise ValueError(f"matrix: {M.text} has no meaning in the formal development; the smoothness constants have")
        at = Term(f"(fun {BLOCK} : index s => {y.text})", y.free - {BLOCK})
        return apply("quadratic_form", Term("k"), at, y_g)

    def expectation(self, x: Any) -> Term:
        """The mean over the draws before the horizon, of which an outcome is made."""
        self.chance = True
        inner = term(x)
        text = f"expectation {HORIZON} (fun o : path c => {of_outcome(inner.text, 'o')})"
        return Term(text, inner.free | {HORIZON}, apply("f", 1).level)

    def probability_ever(self, left: Any, right: Any) -> Term:
        """The probability that the left side exceeds the right one at any horizon up to N."""
        self.chance = True
        sides = [f"(fun (o : path c) ({HORIZON} : nat) => {of_outcome(side.text, 'o')})" for side in (term(left), term(right))]
        free = (term(left).free | term(right).free) - {HORIZON}
        return Term(f"probability_ever {LONGEST} {' '.join(sides)}", free | {LONGEST}, apply("f", 1).level)

    def larger_increment(self, c: Any, l: Any, b: Any, r: Any) -> Term:
        """A number on the rising branch of c D - l ln(1 + D/b), where it is at least r."""
        return self._variable("D", "larger_increment", c, l, b, r)

    def infimum_on_boundary(self, x_0: Any, r: Any) -> Term:
        """A positive number, at most the slope on (0, x_0]."""
        return self._variable("c", "infimum_on_boundary", x_0, r)

    def noise_supremum(self, largest: Any, Lam: Any, Gbar: Any) -> Term:
        """A number that is at least the noise ratio."""
        return self._variable("A", "noise_supremum", largest, Lam, Gbar)

    def slope_integral(self, b_0: Any, v: Any, Gbar: Any, r: Any) -> Term:
        """A number, at most the integral of slopes that rise with b up to the one at v."""
        return self._variable("I", "slope_integral_up_to", b_0, v, Gbar, r, self.infimum_on_boundary(term(Gbar) / v, r))

    def infimum_over_multipliers(self, function: Callable[[Term], Term], nu_0: Any) -> Term:
        """The value at any positive multiplier that is at least nu_0: each is a bound."""
        least = term(nu_0)
        return function(self.variables.new("nu", lambda nu: f"{least.text} <= {nu.text} /\\ 0 < {nu.text}", (least,)))

    def infimum_over_thresholds(self, function: Callable[[Term], Term], b_0: Term, Gbar: Term) -> Term:
        """The value at any threshold v >= max(b_0, Gbar^2/b_0): each is a bound."""
        least = apply("Rmax", b_0, Gbar**2 / b_0)
        return function(self.variables.new("v", lambda v: f"{least.text} <= {v.text}", (least,)))

    def _variable(self, letter: str, premise: str, *arguments: Any) -> Term:
        terms = tuple(term(a) for a in arguments)
        return self.variables.new(letter, lambda value: apply(premise, *terms, value).text, terms)


def _over_steps(function: str, x: Any) -> Term:
    inner = binding(f"{function} {HORIZON}", STEP, "nat", term(x))
    return Term(inner.text, inner.free | {HORIZON}, inner.level)
