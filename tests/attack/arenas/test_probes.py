"""Probes against the formulas for gradients and Hessians, which they do not use."""

import math

import numpy as np
import pytest

from ratetheory.attack.arenas import objectives
from ratetheory.attack.arenas import record_of as probe
from ratetheory.attack.search import judge
from ratetheory.claims import claims
from ratetheory.numeric.rounding import UNIT
from tests.attack.families import FAMILIES, families, sample

BASES = [family.name for family in families("point") if family.breaks is None]


def sampled(setting, name, count=60):
    return sample(setting, FAMILIES[name], count, 1, np.random.default_rng(0))


def covers(rounded, truth, slack):
    return np.all(np.abs(rounded.value - truth) <= rounded.error + slack)


def block_of(array, i):
    only = np.zeros_like(array)
    only[..., i, :] = array[..., i, :]
    return only


@pytest.mark.parametrize("name", BASES)
def test_a_point_holds_the_derivatives_of_the_formulas(name):
    batch = sampled("point", name)
    p, record, blocks = batch.numbers, probe(batch), batch.family.blocks
    w, u, v, k = p["w"], p["u"], p["v"], p["k"]
    size, size_u = np.sqrt(np.sum(w**2, axis=-1)), np.sqrt(np.sum(u**2, axis=-1))
    first, second = objectives.gradient_allowance(p), objectives.hessian_allowance(p)
    along_w, _ = objectives.gradient(p, w, p["g"])
    assert covers(record["slope"], np.sum(along_w * u, axis=-1), first * size_u / size)
    far, _ = objectives.gradient(p, k[..., None] * w, p["g"])
    assert covers(record["slope_scaled"], np.sum(far * u, axis=-1), first * size_u / (k * size))
    for i in range(blocks):
        turned, _ = objectives.hessian_product(p, w, p["g"], block_of(u, i), 0 * p["g"])
        slack = (second * size_u * np.sqrt(np.sum(v**2, axis=-1)) / size**2)[..., i]
        assert covers(record["curvature"][..., i], np.sum(turned * v, axis=-1)[..., i], slack)
        radial, _ = objectives.hessian_product(p, w, p["g"], block_of(w, i), 0 * p["g"])
        assert covers(record["curvature_radial"][..., i], np.sum(radial * u, axis=-1)[..., i], (second * size_u / size)[..., i])
    assert np.all(np.isnan(record["curvature_mixed"].value)) == (blocks == 1)


@pytest.mark.parametrize("name", BASES)
def test_derivatives_along_a_great_circle_are_those_of_finite_differences(name):
    batch = sampled("great-circle", name)
    p, record = batch.numbers, probe(batch)
    w = p["w"] / np.sqrt(np.sum(p["w"] ** 2, axis=-1, keepdims=True))
    xi = p["u"] - w * np.sum(w * p["u"], axis=-1, keepdims=True)
    xi = xi / np.sqrt(np.sum(xi**2, axis=-1, keepdims=True))
    scale = objectives.hessian_allowance(p) / UNIT
    for i in range(batch.family.blocks):

        def along(phi, i=i):
            phi = np.broadcast_to(phi, (len(w), 1, 1))
            point = w.copy()
            point[..., i, :] = np.cos(phi) * w[..., i, :] + np.sin(phi) * xi[..., i, :]
            return objectives.value(p, point, p["g"])[..., 0]

        h = 1e-4
        second = (along(h) - 2 * along(0.0) + along(-h)) / h**2
        assert np.all(np.abs(record["circle_second"].value[..., i] - second) <= 1e-6 * scale[..., i])
        drop = along(p["turn"]) - along(0.0)
        assert np.all(np.abs(record["circle_drop"].value[..., i] - drop) <= 1e-14 * scale[..., i])


def test_a_wrong_hessian_formula_is_noticed(monkeypatch):
    batch = sampled("great-circle", "two-blocks")
    conclusion = claims["intrinsic-smoothness"].conclusion("hessian")
    assert judge(conclusion, probe(batch)).closeness.max() <= 0
    plain = objectives.hessian_product

    def faulty(p, w, g, dw, dg):
        turned, turned_g = plain(p, w, g, dw, dg)
        return turned * (1 + 1e-9), turned_g

    monkeypatch.setattr(objectives, "hessian_product", faulty)
    assert judge(conclusion, probe(batch)).closeness.max() > 0


def test_the_triangle_wave_nearly_attains_the_diameter():
    """F'' close to the square wave of height L: |F'| reaches (pi/2) L and the range (pi^2/4) L up to the smoothing."""
    odd = np.arange(1, 24, 2)
    batch = sampled("great-circle", "circle", 1)
    sine = np.zeros((1, 1, 24))
    sine[..., odd - 1] = 4 / (np.pi * odd**3.0) * np.sinc(odd / 25) ** 2
    batch.numbers.update(cosine=np.zeros((1, 1, 24)), sine=sine, w=np.array([[[[1.0, 0.0]]]]), u=np.array([[[[0.0, 1.0]]]]))
    record = probe(batch)
    assert record["G"].value[0, 0, 0] > 0.94 * math.pi / 2 * record["L"].value[0, 0, 0]
    batch.numbers.update(w=np.array([[[[0.0, 1.0]]]]), u=np.array([[[[1.0, 0.0]]]]), turn=np.array([[[np.pi]]]))
    record = probe(batch)
    assert abs(record["circle_drop"].value[0, 0, 0]) > 0.99 * math.pi**2 / 4 * record["L"].value[0, 0, 0]


def test_the_inequality_of_one_step_covers_many_decades_and_resolves_small_angles():
    batch = sampled("step-inequality", "step", 2000)
    record = probe(batch)
    assert record["x"].value.max() / record["x"].value.min() > 1e12
    judgement = judge(claims["log-lyapunov"].conclusion("step-simple"), record)
    assert np.all(judgement.decided)
    resolved = np.abs(judgement.left.value) > judgement.left.error
    assert resolved.mean() > 0.5
    assert np.all(judgement.left.value[resolved] < 0)
