"""``ratetheory compare``: hold the claims against recorded runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import click

from ratetheory.cli.output import echo, granularity_option, print_json, print_lines
from ratetheory.files import free_path
from ratetheory.verdict import exit_code


@click.command()
@click.argument("traces", nargs=-1, required=True, metavar="TRACE [TRACE ...]")
@click.option("--report", metavar="FILE.html", help="Write a self-contained HTML report.")
@click.option("--figures", metavar="DIR", help="Write each figure of the report as PNG and PDF.")
@granularity_option
@click.option("--points", type=click.IntRange(min=1), default=20, show_default=True, help="Points for estimating smoothness.")
@click.option("--gradient-at", metavar="w|normalised", help="Of a CSV log: where its gradients were taken.")
@click.option("--assume", multiple=True, metavar="HYPOTHESIS", help="Of a CSV log: what it cannot say of itself; may repeat.")
@click.option("--force", is_flag=True, help="Replace an existing report.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(
    traces: tuple[str, ...],
    report: str | None,
    figures: str | None,
    granularity: str,
    points: int,
    gradient_at: str | None,
    assume: tuple[str, ...],
    force: bool,
    as_json: bool,
) -> int:
    """Check on recorded runs every claim that a run can show.

    A TRACE is a directory that train or RateMonitor wrote, or a CSV log with the columns step, block, squared_norm,
    squared_gradient, learning_rate and perhaps loss. A log does not say what was trained nor how: hypotheses that you know to
    hold are named by --assume (scale-invariance, differentiable, gradient-step, ...: ratetheory claims SLUG lists those of a
    claim), all others count as not known.

    Exit code 0 if all that applies is held, 1 if something is violated or a number ceased to be finite, 3 if something is not
    resolvable, or the gradients that the optimiser saw are not those of the backward passes.
    """
    from ratetheory.observation.compare import compare as run
    from ratetheory.observation.faults import diverged_at_once

    if figures is not None and report is None:
        raise click.UsageError("--figures needs --report FILE.html")
    target = None if report is None else free_file(Path(report), force)
    if (
        figures is not None
        and Path(figures).exists()
        and (not Path(figures).is_dir() or any(Path(figures).iterdir()))
        and not force
    ):
        raise ValueError(f"figures: {figures} is not empty; allowed: a new or empty directory, or --force")
    loaded = [_loaded(trace, gradient_at, assume) for trace in traces]
    ended = {trace: found for trace in loaded if isinstance(trace, Path) and (found := diverged_at_once(trace))}
    left = [trace for trace in loaded if not (isinstance(trace, Path) and trace in ended)]
    comparisons = [run(trace, cast(Any, granularity), points) for trace in left]
    if as_json:
        empty = [{"name": path.name, "steps": 0, "faults": [f.as_dict() for f in found]} for path, found in ended.items()]
        print_json({"comparisons": [*(c.as_dict() for c in comparisons), *empty]})
    else:
        for path, found in ended.items():
            echo(f"{path.name}: step {found[0].step}: {found[0].text}")
        for comparison in comparisons:
            print_comparison(comparison)
        if comparisons:
            echo(
                "worst: of an equation, the rest as a share of what a wrong theory would leave; of an inequality, (left -"
                " right) relative to the larger side, negative if there is room"
            )
    if target is not None and comparisons:
        from ratetheory.report import write_report

        path = write_report(target, comparisons, figures=None if figures is None else Path(figures))
        echo(str(path), err=as_json)
    elif target is not None:
        echo(f"{target}: not written, there is no step to report", err=True)
    return exit_code([*(word for c in comparisons for word in c.words()), *("violated" for _ in ended)])


def _loaded(trace: str, gradient_at: str | None, assume: tuple[str, ...]) -> Any:
    """The path of a trace, or what a CSV log says."""
    path = Path(trace)
    if path.suffix != ".csv":
        if gradient_at is not None or assume:
            raise ValueError(f"{trace}: --gradient-at and --assume are for CSV logs; a trace says these things itself")
        return path
    from ratetheory.observation.csv_log import load_csv

    if gradient_at is None:
        raise ValueError(f"{trace}: a log needs --gradient-at w (raw gradients) or --gradient-at normalised (at w/|w|)")
    return load_csv(path, cast(Any, gradient_at), _assumed(assume))


def _assumed(slugs: tuple[str, ...]) -> dict[str, bool]:
    """The facts that state the named hypotheses."""
    from ratetheory.claims import claims
    from ratetheory.claims.hypotheses import fact_of

    known = {h.slug: h for c in claims.values() for h in (*c.hypotheses, *(h for k in c.conclusions for h in k.hypotheses))}
    for slug in slugs:
        if slug not in known:
            raise ValueError(f"assume: {slug!r} is no hypothesis; allowed are {', '.join(sorted(known))}")
    return {fact_of(known[slug]): True for slug in slugs}


def free_file(path: Path, force: bool) -> Path:
    """The path if a file may be written there: nothing is overwritten without ``force``."""
    if path.suffix not in (".html", ".htm"):
        raise ValueError(f"report: {path} is not allowed; allowed: a file that ends in .html")
    return free_path(path, "report", force)


def print_comparison(comparison: Any) -> None:
    """The verdicts of one run, a line a claim, with reasons and figures."""
    steps = comparison.trace.dataset.sizes["step"]
    echo(f"{comparison.name}: {steps} steps, {comparison.trace.dataset.sizes['block']} filters")
    rows = []
    for claim, word in comparison.verdicts().items():
        shown = next(o for o in comparison.observations if o.claim == claim and o.status == word)
        estimated = " [constants estimated]" if shown.estimated else ""
        rows.append((f"  {claim}", f"{word:<15} {_detail(comparison, claim, word, shown)}{estimated}"))
    print_lines(rows)
    _print_run(comparison)
    _print_figures(comparison)


def _detail(comparison: Any, claim: str, word: str, shown: Any) -> str:
    if word == "violated":
        return f"{shown.conclusion}: first at step {shown.step}, {shown.block}"
    if word == "not applicable":
        return str(shown.reason)
    if word == "not resolvable":
        place = "" if shown.step is None else f", first at step {shown.step}, {shown.block}"
        return f"{shown.conclusion}, {shown.group}: {shown.reason}{place}"
    held = [o for o in comparison.observations if o.claim == claim and o.status == "held"]
    worst = max(held, key=lambda o: o.figures["worst"])
    resolved = min(o.figures["resolved"] for o in held)
    share = "" if resolved > 0.995 else f", {resolved:.0%} resolved"
    return f"worst {worst.figures['worst']:+.1e} ({worst.conclusion}, {worst.figures['worst_block']}{share})"


def _print_run(comparison: Any) -> None:
    """What the monitor saw: causes of the norms' defects, what became of the gradients, faults."""
    if comparison.causes:
        by_cause: dict[str, list[str]] = {}
        for layer, found in comparison.causes.items():
            by_cause.setdefault(found["cause"], []).append(layer)
        causes = [f"{cause} ({_few(layers)})" for cause, layers in by_cause.items()]
        worst = max(found["unexplained"] for found in comparison.causes.values())
        rows = [("  norm identity off by", f"{', '.join(causes)}; the rest is at most {worst:.2g} of its allowance")]
        rows += [("  gradients", note) for note in comparison.notes]
        print_lines(rows)
    # what decides the exit code is never among those that are left out
    from ratetheory.observation.faults import FAULTY, UNDECIDED

    first = sorted(comparison.faults, key=lambda fault: fault.kind not in (*FAULTY, *UNDECIDED))[:10]
    for fault in sorted(first, key=lambda fault: fault.step):
        where = f", {fault.block}" if fault.block else ""
        more = f" and {fault.blocks - 1} more" if fault.blocks > 1 else ""
        size = f" ({fault.size:.2g}, allowed {fault.allowance:.2g})" if fault.allowance else ""
        echo(f"  step {fault.step}{where}{more}: {fault.text}{size}")
    if len(comparison.faults) > 10:
        echo(f"  ... and {len(comparison.faults) - 10} more")


