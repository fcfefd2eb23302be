"""The rules of expectation refuse what is false, and prove what is true."""

import pytest
from sympy import IndexedBase, Integer, S, Symbol

from ratetheory.claims import claims
from ratetheory.symbolic import chance, rules, sequences
from ratetheory.symbolic import hypotheses as h
from ratetheory.symbolic.choices import below_smaller, largest_block_below
from ratetheory.symbolic.derivations import sgd_observed
from ratetheory.symbolic.equations import congruence, identity, rewrite
from ratetheory.symbolic.extrema import below_supremum
from ratetheory.symbolic.kernel import Context, RuleFailure
from ratetheory.symbolic.namespace import (
    Expectation,
    LargestBlock,
    NoiseSupremum,
    ProbabilityEver,
    Relation,
    Smallest,
    letter,
    m,
    s,
)
from ratetheory.symbolic.rules import by_sign, combine, divide, instantiate, suppose
from ratetheory.symbolic.vectors import BLOCK, BOUND_BLOCKS, HORIZON, STEP, Sum

X = Symbol("x_1", real=True)
P = Symbol("p", positive=True)
E = Expectation


def le(left, right):
    return Relation(S(left), "<=", S(right))


def eq(left, right):
    return Relation(S(left), "==", S(right))


def context(slug, conclusion):
    ctx = Context(claims[slug], 60.0)
    ctx.begin(claims[slug].conclusion(conclusion))
    return ctx


@pytest.fixture
def ctx():
    return context("sgd-observed", "frequency")


@pytest.fixture
def rate():
    return context("sgd-rate", "blocks")


def test_means_are_linear_in_what_is_random(ctx):
    fact = chance.linearity(ctx, s.eta * s.S_first * s.f + 3 * s.G - s.kap)
    assert fact.relation.right == s.eta * s.S_first * E(s.f) + 3 * E(s.G) - s.kap
    total = chance.linearity(ctx, m.sum(s.eta * s.f)).relation.right
    assert total == Sum(s.eta * E(s.f), (STEP, 0, HORIZON - 1))


@pytest.mark.parametrize("random", [s.S, s.f, s.G, s.b_last, s.cross, IndexedBase("alpha", nonnegative=True)[BLOCK]])
def test_what_is_random_stays_inside(ctx, random):
    assert chance.linearity(ctx, random * s.f).relation.right == E(random * s.f)
    assert not chance.is_deterministic(random)


@pytest.mark.parametrize(
    "factor", [s.G, s.cross, s.S_next, s.f_last, letter("G", STEP + 1), m.sum(s.f), s.H, s.angle, s.noise_g]
)
def test_no_factor_of_the_gradient_may_know_the_present_or_the_future(ctx, factor):
    with pytest.raises(RuleFailure, match="determined"):
        chance.unbiased(ctx, factor)


def test_a_factor_of_the_gradient_may_know_the_past(ctx):
    factor = s.eta / s.S * s.f + s.G_mean
    assert chance.unbiased(ctx, factor).relation == eq(E(factor * s.cross), E(factor * s.G_mean**2))


def test_a_case_has_no_mean(ctx):
    with pytest.raises(RuleFailure, match="every outcome"):
        chance.expectation_of(ctx, suppose(ctx, le(s.G, s.G_mean)))


def test_a_number_inside_a_mean_is_not_replaced_by_a_random_one(ctx):
    """From E[x f] = x E[f] for every number x, E[f^2] = f E[f] does not follow."""
    fact = chance.linearity(ctx, X * s.f)
    with pytest.raises(RuleFailure, match="may be random"):
        instantiate(ctx, fact, {X: s.f})
    assert instantiate(ctx, fact, {X: Integer(2)}).relation.right == 2 * E(s.f)


def test_equals_are_not_put_into_a_mean_under_an_assumption(ctx):
    fact = chance.linearity(ctx, s.f + s.G)
    for attempt in (
        lambda: rewrite(ctx, fact, suppose(ctx, eq(s.f, s.G))),
        lambda: congruence(ctx, E(X * s.f), X, suppose(ctx, eq(s.f, s.G))),
        lambda: suppose(ctx, le(E(s.f), 0)),
        lambda: rules.instantiate_family(ctx, fact, IndexedBase("alpha", nonnegative=True)[BLOCK], s.G),
    ):
        with pytest.raises(RuleFailure):
            attempt()


