"""How a counterexample is printed: what is violated, by how much, and the instance, small enough to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

_VIOLATED = {"==": "differs from", "<=": "exceeds"}
_READABLE = 240
"""Longer formulas are left to ``ratetheory claims``."""
_KEPT = {"==": "equals", "<=": "is at most"}


def print_counterexample(found: Mapping[str, Any], relation: str, statement: str | None = None) -> None:
    """The conclusion with its two sides where they are farthest off, then the instance, a line a number."""
    violation, instance = found["violation"], found["instance"]
    left, right, error = (f"{violation[name]:.6g}" for name in ("left", "right", "error"))
    difference = violation["left"] - violation["right"]
    certain = (abs(difference) if relation == "==" else difference) > violation["error"]
    verb = _VIOLATED[relation] if certain else _KEPT[relation]
    click.echo(f"{found['claim']}, {found['conclusion']}, step {violation['step']}, block {violation['block']}:")
    if statement is not None and len(statement) <= _READABLE:
        click.echo(f"  {statement}")
    click.echo(f"  the left side {left} {verb} the right side {right}; rounding at most {error}")
    click.echo(f"  instance: {instance['setting']}, family {instance['family']}, steps {instance['steps']}")
    if (broken := _broken(instance)) is not None:
        click.echo(f"  what is broken there: {broken}")
    for name, number in instance["numbers"].items():
        click.echo(f"    {name} = {_short(number)}")


def _broken(instance: Mapping[str, Any]) -> str | None:
    """What the family of the instance breaks on purpose, in words."""
    from ratetheory.attack.arenas import SETTINGS, arena_of

    name = instance["family"].partition("/")[2]
    breaks = arena_of(instance["setting"]).breaks if instance["setting"] in SETTINGS else {}
    return breaks[name].reason if name in breaks else None


def _short(number: Any) -> str:
    """A number or nested lists of numbers; trailing zeros of long lists left out."""
    if not isinstance(number, list):
        return f"{number:.9g}"
    entries = list(number)
    while len(entries) > 1 and entries[-1] == 0:
        entries.pop()
    cut = ", 0 ..." if len(entries) < len(number) else ""
    return "[" + ", ".join(_short(entry) for entry in entries) + cut + "]"
