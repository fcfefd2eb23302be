"""Acceptance: simulated norm and rotation, with the update rules written out, against the equilibria."""

import numpy as np
import pytest

import ratetheory as rt

DIMENSION = 2000
STEPS = 2500


def angle(before, after):
    v, w = before / np.linalg.norm(before), after / np.linalg.norm(after)
    return 2 * np.arctan2(np.linalg.norm(w - v), np.linalg.norm(w + v))


def measured(step, w, warm_up):
    """Root mean square of |w| and of the angle of a step, after the warm-up."""
    sizes, angles = [], []
    for t in range(warm_up + STEPS):
        after = step(w)
        if t >= warm_up:
            sizes.append(w @ w)
            angles.append(angle(w, after))
        w = after
    return np.sqrt(np.mean(sizes)), np.sqrt(np.mean(np.square(angles)))


@pytest.mark.parametrize("method", ["sgd", "heavy-ball", "nesterov"])
@pytest.mark.parametrize(("eta", "lam", "beta"), [(0.1, 0.05, 0.9), (0.5, 0.6, 0.6)])
def test_momentum_within_one_per_cent(method, eta, lam, beta):
    """Scale-invariant losses <a_t, w>/|w| with random a_t: their gradient is (a_t - <a_t, v> v)/|w|."""
    extra = {} if method == "sgd" else {"momentum": beta}
    found = rt.equilibrium(method, learning_rate=eta, decay=lam, squared_gradient=1, **extra)
    rng = np.random.default_rng(3)
    buffer = np.zeros(DIMENSION)

    def step(w):
        nonlocal buffer
        norm = np.linalg.norm(w)
        a = rng.standard_normal(DIMENSION) / np.sqrt(DIMENSION - 1)
        gradient = (a - (a @ w) * w / norm**2) / norm + lam * w
        buffer = (0.0 if method == "sgd" else beta) * buffer + gradient
        return w - eta * (gradient + beta * buffer if method == "nesterov" else buffer)

    start = rng.standard_normal(DIMENSION)
    warm_up = int(8 * found.time_constant.value) + 50
    norm, rotation = measured(step, start / np.linalg.norm(start) * found.norm.value * 1.2, warm_up)
    assert norm == pytest.approx(found.norm.value, rel=0.01)
    assert rotation == pytest.approx(found.rotation.value, rel=0.01)


@pytest.mark.parametrize(("eta", "lam", "b1"), [(0.01, 0.3, 0.9), (0.1, 0.2, 0.5)])
def test_adamw_within_three_per_cent(eta, lam, b1):
    found = rt.equilibrium("adamw", learning_rate=eta, decay=lam, beta1=b1, dimension=DIMENSION)
    rng = np.random.default_rng(4)
    first, second, b2 = np.zeros(DIMENSION), np.ones(DIMENSION), 0.999

    def step(w):
        nonlocal first, second
        g = rng.standard_normal(DIMENSION)
        first, second = b1 * first + (1 - b1) * g, b2 * second + (1 - b2) * g * g
        return w - eta * (first / (np.sqrt(second) + 1e-8) + lam * w)

    start = rng.standard_normal(DIMENSION) / np.sqrt(DIMENSION) * found.norm.value
    norm, rotation = measured(step, start, int(6 * found.time_constant.value))
    assert norm == pytest.approx(found.norm.value, rel=0.03)
    assert rotation == pytest.approx(found.rotation.value, rel=0.03)
    assert rotation == pytest.approx(found.first_order.value, rel=0.03)


@pytest.mark.parametrize(("eta", "lam", "b1", "b2"), [(0.01, 0.2, 0.9, 0.99), (0.1, 0.05, 0.95, 0.98)])
def test_lion_within_three_per_cent(eta, lam, b1, b2):
    found = rt.equilibrium("lion", learning_rate=eta, decay=lam, beta1=b1, beta2=b2, dimension=DIMENSION)
    rng = np.random.default_rng(5)
    buffer = np.zeros(DIMENSION)

    def step(w):
        nonlocal buffer
        g = rng.standard_normal(DIMENSION)
        update = np.sign(b1 * buffer + (1 - b1) * g)
        buffer = b2 * buffer + (1 - b2) * g
        return w - eta * (update + lam * w)

    start = rng.standard_normal(DIMENSION) / np.sqrt(DIMENSION) * found.norm.value
    norm, rotation = measured(step, start, int(6 * found.time_constant.value))
    assert norm == pytest.approx(found.norm.value, rel=0.03)
    assert rotation == pytest.approx(found.rotation.value, rel=0.03)