def test_means_need_the_hypothesis_on_chance():
    ctx = context("sgd-norm-envelope", "envelope")
    with pytest.raises(RuleFailure, match="unbiased"):
        chance.linearity(ctx, s.S + s.G)
    with pytest.raises(RuleFailure, match="unbiased"):
        chance.expectation_of(ctx, by_sign(ctx, le(0, s.S)))


def bounds(ctx):
    return sgd_observed.product_bounded(ctx, 1), sgd_observed.product_bounded(ctx, -1)


RATE, BOUND, TILT = sgd_observed.RATE, sgd_observed.BOUND, sgd_observed.TILT


@pytest.mark.parametrize(
    ("factor", "bound", "tilt"),
    [
        (RATE, BOUND / 2, TILT),  # a shorter interval
        (RATE, BOUND, -TILT),  # a negative exponent
        (RATE, BOUND, TILT * s.S / s.S_first),  # a random one
        (RATE, BOUND, TILT / HORIZON),  # another one for each horizon
        (RATE * s.G, BOUND * s.G, TILT),  # the factor knows the gradient
        (RATE * s.S_next, BOUND * s.S_next, TILT),
    ],
)
def test_exponential_supermartingales_refuse(ctx, factor, bound, tilt):
    with pytest.raises(RuleFailure):
        chance.hoeffding(ctx, factor, bound, tilt, *bounds(ctx))
    with pytest.raises(RuleFailure):
        chance.ville(ctx, factor, bound, tilt, s.risk, *bounds(ctx))


@pytest.mark.parametrize("delta", [s.S, s.risk / HORIZON, -s.risk, s.f])
def test_the_level_is_one_positive_number(ctx, delta):
    with pytest.raises(RuleFailure):
        chance.ville(ctx, RATE, BOUND, TILT, delta, *bounds(ctx))


def test_one_bound_is_not_two(ctx):
    upper, lower = bounds(ctx)
    with pytest.raises(RuleFailure, match="one side"):
        chance.hoeffding(ctx, RATE, BOUND, TILT, upper, upper)
    with pytest.raises(RuleFailure, match="one side"):
        chance.hoeffding(ctx, RATE, BOUND, TILT, lower, upper)


def test_only_rarer_events_are_less_probable(ctx):
    probable = chance.ville(ctx, RATE, BOUND, TILT, s.risk, *bounds(ctx))
    a, b = probable.relation.left.args
    weaker = by_sign(ctx, le(0, 1))
    assert chance.less_probable(ctx, probable, ProbabilityEver(a - 1, b), S.One, weaker).relation.right == s.risk
    with pytest.raises(RuleFailure, match="rarer"):
        chance.less_probable(ctx, probable, ProbabilityEver(a + 1, b), S.One, weaker)
    with pytest.raises(RuleFailure, match="positive"):
        chance.less_probable(ctx, probable, ProbabilityEver(1 - a, -b), S.NegativeOne, weaker)
    case = suppose(ctx, le(0, s.f))
    with pytest.raises(RuleFailure, match="every outcome"):
        chance.less_probable(ctx, probable, ProbabilityEver(a - s.f, b), S.One, case)


def test_the_horizon_of_a_probability_is_bound(ctx):
    probable = chance.ville(ctx, RATE, BOUND, TILT, s.risk, *bounds(ctx))
    with pytest.raises(RuleFailure, match="bound"):
        instantiate(ctx, probable, {HORIZON: Integer(1)})


def test_a_supremum_bounds_inside_its_range_alone(ctx):
    supremum = NoiseSupremum(P, s.Lam, s.Gbar)
    inside = by_sign(ctx, le(P / 2, P))
    positive = by_sign(ctx, Relation(S.Zero, "<", P / 2))
    assert below_supremum(ctx, supremum, P / 2, positive, inside).relation.right == supremum
    with pytest.raises(RuleFailure, match="do not put"):
        below_supremum(ctx, supremum, 2 * P, by_sign(ctx, Relation(S.Zero, "<", 2 * P)), inside)
    with pytest.raises(RuleFailure, match="do not put"):
        below_supremum(ctx, supremum, P / 2, by_sign(ctx, le(0, P / 2)), inside)


