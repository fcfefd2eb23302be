"""Rows of the table from candidates: names, sizes, disjoint choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch

from ratetheory.observation.families import Blocks, Family, FamilyVerdict, Member
from ratetheory.training.blocks.candidates import Candidate
from ratetheory.training.blocks.cuts import Atom

_NAME_LIMIT = 170


def length(w: torch.Tensor, axis: int) -> int:
    """Entries along an axis; a number has one."""
    return w.shape[axis] if w.dim() else 1


def is_whole(m: Member, parameters: Mapping[str, torch.Tensor]) -> bool:
    """Whether the member is all of its parameter."""
    return (m.start, m.stop) == (0, length(parameters[m.parameter], m.axis))


def label(m: Member, parameters: Mapping[str, torch.Tensor]) -> str:
    """The parameter, and which part of it."""
    if is_whole(m, parameters):
        return m.parameter
    return f"{m.parameter}[{m.start}:{m.stop}]" if m.axis == 0 else f"{m.parameter}[axis {m.axis}, {m.start}:{m.stop}]"


def family(
    members: Sequence[Member],
    parts: int,
    verdict: FamilyVerdict,
    parameters: Mapping[str, torch.Tensor],
    taken: Sequence[str] = (),
) -> Family:
    """A row without reason; its unit is that of whole pieces until it is known better."""
    labels = [label(m, parameters) for m in members]
    name = "+".join(labels)
    if len(name) > _NAME_LIMIT:
        name = f"{labels[0][: _NAME_LIMIT - 40]}+{len(labels) - 1} more"
    number, base = 2, name
    while name in taken:
        name, number = f"{base} #{number}", number + 1
    entries = sum(
        (m.stop - m.start) * parameters[m.parameter].numel() // length(parameters[m.parameter], m.axis) for m in members
    )
    return Family(name, verdict, "layer", parts, entries // parts, tuple(members), "")


def of_candidates(found: Sequence[Candidate], verdict: FamilyVerdict, parameters: Mapping[str, torch.Tensor]) -> list[Family]:
    """A row for every candidate, with names of their own."""
    rows: list[Family] = []
    for candidate in found:
        rows.append(family(candidate.members, candidate.parts, verdict, parameters, [r.name for r in rows]))
    return rows


def of_atom(atom: Atom, parameters: Mapping[str, torch.Tensor]) -> Family:
    """The row of a piece that is not invariant."""
    return family([Member(atom.parameter, atom.axis, atom.start, atom.stop)], 1, "not", parameters)


def without_gradient(
    silent: Sequence[str], quiet: Sequence[Atom], parameters: Mapping[str, torch.Tensor], by_index: bool = False
) -> list[Family]:
    """The rows of whole parameters and of slices; ``by_index``: one block an index of the first axis."""
    members = [Member(name, 0, 0, length(parameters[name], 0)) for name in silent]
    members += [Member(atom.parameter, atom.axis, atom.start, atom.stop) for atom in quiet]
    return [family([m], m.stop - m.start if by_index else 1, "dead", parameters) for m in members]


def unjudged(parameters: Mapping[str, torch.Tensor]) -> tuple[list[Family], list[str]]:
    """Rows of parameters of complex or integer numbers, and a note that names them."""
    found = []
    for name, p in parameters.items():
        kind = "complex" if p.is_complex() else "integers"
        f = family([Member(name, 0, 0, length(p, 0))], 1, "not", parameters)
        found.append(replace(f, reason=f"not judged: its entries are {kind}, and rescaling is tried on real ones only"))
    listed = ", ".join(f.name for f in found[:10]) + (f" and {len(found) - 10} more" if len(found) > 10 else "")
    return found, [f"not judged, as they are not real numbers: {listed}"] if found else []


def disjoint(rows: Sequence[Family]) -> Iterator[list[Family]]:
    """The rows in batches that share no entry, so that each batch can be rescaled at once."""
    left = list(rows)
    while left:
        chosen = list(Blocks(tuple(left)).invariant)
        yield chosen
        names = {f.name for f in chosen}
        left = [f for f in left if f.name not in names]
