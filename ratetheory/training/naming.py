"""Names of parameters and modules without what wrappers put before them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

_WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")


def plain(name: str) -> str:
    """The name in the model itself: without the prefixes of data parallelism, compilation, sharding and checkpointing."""
    for prefix in _WRAPPERS:
        name = name.replace(prefix, "")
    return name


def _layers(model: nn.Module) -> Iterator[nn.Module]:
    yield model
    while True:
        if hasattr(model, "_orig_mod"):
            model = model._orig_mod  # type: ignore[assignment]
        elif isinstance(model, nn.parallel.DistributedDataParallel | nn.DataParallel):
            model = model.module
        else:
            return
        yield model


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside ``torch.compile`` and ``DistributedDataParallel``."""
    return list(_layers(model))[-1]


def replicated(model: nn.Module) -> nn.parallel.DistributedDataParallel | None:
    """The ``DistributedDataParallel`` around a model, compiled or not, if there is one."""
    return next((m for m in _layers(model) if isinstance(m, nn.parallel.DistributedDataParallel)), None)


def named_tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """The parameters of an unwrapped model by their plain names; tied ones once, under the first."""
    return {plain(name): parameter for name, parameter in model.named_parameters()}


def sharded(model: nn.Module) -> bool:
    """Whether a model's parameters are spread over processes: FSDP, or tensors of ``torch.distributed.tensor``."""
    spread = any(hasattr(module, "reshard") and hasattr(module, "unshard") for module in model.modules())
    return spread or any(hasattr(p, "to_local") or type(p).__name__ == "FlatParameter" for p in model.parameters())
