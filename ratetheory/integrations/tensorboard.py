"""Scalars for TensorBoard: of a trace that is written, or of a monitor at work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ratetheory.observation.trace import Trace, load_trace

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from ratetheory.training.monitor import RateMonitor


def export(trace: Trace | str | Path, directory: str | Path) -> Path:
    """Write a trace as scalars, one point a step, to an empty or new directory, and return it.

    ``loss``, and for each layer the medians over its blocks: ``effective_rate/<layer>`` (learning rate over squared norm),
    ``norm/<layer>``, ``gradient_norm/<layer>`` (at the normalised weights) and, if recorded, ``angle/<layer>`` (radian).
    ``ValueError`` for a directory that is not empty, and what ``load_trace`` raises.
    """
    target = Path(directory)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"directory: {target} is not empty; a new or empty directory is allowed")
    recorded = trace if isinstance(trace, Trace) else load_trace(trace)
    layers = [str(block["layer"]) for block in recorded.run["blocks"]]
    with _writer(target) as writer:
        for name, values in scalars(recorded, layers).items():
            for step, value in zip(recorded.dataset["step"].values.tolist(), values.tolist(), strict=True):
                writer.add_scalar(name, value, step)
    return target


def scalars(trace: Trace, layers: list[str]) -> dict[str, np.ndarray]:
    """The curves of ``export``, (steps,) each, by their names."""
    data, names = trace.dataset, np.array(layers)
    S = data["squared_norm"].values[:-1]
    shown = {
        "effective_rate": data["learning_rate"].values / S,
        "norm": np.sqrt(S),
        "gradient_norm": np.sqrt(S * data["squared_gradient"].values),
    }
    if "angle" in data:
        shown["angle"] = data["angle"].values
    curves = {"loss": data["loss"].values} if "loss" in data else {}
    for layer in dict.fromkeys(layers):
        curves |= {f"{kind}/{layer}": np.median(values[:, names == layer], axis=1) for kind, values in shown.items()}
    return curves


def add_latest(writer: SummaryWriter, monitor: RateMonitor, step: int) -> None:
    """Write what the monitor saw at the last step that it has written (up to 10 seconds ago) as scalars at ``step``."""
    for layer, values in monitor.latest.items():
        for kind, value in values.items():
            writer.add_scalar(f"{kind}/{layer}", value, step)


def _writer(directory: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "tensorboard is not installed: pip install 'ratetheory[integrations]'", name="tensorboard"
        ) from error
    return SummaryWriter(str(directory))
