"""Estimated smoothness along a run of which ``train`` wrote the trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from torch import nn

from ratetheory.observation.families import Blocks, Family, Member
from ratetheory.observation.trace import read_run
from ratetheory.training import checkpoint
from ratetheory.training.curvature.along import Granularity, Smoothness, estimate_along
from ratetheory.training.curvature.estimate import check
from ratetheory.training.curvature.lanczos import PRODUCTS
from ratetheory.training.data import Images, load_images
from ratetheory.training.networks import Network
from ratetheory.training.specification import TrainSpec, checked, network_for


def estimate_smoothness(
    trace_path: str | Path,
    points: int = 20,
    seed: int = 0,
    granularity: Granularity = "filter",
    tolerance: float = 1e-2,
    device: str = "cpu",
    products: int = PRODUCTS,
) -> Smoothness:
    """Estimate the smoothness constants at up to ``points`` snapshots of a trace that ``train`` wrote.

    The gradients are those of all data even if the run took minibatches. ``ValueError``: no trace, no snapshots, a
    corrupt one, or an argument out of its range.
    """
    if points < 1:
        raise ValueError(f"points: {points} is not allowed; a positive integer is")
    if granularity not in get_args(Granularity):
        raise ValueError(f"granularity: {granularity!r} is not known; {', '.join(get_args(Granularity))} are allowed")
    check(tolerance, products)
    directory = Path(trace_path)
    network, images = _network_of(directory, device)
    available = checkpoint.snapshots(directory)
    if not available:
        raise ValueError(f"{directory}: no snapshots of the weights; a trace written by train has them")
    chosen = np.unique(np.linspace(0, len(available) - 1, points).round().astype(int))
    files: dict[int, Path | None] = {step: available[step] for step in (sorted(available)[i] for i in chosen)}

    def loss(module: nn.Module) -> Any:
        return nn.functional.cross_entropy(module(images.images), images.labels)

    table = blocks_of(network, granularity)
    return estimate_along(network.module, loss, table, files, granularity, tolerance, products, seed, "all data")


def blocks_of(network: Network, granularity: Granularity) -> Blocks:
    """The table of one of this package's own networks: each filter a block, or all filters of a layer one."""
    families = []
    for layer in network.layers:
        weight = layer.convolution.weight
        parts = len(weight) if granularity == "filter" else 1
        member = Member(f"{layer.name}.weight", 0, 0, len(weight))
        reason = "its output goes to one batch normalisation only"
        families.append(Family(layer.name, "alone", granularity, parts, weight.numel() // parts, (member,), reason))
    return Blocks(tuple(families))


def _network_of(directory: Path, device: str) -> tuple[Network, Images]:
    try:
        # a trace recorded on another device is as good
        spec = checked(TrainSpec(**{**read_run(directory)["specification"], "device": device}))
    except TypeError as error:
        raise ValueError(f"{directory}: the specification is not one of train") from error
    images = load_images(spec.data, torch.float64, torch.device(device))
    network = network_for(spec, images, seed=0)
    network.module.to(device, torch.float64)
    return network, images
