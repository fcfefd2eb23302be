"""Section 7: the envelope of the norm and the descent of one stochastic step, for every outcome and in the mean."""

from __future__ import annotations

from sympy import Expr, S, Symbol, atan, log, sqrt

from ratetheory.claims.sgd import envelope as envelope_of
from ratetheory.claims.sgd import noise_constant, noise_ratio, scale_variant_noise, scale_variant_weight
from ratetheory.symbolic.calculus import differentiate, taylor
from ratetheory.symbolic.chance import (
    accumulated,
    cauchy_schwarz,
    define_mean,
    expectation_of,
    first_rate_largest,
    full_gradient_of,
    linearity,
    mean_gradient_bound,
    noise_bound,
    noise_variance,
    scheduled_step,
    unbiased,
)
from ratetheory.symbolic.derivations.certificates import X as ARGUMENT
from ratetheory.symbolic.derivations.norm_growth import ARGUMENT as REAL
from ratetheory.symbolic.derivations.norm_growth import W, at_next, direction_step, norm_step
from ratetheory.symbolic.derivations.scale_invariance import FIRST
from ratetheory.symbolic.derivations.smoothness import (
    MOVE,
    PART,
    TURN,
    at_unit_norm,
    frame,
    geodesic,
    geodesic_curvature,
)
from ratetheory.symbolic.equations import antisymmetric, congruence, rewrite
from ratetheory.symbolic.extrema import below_supremum
from ratetheory.symbolic.hypotheses import (
    decoupled,
    define,
    directions,
    named,
    polar_gradient,
    polar_weights,
    scale_invariance,
    substitute_vector,
    unit,
)
from ratetheory.symbolic.inequalities import nonnegative
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import Relation, letter, m, s
from ratetheory.symbolic.rules import (
    by_sign,
    cases,
    combine,
    instantiate,
    instantiate_family,
    root_of_squares,
    sum_blocks,
    suppose,
)
from ratetheory.symbolic.sequences import induction, never_falls
from ratetheory.symbolic.vectors import BLOCK, FAMILY, FULL_LOSS, HORIZON, STEP, VARIANT, differential, inner, over_blocks

FULL, GRAD, E_G = named("full"), named("grad"), named("e")
GROWTH = s.eta_first**2 * s.Gs**2 / s.S_first
"""q, the longest growth of one step."""
POSITIVE = Symbol("u", positive=True)
TAU = s.eta * s.G / s.S
TAU_MAX = s.eta_first * s.Gs / s.S_first
A = noise_constant(m, s.S_first, s.eta_first, s.Gs, s.Lam, s.Gbar)
NOISE = log(1 + TAU**2)


def envelope_at(E: Expr) -> Expr:
    """Sbar for squared rates that add up to E."""
    return envelope_of(m, s.S_first, s.eta_first, s.Gs, E)


@lemma
def norm_above_start(ctx: Context) -> Fact:
    """S_0 <= S_t."""
    return never_falls(ctx, combine(ctx, Relation(s.S, "<=", s.S_next), (-1, norm_step(ctx))), s.S)


@lemma
def growth(ctx: Context) -> Fact:
    """S_{t+1} <= S_t + q."""
    return combine(
        ctx,
        Relation(s.S_next, "<=", s.S + GROWTH),
        (1, norm_step(ctx)),
        (s.Gs**2 * (s.eta_first + s.eta) / s.S_first, first_rate_largest(ctx)),
        (s.eta**2 * (s.Gs + s.G) / s.S_first, noise_bound(ctx)),
        (s.eta**2 * s.G**2 / (s.S * s.S_first), norm_above_start(ctx)),
    )


@lemma
def envelope(ctx: Context) -> Fact:
    """S_t <= Sbar_t: (S_t - q/2)^2 grows by at most 2 eta_t^2 Gs^2 a step."""
    half, grown = GROWTH / 2, s.eta**2 * s.G**2 / s.S
    start = (s.S_first - half) ** 2
    claim = Relation((s.S - half) ** 2, "<=", start + 2 * s.Gs**2 * s.E)
    step = combine(
        ctx,
        claim.map(lambda side: side.xreplace({STEP: STEP + 1})),
        (1, suppose(ctx, claim)),
        (grown, growth(ctx)),
        (s.S_next + s.S - 2 * half, norm_step(ctx)),
        (-2 * s.Gs**2, accumulated(ctx, False)),
        (2 * s.eta**2 * (s.Gs + s.G), noise_bound(ctx)),
    )
    base = combine(ctx, claim.map(lambda side: side.xreplace({STEP: S.Zero})))
    squares = induction(ctx, claim, base, step)
    goal, right = Relation(s.S, "<=", envelope_at(s.E)), Relation(S.Zero, "<=", s.S - half)
    above = suppose(ctx, right)
    root = root_of_squares(ctx, squares, Relation(s.S - half, "<=", sqrt(start + 2 * s.Gs**2 * s.E)), above)
    return cases(ctx, combine(ctx, goal, (1, root)), combine(ctx, goal, (1, suppose(ctx, right.negation()))), right)


