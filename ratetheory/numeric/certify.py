"""The bound of claim ``gd-rate`` as an outward-rounded enclosure, from exactly read constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ratetheory.numeric import balls, floats
from ratetheory.numeric.constants import Block, Constants
from ratetheory.numeric.envelope import Candidate, Problem, continuous, one_phase, shared, trivial, two_phase


@dataclass(frozen=True)
class Certified:
    """The chosen form in balls; ``blocks`` are those that can move."""

    candidate: Candidate | None
    C: Any
    trivial: Any
    problem: Problem | None
    blocks: tuple[Block, ...]


_ZERO, _ONE = Fraction(0), Fraction(1)


def moving(constants: Constants) -> list[int]:
    """The blocks whose gradient is not identically zero: L_ii > 0."""
    return [i for i, block in enumerate(constants.blocks) if block.smoothness.numerator > 0]


def decoupled_smoothness(constants: Constants, weight: Fraction) -> tuple[tuple[Fraction, ...], Fraction]:
    """Lam = (M x)/x for x = (1, ..., 1, ``weight``), or the constants given; and Lam_g (zero without g)."""
    if constants.decoupled is not None:
        values = constants.decoupled
        return (values[:-1], values[-1]) if constants.scale_variant else (values, Fraction(0))
    count = len(constants.blocks)
    if constants.coupling is None:
        return tuple(block.smoothness for block in constants.blocks), _ZERO
    coupling = constants.coupling
    Lam = []
    for i, block in enumerate(constants.blocks):
        others = sum((coupling[i][j] for j in range(count) if j != i), Fraction(0))
        Lam.append(block.smoothness + others + (weight * coupling[i][count] if constants.scale_variant else 0))
    if not constants.scale_variant:
        return tuple(Lam), Fraction(0)
    return tuple(Lam), constants.scale_variant_smoothness + sum(coupling[count][:count], Fraction(0)) / weight


def problem_in(
    m: Any, number: Callable[[Fraction], Any], array: Callable[[list], Any], constants: Constants, weight: Fraction
) -> Problem:
    """The problem of the moving blocks in the numbers of ``m``."""
    indices = moving(constants)
    Lam, Lam_g = decoupled_smoothness(constants, weight)
    blocks = [constants.blocks[i] for i in indices]
    single = len(constants.blocks) == 1 and not constants.scale_variant

    def gather(values: list[Any]) -> Any:
        return values[0] if len(values) == 1 and single else array(values)

    rate = constants.scale_variant_learning_rate
    kappa = 1 if rate is None else 1 - rate * Lam_g / 2
    # at the weight of the trivial bound kappa may be negative: nothing but Lam is read there, and nu_0 is no number
    nu_0 = number(_ZERO) if rate is None else number(1 / (rate * kappa)) if kappa > 0 else None
    sphere = [number(b.smoothness) for b in blocks]
    L = gather(sphere)
    bounds = [
        m.pi / 2 * l if b.gradient_bound is None else number(b.gradient_bound) for b, l in zip(blocks, sphere, strict=True)
    ]
    return Problem(
        b_0=gather([number(b.inverse_rate) for b in blocks]),
        L=L,
        Lam=L if constants.coupling is None and constants.decoupled is None else gather([number(Lam[i]) for i in indices]),
        Gbar=gather(bounds),
        gap=m.pi**2 / 4 * L if constants.gap is None else number(constants.gap),
        nu_0=nu_0,
        Lam_g=number(Lam_g),
        scale_variant=constants.scale_variant,
        single=single,
    )


def as_float(number: Fraction) -> float:
    """The nearest float, infinite beyond the range."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _float_problem(constants: Constants, weight: Fraction) -> Problem:
    return problem_in(floats, as_float, np.array, constants, weight)


def _ball_array(values: list[Any]) -> np.ndarray:
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


def best_weight(constants: Constants) -> Fraction:
    """The weight x_g of the scale-variant parameters in Lam = (M x)/x with the smallest bound met on a grid; any with
    kappa > 0 is a proof."""
    if not constants.scale_variant or constants.decoupled is not None or constants.coupling is None:
        return _ONE
    coupled = sum(constants.coupling[-1], Fraction(0))
    rate = constants.scale_variant_learning_rate
    if coupled == 0 or rate is None:
        return Fraction(1)
    least = coupled / (2 / rate - constants.scale_variant_smoothness)
    tried = [least * (1 + Fraction(10) ** k) for k in range(-3, 5)]
    tried += [least * (1 + Fraction(step, 8)) for step in range(1, 64)]
    totals = []
    with np.errstate(all="ignore"):
        for weight in tried:
            total = float(np.squeeze(one_phase(floats, _float_problem(constants, weight), "sharper").C))
            totals.append(total if math.isfinite(total) else math.inf)
    return tried[int(np.argmin(totals))] if min(totals) < math.inf else tried[3]


