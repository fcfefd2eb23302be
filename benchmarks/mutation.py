"""The mutation score: every generated mutant that is known to be false is refuted by its recorded counterexample.

The mutants made by hand are attacked afresh instead, all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from ratetheory.attack.replay import replay
from ratetheory.attack.search import attack
from ratetheory.claims import claims
from tests.mutants.mutants import MUTANTS
from tests.mutants.recorded import false_mutants, load


@dataclass(frozen=True)
class Score:
    """Of one claim: how many false mutants are refuted, and the names of those of which nobody knows whether they are false."""

    claim: str
    refuted: int
    false: int
    unknown: tuple[str, ...]


def measure() -> list[Score]:
    """Replay the recorded counterexamples of all claims."""
    scores = []
    for slug in claims:
        mutants = false_mutants(slug)
        refuted = sum(replay(found, {slug: mutant.claim}).status == "refuted" for mutant, found in mutants.values())
        scores.append(Score(slug, refuted, len(mutants), tuple(load(slug).unknown)))
    return scores


def standing() -> list[str]:
    """The mutants made by hand that the attack does not refute within twenty seconds."""
    return [name for name, mutant in MUTANTS.items() if attack(mutant.claim, seed=20, budget=20.0).status != "refuted"]


def report(scores: list[Score]) -> bool:
    """Print the table and the mutants without a witness; whether every false mutant is refuted."""
    print(f"\n{'mutants of':<24} {'false':>6} {'refuted':>8} {'equivalent or unknown':>22}")
    for score in scores:
        print(f"{score.claim:<24} {score.false:>6} {score.refuted:>8} {len(score.unknown):>22}")
    false, refuted = sum(s.false for s in scores), sum(s.refuted for s in scores)
    print(f"{'mutation score':<24} {false:>6} {refuted:>8} {100 * refuted / false:>21.1f}%")
    print("\nequivalent or unknown (in no score):")
    for score in scores:
        for name in score.unknown:
            print(f"  {name}")
    unrefuted = standing()
    print(f"\nmade by hand and attacked afresh: {len(MUTANTS) - len(unrefuted)} of {len(MUTANTS)} refuted")
    for name in unrefuted:
        print(f"  {name}")
    return refuted == false and not unrefuted
