"""What is random, and the rules of expectation: linearity, conditional means of gradients, Hoeffding's and Ville's inequality.

A run is one of finitely many outcomes (hypothesis ``unbiased``), so every mean exists and is a finite sum. Letters are random
but for the constants, the start and, by ``fixed-schedule``, the learning rates. A fact without assumptions holds for every
outcome. The *past* of step t is what led to the state at t.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from sympy import Add, Expr, Indexed, Mul, S, exp, expand, log

from ratetheory.claims.sgd import scale_variant_weight
from ratetheory.claims.symbols import SYMBOLS
from ratetheory.symbolic.algebra import is_nonnegative, is_positive, is_zero
from ratetheory.symbolic.hypotheses import named, weights
from ratetheory.symbolic.kernel import Context, Fact, Inference, RuleFailure, rule
from ratetheory.symbolic.namespace import Expectation, ProbabilityEver, Relation, Witness, bound_variables, letter, m, s
from ratetheory.symbolic.rules import check_block, check_defined
from ratetheory.symbolic.vectors import (
    FULL_LOSS,
    HORIZON,
    OTHER_BLOCK,
    STEP,
    VARIANT,
    Differential,
    Dot,
    Sum,
    Vector,
    differential,
    inner,
    norm,
    vector,
)

SCHEDULE = ("eta", "eta_gt", "E", "weight_g")
"""Letters that the learning rates alone determine."""
_KNOWN_BEFORE = ("G_mean", "H_mean", "eta", "eta_gt", "weight_g")
"""Letters of a step that its past determines: the gradients of the full loss and the rates, not the gradient that is used."""
_OF_THE_STEP = ("wu",)
"""States that speak of the update which their step makes: its past does not determine them."""
_RANDOM_PARTS = (Dot, Differential, Vector, Witness)


@cache
def _definitions() -> Mapping[str, Expr]:
    full, full_g = named("full"), named("full", VARIANT)
    grad, grad_g = named("grad"), named("grad", VARIANT)
    noise = grad_g - full_g
    return {
        "G_mean": norm(named("w")) * norm(full),
        "H_mean": norm(full_g),
        "cross": inner(named("w"), named("w")) * inner(full, grad),
        "cross_g": inner(full_g, grad_g),
        "noise_g": inner(noise, noise),
    }


@rule("definition")
def define_mean(ctx: Context, name: str) -> Inference:
    """The letter of the full gradient equals what it means; the vector ``full`` is the gradient of f."""
    definitions = _definitions()
    if name not in definitions:
        raise RuleFailure(f"the letter {name!r} has no definition here")
    return Inference(Relation(letter(name), "==", definitions[name]), hypotheses=ctx.require("differentiable"))


@rule("definition by recursion")
def accumulated(ctx: Context, start: bool) -> Inference:
    """``E_0 = 0``, or ``E_{t+1} = E_t + eta_t^2``."""
    if start:
        return Inference(Relation(s.E_first, "==", S.Zero))
    return Inference(Relation(s.E_next, "==", s.E + s.eta**2))


@rule("the full gradient represents the derivative of f")
def full_gradient_of(ctx: Context, along: Vector) -> Inference:
    """``D f(W_t)[u] = <full, u>`` for a direction of one block."""
    (block,) = along.blocks()
    check_block(block, OTHER_BLOCK, VARIANT)
    relation = Relation(differential(FULL_LOSS, weights(), along), "==", inner(named("full", block), along))
    return Inference(relation, hypotheses=ctx.require("differentiable"))


@rule("Cauchy-Schwarz inequality")
def cauchy_schwarz(ctx: Context, first: Indexed, second: Indexed, sign: int = 1) -> Inference:
    """``<u, v> <= |u| |v|`` for two named vectors of one block, and with the sign -1 ``-<u, v> <= |u| |v|``."""
    u, v = vector(first), vector(second)
    if u.blocks() != v.blocks() or sign not in (1, -1):
        raise RuleFailure(f"{first} and {second} need not lie in one block, or {sign} is no sign")
    return Inference(Relation(sign * inner(u, v), "<=", norm(u) * norm(v)))


@rule("hypothesis: scheduled step")
def scheduled_step(ctx: Context) -> Inference:
    """``g_{t+1} = g_t - eta_{g,t} grad``; the blocks' own steps are those of ``gradient_step``."""
    relation = Relation(named("g", VARIANT, STEP + 1), "==", named("g", VARIANT) - named("grad", VARIANT).scale(s.eta_gt))
    return Inference(relation, hypotheses=ctx.require("scheduled-step", "differentiable"))


@rule("hypothesis: noise bound")
def noise_bound(ctx: Context) -> Inference:
    """``|G| <= Gs``."""
    return Inference(Relation(s.G, "<=", s.Gs), hypotheses=ctx.require("noise-bound"))


@rule("hypothesis: mean gradient bound")
def mean_gradient_bound(ctx: Context) -> Inference:
    """``G_mean <= Gbar``."""
    return Inference(Relation(s.G_mean, "<=", s.Gbar), hypotheses=ctx.require("mean-gradient-bound"))


