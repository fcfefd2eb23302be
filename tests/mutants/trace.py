"""Formulas as trees, so that one place of a formula can be changed.

A formula is run once on a namespace that records what is done; the tree is evaluated again in any namespace ``m`` and ``s``,
with some nodes replaced by others.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ratetheory.claims.statement import Formula

_OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "neg": operator.neg,
}


@dataclass(frozen=True, eq=False)
class Node:
    """An operation with its arguments; ``letter``, ``number``, ``name`` and ``bound`` carry a value instead.

    ``name`` is a member of ``m``, ``call`` applies its first argument to the rest, ``function`` is a function of one bound
    number.
    """

    kind: str
    arguments: tuple[Any, ...] = ()
    value: Any = None

    def __add__(self, other: Any) -> Node:
        return Node("+", (self, node(other)))

    def __radd__(self, other: Any) -> Node:
        return Node("+", (node(other), self))

    def __sub__(self, other: Any) -> Node:
        return Node("-", (self, node(other)))

    def __rsub__(self, other: Any) -> Node:
        return Node("-", (node(other), self))

    def __mul__(self, other: Any) -> Node:
        return Node("*", (self, node(other)))

    def __rmul__(self, other: Any) -> Node:
        return Node("*", (node(other), self))

    def __truediv__(self, other: Any) -> Node:
        return Node("/", (self, node(other)))

    def __rtruediv__(self, other: Any) -> Node:
        return Node("/", (node(other), self))

    def __pow__(self, other: Any) -> Node:
        return Node("**", (self, node(other)))

    def __neg__(self) -> Node:
        return Node("neg", (self,))

    def __call__(self, *arguments: Any) -> Node:
        return Node("call", (self, *(_function(a) if callable(a) and not isinstance(a, Node) else node(a) for a in arguments)))


def node(value: Any) -> Node:
    """A node as it is; anything else as a number."""
    return value if isinstance(value, Node) else Node("number", value=value)


def _function(function: Callable[[Node], Any]) -> Node:
    bound = Node("bound")
    return Node("function", (bound, node(function(bound))))


class _Recorder:
    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __getattr__(self, name: str) -> Node:
        return Node(self._kind, value=name)


def trace(formula: Formula) -> Node:
    """The tree of a formula."""
    return node(formula(_Recorder("name"), _Recorder("letter")))


def nodes(root: Node) -> Iterator[Node]:
    """The nodes of a tree, each once, the root first."""
    seen: set[int] = set()
    pending = [root]
    while pending:
        here = pending.pop()
        if id(here) not in seen:
            seen.add(id(here))
            yield here
            pending.extend(reversed(here.arguments))


def formula_of(root: Node, replaced: Mapping[Node, Node]) -> Formula:
    """The tree as a formula, with some nodes replaced; what replaces a node is evaluated as it stands."""

    def evaluate(here: Node, m: Any, s: Any, known: dict[Node, Any], old: Mapping[Node, Node]) -> Any:
        if here in known:
            return known[here]
        if here in old:
            inside = {k: v for k, v in old.items() if k is not here}
            known[here] = evaluate(old[here], m, s, known, inside)
            return known[here]
        match here.kind:
            case "number":
                result = here.value
            case "letter":
                result = getattr(s, here.value)
            case "name":
                result = getattr(m, here.value)
            case "function":
                bound, body = here.arguments

                def result(x: Any) -> Any:
                    return evaluate(body, m, s, {bound: x}, old)
            case "call":
                function, *arguments = (evaluate(a, m, s, known, old) for a in here.arguments)
                result = function(*arguments)
            case _:
                result = _OPERATIONS[here.kind](*(evaluate(a, m, s, known, old) for a in here.arguments))
        known[here] = result
        return result

    return lambda m, s: evaluate(root, m, s, {}, replaced)
