"""All eps laws of a model under one roof: what they predict of every block at a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn

from ratetheory.observation.families import Family, Norm
from ratetheory.training.monitor.laws import ActivationLaw, GainLaw, Law, Pass, rounding_scale
from ratetheory.training.monitor.naming import plain


@dataclass(frozen=True)
class Note:
    """What a step leaves of its laws, small tensors on the device: for each law its passes; gains, their final gradients."""

    gains: tuple[tuple[int, tuple[Pass, ...], tuple[torch.Tensor, ...]], ...]
    activations: tuple[tuple[int, tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]], ...]
    gain: torch.Tensor | None
    final: torch.Tensor | None
    probe: tuple[torch.Tensor, torch.Tensor] | None

    @property
    def shape(self) -> tuple[object, ...]:
        """Equal for notes that can be evaluated together."""
        counts = tuple((i, tuple(p.count for p in passes)) for i, passes, _ in self.gains)
        return counts, tuple((i, len(radials)) for i, radials, _ in self.activations), self.probe is None


@dataclass(frozen=True)
class Predicted:
    """The laws at some steps: radial parts and the size of what is rounded, (steps, blocks).

    ``probe``: <final, first> and <final, final>, (steps, 2), of the gradients of some trained parameters as the backward passes
    made them and as the optimiser sees them: their ratio is the common factor of scaling, clipping and averaging.
    """

    radial: torch.Tensor
    scale: torch.Tensor
    probe: torch.Tensor


@dataclass(frozen=True)
class _Fixed:
    """What does not change from step to step: statistics and their blocks; eps, counts of all and of sampled entries, gains."""

    statistic: torch.Tensor
    block: torch.Tensor
    epsilon: torch.Tensor
    count: torch.Tensor
    sampled: torch.Tensor
    gain: torch.Tensor


class LawSet:
    """The laws of some families, with their hooks; ``known`` says which blocks have one.

    ``probe`` is a trained parameter that shows the common factor where no gain does.
    """

    def __init__(
        self, model: nn.Module, families: Sequence[Family], named: Mapping[str, torch.Tensor], probe: nn.Parameter | None
    ) -> None:
        modules = {plain(name): module for name, module in model.named_modules()}
        self.blocks, self.laws = sum(f.parts for f in families), list[Law]()
        self.known = [bool(f.norms) for f in families for _ in range(f.parts)]
        self._places: dict[int, list[tuple[int | None, int, int]]] = {}
        made: dict[tuple[str, int | None], int] = {}
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
                    self.laws.append(_law(module, replace(norm, axis=key[1]), probe))
                place = (None if norm.axis is None else norm.first, first, family.parts)
                self._places.setdefault(made[key], []).append(place)
                self._of_family[-1].append(made[key])
            first += family.parts
        gains = any(isinstance(law, GainLaw) for law in self.laws)
        self._probe = None if gains else probe
        self._probed: list[torch.Tensor] = []
        self._handle = None if self._probe is None else self._probe.register_hook(self._of_probe)
        self._pairs: dict[tuple[int, torch.device], tuple[torch.Tensor, torch.Tensor]] = {}
        self._fixed: dict[tuple[object, ...], _Fixed] = {}

    def _of_probe(self, gradient: torch.Tensor) -> None:
        self._probed.append(gradient.detach().clone())

    def close(self) -> None:
        """Remove the hooks."""
        for law in self.laws:
            law.close()
        if self._handle is not None:
            self._handle.remove()

    def reset(self) -> None:
        """Forget the backward passes since the last step."""
        self._probed.clear()
        for i, law in enumerate(self.laws):
            if isinstance(law, GainLaw) and not law.consistent:
                # no statistics in the graph, or several forward passes for one backward pass: take the activations
                law.close()
                self.laws[i] = ActivationLaw(law.module, law.norm, law.gain)
                self._fixed.clear()
            law.reset()

    @property
    def evaluated(self) -> list[nn.Module]:
        """Modules of which a forward pass ran in evaluation mode since the last step."""
        return [law.module for law in self.laws if law.evaluation]

    @property
    def passes(self) -> int:
        """Backward passes since the last step, the most of any law."""
        return max([len(self._probed), *(law.passes for law in self.laws)])

    @property
    def complete(self) -> bool:
        """Whether every law has seen what it needs of its passes."""
        return all(law.consistent for law in self.laws)

    def precision(self) -> tuple[tuple[float, float, float], ...]:
        """For each family the roundoffs of its gradients' factors and of their sums, and over how many outputs they add up."""
        seen = [0.0 if law.dtype is None else roundoff(law.dtype, law.device) for law in self.laws]
        found = []
        for own, of in zip(self._stored, self._of_family, strict=True):
            factors = max([own, *(seen[i] for i in of)])
            # products of short formats are added up in single precision
            found.append((factors, min(factors, _SINGLE), float(max([1, *(self.laws[i].positions for i in of)]))))
        return tuple(found)

    def note(self) -> Note:
        """What the laws have seen since the last step, before the optimiser moves gains."""
        gains, activations = [], []
        for i, law in enumerate(self.laws):
            if isinstance(law, GainLaw):
                if len(law.seen) == len(law.products) > 0:
                    gains.append((i, tuple(law.seen), tuple(law.products)))
            elif isinstance(law, ActivationLaw) and law.radials:
                activations.append((i, tuple(law.radials), tuple(law.scales)))
        gain = final = probe = None
        if gains:
            held = [law.gain for i, *_ in gains if isinstance(law := self.laws[i], GainLaw)]
            gain, final = torch.cat([g.detach() for g in held]), torch.cat([_gradient(g) for g in held])
        elif self._probed and self._probe is not None and self._probe.grad is not None:
            first = self._probed[0] if len(self._probed) == 1 else torch.stack(self._probed).sum(0)
            probe = first, self._probe.grad.detach().clone()
        return Note(tuple(gains), tuple(activations), gain, final, probe)

    def evaluate(self, notes: Sequence[Note], device: torch.device) -> Predicted:
        """What the laws say of some steps."""
        found, first = [], 0
        while first < len(notes):
            last = first + 1
            while last < len(notes) and notes[last].shape == notes[first].shape:
                last += 1
            found.append(self._alike(notes[first:last], device))
            first = last
        radial, scale, probe = (torch.cat(parts) for parts in zip(*found, strict=True))
        return Predicted(radial, scale, probe)

    def _alike(self, notes: Sequence[Note], device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Radial parts, scales and probe of notes of one shape."""
        radial = torch.zeros(len(notes), self.blocks, dtype=torch.float64, device=device)
        scale, probe = torch.zeros_like(radial), radial.new_zeros(len(notes), 2)
        if notes[0].gains:
            fixed, of_radial, of_scale, probe = self._of_gains(notes, device)
            radial.index_add_(1, fixed.block, of_radial[:, fixed.statistic])
            scale.index_add_(1, fixed.block, of_scale[:, fixed.statistic])
        elif notes[0].probe is not None:
            first = torch.stack([n.probe[0].flatten() for n in notes if n.probe is not None]).double()
            final = torch.stack([n.probe[1].flatten() for n in notes if n.probe is not None]).double()
            probe = torch.stack([(final * first).sum(1), final.square().sum(1)], dim=1)
        for at, (i, radials, _) in enumerate(notes[0].activations):
            statistic, block = self._paired(i, len(radials[0]), device)
            summed = torch.stack([torch.stack(n.activations[at][1]).sum(0) for n in notes])
            radial.index_add_(1, block, summed[:, statistic])
            summed = torch.stack([torch.stack(n.activations[at][2]).sum(0) for n in notes])
            scale.index_add_(1, block, summed[:, statistic])
        return radial, scale, probe

    def _of_gains(self, notes: Sequence[Note], device: torch.device) -> tuple[_Fixed, torch.Tensor, torch.Tensor, torch.Tensor]:
        key = notes[0].shape
        if key not in self._fixed:
            self._fixed = {key: self._fix(notes[0], device)}
        fixed = self._fixed[key]
        passes = [[seen for _, all_seen, _ in n.gains for seen in all_seen] for n in notes]

        def stacked(rows: list[list[torch.Tensor]]) -> torch.Tensor:
            return torch.cat([torch.stack(column) for column in zip(*rows, strict=True)], dim=1).double()

        product = stacked([[p for *_, products in n.gains for p in products] for n in notes])
        invstd, mean, size = (
            stacked([[getattr(s, name) for s in row] for row in passes]) for name in ("invstd", "mean", "size")
        )
        gain = torch.stack([n.gain for n in notes if n.gain is not None]).double()
        final = gain * torch.stack([n.final for n in notes if n.final is not None])
        first = torch.zeros_like(final).index_add_(1, fixed.gain, product)
        probe = torch.stack([(final * first).sum(1), final.square().sum(1)], dim=1)
        # the sampled gradient's norm and the number of its entries make its root mean square
        size = size * fixed.sampled.rsqrt() * gain.abs()[:, fixed.gain]
        scale = rounding_scale(invstd, mean, size, fixed.count, fixed.epsilon)
        return fixed, fixed.epsilon * invstd**2 * product, scale, probe

    def _fix(self, note: Note, device: torch.device) -> _Fixed:
        columns: dict[str, list[torch.Tensor]] = {
            name: [] for name in ("statistic", "block", "epsilon", "count", "sampled", "gain")
        }
        at = start = 0
        for i, passes, products in note.gains:
            length = len(products[0])
            of_law, of_block = self._paired(i, length, torch.device("cpu"))
            for seen in passes:
                columns["statistic"].append(of_law + at)
                columns["block"].append(of_block)
                for name, value in (("epsilon", self.laws[i].epsilon), ("count", seen.count), ("sampled", seen.sampled)):
                    columns[name].append(torch.full((length,), float(value), dtype=torch.float64))
                columns["gain"].append(torch.arange(start, start + length))
                at += length
            start += length
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


def _gradient(parameter: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad.detach()


def _law(module: nn.Module, norm: Norm, probe: nn.Parameter | None) -> Law:
    gain = getattr(module, "weight", None)
    if norm.kind == "batch" and isinstance(gain, nn.Parameter) and gain.requires_grad and not hasattr(gain, "to_local"):
        return GainLaw(module, norm, gain)
    return ActivationLaw(module, norm, probe)