@rule("hypothesis: first rate largest")
def first_rate_largest(ctx: Context) -> Inference:
    """``eta_t <= eta_0``."""
    return Inference(Relation(s.eta, "<=", s.eta_first), hypotheses=ctx.require("first-rate-largest"))


@rule("hypothesis: slow decay")
def slow_decay(ctx: Context, falls: bool) -> Inference:
    """``eta_{t+1} <= eta_t``, or ``eta_t^2 (t + 1) <= eta_{t+1}^2 (t + 2)``."""
    after = letter("eta", STEP + 1)
    relation = Relation(after, "<=", s.eta) if falls else Relation(s.eta**2 * (STEP + 1), "<=", after**2 * (STEP + 2))
    return Inference(relation, hypotheses=ctx.require("slow-decay"))


@rule("hypothesis: scale-variant schedule")
def scale_variant_schedule(ctx: Context, positive: bool) -> Inference:
    """``0 < weight_g``, or ``weight_g H_mean^2 = eta_g (1 - Lam_g eta_g/2) H_mean^2``: without g all of H is 0."""
    needed = ctx.require("scale-variant-schedule")
    if positive:
        return Inference(Relation(S.Zero, "<", s.weight_g), hypotheses=needed)
    right = scale_variant_weight(s.eta_gt, s.Lam_g) * s.H_mean**2
    return Inference(Relation(s.weight_g * s.H_mean**2, "==", right), hypotheses=needed)


# --- what is random -------------------------------------------------------------------------------------------------------


def is_deterministic(expression: Any) -> bool:
    """Whether the number is the same for every outcome, given that the learning rates and the start are fixed."""
    if expression.has(*_RANDOM_PARTS):
        return False
    return all(_is_fixed(one) for one in _outside_means(expression))


def _outside_means(expression: Any) -> set[Indexed]:
    """The families of numbers outside of expectations, which are numbers that do not depend on chance."""
    if isinstance(expression, Expectation | ProbabilityEver):
        return set()
    if isinstance(expression, Indexed):
        return {expression}
    return set().union(*(_outside_means(a) for a in expression.args)) if expression.args else set()


def _is_state(name: str) -> bool:
    return name in SYMBOLS and SYMBOLS[name].kind == "state" and name not in _OF_THE_STEP


def _is_fixed(one: Indexed) -> bool:
    name = one.base.label.name
    if name == "M":
        return True
    if name not in SYMBOLS:
        return False
    at_start = _is_state(name) and one.indices[0] == 0
    return SYMBOLS[name].kind == "constant" or name in SCHEDULE or at_start


def _check_past(expression: Expr) -> Expr:
    """The number is determined by the past of step t, given that the learning rates are fixed.

    Raises:
        RuleFailure: if it may not be.
    """
    check_defined(expression)
    if expression.has(*_RANDOM_PARTS, Sum) or bound_variables(expression):
        raise RuleFailure(f"{expression} is not certainly determined by the steps before {STEP}")
    for one in _outside_means(expression):
        name = one.base.label.name
        known = one.indices[0] == STEP and (_is_state(name) or name in _KNOWN_BEFORE)
        if not (_is_fixed(one) or known):
            raise RuleFailure(f"{one} is not certainly determined by the steps before {STEP}")
    return expression


def _check_sure(*facts: Fact) -> None:
    for fact in facts:
        if fact.assumptions or fact.relation.has(Witness):
            raise RuleFailure(f"{fact} does not hold for every outcome")


# --- expectations ---------------------------------------------------------------------------------------------------------


@rule("expectation of both sides")
def expectation_of(ctx: Context, fact: Fact) -> Inference:
    """From ``a <= b`` for every outcome: ``E a <= E b``; equations likewise."""
    _check_sure(fact)
    if isinstance(fact.relation.left, Vector):
        raise RuleFailure(f"{fact} is no relation between numbers")
    symbol: Literal["==", "<="] = "==" if fact.relation.symbol == "==" else "<="
    return Inference(
        Relation(Expectation(fact.relation.left), symbol, Expectation(fact.relation.right)),
        (fact,),
        hypotheses=ctx.require("unbiased"),
    )


@rule("linearity of the expectation")
def linearity(ctx: Context, expression: Expr) -> Inference:
    """``E(c a + b) = c E a + E b`` for a number c that is not random; sums over steps and blocks likewise."""
    check_defined(expression)
    relation = Relation(Expectation(expression), "==", _mean(expression))
    return Inference(relation, hypotheses=ctx.require("unbiased", "fixed-schedule"))


def _mean(expression: Expr) -> Expr:
    if is_deterministic(expression):
        return expression
    return Add(*(_mean_of_term(term) for term in Add.make_args(expand(expression, deep=False))))


def _mean_of_term(term: Expr) -> Expr:
    fixed: list[Expr] = []
    random: list[Expr] = []
    for factor in Mul.make_args(term):
        (fixed if is_deterministic(factor) else random).append(factor)
    constant, rest = Mul(*fixed), Mul(*random)
    if not random:
        return constant
    if isinstance(rest, Sum) and not {limit[0] for limit in rest.limits} & constant.free_symbols:
        return constant * Sum(_mean(rest.function), *rest.limits)
    return constant * Expectation(rest)


