"""A trace as the claims' formulas read it: their symbols, with the error bars that the run's rounding allows.

Every filter is a block.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np

from ratetheory.claims.symbols import SYMBOLS
from ratetheory.numeric import rounding
from ratetheory.numeric.rounding import Rounded, exact, rounded
from ratetheory.observation.trace import Trace

Granularity = Literal["filter", "layer", "all"]
GRANULARITIES: tuple[Granularity, ...] = ("filter", "layer", "all")

FOREIGN_ERROR = 8 * 2.0**-24
"""Relative error taken for the numbers of a log that does not state its own: single precision and a few operations."""

Array = np.ndarray


@dataclass(frozen=True)
class Groups:
    """A partition of a trace's filters: a name for each part and the part of each filter."""

    names: tuple[str, ...]
    index: Array

    def total(self, values: Array) -> Array:
        """The sum of the last axis over each part."""
        return np.stack([values[..., self.index == part].sum(axis=-1) for part in range(len(self.names))], axis=-1)


def partition(trace: Trace, granularity: Granularity) -> Groups:
    """The trace's filters grouped by themselves, by their layer, or all together."""
    filters = [str(block["name"]) for block in trace.run["blocks"]]
    if granularity == "all":
        return Groups(("all",), np.zeros(len(filters), dtype=int))
    keys = filters if granularity == "filter" else [str(block["layer"]) for block in trace.run["blocks"]]
    names = tuple(dict.fromkeys(keys))
    return Groups(names, np.array([names.index(key) for key in keys]))


def _values(trace: Trace, name: str) -> Array | None:
    return trace.dataset[name].values if name in trace.dataset else None


def _error(trace: Trace, name: str, otherwise: Array) -> Array:
    """The recorded error, or that of a foreign log."""
    recorded = _values(trace, name)
    return FOREIGN_ERROR * otherwise if recorded is None else recorded


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def identities(trace: Trace, predicted: bool) -> dict[str, Rounded]:
    """The symbols of sections 1 to 3 for every filter; arrays of shape (1, steps, filters).

    The norm before a step is known up to rounding of its own sum. The norm after it also carries the rounding of the stored
    weights; the norm at the horizon carries that of all steps before. The rounding of the gradient's radial part counts with
    the norm, or, if the defect is ``predicted``, with the prediction.
    """
    S, eta = trace.dataset["squared_norm"].values, trace.dataset["learning_rate"].values
    squared = trace.dataset["squared_gradient"].values
    growth_error = _error(trace, "growth_error", S[1:])
    squared_error = _error(trace, "squared_gradient_error", squared)
    radial_error = _error(trace, "radial_error", np.sqrt(squared * S[:-1]))
    sums = rounding.UNIT * 64 * S
    step_error = growth_error if predicted else growth_error + 2 * eta * radial_error
    drift = np.cumsum(step_error, axis=0)
    symbols = {
        "S": rounded(S[:-1], sums[:-1]),
        "S_next": rounded(S[1:], sums[1:] + step_error),
        "S_first": rounded(S[:1], sums[:1]),
        "S_last": rounded(S[1:], sums[1:] + drift),
        "eta": exact(eta),
    }
    constant = exact(eta[:1])
    symbols |= {f"b{suffix}": symbols[f"S{suffix}"] / constant for suffix in ("", "_next", "_first", "_last")}
    raw = rounded(squared, squared_error)
    symbols["G"] = _root(raw * symbols["S"])
    symbols["defect"] = rounded(S[1:], sums[1:] + growth_error) - symbols["S"] - exact(eta) * exact(eta) * raw
    symbols |= _directions(trace, eta, radial_error)
    return {name: Rounded(value.value[None], value.error[None]) for name, value in symbols.items()}


def alive(trace: Trace) -> Array:
    """Where blocks have a norm and a gradient, (steps, blocks); elsewhere every test is passed, and nothing shown."""
    return np.asarray((trace.dataset["squared_gradient"].values > 0) & (trace.dataset["squared_norm"].values[:-1] > 0))


