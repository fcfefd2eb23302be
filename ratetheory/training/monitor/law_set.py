"""All eps laws of a model under one roof: what they predict of every block at a step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import NamedTuple

import torch
from torch import nn

from ratetheory.observation.families import Family, Norm
from ratetheory.training.monitor.laws import ActivationLaw, GainLaw, Law, Pass, rounding_scale
from ratetheory.training.monitor.passes import Passes
from ratetheory.training.monitor.places import Places, alike
from ratetheory.training.monitor.probe import GainsProbe, Look, ParameterProbe, Probe, ShardedProbe
from ratetheory.training.naming import plain


class Note(NamedTuple):
    """What a step leaves of its laws, small tensors on the device: of each law its passes; which are not known; the probe's."""

    gains: tuple[tuple[int, tuple[Pass, ...]], ...]
    activations: tuple[tuple[int, tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]], ...]
    unknown: tuple[int, ...]
    look: Look | None

    @property
    def shape(self) -> tuple[object, ...]:
        """Equal for notes that can be evaluated together."""
        counts = tuple([(i, *[p.entries for p in passes]) for i, passes in self.gains])
        of_look = None if self.look is None else (*self.look.shape, len(self.look.final))
        return counts, tuple([(i, len(radials)) for i, radials, _ in self.activations]), self.unknown, of_look


@dataclass(frozen=True)
class Predicted:
    """The laws at some steps: radial parts, NaN where not all is known, and the size of what is rounded, (steps, blocks).

    ``first``, ``final``: what the probe notes, (steps, entries) each; zeros where it has seen nothing.
    """

    radial: torch.Tensor
    scale: torch.Tensor
    first: torch.Tensor
    final: torch.Tensor


@dataclass(frozen=True)
class _Fixed:
    """What does not change from step to step: statistics and their blocks; eps, numbers of entries, gains."""

    statistic: torch.Tensor
    block: torch.Tensor
    epsilon: torch.Tensor
    count: torch.Tensor
    gain: torch.Tensor


