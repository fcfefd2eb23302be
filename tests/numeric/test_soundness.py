"""Soundness on 1,000 random instances: plain gradient descent in floats against inequalities transcribed here afresh.

Nothing of the claims' formulas, of the error arithmetic or of the simulation is used: the loop, the norms and the
inequalities are written down again from the theory. What rounding may do is stated beside each check. One step leaves a
relative error of at most some 50 units of roundoff (6e-15) in S, and it adds up: 60 steps stay below 4e-13, for which 1e-12 is
allowed, always relative to the largest term of the inequality at hand and never to the difference of two of them.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from ratetheory.attack.arenas import objectives
from ratetheory.attack.arenas.descent import decoupled
from ratetheory.numeric import envelope, floats
from ratetheory.numeric.bound import bound_gd
from ratetheory.numeric.constants import read_constants
from tests.attack.families import FAMILIES, sample

NAMES = ("rayleigh", "linear", "one-block", "one-block-scalar", "two-blocks", "two-blocks-scalar", "circle", "circle-even")
EACH, STEPS = 125, 60
ROUNDING = 1e-12


@dataclass
class Run:
    """Arrays (instance, step, block); S, f and angles' states have one step more than G and H."""

    p: dict
    scalar: bool
    w: np.ndarray
    S: np.ndarray
    f: np.ndarray
    G: np.ndarray
    H: np.ndarray

    @property
    def eta(self):
        return self.p["eta"]

    @property
    def b(self):
        return self.S / self.eta


def gradient_descent(name, decay=0.0, seed=2024):
    family = FAMILIES[name]
    p = sample("trajectory", family, EACH, STEPS, np.random.default_rng(seed)).numbers
    w, g = p["w"].copy(), p["g"].copy()
    ws, gs, G, H = [w], [g], [], []
    for _ in range(STEPS):
        along_w, along_g = objectives.gradient(p, w, g)
        G.append(np.linalg.norm(w, axis=-1) * np.linalg.norm(along_w, axis=-1))
        H.append(np.abs(along_g))
        w = (1 - decay) * w - p["eta"][..., None] * along_w
        if family.scalar:
            g = g - p["eta_g"] * along_g
        ws.append(w)
        gs.append(g)
    w, g = np.concatenate(ws, axis=1), np.concatenate(gs, axis=1)
    f = objectives.value(p, w, g)
    return Run(p, family.scalar, w, np.sum(w * w, axis=-1), f, np.concatenate(G, axis=1), np.concatenate(H, axis=1))


@pytest.fixture(scope="module")
def runs():
    return {name: gradient_descent(name) for name in NAMES}


@pytest.fixture(scope="module")
def runs_with_decay():
    return {name: gradient_descent(name, decay=0.01) for name in NAMES}


def constants(run):
    """M, Lam (the last one of g), Gbar, gap; the gap is enlarged by what its own subtraction may have lost."""
    known = objectives.constants(run.p)
    f_0, f_low = run.f[:, :1], known.f_low.value
    gap = f_0 - f_low + 1e-13 * (np.abs(f_0) + np.abs(f_low) + known.M.value.max(axis=(-2, -1))[..., None])
    return known.M.value, decoupled(run.p), known.Gbar.value, gap


def certificate(run):
    """b_0 (b_T - b_0) <= sum |G|^2 <= (b_T^2 - b_0^2)/2 for all T; rounding relative to b_T^2."""
    total, start, end = np.cumsum(run.G**2, axis=1), run.b[:, :1], run.b[:, 1:]
    slack = ROUNDING * end**2
    return (start * (end - start) <= total + slack) & (total <= (end**2 - start**2) / 2 + slack)


def least_gradient(run):
    """min |G|^2 <= (|w_T|^4 - |w_0|^4)/(2 eta^2 T); rounding relative to |w_T|^4/(eta^2 T)."""
    horizons = np.arange(1, STEPS + 1)[:, None]
    least, size = np.minimum.accumulate(run.G**2, axis=1), 2 * run.eta**2 * horizons
    return least <= (run.S[:, 1:] ** 2 - run.S[:, :1] ** 2) / size + ROUNDING * 2 * run.S[:, 1:] ** 2 / size


def rotation_budget(run):
    """sum theta^2 <= ln(S_T/S_0): an angle is off by some 1e-15, the logarithm by the relative error of S_T."""
    v = run.w / np.linalg.norm(run.w, axis=-1, keepdims=True)
    chord, other = (np.linalg.norm(v[:, 1:] + sign * v[:, :-1], axis=-1) for sign in (-1, 1))
    angles = 2 * np.arctan2(chord, other)
    return np.cumsum(angles**2, axis=1) <= np.log(run.S[:, 1:] / run.S[:, :1]) + ROUNDING * (1 + np.cumsum(angles, axis=1))


