"""Update rules beyond the plain gradient step: what weight decay, heavy ball and Nesterov's momentum do to the weights."""

from __future__ import annotations

from ratetheory.symbolic.hypotheses import named
from ratetheory.symbolic.kernel import Context, Inference, rule
from ratetheory.symbolic.namespace import Relation, s
from ratetheory.symbolic.vectors import STEP, Vector

_AFTER = named("w", step=STEP + 1)
_BUFFER_AFTER = named("momentum", step=STEP + 1)


def _decayed_gradient() -> Vector:
    return named("grad") + named("w").scale(s.lam)


@rule("hypothesis: gradient step with decay")
def decay_step(ctx: Context) -> Inference:
    """``w_{t+1} = (1 - eta_t lam_t) w_t - eta_t grad``."""
    after = named("w").scale(1 - s.eta * s.lam) - named("grad").scale(s.eta)
    return Inference(Relation(_AFTER, "==", after), hypotheses=ctx.require("decay-step", "differentiable"))


@rule("hypothesis: momentum buffer")
def buffer_step(ctx: Context) -> Inference:
    """``m_{t+1} = beta m_t + grad + lam_t w_t``, of heavy ball and of Nesterov's momentum."""
    after = named("momentum").scale(s.beta) + _decayed_gradient()
    needed = ctx.require_one("heavy-ball-step", "nesterov-step") | ctx.require("differentiable")
    return Inference(Relation(_BUFFER_AFTER, "==", after), hypotheses=needed)


@rule("hypothesis: heavy ball")
def heavy_ball_step(ctx: Context) -> Inference:
    """``w_{t+1} = w_t - eta_t m_{t+1}``."""
    after = named("w") - _BUFFER_AFTER.scale(s.eta)
    return Inference(Relation(_AFTER, "==", after), hypotheses=ctx.require("heavy-ball-step"))


@rule("hypothesis: Nesterov's momentum")
def nesterov_step(ctx: Context) -> Inference:
    """``w_{t+1} = w_t - eta_t (grad + lam_t w_t + beta m_{t+1})``."""
    after = named("w") - (_decayed_gradient() + _BUFFER_AFTER.scale(s.beta)).scale(s.eta)
    return Inference(Relation(_AFTER, "==", after), hypotheses=ctx.require("nesterov-step", "differentiable"))
