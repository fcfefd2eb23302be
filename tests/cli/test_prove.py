"""``ratetheory prove`` and ``bound gd --prove``."""

import json
import shutil

import pytest

from ratetheory.formal import rocq
from tests.cli.run import ratetheory, refused

needs_rocq = pytest.mark.skipif(shutil.which("coqc") is None, reason="needs the Rocq compiler")
GIVEN = ("bound", "gd", "--squared-norm", "1", "--learning-rate", "1", "--smoothness", "1", "--gap", "1/2", "--steps", "1000")


@pytest.fixture
def without_rocq(monkeypatch):
    monkeypatch.setattr(rocq.shutil, "which", lambda name: None)
    rocq.compiler.cache_clear()
    yield
    rocq.compiler.cache_clear()


def test_without_the_compiler(tmp_path, without_rocq):
    said = refused("prove", "norm-growth", "--output", str(tmp_path / "x.v"))
    assert "apt-get install coq" in said
    assert "apt-get install coq" in refused(*GIVEN, "--prove", str(tmp_path / "x.v"))
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_allowed(tmp_path):
    path = tmp_path / "there.v"
    path.write_text("mine")
    assert "'nothing' is no claim" in refused("prove", "nothing")
    assert "ratetheory prove SLUG --output FILE" in refused("prove", "--output", str(path))
    assert "--method sharper" in refused(*GIVEN, "--method", "two-phase", "--prove", str(tmp_path / "x.v"))
    if shutil.which("coqc"):
        assert "there.v" in refused("prove", "norm-growth", "--output", str(path))
        assert "there.v" in refused(*GIVEN, "--prove", str(path))
    assert path.read_text() == "mine"


@needs_rocq
@pytest.mark.slow
def test_a_claim_is_proved_and_written(tmp_path):
    path = tmp_path / "norm_growth.v"
    result = ratetheory("prove", "norm-growth", "--output", str(path), "--json")
    assert result.code == 0
    content = json.loads(result.out)
    assert [c["status"] for c in content["claims"][0]["conclusions"]] == ["proved", "proved"]
    assert rocq.compile_text(path.read_text()).accepted
    absent = ratetheory("prove", "eps-law")
    assert absent.code == 3
    assert absent.out.count("absent") == 3


@needs_rocq
@pytest.mark.slow
def test_a_bound_is_proved_and_written(tmp_path):
    path = tmp_path / "bound.v"
    result = ratetheory(*GIVEN, "--prove", str(path))
    assert result.code == 0
    assert "proved by machine" in result.out
    assert rocq.compile_text(path.read_text()).accepted
    content = json.loads(ratetheory(*GIVEN, "--prove", str(path), "--force", "--json").out)
    assert float(content["value"]) <= float(content["proof"]["value"])
    assert content["proof"]["method"] == "sharper"
