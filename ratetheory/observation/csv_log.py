"""Foreign logs: a CSV file of weight norms and gradient norms, read as a trace."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from ratetheory.observation.trace import Trace, check_name, check_values, labelled

CSV_LIMIT = 256 * 2**20
"""Largest CSV file that is read, in bytes."""
COLUMNS = ("step", "block", "squared_norm", "squared_gradient", "learning_rate")
GradientAt = Literal["w", "normalised"]

_Row = tuple[float | None, ...]
_Rows = dict[int, dict[str, _Row]]


@dataclass(frozen=True)
class BlockLog:
    """What is written of one block: T + 1 squared norms from step ``first`` on, the rest of T steps; ``None``: left empty."""

    first: int
    squared_norms: list[float | None]
    learning_rates: list[float | None]
    squared_gradients: list[float | None]


def load_csv(path: str | Path, gradient_at: GradientAt, facts: Mapping[str, Any] | None = None) -> Trace:
    """Load a log with the columns ``step, block, squared_norm, squared_gradient, learning_rate[, loss]``.

    One row a step and block, consecutive steps, of which the dataset keeps the numbers. A step has one loss: the rows that
    give one give the same. The last step gives the final norms alone: its gradient has led nowhere yet
    and may be left empty. ``gradient_at`` says where the gradient was taken: ``"w"`` (its square is kept) or
    ``"normalised"`` (at w/|w|; divided by |w|^2). ``facts`` adds what the log cannot say of itself, as the hypotheses read
    it. ``ValueError``: a missing column, a row with more fields than columns, a number that is none, a gap, two losses of one
    step, or a file beyond ``CSV_LIMIT``.
    """
    import xarray as xr

    path = Path(path)
    if gradient_at not in get_args(GradientAt):
        raise ValueError(f"gradient_at: {gradient_at!r} is not known; {', '.join(get_args(GradientAt))} are allowed")
    rows, with_loss = _rows(path, COLUMNS)
    names = _complete(rows, path)
    # what was left empty becomes nan, which check_values finds where it must not be
    steps = sorted(rows)
    table = np.array([[rows[step][name] for name in names] for step in steps], dtype=float)
    squared_norm, squared_gradient = table[:, :, 0], table[:-1, :, 1]
    if gradient_at == "normalised":
        squared_gradient = squared_gradient / squared_norm[:-1]
    data: dict[str, Any] = {
        "squared_norm": (("state", "block"), squared_norm),
        "squared_gradient": (("step", "block"), squared_gradient),
        "learning_rate": (("step", "block"), table[:-1, :, 2]),
    }
    if with_loss:
        data["loss"] = (("step",), np.array([_loss(rows[step], f"{path}: step {step}") for step in steps])[:-1])
    dataset = labelled(xr.Dataset(data), names, steps[0])
    check_values(dataset, str(path))
    run = {
        "specification": {"source": path.name, "gradient_at": gradient_at},
        "blocks": [{"name": name, "layer": name} for name in names],
    }
    known = {
        "constant_rate": bool((table[:-1, :, 2] == table[0, :, 2]).all()),
        "gradient_step_reason": "a foreign log does not say how the weights were updated",
        **(facts or {}),
    }
    return Trace(dataset, {**run, "facts": known}, known)


def load_block(path: str | Path) -> BlockLog:
    """Load the log of one block, in the form of ``load_csv``; ``squared_gradient`` may be left empty, or left out.

    The numbers are not checked. ``ValueError``: as ``load_csv``, and several blocks.
    """
    path = Path(path)
    rows, _ = _rows(path, tuple(c for c in COLUMNS if c != "squared_gradient"))
    names = _complete(rows, path)
    if len(names) > 1:
        raise ValueError(f"{path}: {len(names)} blocks; the log of one block is expected")
    steps = sorted(rows)
    norms, gradients, rates = zip(*(rows[step][names[0]][:3] for step in steps), strict=True)
    return BlockLog(steps[0], list(norms), list(rates[:-1]), list(gradients[:-1]))


def _rows(path: Path, needed: Sequence[str]) -> tuple[_Rows, bool]:
    if not path.is_file() or path.stat().st_size > CSV_LIMIT:
        raise ValueError(f"{path}: no regular file of at most {CSV_LIMIT} bytes")
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            return _read(file, path, needed)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: no readable CSV ({type(error).__name__})") from error


def _read(file: Any, path: Path, needed: Sequence[str]) -> tuple[_Rows, bool]:
    reader = csv.DictReader(file)
    missing = [c for c in needed if c not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(f"{path}: column {missing[0]} is missing; {', '.join(needed)}[, loss] are expected")
    numbers = [*COLUMNS[2:], *(["loss"] if "loss" in (reader.fieldnames or ()) else [])]
    rows: _Rows = {}
    for row in reader:
        place = f"{path}: line {reader.line_num}"
        if None in row:
            raise ValueError(f"{place}: more fields than the {len(reader.fieldnames or ())} columns of the header")
        text = row["step"] or ""
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise ValueError(f"{place}: step {text[:20]!r} is none; an integer from 0 is expected")
        at_step = rows.setdefault(int(text), {})
        name = check_name(row["block"], place)
        if name in at_step:
            raise ValueError(f"{place}: step {text}, block {name!r} stands twice")
        at_step[name] = tuple(_number(row.get(column), column, place) for column in numbers)
    return rows, "loss" in numbers


def _number(text: str | None, column: str, place: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"{place}: {column} {text[:20]!r} is no number") from error


def _loss(rows: Mapping[str, _Row], place: str) -> float:
    """The loss of a step, from the rows that give it; nan if none does."""
    given = {name: loss for name, (*_, loss) in rows.items() if loss is not None}
    first = next(iter(given), None)
    if first is None:
        return math.nan
    # what is no number is found where all values are checked
    other = next((name for name, loss in given.items() if loss != given[first] and math.isfinite(given[first])), None)
    if other is not None:
        raise ValueError(
            f"{place}: loss is {given[first]} in the row of {first!r}, {given[other]} in that of {other!r}; a step has one loss"
        )
    return given[first]


def _complete(rows: _Rows, path: Path) -> list[str]:
    steps = sorted(rows)
    if len(steps) < 2:
        raise ValueError(f"{path}: {len(steps)} steps; two at least are needed")
    if steps[-1] - steps[0] != len(steps) - 1:
        gap = next(a for a, b in pairwise(steps) if b != a + 1)
        raise ValueError(f"{path}: step {gap + 1} is missing; the steps must be consecutive")
    names = list(rows[steps[0]])
    for step in steps:
        if set(rows[step]) != set(names):
            raise ValueError(f"{path}: step {step} has other blocks than step {steps[0]}")
    return names
