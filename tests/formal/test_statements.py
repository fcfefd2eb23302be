"""Statements in Gallina say what the registry says, and change with it."""

import re
from dataclasses import replace

import pytest

from ratetheory.claims import claims
from ratetheory.claims.symbols import SYMBOLS
from ratetheory.formal import rocq
from ratetheory.formal.letters import BINDERS, BY_DEFINITION, LETTERS, SIGNS, hypothesis
from ratetheory.formal.statements import formal_statement, theorem_name

FORMAL = [(claim, c) for claim in claims.values() if claim.section in "12345678" for c in claim.conclusions]
IDS = [theorem_name(claim, c) for claim, c in FORMAL]


def stated(slug, conclusion):
    return formal_statement(claims[slug], claims[slug].conclusion(conclusion)).text


def test_a_statement_in_full():
    assert stated("growth-certificate", "minimum") == (
        "forall (s : shape) (r : run s),\n"
        "  scale_invariant r ->\n"
        "  differentiable r ->\n"
        "  gradient_step r ->\n"
        "  constant_rate r ->\n"
        "  positive_norms r /\\ positive_rates r ->\n"
        "  forall (T : nat) (i : index s),\n"
        "  (0 < T)%nat ->\n"
        "  least T (fun t : nat => gradient_norm r t i ^ 2)"
        " <= (inverse_rate r T i ^ 2 - inverse_rate r 0 i ^ 2) / (2 * INR T)"
    )


@pytest.mark.parametrize(("claim", "conclusion"), FORMAL, ids=IDS)
def test_every_conclusion_has_a_statement(claim, conclusion):
    text = formal_statement(claim, conclusion).text
    assert text.count("(") == text.count(")")
    for condition in (*claim.hypotheses, *conclusion.hypotheses):
        assert (premise := hypothesis(condition)) is None or premise in text
    # nothing is used that is not declared
    declared = set(re.findall(r"\((\w+) :", text)) | set(re.findall(r"fun (\w+) :", text))
    assert {"r", "s"} <= declared
    used = set(re.findall(r"\b(?:[A-Za-z]_\d+|nu_\d+|xi|phi|kap|risk|mu|root|weight|[kuvdaQTti])\b", text))
    assert used <= declared | {"fun"}


@pytest.mark.parametrize(("claim", "conclusion"), FORMAL, ids=IDS)
def test_a_dropped_hypothesis_is_gone(claim, conclusion):
    for condition in claim.hypotheses:
        premise = hypothesis(condition)
        if premise is not None:
            without = replace(claim, hypotheses=tuple(h for h in claim.hypotheses if h is not condition))
            assert f"  {premise} ->" not in formal_statement(without, conclusion).text.replace("full_gradient r ->", "", 1)


@pytest.mark.parametrize(("claim", "conclusion"), FORMAL, ids=IDS)
def test_a_changed_constant_changes_the_statement(claim, conclusion):
    changed = replace(conclusion, left=lambda m, s: conclusion.left(m, s) + 1)
    assert formal_statement(claim, changed).text != formal_statement(claim, conclusion).text


def test_letters_and_hypotheses_are_defined_in_the_sources():
    text = "\n".join(path.read_text() for path in rocq.files())
    defined = set(re.findall(r"^\s*(?:Definition|Fixpoint)\s+(\w+)", text, re.MULTILINE))
    # fields of records too
    defined |= set(re.findall(r"^\s*(\w+) :.*;", text, re.MULTILINE)) | set(re.findall(r"^\s+(\w+) : R\b", text, re.MULTILINE))
    own = {variable for binders in BINDERS.values() for variable, _ in binders} | {"k"}
    assert {template.split()[0] for template in LETTERS.values()} <= defined | own
    assert set(LETTERS) <= set(SYMBOLS)
    assert set(SIGNS) | set(BINDERS) <= set(LETTERS)
    premises = {hypothesis(h) for claim, c in FORMAL for h in (*claim.hypotheses, *c.hypotheses)} - {None}
    assert {premise.split()[0] for premise in premises} <= defined
    assert set(BY_DEFINITION.values()) <= defined


def test_what_has_no_meaning_is_refused():
    claim = claims["growth-certificate"]
    for right in (lambda m, s: m.arcsine_sum(s.b, s.b, s.b), lambda m, s: s.rho, lambda m, s: 0.5 * s.G):
        with pytest.raises(ValueError, match=r"no meaning|not allowed"):
            formal_statement(claim, replace(claim.conclusions[0], right=right))


def test_a_changed_matrix_is_refused():
    claim = claims["geodesic-descent"]
    coupled = claim.conclusion("coupled")
    for factor in (lambda M: M / 1000, lambda M: 2 * M):

        def right(m, s, factor=factor):
            return s.f + m.quadratic_form(factor(s.M), s.G, s.H)

        with pytest.raises(ValueError, match="matrix"):
            formal_statement(claim, replace(coupled, right=right))


def test_infinity_inside_another_function_is_refused():
    claim = claims["gd-rate"]
    two_phase = claim.conclusion("sum-two-phase")
    hidden = replace(two_phase, right=lambda m, s: m.minimum(s.gap, two_phase.right(m, s)))
    with pytest.raises(ValueError, match="infinity"):
        formal_statement(claim, hidden)
    turned = replace(two_phase, left=two_phase.right, right=lambda m, s: s.gap)
    with pytest.raises(ValueError, match="infinity"):
        formal_statement(claim, turned)


def test_a_root_of_the_step_is_refused():
    claim = claims["gd-rate"]
    bad = replace(claim.conclusions[0], right=lambda m, s: m.larger_increment(s.b, s.Lam, s.b, s.gap))
    with pytest.raises(ValueError, match="depend on t"):
        formal_statement(claim, bad)


def test_equal_functions_are_one_variable():
    text = stated("gd-rate", "sum-sharper")
    assert "c_1" in text
    assert "c_2" not in text
    assert text.count("larger_increment") == 1
