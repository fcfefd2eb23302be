"""What the monitor records, against loops over filters, automatic differentiation in the length, and planted faults."""

import numpy as np
import pytest
import torch
from torch import nn

from ratetheory.training.data import load_images
from ratetheory.training.monitor import block_table, watching
from ratetheory.training.networks import build_network

IMAGES = load_images("digits", torch.float64, torch.device("cpu"))


def watched(name, epsilon, rate, activation="gelu", steps=3, fault=None, double=False, samples=300):
    """A short run of plain gradient descent: the recorded arrays, and the weights and gradients of each step."""
    net = build_network(name, 8, 10, activation, epsilon, seed=1)
    if double:
        net.module.double()
    inputs, labels = IMAGES.images[:samples].to(net.weights[0].dtype), IMAGES.labels[:samples]
    kept = []
    with watching(net, rate) as monitor:
        for step in range(steps):
            net.module.zero_grad()
            loss = nn.functional.cross_entropy(net.module(inputs), labels)
            loss.backward()
            kept.append([(w.detach().clone(), torch.clone(w.grad)) for w in net.weights if w.grad is not None])
            monitor.before(loss)
            with torch.no_grad():
                for weight in net.weights:
                    weight -= rate * weight.grad
                if fault is not None:
                    fault(step, net)
            monitor.after()
    kept.append([(w.detach().clone(), None) for w in net.weights])
    return net, monitor.flush(), kept


def defect(arrays):
    S, eta, Q = arrays["squared_norm"], arrays["learning_rate"], arrays["squared_gradient"]
    rest = S[1:] - S[:-1] - eta**2 * Q + 2 * eta * arrays["radial_predicted"]
    allowance = arrays["growth_error"] + 2 * eta * arrays["radial_error"] + eta**2 * arrays["squared_gradient_error"]
    return rest, allowance


@pytest.mark.parametrize(("name", "epsilon"), [("reference", 1e-30), ("usual", 1e-5)])
def test_against_a_loop_over_the_filters(name, epsilon):
    rate = 0.3
    net, arrays, kept = watched(name, epsilon, rate)
    for step in range(3):
        column = 0
        for layer in range(3):
            weights, gradients = kept[step][layer]
            moved = kept[step + 1][layer][0]
            for filter_ in range(len(weights)):
                w, g, w_next = (t[filter_].double().numpy().ravel() for t in (weights, gradients, moved))
                cosine = w @ w_next / np.linalg.norm(w) / np.linalg.norm(w_next)
                at = (step, column)
                assert arrays["squared_norm"][at] == pytest.approx(w @ w, rel=1e-14)
                assert arrays["squared_norm"][step + 1, column] == pytest.approx(w_next @ w_next, rel=1e-14)
                assert arrays["squared_gradient"][at] == pytest.approx(g @ g, rel=1e-14)
                assert arrays["radial"][at] == pytest.approx(w @ g, abs=1e-13 * np.sqrt((w @ w) * (g @ g)))
                assert np.cos(arrays["angle"][at]) == pytest.approx(cosine, abs=1e-14)
                theta = np.arctan(rate * np.linalg.norm(g) / np.linalg.norm(w))
                predicted = np.cos(theta) * w / np.linalg.norm(w) - np.sin(theta) * g / np.linalg.norm(g)
                distance = np.linalg.norm(w_next / np.linalg.norm(w_next) - predicted)
                assert arrays["off_circle"][at] == pytest.approx(distance, abs=1e-14)
                column += 1
    assert column == len(block_table(net)) == 80
    assert (arrays["learning_rate"] == rate).all()
    assert not arrays["dead"].any()


def derivative_in_the_length(net, layer, filter_, inputs, labels):
    """d/dk of the loss at k w for one filter, at k = 1: <w, grad_w f> without the gradient in w."""
    factor = torch.ones((), dtype=torch.float64, requires_grad=True)
    name = net.layers[layer].name + ".weight"
    selected = torch.zeros(len(net.weights[layer]), 1, 1, 1, dtype=torch.float64)
    selected[filter_] = 1
    scaled = {name: net.weights[layer].detach() * (1 + (factor - 1) * selected)}
    loss = nn.functional.cross_entropy(torch.func.functional_call(net.module, scaled, (inputs,)), labels)
    return torch.autograd.grad(loss, factor)[0].item()


@pytest.mark.parametrize("name", ["reference", "usual"])
def test_the_eps_law_is_the_derivative_in_the_length_of_the_filter(name):
    # eps is large here, so that what the law predicts is large too
    net, arrays, _ = watched(name, 0.05, 0.0, steps=1, double=True)
    sizes = [8, 24, 48]
    for layer, filter_ in [(0, 0), (0, 7), (1, 5), (2, 0), (2, 41)]:
        column = sum(sizes[:layer]) + filter_
        expected = derivative_in_the_length(net, layer, filter_, IMAGES.images[:300], IMAGES.labels[:300])
        assert abs(expected) > 1e-7
        assert arrays["radial_predicted"][0, column] == pytest.approx(expected, rel=1e-9)
    assert (np.abs(arrays["radial"] - arrays["radial_predicted"]) <= arrays["radial_error"]).all()
    assert not (np.abs(arrays["radial"]) <= arrays["radial_error"]).all(), "the allowance would hide the defect"


