"""Estimated curvature against the dense Hessian, against great circles, and against what it must refuse."""

import numpy as np
import pytest
import torch
from torch import nn

from ratetheory.training import checkpoint
from ratetheory.training.curvature import _Hessian, estimate_smoothness, extreme_eigenvalues
from ratetheory.training.data import Images
from ratetheory.training.networks import Convolution, Network, NormalisedLayer
from ratetheory.training.specification import TrainSpec
from ratetheory.training.train import train


def tiny(affine):
    """Two convolutions of two and three filters on random images: 26 scale-invariant weights, lengths far from one."""
    torch.manual_seed(0)
    first, second = Convolution(1, 2, 2, 1, 0), Convolution(2, 3, 1, 1, 0)
    norms = nn.BatchNorm2d(2, eps=1e-30, affine=affine), nn.BatchNorm2d(3, eps=1e-30, affine=affine)
    head = nn.Linear(12, 2).requires_grad_(affine)
    module = nn.Sequential(first, norms[0], nn.Tanh(), second, norms[1], nn.Tanh(), nn.Flatten(), head).double()
    with torch.no_grad():
        first.weight *= torch.tensor([3.0, 0.2]).view(2, 1, 1, 1)
    layers = NormalisedLayer("0", first, norms[0]), NormalisedLayer("3", second, norms[1])
    weights = {id(first.weight), id(second.weight)}
    others = {n: p for n, p in module.named_parameters() if p.requires_grad and id(p) not in weights}
    images = Images(torch.randn(30, 1, 3, 3, dtype=torch.float64), torch.randint(2, (30,)))
    return Network(module, layers, others), images


def dense(network, images):
    """The Hessian by torch.autograd.functional, over all trained parameters at their own values."""
    names = {id(p): n for n, p in network.module.named_parameters()}
    parameters = [*network.weights, *network.scale_variant.values()]
    sizes = [p.numel() for p in parameters]

    def loss(flat):
        pieces = flat.split(sizes)
        values = {names[id(p)]: piece.view(p.shape) for p, piece in zip(parameters, pieces, strict=True)}
        return nn.functional.cross_entropy(torch.func.functional_call(network.module, values, (images.images,)), images.labels)

    flat = torch.cat([p.detach().flatten() for p in parameters])
    return flat.numpy(), torch.autograd.functional.hessian(loss, flat).numpy()


def frame(weights, blocks):
    """D and P of the scale-invariant weights, block by block."""
    lengths, projector = np.ones(len(weights)), np.eye(len(weights))
    for start, stop in blocks:
        w = weights[start:stop]
        lengths[start:stop] = np.linalg.norm(w)
        projector[start:stop, start:stop] -= np.outer(w, w) / (w @ w)
    return np.diag(lengths), projector


FILTERS = [(0, 4), (4, 8), (8, 10), (10, 12), (12, 14)]
LAYERS = [(0, 8), (8, 14)]


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize(("granularity", "blocks"), [("filter", FILTERS), ("layer", LAYERS)])
def test_products_are_those_of_the_dense_hessian_in_its_frame(granularity, blocks, affine):
    network, images = tiny(affine)
    weights, hessian = dense(network, images)
    D, P = frame(weights[:14], blocks)
    expected = P @ D @ hessian[:14, :14] @ D @ P
    own = _Hessian(network, images, granularity)
    np.testing.assert_allclose(np.stack([own.tangential(u) for u in np.eye(14)]), expected, atol=1e-12)
    spectrum = np.linalg.eigvalsh(expected)
    high, far = extreme_eigenvalues(own.tangential, 14, 1e-10, 0)
    assert high == pytest.approx(spectrum[-1], rel=1e-9)
    assert far == pytest.approx(np.abs(spectrum).max(), rel=1e-9)
    # without the frame the answer is another one
    assert np.linalg.eigvalsh(hessian[:14, :14])[-1] != pytest.approx(high, rel=0.1)
    if affine:
        size = len(weights) - 14
        np.testing.assert_allclose(np.stack([own.scale_variant(u) for u in np.eye(size)]), hessian[14:, 14:], atol=1e-12)
        E = np.zeros((len(weights), len(weights)))
        E[:14, :14], E[14:, 14:] = D @ P, 0.7 * np.eye(size)
        framed = np.stack([own.framed(u, 0.7) for u in np.eye(len(weights))])
        np.testing.assert_allclose(framed, E.T @ hessian @ E, atol=1e-12)


