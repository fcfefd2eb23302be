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
    from ratetheory.report import write_report
    from ratetheory.training.directories import free_directory

    directory = _new_directory(Path(output) if output is not None else free_directory("demo"))
    comparisons, verifications = _everything(directory, quiet)
    click.echo("claims before their witnesses")
    for verification in verifications:
        words = ", ".join(f"{verdict.witness} {verdict.status}" for verdict in verification.verdicts)
        click.echo(f"  {verification.claim}: {verification.status} ({words})")
    for comparison in comparisons:
        print_comparison(comparison)
    click.echo(f"report: {write_report(directory / 'report.html', comparisons, verifications, figures=directory / 'figures')}")
    return 0


def _new_directory(path: Path) -> Path:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ValueError(f"output: {path} exists and is not empty; allowed: a new or empty directory")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"output: cannot make {path}: {error.strerror}; allowed: a directory that can be written") from None
    return path


def _everything(directory: Path, quiet: bool) -> tuple[list[Any], list[Any]]:
    """Four runs with their comparisons, and all claims, two at a time in processes of one thread each."""
    from joblib import Parallel, delayed
    from tqdm import tqdm

    from ratetheory.claims import claims
    from ratetheory.training.specification import TrainSpec

    runs: dict[str, Any] = {f"reference-{rate:g}": TrainSpec(learning_rate=rate, steps=STEPS) for rate in RATES}
    runs["usual"] = TrainSpec(network="usual", optimizer="sgd", learning_rate=1.0, steps=STEPS)
    jobs = [delayed(_train_and_compare)(specification, directory / name) for name, specification in runs.items()]
    jobs += [delayed(_verify)(slug) for slug in claims]
    bar = tqdm(total=len(jobs), desc="training, deriving, attacking", disable=True if quiet else None)
    done = []
    for result in Parallel(n_jobs=2, return_as="generator")(jobs):
        done.append(result)
        bar.update()
    bar.close()
    return done[: len(runs)], done[len(runs) :]


def _train_and_compare(specification: Any, path: Path) -> Any:
    from ratetheory.observation.compare import compare
    from ratetheory.training.train import train

    return compare(train(specification, path, progress=False))


def _verify(slug: str) -> Any:
    from ratetheory.witnesses import verify

    return verify(slug)
