"""Where blocks are normalised: which statistics scale with a block, checked by the eps law.

For a block whose scale reaches the outputs only through normalisations, and eps in them,
<w, g> = sum over its statistics of eps / (var + eps) * sum <df/dz, z>, z the normalised input. A normalisation is recorded
only where the statistics follow the block's factor and the law holds with the model's own eps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils._python_dispatch import _disable_current_modes

from ratetheory.observation.families import Family, Norm, NormKind
from ratetheory.training.blocks.partition import Array

_FOLLOWS = 1e-8
LAW_HOLDS = 1e-6
_ROUNDING = 1e-11


@dataclass(frozen=True)
class Normalising:
    """A normalisation module: its kind, and the name."""

    name: str
    module: nn.Module
    kind: NormKind


@dataclass
class Watch:
    """What the normalisations saw in one forward pass: deviations of their statistics, and results for the law."""

    spread: dict[str, torch.Tensor] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    results: dict[str, torch.Tensor] = field(default_factory=dict)
    inputs: dict[str, torch.Tensor] = field(default_factory=dict)


def normalisations(module: nn.Module) -> list[Normalising]:
    """The modules of a model that normalise by statistics of their input."""
    found = []
    for name, part in module.named_modules():
        kind = _kind(part)
        if kind is not None and name:
            found.append(Normalising(name, part, kind))
    return found


def _kind(part: nn.Module) -> NormKind | None:
    if isinstance(part, nn.modules.instancenorm._InstanceNorm):
        return "instance" if part.training or not part.track_running_stats else None
    if isinstance(part, nn.modules.batchnorm._BatchNorm):
        return "batch" if part.training or part.running_mean is None else None
    if isinstance(part, nn.GroupNorm):
        return "group"
    if isinstance(part, nn.LayerNorm):
        return "layer"
    if isinstance(part, nn.RMSNorm):
        return "rms"
    name = type(part).__name__
    if name.endswith(("RMSNorm", "LayerNorm")) and _eps_name(part) is not None:
        return "rms" if name.endswith("RMSNorm") or name.startswith("T5") else "layer"
    return None


def _eps_name(part: nn.Module) -> str | None:
    return next((n for n in ("eps", "variance_epsilon", "epsilon") if isinstance(getattr(part, n, None), float)), None)


def eps_of(part: nn.Module, missing: float) -> float:
    """The eps of a normalisation module."""
    name = _eps_name(part)
    return missing if name is None else float(getattr(part, name))


def statistics(x: torch.Tensor, part: nn.Module, kind: NormKind) -> torch.Tensor:
    """The input with the entries of each statistic along the last axis: (*statistics, entries)."""
    if kind == "batch":
        return x.movedim(1, 0).reshape(x.shape[1], -1)
    if kind == "instance":
        return x.reshape(x.shape[0], x.shape[1], -1)
    if kind == "group":
        return x.reshape(x.shape[0], int(part.num_groups), -1)  # type: ignore[arg-type]
    shape = getattr(part, "normalized_shape", None)
    count = len(shape) if isinstance(shape, tuple | list | torch.Size) else 1
    return x.reshape(*x.shape[: x.dim() - count], -1)


def _variance(slots: torch.Tensor, kind: NormKind) -> torch.Tensor:
    # torch's own variance takes several times as long in double precision
    return (slots if kind == "rms" else slots - slots.mean(-1, keepdim=True)).square().mean(-1)


@contextmanager
def watching(found: Sequence[Normalising], law: bool) -> Iterator[Watch]:
    """Watch the normalisations; with ``law`` keep inputs and results in the graph, otherwise only deviations."""
    watch = Watch()

    def hook(one: Normalising) -> Any:
        def seen(module: nn.Module, args: Any, kwargs: Any, output: Any) -> Any:
            x = args[0] if args else next(iter(kwargs.values()), None)
            watch.calls[one.name] = watch.calls.get(one.name, 0) + 1
            if not isinstance(x, torch.Tensor) or not isinstance(output, torch.Tensor) or output.shape != x.shape:
                watch.calls[one.name] = 2
                return None
            with _disable_current_modes():
                if not law:
                    watch.spread[one.name] = _variance(statistics(x.detach(), module, one.kind), one.kind).sqrt()
                    return None
                watch.inputs[one.name] = x.detach().clone()
                watch.results[one.name] = output
                # the copy goes on: an activation in place must not change what is differentiated
                return output.clone()

        return one.module.register_forward_hook(seen, with_kwargs=True, prepend=True)

    hooks = [hook(one) for one in found]
    try:
        yield watch
    finally:
        for handle in hooks:
            handle.remove()


def followed(
    found: Sequence[Normalising], scales: Sequence[tuple[Family, Array]], base: Watch, scaled: Watch
) -> dict[str, list[Norm]]:
    """By family: the normalisations whose statistics are multiplied by the factors of its blocks, all families at once."""
    norms: dict[str, list[Norm]] = {family.name: [] for family, _ in scales}
    by = np.concatenate([factors for _, factors in scales])
    starts = np.cumsum([0, *[len(factors) for _, factors in scales]])
    order = np.argsort(by)
    for one in found:
        ratio, silent = _ratio(one, base, scaled)
        for axis in range(ratio.ndim) if not silent.all() else ():
            r: Array = np.moveaxis(ratio, axis, 0).reshape(ratio.shape[axis], -1)
            quiet: NDArray[np.bool_] = np.moveaxis(silent, axis, 0).reshape(ratio.shape[axis], -1)
            speaking: Array = r[np.arange(len(r)), np.argmin(quiet, axis=1)]
            # every statistic that has the factor of a block says which family, and where it begins
            rank = np.clip(np.searchsorted(by[order], speaking * (1 - _FOLLOWS)), 0, len(by) - 1)
            block = order[rank]
            hit = (np.abs(speaking / by[block] - 1) <= _FOLLOWS) & ~quiet.all(axis=1)
            owner = np.searchsorted(starts, block, side="right") - 1
            begins = np.arange(len(r)) - (block - starts[owner])
            for number, first in sorted({(int(o), int(f)) for o, f in zip(owner[hit], begins[hit], strict=True)}):
                family, factors = scales[number]
                if any(n.module == one.name for n in norms[family.name]):
                    continue
                if family.parts == 1:
                    if bool(((np.abs(ratio / factors[0] - 1) <= _FOLLOWS) | silent).all()):
                        norms[family.name].append(Norm(one.name, one.kind, None))
                elif first >= 0 and _near(r[first : first + len(factors)], quiet[first : first + len(factors)], factors):
                    norms[family.name].append(Norm(one.name, one.kind, axis + (one.kind == "batch"), first))
    return norms


def _ratio(one: Normalising, base: Watch, scaled: Watch) -> tuple[Array, NDArray[np.bool_]]:
    """How the deviations changed, and which are zero or rounding (those of dead channels) and say nothing."""
    nothing = np.ones(0), np.ones(0, dtype=bool)
    if base.calls.get(one.name) != 1 or scaled.calls.get(one.name) != 1 or one.name not in base.spread:
        return nothing
    before, after = base.spread[one.name].cpu().numpy(), scaled.spread[one.name].cpu().numpy()
    if before.shape != after.shape or not before.size:
        return nothing
    with np.errstate(all="ignore"):
        ratio = after / before
    return ratio, ~np.isfinite(ratio) | (before <= 1e-12 * before.max())


def _near(ratio: Array, silent: NDArray[np.bool_], by: Array) -> bool:
    return len(ratio) == len(by) and bool(((np.abs(ratio / by[:, None] - 1) <= _FOLLOWS) | silent).all())


def law_terms(found: Sequence[Normalising], watch: Watch, gradients: Mapping[str, torch.Tensor | None], missing: float) -> dict:
    """eps / (var + eps) * sum <df/dz, z> of every statistic, by module; the eps the modules have now."""
    terms = {}
    for one in found:
        gradient, output = gradients.get(one.name), watch.results.get(one.name)
        if gradient is None or output is None or watch.calls.get(one.name) != 1:
            continue
        kind = one.kind
        variance = _variance(statistics(watch.inputs[one.name], one.module, kind), kind)
        y = output.detach()
        shift = getattr(one.module, "bias", None)
        if isinstance(shift, torch.Tensor):
            # gain and shift are per channel, or along the last axes
            channels = kind in ("batch", "instance", "group")
            y = y - (shift.detach().reshape(-1, *[1] * (y.dim() - 2)) if channels else shift.detach())
        power = statistics(gradient * y, one.module, kind).sum(-1)
        eps = eps_of(one.module, missing)
        terms[one.name] = (eps / (variance + eps) * power).cpu().numpy()
    return terms


def law_sum(norm: Norm, family: Family, terms: Array) -> Array:
    """The law's side of one normalisation for every block of the family."""
    if norm.axis is None:
        return np.full(family.parts, terms.sum())
    axis = norm.axis - (norm.kind == "batch")
    along = np.moveaxis(terms, axis, 0).reshape(terms.shape[axis], -1).sum(1)
    return np.asarray(along[norm.first : norm.first + family.parts])


def law_holds(radial: Array, sizes: Array, law: Array) -> bool:
    """Whether <w, g> is what the law says: to 1e-6 of the law, or to rounding."""
    return bool((np.abs(radial - law) <= LAW_HOLDS * np.abs(law) + _ROUNDING * sizes).all())
