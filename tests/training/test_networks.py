"""The networks are what the theory needs: each filter is scale-invariant, and nothing else is called so."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from ratetheory.training.data import DATA, Images, load_images
from ratetheory.training.networks import ACTIVATIONS, DESIGNS, FILTERS, Convolution, build_network

CPU = torch.device("cpu")


def network(name="reference", side=8, seed=0, **changes):
    design = DESIGNS[name]
    values = {"activation": design.activation, "bn_epsilon": design.bn_epsilon, **changes}
    return build_network(name, side, 10, values["activation"], values["bn_epsilon"], seed)


def loss(net, images):
    return nn.functional.cross_entropy(net.module(images.images[:200].to(net.weights[0].dtype)), images.labels[:200])


@pytest.mark.parametrize(("name", "count", "side"), [("digits", 1797, 8), ("mnist5k", 5000, 28)])
def test_images_are_real_and_standardised(name, count, side):
    images = load_images(name, torch.float64, CPU)
    assert images.images.shape == (count, 1, side, side)
    assert images.side == side
    assert images.classes == 10
    pixels = images.images.numpy()  # numpy sums in pairs; torch loses four digits over four million pixels
    assert abs(pixels.mean()) < 1e-12
    assert abs(pixels.var() - 1) < 1e-12
    assert torch.bincount(images.labels).min() > 150


def test_an_unknown_data_set_is_named_with_those_that_are_known():
    with pytest.raises(ValueError, match="data: 'cifar10' is not known; digits, mnist5k are allowed"):
        load_images("cifar10", torch.float64, CPU)
    assert set(DATA) == {"digits", "mnist5k"}


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 2, 1), (3, 1, 0), (2, 1, 0), (4, 4, 0)])
def test_the_convolution_is_that_of_torch(kernel, stride, padding):
    torch.manual_seed(0)
    own = Convolution(3, 5, kernel, stride, padding).double()
    theirs = nn.Conv2d(3, 5, kernel, stride=stride, padding=padding, bias=False).double()
    theirs.weight = own.weight
    images = torch.randn(4, 3, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(own(images), theirs(images), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("side", [8, 28])
def test_the_loss_of_the_reference_does_not_change_with_the_length_of_any_filter(side):
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randn(200, 1, side, side, generator=generator, dtype=torch.float64)
    images, net = Images(pixels, torch.arange(200) % 10), network(side=side)
    before = loss(net, images).item()
    with torch.no_grad():
        for weight in net.weights:
            weight *= torch.exp(torch.randn(len(weight), 1, 1, 1, generator=generator, dtype=weight.dtype))
    assert loss(net, images).item() == pytest.approx(before, rel=1e-13)
    with torch.no_grad():
        net.weights[0][0, 0, 0, 0] += 1
    assert loss(net, images).item() != pytest.approx(before, rel=1e-9)


def test_the_usual_network_is_not_invariant_and_its_other_parameters_are_named():
    images, net = load_images("digits", torch.float64, CPU), network("usual", bn_epsilon=1e-2)
    net.module.double()
    before = loss(net, images).item()
    with torch.no_grad():
        net.weights[2] *= 0.1
    assert abs(loss(net, images).item() - before) > 1e-6
    expected = {f"norm{i}.{p}" for i in (1, 2, 3) for p in ("weight", "bias")} | {"classifier.weight", "classifier.bias"}
    assert set(net.scale_variant) == expected
    assert not network().scale_variant


@pytest.mark.parametrize("name", DESIGNS)
def test_layers_filters_and_precision(name):
    net = network(name)
    assert [len(w) for w in net.weights] == list(FILTERS)
    assert sum(FILTERS) == 80
    assert {p.dtype for p in net.module.parameters()} == {DESIGNS[name].dtype}
    assert all(layer.convolution.bias is None for layer in net.layers)
    trained = {id(p) for p in net.module.parameters() if p.requires_grad}
    assert trained == {id(p) for p in [*net.weights, *net.scale_variant.values()]}


def test_the_seed_decides_and_the_global_generator_stays():
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first, again, other = network(seed=3), network(seed=3), network(seed=4)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first.weights[1], again.weights[1])
    assert not torch.equal(first.weights[1], other.weights[1])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_smooth_means_that_the_second_derivative_has_no_jump(name):
    points = np.concatenate([np.linspace(-60, 60, 2401), [20.0, 40.0, 0.0]])
    step = 1e-6
    sides = []
    for shift in (-step, step):
        x = torch.tensor(points + shift, requires_grad=True)
        (slope,) = torch.autograd.grad(ACTIVATIONS[name].module()(x).sum(), x, create_graph=True)
        curvature = torch.autograd.grad(slope.sum(), x)[0] if slope.requires_grad else torch.zeros_like(x)
        sides.append((slope.detach(), curvature))
    jumps = [float((right - left).abs().max()) for left, right in zip(*sides, strict=True)]
    assert (max(jumps) < 1e-5) == ACTIVATIONS[name].smooth
    assert not math.isnan(max(jumps))
