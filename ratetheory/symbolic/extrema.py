"""Rules for the quantities that are defined by a root or an infimum."""

from __future__ import annotations

from sympy import Expr, Symbol, log

from ratetheory.claims.gd_rate import slope_on_boundary
from ratetheory.claims.sgd import noise_ratio
from ratetheory.symbolic.algebra import is_nonnegative, is_positive, is_zero
from ratetheory.symbolic.formation import known_places
from ratetheory.symbolic.kernel import Context, Fact, Inference, RuleFailure, rule
from ratetheory.symbolic.namespace import (
    MULTIPLIER,
    InfimumOnBoundary,
    InfimumOverMultipliers,
    LargerIncrement,
    NoiseSupremum,
    Relation,
    SlopeIntegral,
    Witness,
    declared,
    m,
)
from ratetheory.symbolic.rules import check_generic


def _says(fact: Fact, gap: Expr, strict: bool = False) -> bool:
    """Whether the fact is an inequality with this gap."""
    symbols = ("<",) if strict else ("<", "<=")
    return fact.relation.symbol in symbols and is_zero(fact.relation.gap - gap)


@rule("below the larger root")
def below_larger_root(ctx: Context, root: LargerIncrement, value: Expr, slope: Fact, start: Fact, level: Fact) -> Inference:
    """``value <= LargerIncrement(c, l, b, r)`` from ``0 < c``, ``0 <= value`` and ``c value - l ln(1 + value/b) <= r``.

    With l >= 0 and b > 0 the left side is convex in value and tends to infinity, so where it is at most r is an interval, and
    its right end is the larger root.
    """
    c, weight, b, r = root.args
    if not is_nonnegative(weight) or not is_positive(b) or not _says(slope, c, strict=True):
        raise RuleFailure(f"the signs of {root} are not known: c > 0, l >= 0 and b > 0 are needed")
    if not _says(start, value) or not _says(level, r - c * value + weight * log(1 + value / b)):
        raise RuleFailure(f"the facts do not put {value} below the level {r}")
    return Inference(Relation(value, "<=", root), (slope, start, level))


@rule("an infimum is a lower bound")
def infimum_below(ctx: Context, infimum: InfimumOnBoundary, x: Expr, positive: Fact, inside: Fact) -> Inference:
    """``inf <= e(x)`` for ``0 < x <= x_0``."""
    x_0, r = infimum.args
    if not _says(positive, x, strict=True) or not _says(inside, x_0 - x) or not is_nonnegative(r):
        raise RuleFailure(f"the facts do not put {x} in (0, {x_0}]")
    return Inference(Relation(infimum, "<=", slope_on_boundary(m, x, r)), (positive, inside), nonzero=frozenset({x}))


@rule("a supremum is an upper bound")
def below_supremum(ctx: Context, supremum: NoiseSupremum, tau: Expr, positive: Fact, inside: Fact) -> Inference:
    """``noise ratio(tau) <= sup`` for ``0 < tau <= tau_max``; the supremum is finite: the ratio has the limit Lam at 0."""
    tau_max, Lam, Gbar = supremum.args
    if not _says(positive, tau, strict=True) or not _says(inside, tau_max - tau):
        raise RuleFailure(f"the facts do not put {tau} in (0, {tau_max}]")
    if not (Lam.is_real and Gbar.is_real):
        raise RuleFailure(f"{Lam} and {Gbar} are not certainly real")
    relation = Relation(noise_ratio(m, tau, Lam, Gbar), "<=", supremum)
    return Inference(relation, (positive, inside), nonzero=frozenset({tau, log(1 + tau**2)}))


@rule("an infimum is the greatest lower bound")
def above_infimum(ctx: Context, infimum: InfimumOnBoundary, fact: Fact, x: Symbol) -> Inference:
    """``q <= inf`` from ``q <= e(x)`` for every x > 0 with x <= x_0 (an assumption of the fact, which ends here)."""
    x_0, r = infimum.args
    check_generic(x, fact.relation, *fact.assumptions)
    rest = fact.assumptions - {Relation(x, "<=", x_0)}
    if (
        declared(x) != {"positive": True}
        or not is_positive(x_0)
        or any(a.has(x) for a in rest)
        or infimum.has(x)
        or fact.relation.left.has(x)
    ):
        raise RuleFailure(f"the fact does not hold for every {x}")
    if fact.relation.symbol == "==" or not is_zero(fact.relation.right - slope_on_boundary(m, x, r)):
        raise RuleFailure(f"{fact} does not bound e({x}) from below")
    if fact.relation.has(Witness):
        raise RuleFailure(f"the number that exists may depend on {x}")
    return Inference(Relation(fact.relation.left, "<=", infimum), (fact,), rest)


