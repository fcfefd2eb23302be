"""The blocks of a family as the rows of a matrix."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from ratetheory.observation.families import Family, Member


def sliced(member: Member, tensor: torch.Tensor, parts: int) -> torch.Tensor:
    """The slices of one member as rows, (parts, entries); a view where the layout allows one."""
    moved = tensor.movedim(member.axis, 0) if tensor.dim() > 1 else tensor.reshape(-1)
    return moved[member.start : member.stop].reshape(parts, -1)


def rows(family: Family, tensors: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """The blocks of a family as rows, (parts, dimension), from tensors by the name of their parameter."""
    pieces = [sliced(member, tensors[member.parameter], family.parts) for member in family.members]
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=1)


def check_fits(family: Family, tensors: Mapping[str, torch.Tensor]) -> None:
    """``ValueError`` naming the first member that the tensors do not have, or not of its shape."""
    dimension = 0
    for member in family.members:
        if member.parameter not in tensors:
            raise ValueError(
                f"blocks: {family.name}: there is no tensor {member.parameter!r}; the model of the table is expected"
            )
        shape = tuple(tensors[member.parameter].shape)
        axes = shape or (1,)
        if member.axis >= len(axes) or member.stop > axes[member.axis]:
            raise ValueError(
                f"blocks: {family.name}: {member.parameter!r} has shape {shape}, which does not have entries "
                f"{member.start} to {member.stop} along axis {member.axis}; the model of the table is expected"
            )
        dimension += (member.stop - member.start) // family.parts * (tensors[member.parameter].numel() // axes[member.axis])
    if dimension != family.dimension:
        raise ValueError(
            f"blocks: {family.name}: {dimension} entries a block, the table says {family.dimension}; "
            "the model of the table is expected"
        )


def scatter(family: Family, matrix: torch.Tensor, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write the blocks of a family, given as rows, into tensors by the name of their parameter: undoes ``rows``."""
    first = 0
    for member in family.members:
        tensor = tensors[member.parameter]
        moved = tensor.movedim(member.axis, 0) if tensor.dim() > 1 else tensor.view(-1)
        target = moved[member.start : member.stop]
        width = target.numel() // family.parts
        target.copy_(matrix[:, first : first + width].reshape(target.shape))
        first += width
