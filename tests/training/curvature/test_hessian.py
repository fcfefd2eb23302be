"""Curvature of small networks against their dense Hessians, what it leaves untouched, and what it refuses."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from ratetheory.observation.families import Blocks
from ratetheory.training.curvature import curvature
from ratetheory.training.curvature.hessian import Hessian, split, twin_of
from tests.training.curvature.networks import CASES, Case, conv_bn, deep_bn, dense, entries, family, on_tangents, with_dead


def matrix(operator, size):
    """The operator on unit vectors."""
    return np.stack([operator(unit).numpy() for unit in torch.eye(size, dtype=torch.float64)])


def at(case):
    twin = twin_of(case.model, case.loss)
    return Hessian(twin, split(twin, case.blocks))


@pytest.mark.parametrize("name", CASES)
def test_both_ends_are_those_of_the_dense_hessian(name):
    case = CASES[name]()
    weights, hessian = dense(case)
    live, others, dead = entries(case)
    found = curvature(case.model, case.loss, case.blocks)
    spheres, variant = (
        np.linalg.eigvalsh(on_tangents(weights, hessian, live)),
        np.linalg.eigvalsh(hessian[np.ix_(others, others)]),
    )
    for spectrum, expected in ((found.spheres, spheres), (found.scale_variant, variant)):
        assert spectrum.products <= 12
        assert spectrum.dimension == len(expected)
        radius = np.abs(expected).max()
        # twelve products may not settle the end that is not the outermost, and then they say so
        assert spectrum.low.value == pytest.approx(expected[0], abs=max(0.01 * radius, spectrum.low.error))
        assert spectrum.low.value == pytest.approx(expected[0], abs=0.03 * radius)
        assert spectrum.low.converged or spectrum.low.error > 0.01 * spectrum.modulus
        assert spectrum.settled(())
        assert spectrum.high.value == pytest.approx(expected[-1], abs=0.01 * radius)
    assert found.products == found.spheres.products + found.scale_variant.products
    assert found.weights == (sum(map(len, live)), len(others), sum(map(len, dead)))
    assert found.trust == "estimated"


@pytest.mark.parametrize("name", CASES)
def test_exactly_with_enough_products(name):
    case = CASES[name]()
    weights, hessian = dense(case)
    live, _, _ = entries(case)
    expected = np.linalg.eigvalsh(on_tangents(weights, hessian, live))
    found = curvature(case.model, case.loss, case.blocks, tolerance=1e-9, products=1000).spheres
    assert (found.low.value, found.high.value) == pytest.approx((expected[0], expected[-1]), abs=1e-7 * np.abs(expected).max())


def test_it_is_neither_that_of_evaluation_mode_nor_one_without_the_frame():
    case = deep_bn()
    weights, hessian = dense(case)
    live, _, _ = entries(case)
    found = curvature(case.model, case.loss, case.blocks).spheres.high.value
    flat = np.concatenate(live)
    scaled = np.concatenate([np.full(len(block), np.linalg.norm(weights[block])) for block in live])
    others = {
        "evaluation mode": on_tangents(weights, dense(case, training=False)[1], live),
        "no frame": hessian[np.ix_(flat, flat)],
        "no projection": scaled[:, None] * hessian[np.ix_(flat, flat)] * scaled,
    }
    for name, wrong in others.items():
        spectrum = np.linalg.eigvalsh(wrong)
        assert spectrum[-1] != pytest.approx(found, rel=0.02) or spectrum[0] != pytest.approx(found, rel=0.02), name
    assert np.linalg.eigvalsh(others["evaluation mode"])[-1] != pytest.approx(found, rel=0.1)
    assert np.linalg.eigvalsh(others["no frame"])[-1] != pytest.approx(found, rel=0.1)


def test_products_are_symmetric_vanish_along_the_weights_and_are_those_of_the_dense_hessian():
    case = conv_bn()
    weights, hessian = dense(case)
    live, others, _ = entries(case)
    own = at(case)
    product = matrix(own.operator(own.split.families), 14)
    np.testing.assert_allclose(product, product.T, atol=1e-12)
    order = np.concatenate(live)
    E = np.zeros((len(weights), len(weights)))
    for block in live:
        v = weights[block] / np.linalg.norm(weights[block])
        E[np.ix_(block, block)] = np.linalg.norm(weights[block]) * (np.eye(len(block)) - np.outer(v, v))
        along = np.zeros(len(weights))
        along[block] = v
        assert np.abs(product @ along[order]).max() < 1e-12
    np.testing.assert_allclose(product, (E @ hessian @ E)[np.ix_(order, order)], atol=1e-12)
    E[others, others] = 0.7
    np.testing.assert_allclose(matrix(own.operator(own.split.families, 0.7), len(weights)), E @ hessian @ E, atol=1e-12)


@pytest.mark.parametrize("name", ["conv_bn", "layer_norm_mlp", "joint", "transposed"])
def test_the_frame_at_the_weights_is_the_frame_at_the_normalised_weights(name):
    case = CASES[name]()
    here = at(case)
    moved = copy.deepcopy(case)
    live, _, _ = entries(case)
    flat = nn.utils.parameters_to_vector(moved.model.parameters()).detach()
    for block in live:
        flat[block] /= flat[block].norm()
    nn.utils.vector_to_parameters(flat, moved.model.parameters())
    there = at(moved)
    vector = here.operator(here.split.families, 1.0).noise(3)
    one, two = here.operator(here.split.families, 1.0)(vector), there.operator(there.split.families, 1.0)(vector)
    # the start is a tangent at both
    assert (one - two).norm() <= 1e-12 * one.norm()
    assert here.loss == pytest.approx(there.loss, rel=1e-12)


def test_no_block_of_a_filter_exceeds_its_family_or_the_whole():
    """Cauchy's interlacing, exact for the dense matrices; the estimates may fall short by their errors."""
    case = deep_bn()
    weights, hessian = dense(case)
    live, _, _ = entries(case)
    found = curvature(case.model, case.loss, case.blocks, by_family=True)
    first = 0
    for f in case.blocks.families:
        blocks = live[first : first + f.parts]
        first += f.parts
        layer = np.linalg.eigvalsh(on_tangents(weights, hessian, blocks))
        estimate = found.families[f.name]
        slack = 0.03 * np.abs(layer).max()
        for block in blocks:
            single = np.linalg.eigvalsh(on_tangents(weights, hessian, [block]))
            assert layer[0] - 1e-12 <= single[0]
            assert single[-1] <= layer[-1] + 1e-12
            assert estimate.low.value - slack <= single[0]
            assert single[-1] <= estimate.high.value + slack
        assert estimate.high.value <= found.spheres.high.value * 1.01
        assert estimate.dimension == len(layer)


