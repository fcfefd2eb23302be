"""Claims of the user's own: letters drawn from their ranges, and arenas in which a claim's comparisons hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from ratetheory.attack.formulas import sides
from ratetheory.attack.instances import Arena, Cube, Family, Instances
from ratetheory.attack.records import Record
from ratetheory.claims.statement import Claim, Comparison, Letter
from ratetheory.numeric import rounding

Array = np.ndarray
_DECADES, _FAR_DECADES = 6.0, 150.0
_SAMPLED, _FAR, _SPECIAL = "sampled", "far", "special"
_SPECIAL_POINTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5)


def own_arena(claim: Claim, points: Mapping[str, list[float]]) -> Arena:
    """Where a claim with letters of its own is attacked.

    At random in their ranges; on the points of its sampler; far out, and nearer to the ends than any usual size; and at ends,
    small numbers and ties between letters.
    """
    families = (
        Family("ranges"),
        *((Family(_SAMPLED),) if points else ()),
        Family(_FAR, searched=False),
        Family(_SPECIAL, searched=False),
    )
    columns = {name: np.array(column) for name, column in points.items()}

    def numbers(family: Family, cube: Cube) -> dict[str, Array]:
        if family.base == _SPECIAL:
            return _special(claim.letters, cube)
        if family.base != _SAMPLED:
            decades = _FAR_DECADES if family.base == _FAR else _DECADES
            return {letter.name: _value(letter, cube.between(0.0, 1.0), decades) for letter in claim.letters}
        count = len(next(iter(columns.values())))
        row = np.minimum(cube.between(0.0, count).astype(int), count - 1)
        return {name: column[row] for name, column in columns.items()}

    return Arena(claim.setting, families, numbers, record=_record, invalid=_outside(claim.letters), instances=4000)


def _record(batch: Instances) -> Record:
    return {name: rounding.exact(array[..., None]) for name, array in batch.numbers.items()}


def _special(letters: tuple[Letter, ...], cube: Cube) -> dict[str, Array]:
    """For each letter an end of its range or a small number, the value of an earlier letter, or any number of the range."""
    values: dict[str, Array] = {}
    for letter in letters:
        kind, share = cube.between(0.0, 1.0), cube.between(0.0, 1.0)
        any_value, ends = _value(letter, share), _float_ends(letter)
        points = np.array(sorted({x for x in (*ends, *_SPECIAL_POINTS) if ends[0] <= x <= ends[1] and np.isfinite(x)}))
        value = any_value if not points.size else points[np.minimum((share * points.size).astype(int), points.size - 1)]
        if values:
            earlier = np.stack(list(values.values()))
            which = np.minimum((share * len(earlier)).astype(int), len(earlier) - 1)
            tied = np.take_along_axis(earlier, which[None], axis=0)[0]
            value = np.where((kind < 0.4) & (tied >= ends[0]) & (tied <= ends[1]), tied, value)
        values[letter.name] = np.where(kind > 0.8, any_value, value)
    return values


def _value(letter: Letter, share: Array, decades: float = _DECADES) -> Array:
    """Numbers of the range: over decades where it is not bounded, near the ends and between them where it is.

    Beyond an end the distances are relative to its size where that is above 1.
    """
    low, high = letter.low, letter.high
    if low is None and high is None:
        signed = 2 * share - 1
        return np.sign(signed) * 10.0 ** (decades * (2 * np.abs(signed) - 1))
    if low is None or high is None:
        end = float(low if low is not None else high or 0)
        distance = max(1.0, abs(end)) * 10.0 ** (decades * (2 * share - 1))
        values = end + distance if low is not None else end - distance
    else:
        # in the outer quarters of the share the distance from an end falls by decades
        outer = np.clip(1 - 4 * np.minimum(share, 1 - share), 0, 1)
        near = 0.25 * 10.0 ** (-decades * outer)
        position = np.where(share < 0.25, near, np.where(share > 0.75, 1 - near, share))
        values = float(low) + (float(high) - float(low)) * position
    least, most = _float_ends(letter)
    # a range without a float in it, such as 1/3 alone, has no instance
    return np.clip(values, least, most) if least <= most else np.full_like(values, np.nan)


def _float_ends(letter: Letter) -> tuple[float, float]:
    """The smallest and the largest float of the range."""
    low, high = -math.inf, math.inf
    if letter.low is not None:
        low = float(letter.low)
        while Fraction(low) < letter.low or (letter.above is not None and Fraction(low) == letter.low):
            low = math.nextafter(low, math.inf)
    if letter.high is not None:
        high = float(letter.high)
        while Fraction(high) > letter.high or (letter.below is not None and Fraction(high) == letter.high):
            high = math.nextafter(high, -math.inf)
    return low, high


def _outside(letters: tuple[Letter, ...]) -> Callable[[Instances], str | None]:
    def invalid(instance: Instances) -> str | None:
        for letter in letters:
            low, high = _float_ends(letter)
            if not low <= float(instance.numbers[letter.name][0, 0]) <= high:
                return f"{letter.name}: allowed: numbers of its range"
        return None

    return invalid


def restricted(arena: Arena, comparisons: Mapping[str, Comparison]) -> Arena:
    """The arena with those instances alone on which the comparisons hold for certain; on others nothing is decided."""
    if not comparisons:
        return arena

    def record(batch: Instances) -> Record:
        whole = {name: value for name, value in arena.record(batch).items() if name != "M"}
        holds = np.ones(len(batch), bool)
        for comparison in comparisons.values():
            holds &= _holds(comparison, whole, batch)
        return {name: _masked(rounding.exact(value), holds) for name, value in whole.items()}

    def invalid(instance: Instances) -> str | None:
        if (reason := arena.invalid(instance)) is not None:
            return reason
        whole = arena.record(instance)
        failing = (name for name, comparison in comparisons.items() if not _holds(comparison, whole, instance).all())
        name = next(failing, None)
        return None if name is None else f"{name}: does not hold for certain on this instance"

    return replace(arena, record=record, invalid=invalid)


def _masked(value: rounding.Rounded, holds: Array) -> rounding.Rounded:
    """The values of the instances that count, nothing for the others."""
    return rounding.Rounded(np.where(holds[:, None, None], value.value, np.nan), value.error)


def _holds(comparison: Comparison, record: Record, batch: Instances) -> Array:
    """For each instance whether the comparison holds at every step, for certain."""
    if comparison.relation == "==":
        return np.array([_equal(comparison, batch.only(index)) for index in range(len(batch))])
    with np.errstate(all="ignore"):
        left, right = sides(comparison, record)
        excess = rounding.excess(right, "<=", left)
        # letters themselves are exact: x <= y holds where x and y are the same float
        equal = (left.value == right.value) & (left.error + right.error == 0)
    holds = excess > 0
    if comparison.relation == "<=":
        holds = holds | equal
    axes = tuple(axis for axis in range(holds.ndim) if axis != holds.ndim - 3)
    return np.asarray(holds.all(axis=axes)) & np.ones(len(batch), bool)


class _Exact:
    """The mathematics of exact fractions; what leaves them is not known."""

    @staticmethod
    def number(value: Any) -> Fraction:
        """The constant."""
        return Fraction(value)

    @staticmethod
    def abs(x: Fraction) -> Fraction:
        """|x|."""
        return abs(x)

    maximum = staticmethod(max)
    minimum = staticmethod(min)


def _equal(comparison: Comparison, instance: Instances) -> bool:
    """Whether both sides are the same fraction: equations hold for certain where exact arithmetic says so."""
    point = {name: Fraction(float(array[0, 0])) for name, array in instance.numbers.items() if array.ndim == 2}
    try:
        left, right = (side(_Exact, point) for side in (comparison.left, comparison.right))
    except (AttributeError, KeyError, ZeroDivisionError):
        return False
    return bool(left == right)
