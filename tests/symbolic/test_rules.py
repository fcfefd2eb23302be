"""Every rule of logic and order is shown false steps and must refuse them."""

import pytest
from sympy import Abs, IndexedBase, Integer, Rational, S, Symbol, oo, sqrt

from ratetheory.claims import claims
from ratetheory.symbolic import choices, equations, rules
from ratetheory.symbolic.hypotheses import gradient_step, named, scale_variant_rate
from ratetheory.symbolic.kernel import Context, RuleFailure
from ratetheory.symbolic.namespace import IfLess, Largest, LargestBlock, Relation, Smallest, Witness, letter, s
from ratetheory.symbolic.rules import suppose
from ratetheory.symbolic.vectors import BLOCK, BLOCKS, HORIZON, OTHER_BLOCK, STEP, Sum

A, B = Symbol("a_1", real=True), Symbol("b_1", real=True)
P, Q = Symbol("p", positive=True), Symbol("q_1", positive=True)
X = Symbol("x", nonnegative=True)
J = Symbol("j", integer=True, positive=True)
FAMILY_OF_NUMBERS = IndexedBase("alpha", nonnegative=True)[BLOCK]


def le(left, right):
    return Relation(S(left), "<=", S(right))


def eq(left, right):
    return Relation(S(left), "==", S(right))


@pytest.fixture
def ctx():
    context = Context(claims["gd-rate"], 60.0)
    context.begin(claims["gd-rate"].conclusion("sum-two-phase"))
    return context


