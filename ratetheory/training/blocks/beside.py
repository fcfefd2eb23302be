"""The table of a factory's model, found in a process of its own: ``python -m ratetheory.training.blocks.beside``."""

from __future__ import annotations

import sys
from os import _exit

from ratetheory.observation.families import Blocks, blocks_from_dict
from ratetheory.own.limits import MAX_ANSWER, Limited, run

BUDGET = 300.0
MEMORY = 16 * 2**30
LEAST_MEMORY, MOST_MEMORY = 2**30, 2**44
MOST_BUDGET = 1e6


def blocks_of(place: str, explain: bool = True, budget: float = BUDGET, memory: int = MEMORY) -> Blocks:
    """``find_blocks`` of what a factory returns. The factory's code runs, with limits of time and memory; it is no sandbox.

    Args:
        place: ``module:factory`` or ``file.py:factory``.
        explain: whether to follow degrees of homogeneity.
        budget: seconds, at most a million.
        memory: bytes of address space, from 1 GiB.

    Raises:
        ValueError: the factory cannot be used, the model cannot be judged, or a limit is met.
    """
    if not 0 < budget <= MOST_BUDGET:
        raise ValueError(f"budget: {budget} is not allowed; seconds above 0, at most {MOST_BUDGET:.0f} are")
    if not LEAST_MEMORY <= memory <= MOST_MEMORY:
        raise ValueError(f"memory: {memory} is not allowed; bytes from {LEAST_MEMORY} to {MOST_MEMORY} are")
    ended = run("ratetheory.training.blocks.beside", [place, str(int(explain))], b"", budget, memory)
    answer = next((a for a in ended.answer if isinstance(a, dict)), {})
    if ended.stopped == "time":
        raise ValueError(f"budget: the {budget:g} seconds are over before the table is found; --budget allows more")
    if ended.stopped == "answer":
        raise ValueError(f"factory: {place}: the table is larger than {MAX_ANSWER} bytes")
    if ended.stopped == "memory" or answer.get("limit") == "memory":
        raise ValueError(f"memory: {memory / 2**30:.3g} GiB are not enough; --memory allows more")
    if "error" in answer:
        raise ValueError(str(answer["error"]))
    if "blocks" not in answer:
        raise ValueError(f"factory: {place}: its process ends early (code {ended.code})")
    return blocks_from_dict(answer["blocks"])


def _main() -> None:
    process = Limited(sys.argv[1:])
    place, explain = process.arguments
    sys.argv[:] = [place]
    try:
        from ratetheory.training.blocks.find import find_blocks
        from ratetheory.training.factory import load_model

        model, batch = load_model(place)
        process.answer({"blocks": find_blocks(model, batch, explain=explain == "1").as_dict()})
    except MemoryError:
        process.answer({"limit": "memory"})
    except BaseException as error:  # whatever the factory raises is a report, not an end
        text = " ".join(str(error).split())[:500]
        process.answer(
            {"error": text if isinstance(error, ValueError) and text else f"factory: {type(error).__name__}: {text}"}
        )
    _exit(0)


if __name__ == "__main__":
    _main()
