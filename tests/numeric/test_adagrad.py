"""The bound of AdaGrad-Norm against an independent transcription, in both directions, over thirty decades."""

import math
import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import ratetheory as rt
from ratetheory.claims import adagrad_norm
from ratetheory.numeric import floats

mpf = mpmath.mpf


def bound(L, D, eta, B_0, **horizon):
    return rt.bound_adagrad_norm(smoothness=L, gap=D, learning_rate=eta, initial_accumulator=B_0, **(horizon or {"steps": 1}))


def forms(L, D, eta, B_0):
    """One phase and small steps by Lambert's function, two phases: C of each, and C of Theorem 2.2."""
    L, D, eta, B_0 = (mpf(x.numerator) / x.denominator for x in map(Fraction, (L, D, eta, B_0)))
    unit = eta * L
    # eta B - L eta^2 ln B = eta B_0 - L eta^2 ln B_0 + D, so -B/unit exp(-B/unit) is known
    argument = -(B_0 / unit) * mpmath.exp(-B_0 / unit - D / (L * eta**2))
    top = -unit * mpmath.lambertw(argument, -1).real
    level = max(B_0, unit)
    S = (D + L * eta**2 * mpmath.log(level / B_0)) / (eta * (1 - unit / (2 * level)))
    last = S / 2 + mpmath.sqrt(S**2 / 4 + level**2)
    G = mpmath.sqrt(2 * (L * D + unit**2 * mpmath.log(max(B_0, unit / 2) / B_0)))
    y = max(G, (top + B_0) / 2)
    slope, line = 2 - (G / y) ** 2, lambda B: (2 - (G / y) ** 2) * B - 2 * G + 2 * G**2 / y
    spare = B_0 + max(B_0 - G, 0) ** 2 / B_0 - line(B_0)
    unit_there = unit / slope
    argument = -(B_0 / unit_there) * mpmath.exp(-B_0 / unit_there - D / (L * eta**2) - spare / unit)
    late = -unit_there * mpmath.lambertw(argument, -1).real
    K = 1 + 2 * mpmath.log(unit / B_0)
    small = 2 * L * D + (2 * D / eta + unit * K) ** 2 + unit**2 * (1 + K) - B_0**2
    forms = [end**2 - B_0**2 for end in (top, last, late)]
    return forms, small if unit > B_0 else 4 * D**2 / eta**2 + 2 * B_0 * D / eta


def small_steps(m, *given):
    G = adagrad_norm.gradient_bound(m, *given)
    return adagrad_norm.small_steps(m, *given, G, adagrad_norm.tangent_point(m, *given, G))


def constants(seed, count, spread):
    rng = random.Random(seed)
    for k in range(count):
        L, D, eta, B_0 = (Fraction(10 ** rng.uniform(-spread, spread)) for _ in range(4))
        yield L, D, eta, (eta * L if k % 10 == 0 else B_0)


def test_the_enclosure_holds_the_value_of_an_independent_transcription():
    with mpmath.workdps(400):
        for L, D, eta, B_0 in constants(1, 60, 4):
            sums, printed = forms(L, D, eta, B_0)
            result = bound(L, D, eta, B_0, steps=10**6)
            value = min(*(C / 10**6 for C in sums), 2 * mpf(L.numerator) / L.denominator * D.numerator / D.denominator)
            low, high = (mpf(end) for end in result.enclosure)
            assert low * (1 - mpf(10) ** -25) <= value <= high * (1 + mpf(10) ** -25)
            assert float(printed / 10**6) == pytest.approx(float(result.theorem_2_2), rel=1e-14)
            assert result.accumulator == pytest.approx(float(mpmath.sqrt(min(sums) + mpf(float(B_0)) ** 2)), rel=1e-9)


