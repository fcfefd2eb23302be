"""Estimated smoothness along a run: extreme eigenvalues of the Hessian, from products with it.

Let v_i = w_i/|w_i| and D = diag(|w_i|). By homogeneity D H D, with H the Hessian at w, is the Hessian at the normalised
weights. Its part on the tangents, P D H D P, is the second derivative of the loss along great circles of all blocks at once:
f'' <= Lam sum theta_i^2 for angular speeds theta_i if Lam is its largest eigenvalue. These are values at points of a run,
no bounds over the whole product of spheres: every number here is an estimate.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import nn

from ratetheory.observation.trace import read_run
from ratetheory.training import checkpoint
from ratetheory.training.data import Images, load_images
from ratetheory.training.networks import Network
from ratetheory.training.specification import TrainSpec, checked, network_for

Granularity = Literal["filter", "layer"]
Product = Callable[[np.ndarray], np.ndarray]

_LANCZOS_VECTORS = 8
"""Products between two tests of convergence; eight often suffice for 1e-2."""


@dataclass(frozen=True)
class Smoothness:
    """Estimated constants, values at normalised weights, one entry a point of the run.

    ``largest``, ``modulus``: largest eigenvalue and largest modulus on the tangents of all scale-invariant blocks together.
    ``scale_variant``: largest modulus on the scale-variant parameters (L_gg), empty without such parameters. ``joint``:
    largest eigenvalue of both together, the scale-variant parameters scaled by ``scale``.

    ``L`` = max ``modulus``. ``Lam`` = max ``largest`` without scale-variant parameters; with them ``Lam`` = max ``joint``
    and ``Lam_g`` = ``Lam``/``scale``^2: on the points of the run diag(Lam, Lam_g) minus the Hessian is then positive
    semidefinite.
    """

    granularity: Granularity
    steps: list[int]
    largest: list[float]
    modulus: list[float]
    scale_variant: list[float]
    joint: list[float]
    scale: float | None
    L: float
    Lam: float
    L_gg: float | None
    Lam_g: float | None
    tolerance: float
    products: int
    seconds: float
    batch: str = "all data, batch normalisation in training mode, double precision"
    trust: str = "estimated"

    def as_dict(self) -> dict[str, Any]:
        """The estimate as plain data."""
        return asdict(self)


def extreme_eigenvalues(product: Product, dimension: int, tolerance: float, seed: int) -> tuple[float, float]:
    """Largest eigenvalue and largest modulus of a symmetric matrix given by its products, each to ``tolerance``, relatively.

    Lanczos (ARPACK) from a random start; the residual is below the tolerance, so an eigenvalue is that near. The outermost
    one is missed only by a start almost orthogonal to it. ``ValueError`` if it does not converge.
    """
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    if dimension <= _LANCZOS_VECTORS:
        spectrum = np.linalg.eigvalsh(np.stack([product(unit) for unit in np.eye(dimension)]))
        return float(spectrum[-1]), float(np.abs(spectrum).max())
    start = np.random.default_rng(seed).standard_normal(dimension)

    def finite(vector: np.ndarray) -> np.ndarray:
        image = product(vector)
        if not np.isfinite(image).all():
            raise ValueError("a product with the Hessian is not finite; its weights must be those of a finite loss")
        return image

    operator = LinearOperator((dimension, dimension), matvec=finite, dtype=np.float64)

    def outermost(which: str) -> float:
        found = eigsh(operator, k=1, which=which, v0=start, tol=tolerance, ncv=_LANCZOS_VECTORS, return_eigenvectors=False)
        return float(found[0])

    try:
        farthest = outermost("LM")
        return (farthest if farthest > 0 else outermost("LA")), abs(farthest)
    except ArpackError as error:
        raise ValueError(f"the eigenvalues did not converge to {tolerance:g}; choose a larger tolerance") from error


class _Hessian:
    """The Hessian of the full-batch loss at the module's weights, in the frame that makes it one at normalised weights."""

    def __init__(self, network: Network, images: Images, granularity: Granularity) -> None:
        weights = [weight.detach() for weight in network.weights]
        blocks = [w.flatten(1) if granularity == "filter" else w.reshape(1, -1) for w in weights]
        self.norms = [block.norm(dim=1, keepdim=True) for block in blocks]
        self.directions = [block / norm for block, norm in zip(blocks, self.norms, strict=True)]
        self.parameters = [*network.weights, *network.scale_variant.values()]
        self.sizes = [p.numel() for p in self.parameters]
        self.invariant = sum(w.numel() for w in weights)
        loss = nn.functional.cross_entropy(network.module(images.images), images.labels)
        self.gradients = torch.autograd.grad(loss, self.parameters, create_graph=True)
        self.products = 0

    def _tangent(self, vectors: list[torch.Tensor]) -> list[torch.Tensor]:
        shaped = [vector.reshape(v.shape) for vector, v in zip(vectors, self.directions, strict=True)]
        return [x - (x * v).sum(1, keepdim=True) * v for x, v in zip(shaped, self.directions, strict=True)]

    def framed(self, vector: np.ndarray, scale: float) -> np.ndarray:
        """E H E x over all parameters, E = D P on the scale-invariant ones and ``scale`` on the others."""
        self.products += 1
        first, count = self.parameters[0], len(self.norms)
        pieces = list(torch.from_numpy(np.ascontiguousarray(vector.ravel())).to(first.device).split(self.sizes))
        moved = [norm * x for norm, x in zip(self.norms, self._tangent(pieces[:count]), strict=True)]
        inputs = [*moved, *(scale * x for x in pieces[count:])]
        shaped = [x.reshape(p.shape) for x, p in zip(inputs, self.parameters, strict=True)]
        images = torch.autograd.grad(self.gradients, self.parameters, shaped, retain_graph=True)
        blocks = [norm * h.reshape(v.shape) for norm, h, v in zip(self.norms, images, self.directions, strict=False)]
        outputs = [*self._tangent(blocks), *(scale * h for h in images[count:])]
        return torch.cat([x.detach().flatten() for x in outputs]).cpu().numpy()

    def tangential(self, vector: np.ndarray) -> np.ndarray:
        """P D H D P x on the scale-invariant weights alone."""
        padded = np.concatenate([vector.ravel(), np.zeros(sum(self.sizes) - self.invariant)])
        return self.framed(padded, 0.0)[: self.invariant]

    def scale_variant(self, vector: np.ndarray) -> np.ndarray:
        """H_gg x on the scale-variant parameters alone."""
        return self.framed(np.concatenate([np.zeros(self.invariant), vector.ravel()]), 1.0)[self.invariant :]


