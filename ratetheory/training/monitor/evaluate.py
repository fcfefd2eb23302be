"""From the sums of a step to what a trace records: rotation, parts of the norm's defect, allowances. On the host, in numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ratetheory.training.monitor.chunk import SUMS
from ratetheory.training.monitor.recorder import Drained, Step
from ratetheory.training.monitor.rules import COEFFICIENTS

ROUNDING = 2.0**-53
"""Unit roundoff of double precision, in which the sums are taken."""

RADIAL_FACTOR = 2.0
"""Allowance for the rounding of <w, grad>, in units of the gradient's roundoff times: the size of what cancels in the
normalisation (``laws.rounding_scale``), plus sqrt(N) |w| |grad| for a gradient that adds up over N outputs; both without the
square root of N in units of the factors' roundoff.

Not proved, measured: the largest seen was about 1.6, with all digits in one batch in single precision; 75 runs of 300 steps on
the digits (``benchmarks/defects.py``) stayed within 2, and the suite holds the runs of its models to it."""

SHOWN = 100.0
"""Allowances that a radial part must have for it to tell by which factor the gradients of its family were scaled."""
AGREEING = 3
"""Blocks that must show the same factor."""

PLAN_FACTOR = 8.0
"""Roundoffs of an update that the optimiser computes: of a few operations on each of its terms."""

PARALLEL = 1e-6
"""Angle up to which gradients count as parallel, beside that of a thousand roundoffs and at most 0.05."""

Array = np.ndarray


@dataclass(frozen=True)
class Table:
    """What does not change from step to step: for each block its family, dimension, parameter group, roundoff of storage,
    and whether an eps law is known."""

    family: Array
    dimension: Array
    group: Array
    storage: Array
    law: Array


@dataclass(frozen=True)
class Sums:
    """What ``Recorder.drain`` holds, on the host; and the notes of its steps."""

    steps: tuple[Step, ...]
    norms: Array
    sums: Array
    law: Array
    scale: Array
    scalars: Array

    def __getitem__(self, name: str) -> Array:
        """A sum over the blocks by its name in ``SUMS``, (steps, blocks)."""
        return self.sums[:, SUMS.index(name)]

    def only(self, kept: Array) -> Sums:
        """The steps for which ``kept`` is true."""
        steps = tuple(step for step, keep in zip(self.steps, kept.tolist(), strict=True) if keep)
        return Sums(steps, self.norms, *(v[kept] for v in (self.sums, self.law, self.scale, self.scalars)))


def on_host(drained: Drained) -> Sums:
    """The same on the host; waits for the device."""
    return Sums(drained.steps, *(tensor.cpu().numpy() for tensor in drained.tensors()))


def evaluate(sums: Sums, table: Table) -> dict[str, Array]:
    """The variables of a trace from the sums of a recorder, (steps, blocks), (states, blocks) and (steps,).

    The predicted defect d of S+ = S + eta^2 |g|^2 + d consists of three parts, none of which knows the new weights: that of
    the gradient's radial part (as the eps law has it), that of weight decay, and that of the rest of the update rule
    (momentum, preconditioning). Where no rule or no law is known, the measured value stands in its place.
    """
    steps = sums.steps
    S = np.concatenate([sums.norms[None], sums["next_squared_norm"]])
    rates, coefficient = _coefficients(steps, table)
    with np.errstate(all="ignore"):
        radial = _radial(sums, table, S[:-1])
        planned = _plan(sums, rates, coefficient, table, S[:-1])
        defect = _defect(sums, radial, planned, rates, coefficient, S[:-1])
        turned = _rotation(sums, radial, planned, rates, S)
    gradient = sums["squared_gradient"]
    arrays = {
        "squared_norm": S,
        "squared_gradient": gradient,
        "learning_rate": rates,
        "squared_gradient_error": _summation(table) * gradient,
        "update_radial": sums["update_radial"],
        "squared_update": sums["squared_update"],
        "dead": (gradient == 0).astype(float),
        "scale_variant_squared_gradient": sums.scalars[:, 0],
        **radial,
        **{name: planned[name] for name in ("plan_radial", "squared_plan", "off_rule", "off_rule_error", "growth_error")},
        "backward_passes": np.array([float(step.passes) for step in steps]),
        **defect,
        **turned,
    }
    if (sums.scalars[:, 5] > 0).all():
        arrays["loss"] = sums.scalars[:, 1]
    return arrays


def _coefficients(steps: Sequence[Step], table: Table) -> tuple[Array, dict[str, Array]]:
    """Learning rate and coefficients of the rules for each step and block; blocks of no optimiser have rate zero."""
    groups = len(steps[0].rules) if steps else 0
    rates = np.zeros((len(steps), groups + 1))
    values = np.zeros((len(COEFFICIENTS), len(steps), groups + 1))
    # without an optimiser nothing moves: a rule that is known
    values[COEFFICIENTS.index("known"), :, groups] = 1.0
    for t, step in enumerate(steps):
        for number, rule in enumerate(step.rules):
            rates[t, number] = float(rule.rate)
            values[:, t, number] = rule.coefficients()
    index = table.group
    return rates[:, index], {name: values[i][:, index] for i, name in enumerate(COEFFICIENTS)}


def _summation(table: Table) -> Array:
    # a sum of n products is off by at most n roundoffs of the sum of their sizes, in any order of summation
    return (table.dimension + 4) * ROUNDING


def _radial(sums: Sums, table: Table, S: Array) -> dict[str, Array]:
    """Measured and predicted <w, g>, and the allowance for the rounding of their difference."""
    factor, common, unlike = _factor(sums)
    known = table.law & common & np.isfinite(sums.law) & np.isfinite(sums.scale) & (sums["squared_gradient"] > 0)
    apart = np.ones_like(S)
    for labels in (table.family, table.group):
        apart = apart * _apart(sums, table, S, factor * apart, known, labels)
    factor_of = factor * apart
    return {
        "radial": sums["radial"],
        "radial_predicted": np.where(known, factor_of * sums.law, sums["radial"]),
        "radial_error": np.where(known, _radial_allowance(sums, table, S, factor_of), 0.0),
        "gradient_factor": factor[:, 0],
        "gradient_proportional": 1.0 - unlike[:, 0],
        "family_factor": apart,
    }


def _apart(sums: Sums, table: Table, S: Array, factor: Array, known: Array, labels: Array) -> Array:
    """The factors by which gradients of one label were scaled apart from the others, (steps, blocks), 1 where none is shown.

    A positive multiple of the law that blocks share, where some of them are off the law itself: all blocks of the label are
    within the allowance of that multiple, and ``AGREEING`` of them by far above it. A radial part that was added is no such
    multiple, but for laws that are proportional to it.
    """
    measured, predicted, allowance = sums["radial"], factor * sums.law, _radial_allowance(sums, table, S, factor)
    off, found = known & (np.abs(measured - predicted) > allowance), np.ones_like(measured)
    if not off.any():
        return found
    weight = np.where(known, 1 / allowance**2, 0.0)
    across, square = (np.where(known, weight * part * predicted, 0.0) for part in (measured, predicted))
    columns = [np.flatnonzero(labels == label) for label in np.unique(labels[off.any(axis=0)]).tolist()]
    for some in columns:
        found[:, some] = (across[:, some].sum(axis=1) / square[:, some].sum(axis=1))[:, None]
    predicted, allowance = found * predicted, _radial_allowance(sums, table, S, factor * found)
    fits = ~known | (np.abs(measured - predicted) <= allowance)
    shown = known & (np.minimum(np.abs(measured), np.abs(predicted)) > SHOWN * allowance)
    for some in columns:
        taken = off[:, some].any(axis=1) & fits[:, some].all(axis=1) & (shown[:, some].sum(axis=1) >= AGREEING)
        found[~(taken & (found[:, some[0]] > 0))[:, None] & np.isin(np.arange(len(labels)), some)] = 1.0
    return found


def _radial_allowance(sums: Sums, table: Table, S: Array, factor: Array) -> Array:
    """For the rounding of measured and predicted <w, g>, if the optimiser's gradients are ``factor`` times the passes'."""
    law, scale, steps = sums.law, sums.scale, sums.steps
    reach = np.sqrt(S * sums["squared_gradient"])
    short, unit, positions = np.array([step.precision for step in steps])[:, table.family].transpose(2, 0, 1)
    cancelled = np.abs(factor) * scale
    allowance = RADIAL_FACTOR * unit * (cancelled + np.sqrt(positions) * reach)
    # factors in a short format are rounded one by one
    allowance += RADIAL_FACTOR * short * (cancelled / np.sqrt(positions) + reach)
    # the gain's gradient is itself a sum in the same arithmetic; where pixels repeat, so do their roundings
    allowance += _summation(table) * reach + (8 + positions) * unit * np.abs(factor * law)
    return allowance


def _factor(sums: Sums) -> tuple[Array, Array, Array]:
    """The factor by which the optimiser's gradients are those of the backward passes, (steps, 1); whether there is one;
    whether it is seen that there is none.

    Scaling, clipping, averaging have one. There is none if the gradients that were looked at are not parallel; without a
    backward pass every factor will do. Where all of them are zero, neither is known.
    """
    across, final, first = sums.scalars[:, 2:3], sums.scalars[:, 3:4], sums.scalars[:, 4:5]
    factor = np.where(across != 0, final / np.where(across != 0, across, 1.0), 1.0)
    sine = np.sqrt(np.maximum(1 - across**2 / (first * final), 0.0))
    unit = np.array([[max(short for short, *_ in step.precision)] for step in sums.steps])
    still = np.array([[not step.passes] for step in sums.steps])
    common = still | np.isfinite(factor) & (across != 0) & (sine <= np.minimum(PARALLEL + 1000 * unit, 0.05))
    apart = ~common & ((first > 0) | (final > 0))
    return np.where(np.isfinite(factor), factor, 1.0), common, apart


def _plan(sums: Sums, rates: Array, coefficient: dict[str, Array], table: Table, S: Array) -> dict[str, Array]:
    """The update that the rule plans; where no rule is known, the one that was made."""
    known = coefficient["known"] > 0
    along = np.where(known, sums["plan_radial"], sums["update_radial"])
    square = np.where(known, sums["squared_plan"], sums["squared_update"])
    off = np.where(known, np.sqrt(sums["squared_off_plan"]), 0.0)
    norm, slope, size = np.sqrt(S), np.sqrt(sums["squared_gradient"]), np.sqrt(square)
    terms = size + 2 * np.abs(rates) * (np.abs(coefficient["gradient"]) * slope + np.abs(coefficient["weights"]) * norm)
    off_error = np.where(known, (table.storage + 2 * ROUNDING) * (coefficient["writes"] * norm + PLAN_FACTOR * terms), 0.0)
    reach = norm + size
    growth = 2 * reach * off_error + off_error**2 + 2 * _summation(table) * reach**2
    return {"plan_radial": along, "squared_plan": square, "off_rule": off, "off_rule_error": off_error, "growth_error": growth}


def _defect(
    sums: Sums,
    radial: dict[str, Array],
    planned: dict[str, Array],
    rates: Array,
    coefficient: dict[str, Array],
    S: Array,
) -> dict[str, Array]:
    """The predicted defect in its parts, and the allowance for its rounding apart from ``growth_error``."""
    of_gradient, of_weights, lam = coefficient["gradient"], coefficient["weights"], coefficient["decay"]
    linear = coefficient["linear"] > 0
    # d depends on <w, g> by this much: -eta (a g + c w) is planned
    slope = np.where(linear, -2 * rates * of_gradient + 2 * rates**2 * of_gradient * of_weights, 0.0)
    shrink = np.where(linear, of_weights, np.where(coefficient["known"] > 0, lam, 0.0))
    decay = -2 * rates * shrink * S + (rates * shrink) ** 2 * S
    total = 2 * planned["plan_radial"] + planned["squared_plan"] - rates**2 * sums["squared_gradient"]
    of_radial = slope * radial["radial_predicted"]
    measured = slope * radial["radial"]
    reach = np.sqrt(S) + np.sqrt(planned["squared_plan"])
    return {
        "defect_radial": of_radial,
        "defect_decay": decay,
        "defect_rule": total - measured - decay,
        "defect_error": np.abs(slope) * radial["radial_error"] + 16 * ROUNDING * (reach**2 + np.abs(decay)),
    }


def _rotation(sums: Sums, radial: dict[str, Array], planned: dict[str, Array], rates: Array, S: Array) -> dict[str, Array]:
    """Measured angle between w and w+, and at most the distance of v+ from where a plain gradient step leads.

    A block of norm zero has no direction: 0 stands for both, with an error of pi.
    """
    before, after = np.sqrt(S[:-1]), np.sqrt(S[1:])
    along, square = sums["update_radial"] / before, sums["squared_update"]
    across = np.sqrt(np.maximum(square - along**2, 0.0))
    angle = np.arctan2(across, before + along)
    arrived = S[:-1] + 2 * planned["plan_radial"] + planned["squared_plan"]
    ideal = np.sqrt(S[:-1] + rates**2 * sums["squared_gradient"])
    off = planned["off_rule"]
    apart = np.maximum(off**2 - (S[1:] - arrived) ** 2 / (after + np.sqrt(arrived)) ** 2, 0.0)
    distance = np.sqrt(apart / (after * np.sqrt(arrived))) + np.abs(np.sqrt(arrived) / ideal - 1)
    lost = np.sqrt(64 * ROUNDING)
    error = rates * radial["radial_error"] / before + planned["off_rule_error"] + lost * off + 16 * ROUNDING * (before + ideal)
    cancelled = np.where(across > 0, 64 * ROUNDING * square / np.where(across > 0, across, 1.0), lost * np.sqrt(square))
    # what is not finite compares false here, and stays what it is
    directed = ~((S[:-1] == 0) | (S[1:] == 0) | (arrived <= 0) | (ideal == 0))
    return {
        "angle": np.where(directed, angle, 0.0),
        "off_circle": np.where(directed, distance, 0.0),
        "direction_error": np.where(directed, (error + np.minimum(cancelled, lost * np.sqrt(square))) / ideal, np.pi),
    }
