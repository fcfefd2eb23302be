"""``ratetheory certify``: what the weight norms of checkpoints certify of the gradients between them."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from ratetheory.cli.output import echo, granularity_option, print_json, print_table
from ratetheory.verdict import exit_code

if TYPE_CHECKING:
    from ratetheory.observation.certification import BlockCertificate, Certification

_ORDER = ("held", "violated", "not resolvable", "undecided", "not applicable")
_REASONS = 8
"""Reasons that are printed at most."""
_WIDTH = 32


@click.command()
@click.argument("checkpoints", nargs=-1, required=True, metavar="FIRST [MID ...] LAST")
@click.option("--steps", required=True, metavar="T[,T...]", help="Steps between each two checkpoints.")
@click.option("--learning-rate", metavar="ETA", help="The learning rate, the same at every step.")
@click.option("--schedule", metavar="FILE.csv", help="Columns step,learning_rate[,weight_decay], a row a step.")
@click.option("--first-step", metavar="N", help="With --schedule: the step after FIRST; default its first row.")
@click.option("--weight-decay", metavar="LAM", help="Weight decay of SGD; default 0.")
@click.option("--momentum", default="0", metavar="BETA", help="With momentum norms certify nothing: undecided. Default 0.")
@click.option("--blocks", metavar="FILE", help="Table of the scale-invariant blocks.")
@click.option(
    "--tensor",
    "tensors",
    multiple=True,
    metavar="NAME[:filter|:layer]",
    help="Without a table: a scale-invariant tensor, one block (layer, the default) or each index of its first axis one. With "
    "one: only this parameter. Repeat for more.",
)
@click.option("--precision", metavar="FORMAT", help="float64, float32, float16, bfloat16: what the run kept its weights in.")
@granularity_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def certify(checkpoints: tuple[str, ...], steps: str, granularity: Any, as_json: bool, **options: Any) -> int:
    """Bound the gradients of a run between checkpoints, from both sides, by the norms of scale-invariant weights.

    Checkpoints are state_dict files (read without running code) or *.safetensors. Sound for SGD without momentum and exact
    invariance; nothing checks these from two checkpoints but that norms do not shrink. Numbers are decimals or
    rationals, read exactly.

    Exit code 0 if all blocks are certified, 1 if norms contradict the assumptions, 3 if something is undecided or below
    rounding.
    """
    from ratetheory.training.certify import certify as run

    result = run(checkpoints, steps=steps.split(","), **options)
    if as_json:
        print_json(result.as_dict(granularity))
    else:
        _print(result, granularity)
    return exit_code(result.statuses())


def _print(result: Certification, granularity: str) -> None:
    steps = " + ".join(str(count) for count in result.steps)
    echo(
        f"{' -> '.join(result.checkpoints)}: {steps} steps, learning rate {result.learning_rate}, "
        f"weight decay {result.weight_decay}, momentum {result.momentum}, weights in {result.precision}"
    )
    if granularity == "all":
        _print_total(result.total())
    elif granularity == "layer":
        _print_layers(result)
    else:
        _print_blocks([block for family in result.families for block in family.blocks])
    _print_reasons(result)
    _print_conditions(result)


def _print_layers(result: Certification) -> None:
    heads = ("layer", "blocks", "worst: least |G|^2 <=", "mean |G|^2", "block", "median: least |G|^2 <=", "mean |G|^2")
    rows = []
    for family in result.families:
        worst, median = family.worst, family.median
        words = ", ".join(f"{family.counts[word]} {word}" for word in _ORDER if family.counts[word])
        place = worst.block.removeprefix(family.family) or "all"
        middle = ("", "") if median is None else (_least(median), _mean(median))
        rows.append((_short(family.family), words, _least(worst), _mean(worst), place, *middle))
    print_table([heads, *rows])


def _print_blocks(blocks: list[BlockCertificate]) -> None:
    rows = [(_short(b.block), b.status, b.growth, _least(b), _mean(b)) for b in blocks]
    print_table([("filter", "status", "|w_T|^2/|w_0|^2", "least |G|^2 <=", "mean |G|^2"), *rows])


def _print_total(total: BlockCertificate) -> None:
    heads = ("all", "status", "least of the sum |G|^2 <=", "mean of the sum")
    print_table([heads, (total.block, total.reason, _least(total), _mean(total))])


def _least(block: BlockCertificate) -> str:
    return "-" if block.least is None else _up(block.least)


def _mean(block: BlockCertificate) -> str:
    if block.mean is None:
        return "-"
    from ratetheory.observation.certification import digits

    low, high = block.mean
    return f"[{digits(low, up=False)}, {'inf' if high is None else _up(high)}]"


def _up(number: Decimal) -> str:
    from ratetheory.observation.certification import digits

    return digits(number, up=True)


def _short(name: str) -> str:
    return name if len(name) <= _WIDTH else "..." + name[3 - _WIDTH :]


def _reasons(result: Certification) -> list[str]:
    """Each reason once, with the first block that it is true of; of violated blocks the worst of a family."""
    fallen = ((family.worst, family.counts["violated"]) for family in result.families)
    found = [f"violated: {_more(worst, count)}: {worst.reason}" for worst, count in fallen if count]
    others = [b for family in result.families for b in family.blocks if b.reason and b.status != "violated"]
    counts = Counter((block.status, block.reason) for block in others)
    first = {(block.status, block.reason): block for block in reversed(others)}
    return [*found, *(f"{word}: {_more(first[word, reason], n)}: {reason}" for (word, reason), n in counts.items())]


def _more(block: BlockCertificate, count: int) -> str:
    return _short(block.block) + (f" and {count - 1} more" if count > 1 else "")


def _print_reasons(result: Certification) -> None:
    lines = _reasons(result)
    for line in lines[:_REASONS]:
        echo(line)
    if len(lines) > _REASONS:
        echo(f"... and {len(lines) - _REASONS} more (--granularity filter --json has all)")
    if "violated" in result.statuses():
        from ratetheory.observation.certification import SUSPECTS

        echo(f"violated: {SUSPECTS}")
    for name, reason in result.left_out[:_REASONS]:
        echo(f"left out: {_short(name)}: {reason}")
    if len(result.left_out) > _REASONS:
        echo(f"... and {len(result.left_out) - _REASONS} more left out")


def _print_conditions(result: Certification) -> None:
    if set(result.statuses()) & {"held", "not resolvable"}:
        total = sum(result.steps)
        if result.effective_steps < 0.999 * total:
            last = "with decay the last ones; " if result.decays else ""
            echo(
                f"the mean is weighted: of {total} steps it sees about {result.effective_steps:.4g}"
                f" ({last}more checkpoints between show more)"
            )
        echo(f"trust: {result.trust}, by claim {result.claim}, conditional on {', '.join(result.conditional_on)}; it assumes")
        for line in result.assumes:
            echo(f"  - {line}")
        blocks = [block for family in result.families for block in family.blocks]
        most = max(blocks, key=lambda block: block.shift)
        if most.shift:
            echo(
                f"eps of the normalisations: the truth may lie outside by up to {100 * most.shift:.2g}% of itself "
                f"({_short(most.block)}; estimated by the table)"
            )
