"""Sums over processes: of replicated models what each process computes from its own batch, of sharded ones what each holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Sharing:
    """``processes``: the group over which gradients are averaged; ``shards``: the one over which parameters are cut."""

    processes: Any = None
    shards: Any = None

    def over_processes(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over all processes of what each computes from its own samples."""
        return _summed(values, self.processes)

    def over_shards(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over the shards of what each process computes from the entries that it holds."""
        return _summed(values, self.shards)

    @property
    def size(self) -> int:
        """The number of processes."""
        return 1 if self.processes is None else torch.distributed.get_world_size(self.processes)

    @property
    def writes(self) -> bool:
        """Whether this process writes the trace."""
        return self.processes is None or torch.distributed.get_rank(self.processes) == 0


def _summed(values: torch.Tensor, group: Any) -> torch.Tensor:
    if group is not None:
        torch.distributed.all_reduce(values, group=group)
    return values


def sharing_of(model: torch.nn.Module, parameters: Iterable[torch.Tensor]) -> Sharing:
    """How a model is spread: ``DistributedDataParallel``, sharded parameters (DTensor), or not at all."""
    sharded = [p for p in parameters if hasattr(p, "to_local")]
    if sharded:
        mesh, group = sharded[0].device_mesh, None  # type: ignore[attr-defined]
        for dimension, placement in enumerate(sharded[0].placements):  # type: ignore[attr-defined]
            if placement.is_shard():
                group = mesh.get_group(dimension)
        return Sharing(torch.distributed.group.WORLD, group)
    if isinstance(model, torch.nn.parallel.DistributedDataParallel):
        return Sharing(model.process_group)
    return Sharing()
