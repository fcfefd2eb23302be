"""Records of the neuron and of the usual layers against a transcription in mpmath with numerical derivatives."""

import mpmath
import numpy as np
import pytest

from ratetheory.attack.arenas.neuron import NEURON, NORMALISATION
from ratetheory.claims import claims

mpf = mpmath.mpf
LOSS = {
    "sine": mpmath.sin,
    "logistic": lambda y: mpmath.log1p(mpmath.exp(y)),
    "ln-cosh": lambda y: mpmath.log(mpmath.cosh(y)),
    "corner": mpmath.sin,
}


def numbers(p, name, i):
    return np.vectorize(mpf, otypes=[object])(p[name][i, 0])


def neuron(p, i, base):
    """f along the great circle and the length of the whitened direction's turn, as functions of the angle."""
    x, w, u, phase = (numbers(p, name, i) for name in ("x", "w", "u", "phase"))
    eps, gain, amplitude, frequency = (numbers(p, name, i)[0] for name in ("eps", "gain", "amplitude", "frequency"))
    x = x - (x.sum(axis=1) / x.shape[1])[:, None]
    v = w / mpmath.sqrt((w * w).sum())
    xi = u - v * (u * v).sum()
    xi = xi / mpmath.sqrt((xi * xi).sum())

    def f(angle):
        c = v * mpmath.cos(angle) + xi * mpmath.sin(angle)
        a = c @ x
        z = a / mpmath.sqrt((a * a).sum() / len(a) + eps)
        return amplitude * mpmath.fsum(LOSS[base](frequency * gain * t + q) for t, q in zip(z, phase, strict=True)) / len(a)

    covariance = mpmath.matrix((x @ x.T / x.shape[1]).tolist()) + eps * mpmath.eye(len(w))
    values = mpmath.eigsy(covariance, eigvals_only=True)
    return f, max(values) / min(values)


def encloses(rounded, i, value, loosest=1e-3):
    error = float(rounded.error[i, 0, 0])
    assert abs(mpf(float(rounded.value[i, 0, 0])) - value) <= error + abs(value) * mpf(10) ** -20
    return error <= loosest * abs(float(value)) + 1e-12


@pytest.mark.parametrize("base", LOSS)
def test_the_neurons_record_encloses_the_transcription(base):
    family = next(f for f in NEURON.families if f.name == base)
    batch = NEURON.sample(family, 12, 1, np.random.default_rng(5))
    record, tight = NEURON.record(batch), 0
    with mpmath.workdps(60):
        for i in range(12):
            f, cond = neuron(batch.numbers, i, base)
            tight += encloses(record["neuron_first"], i, mpmath.diff(f, 0))
            tight += encloses(record["neuron_second"], i, mpmath.diff(f, 0, 2))
            tight += encloses(record["cond"], i, cond)
    assert tight >= 30, "most error bars are far below what they belong to"


def layer(p, i, groups):
    """f of the weights, with gain and shift given apart."""
    x, c, b = (numbers(p, name, i) for name in ("x", "c", "b"))
    eps, shift = (numbers(p, name, i)[0] for name in ("eps", "shift"))

    def f(w, gain):
        outputs = np.array_split(w @ x, groups)
        z = []
        for part in outputs:
            deviation = part - part.sum() / len(part)
            z.extend(deviation / mpmath.sqrt((deviation * deviation).sum() / len(part) + eps))
        y = [gain * t + shift for t in z]
        return mpmath.sin(mpmath.fsum(a * t for a, t in zip(c, y, strict=True))) + mpmath.fsum(
            a * t * t / 2 for a, t in zip(b, y, strict=True)
        )

    return f


@pytest.mark.parametrize(("base", "groups"), [("batch-norm", 1), ("group-norm", 2)])
def test_the_layers_record_encloses_the_transcription(base, groups):
    family = next(f for f in NORMALISATION.families if f.name == base)
    batch = NORMALISATION.sample(family, 12, 1, np.random.default_rng(6))
    record = NORMALISATION.record(batch)
    with mpmath.workdps(40):
        for i in range(12):
            f, w, gain = layer(batch.numbers, i, groups), numbers(batch.numbers, "w", i), numbers(batch.numbers, "gain", i)[0]
            radial = mpmath.diff(lambda k, f=f, w=w, gain=gain: f(k * w, gain), 1)
            assert abs(mpf(float(record["filter_radial"].value[i, 0, 0])) - radial) < 1e-12
            slope = mpmath.diff(lambda g, f=f, w=w: f(w, g), gain)
            assert abs(mpf(float(record["gain_slope"].value[i, 0, 0])) - slope) < 1e-11


@pytest.mark.parametrize(("arena", "slug"), [(NEURON, "smoothed-bn"), (NORMALISATION, "eps-law")])
def test_each_broken_family_breaks_the_one_hypothesis_it_names(arena, slug):
    claim = claims[slug]
    hypotheses = {h for c in claim.conclusions for h in (*claim.hypotheses, *c.hypotheses)}
    for family in arena.families:
        failing = {h.slug for h in hypotheses if h.fails(arena.facts(family))} - {"one-group"}
        assert len(failing) == (family.breaks is not None), family.name


@pytest.mark.parametrize(
    ("change", "message"),
    [({"eps": 0.0}, "eps: allowed"), ({"amplitude": -1.0}, "amplitude: allowed"), ({"w": 0.0}, "w: allowed")],
)
def test_instances_keep_their_promises(change, message):
    batch = NEURON.sample(NEURON.families[0], 1, 1, np.random.default_rng(1))
    for name, value in change.items():
        batch.numbers[name][:] = value
    assert message in NEURON.invalid(batch)
