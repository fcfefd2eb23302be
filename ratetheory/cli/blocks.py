"""``ratetheory blocks``: which weights of a model are scale-invariant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ratetheory.cli.output import echo, print_json, print_table

if TYPE_CHECKING:
    from ratetheory.observation.families import Blocks, Family

_WIDTH = 60


@click.command()
@click.argument("factory", metavar="MODULE:FACTORY")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON, which watching a training run reads.")
@click.option("--no-explain", is_flag=True, help="Do not follow degrees of homogeneity, which give the reasons.")
@click.option("--budget", type=float, default=300.0, metavar="S", help="Seconds in total; default 300.")
@click.option("--memory", type=int, default=16384, metavar="MIB", help="Limit of address space in MiB; default 16384.")
def blocks(factory: str, as_json: bool, no_explain: bool, budget: float, memory: int) -> int:
    """Find the scale-invariant weights of a model.

    FACTORY is a function without arguments, in a module or a FILE.py, that returns the model and what it is called with: a
    tensor, a tuple of positional arguments, a dictionary of keyword arguments, or a callable loss(model). It is run, in a
    process of its own with limits of time and memory. That is no sandbox: run only code that you trust.
    """
    from ratetheory.training.blocks.beside import blocks_of

    table = blocks_of(factory, not no_explain, budget, memory * 2**20)
    if as_json:
        print_json(table.as_dict())
    else:
        show(table)
    return 0


def show(table: Blocks) -> None:
    """Print the table, a row a family, then how much of the model is invariant, and the notes."""
    rows = [
        ("weights", "verdict", "blocks", "of", "entries", "dead", "normalised by", "why"),
        *(_row(f) for f in table.families),
    ]
    print_table(rows)
    chosen = table.invariant
    invariant = sum(f.parts * f.dimension for f in chosen)
    line = f"{table.model}: {sum(f.parts for f in chosen)} scale-invariant blocks that share no entry, of {invariant} entries"
    if all(f in chosen for f in table.families if f.verdict == "joint") and table.families:
        # groups that overlap would count entries twice
        line += f", {100 * invariant / sum(f.parts * f.dimension for f in table.families):.1f}% of all"
    echo(line)
    for note in table.notes:
        echo(f"note: {note}")


def _row(f: Family) -> tuple[str, ...]:
    norms = ", ".join(n.module or n.kind for n in f.norms[:2]) + (f" and {len(f.norms) - 2} more" if len(f.norms) > 2 else "")
    name = f.name if len(f.name) <= _WIDTH else f"{f.name[: _WIDTH - 3]}..."
    dead = str(len(f.dead)) if f.dead else "all" if f.verdict == "dead" else ""
    return name, f.verdict, str(f.parts), f.unit, str(f.dimension), dead, norms, f.reason
