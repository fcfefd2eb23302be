"""Rules about the loss: each refuses points that may vanish, vectors that are not unit, and letters that hide the angle."""

import pytest
from sympy import Integer, Rational, S, Symbol, pi

from ratetheory.claims import claims
from ratetheory.claims.gd_rate import slope_on_boundary
from ratetheory.symbolic import hypotheses as h
from ratetheory.symbolic.calculus import differentiate, extrema, extremal_value, half_period, stationary, taylor
from ratetheory.symbolic.equations import identity
from ratetheory.symbolic.extrema import (
    above_infimum,
    above_infimum_over_multipliers,
    below_larger_root,
    infimum_below,
    integral_above,
    integral_below,
    integral_split,
)
from ratetheory.symbolic.hypotheses import ANGLE, STEP_LOSS, circle, directions, loss_along, named, weights
from ratetheory.symbolic.kernel import Context, RuleFailure
from ratetheory.symbolic.namespace import (
    InfimumOnBoundary,
    InfimumOverMultipliers,
    LargerIncrement,
    Relation,
    SlopeIntegral,
    m,
    s,
)
from ratetheory.symbolic.rules import by_sign, combine, instantiate, suppose
from ratetheory.symbolic.vectors import BLOCK, FULL_LOSS, HORIZON, VARIANT, Vector, differential

SHIFT, FACTOR = Symbol("s_1", real=True), Symbol("rho", positive=True)


def context(slug="gradient-diameter", conclusion="range-even"):
    ctx = Context(claims[slug], 60.0)
    ctx.begin(claims[slug].conclusion(conclusion))
    return ctx


def frame(ctx):
    return h.unit(ctx, "v"), h.unit(ctx, "xi"), h.tangent(ctx)


def test_an_identity_is_not_differentiated_where_a_block_may_vanish():
    ctx = context()
    along = named("u").scale(SHIFT)
    invariance = h.scale_invariance(ctx, STEP_LOSS, weights() + along, FACTOR, BLOCK)
    with pytest.raises(RuleFailure, match="may be zero"):
        differentiate(ctx, invariance, {SHIFT: 1})
    assert differentiate(ctx, invariance, {SHIFT: 0}).hypotheses == {"scale-invariance", "differentiable"}


def test_a_third_derivative_has_no_hypothesis():
    ctx = context()
    path = weights() + named("u").scale(SHIFT)
    second = identity(
        ctx,
        Relation(
            differential(STEP_LOSS, path, named("u"), named("u")), "==", differential(STEP_LOSS, path, named("u"), named("u"))
        ),
    )
    with pytest.raises(RuleFailure, match="order 3"):
        differentiate(ctx, second, {SHIFT: 0})


def test_a_second_derivative_needs_its_hypothesis():
    ctx = context("euler-orthogonality", "orthogonal")
    moved = weights() + named("u").scale(SHIFT)
    invariance = h.scale_invariance(ctx, STEP_LOSS, moved, FACTOR, BLOCK)
    with pytest.raises(RuleFailure, match="twice-differentiable"):
        differentiate(ctx, invariance, {SHIFT: 0, FACTOR: 1})


def test_a_letter_on_the_circle_is_no_constant():
    ctx = context()
    meaning = h.define(ctx, "circle_drop")
    with pytest.raises(RuleFailure, match="angle of a letter"):
        differentiate(ctx, meaning, {ANGLE: 0}, *frame(ctx))
    with pytest.raises(RuleFailure, match="angle of a letter"):
        instantiate(ctx, meaning, {ANGLE: S.Zero})


def test_the_factor_of_scale_invariance_is_positive():
    with pytest.raises(RuleFailure, match="not certainly positive"):
        h.scale_invariance(context(), STEP_LOSS, weights(), SHIFT, BLOCK)


