"""Runs the file of a user's own claim and answers with what it states, as data: ``python -m ratetheory.own.read``."""

from __future__ import annotations

import contextlib
import sys
import traceback
from os import _exit
from types import ModuleType
from typing import Any

from ratetheory.own.data import MAX_POINTS, to_data
from ratetheory.own.limits import Limited
from ratetheory.own.writing import OwnClaim

_NAME = "CLAIM"


def main() -> None:
    """Read the file whose path comes after the limits."""
    process = Limited(sys.argv[1:])
    (path,) = process.arguments
    sys.argv[:] = [path]
    try:
        process.answer({"claim": statement(path)})
    except MemoryError:
        process.answer({"limit": "memory"})
    except BaseException as error:  # whatever the file raises is a report, not an end
        process.answer({"error": _report(error, path)})
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    # the claim is read: threads of the file that go on, or what it does at exit, are not waited for
    _exit(0)


def statement(path: str) -> dict[str, Any]:
    """What the file states, as data; whatever the file raises."""
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    module = ModuleType("own_claim")
    module.__file__ = path
    sys.modules["own_claim"] = module
    exec(code, vars(module))
    own = getattr(module, _NAME, None)
    if not isinstance(own, OwnClaim):
        raise ValueError(f"no {_NAME} in the file; allowed: {_NAME} = claim(...)")
    return to_data(own, None if own.sampler is None else _points(own))


def _points(own: OwnClaim) -> Any:
    import numpy as np

    assert own.sampler is not None
    points = own.sampler(np.random.default_rng(0), MAX_POINTS)
    if not isinstance(points, dict):
        raise ValueError(f"sampler: {points!r:.60} is not allowed; allowed: a dictionary with as many numbers for each letter")
    return points


def _report(error: BaseException, path: str) -> str:
    """The error in one line, with the last line of the file that had to do with it."""
    if isinstance(error, SyntaxError) and error.lineno is not None and error.filename == path:
        return f"line {error.lineno}: {type(error).__name__}: {error.msg}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    place = f"line {lines[-1]}: " if lines else ""
    if isinstance(error, SystemExit):
        return f"{place}the file ends the process (exit code {str(error.code)[:40]})"
    text = str(error)[:500]
    if isinstance(error, TypeError) and "Term" in text:
        text += "; allowed in a formula: + - * / ** and the functions of m"
    name = "" if isinstance(error, ValueError) and text else type(error).__name__
    return place + ": ".join(filter(None, (name, text)))


if __name__ == "__main__":
    main()
