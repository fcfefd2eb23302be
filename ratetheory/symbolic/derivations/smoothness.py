"""Section 4: great circles, Taylor's formula along them, and the gap."""

from __future__ import annotations

from sympy import Basic, Expr, IndexedBase, S, Symbol, cos, pi, sin, sqrt

from ratetheory.symbolic.calculus import differentiate, extrema, extremal_value, half_period, stationary, taylor
from ratetheory.symbolic.derivations.norm_growth import E, V, W, orthogonal_step
from ratetheory.symbolic.derivations.scale_invariance import FIRST, radial_derivative
from ratetheory.symbolic.equations import identity, rewrite
from ratetheory.symbolic.hypotheses import (
    ANGLE,
    STEP_LOSS,
    circle,
    decoupled,
    define,
    directions,
    even,
    full_gradient,
    gradient,
    gradient_direction,
    loss_along,
    lower_bound,
    named,
    polar_gradient,
    polar_weights,
    scale_invariance,
    substitute_vector,
    tangent,
    unit,
    whole_sphere,
)
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import Relation, letter, m, s
from ratetheory.symbolic.rules import absolute_value, below_absolute, combine, instantiate, instantiate_family, sum_blocks
from ratetheory.symbolic.vectors import (
    BLOCK,
    FAMILY,
    FULL_LOSS,
    SECOND_BLOCK,
    STEP,
    VARIANT,
    Vector,
    differential,
    family,
    inner,
    over_blocks,
)

TURN = IndexedBase("alpha", nonnegative=True)
MOVE = Symbol("sigma", nonnegative=True)
PART = Symbol("r", real=True)


@lemma
def frame(ctx: Context, name: str) -> tuple[Fact, Fact, Fact]:
    """v and the unit tangent are orthonormal."""
    orthogonal = tangent(ctx) if name == "xi" else gradient_direction(ctx, orthogonal_step(ctx))
    return unit(ctx, "v"), unit(ctx, name), orthogonal


@lemma
def circle_radial(ctx: Context, name: str) -> Fact:
    """The radial derivative vanishes along the great circle."""
    return radial_derivative(ctx, STEP_LOSS, circle(name), BLOCK, *frame(ctx, name))


def _hessian(ctx: Context) -> Fact:
    second, curvature = define(ctx, "circle_second"), define(ctx, "circle_curvature")
    goal = Relation(s.circle_second, "==", s.circle_curvature)
    return combine(ctx, goal, (1, second), (-1, curvature), (-1, circle_radial(ctx, "xi")))


@lemma
def curvature_bound(ctx: Context, name: str, sign: int) -> Fact:
    """``sign * (f o c)'' <= L``."""
    derivative = circle(name).component(BLOCK).diff(ANGLE)
    bound = whole_sphere(ctx, STEP_LOSS, circle(name), derivative, derivative, *frame(ctx, name))
    one_sided = below_absolute(ctx, bound, sign * differential(STEP_LOSS, circle(name), derivative, derivative))
    goal = Relation(sign * loss_along(name).diff(ANGLE, 2), "<=", s.L)
    return combine(ctx, goal, (1, one_sided), (-1, define(ctx, "L")), (-sign, circle_radial(ctx, name)))


def _bound(ctx: Context) -> Fact:
    meaning = define(ctx, "circle_second")
    upper, lower = (
        combine(ctx, Relation(sign * s.circle_second, "<=", s.L), (1, curvature_bound(ctx, "xi", sign)), (sign, meaning))
        for sign in (1, -1)
    )
    return absolute_value(ctx, Relation(m.abs(s.circle_second), "<=", s.L), upper, lower)


@lemma
def slope_along_gradient(ctx: Context, block: Expr) -> Fact:
    """``D ell(V)[e] = |G|`` in a block, ``|H|`` in g: the derivative at unit norm along the gradient's direction."""
    e, grad = named("e", block), named("grad", block)
    moved = directions() + e.scale(FIRST)
    scaled = scale_invariance(ctx, STEP_LOSS, moved, sqrt(letter("S", STEP, FAMILY)))
    at_unit_norm = differentiate(ctx, scaled, {FIRST: 0}, unit(ctx, "v"))
    represented = substitute_vector(ctx, gradient(ctx, e), polar_weights(ctx))
    along = substitute_vector(ctx, represented, polar_gradient(ctx, block))
    length = sqrt(inner(grad, grad))
    if block == VARIANT:
        goal = Relation(differential(STEP_LOSS, directions(), e), "==", s.H)
        return combine(ctx, goal, (-1, at_unit_norm), (1, along), (-1, define(ctx, "H")), (length, unit(ctx, "e", VARIANT)))
    weights = combine(ctx, Relation(inner(W, W), "==", s.S), (-1, define(ctx, "S")))
    size = rewrite(ctx, define(ctx, "G"), weights)
    goal = Relation(differential(STEP_LOSS, directions(), e), "==", s.G)
    root = sqrt(s.S)
    return combine(ctx, goal, (-1, at_unit_norm), (root, along), (-1, size), (root * length, unit(ctx, "e")))


