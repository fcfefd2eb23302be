"""Estimated smoothness along a run, of any model at its checkpoints.

These are values at points of a run, no bounds over the whole product of spheres: every number here is an estimate.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from torch import nn

from ratetheory.observation.families import Blocks
from ratetheory.training import checkpoint
from ratetheory.training.curvature.estimate import check, spectrum_of
from ratetheory.training.curvature.hessian import Hessian, Loss, load_state, split, twin_of
from ratetheory.training.curvature.lanczos import PRODUCTS, Spectrum

Granularity = Literal["filter", "layer"]
_STATE_KEYS = ("module", "model", "state_dict", "model_state_dict")


@dataclass(frozen=True)
class Smoothness:
    """Estimated constants, values at normalised weights, one entry a point of the run.

    ``largest``, ``smallest``, ``modulus``: largest and smallest eigenvalue and largest modulus on the tangents of all
    scale-invariant blocks together. ``scale_variant``: largest modulus on the scale-variant weights (L_gg), empty without such
    weights. ``joint``: largest eigenvalue of both together, the scale-variant weights scaled by ``scale``.

    ``L`` = max ``modulus``. ``Lam`` = max ``largest`` without scale-variant weights; with them ``Lam`` = max ``joint`` and
    ``Lam_g`` = ``Lam``/``scale``^2: on the points of the run diag(Lam, Lam_g) minus the Hessian is then positive semidefinite.

    ``residual``: the largest residual of these eigenvalues relative to the largest modulus of its spectrum; ``converged``:
    whether all but ``smallest`` are estimated to ``tolerance``. ``weights``: how many are scale-invariant and scale-variant.
    """

    granularity: Granularity | Literal["table"]
    steps: list[int]
    largest: list[float]
    smallest: list[float]
    modulus: list[float]
    scale_variant: list[float]
    joint: list[float]
    scale: float | None
    L: float
    Lam: float
    L_gg: float | None
    Lam_g: float | None
    tolerance: float
    converged: bool
    residual: float
    products: int
    seconds: float
    weights: tuple[int, int]
    blocks: list[str]
    batch: str = "all data, batch normalisation in training mode, double precision"
    trust: str = "estimated"

    def as_dict(self) -> dict[str, Any]:
        """The estimate as plain data."""
        return asdict(self)

    def save(self, trace: str | Path) -> Path:
        """Keep the estimate beside the trace of the same run, where ``compare`` looks for it; the file.

        ``ValueError``: no trace there, or one of other blocks.
        """
        from ratetheory.observation.apriori import keep_estimate

        return keep_estimate(Path(trace), self.as_dict())


@dataclass(frozen=True)
class RateRange:
    """The learning rates of the scale-variant weights at which one step lowers the loss, as far as the points of a run tell.

    ``below``: 2/L_gg, the end of the range (claim ``geodesic-descent``; those of the blocks grow beyond all bounds towards
    it); ``None`` without scale-variant weights, or where no point sets a limit. ``joint``: 2/Lam_g, the end of the range in
    which the a-priori bound of the same estimate holds. ``weights``: how many there are; ``points``: how many points were seen.
    ``nearly``: how many blocks are scale-invariant only nearly, with the eps that the model has.
    """

    below: float | None
    joint: float | None
    weights: int
    points: int
    converged: bool
    nearly: int = 0
    trust: str = "estimated"

    def __str__(self) -> str:
        if not self.weights:
            return "no scale-variant weights are trained: no learning rate needs tuning"
        points = f"at {self.points} checkpoint{'s' if self.points != 1 else ''}, estimated"
        name = f"learning rate of the {self.weights:,} scale-variant weights"
        if self.below is None:
            return f"{name}: no limit was found (L_gg = 0 {points})"
        doubt = "" if self.converged else "; not converged, the limit may be lower"
        return f"{name}: below {self.below:.2g} (2/L_gg {points}{doubt}); {self._others()}"

    def _others(self) -> str:
        if not self.nearly:
            return "the others need no tuning"
        return f"the others need none as far as they are invariant: {self.nearly} blocks are so only nearly, by the eps"


def suggested_rate(smoothness: Smoothness, blocks: Blocks | None = None) -> RateRange:
    """The range of the scale-variant learning rate, the only one that needs tuning: from 0 to 2/L_gg.

    ``blocks``: the table that the estimate is for; it knows which blocks are invariant only nearly.
    """
    L_gg, Lam_g = smoothness.L_gg, smoothness.Lam_g
    return RateRange(
        2 / L_gg if L_gg else None,
        2 / Lam_g if Lam_g else None,
        smoothness.weights[1],
        len(smoothness.steps),
        smoothness.converged,
        sum(family.nearly for family in blocks.invariant) if blocks is not None else 0,
    )


def smoothness_along(
    model: nn.Module,
    loss: Loss,
    blocks: Blocks,
    checkpoints: Mapping[int, str | Path] | Sequence[str | Path] = (),
    tolerance: float = 1e-2,
    products: int = PRODUCTS,
    seed: int = 0,
) -> Smoothness:
    """Estimate the smoothness constants of any model at its checkpoints, or without any at its weights as they are.

    A checkpoint is a file of tensors (``torch.save``) with the state of the model, alone or under ``module``, ``model``,
    ``state_dict`` or ``model_state_dict``, or a safetensors file; ``checkpoints`` gives the files by step, or in their order.
    ``ValueError`` as for ``curvature``, or if a file is no checkpoint of this model.
    """
    files = dict(checkpoints) if isinstance(checkpoints, Mapping) else dict(enumerate(checkpoints))
    points: dict[int, Path | None] = {step: Path(files[step]) for step in sorted(files)} or {0: None}
    return estimate_along(model, loss, blocks, points, "table", tolerance, products, seed, "the loss given")


def estimate_along(
    model: nn.Module,
    loss: Loss,
    blocks: Blocks,
    points: Mapping[int, Path | None],
    granularity: Granularity | Literal["table"],
    tolerance: float,
    products: int,
    seed: int,
    data: str,
) -> Smoothness:
    """The estimate at these points, a file each or the model as it is; ``data``: what the loss is that of."""
    check(tolerance, products)
    began, used = time.monotonic(), 0
    twin = twin_of(model, loss)
    parts = split(twin, blocks)
    families, counts = parts.families, parts.counts
    if not families:
        raise ValueError("blocks: no trained block is scale-invariant; one at least is expected")

    def at(step: int) -> Hessian:
        path = points[step]
        if path is not None:
            load_state(twin, _state(path), str(path))
        return Hessian(twin, parts)

    def each(spectra: Callable[[Hessian], Iterable[Spectrum]]) -> list[tuple[Spectrum, ...]]:
        nonlocal used
        found = []
        for step in points:
            hessian = at(step)
            found.append(tuple(spectra(hessian)))
            used += hessian.products
        return found

    def apart(hessian: Hessian) -> Iterable[Spectrum]:
        yield spectrum_of(hessian.operator(families), tolerance, products, seed, ("high",))
        if counts[1]:
            yield spectrum_of(hessian.operator((), 1.0), tolerance, products, seed, ())

    first = each(apart)
    spheres, variant = [s[0] for s in first], [s[1] for s in first if len(s) > 1]
    tops = max(s.high.value for s in spheres), max((s.modulus for s in variant), default=0.0)
    scale = float(np.sqrt(tops[0] / tops[1])) if min(tops) > 0 else None
    joint = []
    if scale is not None:
        joint = [s[0] for s in each(lambda h: [spectrum_of(h.operator(families, scale), tolerance, products, seed, ("high",))])]
    lam = max(s.high.value for s in joint) if joint else tops[0]
    return Smoothness(
        granularity,
        list(points),
        [s.high.value for s in spheres],
        [s.low.value for s in spheres],
        [s.modulus for s in spheres],
        [s.modulus for s in variant],
        [s.high.value for s in joint],
        scale,
        L=max(s.modulus for s in spheres),
        Lam=lam,
        L_gg=tops[1] if variant else None,
        Lam_g=lam / scale**2 if scale is not None else None,
        tolerance=tolerance,
        converged=all(s.settled(("high",)) for s in (*spheres, *joint)) and all(s.settled(()) for s in variant),
        residual=max(_residual(s) for s in (*spheres, *variant, *joint)),
        products=used,
        seconds=time.monotonic() - began,
        weights=counts,
        blocks=parts.block_names,
        batch=f"{data}, batch normalisation in training mode, double precision",
    )


def _residual(spectrum: Spectrum) -> float:
    """That of the largest eigenvalue, and of the largest modulus, relative to the largest modulus."""
    ends = [spectrum.high, *([spectrum.low] if abs(spectrum.low.value) > abs(spectrum.high.value) else [])]
    return max(end.residual for end in ends) / spectrum.modulus if spectrum.modulus > 0 else 0.0


def _state(path: Path) -> Mapping[str, Any]:
    """The state of a model in a file that is read without running code."""
    if path.suffix == ".safetensors":
        return _safetensors(path)
    content = checkpoint.load(path)
    found = next((content[key] for key in _STATE_KEYS if isinstance(content.get(key), Mapping)), content)
    return {key.removeprefix("_orig_mod.").removeprefix("module."): value for key, value in found.items()}


def _safetensors(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file() or path.stat().st_size > checkpoint.CHECKPOINT_LIMIT:
        raise ValueError(f"{path}: no regular file of at most {checkpoint.CHECKPOINT_LIMIT} bytes")
    try:
        return dict(load_file(path))
    except SafetensorError as error:
        raise ValueError(f"{path}: corrupt, or no safetensors file ({error})") from error
