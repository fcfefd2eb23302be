"""Where a run did what neither its optimiser's rule nor the theory explains, and what its norms' defects are due to.

Two checks, each of which can fail at every step and block. *Update*: the weights moved as the optimiser's rule says.
*Invariance*: the gradient's radial part is what eps makes of it, which is nothing where eps is nothing. Their allowances are
for rounding alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratetheory.observation.record import independent
from ratetheory.observation.trace import Trace, part_paths, read_run

_ALIGNED = 0.99
PARTS = ("radial", "decay", "rule")
MEASURED = "the gradient's radial part as measured, no eps law known"


@dataclass(frozen=True)
class Fault:
    """The first step at which a check fails in a layer, or an event that the monitor noted.

    ``kind``: ``update``, ``invariance``, or that of the event. ``size`` and ``allowance`` are those of ``block``, the worst one
    of the ``blocks`` blocks of the layer that fail at that step.
    """

    step: int
    kind: str
    text: str
    layer: str | None = None
    block: str | None = None
    blocks: int = 0
    size: float = 0.0
    allowance: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The fault as plain data."""
        return asdict(self)


FAULTY = ("update", "invariance", "stale", "evaluation", "non-finite")
"""Kinds that violate something; other events are worth knowing."""
UNDECIDED = ("gradients",)
"""Kinds that leave open whether anything is violated."""


def faults(trace: Trace) -> list[Fault]:
    """What is wrong with a run, or worth knowing, in the order of the steps; empty for a log that does not record it."""
    found = _events(trace.run)
    data = trace.dataset
    if "off_rule" in data:
        found += _first(trace, "update", data["off_rule"].values, data["off_rule_error"].values)
    if "radial_predicted" in data:
        rest = np.abs(data["radial"].values - data["radial_predicted"].values)
        allowed = data["radial_error"].values
        # where no law is known the measured value stands for the predicted one, without an allowance
        found += _first(trace, "invariance", np.where(allowed > 0, rest, 0.0), allowed)
    if "gradient_proportional" in data and len(steps := np.flatnonzero(data["gradient_proportional"].values == 0)):
        found.append(Fault(int(steps[0]), "gradients", _gradients_text(len(steps), data.sizes["step"])))
    return sorted(found, key=lambda fault: fault.step)


def _events(run: Mapping[str, Any]) -> list[Fault]:
    return [Fault(int(e["step"]), str(e["kind"]), str(e["text"])) for e in run.get("events", [])]


def diverged_at_once(path: Path) -> list[Fault]:
    """What ended a run before its first step was recorded; empty for a trace that holds a step.

    ``ValueError`` for what is no trace.
    """
    run = read_run(path)
    if run.get("status") != "diverged" or part_paths(path):
        return []
    step = int(run.get("diverged_at_step", 0))
    found = [f.text for f in _events(run) if f.kind == "non-finite"] or ["a number is no longer finite"]
    return [Fault(step, "non-finite", f"diverged before a step was recorded: {found[0]}")]


def _first(trace: Trace, kind: str, size: np.ndarray, allowed: np.ndarray) -> list[Fault]:
    """For each layer the first step at which ``size`` exceeds what is allowed."""
    blocks = trace.run["blocks"]
    layers = np.array([str(b["layer"]) for b in blocks])
    beyond, found = size > allowed, []
    for layer in dict.fromkeys(layers.tolist()):
        columns = np.flatnonzero(layers == layer)
        steps = np.flatnonzero(beyond[:, columns].any(axis=1))
        if not len(steps):
            continue
        step = int(steps[0])
        failing = columns[beyond[step, columns]]
        with np.errstate(divide="ignore"):
            worst = int(failing[np.argmax(size[step, failing] / allowed[step, failing])])
        text = _update_text(trace, step, worst) if kind == "update" else _radial_text(trace, step, worst)
        name, sizes = str(blocks[worst]["name"]), (float(size[step, worst]), float(allowed[step, worst]))
        found.append(Fault(step, kind, text, layer, name, len(failing), *sizes))
    return found


def _gradients_text(some: int, steps: int) -> str:
    return (
        f"the gradients that the optimiser saw are not proportional to those of the backward passes, at {some} of {steps} "
        "steps, as of clipping entry by entry, noise, or stale gradients: undecided what they are, no eps law is claimed"
    )


def _update_text(trace: Trace, step: int, block: int) -> str:
    """What the rest of the update looks like: a scaling of the weights, another learning rate, or neither."""

    def at(name: str) -> float:
        return float(trace.dataset[name].values[step, block])

    S, rest = at("squared_norm"), at("off_rule")
    planned = at("squared_plan")
    along = (at("squared_update") - planned - rest**2) / 2
    if S == 0:
        return f"the weights moved by {rest:.2g} from zero beside what the rule says"
    # of the rest with where the plan leads, w + p
    arrived = S + 2 * at("plan_radial") + planned
    radial = at("update_radial") - at("plan_radial") + along
    if arrived > 0 and abs(radial) > _ALIGNED * np.sqrt(arrived) * rest:
        return f"the weights were scaled by {1 + radial / arrived:.6g} beside the update"
    if planned > 0 and abs(along) > _ALIGNED * np.sqrt(planned) * rest:
        return f"the update is {1 + along / planned:.6g} times what the rule says, as of another learning rate"
    return f"the weights moved by {rest / np.sqrt(S):.2g} of their norm beside what the rule says"


