"""A rule takes nothing but what it says it takes; what is random, bound or of a constrained vector is not generalised."""

from typing import Any, get_type_hints

import pytest
from sympy import Add, Integer, Pow, Rational, S, Symbol, cos, log, pi, sqrt

from ratetheory.claims import claims
from ratetheory.symbolic import calculus, chance, choices, extrema, moments, sequences, updates
from ratetheory.symbolic import hypotheses as h
from ratetheory.symbolic.kernel import Context, RuleFailure
from ratetheory.symbolic.namespace import (
    MULTIPLIER,
    Expectation,
    IfLess,
    InfimumOnBoundary,
    LargerIncrement,
    Largest,
    LargestBlock,
    ProbabilityEver,
    Relation,
    Smallest,
    letter,
    s,
)
from ratetheory.symbolic.rules import by_sign, combine, instantiate
from ratetheory.symbolic.vectors import BLOCK, BOUND_BLOCKS, HORIZON, SECOND_BLOCK, STEP, inner

P = Symbol("p", positive=True)
NODES = (
    IfLess(S.One, S(2), S.One, S(100)),
    Largest(S(5), S.Zero),
    Smallest(MULTIPLIER + 5, S.Zero),
    LargerIncrement(S.Zero, S.One, S(7), S(3)),
    InfimumOnBoundary(S.One, S.Zero),
    LargestBlock(s.G),
    Pow(S(3), 2, evaluate=False),
    Add(Rational(1, 7), P, sqrt(P)),
)


def le(left, right):
    return Relation(S(left), "<=", S(right))


def lt(left, right):
    return Relation(S(left), "<", S(right))


def context(slug, conclusion=None):
    claim = claims[slug]
    ctx = Context(claim, 60.0)
    ctx.begin(claim.conclusion(conclusion) if conclusion else claim.conclusions[0])
    return ctx


@pytest.fixture
def ctx():
    return context("norm-growth")


@pytest.fixture
def random():
    return context("sgd-observed", "frequency")


def of_nodes(c):
    """Every rule about one kind of expression, with the facts that it asks for."""
    true, positive = by_sign(c, le(0, 1)), by_sign(c, lt(0, 1))
    return {
        choices.choose: lambda node: choices.choose(c, node, True),
        choices.larger_of: lambda node: choices.larger_of(c, node, 0),
        choices.larger_is: lambda node: choices.larger_is(c, node, 0),
        choices.smaller_of: lambda node: choices.smaller_of(c, node, 0),
        choices.below_smaller: lambda node: choices.below_smaller(c, node, true, true),
        choices.largest_below: lambda node: choices.largest_below(c, node, true, true),
        choices.below_largest_block: lambda node: choices.below_largest_block(c, node, BLOCK),
        choices.largest_block_below: lambda node: choices.largest_block_below(c, node, true),
        extrema.below_larger_root: lambda node: extrema.below_larger_root(c, node, S.One, positive, true, true),
        extrema.infimum_below: lambda node: extrema.infimum_below(c, node, S.One, positive, true),
        extrema.above_infimum: lambda node: extrema.above_infimum(c, node, true, P),
        extrema.below_supremum: lambda node: extrema.below_supremum(c, node, S.One, positive, true),
        extrema.above_infimum_over_multipliers: lambda node: extrema.above_infimum_over_multipliers(c, node, true, P),
        extrema.integral_split: lambda node: extrema.integral_split(c, node, S.One, true, true),
        extrema.integral_below: lambda node: extrema.integral_below(c, node, S.One, true, true, true),
        extrema.integral_above: lambda node: extrema.integral_above(c, node, S.One, true, true, true),
    }


def test_a_rule_about_one_kind_of_expression_takes_no_other(ctx):
    for rule, use in of_nodes(ctx).items():
        kind = list(get_type_hints(rule).values())[1]
        for node in NODES:
            if type(node) is not kind:
                with pytest.raises(RuleFailure, match="of another kind"):
                    use(node)


def test_a_rarer_event_is_an_event(random):
    zero = by_sign(random, le(0, 0))
    ever = chance.ville(random, S.Zero, S.Zero, S.Zero, Rational(1, 10), zero, zero)
    a, b = ever.relation.left.args
    for event, gap in ((Largest(S.Zero, S(5)), 5), (ProbabilityEver(S.Zero, S(5)), 5)):
        factor = gap / log(10)
        implied = combine(random, le(0, factor * (a - b) + gap))
        if isinstance(event, ProbabilityEver):
            assert chance.less_probable(random, ever, event, factor, implied).relation.right == Rational(1, 10)
        else:
            with pytest.raises(RuleFailure, match="of another kind"):
                chance.less_probable(random, ever, event, factor, implied)


