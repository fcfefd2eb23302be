"""Networks with batch normalisation: three convolutions of 80 filters in all, and a linear classifier."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from ratetheory.observation.families import Family, Member, Norm

FILTERS = (8, 24, 48)


@dataclass(frozen=True)
class Activation:
    """An activation and whether it is infinitely often differentiable."""

    module: Callable[[], nn.Module]
    smooth: bool


ACTIVATIONS = {
    "tanh": Activation(nn.Tanh, True),
    "silu": Activation(nn.SiLU, True),
    "gelu": Activation(nn.GELU, True),
    # torch's softplus is linear beyond its threshold; at 40 the jump, 4e-18, is below the rounding of double precision,
    # at the default of 20 it is not
    "softplus": Activation(lambda: nn.Softplus(threshold=40), True),
    "relu": Activation(nn.ReLU, False),
}


@dataclass(frozen=True)
class Design:
    """What distinguishes the networks; ``activation`` and ``bn_epsilon`` are defaults.

    ``scale_variant``: whether batch normalisation has a trained gain and shift, and the classifier is trained.
    """

    activation: str
    bn_epsilon: float
    dtype: torch.dtype
    scale_variant: bool


DESIGNS = {
    # meets every hypothesis: torch refuses eps = 0 in training, and 1e-30 is below rounding
    "reference": Design("tanh", 1e-30, torch.float64, scale_variant=False),
    "usual": Design("relu", 1e-5, torch.float32, scale_variant=True),
}


class Convolution(nn.Conv2d):
    """A convolution without bias as one matrix product over all patches.

    torch has no fast convolution in double precision on CPU: this one is 1.7 times as fast forward and backward, and 2.3
    times as fast for products with the Hessian.
    """

    def __init__(self, inputs: int, filters: int, kernel: int, stride: int, padding: int) -> None:
        super().__init__(inputs, filters, kernel, stride=stride, padding=padding, bias=False)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """(samples, channels, height, width) to (samples, filters, height', width')."""
        kernel, stride, padding = self.kernel_size[0], self.stride[0], self.padding[0]
        padded = nn.functional.pad(input, (int(padding),) * 4)
        patches = padded.unfold(2, kernel, stride).unfold(3, kernel, stride).permute(0, 2, 3, 4, 5, 1)
        rows = patches.reshape(-1, math.prod(patches.shape[3:]))
        filters = self.weight.permute(0, 2, 3, 1).flatten(1)
        return (rows @ filters.T).view(*patches.shape[:3], -1).permute(0, 3, 1, 2)


@dataclass(frozen=True)
class NormalisedLayer:
    """A convolution whose output goes to one batch normalisation only: each filter is scale-invariant."""

    name: str
    convolution: nn.Conv2d
    batch_norm: nn.BatchNorm2d
    norm_name: str = ""


@dataclass(frozen=True)
class Network:
    """A module, its scale-invariant layers, and the other trained parameters by name."""

    module: nn.Sequential
    layers: tuple[NormalisedLayer, ...]
    scale_variant: dict[str, nn.Parameter]

    @property
    def weights(self) -> list[torch.Tensor]:
        """The scale-invariant weights, one tensor (filters, channels, height, width) a layer."""
        return [layer.convolution.weight for layer in self.layers]

    @property
    def families(self) -> tuple[Family, ...]:
        """The blocks: every filter of every layer."""
        return tuple(_family(layer) for layer in self.layers)


def _family(layer: NormalisedLayer) -> Family:
    weight = layer.convolution.weight
    return Family(
        layer.name,
        "alone",
        "filter",
        len(weight),
        weight[0].numel(),
        (Member(f"{layer.name}.weight", 0, 0, len(weight)),),
        "a convolution whose output goes to one batch normalisation",
        norms=(Norm(layer.norm_name, "batch", 1),),
    )


def build_network(name: str, side: int, classes: int, activation: str, bn_epsilon: float, seed: int) -> Network:
    """A network for images of ``side`` x ``side`` pixels, initialised from ``seed`` as torch does by default.

    ``reference``: batch normalisation without affine parameters, a fixed random classifier, double precision. ``usual``:
    gain and shift and the classifier are trained, single precision. Leaves torch's global generator as it was.
    """
    design = DESIGNS[name]
    # (kernel, stride, padding) of each layer: 8 x 8 pixels become 4, 2, 1 and 28 x 28 become 7, 3, 2
    geometry = ((3, 2, 1), (3, 1, 0), (2, 1, 0)) if side <= 8 else ((4, 4, 0), (3, 2, 0), (2, 1, 0))
    module = nn.Sequential()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        channels = 1
        for number, (filters, (kernel, stride, padding)) in enumerate(zip(FILTERS, geometry, strict=True), start=1):
            module.add_module(f"conv{number}", Convolution(channels, filters, kernel, stride, padding))
            module.add_module(f"norm{number}", nn.BatchNorm2d(filters, eps=bn_epsilon, affine=design.scale_variant))
            module.add_module(f"activation{number}", ACTIVATIONS[activation].module())
            side = (side + 2 * padding - kernel) // stride + 1
            channels = filters
        module.add_module("flatten", nn.Flatten())
        module.add_module("classifier", nn.Linear(channels * side**2, classes))
    module.to(design.dtype)
    module.get_submodule("classifier").requires_grad_(design.scale_variant)
    return _described(module)


def _described(module: nn.Sequential) -> Network:
    layers = []
    for (name, first), (norm_name, second) in zip(module.named_children(), list(module.named_children())[1:], strict=False):
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            layers.append(NormalisedLayer(name, first, second, norm_name))
    invariant = {f"{layer.name}.weight" for layer in layers}
    trained = {n: p for n, p in module.named_parameters() if p.requires_grad and n not in invariant}
    return Network(module, tuple(layers), trained)
