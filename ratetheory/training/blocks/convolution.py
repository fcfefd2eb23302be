"""Convolutions of few positions as one product of matrices.

torch has no fast convolution in double precision on the processor: it goes through all weights once for every image, which is
most of the time where the weights are many and the images small. One product for the whole batch gives the same numbers to
rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional as F

_POSITIONS = 1.0
"""Positions an output channel up to which the patches are written out: they are then no more numbers than the weights."""
_NAMES = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")


def as_product(args: Sequence[Any], kwargs: dict[str, Any]) -> torch.Tensor | None:
    """What ``torch.conv2d`` returns, or ``None`` where its own way is meant to be taken.

    That is where there are more positions, in all images together, than output channels. Groups, padding by name, other
    devices and other precisions are left to torch as well.
    """
    given = {**dict(zip(_NAMES, args, strict=False)), **kwargs}
    x, weight, bias = given.get("input"), given.get("weight"), given.get("bias")
    if not (isinstance(x, torch.Tensor) and isinstance(weight, torch.Tensor) and x.dim() == weight.dim() == 4):
        return None
    plain = all(t.device.type == "cpu" and t.dtype == torch.float64 for t in (x, weight))
    if not plain or given.get("groups", 1) != 1 or isinstance(given.get("padding"), str) or x.shape[1] != weight.shape[1]:
        return None
    kernel = weight.shape[2:]
    stride, padding, dilation = (
        _pair(given.get(name, usual)) for name, usual in (("stride", 1), ("padding", 0), ("dilation", 1))
    )
    height, width = ((x.shape[2 + i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i in range(2))
    if min(height, width) < 1 or not 0 < len(x) * height * width <= _POSITIONS * len(weight):
        return None
    patches = F.unfold(x, kernel, dilation, padding, stride).transpose(1, 2).reshape(-1, weight[0].numel())
    result = F.linear(patches, weight.reshape(len(weight), -1), bias)
    # a model may rely on the strides that a convolution has
    return result.view(len(x), height, width, len(weight)).permute(0, 3, 1, 2).contiguous()


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    return (int(value[0]), int(value[-1]))
