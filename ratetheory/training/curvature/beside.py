"""The curvature of a factory's model, in a process of its own: ``python -m ratetheory.training.curvature.beside``."""

from __future__ import annotations

import json
import sys
from typing import Any

from ratetheory.own.limits import Limited
from ratetheory.training.beside import answer, asked


def curvature_of(place: str, checkpoints: list[str], blocks: str | None, budget: float, memory: int) -> dict[str, Any]:
    """What ``curvature`` and ``smoothness_along`` find of a factory's model, as plain data.

    The factory's code runs, with limits of time (seconds) and memory (bytes of address space); it is no sandbox.
    ``ValueError``: the factory cannot be used, its model cannot be measured, or a limit is met.
    """
    question = json.dumps({"place": place, "checkpoints": checkpoints, "blocks": blocks})
    return asked("ratetheory.training.curvature.beside", place, [question], budget, memory, "curvature is known")


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
    rate = suggested_rate(along, blocks)
    return {
        "rows": here.rows(),
        "curvature": here.as_dict(),
        "smoothness": along.as_dict(),
        "rate": str(rate),
        "below": rate.below,
    }


def _main() -> None:
    process = Limited(sys.argv[1:])
    question = json.loads(process.arguments[0])
    sys.argv[:] = [question["place"]]
    answer(process, lambda: found(question["place"], question["checkpoints"], question["blocks"]))


if __name__ == "__main__":
    _main()
