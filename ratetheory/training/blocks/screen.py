"""<w, g> of every index of every parameter, for random functionals of the outputs at generic weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ratetheory.training.blocks.copied import Copied
from ratetheory.training.blocks.partition import VANISHES, Array

_STRIDE = 97
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

    Entries change by a quarter of their size and by 0.01 to 0.1, a tenth of the tensor's, so that a dead unit stays dead.
    """
    values = {}
    for number, (name, w) in enumerate(copied.actual.items()):
        scale = min(1.0, max(0.1, float(torch.linalg.vector_norm(w)) / max(w.numel(), 1) ** 0.5))
        values[name] = moved(w, 1000 * number + seed, 0.25, 0.1 * scale)
    for name, row in _padding(copied):
        # its gradient is never taken: it stays what it is, as in training
        values[name][row] = copied.actual[name][row]
    return values


def _padding(copied: Copied) -> list[tuple[str, int]]:
    """The embeddings that have a row for padding, and that row."""
    names = {id(p): name for name, p in copied.parameters.items()}
    found = [(names.get(id(m.weight)), m.padding_idx) for m in copied.module.modules() if isinstance(m, nn.Embedding)]
    return [(name, int(row)) for name, row in found if name is not None and row is not None]


def moved(w: torch.Tensor, seed: int, relative: float, absolute: float) -> torch.Tensor:
    """w (1 + relative u) + absolute u with random u between -1 and 1.

    The rows of u are overlapping pieces of one list, a prime number apart: nothing as large as w is drawn.
    """
    rows = w.shape[0] if w.dim() > 1 else 1
    columns = w.numel() // max(rows, 1)
    if not w.numel():
        return w
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.empty(_STRIDE * (rows - 1) + columns, dtype=w.dtype).uniform_(-1, 1, generator=generator).to(w.device)
    added, factor = (u.as_strided((rows, columns), (_STRIDE, 1)) for u in (absolute * drawn, 1 + relative * drawn))
    return torch.addcmul(added, w.reshape(rows, columns), factor).reshape(w.shape)


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
    """The sums of the named parameters for ``rows`` functionals in all, at the first point or, of few outputs, at several.

    A parameter that vanishes as a whole in the first row is not differentiated again, its row is repeated: rescaling judges it.
    """
    asked = list(names)
    found: dict[str, list[list[tuple[Array, Array]]]] = {name: [] for name in names}
    done = 0
    for number, point in enumerate(points):
        copied.set(point)
        outputs = checked_outputs(copied.outputs(grad=True))
        attached = [o for o in outputs if o.requires_grad]
        here = rows - done if sum(o.numel() for o in outputs) >= _FEW_OUTPUTS else 1
        for row in range(here):
            gradients = differentiated(copied, asked, attached, 1000 * number + row, row + 1 < here) if asked else {}
            for name in set(names) - set(asked):
                found[name].append(found[name][0])
            for name in asked:
                w = copied.parameters[name].detach()
                found[name].append(reduced(times(w, gradients[name]), w.shape))
            if number == row == 0:
                asked = [name for name in names if not _settled(found[name][0][0])]
        done += here
        if done >= rows:
            break
    return {
        name: [
            Sums(np.stack([r[axis][0] for r in list_]), np.stack([r[axis][1] for r in list_])) for axis in range(len(list_[0]))
        ]
        for name, list_ in found.items()
    }


def _settled(along: tuple[Array, Array]) -> bool:
    return bool(abs(along[0].sum()) <= VANISHES * along[1].sum())


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


def reduced(product: torch.Tensor, shape: torch.Size) -> list[tuple[Array, Array]]:
    """Sum and sum of sizes of every index along axis 0, and axis 1, of a tensor of this shape (or zero); overwrites it."""
    axes = min(max(len(shape), 1), 2)
    if product.dim() != len(shape) or not product.numel():
        return [(np.zeros(shape[axis] if shape else 1), np.zeros(shape[axis] if shape else 1)) for axis in range(axes)]
    if len(shape) > 2:
        # a product with ones is several times as fast as a sum over a short last axis
        flat = product.reshape(shape[0] * shape[1], -1)
        ones = torch.ones(flat.shape[1], dtype=flat.dtype, device=flat.device)
        signed, sizes = (part.reshape(shape[0], shape[1]) for part in (flat @ ones, flat.abs_() @ ones))
    else:
        signed = product.reshape(shape or (1,))
        sizes = signed.abs()
    if axes == 1:
        return [(signed.cpu().numpy(), sizes.cpu().numpy())]
    return [(signed.sum(1 - axis).cpu().numpy(), sizes.sum(1 - axis).cpu().numpy()) for axis in range(2)]


def times(w: torch.Tensor, g: torch.Tensor | None) -> torch.Tensor:
    """w g entry by entry; without gradient an empty tensor, which stands for zero."""
    return w.new_empty(0, *[0] * w.dim()) if g is None else w * g