def test_weighted_means_need_weights_of_one_sign(ctx):
    least = sequences.least_below_weighted_mean(ctx, s.f, by_sign(ctx, le(0, s.eta)))
    assert least.relation == le(m.least(s.f) * m.sum(s.eta), m.sum(s.eta * s.f))
    for weight in (suppose(ctx, le(0, s.f)), suppose(ctx, le(s.f, 0)), identity(ctx, eq(s.f, s.f))):
        with pytest.raises(RuleFailure):
            sequences.least_below_weighted_mean(ctx, s.G, weight)


def test_the_last_of_a_sequence_is_below_the_mean_if_it_falls(ctx):
    falls = by_sign(ctx, le(1 / (STEP + 2), 1 / (STEP + 1)))
    assert sequences.last_below_mean(ctx, falls, 1 / (STEP + 1)).relation.left == 1
    with pytest.raises(RuleFailure, match="never rises"):
        sequences.last_below_mean(ctx, by_sign(ctx, le(STEP, STEP + 1)), STEP + 0)


def test_sums_of_strict_inequalities_are_strict(ctx):
    assert sequences.sum_steps(ctx, by_sign(ctx, Relation(S.Zero, "<", s.eta))).relation.symbol == "<"
    assert sequences.sum_steps(ctx, by_sign(ctx, le(0, s.eta))).relation.symbol == "<="


def test_the_largest_over_the_blocks_is_below_what_bounds_every_block(ctx):
    j = BOUND_BLOCKS[0]
    largest = LargestBlock(-letter("S", STEP, j))
    fact = by_sign(ctx, Relation(-s.S, "<", S.Zero))
    assert largest_block_below(ctx, largest, fact).relation == Relation(largest, "<", S.Zero)
    with pytest.raises(RuleFailure):
        largest_block_below(ctx, LargestBlock(letter("S", STEP, j)), by_sign(ctx, le(s.S, 2 * s.S)))
    with pytest.raises(RuleFailure):
        largest_block_below(ctx, LargestBlock(letter("f", STEP) * letter("S", STEP, j)), suppose(ctx, le(s.f * s.S, 0)))


def test_the_smaller_of_two_is_strictly_above_where_both_are(ctx):
    strict, weak = by_sign(ctx, Relation(S.Zero, "<", s.S)), by_sign(ctx, le(0, s.G))
    assert below_smaller(ctx, Smallest(s.S, s.S), strict, strict).relation.symbol == "<"
    assert below_smaller(ctx, Smallest(s.S, s.G), strict, weak).relation.symbol == "<="


def test_division_needs_a_positive_number(ctx):
    fact = suppose(ctx, le(s.f * s.S, s.G))
    positive = by_sign(ctx, Relation(S.Zero, "<", s.S))
    assert divide(ctx, le(s.f, s.G / s.S), fact, positive).relation == le(s.f, s.G / s.S)
    with pytest.raises(RuleFailure):
        divide(ctx, le(s.f, s.G / s.S), fact, by_sign(ctx, le(0, s.S)))
    with pytest.raises(RuleFailure):
        divide(ctx, le(s.f, 2 * s.G / s.S), fact, positive)


def test_steps_of_a_schedule_leave_momentum_out(rate):
    assert chance.scheduled_step(rate).hypotheses == {"scheduled-step", "differentiable"}
    with pytest.raises(RuleFailure, match="gradient-step"):
        h.gradient_step(rate, S.Zero)
    with pytest.raises(RuleFailure, match="full-gradient"):
        h.full_gradient(rate, h.define(rate, "G"))


def test_without_noise_in_g_its_mean_is_taken_apart(rate):
    fact = chance.noise_variance(rate)
    assert fact.relation == le(E(s.noise_g), s.sig**2)
    assert combine(rate, le(E(s.noise_g), s.sig**2 + 1), (1, fact)).hypotheses == {"unbiased", "noise-variance"}
