"""What makes up a bound: the shares of its terms, its sensitivity to each constant, and the best learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from ratetheory.claims.gd_rate import growth
from ratetheory.numeric.certify import Certified, certified
from ratetheory.numeric.constants import Constants
from ratetheory.numeric.decimals import decimal_outward
from ratetheory.numeric.envelope import ORACLE, Candidate, Problem


def shares(result: Certified) -> dict[str, float]:
    """How much of C each source pays for, summing to 1 (of the form with separate budgets).

    ``gap``: f_0 - f_low; ``logarithm``: (Lam/2) ln(B/b_0), what the descent lemma loses; ``reach``: Gbar^2/b_0, one step of the
    largest gradient; ``scale-variant``: R/(kappa eta_g). The sum by rotation is B times the first two, whatever pays for B.
    """
    from ratetheory.numeric import balls

    candidate, problem = result.candidate, result.problem
    if candidate is None or problem is None:
        return {}
    zero = balls.number(0)
    totals = {"gap": zero, "logarithm": zero, "reach": zero, "scale-variant": problem.nu_0 * problem.gap}
    rows = (problem.b_0, candidate.increment, problem.Lam, problem.Gbar)
    for b, d, Lam, Gbar in zip(*map(balls.blocks, rows), strict=True):
        if d > 0:
            parts = _parts(candidate, problem, b, d, Lam, Gbar)
            paid = candidate.C if candidate.sum_by_rotation else growth(b, d)
            unit = paid / sum(parts.values(), zero)
            for name, part in parts.items():
                totals[name] += unit * part
    whole = sum(totals.values(), zero)
    return {name: float(part / whole) if whole > 0 else 0.0 for name, part in totals.items()}


def _parts(candidate: Candidate, problem: Problem, b: Any, increment: Any, Lam: Any, Gbar: Any) -> dict[str, Any]:
    """What pays for the increment of one block; of the sum by rotation, what B multiplies."""
    if candidate.sum_by_rotation:
        return {"gap": problem.gap, "logarithm": problem.L / 2 * (increment / b).log1p()}
    parts = {"gap": problem.gap, "logarithm": Lam / 2 * (increment / b).log1p()}
    return {**parts, "reach": Gbar**2 / b} if candidate.method == "two-phase" else parts


def dominant_term(result: Certified) -> str:
    """The largest of the ``shares``; the worst case of the oracle is not made of terms."""
    problem, candidate = result.problem, result.candidate
    if candidate is not None and candidate.method == ORACLE:
        return "worst case"
    if problem is not None and problem.single and candidate is not None and candidate.increment > 0:
        parts = _parts(candidate, problem, problem.b_0, candidate.increment, problem.Lam, problem.Gbar)
        return max(parts, key=lambda name: parts[name].mid())
    found = shares(result)
    return max(found, key=lambda name: found[name]) if found else "none"


_SCALED: dict[str, Callable[[Constants, Fraction], Constants]] = {
    "squared_norm": lambda c, k: replace(c, blocks=tuple(replace(b, squared_norm=b.squared_norm * k) for b in c.blocks)),
    "learning_rate": lambda c, k: scale_rates(c, k),
    "smoothness": lambda c, k: _scale_smoothness(c, k),
    "gap": lambda c, k: c if c.gap is None else replace(c, gap=c.gap * k),
    "gradient_bound": lambda c, k: replace(
        c, blocks=tuple(b if b.gradient_bound is None else replace(b, gradient_bound=b.gradient_bound * k) for b in c.blocks)
    ),
}


def scale_rates(constants: Constants, factor: Fraction) -> Constants:
    """The same constants with the learning rate of every block multiplied."""
    return replace(constants, blocks=tuple(replace(b, learning_rate=b.learning_rate * factor) for b in constants.blocks))


def _scale_smoothness(constants: Constants, factor: Fraction) -> Constants:
    """The smoothness of every block multiplied, and with it its decoupled smoothness, which cannot lie below."""
    blocks = tuple(replace(block, smoothness=block.smoothness * factor) for block in constants.blocks)
    if constants.decoupled is None:
        return replace(constants, blocks=blocks)
    count = len(blocks)
    decoupled = (*(Lam * factor for Lam in constants.decoupled[:count]), *constants.decoupled[count:])
    return replace(constants, blocks=blocks, decoupled=decoupled)


def logarithm_of_total(constants: Constants, methods: Sequence[str], every: bool) -> float:
    """ln C, finite also where C is beyond the range of floats."""
    return float(certified(constants, methods, every).C.log())


def sensitivities(constants: Constants, methods: Sequence[str], every: bool) -> dict[str, float]:
    """d ln C / d ln constant by central differences of relative step 1e-4: an estimate, not a bound."""
    step = Fraction(1, 10000)
    width = math.log1p(float(step)) - math.log1p(-float(step))
    if certified(constants, methods, every).candidate is None:
        return {}
    found = {}
    for name, scaled in _SCALED.items():
        up, down = (logarithm_of_total(scaled(constants, 1 + s), methods, every) for s in (step, -step))
        found[name] = (up - down) / width
    return found


def best_learning_rate(constants: Constants, methods: Sequence[str], every: bool) -> dict[str, Any]:
    """The factor on all learning rates with the smallest C, and the factors between which C stays within 2 and 10 times it.

    Searched on a logarithmic grid around the scale b = L of the first block and refined by golden section.
    """
    from scipy.optimize import minimize_scalar

    if certified(constants, methods, every).candidate is None:
        raise ValueError("best-learning-rate: no block has a smoothness above 0; allowed: constants of a loss that changes")
    first = constants.blocks[0]
    centre = first.inverse_rate / first.smoothness if first.smoothness else Fraction(1)

    def cost(decades: float) -> float:
        return logarithm_of_total(scale_rates(constants, centre * Fraction(10.0**decades)), methods, every)

    grid = np.linspace(-12, 12, 97)
    costs = np.array([cost(d) for d in grid])
    index = int(np.clip(np.argmin(costs), 1, len(grid) - 2))
    found = minimize_scalar(cost, bounds=(grid[index - 1], grid[index + 1]), method="bounded", options={"xatol": 1e-4})
    least = min(float(found.fun), float(costs.min()))
    best = float(found.x)

    def crossing(level: float, inside: np.ndarray) -> float:
        above = [d for d in inside if cost(d) > level]
        if not above:
            return float(inside[-1])
        # C jumps where a form begins to apply, so keep the end that stays within the level
        within, beyond = best, float(above[0])
        while abs(beyond - within) > 1e-4:
            middle = (within + beyond) / 2
            within, beyond = (middle, beyond) if cost(middle) <= level else (within, middle)
        return within

    def range_within(factor: float) -> list[float | str]:
        level = least + math.log(factor)
        left = crossing(level, grid[grid < best][::-1])
        right = crossing(level, grid[grid > best])
        return [_rate(first.learning_rate * centre, d) for d in (left, right)]

    return {
        "learning_rate": _rate(first.learning_rate * centre, best),
        "total": math.exp(least) if least < 700 else f"e^{least:.6g}",
        "within_factor_2": range_within(2),
        "within_factor_10": range_within(10),
    }


def _rate(unit: Fraction, decades: float) -> float | str:
    rate = unit * Fraction(10.0**decades)
    return float(rate) if 1e-300 < rate < 1e300 else decimal_outward(rate, up=True, digits=6)
