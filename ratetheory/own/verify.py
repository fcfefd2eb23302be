"""A user's own claim from its file to its verdicts."""

from __future__ import annotations

import json
import stat
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ratetheory.attack.replay import checked as checked_counterexample
from ratetheory.attack.replay import load_counterexample
from ratetheory.own import limits
from ratetheory.own.data import Checked, from_data
from ratetheory.verdict import Verdict, overall
from ratetheory.visible import visible
from ratetheory.witnesses import Verification, without

BUDGET = 60.0
MEMORY = 2 * 2**30
MOST_BUDGET = 1e6
LEAST_MEMORY, MOST_MEMORY = 2**29, 2**40
_READING_SECONDS = 20.0
_STARTING_SECONDS = 15.0
_GRACE = 10.0
MAX_BYTES = 1_000_000


class BadFile(ValueError):
    """The file is none of a claim; the message is one line that names the file, the line and what is wrong."""


class LimitMet(RuntimeError):
    """The file used up its time or its memory, so that nothing is known of the claim."""


@dataclass(frozen=True)
class FileVerification(Verification):
    """The verdicts of a user's own claim, each conclusion as it was read, and what the file printed."""

    statements: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    checked: Checked | None = None
    printed: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The verification as plain data."""
        return {**super().as_dict(), "statements": self.statements, "warnings": list(self.warnings)}


def verify_file(
    path: str | Path, seed: int = 0, budget: float = BUDGET, memory: int = MEMORY, drop: str | None = None
) -> FileVerification:
    """Put the claim of a Python file through all witnesses. The file's code runs: it may do whatever its user may.

    Args:
        path: the file, which names its claim ``CLAIM = claim(...)``.
        seed: seed of the random instances.
        budget: seconds for the judgement, at most a million, after at most 20 for reading the file.
        memory: bytes of address space for each of the two processes; 512 MiB to 1 TiB.
        drop: a hypothesis to leave out.

    Raises:
        ValueError: the file is no claim (``BadFile``), or an argument is not allowed.
    """
    _check(budget, memory)
    try:
        data, checked, printed = _read(path, min(_READING_SECONDS, budget + _GRACE), memory)
    except LimitMet as met:
        slug = Path(path).name
        return FileVerification(slug, _undecided(slug, str(met), seed), "undecided")
    checked = lacking(checked, drop)
    asked = {"claim": data, "drop": drop, "seed": seed, "budget": budget, "replay": None}
    ended = limits.run("ratetheory.own.judge", [], json.dumps(asked).encode(), budget + _STARTING_SECONDS, memory)
    return _verification(checked, ended, seed, printed)


def replay_file(
    path: str | Path, found: str | Path, budget: float = BUDGET, memory: int = MEMORY, drop: str | None = None
) -> Verdict | str:
    """Run a saved counterexample to the claim of a file again: the verdict, or why it is undecided.

    Raises:
        ValueError: the file is no claim, or the counterexample none of it.
    """
    _check(budget, memory)
    counterexample = load_counterexample(found)
    try:
        data, checked, _ = _read(path, min(_READING_SECONDS, budget + _GRACE), memory)
    except LimitMet as met:
        return str(met)
    lacking(checked, drop)
    asked = {"claim": data, "drop": drop, "seed": 0, "budget": budget, "replay": counterexample}
    ended = limits.run("ratetheory.own.judge", [], json.dumps(asked).encode(), budget + _STARTING_SECONDS, memory)
    answer = ended.answer[-1] if ended.answer else {}
    if "error" in answer:
        raise ValueError(answer["error"])
    if "replayed" in answer:
        return Verdict(**answer["replayed"])
    return answer.get("undecided", _why(ended))


def lacking(checked: Checked, drop: str | None) -> Checked:
    """The claim without a hypothesis; ``ValueError`` if it has none of that name."""
    return checked if drop is None else replace(checked, claim=without(checked.claim, drop))


def _check(budget: float, memory: int) -> None:
    if not 0 < budget <= MOST_BUDGET:
        raise ValueError(f"budget: {budget} is not allowed; allowed: seconds above 0, at most {MOST_BUDGET:.0f}")
    if not LEAST_MEMORY <= memory <= MOST_MEMORY:
        raise ValueError(f"memory: {memory} is not allowed; allowed: bytes from {LEAST_MEMORY} to {MOST_MEMORY}")


# --- reading --------------------------------------------------------------------------------------------------------------


def _read(path: str | Path, seconds: float, memory: int) -> tuple[dict[str, Any], Checked, str]:
    """What the file states, as data and checked, and what it printed."""
    name = visible(str(path))
    try:
        found = Path(path).stat()
    except (OSError, ValueError) as error:
        raise BadFile(f"{name}: {getattr(error, 'strerror', None) or error}; allowed: a Python file with a claim") from error
    if not stat.S_ISREG(found.st_mode):
        raise BadFile(f"{name}: no file; allowed: a Python file with a claim")
    if found.st_size > MAX_BYTES:
        raise BadFile(f"{name}: {found.st_size} bytes; allowed: at most {MAX_BYTES}")
    start = time.monotonic()
    ended = limits.run("ratetheory.own.read", [str(Path(path).absolute())], b"", seconds, memory)
    if ended.stopped == "answer":
        raise BadFile(f"{name}: what the file states is too large; allowed: at most {limits.MAX_ANSWER} bytes")
    if ended.stopped is not None:
        raise LimitMet(f"reading the file met its limit of {_limit(ended.stopped, time.monotonic() - start, memory)}")
    answer = ended.answer[0] if len(ended.answer) == 1 and isinstance(ended.answer[0], dict) else {}
    if answer.get("limit") == "memory":
        raise LimitMet(f"reading the file met its limit of {_limit('memory', 0, memory)}")
    if isinstance(answer.get("error"), str):
        raise BadFile(f"{name}: {visible(answer['error'])}")
    if "claim" not in answer:
        raise BadFile(f"{name}: the file ends its process (code {ended.code}) before its claim could be read")
    try:
        return answer["claim"], from_data(answer["claim"]), ended.printed
    except ValueError as error:
        raise BadFile(f"{name}: {visible(str(error))}") from error


def _limit(kind: str, seconds: float, memory: int) -> str:
    return f"{memory / 2**30:.3g} GiB of memory" if kind == "memory" else f"time, {seconds:.3g} s"


# --- judging --------------------------------------------------------------------------------------------------------------


def _verification(checked: Checked, ended: limits.Ended, seed: int, printed: str) -> FileVerification:
    slug = checked.claim.slug
    answers = [answer for answer in ended.answer if isinstance(answer, dict)]
    sent = {answer["verdict"]["witness"]: Verdict(**answer["verdict"]) for answer in answers if "verdict" in answer}
    missing = Verdict(slug, "derivation", "undecided", {"reason": _why(ended)})
    attacked = sent.get("attack", Verdict(slug, "attack", "undecided", {"reason": _why(ended)}, seed))
    if "counterexample" in attacked.evidence:
        checked_counterexample(attacked.evidence["counterexample"])
    verdicts = (sent.get("derivation", missing), attacked, Verdict(slug, "formal", "absent"))
    status, warnings = overall(verdicts), list[str]()
    vacuous = [name for name, one in attacked.evidence.get("conclusions", {}).items() if one["instances"] == 0]
    if status == "proved" and (vacuous or "conclusions" not in attacked.evidence):
        # from hypotheses that contradict each other everything follows
        status = "undecided"
        which = ", ".join(vacuous) or slug
        warnings.append(f"the attack met no instance of {which}: its hypotheses may contradict each other, or need a sampler")
    statements: dict[str, str] = next((answer["statements"] for answer in answers if "statements" in answer), {})
    return FileVerification(slug, verdicts, status, statements, tuple(warnings), checked, visible_lines(printed))


def visible_lines(text: str) -> str:
    """The text, line by line as ``visible`` shows it."""
    return "\n".join(visible(line) for line in text.splitlines())


def _why(ended: limits.Ended) -> str:
    if ended.stopped == "time":
        return "the judgement met its limit of time"
    if ended.stopped == "memory" or {"limit": "memory"} in ended.answer:
        return "the judgement met its limit of memory"
    return f"the judgement ended early (code {ended.code})"


def _undecided(slug: str, reason: str, seed: int) -> tuple[Verdict, ...]:
    evidence = {"reason": reason}
    return (
        Verdict(slug, "derivation", "undecided", evidence),
        Verdict(slug, "attack", "undecided", evidence, seed),
        Verdict(slug, "formal", "absent"),
    )
