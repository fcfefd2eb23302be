import json
from pathlib import Path

import pytest

from ratetheory.claims import claims
from ratetheory.formal.verdicts import formal_verdict
from tests.cli.run import ratetheory, refused


def test_every_claim_is_listed():
    listed = ratetheory("claims").out
    assert all(slug in listed for slug in claims)
    assert [c["slug"] for c in json.loads(ratetheory("claims", "--json").out)["claims"]] == list(claims)


@pytest.mark.parametrize("slug", list(claims))
def test_every_claim_is_shown_in_full(slug):
    content = json.loads(ratetheory("claims", slug, "--json").out)
    verdict = formal_verdict(claims[slug])
    assert content["formal"] == {"status": verdict.status, "conclusions": verdict.evidence["conclusions"]}
    assert set(content["conclusions"]) == {c.slug for c in claims[slug].conclusions}
    assert all(c["statement"] for c in content["conclusions"].values())
    shown = " ".join(ratetheory("claims", slug).out.split())
    assert claims[slug].source in shown
    needed = {*claims[slug].hypotheses, *(h for c in claims[slug].conclusions for h in c.hypotheses)}
    assert all(h.sentence in shown for h in needed)


def test_long_formulas_are_named_in_parts_and_wrapped_and_whole_in_json(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    printed = ratetheory("claims", "gd-rate").out
    assert "\nwhere\n  K_1" in printed
    assert "\nfunctions\n" in printed
    assert max(map(len, printed.splitlines())) <= 100
    whole = json.loads(ratetheory("claims", "gd-rate", "--json").out)["conclusions"]["sum-shared"]["statement"]
    assert len(whole) > 5000
    assert "K_1" not in whole
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, ratetheory("claims", "norm-growth").out.splitlines())) <= 60


def test_derive_prints_steps_with_rules_and_verdicts():
    result = ratetheory("derive", "norm-growth")
    assert result.code == 0
    assert "verdict: proved" in result.out
    assert "\\begin{document}" in ratetheory("derive", "norm-growth", "--latex").out


def test_verify_proves_and_replays(tmp_path):
    saved = tmp_path / "instance.json"
    result = ratetheory("verify", "wngrad-recursion", "--seed", "3", "--json", "--save", str(saved))
    assert result.code == 0
    content = json.loads(result.out)
    assert content["provenance"]["seed"] == 3
    assert [v["witness"] for v in content["claims"][0]["verdicts"]] == ["derivation", "attack", "formal"]
    worst = content["claims"][0]["verdicts"][1]["evidence"]["conclusions"]["square"]["worst"]
    assert json.loads(saved.read_text())["instance"] == worst
    replayed = ratetheory("verify", "--replay", str(saved))
    # surviving is no proof
    assert replayed.code == 3
    assert "survived" in replayed.out


def test_running_out_of_budget_is_undecided():
    result = ratetheory("verify", "smoothed-bn", "--budget", "0.05")
    assert result.code == 3
    assert "undecided" in result.out
    assert "proved" not in result.out.split("overall")[1]


def test_a_formal_proof_needs_no_budget():
    result = ratetheory("verify", "gd-rate", "--budget", "0.05", "--json")
    (found,) = json.loads(result.out)["claims"]
    assert {verdict["witness"]: verdict["status"] for verdict in found["verdicts"]} == {
        "derivation": "undecided",
        "attack": "undecided",
        "formal": "proved",
    }
    assert (found["status"], result.code) == ("proved", 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["claims", "nope"], "slug: 'nope' is no claim; allowed: euler-orthogonality"),
        (["derive", "nope"], "slug: 'nope'"),
        (["verify", "nope"], "slug: 'nope'"),
        (["verify", "--budget", "-1"], "budget: -1.0 is not allowed"),
        (["verify", "--budget", "nan"], "budget: nan is not allowed"),
        (["verify", "--seed", "-1"], "--seed"),
        (["verify", "--replay", "nowhere.json"], "nowhere.json"),
        (["verify", "gd-rate", "--replay", "x.json"], "stands alone"),
        (["verify", "--budget", "0"], "budget: 0.0"),
        (
            ["verify", "norm-growth", "--drop", "nope"],
            "drop: 'nope' is no hypothesis of norm-growth; allowed: scale-invariance",
        ),
        (["verify", "--drop", "scale-invariance"], "--drop HYPOTHESIS speaks of one claim"),
        (["verify", "gd-rate", "--save", "no/such/folder/x.json"], "a directory that exists"),
    ],
)
def test_bad_input_is_one_line(arguments, message):
    result = ratetheory(*arguments)
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert message in result.err


def test_no_arguments_show_the_help():
    result = ratetheory()
    assert "Commands" in result.out
    assert "0.1.0" in ratetheory("--version").out


def test_nothing_is_overwritten(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("precious")
    assert "exists" in ratetheory("verify", "norm-growth", "--save", str(path)).err
    assert path.read_text() == "precious"


def test_a_false_statement_is_refuted_on_the_command_line():
    found = sorted(Path("tests/mutants/counterexamples").glob("*.json"))
    assert found
    # the recorded instances refute mutants, and the true claims survive them or do not speak of them
    codes = {ratetheory("verify", "--replay", str(path)).code for path in found[::7]}
    assert codes == {3}


def test_a_foreign_file_is_no_counterexample(tmp_path):
    path = tmp_path / "x.json"
    for content in ("[]", "{", '{"claim": "gd-rate"}', '{"schema": 1, "claim": "nope", "conclusion": "x", "instance": {}}'):
        path.write_text(content)
        assert "ratetheory: " in refused("verify", "--replay", str(path))


def test_dropping_a_hypothesis_that_matters_shows_a_counterexample_that_replays(tmp_path):
    saved = tmp_path / "x.json"
    result = ratetheory("verify", "norm-growth", "--drop", "scale-invariance", "--save", str(saved))
    assert result.code == 1
    assert "differs from the right side" in result.out
    assert "epsilon = " in result.out
    # the exact numbers are in the file: the claim without the hypothesis is refuted there, the claim does not speak of it
    assert ratetheory("verify", "--replay", str(saved), "--drop", "scale-invariance").code == 1
    assert "inapplicable, scale-invariance" in ratetheory("verify", "--replay", str(saved)).out


def test_dropping_a_hypothesis_that_no_step_of_the_proof_uses_leaves_it_proved():
    result = ratetheory("verify", "geodesic-descent", "--drop", "constant-rate")
    assert result.code == 0
    assert "no counterexample without constant-rate was found: the derivation goes through without it" in result.out


def test_where_nothing_is_found_it_says_why_as_far_as_it_is_known():
    result = ratetheory("verify", "norm-growth", "--drop", "differentiable")
    assert result.code == 3
    _, row, lacking, found = result.out.splitlines()
    assert "survived" in row
    assert lacking == "norm-growth: without differentiable the derivation has no proof of norm, rate"
    assert found.endswith("no counterexample without differentiable was found: without a gradient the claim says nothing")


def test_dropping_speaks_of_the_conclusions_that_have_the_hypothesis():
    content = json.loads(ratetheory("verify", "gd-rate", "--drop", "single-block", "--json").out)
    attack = content["claims"][0]["verdicts"][1]
    assert attack["status"] == "refuted"
    alone = {"sum-rotation", "sum-two-phase", "sum-continuous", "gradient-bound"}
    assert set(attack["evidence"]["conclusions"]) <= alone
