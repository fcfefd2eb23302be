"""The networks of a sweep: what is scale-invariant in them, and what the plain one shares."""

import itertools

import pytest
import torch
from torch import nn

from ratetheory.training.sweep.network import WIDTHS, build_vgg


@pytest.mark.parametrize(("side", "channels"), [(8, 1), (28, 1), (32, 3)])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_only_batch_normalisation_makes_each_filter_scale_invariant(side, channels, batch_norm):
    network = build_vgg(side, channels, 10, batch_norm, seed=1)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn((6, channels, side, side), generator=generator)
    before = network.module(images)
    assert before.shape == (6, 10)
    with torch.no_grad():
        for weight in network.convolutions:
            weight *= torch.empty((len(weight), 1, 1, 1)).uniform_(2, 5, generator=generator)
    # eps = 1e-5 and single precision leave a little
    assert torch.allclose(network.module(images), before, rtol=0.01, atol=0.01) == batch_norm


def test_every_parameter_is_in_one_group_and_every_convolution_is_normalised():
    network = build_vgg(28, 1, 10, batch_norm=True, seed=0)
    groups = [*network.convolutions, *network.others]
    assert {id(p) for p in groups} == {id(p) for p in network.module.parameters()}
    assert len(groups) == len(list(network.module.parameters()))
    layers = list(network.module)
    for layer, following in itertools.pairwise(layers):
        if isinstance(layer, nn.Conv2d):
            assert isinstance(following, nn.BatchNorm2d)
            assert layer.bias is None
    assert sum(isinstance(layer, nn.Conv2d) for layer in layers) == sum(map(len, WIDTHS[28]))


def test_the_plain_network_has_the_same_convolutions_and_biases():
    normalised, plain = (build_vgg(8, 1, 10, batch_norm, seed=3) for batch_norm in (True, False))
    for one, other in zip(normalised.convolutions, plain.convolutions, strict=True):
        assert torch.equal(one, other)
    convolutions = [layer for layer in plain.module if isinstance(layer, nn.Conv2d)]
    assert all(layer.bias is not None and not layer.bias.any() for layer in convolutions)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in plain.module)


def test_weights_come_from_the_seed_alone_and_leave_the_global_generator():
    before = torch.random.get_rng_state()
    one, same, other = (build_vgg(8, 1, 10, True, seed) for seed in (0, 0, 1))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(one.module.parameters(), same.module.parameters(), strict=True))
    assert not torch.equal(one.convolutions[0], other.convolutions[0])


def test_initial_weights_have_the_variance_of_he():
    weight = build_vgg(32, 3, 10, True, 0).convolutions[-1]
    assert weight.var().item() == pytest.approx(2 / (128 * 9), rel=0.02)


def test_other_sizes_are_refused():
    with pytest.raises(ValueError, match="side: images of 16 x 16 are not allowed; sides 8, 28, 32 are"):
        build_vgg(16, 1, 10, True, 0)
