"""The figures of the report, one function each, which returns a ``matplotlib.figure.Figure``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ratetheory.claims import claims, gd_rate
from ratetheory.numeric import floats
from ratetheory.numeric.bound import bound_gd
from ratetheory.observation.apriori import Apriori
from ratetheory.observation.compare import Comparison, gradient_norms
from ratetheory.observation.record import partition
from ratetheory.observation.trace import Trace
from ratetheory.report.style import (
    DASHES,
    GREY,
    OKABE_ITO,
    count,
    legend_below,
    logarithmic,
    look,
    marker,
    note,
    panels,
    plain,
    powers,
    styled,
)

MOST_LINES = 10
"""More layers than this are drawn as a band from the smallest to the largest, with the median."""
EXTENSION = 300
"""A bound that says something only after the run is drawn beyond it up to so many times its length."""

Array = np.ndarray


def layers(trace: Trace) -> tuple[tuple[str, ...], Array, Array]:
    """The layers' names, their norms |w| and their effective learning rates eta/|w|^2; shape (states, layers)."""
    groups = partition(trace, "layer")
    S = groups.total(trace.dataset["squared_norm"].values)
    first = [int(np.flatnonzero(groups.index == part)[0]) for part in range(len(groups.names))]
    eta = trace.dataset["learning_rate"].values[:, first]
    # of a group that is zero there is no effective rate to draw
    return groups.names, np.sqrt(S), np.concatenate([eta, eta[-1:]]) / np.where(S > 0, S, np.nan)


@styled()
def norms(trace: Trace) -> Figure:
    """Weight norm and effective learning rate of each layer over the steps."""
    names, norm, rate = layers(trace)
    figure, (above, below) = panels(2, 3.9)
    for axes, values in ((above, norm), (below, _positive(rate))):
        _layer_lines(axes, names, trace.dataset["state"].values, values)
        logarithmic(axes)
    above.set_ylabel(r"weight norm $|w|$")
    below.set_ylabel(r"effective rate $\eta/|w|^2$ (1/nat)")
    below.set_xlabel("step")
    legend_below(figure, above.get_lines(), 3)
    return figure


def _layer_lines(axes: Axes, names: Sequence[str], steps: Array, values: Array) -> None:
    if len(names) <= MOST_LINES:
        for i, name in enumerate(names):
            axes.plot(steps, values[:, i], label=plain(name), **look(i), **marker(len(steps)))
        return
    axes.fill_between(steps, values.min(axis=1), values.max(axis=1), color=OKABE_ITO[0], alpha=0.2, linewidth=0)
    axes.plot(steps, np.median(values, axis=1), label=f"median, band over all {len(names)} layers", color=OKABE_ITO[0])


def norm_certificate(comparison: Comparison) -> tuple[str, Array] | None:
    """For each horizon T the certificate from weight norms of min |G|, G all scale-invariant gradients, and its claim.

    The root of sum_i (b_T^2 - b_0^2)/(2 T) over the filters if claim ``growth-certificate`` applies to the run, of its form
    with the predicted defect if only ``corrected-certificate`` does at a constant rate; ``None`` if neither does.
    """
    trace = comparison.trace
    S, eta = trace.dataset["squared_norm"].values, trace.dataset["learning_rate"].values
    grown = (S[1:] - S[0]) * (S[1:] + S[0])
    plainly, corrected = claims["growth-certificate"], claims["corrected-certificate"]
    if plainly.inapplicable(plainly.conclusion("upper"), trace.facts) is None:
        claim = plainly
    elif (
        corrected.inapplicable(corrected.conclusion("sum"), trace.facts) is None
        and trace.facts.get("constant_rate") is True
        and "radial_predicted" in trace.dataset
    ):
        claim = corrected
        grown = grown + np.cumsum(4 * S[:-1] * eta * trace.dataset["radial_predicted"].values, axis=0)
    else:
        return None
    # a filter that is not trained moves nowhere and has no certificate
    trained = eta[0] > 0
    mean = (grown[:, trained] / (2 * eta[0, trained] ** 2)).sum(axis=1) / np.arange(1, len(S))
    return claim.slug, np.sqrt(np.maximum(mean, 0))


def invariant_gradient_norms(trace: Trace) -> Array:
    """For each step the root of sum_i |G_i|^2 over the filters alone, at normalised weights."""
    S = trace.dataset["squared_norm"].values[:-1]
    return np.asarray(np.sqrt((S * trace.dataset["squared_gradient"].values).sum(axis=1)))