def _radial_text(trace: Trace, step: int, block: int) -> str:
    def at(name: str) -> float:
        return float(trace.dataset[name].values[step, block])

    size = np.sqrt(at("squared_norm") * at("squared_gradient"))
    cosine = (at("radial") - at("radial_predicted")) / size if size > 0 else float("nan")
    said = f"the gradient has a radial part, {cosine:+.2g} of it, that eps does not explain"
    return f"{said} (clipping entry by entry, or of some gradients apart from the others, also makes one)"


def defect_causes(trace: Trace) -> dict[str, dict[str, Any]]:
    """For each layer what the defect S+ - S - eta^2 |grad|^2 is due to.

    ``cause``: the part of the prediction that is largest over the run: ``eps``, ``MEASURED`` (where no eps law is known),
    ``weight decay``, ``momentum``, the rule of the optimiser by its name; ``rounding`` if the allowance is larger
    than all of them. ``shares``: the root mean square of each part and of the allowance relative to |w|^2. ``unexplained``: the
    largest rest in units of its allowance, at most 1 in a sound run. Empty for a log that does not record it.
    """
    data = trace.dataset
    if "defect_rule" not in data:
        return {}
    S, eta = data["squared_norm"].values, data["learning_rate"].values
    defect = S[1:] - S[:-1] - eta**2 * data["squared_gradient"].values
    parts = {name: data[f"defect_{name}"].values for name in PARTS}
    allowed = data["growth_error"].values + data["defect_error"].values + eta**2 * data["squared_gradient_error"].values
    rest = np.abs(defect - sum(parts.values()))
    layers = np.array([str(b["layer"]) for b in trace.run["blocks"]])
    labels = _labels(trace)
    own, found = independent(trace), {}
    # of a block that is zero nothing has a size relative to it
    S0 = np.where(S[:-1] > 0, S[:-1], np.inf)
    for layer in dict.fromkeys(layers.tolist()):
        columns = np.flatnonzero(layers == layer)
        radial, known = parts["radial"][:, columns] / S0[:, columns], own[:, columns]
        sizes = {"eps": _size(np.where(known, radial, 0.0))} if known.any() else {}
        if not known.all():
            sizes[MEASURED] = _size(np.where(known, 0.0, radial))
        sizes |= {labels[n]: _size(parts[n][:, columns] / S0[:, columns]) for n in labels}
        sizes["rounding"] = _size(allowed[:, columns] / S0[:, columns])
        with np.errstate(divide="ignore", invalid="ignore"):
            unexplained = float(np.nanmax(np.where(rest[:, columns] > 0, rest[:, columns] / allowed[:, columns], 0.0)))
        found[layer] = {"cause": max(sizes, key=lambda n: sizes[n]), "shares": sizes, "unexplained": unexplained}
    return found


def _size(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _labels(trace: Trace) -> dict[str, str]:
    optimizers = [str(name) for name in trace.run.get("optimizers", ["SGD"])]
    rule = "momentum" if set(optimizers) == {"SGD"} else f"the rule of {', '.join(sorted(set(optimizers)))}"
    return {"decay": "weight decay", "rule": rule}


def gradient_notes(trace: Trace) -> list[str]:
    """What happened to the gradients before the optimiser saw them: accumulation, scaling, clipping, arithmetic."""
    notes, data = [], trace.dataset
    if "backward_passes" in data and (passes := data["backward_passes"].values).max() > 1:
        least, most = int(passes.min()), int(passes.max())
        notes.append(f"accumulated over {least if least == most else f'{least} to {most}'} backward passes")
    if "gradient_factor" in data:
        factor = data["gradient_factor"].values * float(trace.run.get("processes", 1))
        if "gradient_proportional" in data:
            # elsewhere there is no factor
            factor = factor[data["gradient_proportional"].values > 0]
        low, high = (float(factor.min()), float(factor.max())) if len(factor) else (1.0, 1.0)
        if high - low <= 1e-4 * abs(high) and abs(high - 1) > 1e-4:
            notes.append(f"scaled by {high:.6g} before the step, as of loss scaling")
        elif high - low > 1e-4 * abs(high):
            notes.append(f"scaled by {low:.3g} to {high:.3g} before the step, as of clipping or changing loss scaling")
    if "family_factor" in data:
        notes += _apart(trace)
    reduced = [name for name in trace.run.get("arithmetic", []) if name in ("bfloat16", "float16")]
    if reduced:
        notes.append(f"computed in {', '.join(reduced)}")
    return notes


def _apart(trace: Trace) -> list[str]:
    """Families whose gradients were scaled apart from the others, with the factors."""
    factor, notes = trace.dataset["family_factor"].values, []
    layers = np.array([str(b["layer"]) for b in trace.run["blocks"]])
    for layer in dict.fromkeys(layers.tolist()):
        found = factor[:, layers == layer].ravel()
        found = found[found != 1]
        if len(found):
            low, high = float(found.min()), float(found.max())
            by = f"{high:.3g}" if high - low <= 1e-4 * high else f"{low:.3g} to {high:.3g}"
            notes.append(f"gradients of {layer} scaled by {by} apart from the others, as of clipping by groups")
    return notes
