"""One step of a run as sums over blocks: everything stays on the device until ``drain``, and little is done before it."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

import torch
from torch import nn
from torch._utils import _flatten_dense_tensors

from ratetheory.observation.families import Family
from ratetheory.training.monitor import rules
from ratetheory.training.monitor.chunk import SUMS, Chunk, Entries, Linear, scratch_for
from ratetheory.training.monitor.law_set import LawSet, Note
from ratetheory.training.monitor.layout import Layout, layouts, local
from ratetheory.training.monitor.rules import Rule
from ratetheory.training.monitor.sharing import Sharing

CHUNK = 2**20
"""Entries that a device works on at once: as many as keep launches few and memory small."""
FEW = 2**13
"""Entries of scale-variant gradients up to which they are copied together to take one norm instead of many."""


_NOTHING = Linear(0.0, 0.0, 0.0, 0.0, ())
"""The plan of what does not move."""


class Step(NamedTuple):
    """What the host knows of a step without asking the device: the rule of each parameter group, passes, what was unusual.

    ``late``: the laws came into being during the step, or weights were replaced in it: none is claimed.
    ``precision``: for each family the roundoffs of its gradients' factors and of their sums, and how many outputs add up.
    """

    rules: tuple[Rule, ...]
    passes: int
    evaluated: tuple[nn.Module, ...]
    precision: tuple[tuple[float, float, float], ...]
    with_loss: bool
    late: bool = False


@dataclass(frozen=True)
class Drained:
    """Steps on the device: norms before the first, (blocks,), and (steps, ...) of all else.

    ``sums``: those of ``chunk.SUMS``, (steps, k, blocks). ``law``, ``scale``: eps laws,
    (steps, blocks), NaN where not all is known. ``scalars``: |grad_g f|^2, the loss, and of the probe <final, first>,
    <final, final>, <first, first>; last how many processes gave a loss.
    """

    steps: tuple[Step, ...]
    norms: torch.Tensor
    sums: torch.Tensor
    law: torch.Tensor
    scale: torch.Tensor
    scalars: torch.Tensor

    def tensors(self) -> tuple[torch.Tensor, ...]:
        """All that lies on the device, in the order of the fields."""
        return self.norms, self.sums, self.law, self.scale, self.scalars


def _only_device(devices: Mapping[str, torch.device]) -> torch.device:
    """The device on which all lie; ``ValueError`` for several, or for one without memory."""
    found = sorted({str(device) for device in devices.values()})
    if len(found) != 1 or found[0] == "meta":
        raise ValueError(f"model: watched parameters lie on {', '.join(found)}; one device, with memory, is allowed")
    return next(iter(devices.values()))


def entries(made: Sequence[Layout], named: Mapping[str, torch.Tensor], device: torch.device) -> list[Entries]:
    """Of each layout its entries: read where they lie on the host, or in few calls on another device."""
    if device.type == "cpu":
        from ratetheory.training.monitor.host import HostEntries

        return [HostEntries(layout, [named[s.parameter] for s in layout.segments]) for layout in made]
    scratch = scratch_for(made, device)
    return [Chunk(layout, [named[s.parameter] for s in layout.segments], scratch) for layout in made]


class Recorder:
    """Records the blocks of some families. Around every update: ``before`` (gradients are final), ``after`` (weights moved)."""

    @torch.no_grad()
    def __init__(
        self,
        model: nn.Module,
        named: Mapping[str, torch.Tensor],
        families: Sequence[Family],
        optimizers: Sequence[torch.optim.Optimizer],
        sharing: Sharing,
        laws: LawSet | None = None,
    ) -> None:
        self.families, self.optimizers, self.sharing = tuple(families), tuple(optimizers), sharing
        self.named = dict(named)
        self.modules = dict(model.named_modules())
        self.blocks = sum(f.parts for f in families)
        self.device = _only_device({name: named[name].device for f in families for name in (m.parameter for m in f.members)})
        self.groups = [(o, i) for o in optimizers for i in range(len(o.param_groups))]
        watched = {m.parameter for f in families for m in f.members}
        group_of = self._group_of(watched)
        self.group_of_block = [group_of[f.members[0].parameter] for f in families for _ in range(f.parts)]
        self.mixed = [f.name for f in families if len({group_of[m.parameter] for m in f.members}) > 1]
        self.chunks = entries(layouts(families, named, group_of, CHUNK), named, self.device)
        self._resting = any(chunk.layout.group == len(self.groups) for chunk in self.chunks)
        ids = {id(named[name]) for name in watched}
        self.others = [p for p in named.values() if p.requires_grad and id(p) not in ids]
        self.few = sum(local(p).numel() for p in self.others) <= FEW
        mover = {id(p): o for o in optimizers for group in o.param_groups for p in group["params"]}
        # those that no optimiser moves are read with those of the first
        self.others_of = {o: [p for p in self.others if mover.get(id(p), optimizers[0]) is o] for o in optimizers}
        self.laws = laws or LawSet(model, families, named)
        self._rules: dict[int, tuple[tuple[object, ...], Rule]] = {}
        owners = {mover.get(id(p)) for p in self.laws.probe.parameters}
        self._reader = owners.pop() if len(owners) == 1 else None
        self._without_graph = torch.no_grad()
        self.norms = self._norms()
        self._clear()
        self.read: list[torch.optim.Optimizer] = []

    def _clear(self) -> None:
        self.sums: list[torch.Tensor] = []
        self.notes: list[Note] = []
        self.variant: list[tuple[tuple[torch.Tensor, int], ...]] = []
        self.losses: list[torch.Tensor] = []
        self.steps: list[Step] = []

    def _group_of(self, watched: set[str]) -> dict[str, int]:
        """The number of the parameter group of each watched parameter; one more for those that no optimiser moves."""
        of_id = {id(p): n for n, (o, i) in enumerate(self.groups) for p in o.param_groups[i]["params"]}
        return {name: of_id.get(id(self.named[name]), len(self.groups)) for name in watched}

    def replace(self, name: str, old: torch.Tensor, new: torch.Tensor) -> None:
        """Follow a parameter that has been replaced by one of the same shape."""
        self.named[name] = new
        self.laws.follow(old, new)
        for chunk in self.chunks:
            chunk.parameters = [new if p is old else p for p in chunk.parameters]

    def take_over(self, old: Recorder) -> None:
        """Go on from where a drained recorder of the same blocks has come to."""
        self.norms = old.norms
        if self.group_of_block == old.group_of_block:
            self.chunks = old.chunks

    def close(self) -> None:
        """Remove the hooks."""
        self.laws.close()

    def __len__(self) -> int:
        return len(self.sums)

    @property
    def pending(self) -> bool:
        """Whether an optimiser was about to step and ``after`` has not been called since."""
        return bool(self.read)

    def drop(self) -> None:
        """Forget a pending step that was never made."""
        self.read = []

    @torch.no_grad()
    def moved(self) -> bool:
        """Whether any weights are others than before the pending step; waits for the device."""
        return any(
            not torch.equal(old, s.select(local(parameter)).to(old.dtype).view(s.shape))
            for chunk in self.chunks
            for old, s, parameter in zip(chunk.weight_views, chunk.layout.segments, chunk.parameters, strict=True)
        )

    @property
    def moves(self) -> bool:
        """Whether the optimisers hold any of the blocks."""
        return min(self.group_of_block) < len(self.groups)

    @property
    def regrouped(self) -> bool:
        """Whether parameter groups have been added: a new recorder is needed."""
        return len(self.groups) != sum(len(o.param_groups) for o in self.optimizers)

    def stale(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether a step of this optimiser is another one than the pending one: its second, or one after a backward pass."""
        return optimizer in self.read or (self.pending and self.laws.task != self.task)

    def before(self, optimizer: torch.optim.Optimizer | None = None) -> None:
        """Read gradients and momentum buffers of an optimiser that is about to step, and plan its update."""
        # made once: entering costs a tenth of a decorator, which makes one at every call
        with self._without_graph:
            self._before(optimizer or self.optimizers[0])

    def _before(self, optimizer: torch.optim.Optimizer) -> None:
        first = not self.read
        if first:
            self._begin(optimizer)
        # fused optimisers undo the loss scaling themselves, inside the step
        scale = getattr(optimizer, "grad_scale", None)
        for number, (of, _) in enumerate(self.groups):
            if of is optimizer:
                self.now[number] = self._rule(number)
        for chunk in self.chunks:
            if chunk.layout.group < len(self.groups) and self.groups[chunk.layout.group][0] is optimizer:
                chunk.before(self._linear(chunk), scale)
        # before anything moves; and again by the one that moves all of it, when its gradients are final
        self._note(optimizer, scale, first or optimizer is self._reader)
        self.read.append(optimizer)

    def _begin(self, optimizer: torch.optim.Optimizer) -> None:
        """All that this optimiser does not move is read as if nobody did; another one may follow."""
        self.now = [rules.STILL] * len(self.groups)
        self.of_others: dict[torch.optim.Optimizer, tuple[torch.Tensor, int]] = {}
        self.precision = self.laws.precision(self.sharing.size)
        self.passes, self.task, self.evaluated = self.laws.passes, self.laws.task, tuple(self.laws.evaluated)
        self.late = self.laws.late
        for chunk in self.chunks if len(self.optimizers) > 1 or self._resting else ():
            if chunk.layout.group >= len(self.groups) or self.groups[chunk.layout.group][0] is not optimizer:
                chunk.before(_NOTHING, None)
        for other in self.optimizers:
            if other is not optimizer:
                self._note(other, None, reads=False)

    def _note(self, optimizer: torch.optim.Optimizer, scale: torch.Tensor | None, reads: bool) -> None:
        """Copy the gradients of the other parameters of an optimiser, and if it ``reads`` what the laws and the probe say."""
        copied, entries = self._copied(self.others_of[optimizer], reads)
        if reads:
            note = self.laws.note(copied)
            if scale is not None and note.look is not None:
                note = note._replace(look=note.look.divided(scale, self.laws.probe.held))
            self.noted = note
        self.of_others[optimizer] = copied if scale is None else copied / scale, entries

    def _rule(self, number: int) -> Rule:
        """The rule of a parameter group; looked up again when any of its settings is another object."""
        optimizer, index = self.groups[number]
        settings = optimizer.param_groups[index].values()
        kept = self._rules.get(number)
        if kept is not None and all(map(operator.is_, settings, kept[0])):
            return kept[1]
        rule = rules.rule_of(optimizer, optimizer.param_groups[index])
        if isinstance(rule.rate, torch.Tensor):
            return replace(rule, rate=rule.rate.detach().clone())
        if not rule.momentum or rule.buffer:
            self._rules[number] = tuple(settings), rule
        return rule

    def _linear(self, chunk: Entries) -> Linear | None:
        """The plan of the chunk's group where it is known before the step."""
        group = chunk.layout.group
        rule, optimizer = self.now[group], self.groups[group][0]
        if rule.when != rules.BEFORE:
            return None
        linear = rules.linear_plan(rule, optimizer, chunk.parameters)
        if linear.first is not None:
            self.now[group] = replace(rule, mixed=True)
        return linear

    def _copied(self, parameters: Sequence[torch.Tensor], reads: bool) -> tuple[torch.Tensor, int]:
        """In one copy the gradients of some parameters and, if it ``reads``, what the probe keeps; how many the first are.

        Of many gradients only the norms of their parts.
        """
        gradients, kept = [p.grad for p in parameters if p.grad is not None], self.laws.probe.kept() if reads else []
        if self.sharing.shards is not None:
            gradients = [local(gradient) for gradient in gradients]
        if not self.few:
            gradients = list(torch._foreach_norm(gradients, 2, dtype=torch.float64)) if gradients else []
        entries = sum(gradient.numel() for gradient in gradients)
        parts = [*gradients, *kept]
        return _flatten_dense_tensors(parts) if parts else torch.zeros(0, device=self.device), entries

    def after(self, loss: torch.Tensor | float | None, late: bool = False) -> None:
        """Read the new weights and finish the record of the step; ``late``: the next one may have had its backward pass."""
        self.read = []
        with self._without_graph:
            self.sums.append(self._over_blocks([self._after(chunk) for chunk in self.chunks], len(SUMS)))
        self.losses.append(_kept(0.0 if loss is None else loss, self.device))
        self.notes.append(self.noted)
        self.variant.append(tuple(self.of_others.values()))
        self.steps.append(Step(tuple(self.now), self.passes, self.evaluated, self.precision, loss is not None, self.late))
        if not late or self.laws.task == self.task:
            self.laws.reset()

    def _after(self, chunk: Entries) -> torch.Tensor:
        if chunk.layout.group < len(self.groups) and self.now[chunk.layout.group].when == rules.AFTER:
            optimizer = self.groups[chunk.layout.group][0]
            rules.plan_adam(self.now[chunk.layout.group], optimizer, chunk)
        return chunk.sums()

    def _over_blocks(self, sums: list[torch.Tensor], kinds: int) -> torch.Tensor:
        """The sums over the units of all chunks as sums over blocks, (kinds, blocks)."""
        if len(self.chunks) == 1 and self.chunks[0].layout.in_order:
            return sums[0]
        found = torch.zeros(kinds, self.blocks, dtype=torch.float64, device=self.device)
        for chunk, part in zip(self.chunks, sums, strict=True):
            found.index_add_(1, chunk.layout.blocks, part)
        return found

    def _norms(self) -> torch.Tensor:
        return self.sharing.over_shards(self._over_blocks([c.first_norms() for c in self.chunks], 1)[0])

    @torch.no_grad()
    def drain(self) -> Drained:
        """The steps since the last ``drain``; nothing is copied to the host."""
        sums = self.sharing.over_shards(torch.stack(self.sums))
        predicted = self.laws.evaluate(self.notes, self.device)
        losses = torch.stack([l.to(self.device, torch.float64).reshape(()) for l in self.losses])
        # given at every step or never
        gave = torch.full_like(losses, self.steps[0].with_loss)
        parts = [predicted.radial, predicted.scale, losses[:, None], gave[:, None], predicted.first]
        of_law, of_scale, loss, gave, first = self.sharing.over_processes(torch.cat(parts, dim=1)).split(
            [part.shape[1] for part in parts], dim=1
        )
        probe = self.laws.probe
        first, final = first[:, probe.start : probe.start + probe.held], predicted.final
        variant = torch.stack([_squares(rows) for rows in zip(*self.variant, strict=True)]).sum(0)
        products = torch.stack([variant, (final * first).sum(1), final.square().sum(1), first.square().sum(1)], dim=1)
        of_shards = self.sharing.over_shards(products)
        scalars = torch.cat([of_shards[:, :1], loss / gave, of_shards[:, 1:], gave], dim=1)
        found = Drained(tuple(self.steps), self.norms, sums, of_law, of_scale, scalars)
        self.norms = sums[-1, SUMS.index("next_squared_norm")].clone()
        self._clear()
        self.laws.look_again()
        return found


def _squares(rows: Sequence[tuple[torch.Tensor, int]]) -> torch.Tensor:
    """The sum of squares of so many first entries of each row; rows of one length are taken together."""
    found = []
    for (_, entries), some in groupby(rows, key=lambda row: (len(row[0]), row[1])):
        found.append(torch.stack([row for row, _ in some])[:, :entries].double().square().sum(1))
    return torch.cat(found)


def _kept(loss: torch.Tensor | float, device: torch.device) -> torch.Tensor:
    """The loss as it is now: a sum of losses apart from their graphs may be cleared in place."""
    if not isinstance(loss, torch.Tensor):
        # a fill of the device's memory, where a copy from the host would wait
        return torch.full((), loss, dtype=torch.float64, device=device)
    return loss.detach() if loss.requires_grad else loss.clone()