FALSE_STEPS = {
    "sign: unknown": lambda c: rules.by_sign(c, le(0, A)),
    "sign: wrong": lambda c: rules.by_sign(c, le(P, 0)),
    "sign: not strict": lambda c: rules.by_sign(c, Relation(S.Zero, "<", X)),
    "sign: equation": lambda c: rules.by_sign(c, eq(P, P)),
    "identity: different": lambda c: equations.identity(c, eq((A + B) ** 2, A**2 + B**2)),
    "combine: nothing": lambda c: rules.combine(c, le(A, B)),
    "combine: negative factor": lambda c: rules.combine(c, le(B, A), (-1, suppose(c, le(A, B)))),
    "combine: unknown factor": lambda c: rules.combine(c, le(A * A, A * B), (A, suppose(c, le(A, B)))),
    "combine: factor too small": lambda c: rules.combine(c, le(A, B), (Rational(9, 10), suppose(c, le(A, B)))),
    "combine: equation from an inequality": lambda c: rules.combine(c, eq(A, B), (1, suppose(c, le(A, B)))),
    "combine: strict from weak": lambda c: rules.combine(c, Relation(A, "<", B), (1, suppose(c, le(A, B)))),
    "combine: square of unknown sign": lambda c: rules.combine(c, le(A**2, B**2), (A + B, suppose(c, le(A, B)))),
    "combine: division by zero": lambda c: rules.combine(c, eq(1, 0), (1 / (A - B), suppose(c, eq(A, B)))),
    "sign: a denominator that may be zero": lambda c: rules.by_sign(c, le(0, 1 / X)),
    "suppose: a denominator that may be zero": lambda c: suppose(c, le(0, 1 / (A - B))),
    "identity: a denominator that may be zero": lambda c: equations.identity(c, eq((A**2 - B**2) / (A - B), A + B)),
    "congruence: a denominator that may be zero": lambda c: equations.congruence(c, 1 / (X - B), X, suppose(c, eq(A, B))),
    "rewrite: no equation": lambda c: equations.rewrite(c, suppose(c, le(A, B)), suppose(c, le(A, B))),
    "rewrite: does not occur": lambda c: equations.rewrite(c, suppose(c, le(A, B)), suppose(c, eq(P, Q))),
    "rewrite: under a sum, for one step only": lambda c: equations.rewrite(
        c, equations.identity(c, eq(Sum(s.G, (STEP, 0, HORIZON - 1)), Sum(s.G, (STEP, 0, HORIZON - 1)))), suppose(c, eq(s.G, 0))
    ),
    "instantiate: negative for positive": lambda c: rules.instantiate(c, rules.by_sign(c, le(0, P)), {P: Integer(-1)}),
    "instantiate: zero for positive": lambda c: rules.instantiate(c, rules.by_sign(c, le(0, 1 / P)), {P: S.Zero}),
    "instantiate: unknown for nonnegative": lambda c: rules.instantiate(c, rules.by_sign(c, le(0, X)), {X: A}),
    "instantiate: half a step": lambda c: rules.instantiate(c, rules.by_sign(c, le(0, s.S)), {STEP: S.Half}),
    "instantiate: infinity": lambda c: rules.instantiate(c, rules.by_sign(c, le(0, X)), {X: oo}),
    "instantiate: a letter": lambda c: rules.instantiate(c, suppose(c, le(s.gap, 1)), {s.gap: Integer(2)}),
    "instantiate: the number of blocks": lambda c: rules.instantiate(c, suppose(c, le(BLOCKS, 1)), {BLOCKS: Integer(2)}),
    "instantiate: a bound step": lambda c: rules.instantiate(
        c, rules.by_sign(c, le(0, Sum(s.G, (STEP, 0, HORIZON - 1)))), {STEP: S.Zero}
    ),
    "instantiate: another block": lambda c: rules.instantiate(
        c, suppose(c, le(0, letter("G", block=OTHER_BLOCK))), {BLOCK: OTHER_BLOCK}
    ),
    "instantiate: a number that exists": lambda c: rules.instantiate(
        c, suppose(c, le(A, Witness("w", real=True))), {A: Integer(1)}
    ),
    "family: a letter": lambda c: rules.instantiate_family(c, rules.by_sign(c, le(0, s.L)), s.L, S.Zero),
    "family: negative": lambda c: rules.instantiate_family(
        c, rules.by_sign(c, le(0, FAMILY_OF_NUMBERS)), FAMILY_OF_NUMBERS, Integer(-1)
    ),
    "cases: different relations": lambda c: rules.cases(c, suppose(c, le(A, B)), suppose(c, le(B, A)), Relation(A, "<=", B)),
    "absurd: not contradictory": lambda c: rules.absurd(c, le(1, 0), (1, suppose(c, le(A, B))), (1, suppose(c, le(B, A)))),
    "discharge: not an assumption": lambda c: rules.discharge(c, suppose(c, le(A, B)), rules.by_sign(c, le(0, P))),
    "discharge: weaker than assumed": lambda c: rules.discharge(
        c, suppose(c, Relation(S.Zero, "<", X)), rules.by_sign(c, le(0, X))
    ),
    "roots: unknown sign": lambda c: rules.root_of_squares(c, suppose(c, le(A**2, P**2)), le(A, P)),
    "roots: not the squares": lambda c: rules.root_of_squares(c, suppose(c, le(X**3, P**2)), le(X, P)),
    "absolute value: one side": lambda c: rules.absolute_value(c, le(Abs(A), B), suppose(c, le(A, B)), suppose(c, le(A, B))),
    "absolute value: another number": lambda c: rules.below_absolute(c, suppose(c, le(Abs(A), B)), 2 * A),
    "sum over blocks: block assumed": lambda c: rules.sum_blocks(c, suppose(c, le(s.G, 1)), BLOCK),
    "one block: unknown sign": lambda c: rules.one_block(c, equations.identity(c, eq(s.G, s.G))),
    "one block: block assumed": lambda c: rules.one_block(c, suppose(c, le(0, s.G - 1))),
    "smaller: one bound": lambda c: choices.below_smaller(c, Smallest(A, B), suppose(c, le(X, A)), suppose(c, le(X, A))),
    "larger: one bound": lambda c: choices.largest_below(c, Largest(A, B), suppose(c, le(A, X)), suppose(c, le(A, X))),
    "antisymmetric: same direction": lambda c: equations.antisymmetric(c, suppose(c, le(A, B)), suppose(c, le(A, B))),
    "root nonnegative: unknown": lambda c: rules.root_is_nonnegative(c, suppose(c, le(A, B))),
    "discriminant: bounded range": lambda c: rules.discriminant(c, suppose(c, le(0, 1 - X + X**2)), X),
    "discriminant: not quadratic": lambda c: rules.discriminant(c, rules.by_sign(c, le(0, X**3)), X),
    "discriminant: a letter": lambda c: rules.discriminant(c, rules.by_sign(c, le(0, s.nu_0**2)), s.nu_0),
    "discriminant: unknown sign": lambda c: rules.discriminant(c, rules.by_sign(c, le(-(A**2), X + X**2)), X),
    "infinity: an infinite number": lambda c: choices.below_infinity(c, oo),
    "vectors: different": lambda c: equations.vector_identity(c, Relation(named("w"), "==", named("v"))),
    "vectors: one step assumed": lambda c: equations.vector_identity(
        c, Relation(named("w").scale(s.G), "==", named("w")), suppose(c, eq(s.G, 1))
    ),
    "inner product: inequality": lambda c: equations.inner_of(c, suppose(c, le(A, B)), suppose(c, le(A, B))),
    "congruence: inequality": lambda c: equations.congruence(c, A**2, A, suppose(c, le(P, Q))),
    "congruence: captures a step": lambda c: equations.congruence(
        c, Sum(A * s.G, (STEP, 0, HORIZON - 1)), A, equations.identity(c, eq(s.S, s.S))
    ),
    "symmetric: inequality": lambda c: equations.symmetric(c, suppose(c, le(A, B))),
}


