"""Mutants made by a generator: every place of every formula changed a little, every hypothesis dropped.

Whether a mutant is false nobody knows before it is attacked. One that a counterexample refutes is recorded with it; the others
are equivalent or unknown, and count in no score.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from ratetheory.attack.arenas import arena_of
from ratetheory.claims.statement import Claim, Conclusion, Formula, Setting
from ratetheory.claims.symbols import SYMBOLS
from tests.mutants.mutant import Mutant
from tests.mutants.trace import Node, formula_of, node, nodes, trace

EACH = 3
"""Changes of each kind and each side of a conclusion."""
BEYOND = 0.9
"""Share of the measured tightness to which a right side is shrunk."""
_SWAPPED = {"minimum": "maximum", "maximum": "minimum", "least": "sum", "over_blocks": "largest_block"}
_FIRST_ORDER = ("atan", "log1p", "sqrt")
_STEPS = {"_first": "_last", "_last": "_first", "_next": ""}


def generated(claim: Claim, tightness: Mapping[str, float | None]) -> Iterator[Mutant]:
    """All mutants of a claim; ``tightness`` is what an attack on the true claim measured of each conclusion."""
    for conclusion in claim.conclusions:
        letters = _letters(conclusion.setting or claim.setting)
        for name, changed in _changed(letters, conclusion, tightness.get(conclusion.slug)):
            slug = f"{claim.slug}.{conclusion.slug}.{name}"
            yield Mutant(slug, replace(claim, conclusions=(changed,)))
    for hypothesis in claim.hypothesis_slugs():
        yield Mutant(f"{claim.slug}.without.{hypothesis}", claim.without(hypothesis), hypothesis)


@cache
def _letters(setting: Setting) -> tuple[str, ...]:
    """The letters that records of this setting have, in the order of the theory."""
    arena = arena_of(setting)
    record = arena.record(arena.sample(arena.families[0], 1, 1, np.random.default_rng(0)))
    return tuple(name for name in SYMBOLS if name in record)


def _changed(letters: Sequence[str], conclusion: Conclusion, tightness: float | None) -> Iterator[tuple[str, Conclusion]]:
    right = conclusion.right
    if conclusion.relation == "==":
        yield "right-enlarged", replace(conclusion, right=_times(right, 1 + 2.0**-7))
        yield "right-shifted", replace(conclusion, right=lambda m, s: right(m, s) + m.number(2.0**-20))
    elif tightness is not None and tightness > 0:
        yield "right-beyond-tightness", replace(conclusion, right=_times(right, BEYOND * min(tightness, 1.0)))
    if conclusion.relation == "<=":
        yield "equality", replace(conclusion, relation="==")
        yield "reversed", replace(conclusion, left=conclusion.right, right=conclusion.left)
    for side in ("left", "right"):
        for name, formula in _changed_formulas(getattr(conclusion, side), letters):
            changes: dict[str, Any] = {side: formula}
            yield f"{side}-{name}", replace(conclusion, **changes)


def _times(formula: Formula, factor: float) -> Formula:
    return lambda m, s: factor * formula(m, s)


def _changed_formulas(formula: Formula, letters: Sequence[str]) -> Iterator[tuple[str, Formula]]:
    root = trace(formula)
    found: dict[str, list[Node | tuple[Node, Node]]] = {}
    places = list(nodes(root))
    exponents = {here.arguments[1] for here in places if here.kind == "**"}
    for here in places:
        for kind, other in _others(here, here in exponents, letters):
            found.setdefault(kind, []).append((here, other))
    for kind, pairs in found.items():
        for index in _spread(len(pairs)):
            here, other = pairs[index]  # type: ignore[misc]
            yield f"{kind}-{index}", formula_of(root, {here: other})


def _spread(count: int) -> list[int]:
    """The first and, as far as there are more, evenly spread others."""
    return list(range(count)) if count <= EACH else [index * count // EACH for index in range(EACH)]


def _others(here: Node, is_exponent: bool, letters: Sequence[str]) -> Iterator[tuple[str, Node]]:
    """By what a node can be replaced, with the kind of the change."""
    match here.kind:
        case "number" if is_exponent:
            yield "exponent", node(here.value + 1)
        case "number" if _is_factor(here.value):
            yield "doubled", node(2 * here.value)
            yield "halved", node(here.value / 2)
        case "+" | "-":
            yield "sign", Node("-" if here.kind == "+" else "+", here.arguments)
            yield "term", here.arguments[0]
        case "/":
            yield "factor", Node("*", here.arguments)
        case "*":
            yield "power", Node("*", (here, here.arguments[1]))
        case "call":
            yield from _other_calls(here)
        case "letter":
            for suffix, other in _STEPS.items():
                if here.value not in SYMBOLS and here.value.endswith(suffix):
                    yield "step", Node("letter", value=here.value.removesuffix(suffix) + other)
            yield from (("letter", Node("letter", value=other)) for other in _like(here.value, letters))


def _other_calls(here: Node) -> Iterator[tuple[str, Node]]:
    function, *arguments = here.arguments
    if function.value in _SWAPPED:
        yield "function", Node("call", (Node("name", value=_SWAPPED[function.value]), *arguments))
    if function.value in _FIRST_ORDER:
        yield "function", arguments[0]


def _like(letter: str, letters: Sequence[str]) -> list[str]:
    """The other letters that vary with step and block as this one does."""
    if letter not in SYMBOLS:
        return []
    own = SYMBOLS[letter]
    alike = (SYMBOLS[other] for other in letters if other != letter)
    return [other.name for other in alike if (other.kind, other.per_block) == (own.kind, own.per_block)]


def _is_factor(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0
