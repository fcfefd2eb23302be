"""The certificate of two norms against sequences of Fractions, written out here a second time."""

import time
from decimal import Decimal
from fractions import Fraction as F

import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from ratetheory.numeric import balls
from ratetheory.numeric.norm_certificate import (
    certify_window,
    constant_window,
    rounded_when_stored,
    scheduled_window,
)

SHARES = st.fractions(F(1, 50), F(49, 50), max_denominator=50)
SIZES = st.fractions(F(1, 10), F(10), max_denominator=20)


def exactly(number):
    with balls.working_precision(4000):
        return arb(fmpq(number.numerator, number.denominator))


def run(S_0, steps, noise=None):
    """S_T, the weights eta_hat^2, and their mean of |G|^2, for steps (eta, lam, |G|^2); ``noise``: factors of rounding."""
    S, R, weights, total = S_0, F(1), [], F(0)
    for t, (eta, lam, square) in enumerate(steps):
        rho = 1 - eta * lam
        weight = (eta / (R * R * rho)) ** 2
        S, R = rho**2 * S + eta**2 * square / S, R * rho
        S *= noise[t] if noise else 1
        weights.append(weight)
        total += weight * square
    return S, R, weights, total / sum(weights)


def window_of(steps):
    return scheduled_window([eta for eta, _, _ in steps], [lam for _, lam, _ in steps])


STEPS = st.lists(st.tuples(SIZES, SHARES, st.fractions(F(0), F(10), max_denominator=20)), min_size=1, max_size=4)


def scaled(steps):
    """The decay as a share of 1/eta."""
    return [(eta, share / eta, square) for eta, share, square in steps]


@settings(max_examples=80, deadline=None)
@given(SIZES, STEPS, st.booleans())
def test_the_enclosure_contains_the_mean_and_is_the_formula(S_0, steps, decayed):
    steps = scaled(steps) if decayed else [(eta, F(0), square) for eta, _, square in steps]
    S_T, R, weights, mean = run(S_0, steps)
    found = certify_window(exactly(S_0), exactly(S_T), window_of(steps), F(0))
    S_hat, total = S_T / R**2, sum(weights)
    low, high = S_0 * (S_hat - S_0) / total, (S_hat**2 - S_0**2) / (2 * total)
    if not mean:
        assert found.word in ("held", "not resolvable")  # nothing moved: enclosures of R leave the sign open
        assert abs(F(found.high)) < F(1, 10**40) * (S_0**2 / total + 1)
        return
    assert found.word == "held"
    assert F(found.low) <= low <= mean <= high <= F(found.high)
    assert low - F(found.low) <= low * F(1, 10**18)
    assert F(found.high) - high <= high * F(1, 10**18)
    assert min(square for _, _, square in steps) <= F(found.high)


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, SHARES | st.just(F(0)), st.integers(1, 6), st.fractions(F(1, 10), F(10), max_denominator=20))
def test_a_constant_rate_and_decay_have_the_exact_ends(S_0, eta, share, count, square):
    S_T, R, weights, mean = run(S_0, [(eta, share / eta, square)] * count)
    unit = F(1, 2**24)
    window = constant_window(eta, share / eta, count)
    found, S_hat, total = certify_window(exactly(S_0), exactly(S_T), window, unit), S_T / R**2, sum(weights)
    q, p = (1 - window.wear * unit) ** (2 * count), (1 + window.wear * unit) ** (2 * count)
    low, high = q / p * S_0 * (S_hat / p - S_0) / total, ((S_hat / q) ** 2 - S_0**2) / (2 * total)
    assert F(found.low) <= max(low, F(0)) <= mean <= high <= F(found.high)
    assert F(found.high) - high <= high * F(1, 10**18)
    assert max(low, F(0)) - F(found.low) <= S_0 * S_hat / total * F(1, 10**18)


@pytest.mark.parametrize("decay", ["0", "5e-4", "9.999"])
def test_any_number_of_steps_is_enclosed_at_once(decay):
    """Of ends with millions of digits none is written out; above stands the limit of the geometric sum."""
    start = time.perf_counter()
    rate, lam = F(1, 10), F(decay)
    for steps in (10**9, 10**15, 10**18):
        found = certify_window(exactly(F(2)), exactly(F(3)), constant_window(rate, lam, steps), F(1, 2**24))
        assert found.high is not None
        assert found.word in ("held", "not resolvable")
        assert found.low <= found.high
        exact = certify_window(exactly(F(2)), exactly(F(3)), constant_window(rate, lam, steps), F(0))
        assert found.low <= exact.low <= exact.high <= found.high
        if lam:
            # (S_T/R^2)^2/2 over the sum of eta^2/(R^4 rho^2): S_T^2 (1 - rho^4)/(2 eta^2 rho^2)
            rho = 1 - rate * lam
            assert float(exact.high) == pytest.approx(float(9 * (1 - rho**4) / (2 * rate**2 * rho**2)), rel=1e-12)
    assert time.perf_counter() - start < 5


