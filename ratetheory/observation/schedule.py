"""Schedules of learning rate and weight decay: CSV ``step,learning_rate[,weight_decay]``, read exactly."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from ratetheory.numeric.exact import read_count, read_nonnegative, read_positive, require, short_text
from ratetheory.numeric.norm_certificate import Window, constant_window, scheduled_window

SCHEDULE_LIMIT = 256 * 2**20
"""Largest schedule that is read, in bytes."""
_NEEDED = ("step", "learning_rate")


@dataclass(frozen=True)
class Schedule:
    """The rates of consecutive steps from ``first`` on; ``decays`` is ``None`` if the file has no column for them."""

    first: int
    rates: tuple[Fraction, ...]
    decays: tuple[Fraction, ...] | None

    def window(self, start: int, steps: int) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
        """Rates and decays of the steps from ``start`` on; ``ValueError`` if one is not in the schedule."""
        low = start - self.first
        if low < 0 or low + steps > len(self.rates):
            raise ValueError(
                f"schedule: steps {start} to {start + steps - 1} are asked for; it has {self.first} to "
                f"{self.first + len(self.rates) - 1}"
            )
        decays = self.decays or (Fraction(0),) * len(self.rates)
        return self.rates[low : low + steps], decays[low : low + steps]


def load_schedule(path: str | Path) -> Schedule:
    """Load a schedule, a row a step, the steps consecutive; numbers are decimals or rationals, 0 or above, read exactly.

    ``ValueError``: a missing column, a number that is none, a gap, or a file beyond ``SCHEDULE_LIMIT``.
    """
    path = Path(path)
    if not path.is_file() or path.stat().st_size > SCHEDULE_LIMIT:
        raise ValueError(f"{path}: no regular file of at most {SCHEDULE_LIMIT} bytes")
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = tuple(reader.fieldnames or ())
            for column in _NEEDED:
                if column not in columns:
                    raise ValueError(f"{path}: column {column} is missing; step,learning_rate[,weight_decay] are expected")
            rows = list(_rows(reader, "weight_decay" in columns, path))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: no readable CSV ({type(error).__name__})") from error
    if not rows:
        raise ValueError(f"{path}: no steps; one at least is expected")
    for (step, *_), (after, *_) in pairwise(rows):
        if after != step + 1:
            raise ValueError(f"{path}: step {step} is followed by {after}; the steps must be consecutive")
    _, rates, decays = zip(*rows, strict=True)
    return Schedule(rows[0][0], rates, decays if "weight_decay" in columns else None)


def windows_of(
    counts: Sequence[int], learning_rate: Any, schedule: str | Path | None, weight_decay: Any, first_step: Any
) -> tuple[list[Window], str, str]:
    """The windows of so many steps each, by one learning rate or a schedule's file, and both rates as text; ``ValueError``."""
    if (learning_rate is None) == (schedule is None):
        given = "both learning_rate and schedule" if schedule is not None else "neither learning_rate nor schedule"
        raise ValueError(f"learning_rate: {given} are given; one of them is allowed")
    decay = read_nonnegative(0 if weight_decay is None else weight_decay, "weight_decay")
    if schedule is None:
        require(first_step is None, "first_step", first_step, "none without a schedule")
        rate = read_positive(learning_rate, "learning_rate")
        return [constant_window(rate, decay, count) for count in counts], short_text(rate), short_text(decay)
    loaded = load_schedule(schedule)
    if loaded.decays is not None and weight_decay is not None:
        raise ValueError("weight_decay: the schedule has a column of that name; one of them is allowed")
    start, windows = loaded.first if first_step is None else read_count(first_step, "first_step", 0), []
    for count in counts:
        rates, decays = loaded.window(start, count)
        windows.append(scheduled_window(rates, decays if loaded.decays is not None else (decay,) * count, start))
        start += count
    return windows, str(schedule), short_text(decay) if loaded.decays is None else str(schedule)


def _rows(reader: csv.DictReader[str], with_decay: bool, path: Path) -> Iterator[tuple[int, Fraction, Fraction]]:
    seen: dict[str, Fraction] = {}  # most schedules repeat few numbers

    def number(text: str | None, column: str) -> Fraction:
        text = text or ""
        if text not in seen:
            seen[text] = read_nonnegative(text, f"{path}: line {reader.line_num}: {column}")
        return seen[text]

    for row in reader:
        if None in row:
            columns = len(reader.fieldnames or ())
            raise ValueError(f"{path}: line {reader.line_num}: more fields than the {columns} columns of the header")
        text = row["step"] or ""
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise ValueError(f"{path}: line {reader.line_num}: step {text[:20]!r} is none; an integer from 0 is expected")
        yield (
            int(text),
            number(row["learning_rate"], "learning_rate"),
            (number(row["weight_decay"], "weight_decay") if with_decay else Fraction(0)),
        )
