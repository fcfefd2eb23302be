"""Section 11: b at a constant squared gradient, from both sides."""

from __future__ import annotations

from sympy import Expr, S, Symbol, log

from ratetheory.symbolic.derivations.certificates import recursion
from ratetheory.symbolic.inequalities import nonnegative
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.moments import squared_gradient
from ratetheory.symbolic.namespace import Relation, s
from ratetheory.symbolic.rules import by_sign, combine, instantiate, suppose
from ratetheory.symbolic.sequences import induction
from ratetheory.symbolic.vectors import HORIZON, STEP

X = Symbol("x", nonnegative=True)


def line(step: Expr) -> Expr:
    """b_0^2 + 2 Q t."""
    return s.b_first**2 + 2 * s.Q * step


@lemma
def squared_step(ctx: Context) -> Fact:
    """b_{t+1}^2 = b^2 + 2 Q + Q^2/b^2."""
    steady = combine(ctx, Relation(s.b_next, "==", s.b + s.Q / s.b), (1, recursion(ctx)), (1 / s.b, squared_gradient(ctx)))
    goal = Relation(s.b_next**2, "==", s.b**2 + 2 * s.Q + s.Q**2 / s.b**2)
    return combine(ctx, goal, (s.b_next + s.b + s.Q / s.b, steady))


@lemma
def above_line(ctx: Context) -> Fact:
    """b_0^2 + 2 Q t <= b_t^2."""
    claim = Relation(line(STEP), "<=", s.b**2)
    base = by_sign(ctx, Relation(line(S.Zero), "<=", s.b_first**2))
    step = combine(ctx, Relation(line(STEP + 1), "<=", s.b_next**2), (1, suppose(ctx, claim)), (-1, squared_step(ctx)))
    return induction(ctx, claim, base, step)


def _below(step: Expr, b: Expr) -> Relation:
    """b_t^2 and what the next step will need, below the line and the logarithm."""
    room = s.Q**2 / s.b_first**2 + s.Q / 2 * log(1 + 2 * s.Q * step / s.b_first**2)
    return Relation(b**2 + s.Q**2 / line(step), "<=", line(step) + room)


@lemma
def below_line(ctx: Context) -> Fact:
    """b_t^2 + Q^2/(b_0^2 + 2 Q t) <= b_0^2 + 2 Q t + Q^2/b_0^2 + (Q/2) ln(1 + 2 Q t/b_0^2)."""
    claim = _below(STEP, s.b)
    base = by_sign(ctx, _below(S.Zero, s.b_first))
    logarithm = instantiate(ctx, nonnegative(ctx, Relation(X / (1 + X), "<=", log(1 + X)), X), {X: 2 * s.Q / line(STEP)})
    last_term = (s.Q**2 / (s.b**2 * line(STEP)), above_line(ctx))
    step = combine(
        ctx,
        _below(STEP + 1, s.b_next),
        (1, suppose(ctx, claim)),
        (1, squared_step(ctx)),
        last_term,
        (s.Q / 2, logarithm),
    )
    return induction(ctx, claim, base, step)


def _lower(ctx: Context) -> Fact:
    return instantiate(ctx, above_line(ctx), {STEP: HORIZON})


def _upper(ctx: Context) -> Fact:
    bound = instantiate(ctx, below_line(ctx), {STEP: HORIZON})
    goal = Relation(s.b_last**2, "<=", bound.relation.right)
    return combine(ctx, goal, (1, bound))


DERIVATIONS = {"layer-equalisation": {"lower": _lower, "upper": _upper}}
