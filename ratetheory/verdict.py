"""Verdicts: what a witness says of a claim, and how the words of several witnesses add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Witness = Literal["derivation", "attack", "formal", "observation"]

STATUSES: dict[str, tuple[str, ...]] = {
    "derivation": ("proved", "refuted", "undecided"),
    "attack": ("survived", "refuted", "undecided"),
    "formal": ("proved", "failed", "absent"),
    "observation": ("held", "violated", "not resolvable", "not applicable"),
}

_EXIT_CODES = {
    "proved": 0,
    "held": 0,
    "refuted": 1,
    "violated": 1,
    "failed": 1,
    "undecided": 3,
    "not resolvable": 3,
    "survived": 3,
    "absent": 3,
}


@dataclass(frozen=True)
class Verdict:
    """What one witness says of one claim; ``status`` is one of ``STATUSES[witness]``.

    ``evidence`` is the proof's steps, the counterexample, or the slack; ``seconds`` is the time spent.
    """

    claim: str
    witness: Witness
    status: str
    evidence: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.status not in STATUSES[self.witness]:
            raise ValueError(f"status: {self.status!r} is no word of the witness {self.witness!r}: {STATUSES[self.witness]}")

    def as_dict(self) -> dict[str, Any]:
        """The verdict as plain data."""
        return asdict(self)


def overall(verdicts: Iterable[Verdict]) -> str:
    """``refuted`` if any witness refutes, ``proved`` if the derivation or the formal proof does, else ``undecided``.

    Surviving an attack never promotes.
    """
    verdicts = list(verdicts)
    if any(v.status in ("refuted", "violated") for v in verdicts):
        return "refuted"
    if any(v.witness in ("derivation", "formal") and v.status == "proved" for v in verdicts):
        return "proved"
    return "undecided"


def exit_code(statuses: Iterable[str]) -> int:
    """0 if everything is proved or held, 1 if anything is refuted or violated, 3 if anything is undecided.

    ``not applicable`` counts as neither; where nothing at all could be decided the code is 3.
    """
    codes = [_EXIT_CODES[s] for s in statuses if s != "not applicable"]
    if 1 in codes:
        return 1
    return 3 if 3 in codes or not codes else 0
