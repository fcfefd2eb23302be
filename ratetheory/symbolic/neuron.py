"""What the letters and hypotheses of a batch-normalised neuron mean; the block index runs over the samples of the batch.

``v`` is the direction of the weights and ``xi`` a unit tangent there; the great circle is ``c = cos(phi) v + sin(phi) xi``, and
letters that are functions of the angle are taken at phi = 0. The neuron is defined on the whole sphere: the form
``u'(Cov + eps I)u`` is positive definite.
"""

from __future__ import annotations

from functools import cache

from sympy import Expr, S, Symbol, cos, sin, sqrt

from ratetheory.symbolic.hypotheses import ANGLE
from ratetheory.symbolic.kernel import Context, Inference, RuleFailure, rule
from ratetheory.symbolic.namespace import Relation, m, s
from ratetheory.symbolic.rules import check_defined
from ratetheory.symbolic.vectors import BLOCK, BLOCKS, SampleLoss, over_blocks


def form(angle: Expr = ANGLE) -> Expr:
    """``c'(Cov + eps I)c`` on the great circle."""
    return s.stretch * cos(angle) ** 2 + 2 * s.shear * cos(angle) * sin(angle) + s.stretch_across * sin(angle) ** 2


def output() -> Expr:
    """The normalised output z_i along the great circle."""
    return (s.along * cos(ANGLE) + s.across * sin(ANGLE)) / sqrt(form())


def at_start(expression: Expr) -> Expr:
    """The value at phi = 0."""
    return expression.xreplace({ANGLE: S.Zero})


def mean(expression: Expr) -> Expr:
    """The mean over the batch."""
    return over_blocks(expression) / BLOCKS


def _neuron() -> Expr:
    return mean(SampleLoss(BLOCK, 0, s.gain * output()))


@cache
def _definitions() -> dict[str, tuple[Expr, Expr, tuple[str, ...]]]:
    """What equals what, and the hypotheses that give it its meaning."""
    layer = ("smoothed-batch-norm", "loss-slope")
    return {
        "stretch": (s.stretch, mean(s.along**2) + s.eps, ()),
        "stretch_across": (s.stretch_across, mean(s.across**2) + s.eps, ()),
        "shear": (s.shear, mean(s.along * s.across), ()),
        "area": (s.area**2, s.stretch * s.stretch_across - s.shear**2, ()),
        "turn": (s.turn, s.area / s.stretch, ()),
        "turn_rate": (s.turn_rate, at_start((s.area / form()).diff(ANGLE)), ()),
        "neuron_first": (s.neuron_first, at_start(_neuron().diff(ANGLE)), layer),
        "neuron_second": (s.neuron_second, at_start(_neuron().diff(ANGLE, 2)), (*layer, "loss-curvature")),
    }


@rule("definition")
def define(ctx: Context, name: str) -> Inference:
    """What a letter of the neuron equals (``area``: its square, a Gram determinant, never negative)."""
    definitions = _definitions()
    if name not in definitions:
        raise RuleFailure(f"the letter {name!r} has no definition here")
    left, meaning, needed = definitions[name]
    return Inference(Relation(left, "==", meaning), hypotheses=ctx.require(*needed))


@rule("hypothesis: condition number")
def condition(ctx: Context, angle: Expr, upper: bool) -> Inference:
    """``low <= c'(Cov + eps I)c``, or ``c'(Cov + eps I)c <= cond low``, at an angle of the great circle."""
    if not check_defined(angle).is_real:
        raise RuleFailure(f"{angle} is not certainly real")
    relation = Relation(form(angle), "<=", s.cond * s.low) if upper else Relation(s.low, "<=", form(angle))
    return Inference(relation, hypotheses=ctx.require("condition"))


@rule("hypothesis: bounded derivatives of the losses")
def bounded_loss(ctx: Context, order: int, argument: Expr) -> Inference:
    """``|l_i'| <= l_1`` or ``|l_i''| <= l_2`` at a real argument."""
    if not check_defined(argument).is_real:
        raise RuleFailure(f"{argument} is not certainly real")
    bounds = {1: (s.loss_slope, "loss-slope"), 2: (s.loss_curvature, "loss-curvature")}
    if order not in bounds:
        raise RuleFailure(f"nothing is assumed about derivatives of order {order}")
    bound, needed = bounds[order]
    return Inference(Relation(m.abs(SampleLoss(BLOCK, order, argument)), "<=", bound), hypotheses=ctx.require(needed))


# --- the usual layer --------------------------------------------------------------------------------------------------------


_FACTOR = Symbol("rho", positive=True)


def _output(factor: Expr) -> Expr:
    """The output z_i at factor times the weights: mean and deviations scale with it, variances with its square."""
    return factor * s.pre / sqrt(factor**2 * s.group_variance + s.eps)


def output_slope() -> Expr:
    """``d/dk z_i(k w)`` at k = 1."""
    return _output(_FACTOR).diff(_FACTOR).xreplace({_FACTOR: S.One})


@rule("hypothesis: normalised output")
def normalised(ctx: Context) -> Inference:
    """``z_i = a_i/sqrt(var + eps)``, a_i the deviation from the mean of its group."""
    relation = Relation(s.out, "==", _output(S.One))
    return Inference(relation, hypotheses=ctx.require("biased-variance"))


@rule("hypothesis: nothing but the normalised outputs")
def through_outputs(ctx: Context) -> Inference:
    """``<w, grad_w f> = sum_i df/dz_i d/dk z_i(k w)`` at k = 1: the chain rule."""
    relation = Relation(s.filter_radial, "==", over_blocks(s.pull * output_slope()))
    return Inference(relation, hypotheses=ctx.require("own-channel", "biased-variance", "differentiable"))


@rule("hypothesis: one group")
def one_group(ctx: Context) -> Inference:
    """Every entry has the variance of the channel."""
    return Inference(Relation(s.group_variance, "==", s.variance), hypotheses=ctx.require("one-group"))


@rule("hypothesis: gain and shift")
def affine(ctx: Context, of_gain: bool) -> Inference:
    """``df/dz_i = gain df/dy_i``, or ``df/dgain = sum_i df/dy_i z_i``, for y = gain z + shift."""
    needed = ctx.require("affine", "differentiable")
    if of_gain:
        return Inference(Relation(s.gain_slope, "==", over_blocks(s.out_slope * s.out)), hypotheses=needed)
    return Inference(Relation(s.pull, "==", s.gain * s.out_slope), hypotheses=needed)