def test_the_second_derivative_along_great_circles_is_at_most_the_largest_modulus():
    network, images = tiny(affine=False)
    own = _Hessian(network, images, "filter")
    _, far = extreme_eigenvalues(own.tangential, 14, 1e-10, 0)
    rng, step, starts = np.random.default_rng(0), 1e-3, [w.detach().clone() for w in network.weights]

    def loss_at(angle, tangents, speeds):
        with torch.no_grad():
            for weight, start, tangent, speed in zip(network.weights, starts, tangents, speeds, strict=True):
                unit = start.flatten(1) / start.flatten(1).norm(dim=1, keepdim=True)
                weight.copy_((torch.cos(angle * speed) * unit + torch.sin(angle * speed) * tangent).view(weight.shape))
            return nn.functional.cross_entropy(network.module(images.images), images.labels).item()

    seen = []
    for _ in range(100):
        tangents = []
        for start in starts:
            unit = start.flatten(1) / start.flatten(1).norm(dim=1, keepdim=True)
            noise = torch.from_numpy(rng.standard_normal(unit.shape))
            noise -= (noise * unit).sum(1, keepdim=True) * unit
            tangents.append(noise / noise.norm(dim=1, keepdim=True))
        raw = torch.from_numpy(rng.standard_normal(5)).abs()
        speeds = [s[:, None] for s in (raw / raw.norm()).split([2, 3])]
        values = [loss_at(torch.tensor(a, dtype=torch.float64), tangents, speeds) for a in (-step, 0.0, step)]
        seen.append(abs(values[0] - 2 * values[1] + values[2]) / step**2)
    # the finite difference is off by about step^2 and 1e-16/step^2
    assert max(seen) <= far * (1 + 1e-4) + 1e-6
    assert max(seen) > 0.15 * far


def test_the_outermost_eigenvalues_of_known_spectra():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.standard_normal((60, 60)))[0]
    for low, high in [(-3.0, 1.0), (-1.0, 3.0), (0.5, 2.0), (-2.0, -0.5)]:
        matrix = (basis * np.linspace(low, high, 60)) @ basis.T
        top, far = extreme_eigenvalues(matrix.__matmul__, 60, 1e-6, 0)
        assert top == pytest.approx(high, rel=1e-5)
        assert far == pytest.approx(max(abs(low), abs(high)), rel=1e-5)


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        extreme_eigenvalues(lambda x: x * np.nan, 60, 1e-2, 0)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(TrainSpec(steps=20, learning_rate=0.3), tmp_path_factory.mktemp("runs") / "run")


def test_the_estimate_of_a_run_covers_its_points_and_says_what_it_is(run):
    estimate = estimate_smoothness(run, points=3)
    assert estimate.trust == "estimated"
    assert estimate.steps[0] == 0
    assert estimate.steps[-1] == 19
    assert estimate.Lam == max(estimate.largest) <= estimate.L == max(estimate.modulus)
    assert estimate.L_gg is None
    assert estimate.Lam_g is None
    layers = estimate_smoothness(run, points=3, granularity="layer")
    assert layers.Lam > estimate.Lam, "merging filters gives larger spheres"


def test_scale_variant_parameters_have_constants_of_their_own(tmp_path):
    path = train(TrainSpec(network="usual", activation="tanh", steps=1), tmp_path / "run")
    estimate = estimate_smoothness(path, points=1, tolerance=1e-2)
    assert estimate.L_gg == max(estimate.scale_variant)
    # a part of a positive definite whole: diag(Lam, Lam_g) covers each block, up to the solver's tolerance
    assert estimate.Lam >= max(estimate.largest) * 0.98
    assert estimate.L_gg is not None
    assert estimate.Lam_g is not None
    assert estimate.Lam_g >= estimate.L_gg * 0.98


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"points": 0}, "points"), ({"granularity": "network"}, "granularity"), ({"tolerance": 0.0}, "tolerance")],
)
def test_bad_arguments_are_named(run, arguments, message):
    with pytest.raises(ValueError, match=f"^{message}: "):
        estimate_smoothness(run, **arguments)


def test_a_run_without_snapshots_or_with_others_is_refused(run, tmp_path):
    with pytest.raises(ValueError, match="no trace here"):
        estimate_smoothness(tmp_path)
    kept = {step: path.read_bytes() for step, path in checkpoint.snapshots(run).items()}
    first = checkpoint.snapshot_path(run, 0)
    try:
        first.write_bytes(b"no checkpoint")
        with pytest.raises(ValueError, match="corrupt"):
            estimate_smoothness(run, points=1)
        torch.save({"module": {"conv1.weight": torch.zeros(1)}}, first)
        with pytest.raises(ValueError, match="weights of another network"):
            estimate_smoothness(run, points=1)
        for path in checkpoint.snapshots(run).values():
            path.unlink()
        with pytest.raises(ValueError, match="no snapshots"):
            estimate_smoothness(run)
    finally:
        for step, content in kept.items():
            checkpoint.snapshot_path(run, step).write_bytes(content)
