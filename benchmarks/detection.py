"""Finding the scale-invariant blocks of a ResNet-18 (11 million parameters), against one training step in double precision.

Run alone: ``python -m benchmarks.detection``.
"""

from __future__ import annotations

import sys

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.timing import Ratio, call, ratios
from ratetheory.training.blocks import find_blocks

_LIMIT = 12.0


class Block(nn.Module):
    """A basic residual block."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != width:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(samples, channels, height, width) to the same, halved where the stride is 2."""
        h = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(h + self.shortcut(x))


def resnet18(classes: int = 10) -> nn.Module:
    """ResNet-18 with its usual stem."""
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    width = 64
    for wider, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [Block(width, wider, stride), Block(wider, wider, 1)]
        width = wider
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def measure(rounds: int = 5, images: int = 4) -> list[Ratio]:
    """Ratios to a forward and backward pass of the same model on the same images."""
    torch.manual_seed(0)
    model, twin = resnet18(), resnet18().double()
    x, labels = torch.randn(images, 3, 32, 32), torch.arange(images) % 10
    parameters = list(twin.parameters())

    def step() -> None:
        torch.autograd.grad(F.cross_entropy(twin(x.double()), labels), parameters)

    runs = {
        "a training step": call(step),
        "blocks of a ResNet-18": call(lambda: find_blocks(model, x)),
        "the same without reasons": call(lambda: find_blocks(model, x, explain=False)),
    }
    return ratios(runs, "a training step", {name: _LIMIT for name in runs if name != "a training step"}, rounds)


def main() -> int:
    """Print the ratios; 1 if one exceeds its limit."""
    found = measure()
    for r in found:
        mark = "" if r.within else "  EXCEEDED"
        print(f"{r.name:<28} {r.median:6.1f} times {r.reference} ({r.low:.1f} to {r.high:.1f}), {r.seconds:.2f} s{mark}")
    return 0 if all(r.within for r in found) else 1


if __name__ == "__main__":
    sys.exit(main())
