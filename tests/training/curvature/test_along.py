"""Smoothness along a run: of a trace that train wrote, of any model at its checkpoints, and what compare makes of it."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from ratetheory.observation.compare import compare
from ratetheory.observation.families import Blocks, Family, Member
from ratetheory.observation.trace import read_run
from ratetheory.training import checkpoint
from ratetheory.training.curvature import Smoothness, curvature, estimate_smoothness, smoothness_along, suggested_rate
from ratetheory.training.curvature.traces import _network_of, blocks_of
from ratetheory.training.specification import TrainSpec
from ratetheory.training.train import train
from tests.training.curvature.networks import conv_bn, deep_bn, dense, entries, on_tangents


def test_the_second_derivative_along_great_circles_is_at_most_the_largest_modulus():
    case = deep_bn()
    live, _, _ = entries(case)
    far = curvature(case.model, case.loss, case.blocks).spheres.modulus
    rng, step, seen = np.random.default_rng(0), 1e-3, []
    start = nn.utils.parameters_to_vector(case.model.parameters()).detach()
    for _ in range(30):
        speeds = np.abs(rng.standard_normal(len(live)))
        speeds /= np.linalg.norm(speeds)
        tangents = []
        for block in live:
            unit = start[block] / start[block].norm()
            noise = torch.from_numpy(rng.standard_normal(len(block)))
            noise -= (noise @ unit) * unit
            tangents.append(noise / noise.norm())

        def loss_at(angle, tangents=tangents, speeds=speeds):
            flat = start.clone()
            for block, tangent, speed in zip(live, tangents, speeds, strict=True):
                unit = start[block] / start[block].norm()
                flat[block] = np.cos(angle * speed) * unit + np.sin(angle * speed) * tangent
            nn.utils.vector_to_parameters(flat, case.model.parameters())
            with torch.no_grad():
                return case.loss(case.model).item()

        seen.append(abs(loss_at(-step) - 2 * loss_at(0.0) + loss_at(step)) / step**2)
    # the finite difference is off by about step^2 and 1e-16/step^2; the estimate by one percent
    assert max(seen) <= far * 1.01 + 1e-6
    assert max(seen) > 0.1 * far


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(TrainSpec(steps=20, learning_rate=0.3), tmp_path_factory.mktemp("runs") / "run")


def test_the_estimate_of_a_run_covers_its_points_and_says_what_it_is(run):
    estimate = estimate_smoothness(run, points=2)
    assert estimate.trust == "estimated"
    assert estimate.steps[0] == 0
    assert estimate.steps[-1] == 19
    assert estimate.Lam == max(estimate.largest) <= estimate.L == max(estimate.modulus)
    assert estimate.L_gg is None
    assert estimate.Lam_g is None
    layers = estimate_smoothness(run, points=2, granularity="layer")
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
    [
        ({"points": 0}, "points"),
        ({"granularity": "network"}, "granularity"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"products": 0}, "products"),
    ],
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


def test_the_estimate_of_a_trace_is_the_curvature_at_its_snapshots(run):
    network, images = _network_of(run, "cpu")

    def loss(m):
        return nn.functional.cross_entropy(m(images.images), images.labels)

    estimate = estimate_smoothness(run, points=2)
    network.module.load_state_dict(checkpoint.load(checkpoint.snapshot_path(run, 19))["module"])
    at_the_end = curvature(network.module, loss, blocks_of(network, "filter"))
    assert estimate.largest[-1] == pytest.approx(at_the_end.spheres.high.value, rel=0.01)
    files = {step: checkpoint.snapshot_path(run, step) for step in (0, 19)}
    again = smoothness_along(network.module, loss, blocks_of(network, "filter"), files)
    assert (again.largest, again.L, again.steps) == (estimate.largest, estimate.L, estimate.steps)
    assert again.granularity == "table"


def test_the_constants_of_any_model_cover_its_dense_hessians(tmp_path):
    case, files = conv_bn(), []
    for number in range(2):
        files.append(tmp_path / f"{number}.pt")
        torch.save(case.model.state_dict(), files[-1])
        with torch.no_grad():
            for p in case.model.parameters():
                p += 0.3 * torch.randn(p.shape, dtype=p.dtype, generator=torch.Generator().manual_seed(7))
    found = smoothness_along(case.model, case.loss, case.blocks, files)
    assert found.converged
    assert found.weights == (14, 36)
    for number, file in enumerate(files):
        case.model.load_state_dict(torch.load(file, weights_only=True))
        weights, hessian = dense(case)
        live, others, _ = entries(case)
        tangents = np.linalg.eigvalsh(on_tangents(weights, hessian, live))
        assert found.largest[number] == pytest.approx(tangents[-1], abs=0.01 * np.abs(tangents).max())
        variant = np.abs(np.linalg.eigvalsh(hessian[np.ix_(others, others)])).max()
        assert found.scale_variant[number] == pytest.approx(variant, rel=0.01)
        # diag(Lam, Lam_g) minus the whole is positive semidefinite, up to the tolerance
        E = np.zeros((len(weights), len(weights)))
        for block in live:
            v = weights[block] / np.linalg.norm(weights[block])
            E[np.ix_(block, block)] = np.linalg.norm(weights[block]) * (np.eye(len(block)) - np.outer(v, v))
        E[others, others] = 1
        limit = np.zeros(len(weights))
        limit[np.concatenate(live)], limit[others] = found.Lam, found.Lam_g
        assert np.linalg.eigvalsh(np.diag(1.02 * limit) - E @ hessian @ E)[0] > 0
    assert found.L_gg == max(found.scale_variant)


def test_states_under_the_usual_names_and_safetensors(tmp_path):
    case = conv_bn()
    state = case.model.state_dict()
    plain = smoothness_along(case.model, case.loss, case.blocks)
    assert plain.steps == [0]
    for name in ("module", "model", "state_dict", "model_state_dict"):
        torch.save({"epoch": 3, name: {f"module.{key}": value for key, value in state.items()}}, tmp_path / f"{name}.pt")
        assert smoothness_along(case.model, case.loss, case.blocks, {5: tmp_path / f"{name}.pt"}).L == plain.L
    safetensors = pytest.importorskip("safetensors.torch")
    safetensors.save_file(state, tmp_path / "state.safetensors")
    assert smoothness_along(case.model, case.loss, case.blocks, [tmp_path / "state.safetensors"]).L == plain.L
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="no safetensors file"):
        smoothness_along(case.model, case.loss, case.blocks, [tmp_path / "bad.safetensors"])
    torch.save({"0.weight": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="weights of another network"):
        smoothness_along(case.model, case.loss, case.blocks, [tmp_path / "other.pt"])


def estimate(**changes):
    given = {
        **{"granularity": "table", "steps": [0, 9], "largest": [1.0, 2.0], "smallest": [0.0, 0.0], "modulus": [1.0, 2.0]},
        **{"scale_variant": [3.0, 4.0], "joint": [2.5, 2.5], "scale": 0.5, "L": 2.0, "Lam": 2.5, "L_gg": 4.0, "Lam_g": 10.0},
        **{"tolerance": 0.01, "converged": True, "residual": 0.001, "products": 60, "seconds": 1.0, "weights": (100, 1290)},
        "blocks": ["a"],
    }
    return Smoothness(**{**given, **changes})


def test_the_suggested_range_of_the_scale_variant_learning_rate_in_words():
    found = suggested_rate(estimate())
    assert (found.below, found.joint, found.weights, found.points) == (0.5, 0.2, 1290, 2)
    assert str(found) == (
        "learning rate of the 1,290 scale-variant weights: below 0.5 (2/L_gg at 2 checkpoints, estimated); the others need no"
        " tuning"
    )
    assert "not converged, the limit may be lower" in str(suggested_rate(estimate(converged=False)))
    filters = Family("w", "alone", "filter", 3, 4, (Member("w", 0, 0, 3),), "", defects=(0.5, 1e-3, 0.02))
    assert "the others need none as far as they are invariant: 2 blocks" in str(suggested_rate(estimate(), Blocks((filters,))))
    none = suggested_rate(estimate(L_gg=None, Lam_g=None, scale_variant=[], weights=(100, 0)))
    assert none.below is None
    assert "no scale-variant weights" in str(none)
    flat = suggested_rate(estimate(L_gg=0.0, Lam_g=None, scale_variant=[0.0, 0.0]))
    assert flat.below is None
    assert "no limit was found" in str(flat)


def test_gradient_descent_below_the_suggested_rate_descends_and_far_above_it_does_not():
    case = conv_bn()
    table = case.blocks
    for p in (case.model[0].weight, case.model[3].weight):
        p.requires_grad_(False)
    variant = [p for p in case.model.parameters() if p.requires_grad]
    case.model[0].weight.requires_grad_(True)
    below = suggested_rate(smoothness_along(case.model, case.loss, table)).below
    # along the steepest direction of a quadratic model the rate 2/L_gg is where descent ends
    gradient = torch.autograd.grad(case.loss(case.model), variant)
    before = case.loss(case.model).item()

    def after(rate):
        with torch.no_grad():
            for p, g in zip(variant, gradient, strict=True):
                p -= rate * g
            value = case.loss(case.model).item()
            for p, g in zip(variant, gradient, strict=True):
                p += rate * g
        return value

    assert after(0.5 * below) < before
    assert after(30 * below) > before


def test_an_estimate_that_was_kept_is_what_compare_reads(run, tmp_path):
    network, images = _network_of(run, "cpu")
    files = checkpoint.snapshots(run)

    def loss(m):
        return nn.functional.cross_entropy(m(images.images), images.labels)

    found = smoothness_along(network.module, loss, blocks_of(network, "filter"), {step: files[step] for step in (0, 10)})
    path = found.save(run)
    try:
        apriori = compare(run, points=2).apriori
        assert apriori.label in ("estimated", "vacuous")
        assert apriori.constants["L"][0] == found.L
        content = json.loads(path.read_bytes())
        for wrong, message in [
            ({**content, "run": "another"}, "no estimate of this run"),
            ({**content, "estimate": {**content["estimate"], "L": -1.0}}, r"L = -1\.0 is not allowed"),
            ([], "no estimate of this run"),
        ]:
            path.write_text(json.dumps(wrong))
            with pytest.raises(ValueError, match=message):
                compare(run, points=2)
        path.write_bytes(b"{")
        with pytest.raises(ValueError, match="no valid JSON"):
            compare(run, points=2)
    finally:
        path.unlink()
    names = [entry["name"] for entry in read_run(run)["blocks"]]
    with pytest.raises(ValueError, match="is not in the estimate"):
        estimate(blocks=names[1:]).save(run)
    with pytest.raises(ValueError, match=r"L = 0\.0 is not allowed"):
        estimate(blocks=names, L=0.0).save(run)
    with pytest.raises(ValueError, match="no trace here"):
        estimate().save(tmp_path)
