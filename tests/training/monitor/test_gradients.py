"""What stands between the backward pass and the optimiser: closures, clearing, clipping, skipped steps, compilation."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from ratetheory.observation.faults import FAULTY, faults, gradient_notes
from ratetheory.observation.trace import load_trace
from ratetheory.training.monitor import RateMonitor
from tests.training.monitor import spread
from tests.training.monitor.watched import groups, network, watch

SINGLE = torch.float32


def violated(trace):
    return [fault for fault in faults(trace) if fault.kind in FAULTY]


def unknown(trace):
    """Whether no eps law is claimed anywhere: the measured values stand in, without an allowance."""
    data = trace.dataset
    assert (data["radial_predicted"].values == data["radial"].values).all()
    return bool((data["radial_error"].values == 0).all())


def test_a_closure_is_watched_like_a_loop(tmp_path):
    for name in ("loop", "closure"):
        net, blocks = spread.batch_net()
        optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
        monitor = RateMonitor(net, optimizer, blocks, tmp_path / name)
        for batch in spread.batches(5):

            def closure(batch=batch, optimizer=optimizer, net=net):
                optimizer.zero_grad()
                loss = spread.squared(net(batch[0]), batch[1])
                loss.backward()
                return loss

            if name == "closure":
                loss = optimizer.step(closure)
            else:
                loss = closure()
                optimizer.step()
            monitor.step(loss)
        monitor.close()
    loop, closed = load_trace(tmp_path / "loop"), load_trace(tmp_path / "closure")
    assert loop.dataset.equals(closed.dataset)
    assert not violated(closed)


@pytest.mark.parametrize("method", [torch.optim.AdamW, torch.optim.SGD])
def test_gradients_may_be_cleared_before_the_step_is_recorded(tmp_path, method):
    net, blocks = spread.batch_net()
    optimizer = method(net.parameters(), lr=1e-2)
    monitor = RateMonitor(net, optimizer, blocks, tmp_path / "run")
    for inputs, targets in spread.batches(5):
        loss = spread.squared(net(inputs), targets)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        monitor.step(loss)
    monitor.close()
    assert not faults(load_trace(tmp_path / "run"))


@pytest.mark.parametrize("to_none", [True, False])
@pytest.mark.parametrize("make", [spread.batch_net, spread.layer_net])
def test_steps_that_a_scaler_skips_leave_nothing_behind(tmp_path, to_none, make):
    net, blocks = make(SINGLE)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", 2.0**20)
    monitor = RateMonitor(net, optimizer, blocks, tmp_path / "run")
    for step, (inputs, targets) in enumerate(spread.batches(12, SINGLE)):
        optimizer.zero_grad(set_to_none=to_none)
        with torch.autocast("cpu", torch.bfloat16, enabled=step > 5):
            loss = spread.squared(net(inputs), targets) * (float("inf") if step == 3 else 1.0)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(net.parameters(), 0.1)
        scaler.step(optimizer)
        scaler.update()
        monitor.step(loss)
    monitor.close()
    trace = load_trace(tmp_path / "run")
    assert trace.dataset.sizes["step"] == 11
    assert not violated(trace)
    known = (trace.dataset["radial_error"].values > 0).all(axis=1)
    # gradients that are set to zero do not show that those before were thrown away: no law for one step
    assert known.tolist() == [to_none or step != 3 for step in range(11)]


@pytest.mark.parametrize("method", [torch.optim.SGD, torch.optim.AdamW])
def test_a_fused_optimiser_undoes_the_scaling_itself(tmp_path, method):
    net, blocks = spread.batch_net(SINGLE)
    optimizer = method(net.parameters(), lr=0.01, fused=True)
    scaler = torch.amp.GradScaler("cpu", 1024.0)
    monitor = RateMonitor(net, optimizer, blocks, tmp_path / "run")
    slopes = []
    for step, (inputs, targets) in enumerate(spread.batches(8, SINGLE)):
        optimizer.zero_grad()
        loss = spread.squared(net(inputs), targets) * (float("inf") if step == 3 else 1.0)
        scaler.scale(loss).backward()
        if step != 3:
            slopes.append(float((net[0].weight.grad.double() / scaler.get_scale()).square().sum()))
        scaler.step(optimizer)
        scaler.update()
        monitor.step(loss)
    monitor.close()
    trace = load_trace(tmp_path / "run")
    assert [(fault.step, fault.kind) for fault in faults(trace)] == [(3, "skipped")]
    assert (trace.dataset["radial_error"].values > 0).all()
    np.testing.assert_allclose(trace.dataset["squared_gradient"].values[:, :7].sum(1), slopes, rtol=1e-6)
    np.testing.assert_allclose(trace.dataset["gradient_factor"].values, 1 / np.where(np.arange(7) < 3, 1024, 512), rtol=1e-6)


def test_entries_that_are_clipped_one_by_one_have_no_law(tmp_path):
    net, blocks = spread.batch_net()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    monitor = RateMonitor(net, optimizer, blocks, tmp_path / "run")
    for inputs, targets in spread.batches(4):
        optimizer.zero_grad()
        loss = spread.squared(net(inputs), targets)
        loss.backward()
        nn.utils.clip_grad_value_(net.parameters(), 1e-3)
        optimizer.step()
        monitor.step(loss)
    monitor.close()
    trace = load_trace(tmp_path / "run")
    assert unknown(trace)
    assert [(fault.step, fault.kind) for fault in faults(trace)] == [(0, "gradients")]


@pytest.mark.parametrize(
    ("make", "backend", "first"),
    [
        (spread.batch_net, "eager", "monitor"),
        (spread.batch_net, "aot_eager", "compile"),
        (spread.layer_net, "aot_eager", "monitor"),
        (spread.layer_net, "eager", "compile"),
        pytest.param(spread.batch_net, "inductor", "monitor", marks=pytest.mark.slow),
    ],
)
def test_a_compiled_model_has_no_law_and_its_updates_are_checked(tmp_path, make, backend, first):
    torch._dynamo.reset()
    net, blocks = make(SINGLE)
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    if first == "monitor":
        monitor = RateMonitor(net, optimizer, blocks, tmp_path / "run")
        model = torch.compile(net, backend=backend, fullgraph=True)
    else:
        model = torch.compile(net, backend=backend)
        monitor = RateMonitor(model, optimizer, blocks, tmp_path / "run")
    for step, (inputs, targets) in enumerate(spread.batches(6, SINGLE)):
        optimizer.zero_grad()
        loss = spread.squared(model(inputs), targets)
        loss.backward()
        optimizer.step()
        if step == 4:
            with torch.no_grad():
                net[0].weight.mul_(1.001)
        monitor.step(loss)
    monitor.close()
    trace = load_trace(tmp_path / "run")
    assert unknown(trace)
    assert [(fault.step, fault.kind) for fault in faults(trace)] == [(0, "no-law"), (4, "update")]


def test_all_channels_of_a_normalisation_may_belong_to_one_block(tmp_path):
    from ratetheory.training.blocks import find_blocks

    torch.manual_seed(0)
    norms = [nn.BatchNorm1d(8), nn.BatchNorm1d(5)]
    net = nn.Sequential(
        nn.Linear(6, 8, bias=False), norms[0], nn.ReLU(), nn.Linear(8, 5, bias=False), norms[1], nn.Linear(5, 1)
    ).double()
    blocks = find_blocks(net, spread.batches(1)[0][0])
    assert any(family.verdict == "joint" for family in blocks.invariant)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    monitor = RateMonitor(net, optimizer, blocks, tmp_path / "run")
    for inputs, targets in spread.batches(5):
        optimizer.zero_grad()
        loss = spread.squared(net(inputs), targets)
        loss.backward()
        optimizer.step()
        monitor.step(loss)
    monitor.close()
    trace = load_trace(tmp_path / "run")
    assert not violated(trace)
    data, joint = trace.dataset, [i for i, b in enumerate(trace.run["blocks"]) if "+" in b["name"]]
    assert np.abs(data["radial"].values[:, joint]).min() > 100 * data["radial_error"].values[:, joint].max()


def test_a_schedule_is_one_event(tmp_path):
    net, blocks = spread.batch_net()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.99)
    monitor = RateMonitor(net, optimizer, blocks, tmp_path / "run")
    for inputs, targets in spread.batches(10):
        optimizer.zero_grad()
        spread.squared(net(inputs), targets).backward()
        optimizer.step()
        schedule.step()
        monitor.step()
    monitor.close()
    events = json.loads((tmp_path / "run" / "run.json").read_text())["events"]
    assert [(event["step"], event["kind"]) for event in events] == [(1, "learning-rate")]


def clipped(directory, clip, epsilon=1e-5, dtype=torch.float64):
    net = network(dtype, epsilon)
    optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1)
    trace = watch(directory, net, optimizer, 8, before_step=lambda step, net: clip(net))
    return trace, violated(trace)


def all_convolutions(net):
    nn.utils.clip_grad_norm_([net[i].weight for i in (0, 3, 6)], 1e-3)


def one_convolution(net):
    nn.utils.clip_grad_norm_([net[3].weight], 1e-3)


def each_by_itself(net):
    for parameter in net.parameters():
        nn.utils.clip_grad_norm_([parameter], 1e-2)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("clip", "layers"), [(all_convolutions, "036"), (one_convolution, "3")])
def test_gradients_that_are_clipped_by_groups(tmp_path, clip, layers, dtype):
    trace, wrong = clipped(tmp_path, clip, 1e-2, dtype)
    assert wrong == []
    assert (trace.dataset["radial_error"].values > 0).all()
    said = [note for note in gradient_notes(trace) if "apart from the others" in note]
    assert [note.split()[2] for note in said] == [f"{layer}.weight" for layer in layers]
    factor = trace.dataset["family_factor"].values[:, 8:32]
    size = np.sqrt(trace.dataset["squared_gradient"].values[:, 8:32].sum(1))
    if clip is one_convolution:
        np.testing.assert_allclose(size, 1e-3, rtol=1e-4)
    assert (factor < 0.5).all()
    assert (factor == factor[:, :1]).all()


def test_gradients_that_are_clipped_each_by_itself(tmp_path):
    # the gains of several normalisations are not parallel then: no law is claimed
    trace, wrong = clipped(tmp_path, each_by_itself)
    assert wrong == []
    assert unknown(trace)


def test_entries_of_the_weights_only_that_are_clipped(tmp_path):
    def clip(net):
        nn.utils.clip_grad_value_([net[i].weight for i in (0, 3, 6)], 1e-4)

    _, wrong = clipped(tmp_path, clip)
    assert {fault.kind for fault in wrong} == {"invariance"}
    assert all("clipping entry by entry" in fault.text for fault in wrong)


def test_a_radial_part_of_every_gradient_is_not_taken_for_clipping(tmp_path):
    def radial(net):
        for i in (0, 3, 6):
            net[i].weight.grad += 0.01 * net[i].weight.detach()

    for epsilon in (1e-2, 1e-5, 1e-30):
        trace, wrong = clipped(tmp_path / str(epsilon), radial, epsilon)
        assert [(fault.step, fault.kind) for fault in wrong] == [(0, "invariance")] * 3
        assert (trace.dataset["family_factor"].values == 1).all()
