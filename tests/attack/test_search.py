from dataclasses import replace

import pytest

from ratetheory.attack import search as attacking
from ratetheory.attack.arenas import from_json, record_of
from ratetheory.attack.arenas.descent import facts, invalid
from ratetheory.attack.search import Undecided, attack, violates
from ratetheory.claims import claims
from ratetheory.claims.statement import Conclusion, Hypothesis
from tests.attack.families import FAMILIES

NEVER = Hypothesis("never", "no instance meets this", "never", lambda facts: "it never holds")


def changed(slug, conclusion, **changes):
    claim = claims[slug]
    return replace(claim, conclusions=(replace(claim.conclusion(conclusion), **changes),))


@pytest.mark.parametrize("slug", claims)
def test_every_claim_survives_and_says_how_closely(slug, monkeypatch):
    # for time a search of half the length, and of many conclusions every other one: the table of the README is made of all;
    # error bars a third as wide are found too small for as many claims as by the whole search
    monkeypatch.setattr(attacking, "_GENERATIONS", 7)
    monkeypatch.setattr(attacking, "_ASCENT", 4)
    claim = claims[slug]
    claim = replace(claim, conclusions=claim.conclusions[:: 2 if len(claim.conclusions) > 5 else 1])
    verdict = attack(claim, seed=3, instances=20)
    assert (verdict.claim, verdict.witness, verdict.status, verdict.seed) == (slug, "attack", "survived", 3)
    assert set(verdict.evidence["conclusions"]) == {c.slug for c in claim.conclusions}
    for name, found in verdict.evidence["conclusions"].items():
        assert found["instances"] >= 20, name
        assert found["slack"] >= 0, name
        conclusion, worst = claim.conclusion(name), from_json(found["worst"])
        closeness = attacking.judge(conclusion, record_of(worst)).closeness
        assert -closeness[0] == pytest.approx(found["slack"], rel=1e-6, abs=1e-14), "the worst instance shows its slack"


def test_the_same_seed_finds_the_same():
    first, second = (attack(claims["hessian-homogeneity"], seed=5, instances=20).evidence for _ in range(2))
    assert first == second
    assert attack(claims["hessian-homogeneity"], seed=6, instances=20).evidence != first


def test_the_search_refutes_what_random_instances_do_not(monkeypatch):
    """One point with |G| = 1.45 L on the circle needs a wave, a phase and a start that fit together."""
    claim = changed("gradient-diameter", "gradient", right=lambda m, s: 1.45 * s.L)
    verdict = attack(claim, seed=0, instances=4)
    assert verdict.status == "refuted"
    assert verdict.evidence["counterexample"]["instance"]["family"].startswith("circle")

    def no_search(outcome, rng, deadline):
        outcome.searched = True
        return iter(())

    monkeypatch.setattr(attacking, "_by_search", no_search)
    assert attack(claim, seed=0, instances=4).status == "survived"


def test_a_counterexample_is_small_and_violates():
    claim = changed("norm-growth", "norm", right=lambda m, s: s.S)
    found = attack(claim, seed=1).evidence["counterexample"]
    instance = from_json(found["instance"])
    assert invalid(instance) is None
    assert violates(claim.conclusions[0], instance)
    assert instance.steps == 1
    assert instance.numbers["w"].shape[-1] == 2
    assert all(len(repr(x)) <= 8 for x in instance.numbers["w"].ravel().tolist())
    assert found["violation"]["left"] > found["violation"]["right"] + found["violation"]["error"]


def test_a_violation_that_needs_several_steps_keeps_the_fewest():
    claim = changed("growth-certificate", "upper", right=lambda m, s: (s.b_last**2 - s.b_first**2) / 2 * (3 / m.steps(s.G)))
    instance = from_json(attack(claim, seed=1).evidence["counterexample"]["instance"])
    assert instance.steps >= 3
    assert not violates(claim.conclusions[0], replace(instance, steps=instance.steps - 1))


