"""<w, g> of every index of every parameter, for random functionals of the outputs at generic weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ratetheory.training.blocks.copied import Copied
from ratetheory.training.blocks.partition import Array

_POOL = 65521
"""Random numbers of a large tensor repeat with this period: a prime, which no shape has in common."""
_FEW_OUTPUTS = 8
ROWS = 2
"""Functionals of the screen. A subset of 40 numbers that adds up to zero by chance, to ten digits, in two rows at once has
probability 2^40 * 1e-20."""


@dataclass(frozen=True)
class Sums:
    """Of one parameter along one axis: <w, g> and sum |w g| of every index, (rows, n)."""

    products: Array
    sizes: Array


Table = Mapping[str, Sequence[Sums]]
"""For each parameter its sums along axis 0, and along axis 1 where there is one."""


def generic(copied: Copied, seed: int) -> dict[str, torch.Tensor]:
    """Weights near those of the model with nothing special about them: no zeros, no ones, no equal entries.

    Entries change by a quarter of their size and a tenth of the tensor's (at most 0.1), so that a dead unit stays dead.
    """
    generator = torch.Generator().manual_seed(seed)
    values = {}
    for name, w in copied.actual.items():
        n = w.numel()
        noise = torch.empty(min(n, _POOL), dtype=w.dtype).uniform_(-1, 1, generator=generator)
        noise = noise.repeat(-(-n // _POOL))[:n].reshape(w.shape).to(w.device)
        scale = min(1.0, float(torch.linalg.vector_norm(w)) / max(n, 1) ** 0.5) or 1.0
        values[name] = torch.addcmul(w, w, noise, value=0.25).add_(noise, alpha=0.1 * scale)
    return values


def functional(outputs: Sequence[torch.Tensor], seed: int) -> torch.Tensor:
    """A random linear functional of all outputs, each output of weight one."""
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros((), dtype=torch.float64)
    for output in outputs:
        weights = torch.randn(output.shape, generator=generator, dtype=torch.float64).to(output.device)
        size = float(torch.linalg.vector_norm(output.detach())) or 1.0
        total = total + ((output * weights).sum() / size).to(total.device)
    return total


def checked_outputs(outputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """The outputs; ``ValueError`` if there are none, or some are not finite."""
    if not outputs:
        raise ValueError("model: its output has no floating-point tensor; at least one is needed")
    if not all(bool(torch.isfinite(o).all()) for o in outputs):
        raise ValueError("model: its outputs are not finite on this batch in double precision; finite outputs are needed")
    return outputs


def measure(copied: Copied, names: Sequence[str], points: Sequence[Mapping[str, torch.Tensor]], rows: int) -> Table:
    """The sums of the named parameters for ``rows`` functionals in all, at the first point or, of few outputs, at several."""
    found: dict[str, list[list[tuple[Array, Array]]]] = {name: [] for name in names}
    done = 0
    for number, point in enumerate(points):
        copied.set(point)
        outputs = checked_outputs(copied.outputs(grad=True))
        attached = [o for o in outputs if o.requires_grad]
        here = rows - done if sum(o.numel() for o in outputs) >= _FEW_OUTPUTS else 1
        for row in range(here):
            gradients = differentiated(copied, names, attached, 1000 * number + row, row + 1 < here)
            for name in names:
                found[name].append(reduced(copied.parameters[name].detach(), gradients[name]))
        done += here
        if done >= rows:
            break
    return {
        name: [Sums(np.stack([r[axis][0] for r in list_]), np.stack([r[axis][1] for r in list_])) for axis in range(len(list_[0]))]
        for name, list_ in found.items()
    }


def differentiated(
    copied: Copied,
    names: Sequence[str],
    outputs: Sequence[torch.Tensor],
    seed: int,
    again: bool,
    more: Sequence[torch.Tensor] = (),
    received: Callable[[Sequence[torch.Tensor | None]], None] | None = None,
) -> dict[str, torch.Tensor | None]:
    """The gradients of one functional; ``None`` where no output depends on the parameter.

    ``more``: other tensors of the graph, whose gradients go to ``received``.
    """
    parameters = [copied.parameters[name] for name in names]
    if not outputs:
        return dict.fromkeys(names)
    value = functional(outputs, seed)
    gradients = torch.autograd.grad(value, [*parameters, *more], retain_graph=again, allow_unused=True)
    if received is not None:
        received(gradients[len(parameters) :])
    for name, gradient in zip(names, gradients, strict=False):
        if gradient is not None and not bool(torch.isfinite(gradient.sum())):
            raise ValueError(f"model: the gradient of {name!r} is not finite on this batch; finite gradients are needed")
    return dict(zip(names, gradients[: len(names)], strict=True))


def reduced(w: torch.Tensor, g: torch.Tensor | None) -> list[tuple[Array, Array]]:
    """<w, g> and sum |w g| of every index along axis 0, and axis 1."""
    shape = tuple(w.shape) or (1,)
    axes = min(len(shape), 2)
    if g is None:
        return [(np.zeros(shape[axis]), np.zeros(shape[axis])) for axis in range(axes)]
    product = w * g
    if len(shape) > 2:
        product = product.reshape(shape[0], shape[1], -1)
        matrices = [product.sum(2), product.abs_().sum(2)]
    else:
        product = product.reshape(shape)
        matrices = [product, product.abs()]
    if axes == 1:
        return [(matrices[0].cpu().numpy(), matrices[1].cpu().numpy())]
    return [(matrices[0].sum(1 - axis).cpu().numpy(), matrices[1].sum(1 - axis).cpu().numpy()) for axis in range(2)]
