"""Short runs of real networks on real digits under watch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ratetheory.observation.families import Blocks, Family, Member, Norm
from ratetheory.observation.trace import Trace, load_trace
from ratetheory.training.data import load_images
from ratetheory.training.monitor import RateMonitor, chunk
from ratetheory.training.monitor.layout import Layout

IMAGES = load_images("digits", torch.float64, torch.device("cpu"))
Fault = Callable[[int, nn.Module], None]


def on_a_device(layout: Layout, parameters: list[torch.Tensor]) -> chunk.Chunk:
    """The entries as they are kept on another device than the host."""
    return chunk.Chunk(layout, parameters, chunk.scratch_for([layout], torch.device("cpu")))


def network(dtype: torch.dtype = torch.float32, epsilon: float = 1e-5, seed: int = 0) -> nn.Sequential:
    """Three convolutions with batch normalisation, 80 filters, and a linear layer."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for inputs, filters, kernel, stride, padding in ((1, 8, 3, 2, 1), (8, 24, 3, 1, 0), (24, 48, 2, 1, 0)):
        convolution = nn.Conv2d(inputs, filters, kernel, stride, padding, bias=False)
        layers += [convolution, nn.BatchNorm2d(filters, eps=epsilon), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(48, 10)).to(dtype)


def blocks_of(net: nn.Module) -> Blocks:
    """Every filter whose convolution stands before a batch normalisation."""
    families, modules = [], list(net.named_modules())
    for (name, first), (norm, second) in pairwise(modules):
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            member = Member(f"{name}.weight", 0, 0, len(first.weight))
            norms = (Norm(norm, "batch", 1),)
            dimension = first.weight[0].numel()
            families.append(Family(f"{name}.weight", "alone", "filter", len(first.weight), dimension, (member,), "", (), norms))
    return Blocks(tuple(families))


def groups(net: nn.Module, rate: float, other: float = 0.1, **settings: Any) -> list[dict[str, Any]]:
    """The convolutions at one learning rate, everything else at another."""
    convolutions = [m.weight for m in net.modules() if isinstance(m, nn.Conv2d)]
    ids = {id(w) for w in convolutions}
    rest = [p for p in net.parameters() if id(p) not in ids]
    return [{"params": convolutions, "lr": rate, **settings}, {"params": rest, "lr": other}]


def watch(
    directory: Path,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    steps: int = 30,
    batch: int = 64,
    *,
    blocks: Blocks | None = None,
    before_step: Fault | None = None,
    after_step: Fault | None = None,
    accumulate: int = 1,
    clip: float | None = None,
    autocast: bool = False,
    scaler: torch.amp.GradScaler | None = None,
    zero: bool = True,
) -> Trace:
    """Train under watch on minibatches of digits and load the trace."""
    generator, dtype = torch.Generator().manual_seed(1), next(net.parameters()).dtype
    monitor = RateMonitor(net, optimizer, blocks or blocks_of(net), directory / "trace")
    for step in range(steps):
        if zero:
            optimizer.zero_grad()
        for _ in range(accumulate):
            chosen = torch.randint(len(IMAGES.labels), (batch,), generator=generator)
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                loss = nn.functional.cross_entropy(net(IMAGES.images[chosen].to(dtype)), IMAGES.labels[chosen]) / accumulate
            (loss if scaler is None else scaler.scale(loss)).backward()
        if scaler is not None:
            scaler.unscale_(optimizer)
        if clip is not None:
            nn.utils.clip_grad_norm_(net.parameters(), clip)
        if before_step is not None:
            before_step(step, net)
        if scaler is None:
            optimizer.step()
        else:
            scaler.step(optimizer)
            scaler.update()
        if after_step is not None:
            with torch.no_grad():
                after_step(step, net)
        monitor.step(loss)
    monitor.close()
    return load_trace(monitor.directory)
