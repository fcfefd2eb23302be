"""Every true claim is proved; no mutant is; citations are not circular; the budget is kept."""

from dataclasses import replace

import pytest
from sympy import Rational

from ratetheory.claims import claims, gd_rate
from ratetheory.symbolic import derivation as module
from ratetheory.symbolic import derive, render_text
from ratetheory.symbolic.derivation import derivations
from ratetheory.symbolic.hypotheses import cite
from ratetheory.symbolic.kernel import UNDER_DERIVATION, Context, lemma
from tests.symbolic.derived import derived

NOT_NEEDED = {("geodesic-descent", "constant-rate"), ("log-lyapunov", "scale-variant-rate")}
"""Hypotheses without which the claim still holds as it is written: b_t is S_t/eta_t at the step itself, and Phi falls by
kappa eta_g |H|^2 whatever the sign of kappa."""

DROPPED = [
    (claim.slug, slug)
    for claim in claims.values()
    for slug in dict.fromkeys(
        [h.slug for h in claim.hypotheses] + [h.slug for conclusion in claim.conclusions for h in conclusion.hypotheses]
    )
]


def changed(claim, slug, **changes):
    """The claim with one conclusion alone, changed."""
    return replace(claim, conclusions=(replace(claim.conclusion(slug), **changes),))


def shrunk(c):
    return {"right": lambda m, s: c.right(m, s) * Rational(9, 10) - Rational(1, 10)}


def flipped(c):
    return {"left": c.right, "right": lambda m, s: -c.left(m, s) - 1}


def other_shape(c):
    if c.relation != "==":
        return {"right": lambda m, s: -c.right(m, s) - 2 * c.left(m, s) - 1}
    return {"left": lambda m, s: c.left(m, s) ** 3 + c.left(m, s), "right": lambda m, s: c.right(m, s) ** 2}


MUTATIONS = {"constant": shrunk, "sign": flipped, "shape": other_shape}


def test_nothing_is_derived_that_the_registry_does_not_claim():
    known = {(claim.slug, c.slug) for claim in claims.values() for c in claim.conclusions}
    assert {(slug, name) for slug, functions in derivations().items() for name in functions} == known


@pytest.mark.parametrize(("slug", "hypothesis"), [*{slug: (slug, one) for slug, one in DROPPED}.values(), *sorted(NOT_NEEDED)])
def test_a_claim_without_a_hypothesis_is_not_proved(slug, hypothesis):
    status = derive(claims[slug].without(hypothesis)).verdict.status
    assert status == ("proved" if (slug, hypothesis) in NOT_NEEDED else "undecided")


def c(m, s, slope_rule=gd_rate.sharper_slope):
    return gd_rate.block_slope(m, slope_rule, s.b_first, s.Lam, s.Gbar)