class Forged(Relation):
    """An inequality that lies about its gap."""

    @property
    def gap(self):
        return S.One


UNKNOWN: tuple[Any, ...] = (">=", "!=")


@pytest.mark.parametrize("relation", [*(Relation(S.Zero, symbol, S.One) for symbol in UNKNOWN), Forged(S(2), "<=", S.Zero)])
def test_facts_are_equations_and_inequalities(ctx, relation):
    with pytest.raises(RuleFailure):
        by_sign(ctx, relation)


def test_the_largest_of_numbers_that_depend_on_another_block(ctx):
    largest = LargestBlock(letter("G", block=BOUND_BLOCKS[0]) - s.G)
    with pytest.raises(RuleFailure, match="another block"):
        choices.largest_block_below(ctx, largest, by_sign(ctx, le(0, 0)))
    assert choices.below_largest_block(ctx, largest, SECOND_BLOCK).relation.right == largest


def test_a_horizon_that_is_bound_is_not_reached_by_a_telescoping_sum(random):
    with pytest.raises(RuleFailure, match="meets a bound variable"):
        sequences.telescope(random, ProbabilityEver(STEP - 1, HORIZON))


def test_a_maximiser_may_be_random(random):
    x, number = Symbol("x_1", real=True), Symbol("a_1", positive=True)
    maximiser, _ = calculus.extrema(random, cos(x - s.f), x)
    mean = chance.linearity(random, number * s.G)
    assert instantiate(random, mean, {number: Integer(2)}).relation.right == 2 * Expectation(s.G)
    with pytest.raises(RuleFailure, match="may be random"):
        instantiate(random, mean, {number: 1 + maximiser**2})


def test_the_product_with_the_update_is_not_known_before_the_step(random):
    with pytest.raises(RuleFailure, match="not certainly determined"):
        chance.unbiased(random, s.wu)
    first = letter("wu", S.Zero) * s.cross
    assert chance.linearity(random, first).relation.right == Expectation(first)


def test_an_update_with_hypotheses_is_no_vector_of_any_direction():
    """<u, w> = b1 <u, w_{t+1}> holds for the update u, and w = b1 w_{t+1} does not follow."""
    ctx = context("equilibrium-rotation", "adamw-norm")
    after, u = h.named("w", step=STEP + 1), h.named("increment")
    memory = h.define(ctx, "wu")
    later = instantiate(ctx, memory, {STEP: STEP + 1})
    goal = Relation(inner(h.named("w"), u), "==", s.b1 * inner(after, u))
    terms = ((1, moments.autoregressive_update(ctx)), (1, later), (-1, memory), (-1, moments.stationary(ctx, "wu")))
    fact = combine(ctx, goal, *terms)
    with pytest.raises(RuleFailure, match="times any direction"):
        updates.same_products(ctx, Relation(h.named("w"), "==", after.scale(s.b1)), fact)


def test_the_product_with_the_update_needs_an_update():
    ctx = context("equilibrium", "sgd-norm")
    for rule in (moments.stationary, h.define):
        with pytest.raises(RuleFailure, match="decoupled-step"):
            rule(ctx, "wu")


@pytest.mark.parametrize(
    ("slug", "setting", "allowed"),
    [
        ("sgd-observed", "great-circle", False),
        ("sgd-observed", "point", False),
        ("decay-equivalence", "great-circle", False),
        ("gradient-diameter", "point", True),
        ("sgd-observed", "step-inequality", True),
    ],
)
def test_what_holds_for_the_full_loss_is_not_cited_for_the_losses_of_minibatches(slug, setting, allowed, monkeypatch):
    """|G| <= (pi/2) L is true of a loss with these constants, and the loss of a minibatch need not have them."""
    monkeypatch.setattr(Context, "_available", lambda self: frozenset({"lower-bound"}))
    bound = Relation(s.G, "<=", pi / 2 * s.L)
    ctx = Context(claims[slug], 60.0, lambda *_: (bound, frozenset({"lower-bound"}), setting))
    if allowed:
        assert h.cite(ctx, "gradient-diameter", "gradient").relation == bound
    else:
        with pytest.raises(RuleFailure, match="full-gradient"):
            h.cite(ctx, "gradient-diameter", "gradient")