@styled()
def gradient(comparison: Comparison) -> Figure:
    """The running minimum of the gradient norm against its certificate from norms and the bound from estimated constants."""
    trace = comparison.trace
    least = np.minimum.accumulate(gradient_norms(trace))
    horizons = np.arange(1, len(least) + 1)
    figure, (axes,) = panels(1, 3.3)
    axes.set_xscale("log")
    powers(axes.xaxis)
    axes.set_xlabel(r"number of steps $T$")
    axes.set_ylabel("gradient norm (nat)")
    if not least[0] > 0:
        note(axes, "the first gradient is zero already")
        return figure
    few = marker(len(least))
    axes.plot(horizons, _positive(least), label=r"observed: running minimum of $|\nabla f|$", color=OKABE_ITO[0], **few)
    of = ""
    if has_scale_variant(trace):
        of = r" of $|G|$"
        alone = np.minimum.accumulate(invariant_gradient_norms(trace))
        style: dict[str, Any] = {"color": OKABE_ITO[5], "linestyle": DASHES[1], **few}
        axes.plot(horizons, _positive(alone), label=r"of these, the invariant weights: $|G|$", **style)
    certificate = norm_certificate(comparison)
    if certificate is not None:
        axes.plot(
            horizons, _positive(certificate[1]), label="certificate" + of + " from weight norms", color=OKABE_ITO[2], **few
        )
    if not isinstance(comparison.apriori, str):
        _draw_bound(axes, comparison.apriori, len(least))
    guide = least[0] * np.array([1.0, len(least) ** -0.5])
    axes.plot([1, len(least)], guide, color=GREY, linestyle=(0, (1, 1.5)), label=r"slope $T^{-1/2}$")
    logarithmic(axes)
    legend_below(figure, [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")], 1)
    return figure


def has_scale_variant(trace: Trace) -> bool:
    """Whether scale-variant parameters were trained."""
    return "scale_variant_squared_gradient" in trace.dataset and bool(
        trace.dataset["scale_variant_squared_gradient"].values.any()
    )


def _draw_bound(axes: Axes, apriori: Apriori, steps: int) -> None:
    """The root of min(C/T, trivial), beyond the run if only there it says more than the first gradient does."""
    total, first = float(apriori.bound.total), apriori.informative_from
    if not (np.isfinite(total) and first > 0):
        return
    last = 3 * first if steps < 3 * first <= EXTENSION * steps else steps
    horizons = np.unique(np.append(np.geomspace(1, last, 200), [min(first, last), steps]))
    values = np.sqrt(total / np.maximum(horizons, first))
    colour = OKABE_ITO[1]
    axes.plot(horizons, values, color=colour, label="bound from estimated constants" + _vacuous(first, steps))
    if last > steps:
        axes.axvline(steps, color=GREY, linewidth=0.6)
        axes.annotate("end of run", (steps, 0), xycoords=("data", "axes fraction"), fontsize=7, color=GREY, **_BESIDE)


_BESIDE: dict[str, Any] = {"xytext": (3, 4), "textcoords": "offset points", "va": "bottom"}


def _vacuous(first: float, steps: int) -> str:
    return f"\n(vacuous until $T$ = {count(first)})" if first > steps else ""


def _positive(values: Array) -> Array:
    """Values for a logarithmic axis: what is zero leaves a gap."""
    return np.where((values > 0) & np.isfinite(values), values, np.nan)


@styled()
def price() -> Figure:
    """C(eta)/min C for one block with L = 1 and gap 1/2 over twelve decades of learning rate."""
    figure, (axes,) = panels(1, 3.2)
    eta, curves, plain_descent = price_curves()
    styles: dict[str, dict[str, Any]] = {
        "simple": {"color": OKABE_ITO[4]},
        "sharper": {"color": OKABE_ITO[0], "linestyle": DASHES[1]},
        "two-phase": {"color": OKABE_ITO[2], "linestyle": DASHES[3]},
        "best": {"color": "#c4c4c4", "linewidth": 4.5, "zorder": 1.5},
    }
    for method, values in curves.items():
        axes.loglog(eta, values, label=f"{method} form" if method != "best" else "best of all forms", **styles[method])
    axes.loglog(eta, plain_descent, color=OKABE_ITO[1], linestyle=DASHES[2], label="plain gradient descent, classical")
    axes.axvline(2, color=OKABE_ITO[1], linewidth=0.6)
    axes.annotate(r"$2/L$", (2, 0.93), xycoords=("data", "axes fraction"), fontsize=7, color=OKABE_ITO[1], **_BESIDE)
    axes.set_xlabel(r"initial effective rate $\eta/|w_0|^2$, in units of $1/L$")
    axes.set_ylabel(r"$C(\eta)\,/\,\min C$")
    axes.set_xticks(10.0 ** np.arange(-6, 7, 2))
    axes.xaxis.set_minor_locator(NullLocator())
    powers(axes.xaxis)
    powers(axes.yaxis)
    axes.set_ylim(0.3, 1e15)
    legend_below(figure, axes.get_lines()[:-1], 2)
    return figure


def price_curves() -> tuple[Array, dict[str, Array], Array]:
    """Learning rates, for each form C over the least C of all, and the same for plain gradient descent.

    One block, |w_0|^2 = L = 1, f_0 - f_low = 1/2. Plain gradient descent at the fixed step eta has the classical bound
    sum |grad|^2 <= (f_0 - f_low)/(eta (1 - eta L/2)), finite only for eta < 2/L.
    """
    # denser where the classical bound of plain gradient descent ends
    eta = np.sort(np.append(np.geomspace(1e-6, 1e6, 1201), 2 - 2 * np.geomspace(1e-16, 1e-2, 57)))
    gap = 0.5
    methods = ("simple", "sharper", "two-phase", "best")
    totals = {
        method: np.asarray(bound_gd(squared_norm=1.0, learning_rate=eta, smoothness=1.0, gap=gap, steps=1, method=method).total)
        for method in methods
    }
    least = float(totals["best"].min())
    with np.errstate(divide="ignore", invalid="ignore"):
        descent = np.where(eta < 2, gap / (eta * (1 - eta / 2)), np.nan)
    ratios = {method: np.where(np.isfinite(total), total, np.nan) / least for method, total in totals.items()}
    return eta, ratios, descent / least


@styled()
def rates(comparisons: Sequence[Comparison]) -> Figure:
    """Loss, gradient norm and effective learning rate of the same run at several learning rates."""
    figure, axes = panels(3 if all("loss" in c.trace.dataset for c in comparisons) else 2, 5.2)
    for i, comparison in enumerate(comparisons):
        trace = comparison.trace
        style = {**look(i), **marker(trace.dataset.sizes["step"])}
        label = rf"$\eta$ = {learning_rate(comparison):g}"
        if len(axes) == 3:
            axes[0].plot(_positive(trace.dataset["loss"].values), label=label, **style)
        axes[-2].plot(_positive(gradient_norms(trace)), label=label, **style)
        _, _, rate = layers(trace)
        axes[-1].fill_between(
            np.arange(len(rate)), rate.min(axis=1), rate.max(axis=1), color=style["color"], alpha=0.15, linewidth=0.8
        )
        axes[-1].plot(np.median(rate, axis=1), label=label, **style)
    names = ["loss (nat)", "gradient norm (nat)", r"$\eta/|w|^2$ (1/nat)"]
    for panel, name in zip(axes, names[-len(axes) :], strict=True):
        panel.set_ylabel(name)
        if any((np.nan_to_num(line.get_ydata()) > 0).any() for line in panel.get_lines()):
            logarithmic(panel)
    axes[-1].set_xlabel("step")
    legend_below(figure, axes[-1].get_lines(), 4)
    return figure


def learning_rate(comparison: Comparison) -> float:
    """The learning rate of the run's specification."""
    return float(comparison.trace.run["specification"]["learning_rate"])


def lyapunov_function(trace: Trace, apriori: Apriori) -> Array:
    """Phi_t - Phi_0 of claim ``log-lyapunov`` for each step, with the sharper slope and the estimated constants."""
    constants = apriori.constants
    b = trace.dataset["squared_norm"].values[:-1] / trace.dataset["learning_rate"].values[0]
    Lam, Gbar, f = constants["Lam"], constants["Gbar"], trace.dataset["loss"].values
    c = gd_rate.block_slope(floats, gd_rate.sharper_slope, b[0], Lam, Gbar)
    grown = c * (b - b[0]) - Lam / 2 * np.log(b / b[0])
    return np.asarray(f - f[0] + grown.sum(axis=1))


@styled()
def lyapunov(trace: Trace, apriori: Apriori) -> Figure:
    """The loss, which may rise, and the Lyapunov function, which may not."""
    figure, (above, below) = panels(2, 3.4)
    loss = trace.dataset["loss"].values
    few = marker(len(loss))
    above.plot(loss - loss[0], color=OKABE_ITO[0], **few)
    above.set_ylabel(r"$f_t - f_0$ (nat)")
    below.plot(lyapunov_function(trace, apriori), color=OKABE_ITO[1], **few)
    below.set_ylabel(r"$\Phi_t - \Phi_0$ (nat), estimated")
    below.set_xlabel("step")
    for axes in (above, below):
        axes.axhline(0, color=GREY, linewidth=0.6)
    return figure
