"""The squared norms of blocks at checkpoints, enclosed, and how the weights were rounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import torch

from ratetheory.numeric import balls
from ratetheory.numeric.norm_certificate import PRECISION, rounded_when_stored
from ratetheory.numeric.squares import squared_norms
from ratetheory.observation.families import Family
from ratetheory.training.slices import check_fits, sliced
from ratetheory.training.weights import BITS, load_weights

Ball = Any
Tensors = dict[str, torch.Tensor]
_CHUNK = 2**18


class Norms:
    """Squared norms of all blocks at all checkpoints, the units of rounding, and which blocks did not change in a window."""

    def __init__(self, families: Sequence[Family], paths: Sequence[str], bits: int | None) -> None:
        names = list(dict.fromkeys(m.parameter for f in families for m in f.members))
        self.squared: list[dict[str, list[Ball]]] = []
        self.unchanged: list[dict[str, list[bool]]] = []
        formats: list[dict[str, torch.dtype]] = []
        before: Tensors = {}
        for path in paths:
            tensors = load_weights(path, names)
            _check_shapes(families, tensors, before, path, paths[0])
            self.squared.append({f.name: _squared(f, tensors, path) for f in families})
            if before:
                self.unchanged.append({f.name: _same(f, before, tensors) for f in families})
            formats.append({name: tensor.dtype for name, tensor in tensors.items()})
            before = tensors
        used = {dtype for known in formats for dtype in known.values()}
        self.format = str(min(used, key=BITS.__getitem__)).removeprefix("torch.")
        self._bits = [{f.name: min(BITS[known[m.parameter]] for m in f.members) for f in families} for known in formats]
        self._run = bits
        self._paths = paths

    def zero(self, family: Family, block: int) -> str | None:
        """The first checkpoint in which the block is zero; ``None`` if none."""
        return next((path for path, S in zip(self._paths, self.squared, strict=True) if not S[family.name][block] > 0), None)

    def unit(self, family: Family) -> Fraction:
        """What rounding a stored weight of the run may change, as a share of it."""
        return Fraction(1, 2 ** (self._run or min(bits[family.name] for bits in self._bits)))

    def at(self, checkpoint: int, family: Family) -> list[Ball]:
        """The squared norms of the run's own weights: enclosed where a checkpoint keeps them coarser than the run does."""
        stored, squared = Fraction(1, 2 ** self._bits[checkpoint][family.name]), self.squared[checkpoint][family.name]
        return [rounded_when_stored(S, stored) for S in squared] if stored > self.unit(family) else squared


def _check_shapes(families: Sequence[Family], tensors: Tensors, before: Tensors, path: str, first: str) -> None:
    for name, tensor in before.items():
        if tensor.shape != tensors[name].shape:
            raise ValueError(
                f"{path}: {name} has shape {tuple(tensors[name].shape)}, before {tuple(tensor.shape)}; checkpoints of one run, "
                f"such as {first}, are expected"
            )
    for family in families:
        try:
            check_fits(family, tensors)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None


def _pieces(tensor: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
    """A matrix in pieces that fit a cache, each with the number of its first row."""
    rows = max(1, _CHUNK // max(1, tensor.shape[1]))
    for first in range(0, tensor.shape[0], rows):
        for piece in tensor[first : first + rows].split(_CHUNK, dim=1):
            yield first, piece


def _squared(family: Family, tensors: Tensors, path: str) -> list[Ball]:
    names = family.block_names()
    total: list[Ball] = [0] * family.parts
    with balls.working_precision(PRECISION):
        for member in family.members:
            tensor = tensors[member.parameter]
            for first, piece in _pieces(sliced(member, tensor, family.parts)):
                try:
                    found = squared_norms(piece.to(torch.float64).numpy(), BITS[tensor.dtype])
                except ValueError as error:
                    block = names[first + int(str(error))]
                    raise ValueError(f"{path}: {member.parameter}: block {block} has entries that are not finite") from None
                for j, S in enumerate(found, first):
                    total[j] = total[j] + S
    return total


def _same(family: Family, before: Tensors, after: Tensors) -> list[bool]:
    same = torch.ones(family.parts, dtype=torch.bool)
    for member in family.members:
        one, other = (sliced(member, tensors[member.parameter], family.parts) for tensors in (before, after))
        same &= (one == other).all(dim=1) if one.dtype == other.dtype else torch.zeros(family.parts, dtype=torch.bool)
    return [bool(entry) for entry in same]
