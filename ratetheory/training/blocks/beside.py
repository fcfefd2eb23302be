"""The table of a factory's model, found in a process of its own: ``python -m ratetheory.training.blocks.beside``."""

from __future__ import annotations

import sys
from typing import Any

from ratetheory.observation.families import Blocks, blocks_from_dict
from ratetheory.own.limits import Limited
from ratetheory.training.beside import answer, asked

BUDGET = 300.0
MEMORY = 16 * 2**30


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
    arguments = [place, str(int(explain))]
    found = asked("ratetheory.training.blocks.beside", place, arguments, budget, memory, "table is found")
    return blocks_from_dict(found["blocks"])


def _main() -> None:
    process = Limited(sys.argv[1:])
    place, explain = process.arguments
    sys.argv[:] = [place]

    def found() -> dict[str, Any]:
        from ratetheory.training.blocks.find import find_blocks
        from ratetheory.training.factory import load_model

        model, batch = load_model(place)
        return {"blocks": find_blocks(model, batch, explain=explain == "1").as_dict()}

    answer(process, found)


if __name__ == "__main__":
    _main()