def trivial_weight(constants: Constants, weight: Fraction) -> Fraction:
    """The weight x_g with the smallest largest Lam: the trivial bound speaks of the start alone, where any weight will do."""
    if not constants.scale_variant or constants.coupling is None:
        return weight
    low, high = Fraction(1, 10**30), Fraction(10**30)
    for _ in range(120):
        middle = Fraction(math.sqrt(low) * math.sqrt(high))
        Lam, Lam_g = decoupled_smoothness(constants, middle)
        # the blocks' Lam rise with the weight, Lam_g falls
        low, high = (low, middle) if max(Lam) > Lam_g else (middle, high)
    return min((low, high), key=lambda w: max(*decoupled_smoothness(constants, w)[0], decoupled_smoothness(constants, w)[1]))


_SINGLE_FORMS = {"two-phase": two_phase, "continuous": continuous}


def _candidates(problem: Problem, methods: Sequence[str], every: bool, nu: Any) -> list[Candidate]:
    """All forms asked for; ``every`` adds those that only the best bound needs: shared budget, smaller gradient bound."""
    found = []
    # with nothing to spend the smaller bound on the gradient is zero, and the trivial bound says so
    narrower = every and problem.single and bool(problem.gap > 0)
    for method in methods:
        if method in _SINGLE_FORMS:
            if problem.single and (method == "continuous" or problem.b_0 < problem.Gbar):
                found += [
                    _SINGLE_FORMS[method](balls, problem, smaller=smaller)
                    for smaller in ((False, True) if narrower else (False,))
                ]
            continue
        found.append(one_phase(balls, problem, method))
        if narrower:
            found.append(one_phase(balls, problem, method, smaller=True))
        if every and not problem.single and nu is not None:
            found.append(shared(balls, problem, found[-1], balls.number(nu)))
    return found


def best_multiplier(constants: Constants, weight: Fraction) -> Fraction | None:
    """A good multiplier of the shared budget, not below 1/(kappa eta_g); ``None`` where floats cannot find one."""
    if len(moving(constants)) == 0 or (len(constants.blocks) == 1 and not constants.scale_variant):
        return None
    problem = _float_problem(constants, weight)
    with np.errstate(all="ignore"):
        separate = one_phase(floats, problem, "sharper")
        nu = floats.best_multiplier(lambda nu: shared(floats, problem, separate, nu).C, np.array([problem.nu_0]))
    found = float(np.squeeze(nu))
    if not math.isfinite(found) or found <= 0:
        return None
    rate = constants.scale_variant_learning_rate
    if rate is None:
        return Fraction(found)
    _, Lam_g = decoupled_smoothness(constants, weight)
    return max(Fraction(found), 1 / (rate * (1 - rate * Lam_g / 2)))


def certified(constants: Constants, methods: Sequence[str], every: bool) -> Certified:
    """The smallest of the forms asked for, enclosed to a relative width below 2^-50."""
    weight = best_weight(constants)
    blocks = tuple(constants.blocks[i] for i in moving(constants))
    nu = best_multiplier(constants, weight) if every else None
    start_weight = trivial_weight(constants, weight)

    def compute() -> Certified:
        if not blocks:
            return _without_blocks(constants, weight)
        problem = problem_in(balls, balls.number, _ball_array, constants, weight)
        found = _candidates(problem, methods, every, nu)
        best = min(found, key=lambda candidate: candidate.C.upper()) if found else None
        total = balls.infinity if best is None else best.C
        same = start_weight is weight
        start = problem if same else problem_in(balls, balls.number, _ball_array, constants, start_weight)
        at_start = trivial(balls, start)
        return Certified(best, total, at_start, problem, blocks)

    def narrow(result: Certified) -> bool:
        return result.candidate is None or balls.is_narrow(result.C)

    return balls.at_rising_precision(compute, narrow)


def _without_blocks(constants: Constants, weight: Fraction) -> Certified:
    """No block can move: only the scale-variant parameters spend the gap."""
    if not constants.scale_variant or constants.scale_variant_learning_rate is None:
        return Certified(None, balls.number(0), balls.number(0), None, ())
    _, Lam_g = decoupled_smoothness(constants, weight)
    rate, gap = constants.scale_variant_learning_rate, balls.number(constants.gap or Fraction(0))
    nu_0 = balls.number(1 / (rate * (1 - rate * Lam_g / 2)))
    return Certified(None, nu_0 * gap, 2 * balls.number(Lam_g) * gap, None, ())
