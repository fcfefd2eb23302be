"""Section 9: how fast the whitened direction turns, the supremum s, Cauchy-Schwarz over the batch; the law of eps."""

from __future__ import annotations

from collections.abc import Callable

from sympy import Abs, Expr, Integer, Rational, S, Symbol, expand, pi, sqrt

from ratetheory.claims.bn_neuron import gradient_bound, imbalance, smoothness, speed_above_one, turning_at
from ratetheory.symbolic.calculus import extrema, stationary
from ratetheory.symbolic.equations import identity, rewrite
from ratetheory.symbolic.hypotheses import ANGLE
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import Relation, m, s
from ratetheory.symbolic.neuron import (
    affine,
    at_start,
    bounded_loss,
    condition,
    define,
    form,
    mean,
    normalised,
    one_group,
    output,
    output_slope,
    through_outputs,
)
from ratetheory.symbolic.rules import (
    absolute_value,
    absurd,
    below_absolute,
    by_sign,
    cases,
    combine,
    discharge,
    instantiate,
    root_of_squares,
    sum_blocks,
    suppose,
)
from ratetheory.symbolic.vectors import BLOCK, BLOCKS, SampleLoss

EXCESS, ABOVE, ANY = (Symbol(name, nonnegative=True) for name in ("tau_1", "rho_1", "rho_2"))
PEAK = 1 + ABOVE
ROOT = sqrt(s.cond)
BALANCE = (s.cond + 1) / ROOT


@lemma
def area_by_turn(ctx: Context) -> Fact:
    """area = psi' A_vv."""
    return combine(ctx, Relation(s.area, "==", s.turn * s.stretch), (-s.stretch, define(ctx, "turn")))


@lemma
def at_least_one(ctx: Context) -> Fact:
    """1 <= cond."""
    low, high = (condition(ctx, S.Zero, upper) for upper in (False, True))
    return combine(ctx, Relation(S.One, "<=", s.cond), (1 / s.low, low), (1 / s.low, high))


@lemma
def speed(ctx: Context) -> Fact:
    """psi'^2 = (A_vv A_xixi - A_vxi^2)/A_vv^2 <= A_xixi/A_vv <= cond."""
    low, high = condition(ctx, S.Zero, False), condition(ctx, pi / 2, True)
    turn = area_by_turn(ctx)
    return combine(
        ctx,
        Relation(s.turn**2, "<=", s.cond),
        (s.cond / s.stretch, low),
        (1 / s.stretch, high),
        (s.stretch**-2, define(ctx, "area")),
        (-(s.area + s.turn * s.stretch) / s.stretch**2, turn),
    )


@lemma
def speed_root(ctx: Context) -> Fact:
    """psi' <= sqrt(cond)."""
    return root_of_squares(ctx, speed(ctx), Relation(s.turn, "<=", ROOT))


@lemma
def balance(ctx: Context) -> Fact:
    """A_vv + A_xixi <= (sqrt(cond) + 1/sqrt(cond)) area: on the plane's axes, where the form's derivative vanishes."""
    turned = form(ANGLE + 2 * pi)
    periodic = identity(ctx, Relation(turned, "==", form()))
    axis = extrema(ctx, form(), ANGLE)[0]
    flat = stationary(ctx, form(), ANGLE, periodic, True)
    low, low_across = (condition(ctx, angle, False) for angle in (axis, axis + pi / 2))
    high, high_across = (condition(ctx, angle, True) for angle in (axis, axis + pi / 2))
    squares = combine(
        ctx,
        Relation(s.cond * (s.stretch + s.stretch_across) ** 2, "<=", (s.cond + 1) ** 2 * s.area**2),
        (s.cond**2, low, low_across),
        (s.cond, low, high),
        (s.cond, high_across, low_across),
        (1, high_across, high),
        (-((s.cond + 1) ** 2), define(ctx, "area")),
        ((s.cond + 1) ** 2 * flat.relation.left / 4, flat),
    )
    goal = Relation(ROOT * (s.stretch + s.stretch_across), "<=", (s.cond + 1) * s.area)
    root = root_of_squares(ctx, squares, goal)
    return combine(ctx, Relation(s.stretch + s.stretch_across, "<=", BALANCE * s.area), (1 / ROOT, root))


