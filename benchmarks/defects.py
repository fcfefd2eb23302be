"""The norm's defect of real runs: ``python -m benchmarks.defects [steps]`` (300 steps: about ten minutes on two cores).

Every combination of precision, eps, learning rate, momentum and decay, and AdamW, accumulation, clipping, bfloat16 and loss
scaling, on digits: the cause that is named, the largest rest in units of its allowance, the corrected certificate. Then the
same with weights scaled by 1.001 once, and with unrelated gradients: there the check must fail. Exits with 1 if a run
disagrees.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ratetheory.observation.compare import compare
from ratetheory.observation.faults import FAULTY, defect_causes, faults
from tests.training.monitor.watched import groups, network, watch

Run = tuple[str, torch.dtype, float, Any, dict[str, Any], set[str]]
RATES = (1e-4, 1e-2, 1.0, 10.0)


def runs() -> list[Run]:
    """Name, precision, eps, optimiser, how to train, and the causes that may be named."""
    found: list[Run] = []
    for dtype, eps, rate, beta, lam in itertools.product(
        (torch.float64, torch.float32), (1e-5, 1e-30), RATES, (0.0, 0.9), (0.0, 5e-4)
    ):
        causes = {"momentum"} if beta else {"weight decay"} if lam else {"eps"} if eps > 1e-20 else {"rounding"}
        if dtype == torch.float32:
            causes.add("rounding")
        name = f"rate {rate:g}, momentum {beta:g}, decay {lam:g}"
        found.append((name, dtype, eps, _sgd(rate, momentum=beta, weight_decay=lam), {}, causes))
    for dtype, eps in ((torch.float64, 1e-30), (torch.float32, 1e-5)):
        alone = {"rounding"} if eps < 1e-20 else {"eps", "rounding"}
        found.append(("AdamW", dtype, eps, _adamw, {}, {"the rule of AdamW"}))
        found.append(("Nesterov", dtype, eps, _sgd(0.1, momentum=0.9, nesterov=True), {}, {"momentum"}))
        found.append(("accumulation", dtype, eps, _sgd(0.1), {"accumulate": 4}, alone))
        found.append(("clipping", dtype, eps, _sgd(0.1), {"clip": 0.1}, alone))
        found.append(("loss scaling", dtype, eps, _sgd(0.1), {"scale": 2.0**13}, alone))
    found.append(("bfloat16", torch.float32, 1e-5, _sgd(0.1), {"autocast": True}, {"eps", "rounding"}))
    return found


def _sgd(rate: float, **settings: Any) -> Any:
    return lambda net: torch.optim.SGD(groups(net, rate), lr=0.1, **settings)


def _adamw(net: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(groups(net, 1e-2, 1e-3, weight_decay=0.1), lr=0.01)


def _scaled(step: int, net: nn.Module) -> None:
    if step == 5:
        net.get_parameter("3.weight").mul_(1.001)


def _unrelated(step: int, net: nn.Module) -> None:
    for layer in (0, 3, 6):
        gradient = net.get_parameter(f"{layer}.weight").grad
        assert gradient is not None
        noise = torch.randn_like(gradient)
        gradient.copy_(noise * gradient.norm() / noise.norm())


def observe(run: Run, steps: int, **planted: Any) -> tuple[set[str], float, str, set[tuple[str, int]]]:
    """Causes, the largest rest in units of its allowance, the word of the certificate, kinds and steps of the faults."""
    _, dtype, eps, optimizer, how, _ = run
    settings = {k: v for k, v in how.items() if k != "scale"}
    if "scale" in how:
        settings["scaler"] = torch.amp.GradScaler("cpu", init_scale=how["scale"])
    net = network(dtype, eps)
    with tempfile.TemporaryDirectory() as directory:
        trace = watch(Path(directory), net, optimizer(net), steps, 32, **settings, **planted)
    causes = defect_causes(trace)
    words = compare(trace).verdicts()
    found = {(f.kind, f.step) for f in faults(trace) if f.kind in FAULTY}
    return (
        {c["cause"] for c in causes.values()},
        max(c["unexplained"] for c in causes.values()),
        words["corrected-certificate"],
        found,
    )


def main() -> int:
    """Print one line a run that disagrees, and the totals."""
    steps, failed = int(sys.argv[1]) if len(sys.argv) > 1 else 300, 0
    torch.set_num_threads(1)
    named, words, largest = Counter[str](), Counter[str](), 0.0
    for run in runs():
        name, dtype, eps, _, _, expected = run
        causes, rest, word, found = observe(run, steps)
        named.update(causes)
        words[word] += 1
        largest = max(largest, rest)
        scaled = observe(run, 8, after_step=_scaled)[3]
        unrelated = observe(run, 8, before_step=_unrelated)[3]
        wrong = []
        if not causes <= expected:
            wrong.append(f"causes {causes}, expected {expected}")
        if rest > 1 or found or word == "violated":
            wrong.append(f"rest {rest:.2f}, faults {found}, certificate {word}")
        if ("update", 5) not in scaled or min(step for _, step in scaled) < 5:
            wrong.append(f"scaled weights: {scaled}")
        if ("invariance", 0) not in unrelated:
            wrong.append(f"unrelated gradients: {unrelated}")
        if wrong:
            failed += 1
            print(f"{name}, {dtype}, eps {eps:g}: {'; '.join(wrong)}", flush=True)
    total = len(runs())
    print(f"{total} runs of {steps} steps: {failed} disagree; the largest rest is {largest:.2f} of its allowance")
    print(f"causes named: {dict(named)}; corrected-certificate: {dict(words)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