def test_a_conclusion_without_an_instance_is_never_a_success():
    claim = replace(claims["norm-growth"], hypotheses=(NEVER,))
    with pytest.raises(Undecided, match="no instance applies to norm, rate") as error:
        attack(claim)
    assert error.value.evidence["conclusions"]["norm"]["instances"] == 0


def test_one_conclusion_without_an_instance_suffices():
    claim = claims["norm-growth"]
    first, second = claim.conclusions
    claim = replace(claim, conclusions=(first, replace(second, hypotheses=(NEVER,))))
    with pytest.raises(Undecided, match="no instance applies to rate"):
        attack(claim, instances=10)


def test_sides_that_are_not_numbers_are_undecided():
    nothing = Conclusion("nothing", lambda m, s: s.G * 0 / (s.G * 0), "<=", lambda m, s: s.G)
    infinite = Conclusion("infinite", lambda m, s: s.G, "<=", lambda m, s: s.G * 0 + m.infinity)
    for conclusion in (nothing, infinite):
        with pytest.raises(Undecided, match="no instance applies"):
            attack(replace(claims["norm-growth"], conclusions=(conclusion,)), instances=5)


@pytest.mark.parametrize("slug", ["gd-rate", "norm-growth"])
def test_a_budget_that_ends_early_is_undecided(slug):
    with pytest.raises(Undecided, match=r"the budget of 0.01 s ended before .* could be attacked") as error:
        attack(claims[slug], budget=0.01)
    assert set(error.value.evidence["conclusions"]) == {c.slug for c in claims[slug].conclusions}


def test_a_violation_within_the_budget_counts():
    claim = changed("euler-orthogonality", "orthogonal", right=lambda m, s: m.number(1))
    assert attack(claim, budget=5.0).status == "refuted"


@pytest.mark.parametrize("budget", [0, -1.0, float("nan"), float("inf")])
def test_a_senseless_budget_is_refused(budget):
    with pytest.raises(ValueError, match="budget"):
        attack(claims["norm-growth"], budget=budget)


@pytest.mark.parametrize("instances", [0, -5])
def test_a_senseless_count_is_refused(instances):
    with pytest.raises(ValueError, match="instances"):
        attack(claims["norm-growth"], instances=instances)


def test_no_trajectory_that_breaks_a_hypothesis_of_the_rate_is_used():
    found = attack(replace(claims["gd-rate"], conclusions=claims["gd-rate"].conclusions[:1]), instances=5)
    assert found.evidence["conclusions"]["envelope"]["worst"]["family"].count("/") == 0
    claim, spy = claims["gd-rate"], claims["gd-rate"].conclusion("envelope")
    applicable = {name for name, family in FAMILIES.items() if claim.inapplicable(spy, facts(family)) is None}
    assert not {name for name in applicable if "/" in name}


def test_a_linear_function_of_the_weights_needs_no_curvature_for_its_gradient():
    found = attack(claims["gradient-diameter"].without("scale-invariance"), seed=0).evidence["counterexample"]
    assert found["instance"]["family"] == "linear/free"
    a = found["instance"]["numbers"]["a"][0]
    assert found["violation"]["left"] == pytest.approx(sum(x * x for x in a) ** 0.5, rel=1e-12)
    assert found["violation"]["right"] == 0


def test_an_even_function_with_a_kink_has_a_larger_gradient_than_its_curvature_allows():
    found = attack(claims["gradient-diameter"].without("twice-differentiable"), seed=0).evidence["counterexample"]
    assert found["instance"]["family"] == "linear/kink"
    assert found["conclusion"].endswith("even")


def test_a_statement_about_the_horizon_alone_is_attacked():
    conclusion = Conclusion("c", lambda m, s: m.if_less(m.steps(s.G), 3, 0, -1), "<=", lambda m, s: m.number(0))
    true = replace(claims["norm-growth"], slug="horizon", hypotheses=(), conclusions=(conclusion,))
    assert attack(true, seed=0).status == "survived"
    false = replace(true, conclusions=(replace(conclusion, right=lambda m, s: -m.number(1) / 2),))
    assert attack(false, seed=0).status == "refuted"
