"""The list of architectures, and the batches they are called with."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

Built = tuple[nn.Module, Any]
ZOO: dict[str, Callable[[float], Built]] = {}


def entry(build: Callable[[float], Built]) -> Callable[[float], Built]:
    ZOO[build.__name__] = build
    return build


def images(n: int = 4, channels: int = 3, side: int = 6) -> torch.Tensor:
    return torch.randn(n, channels, side, side, generator=torch.Generator().manual_seed(11))


def rows(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(12))


def head(channels: int, classes: int = 3) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * channels, classes)]