@pytest.mark.parametrize("rate", [1e-3, 0.3, 10.0])
@pytest.mark.parametrize(("name", "epsilon"), [("reference", 1e-30), ("reference", 1e-3), ("usual", 1e-5)])
def test_the_unexplained_defect_is_below_the_allowance(name, epsilon, rate):
    rest, allowance = defect(watched(name, epsilon, rate)[1])
    assert (np.abs(rest) <= allowance).all()


def test_without_the_law_the_defect_is_not_explained():
    _, arrays, _ = watched("reference", 1e-3, 0.3)
    arrays["radial_predicted"] = 0 * arrays["radial_predicted"]
    rest, allowance = defect(arrays)
    assert (np.abs(rest) > allowance).mean() > 0.9


def _longer(step, net):
    if step == 1:
        net.weights[1].mul_(1.001)


def test_a_planted_fault_shows_at_its_step_and_layer_and_the_prediction_does_not_follow_it():
    _, faulty, _ = watched("reference", 1e-30, 0.3, fault=_longer)
    rest, allowance = defect(faulty)
    violated = np.abs(rest) > allowance
    assert violated[1, 8:32].all()
    assert not violated[0].any()
    assert not violated[1, :8].any()
    assert not violated[1, 32:].any()
    _, sound, _ = watched("reference", 1e-30, 0.3)
    for name in ("radial_predicted", "growth_error", "radial_error", "squared_gradient_error", "direction_error"):
        np.testing.assert_array_equal(faulty[name][:2], sound[name][:2])


def test_a_turned_filter_shows_in_the_direction_but_not_in_the_norm():
    def turn(step, net):
        if step == 1:
            net.weights[0][3] = net.weights[0][3].flip(0, 1, 2)

    _, arrays, _ = watched("reference", 1e-30, 0.3, fault=turn)
    rest, allowance = defect(arrays)
    assert (np.abs(rest) <= allowance).all()
    off = arrays["off_circle"] > arrays["direction_error"]
    assert np.argwhere(off).tolist() == [[1, 3]]


@pytest.mark.parametrize("rate", [1e-6, 0.3, 1e3])
def test_sound_rotations_lie_within_their_error(rate):
    _, arrays, _ = watched("reference", 1e-30, rate)
    theta = np.arctan(rate * np.sqrt(arrays["squared_gradient"] / arrays["squared_norm"][:-1]))
    assert (np.abs(arrays["angle"] - theta) <= arrays["direction_error"]).all()
    assert (arrays["off_circle"] <= arrays["direction_error"]).all()
    assert (arrays["direction_error"] < 1e-8).all()


def test_a_filter_without_gradient_is_dead():
    net = build_network("usual", 8, 10, "relu", 1e-5, seed=1)
    with torch.no_grad():
        net.layers[1].batch_norm.weight[4] = 0
        net.layers[1].batch_norm.bias[4] = -1
    with watching(net, 0.1) as monitor:
        loss = nn.functional.cross_entropy(net.module(IMAGES.images[:100].float()), IMAGES.labels[:100])
        loss.backward()
        monitor.before(loss)
        monitor.after()
    arrays = monitor.flush()
    assert np.argwhere(arrays["dead"]).tolist() == [[0, 12]]
    assert np.isfinite(arrays["off_circle"]).all()
    others = sum(float(p.grad.double().square().sum()) for p in net.scale_variant.values() if p.grad is not None)
    assert arrays["scale_variant_squared_gradient"][0] == pytest.approx(others, rel=1e-12)


def test_the_hooks_go_and_the_norms_carry_over_a_flush():
    net = build_network("reference", 8, 10, "tanh", 1e-30, seed=1)
    ends = []
    with watching(net, 0.1) as monitor:
        for _ in range(2):
            net.module.zero_grad()
            loss = nn.functional.cross_entropy(net.module(IMAGES.images[:50]), IMAGES.labels[:50])
            loss.backward()
            monitor.before(loss)
            monitor.after()
            ends.append(monitor.flush()["squared_norm"])
            assert len(monitor) == 0
    np.testing.assert_array_equal(ends[0][-1], ends[1][0])
    assert not any(layer.batch_norm._forward_hooks for layer in net.layers)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_step_does_not_wait_for_the_device():
    net = build_network("usual", 8, 10, "gelu", 1e-5, seed=1)
    net.module.cuda()
    inputs, labels = IMAGES.images[:64].float().cuda(), IMAGES.labels[:64].cuda()
    with watching(net, 0.1) as monitor:
        for attempt in range(2):
            torch.cuda.set_sync_debug_mode("error" if attempt else "default")
            loss = nn.functional.cross_entropy(net.module(inputs), labels)
            loss.backward()
            monitor.before(loss)
            monitor.after()
        torch.cuda.set_sync_debug_mode("default")
    assert monitor.flush()["radial"].shape == (2, 80)
