"""Names of parameters and modules without what wrappers put before them."""

from __future__ import annotations

import torch
from torch import nn

_WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")


def plain(name: str) -> str:
    """The name in the model itself: without the prefixes of data parallelism, compilation, sharding and checkpointing."""
    for prefix in _WRAPPERS:
        name = name.replace(prefix, "")
    return name


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside ``torch.compile`` and ``DistributedDataParallel``."""
    while True:
        if hasattr(model, "_orig_mod"):
            model = model._orig_mod  # type: ignore[assignment]
        elif isinstance(model, nn.parallel.DistributedDataParallel | nn.DataParallel):
            model = model.module
        else:
            return model


def named_tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """The parameters of an unwrapped model by their plain names; tied ones once, under the first."""
    return {plain(name): parameter for name, parameter in model.named_parameters()}
