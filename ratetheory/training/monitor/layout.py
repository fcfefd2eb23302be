"""The watched blocks as one flat buffer: copying tensors in, sums over blocks out, few calls for many layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from ratetheory.observation.families import Family, Member


@dataclass(frozen=True)
class Segment:
    """One member of a family, or the part of it that lies on this process.

    ``shape`` is that of the selected entries, ``units`` rows of which the first dimension consists (after ``axis`` has moved
    to the front), ``blocks`` the block to which each unit belongs.
    """

    parameter: str
    select: Callable[[torch.Tensor], torch.Tensor]
    shape: tuple[int, ...]
    units: int
    blocks: torch.Tensor

    @property
    def size(self) -> int:
        """The number of entries."""
        size = 1
        for length in self.shape:
            size *= length
        return size


def local(tensor: torch.Tensor) -> torch.Tensor:
    """What this process holds of a tensor: of a sharded one (DTensor) its shard, never a silent whole."""
    if type(tensor) in _PLAIN:
        return tensor
    return tensor.to_local() if hasattr(tensor, "to_local") else tensor


_PLAIN = (torch.Tensor, torch.nn.Parameter)


def shard(tensor: torch.Tensor) -> tuple[int, int]:
    """First index and number of the rows along axis 0 that this process holds; ``ValueError`` for another sharding."""
    rows = tensor.shape[0] if tensor.dim() else 1
    if not hasattr(tensor, "to_local"):
        return 0, rows
    from torch.distributed.tensor import Replicate, Shard
    from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

    for placement in tensor.placements:  # type: ignore[attr-defined]
        if not isinstance(placement, Replicate) and not (isinstance(placement, Shard) and placement.dim == 0):
            raise ValueError(f"model: a parameter is placed by {placement}; replicated, or sharded along axis 0, is allowed")
    shape, offset = compute_local_shape_and_global_offset(tensor.shape, tensor.device_mesh, tensor.placements)  # type: ignore[attr-defined]
    return int(offset[0]), int(shape[0])


def segment(member: Member, parts: int, tensor: torch.Tensor, first_block: int) -> Segment:
    """The segment of a member whose family's blocks are numbered from ``first_block``."""
    start, rows = shard(tensor)
    held = local(tensor)
    whole = member.axis == 0 and member.start <= start and start + rows <= member.stop
    per_block = (member.stop - member.start) // parts
    if member.axis == 0:
        low, high = max(member.start, start) - start, min(member.stop, start + rows) - start
        index = torch.arange(low + start, max(high, low) + start, device=held.device)
    else:
        low, high = member.start, member.stop
        index = torch.arange(low, high, device=held.device)
    high = max(high, low)

    def select(full: torch.Tensor) -> torch.Tensor:
        if whole:
            return full
        moved = full.movedim(member.axis, 0) if full.dim() > 1 else full.reshape(-1)
        return moved[low:high]

    shape = tuple(select(held).shape) or (1,)
    blocks = (index - member.start) // per_block
    units = len(blocks)
    if units and units % parts == 0 and units == member.stop - member.start:
        # every block lies here as a whole: one unit each
        blocks, units = torch.arange(parts, device=held.device), parts
    return Segment(member.parameter, select, shape, units, first_block + blocks)


@dataclass(frozen=True)
class Layout:
    """Segments that one parameter group updates, one after the other in flat buffers."""

    segments: tuple[Segment, ...]
    group: int
    total: int
    blocks: torch.Tensor
    in_order: bool

    def buffer(self, rows: int | None = None) -> torch.Tensor:
        """A flat buffer in double precision, or several."""
        shape = (self.total,) if rows is None else (rows, self.total)
        return torch.zeros(shape, dtype=torch.float64, device=self.blocks.device)

    def views(self, flat: torch.Tensor) -> list[torch.Tensor]:
        """The buffer cut into the segments' shapes."""
        pieces = flat.split([s.size for s in self.segments])
        return [piece.view(s.shape) for piece, s in zip(pieces, self.segments, strict=True)]

    def unit_views(self, products: torch.Tensor) -> list[torch.Tensor]:
        """Several buffers (k, total) cut into segments of (k, units, entries)."""
        pieces = products.split([s.size for s in self.segments], dim=1)
        return [piece.view(len(products), s.units, -1) for piece, s in zip(pieces, self.segments, strict=True)]

    def sums(self, pieces: Sequence[torch.Tensor]) -> torch.Tensor:
        """Sums over units: of the segments (k, units, entries) to (k, all units)."""
        return torch.cat([piece.sum(2) for piece in pieces], dim=1)


def layouts(
    families: Sequence[Family], tensors: Mapping[str, torch.Tensor], group_of: Mapping[str, int], limit: int
) -> list[Layout]:
    """Layouts of at most ``limit`` entries each (or of one segment); blocks are numbered over all families in their order."""
    found: dict[int, list[list[Segment]]] = {}
    first = 0
    for family in families:
        for member in family.members:
            new = segment(member, family.parts, tensors[member.parameter], first)
            chunks = found.setdefault(group_of[member.parameter], [[]])
            if chunks[-1] and sum(s.size for s in chunks[-1]) + new.size > limit:
                chunks.append([])
            if new.size and new.units:
                chunks[-1].append(new)
        first += family.parts
    return [_layout(chunk, group, first) for group, chunks in found.items() for chunk in chunks if chunk]


def _layout(segments: list[Segment], group: int, blocks: int) -> Layout:
    index = torch.cat([s.blocks for s in segments])
    in_order = len(index) == blocks and bool((index.cpu() == torch.arange(blocks)).all())
    return Layout(tuple(segments), group, sum(s.size for s in segments), index, in_order)
