"""Rules of the update rules refuse what their hypotheses do not say."""

import pytest
from sympy import S

from ratetheory.claims import claims
from ratetheory.symbolic import hypotheses as h
from ratetheory.symbolic import updates
from ratetheory.symbolic.derivations.decay import gradient_at_rescaled
from ratetheory.symbolic.derivations.momentum import rate_of_start
from ratetheory.symbolic.equations import identity
from ratetheory.symbolic.hypotheses import named
from ratetheory.symbolic.kernel import Context, RuleFailure
from ratetheory.symbolic.namespace import Relation, letter, s
from ratetheory.symbolic.rules import combine, suppose
from ratetheory.symbolic.vectors import BLOCK, OTHER_BLOCK, STEP, VARIANT, Vector, inner

U, Z, W, GRAD = (named(name) for name in ("u", "z", "w", "grad"))


def context(slug, conclusion):
    ctx = Context(claims[slug], 60.0)
    ctx.begin(claims[slug].conclusion(conclusion))
    return ctx


@pytest.fixture
def ctx():
    return context("decay-equivalence", "weights")


RULES = {
    "no-momentum": updates.no_momentum,
    "no-decay": updates.no_decay,
    "zero-buffer": updates.zero_buffer,
    "positive-root": updates.positive_root,
    "settled-shift": updates.settled_shift,
    "update": updates.update,
    "forward": updates.forward,
}


@pytest.mark.parametrize("slug", RULES)
def test_a_hypothesis_that_the_conclusion_does_not_have_is_refused(slug, ctx):
    with pytest.raises(RuleFailure, match=f"does not have the hypothesis '{slug}'"):
        RULES[slug](ctx)


@pytest.mark.parametrize("letter_name", ["drift", "buffer_drift", "update", "radial_update", "tangential_update", "shrink"])
def test_letters_have_their_meaning_under_their_hypotheses_alone(letter_name):
    bare = context("norm-growth", "norm")
    with pytest.raises(RuleFailure, match="does not have the hypothesis"):
        updates.define(bare, letter_name)
    with pytest.raises(RuleFailure, match="no definition"):
        updates.define(bare, "S")


def test_letters_given_step_by_step(ctx):
    assert updates.start(ctx, "scale").relation == Relation(letter("scale", S.Zero), "==", S.One)
    assert updates.recursion(ctx, "scale").relation.right == s.shrink * s.scale
    for wrong in ("shift", "S", "eta"):
        with pytest.raises(RuleFailure, match="no fixed start"):
            updates.start(ctx, wrong)
    with pytest.raises(RuleFailure, match="not given step by step"):
        updates.recursion(ctx, "S_hat")
    for rule in (updates.start, updates.recursion):
        with pytest.raises(RuleFailure, match="positive-factor"):
            rule(context("norm-growth", "norm"), "scale")


def test_the_gradient_without_decay_is_that_of_one_block(ctx):
    assert updates.gradient_without_decay(ctx, U).relation.right == inner(named("grad_hat"), U)
    for block in (VARIANT, OTHER_BLOCK):
        with pytest.raises((RuleFailure, ValueError)):
            updates.gradient_without_decay(ctx, named("u", block))
    assert gradient_at_rescaled(ctx).relation == Relation(named("grad_hat"), "==", GRAD.scale(s.scale))


def trivial(ctx, left, right):
    return identity(ctx, Relation(inner(left, U), "==", inner(right, U)))


def test_vectors_with_the_same_products(ctx):
    double = W + W
    assert updates.same_products(ctx, Relation(double, "==", W.scale(2)), trivial(ctx, double, W.scale(2))).assumptions == set()


def of_one_direction(ctx):
    """<z, z> = <z, z> is about z alone."""
    return Relation(Z, "==", W), identity(ctx, Relation(inner(Z, Z), "==", inner(Z, Z)))


def assumed(ctx):
    return Relation(GRAD, "==", W), suppose(ctx, Relation(inner(GRAD, U), "==", inner(W, U)))


def of_another(ctx):
    return Relation(W, "==", GRAD), trivial(ctx, W, W)


def of_the_direction_itself(ctx):
    """<w, u> u/<u, u> has the same product with u as w, but is not w."""
    along = U.scale(inner(W, U) / inner(U, U))
    return Relation(W, "==", along), identity(ctx, Relation(inner(W, U), "==", inner(W, U)))


def of_a_letter_of_the_direction(ctx):
    """<grad, u> = slope for this u alone: no vector times slope is the gradient."""
    meaning, slope = h.gradient(ctx, U), h.define(ctx, "slope")
    fact = combine(ctx, Relation(inner(GRAD, U), "==", s.slope), (-1, meaning), (-1, slope))
    return Relation(GRAD, "==", Vector()), combine(ctx, Relation(inner(GRAD, U) - s.slope, "==", S.Zero), (1, fact))


def an_inequality(ctx):
    return Relation(W, "<=", W), trivial(ctx, W, W)


FALSE = (
    of_one_direction,
    assumed,
    of_another,
    of_the_direction_itself,
    of_a_letter_of_the_direction,
    an_inequality,
)


@pytest.mark.parametrize("build", FALSE, ids=lambda build: build.__name__)
def test_vectors_are_not_equal_for_less(build, ctx):
    goal, fact = build(ctx)
    with pytest.raises(RuleFailure):
        updates.same_products(ctx, goal, fact)


def test_the_products_of_another_block_say_nothing(ctx):
    other = named("w", OTHER_BLOCK)
    with pytest.raises((RuleFailure, ValueError)):
        updates.same_products(ctx, Relation(other, "==", Vector()), trivial(ctx, Vector(), Vector()))


def test_a_constant_rate_is_the_rate_of_the_start():
    fact = rate_of_start(context("momentum-growth", "total"))
    assert fact.relation == Relation(s.eta, "==", letter("eta", S.Zero, BLOCK))
    assert not fact.assumptions
    assert STEP in fact.relation.free_symbols()
