"""The look of all figures: column width, Okabe-Ito colours, legends outside the data, output that is the same every time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's colours, told apart with any colour vision; their yellow is too pale for lines on white."""
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))
GREY = "#6b6b6b"
WIDTH = 3.5
"""Width of a figure in inches: one column of a paper."""
NAME_LENGTH = 40
FEW_STEPS = 12
"""Runs of so few steps are drawn with a marker at each."""

_FOREIGN = ("backend", "date", "docstring", "interactive", "keymap", "macosx", "timezone", "tk", "toolbar", "webagg")
"""What is no matter of looks and stays as the user set it."""


@contextmanager
def styled() -> Iterator[None]:
    """The settings that figures are drawn and saved under; a user's own settings do not matter."""
    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith(_FOREIGN)}
    settings: Any = {
        **defaults,
        "axes.grid": True,
        "axes.labelsize": 8,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": 8,
        "axes.xmargin": 0.02,
        "figure.facecolor": "white",
        "font.size": 8,
        "grid.color": "#e3e3e3",
        "grid.linewidth": 0.5,
        "legend.fontsize": 7,
        "legend.frameon": False,
        "legend.handlelength": 2.4,
        "lines.linewidth": 1.3,
        "lines.markersize": 3,
        "mathtext.fontset": "dejavusans",
        "pdf.fonttype": 42,
        "svg.fonttype": "path",
        "svg.hashsalt": "ratetheory",
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
    }
    with matplotlib.rc_context(settings):
        yield


def panels(rows: int, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of one column and so many panels above each other, which share their horizontal axis."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = list(figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0])
    figure.align_ylabels(axes)
    return figure, axes


def plain(name: object) -> str:
    """A name as matplotlib shows it literally: no mathematics, not hidden from legends, not longer than the figure."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(name))
    if len(text) > NAME_LENGTH:
        text = text[: NAME_LENGTH - 1] + "…"
    # a label that starts with an underscore is left out of legends
    return ("\N{NO-BREAK SPACE}" if text.startswith("_") else "") + text.replace("$", r"\$")


def look(index: int) -> dict[str, Any]:
    """Colour and dashes of the line with this index; the first 28 differ."""
    return {"color": OKABE_ITO[index % len(OKABE_ITO)], "linestyle": DASHES[index // len(OKABE_ITO) % len(DASHES)]}


def marker(steps: int) -> dict[str, Any]:
    """A marker at each step where a line alone would hide how few there are."""
    return {"marker": "o"} if steps <= FEW_STEPS else {}


def legend_below(figure: Figure, lines: Sequence[Line2D | Artist], columns: int) -> None:
    """One legend under all panels, where it covers no data."""
    figure.legend(handles=list(lines), loc="outside lower center", ncols=columns)


def logarithmic(axes: Axes) -> None:
    """A logarithmic vertical axis for what is drawn, with readable ticks also where it spans little or nothing."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    if high < 1.05 * low:
        axes.set_ylim(low / 1.1, high * 1.1)
    if high < 30 * low:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 3 * low else tuple(range(1, 10))))
        axes.yaxis.set_major_formatter("{x:.3g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        powers(axes.yaxis)


def powers(axis: Axis) -> None:
    """Labels 10ⁿ at the powers of ten alone, as plain text: mathematics takes most of the time of drawing."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: power(int(np.rint(np.log10(value)))) if value > 0 else ""))
    axis.set_minor_formatter(NullFormatter())


def power(exponent: int) -> str:
    """10ⁿ in plain text."""
    return "10" + str(exponent).translate(_RAISED)


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(number: float) -> str:
    """A number of steps, readable whatever its size."""
    if number < 1e6:
        return f"{np.ceil(number):,.0f}"
    exponent = int(np.floor(np.log10(number)))
    return f"{number / 10.0**exponent:.1f}×{power(exponent)}"


def note(axes: Axes, text: str) -> None:
    """A sentence in the middle of a panel that has nothing to draw."""
    axes.text(0.5, 0.5, text, ha="center", va="center", color=GREY, transform=axes.transAxes)


_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": "ratetheory"},
    "png": {"Software": "ratetheory"},
    "pdf": {"CreationDate": None, "Creator": "ratetheory", "Producer": "ratetheory"},
}


def rendered(figure: Figure, kind: Literal["svg", "png", "pdf"]) -> bytes:
    """The figure as a file of this kind, the same bytes for the same figure."""
    buffer = io.BytesIO()
    with styled(), warnings.catch_warnings():
        # a name in a script that the font lacks is drawn as boxes
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        # laid out once, so that all kinds of files agree; a figure with a layout is drawn once more for each file
        if (layout := figure.get_layout_engine()) is not None:
            layout.execute(figure)
        figure.set_layout_engine(None)
        figure.savefig(buffer, format=kind, dpi=200, metadata=_METADATA[kind])
    return buffer.getvalue()
