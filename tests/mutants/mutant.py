"""What a mutant is: a claim made false on purpose, to show that the attack can tell.

Each mutant changes one conclusion (a constant beyond its measured tightness, an exponent, a sign, a relation, a missing
term), or drops one hypothesis. ``counterexamples/NAME.json`` records an instance that shows it false.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ratetheory.claims import claims
from ratetheory.claims.statement import Claim, Formula

COUNTEREXAMPLES = Path(__file__).parent / "counterexamples"


@dataclass(frozen=True)
class Mutant:
    """A false claim; ``drops`` is the hypothesis that it lacks, if that is all that makes it false."""

    name: str
    claim: Claim
    drops: str | None = None

    @property
    def file(self) -> Path:
        """Its recorded counterexample."""
        return COUNTEREXAMPLES / f"{self.name}.json"


def _changed(claim: Claim, conclusion: str, **changes: Any) -> Claim:
    changed = (replace(c, **changes) if c.slug == conclusion else c for c in claim.conclusions)
    return replace(claim, conclusions=tuple(changed))


def _scaled(formula: Formula, factor: float) -> Formula:
    return lambda m, s: factor * formula(m, s)


class Mutants:
    """Collects the mutants of one claim."""

    def __init__(self, slug: str) -> None:
        self.claim = claims[slug]
        self.found: list[Mutant] = []

    def change(self, name: str, conclusion: str, **changes: Any) -> None:
        """One conclusion with another ``left``, ``right`` or ``relation``."""
        self.found.append(Mutant(f"{self.claim.slug}.{name}", _changed(self.claim, conclusion, **changes)))

    def scale(self, name: str, conclusion: str, factor: float) -> None:
        """The right side of one conclusion times a factor."""
        self.change(name, conclusion, right=_scaled(self.claim.conclusion(conclusion).right, factor))

    def drop(self, *hypotheses: str) -> None:
        """The claim without one of its hypotheses, for each."""
        for slug in hypotheses:
            self.found.append(Mutant(f"{self.claim.slug}.without-{slug}", self.claim.without(slug), slug))
