"""Which forward pass a gradient of a gain belongs to, and what is claimed where that is not known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from ratetheory.observation.families import Blocks, Family, Member, Norm
from ratetheory.observation.faults import FAULTY, faults
from ratetheory.observation.trace import load_trace
from ratetheory.training.monitor import RateMonitor
from ratetheory.training.monitor.laws import ActivationLaw, GainLaw
from tests.training.monitor.watched import IMAGES, blocks_of, groups, network


def loss_of(net, step):
    part = slice(100 * step, 100 * step + 50)
    return nn.functional.cross_entropy(net(IMAGES.images[part]), IMAGES.labels[part])


def usual(net, step):
    loss_of(net, step).backward()


def with_a_look(net, step):
    """A forward pass whose gradient nobody asks for."""
    loss_of(net, step + 5)
    loss_of(net, step).backward()


def looked_at_later(net, step):
    loss_of(net, step).backward()
    loss_of(net, step + 5)


def both_first(net, step):
    one, other = loss_of(net, step), loss_of(net, step + 5)
    one.backward()
    other.backward()


def in_turn(net, step):
    loss_of(net, step).backward()
    loss_of(net, step + 5).backward()


def twice_through_one_graph(net, step):
    loss = loss_of(net, step)
    loss.backward(retain_graph=True)
    (0.5 * loss).backward()


def thrown_away(net, step):
    loss_of(net, step + 5).backward()
    net.zero_grad()
    loss_of(net, step).backward()


def recomputed(net, step):
    """Activations of the first half are computed again in the backward pass."""
    part = slice(100 * step, 100 * step + 50)
    middle = checkpoint(net[:6], IMAGES.images[part].requires_grad_(), use_reentrant=False)
    nn.functional.cross_entropy(net[6:](middle), IMAGES.labels[part]).backward()


@pytest.mark.parametrize("passes", [usual, looked_at_later, in_turn, twice_through_one_graph, thrown_away])
def test_the_law_is_known_from_the_first_step(tmp_path, passes):
    laws, known = watched(tmp_path, passes)
    assert all(isinstance(law, GainLaw) for law in laws)
    assert known.all()


@pytest.mark.parametrize("passes", [with_a_look, both_first, recomputed])
def test_where_gradients_do_not_tell_the_passes_apart_activations_do(tmp_path, passes):
    laws, known = watched(tmp_path, passes)
    assert isinstance(laws[0], ActivationLaw)
    assert known[1:].all()


def watched(directory, passes, change=lambda net, step: None):
    """Four steps: the laws at the end, (steps, blocks) whether the law was known. What is known holds and says something."""
    net = network(torch.float64, 1e-3)
    optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1)
    with RateMonitor(net, optimizer, blocks_of(net), directory / "trace") as monitor:
        for step in range(4):
            change(net, step)
            optimizer.zero_grad()
            passes(net, step)
            optimizer.step()
            monitor.step()
        laws = monitor.recorder.laws.laws
    data = load_trace(directory / "trace").dataset
    rest, allowed = np.abs(data.radial - data.radial_predicted).values, data.radial_error.values
    known = allowed > 0
    assert (rest <= allowed).all()
    assert (np.abs(data.radial.values) > 10 * allowed)[known].mean() > 0.9
    return laws, known


def test_a_gain_that_is_frozen_on_the_way_has_no_law(tmp_path):
    def change(net, step):
        net[4].weight.requires_grad_(step < 2)

    _, known = watched(tmp_path, usual, change)
    assert known[:2].all()
    second = slice(8, 32)
    assert not known[2:, second].any()
    assert known[2:, :8].all()


def test_two_normalisations_with_one_gain(tmp_path):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(64, 6, bias=False), nn.BatchNorm1d(6, eps=0.01), nn.Tanh(),
        nn.Linear(6, 6, bias=False), nn.BatchNorm1d(6, eps=0.01), nn.Linear(6, 10),
    ).double()  # fmt: skip
    net[4].weight = net[1].weight
    images, labels = IMAGES.images.reshape(len(IMAGES.labels), -1)[:400], IMAGES.labels[:400]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with RateMonitor(net, optimizer, linear_blocks(net), tmp_path / "trace") as monitor:
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(images), labels).backward()
            optimizer.step()
            monitor.step()
    data = load_trace(tmp_path / "trace").dataset
    assert (data.radial_error > 0).all()
    assert (np.abs(data.radial - data.radial_predicted) <= data.radial_error).all()


def linear_blocks(net):
    from ratetheory.training.blocks import find_blocks

    return find_blocks(net, IMAGES.images[:32].reshape(32, -1), explain=False)


class Written(nn.Module):
    """Convolutions and normalisations whose outputs are written over in place."""

    def __init__(self, norm):
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(1, 6, 3, padding=1)
        self.first, self.second = nn.Conv2d(6, 6, 3, bias=False, padding=1), nn.Conv2d(6, 6, 3, bias=False, padding=1)
        self.norms, self.last = nn.ModuleList([norm(), norm()]), nn.Linear(6, 10)

    def forward(self, x):
        x = self.stem(x)
        out = nn.functional.leaky_relu(self.norms[0](self.first(x)), 0.1, inplace=True)
        out = self.norms[1](self.second(out))
        out += x
        return self.last(out.tanh().mean((2, 3)))


class Own(nn.Module):
    """A normalisation over channels that no one knows."""

    def __init__(self):
        super().__init__()
        self.weight, self.bias, self.eps = nn.Parameter(torch.linspace(0.5, 1.5, 6)), nn.Parameter(torch.zeros(6)), 1e-3

    def forward(self, y):
        z = (y - y.mean((0, 2, 3), keepdim=True)) * (y.var((0, 2, 3), correction=0, keepdim=True) + self.eps).rsqrt()
        return z * self.weight[:, None, None] + self.bias[:, None, None]


NORMS = {
    "group": (lambda: nn.GroupNorm(2, 6, eps=1e-3), Norm("norms.{}", "group", 1)),
    "instance": (lambda: nn.InstanceNorm2d(6, eps=1e-3, affine=True), Norm("norms.{}", "instance", 1)),
    "batch": (lambda: nn.BatchNorm2d(6, eps=1e-3), Norm("norms.{}", "batch", 1)),
    "batch without gain": (lambda: nn.BatchNorm2d(6, eps=1e-3, affine=False), Norm("norms.{}", "batch", 1)),
    "own": (Own, Norm("norms.{}", "batch", 1)),
}


def rows(layers, kind, parts):
    """Each layer's filters, or groups of them, that go to one statistic."""
    found = []
    for i, layer in enumerate(layers):
        member = Member(f"{layer}.weight", 0, 0, 6)
        norm = replace(NORMS[kind][1], module=f"norms.{i}")
        found.append(Family(f"{layer}.weight", "alone", "group", parts, 54 * 6 // parts, (member,), "", (), (norm,)))
    return Blocks(tuple(found))


def trained(directory, net, blocks, passes, steps=4, to_none=True):
    """What a trace says of a few steps, and what is wrong in it."""
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with RateMonitor(net, optimizer, blocks, directory / "trace") as monitor:
        for step in range(steps):
            optimizer.zero_grad(set_to_none=to_none)
            passes(net, step)
            optimizer.step()
            monitor.step()
    trace = load_trace(directory / "trace")
    return trace.dataset, [fault for fault in faults(trace) if fault.kind in FAULTY]


@pytest.mark.parametrize("kind", NORMS)
def test_outputs_that_are_written_over_in_place(tmp_path, kind):
    net = Written(NORMS[kind][0]).double()
    data, wrong = trained(tmp_path, net, rows(("first", "second"), kind, 2 if kind == "group" else 6), usual)
    assert wrong == []
    known = data.radial_error.values > 0
    assert known.all() == (kind != "own")
    assert known.any() == (kind != "own")
    if kind != "own":
        assert (np.abs(data.radial.values) > 10 * data.radial_error.values).mean() > 0.9


def test_an_input_that_is_written_over_has_no_law(tmp_path):
    class Careless(Own):
        def forward(self, y):
            # its backward pass does not need y itself
            z = super().forward(y + 0.0)
            y.zero_()
            return z

    net = Written(Careless).double()
    data, wrong = trained(tmp_path, net, rows(("first", "second"), "own", 6), usual)
    assert wrong == []
    assert (data.radial_error == 0).all()


def with_a_penalty(net, step):
    part = slice(100 * step, 100 * step + 50)
    images = IMAGES.images[part].clone().requires_grad_()
    loss = nn.functional.cross_entropy(net(images), IMAGES.labels[part])
    (slope,) = torch.autograd.grad(loss, images, create_graph=True)
    (loss + 1000 * slope.square().sum()).backward()


def now_and_then_with_a_penalty(net, step):
    (with_a_penalty if step % 3 == 1 else usual)(net, step)


@pytest.mark.parametrize("kind", ["batch", "group", "instance"])
def test_second_order_terms_have_no_law(tmp_path, kind):
    net = Written(NORMS[kind][0]).double()
    blocks = rows(("first", "second"), kind, 2 if kind == "group" else 6)
    data, wrong = trained(tmp_path, net, blocks, now_and_then_with_a_penalty, 17)
    assert wrong == []
    known = (data.radial_error.values > 0).all(axis=1)
    assert known.tolist() == [step % 3 != 1 for step in range(17)]


def crafted(net, step):
    """Adversarial examples in evaluation mode, then a pass in training mode."""
    part = slice(100 * step, 100 * step + 50)
    images = IMAGES.images[part].clone().requires_grad_()
    net.eval()
    (slope,) = torch.autograd.grad(nn.functional.cross_entropy(net(images), IMAGES.labels[part]), images)
    net.train()
    nn.functional.cross_entropy(net(IMAGES.images[part] + 0.01 * slope.sign()), IMAGES.labels[part]).backward()


def crafted_and_cleared(net, step):
    """The same by ``backward``, whose gradients of the weights are thrown away."""
    net.eval()
    loss_of(net, step).backward()
    net.train()
    net.zero_grad()
    loss_of(net, step).backward()


def looked_at_in_evaluation_mode(net, step):
    loss_of(net, step).backward()
    net.eval()
    loss_of(net, step + 1)
    net.train()


@pytest.mark.parametrize("passes", [crafted, crafted_and_cleared, looked_at_in_evaluation_mode])
@pytest.mark.parametrize("kind", ["batch", "batch without gain"])
def test_evaluation_mode_without_gradients_of_the_weights_is_no_fault(tmp_path, kind, passes):
    net = Written(NORMS[kind][0]).double()
    data, wrong = trained(tmp_path, net, rows(("first", "second"), kind, 6), passes)
    assert wrong == []
    assert (data.radial_error > 0).all()


@pytest.mark.parametrize("kind", ["batch", "batch without gain"])
@pytest.mark.parametrize("together", [False, True])
def test_evaluation_mode_beside_training_mode_is_a_fault(tmp_path, kind, together):
    def both(net, step):
        net.eval()
        first = loss_of(net, step)
        net.train()
        if together:
            (first + loss_of(net, step)).backward()
        else:
            first.backward()
            loss_of(net, step).backward()

    _, wrong = trained(tmp_path, Written(NORMS[kind][0]).double(), rows(("first", "second"), kind, 6), both)
    assert {(fault.step, fault.kind) for fault in wrong} >= {(0, "evaluation"), (0, "invariance")}


def test_without_running_statistics_evaluation_is_no_other_mode(tmp_path):
    def evaluated(net, step):
        net.eval()
        loss_of(net, step).backward()

    net = Written(NORMS["instance"][0]).double()
    data, wrong = trained(tmp_path, net, rows(("first", "second"), "instance", 6), evaluated)
    assert wrong == []
    assert (data.radial_error > 0).all()