def sharper_slope(b_0, Lam, Gbar):
    """The infimum over 0 < x <= Gbar/b_0 of [arctan x + r (ln(1 + x^2) - arctan(x)^2)]/x on a grid, lowered by 1e-4.

    The infimum on the grid lies above the true one, by less than 1e-4 for 2,000 points over twelve decades; any smaller slope
    belongs to a Lyapunov function too.
    """
    x = (Gbar / b_0)[..., None] * np.geomspace(1e-12, 1, 2000)
    r = (Lam / (2 * Gbar))[..., None]
    with np.errstate(invalid="ignore"):
        # below 1e-4 the difference is x^4/6 up to a relative x^2
        difference = np.where(x < 1e-4, x**4 / 6, np.log1p(x**2) - np.arctan(x) ** 2)
    return np.min((np.arctan(x) + r * difference) / x, axis=-1) * (1 - 1e-4)


def lyapunov(run, slope):
    """f + sum_i (c_i b_i - (Lam_i/2) ln b_i) falls by at least kappa eta_g |H|^2; rounding relative to its terms."""
    _, Lam, Gbar, _ = constants(run)
    Lam, Lam_g = Lam[..., : run.S.shape[-1]], Lam[..., -1:]
    c = slope(run.b[:, :1], Lam, Gbar)
    terms = run.f, np.sum(c * run.b, axis=-1, keepdims=True), -np.sum(Lam / 2 * np.log(run.b), axis=-1, keepdims=True)
    potential = sum(terms)
    size = sum(np.abs(term) for term in terms)[:, 1:] + np.sum(Lam, axis=-1, keepdims=True)
    eta_g = run.p["eta_g"] if run.scalar else 0.0
    fall = (1 - eta_g * Lam_g / 2) * eta_g * run.H**2
    return potential[:, 1:] + fall <= potential[:, :-1] + ROUNDING * size


def sum_by_rotation(run):
    """sum |G|^2 <= b_T (f_0 - f_T + (L/2) ln(b_T/b_0)) for all T, of one block; rounding relative to the terms."""
    L, start, end = constants(run)[0][..., 0, 0][..., None], run.b[:, :1], run.b[:, 1:]
    paid = run.f[:, :1] - run.f[:, 1:] + L / 2 * np.log(end / start)
    size = np.abs(run.f[:, :1]) + np.abs(run.f[:, 1:]) + L * (1 + np.log(end / start))
    return np.cumsum(run.G**2, axis=1) <= end * (paid + ROUNDING * size)


CHECKS = {
    "certificate": certificate,
    "least gradient": least_gradient,
    "rotation budget": rotation_budget,
    "Lyapunov, simple slope": lambda run: lyapunov(run, lambda b_0, Lam, Gbar: np.arctan(Gbar / b_0) / (Gbar / b_0)),
    "Lyapunov, sharper slope": lambda run: lyapunov(run, sharper_slope),
}


def test_the_instances_are_a_thousand_over_eight_decades(runs):
    assert sum(len(run.S) for run in runs.values()) == 1000
    rates = np.concatenate([run.eta.ravel() for run in runs.values()])
    assert (rates.min(), rates.max()) == (pytest.approx(1e-4, rel=0.2), pytest.approx(1e4, rel=0.2))
    assert all(np.all(np.isfinite(run.b)) and np.all(np.isfinite(run.f)) for run in runs.values())


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", NAMES)
def test_gradient_descent_keeps_the_inequality(runs, name, check):
    assert np.all(CHECKS[check](runs[name]))


@pytest.mark.parametrize("check", CHECKS)
def test_weight_decay_does_not(runs_with_decay, check):
    """The checks have teeth: with decay, for which the theory claims nothing of the kind, each fails somewhere."""
    assert not all(np.all(CHECKS[check](run)) for run in runs_with_decay.values())


SINGLE = [name for name in NAMES if "scalar" not in name and "two" not in name]


@pytest.mark.parametrize("name", SINGLE)
def test_gradient_descent_sums_by_rotation(runs, name):
    assert np.all(sum_by_rotation(runs[name]))


def test_weight_decay_does_not_sum_by_rotation(runs_with_decay):
    assert not all(np.all(sum_by_rotation(runs_with_decay[name])) for name in SINGLE)


def toml_content(run, i, decouple):
    """The instance as a constants file would hold it, with the matrix of the L_ij or with decoupled constants."""
    M, Lam, Gbar, gap = (array[i, 0] for array in constants(run))
    names = [f"block{j}" for j in range(run.S.shape[-1])]
    everything = [*names, *(["scale_variant"] if run.scalar else [])]
    blocks = []
    for j, name in enumerate(names):
        block = {"name": name, "squared_norm": run.S[i, 0, j], "learning_rate": run.eta[i, 0, j], "smoothness": M[j, j]}
        block["gradient_bound"] = Gbar[j]
        if decouple:
            # of one block both are the same number, but for rounding
            block["decoupled_smoothness"] = max(Lam[j], M[j, j])
        else:
            block["smoothness_with"] = {other: M[j, k] for k, other in enumerate(everything) if k != j}
        blocks.append(block)
    content = {"gap": gap[0], "block": blocks}
    if run.scalar:
        content["scale_variant"] = {"learning_rate": run.p["eta_g"][i, 0, 0], "smoothness": M[-1, -1]}
        if decouple:
            content["scale_variant"]["decoupled_smoothness"] = max(Lam[-1], M[-1, -1])
    return content


