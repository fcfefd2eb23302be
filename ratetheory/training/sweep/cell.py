"""One training run of a sweep: a network, an optimizer, two learning rates and a seed."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from ratetheory.training.data import Images, Split
from ratetheory.training.sweep.network import SweepNetwork, build_vgg
from ratetheory.training.sweep.specification import Cell, SweepSpec

CHUNK = 2048
"""Most images that are normalised together. More training data than that make several chunks of nearly equal size, and the
training loss is the mean over all images, each normalised within its chunk: still scale-invariant, and of bounded memory."""
_LOOK = 50
"""Steps between two looks at whether the losses are still finite: a look waits for the device."""


def run_cell(spec: SweepSpec, cell: Cell, split: Split) -> dict[str, Any]:
    """Train and measure one cell; the same numbers whenever the number of threads is the same (CPU).

    ``loss`` (nat): of all training images after the last step, with the batch normalisation in training mode.
    ``gradient_norm`` (nat): of that loss at normalised weights, the root of sum_i |w_i|^2 |grad_i|^2 + |grad_g|^2 over the
    filters i and all other parameters g; without batch normalisation the plain norm of the gradient. ``test_accuracy``: with
    the statistics of batch normalisation averaged anew over the training images, since running averages lag behind the weights.
    ``effective_rate_first``, ``effective_rate_last`` (1/nat): median over the filters of eta/|w|^2. ``status``:
    ``completed``, or ``diverged`` if a training loss or what is measured is not finite; the numbers are then ``None``.
    """
    began = time.monotonic()
    weights_seed, batches_seed = (int(n) % 2**63 for n in np.random.SeedSequence(cell.seed).generate_state(2, np.uint64))
    train, device = split.train, split.train.images.device
    network = build_vgg(train.side, train.channels, train.classes, cell.network == "bn", weights_seed)
    network.module.to(device)
    result: dict[str, Any] = {"effective_rate_first": _effective_rate(network, cell.rate)}
    steps = _train(spec, cell, network, train, torch.Generator().manual_seed(batches_seed))
    measured = None if steps < spec.steps_of(cell.optimizer) else _measured(network, cell, split)
    finite = measured is not None and all(math.isfinite(value) for value in measured.values())
    names = ("loss", "gradient_norm", "test_accuracy", "effective_rate_last")
    result |= measured if finite and measured is not None else dict.fromkeys(names)
    status = "completed" if finite else "diverged"
    return {"status": status, "steps": steps, **result, "seconds": time.monotonic() - began}


def _train(spec: SweepSpec, cell: Cell, network: SweepNetwork, train: Images, batches: torch.Generator) -> int:
    """Take the steps; how many had a finite loss, up to the first that had not. After that one some more may be taken."""
    groups = [{"params": network.convolutions, "lr": cell.rate}, {"params": network.others, "lr": cell.scale_variant_rate}]
    optimizer = torch.optim.SGD(groups, lr=cell.rate)
    finite = torch.ones((), dtype=torch.bool, device=train.images.device)
    known = torch.zeros((), dtype=torch.int64, device=train.images.device)
    for step in range(spec.steps_of(cell.optimizer)):
        optimizer.zero_grad()
        if cell.optimizer == "gd":
            loss = _full_gradient(network, train)
        else:
            # drawn anew at each step, independently and with replacement
            chosen = torch.randint(len(train.labels), (spec.batch_size,), generator=batches).to(train.labels.device)
            loss = nn.functional.cross_entropy(network.module(_laid_out(train.images[chosen])), train.labels[chosen])
            loss.backward()
        finite &= loss.detach().isfinite()
        known += finite
        optimizer.step()
        if step % _LOOK == _LOOK - 1 and not finite:
            break
    return int(known)


def _laid_out(images: torch.Tensor) -> torch.Tensor:
    # on a CPU this layout makes pooling and normalisation up to twice as fast
    return images.contiguous(memory_format=torch.channels_last)


def _chunks(images: Images) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    number = -(-len(images.labels) // CHUNK)
    for pixels, labels in zip(images.images.tensor_split(number), images.labels.tensor_split(number), strict=True):
        yield _laid_out(pixels), labels


def _full_gradient(network: SweepNetwork, train: Images) -> torch.Tensor:
    """Add the gradient of the training loss to the parameters' and return the loss."""
    total = torch.zeros((), dtype=torch.float64, device=train.images.device)
    for pixels, labels in _chunks(train):
        loss = nn.functional.cross_entropy(network.module(pixels), labels, reduction="sum") / len(train.labels)
        loss.backward()
        total += loss.detach()
    return total


def _measured(network: SweepNetwork, cell: Cell, split: Split) -> dict[str, float]:
    network.module.zero_grad()
    loss = _full_gradient(network, split.train)
    return {
        "loss": float(loss),
        "gradient_norm": _gradient_norm(network, normalised=cell.network == "bn"),
        "test_accuracy": _test_accuracy(network, split),
        "effective_rate_last": _effective_rate(network, cell.rate),
    }


def _gradient_norm(network: SweepNetwork, normalised: bool) -> float:
    total = 0.0
    for weight in network.convolutions:
        assert weight.grad is not None
        squares = weight.grad.double().flatten(1).square().sum(1)
        if normalised:
            squares = squares * weight.detach().double().flatten(1).square().sum(1)
        total += squares.sum().item()
    for parameter in network.others:
        assert parameter.grad is not None
        total += parameter.grad.double().square().sum().item()
    return math.sqrt(total)


def _effective_rate(network: SweepNetwork, rate: float) -> float:
    norms = torch.cat([weight.detach().double().flatten(1).square().sum(1) for weight in network.convolutions])
    return rate / float(norms.median())


@torch.no_grad()
def _test_accuracy(network: SweepNetwork, split: Split) -> float:
    normalisations = [layer for layer in network.module if isinstance(layer, nn.BatchNorm2d)]
    for layer in normalisations:
        layer.reset_running_stats()
        layer.momentum = None  # the plain mean over the chunks
    if normalisations:
        for pixels, _ in _chunks(split.train):
            network.module(pixels)
    network.module.eval()
    right = 0
    for pixels, labels in _chunks(split.test):
        scores = network.module(pixels)
        right += int(((scores.argmax(1) == labels) & scores.isfinite().all(1)).sum())
    return right / len(split.test.labels)