def _gradient(ctx: Context, half_turn: Expr, closed: tuple[Fact, ...]) -> Fact:
    """|G| <= half_turn L/2, where the great circle closes after two half turns."""
    facts, path = frame(ctx, "e"), loss_along("e")
    forward = taylor(ctx, -path, ANGLE, 0, half_turn, curvature_bound(ctx, "e", -1), *facts)
    backward = taylor(ctx, path, ANGLE, 0, -half_turn, curvature_bound(ctx, "e", 1), *facts)
    weight = 1 / (2 * half_turn)
    closing = [(-weight, fact) for fact in closed]
    slope = slope_along_gradient(ctx, BLOCK)
    return combine(ctx, Relation(s.G, "<=", half_turn * s.L / 2), (weight, forward), (weight, backward), (-1, slope), *closing)


def _gradient_whole(ctx: Context) -> Fact:
    return _gradient(ctx, pi, ())


def _gradient_even(ctx: Context) -> Fact:
    return _gradient(ctx, pi / 2, (even(ctx, STEP_LOSS, circle("e", pi / 2)),))


def _range(ctx: Context, period: Expr, periodic: Fact) -> Fact:
    """|f(c) - f(w)| <= period^2 L/16: from either extremum half the way to the other one."""
    path, facts = loss_along(), frame(ctx, "xi")
    highest, lowest = extrema(ctx, path, ANGLE)
    middle = (highest + lowest) / 2
    down = taylor(ctx, -path, ANGLE, highest, middle, curvature_bound(ctx, "xi", -1), *facts)
    up = taylor(ctx, path, ANGLE, lowest, middle, curvature_bound(ctx, "xi", 1), *facts)
    flat = [stationary(ctx, path, ANGLE, periodic, largest, *facts) for largest in (True, False)]
    at_highest, at_lowest = (path.xreplace({ANGLE: angle}) for angle in (highest, lowest))
    width = combine(
        ctx,
        Relation(at_highest - at_lowest, "<=", period**2 / 16 * s.L),
        (1, down),
        (1, up),
        (highest - middle, flat[0]),
        (middle - lowest, flat[1]),
        (s.L / 4, half_period(ctx, path, ANGLE, periodic)),
    )
    meaning = define(ctx, "circle_drop")
    bounds = []
    for sign, (high, low) in ((1, (ANGLE, S.Zero)), (-1, (S.Zero, ANGLE))):
        below = extremal_value(ctx, path, ANGLE, periodic, high, True, *facts)
        above = extremal_value(ctx, path, ANGLE, periodic, low, False, *facts)
        goal = Relation(sign * s.circle_drop, "<=", period**2 / 16 * s.L)
        bounds.append(combine(ctx, goal, (1, width), (1, below), (1, above), (sign, meaning)))
    return absolute_value(ctx, Relation(m.abs(s.circle_drop), "<=", period**2 / 16 * s.L), *bounds)


def _range_whole(ctx: Context) -> Fact:
    path = loss_along()
    return _range(ctx, 2 * pi, identity(ctx, Relation(path.xreplace({ANGLE: ANGLE + 2 * pi}), "==", path)))


def _range_even(ctx: Context) -> Fact:
    return _range(ctx, pi, even(ctx, STEP_LOSS, circle()))


def geodesic(part: Expr = PART) -> Vector:
    """Every block on its great circle against the gradient, g on a line against its own."""
    turn = part * TURN[BLOCK]
    blocks = family(V.scale(cos(turn)) - E.scale(sin(turn)))
    return blocks + named("g", VARIANT) - named("e", VARIANT).scale(part * MOVE)