@rule("hypothesis: unbiased")
def unbiased(ctx: Context, factor: Expr, variant: bool = False) -> Inference:
    """``E[X <E_t G, G>] = E[X |E_t G|^2]`` for X that the past of step t determines; the same in g."""
    _check_past(factor)
    cross, square = (s.cross_g, s.H_mean**2) if variant else (s.cross, s.G_mean**2)
    relation = Relation(Expectation(factor * cross), "==", Expectation(factor * square))
    return Inference(relation, hypotheses=ctx.require("unbiased", "fixed-schedule", "differentiable"))


@rule("hypothesis: noise variance")
def noise_variance(ctx: Context) -> Inference:
    """``E|H - E_t H|^2 <= sig^2``."""
    return Inference(Relation(Expectation(s.noise_g), "<=", s.sig**2), hypotheses=ctx.require("unbiased", "noise-variance"))


# --- deviations -----------------------------------------------------------------------------------------------------------


def _exponent(ctx: Context, factor: Expr, bound: Expr, tilt: Expr, upper: Fact, lower: Fact) -> Expr:
    """``tilt sum D - tilt^2/2 sum c^2`` for ``D = X (|E_t G|^2 - <E_t G, G>)``, once ``|X <E_t G, G>| <= c`` for every outcome.

    D has mean zero given the past and lies in an interval of length 2 c that the past determines, so by Hoeffding's lemma
    ``E[exp(tilt D - tilt^2 c^2/2) | past] <= 1`` (W. Hoeffding, JASA 58 (1963), inequality (4.16)): the exponentials of the
    sums are a nonnegative supermartingale that starts at 1.
    """
    _check_past(factor)
    _check_past(bound)
    _check_sure(upper, lower)
    check_defined(tilt)
    if not (is_nonnegative(tilt) and is_deterministic(tilt)) or tilt.has(STEP) or bound_variables(tilt):
        raise RuleFailure(f"{tilt} is not certainly one nonnegative number")
    if any(one.has(HORIZON) for one in (factor, bound, tilt)):
        raise RuleFailure(f"the differences depend on {HORIZON}: they are no single martingale")
    wanted = ((upper, bound - factor * s.cross), (lower, bound + factor * s.cross))
    for fact, gap in wanted:
        if fact.relation.symbol == "==" or not is_zero(fact.relation.gap - gap):
            raise RuleFailure(f"{fact} does not bound {factor * s.cross} by {bound} on one side")
    return tilt * m.sum(factor * (s.G_mean**2 - s.cross)) - tilt**2 / 2 * m.sum(bound**2)


@rule("Hoeffding's inequality for martingale differences")
def hoeffding(ctx: Context, factor: Expr, bound: Expr, tilt: Expr, upper: Fact, lower: Fact) -> Inference:
    """``E exp(tilt sum D - tilt^2/2 sum c^2) <= 1`` (see ``_exponent``)."""
    exponent = _exponent(ctx, factor, bound, tilt, upper, lower)
    needed = ctx.require("unbiased", "fixed-schedule", "differentiable")
    return Inference(Relation(Expectation(exp(exponent)), "<=", S.One), (upper, lower), hypotheses=needed)


@rule("Ville's inequality")
def ville(ctx: Context, factor: Expr, bound: Expr, tilt: Expr, delta: Expr, upper: Fact, lower: Fact) -> Inference:
    """``P(some horizon has tilt sum D - tilt^2/2 sum c^2 > ln(1/delta)) <= delta`` for a nonnegative supermartingale.

    J. Ville, *Étude critique de la notion de collectif* (1939): it ever exceeds 1/delta with probability at most delta.
    """
    exponent = _exponent(ctx, factor, bound, tilt, upper, lower)
    if not (is_positive(delta) and is_deterministic(delta)) or delta.has(STEP, HORIZON) or bound_variables(delta):
        raise RuleFailure(f"{delta} is not certainly one positive number")
    needed = ctx.require("unbiased", "fixed-schedule", "differentiable")
    return Inference(Relation(ProbabilityEver(exponent, log(1 / delta)), "<=", delta), (upper, lower), hypotheses=needed)


@rule("a rarer event is less probable")
def less_probable(ctx: Context, probable: Fact, event: ProbabilityEver, factor: Expr, implied: Fact) -> Inference:
    """From ``P(ever a > b) <= p`` and ``c - d <= k (a - b)`` for every outcome and horizon, k > 0: ``P(ever c > d) <= p``."""
    left = probable.relation.left
    _check_sure(implied)
    if not isinstance(left, ProbabilityEver) or probable.relation.symbol == "==":
        raise RuleFailure(f"{probable} bounds no probability of this kind")
    if not is_positive(factor):
        raise RuleFailure(f"{factor} is not certainly positive")
    (a, b), (c, d) = left.args, event.args
    gap = factor * (a - b) - (c - d)
    if implied.relation.symbol == "==" or not is_zero(implied.relation.gap - gap):
        raise RuleFailure(f"{implied} does not say that the event is rarer")
    return Inference(Relation(event, "<=", probable.relation.right), (probable, implied))
