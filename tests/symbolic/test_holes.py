"""False statements that once were proved with the rules: none may be, whatever derivation asks for it."""

import ast
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from types import MappingProxyType

import pytest
from sympy import Abs, IndexedBase, Integer, Product, S, Symbol, atan, cos, log, oo, pi, sqrt, tan

from ratetheory.claims import claims
from ratetheory.claims import hypotheses as all_hypotheses
from ratetheory.claims.gd_rate import slope_on_boundary
from ratetheory.claims.statement import Conclusion, Hypothesis
from ratetheory.claims.symbols import SYMBOLS
from ratetheory.symbolic import calculus, choices, derive, equations, inequalities, rules, sequences
from ratetheory.symbolic import derivation as module
from ratetheory.symbolic import derivations as package
from ratetheory.symbolic import hypotheses as h
from ratetheory.symbolic.derivation import derivations
from ratetheory.symbolic.equations import identity, rewrite
from ratetheory.symbolic.extrema import above_infimum, above_infimum_over_multipliers
from ratetheory.symbolic.kernel import Context, Inference, RuleFailure
from ratetheory.symbolic.namespace import (
    IfLess,
    InfimumOnBoundary,
    Largest,
    LargestBlock,
    LeastOverSteps,
    Relation,
    Smallest,
    letter,
    m,
    s,
)
from ratetheory.symbolic.rules import by_sign, combine, instantiate, suppose
from ratetheory.symbolic.vectors import (
    BLOCK,
    BLOCKS,
    BOUND_BLOCKS,
    FAMILY,
    FULL_LOSS,
    HORIZON,
    OTHER_BLOCK,
    SECOND_BLOCK,
    STEP,
    VARIANT,
    Sum,
    family,
    inner,
)
from tests.symbolic.derived import derived

A, B = Symbol("a_1", real=True), Symbol("b_1", real=True)
P = Symbol("p", positive=True)
X = Symbol("x_1", nonnegative=True)
PHI = Symbol("phi", real=True)
N = Symbol("n_1", integer=True)
ALPHA = IndexedBase("alpha", nonnegative=True)[BLOCK]
STEPS = (STEP, 0, HORIZON - 1)
HYPOTHESES = {one.slug: one for one in vars(all_hypotheses).values() if isinstance(one, Hypothesis)}
NOT_REAL = sqrt(-1 - X)
J, K_BLOCK, N_BLOCK, _ = BOUND_BLOCKS
LARGEST_S = LargestBlock(letter("S", block=J))


def le(left, right):
    return Relation(S(left), "<=", S(right))


def lt(left, right):
    return Relation(S(left), "<", S(right))


def eq(left, right):
    return Relation(S(left), "==", S(right))


@pytest.fixture
def ctx():
    context = Context(claims["gd-rate"], 60.0)
    context.begin(claims["gd-rate"].conclusion("sum-two-phase"))
    return context


def over(index, body):
    return Sum(body, (index, 1, BLOCKS))


def declared_otherwise(c, **signs):
    n = Symbol("n_1", **signs)
    return instantiate(c, by_sign(c, le(0, n**2 + 1)), {n: Integer(1)})


def infinite_branch(c):
    branch = IfLess(S.One, S.Zero, Integer(5), oo)
    bounded = instantiate(c, by_sign(c, lt(0, 1 / (1 + A**2))), {A: branch})
    return rewrite(c, bounded, choices.choose(c, branch, False))


def cases_on_no_number(c):
    goal, below, above = le(0, -1 - X), suppose(c, le(NOT_REAL, 0)), suppose(c, lt(0, NOT_REAL))
    return rules.cases(c, combine(c, goal, (1, below, below)), combine(c, goal, (1, above, above)), below.relation)


def discriminant_at_integers(c):
    step = by_sign(c, le(0, (STEP + 1) ** 2 - (STEP + 1)))
    return rules.discriminant(c, sequences.induction(c, le(0, STEP**2 - STEP), by_sign(c, le(0, 0)), step), STEP)


def periodic(c, path, period):
    return identity(c, eq(path.xreplace({PHI: PHI + period}), path))


