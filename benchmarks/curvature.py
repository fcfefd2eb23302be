"""Curvature against the dense Hessian and against other tools: ``python -m benchmarks.curvature``, about a minute.

One batch-normalised network, in double precision and training mode, on digits: the largest eigenvalue of the Hessian of all
parameters, which all tools have, by

- the dense Hessian, which is the truth,
- ``ratetheory``: Lanczos with both ends, the gradient in the start, early stopping,
- PyHessian's power iteration (``pip install pyhessian``) as it is, and where it is kept from evaluation mode,
- hessian-eigenthings' Lanczos (``pip install hessian-eigenthings``) as it is, and with twelve iterations,

and then what only ``ratetheory`` has: the ends on the tangents of all filters at the normalised weights. ``products``: with the
Hessian; ``gradients``: how many gradients of the loss take the same time. A tool that is not installed is one line. Exits with
1 if ours is off by more than one percent of the largest modulus at its largest end, or takes more than twelve products.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import nn

from ratetheory.observation.families import Blocks, Family, Member
from ratetheory.training.curvature import Spectrum, curvature

_SEED, _STEPS, _TOLERANCE = 0, 30, 1e-2


def network() -> tuple[nn.Sequential, torch.Tensor, torch.Tensor, Blocks]:
    """A few steps into training: 802 weights, of which 584 in 24 filters."""
    from sklearn.datasets import load_digits

    torch.manual_seed(_SEED)
    digits = load_digits()
    images = torch.from_numpy(digits.images[:512] / 16).unsqueeze(1)
    labels = torch.from_numpy(digits.target[:512])
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 3, stride=2, bias=False), nn.BatchNorm2d(8), nn.Tanh()),
        *(nn.Conv2d(8, 16, 2, bias=False), nn.BatchNorm2d(16), nn.Tanh(), nn.AdaptiveAvgPool2d(1)),
        *(nn.Flatten(), nn.Linear(16, 10)),
    ).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(_STEPS):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    optimizer.zero_grad()
    filters = {"0": 9, "3": 32}
    families = tuple(
        Family(name, "alone", "filter", n, dim, (Member(f"{name}.weight", 0, 0, n),), "batch normalisation follows")
        for (name, dim), n in zip(filters.items(), (8, 16), strict=True)
    )
    return model, images, labels, Blocks(families)


def main() -> int:
    """Print one line a tool."""
    torch.set_num_threads(1)
    model, images, labels, blocks = network()

    def loss(m: nn.Module) -> torch.Tensor:
        return nn.functional.cross_entropy(m(images), labels)

    def gradient() -> None:
        torch.autograd.grad(loss(model), list(model.parameters()))

    one = _timed(gradient, 20)[1]
    hessian, seconds = _timed(lambda: dense(model, loss), 1)
    truth = np.linalg.eigvalsh(hessian)
    print(f"{len(truth)} weights, batch of {len(images)}, one gradient {one * 1e3:.1f} ms")
    print(f"{'largest eigenvalue, all weights':<44} {'value':>9} {'error':>8} {'products':>8} {'seconds':>8} {'gradients':>9}")
    radius = float(np.abs(truth).max())

    def row(name: str, value: float, products: int | str, taken: float, right: float = float(truth[-1])) -> None:
        error = (value - right) / radius
        print(f"{name:<44} {value:9.3f} {error:+8.1%} {products:>8} {taken:8.2f} {taken / one:9.1f}", flush=True)

    row("dense Hessian", float(truth[-1]), len(truth), seconds)
    ours, taken = _timed(lambda: curvature(model, loss, Blocks(()), seed=1))
    assert ours.scale_variant is not None
    found: Spectrum = ours.scale_variant
    row("ratetheory", found.high.value, found.products, taken)
    row("ratetheory, the smallest", found.low.value, found.products, taken, float(truth[0]))
    _pyhessian(model, images, labels, row)
    _eigenthings(model, images, labels, row)
    good = abs(found.high.value - truth[-1]) <= _TOLERANCE * radius and found.products <= 12

    spheres = np.linalg.eigvalsh(tangents(model, blocks, hessian))
    radius = float(np.abs(spheres).max())
    print("tangents of 24 filters, normalised weights")
    ours, taken = _timed(lambda: curvature(model, loss, blocks, seed=1))
    assert ours.spheres is not None
    assert ours.scale_variant is not None
    high, low = ours.spheres.high, ours.spheres.low
    # both spectra took the time
    share = taken * ours.spheres.products / ours.products
    row("ratetheory, the largest", high.value, ours.spheres.products, share, float(spheres[-1]))
    row("ratetheory, the smallest", low.value, ours.spheres.products, share, float(spheres[0]))
    outer = high.value - spheres[-1] if abs(spheres[-1]) == radius else low.value - spheres[0]
    return 0 if good and abs(outer) <= _TOLERANCE * radius and ours.spheres.products <= 12 else 1


def _timed(work: Callable[[], Any], repeats: int = 3) -> tuple[Any, float]:
    """The result, and the least time."""
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - began)
    return result, min(seconds)


def dense(model: nn.Module, loss: Callable[[nn.Module], torch.Tensor]) -> np.ndarray:
    """The Hessian row by row."""
    parameters = list(model.parameters())
    slopes = torch.autograd.grad(loss(model), parameters, create_graph=True)
    flat = torch.cat([slope.flatten() for slope in slopes])
    rows = [torch.cat([h.flatten() for h in torch.autograd.grad(entry, parameters, retain_graph=True)]) for entry in flat]
    matrix = torch.stack(rows).numpy()
    return np.asarray((matrix + matrix.T) / 2)


def tangents(model: nn.Module, blocks: Blocks, hessian: np.ndarray) -> np.ndarray:
    """The dense Hessian at the normalised weights in a basis of the tangents of every filter."""
    first, columns = 0, []
    rows = {family.members[0].parameter: family.dimension for family in blocks.families}
    for name, parameter in model.named_parameters():
        for start in range(0, parameter.numel() if name in rows else 0, rows.get(name, 1)):
            place = slice(first + start, first + start + rows[name])
            w = parameter.detach().flatten()[start : start + rows[name]].numpy()
            for tangent in np.linalg.svd(w[None])[2][1:]:
                column = np.zeros(len(hessian))
                column[place] = np.linalg.norm(w) * tangent
                columns.append(column)
        first += parameter.numel()
    E = np.array(columns)
    return np.asarray(E @ hessian @ E.T)


def _pyhessian(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, row: Callable[..., None]) -> None:
    try:
        hessian = import_module("pyhessian").hessian
    except ImportError:
        print("PyHessian: not installed")
        return

    def estimate() -> tuple[float, int]:
        torch.manual_seed(_SEED)
        with _counting(sys.modules["pyhessian.hessian"], "hessian_vector_product") as count:
            found = hessian(model, nn.functional.cross_entropy, data=(images, labels), cuda=False).eigenvalues()
            model.zero_grad()
            return float(found[0][0]), count[0]

    # its start is drawn in the default precision
    torch.set_default_dtype(torch.float64)
    warnings.filterwarnings("ignore", message="Using backward\\(\\) with create_graph")
    for name, training in (("PyHessian (evaluation mode)", False), ("PyHessian, kept from evaluation mode", True)):
        if training:
            model.eval = lambda: model.train()  # type: ignore[method-assign]
        (value, products), taken = _timed(estimate)
        row(name, value, products, taken)
    del model.eval
    model.train()
    torch.set_default_dtype(torch.float32)


@contextmanager
def _counting(place: Any, name: str) -> Iterator[list[int]]:
    """How often a function of a module or a method of an object is called."""
    original, count = getattr(place, name), [0]

    def counted(*given: Any, **named: Any) -> Any:
        count[0] += 1
        return original(*given, **named)

    setattr(place, name, counted)
    try:
        yield count
    finally:
        setattr(place, name, original)


def _eigenthings(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, row: Callable[..., None]) -> None:
    try:
        lanczos = import_module("hessian_eigenthings.algorithms.lanczos").lanczos
        make = import_module("hessian_eigenthings.operators.hessian").HessianOperator
    except ImportError:
        print("hessian-eigenthings: not installed")
        return

    def loss(m: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return nn.functional.cross_entropy(m(batch[0]), batch[1])

    operator = make(model, [(images, labels)], loss)

    def estimate(options: dict[str, int]) -> tuple[float, int]:
        with _counting(operator, "matvec") as count:
            return float(lanczos(operator, k=1, seed=_SEED, **options).eigenvalues[0]), count[0]

    choices: dict[str, dict[str, int]] = {
        "hessian-eigenthings (k = 1)": {},
        "hessian-eigenthings, max_iter = 12": {"max_iter": 12},
    }
    for name, options in choices.items():
        (value, products), taken = _timed(lambda options=options: estimate(options))  # type: ignore[misc]
        row(name, value, products, taken)


if __name__ == "__main__":
    sys.exit(main())
