"""Sums over processes: of replicated models what each process computes from its own batch, of sharded ones what each holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ratetheory.training.naming import replicated


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
    def reachable(self) -> bool:
        """Whether sums can still be taken: the processes have not been dismissed."""
        return self.processes is None or torch.distributed.is_initialized()

    @property
    def writes(self) -> bool:
        """Whether this process writes the trace."""
        return self.processes is None or torch.distributed.get_rank(self.processes) == 0


def _summed(values: torch.Tensor, group: Any) -> torch.Tensor:
    if group is not None:
        torch.distributed.all_reduce(values, group=group)
    return values


def sharing_of(model: torch.nn.Module, named: Mapping[str, torch.Tensor]) -> Sharing:
    """How a model is spread: ``DistributedDataParallel``, sharded parameters (DTensor), or not at all.

    ``ValueError`` unless all parameters are sharded, each over one and the same dimension of a mesh, or none is.
    """
    first = next((p for p in named.values() if hasattr(p, "to_local")), None)
    if first is None:
        replicas = replicated(model)
        return Sharing() if replicas is None else Sharing(replicas.process_group)
    mesh, cut = first.device_mesh, _cut(first)  # type: ignore[attr-defined]
    for name, parameter in named.items():
        if (
            not hasattr(parameter, "to_local")
            or getattr(parameter, "device_mesh", None) != mesh
            or _cut(parameter) != cut
            or len(cut) != 1
        ):
            raise ValueError(
                f"model: {name} is not sharded like the others; all over one dimension of a mesh, or none, is allowed"
            )
    return Sharing(torch.distributed.group.WORLD, mesh.get_group(cut[0]))


def _cut(parameter: Any) -> list[int]:
    return [dimension for dimension, placement in enumerate(parameter.placements) if placement.is_shard()]


def alike(sharing: Sharing, make: Callable[[], Any]) -> Any:
    """What ``make`` returns on the process that writes, on all processes; ``ValueError`` on all if it raises one there."""
    if sharing.processes is None:
        return make()
    found: list[Any] = [None, None]
    if sharing.writes:
        try:
            found[0] = make()
        except ValueError as error:
            found[1] = str(error)
    source = torch.distributed.get_global_rank(sharing.processes, 0)
    torch.distributed.broadcast_object_list(found, src=source, group=sharing.processes)
    if found[1] is not None:
        raise ValueError(found[1])
    return found[0]


def unshared(sharing: Sharing) -> int:
    """How many processes there are where a model is not spread over them."""
    distributed = torch.distributed
    there = sharing.processes is None and distributed.is_available() and distributed.is_initialized()
    return distributed.get_world_size() if there else 1
