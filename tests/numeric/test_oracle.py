"""The certified worst case against sequences that are really possible: never below them, and not far above."""

import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ratetheory as rt
from ratetheory.numeric.bound import bound_gd
from ratetheory.numeric.constants import one_block
from ratetheory.numeric.oracle import worst_case
from tests.numeric.worst_sequences import random_run, worst_b

POINTS = [(gap, b_0) for gap in ("0.1", "0.5", "2") for b_0 in ("0.001", "0.1", "1", "3")]
SMALL = 150


def solved(b_0, gap, gradient_bound=None, states=2, cells=SMALL, L=1):
    return worst_case(one_block(b_0, 1, L, gap, gradient_bound), states, cells)


@pytest.mark.parametrize(
    ("states", "gap", "b_0", "expected"),
    [(2, 0.1, 1e-3, 447), (1, 0.1, 1e-3, 714), (2, 0.1, 0.1, 3.84), (1, 0.1, 0.1, 6.35)],
)
def test_the_reference_gives_the_known_worst_cases(states, gap, b_0, expected):
    assert worst_b(b_0, gap, states=states) == pytest.approx(expected, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(("gap", "b_0"), POINTS)
def test_the_certificate_is_within_ten_percent_of_the_worst_case(gap, b_0):
    start = time.process_time()
    # where it is the least close; elsewhere half as many cells suffice
    checked = solved(b_0, gap, cells=1500 if b_0 == "0.001" else 700)
    assert time.process_time() - start < 10
    assert checked.status == "proved"
    worst, first = worst_b(float(b_0), float(gap)), float(b_0)
    ratio = (float(checked.b_infinity) ** 2 - first**2) / (worst**2 - first**2)
    assert 1 <= ratio < 1.1


@pytest.mark.parametrize("states", [1, 2])
@pytest.mark.parametrize(("gap", "b_0", "bound"), [("0.1", "0.1", None), ("2", "1", None), ("0.3", "0.02", "0.4")])
def test_a_coarse_certificate_is_above_the_worst_case_and_near(gap, b_0, bound, states):
    checked = solved(b_0, gap, bound, states)
    assert checked.status == "proved"
    worst = worst_b(float(b_0), float(gap), np.pi / 2 if bound is None else float(bound), states)
    assert 1 <= float(checked.b_infinity) / worst < 1.15


def test_two_states_are_better_than_one():
    one, two = (solved("0.001", "0.1", states=states) for states in (1, 2))
    assert two.b_infinity < Fraction(8, 10) * one.b_infinity
    assert two.total < one.total


@settings(max_examples=25, deadline=None)
@given(
    gap=st.sampled_from(["0.03", "0.3", "3"]),
    b_0=st.sampled_from(["0.004", "0.2", "0.7", "5"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_sequence_of_steps_passes_what_is_certified(gap, b_0, seed):
    checked = solved(b_0, gap)
    certificate = checked.certificate
    b, u, gradients = random_run(np.random.default_rng(seed), float(b_0), float(gap), 300)
    assert b[-1] <= float(checked.b_infinity) * (1 + 1e-12)
    assert np.sum(gradients**2) <= float(checked.total) * (1 + 1e-12)
    levels = np.array(certificate.levels)
    place = np.log(b / float(b_0)) / np.log1p(float(certificate.growth))
    assert (u <= np.interp(place, np.arange(len(levels)), levels) + 1e-9).all()


def descend(gradient, w, eta, steps=200):
    """b along plain gradient descent, and the sum of the squared gradients at normalised weights."""
    b, total = [w @ w / eta], 0.0
    for _ in range(steps):
        step = gradient(w)
        total += (w @ w) * (step @ step)
        w = w - eta * step
        b.append(w @ w / eta)
    return b, total


def rayleigh(rng):
    """(gradient at w, f_0 - inf f as a function of w, L) of v'Av/2."""
    d = int(rng.integers(2, 6))
    A = rng.normal(size=(d, d))
    A = A + A.T
    values = np.linalg.eigvalsh(A)

    def gradient(w):
        v = w / np.linalg.norm(w)
        return (A @ v - (v @ A @ v) * v) / np.linalg.norm(w)

    return gradient, lambda w: w @ A @ w / (w @ w) / 2 - values[0] / 2, values[-1] - values[0], d


def circle(rng):
    """The same of a trigonometric polynomial of the angle, nearly a triangle wave in its derivative."""
    k = np.arange(1, 8, 2)
    a, phase = rng.normal(size=4) / k**3, rng.uniform(0, 2 * np.pi, 4)

    def value(angle):
        return np.sum(a * np.cos(k * np.asarray(angle)[..., None] + phase), axis=-1)

    grid = np.linspace(0, 2 * np.pi, 20001)
    L = float(np.sum(np.abs(a) * k**2))
    low = float(value(grid).min()) - L * (grid[1] - grid[0]) ** 2 / 8

    def gradient(w):
        slope = -np.sum(a * k * np.sin(k * np.arctan2(w[1], w[0]) + phase))
        return slope * np.array([-w[1], w[0]]) / (w @ w)

    return gradient, lambda w: float(value(np.arctan2(w[1], w[0]))) - low, L, 2


@pytest.mark.parametrize("family", [rayleigh, circle])
def test_gradient_descent_stays_below(family):
    rng = np.random.default_rng(11)
    for _ in range(6):
        gradient, gap, L, d = family(rng)
        w = rng.normal(size=d)
        eta = (w @ w) / L * 10 ** rng.uniform(-1, 3)
        checked = solved(
            Fraction(w @ w / eta), Fraction(gap(w)) + Fraction(L) / 10**12, L=Fraction(L) * (1 + Fraction(1, 10**12))
        )
        b, total = descend(gradient, w, eta)
        assert b[-1] <= float(checked.b_infinity) * (1 + 1e-9)
        assert total <= float(checked.total) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("b_0", "gap", "bound", "L"),
    [
        ("1e-9", "0.1", None, 1),
        ("1e-20", "0.1", None, 1),
        ("1e20", "1", None, 1),
        ("1", "1e-9", None, 1),
        ("0.5", "1e-9", None, 1),
        ("0.49", "1e-9", None, 1),
        ("1", "1e9", None, 1),
        ("0.5", "1", "1e-6", 1),
        ("1e-20", "1e-20", "1e-20", 1),
        ("1e20", "1e20", "1e20", 1),
        ("1", "1", "1", "1000"),
        ("0.3", None, None, 1),
    ],
)
@pytest.mark.parametrize("states", [1, 2])
def test_extreme_constants_are_certified(b_0, gap, bound, L, states):
    checked = solved(b_0, gap, bound, states, cells=100, L=L)
    assert checked.status == "proved"
    assert checked.increment > 0


def test_everything_scales_like_the_loss():
    unit = solved("0.25", "0.5", "1.5", cells=80)
    for scale in (Fraction(8), Fraction(1, 64)):
        scaled = solved(scale / 4, scale / 2, 3 * scale / 2, cells=80, L=scale)
        assert scaled.certificate.levels == unit.certificate.levels
        assert scaled.b_infinity == scale * unit.b_infinity
        assert scaled.total == scale**2 * unit.total


def test_larger_constants_give_larger_bounds():
    ends = [solved("0.5", gap, "1.2").b_infinity for gap in ("0.1", "0.2", "0.4")]
    assert ends == sorted(ends)


def test_the_bound_of_the_oracle():
    one = {"squared_norm": 1, "learning_rate": 10, "smoothness": 1, "gap": "0.1", "steps": 10**6}
    oracle, sharper = bound_gd(**one, method="oracle"), bound_gd(**one)
    assert (oracle.claim, oracle.method, oracle.trust) == ("worst-case", "oracle", "certified")
    assert oracle.value < sharper.value / 10
    assert Fraction(oracle.enclosure[0]) <= Fraction(oracle.enclosure[1]) <= Fraction(oracle.value)
    assert oracle.b_infinity[0] < sharper.b_infinity[0]
    assert bound_gd(**one, method=["oracle", "simple"]).method == "oracle"
    assert bound_gd(**{**one, "steps": 1}, method="oracle").method == "trivial"
    assert bound_gd(**{**one, "gap": 0}, method="oracle").value == 0
    assert bound_gd(**{**one, "smoothness": 0}, method="oracle").value == 0
    assert rt.bound_gd(**{**one, "steps": None}, epsilon="1e-3", method="oracle").steps < sharper.total / 1e-6


def test_where_the_oracle_does_not_apply():
    with pytest.raises(ValueError, match="allowed: constants of one block without scale-variant parameters"):
        bound_gd(constants="examples/constants-two-blocks.toml", steps=10, method="oracle")
    one = {"squared_norm": 1, "learning_rate": [1.0, 2.0], "smoothness": 1, "gap": 1, "steps": 10}
    with pytest.raises(ValueError, match="method: 'oracle' is not allowed; allowed: single numbers"):
        bound_gd(**one, method="oracle")
    with pytest.raises(ValueError, match="between 1e-25 and 1e25"):
        solved("1e-26", "1")
    with pytest.raises(ValueError, match="nothing moves"):
        solved("1", "0")