FINE_MUTANTS = {
    "upper by a third": ("growth-certificate", "upper", lambda m, s: (s.b_last**2 - s.b_first**2) * Rational(1, 3)),
    "logarithm halved": ("rotation-budget", "angles", lambda m, s: m.log(s.S_last / s.S_first) / 2),
    "pi/3 for pi/2": ("gradient-diameter", "gradient", lambda m, s: m.pi / 3 * s.L),
    "range by 8": ("gradient-diameter", "range-even", lambda m, s: m.pi**2 / 17 * s.L),
    "no defect": ("corrected-certificate", "sum", lambda m, s: (s.S_last**2 - s.S_first**2) / 2),
    "one quarter of the square": ("geodesic-descent", "decoupled", lambda m, s: s.f - m.over_blocks(m.atan(s.G / s.b) * s.G)),
    "gap halved": (
        "gd-rate",
        "envelope",
        lambda m, s: s.b_first + gd_rate.increments(m, c(m, s), s.Lam, s.b_first, s.gap / 2),
    ),
    "own excess forgotten": (
        "gd-rate",
        "envelope",
        lambda m, s: s.b_first + m.larger_increment(c(m, s), s.Lam / 2, s.b_first, s.gap),
    ),
    "sharper for simple": (
        "gd-rate",
        "sum-simple",
        lambda m, s: gd_rate.separate_budgets(m, c(m, s), s.Lam, s.b_first, s.gap, s.nu_0),
    ),
    "no scale-variant part": (
        "gd-rate",
        "sum-sharper",
        lambda m, s: gd_rate.separate_budgets(m, c(m, s), s.Lam, s.b_first, s.gap, 0 * s.nu_0),
    ),
    "half the multiplier": (
        "gd-rate",
        "sum-shared",
        lambda m, s: m.infimum_over_multipliers(
            lambda nu: gd_rate.lagrangian(m, c(m, s), s.Lam, s.b_first, s.gap, nu), s.nu_0 / 2
        ),
    ),
    "half the smoothness by rotation": (
        "gd-rate",
        "sum-rotation",
        lambda m, s: gd_rate.by_rotation(
            m, s.L / 2, s.b_first, gd_rate.least_increment(m, s.L, s.b_first, s.Gbar, s.gap), s.gap
        ),
    ),
    "half the gap by rotation": (
        "gd-rate",
        "sum-rotation",
        lambda m, s: gd_rate.by_rotation(
            m, s.L, s.b_first, gd_rate.least_increment(m, s.L, s.b_first, s.Gbar, s.gap / 2), s.gap
        ),
    ),
    "half the smoothness in two phases": (
        "gd-rate",
        "sum-two-phase",
        lambda m, s: gd_rate.two_phases(m, s.L / 2, s.b_first, s.Gbar, s.gap),
    ),
    "half the smoothness in the continuous form": (
        "gd-rate",
        "sum-continuous",
        lambda m, s: gd_rate.continuous_phases(m, s.L / 2, s.b_first, s.Gbar, s.gap),
    ),
    "half the gap in the continuous form": (
        "gd-rate",
        "sum-continuous",
        lambda m, s: gd_rate.continuous_phases(m, s.L, s.b_first, s.Gbar, s.gap / 2),
    ),
    "thresholds from b_0 on": (
        "gd-rate",
        "sum-continuous",
        lambda m, s: gd_rate.growth(
            s.b_first,
            m.infimum_over_multipliers(lambda v: gd_rate.tangent_increment(m, s.L, s.b_first, s.Gbar, s.gap, v), s.b_first),
        ),
    ),
    "no rise": ("gd-rate", "gradient-bound", lambda m, s: m.minimum(m.pi / 2 * s.L, m.sqrt(2 * s.L * s.gap))),
    "T squared": (
        "gd-rate",
        "rate",
        lambda m, s: gd_rate.separate_budgets(m, c(m, s), s.Lam, s.b_first, s.gap, s.nu_0) / m.steps(s.G) ** 2,
    ),
    "trivial halved": ("gd-rate", "trivial", lambda m, s: gd_rate.trivial(m, s.Lam, s.Lam_g, s.gap) / 2),
}


def with_mutants(claim):
    """The claim with mutants of every conclusion beside it, and what derives each: what derives the true conclusion, once."""
    functions = {slug: lemma(function) for slug, function in derivations()[claim.slug].items()}
    mutants = {
        f"{c.slug}: {name}": replace(c, slug=f"{c.slug}: {name}", **mutate(c))
        for c in claim.conclusions
        for name, mutate in MUTATIONS.items()
    }
    for name, (slug, conclusion, right) in FINE_MUTANTS.items():
        if slug == claim.slug:
            slug = f"{conclusion}: {name}"
            mutants[slug] = replace(claim.conclusion(conclusion), slug=slug, right=right)
    functions |= {slug: functions[slug.split(": ")[0]] for slug in mutants}
    return replace(claim, conclusions=(*claim.conclusions, *mutants.values())), functions


