"""Real runs held against the claims: what holds is held, what is planted is found, what cannot be seen is said."""

import json
import shutil

import numpy as np
import pytest
import torch

from ratetheory.claims import claims
from ratetheory.observation.compare import compare
from ratetheory.observation.trace import Trace, load_trace
from ratetheory.training.specification import TrainSpec
from ratetheory.training.train import train

STEPS, FAULT = 30, 12


def plant(layer, factor, at=FAULT):
    """Multiply the weights of one layer once, after the given update."""

    def on_step(step, module):
        if step == at:
            with torch.no_grad():
                dict(module.named_parameters())[f"{layer}.weight"].mul_(factor)

    return on_step


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")

    def run(name, on_step=None, **changes):
        return train(
            TrainSpec(**{"learning_rate": 0.3, "steps": STEPS, **changes}), folder / name, progress=False, on_step=on_step
        )

    usual = {"network": "usual", "optimizer": "sgd", "batch_size": 256}
    return {
        "reference": run("reference"),
        "fault": run("fault", plant("conv2", 1.001)),
        "usual": run("usual", **usual),
        "usual-fault": run("usual-fault", plant("conv2", 1.001), **usual),
    }


@pytest.fixture(scope="module")
def reference(runs):
    return compare(runs["reference"], points=3)


def changed(trace: Trace, **variables) -> Trace:
    """The same trace with some variables replaced."""
    dataset = trace.dataset.copy(deep=True)
    for name, values in variables.items():
        dataset[name] = (dataset[name].dims, np.broadcast_to(values, dataset[name].shape))
    return Trace(dataset, trace.run, trace.facts)


def test_every_claim_holds_on_the_reference_network(reference):
    words = reference.verdicts()
    assert set(words) >= {
        "euler-orthogonality",
        "norm-growth",
        "growth-certificate",
        "rotation-budget",
        "log-lyapunov",
        "gd-rate",
    }
    assert words.pop("worst-case") == "not applicable"
    assert set(words.values()) == {"held"}
    for observation in reference.observations:
        if observation.status == "held":
            assert observation.figures["resolved"] >= 0.5
            assert observation.figures["dead"] == 0


def test_equations_are_sharp_and_estimates_are_called_so(reference):
    for o in reference.observations:
        equation = claims[o.claim].conclusion(o.conclusion).relation == "=="
        if equation and o.status == "held":
            assert 0 <= o.figures["worst"] < 1e-8
        assert o.estimated == (
            o.status == "held" and o.claim in ("gradient-diameter", "geodesic-descent", "log-lyapunov", "gd-rate")
        )
    assert reference.apriori.bound.trust == "estimated"
    assert reference.apriori.label in ("estimated", "vacuous")
    assert float(reference.apriori.bound.value) >= reference.apriori.observed


@pytest.mark.parametrize(
    ("name", "claim"), [("fault", "norm-growth"), ("fault", "rotation-growth"), ("usual-fault", "corrected-certificate")]
)
def test_a_planted_fault_is_violated_at_its_step_and_layer(runs, name, claim):
    comparison = compare(runs[name], points=3)
    assert comparison.verdicts()[claim] == "violated"
    violated = [o for o in comparison.observations if o.claim == claim and o.status == "violated"]
    first = min(violated, key=lambda o: o.step)
    assert first.step == FAULT
    assert first.block.startswith("conv2")
    assert {o.group for o in violated if o.step == first.step} == {"conv2"}


def test_the_usual_network_is_told_which_hypothesis_it_misses(runs):
    comparison = compare(runs["usual"])
    words = comparison.verdicts()
    assert words.pop("corrected-certificate") in ("held", "not resolvable")
    assert set(words.values()) == {"not applicable"}
    reasons = {o.claim: o.reason for o in comparison.observations if o.status == "not applicable"}
    assert set(reasons) == set(words)
    assert all("eps = 1e-05" in reason for reason in reasons.values())
    assert isinstance(comparison.apriori, str)
    assert any(o.status == "held" and o.conclusion == "defect" for o in comparison.observations)