@lemma
def across_ratio(ctx: Context) -> Fact:
    """A_xixi/A_vv <= (sqrt(cond) + 1/sqrt(cond)) psi' - 1."""
    goal = Relation(s.stretch_across / s.stretch, "<=", BALANCE * s.turn - 1)
    return combine(ctx, goal, (1 / s.stretch, balance(ctx)), (BALANCE / s.stretch, area_by_turn(ctx)))


@lemma
def rate_squared(ctx: Context) -> Fact:
    """psi''^2 = 4 psi'^2 (A_xixi/A_vv - psi'^2)."""
    meaning, turn = define(ctx, "turn_rate"), area_by_turn(ctx)
    rewritten = rewrite(ctx, meaning, turn)
    goal = Relation(s.turn_rate**2, "==", 4 * s.turn**2 * (s.stretch_across / s.stretch - s.turn**2))
    weight = 4 * s.turn**2 / s.stretch**2
    return combine(
        ctx,
        goal,
        (s.turn_rate + rewritten.relation.right, rewritten),
        (weight, define(ctx, "area")),
        (-weight * (s.area + s.turn * s.stretch), turn),
    )


@lemma
def solved(ctx: Context) -> Fact:
    """Supposed: r = 1 + rho_1 solves 4 r^2 - 3 (t + 2) r + 2 = 0."""
    return suppose(ctx, Relation(4 * PEAK**2 - 3 * (EXCESS + 2) * PEAK + 2, "==", S.Zero))


@lemma
def balanced(ctx: Context) -> Fact:
    """Supposed: t + 2 = sqrt(cond) + 1/sqrt(cond)."""
    return suppose(ctx, Relation(EXCESS + 2, "==", BALANCE))


@lemma
def peak(ctx: Context) -> Fact:
    """4 x^2 ((t + 2) x - 1 - x^2) <= (4/3) r^2 (r^2 - 1), if 4 r^2 - 3 (t + 2) r + 2 = 0: a double root at x = r >= 1."""
    left = 4 * ANY**2 * ((EXCESS + 2) * ANY - 1 - ANY**2)
    right = turning_at(m, ABOVE) ** 2
    quotient = 3 * PEAK * ANY**2 + (PEAK**2 - 1) * (2 * ANY + PEAK)
    square = by_sign(ctx, Relation(S.Zero, "<=", (ANY - PEAK) ** 2))
    weight = Rational(4, 3) / PEAK
    goal = Relation(left, "<=", right)
    return combine(ctx, goal, (weight * quotient, square), (-weight * ANY**3, solved(ctx)))


@lemma
def excess_by_condition(ctx: Context) -> Fact:
    """t + 2 = sqrt(cond) + 1/sqrt(cond)."""
    return identity(ctx, Relation(imbalance(m, s.cond) + 2, "==", BALANCE))


def _at_condition(ctx: Context, fact: Fact) -> Fact:
    """The fact with r and t as cond gives them: r is the root that t asks for."""
    value = speed_above_one(m, EXCESS)
    radicand = by_sign(ctx, Relation(Integer(4), "<=", 9 * EXCESS**2 + 36 * EXCESS + 4))
    at_least_two = root_of_squares(ctx, radicand, Relation(Integer(2), "<=", sqrt(radicand.relation.right)))
    sign = combine(ctx, Relation(S.Zero, "<=", value), (Rational(1, 8), at_least_two))
    above = instantiate(ctx, fact, {ABOVE: value}, sign)
    root = 1 + value
    solution = identity(ctx, Relation(4 * root**2 - 3 * (EXCESS + 2) * root + 2, "==", S.Zero))
    there = instantiate(ctx, discharge(ctx, above, solution), {EXCESS: imbalance(m, s.cond)})
    return discharge(ctx, there, excess_by_condition(ctx))


