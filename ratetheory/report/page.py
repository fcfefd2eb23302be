"""The report: one HTML file that needs nothing else, and its figures as files."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from matplotlib.figure import Figure

from ratetheory.files import free_path, write_file
from ratetheory.observation.compare import Comparison
from ratetheory.report import figures as draw
from ratetheory.report import tables
from ratetheory.report.style import rendered
from ratetheory.witnesses import Verification

TITLE = "Convergence theory of scale-invariant training, held against real runs"

RATES_CAPTION = (
    "Top: loss. Middle: norm of all gradients at normalised weights. Bottom: effective learning rate, the median layer as a "
    "line and the range of all layers as a band. A rate that is too large lengthens the weights and so tunes itself down; one "
    "that is too small stays what it is."
)
PRICE_CAPTION = (
    "The price of not tuning. The bound C on the sum of all squared gradients, over its smallest value, for one block with "
    "smoothness L = 1 and f₀ − f_low = 1/2: it grows like 1/η below the best rate and like a power of η above it, but is "
    "finite at every rate. The classical bound of plain gradient descent, for a loss that is not scale-invariant, ends at "
    "2/L. Formulas of gd-rate, evaluated in floating point."
)
NORMS_CAPTION = (
    "Weight norms and effective learning rates of the layers. Gradients are orthogonal to scale-invariant weights, so plain "
    "steps only lengthen them, and the effective rate tunes itself down."
)


@dataclass(frozen=True)
class Shown:
    """A figure in its place: the stem of its files, what it shows in words, and the caption."""

    stem: str
    alt: str
    caption: str
    figure: Figure

    @property
    def source(self) -> str:
        """The figure as a data URI; inside an image no script can run."""
        return "data:image/svg+xml;base64," + base64.b64encode(rendered(self.figure, "svg")).decode()


def write_report(
    path: Path,
    comparisons: Sequence[Comparison],
    verifications: Sequence[Verification] = (),
    figures: Path | None = None,
    title: str = TITLE,
) -> Path:
    """Write the report to ``path`` and return it; with ``figures`` also each figure as PNG and PDF into that directory.

    The file is written at once or not at all, and replaces what was there. It opens offline: no script, no request. Raises
    ``ValueError`` for a path that cannot be written.
    """
    path = Path(path)
    _check_paths(path, figures)
    overview = list(overview_figures(comparisons))
    runs = [_run(i, label, c) for i, (label, c) in enumerate(zip(tables.run_labels(comparisons), comparisons, strict=True), 1)]
    content = page(title, overview, runs, comparisons, verifications)
    try:
        if figures is not None:
            write_figures(Path(figures), [*overview, *(shown for run in runs for shown in run["figures"])])
        write_file(path, content.encode("utf-8", "backslashreplace"))
    except OSError as error:
        reason = f"report: cannot write {error.filename or path} ({error.strerror})"
        raise ValueError(f"{reason}; allowed: files in directories that can be written") from None
    return path


def page(
    title: str,
    overview: Sequence[Shown],
    runs: Sequence[dict[str, Any]],
    comparisons: Sequence[Comparison],
    verifications: Sequence[Verification],
) -> str:
    """The HTML of the report."""
    columns, provenance = tables.provenance_rows(comparisons, verifications)
    return template("template.html").render(
        title=title,
        overview=overview,
        runs=runs,
        witnesses=tables.WITNESSES if verifications else (),
        verdicts=tables.verdict_rows(comparisons, verifications),
        summaries=tables.summaries(comparisons, verifications),
        words=tables.WORDS,
        provenance_columns=columns,
        provenance=provenance,
    )


def template(name: str) -> jinja2.Template:
    """A template of this package, which escapes all that it is given."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _check_paths(path: Path, figures: Path | None) -> None:
    """``ValueError`` before any work is done if the report or its figures have no place."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"report: {path} does not end in .html; allowed: a file name that does")
    free_path(path, "report", force=True)
    if figures is not None and Path(figures).exists() and not Path(figures).is_dir():
        raise ValueError(f"figures: {figures} is a file; allowed: a directory, which is made if it does not exist")


def write_figures(directory: Path, shown: Sequence[Shown]) -> None:
    """Each figure as PNG and PDF into a directory, which is made if it does not exist."""
    directory.mkdir(parents=True, exist_ok=True)
    for one in shown:
        write_file(directory / f"{one.stem}.png", rendered(one.figure, "png"))
        write_file(directory / f"{one.stem}.pdf", rendered(one.figure, "pdf"))


def _run(index: int, label: str, comparison: Comparison) -> dict[str, Any]:
    """One run as the template reads it."""
    apriori = comparison.apriori
    return {
        "id": f"run-{index}",
        "name": label,
        "granularity": comparison.granularity,
        "facts": tables.run_facts(comparison),
        "claims": tables.run_claims(comparison),
        "rates": tables.rate_rows(comparison),
        "exponent": tables.exponent_text(comparison),
        "apriori": None if isinstance(apriori, str) else tables.apriori_table(apriori),
        "apriori_reason": apriori if isinstance(apriori, str) else "",
        "figures": list(run_figures(index, label, comparison)),
    }


def overview_figures(comparisons: Sequence[Comparison]) -> Iterator[Shown]:
    """What concerns no single run: the price of not tuning, and equal runs at several learning rates."""
    for number, group in enumerate(rate_groups(comparisons), 1):
        rates = ", ".join(f"{draw.learning_rate(c):g}" for c in group)
        specification = group[0].trace.run["specification"]
        what = f"The {specification['network']} network on {specification['data']} at learning rates {rates}"
        caption = f"{what}. {RATES_CAPTION}"
        alt = f"{what}: loss, gradient norm and effective learning rate over the steps, one line a learning rate."
        yield Shown(f"rates-{number}", alt, caption, draw.rates(group))
    yield Shown(
        "price-of-not-tuning",
        "The constant C of the bound C/T relative to its smallest value, over twelve decades of learning rate.",
        PRICE_CAPTION,
        draw.price(),
    )


def rate_groups(comparisons: Sequence[Comparison]) -> list[list[Comparison]]:
    """The comparisons whose specifications differ in the learning rate alone, in its order, where there are several."""
    groups: dict[str, dict[float, Comparison]] = {}
    for comparison in comparisons:
        specification = comparison.trace.run["specification"]
        if not {"network", "data", "learning_rate"} <= set(specification):
            continue
        others = {k: v for k, v in specification.items() if k not in ("learning_rate", "steps", "device")}
        groups.setdefault(json.dumps(others, sort_keys=True), {}).setdefault(draw.learning_rate(comparison), comparison)
    return [[group[rate] for rate in sorted(group)] for group in groups.values() if len(group) > 1]


def run_figures(index: int, label: str, comparison: Comparison) -> Iterator[Shown]:
    """The figures of one run."""
    stem = f"run-{index}-{re.sub('[^a-z0-9]+', '-', label.lower())[:40].strip('-') or 'unnamed'}"
    yield Shown(
        f"{stem}-norms",
        f"Weight norm and effective learning rate of each layer over the steps of run {label}.",
        NORMS_CAPTION,
        draw.norms(comparison.trace),
    )
    yield Shown(
        f"{stem}-gradient",
        f"Running minimum of the gradient norm of run {label} with its certificate and the bound from estimated constants.",
        _gradient_caption(comparison),
        draw.gradient(comparison),
    )
    if not isinstance(comparison.apriori, str):
        yield Shown(
            f"{stem}-lyapunov",
            f"Change of the loss and of the Lyapunov function over the steps of run {label}.",
            "The loss may rise at a step; the Lyapunov function Φ = f + Σ (c b − (Λ/2) ln b), with estimated constants Λ, may "
            f"not. Verdict of log-lyapunov: {comparison.verdicts().get('log-lyapunov', 'not shown')}.",
            draw.lyapunov(comparison.trace, comparison.apriori),
        )


def _gradient_caption(comparison: Comparison) -> str:
    sentences = ["Running minimum of the gradient norm at normalised weights over the first T steps."]
    certificate = draw.norm_certificate(comparison)
    if certificate is None:
        sentences.append("No certificate from weight norms: the run does not meet its hypotheses.")
    else:
        verdict = comparison.verdicts().get(certificate[0], "not shown")
        sentences.append(f"The certificate is that of {certificate[0]} (verdict: {verdict}); it reads nothing but weight norms")
        sentences[-1] += "." if certificate[0] == "growth-certificate" else " and the predicted defect."
        if draw.has_scale_variant(comparison.trace):
            sentences.append("It speaks of the scale-invariant weights alone.")
    if comparison.trace.facts.get("full_gradient") is not True:
        sentences.append("The gradients are those of minibatches or of unknown origin.")
    if isinstance(comparison.apriori, str):
        sentences.append(f"No estimated bound: {comparison.apriori}.")
    else:
        sentences.append("The bound before training rests on estimated constants, so it is estimated and no guarantee.")
    return " ".join(sentences)
