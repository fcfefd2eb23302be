"""What the letters and the hypotheses of AdaGrad-Norm mean, as rules that give instances of it.

Vectors of R^d, which is block 0: ``x`` the points x_t, ``h`` the gradient of the function F at x_t, which exists at every step.
"""

from __future__ import annotations

from sympy import Expr

from ratetheory.claims.adagrad_norm import gradient_bound, tangent_point
from ratetheory.symbolic.hypotheses import named
from ratetheory.symbolic.kernel import Context, Inference, RuleFailure, rule
from ratetheory.symbolic.namespace import Relation, m, s
from ratetheory.symbolic.rules import check_defined
from ratetheory.symbolic.vectors import FUNCTION, STEP, VARIANT, Vector, differential, inner, norm

POINT, SLOPE, POINT_NEXT = named("x", VARIANT), named("h", VARIANT), named("x", VARIANT, STEP + 1)


def function_at(point: Vector) -> Expr:
    """F at a point."""
    return differential(FUNCTION, point)


@rule("definition for AdaGrad-Norm")
def describe(ctx: Context, name: str) -> Inference:
    """``F`` is the function's value at x_t, ``grad_F`` the norm of its gradient there, ``D_F`` the gap at the start;
    ``G_F`` and ``y_F`` are the claim's own functions of the constants."""
    constants = (s.L_F, s.D_F, s.eta_F, s.B_first)
    meanings = {
        "F": function_at(POINT),
        "grad_F": norm(SLOPE),
        "D_F": s.F_first - s.F_low,
        "G_F": gradient_bound(m, *constants),
        "y_F": tangent_point(m, *constants, s.G_F),
    }
    if name not in meanings:
        raise RuleFailure(f"the letter {name!r} is none of {', '.join(meanings)}")
    return Inference(Relation(getattr(s, name), "==", meanings[name]), hypotheses=ctx.require("smooth-everywhere"))


def _check_in_space(one: Vector, what: str) -> None:
    if one.blocks() - {VARIANT} or not all(check_defined(coefficient).is_real for _, coefficient in one.terms()):
        raise RuleFailure(f"the {what} {one} is no vector of R^d")


@rule("hypothesis: smooth everywhere")
def smooth_everywhere(ctx: Context, move: Vector) -> Inference:
    """``F(x_t + u) <= F(x_t) + <h, u> + L_F |u|^2/2`` for any move u."""
    _check_in_space(move, "move")
    right = function_at(POINT) + inner(SLOPE, move) + s.L_F * inner(move, move) / 2
    return Inference(Relation(function_at(POINT + move), "<=", right), hypotheses=ctx.require("smooth-everywhere"))


@rule("hypothesis: function bounded below")
def function_bounded_below(ctx: Context, point: Vector) -> Inference:
    """``F_low <= F`` at any point."""
    _check_in_space(point, "point")
    return Inference(Relation(s.F_low, "<=", function_at(point)), hypotheses=ctx.require("function-bounded-below"))


@rule("hypothesis: AdaGrad-Norm accumulator")
def accumulator(ctx: Context) -> Inference:
    """``B_{t+1}^2 = B_t^2 + |grad F(x_t)|^2``."""
    relation = Relation(s.B_next**2, "==", s.B**2 + s.grad_F**2)
    return Inference(relation, hypotheses=ctx.require("adagrad-accumulator"))


@rule("hypothesis: AdaGrad-Norm step")
def adagrad_step(ctx: Context) -> Inference:
    """``x_{t+1} = x_t - (eta_F/B_{t+1}) h``."""
    after = POINT - SLOPE.scale(s.eta_F / s.B_next)
    return Inference(Relation(POINT_NEXT, "==", after), hypotheses=ctx.require("adagrad-step"))
