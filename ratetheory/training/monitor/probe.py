"""What happened to the gradients between the backward passes and the optimiser: scaling, clipping, averaging.

Some trained parameters' gradients are read twice, as each process's backward passes make them and as the optimiser sees them.
If the two are proportional, their ratio is the common factor; if they are not, an eps law says nothing of what the optimiser
saw (entries clipped one by one, passes whose gradients were thrown away), and none is claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

from ratetheory.training.monitor.laws import ActivationLaw, GainLaw
from ratetheory.training.monitor.layout import local, shard
from ratetheory.training.monitor.passes import Passes


class Look(NamedTuple):
    """What a probe keeps of a step: of each parameter the gradients of this process's passes; the final ones, (held,).

    The final ones are the last entries of ``final``. ``weighted``: gains (entries,) stand before them and multiply both.
    """

    passes: tuple[tuple[torch.Tensor, ...], ...]
    final: torch.Tensor
    weighted: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Equal for looks that can be evaluated together."""
        return tuple(map(len, self.passes))

    def divided(self, scale: torch.Tensor, held: int) -> Look:
        """The same with the final gradients divided by ``scale``."""
        final = self.final.clone()
        final[len(final) - held :] /= scale
        return self._replace(final=final)


class Probe:
    """``sizes``: entries of each parameter looked at; ``held`` of them, from ``start`` on, lie on this process."""

    sizes: tuple[int, ...] = ()
    parameters: tuple[torch.Tensor, ...] = ()
    start = held = 0

    @property
    def entries(self) -> int:
        """Entries of all parameters looked at."""
        return sum(self.sizes)

    @property
    def passes(self) -> int:
        """Backward passes that it has seen since the last reset, the most of any parameter."""
        return 0

    @property
    def unseen(self) -> list[torch.Tensor]:
        """Parameters that no pass has come by since the last reset, where it sees passes by hooks on them."""
        return []

    def kept(self) -> list[torch.Tensor]:
        """What must be copied before the step is made, as a ``Look`` has it at the end of ``final``; nothing without a pass."""
        return []

    def note(self, final: torch.Tensor) -> Look | None:
        """What it has seen in the step; nothing where there was no pass."""
        return None

    def reset(self) -> None:
        """Forget the passes so far."""

    def close(self) -> None:
        """Remove the hooks."""


class GainsProbe(Probe):
    """The gains of batch normalisations, times themselves; their laws read the gradients anyway."""

    def __init__(self, laws: Sequence[GainLaw]) -> None:
        self.laws = tuple(laws)
        self.sizes, self.parameters = tuple(law.gain.numel() for law in laws), tuple(law.gain for law in laws)
        self.held = self.entries

    @property
    def passes(self) -> int:
        """Backward passes that it has seen since the last reset, the most of any parameter."""
        return max(len(law.gradients) for law in self.laws)

    @property
    def unseen(self) -> list[torch.Tensor]:
        """The gains that no pass has come by."""
        return [law.gain for law in self.laws if not law.gradients]

    def kept(self) -> list[torch.Tensor]:
        """The gains and their final gradients."""
        if not self.passes:
            return []
        gains = [law.gain for law in self.laws]
        return gains + [torch.zeros_like(gain) if gain.grad is None else gain.grad for gain in gains]

    def note(self, final: torch.Tensor) -> Look | None:
        """What it has seen in the step; nothing where there was no pass."""
        return Look(tuple(tuple(law.gradients) for law in self.laws), final, weighted=True) if self.passes else None

    def reset(self) -> None:
        """Forget the passes so far."""
        for law in self.laws:
            law.gradients = []

    def close(self) -> None:
        """Remove the hooks."""
        for law in self.laws:
            law.close()


class ParameterProbe(Probe):
    """One parameter, by a hook on it."""

    def __init__(self, parameter: nn.Parameter, passes: Passes) -> None:
        self.parameter, self.parameters, self._passes = parameter, (parameter,), passes
        self.sizes, self.held = (parameter.numel(),), parameter.numel()
        self.seen: list[torch.Tensor] = []
        self._handle = parameter.register_hook(self._of_gradient)

    def _of_gradient(self, gradient: torch.Tensor) -> None:
        self._passes.begin()
        self.seen.append(gradient.detach().clone())

    @property
    def passes(self) -> int:
        """Backward passes that it has seen since the last reset."""
        return len(self.seen)

    @property
    def unseen(self) -> list[torch.Tensor]:
        """The parameter, unless a pass has come by it."""
        return [] if self.seen else [self.parameter]

    def kept(self) -> list[torch.Tensor]:
        """The final gradient of the parameter."""
        return [] if not self.seen or self.parameter.grad is None else [self.parameter.grad]

    def note(self, final: torch.Tensor) -> Look | None:
        """The gradient of the parameter."""
        return Look((tuple(self.seen),), final) if self.kept() else None

    def reset(self) -> None:
        """Forget the passes so far."""
        self.seen.clear()

    def close(self) -> None:
        """Remove the hook."""
        self._handle.remove()


class ShardedProbe(Probe):
    """A sharded gain, whose hooks never run: its gradient is sum(df/dy z) over the activations of its normalisation."""

    def __init__(self, law: ActivationLaw, gain: torch.Tensor) -> None:
        law.products = []
        self.law, self.gain, self.parameters, self.sizes = law, gain, (gain,), (gain.numel(),)
        row = gain.numel() // max(gain.shape[0], 1)
        start, rows = shard(gain)
        self.start, self.held = start * row, rows * row

    @property
    def passes(self) -> int:
        """Backward passes that it has seen since the last reset."""
        return self.law.count

    def kept(self) -> list[torch.Tensor]:
        """Of the final gradient the entries that this process holds."""
        if not self.law.products:
            return []
        held = local(self.gain.detach())
        return [torch.zeros_like(held) if self.gain.grad is None else local(self.gain.grad)]

    def note(self, final: torch.Tensor) -> Look | None:
        """All of the gradient of the gain."""
        return Look((tuple(self.law.products),), final) if self.law.products else None
