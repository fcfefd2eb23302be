import json

import pytest

from tests.cli.run import ratetheory, refused

ONE = ["bound", "gd", "--squared-norm", "1", "--learning-rate", "2", "--smoothness", "1", "--gap", "1/10", "--steps", "1000"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("certificate") / "c.json"
    result = ratetheory(*ONE, "--method", "oracle", "--certificate", str(path), "--json")
    assert result.code == 0, result.err
    return path, json.loads(result.out)


def test_the_oracle_writes_a_certificate_that_checks(written):
    path, bound = written
    assert (bound["method"], bound["claim"], bound["trust"]) == ("oracle", "worst-case", "certified")
    result = ratetheory("check-certificate", str(path), "--steps", "1000", "--json")
    assert result.code == 0
    found = json.loads(result.out)
    assert found["status"] == "proved"
    assert found["total"] == pytest.approx(bound["total"], rel=1e-12)
    assert found["value"] == pytest.approx(bound["value"], rel=1e-12)
    assert found["b_infinity"] == bound["b_infinity"][0]
    assert found["provenance"]["version"]
    text = ratetheory("check-certificate", str(path)).out
    for word in ("proved", "|w|^2/eta stays below", "<= C/T", "1/10", "certified", "worst-case"):
        assert word in text


def test_exit_codes(written, tmp_path):
    content = json.loads(written[0].read_text())
    path = tmp_path / "c.json"
    lowered = {**content, "levels": [content["levels"][0], *(repr(float(x) * 0.9) for x in content["levels"][1:])]}
    path.write_text(json.dumps(lowered))
    result = ratetheory("check-certificate", str(path))
    assert result.code == 1
    assert "refuted: levels: the step inequality fails at |w|^2/eta = " in result.out
    path.write_text(json.dumps({**content, "levels": content["levels"][:-1], "spending": content["spending"][:-1]}))
    result = ratetheory("check-certificate", str(path), "--json")
    assert result.code == 3
    assert json.loads(result.out)["status"] == "undecided"
    path.write_text("{}")
    assert "exactly the keys" in refused("check-certificate", str(path))


def test_nothing_is_overwritten_or_written_for_nothing(written, tmp_path):
    path, _ = written
    before = path.read_bytes()
    assert "or --force" in refused(*ONE, "--method", "oracle", "--certificate", str(path))
    assert path.read_bytes() == before
    assert ratetheory(*ONE, "--method", "oracle", "--certificate", str(path), "--force").code == 0
    new = tmp_path / "new.json"
    assert "--certificate comes with --method oracle" in refused(*ONE, "--certificate", str(new))
    assert "--force comes with --certificate" in refused(*ONE, "--force")
    assert "take closed forms apart" in refused(*ONE, "--method", "oracle", "--explain")
    assert "a directory that exists" in refused(*ONE, "--method", "oracle", "--certificate", str(tmp_path / "a" / "b"))
    still = [*ONE[:-3], "0", *ONE[-2:]]
    assert "nothing moves" in refused(*still, "--method", "oracle", "--certificate", str(new))
    assert ratetheory(*still, "--method", "oracle").code == 0
    assert not new.exists()


def test_what_no_certificate_can_hold_is_refused_before_the_solver_runs(tmp_path, monkeypatch):
    monkeypatch.setattr("ratetheory.numeric.oracle.worst_case", None)
    oracle = ["--method", "oracle", "--certificate"]
    for path in ("a\0b", str(tmp_path / "none" / "c.json"), str(tmp_path)):
        assert "certificate: " in refused(*ONE, *oracle, path)
    long = [*ONE[:3], "0." + "1" * 900, *ONE[4:]]
    assert "squared_norm: 'a number too long" in refused(*long, *oracle, str(tmp_path / "c.json"))
    assert not list(tmp_path.iterdir())


def test_a_bound_from_a_later_step_has_a_certificate_that_says_so(written, tmp_path):
    path = tmp_path / "c.json"
    later = [*ONE, "--from-step", "900", "--method", "oracle", "--certificate", str(path), "--json"]
    bound = json.loads(ratetheory(*later).out)
    found = json.loads(ratetheory("check-certificate", str(path), "--steps", "1000", "--json").out)
    assert found["value"] == pytest.approx(bound["value"], rel=1e-12)
    assert found["conditional_on"] == bound["conditional_on"]
    assert "<= C/(T - 900)" in ratetheory("check-certificate", str(path)).out
    assert "above from_step = 900" in refused("check-certificate", str(path), "--steps", "900")


def test_where_the_trivial_bound_is_smaller_the_claim_is_that_of_the_sum():
    first = json.loads(ratetheory(*ONE[:-1], "1", "--method", "oracle", "--json").out)
    later = json.loads(ratetheory(*ONE, "--method", "oracle", "--json").out)
    assert (first["method"], first["claim"]) == ("trivial", "worst-case")
    assert (first["total"], first["b_infinity"]) == (later["total"], later["b_infinity"])


def test_bad_arguments():
    assert "cannot read nowhere.json" in refused("check-certificate", "nowhere.json")
    assert "steps: '0' is not allowed" in refused("check-certificate", "nowhere.json", "--steps", "0")
    assert "Missing argument" in refused("check-certificate")
