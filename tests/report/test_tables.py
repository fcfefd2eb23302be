"""The tables: words, notes and reasons against what the comparison says."""

import math
from dataclasses import replace

import numpy as np

from ratetheory.observation.compare import compare
from ratetheory.observation.judge import Observation
from ratetheory.report import tables


def cells(rows, claim):
    return next(row["cells"] for row in rows if row["claim"] == claim)


def test_held_shows_the_least_resolved_share(make):
    comparison = compare(make())
    shares = [o.figures["resolved"] for o in comparison.observations if o.claim == "norm-growth"]
    cell = tables.observation_cell(comparison, "norm-growth")
    assert (cell.word, cell.kind, cell.note) == ("held", "good", f"{math.floor(100 * min(shares))}% resolved")


def test_violation_names_the_first_step_and_its_block(make):
    trace = make()
    S = trace.dataset["squared_norm"].values.copy()
    S[13:, 2] *= 1.001
    comparison = compare(make(changed={"squared_norm": (("state", "block"), S)}))
    cell = tables.observation_cell(comparison, "norm-growth")
    assert (cell.word, cell.kind) == ("violated", "bad")
    assert cell.note.startswith("first at step 12, block conv2[0] (")
    (entry,) = [e for e in tables.run_claims(comparison) if e["claim"] == "norm-growth"]
    assert {row["cell"].word for row in entry["rows"] if row["group"] == "conv2"} == {"violated"}
    assert {row["cell"].word for row in entry["rows"] if row["group"] == "conv1"} == {"held"}
    assert "violated" in tables.summaries([comparison], [])[0]


def test_the_earliest_of_several_violations_is_named(make):
    comparison = compare(make())
    found = (
        Observation("norm-growth", "norm", "conv1", "violated", None, 9, "conv1[1]"),
        Observation("norm-growth", "rate", "conv2", "violated", None, 4, "conv2[0]"),
    )
    assert (
        "step 4, block conv2[0] (rate)" in tables.observation_cell(replace(comparison, observations=found), "norm-growth").note
    )


def test_not_applicable_gives_hypothesis_and_reason(make):
    facts = {"constant_rate": False, "constant_rate_reason": "a schedule", "full_gradient": False}
    comparison = compare(make(facts={**facts, "full_gradient_reason": "minibatches of 8"}))
    cell = tables.observation_cell(comparison, "growth-certificate")
    assert cell == tables.Cell("not applicable", "constant-rate", "constant-rate: a schedule")
    assert cell.kind == "off"
    assert tables.observation_cell(comparison, "norm-growth").word == "held"
    assert comparison.apriori == "full-gradient: minibatches of 8"


def test_verdicts_of_witnesses_and_runs_side_by_side(make, verifications):
    rows = tables.verdict_rows([compare(make())], verifications)
    words = [cell and cell.word for cell in cells(rows, "norm-growth")]
    assert words == ["proved", "survived", "absent", "held"]
    derivation, attack, _, _ = cells(rows, "gd-rate")
    assert (derivation.word, derivation.reason) == ("undecided", "the budget ended")
    assert (attack.word, attack.note) == ("refuted", "rate at step 7")
    derivation = cells(rows, "rotation-growth")[0]
    assert (derivation.note, derivation.reason) == ("angle", "angle is undecided: no rule applies")
    assert cells(rows, "wngrad-recursion")[:3] == [None, None, None]
    assert all(len(row["cells"]) == 4 for row in rows)
    assert tables.summaries([], verifications)[0].endswith("3 claims: 1 proved, 1 refuted, 1 undecided.")


def test_only_a_proof_or_an_observation_looks_good():
    assert {word for word, (kind, _, _) in tables.WORDS.items() if kind == "good"} == {"proved", "held"}
    assert {word for word, (kind, _, _) in tables.WORDS.items() if kind == "bad"} == {"refuted", "violated", "failed"}


def test_words_that_rest_on_estimates_say_so(make, with_bound):
    comparison = with_bound(make())
    observed = Observation("log-lyapunov", "monotone-sharper", "all", "held", figures={"resolved": 0.999})
    comparison = replace(comparison, observations=(observed, *comparison.observations))
    assert tables.observation_cell(comparison, "log-lyapunov").note == "99% resolved, constants estimated"
    broken = replace(observed, status="violated", step=3, block="all")
    violated = replace(comparison, observations=(broken,))
    assert tables.observation_cell(violated, "log-lyapunov").note.endswith("block all (monotone-sharper), constants estimated")
    assert "estimated" not in tables.observation_cell(comparison, "norm-growth").note


def test_a_vacuous_bound_says_so_beside_the_word_held(make, with_bound):
    comparison = with_bound(make(rate=5.0))
    assert comparison.apriori.label == "vacuous"
    observed = Observation("gd-rate", "rate", "all", "held", figures={"resolved": 1.0})
    assert tables.observation_cell(replace(comparison, observations=(observed,)), "gd-rate").note == (
        "100% resolved, constants estimated, vacuous"
    )


def test_apriori_table_against_the_bound(make, with_bound):
    comparison = with_bound(make(rate=0.5))
    table = tables.apriori_table(comparison.apriori)
    observed = (
        (comparison.trace.dataset["squared_norm"].values[:-1] * comparison.trace.dataset["squared_gradient"].values)
        .sum(1)
        .min()
    )
    value = comparison.apriori.bound.value
    assert table["rows"][0] == ("squared gradient norm", f"{value:.3g}", f"{observed:.3g}", f"{value / observed:.3g}")
    assert table["rows"][1][3] == f"{math.sqrt(value / observed):.3g}"
    assert dict(table["constants"])["L"] == "1 to 2"
    assert table["says_more"]


def test_a_gradient_of_zero_gives_no_ratio_and_no_exponent(make, with_bound):
    squares = make().dataset["squared_gradient"].values.copy()
    squares[5:] = 0
    comparison = with_bound(make(changed={"squared_gradient": (("step", "block"), squares)}))
    assert tables.apriori_table(comparison.apriori)["rows"][0][2:] == ("0", "∞ (observed 0)")
    assert tables.exponent_text(comparison).startswith("not fitted")


def test_equal_names_are_told_apart(make):
    runs = [compare(make()), compare(make())]
    assert tables.run_labels(runs) == ["rayleigh", "rayleigh (2)"]


def test_numbers_of_any_size():
    assert tables.number(np.float64(0.000123456)) == "0.000123"
    assert tables.number("1.23456e+400") == "1.23e+400"
    assert tables.number(math.inf) == "∞"


def test_provenance_of_the_report_and_of_each_run(make, verifications):
    origin = {"version": "9.9", "commit": "abc", "seed": 5, "threads": 2, "libraries": {"torch": "7"}}
    columns, rows = tables.provenance_rows([compare(make(provenance=origin)), compare(make())], verifications)
    facts = dict(rows)
    assert columns == ["this report", "rayleigh", "rayleigh (2)"]
    assert facts["seed"] == ["attack: 3", "5", "not recorded"]
    assert facts["libraries"][1:] == ["torch 7", "not recorded"]
    assert "numpy" in facts["libraries"][0]


def test_how_a_run_ended_is_said(make):
    assert ("status", "diverged at step 40") in tables.run_facts(compare(make(status="diverged", diverged_at_step=40)))
    assert ("status", "running (not finished)") in tables.run_facts(compare(make(status="running")))
    assert ("recorded", "40 steps of 3 filters in 2 layers") in tables.run_facts(compare(make()))
