"""Rules of equations: normal forms, equals for equals, vectors with the same coefficients, functions of equals.

Every rule raises ``RuleFailure`` when its step does not check.
"""

from __future__ import annotations

from sympy import Expr, S, Symbol, oo

from ratetheory.symbolic.algebra import are_equal, is_zero
from ratetheory.symbolic.kernel import Context, Fact, Inference, RuleFailure, rule
from ratetheory.symbolic.namespace import Relation, Witness, bound_variables, names
from ratetheory.symbolic.rules import check_defined, places_of, short, substitute
from ratetheory.symbolic.vectors import OTHER_BLOCK, Vector, inner


@rule("rewriting in a normal form")
def identity(ctx: Context, goal: Relation) -> Inference:
    """An equation whose sides have the same normal form."""
    if goal.symbol != "==" or not are_equal(goal.left, goal.right):
        raise RuleFailure(f"the normal forms of the sides of {goal} differ")
    return Inference(goal)


@rule("equals for equals")
def rewrite(ctx: Context, fact: Fact, *equations: Fact) -> Inference:
    """The fact with the left side of each equation replaced by its right side, one equation after the other."""
    relation = fact.relation
    for equation in equations:
        if equation.relation.symbol != "==":
            raise RuleFailure(f"{equation} is no equation")
        _check_under_binders(relation, equation)
        old, new = equation.relation.left, equation.relation.right
        if any(old in names(side) or isinstance(side, Vector) for side in (relation.left, relation.right)):
            raise RuleFailure(f"{old} is no number in {relation}")
        changed = relation.map(lambda side, old=old, new=new: side.xreplace({old: new}))  # type: ignore[misc]
        if changed.has(S.NaN, S.ComplexInfinity):
            raise RuleFailure(f"{new} leaves the domain of {relation}")
        if changed == relation:
            raise RuleFailure(f"{old} does not occur in {relation}")
        relation = changed
    return Inference(relation, (fact, *equations), nonzero=places_of(relation))


def _check_under_binders(relation: Relation, equation: Fact) -> None:
    """Inside a sum an equation is used for every value of the sum's variable: it must hold for each."""
    bound = bound_variables(relation.left) | bound_variables(relation.right)
    given = set().union(*(a.free_symbols() for a in equation.assumptions))
    if given & bound or (equation.relation.has(Witness) and equation.relation.free_symbols() & bound):
        raise RuleFailure(f"{equation} does not hold for every {', '.join(map(str, bound))}")


@rule("equation read backwards")
def symmetric(ctx: Context, fact: Fact) -> Inference:
    """From ``a = b``: ``b = a``."""
    if fact.relation.symbol != "==":
        raise RuleFailure(f"{fact} is no equation")
    return Inference(Relation(fact.relation.right, "==", fact.relation.left), (fact,))


@rule("equal by two inequalities")
def antisymmetric(ctx: Context, below: Fact, above: Fact) -> Inference:
    """From ``a <= b`` and ``b <= a``: ``a = b``."""
    left, right = below.relation.left, below.relation.right
    if "==" in (below.relation.symbol, above.relation.symbol) or not is_zero(below.relation.gap + above.relation.gap):
        raise RuleFailure("the inequalities are not opposite to each other")
    return Inference(Relation(left, "==", right), (below, above))


@rule("vectors with the same coefficients")
def vector_identity(ctx: Context, goal: Relation, *equations: Fact) -> Inference:
    """An equation of vectors: after replacing vectors by the vector equations, the coefficients agree.

    Scalar equations among ``equations`` replace scalars in the coefficients.
    """
    difference = goal.left - goal.right
    for equation in equations:
        old, new = equation.relation.left, equation.relation.right
        if equation.assumptions or equation.relation.symbol != "==" or equation.relation.has(Witness, OTHER_BLOCK):
            raise RuleFailure(f"{equation} is no equation that always holds")
        if isinstance(old, Vector):
            ((atom, coefficient),) = old.terms()
            if coefficient != 1:
                raise RuleFailure("a vector equation must give one named vector")
            difference = difference.replace_vectors({atom: new})
        else:
            difference = difference.xreplace({old: new})
    if goal.symbol != "==" or not all(is_zero(c) for _, c in difference.terms()):
        raise RuleFailure(f"the coefficients differ: {short(difference)}")
    return Inference(goal, tuple(equations))


@rule("inner product of equals")
def inner_of(ctx: Context, first: Fact, second: Fact) -> Inference:
    """From ``u = v`` and ``u' = v'``: ``<u, u'> = <v, v'>``."""
    if first.relation.symbol != "==" or second.relation.symbol != "==":
        raise RuleFailure("inner products are equal where the vectors are")
    relation = Relation(
        inner(first.relation.left, second.relation.left), "==", inner(first.relation.right, second.relation.right)
    )
    return Inference(relation, (first, second))


@rule("function of equals")
def congruence(ctx: Context, function: Expr, x: Symbol, equation: Fact) -> Inference:
    """From ``a = b``: ``F(a) = F(b)``."""
    if equation.relation.symbol != "==":
        raise RuleFailure(f"{equation} is no equation")
    if bound_variables(function):
        raise RuleFailure(f"{function} binds variables")
    left, right = (substitute(function, {x: side}) for side in (equation.relation.left, equation.relation.right))
    relation = Relation(left, "==", right)
    if relation.has(S.NaN, S.ComplexInfinity, oo):
        raise RuleFailure(f"a denominator of {function} may be zero at both sides")
    # Equals are defined alike: it is enough that one side is.
    for side in (left, right):
        try:
            check_defined(side, equation)
        except RuleFailure:
            continue
        return Inference(relation, (equation,), nonzero=places_of(relation))
    raise RuleFailure(f"a denominator of {function} may be zero at both sides")
