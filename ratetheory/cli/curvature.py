"""``ratetheory curvature``: how curved the loss is at normalised weights, and which learning rate that allows."""

from __future__ import annotations

import click


@click.command()
@click.argument("factory", metavar="MODULE:FACTORY")
@click.option("--checkpoint", "checkpoints", multiple=True, metavar="FILE", help="A state of the model; may be repeated.")
@click.option("--blocks", metavar="FILE", help="Table of ratetheory blocks --json; default: it is found.")
@click.option("--keep", metavar="TRACE", help="Keep the estimate beside this trace, for ratetheory compare.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--budget", type=float, default=300.0, metavar="S", help="Seconds in total; default 300.")
@click.option("--memory", type=int, default=16384, metavar="MIB", help="Limit of address space in MiB; default 16384.")
def curvature(
    factory: str, checkpoints: tuple[str, ...], blocks: str | None, keep: str | None, as_json: bool, budget: float, memory: int
) -> int:
    """Estimate the curvature of a model's loss, and the range of the only learning rate that needs tuning.

    FACTORY is a function without arguments, in a module or a FILE.py, that returns the model and a callable loss(model) on
    the same data each time. It is run, in a process of its own with limits of time and memory. That is no sandbox: run only
    code that you trust. The range is that of all checkpoints, or of the model as it is.
    """
    from pathlib import Path

    from ratetheory.cli.output import echo, print_json, print_lines
    from ratetheory.observation.families import load_blocks
    from ratetheory.observation.trace import read_run
    from ratetheory.training.curvature.beside import curvature_of

    # what is no table or no trace is said before the work, not after it
    if blocks is not None:
        load_blocks(blocks)
    if keep is not None:
        read_run(Path(keep))
    found = curvature_of(factory, list(checkpoints), blocks, budget, memory * 2**20)
    if keep is not None:
        from ratetheory.observation.apriori import keep_estimate

        keep_estimate(Path(keep), found["smoothness"])
    if as_json:
        print_json({name: value for name, value in found.items() if name != "rows"})
    else:
        print_lines([(str(name), str(value)) for name, value in found["rows"]])
        echo(found["rate"])
    return 0
