"""How a counterexample is printed: what is violated, by how much, and the instance, small enough to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

_VIOLATED = {"==": "differs from", "<=": "exceeds"}
_KEPT = {"==": "equals", "<=": "is at most"}


def print_counterexample(found: Mapping[str, Any], relation: str) -> None:
    """The conclusion with its two sides where they are farthest off, then the instance, a line a number."""
    violation, instance = found["violation"], found["instance"]
    left, right, error = (f"{violation[name]:.6g}" for name in ("left", "right", "error"))
    difference = violation["left"] - violation["right"]
    certain = (abs(difference) if relation == "==" else difference) > violation["error"]
    verb = _VIOLATED[relation] if certain else _KEPT[relation]
    click.echo(f"{found['claim']}, {found['conclusion']}, step {violation['step']}, block {violation['block']}:")
    click.echo(f"  the left side {left} {verb} the right side {right}; rounding at most {error}")
    click.echo(f"  instance: {instance['setting']}, family {instance['family']}, steps {instance['steps']}")
    for name, number in instance["numbers"].items():
        click.echo(f"    {name} = {_short(number)}")


def _short(number: Any) -> str:
    """A number or nested lists of numbers; trailing zeros of long lists left out."""
    if not isinstance(number, list):
        return f"{number:.9g}"
    entries = list(number)
    while len(entries) > 1 and entries[-1] == 0:
        entries.pop()
    cut = ", 0 ..." if len(entries) < len(number) else ""
    return "[" + ", ".join(_short(entry) for entry in entries) + cut + "]"
