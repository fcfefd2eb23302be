"""Section 6, the shared budget: a Lagrange multiplier, and the largest value of one block's share on an interval."""

from __future__ import annotations

from sympy import Expr, S, Symbol, log, sqrt

from ratetheory.claims.gd_rate import growth, increments, lagrangian, sharper_slope
from ratetheory.symbolic.choices import below_smaller, larger_is, larger_of, largest_below, smaller_of
from ratetheory.symbolic.derivations.gd_rate import (
    SQUARES,
    block_cost,
    block_excess,
    certified,
    envelope,
    spent,
    start_below_end,
)
from ratetheory.symbolic.derivations.log_lyapunov import slope_of, slope_positive
from ratetheory.symbolic.equations import antisymmetric, congruence
from ratetheory.symbolic.extrema import above_infimum_over_multipliers
from ratetheory.symbolic.hypotheses import scale_variant_rate
from ratetheory.symbolic.inequalities import monotone
from ratetheory.symbolic.kernel import Context, Fact, lemma
from ratetheory.symbolic.namespace import Largest, Relation, Smallest, m, s
from ratetheory.symbolic.rules import by_sign, cases, combine, discharge, instantiate, root_is_nonnegative, sum_blocks, suppose
from ratetheory.symbolic.sequences import sum_steps
from ratetheory.symbolic.vectors import BLOCK

NU, B, C, LAM = (Symbol(name, positive=True) for name in ("nu_1", "b_s", "c", "lam"))
SPENT = Symbol("sigma_s", real=True)
END, AT, U = (Symbol(name, nonnegative=True) for name in ("omega", "delta", "u"))

DISCRIMINANT = Largest((NU * C) ** 2 - 2 * NU * LAM, S.Zero)
WIDTH = sqrt(DISCRIMINANT)
ROOT = NU * LAM / (NU * C + WIDTH)
LEFT = Largest(ROOT - B, S.Zero)
INTERIOR = Smallest(LEFT, END)
SMALLER, LARGER = (NU * C - WIDTH) / 2, (NU * C + WIDTH) / 2


def share(increment: Expr) -> Expr:
    """One block's share of the Lagrangian when b has grown by the increment."""
    return growth(B, increment) - NU * (SPENT + C * increment - LAM / 2 * log(1 + increment / B))


HIGHEST = Largest(Largest(share(S.Zero), share(END)), share(INTERIOR))
GOAL = Relation(share(AT), "<=", HIGHEST)
TO_END = Relation(AT, "<=", END)


@lemma
def _below_end(ctx: Context, rises: Fact) -> Fact:
    """The goal where the share rises from the point to the end."""
    inner_largest = HIGHEST.args[0]
    to_end = monotone(ctx, share(U), U, AT, END, suppose(ctx, TO_END), rises)
    return combine(ctx, GOAL, (1, to_end), (1, larger_of(ctx, inner_largest, 1)), (1, larger_of(ctx, HIGHEST, 0)))


@lemma
def _no_roots(ctx: Context) -> Fact:
    """Without two roots the share rises everywhere."""
    none = larger_is(ctx, DISCRIMINANT, 1)
    (condition,) = none.assumptions
    slope = share(U).diff(U)
    square = (B + U - NU * C / 2) ** 2 / (B + U)
    rises = combine(ctx, Relation(S.Zero, "<=", slope), (square,), (1 / (4 * (B + U)), suppose(ctx, condition)))
    return _below_end(ctx, rises)


@lemma
def _two_roots(ctx: Context) -> tuple[Fact, Fact, Fact]:
    """max(disc, 0) = disc; 0 <= sqrt(disc); the registry's root is the smaller one."""
    value = larger_is(ctx, DISCRIMINANT, 0)
    width = root_is_nonnegative(ctx, larger_of(ctx, DISCRIMINANT, 1))
    root = combine(ctx, Relation(ROOT, "==", SMALLER), (1 / (2 * (NU * C + WIDTH)), value))
    return value, width, root


def _slope_by_roots(ctx: Context, sign: int, first: Fact, second: Fact) -> Fact:
    """``0 <= sign F'`` where the facts give the signs of the two factors b - root."""
    value, _, _ = _two_roots(ctx)
    goal = Relation(S.Zero, "<=", sign * share(U).diff(U))
    return combine(ctx, goal, (1 / (B + U), first, second), (-sign / (4 * (B + U)), value))


@lemma
def _before(ctx: Context) -> Fact:
    """Left of the smaller root the share rises up to it."""
    _, width, root = _two_roots(ctx)
    here = suppose(ctx, Relation(B + AT, "<=", SMALLER))
    at_most = combine(ctx, Relation(AT, "<=", ROOT - B), (1, here), (-1, root))
    below_left = combine(ctx, Relation(AT, "<=", LEFT), (1, at_most), (1, larger_of(ctx, LEFT, 0)))
    ordered = below_smaller(ctx, INTERIOR, below_left, suppose(ctx, TO_END))
    same = by_sign(ctx, Relation(ROOT - B, "<=", ROOT - B))
    positive = combine(ctx, Relation(S.Zero, "<=", ROOT - B), (1, at_most))
    left_is_root = largest_below(ctx, LEFT, same, positive)
    inside = suppose(ctx, Relation(U, "<=", INTERIOR))
    first = combine(
        ctx, Relation(B + U, "<=", SMALLER), (1, inside), (1, smaller_of(ctx, INTERIOR, 0)), (1, left_is_root), (1, root)
    )
    second = combine(ctx, Relation(B + U, "<=", LARGER), (1, first), (1, width))
    rises = _slope_by_roots(ctx, 1, first, second)
    to_interior = monotone(ctx, share(U), U, AT, INTERIOR, ordered, rises)
    return combine(ctx, GOAL, (1, to_interior), (1, larger_of(ctx, HIGHEST, 1)))


