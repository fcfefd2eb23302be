"""Heat maps of a sweep: a quantity over two learning rates, the network with batch normalisation beside the plain one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from ratetheory.report.style import GREY, plain, powers, styled

if TYPE_CHECKING:
    # it imports torch, which a figure does not need
    from ratetheory.training.sweep.collect import Sweep

QUANTITIES = {
    "loss": "final training loss (nat)",
    "gradient_norm": "final gradient norm (nat)",
    "test_accuracy": "test accuracy",
}
NETWORKS = {"bn": "batch norm", "plain": "plain"}
RATES = {
    "bn": "learning rate of the scale-invariant\nweights (weight²/nat)",
    "plain": "learning rate of the convolutions\n(weight²/nat)",
}
OTHERS = "rate of all other weights\n(weight²/nat)"
WIDTH = 6.4
"""Width of a heat map in inches: 1280 pixels."""
_DIVERGED: dict[str, Any] = {"facecolor": "#f4f4f4", "edgecolor": GREY, "hatch": "//////", "linewidth": 0}
_DECADES_FOR_LOGARITHM = 1.0

Array = np.ndarray


@styled()
def heat_maps(sweep: Sweep, quantity: str) -> Figure:
    """One panel for each optimizer (rows) and network (columns), all on one scale of colours.

    A dot marks runs that learned and whose loss is within a factor of the least one in their row; diverged runs are hatched,
    and runs that are missing are left white.
    """
    from ratetheory.training.sweep.collect import FACTOR, LEARNED

    spec = sweep.specification
    optimizers, networks = spec.optimizers or (), spec.networks
    grids = {(o, n): sweep.grid(n, o, quantity) for o in optimizers for n in networks}
    norm = _norm(list(grids.values()), quantity)
    height = 1.0 + 2.0 * len(optimizers)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    panels = figure.subplots(len(optimizers), len(networks), squeeze=False, sharex=True, sharey=True)
    for row, optimizer in enumerate(optimizers):
        for column, network in enumerate(networks):
            axes, losses = panels[row, column], sweep.grid(network, optimizer, "loss")
            _panel(axes, spec.rates, spec.scale_variant_rates, grids[optimizer, network], norm, quantity)
            _dots(axes, spec.rates, spec.scale_variant_rates, losses, FACTOR, LEARNED)
            batches = f" (batch {spec.batch_size})" if optimizer == "sgd" else ""
            axes.set_title(f"{NETWORKS[network]}, {optimizer.upper()}{batches}, {spec.steps_of(optimizer)} steps")
            if row == len(optimizers) - 1:
                axes.set_xlabel(RATES[network])
            if column == 0:
                axes.set_ylabel(OTHERS)
    mappable = ScalarMappable(norm, _colours(quantity))
    bar = figure.colorbar(mappable, ax=panels, label=QUANTITIES[quantity], shrink=0.9, aspect=30, pad=0.015)
    if isinstance(norm, LogNorm):
        powers(bar.ax.yaxis)
        bar.ax.yaxis.set_minor_locator(NullLocator())
    runs = "" if spec.seeds == 1 else f", median of {spec.seeds} seeds"
    figure.suptitle(f"{plain(spec.data)}, network of VGG type{runs}: {QUANTITIES[quantity]}", fontsize=9)
    _legend(figure, any(np.isposinf(grid).any() for grid in grids.values()), sweep.missing > 0, FACTOR)
    return figure


def _colours(quantity: str) -> str:
    # dark is good throughout
    return "viridis_r" if quantity == "test_accuracy" else "viridis"


def _norm(grids: Sequence[Array], quantity: str) -> Normalize:
    """One scale for all panels; losses and gradients on a logarithm."""
    values = np.concatenate([grid[np.isfinite(grid)] for grid in grids])
    if quantity == "test_accuracy":
        return Normalize(0, 1)
    values = values[values > 0]
    if not len(values):
        return LogNorm(0.1, 10)
    # a few runs that ended far above the start would take all colours from the others
    low, high = float(values.min()), min(float(values.max()), 10.0)
    if high < low * 10**_DECADES_FOR_LOGARITHM:
        middle = (low * high) ** 0.5 if high > low else low
        low, high = middle / 10 ** (_DECADES_FOR_LOGARITHM / 2), middle * 10 ** (_DECADES_FOR_LOGARITHM / 2)
    return LogNorm(low, high, clip=True)


def _panel(axes: Axes, rates: Sequence[float], others: Sequence[float], grid: Array, norm: Normalize, quantity: str) -> None:
    shown = np.ma.masked_invalid(grid)
    x, y = edges(rates), edges(others)
    axes.pcolormesh(x, y, shown, norm=norm, cmap=_colours(quantity), rasterized=True)
    for row, column in np.argwhere(np.isposinf(grid)):
        corners = x[column], y[row], x[column + 1], y[row + 1]
        axes.fill([corners[0], corners[2], corners[2], corners[0]], [corners[1]] * 2 + [corners[3]] * 2, **_DIVERGED)
    axes.set(xscale="log", yscale="log", xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    axes.grid(False)
    for axis, ends in ((axes.xaxis, x), (axes.yaxis, y)):
        powers(axis)
        axis.set_minor_locator(NullLocator())
        exponents = np.arange(np.ceil(np.log10(ends[0])), np.floor(np.log10(ends[-1])) + 1)
        if len(exponents):
            axis.set_ticks(10.0 ** exponents[:: 1 + len(exponents) // 10])


def edges(centres: Sequence[float]) -> Array:
    """The borders of cells around these points, halfway in the logarithm; a single cell is a decade wide."""
    logs = np.log10(np.asarray(centres, float))
    if len(logs) == 1:
        return np.asarray(10.0 ** (logs[0] + np.array([-0.5, 0.5])))
    middle = (logs[1:] + logs[:-1]) / 2
    ends = 2 * logs[0] - middle[0], 2 * logs[-1] - middle[-1]
    return np.asarray(10.0 ** np.concatenate([[ends[0]], middle, [ends[1]]]))


def _dots(axes: Axes, rates: Sequence[float], others: Sequence[float], losses: Array, factor: float, learned: float) -> None:
    values = np.where(np.isnan(losses), np.inf, losses)
    least = values.min(axis=1, keepdims=True)
    rows, columns = np.nonzero((values <= factor * least) & (values <= learned))
    points = np.asarray(rates)[columns], np.asarray(others)[rows]
    axes.plot(*points, "o", color="white", markeredgecolor="black", markersize=4, markeredgewidth=0.7, linestyle="none")


def _legend(figure: Figure, diverged: bool, missing: bool, factor: float) -> None:
    dot = Line2D(
        [], [], marker="o", color="white", markeredgecolor="black", markersize=4, markeredgewidth=0.7, linestyle="none",
        label=f"loss within a factor of {factor:g} of its row's least",
    )  # fmt: skip
    handles: list[Any] = [dot]
    if diverged:
        handles.append(Patch(**_DIVERGED, label="diverged (not finite)"))
    if missing:
        handles.append(Patch(facecolor="white", edgecolor=GREY, linewidth=0.5, label="not run yet"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
