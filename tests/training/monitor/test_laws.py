"""Which forward pass a gradient of a gain belongs to, and what is claimed where that is not known."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

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


def for_penalties(net, step):
    """A graph of the gradients is made."""
    loss_of(net, step).backward(create_graph=True)


@pytest.mark.filterwarnings("ignore:Using backward")
@pytest.mark.parametrize("passes", [usual, looked_at_later, in_turn, twice_through_one_graph, thrown_away, for_penalties])
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
        nn.Linear(64, 6, bias=False), nn.BatchNorm1d(6, eps=0.1), nn.Tanh(),
        nn.Linear(6, 6, bias=False), nn.BatchNorm1d(6, eps=0.1), nn.Linear(6, 10),
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
