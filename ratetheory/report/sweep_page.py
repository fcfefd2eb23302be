"""The page of a sweep: its heat maps and its table in one HTML file that needs nothing else, and the figures as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ratetheory.files import write_file
from ratetheory.report.heatmaps import NETWORKS, QUANTITIES, heat_maps
from ratetheory.report.page import Shown, template, write_figures

if TYPE_CHECKING:
    # they import torch, which a page does not need
    from ratetheory.training.sweep.collect import Insensitivity, Sweep

PAGE = "sweep.html"
FIGURES = "figures"
CAPTIONS = {
    "loss": "Loss of all training images after the last step, batch normalisation in training mode.",
    "gradient_norm": (
        "Norm of the gradient of that loss, at normalised weights (the root of Σ |w|²|∇f|² over the filters and of |∇f|² over "
        "all other weights) with batch normalisation, of the plain gradient without."
    ),
    "test_accuracy": (
        "Share of the held-out images that are classified rightly, the statistics of batch normalisation taken anew."
    ),
}


def write_sweep_page(sweep: Sweep) -> Path:
    """Write the page into the directory of the sweep, and its heat maps as PNG and PDF below it; return the page's path.

    What was written there for an earlier state of the sweep is replaced. It opens offline: no script, no request. Raises
    ``ValueError`` if the directory cannot be written.
    """
    path = sweep.directory / PAGE
    shown = [
        Shown(quantity.replace("_", "-"), _alt(sweep, quantity), CAPTIONS[quantity], heat_maps(sweep, quantity))
        for quantity in QUANTITIES
    ]
    try:
        write_figures(sweep.directory / FIGURES, shown)
        write_file(path, sweep_page(sweep, shown).encode("utf-8", "backslashreplace"))
    except OSError as error:
        reason = f"output: cannot write {error.filename or path} ({error.strerror})"
        raise ValueError(f"{reason}; allowed: a directory that can be written") from None
    return path


def sweep_page(sweep: Sweep, shown: list[Shown]) -> str:
    """The HTML of the page."""
    from ratetheory.training.sweep.collect import FACTOR, insensitivity

    spec = sweep.specification
    facts = [(name.replace("_", " "), _fact(value)) for name, value in spec.as_dict().items()]
    facts.append(("runs", f"{len(sweep.results)} of {len(spec.cells())}"))
    return template("sweep.html").render(
        title=f"Learning rates over decades: {spec.data}",
        factor=f"{FACTOR:g}",
        figures=shown,
        facts=facts,
        networks=[NETWORKS[network] for network in spec.networks],
        tables=[
            _table(spec, optimizer, [insensitivity(sweep, network, optimizer) for network in spec.networks])
            for optimizer in spec.optimizers or ()
        ],
        provenance=[(name, _fact(value)) for name, value in sweep.provenance.items() if value is not None],
    )


def _alt(sweep: Sweep, quantity: str) -> str:
    spec = sweep.specification
    return (
        f"Heat maps of the {QUANTITIES[quantity]} on {spec.data} over the rate of the convolutions ({spec.rates[0]:g} to "
        f"{spec.rates[-1]:g}) and that of all other weights, one panel for each optimizer and network."
    )


def _fact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {entry}" for name, entry in value.items())
    if isinstance(value, list):
        return ", ".join(f"{entry:g}" if isinstance(entry, float) else str(entry) for entry in value)
    return str(value)


def _table(spec: Any, optimizer: str, results: list[Insensitivity]) -> dict[str, Any]:
    from ratetheory.training.sweep.collect import described

    return {
        "caption": f"{optimizer}, {spec.steps_of(optimizer)} steps",
        "rows": [
            (f"{rate:g}", [described(result.along_rate[rate]) for result in results]) for rate in spec.scale_variant_rates
        ],
        "columns": [(f"{rate:g}", [described(result.along_scale_variant[rate]) for result in results]) for rate in spec.rates],
    }