def forms(run):
    """C by every form, in floats, for all instances at once."""
    M, Lam, Gbar, gap = constants(run)
    blocks = run.S.shape[-1]
    single = blocks == 1 and not run.scalar
    diagonal, Lam_g = np.diagonal(M, axis1=-2, axis2=-1)[..., :blocks], Lam[..., blocks:]
    eta_g = run.p["eta_g"] if run.scalar else None
    nu_0 = np.zeros_like(gap) if eta_g is None else 1 / (eta_g * (1 - eta_g * Lam_g / 2))
    problem = envelope.Problem(
        run.b[:, :1], diagonal, Lam[..., :blocks], Gbar, gap, nu_0, Lam_g * run.scalar, run.scalar, single
    )
    found = {method: envelope.one_phase(floats, problem, method) for method in ("simple", "sharper")}
    nu = floats.best_multiplier(lambda nu: envelope.shared(floats, problem, found["sharper"], nu).C, nu_0)
    found["shared"] = envelope.shared(floats, problem, found["sharper"], nu)
    if single:
        found["smaller gradient bound"] = envelope.one_phase(floats, problem, "sharper", smaller=True)
        found["two-phase"] = envelope.two_phase(floats, problem)
        found["two-phase, smaller gradient bound"] = envelope.two_phase(floats, problem, smaller=True)
    return found, envelope.trivial(floats, problem)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_descent_never_exceeds_any_form_of_the_bound(runs, name):
    """The summed squares against C, b against its envelope, the least square against the trivial bound."""
    run = runs[name]
    squares = np.sum(run.G**2, axis=-1) + run.H[..., 0] ** 2
    with np.errstate(all="ignore"):
        found, trivial = forms(run)
    for form, candidate in found.items():
        C, B = candidate.C[:, 0, 0], run.b[:, 0] + candidate.increment[:, 0]
        assert not np.any(np.isnan(C)), form
        assert np.all(squares.sum(axis=1) <= C * (1 + ROUNDING)), form
        assert np.all(run.b[:, -1] <= B * (1 + ROUNDING)), form
    assert np.all(squares.min(axis=1) <= trivial[:, 0, 0] * (1 + ROUNDING))
    tightest = np.max(squares.sum(axis=1) / found["shared"].C[:, 0, 0])
    assert tightest > 0.1, "no instance comes near the bound: the test would miss a wrong one"
    if name in SINGLE:
        candidate = found["sharper"]
        rotated = candidate.sum_by_rotation[:, 0, 0]
        by_growth = candidate.increment[:, 0] * (run.b[:, 0] + candidate.increment[:, 0] / 2)
        assert np.array_equal(rotated, candidate.C[:, 0, 0] < by_growth[:, 0])
        assert np.any(~rotated)
        assert np.max((squares.sum(axis=1) / candidate.C[:, 0, 0])[rotated]) > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_gradient_descent_never_exceeds_the_certified_bound(runs, name):
    """The least gradient against the value, the sum against C, b against its envelope; every eighth instance."""
    run = runs[name]
    squares = np.sum(run.G**2, axis=-1) + run.H[..., 0] ** 2
    for i in range(0, EACH, 8):
        bound = bound_gd(constants=read_constants(toml_content(run, i, decouple=i % 16 == 0)), steps=STEPS)
        assert bound.trust == "certified"
        assert squares[i].min() <= bound.value * (1 + ROUNDING), i
        assert squares[i].sum() <= float(bound.total) * (1 + ROUNDING), i
        assert np.all(run.b[i, -1] <= np.array(bound.b_infinity, float) * (1 + ROUNDING)), i


@pytest.mark.parametrize("name", SINGLE)
def test_gradient_descent_never_exceeds_the_bound_of_arrays(runs, name):
    """All horizons of all instances in one call of the array path."""
    run = runs[name]
    M, _, Gbar, gap = constants(run)
    least = np.minimum.accumulate(run.G[..., 0] ** 2, axis=1)
    bound = bound_gd(
        squared_norm=run.S[:, :1, 0],
        learning_rate=run.eta[:, :1, 0],
        smoothness=M[:, :1, 0, 0],
        gap=gap[..., 0],
        gradient_bound=Gbar[..., 0],
        steps=np.broadcast_to(np.arange(1, STEPS + 1), least.shape),
    )
    assert np.all(least <= bound.value * (1 + ROUNDING))
    assert np.max(least / bound.value) > 0.5