@lemma
def envelope_at_end(ctx: Context) -> Fact:
    """S_T <= Sbar_T."""
    return instantiate(ctx, envelope(ctx), {STEP: HORIZON})


# --- the loss along the geodesic --------------------------------------------------------------------------------------------


@lemma
def slope_of_full_loss(ctx: Context, block: Expr) -> Fact:
    """``D f(V)[e] = |w| <full, e>`` in a block, ``<full, e>`` in g."""
    e = named("e", block)
    product = inner(named("full", block), e)
    moved = directions() + e.scale(FIRST)
    scaled = scale_invariance(ctx, FULL_LOSS, moved, sqrt(letter("S", STEP, FAMILY)))
    at_unit = differentiate(ctx, scaled, {FIRST: 0}, unit(ctx, "v"))
    represented = substitute_vector(ctx, full_gradient_of(ctx, e), polar_weights(ctx))
    length = S.One if block == VARIANT else sqrt(s.S)
    goal = Relation(differential(FULL_LOSS, directions(), e), "==", length * product)
    return combine(ctx, goal, (-1, at_unit), (length, represented))


@lemma
def geodesic_bound(ctx: Context) -> Fact:
    """Taylor along the geodesic against the gradients that were used, for any angles and any step of g."""
    facts = frame(ctx, "e")
    path = differential(FULL_LOSS, geodesic())
    expansion = taylor(ctx, path, PART, 0, 1, geodesic_curvature(ctx, FULL_LOSS), *facts)
    slope, slope_g = slope_of_full_loss(ctx, BLOCK), slope_of_full_loss(ctx, VARIANT)
    turned = combine(ctx, slope.relation.map(lambda side: TURN[BLOCK] * side), (TURN[BLOCK], slope))
    linear = over_blocks(turned.relation.right) + MOVE * slope_g.relation.right
    right = differential(FULL_LOSS, directions()) - linear + m.quadratic_form(s.M, TURN[BLOCK], MOVE) / 2
    goal = Relation(differential(FULL_LOSS, geodesic(S.One)), "<=", right)
    return combine(ctx, goal, (1, expansion), (-1, sum_blocks(ctx, turned, BLOCK)), (-MOVE, slope_g))


@lemma
def loss_after_step(ctx: Context) -> Fact:
    """f_{t+1} is the loss at the end of the geodesic with angles theta and step eta_g |H|."""
    grad = named("grad", VARIANT)
    after = at_next(ctx, at_unit_norm(ctx, "f"))
    for equation in (direction_step(ctx), scheduled_step(ctx), polar_gradient(ctx, VARIANT)):
        after = substitute_vector(ctx, after, equation)
    length = combine(ctx, Relation(sqrt(inner(grad, grad)), "==", s.H), (-1, define(ctx, "H")))
    return rewrite(ctx, after, length)


@lemma
def geodesic_descent(ctx: Context) -> Fact:
    """The bound on f_{t+1} by the angles and the full gradient's components along the used ones."""
    theta = atan(s.G / s.b)
    turned = instantiate_family(ctx, geodesic_bound(ctx), TURN[BLOCK], theta)
    moved = instantiate(ctx, turned, {MOVE: s.eta_gt * s.H})
    blocks = over_blocks(theta * sqrt(s.S) * inner(FULL, E_G) - s.Lam * theta**2 / 2)
    variant = s.eta_gt * s.H * inner(named("full", VARIANT), named("e", VARIANT))
    goal = Relation(s.f_next, "<=", s.f - blocks - variant + s.Lam_g / 2 * s.eta_gt**2 * s.H**2)
    return combine(
        ctx,
        goal,
        (1, moved),
        (1, loss_after_step(ctx)),
        (-1, at_unit_norm(ctx, "f")),
        (S.Half, decoupled(ctx, theta, s.eta_gt * s.H)),
    )