def test_what_is_printed_says_what_it_is():
    case = with_dead()
    found = curvature(case.model, case.loss, case.blocks, by_family=True)
    text = "\n".join(f"{name}  {value}" for name, value in found.rows())
    for words in (
        "12 scale-invariant weights",
        "36 scale-variant weights",
        "2 dead weights",
        "largest",
        "residual",
        "estimated",
    ):
        assert words in text, text
    short = curvature(case.model, case.loss, case.blocks, products=3)
    assert "not converged" in "".join(value for _, value in short.rows())


def test_dead_blocks_are_left_out():
    case = with_dead()
    found = curvature(case.model, case.loss, case.blocks)
    assert found.weights[2] == 2
    assert found.spheres.dimension == 2 * 3 + 2 * 1
    whole = Blocks((case.blocks.families[0], family("b", 3, 2, ("3.weight", 0, 0, 3), verdict="dead")))
    again = curvature(case.model, case.loss, whole)
    assert again.weights[:2] == (8, found.weights[1])
    assert again.weights[2] == 6


def test_part_of_a_parameter_may_be_invariant_and_frozen_weights_count_nowhere():
    case = conv_bn()
    case.model[7].requires_grad_(False)
    only = Blocks((family("a", 2, 4, ("0.weight", 0, 0, 2)), family("b", 2, 2, ("3.weight", 0, 0, 2))))
    found = curvature(case.model, case.loss, only)
    assert found.weights == (12, 2 + 4 + 6, 0)
    case.model[0].weight.requires_grad_(False)
    assert curvature(case.model, case.loss, only).weights == (4, 12, 0)


def test_without_invariant_or_without_other_weights():
    case = conv_bn()
    nothing = curvature(case.model, case.loss, Blocks(()))
    assert nothing.spheres is None
    assert nothing.weights == (0, 50, 0)
    for part in (1, 4, 7):
        case.model[part].requires_grad_(False)
    alone = curvature(case.model, case.loss, case.blocks)
    assert alone.scale_variant is None
    assert alone.converged


def test_blocks_of_one_entry_have_no_tangent():
    model = nn.Sequential(nn.Linear(1, 3, bias=False), nn.BatchNorm1d(3, eps=1e-30, affine=False)).double()
    x = torch.randn(9, 1, dtype=torch.float64)
    found = curvature(model, lambda m: m(x).pow(3).mean(), Blocks((family("a", 3, 1, ("0.weight", 0, 0, 3)),)))
    assert (found.spheres.dimension, found.spheres.products, found.spheres.modulus) == (0, 0, 0.0)


def test_a_loss_linear_in_a_weight_has_no_curvature_there():
    model = nn.Linear(3, 1).double()
    x = torch.randn(5, 3, dtype=torch.float64)
    found = curvature(model, lambda m: m(x).mean(), Blocks(()))
    assert found.scale_variant.modulus == 0


def test_the_model_its_statistics_and_the_random_states_stay_as_they_are():
    case = conv_bn()
    case.model.insert(6, nn.Dropout(0.3))
    case.model[1].eval()
    case.model[0].weight.grad = torch.ones_like(case.model[0].weight)
    state = copy.deepcopy(case.model.state_dict())
    modes = [m.training for m in case.model.modules()]
    torch.manual_seed(5)
    before = torch.get_rng_state()
    curvature(case.model, case.loss, Blocks((case.blocks.families[1],)))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(state[name], value) for name, value in case.model.state_dict().items())
    assert [m.training for m in case.model.modules()] == modes
    assert torch.equal(case.model[0].weight.grad, torch.ones_like(case.model[0].weight))
    assert all(p.grad is None for n, p in case.model.named_parameters() if n != "0.weight")
    assert all(p.dtype == torch.float64 for p in case.model.parameters())


