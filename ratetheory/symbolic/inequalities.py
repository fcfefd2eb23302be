"""One-variable inequalities by repeated differentiation from a known point; a failure looks for a certain counterexample.

The functions are built from sums, products, powers, log, atan, sin, cos and acos; the variable ranges over [0, oo). Other
letters are parameters with the signs they were declared with.
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Add, Dummy, Expr, Integer, Mul, Pow, Symbol, cos, expand, factor_list, log, oo, pi, sin, together

from ratetheory.symbolic.algebra import is_nonnegative, is_positive, is_zero
from ratetheory.symbolic.kernel import Context, Fact, Inference, Refuted, RuleFailure, rule
from ratetheory.symbolic.namespace import Relation, Witness, declared
from ratetheory.symbolic.rules import check_generic, substitute

_DEPTH = 6
_SAMPLES = tuple(sympy.Rational(a) * sympy.Rational(10) ** k for k in range(-4, 5) for a in (1, 3))


def check_regular(function: Expr, x: Symbol, quarter_turn: bool = False, also: tuple[type, ...] = ()) -> None:
    """The function is certainly smooth wherever its variable has its declared sign (and, for a quarter turn, is below pi/2).

    ``also`` are the types that the caller answers for: a loss along a path, a finite sum.

    Raises:
        RuleFailure: if it may not be.
    """
    function = _on_quarter_turn(function, x) if quarter_turn else function
    for part in sympy.preorder_traversal(function):
        if not isinstance(part, Expr) or not (part.has(x) or part.has(Dummy)):
            continue
        fine = isinstance(part, (Add, Mul, Symbol, sympy.atan, sin, cos, *also))
        if isinstance(part, Pow):
            fine = not part.exp.has(x) and ((part.exp.is_nonnegative and part.exp.is_integer) or is_positive(part.base))
        elif isinstance(part, log):
            fine = is_positive(part.args[0])
        if not fine:
            raise RuleFailure(f"{part} may not be smooth for every {x}")


def _on_quarter_turn(function: Expr, x: Symbol) -> Expr:
    """Sine and cosine as the nonnegative and positive numbers that they are on [0, pi/2)."""
    return function.xreplace({cos(x): Dummy("cos", positive=True), sin(x): Dummy("sin", nonnegative=True)})


def _check_variable(x: Symbol, goal: Relation) -> None:
    if type(x) is not Symbol or declared(x) != {"nonnegative": True}:
        raise RuleFailure(f"{x} must be declared nonnegative, not positive, not an integer")
    check_generic(x, goal)


@rule("sign by repeated differentiation")
def nonnegative(ctx: Context, goal: Relation, x: Symbol, quarter_turn: bool = False) -> Inference:
    """``left <= right`` for all x >= 0: the gap is nonnegative at 0 and so is its derivative, by the same rule.

    On a quarter turn only for x < pi/2, which the fact assumes.
    """
    _check_variable(x, goal)
    if goal.symbol != "<=":
        raise RuleFailure(f"{goal} is no weak inequality")
    check_regular(goal.gap, x, quarter_turn)
    range_of_x = frozenset({Relation(x, "<", pi / 2)}) if quarter_turn else frozenset()
    if not _grows(goal.gap, x, _DEPTH, quarter_turn):
        _look_for_counterexample(goal, quarter_turn)
        raise RuleFailure(f"the derivatives of {goal.gap} at 0 do not decide its sign")
    nonzero = frozenset({cos(x)}) if quarter_turn else frozenset()
    return Inference(goal, assumptions=range_of_x, nonzero=nonzero)


def _grows(gap: Expr, x: Symbol, depth: int, quarter_turn: bool = False, as_it_is: bool = True) -> bool:
    """Whether the gap is certainly nonnegative on the range.

    Where it has logarithms a common denominator multiplies them into every derivative: once it may be left as it is.
    """
    given, gap = gap, _without_positive_factors(gap, x, quarter_turn)
    if is_nonnegative(_on_quarter_turn(gap, x) if quarter_turn else gap):
        return True
    if is_nonnegative(gap.xreplace({cos(x): 1 - Dummy("versine", nonnegative=True)})):
        return True
    below = is_nonnegative(gap.xreplace({x: Integer(0)}))
    if depth == 0 or not below:
        return False
    if _grows(gap.diff(x), x, depth - 1, quarter_turn, as_it_is):
        return True
    return as_it_is and given != gap and given.has(log) and _grows(given.diff(x), x, depth - 1, quarter_turn, False)


def _without_positive_factors(gap: Expr, x: Symbol, quarter_turn: bool) -> Expr:
    """The gap times something positive and without its nonnegative factors."""
    numerator, denominator = together(gap).as_numer_denom()
    if not is_positive(_on_quarter_turn(denominator, x) if quarter_turn else denominator):
        return gap
    rest, factors = factor_list(expand(numerator))
    for base, power in factors:
        if not (power % 2 == 0 or base.is_nonnegative or is_positive(base)):
            rest *= base**power
    return rest


@rule("identity by a vanishing derivative")
def constant_difference(ctx: Context, goal: Relation, x: Symbol) -> Inference:
    """``left = right`` for all x >= 0: equal at 0 with equal derivatives; both continuous at 0, smooth for x > 0."""
    _check_variable(x, goal)
    positive = Dummy(positive=True)
    gap = goal.gap.xreplace({x: positive})
    if goal.symbol != "==" or goal.gap.xreplace({x: Integer(0)}) != 0:
        raise RuleFailure(f"the sides of {goal} are not certainly equal at 0")
    allowed = (Add, Mul, Pow, Symbol, sympy.atan, sympy.acos, sympy.Number)
    if not all(isinstance(part, allowed) for part in sympy.preorder_traversal(gap)):
        raise RuleFailure("the rule knows arcus functions of algebraic ones alone")
    if any(isinstance(p, Pow) and p.has(positive) and not is_nonnegative(p.base) for p in sympy.preorder_traversal(gap)):
        raise RuleFailure("a root of something that may be negative")
    if sympy.simplify(gap.diff(positive)) != 0:
        _look_for_counterexample(goal)
        raise RuleFailure(f"the derivatives of the sides of {goal} differ")
    return Inference(goal)


@rule("bounded by the limit")
def bounded_by_limit(ctx: Context, goal: Relation, x: Symbol) -> Inference:
    """``left <= right`` for all x >= 0: the gap falls (its derivative is nonpositive) and tends to something nonnegative."""
    _check_variable(x, goal)
    check_regular(goal.gap, x)
    if goal.symbol != "<=" or not _grows(-goal.gap.diff(x), x, _DEPTH) or not is_nonnegative(sympy.limit(goal.gap, x, oo)):
        _look_for_counterexample(goal)
        raise RuleFailure(f"the gap of {goal} does not certainly fall to a nonnegative limit")
    return Inference(goal)


@rule("numbers compared by balls")
def by_enclosure(ctx: Context, goal: Relation) -> Inference:
    """An inequality between two numbers, without letters: a ball that encloses the gap lies on the right side of zero."""
    if goal.symbol == "==" or goal.free_symbols():
        raise RuleFailure(f"{goal} does not compare two numbers")
    gap = _ball(goal.gap, {})
    if gap is None or not gap > 0:
        raise RuleFailure(f"the enclosure of the gap of {goal} is not certainly positive")
    return Inference(goal)


@rule("monotone on an interval")
def monotone(ctx: Context, function: Expr, x: Symbol, low: Expr, high: Expr, ordered: Fact, slope: Fact) -> Inference:
    """``F(low) <= F(high)`` from ``low <= high`` and ``0 <= F'(x)`` under ``low <= x``, ``x <= high`` (which end here)."""
    check_regular(function, x)
    check_generic(x, slope.relation, *slope.assumptions)
    if x.is_integer or slope.relation.has(Witness) or function.has(Witness):
        raise RuleFailure(f"the slope is not known at every real {x}")
    if not (low.is_real and high.is_real):
        raise RuleFailure(f"{low} and {high} are not certainly real")
    if not (is_positive(low) if x.is_positive else is_nonnegative(low) or not x.is_nonnegative):
        raise RuleFailure(f"{low} does not have the sign of {x}")
    if ordered.relation.symbol == "==" or not is_zero(ordered.relation.gap - (high - low)):
        raise RuleFailure(f"{ordered} does not say that {low} <= {high}")
    if slope.relation.symbol == "==" or not is_zero(slope.relation.gap - function.diff(x)):
        raise RuleFailure(f"{slope} does not bound the derivative of {function}")
    rest = slope.assumptions - {Relation(low, "<=", x), Relation(x, "<=", high)}
    if any(a.has(x) for a in rest | ordered.assumptions) or low.has(x) or high.has(x):
        raise RuleFailure(f"an assumption depends on {x}")
    ends = [substitute(function, {x: end}) for end in (low, high)]
    return Inference(Relation(ends[0], "<=", ends[1]), (ordered, slope), rest | ordered.assumptions)


