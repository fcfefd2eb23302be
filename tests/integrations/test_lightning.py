"""The callback for Lightning records what a plain loop records."""

from __future__ import annotations

import logging
import sys

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from ratetheory.observation.faults import FAULTY, faults, gradient_notes
from ratetheory.observation.trace import load_trace
from ratetheory.training.monitor import RateMonitor
from tests.training.monitor import spread

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    pytest.importorskip("lightning", reason="needs lightning")
    for name in ("lightning.pytorch", "lightning.fabric"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.ERROR)


def fit(module, callback, steps=60, minibatches=None, **settings):
    from lightning import Trainer

    minibatches = minibatches or steps * settings.get("accumulate_grad_batches", 1)
    loader = DataLoader(spread.batches(minibatches, torch.float32), batch_size=None)
    quietly = {"enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    trainer = Trainer(max_epochs=1, callbacks=[callback], **{"logger": False, **quietly, **settings})
    trainer.fit(module, loader)
    return trainer


def learner(**settings):
    # importing Lightning takes seconds: not while the tests are collected
    from tests.integrations.lightning_modules import Module

    return Module(**settings)


def callback(*arguments, **keywords):
    from ratetheory.integrations.lightning import WatchRates

    return WatchRates(*arguments, **keywords)


def test_the_numbers_are_those_of_a_plain_loop(tmp_path):
    from tests.integrations.lightning_modules import Shown

    module, shown = learner(), Shown()
    fit(module, callback(module.blocks, tmp_path / "fit", part="net"), logger=shown)
    net, blocks = spread.batch_net(torch.float32)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    with RateMonitor(net, optimizer, blocks, tmp_path / "loop") as monitor:
        for inputs, targets in spread.batches(60, torch.float32):
            optimizer.zero_grad()
            loss = spread.squared(net(inputs), targets)
            loss.backward()
            optimizer.step()
            monitor.step(loss)
    found, plain = load_trace(tmp_path / "fit"), load_trace(tmp_path / "loop")
    assert found.dataset.equals(plain.dataset)
    assert not faults(found)
    step, last = shown.metrics[-1]
    rates = found.dataset["learning_rate"].values / found.dataset["squared_norm"].values[:-1]
    assert step == 60
    assert last["effective_rate/0.weight"] == pytest.approx(np.median(rates[-1, :7]))


@pytest.mark.parametrize("part", ["", "net"])
def test_blocks_are_found_at_the_first_forward_pass(tmp_path, part):
    fit(learner(forward=part), callback(output=tmp_path / "fit", part=part), steps=3)
    layers = {block["layer"] for block in load_trace(tmp_path / "fit").run["blocks"]}
    assert ("0.weight" if part else "net.0.weight") in layers


def test_accumulation_clipping_and_bfloat16(tmp_path):
    module = learner()
    settings = {"precision": "bf16-mixed", "accumulate_grad_batches": 3, "gradient_clip_val": 0.05}
    fit(module, callback(module.blocks, tmp_path / "fit", part="net"), steps=12, **settings)
    trace = load_trace(tmp_path / "fit")
    assert trace.dataset.sizes["step"] == 12
    assert (trace.dataset["backward_passes"].values == 3).all()
    assert (trace.dataset["radial_error"].values > 0).all()
    assert not [fault for fault in faults(trace) if fault.kind in FAULTY]
    notes = gradient_notes(trace)
    assert notes[0] == "accumulated over 3 backward passes"
    assert any("clipping" in note for note in notes)
    assert any("bfloat16" in note for note in notes)


def test_a_forward_pass_that_is_never_seen_is_said(tmp_path):
    # the training step calls the part, not the whole; two batches are no step yet
    batches = []
    module = learner()
    module.on_train_batch_start = lambda batch, index: batches.append(index)
    with pytest.raises(ValueError, match=r"no forward pass of '' was seen .* such as 'net', or blocks"):
        fit(module, callback(output=tmp_path / "fit"), steps=9, accumulate_grad_batches=3)
    assert batches == [0, 1, 2]


@pytest.mark.parametrize("accumulate", [1, 2, 4])
def test_the_loss_is_the_mean_of_the_minibatches(tmp_path, accumulate):
    module, losses = learner(), []
    given = module.training_step

    # Lightning looks at the signature
    def training_step(batch):
        losses.append(given(batch, 0))
        return losses[-1]

    module.training_step = training_step
    # with accumulation the last step is one of a single minibatch, or of two
    fit(
        module,
        callback(module.blocks, tmp_path / "fit", part="net"),
        accumulate_grad_batches=accumulate,
        minibatches=9 + (accumulate == 4),
    )
    means = [torch.stack(losses[i : i + accumulate]).mean().item() for i in range(0, len(losses), accumulate)]
    np.testing.assert_allclose(load_trace(tmp_path / "fit").dataset["loss"].values, means, rtol=1e-6)


def test_a_training_step_that_fails_leaves_what_was_recorded(tmp_path):
    module = learner(fail_at=4)
    with pytest.raises(RuntimeError, match="planted"):
        fit(module, callback(module.blocks, tmp_path / "fit", part="net"), steps=9)
    assert load_trace(tmp_path / "fit").dataset.sizes["step"] == 4


@pytest.mark.parametrize("framework", ["lightning", "transformers"])
def test_a_missing_framework_is_one_line(monkeypatch, framework):
    monkeypatch.setitem(sys.modules, framework, None)
    monkeypatch.delitem(sys.modules, f"ratetheory.integrations.{framework}", raising=False)
    with pytest.raises(ModuleNotFoundError, match=f"^{framework} is not installed: pip install 'ratetheory"):
        __import__(f"ratetheory.integrations.{framework}")
