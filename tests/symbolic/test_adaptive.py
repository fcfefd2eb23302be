"""The rules about AdaGrad-Norm say what its hypotheses say; nothing false follows from them."""

from dataclasses import replace

import pytest
from sympy import S, Symbol, cos, pi

from ratetheory.claims import claims
from ratetheory.claims.hypotheses import FULL_GRADIENT, SINGLE_BLOCK, TWICE_DIFFERENTIABLE
from ratetheory.symbolic import adaptive, derive
from ratetheory.symbolic.adaptive import POINT, SLOPE, function_at
from ratetheory.symbolic.algebra import is_positive
from ratetheory.symbolic.calculus import extremal_value, taylor
from ratetheory.symbolic.equations import identity
from ratetheory.symbolic.hypotheses import full_gradient, named, single_block
from ratetheory.symbolic.kernel import Context, RuleFailure
from ratetheory.symbolic.namespace import Largest, Relation, m, s
from ratetheory.symbolic.rules import combine, suppose
from ratetheory.symbolic.vectors import inner
from tests.mutants.mutants import MUTANTS

CLAIM = claims["adagrad-norm-rate"]
HYPOTHESES = [hypothesis.slug for hypothesis in CLAIM.hypotheses]


def context(claim):
    ctx = Context(claim, 60.0)
    ctx.begin(claim.conclusions[0])
    return ctx


@pytest.fixture
def ctx():
    return context(CLAIM)


def test_every_conclusion_is_proved():
    verdict = derive(CLAIM).verdict
    assert verdict.status == "proved", verdict.evidence


@pytest.mark.parametrize("slug", HYPOTHESES)
def test_without_a_hypothesis_nothing_but_undecided(slug):
    statuses = derive(CLAIM.without(slug)).verdict.evidence["conclusions"]
    # the accumulator says nothing about F at the start, nor does the step
    harmless = {"trivial"} if slug.startswith("adagrad") else {"monotone"} if slug == "function-bounded-below" else set()
    assert {conclusion for conclusion, status in statuses.items() if status["status"] == "proved"} == harmless


@pytest.mark.parametrize(
    "name", [name for name, mutant in MUTANTS.items() if mutant.claim.slug == CLAIM.slug and mutant.drops is None]
)
def test_no_mutant_is_proved(name):
    mutant = MUTANTS[name].claim
    changed = tuple(c for c in mutant.conclusions if c not in CLAIM.conclusions)
    assert len(changed) == 1
    assert derive(replace(mutant, conclusions=changed)).verdict.status == "undecided"


@pytest.mark.parametrize(
    ("slug", "apply"),
    [
        ("smooth-everywhere", lambda c: adaptive.smooth_everywhere(c, SLOPE)),
        ("smooth-everywhere", lambda c: adaptive.describe(c, "F")),
        ("function-bounded-below", lambda c: adaptive.function_bounded_below(c, POINT)),
        ("adagrad-accumulator", adaptive.accumulator),
        ("adagrad-step", adaptive.adagrad_step),
    ],
)
def test_a_rule_needs_its_hypothesis(slug, apply):
    assert apply(context(CLAIM)).hypotheses == {slug}
    with pytest.raises(RuleFailure, match=f"does not have the hypothesis '{slug}'"):
        apply(context(CLAIM.without(slug)))


def test_smoothness_is_the_quadratic_upper_bound(ctx):
    u = Symbol("u_1", real=True)
    relation = adaptive.smooth_everywhere(ctx, SLOPE.scale(u)).relation
    expected = function_at(POINT) + u * inner(SLOPE, SLOPE) + s.L_F * u**2 * inner(SLOPE, SLOPE) / 2
    assert (relation.left, relation.symbol) == (function_at(POINT + SLOPE.scale(u)), "<=")
    assert (relation.right - expected).expand() == 0


@pytest.mark.parametrize(
    "vector",
    [named("w"), named("x"), named("x", 0).scale(1 / s.F), named("x", 0).scale(1 / Symbol("z_1", real=True))],
    ids=["block", "block of x", "may divide by zero", "free denominator"],
)
def test_only_vectors_of_the_space(ctx, vector):
    for apply in (adaptive.smooth_everywhere, adaptive.function_bounded_below):
        with pytest.raises(RuleFailure):
            apply(ctx, vector)


def test_the_letters_of_small_steps_are_the_formulas_of_the_claim(ctx):
    gradient = adaptive.describe(ctx, "G_F").relation
    assert gradient.right == CLAIM.conclusion("gradient-bound").right(m, s)
    tangent = adaptive.describe(ctx, "y_F").relation.right
    assert tangent.args == (s.G_F, s.B_first + m.larger_increment(s.eta_F, s.L_F * s.eta_F**2, s.B_first, s.D_F) / 2)


def test_other_letters_have_no_definition_here(ctx):
    for name in ("B", "L_F", "f", "nonsense"):
        with pytest.raises(RuleFailure, match="none of"):
            adaptive.describe(ctx, name)


def test_the_function_is_not_the_loss_of_the_other_claims(ctx):
    # F may have no second derivative, whatever is assumed of f
    phi = Symbol("phi", real=True)
    path = function_at(POINT + SLOPE.scale(phi))
    bound = suppose(ctx, Relation(path.diff(phi, 2), "<=", s.L_F))
    with pytest.raises(RuleFailure):
        taylor(ctx, path, phi, 0, 1, bound)


@pytest.mark.parametrize("name", ["single-block", "full-gradient", "differentiable"])
def test_hypotheses_about_the_loss_do_not_reach_the_function(name):
    both = replace(CLAIM, hypotheses=(*CLAIM.hypotheses, SINGLE_BLOCK, FULL_GRADIENT, TWICE_DIFFERENTIABLE))
    ctx = context(both)
    value = function_at(POINT)
    phi = Symbol("phi", real=True)
    path = function_at(POINT + SLOPE.scale(cos(phi)))
    if name == "single-block":
        # the point of F lies in block 0, where a single block has nothing
        assert single_block(ctx, value).relation == Relation(value, "==", value)
    elif name == "full-gradient":
        assert full_gradient(ctx, adaptive.describe(ctx, "F")).relation == adaptive.describe(ctx, "F").relation
    else:
        periodic = identity(ctx, Relation(path.xreplace({phi: phi + 2 * pi}), "==", path))
        with pytest.raises(RuleFailure, match="speak of the loss"):
            extremal_value(ctx, path, phi, periodic, S.Zero, True)


def test_the_old_accumulator_does_not_appear_in_the_step(ctx):
    (step,) = [
        coefficient for atom, coefficient in adaptive.adagrad_step(ctx).relation.right.terms() if atom.base.label.name == "h"
    ]
    assert step == -s.eta_F / s.B_next
    with pytest.raises(RuleFailure):
        combine(ctx, Relation(s.B_next, "<=", s.B), (1, adaptive.accumulator(ctx)))


def test_the_larger_of_two_is_positive_if_one_is():
    z = Symbol("z_1", real=True)
    assert is_positive(Largest(s.B, z))
    assert is_positive(Largest(z, s.B))
    assert not is_positive(Largest(z, S.Zero))
    assert not is_positive(Largest(S.Zero, S.Zero))