def _look_for_counterexample(goal: Relation, quarter_turn: bool = False) -> None:
    """Try a few points with ball arithmetic, below pi/2 on a quarter turn.

    Raises:
        Refuted: if the relation certainly fails at one of them.
    """
    symbols = sorted(goal.free_symbols(), key=str)
    if not all(isinstance(symbol, Symbol) for symbol in symbols):
        return
    samples = [value for value in _SAMPLES if value < sympy.Rational(3, 2)] if quarter_turn else _SAMPLES
    for index, value in enumerate(samples):
        point = {symbol: samples[(index + 5 * n) % len(samples)] if n else value for n, symbol in enumerate(symbols)}
        gap = _ball(goal.gap, point)
        if gap is not None and (gap < 0 or (goal.symbol == "==" and gap > 0)):
            where = ", ".join(f"{symbol} = {value}" for symbol, value in point.items())
            raise Refuted(f"{goal} fails at {where}: right - left = {gap.str(6)}")


def _ball(expression: Expr, point: dict[Symbol, Any]) -> Any:
    """An enclosure of the expression's value, or ``None`` where it has none or a function is unknown."""
    import flint

    if expression in point:
        return _ball(point[expression], point)
    if expression.is_Rational:
        return flint.arb(flint.fmpq(int(expression.p), int(expression.q)))
    if expression == pi:
        return flint.arb.pi()
    values = [_ball(argument, point) for argument in expression.args]
    if any(value is None for value in values):
        return None
    if isinstance(expression, Add):
        return sum(values, flint.arb(0))
    if isinstance(expression, Mul):
        product = flint.arb(1)
        for value in values:
            product *= value
        return product
    if isinstance(expression, Pow):
        result = values[0] ** (int(expression.exp) if expression.exp.is_Integer else values[1])
        return result if result.is_finite() else None
    name = expression.func.__name__
    if name in ("log", "atan", "cos", "sin", "tan", "exp", "acos") and len(values) == 1:
        result = getattr(values[0], name)()
        return result if result.is_finite() else None
    return None
