"""Every true claim is proved; no mutant is; citations are not circular; the budget is kept."""

from dataclasses import replace

import pytest
from sympy import Rational

from ratetheory.claims import claims, gd_rate
from ratetheory.symbolic import derivation as module
from ratetheory.symbolic import derive, render_text
from ratetheory.symbolic.derivation import derivations
from ratetheory.symbolic.hypotheses import cite
from ratetheory.symbolic.kernel import UNDER_DERIVATION, Context

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


def test_every_claim_is_proved(proved):
    assert {slug: d.verdict.status for slug, d in proved.items()} == dict.fromkeys(claims, "proved")
    for slug, found in proved.items():
        assert found.verdict.witness == "derivation"
        assert set(found.verdict.evidence["conclusions"]) == {c.slug for c in claims[slug].conclusions}
        assert all(step.verdict == "proved" for step in found.steps)


def test_premises_come_before_their_use(proved):
    for found in proved.values():
        for number, step in enumerate(found.steps, 1):
            assert all(premise < number for premise in step.premises)


def test_each_claim_is_derived_within_its_time(proved):
    slow = {slug: round(d.verdict.seconds, 1) for slug, d in proved.items() if d.verdict.seconds > 40}
    assert not slow, "twice what the longest derivation took on a busy machine"


def test_nothing_is_derived_that_the_registry_does_not_claim():
    known = {(claim.slug, c.slug) for claim in claims.values() for c in claim.conclusions}
    assert {(slug, name) for slug, functions in derivations().items() for name in functions} == known


@pytest.mark.parametrize(("slug", "hypothesis"), DROPPED)
def test_a_claim_without_a_hypothesis_is_not_proved(slug, hypothesis, proved):
    status = derive(claims[slug].without(hypothesis)).verdict.status
    assert status == ("proved" if (slug, hypothesis) in NOT_NEEDED else "undecided")


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("slug", list(claims))
def test_mutants_are_not_proved(slug, mutation, proved):
    claim = claims[slug]
    mutant = replace(claim, conclusions=tuple(replace(c, **MUTATIONS[mutation](c)) for c in claim.conclusions))
    outcomes = derive(mutant).verdict.evidence["conclusions"]
    assert set(outcomes) == {c.slug for c in claim.conclusions}
    for outcome in outcomes.values():
        assert outcome["status"] != "proved"
        assert outcome["reason"]


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


@pytest.mark.parametrize("name", FINE_MUTANTS)
def test_fine_mutants_are_not_proved(name, proved):
    slug, conclusion, right = FINE_MUTANTS[name]
    mutant = changed(claims[slug], conclusion, right=right)
    assert derive(mutant).verdict.status == "undecided"


def test_a_weaker_claim_is_proved_from_the_stronger_one(proved):
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


def test_the_text_shows_every_step_and_the_verdict(proved):
    text = render_text(proved["norm-growth"])
    assert text.endswith("verdict: proved")
    assert text.count("] proved") == len(proved["norm-growth"].steps)
    failed = render_text(derive(claims["norm-growth"].without("gradient-step")))
    assert "norm-growth has none of the hypotheses gradient-step" in failed
    assert failed.endswith("verdict: undecided")
