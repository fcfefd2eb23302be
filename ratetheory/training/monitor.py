"""Watching every filter at every step, vectorised in double precision; nothing leaves the device before ``flush``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from ratetheory.training.networks import Network, NormalisedLayer

ROUNDING = 2.0**-53
"""Unit roundoff of double precision, in which the monitor computes."""

RADIAL_FACTOR = 2.0
"""Allowance for the rounding of <w, grad>, in units of the network's roundoff times the scale of ``_EpsLaw`` plus |w| |grad|.

Rounding errors of sums over n positions add up like a random walk. The factor is not proved: over both networks, batches of
2 to all samples, learning rates from 0.01 to 10, eps from 1e-30 to 1 and both precisions the largest measured was 0.77."""

PER_FILTER = (
    "squared_gradient",
    "learning_rate",
    "radial",
    "radial_predicted",
    "angle",
    "off_circle",
    "growth_error",
    "squared_gradient_error",
    "radial_error",
    "direction_error",
    "dead",
)
PER_STEP = ("loss", "scale_variant_squared_gradient")


def block_table(network: Network) -> list[dict[str, object]]:
    """One entry a filter, in the order of the block axis: name, layer, dimension, dtype."""
    table: list[dict[str, object]] = []
    for layer in network.layers:
        weight = layer.convolution.weight
        dtype = str(weight.dtype).removeprefix("torch.")
        for index in range(len(weight)):
            entry = {"name": f"{layer.name}[{index}]", "layer": layer.name, "dimension": weight[0].numel(), "dtype": dtype}
            table.append(entry)
    return table


def _rows(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().flatten(1).double()


def _dot(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    return (left * right).sum(1)


class _EpsLaw:
    """Hooks on one batch normalisation: <w, grad_w f> as claim ``eps-law`` has it, and the scale of its rounding.

    Everything is taken during the backward pass, before the update moves gain and shift.
    """

    def __init__(self, layer: NormalisedLayer) -> None:
        self.batch_norm = layer.batch_norm
        self.handle = layer.batch_norm.register_forward_hook(self._forward)
        self.radial = self.scale = torch.empty(0)

    def _forward(self, module: torch.nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        if output.requires_grad:
            preactivation = inputs[0].detach()
            output.register_hook(lambda gradient: self._backward(gradient.detach(), preactivation))

    def _backward(self, gradient: torch.Tensor, y: torch.Tensor) -> None:
        """From y and df/d(output): eps/(var + eps) sum <df/dz, z> for each channel, with df/dz = gain df/d(output).

        The backward pass of batch normalisation is df/dy = (df/dz - mean(df/dz) - z mean(df/dz z))/sigma, and z itself is
        known to |y|/sigma roundoffs: the scale adds up the sizes of these terms.
        """
        axes = (0, 2, 3)
        variance, mean = torch.var_mean(y.double(), axes, correction=0, keepdim=True)
        sigma = (variance + self.batch_norm.eps).sqrt()
        z = (y - mean) / sigma
        outflow = gradient.double()
        if self.batch_norm.affine:
            outflow = outflow * self.batch_norm.weight.detach().double()[:, None, None]
        self.radial = (self.batch_norm.eps / (variance + self.batch_norm.eps)).flatten() * (outflow * z).sum(axes)
        size = outflow.abs()
        terms = size + size.mean(axes, keepdim=True) + z.abs() * (size * z.abs()).mean(axes, keepdim=True)
        condition = 1 + (variance + mean**2).sqrt() / sigma
        positions = y.numel() // y.shape[1]
        self.scale = math.sqrt(positions) * (condition / sigma).flatten() * (y.abs() * terms).sum(axes)


class Monitor:
    """Records one network. Around every update call ``before`` (gradients are there) and ``after`` (weights have moved)."""

    def __init__(self, network: Network, learning_rate: float) -> None:
        self.network, self.learning_rate = network, learning_rate
        self.laws = [_EpsLaw(layer) for layer in network.layers]
        self.squared_norms = [torch.cat([_dot(w, w) for w in self._weights()])]
        self.per_filter: list[torch.Tensor] = []
        self.per_step: list[torch.Tensor] = []

    def close(self) -> None:
        """Remove the hooks."""
        for law in self.laws:
            law.handle.remove()

    def _weights(self) -> list[torch.Tensor]:
        return [_rows(weight) for weight in self.network.weights]

    def before(self, loss: torch.Tensor) -> None:
        """Keep weights and gradients of this step."""
        self.loss = loss.detach().double()
        self.old = [weight.clone() for weight in self._weights()]
        gradients = [weight.grad for weight in self.network.weights]
        self.gradients = [_rows(gradient) for gradient in gradients if gradient is not None]
        others = [p.grad.detach().double().square().sum() for p in self.network.scale_variant.values() if p.grad is not None]
        self.scale_variant = torch.stack(others).sum() if others else torch.zeros_like(self.loss)

    def after(self) -> None:
        """Record the step that has just been taken."""
        new = self._weights()
        layers = zip(self.old, self.gradients, new, self.laws, self.network.weights, strict=True)
        columns = [self._step(*layer) for layer in layers]
        self.per_filter.append(torch.cat(columns, dim=1))
        self.per_step.append(torch.stack([self.loss, self.scale_variant]))
        self.squared_norms.append(torch.cat([_dot(w, w) for w in new]))

    def _step(
        self, old: torch.Tensor, gradient: torch.Tensor, new: torch.Tensor, law: _EpsLaw, stored: torch.Tensor
    ) -> torch.Tensor:
        rate, size = self.learning_rate, old.shape[1]
        squared_norm, squared_gradient, radial = _dot(old, old), _dot(gradient, gradient), _dot(old, gradient)
        norm, slope = squared_norm.sqrt(), squared_gradient.sqrt()
        angle, off_circle = _rotation(old, gradient, new, norm, slope, rate)

        # storing w - eta grad rounds eta, the product and the sum: |error| <= roundoff (|w| + 4 eta |grad|)
        reach = norm + rate * slope
        storage = torch.finfo(stored.dtype).eps / 2 * (norm + 4 * rate * slope)
        # a sum of n products is off by at most n roundoffs of the sum of their sizes, in any order of summation
        sums = (size + 4) * ROUNDING
        growth_error = 2 * reach * storage + storage**2 + 2 * sums * reach**2
        roundoff = torch.finfo(stored.dtype).eps / 2
        radial_error = RADIAL_FACTOR * roundoff * (law.scale + norm * slope) + sums * norm * slope
        turned = rate * radial_error / norm + storage + (size + 16) * ROUNDING * reach
        direction_error = turned / (squared_norm + (rate * slope) ** 2).sqrt()
        recorded = {
            "squared_gradient": squared_gradient,
            "learning_rate": torch.full_like(norm, rate),
            "radial": radial,
            "radial_predicted": law.radial,
            "angle": angle,
            "off_circle": off_circle,
            "growth_error": growth_error,
            "squared_gradient_error": sums * squared_gradient,
            "radial_error": radial_error,
            "direction_error": direction_error,
            "dead": (gradient == 0).all(1).double(),
        }
        return torch.stack([recorded[name] for name in PER_FILTER])

    def __len__(self) -> int:
        return len(self.per_step)

    def flush(self) -> dict[str, np.ndarray]:
        """The steps since the last flush by variable, copied from the device at once; the final norms stay for the next."""
        per_filter = torch.stack(self.per_filter).cpu().numpy()
        per_step = torch.stack(self.per_step).cpu().numpy()
        arrays = {"squared_norm": torch.stack(self.squared_norms).cpu().numpy()}
        arrays |= {name: per_filter[:, index] for index, name in enumerate(PER_FILTER)}
        arrays |= {name: per_step[:, index] for index, name in enumerate(PER_STEP)}
        self.squared_norms, self.per_filter, self.per_step = self.squared_norms[-1:], [], []
        return arrays


def _rotation(
    old: torch.Tensor, gradient: torch.Tensor, new: torch.Tensor, norm: torch.Tensor, slope: torch.Tensor, rate: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The angle between old and new, accurate also where it is tiny, and the distance from the predicted direction."""
    update = new - old
    along = _dot(update, old) / norm
    across = (update - (along / norm)[:, None] * old).norm(dim=1)
    angle = torch.atan2(across, norm + along)
    theta = torch.atan(rate * slope / norm)
    downhill = gradient / torch.where(slope > 0, slope, torch.ones_like(slope))[:, None]
    predicted = theta.cos()[:, None] * (old / norm[:, None]) - theta.sin()[:, None] * downhill
    return angle, (new / new.norm(dim=1, keepdim=True) - predicted).norm(dim=1)


@contextmanager
def watching(network: Network, learning_rate: float) -> Iterator[Monitor]:
    """A monitor whose hooks are removed at the end."""
    monitor = Monitor(network, learning_rate)
    try:
        yield monitor
    finally:
        monitor.close()