@pytest.mark.parametrize("slug", list(claims))
def test_the_claim_is_proved_and_no_mutant_is(slug):
    """One test a claim: what the derivation has worked out is not worked out again for the mutants."""
    found, used = derived(slug)
    assert found.verdict.status == "proved"
    assert found.verdict.witness == "derivation"
    assert set(found.verdict.evidence["conclusions"]) == {c.slug for c in claims[slug].conclusions}
    for number, step in enumerate(found.steps, 1):
        assert step.verdict == "proved"
        assert all(premise < number for premise in step.premises)
    assert_every_hypothesis_is_used(slug, used)
    assert_no_mutant_is_proved(slug)


def assert_every_hypothesis_is_used(slug, used):
    hypotheses = [hypothesis for one, hypothesis in DROPPED if one == slug]
    idle = {h for h in hypotheses if not any(h in used[c.slug] for c in claims[slug].without(h).conclusions)}
    assert idle == {hypothesis for one, hypothesis in NOT_NEEDED if one == slug}


def assert_no_mutant_is_proved(slug):
    claim, functions = with_mutants(claims[slug])
    outcomes = derive(claim, budget=600, functions=functions).verdict.evidence["conclusions"]
    assert {name for name, found in outcomes.items() if found["status"] == "proved"} == {
        c.slug for c in claims[slug].conclusions
    }
    assert len(outcomes) >= 4 * len(claims[slug].conclusions)
    assert all("time budget" not in found["reason"] for found in outcomes.values())


def test_a_weaker_claim_is_proved_from_the_stronger_one():
    original = claims["growth-certificate"].conclusion("upper")
    weaker = changed(claims["growth-certificate"], "upper", right=lambda m, s: original.right(m, s) + s.b_last)
    assert derive(weaker).verdict.status == "proved"


def test_a_claim_that_nobody_derived_is_undecided():
    unknown = replace(claims["norm-growth"], slug="unheard-of")
    outcome = derive(unknown).verdict
    assert outcome.status == "undecided"
    assert all("no derivation" in c["reason"] for c in outcome.evidence["conclusions"].values())


def test_circular_citations_are_refused(monkeypatch):
    monkeypatch.setattr(module, "_PROVED", {})
    token = UNDER_DERIVATION.set(("euler-orthogonality",))
    try:
        outcome = derive(claims["norm-growth"]).verdict
    finally:
        UNDER_DERIVATION.reset(token)
    assert outcome.status == "undecided"
    assert any("circular" in c["reason"] for c in outcome.evidence["conclusions"].values())


def test_a_claim_cannot_cite_itself():
    def itself(ctx: Context):
        return cite(ctx, "wngrad-recursion", "square")

    table = {**derivations(), "wngrad-recursion": {"square": itself}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "derivations", lambda: table)
        outcome = derive(claims["wngrad-recursion"]).verdict
    assert outcome.status == "undecided"
    assert "circular" in outcome.evidence["conclusions"]["square"]["reason"]


def test_the_budget_ends_in_undecided():
    outcome = derive(claims["gd-rate"], budget=0.05).verdict
    assert outcome.status == "undecided"
    assert any("time budget" in c["reason"] for c in outcome.evidence["conclusions"].values())


@pytest.mark.parametrize("budget", [0, -1, float("nan")])
def test_a_budget_must_be_positive(budget):
    with pytest.raises(ValueError, match="budget"):
        derive(claims["norm-growth"], budget=budget)


def test_the_text_shows_every_step_and_the_verdict():
    found, _ = derived("norm-growth")
    text = render_text(found)
    assert text.endswith("verdict: proved")
    assert text.count("] proved") == len(found.steps)
    failed = render_text(derive(claims["norm-growth"].without("gradient-step")))
    assert "norm-growth has none of the hypotheses gradient-step" in failed
    assert failed.endswith("verdict: undecided")
