"""Runs of SGD on minibatch problems against its claims, and that these checks fail where a hypothesis does."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.minibatch_problems import Digits, Linear, Rayleigh
from benchmarks.minibatch_sgd import RISK, exponent, findings, held, rounding_allowance, simulate, tangent
from ratetheory.claims.sgd import SGD_RATE
from ratetheory.numeric import floats
from ratetheory.numeric.sgd import bound_sgd
from ratetheory.numeric.sgd_log import sgd_observed

RUNS = 200


@pytest.fixture(scope="module")
def digits():
    return Digits()


def problem_named(name, request):
    return request.getfixturevalue(name) if name == "digits" else {"linear": Linear, "rayleigh": Rayleigh}[name](rng(7))


def rng(seed=3):
    return np.random.default_rng(seed)


def points(dimension, count=5):
    v = rng().normal(size=(count, dimension))
    return v / np.linalg.norm(v, axis=1, keepdims=True)


@pytest.mark.parametrize("name", ["linear", "rayleigh", "digits"])
def test_gradients_of_the_problems(name, request):
    problem = problem_named(name, request)
    v, h = points(problem.dimension), 1e-5
    e = tangent(rng(4).normal(size=v.shape), v)
    gradients = problem.gradients(v)
    slope = (problem.value(v + h * e) - problem.value(v - h * e)) / (2 * h)
    np.testing.assert_allclose(np.sum(gradients.mean(axis=0) * e, axis=1), slope, rtol=1e-6, atol=1e-7)
    squares = [np.sum(tangent(g, v) ** 2, axis=1).max() for g in gradients]
    assert max(squares) <= problem.Gs**2
    # what the allowance for rounding relies on
    assert np.linalg.norm(gradients, axis=2).max() <= 3 * problem.Gs
    assert np.all(problem.value(v) >= problem.low)


def test_every_minibatch_of_the_digits_is_scale_invariant(digits):
    v = points(digits.dimension)
    gradients = digits.gradients(v)
    np.testing.assert_allclose(np.sum(gradients * v, axis=2), 0, atol=1e-14)
    np.testing.assert_allclose(digits.gradients(3 * v), gradients / 3, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("alpha", [0.0, 0.25, 0.5])
@pytest.mark.parametrize("eta", [1e-4, 1e-2, 1.0, 1e2, 1e4])
@pytest.mark.parametrize("name", ["linear", "rayleigh"])
def test_runs_agree_with_the_claims(name, eta, alpha, request):
    found = findings(simulate(problem_named(name, request), eta, alpha, RUNS, 300, rng()))
    assert held(found, RUNS)
    assert found.norm > 0


@pytest.mark.parametrize(("eta", "alpha"), [(1e-4, 0.0), (1e-2, 0.25), (1.0, 0.5), (1e4, 0.0)])
def test_digits_agree_with_the_claims(digits, eta, alpha):
    assert held(findings(simulate(digits, eta, alpha, 50, 60, rng())), 50)


def test_the_log_fails_no_more_often_than_its_risk():
    found = findings(simulate(Linear(rng(7)), 1.0, 0.0, 10_000, 40, rng()))
    assert found.violated <= RISK * 10_000
    assert found.crossed == 0


def test_the_horizons_of_the_claim_are_those_of_the_certified_bounds():
    problem = Linear(rng(7))
    s = simulate(problem, 0.01, 0.25, 3, 400, rng())
    constants = {"smoothness": problem.L, "noise_bound": problem.Gs, "gradient_bound": problem.Gbar, "gap": s.gap}
    found = bound_sgd(squared_norm=s.S_first, learning_rate=0.01, alpha="1/4", steps=400, **constants)
    assert found.method == "rate"
    rate = SGD_RATE.conclusion("single-block").right(floats, s)
    assert rate[..., -1, :].item() == pytest.approx(found.value, rel=1e-12)
    norms = [s.S_first, *s.S_last[0, 0, :, 0]]
    observed = sgd_observed(norms, list(s.eta[:, 0]), delta=RISK, **constants)
    assert np.sum(s.eta[:, 0] / s.S[0, 0, :, 0] * s.G_mean[0, 0, :, 0] ** 2) <= observed.sum


def test_a_loss_kept_for_the_whole_run_is_found():
    runs = simulate(Linear(rng(7)), 1.0, 0.0, RUNS, 3000, rng(), kept=True)
    found = findings(runs)
    assert found.sum_surely > 1
    assert found.violated > RISK * RUNS
    assert found.mean > 1
    assert found.crossed == 0


@pytest.mark.parametrize("eta", [1.0, 1e4])
def test_understated_noise_is_found(eta):
    s = simulate(Linear(rng(7)), eta, 0.0, RUNS, 300, rng())
    assert findings(s).crossed == 0
    s.Gs /= 2
    assert findings(s).crossed > RUNS / 2


def test_a_bound_too_small_is_found():
    s = simulate(Linear(rng(7)), 1.0, 0.0, RUNS, 300, rng())
    s.Lam, s.Gbar = s.Lam / 4, s.Gbar / 4
    assert findings(s).sum_surely > 1


def test_what_the_checks_count():
    found = findings(simulate(Linear(rng(7)), 1.0, 0.0, 20, 30, rng()))
    assert held(found, 20)
    for wrong in (
        {"mean": 1.01},
        {"mean": float("nan")},
        {"sum_surely": 1.01},
        {"sum_surely": float("nan")},
        {"crossed": 1},
        {"violated": 3},
    ):
        assert not held(replace(found, **wrong), 20)


def test_the_allowance_is_far_below_what_it_guards():
    assert rounding_allowance(64, 1000).max() < 1e-9


def test_the_exponent_of_a_known_decay():
    steps = 1000
    s = simulate(Linear(rng(7)), 1.0, 0.0, 16, steps, rng())
    # with equal weights the mean up to T of 1/(2 sqrt t) is 1/sqrt T to first order
    s.S = np.ones_like(s.S)
    t = np.arange(1.0, steps + 1)[:, None]
    s.G_mean = np.broadcast_to(np.sqrt(np.sqrt(t) - np.sqrt(t - 1)), s.S.shape)
    assert exponent(s) == pytest.approx((-0.5, -0.5, -0.5), abs=1e-9)
