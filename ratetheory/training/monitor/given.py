"""What is handed to the monitor: models and optimisers inside wrappers, the arguments of a call as a batch."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import torch
from torch import nn


def batch_of(model: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...] | dict[str, Any]:
    """A call's arguments as one batch: by position, or by name."""
    if not keywords:
        return arguments
    return dict(inspect.signature(model.forward).bind(*arguments, **keywords).arguments) if arguments else keywords


def reshard(model: nn.Module) -> None:
    """Put shards in their place where a forward pass has left whole parameters."""
    for module in model.modules():
        if hasattr(module, "reshard") and hasattr(module, "unshard"):
            module.reshard()  # type: ignore[operator]


def alone(model: nn.Module) -> nn.Module:
    """The model, or a copy that normalises over the samples of one process only."""
    if not any(isinstance(m, nn.SyncBatchNorm) for m in model.modules()):
        return model
    return _local_norms(copy.deepcopy(model))


def _local_norms(module: nn.Module) -> nn.Module:
    for name, child in module.named_children():
        setattr(module, name, _local_norms(child))
    if isinstance(module, nn.SyncBatchNorm):
        module.__class__ = _AnyBatchNorm  # type: ignore[assignment]
    return module


class _AnyBatchNorm(nn.modules.batchnorm._BatchNorm):
    def _check_input_dim(self, input: torch.Tensor) -> None:
        """Every shape is allowed."""


def inner(optimizer: Any) -> torch.optim.Optimizer:
    """The torch optimiser inside a wrapper that carries it as ``optimizer``."""
    while not isinstance(optimizer, torch.optim.Optimizer) or type(optimizer).__name__ == "AcceleratedOptimizer":
        if not hasattr(optimizer, "optimizer"):
            raise ValueError(f"optimizer: {type(optimizer).__name__} is not allowed; a torch.optim.Optimizer is expected")
        optimizer = optimizer.optimizer
    return optimizer
