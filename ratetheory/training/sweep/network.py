"""Networks of the type of VGG (Simonyan and Zisserman 2015), with batch normalisation after each convolution or without."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

WIDTHS: dict[int, tuple[tuple[int, ...], ...]] = {
    8: ((8,), (16,), (32,)),
    28: ((16,), (32,), (64, 64)),
    32: ((32, 32), (64, 64), (128, 128)),
}
"""By the side of the images the filters of each convolution, a tuple for each block, which ends in a pooling by two."""


@dataclass(frozen=True)
class SweepNetwork:
    """A module, the weights of its convolutions, and all its other parameters.

    With batch normalisation each filter of ``convolutions`` is scale-invariant (up to the eps of the normalisation), and
    ``others`` are the gains, the shifts and the linear classifier: the split of Arora, Li and Lyu 2019.
    """

    module: nn.Sequential
    convolutions: list[torch.Tensor]
    others: list[torch.Tensor]


def build_vgg(side: int, channels: int, classes: int, batch_norm: bool, seed: int) -> SweepNetwork:
    """Blocks of 3 x 3 convolutions, each with its normalisation and ReLU, a pooling after each block, and a linear classifier.

    Weights are normal with variance 2 over the inputs of a unit before a ReLU (He et al. 2015) and 1 over them in the
    classifier, biases and shifts 0, gains 1. The convolutions of one seed are the same with and without normalisation;
    without it they have biases. ``ValueError`` for images of another side than 8, 28 or 32.
    """
    if side not in WIDTHS:
        raise ValueError(f"side: images of {side} x {side} are not allowed; sides {', '.join(map(str, WIDTHS))} are")
    generator = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = []
    convolutions: list[torch.Tensor] = []
    # the constructors draw weights of their own, from torch's global generator
    with torch.random.fork_rng(devices=[]):
        for block in WIDTHS[side]:
            for number, filters in enumerate(block, start=1):
                convolution = nn.Conv2d(channels, filters, 3, padding=1, bias=not batch_norm)
                nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu", generator=generator)
                if convolution.bias is not None:
                    nn.init.zeros_(convolution.bias)
                convolutions.append(convolution.weight)
                layers += [convolution, nn.BatchNorm2d(filters)] if batch_norm else [convolution]
                # ReLU and the maximum commute: pooled first, there is a quarter to rectify
                layers += [nn.MaxPool2d(2), nn.ReLU()] if number == len(block) else [nn.ReLU()]
                channels = filters
            side //= 2
        classifier = nn.Linear(channels * side**2, classes)
    nn.init.normal_(classifier.weight, std=classifier.in_features**-0.5, generator=generator)
    nn.init.zeros_(classifier.bias)
    module = nn.Sequential(*layers, nn.Flatten(), classifier)
    invariant = {id(weight) for weight in convolutions}
    others: list[torch.Tensor] = [p for p in module.parameters() if id(p) not in invariant]
    return SweepNetwork(module, convolutions, others)