class LawSet:
    """The laws of some families, with their hooks; ``known`` says which blocks have one, ``task`` is the last backward pass.

    ``late``: not all of the step was seen, or its gradients are of other weights than it began with; nothing is claimed of it.
    ``epsilon``: the largest eps so far.
    """

    def __init__(self, model: nn.Module, families: Sequence[Family], named: Mapping[str, torch.Tensor]) -> None:
        modules = {plain(name): module for name, module in model.named_modules()}
        self.model, self.families, self.late = model, tuple(families), False
        self._where, self._names = Places(model), list[str]()
        self.blocks, self.laws = sum(f.parts for f in families), list[Law]()
        self.known = [bool(f.norms) for f in families for _ in range(f.parts)]
        self._places: dict[int, list[tuple[int | None, int, int]]] = {}
        made: dict[tuple[str, int | None], int] = {}
        gains = Counter(id(getattr(m, "weight", None)) for m in modules.values())
        # a shard's gradient may appear after several passes only, and says nothing of them
        shown = [named[m.parameter] for f in families for m in f.members if f.norms]
        self._passes = Passes([] if any(hasattr(p, "to_local") for p in shown) else shown, self._forget)
        first = 0
        self._of_family: list[list[int]] = []
        self._stored = [roundoff(named[f.members[0].parameter].dtype) for f in families]
        for family in families:
            self._of_family.append([])
            for norm in family.norms:
                if norm.module not in modules:
                    raise ValueError(f"blocks: {family.name}: no module {norm.module!r}; the model of the table is expected")
                module = modules[norm.module]
                # the statistics of a batch normalisation are those of its channels, whoever asks
                key = (norm.module, 1 if norm.kind == "batch" else norm.axis)
                if key not in made:
                    made[key] = len(self.laws)
                    tied = gains[id(getattr(module, "weight", None))] > 1
                    self.laws.append(_law(module, replace(norm, axis=key[1]), self._passes, tied, made[key]))
                    self._names.append(norm.module)
                place = (None if norm.axis is None else norm.first, first, family.parts)
                self._places.setdefault(made[key], []).append(place)
                self._of_family[-1].append(made[key])
            first += family.parts
        self.epsilon = max((law.epsilon for law in self.laws), default=1.0)
        self.probe = _probe(self.laws, named, self._passes)
        self._name_of = {id(parameter): name for name, parameter in named.items()}
        lengths = {i: law.gain.numel() for i, law in enumerate(self.laws) if isinstance(law, GainLaw)}
        self._starts = dict(zip(lengths, accumulate([0, *lengths.values()]), strict=False))
        self._number = {i: number for number, i in enumerate(lengths)}
        self._pairs: dict[tuple[int, torch.device], tuple[torch.Tensor, torch.Tensor]] = {}
        self._fixed: dict[tuple[object, ...], _Fixed] = {}
        self._precision: tuple[object, tuple[tuple[float, float, float], ...]] = (None, ())

    def _forget(self, current: int) -> None:
        """The gradients of all passes before the current one were thrown away."""
        for law in self.laws:
            law.forget(current)
        self.probe.reset()

    @property
    def task(self) -> int:
        """The id that autograd gave the latest backward pass."""
        return self._passes.latest

    def close(self) -> None:
        """Remove the hooks."""
        for law in self.laws:
            law.close()
        self.probe.close()
        self._passes.reset()

    def reset(self) -> None:
        """Forget the backward passes since the last step."""
        for i, law in enumerate(self.laws):
            if isinstance(law, GainLaw) and law.lost:
                law.release()
                self.laws[i] = ActivationLaw(law.module, law.norm, self._passes)
                self._fixed.clear()
            law.reset()
        self.probe.reset()
        self._passes.reset()
        self.late = False
        if not self._shown:
            self._passes.watch_weights()

    @property
    def _shown(self) -> bool:
        """Whether a backward pass would be seen by the probe; where it has no parameters, the laws' activations show it."""
        return not self.probe.parameters or any(p.requires_grad for p in self.probe.parameters)

    def replaced(self) -> list[str]:
        """Names of modules and parameters under watch that others bear now."""
        # only what no pass has come by may have been replaced
        for law in self.laws:
            if not law.positions:
                break
        else:
            if not self.probe.unseen:
                return []
        missed = [(name, law.module) for name, law in zip(self._names, self.laws, strict=True) if not law.positions]
        found = [name for name, module in missed if not self._where.stands(name, module)]
        names = [(self._name_of[id(parameter)], parameter) for parameter in self.probe.unseen if id(parameter) in self._name_of]
        alone = [(name, parameter) for name, parameter in names if name.rpartition(".")[0] not in found]
        return found + [name for name, parameter in alone if not self._where.stands(name, parameter)]

    def renewed(self, named: Mapping[str, torch.Tensor]) -> LawSet:
        """The laws of what is in the model now; none of families whose normalisation gave way to one of another kind."""
        self.close()
        fits = {name: alike(law.module, self._where.find(name)) for name, law in zip(self._names, self.laws, strict=True)}
        families = [f if all(fits[n.module] for n in f.norms) else replace(f, norms=()) for f in self.families]
        made = LawSet(self.model, families, named)
        made.late, made.epsilon = True, max(made.epsilon, self.epsilon)
        return made

    def follow(self, old: torch.Tensor, new: torch.Tensor) -> None:
        """Follow a weight that has been replaced."""
        self._passes.replace(old, new)

    def look_again(self) -> None:
        """Begin a part as a new set would."""
        for law in self.laws:
            if isinstance(law, GainLaw):
                law.look_again()

    @property
    def evaluated(self) -> list[nn.Module]:
        """Modules whose gradients since the last step are of evaluation mode."""
        return [law.module for law in self.laws if law.evaluation]

    @property
    def passes(self) -> int:
        """Backward passes since the last step, as far as the probe sees them; one where others show that there were some.

        One too where none could be seen, since all that the probe looks at is frozen or has been replaced.
        """
        if seen := self.probe.passes:
            return seen
        reached = self._passes.reached or any(law.reached for law in self.laws)
        return int(reached or self.late or not (self._shown or self._passes.watching))

    def precision(self, processes: int) -> tuple[tuple[float, float, float], ...]:
        """For each family the roundoffs of its gradients' factors and of their sums, and over how many outputs they add up."""
        key = [(law.dtype, law.positions) for law in self.laws]
        if key == self._precision[0]:
            return self._precision[1]
        seen = [0.0 if law.dtype is None else roundoff(law.dtype, law.device) for law in self.laws]
        found = []
        for own, of in zip(self._stored, self._of_family, strict=True):
            factors = max([own, *(seen[i] for i in of)])
            # products of short formats are added up in single precision
            outputs = processes * max([1, *(self.laws[i].positions for i in of)])
            found.append((factors, min(factors, _SINGLE), float(outputs)))
        self._precision = key, tuple(found)
        return self._precision[1]

    def note(self, final: torch.Tensor) -> Note:
        """What the laws have seen since the last step; ``final``: copies of what the probe keeps, at the end of it."""
        gains, activations, unknown, passes = [], [], [], self.passes
        for i, law in enumerate(self.laws):
            if self.late or self._passes.second_order or not law.known(passes):
                unknown.append(i)
            elif isinstance(law, GainLaw):
                if len(law.seen) == len(law.gradients) > 0:
                    gains.append((i, tuple(law.seen)))
            elif isinstance(law, ActivationLaw) and law.radials:
                activations.append((i, tuple(law.radials), tuple(law.scales)))
        return Note(tuple(gains), tuple(activations), tuple(unknown), self.probe.note(final))

    def evaluate(self, notes: Sequence[Note], device: torch.device) -> Predicted:
        """What the laws say of some steps."""
        found = [self._alike(list(some), device) for _, some in groupby(notes, key=lambda note: note.shape)]
        return Predicted(*(torch.cat(parts) for parts in zip(*found, strict=True)))

    def _alike(self, notes: Sequence[Note], device: torch.device) -> tuple[torch.Tensor, ...]:
        """Radial parts, scales and the probe's gradients of notes of one shape."""
        radial = torch.zeros(len(notes), self.blocks, dtype=torch.float64, device=device)
        scale = torch.zeros_like(radial)
        first, final = radial.new_zeros(len(notes), self.probe.entries), radial.new_zeros(len(notes), self.probe.held)
        looks = [n.look for n in notes if n.look is not None]
        slopes, gain = _stacked(looks, self.probe.sizes), None
        if looks:
            first.copy_(torch.cat([sum(of_one[1:], of_one[0]) for of_one in slopes], dim=1))
            seen = torch.stack([look.final for look in looks]).double()
            start = seen.shape[1] - self.probe.held
            final.copy_(seen[:, start:])
            if looks[0].weighted:
                gain = seen[:, start - self.probe.entries : start]
                first *= gain
                final *= gain
        if notes[0].gains and gain is not None:
            fixed, of_radial, of_scale = self._of_gains(notes, slopes, gain)
            radial.index_add_(1, fixed.block, of_radial[:, fixed.statistic])
            scale.index_add_(1, fixed.block, of_scale[:, fixed.statistic])
        for at, (i, radials, _) in enumerate(notes[0].activations):
            statistic, block = self._paired(i, len(radials[0]), device)
            summed = torch.stack([torch.stack(n.activations[at][1]).sum(0) for n in notes])
            radial.index_add_(1, block, summed[:, statistic])
            summed = torch.stack([torch.stack(n.activations[at][2]).sum(0) for n in notes])
            scale.index_add_(1, block, summed[:, statistic])
        for i in notes[0].unknown:
            for _, start, parts in self._places[i]:
                radial[:, start : start + parts] = torch.nan
        return radial, scale, first, final

    def _of_gains(
        self, notes: Sequence[Note], slopes: Sequence[Sequence[torch.Tensor]], gain: torch.Tensor
    ) -> tuple[_Fixed, torch.Tensor, torch.Tensor]:
        key = notes[0].shape
        if key not in self._fixed:
            self._fixed = {key: self._fix(notes[0], gain.device)}
        fixed = self._fixed[key]
        passes = [[seen for _, all_seen in n.gains for seen in all_seen] for n in notes]
        invstd, mean, size = (
            torch.cat([torch.stack([s[of] for s in column]) for column in zip(*passes, strict=True)], dim=1).double()
            for of in range(3)
        )
        gain = gain[:, fixed.gain]
        product = gain * torch.cat([of_pass for i, _ in notes[0].gains for of_pass in slopes[self._number[i]]], dim=1)
        # of a few looks, so no step counts as quieter than they are on average; a pass that overflowed says nothing of others
        finite = size.isfinite()
        size = torch.where(finite, size, 0.0)
        size = torch.maximum(size, (size.square().sum(0) / finite.sum(0)).sqrt()) * gain.abs()
        scale = rounding_scale(invstd, mean, size, fixed.count, fixed.epsilon)
        return fixed, fixed.epsilon * invstd**2 * product, scale

    def _fix(self, note: Note, device: torch.device) -> _Fixed:
        columns: dict[str, list[torch.Tensor]] = {name: [] for name in ("statistic", "block", "epsilon", "count", "gain")}
        at = 0
        for i, passes in note.gains:
            length, start = len(passes[0].invstd), self._starts[i]
            of_law, of_block = self._paired(i, length, torch.device("cpu"))
            for seen in passes:
                columns["statistic"].append(of_law + at)
                columns["block"].append(of_block)
                for name, value in (("epsilon", self.laws[i].epsilon), ("count", seen.entries)):
                    columns[name].append(torch.full((length,), float(value), dtype=torch.float64))
                columns["gain"].append(torch.arange(start, start + length))
                at += length
        return _Fixed(**{name: torch.cat(parts).to(device) for name, parts in columns.items()})

    def _paired(self, law: int, length: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """The statistics of a law that belong to blocks, and the blocks that they belong to; some belong to several."""
        if (law, device) not in self._pairs:
            pairs: list[tuple[int, int]] = []
            for at, first, parts in self._places[law]:
                if at is None:
                    pairs += [(j, first) for j in range(length)]
                else:
                    pairs += [(at + j, first + j) for j in range(parts) if at + j < length]
            statistic, block = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).to(device).unbind(1)
            self._pairs[law, device] = statistic, block
        return self._pairs[law, device]