def test_taylor_needs_a_bound_of_the_second_derivative_along_the_whole_path():
    ctx = context()
    path, facts = loss_along(), frame(ctx)
    second = path.diff(ANGLE, 2)
    everywhere, once = Relation(second, "<=", s.L), suppose(ctx, Relation(second, "<=", s.L))
    with pytest.raises(RuleFailure, match="whole path"):
        taylor(ctx, path, ANGLE, 0, pi, once, *facts)
    derivative = circle().component(BLOCK).diff(ANGLE)
    absolute = h.whole_sphere(ctx, STEP_LOSS, circle(), derivative, derivative, *facts)
    with pytest.raises(RuleFailure, match="not the second derivative"):
        taylor(ctx, path, ANGLE, 0, pi, absolute, *facts)
    assert everywhere.right == s.L


def test_smoothness_needs_unit_tangents_and_unit_blocks():
    ctx = context()
    facts = frame(ctx)
    derivative = circle().component(BLOCK).diff(ANGLE)
    fact = h.whole_sphere(ctx, STEP_LOSS, circle(), derivative, derivative, *facts)
    assert fact.relation.right == s.M[BLOCK, BLOCK]
    refused = [
        (circle(), derivative.scale(2), derivative, facts),
        (circle(), named("v"), named("v"), facts),
        (weights(), derivative, derivative, facts),
        (circle() + named("xi"), derivative, derivative, facts),
        (circle(), derivative, derivative, facts[:2]),
    ]
    for point, first, second, given in refused:
        with pytest.raises((RuleFailure, ValueError)):
            h.whole_sphere(ctx, STEP_LOSS, point, first, second, *given)


def test_smoothness_speaks_of_the_full_loss():
    ctx = context("geodesic-descent", "coupled")
    derivative = circle().component(BLOCK).diff(ANGLE)
    with pytest.raises(RuleFailure, match="speaks of the full loss"):
        h.whole_sphere(ctx, STEP_LOSS, circle(), derivative, derivative, *frame(ctx))


def test_hypotheses_that_the_claim_lacks_are_refused():
    ctx = context("euler-orthogonality", "orthogonal")
    for attempt in (
        lambda: h.gradient_step(ctx),
        lambda: h.constant_rate(ctx),
        lambda: h.predicted_defect(ctx),
        lambda: h.even(ctx, STEP_LOSS, circle()),
        lambda: h.lower_bound(ctx, STEP_LOSS, weights()),
        lambda: h.decoupled(ctx, s.G, s.H),
        lambda: h.scale_variant_rate(ctx, True),
        lambda: h.gradient_bound(ctx),
        lambda: h.single_block(ctx, m.over_blocks(s.G)),
        lambda: h.full_gradient(ctx, h.define(ctx, "value")),
    ):
        with pytest.raises(RuleFailure, match=r"does not have the hypothesis|has none of the hypotheses"):
            attempt()


def test_an_undefined_letter_has_no_definition():
    with pytest.raises(RuleFailure, match="no definition"):
        h.define(context(), "Gbar")


def test_the_direction_of_a_gradient_needs_its_orthogonality():
    ctx = context()
    with pytest.raises(RuleFailure, match="does not say"):
        h.gradient_direction(ctx, h.unit(ctx, "v"))
    orthogonal = suppose(ctx, Relation(h.inner(named("w"), named("grad")), "==", S.Zero))
    with pytest.raises(RuleFailure, match="does not say"):
        h.gradient_direction(ctx, orthogonal)


def test_extrema_need_a_period():
    ctx = context()
    path, facts = loss_along(), frame(ctx)
    no_period = h.define(ctx, "value")
    whole = identity(ctx, Relation(path.xreplace({ANGLE: ANGLE + 2 * pi}), "==", path))
    for attempt in (
        lambda: half_period(ctx, path, ANGLE, no_period),
        lambda: extremal_value(ctx, path, ANGLE, no_period, S.Zero, True, *facts),
        lambda: stationary(ctx, path, ANGLE, no_period, True, *facts),
    ):
        with pytest.raises(RuleFailure, match="periodic"):
            attempt()
    highest, lowest = extrema(ctx, path, ANGLE)
    assert half_period(ctx, path, ANGLE, whole).relation == Relation((highest - lowest) ** 2, "<=", pi**2)


