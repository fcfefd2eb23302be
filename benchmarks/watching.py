"""What watching costs: ``python -m benchmarks.watching [vgg|digits] [steps]``.

Time inside the monitor (its call, all its hooks, its writer's processor time) as a share of the step; beside it the ratio of
watched to plain steps, made in turn on equal models, with a 95% interval; a naive tracker that asks for every filter's norms
with ``.item()``, and cockpit where it is installed (norms of gradients and updates, by layer). Exits with 1 if the share
exceeds its limit.
"""

from __future__ import annotations

import contextlib
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ratetheory.observation.families import Blocks, Family, Member, Norm
from ratetheory.training.data import load_images
from ratetheory.training.monitor import RateMonitor, laws, stream

LIMITS = {"vgg": 0.01, "digits": 0.05}


def vgg() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """Six convolutions with batch normalisation, 448 filters, 289 thousand parameters; 128 random images of 3 x 32 x 32."""
    layers: list[nn.Module] = []
    channels = 3
    for number, filters in enumerate((32, 32, 64, 64, 128, 128)):
        layers += [nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] * (number % 2)
        channels = filters
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
    return net, torch.randn(128, 3, 32, 32), torch.randint(10, (128,))


def digits() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """Three convolutions with batch normalisation, 80 filters, on all 1797 digits."""
    layers: list[nn.Module] = []
    for inputs, filters, kernel, stride, padding in ((1, 8, 3, 2, 1), (8, 24, 3, 1, 0), (24, 48, 2, 1, 0)):
        layers += [nn.Conv2d(inputs, filters, kernel, stride, padding, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
    data = load_images("digits", torch.float32, torch.device("cpu"))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(48, 10)), data.images, data.labels


def filters_of(net: nn.Module) -> Blocks:
    """Every filter whose convolution stands before a batch normalisation."""
    families = []
    for (name, first), (norm, second) in pairwise(net.named_modules()):
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            parts, size = len(first.weight), first.weight[0].numel()
            member = Member(f"{name}.weight", 0, 0, parts)
            families.append(
                Family(member.parameter, "alone", "filter", parts, size, (member,), "", (), (Norm(norm, "batch", 1),))
            )
    return Blocks(tuple(families))


class Meter:
    """Seconds spent inside the monitor since ``reset``."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, call: Callable[..., Any], clock: Callable[[], float]) -> Callable[..., Any]:
        """The same call, with its time added up."""

        def run(*arguments: Any, **keywords: Any) -> Any:
            start = clock()
            try:
                return call(*arguments, **keywords)
            finally:
                self.seconds += clock() - start

        return run

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """All entrances of the monitor timed: its call, its hooks, and its writer by its processor time."""
        entrances = [
            (RateMonitor, "step"), (RateMonitor, "_before"), (RateMonitor, "_left"), (laws.Law, "_forward"),
            (laws.GainLaw, "_of_gain"), (laws.GainLaw, "_look"), (laws.GainLaw, "_lead"), (laws.ActivationLaw, "_of_output"),
            (stream.Stream, "_write"),
        ]  # fmt: skip
        kept = [(owner, name, getattr(owner, name)) for owner, name in entrances]
        for owner, name, call in kept:
            setattr(owner, name, self.timed(call, time.thread_time if name == "_write" else time.perf_counter))
        try:
            yield
        finally:
            for owner, name, call in kept:
                setattr(owner, name, call)


def stepper(
    net: nn.Module, images: torch.Tensor, labels: torch.Tensor, after: Callable[[torch.Tensor], None]
) -> Callable[[], float]:
    """One training step with momentum and decay, and what is done after it; returns its seconds."""
    optimizer = net.optimizer
    assert isinstance(optimizer, torch.optim.SGD)

    def step() -> float:
        start = time.perf_counter()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
        after(loss)
        return time.perf_counter() - start

    return step


def with_optimizer(net: nn.Module) -> nn.Module:
    """The network with its optimiser beside it."""
    object.__setattr__(net, "optimizer", torch.optim.SGD(net.parameters(), 0.05, momentum=0.9, weight_decay=5e-4))
    return net


def naive(net: nn.Module) -> Callable[[torch.Tensor], None]:
    """Norms of weights and gradients filter by filter, each asked for at once."""
    weights = [m.weight for m in net.modules() if isinstance(m, nn.Conv2d)]
    log: list[list[float]] = []

    def after(loss: torch.Tensor) -> None:
        row = []
        for weight in weights:
            assert weight.grad is not None
            for filter_, gradient in zip(weight.detach(), weight.grad, strict=True):
                row += [filter_.norm().item(), gradient.norm().item(), (filter_ * gradient).sum().item()]
        log.append(row)

    return after


def with_cockpit(net: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> Callable[[], float] | None:
    """One training step under cockpit (Schneider, Dangel, Hennig 2021), every step; ``None`` where it is not installed."""
    try:
        extend, cockpits = import_module("backpack").extend, import_module("cockpit")
        quantities, linear = import_module("cockpit.quantities"), import_module("cockpit.utils.schedules").linear
    except ImportError:
        return None
    optimizer, number = net.optimizer, 0
    assert isinstance(optimizer, torch.optim.SGD)
    mean, each = extend(nn.CrossEntropyLoss()), nn.CrossEntropyLoss(reduction="none")
    asked = [kind(linear(1)) for kind in (quantities.GradNorm, quantities.UpdateSize, quantities.Distance)]
    extended, cockpit = extend(net), cockpits.Cockpit(net.parameters(), quantities=asked)

    def step() -> float:
        nonlocal number
        start = time.perf_counter()
        optimizer.zero_grad()
        scores = extended(images)
        loss = mean(scores, labels)
        shown = {"batch_size": len(labels), "individual_losses": each(scores, labels), "loss": loss, "optimizer": optimizer}
        with cockpit(number, info=shown):
            loss.backward(create_graph=cockpit.create_graph(number))
        optimizer.step()
        number += 1
        return time.perf_counter() - start

    return step


def interval(ratios: np.ndarray) -> tuple[float, float]:
    """95% interval of the median by the bootstrap."""
    drawn = np.random.default_rng(0).choice(ratios, (2000, len(ratios)))
    low, high = np.quantile(np.median(drawn, axis=1), [0.025, 0.975])
    return float(low), float(high)


def measure(name: str, steps: int) -> bool:
    """Print the table of one network; whether the share is within its limit."""
    torch.manual_seed(0)
    made, images, labels = {"vgg": vgg, "digits": digits}[name]()
    nets = {}
    for kind in ("plain", "watched", "naive", "cockpit"):
        torch.manual_seed(0)
        nets[kind] = with_optimizer({"vgg": vgg, "digits": digits}[name]()[0])
    meter, inside = Meter(), list[float]()
    times: dict[str, list[float]] = {kind: [] for kind in nets}
    with tempfile.TemporaryDirectory() as directory, meter.installed():
        watched = nets["watched"]
        monitor = RateMonitor(watched, watched.optimizer, filters_of(watched), Path(directory) / "trace")  # type: ignore[arg-type]
        runs = {
            "plain": stepper(nets["plain"], images, labels, lambda loss: None),
            "watched": stepper(watched, images, labels, lambda loss: monitor.step(loss)),
            "naive": stepper(nets["naive"], images, labels, naive(nets["naive"])),
        }
        peer = with_cockpit(nets["cockpit"], images, labels)
        if peer is not None:
            runs["cockpit"] = peer
        for number in range(steps + 5):
            order = list(runs) if number % 2 else list(reversed(runs))
            for kind in order:
                meter.seconds = 0.0
                seconds = runs[kind]()
                if number >= 5:
                    times[kind].append(seconds)
                    if kind == "watched":
                        inside.append(meter.seconds)
        monitor.close()
    plain = np.array(times["plain"])
    share = float(np.median(np.array(inside) / (np.array(times["watched"]) - np.array(inside))))
    mean = sum(inside) / sum(np.array(times["watched"]) - np.array(inside))
    entries = sum(p.numel() for p in made.parameters())
    print(f"{name}: {entries} parameters, {np.median(plain) * 1e3:.1f} ms a plain step, {steps} steps")
    print(
        f"  inside the monitor  {np.median(inside) * 1e3:.3f} ms: {share:.2%} of the step"
        f" (limit {LIMITS[name]:.0%}), mean {mean:.2%}"
    )
    for kind in [kind for kind in runs if kind != "plain"]:
        ratio = np.array(times[kind]) / plain
        low, high = interval(ratio)
        print(f"  {kind + ' / plain':<19} {np.median(ratio):.4f}  95% [{low:.4f}, {high:.4f}]")
    if "cockpit" not in runs:
        print("  cockpit is not installed")
    print(f"  peak memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    return share <= LIMITS[name]


def main() -> int:
    """Measure the networks named, or both."""
    names = [a for a in sys.argv[1:] if a in LIMITS] or list(LIMITS)
    steps = next((int(a) for a in sys.argv[1:] if a.isdigit()), 500)
    within = [measure(name, steps) for name in names]
    return 0 if all(within) else 1


if __name__ == "__main__":
    sys.exit(main())
