"""``ratetheory sweep``: train over decades of learning rates, with and without batch normalisation, and draw the heat maps."""

from __future__ import annotations

from typing import Any

import click

from ratetheory.cli.output import print_lines

NETWORKS = {"bn": "batch normalisation", "plain": "plain network"}


@click.command()
@click.option("--data", metavar="NAME", help="digits, mnist5k, fashion-mnist or cifar10; default digits.")
@click.option("--data-dir", metavar="DIR", help="Where the files of fashion-mnist or cifar10 are.")
@click.option("--optimizer", metavar="gd|sgd", multiple=True, help="May be repeated; default both for digits, else sgd.")
@click.option("--network", metavar="bn|plain", multiple=True, help="May be repeated; default both.")
@click.option("--rates", metavar="R,... | LOW:HIGH:N", help="Rates of the convolutions; default 1e-3:1e3:13.")
@click.option("--scale-variant-rates", metavar="R,... | LOW:HIGH:N", help="Rates of all other weights; default 0.01:3.1623:6.")
@click.option("--steps", type=int, metavar="T", help="Steps of a run; default 80 of gd, 600 of sgd.")
@click.option("--batch-size", type=int, metavar="N", help="Images of a minibatch (sgd); default 128.")
@click.option("--seeds", type=int, metavar="K", help="Runs for each pair of rates, of which the median is shown; default 1.")
@click.option("--device", metavar="D", help="cpu, cuda, cuda:1, ...; default cpu.")
@click.option("--jobs", type=int, default=2, show_default=True, metavar="N", help="Processes, each with one thread.")
@click.option("--output", metavar="DIR", help="Directory to begin a sweep in or to go on in; default runs/sweep-DATA-N.")
@click.option("--figures/--no-figures", default=True, show_default=True, help="Heat maps (PNG, PDF) and an HTML page.")
@click.option("--force", is_flag=True, help="Replace the sweep that is there.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def sweep(
    data_dir: str | None,
    rates: str | None,
    scale_variant_rates: str | None,
    steps: int | None,
    jobs: int,
    output: str | None,
    figures: bool,
    force: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Train at each pair of two learning rates: that of the scale-invariant weights, and that of all others.

    The same command goes on where it was interrupted. Prints over how many decades of either rate, around the best one,
    the final loss stays within a factor of 2 of the least.
    """
    from ratetheory.training.sweep import SweepSpec, load_sweep, run_sweep

    if figures:
        # what is not installed is said before the runs, not after them
        from ratetheory.report.sweep_page import write_sweep_page
    names = {"optimizer": "optimizers", "network": "networks"}
    given = {names.get(name, name): value for name, value in options.items() if value not in (None, ())}
    for name, text in (("rates", rates), ("scale_variant_rates", scale_variant_rates)):
        if text is not None:
            given[name] = read_rates(text, name)
    if steps is not None:
        given |= {"gd_steps": steps, "sgd_steps": steps}
    directory = run_sweep(SweepSpec(**given), output, jobs, force, not quiet, data_dir)
    found = load_sweep(directory)
    for optimizer in found.specification.optimizers or ():
        for network in found.specification.networks:
            _print(found, optimizer, network)
    click.echo(str(write_sweep_page(found) if figures else directory))
    return 0


def read_rates(text: str, name: str) -> tuple[float, ...]:
    """Rates in a list with commas, or ``LOW:HIGH:N`` for N of them evenly spaced in the logarithm; ``ValueError`` otherwise."""
    from ratetheory.numeric.exact import read_exactly
    from ratetheory.training.sweep.specification import rates_between

    def number(part: str) -> float:
        value = read_exactly(part, name)
        if not 1e-30 <= value <= 1e30:
            raise ValueError(f"{name}: {part.strip()[:60]} is not allowed; positive numbers from 1e-30 to 1e30 are")
        return float(value)

    parts = text.split(":")
    if len(parts) == 1:
        return tuple(number(part) for part in text.split(","))
    if len(parts) != 3 or not parts[2].isdecimal() or not 2 <= int(parts[2][:9]) <= 1000:
        raise ValueError(f"{name}: {text[:60]!r} is not allowed; R,R,... or LOW:HIGH:N with N from 2 to 1000 are")
    low, high = number(parts[0]), number(parts[1])
    if not low < high:
        raise ValueError(f"{name}: {text[:60]!r} is not allowed; LOW below HIGH is")
    return rates_between(low, high, int(parts[2]))


def _print(found: Any, optimizer: str, network: str) -> None:
    from ratetheory.training.sweep import described, insensitivity
    from ratetheory.training.sweep.collect import FACTOR

    spec, result = found.specification, insensitivity(found, network, optimizer)
    click.echo(
        f"{spec.data}, {optimizer}, {spec.steps_of(optimizer)} steps, {NETWORKS[network]}: "
        f"where the final training loss stays within a factor of {FACTOR:g} of the least"
    )
    rows = [
        (f"  others at {rate:g}, the convolutions' rate over", described(result.along_rate[rate]))
        for rate in spec.scale_variant_rates
    ]
    along, across = result.widest()
    rows.append(("  widest", f"{along:.1f} decades of the convolutions' rate, {across:.1f} of the others'"))
    if result.best is not None:
        loss, rate, other = result.best
        along, across = (0.0 if s is None else s.decades for s in result.at_best)
        rows.append(("  at the least loss", f"{along:.1f} and {across:.1f}: loss {loss:.2g} at {rate:g} and {other:g}"))
    rows.append(("  diverged", f"{result.diverged} of {len(spec.rates) * len(spec.scale_variant_rates)} pairs of rates"))
    print_lines(rows)
