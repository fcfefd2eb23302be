"""Update rules of optimisers: the step that each says it takes, of gradient and state, never of the new weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ratetheory.training.monitor.chunk import Entries, Linear
from ratetheory.training.monitor.layout import local

BEFORE, AFTER, UNKNOWN = "before", "after", "unknown"


@dataclass(frozen=True)
class Rule:
    """How one parameter group is updated at one step.

    ``when`` the plan can be computed: ``before`` the step, from gradient, weights and momentum buffer; ``after`` it,
    from the optimiser's state; or not at all (``unknown``). SGD's update is -rate (``gradient`` g + ``weights`` w +
    ``buffer`` m).
    ``first``: what stands for ``gradient`` and ``weights`` at a parameter that has no momentum buffer yet, where it is
    another; ``mixed``: at this step there are some of both kinds, and the coefficients are not those of all blocks.
    ``averages``: of Adam b1, b2, eps, and whether it takes the largest second moment.
    ``decay`` is lam, ``momentum`` beta; ``decoupled`` decay adds -rate decay w to what the optimiser does otherwise.
    """

    name: str
    when: str
    rate: Any
    decay: float = 0.0
    momentum: float = 0.0
    gradient: float = 1.0
    weights: float = 0.0
    buffer: float = 0.0
    decoupled: bool = False
    nesterov: bool = False
    plain_buffer: bool = True
    averages: tuple[float, float, float, bool] | None = None
    first: tuple[float, float] | None = None
    mixed: bool = False

    def coefficients(self) -> tuple[float, ...]:
        """What the evaluation of a step needs, in the order of ``COEFFICIENTS``."""
        separate = self.decay if self.when == BEFORE or self.decoupled else 0.0
        # decoupled decay and the rest are written, and rounded, one after the other
        writes = 2.0 if self.decoupled and self.decay else 1.0
        linear = self.when == BEFORE and not self.mixed
        return (separate, self.gradient, self.weights, float(linear), float(self.when != UNKNOWN), writes)


STILL = Rule("none", BEFORE, 0.0, gradient=0.0)
"""A group whose optimiser makes no step."""

COEFFICIENTS = ("decay", "gradient", "weights", "linear", "known", "writes")


def rule_of(optimizer: torch.optim.Optimizer, group: Mapping[str, Any]) -> Rule:
    """The rule of a parameter group as its settings are now."""
    name, rate = type(optimizer).__name__, group["lr"]
    if type(optimizer) is torch.optim.SGD:
        settings = (name, rate, *(group[key] for key in _SGD), _started(optimizer, group))
        return _sgd(*settings)
    if type(optimizer) in (torch.optim.Adam, torch.optim.AdamW):
        decoupled = bool(group.get("decoupled_weight_decay", type(optimizer) is torch.optim.AdamW))
        first, second = map(float, group["betas"])
        averages = (first, second, float(group["eps"]), bool(group.get("amsgrad")))
        return Rule(name, AFTER, rate, float(group["weight_decay"]), decoupled=decoupled, averages=averages)
    return Rule(name, UNKNOWN, rate)


_SGD = ("momentum", "weight_decay", "nesterov", "dampening", "maximize")


def _started(optimizer: torch.optim.Optimizer, group: Mapping[str, Any]) -> bool:
    """Whether there are momentum buffers."""
    if not group["momentum"]:
        return False
    states = (optimizer.state.get(p) for p in group["params"])
    return next((state.get("momentum_buffer") is not None for state in states if state), False)


def _sgd(
    name: str, rate: Any, beta: float, lam: float, nesterov: bool, dampening: float, maximize: bool, started: bool
) -> Rule:
    """d = g + lam w, m+ = beta m + (1 - dampening) d (m+ = d at first), w+ = w - rate m+, or - rate (d + beta m+)."""
    beta, lam = float(beta), float(lam)
    sign = -1.0 if maximize else 1.0
    in_buffer = 1.0 - float(dampening) if beta and started else 1.0
    of_gradient, of_buffer = (1 + beta * in_buffer, beta**2) if nesterov else (in_buffer, beta)
    at_first = 1 + beta if nesterov else 1.0
    return Rule(
        name,
        BEFORE,
        rate,
        lam,
        beta,
        gradient=sign * of_gradient,
        weights=lam * of_gradient,
        buffer=of_buffer if started else 0.0,
        nesterov=bool(nesterov),
        plain_buffer=not (beta and dampening),
        first=(sign * at_first, lam * at_first) if in_buffer != 1.0 else None,
    )


def linear_plan(rule: Rule, optimizer: torch.optim.Optimizer, parameters: Sequence[torch.Tensor]) -> Linear:
    """The plan of a rule that is known before the step, and the momentum buffers that it takes."""
    buffers: list[torch.Tensor | None] = []
    if rule.buffer:
        buffers = [optimizer.state.get(p, {}).get("momentum_buffer") for p in parameters]
    firsts: list[bool] = []
    if rule.first is not None:
        firsts = [m is None and p.grad is not None for m, p in zip(buffers, parameters, strict=True)]
    first = rule.first if any(firsts) else None
    return Linear(rule.rate, rule.gradient, rule.weights, rule.buffer, buffers, first, firsts)


def plan_adam(rule: Rule, optimizer: torch.optim.Optimizer, chunk: Entries) -> None:
    """Plan what Adam's or AdamW's averages after the step say.

    -rate m/(1 - b1^t) / (sqrt(v/(1 - b2^t)) + eps), and - rate lam w where decay is decoupled.
    """
    assert rule.averages is not None
    b1, b2, eps, largest = rule.averages
    views, segments = zip(chunk.plan_views, chunk.weight_views, strict=True), chunk.layout.segments
    for (target, old), s, p, given in zip(views, segments, chunk.parameters, chunk.given, strict=True):
        state = optimizer.state.get(p, {})
        # the gradient itself may have been cleared since
        if not given or "exp_avg" not in state:
            target.zero_()
            continue
        step = state["step"].double() if isinstance(state["step"], torch.Tensor) else float(state["step"])
        second = state["max_exp_avg_sq"] if largest else state["exp_avg_sq"]
        root = s.select(local(second)).double().div(1 - b2**step).sqrt_().add_(eps)
        torch.div(s.select(local(state["exp_avg"])).double(), root, out=target)
        target.div_(1 - b1**step)
        if rule.decoupled and rule.decay:
            target.add_(old, alpha=rule.decay)
        target.mul_(rule.rate).neg_()
