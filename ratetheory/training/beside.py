"""A factory's code in a process of its own, with limits of time and memory: how it is asked, and how it answers."""

from __future__ import annotations

from collections.abc import Callable
from os import _exit
from typing import Any

from ratetheory.own.limits import MAX_ANSWER, Limited, run

LEAST_MEMORY, MOST_MEMORY = 2**30, 2**44
MOST_BUDGET = 1e6


def asked(module: str, place: str, arguments: list[str], budget: float, memory: int, sought: str) -> dict[str, Any]:
    """What ``module`` answers in its process; ``budget`` seconds, ``memory`` bytes of address space; it is no sandbox.

    ``ValueError``: a limit is not allowed or met, the factory at ``place`` cannot be used, or its process ends early.
    """
    if not 0 < budget <= MOST_BUDGET:
        raise ValueError(f"budget: {budget} is not allowed; seconds above 0, at most {MOST_BUDGET:.0f} are")
    if not LEAST_MEMORY <= memory <= MOST_MEMORY:
        raise ValueError(f"memory: {memory} is not allowed; bytes from {LEAST_MEMORY} to {MOST_MEMORY} are")
    ended = run(module, arguments, b"", budget, memory)
    answer = next((a for a in ended.answer if isinstance(a, dict)), {})
    if ended.stopped == "time":
        raise ValueError(f"budget: the {budget:g} seconds are over before the {sought}; --budget allows more")
    if ended.stopped == "answer":
        raise ValueError(f"factory: {place}: the answer is larger than {MAX_ANSWER} bytes")
    if ended.stopped == "memory" or answer.get("limit") == "memory":
        raise ValueError(f"memory: {memory / 2**30:.3g} GiB are not enough; --memory allows more")
    if "error" in answer:
        raise ValueError(str(answer["error"]))
    if not answer:
        raise ValueError(f"factory: {place}: its process ends early (code {ended.code})")
    return answer


def answer(process: Limited, compute: Callable[[], dict[str, Any]]) -> None:
    """Answer with what is computed, or with why it could not be, and end the process."""
    try:
        process.answer(compute())
    except MemoryError:
        process.answer({"limit": "memory"})
    except BaseException as error:  # whatever the factory raises is a report, not an end
        text = " ".join(str(error).split())[:500]
        known = isinstance(error, ValueError) and text
        process.answer({"error": text if known else f"factory: {type(error).__name__}: {text}"})
    _exit(0)