def test_what_is_random_in_the_loss_is_the_same_each_time():
    case = deep_bn()
    case.model.insert(6, nn.Dropout(0.5))
    first, second = (curvature(case.model, case.loss, case.blocks) for _ in range(2))
    assert first.spheres == second.spheres
    own = at(case)
    operator = own.operator(own.split.families)
    x, y = operator.noise(0), operator.noise(1)
    assert torch.dot(x, operator(y)).item() == pytest.approx(torch.dot(y, operator(x)).item(), rel=1e-10)


def test_single_precision_models_are_measured_in_double():
    double = deep_bn()
    single = deep_bn()
    single.model.float()
    expected = curvature(double.model, double.loss, double.blocks).spheres.high.value
    found = curvature(single.model, lambda m: single.loss(m), single.blocks).spheres.high.value
    assert found == pytest.approx(expected, rel=1e-5)
    assert all(p.dtype == torch.float32 for p in single.model.parameters())


def test_attention_is_differentiated_twice():
    torch.manual_seed(0)
    model = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
    x = torch.randn(3, 4, 8)
    assert curvature(model, lambda m: m(x).pow(3).mean(), Blocks(())).scale_variant.modulus > 0


def test_radial_shows_where_a_block_is_not_invariant():
    case = conv_bn()
    assert curvature(case.model, case.loss, case.blocks).radial < 1e-12
    wrong = Blocks((*case.blocks.families, family("head", 1, 24, ("7.weight", 0, 0, 2))))
    assert curvature(case.model, case.loss, wrong).radial > 1e-3


def refusal(case=None, model=None, loss=None, blocks=None, **options):
    case = case or conv_bn()
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        curvature(model or case.model, case.loss if loss is None else loss, blocks or case.blocks, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_bad_arguments_are_named():
    assert refusal(tolerance=0.0).startswith("tolerance: ")
    assert refusal(products=1).startswith("products: ")
    assert refusal(loss=torch.zeros(2, 1, 3, 3)).startswith("loss: Tensor is not allowed")
    assert refusal(loss=lambda m: m(torch.zeros(2, 1, 3, 3))).startswith("loss: ")
    assert "cannot be evaluated" in refusal(loss=lambda m: m(torch.zeros(2, 5)).sum())
    assert "evaluation mode" in refusal(model=conv_bn().model.eval())
    assert "does not depend" in refusal(loss=lambda m: torch.ones(()))
    elsewhere = torch.ones((), requires_grad=True)
    assert "does not depend" in refusal(loss=lambda m: elsewhere * 2)
    assert refusal(loss=lambda m: torch.tensor(3)).startswith("loss: ")
    assert "9.weight" in refusal(blocks=Blocks((family("a", 2, 4, ("9.weight", 0, 0, 2)),)))


def test_weights_and_losses_without_curvature_are_refused():
    case = conv_bn()
    with torch.no_grad():
        case.model[3].weight[1] = 0
    assert refusal(case).startswith("weights: block b[1] has norm 0")
    case = conv_bn()
    with torch.no_grad():
        case.model[0].weight[0, 0, 0, 0] = float("nan")
    assert "nan" in refusal(case)
    case = conv_bn()
    assert "inf" in refusal(case, loss=lambda m: case.loss(m) * float("inf"))
    model = nn.Linear(2, 1).double()
    x = torch.zeros(1, 2, dtype=torch.float64)
    with pytest.raises(ValueError, match="gradient is not finite"):
        curvature(model, lambda m: (m(x) - m.bias).abs().sqrt().sum(), Blocks(()))
    frozen = conv_bn()
    frozen.model.requires_grad_(False)
    assert "none of its parameters is trained" in refusal(frozen)


def test_what_has_no_second_derivative_is_refused():
    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, g):
            return g * 2

    model = nn.Linear(2, 1).double()
    x = torch.ones(1, 2, dtype=torch.float64)
    case = Case(model, lambda m: Once.apply(m(x)).pow(2).sum(), Blocks(()))
    assert "cannot be differentiated twice" in refusal(case)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_device_does_not_matter():
    case = deep_bn()
    x, y = torch.randn(60, 1, 5, 5, generator=torch.Generator().manual_seed(1)), torch.arange(60) % 5

    def loss(m):
        device = next(m.parameters()).device
        return nn.functional.cross_entropy(m(x.to(device)), y.to(device))

    expected = curvature(case.model, loss, case.blocks)
    case.model.cuda()
    found = curvature(case.model, loss, case.blocks)
    assert found.spheres.high.value == pytest.approx(expected.spheres.high.value, rel=1e-8)
    assert found.scale_variant.high.value == pytest.approx(expected.scale_variant.high.value, rel=1e-8)