@lemma
def _between(ctx: Context) -> Fact:
    """Between the roots the share falls: it is at most its value at the left end, which is the interior point."""
    _, _, root = _two_roots(ctx)
    beyond = suppose(ctx, Relation(SMALLER, "<", B + AT))
    before_larger = suppose(ctx, Relation(B + AT, "<=", LARGER))
    root_below = combine(ctx, Relation(ROOT - B, "<=", AT), (1, beyond), (1, root))
    ordered = largest_below(ctx, LEFT, root_below, by_sign(ctx, Relation(S.Zero, "<=", AT)))
    left, inside = suppose(ctx, Relation(LEFT, "<=", U)), suppose(ctx, Relation(U, "<=", AT))
    first = combine(ctx, Relation(SMALLER, "<=", B + U), (1, left), (1, larger_of(ctx, LEFT, 0)), (-1, root))
    second = combine(ctx, Relation(B + U, "<=", LARGER), (1, inside), (1, before_larger))
    falls = _slope_by_roots(ctx, -1, first, second)
    from_left = monotone(ctx, -share(U), U, LEFT, AT, ordered, falls)
    to_end = combine(ctx, Relation(LEFT, "<=", END), (1, ordered), (1, suppose(ctx, TO_END)))
    meets = below_smaller(ctx, INTERIOR, by_sign(ctx, Relation(LEFT, "<=", LEFT)), to_end)
    same = antisymmetric(ctx, smaller_of(ctx, INTERIOR, 0), meets)
    moved = congruence(ctx, share(U), U, same)
    return combine(ctx, GOAL, (1, from_left), (-1, moved), (1, larger_of(ctx, HIGHEST, 1)))


@lemma
def _after(ctx: Context) -> Fact:
    """Right of the larger root the share rises to the end."""
    _, width, _ = _two_roots(ctx)
    beyond, left = suppose(ctx, Relation(LARGER, "<", B + AT)), suppose(ctx, Relation(AT, "<=", U))
    second = combine(ctx, Relation(LARGER, "<=", B + U), (1, beyond), (1, left))
    first = combine(ctx, Relation(SMALLER, "<=", B + U), (1, second), (1, width))
    return _below_end(ctx, _slope_by_roots(ctx, 1, first, second))


@lemma
def share_below_highest(ctx: Context) -> Fact:
    """On an interval the share is at most its largest value at the ends and at the smaller root."""
    right = cases(ctx, _between(ctx), _after(ctx), Relation(B + AT, "<=", LARGER))
    two = cases(ctx, _before(ctx), right, Relation(B + AT, "<=", SMALLER))
    return cases(ctx, two, _no_roots(ctx), Relation(S.Zero, "<", DISCRIMINANT.args[0]))


@lemma
def block_share(ctx: Context) -> Fact:
    """One block's share at the horizon is at most the registry's largest value."""
    c = slope_of(sharper_slope)
    end = increments(m, c, s.Lam, s.b_first, s.gap)
    start = combine(ctx, Relation(S.Zero, "<=", s.b_last - s.b_first), (1, start_below_end(ctx)))
    within = combine(ctx, Relation(s.b_last - s.b_first, "<=", end), (1, envelope(ctx, sharper_slope)))
    values = {B: s.b_first, C: c, LAM: s.Lam, SPENT: block_excess(sharper_slope), END: end, AT: s.b_last - s.b_first}
    special = instantiate(ctx, share_below_highest(ctx), values, slope_positive(ctx, sharper_slope), start)
    highest = discharge(ctx, special, within)
    goal = Relation(m.sum(s.G**2) - NU * block_cost(sharper_slope), "<=", highest.relation.right)
    return combine(ctx, goal, (1, highest), (1, certified(ctx)))


def _shared(ctx: Context) -> Fact:
    c = slope_of(sharper_slope)
    enough = suppose(ctx, Relation(s.nu_0, "<=", NU))
    paid = sum_steps(ctx, scale_variant_rate(ctx, False))
    total = combine(
        ctx,
        Relation(m.sum(SQUARES), "<=", lagrangian(m, c, s.Lam, s.b_first, s.gap, NU)),
        (1, sum_blocks(ctx, block_share(ctx), BLOCK)),
        (NU, spent(ctx, sharper_slope)),
        (1, enough, paid),
        (1, sum_steps(ctx, scale_variant_rate(ctx, True))),
    )
    infimum = m.infimum_over_multipliers(lambda nu: lagrangian(m, c, s.Lam, s.b_first, s.gap, nu), s.nu_0)
    return above_infimum_over_multipliers(ctx, infimum, total, NU)


DERIVATIONS = {"gd-rate": {"sum-shared": _shared}}
