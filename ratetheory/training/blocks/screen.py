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
_PIECE = 2**18
"""Products that a processor's cache holds between the operations on them."""
_OUTPUTS_A_ROW = 4
"""Outputs that a functional needs at one point: as many as all directions that a point has make null vectors of its own."""
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


def generic(copied: Copied, seed: int, keep: bool = False) -> dict[str, torch.Tensor]:
    """Weights near those of the model with nothing special about them: no zeros, no ones, no equal entries.

    Entries change by a quarter of their size and by 0.01 to 0.1, a tenth of the tensor's, so that a dead unit stays dead.
    They are there until other weights take their place, unless ``keep``.
    """
    values = {}
    for number, (name, w) in enumerate(copied.actual.items()):
        scale = min(1.0, max(0.1, float(torch.linalg.vector_norm(w)) / max(w.numel(), 1) ** 0.5))
        into = torch.empty_like(copied.room(name)) if keep else copied.room(name)
        values[name] = moved(w, 1000 * number + seed, 0.25, 0.1 * scale, into)
    for name, row in _padding(copied):
        # its gradient is never taken: it stays what it is, as in training
        values[name][row] = copied.actual[name][row]
    return values


def _padding(copied: Copied) -> list[tuple[str, int]]:
    """The embeddings that have a row for padding, and that row."""
    names = {id(p): name for name, p in copied.parameters.items()}
    found = [(names.get(id(m.weight)), m.padding_idx) for m in copied.module.modules() if isinstance(m, nn.Embedding)]
    return [(name, int(row)) for name, row in found if name is not None and row is not None]


def moved(w: torch.Tensor, seed: int, relative: float, absolute: float, into: torch.Tensor) -> torch.Tensor:
    """w (1 + relative u) + absolute u with random u between -1 and 1, written into a contiguous tensor.

    The rows of u are overlapping pieces of one list, a prime number apart: nothing as large as w is drawn.
    """
    rows = w.shape[0] if w.dim() > 1 else 1
    columns = w.numel() // max(rows, 1)
    if not w.numel():
        return w
    if w.is_complex():
        moved(torch.view_as_real(w), seed, relative, absolute, torch.view_as_real(into))
        return into
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.empty(_STRIDE * (rows - 1) + columns, dtype=w.dtype).uniform_(-1, 1, generator=generator).to(w.device)
    added, factor = (u.as_strided((rows, columns), (_STRIDE, 1)) for u in (absolute * drawn, 1 + relative * drawn))
    torch.addcmul(added, w.reshape(rows, columns), factor, out=into.view(rows, columns))
    return into


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
    """The sums of the named parameters for ``rows`` functionals in all, at one point, or at several of few outputs each.

    A parameter that vanishes as a whole in the first row is not differentiated again, its row is repeated: rescaling judges it.
    """
    asked = list(names)
    found: dict[str, list[list[Array]]] = {name: [] for name in names}
    done = 0
    for number, point in enumerate(points):
        copied.set(point)
        outputs = checked_outputs(copied.outputs(grad=True))
        attached = [o for o in outputs if o.requires_grad]
        here = min(rows - done, max(1, sum(o.numel() for o in outputs) // _OUTPUTS_A_ROW))
        for row in range(here):
            gradients = differentiated(copied, asked, attached, 1000 * number + row, row + 1 < here) if asked else {}
            for name in set(names) - set(asked):
                found[name].append(found[name][0])
            for name in asked:
                found[name].append(reduced(name, gradients[name], copied.parameters[name].detach()))
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


def _settled(along: Array) -> bool:
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
    return dict(zip(names, gradients[: len(names)], strict=True))


def reduced(name: str, g: torch.Tensor | None, w: torch.Tensor, alone: bool = False) -> list[Array]:
    """Along axis 0, and axis 1 where there is one, of every index: (2, n), the sums of w g and of |w g|.

    A third row has those of |g| if ``alone``; ``None`` is a gradient of zero. ``ValueError`` if it is not finite.
    """
    rows, columns = (*w.shape, 1, 1)[:2]
    kinds = 3 if alone else 2
    if g is None or not w.numel():
        return [np.zeros((kinds, n)) for n in (rows, columns)[: max(1, w.dim())]]
    pieces = [(w, g)]
    if w.dim() > 1:
        step = max(1, _PIECE // (w.numel() // rows))
        pieces = [(w[at : at + step], g[at : at + step]) for at in range(0, rows, step)]
    parts = [_products(one, other, kinds) for one, other in pieces]
    found = parts[0]
    if len(parts) > 1:
        found = [np.concatenate([part[0] for part in parts], axis=1), np.sum([part[1] for part in parts], axis=0)]
    if not np.isfinite(found[0]).all():
        raise ValueError(f"model: the gradient of {name!r} is not finite on this batch; finite gradients are needed")
    return found


def _products(w: torch.Tensor, g: torch.Tensor, kinds: int) -> list[Array]:
    """``reduced`` of a piece that a processor's cache holds."""
    product = w * g
    along: list[list[torch.Tensor]] = []
    for kind in range(kinds):
        if kind:
            product = product.abs() if kind == 1 else g.abs()
        if w.dim() < 2:
            along.append([product.reshape(-1)])
            continue
        entries = product
        if w.dim() > 2:
            # a product with ones is several times as fast as a sum over a short last axis
            flat = product.reshape(w.shape[0] * w.shape[1], -1)
            entries = (flat @ flat.new_ones(flat.shape[1])).view(w.shape[:2])
        along.append([entries.sum(1), entries.sum(0)])
    return [torch.stack(sums).cpu().numpy() for sums in zip(*along, strict=True)]
