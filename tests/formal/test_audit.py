"""What the audit must find: planted assumptions, weakened statements, foreign axioms."""

import shutil

import pytest

from ratetheory.formal import audit, rocq
from ratetheory.formal.bridge import axioms

PLANTED = {
    "an admitted proof": "Lemma x : 0 = 0.\nAdmitted.",
    "a proof given up": "Lemma x : 0 = 0.\nProof. admit. Abort.",
    "an axiom": "Axiom x : 0 = 1.",
    "axioms": "Axioms x y : 0 = 1.",
    "a parameter": "Parameter x : nat.",
    "a conjecture": "Conjecture x : 0 = 1.",
    "a hypothesis outside of a section": "Hypothesis x : 0 = 1.",
    "a variable outside of a section": "Section A.\nVariable y : nat.\nEnd A.\nVariable x : nat.",
    "the guard switched off": "Unset Guard Checking.",
    "positivity switched off": "Unset Positivity Checking.",
    "universes switched off": "Unset Universe Checking.",
    "a bypass": "#[bypass_check(guard)] Fixpoint f (n : nat) : nat := f n.",
}


@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_assumed_is_found(tmp_path, planted):
    path = tmp_path / "planted.v"
    path.write_text(PLANTED[planted])
    assert audit.forbidden(path)


def test_what_is_no_assumption_is_not_found(tmp_path):
    path = tmp_path / "sound.v"
    path.write_text(
        "(* Axiom: nothing is\n Admitted *)\nSection A.\nVariable x : nat.\nHypothesis H : x = 0.\nEnd A.\nLemma t : True."
    )
    assert audit.forbidden(path) == []


def test_the_sources_assume_nothing():
    assert [fault for path in rocq.files() for fault in audit.forbidden(path)] == []


def test_axioms_are_read_from_the_answer():
    answer = "Axioms:\nfoo : nat\nA.B.bar\n  : forall n : nat,\n    n = n\n"
    assert axioms(answer, 1) == ["foo", "A.B.bar"]
    assert axioms("Closed under the global context\n", 1) == []
    with pytest.raises(ValueError, match="of 0 theorems"):
        axioms("something else", 1)


def test_a_file_that_differs_is_a_fault(tmp_path):
    path = tmp_path / "kept"
    path.write_text("x <= 1\n")
    assert "-x <= 1" in "\n".join(audit._kept(path, "x <= 2\n", check=True))
    assert path.read_text() == "x <= 1\n"
    assert audit._kept(path, "x <= 1\n", check=True) == []
    assert audit._kept(path, "x <= 2\n", check=False) == []
    assert path.read_text() == "x <= 2\n"


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the sources that is built in a cache of its own."""
    place = tmp_path / "proofs"
    shutil.copytree(rocq.sources(), place, ignore=shutil.ignore_patterns("*.vo*", "*.glob", ".*.aux", "Makefile.coq*"))
    monkeypatch.setattr(rocq, "sources", lambda: place)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rocq.source_hash.cache_clear()
    yield place
    rocq.source_hash.cache_clear()


TINY = """From Coq Require Import Arith Lia.
Definition twice (x : nat) : nat := x + x.
Theorem twice_above x : 2 * x <= twice x.
Proof. unfold twice; lia. Qed.
"""
WEAKENED = {
    "a statement": TINY.replace("2 * x <= twice x", "x <= twice x"),
    "a hypothesis more": TINY.replace("twice_above x :", "twice_above x (H : 0 < x) :"),
    "a definition": TINY.replace("x + x.", "x + x + x."),
}


def tiny(place, text):
    """Sources of one file."""
    (place / "_CoqProject").write_text("-Q . Ratetheory\ntiny.v\n")
    (place / "tiny.v").write_text(text)
    rocq.source_hash.cache_clear()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("coqc") is None, reason="needs the Rocq compiler")
@pytest.mark.parametrize("weakened", WEAKENED)
def test_what_is_weakened_shows(copied, weakened):
    tiny(copied, TINY)
    golden = audit.statements()
    assert "2 * x <= twice x" in golden
    tiny(copied, WEAKENED[weakened])
    path = copied / "golden"
    path.write_text(golden)
    assert audit._kept(path, audit.statements(), check=True)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("coqc") is None, reason="needs the Rocq compiler")
def test_sources_that_do_not_compile_are_refused(copied):
    tiny(copied, TINY.replace("2 * x <=", "3 * x <="))
    with pytest.raises(ValueError, match="do not compile"):
        rocq.built()
    assert not rocq.cache_directory().exists()