def path_through_a_pole(c):
    path = atan(1 / PHI)
    quarter = (1 / (1 + PHI**2)) ** 2
    bound = combine(c, le(path.diff(PHI, 2), 1), (quarter * (PHI - 1) ** 2,), (quarter * (PHI**2 + PHI**4),))
    return calculus.taylor(c, path, PHI, Integer(-1), Integer(1), bound)


def kink(c):
    return calculus.taylor(c, Abs(PHI), PHI, Integer(-1), Integer(1), suppose(c, eq(Abs(PHI).diff(PHI, 2), 0)))


def captured_by_a_sum(c):
    path = Sum(PHI * s.G, STEPS)
    return calculus.taylor(c, path, PHI, Integer(0), s.G, identity(c, eq(path.diff(PHI, 2), 0)))


def hidden_dependence(c):
    """A maximiser of cos(psi - phi) in psi depends on phi."""
    psi = Symbol("psi_1", real=True)
    path = cos(psi - PHI)
    highest, _ = calculus.extrema(c, path, psi)
    return calculus.taylor(c, highest * PHI, PHI, 0, 1, identity(c, eq((highest * PHI).diff(PHI, 2), 0)))


def infimum_over_integers(c):
    n = Symbol("n_1", integer=True, positive=True)
    infimum = InfimumOnBoundary(P, S.Zero)
    return above_infimum(c, infimum, suppose(c, le(1, atan(n) / n)), n)


def another_family(c, value):
    below = rules.one_block(c, by_sign(c, le(0, ALPHA)))
    return rules.instantiate_family(c, below, ALPHA, value)


def unit_by_another_step(c):
    z = h.named("z", VARIANT)
    length = sqrt(inner(z, z))
    direction = h.named("z", VARIANT, STEP + 1).scale(1 / length)
    known = identity(c, eq(inner(z, z), inner(z, z)))
    return h.whole_sphere(c, FULL_LOSS, h.directions(), direction, direction, known, h.unit(c, "v"))


def unit_by_a_number_of_this_step(c):
    w = h.named("w", step=STEP + 1)
    scaled = w.scale(1 / sqrt(s.S))
    point = h.directions() - h.named("v") + scaled
    own = equations.symmetric(c, h.define(c, "S"))
    e = h.named("e", VARIANT)
    return h.whole_sphere(c, FULL_LOSS, point, e, e, own, h.unit(c, "v"), h.unit(c, "e", VARIANT))


def infimum_with_the_variable_inside(c):
    x = Symbol("y_1", positive=True)
    infimum = InfimumOnBoundary(P, x)
    bound = slope_on_boundary(m, x, x)
    return above_infimum(c, infimum, identity_below(c, bound), x)


def identity_below(c, bound):
    return combine(c, le(bound, bound))


def multiplier_inside(c):
    nu = Symbol("nu_1", positive=True)
    infimum = m.infimum_over_multipliers(lambda one: one + nu, s.nu_0)
    return above_infimum_over_multipliers(c, infimum, by_sign(c, le(0, 2 * nu)), nu)


def larger_of_no_numbers(c):
    largest = Largest(NOT_REAL - 1, NOT_REAL)
    return rules.discharge(c, choices.larger_is(c, largest, 1), by_sign(c, le(NOT_REAL - 1, NOT_REAL)))


def undecided_guard(c):
    guard, after = lt(0, NOT_REAL + 0 * STEP), by_sign(c, le(0, letter("G", STEP + 1)))
    return sequences.induction(c, le(0, s.G), by_sign(c, le(0, letter("G", S.Zero))), after, after, guard=guard)