@rule("an infimum over multipliers is the greatest lower bound")
def above_infimum_over_multipliers(ctx: Context, infimum: InfimumOverMultipliers, fact: Fact, nu: Symbol) -> Inference:
    """``q <= inf F`` from ``q <= F(nu)`` for every nu > 0 with nu >= nu_0 (an assumption of the fact, which ends here)."""
    body, nu_0 = infimum.args
    check_generic(nu, fact.relation, *fact.assumptions)
    rest = fact.assumptions - {Relation(nu_0, "<=", nu)}
    generic = declared(nu) == {"positive": True} and is_nonnegative(nu_0)
    if not generic or infimum.has(nu) or any(a.has(nu) for a in rest) or fact.relation.left.has(nu):
        raise RuleFailure(f"the fact does not hold for every {nu}")
    if fact.relation.symbol == "==" or not is_zero(fact.relation.right - body.xreplace({MULTIPLIER: nu})):
        raise RuleFailure(f"the fact does not bound the infimum's function at {nu}")
    if fact.relation.has(Witness):
        raise RuleFailure(f"the number that exists may depend on {nu}")
    known = known_places(fact.relation, fact.assumptions)
    inside = frozenset(place.xreplace({nu: MULTIPLIER}) for place in known)
    return Inference(Relation(fact.relation.left, "<=", infimum), (fact,), rest, nonzero=inside)


def _integrand(integral: SlopeIntegral, *ends: Expr) -> tuple[Expr, Expr, Expr, Expr]:
    """The arguments, once the integrand is known to be defined."""
    low, high, Gbar, r = integral.args
    if not is_positive(Gbar) or not is_nonnegative(r):
        raise RuleFailure(f"the signs of {integral} are not known: Gbar > 0 and r >= 0 are needed")
    for end in (low, high, *ends):
        if not end.is_real:
            raise RuleFailure(f"{end} is not certainly real")
    return low, high, Gbar, r


@rule("an integral over two intervals")
def integral_split(ctx: Context, integral: SlopeIntegral, middle: Expr, first: Fact, second: Fact) -> Inference:
    """The integral over [a, c] is that over [a, b] and that over [b, c], from ``a <= b`` and ``b <= c``."""
    low, high, Gbar, r = _integrand(integral, middle)
    if not _says(first, middle - low) or not _says(second, high - middle):
        raise RuleFailure(f"the facts do not put {middle} between {low} and {high}")
    parts = SlopeIntegral(low, middle, Gbar, r) + SlopeIntegral(middle, high, Gbar, r)
    return Inference(Relation(integral, "==", parts), (first, second))


@rule("an integral is at most length times largest value")
def integral_below(ctx: Context, integral: SlopeIntegral, v: Expr, ordered: Fact, right: Fact, late: Fact) -> Inference:
    """From ``a <= b``, ``b <= v + Gbar^2/v`` and ``Gbar <= v``: the slope on [a, b] is at most the infimum over (0, Gbar/v].

    w + Gbar^2/w rises for w >= Gbar, so that w(u) <= v for u <= b, and an infimum over more is smaller.
    """
    low, high, Gbar, r = _integrand(integral, v)
    if not _says(ordered, high - low) or not _says(right, v + Gbar**2 / v - high) or not _says(late, v - Gbar):
        raise RuleFailure(f"the facts do not bound the slope on the interval by that at {v}")
    return Inference(Relation(integral, "<=", (high - low) * InfimumOnBoundary(Gbar / v, r)), (ordered, right, late))


@rule("an integral is at least length times smallest value")
def integral_above(ctx: Context, integral: SlopeIntegral, v: Expr, ordered: Fact, left: Fact, late: Fact) -> Inference:
    """From ``a <= b``, ``v + Gbar^2/v <= a``, ``Gbar <= v``: the slope on [a, b] is at least the infimum over (0, Gbar/v]."""
    low, high, Gbar, r = _integrand(integral, v)
    if not _says(ordered, high - low) or not _says(left, low - v - Gbar**2 / v) or not _says(late, v - Gbar):
        raise RuleFailure(f"the facts do not bound the slope on the interval by that at {v}")
    return Inference(Relation((high - low) * InfimumOnBoundary(Gbar / v, r), "<=", integral), (ordered, left, late))
