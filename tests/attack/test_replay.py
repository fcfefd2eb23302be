import json
from dataclasses import replace

import pytest

from ratetheory.attack.replay import MAX_BYTES, load_counterexample, replay, save_counterexample
from ratetheory.attack.search import Undecided, attack
from ratetheory.claims import claims

TRUE = claims["norm-growth"]
FALSE = replace(TRUE, conclusions=(replace(TRUE.conclusion("norm"), right=lambda m, s: s.S), TRUE.conclusion("rate")))


@pytest.fixture(scope="module")
def found():
    return attack(FALSE).evidence["counterexample"]


def test_a_counterexample_refutes_from_memory_and_from_its_file(found, tmp_path):
    save_counterexample(found, tmp_path / "found.json")
    assert load_counterexample(tmp_path / "found.json") == found
    for source in (found, tmp_path / "found.json", str(tmp_path / "found.json")):
        verdict = replay(source, {"norm-growth": FALSE})
        assert verdict.status == "refuted"
        assert verdict.evidence["replayed"] == found


def test_the_true_claim_survives_its_replay(found):
    verdict = replay(found, claims)
    assert (verdict.status, verdict.evidence["instances"]) == ("survived", 1)


def test_a_claim_that_does_not_speak_of_the_instance_is_undecided(found):
    other = found | {"instance": found["instance"] | {"family": "linear/momentum"}}
    with pytest.raises(ValueError, match="family"):
        replay(other, claims)
    dropped = attack(TRUE.without("gradient-step")).evidence["counterexample"]
    with pytest.raises(Undecided, match="inapplicable, gradient-step: heavy ball"):
        replay(dropped, claims)


def test_an_instance_that_overflows_is_undecided(found):
    numbers = found["instance"]["numbers"]
    huge = found | {"instance": found["instance"] | {"numbers": numbers | {"eta": [1e300], "w": [[1e-150, 1e-151]]}}}
    with pytest.raises(Undecided, match="not finite numbers"):
        replay(huge, claims)


def test_nothing_is_overwritten(found, tmp_path):
    path = tmp_path / "found.json"
    save_counterexample(found, path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        save_counterexample(found | {"claim": "other"}, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("claim"), "exactly the keys"),
        (lambda d: d.update(more=1), "exactly the keys"),
        (lambda d: d.update(schema=2), "schema: '2'"),
        (lambda d: d.update(claim="gd"), "claim: 'gd' is not known"),
        (lambda d: d.update(claim=["norm-growth"]), "claim: allowed: a slug"),
        (lambda d: d.update(conclusion="nothing"), "conclusion: 'nothing' is none of norm-growth; allowed: norm, rate"),
        (lambda d: d.update(conclusion=1), "conclusion: allowed: a slug"),
        (lambda d: d.update(instance=None), "instance: allowed"),
        (lambda d: d.update(violation={}), "violation: allowed: an object"),
        (lambda d: d["violation"].update(left=float("inf")), "violation.left: allowed: a finite number"),
        (lambda d: d["violation"].update(step="0"), "violation.step"),
        (lambda d: d["violation"].update(step=0.5), "violation.step"),
        (lambda d: d["violation"].update(error=True), "violation.error"),
        (lambda d: d.update(claim="euler-orthogonality", conclusion="orthogonal"), "setting: 'trajectory' is not where"),
    ],
)
def test_what_is_no_counterexample_is_refused_with_one_line(found, change, message):
    data = json.loads(json.dumps(found))
    change(data)
    with pytest.raises(ValueError, match=message) as error:
        replay(data, claims)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"[1, 2", "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"1" * 10_000, "not JSON|exactly the keys"),
        (b"[]", "exactly the keys"),
        (b" " * (MAX_BYTES + 1), "too large"),
    ],
)
def test_files_that_are_no_counterexample_are_refused(tmp_path, content, message):
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        replay(path, claims)


def test_a_missing_file_is_bad_input(tmp_path):
    with pytest.raises(ValueError, match="No such file"):
        replay(tmp_path / "none.json", claims)
    with pytest.raises(ValueError, match="allowed: a readable JSON file"):
        replay(tmp_path, claims)
