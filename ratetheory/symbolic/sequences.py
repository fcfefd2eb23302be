"""Rules for sequences in the step ``t``: sums, telescoping, monotone sequences, induction, the least term."""

from __future__ import annotations

from sympy import Add, Expr, S

from ratetheory.symbolic.algebra import is_zero
from ratetheory.symbolic.kernel import Context, Fact, Inference, RuleFailure, rule
from ratetheory.symbolic.namespace import LeastOverSteps, Relation, Witness, bound_variables
from ratetheory.symbolic.rules import check_decided
from ratetheory.symbolic.vectors import HORIZON, STEP, Sum


def _at(expression: Expr, step: Expr) -> Expr:
    if step.free_symbols & (bound_variables(expression) - {STEP}):
        raise RuleFailure(f"{step} meets a bound variable in {expression}")
    return expression.xreplace({STEP: step})


def _check_generic(fact: Fact) -> None:
    if any(a.has(STEP) for a in fact.assumptions):
        raise RuleFailure("an assumption depends on the step")
    if fact.relation.has(Witness) or STEP in bound_variables(fact.relation.left) | bound_variables(fact.relation.right):
        raise RuleFailure("the fact does not hold for every step")


def _check_free(*terms: Expr) -> None:
    """The step is free in the terms: where it is bound they have no value at a step."""
    for term in terms:
        if STEP in bound_variables(term):
            raise RuleFailure(f"the step is bound in {term}")


def _check_terms(term: Expr) -> None:
    """The term is real at every step, so a least one exists."""
    _check_free(term)
    if not all(one.is_real or (isinstance(one, Sum) and one.function.is_real) for one in Add.make_args(term)):
        raise RuleFailure(f"{term} is not certainly real")


def _total(side: Expr) -> Expr:
    return Add(*(Sum(term, (STEP, 0, HORIZON - 1)) for term in Add.make_args(side)))


@rule("sum over steps")
def sum_steps(ctx: Context, fact: Fact) -> Inference:
    """The sum of a fact about every step over the steps before the horizon, of which there is one at least."""
    _check_generic(fact)
    return Inference(fact.relation.map(_total), (fact,))


@rule("telescoping sum")
def telescope(ctx: Context, term: Expr) -> Inference:
    """``sum_{t<T} (a_{t+1} - a_t) = a_T - a_0`` for an expression a in the step."""
    _check_free(term)
    total = Sum(_at(term, STEP + 1) - term, (STEP, 0, HORIZON - 1))
    return Inference(Relation(total, "==", _at(term, HORIZON) - _at(term, S.Zero)))


@rule("a sequence that never falls")
def never_falls(ctx: Context, fact: Fact, term: Expr) -> Inference:
    """From ``a_t <= a_{t+1}``: ``a_0 <= a_t``."""
    _check_generic(fact)
    _check_free(term)
    gap = _at(term, STEP + 1) - term
    if fact.relation.symbol == "==" or not is_zero(fact.relation.gap - gap):
        raise RuleFailure(f"the fact does not say that {term} never falls")
    return Inference(Relation(_at(term, S.Zero), "<=", term), (fact,))


@rule("induction over the steps")
def induction(ctx: Context, claim: Relation, base: Fact, *steps: Fact, guard: Relation | None = None) -> Inference:
    """``claim`` at every step where ``guard`` holds.

    ``base``: the claim at 0 (under the guard there). Without a guard one step: the claim at t implies it at t + 1. With
    one, two steps, both under the guard at t + 1: where the guard holds at t the claim at t may be used; where it fails
    at t, its negation.
    """
    for relation in (claim, guard):
        if relation is not None:
            _check_free(relation.left, relation.right)
    if guard is not None:
        check_decided(guard)
    start = claim.map(lambda side: _at(side, S.Zero))
    after = claim.map(lambda side: _at(side, STEP + 1))
    guards = [guard] if guard else []
    wanted: list[tuple[Fact, Relation, set[Relation]]] = [
        (base, start, {g.map(lambda side: _at(side, S.Zero)) for g in guards})
    ]
    guards_after = {g.map(lambda side: _at(side, STEP + 1)) for g in guards}
    allowed = [{claim, *guards, *guards_after}, *({g.negation(), *guards_after} for g in guards)]
    if len(steps) != len(allowed):
        raise RuleFailure(f"{len(allowed)} steps are needed, {len(steps)} given")
    wanted += [(step, after, assumed) for step, assumed in zip(steps, allowed, strict=True)]
    rest: set[Relation] = set()
    for fact, relation, assumed in wanted:
        if fact.relation.symbol != relation.symbol or not is_zero(fact.relation.gap - relation.gap):
            raise RuleFailure(f"{fact.relation} is not {relation}")
        rest |= fact.assumptions - assumed
    if any(a.has(STEP) for a in rest) or any(f.relation.has(Witness) for f in (base, *steps)):
        raise RuleFailure("an assumption depends on the step")
    return Inference(claim, (base, *steps), frozenset({*rest, *guards}))


@rule("the least is at most the mean")
def least_below_mean(ctx: Context, term: Expr) -> Inference:
    """``T min_{t<T} a_t <= sum_{t<T} a_t``."""
    _check_terms(term)
    return Inference(Relation(HORIZON * LeastOverSteps(term), "<=", Sum(term, (STEP, 0, HORIZON - 1))))


@rule("the least is at most the weighted mean")
def least_below_weighted_mean(ctx: Context, term: Expr, weight: Fact) -> Inference:
    """From ``0 <= w_t``: ``(min_{t<T} a_t) sum_{t<T} w_t <= sum_{t<T} w_t a_t``."""
    _check_terms(term)
    _check_generic(weight)
    if weight.relation.symbol == "==" or weight.relation.left != 0:
        raise RuleFailure(f"{weight} does not say that a weight is nonnegative")
    w, steps = weight.relation.right, (STEP, 0, HORIZON - 1)
    _check_terms(w)
    return Inference(Relation(LeastOverSteps(term) * Sum(w, steps), "<=", Sum(w * term, steps)), (weight,))


@rule("the last of a falling sequence is at most the mean")
def last_below_mean(ctx: Context, fact: Fact, term: Expr) -> Inference:
    """From ``a_{t+1} <= a_t``: ``T a_{T-1} <= sum_{t<T} a_t``."""
    _check_generic(fact)
    _check_terms(term)
    if fact.relation.symbol == "==" or not is_zero(fact.relation.gap - (term - _at(term, STEP + 1))):
        raise RuleFailure(f"the fact does not say that {term} never rises")
    return Inference(Relation(HORIZON * _at(term, HORIZON - 1), "<=", _total(term)), (fact,))


@rule("the least is at most the first")
def least_below_first(ctx: Context, term: Expr) -> Inference:
    """``min_{t<T} a_t <= a_0``."""
    _check_terms(term)
    return Inference(Relation(LeastOverSteps(term), "<=", _at(term, S.Zero)))
