"""How results are printed: JSON with provenance, and aligned lines."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import click

from ratetheory.provenance import provenance
from ratetheory.visible import visible

granularity_option = click.option(
    "--granularity",
    type=click.Choice(["filter", "layer", "all"]),
    default="layer",
    show_default=True,
    help="Rows of the tables.",
)


def print_json(content: dict[str, Any], seed: int | None = None) -> None:
    """One JSON object on standard output, with provenance; numbers that JSON does not have become text."""
    click.echo(json.dumps(finite({**content, "provenance": provenance(seed)}), indent=2, ensure_ascii=True))


def finite(value: Any) -> Any:
    """The same data with infinities and not-a-numbers as text, and exact numbers as text."""
    if isinstance(value, dict):
        return {str(key): finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**1023:
        from fractions import Fraction

        from ratetheory.numeric.decimals import decimal_outward

        return decimal_outward(Fraction(value), up=True)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def echo(line: str, err: bool = False) -> None:
    """Print one line; what stands in it may come from a file."""
    click.echo(visible(line), err=err)


def print_lines(rows: list[tuple[str, str]]) -> None:
    """Name and value, aligned."""
    rows = [(visible(name), visible(value)) for name, value in rows]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}")


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Rows of as many cells, the columns aligned."""
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    for row in rows:
        click.echo("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip())


def shown(number: Any, digits: int = 10) -> str:
    """A number in few digits; decimal strings as they are."""
    return f"{number:.{digits}g}" if isinstance(number, float) else str(number)