def _few(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]}, ... {len(names)} layers"


def _print_figures(comparison: Any) -> None:
    rates = [f"{name} {first:.3g} -> {last:.3g}" for name, (first, last) in comparison.effective_rates.items()]
    more = f", ... ({len(rates)} groups)" if len(rates) > 6 else ""
    rows = [("  effective learning rates", ", ".join(rates[:6]) + more)]
    if comparison.exponent is not None:
        e = comparison.exponent
        fit = f"a = {e.value:.3f} in [{e.low:.3f}, {e.high:.3f}], fitted over T = {e.first}..{e.last}"
        rows.append(("  min |G| ~ T^a", fit if e.low < 0 else f"none: the minimum hardly falls over T = {e.first}..{e.last}"))
    if isinstance(comparison.apriori, str):
        rows.append(("  bound from estimates", f"none: {comparison.apriori}"))
    else:
        a = comparison.apriori
        ratio = float(a.bound.value) / a.observed if a.observed > 0 else float("inf")
        rows.append(
            (
                f"  bound from estimates ({a.label})",
                f"min |G|^2 <= {float(a.bound.value):.3g}, observed {a.observed:.3g}, ratio {ratio:.3g};"
                f" says more than the first gradient from T = {a.informative_from:.3g}",
            )
        )
    print_lines(rows)
