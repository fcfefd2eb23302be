"""Update rules beyond the plain gradient step: what weight decay, heavy ball and Nesterov's momentum do to the weights.

Vectors beyond those of ``hypotheses``: ``grad_hat``, the gradient of the step's loss at the weights of the run without decay,
``w/R`` in every block, and ``delta``, the update that an optimiser adds to the weights.
"""

from __future__ import annotations

from functools import cache

from sympy import Expr, Indexed, S, sqrt

from ratetheory.symbolic.algebra import is_zero
from ratetheory.symbolic.hypotheses import STEP_LOSS, named, weights
from ratetheory.symbolic.kernel import Context, Fact, Inference, RuleFailure, rule
from ratetheory.symbolic.namespace import Relation, Witness, letter, s
from ratetheory.symbolic.rules import check_block
from ratetheory.symbolic.vectors import BLOCK, FAMILY, OTHER_BLOCK, STEP, Dot, Vector, differential, inner, norm

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


@rule("hypothesis: update")
def update(ctx: Context) -> Inference:
    """``w_{t+1} = w_t + u_t``."""
    return Inference(Relation(_AFTER, "==", named("w") + named("delta")), hypotheses=ctx.require("update"))


@rule("hypothesis: forward")
def forward(ctx: Context) -> Inference:
    """``0 < |w| + <w, u>/|w|``."""
    along = sqrt(s.S) + s.radial_update / sqrt(s.S)
    return Inference(Relation(S.Zero, "<", along), hypotheses=ctx.require("forward"))


@rule("hypothesis: no momentum")
def no_momentum(ctx: Context) -> Inference:
    """``beta = 0``."""
    return Inference(Relation(s.beta, "==", S.Zero), hypotheses=ctx.require("no-momentum"))


@rule("hypothesis: no decay")
def no_decay(ctx: Context) -> Inference:
    """``lam_t = 0``."""
    return Inference(Relation(s.lam, "==", S.Zero), hypotheses=ctx.require("no-decay"))


@rule("hypothesis: zero buffer")
def zero_buffer(ctx: Context) -> Inference:
    """``m_0 = 0``."""
    return Inference(Relation(named("momentum", step=S.Zero), "==", Vector()), hypotheses=ctx.require("zero-buffer"))


@rule("hypothesis: positive root")
def positive_root(ctx: Context) -> Inference:
    """``a^2 - (1 + beta - eta_t lam_t) a + beta = 0``."""
    polynomial = s.root**2 - (1 + s.beta - s.eta * s.lam) * s.root + s.beta
    return Inference(Relation(polynomial, "==", S.Zero), hypotheses=ctx.require("positive-root"))


@rule("hypothesis: settled shift")
def settled_shift(ctx: Context) -> Inference:
    """``c_0 = (1 - a)/(eta_0 a)``."""
    right = (1 - s.root) / (letter("eta", S.Zero) * s.root)
    return Inference(Relation(s.shift_first, "==", right), hypotheses=ctx.require("settled-shift"))


def moved_buffer(step: Expr = STEP) -> Vector:
    """``R (m - c w)``: the buffer of the run without decay."""
    scale, shift = letter("scale", step), letter("shift", step)
    return (named("momentum", step=step) - named("w", step=step).scale(shift)).scale(scale)


def drift() -> Vector:
    """``w_{t+1}/R_{t+1}`` less the step of the run without decay from ``w/R``."""
    stepped = named("w").scale(1 / s.scale) - _buffer_without_decay().scale(s.eta_hat)
    return _AFTER.scale(1 / s.scale_next) - stepped


def buffer_drift() -> Vector:
    """``R_{t+1} (m_{t+1} - c_{t+1} w_{t+1})`` less the buffer of the run without decay after its step."""
    return moved_buffer(STEP + 1) - _buffer_without_decay()


def _buffer_without_decay() -> Vector:
    return moved_buffer().scale(s.beta) + named("grad_hat")


@cache
def _definitions() -> dict[str, tuple[Expr, tuple[str, ...]]]:
    """Each letter's meaning, and the hypotheses that give it one."""
    w, delta = named("w"), named("delta")
    other = w + named("momentum").scale(s.eta * s.beta)
    radial = inner(w, delta)
    moved = ("positive-factor", "corrected-buffer", "differentiable")
    return {
        "shrink": (1 - s.eta * (s.lam + s.beta * s.shift), ("positive-factor",)),
        "S_hat": (s.S / s.scale**2, ()),
        "eta_hat": (s.eta / (s.scale * s.scale_next), ()),
        "drift": (norm(drift()), moved),
        "buffer_drift": (norm(buffer_drift()), moved),
        "lookahead": (inner(other, other), ()),
        "update": (norm(delta), ("update",)),
        "radial_update": (radial, ("update",)),
        "tangential_update": (norm(delta - w.scale(radial / inner(w, w))), ("update",)),
    }


