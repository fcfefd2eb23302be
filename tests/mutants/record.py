"""Record counterexamples: ``python -m tests.mutants.record`` for the mutants made by hand that have none, and
``python -m tests.mutants.record SLUG ...`` for the generated mutants of claims (``all``: of every claim)."""

import sys

from ratetheory.attack.replay import save_counterexample
from ratetheory.attack.search import attack
from ratetheory.claims import claims
from tests.mutants.mutant import COUNTEREXAMPLES
from tests.mutants.mutants import MUTANTS
from tests.mutants.recorded import record


def main(slugs: list[str]) -> None:
    COUNTEREXAMPLES.mkdir(exist_ok=True)
    for slug in claims if slugs == ["all"] else slugs:
        found = record(claims[slug])
        print(f"{slug}: {len(found.counterexamples)} refuted, {len(found.unknown)} equivalent or unknown")
    if slugs:
        return
    for mutant in MUTANTS.values():
        if not mutant.file.exists():
            verdict = attack(mutant.claim)
            print(mutant.name, verdict.status)
            if verdict.status == "refuted":
                save_counterexample(verdict.evidence["counterexample"], mutant.file)


if __name__ == "__main__":
    main(sys.argv[1:])