@pytest.mark.parametrize(
    "changes",
    [
        # a gain that moves far in one step, where the eps law is large
        {"network": "usual", "bn_epsilon": 0.1, "scale_variant_learning_rate": 0.5, "learning_rate": 1.0},
        # batches whose variance is tiny against their values
        {"optimizer": "sgd", "batch_size": 2, "learning_rate": 0.1},
        {"network": "usual", "optimizer": "sgd", "batch_size": 3, "learning_rate": 0.1},
    ],
)
def test_true_runs_at_the_edge_are_not_violated(tmp_path, changes):
    path = train(TrainSpec(steps=15, **changes), tmp_path / "edge", progress=False)
    words = set(compare(load_trace(path)).verdicts().values())
    assert "violated" not in words


def test_a_claim_that_fails_with_estimates_is_not_violated(runs, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(runs["reference"], copy)
    compare(copy, points=2)
    kept = copy / "smoothness-2.json"
    content = json.loads(kept.read_text())
    content["estimate"]["L"] = content["estimate"]["Lam"] = 1e-6
    kept.write_text(json.dumps(content))
    comparison = compare(copy, points=2)
    words = comparison.verdicts()
    assert words["gradient-diameter"] == words["log-lyapunov"] == "not resolvable"
    assert any("may be too small" in o.reason for o in comparison.observations if o.claim == "log-lyapunov")


def test_a_trace_of_another_device_can_be_compared(runs, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(runs["reference"], copy)
    run = json.loads((copy / "run.json").read_text())
    run["specification"]["device"] = "cuda"
    (copy / "run.json").write_text(json.dumps(run))
    assert compare(copy, points=1).verdicts()["gd-rate"] == "held"


@pytest.mark.parametrize("content", ["{", '{"snapshots": 1, "estimate": {}}', "[]", '{"estimate": {"L": -1.0}}'])
def test_a_foreign_cache_of_estimates_is_not_believed(runs, tmp_path, content):
    copy = tmp_path / "copy"
    shutil.copytree(runs["reference"], copy)
    for kept in copy.glob("smoothness-*.json"):
        kept.write_text(content)
    assert compare(copy, points=1).verdicts()["gd-rate"] == "held"


def test_facts_that_would_confuse_a_terminal_are_refused(runs, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(runs["reference"], copy)
    run = json.loads((copy / "run.json").read_text())
    run["facts"]["scale_invariant_reason"] = "\x1b]0;owned\x07"
    (copy / "run.json").write_text(json.dumps(run))
    with pytest.raises(ValueError, match="cannot be printed"):
        compare(copy)
    run["facts"]["scale_invariant_reason"], run["facts"]["f_low"] = "fine", None
    (copy / "run.json").write_text(json.dumps(run))
    with pytest.raises(ValueError, match="f_low"):
        compare(copy, points=1)


def test_unrelated_gradients_are_violated(runs):
    trace = load_trace(runs["reference"])
    squared = trace.dataset["squared_gradient"].values
    shuffled = np.random.default_rng(0).permutation(squared.ravel()).reshape(squared.shape)
    words = compare(changed(trace, squared_gradient=shuffled)).verdicts()
    assert words["norm-growth"] == words["corrected-certificate"] == words["wngrad-recursion"] == "violated"


def test_a_radial_part_is_violated(runs):
    trace = load_trace(runs["reference"])
    radial = 1e-6 * np.sqrt(trace.dataset["squared_norm"].values[:-1] * trace.dataset["squared_gradient"].values)
    comparison = compare(changed(trace, radial=radial))
    assert comparison.verdicts()["euler-orthogonality"] == "violated"


def test_steps_too_small_for_the_precision_are_not_resolvable(tmp_path):
    path = train(TrainSpec(network="usual", learning_rate=1e-5, steps=6, bn_epsilon=1e-30), tmp_path / "tiny", progress=False)
    observed = [o for o in compare(path).observations if o.claim == "corrected-certificate"]
    assert {o.status for o in observed} == {"not resolvable"}
    assert all("rounding hides" in o.reason for o in observed)


def test_without_constants_nothing_that_needs_them_is_judged(runs):
    trace = load_trace(runs["reference"])
    facts = {**trace.facts, "whole_sphere": True, "decoupled": True, "gradient_bound": True}
    comparison = compare(Trace(trace.dataset, trace.run, facts))
    for o in comparison.observations:
        if o.claim in ("gradient-diameter", "geodesic-descent", "log-lyapunov", "gd-rate"):
            assert o.status == "not applicable"
            assert o.reason


def test_a_single_step_is_a_case(tmp_path):
    path = train(TrainSpec(steps=1, learning_rate=0.3), tmp_path / "one", progress=False)
    words = compare(path, points=1).verdicts()
    assert words["norm-growth"] == "held"
    assert "violated" not in words.values()


def test_dead_filters_show_nothing(runs):
    trace = load_trace(runs["reference"])
    zero = np.zeros_like(trace.dataset["squared_gradient"].values)
    still = np.broadcast_to(trace.dataset["squared_norm"].values[:1], trace.dataset["squared_norm"].shape)
    dead = changed(
        trace, squared_gradient=zero, squared_norm=still, radial=zero, angle=zero, off_circle=zero, radial_predicted=zero
    )
    observed = [o for o in compare(dead).observations if o.claim == "norm-growth"]
    assert {o.status for o in observed} == {"not resolvable"}
    assert all("dead" in o.reason for o in observed)


def test_what_has_no_prediction_of_its_own_is_no_evidence(runs):
    trace = load_trace(runs["usual"])
    second = np.array([block["layer"] == "conv2" for block in trace.run["blocks"]])
    data = {name: trace.dataset[name].values.copy() for name in ("radial", "radial_predicted", "radial_error")}
    data["radial_predicted"][:, second] = data["radial"][:, second]
    data["radial_error"][:, second] = 0
    comparison = compare(changed(trace, **data))
    observed = {(o.group, o.conclusion): o for o in comparison.observations if o.claim == "corrected-certificate"}
    assert observed["conv2", "defect"].status == observed["conv2", "sum"].status == "not resolvable"
    assert "no eps law is known for 100%" in observed["conv2", "defect"].reason
    before = {(o.group, o.conclusion): o for o in compare(trace).observations if o.claim == "corrected-certificate"}
    assert observed["conv1", "defect"].as_dict() == before["conv1", "defect"].as_dict()
    assert observed["conv3", "sum"].as_dict() == before["conv3", "sum"].as_dict()
    assert comparison.verdicts()["corrected-certificate"] == "not resolvable"


def test_filters_that_are_zero_show_nothing(runs):
    trace = load_trace(runs["reference"])
    S, angle = trace.dataset["squared_norm"].values.copy(), trace.dataset["angle"].values.copy()
    S[:, 0], angle[:, 0] = 0, 0
    error = trace.dataset["direction_error"].values.copy()
    error[:, 0] = np.pi
    comparison = compare(changed(trace, squared_norm=S, angle=angle, direction_error=error), granularity="filter")
    first = trace.run["blocks"][0]["name"]
    of_first = [o for o in comparison.observations if o.group == first and o.claim == "rotation-growth"]
    assert of_first
    assert {o.status for o in of_first} == {"not resolvable"}
    assert comparison.effective_rates[first] == (float("inf"), float("inf"))


def test_granularities_partition_the_filters(runs, reference):
    filters = compare(load_trace(runs["usual"]), granularity="filter")
    names = {o.group for o in filters.observations if o.claim == "corrected-certificate"}
    assert len(names) == 80
    everything = compare(load_trace(runs["usual"]), granularity="all")
    assert {o.group for o in everything.observations if o.claim == "corrected-certificate"} == {"all"}
    assert set(reference.effective_rates) == {"conv1", "conv2", "conv3"}
    with pytest.raises(ValueError, match="granularity: 'row' is not known"):
        compare(runs["usual"], granularity="row")


def test_estimates_are_kept_beside_the_trace_and_belong_to_it(runs, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(runs["reference"], copy)
    first = compare(copy, points=2)
    kept = list(copy.glob("smoothness-*.json"))
    assert kept
    assert compare(copy, points=2).apriori.constants["Lam"] == pytest.approx(first.apriori.constants["Lam"])
    kept[0].write_text("{")
    assert compare(copy, points=2).apriori.constants["Lam"] == pytest.approx(first.apriori.constants["Lam"])


def test_effective_rates_and_exponent_of_a_known_run(reference):
    from ratetheory.observation.exponent import fit_exponent

    first = [block["layer"] == "conv1" for block in reference.trace.run["blocks"]]
    S = reference.trace.dataset["squared_norm"].values[:, first].sum(axis=1)
    assert reference.effective_rates["conv1"] == pytest.approx((0.3 / S[0], 0.3 / S[-1]))
    T = np.arange(1.0, 400)
    fit = fit_exponent(5 * T**-0.5)
    assert fit.value == pytest.approx(-0.5, abs=1e-9)
    assert fit_exponent(np.zeros(100)) is None
    assert fit_exponent(np.ones(5)) is None
