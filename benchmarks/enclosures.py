"""Certified bounds of one block one at a time, against logarithms in ball arithmetic; and how the floats agree with them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from flint import arb, ctx

import ratetheory as rt
from benchmarks.timing import Ratio, call, ratios
from ratetheory.numeric.bound import read_methods
from ratetheory.numeric.certified_bound import bound_of_constants
from ratetheory.numeric.certify import certified
from ratetheory.numeric.constants import Constants, one_block

COUNT = 100
LOGARITHMS = "100 x 100 flint logarithms"
LIMITS = {"simple": 6.0, "two-phase": 6.0, "sharper": 12.0, "continuous": 60.0, "best": 100.0}
"""Of one bound against 100 logarithms of 128 bits, 0.05 to 0.1 ms."""


def random_constants(count: int, seed: int = 0) -> dict[str, Any]:
    """b_0 and L over 30 decades each, the gap and the gradient bound over 10 to 15 decades below the largest allowed."""
    rng = np.random.default_rng(seed)
    L = 10 ** rng.uniform(-15, 15, count)
    sphere = rng.uniform(size=count) < 0.5
    return {
        "squared_norm": 10 ** rng.uniform(-15, 15, count),
        "smoothness": L,
        "gap": np.pi**2 / 4 * L * 10 ** rng.uniform(-15, 0, count),
        "gradient_bound": np.pi / 2 * L * np.where(sphere, 1.0, 10 ** rng.uniform(-10, 0, count)),
    }


def _constants(given: dict[str, Any], i: int) -> Constants:
    return one_block(learning_rate=1, **{name: float(values[i]) for name, values in given.items()})


def applies(method: str, given: dict[str, Any]) -> np.ndarray:
    """Two phases need b_0 < Gbar."""
    return np.flatnonzero((given["squared_norm"] < given["gradient_bound"]) | (method != "two-phase"))


def _bounds(several: Sequence[Constants], method: str) -> None:
    for constants in several:
        bound_of_constants(constants, 1000, None, *read_methods(method))


def _logarithms() -> None:
    with ctx.workprec(128):
        x = arb("1.2345")
        for _ in range(COUNT * 100):
            x.log()


def measure(rounds: int = 7) -> list[Ratio]:
    """From exact constants to an enclosure in decimals."""
    runs: dict[str, Callable[[], float]] = {LOGARITHMS: call(_logarithms)}
    limits = {}
    given = random_constants(4 * COUNT)
    for method, limit in LIMITS.items():
        several = [_constants(given, int(i)) for i in applies(method, given)[:COUNT]]
        name = f"{COUNT} certified, {method}"
        runs[name], limits[name] = call(partial(_bounds, several, method)), limit
    return ratios(runs, LOGARITHMS, limits, rounds)


def agreement(count: int = 10_000) -> list[str]:
    """One line a form: the largest relative distance of a float from its enclosure, the widest enclosure, the median time."""
    given = random_constants(count, seed=1)
    lines = []
    for method in ("simple", "sharper", "two-phase", "continuous"):
        floats = rt.bound_gd(learning_rate=1.0, steps=1, method=method, **given)
        distance, width, enclosing, printing = 0.0, 0.0, [], []
        for i in applies(method, given):
            constants = _constants(given, int(i))
            methods, every = read_methods(method)
            start = time.perf_counter()
            certified(constants, methods, every)
            middle = time.perf_counter()
            bound = bound_of_constants(constants, 10**9, None, methods, every)
            enclosing.append(middle - start)
            printing.append(time.perf_counter() - middle)
            distance, width = max(distance, abs(floats.total[i] / bound.total - 1)), max(width, _width(bound))
        lines.append(
            f"{method}: {len(enclosing)} constants, floats within {distance:.1e} of the enclosures, "
            f"these at most {width:.1e} wide; median {statistics.median(enclosing) * 1e3:.3f} ms to the enclosure, "
            f"{statistics.median(printing) * 1e3:.3f} ms to the bound in decimals"
        )
    return lines


def _width(bound: Any) -> float:
    low, high = map(Fraction, bound.enclosure)
    return float((high - low) / high) if high else 0.0