@rule("definition")
def define(ctx: Context, name: str) -> Inference:
    """The letter equals what it means."""
    definitions = _definitions()
    if name not in definitions:
        raise RuleFailure(f"the letter {name!r} has no definition among the update rules")
    meaning, needed = definitions[name]
    return Inference(Relation(letter(name), "==", meaning), hypotheses=ctx.require(*needed))


def _recursions() -> dict[str, tuple[Expr | None, Expr, tuple[str, ...]]]:
    """Letters that are given step by step: the start, if it is fixed, the next value, the hypotheses that give a meaning."""
    return {
        "scale": (S.One, s.shrink * s.scale, ("positive-factor",)),
        "shift": (None, (s.lam + s.beta * s.shift) / s.shrink, ("positive-factor",)),
        "inertia": (S.Zero, s.beta * (s.inertia + s.eta * s.m_sq_next), ()),
    }


@rule("start of a recursion")
def start(ctx: Context, name: str) -> Inference:
    """The value at step 0 of a letter that is given step by step."""
    first, _, needed = _recursions().get(name, (None, S.Zero, ()))
    if first is None:
        raise RuleFailure(f"the letter {name!r} has no fixed start")
    return Inference(Relation(letter(name, S.Zero), "==", first), hypotheses=ctx.require(*needed))


@rule("step of a recursion")
def recursion(ctx: Context, name: str) -> Inference:
    """The value at ``t + 1`` of a letter that is given step by step."""
    if name not in _recursions():
        raise RuleFailure(f"the letter {name!r} is not given step by step")
    _, after, needed = _recursions()[name]
    return Inference(Relation(letter(name, STEP + 1), "==", after), hypotheses=ctx.require(*needed))


def weights_without_decay() -> Vector:
    """The point whose every block is ``w/R``; the scale-variant parameters are the run's own."""
    return weights().scaled_blocks(1 / letter("scale", block=FAMILY))


@rule("the gradient represents the derivative, at the weights of the run without decay")
def gradient_without_decay(ctx: Context, along: Vector) -> Inference:
    """``D ell_t(W^_t)[u] = <grad_hat, u>`` for a direction of one block."""
    (block,) = along.blocks()
    check_block(block)
    derivative = differential(STEP_LOSS, weights_without_decay(), along)
    needed = ctx.require("differentiable", "positive-factor")
    return Inference(Relation(derivative, "==", inner(named("grad_hat", block), along)), hypotheses=needed)


_OF_THE_DIRECTION = {"slope", "slope_scaled", "curvature", "curvature_scaled", "curvature_radial", "curvature_mixed"}
"""Letters that stand for functions of the direction u."""


@rule("vectors with the same products")
def same_products(ctx: Context, goal: Relation, fact: Fact) -> Inference:
    """From ``<a, u> = <b, u>`` for any direction u of the block: ``a = b``."""
    direction = named("u")
    if goal.symbol != "==" or not isinstance(goal.left, Vector) or not isinstance(goal.right, Vector):
        raise RuleFailure(f"{goal} is no equation of vectors")
    if fact.relation.symbol != "==" or fact.assumptions or fact.relation.has(Witness, OTHER_BLOCK):
        raise RuleFailure(f"{fact} does not hold for every direction")
    (atom, _), *_ = direction.terms()
    sides = (goal.left, goal.right)
    letters = {a.base.label.name for side in (fact.relation.left, fact.relation.right) for a in side.atoms(Indexed)}
    letters |= {a.base.label.name for side in sides for a in side.atoms(Indexed)}
    inside = any(side.blocks() - {BLOCK} or any(a == atom or c.has(atom, Dot) for a, c in side.terms()) for side in sides)
    if inside or letters & _OF_THE_DIRECTION:
        raise RuleFailure(f"{goal} depends on the direction, or lies in another block")
    gap = inner(goal.right, direction) - inner(goal.left, direction)
    if not is_zero(fact.relation.gap - gap):
        raise RuleFailure(f"{fact.relation} is not {goal} times any direction")
    return Inference(goal, (fact,))