@lemma
def size_of_weights(ctx: Context) -> Fact:
    """<w, w> = S."""
    return combine(ctx, Relation(inner(W, W), "==", s.S), (-1, define(ctx, "S")))


@lemma
def component(ctx: Context) -> Fact:
    """``<E G, G> = |G| |w| <full, e>``."""
    cross = substitute_vector(ctx, define_mean(ctx, "cross"), polar_gradient(ctx))
    weights = size_of_weights(ctx)
    size = rewrite(ctx, define(ctx, "G"), weights)
    along = inner(FULL, E_G)
    goal = Relation(s.cross, "==", s.G * sqrt(s.S) * along)
    return combine(ctx, goal, (1, rewrite(ctx, cross, weights)), (-sqrt(s.S) * along, size))


@lemma
def component_in_g(ctx: Context) -> Fact:
    """``<E H, H> = |H| <full, e>`` in g."""
    cross = substitute_vector(ctx, define_mean(ctx, "cross_g"), polar_gradient(ctx, VARIANT))
    along = inner(named("full", VARIANT), named("e", VARIANT))
    return combine(ctx, Relation(s.cross_g, "==", s.H * along), (1, cross), (-along, define(ctx, "H")))


@lemma
def component_bounded(ctx: Context) -> Fact:
    """``|w| <full, e> <= Gbar``."""
    ((full, _),), ((e, _),) = FULL.terms(), E_G.terms()
    below = rewrite(ctx, cauchy_schwarz(ctx, full, e), unit(ctx, "e"))
    size = rewrite(ctx, define_mean(ctx, "G_mean"), size_of_weights(ctx))
    goal = Relation(sqrt(s.S) * inner(FULL, E_G), "<=", s.Gbar)
    return combine(ctx, goal, (sqrt(s.S), below), (-1, size), (1, mean_gradient_bound(ctx)))


# --- the price of the noise -------------------------------------------------------------------------------------------------


@lemma
def arctan_below(ctx: Context) -> Fact:
    """arctan(x) <= x."""
    return nonnegative(ctx, Relation(atan(ARGUMENT), "<=", ARGUMENT), ARGUMENT)


@lemma
def tangent_below(ctx: Context) -> Fact:
    """tau <= tau_max."""
    return combine(
        ctx,
        Relation(TAU, "<=", TAU_MAX),
        (s.Gs / s.S_first, first_rate_largest(ctx)),
        (s.eta / s.S_first, noise_bound(ctx)),
        (s.eta * s.G / (s.S * s.S_first), norm_above_start(ctx)),
    )


@lemma
def constant_nonnegative(ctx: Context) -> Fact:
    """0 <= A: the ratio at the end of the range is nonnegative."""
    positive = by_sign(ctx, Relation(S.Zero, "<", TAU_MAX))
    end = below_supremum(ctx, A, TAU_MAX, positive, by_sign(ctx, Relation(TAU_MAX, "<=", TAU_MAX)))
    excess = instantiate(ctx, arctan_below(ctx), {ARGUMENT: POSITIVE})
    ratio = noise_ratio(m, POSITIVE, s.Lam, s.Gbar)
    above = combine(ctx, Relation(S.Zero, "<=", ratio), (2 * s.Gbar / log(1 + POSITIVE**2), excess))
    return combine(ctx, Relation(S.Zero, "<=", A), (1, end), (1, instantiate(ctx, above, {POSITIVE: TAU_MAX})))


@lemma
def noise_paid(ctx: Context) -> Fact:
    """Lam theta^2/2 + Gbar (tau - theta) <= (A/2) ln(1 + tau^2)."""
    theta = atan(TAU)
    goal = Relation(s.Lam * theta**2 / 2 + s.Gbar * (TAU - theta), "<=", A / 2 * NOISE)
    moving = Relation(S.Zero, "<", TAU)
    ratio = below_supremum(ctx, A, TAU, suppose(ctx, moving), tangent_below(ctx))
    moves = combine(ctx, goal, (NOISE / 2, ratio))
    zero = antisymmetric(ctx, suppose(ctx, moving.negation()), by_sign(ctx, Relation(S.Zero, "<=", TAU)))
    below = instantiate(ctx, arctan_below(ctx), {ARGUMENT: TAU})
    rests = combine(
        ctx,
        goal,
        (s.Lam * TAU / 2 + s.Gbar, zero),
        (s.Lam * (TAU + theta) / 2, below),
        (NOISE / 2, constant_nonnegative(ctx)),
    )
    return cases(ctx, moves, rests, moving)