def test_thirty_decades_narrow_outward_and_never_above_the_theorem():
    for L, D, eta, B_0 in constants(2, 400, 15):
        result = bound(L, D, eta, B_0, steps=1000)
        low, high = (Fraction(end) for end in result.enclosure)
        assert high - low <= high / 10**12
        assert Fraction(str(result.value)) >= high
        assert Fraction(str(result.total)) / 1000 <= Fraction(str(result.theorem_2_2)) * (1 + Fraction(1, 10**14))
        assert result.trust == "certified"


def test_floats_agree_with_the_enclosure():
    for L, D, eta, B_0 in constants(3, 300, 6):
        numbers = [np.array(float(x)) for x in (L, D, eta, B_0)]
        one, small = (float(form(floats, *numbers)) for form in (adagrad_norm.one_phase, small_steps))
        # next to B_0 = eta L the logarithm of the level is as ill-conditioned as the rounding of eta L
        ill = abs(math.log(float(B_0) / float(eta * L))) < 1e-3
        two = math.inf if ill else float(adagrad_norm.two_phase(floats, *numbers))
        total = float(bound(L, D, eta, B_0).total)
        assert total <= min(one, two, small) * (1 + 1e-9)
        assert ill or total >= min(one, two, small) * (1 - 1e-9)


def test_both_directions_agree():
    for L, D, eta, B_0 in constants(4, 30, 2):
        result = bound(L, D, eta, B_0, epsilon="1e-3")
        assert result.gradient_norm <= 1e-3 * (1 + 1e-15)
        if result.steps > 1:
            sooner = bound(L, D, eta, B_0, steps=result.steps - 1)
            assert Fraction(sooner.enclosure[1]) > Fraction("1e-6")


def test_edges():
    assert bound(1, 0, 1, 1).value == 0
    assert bound(1, 0, 1, "3/10").accumulator == pytest.approx(0.3, rel=1e-15)
    assert bound(1, "1/2", "1/10", "1/10", steps=1).method == "trivial"
    assert bound(1, "1/2", "1e-300", 1, steps=1000).total.endswith("E+598")
    # as B_0 grows the bound is that of GD with the step eta/B_0 (to first order)
    large = bound(1, "1/2", 1, 10**6, steps=10**9)
    assert large.method in ("two-phase", "small-steps")
    assert large.total == pytest.approx(10**6 / 2, rel=1e-5)
    assert Fraction(str(bound(1, "1/2", 1, 1, epsilon="1e-200").steps)) > 10**399


def test_a_run_on_a_parabola_stays_below():
    rng = random.Random(5)
    for _ in range(200):
        L, eta, B_0, x = (10 ** rng.uniform(-2, 2) for _ in range(4))
        result = bound(L, L * x * x / 2 * (1 + 1e-12), eta, B_0, steps=30)
        B, total, least = B_0, 0.0, math.inf
        for _ in range(30):
            g = L * x
            B, total, least = math.hypot(B, g), total + g * g, min(least, g * g)
            x -= eta / B * g
        assert total <= float(result.total) * (1 + 1e-9)
        assert least <= float(result.value) * (1 + 1e-9)
        assert float(result.accumulator) * (1 + 1e-9) >= B


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("smoothness", 0, "smoothness: 0 is not allowed; allowed: a finite number above 0"),
        ("gap", "-1", "gap: '-1' is not allowed; allowed: a finite number, 0 or above"),
        ("learning_rate", "x", "learning_rate: 'x' is not a number"),
        ("initial_accumulator", None, "initial_accumulator: None is not a number"),
        ("steps", 0, "steps: 0 is not allowed; allowed: a whole number, at least 1"),
        ("epsilon", 1, "steps: 10 is not allowed; allowed: either steps or epsilon"),
        ("steps", None, "steps: None is not allowed; allowed: either steps or epsilon"),
    ],
)
def test_bad_input_names_the_argument(name, value, message):
    given = {"smoothness": 1, "gap": 1, "learning_rate": 1, "initial_accumulator": 1, "steps": 10, name: value}
    with pytest.raises(ValueError, match="allowed") as failure:
        rt.bound_adagrad_norm(**given)
    assert message in str(failure.value)