def independent(trace: Trace) -> Array:
    """Where the predicted defect owes nothing to the measured radial part, (steps, blocks).

    Where no eps law is known the measured <w, grad> stands for the predicted one, with an allowance of zero, and the norm
    identity then holds for any gradient. A log that does not record the allowance predicts nothing else.
    """
    squared = trace.dataset["squared_gradient"].values
    allowed = _values(trace, "radial_error")
    return np.asarray(np.ones_like(squared, dtype=bool) if allowed is None else (allowed > 0) | (squared == 0))


def _root(x: Rounded) -> Rounded:
    """The square root; that of an exact zero is an exact zero."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return rounding.sqrt(x)


def _directions(trace: Trace, eta: Array, radial_error: Array) -> dict[str, Rounded]:
    """What only some traces hold: the radial part, its prediction, the angle."""
    found = {}
    if (radial := _values(trace, "radial")) is not None:
        found["radial"] = rounded(radial, radial_error)
    parts = [values for part in ("radial", "decay", "rule") if (values := _values(trace, f"defect_{part}")) is not None]
    if len(parts) == 3:
        found["d"] = rounded(np.sum(parts, axis=0), _error(trace, "defect_error", np.abs(parts[0])))
    elif (predicted := _values(trace, "radial_predicted")) is not None:
        found["d"] = exact(-2.0) * exact(eta) * rounded(predicted, radial_error)
    for name in ("angle", "off_circle"):
        if (values := _values(trace, name)) is not None:
            found[name] = rounded(values, _error(trace, "direction_error", values))
    return found


def blocks(trace: Trace, constants: Mapping[str, Any]) -> dict[str, Rounded]:
    """The symbols of sections 4 to 6 for every filter; one step less than recorded, since f_{t+1} must be known.

    ``constants`` holds plain numbers or one a filter: Lam, Gbar, L, f_low, and so on.
    """
    loss = trace.dataset["loss"].values[:, None]
    # states and steps but for the last: f_T is not recorded
    symbols = {name: _without_last(value) for name, value in identities(trace, predicted=False).items()}
    f = rounded(loss, 64 * rounding.UNIT * np.abs(loss))
    ends = {"f": slice(None, -1), "f_next": slice(1, None), "f_first": slice(None, 1), "f_last": slice(1, None)}
    symbols |= {name: Rounded(f.value[None, part], f.error[None, part]) for name, part in ends.items()}
    symbols["value"] = symbols["f"]
    other = _values(trace, "scale_variant_squared_gradient")
    variant = np.zeros(len(loss)) if other is None else other
    symbols["H"] = _root(rounded(variant[None, :-1, None], 64 * rounding.UNIT * variant[None, :-1, None]))
    for name, value in constants.items():
        if name in SYMBOLS:
            symbols[name] = exact(np.atleast_1d(np.asarray(value, float))[None, None])
    return symbols


def _without_last(x: Rounded) -> Rounded:
    """Without the last step, unless there is only one: what stands for the start."""
    return x if x.value.shape[1] == 1 else Rounded(x.value[:, :-1], x.error[:, :-1])


def namespace(symbols: Mapping[str, Rounded]) -> SimpleNamespace:
    """The namespace ``s`` of a formula; a missing symbol is an ``AttributeError``."""
    return SimpleNamespace(**symbols)


def decoys(symbols: Mapping[str, Rounded]) -> list[dict[str, Rounded]]:
    """The same run as it would look if the theory were wrong: gradients of twice the norm and a radial part of 1% of it;
    directions that turn twice as far and leave their circle by the angle itself.

    What can tell the run from neither decoy resolves nothing.
    """
    size, changed = symbols["G"], dict(symbols)
    changed["G"] = exact(2.0) * size
    if "radial" in symbols:
        changed["radial"] = rounded(symbols["radial"].value + 0.01 * size.value, symbols["radial"].error)
    if "defect" in symbols:
        eta, S = symbols["eta"].value, symbols["S"].value
        changed["defect"] = rounded(symbols["defect"].value + eta**2 * size.value**2 / S, symbols["defect"].error)
    if "angle" not in symbols:
        return [changed]
    turned = {
        **symbols,
        "angle": exact(2.0) * symbols["angle"],
        "off_circle": rounded(symbols["angle"].value, symbols["off_circle"].error),
    }
    return [changed, turned]