@pytest.mark.parametrize("name", FALSE_STEPS)
def test_false_steps_are_refused(name, ctx):
    with pytest.raises(RuleFailure):
        FALSE_STEPS[name](ctx)


def test_a_combination_multiplies_facts_and_adds_squares(ctx):
    first, second = suppose(ctx, le(1, A)), suppose(ctx, le(2, B))
    product = rules.combine(ctx, le(A * 2 + B, A * B + 2), (1, first, second))
    assert product.assumptions == {first.relation, second.relation}
    assert rules.combine(ctx, le(2 * A * B, A**2 + B**2), ((A - B) ** 2,)).assumptions == frozenset()


def test_a_strict_combination_needs_something_strict(ctx):
    strict, weak = suppose(ctx, Relation(A, "<", B)), suppose(ctx, le(B, P))
    assert rules.combine(ctx, Relation(A, "<", P), (1, strict), (1, weak)).relation.symbol == "<"


def test_cases_discharge_exactly_the_condition(ctx):
    condition = Relation(A, "<", B)
    branch = IfLess(A, B, Integer(1), Integer(2))
    below = rules.combine(ctx, le(branch, 2), (1, choices.choose(ctx, branch, True)))
    above = rules.combine(ctx, le(branch, 2), (1, choices.choose(ctx, branch, False)))
    assert (below.assumptions, above.assumptions) == ({condition}, {condition.negation()})
    assert rules.cases(ctx, below, above, condition).assumptions == frozenset()
    assert rules.cases(ctx, below, below, condition).assumptions == {condition} - {condition} | {condition}


def test_absurd_proves_anything_from_a_contradiction(ctx):
    fact = rules.absurd(ctx, le(1, 0), (1, suppose(ctx, Relation(A, "<", B))), (1, suppose(ctx, le(B, A))))
    assert fact.assumptions == {Relation(A, "<", B), le(B, A)}


def test_instantiation_takes_its_assumptions_along(ctx):
    fact = rules.instantiate(ctx, suppose(ctx, le(A, B)), {A: Integer(3)})
    assert (fact.relation, fact.assumptions) == (le(3, B), {le(3, B)})


def test_a_sign_may_come_from_a_fact(ctx):
    positive = suppose(ctx, Relation(S.Zero, "<", A))
    fact = rules.instantiate(ctx, rules.by_sign(ctx, le(0, 1 / P)), {P: A}, positive)
    assert (fact.relation, fact.assumptions) == (le(0, 1 / A), {positive.relation})


def test_discriminant(ctx):
    fact = rules.discriminant(ctx, rules.combine(ctx, le(0, 1 - 2 * X + X**2), ((1 - X) ** 2,)), X)
    assert fact.relation == le(4, 4)


def test_the_largest_block_bounds_each(ctx):
    fact = choices.below_largest_block(ctx, LargestBlock(letter("Lam", block=J)), BLOCK)
    assert fact.relation.left == s.Lam


def test_hypotheses_add_up(ctx):
    fact = rules.combine(ctx, le(0, s.kappa * s.eta_g * s.H**2 + 1), (1, scale_variant_rate(ctx, False)))
    assert fact.hypotheses == {"scale-variant-rate"}
    step = gradient_step(ctx)
    assert equations.inner_of(ctx, step, step).hypotheses == {"gradient-step", "differentiable"}


def test_square_roots_of_both_sides(ctx):
    fact = rules.root_of_squares(ctx, suppose(ctx, le(X**2, 2 * P)), le(X, sqrt(2 * P)))
    assert fact.relation == le(X, sqrt(2 * P))
