"""Record a counterexample for each mutant that has none: ``python -m tests.mutants.record``."""

from ratetheory.attack.replay import save_counterexample
from ratetheory.attack.search import attack
from tests.mutants.mutant import COUNTEREXAMPLES
from tests.mutants.mutants import MUTANTS


def main() -> None:
    COUNTEREXAMPLES.mkdir(exist_ok=True)
    for mutant in MUTANTS.values():
        if not mutant.file.exists():
            verdict = attack(mutant.claim)
            print(mutant.name, verdict.status)
            if verdict.status == "refuted":
                save_counterexample(verdict.evidence["counterexample"], mutant.file)


if __name__ == "__main__":
    main()
