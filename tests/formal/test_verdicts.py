"""Verdicts count for the very sources and the very statements that they were given for."""

import json
from dataclasses import replace

import pytest

from ratetheory.claims import claims
from ratetheory.formal import rocq, verdicts
from ratetheory.formal.bridge import Proof
from ratetheory.formal.verdicts import STALE, formal_verdict

FORMAL = [claim for claim in claims.values() if claim.section in "12345678"]


@pytest.mark.parametrize("claim", FORMAL, ids=lambda claim: claim.slug)
def test_every_claim_of_the_theory_is_proved(claim):
    verdict = formal_verdict(claim)
    assert verdict.status == "proved", verdict.evidence


def test_what_was_not_proved_is_absent():
    assert formal_verdict(claims["eps-law"]).status == "absent"
    assert formal_verdict(replace(claims["norm-growth"], slug="unheard-of")).status == "absent"


def test_a_changed_claim_is_absent():
    claim = claims["norm-growth"]
    first, second = claim.conclusions
    changed = replace(claim, conclusions=(replace(first, right=lambda m, s: s.S + 2), second))
    verdict = formal_verdict(changed)
    assert verdict.status == "absent"
    assert verdict.evidence["conclusions"]["norm"] == {"status": "absent", "reason": STALE}
    assert verdict.evidence["conclusions"]["rate"]["status"] == "proved"
    assert formal_verdict(claim.without("scale-invariance")).status == "absent"


def test_changed_sources_make_all_absent(monkeypatch):
    monkeypatch.setattr(rocq, "source_hash", lambda: "0" * 64)
    assert {formal_verdict(claim).status for claim in FORMAL} == {"absent"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": "another"}'])
def test_a_file_that_is_none_counts_as_nothing(tmp_path, monkeypatch, content):
    (tmp_path / verdicts.NAME).write_text(content)
    monkeypatch.setattr(rocq, "sources", lambda: tmp_path)
    verdicts.recorded.cache_clear()
    try:
        assert verdicts.recorded() == {}
    finally:
        verdicts.recorded.cache_clear()


def test_a_failure_is_not_hidden(monkeypatch):
    claim = claims["norm-growth"]
    record = json.loads(json.dumps(dict(verdicts.recorded())))
    record["claims"]["norm-growth"]["rate"] |= {"status": "failed", "reason": "no"}
    monkeypatch.setattr(verdicts, "recorded", lambda: record)
    assert formal_verdict(claim).status == "failed"


def test_a_record_has_hashes_and_reasons(monkeypatch):
    monkeypatch.setattr(rocq, "version", lambda: "8.16.1")
    found = verdicts.as_record({"a": [Proof("x", "a_x", "proved", "", "T"), Proof("y", "a_y", "absent", "none\nat all")]})
    assert found["sources"] == rocq.source_hash()
    assert found["claims"]["a"]["x"] == {"theorem": "a_x", "status": "proved", "statement": verdicts.text_hash("T")}
    assert found["claims"]["a"]["y"]["reason"] == "none at all"
