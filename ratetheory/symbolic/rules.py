"""Rules of logic and order: substitution, linear combination with nonnegative factors, cases, extreme values.

Every rule raises ``RuleFailure`` when its step does not check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Abs, Add, Basic, Expr, Indexed, Mul, S, Symbol, oo, sqrt, sympify

from ratetheory.claims.symbols import SYMBOLS
from ratetheory.symbolic.algebra import canonical, is_nonnegative, is_positive, is_zero
from ratetheory.symbolic.formation import IllFormed, Places, expression_places, known_places, singular_places, uncovered
from ratetheory.symbolic.kernel import Context, Fact, Inference, RuleFailure, rule
from ratetheory.symbolic.namespace import (
    Expectation,
    ProbabilityEver,
    Relation,
    Witness,
    bound_variables,
    declared,
    names,
    why_not_generic,
)
from ratetheory.symbolic.vectors import (
    BLOCK,
    BLOCK_VARIABLES,
    FAMILY,
    OTHER_BLOCK,
    Differential,
    Dot,
    SampleLoss,
    Vector,
    over_blocks,
)

Term = tuple[Any, ...]
"""A nonnegative factor and the facts whose gaps it multiplies."""


def check_generic(symbol: Any, *relations: Relation) -> None:
    """The symbol is a variable that the relations' facts quantify over.

    Raises:
        RuleFailure: if it is not.
    """
    reason = why_not_generic(symbol, *relations)
    if reason is not None:
        raise RuleFailure(reason)


@rule("assumption of a case")
def suppose(ctx: Context, relation: Relation, *facts: Fact) -> Inference:
    """A relation, under itself as a local assumption; where it is not defined by its letters, under those of ``facts`` too."""
    return Inference(relation, facts, frozenset({relation}).union(*(f.assumptions for f in facts)))


def check_defined(expression: Expr, *facts: Fact) -> Expr:
    """The expression is in the grammar and divides by nothing that may be zero, by signs or because the facts divide by it.

    Raises:
        RuleFailure: if it does not certainly.
    """
    try:
        known: Places = frozenset()
        for fact in facts:
            known |= known_places(fact.relation, fact.assumptions)
        place = uncovered(expression_places(expression), known)
    except IllFormed as failure:
        raise RuleFailure(str(failure)) from failure
    if place is not None:
        raise RuleFailure(f"a denominator or a logarithm in {short(expression)} may be zero: {place}")
    return expression


def substitute(expression: Any, values: Mapping[Any, Any]) -> Any:
    """The expression with symbols replaced by values in which nothing is captured.

    Raises:
        RuleFailure: if a value meets a bound variable, or a symbol is the name of a family.
    """
    bound = bound_variables(expression) | {FAMILY}
    for symbol, value in values.items():
        if symbol in names(expression):
            raise RuleFailure(f"{symbol} is the name of a family of numbers")
        if value.free_symbols & bound and expression.has(symbol):
            raise RuleFailure(f"{value} meets a bound variable")
    return expression.xreplace(dict(values))


def check_block(block: Any, *others: Any) -> None:
    """The index ranges over the blocks, or is one of the others.

    Raises:
        RuleFailure: if it may be anything else.
    """
    if block not in (*BLOCK_VARIABLES, *others):
        raise RuleFailure(f"{block} does not range over the blocks")


@rule("sign of a letter")
def by_sign(ctx: Context, goal: Relation) -> Inference:
    """An inequality whose gap is nonnegative (positive for ``<``) by the signs of its letters alone."""
    certain = is_positive(goal.gap) if goal.symbol == "<" else is_nonnegative(goal.gap)
    if goal.symbol == "==" or not certain:
        raise RuleFailure(f"the signs of the letters do not give {goal}")
    return Inference(goal)


@rule("linear combination with nonnegative factors")
def combine(ctx: Context, goal: Relation, *terms: Term) -> Inference:
    """The goal's gap is a sum of products (factor times gaps of facts) plus something nonnegative by the signs of letters.

    A factor is nonnegative, or anything if an equation is among the facts it multiplies. This contains transitivity,
    multiplication by nonnegative numbers, sums of squares and any polynomial certificate.
    """
    return _combination(goal, terms)


def _combination(goal: Relation, terms: Sequence[Term]) -> Inference:
    remainder, strict, facts = goal.gap, False, []
    every = [fact for _, *used in terms for fact in used]
    for factor, *used in terms:
        factor = check_defined(sympify(factor), *every)
        equation = any(f.relation.symbol == "==" for f in used)
        if goal.symbol == "==" and not equation:
            raise RuleFailure("an equation follows from equations alone")
        if not equation and not is_nonnegative(factor):
            raise RuleFailure(f"the factor {factor} is not certainly nonnegative")
        remainder = remainder - Mul(factor, *(f.relation.gap for f in used))
        strict = strict or (is_positive(factor) and all(f.relation.symbol == "<" for f in used))
        facts.extend(used)
    if is_zero(remainder):
        if goal.symbol == "<" and not strict:
            raise RuleFailure("nothing in the combination is strict")
        return Inference(goal, tuple(facts))
    if goal.symbol == "<=" and is_nonnegative(remainder):
        return Inference(goal, tuple(facts))
    if goal.symbol == "<" and (is_positive(remainder) or (strict and is_nonnegative(remainder))):
        return Inference(goal, tuple(facts))
    raise RuleFailure(f"the combination leaves {short(canonical(remainder))}")


def short(expression: Any) -> str:
    """The expression as text, cut where it is long."""
    text = str(expression)
    return text if len(text) <= 300 else text[:297] + "..."


def places_of(relation: Relation) -> Places:
    """The places of a relation between equals of something that is defined."""
    try:
        return singular_places(relation)
    except IllFormed as failure:
        raise RuleFailure(str(failure)) from failure


@rule("special case")
def instantiate(ctx: Context, fact: Fact, values: Mapping[Symbol, Any], *signs: Fact) -> Inference:
    """The fact with free symbols replaced; a value has the sign its symbol was declared with, by letters or by a fact."""
    for symbol, value in values.items():
        _check_value(fact, symbol, sympify(value), signs)
    substitution = {symbol: sympify(value) for symbol, value in values.items()}
    assumptions = frozenset(a.map(lambda side: side.xreplace(substitution)) for a in fact.assumptions)
    assumptions = assumptions.union(*(sign.assumptions for sign in signs))
    relation = fact.relation.map(lambda side: side.xreplace(substitution))
    if any(r.has(S.NaN, S.ComplexInfinity, oo) for r in (relation, *assumptions)):
        raise RuleFailure(f"{values} leaves the domain of {fact.relation}")
    return Inference(relation, (fact, *signs), assumptions, nonzero=places_of(relation).union(*map(places_of, assumptions)))


_RANDOM = (Indexed, Dot, Differential, SampleLoss, Vector, Witness)
"""What may differ from one outcome to another; a number that exists by a rule may exist for each."""


def _check_value(fact: Fact, symbol: Symbol, value: Expr, signs: Sequence[Fact]) -> None:
    everything = (fact.relation, *fact.assumptions)
    check_generic(symbol, *everything)
    if any(r.has(Witness) for r in everything):
        raise RuleFailure("a fact about a number that exists by a rule has no special cases")
    if any(r.has(OTHER_BLOCK) for r in everything) or value.has(OTHER_BLOCK):
        raise RuleFailure(f"{OTHER_BLOCK} stands for a block other than {BLOCK}")
    if any(r.has(Expectation, ProbabilityEver) for r in everything) and value.has(*_RANDOM):
        raise RuleFailure(f"{value} may be random, and {symbol} is one number inside of an expectation")
    bound = {variable for r in everything for side in (r.left, r.right) for variable in bound_variables(side)}
    check_defined(value, *signs)
    if value.free_symbols & (bound | {FAMILY}):
        raise RuleFailure(f"{value} meets a bound variable")
    _check_range(symbol, value, signs)


def _check_range(symbol: Symbol, value: Expr, signs: Sequence[Fact]) -> None:
    """The value lies in the range that the symbol was declared with."""
    if symbol in BLOCK_VARIABLES:
        check_block(value)
        return
    range_of = declared(symbol) or {}
    if not value.is_real:
        raise RuleFailure(f"{value} is not certainly real")
    if "integer" in range_of and not value.is_integer:
        raise RuleFailure(f"{value} is not certainly an integer")
    if "positive" in range_of and not (is_positive(value) or follows(Relation(S.Zero, "<", value), signs)):
        raise RuleFailure(f"{value} is not certainly positive")
    if "nonnegative" in range_of and not (is_nonnegative(value) or follows(Relation(S.Zero, "<=", value), signs)):
        raise RuleFailure(f"{value} is not certainly nonnegative")


def follows(relation: Relation, facts: Sequence[Fact]) -> bool:
    """Whether one of the facts is the inequality, up to normal form, or a strict version of it."""
    if relation.symbol == "==":
        return False
    for fact in facts:
        given = fact.relation
        weak_enough = given.symbol == "<" or relation.symbol == "<="
        if given.symbol != "==" and weak_enough and is_zero(given.gap - relation.gap):
            return True
    return False


@rule("function for a function")
def instantiate_family(ctx: Context, fact: Fact, pattern: Indexed, value: Expr) -> Inference:
    """The fact for another family of numbers: ``pattern`` is the old family at ``BLOCK``, ``value`` the new one there."""
    if pattern.base.label.name in SYMBOLS or pattern.indices != (BLOCK,):
        raise RuleFailure(f"{pattern} is no family of variables")
    if declared(pattern.base.label) != {"nonnegative": True} or not is_nonnegative(check_defined(value)):
        raise RuleFailure(f"{value} cannot stand for {pattern}")
    if bound_variables(value):
        raise RuleFailure(f"{value} binds variables")
    bound = bound_variables(fact.relation.left) | bound_variables(fact.relation.right)
    if (
        fact.assumptions
        or fact.relation.has(Witness, OTHER_BLOCK)
        or value.has(OTHER_BLOCK, FAMILY)
        or value.free_symbols & bound
    ):
        raise RuleFailure("the fact depends on more than the family")
    base = pattern.base

    def change(side: Basic) -> Basic:
        found = {one for one in side.atoms(Indexed) if one.base == base}
        return side.xreplace({one: value.xreplace({BLOCK: one.indices[0]}) for one in found})

    relation = fact.relation.map(change)
    return Inference(relation, (fact,), nonzero=places_of(relation))


def check_decided(condition: Relation) -> None:
    """The condition is an inequality of real numbers, so it or its negation holds.

    Raises:
        RuleFailure: if it may not be.
    """
    if condition.symbol == "==" or not condition.left.is_real or not condition.right.is_real:
        raise RuleFailure(f"one of {condition} and its negation need not hold")


@rule("division by a positive number")
def divide(ctx: Context, goal: Relation, fact: Fact, positive: Fact) -> Inference:
    """From ``a c <= b`` and ``0 < c``: ``a <= b/c``."""
    divisor = positive.relation.right
    if positive.relation.symbol != "<" or positive.relation.left != 0:
        raise RuleFailure(f"{positive} does not say that something is positive")
    if goal.symbol != fact.relation.symbol or not is_zero(fact.relation.gap - divisor * goal.gap):
        raise RuleFailure(f"{short(goal)} times {divisor} is not the fact")
    return Inference(goal, (fact, positive))


@rule("cases")
def cases(ctx: Context, first: Fact, second: Fact, condition: Relation) -> Inference:
    """What holds under a condition and under its negation holds."""
    if first.relation != second.relation:
        raise RuleFailure("the two cases prove different relations")
    check_decided(condition)
    opposite = condition.negation()
    rest = (first.assumptions - {condition}) | (second.assumptions - {opposite})
    return Inference(first.relation, (first, second), rest)


@rule("absurd case")
def absurd(ctx: Context, goal: Relation, *terms: Term) -> Inference:
    """Anything, where facts combine to 0 < 0."""
    inference = _combination(Relation(S.Zero, "<", S.Zero), terms)
    return Inference(goal, inference.premises)


@rule("discharge of a known assumption")
def discharge(ctx: Context, fact: Fact, known: Fact) -> Inference:
    """The fact without an assumption that is itself a fact (or follows from one by its gap)."""
    found = [a for a in fact.assumptions if a == known.relation or follows(a, (known,))]
    if not found:
        raise RuleFailure(f"{known.relation} is no assumption of the fact")
    return Inference(fact.relation, (fact, known), (fact.assumptions - set(found)) | known.assumptions)


@rule("square root of both sides")
def root_of_squares(ctx: Context, fact: Fact, goal: Relation, *signs: Fact) -> Inference:
    """From ``x^2 <= y^2`` with x, y nonnegative, by their letters or by facts: ``x <= y``."""
    squares = Relation(goal.left**2, goal.symbol, goal.right**2)
    if goal.symbol != fact.relation.symbol or not is_zero(squares.gap - fact.relation.gap):
        raise RuleFailure(f"{fact.relation} is not the square of {goal}")
    for side in (goal.left, goal.right):
        if not is_nonnegative(side) and not follows(Relation(S.Zero, "<=", side), signs):
            raise RuleFailure(f"{side} is not certainly nonnegative")
    return Inference(goal, (fact, *signs))


@rule("discriminant")
def discriminant(ctx: Context, fact: Fact, x: Symbol) -> Inference:
    """From ``0 <= a - b x + c x^2`` for all x >= 0 with b, c nonnegative by their letters: ``b^2 <= 4 a c``.

    For c > 0 take x = b/(2c); for c = 0 large x forces b = 0.
    """
    check_generic(x, fact.relation)
    if fact.relation.symbol == "==" or any(a.has(x) for a in fact.assumptions) or declared(x) != {"nonnegative": True}:
        raise RuleFailure(f"{fact} is no inequality for every {x} >= 0")
    if fact.relation.has(Witness):
        raise RuleFailure(f"the number that exists may depend on {x}")
    zero = fact.relation.gap.xreplace({x: S.Zero})
    second = fact.relation.gap.diff(x, 2) / 2
    first = -fact.relation.gap.diff(x).xreplace({x: S.Zero})
    if not is_zero(fact.relation.gap - (zero - first * x + second * x**2)) or any(c.has(x) for c in (zero, first, second)):
        raise RuleFailure(f"{fact} is not quadratic in {x}")
    if not is_nonnegative(first) or not is_nonnegative(second):
        raise RuleFailure("the signs of the coefficients are not known")
    return Inference(Relation(first**2, "<=", 4 * zero * second), (fact,))


@rule("two bounds on an absolute value")
def absolute_value(ctx: Context, goal: Relation, upper: Fact, lower: Fact) -> Inference:
    """From ``x <= y`` and ``-x <= y``: ``|x| <= y``."""
    if goal.symbol != "<=" or type(goal.left) is not Abs:
        raise RuleFailure(f"{goal} does not bound an absolute value")
    inside = goal.left.args[0]
    wanted = (Relation(inside, "<=", goal.right), Relation(-inside, "<=", goal.right))
    if not (follows(wanted[0], (upper,)) and follows(wanted[1], (lower,))):
        raise RuleFailure("the facts are not the two bounds")
    return Inference(goal, (upper, lower))


@rule("absolute value")
def below_absolute(ctx: Context, fact: Fact, value: Expr) -> Inference:
    """From ``|x| <= y``: ``value <= y``, where value is x or -x."""
    left = fact.relation.left
    if (
        fact.relation.symbol == "=="
        or type(left) is not Abs
        or not (is_zero(value - left.args[0]) or is_zero(value + left.args[0]))
    ):
        raise RuleFailure(f"{fact.relation} does not bound the absolute value of {value}")
    return Inference(Relation(value, fact.relation.symbol, fact.relation.right), (fact,))


@rule("sum over blocks")
def sum_blocks(ctx: Context, fact: Fact, *indices: Symbol) -> Inference:
    """The sum of a fact over all blocks, over one or two block indices."""
    for index in indices:
        check_block(index)
    if any(a.has(index) for a in fact.assumptions for index in indices) or fact.relation.has(Witness, OTHER_BLOCK):
        raise RuleFailure("an assumption depends on the block")

    def total(side: Expr) -> Expr:
        for index in indices:
            side = Add(*(over_blocks(term, index) for term in Add.make_args(side)))
        return side

    symbol = "<=" if fact.relation.symbol == "<" else fact.relation.symbol
    return Inference(Relation(total(fact.relation.left), symbol, total(fact.relation.right)), (fact,))


@rule("a square root is nonnegative")
def root_is_nonnegative(ctx: Context, fact: Fact) -> Inference:
    """From ``0 <= x``: ``0 <= sqrt(x)``."""
    if fact.relation.symbol == "==" or fact.relation.left != 0:
        raise RuleFailure(f"{fact} does not say that something is nonnegative")
    return Inference(Relation(S.Zero, "<=", sqrt(fact.relation.right)), (fact,))


@rule("one term of a nonnegative sum")
def one_block(ctx: Context, fact: Fact) -> Inference:
    """From ``0 <= a_i`` for every block: ``a_i <= sum_j a_j``."""
    if any(a.has(BLOCK) for a in fact.assumptions) or fact.relation.has(Witness, OTHER_BLOCK):
        raise RuleFailure("an assumption depends on the block")
    if fact.relation.symbol == "==" or fact.relation.left != 0:
        raise RuleFailure(f"{fact} does not say that something is nonnegative")
    return Inference(Relation(fact.relation.right, "<=", over_blocks(fact.relation.right)), (fact,))
