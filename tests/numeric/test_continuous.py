"""The continuous form against its definition written out afresh: the integral of the slope that rises with b."""

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb

import ratetheory as rt
from ratetheory.claims import gd_rate
from ratetheory.numeric import balls, exact, floats, lower_sum, rounding


def rising(s, b_0, L, G):
    """The slope c(s): the infimum of e over (0, G/v] where v + G^2/v = s, over (0, G/b_0] up to Y."""
    x = np.geomspace(1e-6, G / b_0, 400_000)
    e = (np.arctan(x) + L / (2 * G) * (np.log1p(x**2) - np.arctan(x) ** 2)) / x
    lowest = np.minimum.accumulate(e)
    with np.errstate(invalid="ignore"):
        v = np.where(s <= b_0 + G**2 / b_0, b_0, (s + np.sqrt(np.maximum(s**2 - 4 * G**2, 0))) / 2)
    return np.interp(G / v, x, lowest)


def envelope(b_0, L, gap, G):
    """Where psi(B) = psi(b_0) + gap, psi the integral of the slope less (L/2) ln b."""
    Y = b_0 + G**2 / b_0
    s = np.concatenate([np.linspace(b_0, Y, 20_000), np.linspace(Y * (1 + 1e-12), 2 * Y + 4 * (gap + L), 200_000)])
    c = rising(s, b_0, L, G)
    integral = np.concatenate([[0.0], np.cumsum((c[1:] + c[:-1]) / 2 * np.diff(s))])
    spent = integral - L / 2 * np.log(s / b_0)
    return s[np.flatnonzero(spent <= gap)[-1]]


@pytest.mark.parametrize(
    ("b_0", "L", "gap", "G"),
    [
        (0.1, 1.0, 2.0, 1.5),
        (1.0, 1.0, 2.0, 1.5),
        (3.0, 1.0, 0.5, 1.0),
        (0.7, 1.0, 0.4, 0.7),
        (0.3, 2.0, 1.0, 0.4),
        (1.0, 1.0, 0.1, 1.5),
    ],
)
def test_the_envelope_is_above_its_definition_and_within_one_percent(b_0, L, gap, G):
    bound = rt.bound_gd(
        squared_norm=b_0, learning_rate=1, smoothness=L, gap=gap, gradient_bound=G, steps=1, method="continuous"
    )
    exact_end = envelope(b_0, L, gap, G)
    assert bound.b_infinity[0] >= exact_end * (1 - 1e-4)
    assert bound.b_infinity[0] - b_0 <= 1.01 * (exact_end - b_0)


def test_every_step_is_paid():
    # psi(b + G^2/b) - psi(b) <= theta G - L theta^2/2, with the integral of the definition on a fine grid
    rng = np.random.default_rng(6)
    for _ in range(200):
        b_0, Gbar = 10 ** rng.uniform(-2, 1), 10 ** rng.uniform(-2, 0.2)
        b = b_0 * 10 ** rng.choice([0.0, rng.uniform(0, 2)])
        G = Gbar * rng.choice([1.0, rng.uniform()])
        s = np.linspace(b, b + G**2 / b, 400)
        start = np.where(s <= b_0 + Gbar**2 / b_0, b_0, floats.after_step(s, Gbar))
        integral = np.trapezoid(floats.infimum_on_boundary(Gbar / start, 1 / (2 * Gbar)), s)
        theta = math.atan(G / b)
        assert integral - math.log1p((G / b) ** 2) / 2 <= theta * G - theta**2 / 2 + 1e-9 * (G + 1)


def random_constants(count, seed):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        b_0, Gbar, v = 10 ** rng.uniform(-3, 3), 10 ** rng.uniform(-2, 0.2), 10 ** rng.uniform(0, 4)
        yield float(b_0), float(Gbar), float(max(b_0, Gbar**2 / b_0) * v)


