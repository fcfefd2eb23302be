"""Rules for sequences refuse facts that do not hold for every step."""

import pytest
from sympy import Integer, S, Symbol, log

from ratetheory.claims import claims
from ratetheory.symbolic.kernel import Context, RuleFailure
from ratetheory.symbolic.namespace import Relation, m, s
from ratetheory.symbolic.rules import by_sign, combine, suppose
from ratetheory.symbolic.sequences import (
    induction,
    least_below_first,
    least_below_mean,
    never_falls,
    sum_steps,
    telescope,
)
from ratetheory.symbolic.vectors import HORIZON, STEP

BOUND = Symbol("B_1", real=True)


@pytest.fixture
def ctx():
    return Context(claims["gd-rate"], 60.0)


def at(relation, step):
    return relation.map(lambda side: side.xreplace({STEP: step}))


def test_a_sum_needs_the_fact_at_every_step(ctx):
    total = sum_steps(ctx, by_sign(ctx, Relation(S.Zero, "<=", s.G)))
    assert total.relation.right == m.sum(s.G)
    with pytest.raises(RuleFailure, match="depends on the step"):
        sum_steps(ctx, suppose(ctx, Relation(s.G, "<=", BOUND)))
    with pytest.raises(RuleFailure, match="every step"):
        sum_steps(ctx, by_sign(ctx, Relation(S.Zero, "<=", m.sum(s.G))))


def test_telescoping(ctx):
    relation = telescope(ctx, log(s.S)).relation
    assert relation.right == log(s.S_last) - log(s.S_first)
    for horizon in (1, 4):
        values = {s.S.xreplace({STEP: Integer(n)}): Integer(n + 2) ** 2 for n in range(6)}
        difference = (relation.left - relation.right).xreplace({HORIZON: Integer(horizon)}).doit().xreplace(values)
        assert abs(float(difference)) < 1e-12
    with pytest.raises(RuleFailure, match="bound"):
        telescope(ctx, m.sum(s.G))


def test_a_sequence_that_never_falls_stays_above_its_start(ctx):
    step = combine(ctx, Relation(m.sum(s.G) * 0, "<=", s.S_next - s.S), (1, suppose(ctx, Relation(s.S, "<=", s.S_next))))
    with pytest.raises(RuleFailure, match="depends on the step"):
        never_falls(ctx, step, s.S)
    with pytest.raises(RuleFailure, match="does not say"):
        never_falls(ctx, by_sign(ctx, Relation(S.Zero, "<=", s.S_next)), s.S)


def test_induction_without_a_guard(ctx):
    claim = Relation(s.f, "<=", BOUND)
    base = suppose(ctx, at(claim, S.Zero))
    unfounded = suppose(ctx, at(claim, STEP + 1))
    with pytest.raises(RuleFailure, match="depends on the step"):
        induction(ctx, claim, base, unfounded)
    with pytest.raises(RuleFailure, match="is not"):
        induction(ctx, claim, base, suppose(ctx, claim))
    with pytest.raises(RuleFailure, match="is not"):
        induction(ctx, claim, suppose(ctx, Relation(BOUND, "<=", BOUND + 1)), unfounded)
    with pytest.raises(RuleFailure, match="steps are needed"):
        induction(ctx, claim, base)


def test_induction_with_a_guard_needs_both_steps(ctx):
    claim, guard = Relation(s.f, "<=", BOUND), Relation(BOUND, "<", s.b)
    base = suppose(ctx, at(claim, S.Zero))
    with pytest.raises(RuleFailure, match="2 steps are needed"):
        induction(ctx, claim, base, suppose(ctx, at(claim, STEP + 1)), guard=guard)


def test_a_sound_induction(ctx):
    claim = Relation(S.Zero, "<=", s.G)
    fact = induction(ctx, claim, by_sign(ctx, at(claim, S.Zero)), by_sign(ctx, at(claim, STEP + 1)))
    assert (fact.relation, fact.assumptions) == (claim, frozenset())


def test_the_least_term(ctx):
    values = [Integer(n) for n in (5, 2, 7)]
    mean, first = least_below_mean(ctx, s.G).relation, least_below_first(ctx, s.G).relation
    terms = {s.G.xreplace({STEP: Integer(n)}): value for n, value in enumerate(values)}
    total = mean.right.xreplace({HORIZON: Integer(3)}).doit().xreplace(terms)
    assert 3 * min(values) <= total
    assert min(values) <= first.right.xreplace(terms)
    assert mean.left == HORIZON * m.least(s.G)