def _turning(ctx: Context) -> Fact:
    """psi''^2 <= 4 psi'^2 ((t + 2) psi' - 1 - psi'^2) <= s^2."""
    squares = combine(
        ctx,
        Relation(s.turn_rate**2, "<=", turning_at(m, ABOVE) ** 2),
        (1, instantiate(ctx, peak(ctx), {ANY: s.turn})),
        (4 * s.turn**2, across_ratio(ctx)),
        (1, rate_squared(ctx)),
        (-4 * s.turn**3, balanced(ctx)),
    )
    return _at_condition(ctx, root_of_squares(ctx, squares, Relation(Abs(s.turn_rate), "<=", turning_at(m, ABOVE))))


@lemma
def peak_below_root(ctx: Context) -> Fact:
    """r <= K = sqrt(cond): (K - r)(4 K r - 2) = r (cond - 1), and K, r >= 1."""
    one = at_least_one(ctx)
    root = root_of_squares(ctx, one, Relation(S.One, "<=", ROOT))
    goal = Relation(PEAK, "<=", ROOT)
    larger = suppose(ctx, goal.negation())
    impossible = absurd(
        ctx,
        goal,
        (4 * PEAK, larger, root),
        (4 * ABOVE + 2, larger),
        (PEAK, one),
        (ROOT, solved(ctx)),
        (3 * ROOT * PEAK, balanced(ctx)),
    )
    return cases(ctx, suppose(ctx, goal), impossible, goal)


def _below(ctx: Context) -> Fact:
    """s <= cond - 1: (cond - 1)^2 - s^2 = (K^2 - r^2)(t^2 + 4t) + (4/9)(r^2 - 1)^2 with K = sqrt(cond)."""
    squares = combine(
        ctx,
        Relation(turning_at(m, ABOVE) ** 2, "<=", (s.cond - 1) ** 2),
        ((ROOT + PEAK) * (EXCESS**2 + 4 * EXCESS), peak_below_root(ctx)),
        (s.cond * (BALANCE + EXCESS + 2), balanced(ctx)),
        ((3 * (EXCESS + 2) * PEAK + 4 * PEAK**2 + 2) / 9, solved(ctx)),
    )
    goal = Relation(turning_at(m, ABOVE), "<=", s.cond - 1)
    return _at_condition(ctx, root_of_squares(ctx, squares, goal, at_least_one(ctx)))


@lemma
def acceleration(ctx: Context) -> Fact:
    """psi'^4 + psi''^2 <= cond^2: with K = sqrt(cond) the rest has the factor K - psi'."""
    slack, turn = speed_root(ctx), s.turn
    return combine(
        ctx,
        Relation(turn**4 + s.turn_rate**2, "<=", s.cond**2),
        (s.cond + 2 * ROOT * turn + 3 * turn**2, slack, slack),
        (4 * turn**2 / ROOT, slack),
        (4 * turn**2, across_ratio(ctx)),
        (1, rate_squared(ctx)),
    )


SLOPES = (at_start(output().diff(ANGLE)), at_start(output().diff(ANGLE, 2)))
"""z_i' and z_i'' at the point."""
ARGUMENT = s.gain * at_start(output())


@lemma
def speed_squared(ctx: Context) -> Fact:
    """psi'^2 = (A_vv A_xixi - A_vxi^2)/A_vv^2."""
    goal = Relation(s.turn**2, "==", (s.stretch * s.stretch_across - s.shear**2) / s.stretch**2)
    weight = s.stretch**-2
    return combine(ctx, goal, (weight, define(ctx, "area")), (-weight * (s.area + s.turn * s.stretch), area_by_turn(ctx)))


