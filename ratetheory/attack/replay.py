"""Counterexamples as small JSON files: written once, run again exactly, read strictly."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ratetheory.attack.arenas import arena_of, from_json, record_of
from ratetheory.attack.search import Undecided, counterexample, judge
from ratetheory.claims.statement import Claim
from ratetheory.files import write_file
from ratetheory.verdict import Verdict

MAX_BYTES = 1_000_000
_KEYS = {"schema", "claim", "conclusion", "instance", "violation"}
_VIOLATION = {"step": int, "block": int, "left": float, "right": float, "error": float}


def save_counterexample(found: Mapping[str, Any], path: str | Path) -> None:
    """Write a counterexample; ``FileExistsError`` rather than overwrite."""
    text = json.dumps(found, indent=1, allow_nan=False)
    on_one_line = re.sub(r"\[[^\[\]{}]*\]", lambda match: "[" + " ".join(match[0][1:-1].split()) + "]", text)
    write_file(Path(path), (on_one_line + "\n").encode(), force=False)


def load_counterexample(path: str | Path) -> dict[str, Any]:
    """Read a counterexample; ``ValueError`` with one line on anything that is none."""
    path = Path(path)
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"counterexample {path}: {error.strerror}; allowed: a readable JSON file") from error
    if len(content) > MAX_BYTES:
        raise ValueError(f"counterexample {path}: too large; allowed: at most {MAX_BYTES} bytes")
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"counterexample {path}: not JSON; allowed: a file that verify wrote") from error
    return checked(data)


def checked(data: Any) -> dict[str, Any]:
    """The mapping itself if it has the form of a counterexample; ``ValueError`` with one line otherwise."""
    if not isinstance(data, Mapping) or set(data) != _KEYS:
        raise ValueError(f"counterexample: allowed: an object with exactly the keys {', '.join(sorted(_KEYS))}")
    if data["schema"] != 1 or isinstance(data["schema"], bool):
        raise ValueError(f"schema: {str(data['schema'])[:40]!r} is not known; allowed: 1")
    for key in ("claim", "conclusion"):
        if not isinstance(data[key], str):
            raise ValueError(f"{key}: allowed: a slug")
    violation = data["violation"]
    if not isinstance(violation, Mapping) or set(violation) != set(_VIOLATION):
        raise ValueError(f"violation: allowed: an object with exactly the keys {', '.join(_VIOLATION)}")
    for key, kind in _VIOLATION.items():
        number = violation[key]
        allowed = (int, float) if kind is float else int
        if isinstance(number, bool) or not isinstance(number, allowed) or not _in_range(number):
            raise ValueError(f"violation.{key}: allowed: a finite number")
    return dict(data)


def _in_range(number: int | float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def replay(source: Mapping[str, Any] | str | Path, claims: Mapping[str, Claim]) -> Verdict:
    """Run a recorded counterexample again against the claim of its slug among ``claims``.

    ``refuted`` if the conclusion is violated for certain, ``survived`` if it is not. Raises ``Undecided`` if the claim does
    not speak of the instance because a hypothesis fails there, or if the two sides are not finite numbers; ``ValueError`` if
    the counterexample is malformed.
    """
    start = time.monotonic()
    data = checked(source) if isinstance(source, Mapping) else load_counterexample(source)
    claim = claims.get(data["claim"])
    if claim is None:
        raise ValueError(f"claim: {data['claim'][:40]!r} is not known; allowed: {', '.join(claims)}")
    try:
        conclusion = claim.conclusion(data["conclusion"])
    except KeyError as error:
        known = ", ".join(c.slug for c in claim.conclusions)
        raise ValueError(f"conclusion: {data['conclusion'][:40]!r} is none of {claim.slug}; allowed: {known}") from error
    instance = from_json(data["instance"])
    if instance.setting != (conclusion.setting or claim.setting):
        raise ValueError(f"setting: {instance.setting!r} is not where {conclusion.slug} is attacked")
    if reason := claim.inapplicable(conclusion, arena_of(instance.setting).facts(instance.family)):
        raise Undecided(f"{claim.slug}: the instance is inapplicable, {reason}", {"inapplicable": reason})
    judgement = judge(conclusion, record_of(instance))
    if not judgement.decided.any():
        raise Undecided(f"{claim.slug}: the two sides of {conclusion.slug} are not finite numbers on this instance", {})
    status = "refuted" if np.any(judgement.closeness > 0) else "survived"
    evidence = {"instances": 1, "replayed": counterexample(claim, conclusion, instance)}
    return Verdict(claim.slug, "attack", status, evidence, None, time.monotonic() - start)
