"""``ratetheory train``: train a batch-normalised network and record its trace."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--network", metavar="NAME", help="reference (meets every hypothesis) or usual; default reference.")
@click.option("--data", metavar="NAME", help="digits or mnist5k; default digits.")
@click.option("--optimizer", metavar="gd|sgd", help="All data, or minibatches; default gd.")
@click.option("--batch-size", type=int, metavar="N", help="Samples of a minibatch (sgd); default 128.")
@click.option("--activation", metavar="NAME", help="Activation; default that of the network.")
@click.option("--bn-epsilon", type=float, metavar="E", help="eps of batch normalisation; default that of the network.")
@click.option("--learning-rate", type=float, metavar="ETA", help="Rate of the scale-invariant weights; default 0.1.")
@click.option("--scale-variant-learning-rate", type=float, metavar="ETA_G", help="Rate of all other weights; default 0.1.")
@click.option("--steps", type=int, metavar="T", help="Number of steps; default 300.")
@click.option("--seed", type=int, metavar="N", help="Seed of the weights and minibatches; default 0.")
@click.option("--device", metavar="D", help="cpu, cuda, cuda:1, ...; default cpu.")
@click.option("--output", metavar="DIR", help="Trace directory; default runs/NETWORK-DATA-OPTIMIZER-N.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in the output directory.")
@click.option("--force", is_flag=True, help="Replace an existing trace.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def train(output: str | None, resume: bool, force: bool, quiet: bool, **options: Any) -> int:
    """Train a batch-normalised network on real images and record every filter at every step."""
    from ratetheory.observation.trace import read_run
    from ratetheory.training.specification import TrainSpec
    from ratetheory.training.train import train as run

    if resume and output is None:
        raise click.UsageError("--resume needs --output DIR, the directory of the trace to continue")
    names = {field.name for field in fields(TrainSpec)}
    given = {name: value for name, value in options.items() if value is not None and name in names}
    path = run(TrainSpec(**given), None if output is None else Path(output), resume=resume, force=force, progress=not quiet)
    record = read_run(path)
    if record.get("status") == "diverged":
        click.echo(f"diverged at step {record.get('diverged_at_step')}: the loss or a gradient is no longer finite", err=True)
    click.echo(str(path))
    return 0
