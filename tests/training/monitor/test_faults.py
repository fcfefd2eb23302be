"""Planted faults are found at their step and in their block; sound runs have none."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from ratetheory.observation.faults import FAULTY, faults
from ratetheory.observation.trace import load_trace
from ratetheory.training.monitor import RateMonitor
from tests.training.monitor.watched import IMAGES, blocks_of, groups, network, watch

AT = 13
SETTINGS = [
    pytest.param({"lr": 0.1}, torch.float64, 1e-30, id="exact"),
    pytest.param({"lr": 0.1}, torch.float32, 1e-5, id="usual"),
    pytest.param({"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4}, torch.float32, 1e-5, id="momentum"),
]


def run(directory, settings, dtype, epsilon, steps=20, **how):
    net = network(dtype, epsilon)
    trace = watch(directory, net, torch.optim.SGD(groups(net, 0.5), **settings), steps, **how)
    return trace, [f for f in faults(trace) if f.kind in FAULTY]


@pytest.mark.parametrize(("settings", "dtype", "epsilon"), SETTINGS)
def test_a_sound_run_has_no_fault(tmp_path, settings, dtype, epsilon):
    trace, found = run(tmp_path, settings, dtype, epsilon)
    assert found == []
    assert trace.dataset.sizes["step"] == 20
    assert trace.run["events"] == []


@pytest.mark.parametrize(("settings", "dtype", "epsilon"), SETTINGS)
def test_weights_scaled_once(tmp_path, settings, dtype, epsilon):
    def scale(step, net):
        if step == AT:
            net[3].weight[5] *= 1.001

    _, found = run(tmp_path, settings, dtype, epsilon, after_step=scale)
    assert [(f.step, f.kind, f.block, f.blocks) for f in found] == [(AT, "update", "3.weight[5]", 1)]
    assert "scaled by 1.001" in found[0].text
    assert found[0].size > 100 * found[0].allowance


@pytest.mark.parametrize(("settings", "dtype", "epsilon"), SETTINGS)
def test_a_gradient_with_a_radial_part(tmp_path, settings, dtype, epsilon):
    def radial(step, net):
        if step == AT:
            weight = net[6].weight
            with torch.no_grad():
                size = weight.grad[7].norm() / weight[7].norm()
                weight.grad[7] += 0.01 * size * weight[7]

    _, found = run(tmp_path, settings, dtype, epsilon, before_step=radial)
    assert [(f.step, f.kind, f.block, f.blocks) for f in found] == [(AT, "invariance", "6.weight[7]", 1)]
    assert "+0.01 of it" in found[0].text


@pytest.mark.parametrize(("settings", "dtype", "epsilon"), SETTINGS)
def test_unrelated_gradients(tmp_path, settings, dtype, epsilon):
    def unrelated(step, net):
        generator = torch.Generator().manual_seed(step)
        for layer in (0, 3, 6):
            gradient = net[layer].weight.grad
            noise = torch.randn(gradient.shape, generator=generator, dtype=gradient.dtype)
            gradient.copy_(noise * gradient.norm() / noise.norm())

    trace, found = run(tmp_path, settings, dtype, epsilon, before_step=unrelated)
    assert [(f.step, f.kind) for f in found] == [(0, "invariance")] * 3
    beyond = np.abs(trace.dataset.radial - trace.dataset.radial_predicted) > trace.dataset.radial_error
    assert float(beyond.mean()) > 0.95


@pytest.mark.parametrize(("settings", "dtype", "epsilon"), SETTINGS[:2])
def test_a_learning_rate_that_the_optimiser_does_not_know_of(tmp_path, settings, dtype, epsilon):
    def faster(step, net):
        if step == AT:
            # the optimiser has made one step at 0.5; these are 0.25 more
            net[0].weight -= 0.25 * net[0].weight.grad

    _, found = run(tmp_path, settings, dtype, epsilon, after_step=faster)
    assert [(f.step, f.kind, f.layer, f.blocks) for f in found] == [(AT, "update", "0.weight", 8)]
    assert "1.5 times what the rule says" in found[0].text


def test_a_learning_rate_changed_in_the_optimiser_is_no_fault_but_an_event(tmp_path):
    net = network()
    optimizer = torch.optim.SGD(groups(net, 0.5), lr=0.1)

    def slower(step, net):
        if step == AT:
            optimizer.param_groups[0]["lr"] = 0.05

    trace = watch(tmp_path, net, optimizer, 20, before_step=slower)
    found = faults(trace)
    assert [(f.step, f.kind) for f in found] == [(AT, "learning-rate")]
    assert "0.5 -> 0.05" in found[0].text
    assert not trace.facts["constant_rate"]
    assert trace.dataset.learning_rate.values[AT - 1 : AT + 1, 0].tolist() == [0.5, 0.05]


@pytest.mark.parametrize(("dtype", "epsilon"), [(torch.float64, 1e-30), (torch.float32, 1e-5)])
def test_batch_normalisation_in_evaluation_mode(tmp_path, dtype, epsilon):
    def evaluation(step, net):
        if step == AT - 1:
            net[4].eval()

    _, found = run(tmp_path, {"lr": 0.1}, dtype, epsilon, after_step=evaluation)
    kinds = {(f.step, f.kind) for f in found}
    assert (AT, "evaluation") in kinds
    assert (AT, "invariance") in kinds
    assert min(f.step for f in found) == AT
    assert {f.layer for f in found if f.kind == "invariance"} == {"3.weight"}
    assert any("4: a forward pass in evaluation mode" in f.text for f in found)


@pytest.mark.parametrize(("dtype", "epsilon"), [(torch.float64, 1e-30), (torch.float32, 1e-5)])
def test_a_stale_gradient(tmp_path, dtype, epsilon):
    net = network(dtype, epsilon)
    optimizer = torch.optim.SGD(groups(net, 0.5), lr=0.1)

    monitor = RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace")
    for step in range(20):
        part = slice(64 * step, 64 * step + 64)
        if step != AT:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(IMAGES.images[part].to(dtype)), IMAGES.labels[part])
            loss.backward()
        optimizer.step()
        monitor.step(loss)
    monitor.close()
    trace = load_trace(tmp_path / "trace")
    found = [f for f in faults(trace) if f.kind in FAULTY]
    assert {(f.step, f.kind) for f in found} >= {(AT, "stale"), (AT, "invariance")}
    assert min(f.step for f in found) == AT
    assert {f.layer for f in found if f.kind == "invariance" and f.step == AT} == {"0.weight", "3.weight", "6.weight"}


def without_gains(net):
    for at in (1, 4, 7):
        net[at] = nn.BatchNorm2d(net[at].num_features, affine=False).double()


def with_frozen_gains(net):
    for at in (1, 4, 7):
        net[at].weight.requires_grad_(False)


@pytest.mark.parametrize("change", [None, without_gains, with_frozen_gains])
def test_a_stale_gradient_after_a_forward_pass_that_nobody_differentiates(tmp_path, change):
    net = network(torch.float64)
    if change is not None:
        change(net)
    optimizer = torch.optim.SGD(groups(net, 0.5), lr=0.1)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(8):
            if step not in (3, 6):
                optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(IMAGES.images[:64]), IMAGES.labels[:64])
            if step not in (3, 6):
                loss.backward()
            optimizer.step()
            monitor.step(loss)
    assert [f.step for f in faults(load_trace(tmp_path / "trace")) if f.kind == "stale"] == [3, 6]


def test_a_step_that_moves_nothing_under_watch_has_no_stale_gradient(tmp_path):
    def freeze(step, net):
        if step == AT:
            for p in net[:9].parameters():
                p.requires_grad_(False)

    assert run(tmp_path, {"lr": 0.1}, torch.float32, 1e-5, after_step=freeze)[1] == []


def other_norms(net):
    for at in (1, 4, 7):
        net[at] = nn.BatchNorm2d(net[at].num_features)


def other_norm(net):
    net[4] = nn.BatchNorm2d(24, affine=False)


def other_gain(net):
    net[4].weight = nn.Parameter(2 * net[4].weight.detach())


def other_kind(net):
    net[4] = nn.GroupNorm(4, 24)


def other_convolution(net):
    net[3] = nn.Conv2d(8, 24, 3, bias=False)


def other_half(net):
    other = network(seed=1)
    for at in range(3, 11):
        net[at] = other[at]


@pytest.mark.parametrize(("change", "names", "layers", "updates"), [
    (other_norms, "1, 4, 7:", "", 0),
    (other_norm, "4:", "", 0),
    (other_gain, "4.weight:", "", 0),
    (other_kind, "4:", "3", 0),
    (other_convolution, "3.weight:", "", 1),
    (other_half, "3.weight, 6.weight:", "", 2),
])  # fmt: skip
def test_modules_that_are_replaced_are_followed(tmp_path, change, names, layers, updates):
    """``layers`` have no law any more, ``updates`` of them were not moved by the rule alone."""
    net = network()
    optimizer = torch.optim.SGD(groups(net, 0.5), lr=0.1)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(10):
            if step == 4:
                change(net)
                optimizer.param_groups[0]["params"] = [net[at].weight for at in (0, 3, 6)]
            net.zero_grad()
            loss = nn.functional.cross_entropy(net(IMAGES.images[:64].float()), IMAGES.labels[:64])
            loss.backward()
            optimizer.step()
            monitor.step(loss)
    trace = load_trace(tmp_path / "trace")
    found = faults(trace)
    replaced = [f for f in found if f.kind == "replaced"]
    assert {f.step for f in replaced} == {4}
    assert replaced[0].text.startswith(names)
    assert [(f.step, f.kind) for f in found if f.kind in FAULTY] == [(4, "update")] * updates
    known = trace.dataset.radial_error.values > 0
    expected = np.array([[step != 4 and not (step > 4 and block["layer"][0] in layers) for block in trace.run["blocks"]]
                         for step in range(10)])  # fmt: skip
    np.testing.assert_array_equal(known, expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_nan(tmp_path, dtype):
    def poison(step, net):
        if step == AT:
            net[3].weight.grad[2, 0, 0, 0] = math.nan

    trace, found = run(tmp_path, {"lr": 0.1}, dtype, 1e-5, before_step=poison)
    assert [(f.step, f.kind) for f in found] == [(AT, "non-finite")]
    assert "3.weight[2]" in found[0].text
    assert trace.run["status"] == "diverged"
    assert trace.dataset.sizes["step"] == AT


def test_a_parameter_that_is_replaced_is_followed(tmp_path):
    net = network()
    optimizer = torch.optim.SGD(groups(net, 0.5), lr=0.1)

    def replace(step, net):
        if step == AT:
            old = net[3].weight
            net[3].weight = nn.Parameter(old.detach() * 1.5)
            optimizer.param_groups[0]["params"] = [
                net[3].weight if p is old else p for p in optimizer.param_groups[0]["params"]
            ]

    trace = watch(tmp_path, net, optimizer, 20, after_step=replace)
    found = faults(trace)
    assert [(f.step, f.kind) for f in found] == [(AT, "replaced"), (AT, "update")]
    assert "3.weight" in found[0].text
    S = trace.dataset.squared_norm.values[:, 8:32]
    np.testing.assert_allclose(S[AT + 1] / S[AT], 2.25, rtol=0.3)


def test_frozen_from_some_step_on(tmp_path):
    def freeze(step, net):
        if step == AT:
            net[3].weight.requires_grad_(False)

    trace, found = run(tmp_path, {"lr": 0.1, "weight_decay": 5e-4}, torch.float32, 1e-5, after_step=freeze)
    assert found == []
    S = trace.dataset.squared_norm.values[:, 8:32]
    np.testing.assert_array_equal(S[AT + 1], S[-1])
    assert (trace.dataset.dead.values[AT + 1 :, 8:32] == 1).all()
