"""What is assumed of second moments: an uncorrelated gradient of constant size, stationarity, the memory of updates."""

from __future__ import annotations

from sympy import S

from ratetheory.symbolic.hypotheses import named
from ratetheory.symbolic.kernel import Context, Inference, RuleFailure, rule
from ratetheory.symbolic.namespace import Relation, letter, s
from ratetheory.symbolic.vectors import STEP, inner

_MOMENTS = ("S", "p", "m_sq", "wu")


@rule("hypothesis: constant squared gradient")
def squared_gradient(ctx: Context) -> Inference:
    """``|G|^2 = Q``."""
    return Inference(Relation(s.G**2, "==", s.Q), hypotheses=ctx.require("squared-gradient"))


@rule("hypothesis: uncorrelated gradient")
def uncorrelated_gradient(ctx: Context) -> Inference:
    """``<grad, m> = 0``."""
    product = inner(named("grad"), named("momentum"))
    return Inference(Relation(product, "==", S.Zero), hypotheses=ctx.require("uncorrelated-gradient", "differentiable"))


@rule("hypothesis: stationary moments")
def stationary(ctx: Context, name: str) -> Inference:
    """``x_{t+1} = x_t`` for a second moment x."""
    if name not in _MOMENTS:
        raise RuleFailure(f"{name!r} is none of the second moments {', '.join(_MOMENTS)}")
    return Inference(Relation(letter(name, STEP + 1), "==", letter(name)), hypotheses=ctx.require("stationary"))


@rule("hypothesis: decay")
def decays(ctx: Context) -> Inference:
    """``0 < eta lam``."""
    return Inference(Relation(S.Zero, "<", s.eta * s.lam), hypotheses=ctx.require("decay-range"))


@rule("hypothesis: decay below one")
def decay_below_one(ctx: Context) -> Inference:
    """``eta lam < 1``."""
    return Inference(Relation(s.eta * s.lam, "<", S.One), hypotheses=ctx.require("decay-range"))


@rule("hypothesis: momentum below one")
def momentum_below_one(ctx: Context) -> Inference:
    """``beta < 1``."""
    return Inference(Relation(s.beta, "<", S.One), hypotheses=ctx.require("momentum-range"))


@rule("hypothesis: decoupled decay")
def decoupled_step(ctx: Context) -> Inference:
    """``w_{t+1} = (1 - eta lam) w_t - eta u_t``."""
    after = named("w").scale(1 - s.eta * s.lam) - named("u").scale(s.eta)
    return Inference(Relation(named("w", step=STEP + 1), "==", after), hypotheses=ctx.require("decoupled-step"))


@rule("hypothesis: size of the update")
def update_size(ctx: Context) -> Inference:
    """``|u_t|^2 = U^2``."""
    return Inference(Relation(inner(named("u"), named("u")), "==", s.U**2), hypotheses=ctx.require("decoupled-step"))


@rule("hypothesis: autoregressive update")
def autoregressive_update(ctx: Context) -> Inference:
    """``<u_{t+1}, w_{t+1}> = b1 <u_t, w_{t+1}>``."""
    after = named("w", step=STEP + 1)
    relation = Relation(inner(named("u", step=STEP + 1), after), "==", s.b1 * inner(named("u"), after))
    return Inference(relation, hypotheses=ctx.require("autoregressive-update"))


@rule("hypothesis: correlation of updates below one")
def correlation_below_one(ctx: Context) -> Inference:
    """``b1 < 1``."""
    return Inference(Relation(s.b1, "<", S.One), hypotheses=ctx.require("autoregressive-update"))


@rule("hypothesis: memory of the updates")
def update_memory(ctx: Context) -> Inference:
    """``(1 - eta lam) <w_t, u_t> = -eta U^2 sigma``."""
    left = (1 - s.eta * s.lam) * inner(named("w"), named("u"))
    return Inference(Relation(left, "==", -s.eta * s.U**2 * s.sigma), hypotheses=ctx.require("update-memory"))


@rule("hypothesis: nonnegative memory")
def memory_is_nonnegative(ctx: Context) -> Inference:
    """``0 <= sigma``."""
    return Inference(Relation(S.Zero, "<=", s.sigma), hypotheses=ctx.require("update-memory"))