@lemma
def block_noise(ctx: Context) -> Fact:
    """-theta |w| <full, e> + Lam theta^2/2 <= -gamma <E G, G> + (A/2) ln(1 + tau^2)."""
    along = sqrt(s.S) * inner(FULL, E_G)
    turned = s.Lam * atan(s.G / REAL) ** 2 / 2 - atan(s.G / REAL) * along
    in_b = congruence(ctx, turned, REAL, define(ctx, "b"))
    return combine(
        ctx,
        Relation(in_b.relation.left, "<=", A / 2 * NOISE - s.eta / s.S * s.cross),
        (1, in_b),
        (1, noise_paid(ctx)),
        (s.eta / s.S, component(ctx)),
        (1, component_bounded(ctx), instantiate(ctx, arctan_below(ctx), {ARGUMENT: TAU})),
    )


@lemma
def pathwise(ctx: Context) -> Fact:
    """The bound on f_{t+1} for whatever gradient was used."""
    blocks = over_blocks(s.eta / s.S * s.cross - A / 2 * NOISE)
    right = s.f - blocks - s.eta_gt * s.cross_g + s.Lam_g / 2 * s.eta_gt**2 * s.H**2
    return combine(
        ctx,
        Relation(s.f_next, "<=", right),
        (1, geodesic_descent(ctx)),
        (1, sum_blocks(ctx, block_noise(ctx), BLOCK)),
        (s.eta_gt, component_in_g(ctx)),
    )


# --- in the mean ------------------------------------------------------------------------------------------------------------


def mean_of(ctx: Context, fact: Fact) -> Fact:
    """The means of both sides, taken apart."""
    mean = expectation_of(ctx, fact)
    left, right = (linearity(ctx, side) for side in (fact.relation.left, fact.relation.right))
    goal = Relation(left.relation.right, mean.relation.symbol, right.relation.right)
    return combine(ctx, goal, (1, mean), (-1, left), (1, right))


@lemma
def squared_used(ctx: Context) -> Fact:
    """``E H^2 <= E H_mean^2 + sig^2``."""
    full, grad = named("full", VARIANT), named("grad", VARIANT)
    used = define(ctx, "H")
    mean = define_mean(ctx, "H_mean")
    apart = combine(
        ctx,
        Relation(s.H**2, "==", s.noise_g + 2 * s.cross_g - s.H_mean**2),
        (s.H + sqrt(inner(grad, grad)), used),
        (-1, define_mean(ctx, "noise_g")),
        (-2, define_mean(ctx, "cross_g")),
        (s.H_mean + sqrt(inner(full, full)), mean),
    )
    means = mean_of(ctx, apart)
    goal = Relation(m.expectation(s.H**2), "<=", m.expectation(s.H_mean**2) + s.sig**2)
    return combine(ctx, goal, (1, means), (1, noise_variance(ctx)), (2, unbiased(ctx, S.One, True)))


@lemma
def expected(ctx: Context) -> Fact:
    """The bound on E f_{t+1}."""
    unbiased_blocks = unbiased(ctx, 1 / s.S)
    weighted = combine(ctx, unbiased_blocks.relation.map(lambda side: s.eta * side), (s.eta, unbiased_blocks))
    gain = linearity(ctx, s.eta / s.S * s.G_mean**2)
    blocks = over_blocks(m.expectation(s.eta / s.S * s.G_mean**2) - A / 2 * m.expectation(NOISE))
    variant = scale_variant_weight(s.eta_gt, s.Lam_g) * m.expectation(s.H_mean**2)
    right = m.expectation(s.f) - blocks - variant + scale_variant_noise(s.eta_gt, s.Lam_g, s.sig)
    return combine(
        ctx,
        Relation(m.expectation(s.f_next), "<=", right),
        (1, mean_of(ctx, pathwise(ctx))),
        (-1, sum_blocks(ctx, weighted, BLOCK)),
        (1, sum_blocks(ctx, gain, BLOCK)),
        (-s.eta_gt, unbiased(ctx, S.One, True)),
        (s.Lam_g / 2 * s.eta_gt**2, squared_used(ctx)),
    )


DERIVATIONS = {
    "sgd-norm-envelope": {"growth": growth, "envelope": envelope_at_end},
    "sgd-descent": {"pathwise": pathwise, "expected": expected},
}