@lemma
def mean_square(ctx: Context, order: int) -> Fact:
    """The mean of z_i'^2 is at most psi'^2, of z_i''^2 at most psi'^4 + psi''^2; equal for eps = 0."""
    derivative = SLOPES[order - 1]
    squared = expand(derivative**2)
    moments = (
        (squared.coeff(s.along, 2), "stretch"),
        (squared.coeff(s.across, 2), "stretch_across"),
        (squared.coeff(s.along, 1).coeff(s.across, 1), "shear"),
    )
    terms = [(-factor, define(ctx, name)) for factor, name in moments]
    squared_speed = speed_squared(ctx)
    if order == 1:
        return combine(ctx, Relation(mean(derivative**2), "<=", s.turn**2), (-1, squared_speed), *terms)
    weight = 3 * (s.turn**2 + squared_speed.relation.right) - 4 * s.stretch_across / s.stretch
    goal = Relation(mean(derivative**2), "<=", s.turn**4 + s.turn_rate**2)
    # eps |x|^2 is what the mean square lacks; its part along is a square whose terms have both signs
    along = s.eps * (3 * s.shear**2 - s.stretch * s.stretch_across) ** 2 / s.stretch**5
    lacking = by_sign(ctx, Relation(S.Zero, "<=", along))
    return combine(ctx, goal, (-1, rate_squared(ctx)), (weight, squared_speed), (1, lacking), *terms)


@lemma
def pulled(ctx: Context, sign: int, order: int, size: Expr) -> Fact:
    """``+-gain l_i' x <= |gain| l_1 (size^2 + x^2)/(2 size)`` for x = z_i' or z_i'': Cauchy-Schwarz, sample by sample."""
    x, slope, gain = SLOPES[order - 1], SampleLoss(BLOCK, 1, ARGUMENT), m.abs(s.gain)
    bounds = bounded_loss(ctx, 1, ARGUMENT)
    up, down = (below_absolute(ctx, bounds, direction * slope) for direction in (1, -1))
    itself = by_sign(ctx, Relation(gain, "<=", gain))
    above, below = (below_absolute(ctx, itself, direction * s.gain) for direction in (1, -1))
    # 2 (|gain| l_1 -+ gain l') are sums of products of the gaps
    first, second = (up, down) if sign == 1 else (down, up)
    plus, minus = (size + x) ** 2 / (8 * size), (size - x) ** 2 / (8 * size)
    return combine(
        ctx,
        Relation(sign * s.gain * slope * x, "<=", gain * s.loss_slope * (size**2 + x**2) / (2 * size)),
        (plus, above, second),
        (plus, below, first),
        (minus, above, first),
        (minus, below, second),
    )


def _mean_of(ctx: Context, fact: Fact) -> Fact:
    """The mean of a fact about each sample."""
    relation = fact.relation.map(lambda side: side / BLOCKS)
    return sum_blocks(ctx, combine(ctx, relation, (1 / BLOCKS, fact)), BLOCK)


def _two_sided(ctx: Context, value: Expr, bound: Expr, one_sided: Callable[[Context, int], Fact]) -> Fact:
    """|value| <= bound from both signs."""
    return absolute_value(ctx, Relation(m.abs(value), "<=", bound), one_sided(ctx, 1), one_sided(ctx, -1))


def _gradient(ctx: Context) -> Fact:
    bound = gradient_bound(m, s.cond, s.gain, s.loss_slope)

    def one_sided(ctx: Context, sign: int) -> Fact:
        weight = m.abs(s.gain) * s.loss_slope / (2 * ROOT)
        return combine(
            ctx,
            Relation(sign * s.neuron_first, "<=", bound),
            (1, _mean_of(ctx, pulled(ctx, sign, 1, ROOT))),
            (weight, mean_square(ctx, 1)),
            (weight, speed(ctx)),
            (sign, define(ctx, "neuron_first")),
        )

    return _two_sided(ctx, s.neuron_first, bound, one_sided)


