"""The eps that a model has: too large to be a guard, and what a small one does to <w, gradient>."""

import pytest
import torch
from torch import nn

from ratetheory.training.blocks import find_blocks
from tests.training.blocks.zoo import images, rows


class Functional(nn.Module):
    def __init__(self, eps):
        super().__init__()
        self.linear, self.out, self.eps = nn.Linear(6, 8), nn.Linear(8, 3), eps

    def forward(self, x):
        return self.out(torch.tanh(nn.functional.layer_norm(self.linear(x), (8,), eps=self.eps)))


def conv():
    return nn.Conv2d(3, 4, 3, bias=False)


def batch_norm(eps):
    return nn.Sequential(conv(), nn.BatchNorm2d(4, eps=eps), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))


def group_norm(eps):
    return nn.Sequential(conv(), nn.GroupNorm(2, 4, eps=eps), nn.Tanh(), nn.Flatten(), nn.Linear(144, 3))


def rms_norm(eps):
    return nn.Sequential(nn.Linear(6, 8, bias=False), nn.RMSNorm(8, eps=eps), nn.Tanh(), nn.Linear(8, 3))


CASES = {"batch": (batch_norm, "0.weight"), "group": (group_norm, "0.weight"), "rms": (rms_norm, "0.weight")}


def inputs(name):
    return rows(16, 6) if name in ("rms", "functional") else images(16, 3, 8)


@pytest.mark.parametrize(("name", "place"), [*((n, p) for n, (_, p) in CASES.items()), ("functional", "linear.weight")])
def test_an_eps_that_is_no_guard_makes_nothing_invariant(name, place):
    make = Functional if name == "functional" else CASES[name][0]
    for eps, invariant in ((1e-5, True), (0.5, False)):
        torch.manual_seed(0)
        found = find_blocks(make(eps), inputs(name))
        families = found.of(place)
        assert any(f.invariant for f in families) == invariant
        if not invariant:
            # torch makes up rms_norm of simpler operations: there eps meets the mean of squares
            # a bias of the layer before is found first
            reason = {"rms": "degree 2 meets degree 0", "functional": "the bias"}.get(name, "whose eps of 0.5 is not small")
            assert reason in families[0].reason


def defects(model, loss, weights, parts):
    model.zero_grad()
    loss(model).backward()
    product = (weights * weights.grad).detach().reshape(parts, -1)
    return (product.sum(1).abs() / product.abs().sum(1)).tolist()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("eps", [1e-3, 1e-8])
def test_the_table_has_the_defect_of_the_model_as_it_is(name, eps):
    torch.manual_seed(0)
    model = CASES[name][0](eps).double()
    x, y = inputs(name).double(), torch.randint(0, 3, (16,))

    def loss(m):
        return nn.functional.cross_entropy(m(x), y)

    (family,) = (f for f in find_blocks(model, loss).of("0.weight") if f.invariant)
    assert family.defects == pytest.approx(defects(model, loss, model[0].weight, family.parts), rel=6e-3, abs=1e-14)
    assert max(family.defects) > eps / 1000
    assert family.nearly == 0


def test_a_variance_as_small_as_eps_is_invariance_only_nearly():
    torch.manual_seed(0)
    (family,) = find_blocks(batch_norm(1e-3), 0.03 * images(16, 3, 8)).of("0.weight")
    assert family.verdict == "alone"
    assert family.nearly >= 1
    assert f"only nearly with the model's eps: <w, gradient> up to {max(family.defects):.1g} of sum" in family.reason


def test_dead_families_have_no_defects():
    model = batch_norm(1e-5)
    nn.init.zeros_(model[1].weight)
    (family,) = find_blocks(model, images(16, 3, 8)).of("0.weight")
    assert (family.verdict, family.elsewhere, family.defects) == ("dead", "alone", ())
