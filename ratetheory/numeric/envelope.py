"""The forms of the bound of claim ``gd-rate``, put together in any mathematics namespace.

A problem holds the constants of one bound in the numbers of a namespace ``m`` (floats or balls); blocks lie along the last
axis. A candidate is one form of C with the increments B_i - b_{i,0} that go with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ratetheory.claims import gd_rate

METHODS = ("simple", "sharper", "two-phase", "continuous")
ORACLE = "oracle"
"""The method that is no closed form: the certified worst case of one block (``ratetheory.numeric.oracle``)."""


@dataclass(frozen=True)
class Problem:
    """b_0, L, Lam, Gbar per block; gap, nu_0 = 1/(kappa eta_g) and Lam_g, both zero without scale-variant parameters."""

    b_0: Any
    L: Any
    Lam: Any
    Gbar: Any
    gap: Any
    nu_0: Any
    Lam_g: Any
    scale_variant: bool
    single: bool


@dataclass(frozen=True)
class Candidate:
    """One form: its method, flags, the bound C of the summed squared gradients and the increments B - b_0.

    ``sum_by_rotation`` says where C is the sum by rotation: of arrays it is one.
    """

    method: str
    smaller_gradient_bound: bool
    shared_budget: bool
    sum_by_rotation: Any
    C: Any
    increment: Any
    c: Any


def slopes(m: Any, problem: Problem, method: str, Gbar: Any) -> Any:
    """The slope c of each block."""
    rule = gd_rate.simple_slope if method == "simple" else gd_rate.sharper_slope
    return gd_rate.block_slope(m, rule, problem.b_0, problem.Lam, Gbar)


def _of_one_block(m: Any, problem: Problem, method: str, smaller: bool, increment: Any, c: Any = None) -> Candidate:
    """The smaller of the two sums that one bound on b implies: by the growth of b, and by rotation."""
    by_growth = gd_rate.growth(problem.b_0, increment)
    by_rotation = gd_rate.by_rotation(m, problem.L, problem.b_0, increment, problem.gap)
    return Candidate(method, smaller, False, by_rotation < by_growth, m.minimum(by_growth, by_rotation), increment, c)


def one_phase(m: Any, problem: Problem, method: str, smaller: bool = False) -> Candidate:
    """The simple or the sharper form, each block with the whole budget."""
    Gbar = gd_rate.smaller_gradient_bound(m, problem.L, problem.b_0, problem.gap) if smaller else problem.Gbar
    Gbar = m.minimum(Gbar, problem.Gbar) if smaller else Gbar
    c = slopes(m, problem, method, Gbar)
    if problem.single:
        # no other block can give back what its logarithm gained
        increment = m.larger_increment(c, problem.Lam / 2, problem.b_0, problem.gap)
        return _of_one_block(m, problem, method, smaller, increment, c)
    increment = gd_rate.increments(m, c, problem.Lam, problem.b_0, problem.gap)
    total = m.over_blocks(gd_rate.growth(problem.b_0, increment))
    total = total + problem.nu_0 * gd_rate.budget(m, c, problem.Lam, problem.b_0, problem.gap)
    return Candidate(method, smaller, False, False, total, increment, c)


def shared(m: Any, problem: Problem, separate: Candidate, nu: Any) -> Candidate:
    """The blocks of a one-phase form share one budget, by weak duality with the multiplier ``nu >= nu_0``."""
    total = gd_rate.lagrangian(m, separate.c, problem.Lam, problem.b_0, problem.gap, nu)
    return Candidate(separate.method, False, True, False, total, separate.increment, separate.c)


def two_phase(m: Any, problem: Problem, smaller: bool = False) -> Candidate:
    """The two-phase form of one block; infinite where b_0 >= Gbar."""
    Gbar = problem.Gbar
    if smaller:
        Gbar = m.minimum(gd_rate.smaller_gradient_bound(m, problem.L, problem.b_0, problem.gap), Gbar)
    increment = gd_rate.two_phase_increment(m, problem.L, problem.b_0, Gbar, problem.gap)
    found = _of_one_block(m, problem, "two-phase", smaller, increment)
    C, increment = (m.if_less(problem.b_0, Gbar, x, m.infinity) for x in (found.C, increment))
    return replace(found, C=C, increment=increment)


def continuous(m: Any, problem: Problem, smaller: bool = False) -> Candidate:
    """The form of one block whose slope rises with b."""
    Gbar = problem.Gbar
    if smaller:
        Gbar = m.minimum(gd_rate.smaller_gradient_bound(m, problem.L, problem.b_0, problem.gap), Gbar)
    increment = gd_rate.continuous_increment(m, problem.L, problem.b_0, Gbar, problem.gap)
    return _of_one_block(m, problem, "continuous", smaller, increment)


def trivial(m: Any, problem: Problem) -> Any:
    """The bound that the first gradient alone satisfies: 2 max(Lam) gap, and sum Gbar_i^2 without scale-variant parameters."""
    from_gap = gd_rate.trivial(m, problem.Lam, problem.Lam_g, problem.gap)
    return from_gap if problem.scale_variant else m.minimum(from_gap, m.over_blocks(problem.Gbar**2))