@lemma
def bent(ctx: Context, sign: int) -> Fact:
    """``+-gain^2 l_i'' z_i'^2 <= gain^2 l_2 z_i'^2``."""
    curvature = SampleLoss(BLOCK, 2, ARGUMENT)
    bounds = below_absolute(ctx, bounded_loss(ctx, 2, ARGUMENT), sign * curvature)
    weight = (s.gain * SLOPES[0]) ** 2
    return combine(ctx, Relation(sign * weight * curvature, "<=", weight * s.loss_curvature), (weight, bounds))


def _hessian(ctx: Context) -> Fact:
    bound = smoothness(m, s.cond, s.gain, s.loss_slope, s.loss_curvature)

    def one_sided(ctx: Context, sign: int) -> Fact:
        weight = m.abs(s.gain) * s.loss_slope / (2 * s.cond)
        bending = s.gain**2 * s.loss_curvature
        return combine(
            ctx,
            Relation(sign * s.neuron_second, "<=", bound),
            (1, _mean_of(ctx, pulled(ctx, sign, 2, s.cond))),
            (1, _mean_of(ctx, bent(ctx, sign))),
            (weight, mean_square(ctx, 2)),
            (weight, acceleration(ctx)),
            (bending, mean_square(ctx, 1)),
            (bending, speed(ctx)),
            (sign, define(ctx, "neuron_second")),
        )

    return _two_sided(ctx, s.neuron_second, bound, one_sided)


@lemma
def entry(ctx: Context) -> Fact:
    """``df/dz_i d/dk z_i(k w) = eps/(var_i + eps) df/dz_i z_i`` at k = 1."""
    ratio = s.eps / (s.group_variance + s.eps)
    goal = Relation(s.pull * output_slope(), "==", ratio * s.pull * s.out)
    return combine(ctx, goal, (-ratio * s.pull, normalised(ctx)))


def _groups(ctx: Context) -> Fact:
    ratio = s.eps / (s.group_variance + s.eps)
    goal = Relation(s.filter_radial, "==", m.over_blocks(ratio * s.pull * s.out))
    return combine(ctx, goal, (1, through_outputs(ctx)), (1, sum_blocks(ctx, entry(ctx), BLOCK)))


@lemma
def channel(ctx: Context) -> Fact:
    """One variance for all entries."""
    ratio, own = s.eps / (s.variance + s.eps), s.eps / (s.group_variance + s.eps)
    alike = own / (s.variance + s.eps) * s.pull * s.out
    per_entry = entry(ctx)
    goal = Relation(per_entry.relation.left, "==", ratio * s.pull * s.out)
    entries = combine(ctx, goal, (1, per_entry), (-alike, one_group(ctx)))
    goal = Relation(s.filter_radial, "==", ratio * m.over_blocks(s.pull * s.out))
    return combine(ctx, goal, (1, through_outputs(ctx)), (1, sum_blocks(ctx, entries, BLOCK)))


def _affine(ctx: Context) -> Fact:
    ratio = s.eps / (s.variance + s.eps)
    goal = Relation(s.pull * s.out, "==", s.gain * s.out_slope * s.out)
    pulls = sum_blocks(ctx, combine(ctx, goal, (s.out, affine(ctx, False))), BLOCK)
    goal = Relation(s.filter_radial, "==", ratio * s.gain * s.gain_slope)
    return combine(ctx, goal, (1, channel(ctx)), (ratio, pulls), (-ratio * s.gain, affine(ctx, True)))


DERIVATIONS = {
    "smoothed-bn": {
        "speed": speed,
        "turning": _turning,
        "acceleration": acceleration,
        "hessian": _hessian,
        "gradient": _gradient,
        "below": _below,
    },
    "eps-law": {"groups": _groups, "channel": channel, "affine": _affine},
}
