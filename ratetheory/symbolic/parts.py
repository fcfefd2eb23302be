"""Names for the large and the repeated parts of formulas, so that no line is wider than a page.

A part is a subtree; two subtrees that differ only in their block, or in t and T, are one part at two places: ``K_1[i]`` and
``K_1[j]``. Only what is shown changes: putting the parts back gives every formula exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sympy import Expr, Indexed, Integer, Number, NumberSymbol, Symbol, default_sort_key

from ratetheory.symbolic.namespace import (
    MULTIPLIER,
    InfimumOverMultipliers,
    LargestBlock,
    LeastOverSteps,
    ProbabilityEver,
    Relation,
)
from ratetheory.symbolic.vectors import BLOCK, BOUND_BLOCKS, FAMILY, HORIZON, OTHER_BLOCK, SECOND_BLOCK, STEP, Sum, Vector

_BLOCKS = (BLOCK, SECOND_BLOCK, OTHER_BLOCK, *BOUND_BLOCKS)
_INDICES = {STEP, HORIZON, *_BLOCKS, MULTIPLIER, FAMILY}
_SHOWN = (STEP, HORIZON, *_BLOCKS, MULTIPLIER)
"""What a part may depend on and shows, in this order."""
_BINDERS = {
    LargestBlock: BOUND_BLOCKS[0],
    LeastOverSteps: STEP,
    ProbabilityEver: HORIZON,
    InfimumOverMultipliers: MULTIPLIER,
}
Measure = Callable[[Any], Any]


class Part(Expr):
    """``Part(n, ...)``: the n-th named part at a step, a block, a multiplier."""

    is_commutative = True

    def _sympystr(self, printer: Any) -> str:
        number, *places = (printer.doprint(one) for one in self.args)
        return f"K_{number}" + (f"[{', '.join(places)}]" if places else "")

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        number, *places = (printer.doprint(one) for one in self.args)
        text = rf"K_{{{number}{';' if places else ''}{','.join(places)}}}"
        return text if exp is None else f"{text}^{{{exp}}}"


@dataclass(frozen=True)
class Layout:
    """What is named: in how long a formula, how wide a piece that cannot be broken may be, what a repeated part must save."""

    long: float
    widest: float
    repeated: float
    saving: float


class Parts:
    """Named subtrees; ``K_n`` stands for the n-th, and none contains a later one."""

    def __init__(self, patterns: Sequence[Any] = ()) -> None:
        self.patterns = tuple(patterns)
        self._numbers = {pattern: number for number, pattern in enumerate(self.patterns, 1)}
        self._shortened: dict[Any, Any] = {}

    def short(self, relation: Relation) -> Relation:
        """The relation in terms of the parts."""
        return relation.map(self.shortened)

    def shortened(self, node: Any) -> Any:
        """The expression in terms of the parts, the largest first."""
        if node not in self._shortened:
            self._shortened[node] = self._named(node) or self.inside(node)
        return self._shortened[node]

    def definition(self, number: int) -> Relation:
        """What the part stands for, in terms of the earlier ones."""
        pattern = self.patterns[number - 1]
        return Relation(Part(Integer(number), *_places(pattern)), "==", self.inside(pattern))

    def back(self, node: Any) -> Any:
        """The expression with every part put back."""
        return self._pattern_at(node) if isinstance(node, Part) else _rebuilt(node, self.back)

    def _pattern_at(self, part: Part) -> Any:
        pattern = self.patterns[int(part.args[0]) - 1]
        places = {a: b for a, b in zip(_places(pattern), part.args[1:], strict=True) if a != b}
        return pattern.xreplace(places) if places else pattern

    def unnamed(self, node: Any) -> Iterator[Any]:
        """The patterns of what is inside an expression and is no part, each as often as it occurs."""
        for one in () if isinstance(node, Indexed) else node.args:
            pattern = _pattern(one)[0]
            if pattern not in self._numbers:
                if _nameable(one):
                    yield pattern
                yield from self.unnamed(one)

    def _named(self, node: Any) -> Part | None:
        if not _nameable(node):
            return None
        pattern, places = _pattern(node)
        number = self._numbers.get(pattern)
        return None if number is None else Part(Integer(number), *places)

    def inside(self, node: Any) -> Any:
        """The expression in terms of the parts that it contains and is not."""
        return _rebuilt(node, self.shortened)


def name_parts(relations: Sequence[Relation], layout: Layout, known: Parts | None = None, *, measure: Measure) -> Parts:
    """The known parts and those that the relations need besides, each after those that it speaks of.

    ``measure`` gives the width of an expression: ``total``, and ``widest`` of what cannot be broken.
    """
    first = known or Parts()
    sides = [side for relation in relations for side in (relation.left, relation.right)]
    new: list[Any] = []
    for find in (_repeated, _too_wide):
        while True:
            found = find([*sides, *new], Parts((*first.patterns, *new)), layout, measure)
            if found is None:
                break
            new.append(found)
    return _ordered(relations, first, new) if new else first


def _ordered(relations: Sequence[Relation], known: Parts, new: list[Any]) -> Parts:
    """The new parts in the order in which the relations speak of them, each after what it speaks of itself."""
    parts = Parts((*known.patterns, *new))
    order: list[int] = []

    def visit(node: Any) -> None:
        for one in _walk(node):
            if isinstance(one, Part) and int(one.args[0]) not in order and int(one.args[0]) > len(known.patterns):
                visit(parts.definition(int(one.args[0])).right)
                order.append(int(one.args[0]))

    for relation in relations:
        short = parts.short(relation)
        visit(short.left)
        visit(short.right)
    return Parts((*known.patterns, *(parts.patterns[number - 1] for number in order)))


def _repeated(sides: Sequence[Any], parts: Parts, layout: Layout, measure: Measure) -> Any:
    """The part whose name saves most; ``None`` if none saves enough."""
    counts = Counter(pattern for side in sides for pattern in parts.unnamed(side))
    best, most = None, layout.saving
    for pattern, count in counts.items():
        if count > 1 and (size := measure(parts.inside(pattern)).total) >= layout.repeated and (count - 1) * size > most:
            best, most = pattern, (count - 1) * size
    return best


def _too_wide(sides: Sequence[Any], parts: Parts, layout: Layout, measure: Measure) -> Any:
    """The largest part, itself narrow enough to be shown, of a formula that is too wide; ``None`` if all fit."""
    for side in sides:
        if measure(parts.inside(side)).widest <= layout.widest:
            continue
        sizes = {pattern: measure(parts.inside(pattern)) for pattern in parts.unnamed(side)}
        fitting = [one for one, size in sizes.items() if size.widest <= layout.widest - 60]
        if fitting:
            best = max(fitting, key=lambda one: (sizes[one].total, default_sort_key(one)))
            if sizes[best].total > 60:
                return best
    return None


@lru_cache(maxsize=200_000)
def _nameable(node: Any) -> bool:
    """A number or a point that is no letter; what belongs to one block of a vector's family has no name outside it."""
    if not isinstance(node, Expr | Vector) or isinstance(node, Symbol | Indexed | Number | NumberSymbol | Part):
        return False
    return bool(node.args) and FAMILY not in _free(node)