def test_the_lower_sum_is_a_lower_sum_and_the_same_everywhere():
    for b_0, Gbar, v in random_constants(60, 1):
        r = 1 / (2 * Gbar)
        found = float(floats.slope_integral(*map(np.array, (b_0, v, Gbar, r))))
        with balls.working_precision():
            enclosed = balls.slope_integral(*map(balls.number, (b_0, v, Gbar)), 1 / (2 * balls.number(Gbar)))
        # where e falls and rises again the balls take the tangent at its minimum, a little below
        assert 0.999 * found <= float(enclosed) <= found * (1 + 1e-11) + 1e-13
        start = max(b_0, Gbar**2 / b_0)
        w = np.geomspace(start, v, 4000)
        s = w + Gbar**2 / w
        integral = np.trapezoid(floats.infimum_on_boundary(Gbar / w, r), s)
        assert found <= integral * (1 + 1e-6) + 1e-9
        assert found >= 0.9 * integral - 1e-9
        covered = rounding.slope_integral(b_0, v, Gbar, r)
        assert covered.value - covered.error <= found <= covered.value + covered.error
        assert covered.error <= 1e-9 * (1 + covered.value)


def test_no_slope_of_the_sum_exceeds_the_one_at_the_threshold(monkeypatch):
    b_0, Gbar, v = balls.number(Fraction(1, 50)), balls.number(Fraction(1, 20)), balls.number(Fraction(3, 20))
    tangent, seen = balls._tangent_slope, []

    def poor_at_the_threshold(x, r):
        return tangent(x, r) - arb("0.01") if x < 0.334 else tangent(x, r)

    def watched(m, start, end, bound, infima):
        def slopes(x):
            seen.extend(found := infima(x))
            return found

        return lower_sum.lower_sum(m, start, end, bound, slopes)

    with balls.working_precision():
        r = 1 / (2 * Gbar)
        fair = balls.slope_integral(b_0, v, Gbar, r)
        monkeypatch.setattr(balls, "_tangent_slope", poor_at_the_threshold)
        monkeypatch.setattr(balls, "lower_sum", watched)
        last = balls.infimum_on_boundary(Gbar / v, r)
        assert balls.slope_integral(b_0, v, Gbar, r) < fair
        assert seen
        assert all(slope <= last for slope in seen)


def test_an_infimum_that_falls_up_to_its_end_is_its_value_there():
    with balls.working_precision():
        for r, end in ((3, "0.4"), (10, "0.12"), (100, "0.0132")):
            below = balls.infimum_on_boundary(arb(end), arb(r))
            value = gd_rate.slope_on_boundary(balls, arb(end), arb(r))
            assert below == value.lower()
            further = balls.infimum_on_boundary(10 * arb(end), arb(r))
            assert further < value


def test_arrays_know_the_continuous_form_and_leave_it_out_of_the_best():
    b_0, gap = np.geomspace(1e-3, 10, 25), np.geomspace(1e-2, 2, 25)[::-1]
    given = {"learning_rate": 1, "smoothness": 1, "gradient_bound": 1.2, "steps": 10**6}
    several = rt.bound_gd(squared_norm=b_0, gap=gap, method="continuous", **given)
    best = rt.bound_gd(squared_norm=b_0, gap=gap, **given)
    for i in range(b_0.size):
        one = rt.bound_gd(squared_norm=b_0[i], gap=gap[i], method="continuous", **given)
        assert several.total[i] == pytest.approx(one.total, rel=1e-11, abs=0)
        assert rt.bound_gd(squared_norm=b_0[i], gap=gap[i], **given).total <= best.total[i] * (1 + 1e-12)
    assert not np.isin(best.method, ["continuous"]).any()


@pytest.mark.parametrize("b_0", ["1e-300", "1e-30", "1e-6", "1e6", "1e30", "1e300"])
@pytest.mark.parametrize("G", ["1e-40", "1e-3", "1.5"])
def test_the_continuous_form_at_the_extremes(b_0, G):
    bound = rt.bound_gd(
        squared_norm=b_0, learning_rate=1, smoothness=1, gap="1/2", gradient_bound=G, steps=10**400, method="continuous"
    )
    low, high = (exact.read_exactly(end, "end") for end in bound.enclosure)
    assert 0 < low <= high <= low * (1 + exact.read_exactly("1e-12", "width"))
    sharper = rt.bound_gd(
        squared_norm=b_0, learning_rate=1, smoothness=1, gap="1/2", gradient_bound=G, steps=10**400, method="sharper"
    )
    assert exact.read_exactly(bound.enclosure[0], "low") <= exact.read_exactly(sharper.enclosure[1], "high")


def test_several_blocks_have_no_continuous_form():
    with pytest.raises(ValueError, match="continuous need one block"):
        rt.bound_gd(constants="examples/constants-two-blocks.toml", steps=10, method="continuous")
