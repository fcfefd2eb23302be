"""Generated mutants: the recorded counterexamples refute them, the true claim stands there, and the derivation proves none."""

from dataclasses import replace

import numpy as np
import pytest

from ratetheory.attack.arenas import arena_of
from ratetheory.attack.replay import replay
from ratetheory.attack.search import Undecided, judge
from ratetheory.claims import claims
from ratetheory.symbolic import derive
from tests.mutants.generator import generated
from tests.mutants.recorded import FOLDER, false_mutants, load
from tests.mutants.trace import formula_of, node, nodes, trace

FIXED = 6
"""Mutants of each claim that the suite replays; the benchmarks replay all."""


def fixed(slug):
    names = list(load(slug).counterexamples)
    return [names[index * len(names) // FIXED] for index in range(FIXED)] if len(names) > FIXED else names


CASES = [(slug, name) for slug in claims if (FOLDER / f"{slug}.json").exists() for name in fixed(slug)]


def test_every_claim_has_at_least_five_false_mutants():
    assert {slug: len(load(slug).counterexamples) >= 5 for slug in claims} == dict.fromkeys(claims, True)
    assert {path.stem for path in FOLDER.glob("*.json")} == set(claims)


@pytest.mark.parametrize("slug", list(claims))
def test_what_is_recorded_is_what_the_generator_makes(slug):
    recorded = load(slug)
    made = [mutant.name for mutant in generated(claims[slug], recorded.tightness)]
    assert len(made) == len(set(made))
    assert set(made) == set(recorded.counterexamples) | set(recorded.unknown)


@pytest.mark.parametrize(("slug", "name"), CASES)
def test_the_recorded_counterexample_refutes_the_mutant_and_not_the_claim(slug, name):
    mutant, found = false_mutants(slug)[name]
    assert replay(found, {slug: mutant.claim}).status == "refuted"
    if mutant.drops is None:
        assert replay(found, claims).status == "survived"
    else:
        with pytest.raises(Undecided, match=f"inapplicable, {mutant.drops}: "):
            replay(found, claims)


@pytest.mark.parametrize("slug", list(claims))
def test_the_derivation_proves_no_false_mutant(slug):
    name = fixed(slug)[-1]
    mutant, _ = false_mutants(slug)[name]
    assert derive(mutant.claim).verdict.status != "proved"


@pytest.mark.parametrize("slug", list(claims))
def test_a_traced_formula_has_the_values_of_the_formula(slug):
    claim = claims[slug]
    for conclusion in claim.conclusions:
        arena = arena_of(conclusion.setting or claim.setting)
        family = next(f for f in arena.families if claim.inapplicable(conclusion, arena.facts(f)) is None)
        record = arena.record(arena.sample(family, 3, 2, np.random.default_rng(0)))
        left, right = (formula_of(trace(side), {}) for side in (conclusion.left, conclusion.right))
        traced, plain = judge(replace(conclusion, left=left, right=right), record), judge(conclusion, record)
        for one, other in ((traced.left, plain.left), (traced.right, plain.right)):
            assert np.array_equal(one.value, other.value, equal_nan=True), conclusion.slug
            assert np.array_equal(one.error, other.error, equal_nan=True), conclusion.slug


def test_a_replaced_place_is_changed_and_no_other():
    tree = trace(lambda m, s: 2 * s.G + m.atan(s.G) * 2)
    doubled = next(here for here in nodes(tree) if here.kind == "number")

    class Numbers:
        G = 0.0

        @staticmethod
        def atan(x):
            return 1.0

    assert formula_of(tree, {})(Numbers, Numbers) == 2.0
    assert formula_of(tree, {doubled: node(5)})(Numbers, Numbers) in (2.0, 5.0)
    assert formula_of(tree, {here: node(5) for here in nodes(tree) if here.kind == "number"})(Numbers, Numbers) == 5.0
