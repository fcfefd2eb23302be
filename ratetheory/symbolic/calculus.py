"""Rules of calculus for a loss along a curve: differentiation of an identity, Taylor's formula, extrema on a circle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import Expr, Integer, Rational, Symbol, pi, sympify

from ratetheory.symbolic.algebra import is_zero
from ratetheory.symbolic.hypotheses import check_nonzero
from ratetheory.symbolic.inequalities import check_regular
from ratetheory.symbolic.kernel import Context, Fact, Inference, RuleFailure, rule
from ratetheory.symbolic.namespace import Relation, Witness, declared
from ratetheory.symbolic.rules import check_defined, check_generic, substitute
from ratetheory.symbolic.vectors import FUNCTION, Differential, Sum


def _smoothness(ctx: Context, *expressions: Expr) -> frozenset[str]:
    """The hypothesis under which the losses in these expressions have their derivatives; none where there is no loss."""
    derivatives = [d for e in expressions for d in e.atoms(Differential)]
    if any(d.loss == FUNCTION for d in derivatives):
        raise RuleFailure(f"the hypotheses about derivatives speak of the loss, not of {FUNCTION}")
    if not derivatives:
        return frozenset()
    order = max(d.order for d in derivatives)
    if order > 2:
        raise RuleFailure(f"nothing is assumed about derivatives of order {order}")
    return ctx.require(("differentiable", "differentiable", "twice-differentiable")[order])


def _check_path(expression: Expr, at: Mapping[Symbol, Expr], facts: tuple[Fact, ...]) -> None:
    """Smooth in the variables, and no block of a point vanishes at the values."""
    for variable in at:
        check_regular(expression, variable, also=(Differential, Sum))
    for one in expression.atoms(Differential):
        if one.point.has(*at):
            check_nonzero(substitute(one.point, at), facts)


@rule("differentiation of an identity")
def differentiate(ctx: Context, fact: Fact, at: Mapping[Symbol, Any], *facts: Fact) -> Inference:
    """The (mixed) derivatives of both sides of an equation in scalars, at values where no block of a point vanishes.

    Blocks that do not vanish there do not vanish nearby, so the equation may be differentiated in all the scalars in turn.
    """
    values = {variable: sympify(value) for variable, value in at.items()}
    if fact.relation.symbol != "==" or fact.relation.has(Witness):
        raise RuleFailure(f"{fact} is no identity")
    for variable, value in values.items():
        check_generic(variable, fact.relation)
        check_defined(value)
        if any(a.has(variable) for a in fact.assumptions) or variable.is_integer:
            raise RuleFailure(f"{fact} is no identity in {variable}")
        if (
            not value.is_real
            or (variable.is_positive and not value.is_positive)
            or (variable.is_nonnegative and not value.is_positive)
        ):
            raise RuleFailure(f"{variable} does not take the value {value} inside its range")
    for side in (fact.relation.left, fact.relation.right):
        _check_path(side, values, facts)
    derived = fact.relation.map(lambda side: side.diff(*values))
    smooth = _smoothness(ctx, fact.relation.left, fact.relation.right, derived.left, derived.right)
    return Inference(derived.map(lambda side: substitute(side, values)), (fact, *facts), hypotheses=smooth)


@rule("Taylor's formula with a bounded second derivative")
def taylor(ctx: Context, path: Expr, variable: Symbol, start: Expr, end: Expr, bound: Fact, *facts: Fact) -> Inference:
    """``F(b) <= F(a) + F'(a)(b - a) + C (b - a)^2/2`` where ``F'' <= C`` everywhere on the path, no block of which vanishes."""
    start, end = sympify(start), sympify(end)
    second = path.diff(variable, 2)
    relation = bound.relation
    _check_variable(variable, relation)
    for end_point in (start, end):
        check_defined(end_point)
    if relation.has(Witness) or path.has(Witness):
        raise RuleFailure(f"the number that exists may depend on {variable}")
    if relation.symbol == "<" or any(a.has(variable) for a in bound.assumptions) or relation.right.has(variable):
        raise RuleFailure("the bound does not hold along the whole path")
    if not is_zero(relation.left - second):
        raise RuleFailure(f"{relation.left} is not the second derivative of the path")
    if not (start.is_real and end.is_real):
        raise RuleFailure(f"{start} and {end} are not certainly real")
    _check_path(path, {variable: variable}, facts)
    first = substitute(path.diff(variable), {variable: start})
    at_start, at_end = (substitute(path, {variable: value}) for value in (start, end))
    right = at_start + first * (end - start) + relation.right * (end - start) ** 2 / 2
    return Inference(Relation(at_end, "<=", right), (bound, *facts), hypotheses=_smoothness(ctx, path, second))


def _check_variable(variable: Symbol, *relations: Relation) -> None:
    check_generic(variable, *relations)
    if declared(variable) != {"real": True}:
        raise RuleFailure(f"{variable} must be declared real, without a sign")


def extrema(ctx: Context, path: Expr, variable: Symbol) -> tuple[Witness, Witness]:
    """The names of a maximiser and a minimiser of a periodic path."""
    key = (path, variable)
    if key not in ctx._witnesses:
        ctx._witnesses[key] = (Witness("phi_max", real=True), Witness("phi_min", real=True))
    return ctx._witnesses[key]


def _period(fact: Fact, path: Expr, variable: Symbol) -> Expr:
    relation = fact.relation
    _check_variable(variable, relation, Relation(path, "==", path))
    shift = [p for p in (pi, 2 * pi) if is_zero(relation.left - substitute(path, {variable: variable + p}))]
    if relation.symbol != "==" or fact.assumptions or not shift or not is_zero(relation.right - path):
        raise RuleFailure(f"{fact} does not say that the path is periodic")
    return shift[0]


@rule("a periodic function attains its extrema")
def extremal_value(
    ctx: Context, path: Expr, variable: Symbol, periodic: Fact, value: Expr, largest: bool, *facts: Fact
) -> Inference:
    """``F(x) <= F(phi_max)`` or ``F(phi_min) <= F(x)``: F is continuous and periodic."""
    _period(periodic, path, variable)
    _check_path(path, {variable: variable}, facts)
    highest, lowest = (substitute(path, {variable: w}) for w in extrema(ctx, path, variable))
    if not check_defined(value).is_real:
        raise RuleFailure(f"{value} is not certainly real")
    own = substitute(path, {variable: value})
    relation = Relation(own, "<=", highest) if largest else Relation(lowest, "<=", own)
    return Inference(relation, (periodic, *facts), hypotheses=_smoothness(ctx, path))


@rule("the derivative vanishes at an extremum")
def stationary(ctx: Context, path: Expr, variable: Symbol, periodic: Fact, largest: bool, *facts: Fact) -> Inference:
    """``F'(phi_max) = 0`` and ``F'(phi_min) = 0``."""
    _period(periodic, path, variable)
    _check_path(path, {variable: variable}, facts)
    witness = extrema(ctx, path, variable)[0 if largest else 1]
    slope = path.diff(variable)
    relation = Relation(substitute(slope, {variable: witness}), "==", Integer(0))
    return Inference(relation, (periodic, *facts), hypotheses=_smoothness(ctx, path, slope))


@rule("extrema within half a period")
def half_period(ctx: Context, path: Expr, variable: Symbol, periodic: Fact) -> Inference:
    """``(phi_max - phi_min)^2 <= (p/2)^2``: shift one of them by whole periods p."""
    period = _period(periodic, path, variable)
    highest, lowest = extrema(ctx, path, variable)
    return Inference(Relation((highest - lowest) ** 2, "<=", Rational(1, 4) * period**2), (periodic,))
