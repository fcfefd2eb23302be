"""Every mutant is false for certain, and the attack finds out afresh; the true claim stands on the same instance."""

from collections import Counter

import pytest

from ratetheory.attack.replay import replay
from ratetheory.attack.search import Undecided, attack
from ratetheory.claims import claims
from tests.mutants.mutant import COUNTEREXAMPLES
from tests.mutants.mutants import MUTANTS

SEED = 20
SECONDS = 20.0


def test_each_claim_has_mutants_made_by_hand():
    counts = Counter(mutant.claim.slug for mutant in MUTANTS.values())
    assert {slug: counts[slug] >= 3 for slug in claims} == dict.fromkeys(claims, True)


def test_each_mutant_has_a_recorded_counterexample_and_none_is_left_over():
    assert {path.stem for path in COUNTEREXAMPLES.glob("*.json")} == set(MUTANTS)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_recorded_counterexample_refutes_the_mutant(name):
    mutant = MUTANTS[name]
    assert replay(mutant.file, {mutant.claim.slug: mutant.claim}).status == "refuted"


@pytest.mark.parametrize("name", MUTANTS)
def test_the_true_claim_stands_on_the_same_instance(name):
    mutant = MUTANTS[name]
    if mutant.drops is None:
        assert replay(mutant.file, claims).status == "survived"
    else:
        with pytest.raises(Undecided, match=f"inapplicable, {mutant.drops}: "):
            replay(mutant.file, claims)


# every second one, for time: the benchmarks attack all of them
@pytest.mark.parametrize("name", sorted(MUTANTS)[::2])
def test_the_attack_refutes_the_mutant_afresh(name):
    verdict = attack(MUTANTS[name].claim, seed=SEED, budget=SECONDS)
    assert verdict.status == "refuted"
    assert verdict.seconds < SECONDS
