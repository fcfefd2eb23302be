"""A convolution as one product of matrices is torch's own, with its gradients; elsewhere torch's own is taken."""

import re
from dataclasses import replace

import pytest
import torch

from ratetheory.training.blocks import convolution, precise
from ratetheory.training.blocks.convolution import as_product
from ratetheory.training.blocks.screen import reduced
from tests.training.blocks import test_against_brute_force

OPTIONS = [
    {},
    {"stride": 2, "padding": 1},
    {"stride": (2, 1), "padding": (0, 2), "dilation": (1, 2)},
    {"padding": 3, "dilation": 2},
    {"stride": [3], "padding": [1]},
]

NETS = ["vgg", "no_affine", "biases_before_group_norm", "group_norm", "instance_norm", "new_weight_norm", "resnet", "convnext"]
NETS += ["preactivation_resnet", "densenet", "u_net", "dead_filters", "transformers_resnet", "vit"]


def numbers(*shape):
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kernel", [(3, 3), (1, 1), (2, 3)])
@pytest.mark.parametrize("shift", [True, False])
def test_values_gradients_and_strides_are_those_of_a_convolution(options, kernel, shift):
    x, w, b = numbers(2, 3, 5, 6), numbers(300, 3, *kernel), numbers(300) if shift else None
    expected, found = torch.conv2d(x, w, b, **options), as_product((x, w), {"bias": b, **options})
    assert found is not None
    assert found.stride() == expected.stride()
    torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-13)
    by, weights = [v for v in (x, w, b) if v is not None], torch.randn_like(expected)
    for ours, theirs in zip(
        torch.autograd.grad((found * weights).sum(), by), torch.autograd.grad((expected * weights).sum(), by), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_everything_else_is_left_to_torch():
    x, w = numbers(2, 4, 5, 5), numbers(60, 4, 3, 3)
    assert as_product((x, w), {}) is not None
    # more positions than channels; groups; padding by name; no batch; single precision; a kernel that does not fit
    assert as_product((x, w[:8]), {}) is None
    assert as_product((x, w[:, :2], None, 1, 0, 1, 2), {}) is None
    assert as_product((x, w), {"padding": "valid"}) is None
    assert as_product((x[0], w), {}) is None
    assert as_product((x.float(), w.float()), {}) is None
    assert as_product((x[:, :, :2], w), {}) is None
    assert as_product((x[:0], w), {}) is None


@pytest.mark.parametrize("shape", [(), (7,), (5, 6), (3, 2, 4), (70, 64, 9, 9), (1100, 300)])
def test_sums_of_pieces_are_those_of_the_whole(shape):
    w, g = numbers(*shape).detach(), numbers(*shape, 2).detach()[..., 0]
    product = w * g
    for axis, found in enumerate(reduced("w", g, w, alone=True)):
        for row, whole in zip(found, (product, product.abs(), g.abs()), strict=True):
            along = whole.reshape(-1) if w.dim() < 2 else whole.movedim(axis, 0).flatten(1).sum(1)
            torch.testing.assert_close(torch.from_numpy(row), along, rtol=1e-11, atol=1e-11)
    with pytest.raises(ValueError, match="the gradient of 'w' is not finite"):
        reduced("w", g * float("nan"), w)


def without_measured(family):
    return replace(family, reason=re.sub(r"[\d.e-]+", "", family.reason), defects=())


@pytest.mark.parametrize("name", NETS)
def test_tables_are_the_same_either_way(name, monkeypatch):
    before = test_against_brute_force.found(name)
    used = []

    def counted(args, kwargs):
        used.append(convolution.as_product(args, kwargs))
        return used[-1]

    monkeypatch.setattr(convolution, "_POSITIONS", 1e9)
    monkeypatch.setattr(precise, "as_product", counted)
    after = test_against_brute_force.found(name)
    assert any(result is not None for result in used)
    for one, other in zip(before.families, after.families, strict=True):
        assert one.defects == pytest.approx(other.defects, abs=1e-12)
        assert without_measured(one) == without_measured(other)