REFUSED = {
    "a denominator that is zero": lambda c: by_sign(
        c, le(P / ((A + 1) ** 2 - A**2 - 2 * A - 1), P / ((A + 1) ** 2 - A**2 - 2 * A - 1) + 1)
    ),
    "the logarithm of zero": lambda c: by_sign(c, le(log(0, evaluate=False), log(0, evaluate=False) + 1)),
    "infimum: the variable inside": infimum_with_the_variable_inside,
    "multipliers: the variable inside": multiplier_inside,
    "larger: of no real numbers": larger_of_no_numbers,
    "choice: of no real number": lambda c: choices.choose(c, IfLess(S.Zero, S.One, NOT_REAL, S.Zero), True),
    "smaller: above no real number": lambda c: choices.below_smaller(
        c, Smallest(NOT_REAL, NOT_REAL + 1), by_sign(c, le(NOT_REAL, NOT_REAL)), by_sign(c, le(NOT_REAL, NOT_REAL + 1))
    ),
    "larger: below no real number": lambda c: choices.largest_below(
        c, Largest(NOT_REAL, NOT_REAL - 1), by_sign(c, le(NOT_REAL, NOT_REAL)), by_sign(c, le(NOT_REAL - 1, NOT_REAL))
    ),
    "induction: neither guard nor its negation": undecided_guard,
    "a point that is not real": lambda c: h.lower_bound(c, FULL_LOSS, h.directions() + h.named("e").scale(NOT_REAL)),
    "an inequality discharges an equation": lambda c: rules.discharge(c, suppose(c, eq(0, 1)), by_sign(c, lt(0, 1))),
    "|x| = y gives x = y": lambda c: rules.below_absolute(c, identity(c, eq(Abs(A), Abs(A))), A),
    "combine: a denominator of the goal alone": lambda c: combine(c, eq((A**2 - B**2) / (A - B), A + B)),
    "combine: a logarithm of the goal alone": lambda c: combine(c, le(log(X), log(X))),
    "nonnegative: a denominator": lambda c: inequalities.nonnegative(c, le(1 / A, 1 / A + X), X),
    "by the limit: a denominator": lambda c: inequalities.bounded_by_limit(c, le(1 / A + atan(X), 1 / A + pi / 2), X),
    "identity by derivative: a denominator": lambda c: inequalities.constant_difference(c, eq(X / A, X / A), X),
    "absurd goal: a denominator": lambda c: rules.absurd(c, le(0, 1 / A), (1, suppose(c, lt(1, 0)))),
    "choice: a denominator": lambda c: choices.choose(c, IfLess(A, B, 1 / A, S.Zero), True),
    "telescope: a denominator": lambda c: sequences.telescope(c, 1 / s.f),
    "special case: a value that divides by zero": lambda c: instantiate(c, identity(c, eq(A - A * B, A * (1 - B))), {A: 1 / B}),
    "function of equals: a value without a logarithm": lambda c: equations.congruence(c, log(A), A, suppose(c, eq(B, B))),
    "a negative variable": lambda c: declared_otherwise(c, negative=True),
    "a variable that is zero": lambda c: declared_otherwise(c, zero=True),
    "a nonzero variable": lambda c: declared_otherwise(c, real=True, nonzero=True),
    "an even variable": lambda c: declared_otherwise(c, even=True),
    "a prime variable": lambda c: declared_otherwise(c, prime=True),
    "a nonpositive variable": lambda c: declared_otherwise(c, nonpositive=True),
    "an infinite number": lambda c: by_sign(c, le(0, Symbol("y_1", infinite=True, extended_positive=True))),
    "a family of zeros": lambda c: by_sign(c, le(0, -IndexedBase("alpha", zero=True)[BLOCK])),
    "a family with two indices": lambda c: by_sign(c, le(0, IndexedBase("alpha", nonnegative=True)[STEP, BLOCK])),
    "taylor: a pole on the path": path_through_a_pole,
    "taylor: a kink on the path": kink,
    "taylor: at integers": lambda c: calculus.taylor(c, N**2 - N**4, N, 0, 1, by_sign(c, le((N**2 - N**4).diff(N, 2), 2))),
    "taylor: captured by a sum": captured_by_a_sum,
    "taylor: a number that depends on the path's angle": hidden_dependence,
    "differentiate: a kink": lambda c: calculus.differentiate(c, identity(c, eq(Abs(A), Abs(A))), {A: 0}),
    "stationary: a pole": lambda c: calculus.stationary(c, tan(PHI), PHI, periodic(c, tan(PHI), pi), True),
    "stationary: a kink": lambda c: calculus.stationary(c, Abs(cos(PHI)), PHI, periodic(c, Abs(cos(PHI)), pi), False),
    "extremal value: a pole": lambda c: calculus.extremal_value(
        c, 1 / cos(PHI) ** 2, PHI, periodic(c, 1 / cos(PHI) ** 2, pi), S.Zero, True
    ),
    "extremal value: at no real number": lambda c: calculus.extremal_value(
        c, cos(PHI), PHI, periodic(c, cos(PHI), 2 * pi), NOT_REAL, True
    ),
    "extremal value: at integers": lambda c: calculus.extremal_value(
        c, cos(2 * pi * N), N, identity(c, eq(1, 1)), S.Zero, True
    ),
    "monotone: at integers": lambda c: inequalities.monotone(
        c, N**2 - N, N, S.Zero, S.One, by_sign(c, le(0, 1)), suppose(c, le(0, 2 * N - 1))
    ),
    "largest block: any index": lambda c: choices.below_largest_block(c, LargestBlock(J), X),
    "largest block: no real number": lambda c: choices.below_largest_block(c, LargestBlock(NOT_REAL), BLOCK),
    "larger of: no real number": lambda c: choices.larger_of(c, Largest(NOT_REAL, S.Zero), 0),
    "one block: the index as horizon": lambda c: instantiate(c, another_family(c, BLOCK), {BLOCK: HORIZON}),
    "special case: block 1": lambda c: instantiate(c, by_sign(c, le(0, s.L)), {BLOCK: Integer(1)}),
    "a letter at a block that is a number": lambda c: by_sign(c, le(0, letter("G", block=HORIZON))),
    "a letter at half a step": lambda c: by_sign(c, le(0, letter("G", S.Half))),
    "sum over blocks: over a constant": lambda c: rules.sum_blocks(c, h.define(c, "kappa"), s.kappa),
    "sum over blocks: over the loss's bound": lambda c: rules.sum_blocks(c, h.lower_bound(c, FULL_LOSS, h.weights()), s.f_low),
    "sum over blocks: over their number": lambda c: rules.sum_blocks(c, by_sign(c, le(0, BLOCKS)), BLOCKS),
    "sum over blocks: over a family": lambda c: rules.sum_blocks(c, by_sign(c, le(0, P)), FAMILY),
    "sum over blocks: under a largest block": lambda c: rules.sum_blocks(
        c, choices.below_largest_block(c, LargestBlock(letter("Lam", block=J)), BLOCK), J
    ),
    "single block: a sum from 2": lambda c: h.single_block(c, Sum(S.One, (J, 2, BLOCKS))),
    "scale invariance in g": lambda c: h.scale_invariance(c, FULL_LOSS, h.weights(), s.k, VARIANT),
    "scale invariance of something else": lambda c: h.scale_invariance(c, Symbol("z"), h.weights(), s.k, BLOCK),
    "a unit vector by another step": unit_by_another_step,
    "a unit vector by a number of this step": unit_by_a_number_of_this_step,
    "decoupled: a part of g for each block": lambda c: h.decoupled(c, s.G, s.L),
    "decoupled: a captured index": lambda c: h.decoupled(c, s.G * BOUND_BLOCKS[1], S.Zero),
    "decoupled: a sum inside": lambda c: h.decoupled(c, s.G * m.over_blocks(s.L), S.Zero),
    "decoupled: no real number": lambda c: h.decoupled(c, NOT_REAL, S.Zero),
    "least: of a least": lambda c: sequences.least_below_first(c, -LeastOverSteps(s.G)),
    "least: of a sum over the steps": lambda c: sequences.least_below_mean(c, m.sum(s.G)),
    "least: at another horizon": lambda c: instantiate(c, sequences.least_below_mean(c, s.G), {HORIZON: Integer(100)}),
    "induction: a bound step": lambda c: sequences.induction(
        c, le(0, LeastOverSteps(s.G)), suppose(c, le(0, LeastOverSteps(s.G))), suppose(c, le(0, LeastOverSteps(s.G)))
    ),
    "discriminant: at integers": discriminant_at_integers,
    "infimum: over integers": infimum_over_integers,
    "cases: neither holds": cases_on_no_number,
    "an infinite value inside": infinite_branch,
    "special case: the name of a letter": lambda c: instantiate(
        c, h.gradient_bound(c), {Symbol("Gbar", positive=True): Symbol("Lam", positive=True)}
    ),
    "rewrite: the name of a letter": lambda c: rewrite(
        c,
        by_sign(c, le(0, s.G)),
        suppose(c, eq(Symbol("G", nonnegative=True), Symbol("H", nonnegative=True))),
    ),
    "function of equals: the name of a letter": lambda c: equations.congruence(
        c, s.G, Symbol("G", nonnegative=True), suppose(c, eq(X, Symbol("H", nonnegative=True)))
    ),
    "special case: a factor for each block": lambda c: instantiate(
        c,
        h.lower_bound(c, FULL_LOSS, h.directions() + family(h.named("v")).scale(P)),
        {P: letter("S", STEP, FAMILY)},
    ),
    "family: a sum inside": lambda c: another_family(c, m.over_blocks(s.G) * s.G),
    "family: another block": lambda c: another_family(c, letter("G", block=OTHER_BLOCK)),
    "a product over the blocks": lambda c: by_sign(c, le(0, Product(P, (J, 1, BLOCKS)))),
    "a variable bound twice": lambda c: by_sign(c, le(0, Sum(Sum(letter("G", block=J), (J, 1, BLOCKS)), (J, 1, BLOCKS)))),
    "a decimal number": lambda c: by_sign(c, le(0.5, 1)),
    "a function that the rules do not know": lambda c: identity(c, eq(tan(PHI), tan(PHI))),
    "normal form: the step of an inner sum": lambda c: identity(
        c,
        eq(
            Sum(letter("S", block=J) * Sum(s.H, STEPS), (J, 1, BLOCKS)),
            Sum(letter("S", block=J) * s.H, STEPS, (J, 1, BLOCKS)),
        ),
    ),
    "normal form: the block of an outer sum": lambda c: identity(
        c,
        eq(
            over(J, letter("b", S.Zero, J) * Sum(letter("S", block=J) * over(N_BLOCK, letter("eta", block=N_BLOCK)), STEPS)),
            over(J, letter("b", S.Zero, J)) * Sum(over(J, letter("S", block=J) * letter("eta", block=J)), STEPS),
        ),
    ),
    "normal form: the block of a largest block": lambda c: identity(
        c,
        eq(
            over(N_BLOCK, letter("G", block=N_BLOCK) * LARGEST_S * over(K_BLOCK, letter("eta", block=K_BLOCK))),
            over(
                N_BLOCK,
                letter("G", block=N_BLOCK)
                * over(K_BLOCK, LargestBlock(letter("S", block=K_BLOCK)) * letter("eta", block=K_BLOCK)),
            ),
        ),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_was_once_proved_is_refused(name, ctx):
    with pytest.raises((RuleFailure, ValueError)):
        REFUSED[name](ctx)


@pytest.mark.parametrize(("name", "slug"), [(name, one.given) for name, one in SYMBOLS.items() if one.given])
def test_a_sign_that_a_hypothesis_gives_is_no_matter_of_course(name, slug):
    """1/(kappa eta_g) is nonnegative if kappa is: a claim that does not say so cannot use it, however it is hidden."""
    conclusion = Conclusion("sign", lambda m, s: m.number(0), "<=", lambda m, s: getattr(s, name))
    for hypotheses, status in (((), "undecided"), ((HYPOTHESES[slug],), "proved")):
        one = replace(claims["norm-growth"], slug="a-sign", hypotheses=hypotheses, conclusions=(conclusion,))
        found = derive(one, functions={"sign": lambda c: by_sign(c, le(0, letter(name)))})
        assert found.verdict.status == status, found.verdict.evidence


def test_a_sound_use_of_the_same_rules_is_still_possible(ctx):
    assert another_family(ctx, s.G).relation.right == m.over_blocks(s.G)
    assert instantiate(ctx, by_sign(ctx, le(0, s.L)), {BLOCK: SECOND_BLOCK}).relation.right == letter("L", block=SECOND_BLOCK)
    assert h.single_block(ctx, m.over_blocks(s.G)).relation.right == s.G
    own = equations.symmetric(ctx, h.define(ctx, "S"))
    later = h.named("w", step=STEP + 1)
    assert h.reduce_products(inner(later, later), (own,)) == s.S_next


def test_what_a_fact_divides_by_may_be_used_where_the_fact_is(ctx):
    positive = suppose(ctx, lt(0, A))
    product = suppose(ctx, eq(B, P * A))
    fact = combine(ctx, le(B / A, P), (1 / A, product), (0, positive))
    assert fact.assumptions == {positive.relation, product.relation}
    with pytest.raises(RuleFailure, match="may be zero"):
        combine(ctx, le(B / A, P), (1 / A, product))


def test_a_supposition_may_be_defined_by_another_one(ctx):
    above = suppose(ctx, lt(P, A))
    fact = suppose(ctx, le(log(A), B), above)
    assert fact.assumptions == {above.relation, fact.relation}
    with pytest.raises(RuleFailure, match="may be zero"):
        suppose(ctx, le(log(A), B))


def test_a_derivation_cannot_change_its_context(ctx):
    for name, value in (("claim", claims["norm-growth"]), ("budget", 1e9), ("_citation", None), ("available", {"even"})):
        with pytest.raises(FrozenInstanceError):
            setattr(ctx, name, value)
    assert isinstance(ctx.steps, tuple)
    with pytest.raises(ValueError, match="conclusion"):
        ctx.begin(claims["gradient-diameter"].conclusion("range-even"))
    assert not hasattr(ctx, "_record")
    with pytest.raises(AttributeError):
        ctx._record("trust me", Inference(eq(0, 1)))


def derive_with(monkeypatch, slug, conclusion, function, claim):
    table = {**derivations(), slug: {conclusion: function}}
    monkeypatch.setattr(module, "derivations", lambda: table)
    return derive(claim).verdict


def test_hypotheses_of_another_conclusion_are_refused_at_the_end(monkeypatch):
    """A derivation that begins another conclusion gains that one's hypotheses, and its fact is refused at the end."""
    claim = claims["gradient-diameter"]
    whole = replace(claim, conclusions=(claim.conclusion("range"), claim.conclusion("range-even")))

    def borrowed(c):
        c.begin(claim.conclusion("range-even"))
        return derivations_of["range-even"](c)

    derivations_of = derivations()["gradient-diameter"]
    outcome = derive_with(monkeypatch, "gradient-diameter", "range", borrowed, whole)
    assert "does not have the hypothesis 'even'" in outcome.evidence["conclusions"]["range"]["reason"]


def test_the_conclusion_is_the_registrys_own(ctx):
    true = by_sign(ctx, le(0, P))
    with pytest.raises(RuleFailure, match="not the formula"):
        module.conclude(ctx, true.relation, true, claims["gd-rate"].conclusion("rate"))


def test_a_changed_claim_of_the_registry_is_not_taken_as_proved(monkeypatch):
    old = claims["norm-growth"]
    false = replace(old, conclusions=(replace(old.conclusions[0], right=lambda m, s: s.S), *old.conclusions[1:]))
    monkeypatch.setattr(module, "claims", MappingProxyType({**claims, "norm-growth": false}))
    square = claims["wngrad-recursion"]
    mutant = replace(square, conclusions=(replace(square.conclusions[0], left=lambda m, s: s.S_next, right=lambda m, s: s.S),))
    outcome = derive_with(monkeypatch, "wngrad-recursion", "square", lambda c: h.cite(c, "norm-growth", "norm"), mutant)
    assert derived("norm-growth")[0].verdict.status == "proved"
    assert outcome.status == "undecided"


@pytest.mark.parametrize("source", sorted(Path(package.__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_derivations_use_the_public_rules_alone(source):
    """Python hides nothing for certain: a derivation that reached for what is private would be seen here."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_"), f"{source.name}:{node.lineno} {node.attr}"
            assert isinstance(node.ctx, ast.Load), f"{source.name}:{node.lineno} assigns {node.attr}"
        if isinstance(node, ast.ImportFrom):
            assert not any(one.name.startswith("_") for one in node.names), f"{source.name}:{node.lineno}"
            if node.module == "ratetheory.symbolic.kernel":
                assert {one.name for one in node.names} <= {"Context", "Fact", "lemma"}
        if isinstance(node, ast.Name):
            assert node.id not in {"setattr", "getattr", "vars", "exec", "eval", "globals", "__import__"}
        if isinstance(node, ast.ClassDef):
            raise AssertionError(f"{source.name}:{node.lineno} defines a class")
