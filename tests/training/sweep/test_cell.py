"""One run of a sweep: its steps and its numbers against independent transcriptions."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ratetheory.training.sweep import cell as module
from ratetheory.training.sweep.cell import run_cell
from ratetheory.training.sweep.network import build_vgg
from ratetheory.training.sweep.specification import Cell, SweepSpec, checked
from tests.training.synchronising import Leaving, Synchronising

SPEC = checked(SweepSpec(gd_steps=4, sgd_steps=5, batch_size=32))
BN = Cell("bn", "gd", 0.3, 0.05, 7)


def transcribed(cell, split, steps):
    """The network of a cell after so many steps of plain gradient descent, each parameter moved by hand."""
    weights_seed = int(np.random.SeedSequence(cell.seed).generate_state(2, np.uint64)[0]) % 2**63
    network = build_vgg(8, 1, 10, cell.network == "bn", weights_seed)
    for _ in range(steps):
        network.module.zero_grad()
        nn.functional.cross_entropy(network.module(split.train.images), split.train.labels).backward()
        with torch.no_grad():
            for group, rate in ((network.convolutions, cell.rate), (network.others, cell.scale_variant_rate)):
                for parameter in group:
                    parameter -= rate * parameter.grad
    network.module.zero_grad()
    loss = nn.functional.cross_entropy(network.module(split.train.images), split.train.labels)
    loss.backward()
    return network, loss.item()


def test_each_group_moves_at_its_own_rate(split):
    result = run_cell(SPEC, BN, split)
    network, loss = transcribed(BN, split, 4)
    assert result["status"] == "completed"
    assert result["steps"] == 4
    assert result["loss"] == pytest.approx(loss, rel=1e-4)
    # another rate of either group is another result
    for other in (replace(BN, rate=0.31), replace(BN, scale_variant_rate=0.051)):
        assert abs(run_cell(SPEC, other, split)["loss"] - loss) > 1e-3 * loss
    norms = torch.cat([w.flatten(1).norm(dim=1) ** 2 for w in network.convolutions])
    assert result["effective_rate_last"] == pytest.approx(0.3 / norms.median().item(), rel=1e-4)
    assert result["effective_rate_first"] > result["effective_rate_last"]


def test_the_gradient_norm_is_that_at_normalised_weights(split):
    result = run_cell(SPEC, BN, split)
    network, _ = transcribed(BN, split, 4)
    # no chain rule here: the gradient is taken where each filter has length 1, with an eps that allows it
    with torch.no_grad():
        for layer in network.module:
            if isinstance(layer, nn.BatchNorm2d):
                layer.eps = 1e-12
        for weight in network.convolutions:
            weight /= weight.flatten(1).norm(dim=1)[:, None, None, None]
    module_ = network.module.double()
    module_.zero_grad()
    nn.functional.cross_entropy(module_(split.train.images.double()), split.train.labels).backward()
    norm = math.sqrt(sum(p.grad.square().sum().item() for p in module_.parameters()))
    assert result["gradient_norm"] == pytest.approx(norm, rel=1e-3)


def test_the_gradient_norm_of_the_plain_network_is_the_plain_one(split):
    cell = replace(BN, network="plain", rate=0.01)
    result = run_cell(SPEC, cell, split)
    network, loss = transcribed(cell, split, 4)
    norm = math.sqrt(sum(p.grad.square().sum().item() for p in network.module.parameters()))
    assert result["loss"] == pytest.approx(loss, rel=1e-4)
    assert result["gradient_norm"] == pytest.approx(norm, rel=1e-3)


def test_test_accuracy_uses_statistics_of_the_last_weights(split):
    result = run_cell(SPEC, BN, split)
    network, _ = transcribed(BN, split, 4)
    # by hand: each normalisation with the mean and the unbiased variance of the training images
    x, t = split.test.images, split.train.images
    with torch.no_grad():
        for layer in network.module:
            if isinstance(layer, nn.BatchNorm2d):
                mean, var = t.mean(dim=(0, 2, 3), keepdim=True), t.var(dim=(0, 2, 3), keepdim=True)
                biased = t.var(dim=(0, 2, 3), keepdim=True, unbiased=False)
                gain, shift = layer.weight[:, None, None], layer.bias[:, None, None]
                x = gain * (x - mean) / (var + layer.eps).sqrt() + shift
                t = gain * (t - mean) / (biased + layer.eps).sqrt() + shift
            else:
                x, t = layer(x), layer(t)
    # an image or two may lie on the border between classes
    assert result["test_accuracy"] == pytest.approx((x.argmax(1) == split.test.labels).float().mean().item(), abs=0.006)


def test_minibatches_are_a_matter_of_the_seed(split):
    cell = replace(BN, optimizer="sgd")
    one, again, other = (run_cell(SPEC, c, split) for c in (cell, cell, replace(cell, seed=8)))
    assert {**one, "seconds": 0} == {**again, "seconds": 0}
    assert one["loss"] != other["loss"]
    assert one["steps"] == 5


def test_large_data_are_normalised_in_chunks_of_one_loss(split, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 40)
    chunks = list(module._chunks(split.train))
    assert [len(labels) for _, labels in chunks] == [38, 38, 37, 37]
    network = build_vgg(8, 1, 10, True, 0)
    loss = module._full_gradient(network, split.train)
    gradients = [p.grad.clone() for p in network.module.parameters()]
    network.module.zero_grad()
    total = sum(nn.functional.cross_entropy(network.module(pixels), labels) * len(labels) for pixels, labels in chunks) / len(
        split.train.labels
    )
    total.backward()
    assert loss == pytest.approx(total.item(), rel=1e-5)
    for gradient, parameter in zip(gradients, network.module.parameters(), strict=True):
        assert torch.allclose(gradient, parameter.grad, atol=1e-5)


@pytest.mark.parametrize("cell", [Cell("plain", "gd", 1e20, 1e20, 0), Cell("plain", "sgd", 1e30, 1e30, 0)])
def test_divergence_is_a_result(split, cell):
    result = run_cell(SPEC, cell, split)
    assert result["status"] == "diverged"
    assert result["steps"] < SPEC.steps_of(cell.optimizer)
    assert result["loss"] is result["gradient_norm"] is result["test_accuracy"] is result["effective_rate_last"] is None


def test_divergence_at_the_last_step_is_seen(split):
    result = run_cell(replace(SPEC, gd_steps=1), Cell("plain", "gd", 1e30, 1e30, 0), split)
    assert (result["status"], result["steps"], result["loss"]) == ("diverged", 1, None)


def test_a_huge_rate_of_the_scale_invariant_weights_alone_does_not_diverge(split):
    result = run_cell(replace(SPEC, gd_steps=10), replace(BN, rate=1e4), split)
    assert result["status"] == "completed"
    assert result["loss"] < math.log(10)


@pytest.mark.parametrize("optimizer", ["gd", "sgd"])
def test_nothing_waits_for_the_device_inside_a_step(split, optimizer):
    spec, cell = replace(SPEC, gd_steps=6, sgd_steps=6), replace(BN, optimizer=optimizer)
    network, draws = build_vgg(8, 1, 10, True, 0), torch.Generator().manual_seed(0)
    with Leaving() as leaving, Synchronising() as synchronising:
        assert module._train(spec, cell, network, split.train, draws) == 6
    # how many steps had a finite loss is asked for once, at the end
    assert leaving.calls == ["__int__"]
    assert synchronising.calls == ["aten::_local_scalar_dense"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_cell_on_a_gpu_agrees(split):
    moved = module.Split(*(type(part)(part.images.cuda(), part.labels.cuda()) for part in (split.train, split.test)))
    result = run_cell(replace(SPEC, device="cuda"), BN, moved)
    assert result["loss"] == pytest.approx(run_cell(SPEC, BN, split)["loss"], rel=0.02)
