"""The curvature of a factory's model, in a process of its own: ``python -m ratetheory.training.curvature.beside``."""

from __future__ import annotations

import json
import sys
from os import _exit
from typing import Any

from ratetheory.own.limits import Limited, run


def curvature_of(place: str, checkpoints: list[str], blocks: str | None, budget: float, memory: int) -> dict[str, Any]:
    """What ``curvature`` and ``smoothness_along`` find of a factory's model, as plain data.

    The factory's code runs, with limits of time (seconds) and memory (bytes of address space); it is no sandbox.
    ``ValueError``: the factory cannot be used, its model cannot be measured, or a limit is met.
    """
    if not 0 < budget <= 1e6:
        raise ValueError(f"budget: {budget} is not allowed; seconds above 0, at most 1000000 are")
    if not 2**30 <= memory <= 2**44:
        raise ValueError(f"memory: {memory} is not allowed; bytes from {2**30} to {2**44} are")
    asked = json.dumps({"place": place, "checkpoints": checkpoints, "blocks": blocks})
    ended = run("ratetheory.training.curvature.beside", [asked], b"", budget, memory)
    answer = next((a for a in ended.answer if isinstance(a, dict)), {})
    if ended.stopped == "time":
        raise ValueError(f"budget: the {budget:g} seconds are over before the curvature is known; --budget allows more")
    if ended.stopped == "memory" or answer.get("limit") == "memory":
        raise ValueError(f"memory: {memory / 2**30:.3g} GiB are not enough; --memory allows more")
    if "error" in answer:
        raise ValueError(str(answer["error"]))
    if "rate" not in answer:
        raise ValueError(f"factory: {place}: its process ends early (code {ended.code})")
    return answer


def found(place: str, checkpoints: list[str], table: str | None) -> dict[str, Any]:
    """As ``curvature_of``, in this process and without limits."""
    from ratetheory.observation.families import load_blocks
    from ratetheory.training.blocks import find_blocks
    from ratetheory.training.curvature import curvature, smoothness_along, suggested_rate
    from ratetheory.training.factory import load_model

    given = None if table is None else load_blocks(table)
    model, loss = load_model(place)
    blocks = find_blocks(model, loss, explain=False) if given is None else given
    here = curvature(model, loss, blocks)
    along = smoothness_along(model, loss, blocks, checkpoints)
    rate = suggested_rate(along)
    return {
        "rows": here.rows(),
        "curvature": here.as_dict(),
        "smoothness": along.as_dict(),
        "rate": str(rate),
        "below": rate.below,
    }


def _main() -> None:
    process = Limited(sys.argv[1:])
    asked = json.loads(process.arguments[0])
    sys.argv[:] = [asked["place"]]
    try:
        process.answer(found(asked["place"], asked["checkpoints"], asked["blocks"]))
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
