"""Runs: what they record, that they go on after an interruption as if there had been none, and what they refuse."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from ratetheory.claims import claims
from ratetheory.observation import load_trace
from ratetheory.training import checkpoint
from ratetheory.training import train as module
from ratetheory.training.specification import TrainSpec, checked
from ratetheory.training.train import snapshot_steps, train

SGD = TrainSpec(optimizer="sgd", batch_size=32, learning_rate=0.3, steps=30)


def equal(left, right):
    one, other = load_trace(left).dataset, load_trace(right).dataset
    assert set(one) == set(other)
    for name in one:
        np.testing.assert_array_equal(one[name].values, other[name].values, err_msg=str(name))


@pytest.mark.parametrize("rate", [0.01, 0.3, 10.0])
def test_gradient_descent_trains_the_reference_at_any_rate_and_obeys_the_theory(tmp_path, rate):
    loaded = load_trace(train(TrainSpec(learning_rate=rate, steps=30), tmp_path / "run"))
    d = loaded.dataset
    S, Q, eta = d["squared_norm"].values, d["squared_gradient"].values, d["learning_rate"].values
    assert d["loss"].values[-1] < 0.8 * d["loss"].values[0]
    assert (np.abs(d["radial"].values) <= 1e-13 * np.sqrt(S[:-1] * Q)).all()
    # storing the weights rounds S by 1 unit, the sums by the root of their length
    np.testing.assert_allclose(S[1:], S[:-1] + eta**2 * Q, rtol=3e-14)
    assert (np.diff(S, axis=0) > 0).all()
    assert loaded.run["status"] == "completed"
    assert dict(d.sizes) == {"step": 30, "state": 31, "block": 80}


def test_the_run_file_says_what_was_run(tmp_path):
    run = load_trace(train(SGD, tmp_path / "run")).run
    assert run["specification"] == checked(SGD).as_dict()
    assert run["specification"]["activation"] == "tanh"
    assert run["provenance"]["seed"] == 0
    assert run["provenance"]["threads"] == torch.get_num_threads()
    assert {"python", "torch", "numpy"} <= set(run["provenance"]["libraries"])
    assert run["blocks"][8] == {
        "name": "conv2[0]",
        "layer": "conv2",
        "dimension": 72,
        "dtype": "float64",
        "unit": "filter",
        "law": ["norm2"],
    }
    assert run["variables"]["squared_norm"]["dimensions"] == ["state", "block"]


def inapplicable(specification, tmp_path, slug):
    facts = load_trace(train(specification, tmp_path / "run")).facts
    claim = claims[slug]
    return claim.inapplicable(claim.conclusions[0], facts)


@pytest.mark.parametrize(
    ("changes", "slug", "reason"),
    [
        ({}, "norm-growth", None),
        ({}, "euler-orthogonality", None),
        ({"optimizer": "sgd"}, "norm-growth", None),
        ({"activation": "softplus"}, "norm-growth", None),
        ({"activation": "relu"}, "norm-growth", "differentiable: the activation relu has a kink"),
        ({"bn_epsilon": 1e-5}, "norm-growth", "eps = 1e-05 of batch normalisation breaks it"),
        ({"network": "usual"}, "norm-growth", "eps = 1e-05 of batch normalisation breaks it"),
        ({"network": "usual", "bn_epsilon": 1e-30}, "norm-growth", "single precision"),
        ({"network": "usual"}, "corrected-certificate", None),
        ({}, "gd-rate", "whole-sphere"),
    ],
)
def test_the_facts_decide_which_claims_apply(tmp_path, changes, slug, reason):
    found = inapplicable(TrainSpec(**{"steps": 1, **changes}), tmp_path, slug)
    assert found is None if reason is None else reason in str(found)


def test_minibatches_are_not_the_full_gradient(tmp_path):
    facts = load_trace(train(SGD, tmp_path / "run")).facts
    assert facts["full_gradient"] is False
    assert "minibatch of 32" in facts["full_gradient_reason"]


def test_minibatches_are_drawn_anew_at_each_step_and_rates_apply_to_their_groups(tmp_path):
    seen = []

    def keep(step, network):
        seen.append((network.conv1.weight.grad.clone(), network.classifier.bias.detach().clone(), network.classifier.bias.grad))

    spec = TrainSpec(
        network="usual", optimizer="sgd", batch_size=16, learning_rate=1e-6, scale_variant_learning_rate=0.5, steps=2
    )
    train(spec, tmp_path / "run", on_step=keep)
    assert not torch.allclose(seen[0][0], seen[1][0], rtol=1e-2)
    torch.testing.assert_close(seen[1][1], seen[0][1] - 0.5 * seen[1][2])


class Interruption(Exception):
    pass


@pytest.mark.parametrize("spec", [SGD, TrainSpec(steps=12), TrainSpec(network="usual", steps=12)], ids=["sgd", "gd", "usual"])
def test_an_interrupted_run_goes_on_to_the_same_trace_bit_for_bit(tmp_path, monkeypatch, spec):
    monkeypatch.setattr(module, "PART_STEPS", 4)
    train(spec, tmp_path / "whole")

    def interrupt(step, network):
        if step == 9:
            raise Interruption

    with pytest.raises(Interruption):
        train(spec, tmp_path / "cut", on_step=interrupt)
    assert load_trace(tmp_path / "cut").dataset.sizes["step"] == 8
    # a part that the checkpoint does not know of, as if the run had been killed between the two
    content = (tmp_path / "whole" / "part-000002.nc").read_bytes()
    (tmp_path / "cut" / "part-000002.nc").write_bytes(content)
    train(spec, tmp_path / "cut", resume=True)
    equal(tmp_path / "whole", tmp_path / "cut")
    for step, path in checkpoint.snapshots(tmp_path / "whole").items():
        one, other = (checkpoint.load(p)["module"] for p in (path, checkpoint.snapshot_path(tmp_path / "cut", step)))
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_killed_run_loads_up_to_its_last_complete_part_and_goes_on(tmp_path):
    code = (
        "import sys, time; from ratetheory.training.train import train;"
        "from ratetheory.training.specification import TrainSpec;"
        "train(TrainSpec(optimizer='sgd', batch_size=32, learning_rate=0.3, steps=130), sys.argv[1],"
        " on_step=lambda *_: time.sleep(0.01))"
    )
    run = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "cut")], env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "cut" / "part-000001.nc").exists():
            assert run.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    cut = load_trace(tmp_path / "cut")
    assert 1 < cut.dataset.sizes["step"] < 130
    assert cut.run["status"] == "running"
    spec = TrainSpec(optimizer="sgd", batch_size=32, learning_rate=0.3, steps=130)
    train(spec, tmp_path / "cut", resume=True)
    train(spec, tmp_path / "whole")
    equal(tmp_path / "whole", tmp_path / "cut")
    assert load_trace(tmp_path / "cut").run["status"] == "completed"


def test_only_the_same_specification_is_resumed_and_a_finished_run_is_left_alone(tmp_path):
    train(SGD, tmp_path / "run")
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "run").iterdir()}
    with pytest.raises(ValueError, match=r"resume: learning_rate is 0\.5, but .* was begun with 0\.3"):
        train(TrainSpec(optimizer="sgd", batch_size=32, learning_rate=0.5, steps=30), tmp_path / "run", resume=True)
    assert train(SGD, tmp_path / "run", resume=True) == tmp_path / "run"
    assert {p.name: p.stat().st_mtime_ns for p in (tmp_path / "run").iterdir()} == before
    with pytest.raises(ValueError, match="no trace here"):
        train(SGD, tmp_path / "nothing", resume=True)


def test_a_checkpoint_that_runs_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PART_STEPS", 4)
    with pytest.raises(Interruption):
        train(SGD, tmp_path / "run", on_step=lambda step, _: (_ for _ in ()).throw(Interruption) if step == 9 else None)

    class Payload:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "harm"),))

    torch.save({"step": Payload()}, tmp_path / "run" / "checkpoint.pt")
    with pytest.raises(ValueError, match="corrupt, or more than tensors"):
        train(SGD, tmp_path / "run", resume=True)
    assert not (tmp_path / "harm").exists()


def test_nothing_is_overwritten_without_force(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    short = TrainSpec(steps=1)
    assert [str(train(short)) for _ in range(2)] == ["runs/reference-digits-gd-0", "runs/reference-digits-gd-1"]
    with pytest.raises(ValueError, match="is not empty"):
        train(short, "runs/reference-digits-gd-0")
    assert train(TrainSpec(steps=2), "runs/reference-digits-gd-0", force=True).exists()
    assert load_trace("runs/reference-digits-gd-0").dataset.sizes["step"] == 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="no trace here"):
        train(short, tmp_path / "mine", force=True)
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("network", "resnet"),
        ("data", "../digits"),
        ("optimizer", "adam"),
        ("activation", "sine"),
        *[(f, v) for f in ("learning_rate", "scale_variant_learning_rate", "bn_epsilon") for v in (-1.0, 0.0, np.nan, np.inf)],
        ("steps", 0),
        ("steps", 1.5),
        ("seed", -1),
        ("batch_size", 32),
        ("device", "cuda:99"),
        ("device", "abacus"),
    ],
)
def test_bad_values_are_one_line_before_anything_is_written(tmp_path, field, value):
    with pytest.raises(ValueError, match=f"^{field}: ") as caught:
        train(TrainSpec(**{field: value}), tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_batches_of_one_are_refused():
    with pytest.raises(ValueError, match="batch_size: 1 is not allowed"):
        checked(TrainSpec(optimizer="sgd", batch_size=1))


def test_directories_that_cannot_be_written_are_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for output in (tmp_path / "file", tmp_path / "file" / "run", "/proc/run"):
        with pytest.raises(ValueError, match="output: ") as caught:
            train(TrainSpec(steps=1), output)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("steps_before", [0, 3])
def test_divergence_ends_the_run_with_its_status_and_a_readable_trace(tmp_path, steps_before):
    def explode(step, network):
        if step == steps_before:
            with torch.no_grad():
                network.conv2.weight.fill_(torch.inf)

    path = train(TrainSpec(steps=40), tmp_path / "run", on_step=explode)
    run = json.loads((path / "run.json").read_text())
    assert (run["status"], run["diverged_at_step"]) == ("diverged", steps_before)
    if steps_before:
        assert load_trace(path).dataset.sizes["step"] == steps_before
        assert train(TrainSpec(steps=40), path, resume=True) == path
    else:
        with pytest.raises(ValueError, match="the trace is empty"):
            load_trace(path)


@pytest.mark.parametrize("steps", [1, 2, 3, 40, 10**6])
def test_snapshots_lie_within_the_run_from_first_to_last(steps):
    points = snapshot_steps(steps)
    assert {0, steps - 1} <= points
    assert max(points) < steps
    assert len(points) <= 24


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_obeys_the_theory_too(tmp_path):
    d = load_trace(train(TrainSpec(steps=10, device="cuda"), tmp_path / "run")).dataset
    S = d["squared_norm"].values
    np.testing.assert_allclose(S[1:], S[:-1] + 0.1**2 * d["squared_gradient"].values, rtol=3e-14)


def test_a_compressed_snapshot_is_refused(tmp_path):
    import zipfile

    from ratetheory.training import checkpoint

    path, bomb = tmp_path / "weights.pt", tmp_path / "bomb.pt"
    checkpoint.save(path, {"module": torch.zeros(10**6)})
    with zipfile.ZipFile(path) as stored, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as compressed:
        for name in stored.namelist():
            compressed.writestr(name, stored.read(name))
    assert bomb.stat().st_size < path.stat().st_size / 10
    assert checkpoint.load(path)
    with pytest.raises(ValueError, match="compressed"):
        checkpoint.load(bomb)


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    from ratetheory.training import checkpoint

    path = train(TrainSpec(steps=3), tmp_path / "run", progress=False)
    record = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**record, "status": "running"}))
    checkpoint.save(path / checkpoint.CHECKPOINT, {"a": 1})
    with pytest.raises(ValueError, match="is not of this run"):
        train(TrainSpec(steps=3), path, resume=True, progress=False)
    (path / "run.json").write_text(json.dumps({k: v for k, v in {**record, "status": "running"}.items() if k != "provenance"}))
    with pytest.raises(ValueError, match="threads"):
        train(TrainSpec(steps=3), path, resume=True, progress=False)