def test_a_great_circle_passes_through_any_direction_but_says_nothing_of_its_angle():
    ctx = context()
    value = differential(STEP_LOSS, circle())
    kept = identity(ctx, Relation(value, "==", value))
    assert h.on_great_circle(ctx, kept, HORIZON).relation.left == differential(
        STEP_LOSS, directions() - named("v") + named("v", step=HORIZON)
    )
    for extra in (ANGLE, s.circle_drop):
        with pytest.raises(RuleFailure, match="says more"):
            h.on_great_circle(ctx, identity(ctx, Relation(value + extra, "==", value + extra)), HORIZON)


def test_a_vector_is_replaced_by_an_equation_alone():
    ctx = context()
    with pytest.raises(RuleFailure, match="no equation of vectors"):
        h.substitute_vector(ctx, h.define(ctx, "value"), h.define(ctx, "S"))


def test_with_one_block_a_sum_is_its_term():
    ctx = context("gd-rate", "gradient-bound")
    assert h.single_block(ctx, m.over_blocks(s.G**2) + s.H).relation.right == s.G**2
    point = differential(FULL_LOSS, directions())
    assert h.single_block(ctx, point).relation.right == differential(FULL_LOSS, Vector(*named("v").args))
    assert point.point.blocks() >= {VARIANT}


def test_the_larger_root_needs_its_three_facts():
    ctx = context("gd-rate", "envelope")
    c, b, r, d = (Symbol(n, positive=True) for n in ("c", "b_s", "r_1", "d_1"))
    root = LargerIncrement(c, c / 2, b, r)
    level = suppose(ctx, Relation(c * d - c / 2 * m.log1p(d / b), "<=", r))
    slope, start = by_sign(ctx, Relation(S.Zero, "<", c)), by_sign(ctx, Relation(S.Zero, "<=", d))
    assert below_larger_root(ctx, root, d, slope, start, level).relation == Relation(d, "<=", root)
    above = suppose(ctx, Relation(c * d - c / 4 * m.log1p(d / b), "<=", r))
    weak = by_sign(ctx, Relation(S.Zero, "<=", c))
    for facts in ((slope, start, above), (weak, start, level), (slope, slope, level)):
        with pytest.raises(RuleFailure):
            below_larger_root(ctx, root, d, *facts)
    x = Symbol("x_1", real=True)
    with pytest.raises(RuleFailure, match="signs"):
        below_larger_root(ctx, LargerIncrement(c, x, b, r), d, slope, start, level)


def test_an_infimum_is_used_inside_its_interval():
    ctx = context("gd-rate", "envelope")
    x, x_0, r = (Symbol(n, positive=True) for n in ("y", "x_0", "r_1"))
    infimum = InfimumOnBoundary(x_0, r)
    positive, inside = by_sign(ctx, Relation(S.Zero, "<", x)), suppose(ctx, Relation(x, "<=", x_0))
    assert infimum_below(ctx, infimum, x, positive, inside).assumptions == {inside.relation}
    with pytest.raises(RuleFailure, match="do not put"):
        infimum_below(ctx, infimum, x, positive, positive)
    lower = suppose(ctx, Relation(r, "<=", slope_on_boundary(m, x, r)))
    with pytest.raises(RuleFailure, match="for every y"):
        above_infimum(ctx, infimum, lower, x)
    with pytest.raises(RuleFailure, match="from below"):
        above_infimum(ctx, infimum, by_sign(ctx, Relation(S.Zero, "<=", x)), x)