def estimate_smoothness(
    trace_path: str | Path,
    points: int = 20,
    seed: int = 0,
    granularity: Granularity = "filter",
    tolerance: float = 1e-2,
    device: str = "cpu",
) -> Smoothness:
    """Estimate the smoothness constants at up to ``points`` snapshots of a trace that ``train`` wrote.

    The gradients are those of all data even if the run took minibatches. ``ValueError``: no trace, no snapshots, a
    corrupt one, or an argument out of its range.
    """
    _check(points, granularity, tolerance)
    directory, began = Path(trace_path), time.monotonic()
    network, images = _network_of(directory, device)
    available = checkpoint.snapshots(directory)
    if not available:
        raise ValueError(f"{directory}: no snapshots of the weights; a trace written by train has them")
    chosen = np.unique(np.linspace(0, len(available) - 1, points).round().astype(int))
    steps = [sorted(available)[i] for i in chosen]

    def hessian(step: int) -> _Hessian:
        _load(network, available[step])
        return _Hessian(network, images, granularity)

    def ends(product: Product, size: int) -> tuple[float, float]:
        return extreme_eigenvalues(product, size, tolerance, seed)

    products, largest, modulus, scale_variant, joint = 0, [], [], [], []
    for step in steps:
        at = hessian(step)
        high, far = ends(at.tangential, at.invariant)
        largest.append(high)
        modulus.append(far)
        if network.scale_variant:
            scale_variant.append(ends(at.scale_variant, sum(at.sizes) - at.invariant)[1])
        products += at.products
    tops = max(largest), max(scale_variant, default=0.0)
    scale = float(np.sqrt(tops[0] / tops[1])) if min(tops) > 0 else None
    if scale is not None:
        for step in steps:
            at = hessian(step)
            joint.append(ends(lambda x, at=at: at.framed(x, scale), sum(at.sizes))[0])  # type: ignore[misc]
            products += at.products
    lam = max(joint) if scale is not None else tops[0]
    return Smoothness(
        granularity,
        steps,
        largest,
        modulus,
        scale_variant,
        joint,
        scale,
        L=max(modulus),
        Lam=lam,
        L_gg=tops[1] if network.scale_variant else None,
        Lam_g=lam / scale**2 if scale is not None else None,
        tolerance=tolerance,
        products=products,
        seconds=time.monotonic() - began,
    )


def _check(points: int, granularity: str, tolerance: float) -> None:
    if points < 1:
        raise ValueError(f"points: {points} is not allowed; a positive integer is")
    if granularity not in get_args(Granularity):
        raise ValueError(f"granularity: {granularity!r} is not known; {', '.join(get_args(Granularity))} are allowed")
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance: {tolerance} is not allowed; a number between 0 and 1 is")


def _network_of(directory: Path, device: str) -> tuple[Network, Images]:
    try:
        # a trace recorded on another device is as good
        spec = checked(TrainSpec(**{**read_run(directory)["specification"], "device": device}))
    except TypeError as error:
        raise ValueError(f"{directory}: the specification is not one of train") from error
    images = load_images(spec.data, torch.float64, torch.device(device))
    network = network_for(spec, images, seed=0)
    network.module.to(device, torch.float64)
    return network, images


def _load(network: Network, path: Path) -> None:
    try:
        network.module.load_state_dict(checkpoint.load(path)["module"])
    except (RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: the weights of another network") from error
