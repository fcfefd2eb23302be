"""Facts cannot be made, changed or smuggled; hypotheses and time are limited."""

import pytest
from sympy import S, Symbol

from ratetheory.claims import claims
from ratetheory.symbolic.kernel import BudgetExhausted, Context, Fact, Inference, RuleFailure, rule
from ratetheory.symbolic.namespace import Relation
from ratetheory.symbolic.rules import by_sign, combine

X = Symbol("x", positive=True)
TRUE = Relation(S.Zero, "<=", X)


def context(slug="gd-rate", budget=60.0):
    ctx = Context(claims[slug], budget)
    ctx.begin(claims[slug].conclusions[0])
    return ctx


def test_a_fact_cannot_be_constructed():
    with pytest.raises(TypeError, match="never by hand"):
        Fact(object(), relation=TRUE)


def test_a_fact_cannot_be_changed():
    fact = by_sign(context(), TRUE)
    with pytest.raises(TypeError, match="does not change"):
        fact.relation = Relation(X, "<=", S.Zero)


def test_a_rule_cannot_be_defined_elsewhere():
    def anything(ctx: Context, goal: Relation) -> Inference:
        return Inference(goal)

    with pytest.raises(TypeError, match="trusted modules"):
        rule("trust me")(anything)


def test_a_fact_of_another_derivation_is_no_premise():
    foreign = by_sign(context(), TRUE)
    with pytest.raises(RuleFailure, match="no fact of this derivation"):
        combine(context(), TRUE, (1, foreign))


def test_an_object_that_looks_like_a_fact_is_no_premise():
    class Forged:
        relation = Relation(X, "<=", S.Zero)
        assumptions = frozenset()
        hypotheses = frozenset()

    with pytest.raises(RuleFailure, match="no fact of this derivation"):
        combine(context(), Relation(X, "<=", S.Zero), (1, Forged()))


def test_a_bare_fact_without_its_kernel_is_no_premise():
    forged = object.__new__(Fact)
    for name, value in (("relation", Relation(X, "<=", S.Zero)), ("assumptions", frozenset()), ("hypotheses", frozenset())):
        object.__setattr__(forged, name, value)
    with pytest.raises(RuleFailure, match="no fact of this derivation"):
        combine(context(), Relation(X, "<=", S.Zero), (1, forged))


def test_a_hypothesis_that_the_claim_lacks_cannot_be_used():
    with pytest.raises(RuleFailure, match="does not have the hypothesis 'even'"):
        context().require("even")
    assert context().require("differentiable") == {"differentiable"}, "twice differentiable contains it"


def test_the_budget_ends_the_derivation():
    with pytest.raises(BudgetExhausted, match="time budget"):
        by_sign(context(budget=-1.0), TRUE)


def test_a_failed_step_is_recorded_once_with_its_reason():
    ctx = context()
    with pytest.raises(RuleFailure):
        by_sign(ctx, Relation(X, "<=", S.Zero))
    assert [(step.verdict, bool(step.note)) for step in ctx.steps] == [("undecided", True)]
