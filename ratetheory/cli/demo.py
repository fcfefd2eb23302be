"""``ratetheory demo``: the whole way, from training runs to the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

RATES = (0.01, 0.3, 10.0)
STEPS = 200


@click.command()
@click.option("--output", metavar="DIR", help="Directory of the traces and the report; default runs/demo-N.")
@click.option("--quiet", is_flag=True, help="No progress.")
def demo(output: str | None, quiet: bool) -> int:
    """Train the reference network at three rates and the usual network, verify all claims, compare, write the report."""
    from ratetheory.cli.compare import print_comparison
    from ratetheory.observation.compare import compare
    from ratetheory.report import write_report
    from ratetheory.training.train import free_directory
    from ratetheory.witnesses import find_claims, verifications

    directory = free_directory("demo") if output is None else _new_directory(Path(output))
    _say(quiet, f"1/4 training {len(RATES) + 1} networks on the digits")
    traces = _train_all(directory, quiet)
    _say(quiet, "2/4 deriving and attacking every claim")
    verified = []
    for verification in verifications(find_claims([])):
        verified.append(verification)
        _say(quiet, f"    {verification.claim}: {verification.status}")
    _say(quiet, "3/4 holding the claims against the runs")
    comparisons = [compare(trace) for trace in traces]
    for comparison in comparisons:
        print_comparison(comparison)
    _say(quiet, "4/4 writing the report")
    click.echo(str(write_report(directory / "report.html", comparisons, verified, figures=directory / "figures")))
    return 0


def _say(quiet: bool, text: str) -> None:
    if not quiet:
        click.echo(text, err=True)


def _new_directory(path: Path) -> Path:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ValueError(f"output: {path} exists and is not empty; allowed: a new or empty directory")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"output: cannot make {path}: {error.strerror}; allowed: a directory that can be written") from None
    return path


def _train_all(directory: Path, quiet: bool) -> list[Path]:
    """Four runs, two at a time in processes of one thread each."""
    from joblib import Parallel, delayed

    from ratetheory.training.specification import TrainSpec

    runs: dict[str, Any] = {f"reference-{rate:g}": TrainSpec(learning_rate=rate, steps=STEPS) for rate in RATES}
    runs["usual"] = TrainSpec(network="usual", optimizer="sgd", learning_rate=0.1, steps=STEPS)
    jobs = (delayed(_train_one)(spec, directory / name) for name, spec in runs.items())
    paths: list[Path] = []
    for path in Parallel(n_jobs=2, return_as="generator")(jobs):
        paths.append(path)
        _say(quiet, f"    {path.name}")
    return paths


def _train_one(specification: Any, path: Path) -> Path:
    from ratetheory.training.train import train

    return train(specification, path, progress=False)