@lemma
def geodesic_curvature(ctx: Context, loss: Basic) -> Fact:
    """The second derivative along the geodesic is at most the quadratic form of the smoothness constants."""
    point, facts = geodesic(), frame(ctx, "e")
    unit_facts = (*facts, unit(ctx, "e", VARIANT))
    velocity = {block: _velocity(block) for block in (BLOCK, SECOND_BLOCK, VARIANT)}

    def bounded(first: Expr, second: Expr, weight: Expr) -> Fact:
        absolute = whole_sphere(ctx, loss, point, velocity[first], velocity[second], *unit_facts)
        bound = below_absolute(ctx, absolute, differential(loss, point, velocity[first], velocity[second]))
        return combine(ctx, bound.relation.map(lambda side: weight * side), (weight, bound))

    pairs = sum_blocks(ctx, bounded(BLOCK, SECOND_BLOCK, TURN[BLOCK] * TURN[SECOND_BLOCK]), BLOCK, SECOND_BLOCK)
    mixed = sum_blocks(ctx, bounded(BLOCK, VARIANT, TURN[BLOCK] * MOVE), BLOCK)
    variant = bounded(VARIANT, VARIANT, MOVE**2)
    radial = radial_derivative(ctx, loss, point, BLOCK, *facts)
    weighted = combine(ctx, radial.relation.map(lambda side: TURN[BLOCK] ** 2 * side), (TURN[BLOCK] ** 2, radial))
    second = differential(loss, point).diff(PART, 2)
    goal = Relation(second, "<=", m.quadratic_form(s.M, TURN[BLOCK], MOVE))
    return combine(ctx, goal, (1, pairs), (2, mixed), (1, variant), (-1, sum_blocks(ctx, weighted, BLOCK)))


def _velocity(block: Expr) -> Vector:
    """The unit velocity of a block along the geodesic."""
    if block == VARIANT:
        return named("e", VARIANT).scale(-1)
    turn = PART * TURN[block]
    return named("v", block).scale(-sin(turn)) - named("e", block).scale(cos(turn))


@lemma
def geodesic_bound(ctx: Context, loss: Basic) -> Fact:
    """Taylor along the geodesic, for any angles and any step of g."""
    facts = frame(ctx, "e")
    expansion = taylor(ctx, differential(loss, geodesic()), PART, 0, 1, geodesic_curvature(ctx, loss), *facts)
    slope, slope_g = slope_along_gradient(ctx, BLOCK), slope_along_gradient(ctx, VARIANT)
    if loss == FULL_LOSS:
        slope, slope_g = full_gradient(ctx, slope), full_gradient(ctx, slope_g)
    turned = combine(ctx, slope.relation.map(lambda side: TURN[BLOCK] * side), (TURN[BLOCK], slope))
    linear = over_blocks(TURN[BLOCK] * s.G) + MOVE * s.H
    right = differential(loss, directions()) - linear + m.quadratic_form(s.M, TURN[BLOCK], MOVE) / 2
    goal = Relation(differential(loss, geodesic(S.One)), "<=", right)
    return combine(ctx, goal, (1, expansion), (-1, sum_blocks(ctx, turned, BLOCK)), (-MOVE, slope_g))


@lemma
def at_unit_norm(ctx: Context, name: str) -> Fact:
    """The letter ``f`` or ``value`` is the loss at the directions."""
    meaning = define(ctx, name)
    (value,) = (meaning.relation.right,)
    scaled = scale_invariance(ctx, value.args[0], directions(), sqrt(letter("S", STEP, FAMILY)))
    moved = substitute_vector(ctx, meaning, polar_weights(ctx))
    goal = Relation(meaning.relation.left, "==", differential(value.args[0], directions()))
    return combine(ctx, goal, (1, moved), (1, scaled))


def _gap(ctx: Context) -> Fact:
    low = lower_bound(ctx, STEP_LOSS, geodesic(S.One))
    value = at_unit_norm(ctx, "value")
    blocks = over_blocks(TURN[BLOCK] * s.G - s.Lam * TURN[BLOCK] ** 2 / 2)
    generic = combine(
        ctx,
        Relation(s.f_low, "<=", s.value - blocks - MOVE * s.H + s.Lam_g * MOVE**2 / 2),
        (1, low),
        (1, geodesic_bound(ctx, STEP_LOSS)),
        (S.Half, decoupled(ctx, TURN[BLOCK], MOVE)),
        (-1, value),
    )
    turned = instantiate_family(ctx, generic, TURN[BLOCK], s.G / s.Lam)
    best = instantiate(ctx, turned, {MOVE: s.H / s.Lam_g})
    goal = Relation(over_blocks(s.G**2 / (2 * s.Lam)) + s.H**2 / (2 * s.Lam_g), "<=", s.value - s.f_low)
    return combine(ctx, goal, (1, best))


DERIVATIONS = {
    "intrinsic-smoothness": {"hessian": _hessian, "bound": _bound},
    "gradient-diameter": {
        "gradient": _gradient_whole,
        "gradient-even": _gradient_even,
        "range": _range_whole,
        "range-even": _range_even,
        "gap": _gap,
    },
}