def test_an_infimum_over_multipliers_needs_every_multiplier():
    ctx = context("gd-rate", "sum-shared")
    nu = Symbol("nu_1", positive=True)
    infimum = m.infimum_over_multipliers(lambda one: one**2 + 1, s.nu_0)
    assert isinstance(infimum, InfimumOverMultipliers)
    below = combine(ctx, Relation(Integer(1), "<=", nu**2 + 1), (nu**2,))
    assert above_infimum_over_multipliers(ctx, infimum, below, nu).relation == Relation(Integer(1), "<=", infimum)
    for false, variable in (
        (suppose(ctx, Relation(Integer(2), "<=", nu**2 + 1)), nu),
        (by_sign(ctx, Relation(Integer(1), "<=", nu + 1)), nu),
        (by_sign(ctx, Relation(Integer(1), "<=", s.Lam_g**2 + 1)), s.Lam_g),
    ):
        with pytest.raises(RuleFailure):
            above_infimum_over_multipliers(ctx, infimum, false, variable)


def test_an_integral_of_the_rising_slope_is_split_and_bounded_in_order():
    ctx = context("gd-rate", "sum-continuous")
    a, b, c, v, bound, r = (Symbol(n, positive=True) for n in ("a_1", "b_1", "c_1", "v_1", "g_1", "r_1"))
    whole, slope = SlopeIntegral(a, c, bound, r), InfimumOnBoundary(bound / v, r)
    first, second = suppose(ctx, Relation(a, "<=", b)), suppose(ctx, Relation(b, "<=", c))
    parts = SlopeIntegral(a, b, bound, r) + SlopeIntegral(b, c, bound, r)
    assert integral_split(ctx, whole, b, first, second).relation == Relation(whole, "==", parts)
    ordered, late = suppose(ctx, Relation(a, "<=", c)), suppose(ctx, Relation(bound, "<=", v))
    right = suppose(ctx, Relation(c, "<=", v + bound**2 / v))
    left = suppose(ctx, Relation(v + bound**2 / v, "<=", a))
    assert integral_below(ctx, whole, v, ordered, right, late).relation == Relation(whole, "<=", (c - a) * slope)
    assert integral_above(ctx, whole, v, ordered, left, late).relation == Relation((c - a) * slope, "<=", whole)


def test_an_integral_of_the_rising_slope_refuses_what_is_not_in_order():
    ctx = context("gd-rate", "sum-continuous")
    a, b, c, v, bound, r = (Symbol(n, positive=True) for n in ("a_1", "b_1", "c_1", "v_1", "g_1", "r_1"))
    whole = SlopeIntegral(a, c, bound, r)
    first, second = suppose(ctx, Relation(a, "<=", b)), suppose(ctx, Relation(b, "<=", c))
    ordered, late = suppose(ctx, Relation(a, "<=", c)), suppose(ctx, Relation(bound, "<=", v))
    right = suppose(ctx, Relation(c, "<=", v + bound**2 / v))
    left = suppose(ctx, Relation(v + bound**2 / v, "<=", a))
    backwards, early = suppose(ctx, Relation(c, "<=", a)), suppose(ctx, Relation(v, "<=", bound))
    same = suppose(ctx, Relation(a, "==", c))
    for facts in ((second, first), (first, first), (first, ordered), (same, second)):
        with pytest.raises(RuleFailure, match="do not put"):
            integral_split(ctx, whole, b, *facts)
    for rule, end in ((integral_below, right), (integral_above, left)):
        other = left if end is right else right
        for facts in ((backwards, end, late), (ordered, other, late), (ordered, end, early), (ordered, ordered, late)):
            with pytest.raises(RuleFailure, match="do not bound"):
                rule(ctx, whole, v, *facts)
        # with Gbar of unknown sign, or r < 0, the slope is not what the rules say
        for unknown in (SlopeIntegral(a, c, SHIFT, r), SlopeIntegral(a, c, bound, -r), SlopeIntegral(a, c, bound, SHIFT)):
            with pytest.raises(RuleFailure, match="signs"):
                rule(ctx, unknown, v, ordered, end, late)
    unreal = (-1 - a) ** Rational(1, 2)
    with pytest.raises(RuleFailure, match="real"):
        integral_split(ctx, whole, unreal, first, second)