@lru_cache(maxsize=200_000)
def _pattern(node: Any) -> tuple[Any, tuple[Any, ...]]:
    """The expression with its block called i and its step t, and what it is called here; as it is if that is ambiguous."""
    renamed = {}
    free, used = _free(node), node.atoms(Symbol)
    blocks = [one for one in _BLOCKS if one in free]
    if len(blocks) == 1 and BLOCK not in used and blocks[0] not in _bound(node):
        renamed[blocks[0]] = BLOCK
    if HORIZON in free and STEP not in used and HORIZON not in _bound(node):
        renamed[HORIZON] = STEP
    if renamed and (pattern := node.xreplace(renamed)).xreplace({b: a for a, b in renamed.items()}) == node:
        called = {b: a for a, b in renamed.items()}
        return pattern, tuple(called.get(one, one) for one in _places(pattern))
    return node, _places(node)


@lru_cache(maxsize=200_000)
def _places(pattern: Any) -> tuple[Any, ...]:
    free = _free(pattern)
    return tuple(one for one in _SHOWN if one in free)


@lru_cache(maxsize=200_000)
def _free(node: Any) -> frozenset[Any]:
    """The indices that are not bound inside."""
    if isinstance(node, Symbol):
        return frozenset((node,) if node in _INDICES else ())
    if isinstance(node, Sum):
        return (_free(node.function) - {limit[0] for limit in node.limits}) | frozenset().union(
            *(_free(end) for limit in node.limits for end in limit[1:])
        )
    if isinstance(node, InfimumOverMultipliers):
        return (_free(node.args[0]) - {MULTIPLIER}) | _free(node.args[1])
    inside: frozenset[Any] = frozenset().union(*(_free(one) for one in node.args))
    if isinstance(node, Vector):
        return inside - {FAMILY}
    return inside - {_BINDERS[type(node)]} if type(node) in _BINDERS else inside


def _bound(node: Any) -> set[Any]:
    bound = {limit[0] for total in node.atoms(Sum) for limit in total.limits}
    return bound | {variable for kind, variable in _BINDERS.items() if node.has(kind)}


def _walk(node: Any) -> Iterator[Any]:
    """The expression and its subtrees, without the insides of letters."""
    yield node
    if not isinstance(node, Indexed | Part):
        for one in node.args:
            yield from _walk(one)


def _rebuilt(node: Any, change: Callable[[Any], Any]) -> Any:
    """The node with changed arguments; letters as they are, and the family's sums, whose block is bound by their vector."""
    if not node.args or isinstance(node, Indexed | Part):
        return node
    arguments = [change(one) for one in node.args]
    return node if all(a is b for a, b in zip(arguments, node.args, strict=True)) else node.func(*arguments)