_SINGLE = 2.0**-24


def roundoff(dtype: torch.dtype, device: torch.device | None = None) -> float:
    """The unit roundoff of an arithmetic; of single precision on a GPU that of the format its convolutions may use."""
    if dtype == torch.float32 and device is not None and device.type == "cuda" and torch.backends.cudnn.allow_tf32:
        return 2.0**-11
    return torch.finfo(dtype).eps / 2


def _stacked(looks: Sequence[Look], sizes: Sequence[int]) -> list[list[torch.Tensor]]:
    """Of looks of one shape the gradients of each parameter's passes, (steps, entries) each, in double precision."""
    if not looks:
        return []
    return [
        [torch.stack([look.passes[number][at] for look in looks]).flatten(1).double() for at in range(many)]
        or [torch.zeros(len(looks), size, dtype=torch.float64, device=looks[0].final.device)]
        for number, (many, size) in enumerate(zip(looks[0].shape, sizes, strict=True))
    ]


def _probe(laws: Sequence[Law], named: Mapping[str, torch.Tensor], passes: Passes) -> Probe:
    """Gains that are watched anyway, or else the smallest of the other parameters that shows something."""
    gains = [law for law in laws if isinstance(law, GainLaw)]
    if gains:
        return GainsProbe(gains)
    trained = [p for p in named.values() if p.requires_grad and isinstance(p, nn.Parameter)]
    sharded = {id(p) for p in trained if hasattr(p, "to_local")}
    if not sharded:
        return ParameterProbe(min(trained, key=lambda p: (p.numel() < 2, p.numel())), passes) if trained else Probe()
    for law in laws:
        gain = getattr(law.module, "weight", None)
        if isinstance(law, ActivationLaw) and isinstance(gain, torch.Tensor) and id(gain) in sharded:
            return ShardedProbe(law, gain)
    return Probe()


def _law(module: nn.Module, norm: Norm, passes: Passes, tied: bool, turn: int) -> Law:
    gain = getattr(module, "weight", None)
    # these leave their statistics in the graph
    known = getattr(type(module), "forward", None) in (nn.BatchNorm1d.forward, nn.SyncBatchNorm.forward)
    if (
        known
        and not tied
        and norm.kind == "batch"
        and isinstance(gain, nn.Parameter)
        and gain.requires_grad
        and not hasattr(gain, "to_local")
    ):
        return GainLaw(module, norm, passes, turn)
    return ActivationLaw(module, norm, passes)
