"""Interleaved timing: the runs of all candidates alternate, so that a machine's changing speed cancels in the ratios."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """How many times as long as ``reference`` something takes: median and range over the rounds; limit; seconds."""

    name: str
    reference: str
    median: float
    low: float
    high: float
    limit: float
    seconds: float

    @property
    def within(self) -> bool:
        """Whether the median respects the limit."""
        return self.median <= self.limit


def ratios(runs: Mapping[str, Callable[[], float]], reference: str, limits: Mapping[str, float], rounds: int) -> list[Ratio]:
    """Time all runs in turn, ``rounds`` times after one warm-up; the ratio to the reference within each round."""
    for run in runs.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(run())
    result = []
    for name, limit in limits.items():
        found = [mine / theirs for mine, theirs in zip(times[name], times[reference], strict=True)]
        median, seconds = statistics.median(found), statistics.median(times[name])
        result.append(Ratio(name, reference, median, min(found), max(found), limit, seconds))
    return result


def process(*arguments: str) -> Callable[[], float]:
    """Wall time of a whole process."""

    def run() -> float:
        start = time.perf_counter()
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    return run


def python(code: str) -> Callable[[], float]:
    """Wall time of a Python process that runs this code."""
    return process(sys.executable, "-c", code)


def call(function: Callable[[], object]) -> Callable[[], float]:
    """Wall time of a call."""

    def run() -> float:
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    return run