@settings(max_examples=60, deadline=None)
@given(SIZES, STEPS, st.lists(st.fractions(F(-1), F(1), max_denominator=8), min_size=4, max_size=4), st.booleans())
def test_with_any_rounding_of_the_stored_weights_the_mean_is_inside(S_0, steps, shares, decayed):
    unit = F(1, 2**11)
    steps = scaled(steps) if decayed else [(eta, F(0), square) for eta, _, square in steps]
    moved = unit * window_of(steps).wear
    S_T, _, _, mean = run(S_0, steps, [(1 + moved * share) ** 2 for share in shares])
    found = certify_window(exactly(S_0), exactly(S_T), window_of(steps), unit)
    assert found.word != "violated"
    assert F(found.low) <= mean <= F(found.high)


@pytest.mark.parametrize("direction", [1, -1])
def test_rounding_alone_is_never_taken_for_gradients_nor_for_a_violation(direction):
    unit = F(1, 2**11)
    steps = [(F(1, 10), F(0), F(0))] * 20
    S_T, *_ = run(F(3), steps, [(1 + direction * unit) ** 2] * 20)
    found = certify_window(exactly(F(3)), exactly(S_T), window_of(steps), unit)
    assert (found.word, found.low) == ("not resolvable", Decimal(0))
    # one more such step than were taken is beyond rounding
    beyond = certify_window(exactly(F(3)), exactly(S_T * (1 + direction * unit) ** 4), window_of(steps), unit)
    assert beyond.word == ("held" if direction > 0 else "violated")
    assert (beyond.low is None) == (beyond.high is None) == (direction < 0)


def test_the_width_is_the_growth():
    """Without rounding the ends differ by the factor (S_T + S_0)/(2 S_0): 10% growth, 5%."""
    found = certify_window(exactly(F(2)), exactly(F(22, 10)), constant_window(F(1, 10), F(0), 7), F(0))
    assert F(found.high) / F(found.low) == pytest.approx(1.05, abs=1e-12)
    assert F(found.high) == pytest.approx((2.2**2 - 2**2) / (2 * 0.01 * 7))


@pytest.mark.parametrize(("rate", "decay"), [("0.1", "0"), ("0.1", "5e-4"), ("2", "0.3"), ("1e-9", "1e-9")])
def test_a_constant_schedule_is_the_constant_rate(rate, decay):
    one, other = constant_window(F(rate), F(decay), 50), scheduled_window([F(rate)] * 50, [F(decay)] * 50)
    with balls.working_precision(150):
        for a, b in [(one.weight, other.weight), (one.weight_squares, other.weight_squares), (one.scale, other.scale)]:
            assert a.overlaps(b)
            assert balls.is_narrow(a, 60)
    assert one.wear == other.wear


def test_decay_sees_about_the_last_steps():
    window = constant_window(F(1, 10), F(1, 100), 100_000)
    assert float(window.effective_steps.mid()) == pytest.approx(1 / (2 * 1e-3), rel=0.01)
    assert float(constant_window(F(1, 10), F(0), 100_000).effective_steps.mid()) == pytest.approx(1e5)


def test_beyond_the_range_of_floats_the_ends_are_decimals():
    window = constant_window(F(1, 10), F(5), 100_000)
    found = certify_window(exactly(F(2)), exactly(F(2)), window, F(1, 2**53))
    assert found.word == "held"
    # in equilibrium: S^2 = eta Q/(lam (2 - eta lam))
    assert float(found.low) < 4 * 5 * 1.5 / 0.1 < float(found.high)
    assert certify_window(exactly(F(2)), exactly(F(2, 10**500)), constant_window(F(1, 10), F(0), 3), F(0)).word == "violated"
    huge = certify_window(exactly(F(10) ** 400), exactly(F(10) ** 401), constant_window(F(1, 10), F(0), 3), F(0))
    assert huge.high > Decimal("1e800")


def test_steps_of_rate_zero_weigh_nothing():
    window = scheduled_window([F(0), F(1, 10), F(0)], [F(1, 2)] * 3)
    assert bool((window.effective_steps - 1).abs_upper() < 1e-40)
    with pytest.raises(ValueError, match="rate above 0 at one step at least"):
        scheduled_window([F(0)] * 3, [F(0)] * 3)


def test_a_decay_that_turns_the_weights_is_refused_with_its_step():
    with pytest.raises(ValueError, match=r"learning_rate times weight_decay at step 11: '1' is not allowed"):
        scheduled_window([F(1), F(2)], [F(1, 2)] * 2, first=10)
    with pytest.raises(ValueError, match=r"learning_rate times weight_decay: '1.5'"):
        constant_window(F(3), F(1, 2), 4)


def test_weights_that_were_rounded_once_are_enclosed():
    S = rounded_when_stored(exactly(F(4)), F(1, 256))
    assert bool(S.contains(exactly(F(4) / F(255, 256) ** 2)))
    assert bool(S.contains(exactly(F(4) / F(257, 256) ** 2)))


def test_where_a_step_may_round_everything_there_is_no_upper_end():
    steep = constant_window(F(999, 1000), F(1), 3)
    found = certify_window(exactly(F(2)), exactly(F(3)), steep, F(1, 2**8))
    assert (found.word, found.high) == ("not resolvable", None)
