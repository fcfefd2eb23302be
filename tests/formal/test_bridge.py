"""The bridge proves what the registry says, and nothing else: a changed constant, sign, exponent or hypothesis fails."""

import shutil
from dataclasses import replace

import pytest

from ratetheory.claims import claims
from ratetheory.formal.bridge import bridge_text, prove, stated, theorems
from ratetheory.formal.statements import theorem_name

needs_rocq = pytest.mark.skipif(shutil.which("coqc") is None, reason="needs the Rocq compiler")
FORMAL = [claim for claim in claims.values() if claim.section in "12345678"]


def one(slug, conclusion, **changes):
    """The claim with this conclusion alone, changed."""
    claim = claims[slug]
    return replace(claim, conclusions=(replace(claim.conclusion(conclusion), **changes),))


def test_every_conclusion_has_a_theorem():
    missing = [
        theorem_name(claim, c) for claim in FORMAL for c in claim.conclusions if theorem_name(claim, c) not in theorems()
    ]
    assert missing == []


def test_what_has_no_theorem_is_absent():
    claim = replace(claims["norm-growth"], slug="unheard-of")
    assert [stated(claim, c).status for c in claim.conclusions] == ["absent", "absent"]
    assert {found.status for found in prove(claim)} == {"absent"}
    assert {found.status for found in prove(claims["eps-law"])} == {"absent"}


def test_the_file_states_and_proves():
    claim = claims["norm-growth"]
    text = bridge_text(claim, [stated(claim, c) for c in claim.conclusions])
    assert text.count("Theorem") == text.count("Qed.") == text.count("Print Assumptions") == 2
    assert "by_theorem norm_growth_rate" in text


@needs_rocq
@pytest.mark.slow
def test_a_claim_is_proved():
    assert [(p.conclusion, p.status, p.reason) for p in prove(claims["norm-growth"])] == [
        ("norm", "proved", ""),
        ("rate", "proved", ""),
    ]


MUTANTS = {
    "a constant": one("growth-certificate", "upper", right=lambda m, s: (s.b_last**2 - s.b_first**2) / 3),
    "an exponent": one("norm-growth", "norm", right=lambda m, s: s.S + s.eta**2 * s.G**3 / s.S),
    "a sign": one("wngrad-recursion", "square", right=lambda m, s: s.b**2 - 2 * s.G**2 + s.G**4 / s.b**2),
    "a smaller diameter": one("gradient-diameter", "gradient", right=lambda m, s: m.pi / 3 * s.L),
    "a weaker factor": one("momentum-growth", "ratio", right=lambda m, s: m.sum(s.eta**2 * s.m_sq_next)),
    "a log lost": one("sgd-descent", "pathwise", right=lambda m, s: s.f - m.over_blocks(s.eta / s.S * s.cross)),
    "a term of the descent": one("geodesic-descent", "decoupled", right=lambda m, s: s.f - m.over_blocks(s.G**2 / s.b)),
    "a relation": one("euler-orthogonality", "orthogonal", right=lambda m, s: m.number(1)),
}


@needs_rocq
@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_changed_formula_fails(mutant):
    (found,) = prove(MUTANTS[mutant])
    assert found.status == "failed"
    assert found.reason


@needs_rocq
@pytest.mark.slow
@pytest.mark.parametrize(
    ("slug", "conclusion", "dropped"),
    [
        ("norm-growth", "rate", "constant-rate"),
        ("euler-orthogonality", "orthogonal", "scale-invariance"),
        ("gradient-diameter", "gradient-even", "even"),
    ],
)
def test_a_dropped_hypothesis_fails(slug, conclusion, dropped):
    (found,) = prove(
        replace(one(slug, conclusion).without(dropped), conclusions=one(slug, conclusion).without(dropped).conclusions)
    )
    assert found.status == "failed"


@needs_rocq
@pytest.mark.slow
def test_a_swapped_hypothesis_fails():
    claim = one("norm-growth", "rate")
    swapped = replace(claim, hypotheses=tuple(claims["decay-equivalence"].hypotheses))
    (found,) = prove(swapped)
    assert found.status == "failed"
