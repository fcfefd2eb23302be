"""Sums of the least rate, and the bound for several blocks, against plain transcriptions in mpmath."""

from fractions import Fraction
from functools import cache

import mpmath
import numpy as np
import pytest
from flint import ctx

from ratetheory.numeric.least_rate import BlockRates, Growth, LeastRates
from ratetheory.numeric.schedule_sums import Powers
from ratetheory.numeric.sgd import bound_sgd
from ratetheory.numeric.weight_ratio import ScaleVariant, WeightRatio

mpf = mpmath.mpf


def exact(number):
    number = Fraction(number)
    return mpf(number.numerator) / number.denominator


def envelope(S_0, eta, Gs, E):
    q = eta**2 * Gs**2 / S_0
    return q / 2 + mpmath.sqrt((S_0 - q / 2) ** 2 + 2 * Gs**2 * E)


def plain_sum(pairs, scale_variant, alpha, steps, alpha_g=None):
    total, H = mpf(0), mpf(0)
    exponent, exponent_g = (-exact(alpha if given is None else given) for given in (alpha, alpha_g))
    blocks = [(exact(b), exact(Gs)) for b, Gs in pairs]
    if scale_variant is not None:
        eta_g, Lam_g = map(exact, scale_variant)
    for x in range(1, steps + 1):
        rate = mpf(x) ** exponent
        weights = [rate / envelope(b, 1, Gs, H) for b, Gs in blocks]
        if scale_variant is not None:
            own = eta_g * mpf(x) ** exponent_g
            weights.append(own * (1 - Lam_g * own / 2))
        total += min(weights)
        H += rate**2
    return total


def sums(pairs, scale_variant, alpha, alpha_g=None):
    """The code under test, at the precision of ``bound_sgd``."""
    own = None if scale_variant is None else ScaleVariant(*map(Fraction, scale_variant), alpha if alpha_g is None else alpha_g)
    return LeastRates(BlockRates([Growth(Fraction(b), Fraction(Gs)) for b, Gs in pairs], alpha), own)


def close(ball, value, relative=1e-18):
    middle, radius = mpf(ball.mid().str(30, radius=False)), mpf(ball.rad().str(5, radius=False))
    return abs(middle - value) <= mpf("1.0001") * radius + value * mpf(10) ** -26 and radius < relative * value


CASES = [
    ([(1, 1)], None),
    ([(1, 1), (1, 1)], None),
    ([(1, 10), (1000, 1)], None),  # the smaller grows past the larger
    ([("1/100", 10), (1, 9)], None),
    ([(30, 1), (20, 2), (10, 3), (1, 5)], None),
    ([(1, 1), ("1.00000001", "0.99999999")], None),
    ([(1, 1), (Fraction(1) + Fraction(1, 10**40), 1)], None),  # beyond the working precision
    ([(1, 1)], ("0.1", 1)),  # the weight of g is the least first, the block later
    ([(10, 2), (20, 1)], (1, "1.99")),
    ([(1, 1)], ("0.001", 0)),
    ([(5, 1), (7, "0.9")], (100, "0.0199")),
]


@pytest.mark.parametrize("alpha", [Fraction(0), Fraction(1, 3), Fraction(1, 2)])
@pytest.mark.parametrize(("pairs", "scale_variant"), CASES)
def test_sums_of_the_least_rate(pairs, scale_variant, alpha):
    for steps in (1, 2, 40, 700):
        with mpmath.workdps(40):
            with ctx.workprec(128):
                found = sums(pairs, scale_variant, alpha).up_to(steps)
            assert close(found, plain_sum(pairs, scale_variant, alpha, steps), 1e-16)


def test_random_blocks():
    rng = np.random.default_rng(5)
    for _ in range(40):
        pairs = [tuple(Fraction(float(10.0 ** rng.uniform(-2, 2))) for _ in "bG") for _ in range(rng.integers(2, 5))]
        eta_g = Fraction(float(10.0 ** rng.uniform(-4, 1)))
        variant = (eta_g, Fraction(float(rng.uniform(0, 1.9))) / eta_g) if rng.random() < 0.5 else None
        alpha = Fraction(int(rng.integers(0, 6)), 10)
        with mpmath.workdps(40):
            with ctx.workprec(128):
                found = sums(pairs, variant, alpha).up_to(150)
            assert close(found, plain_sum(pairs, variant, alpha, 150), 1e-16)


@cache
def largest_ratio(tau, Lam, Gbar):
    """The largest ratio up to ``tau``, of 3000 places."""
    places = [tau * k / 3000 for k in range(1, 3001)]
    angles = [mpmath.atan(place) for place in places]
    return max(
        2 * (Lam * angle**2 / 2 + Gbar * (place - angle)) / mpmath.log1p(place**2)
        for place, angle in zip(places, angles, strict=True)
    )


FILE = """
gap = {gap}
alpha = "{alpha}"
[[block]]
name = "a"
squared_norm = 2
learning_rate = 0.5
smoothness = 1
decoupled_smoothness = 3
noise_bound = 2
[[block]]
name = "b"
squared_norm = 1
learning_rate = 0.25
smoothness = 2
decoupled_smoothness = 2
noise_bound = 5
gradient_bound = 1
[scale_variant]
learning_rate = 0.1
smoothness = 1
decoupled_smoothness = 4
noise_variance = {noise}
"""


def written(tmp_path, alpha, alpha_g=None, gap=1, noise=2):
    path = tmp_path / "constants.toml"
    own = "" if alpha_g is None else f'alpha = "{alpha_g}"'
    path.write_text(FILE.format(alpha=alpha, gap=gap, noise=noise) + own)
    return path


def plain_bounds(steps, alpha, alpha_g, gap=1, noise=2):
    """The right side of the theorem at every horizon up to ``steps``, in floats, for the constants above."""
    # the full gradient of the first block is bounded by its smoothness: pi/2 is below its noise bound
    blocks = [(2, 0.5, 3, 2, np.pi / 2), (1, 0.25, 2, 5, 1)]
    x = np.arange(1.0, steps + 1)
    squares = np.cumsum(x ** (-2 * alpha))
    before = squares - x ** (-2 * alpha)
    own = 0.1 * x**-alpha_g
    weights, above = own * (1 - 4 * own / 2), gap + np.cumsum(4 / 2 * noise * own**2)
    for S_0, eta, Lam, Gs, Gbar in blocks:
        A = float(largest_ratio(mpf(eta) * Gs / S_0, Lam, Gbar))
        q = eta**2 * Gs**2 / S_0
        norms, last = (q / 2 + np.sqrt((S_0 - q / 2) ** 2 + 2 * Gs**2 * eta**2 * E) for E in (before, squares))
        weights = np.minimum(weights, eta * x**-alpha / norms)
        above = above + A / 2 * np.log(last / S_0)
    return above / np.cumsum(weights)


@pytest.mark.parametrize(("alpha", "alpha_g"), [("0", None), ("0.5", None), ("0", "0.5"), ("0.25", "0.5"), ("0.5", "0.25")])
@pytest.mark.parametrize("steps", [1, 10_000])
def test_the_bound_of_several_blocks_is_the_formula_at_its_best_horizon(tmp_path, alpha, alpha_g, steps):
    found = bound_sgd(constants=written(tmp_path, alpha, alpha_g), steps=steps)
    values = plain_bounds(steps, float(alpha), float(alpha if alpha_g is None else alpha_g))
    low, high = map(float, found.enclosure)
    # A from a grid is a little below the supremum where that is inside
    assert low * (1 - 1e-6) <= values.min() <= high * (1 + 1e-12)
    assert low * (1 - 1e-6) <= values[found.horizon - 1] <= high * (1 + 1e-12)
    assert Fraction(found.enclosure[1]) - Fraction(found.enclosure[0]) < high * 1e-15
    assert found.horizon <= found.steps == steps


@pytest.mark.parametrize(
    ("alpha", "alpha_g", "gap", "noise"), [("0", "0", 1, 2), ("0", "1/2", 0, 0), ("1/2", "0.26", "0.01", 9)]
)
def test_the_bound_never_rises_with_the_horizon(tmp_path, alpha, alpha_g, gap, noise):
    """With a gap of 0 the bound rises from the first step on, and falls for good much later."""
    path = written(tmp_path, alpha, alpha_g, gap, noise)
    steps = sorted({*range(1, 10), 20, 39, *(round(2.7**k) for k in range(4, 28, 3)), 10**20, 10**30})
    values = [bound_sgd(constants=path, steps=T).value for T in steps]
    assert values == sorted(values, reverse=True)
    plain = plain_bounds(3000, float(Fraction(alpha)), float(Fraction(alpha_g)), float(gap), noise)
    for T, value in zip(steps, values, strict=True):
        if T <= 3000:
            assert value == pytest.approx(plain[:T].min(), rel=2e-6)


def test_the_noise_of_a_slow_block_lets_the_bound_of_two_rise(tmp_path):
    path = tmp_path / "constants.toml"
    block = (
        "[[block]]\nname = '{}'\nsquared_norm = {}\nlearning_rate = 1\nsmoothness = {}\n"
        "decoupled_smoothness = {}\nnoise_bound = {}\n"
    )
    path.write_text("gap = 1e-4\n" + block.format("slow", 10, 100, 100, 0.1) + block.format("fast", 1, 1, 1, 1))
    x = np.arange(1.0, 10_001)
    least, above = np.full_like(x, np.inf), np.full_like(x, 1e-4)
    for b, Lam, Gs in ((10, 100, 0.1), (1, 1, 1)):
        A = float(largest_ratio(mpf(Gs) / b, Lam, Gs))
        now, after = (Gs**2 / b / 2 + np.sqrt((b - Gs**2 / b / 2) ** 2 + 2 * Gs**2 * H) for H in (x - 1, x))
        least, above = np.minimum(least, 1 / now), above + A / 2 * np.log(after / b)
    values = above / np.cumsum(least)
    turn = int(np.argmin(values)) + 1
    assert turn < 1000
    assert values[-1] > 1.2 * values[turn - 1]
    for steps in (1, 2, 50, turn, 400, 3000, 10_000):
        found = bound_sgd(constants=path, steps=steps)
        assert found.value == pytest.approx(min(1.01, values[:steps].min()), rel=2e-6)
        assert found.horizon == pytest.approx(min(steps, turn), abs=1)


def test_steps_are_found_where_the_bound_rises_later(tmp_path):
    path = written(tmp_path, "0", "0")
    values = plain_bounds(10_000, 0.0, 0.0)
    least = bound_sgd(constants=path, steps=10**30)
    assert least.horizon == pytest.approx(int(np.argmin(values)) + 1, abs=1)
    target = Fraction(least.gradient_norm) * Fraction(11, 10)
    found = bound_sgd(constants=path, epsilon=target)
    assert found.steps == int(np.argmax(values <= float(target) ** 2)) + 1
    assert found.horizon == found.steps < least.horizon
    assert bound_sgd(constants=path, epsilon=Fraction(least.gradient_norm)).steps <= least.horizon
    with pytest.raises(ValueError, match=r"^epsilon: "):
        bound_sgd(constants=path, epsilon=Fraction(least.gradient_norm) * Fraction(99, 100))


OWN = [
    ([(1, 1)], ("0.5", 1)),
    ([(10, 1)], ("0.16", 0)),  # at 0 and 1/4 the weight of g is the least in the middle only
    ([(10, 2), (20, 1)], (1, "1.99")),
    ([(1, 10), (1000, 1)], ("0.001", 3)),
    ([(30, 1), (20, 2), (10, 3), (1, 5)], ("0.05", 0)),
    ([(5, 1), (7, "0.9")], (100, "0.0199")),
]


@pytest.mark.parametrize(
    ("alpha", "alpha_g"),
    [("0", "1/2"), ("0", "1/7"), ("0", "1/4"), ("1/4", "1/2"), ("1/2", "0"), ("1/2", "1/4"), ("1/3", "0.3"), ("0.3", "1/3")],
)
@pytest.mark.parametrize(("pairs", "scale_variant"), OWN)
def test_sums_with_two_exponents(pairs, scale_variant, alpha, alpha_g):
    exponents = Fraction(alpha), Fraction(alpha_g)
    with mpmath.workdps(40):
        for steps in (1, 3, 500):
            with ctx.workprec(128):
                rates = sums(pairs, scale_variant, *exponents)
                found = rates.up_to(steps), rates.sum(1, steps)
            exactly = plain_sum(pairs, scale_variant, exponents[0], steps, exponents[1])
            assert all(close(ball, exactly, 1e-16) for ball in found)


def test_random_blocks_and_exponents():
    rng = np.random.default_rng(6)
    for _ in range(30):
        pairs = [tuple(Fraction(float(10.0 ** rng.uniform(-2, 2))) for _ in "bG") for _ in range(rng.integers(1, 4))]
        alpha, alpha_g = (Fraction(int(k), 12) for k in rng.integers(0, 7, size=2))
        # near where the two weights meet in the middle of the run
        meet = 10.0 ** rng.uniform(0, 2)
        H = sum(x ** (-2 * float(alpha)) for x in range(1, int(meet)))
        largest = max(envelope(float(b), 1, float(Gs), H) for b, Gs in pairs)
        eta_g = Fraction(float(meet ** float(alpha_g - alpha) / largest))
        variant = (eta_g, Fraction(float(rng.uniform(0, 1.9))) / eta_g)
        with mpmath.workdps(40):
            with ctx.workprec(128):
                found = sums(pairs, variant, alpha, alpha_g).up_to(200)
            assert close(found, plain_sum(pairs, variant, alpha, 200, alpha_g), 1e-16)


def rational(number):
    return Fraction(mpmath.nstr(number, 70))


def tie():
    """b, eta_g, Lam_g, so that at Gs = 1, alpha = 0, alpha_g = 1/2 the ratio of the two is 1 - k^3 x^(-3/2) + ... ."""
    root = mpmath.sqrt(2)
    k = mpmath.findroot(lambda k: 4 * k * (k + mpmath.sqrt(1 + 2 * k**2)) - 1, mpf("0.2"))
    return rational(1 / (2 * root * k)), rational(1 / root), rational(2 * root * k)


def test_weights_that_stay_equal_are_summed_narrowly():
    with mpmath.workdps(80):
        b, eta_g, Lam_g = tie()
        with ctx.workprec(128):
            rates = sums([(b, 1)], (eta_g, Lam_g), Fraction(0), Fraction(1, 2))
            found, start = rates.up_to(10**30), rates.up_to(2000)
            kinds = [getattr(least, "tied", None) for _, _, least in rates._stretches(1, 10**30)]
            own = ScaleVariant(eta_g, Lam_g, Fraction(1, 2)).sum(1, 10**30)
        assert True in kinds
        assert found.rad() < 1e-17 * found
        assert abs(found / own - 1) < 1e-14
        assert close(start, plain_sum([(b, 1)], (eta_g, Lam_g), Fraction(0), 2000, Fraction(1, 2)), 1e-16)


def test_expansions_enclose_the_ratio_at_every_step():
    rng = np.random.default_rng(4)
    for _ in range(60):
        b, Gs, eta_g = (Fraction(float(10.0 ** rng.uniform(-4, 4))) for _ in range(3))
        alpha, alpha_g = Fraction(int(rng.integers(0, 6)), 12), Fraction(1, 2)
        low = int(10 ** rng.uniform(1.6, 18))
        high = int(low * rng.uniform(1.1, 2))
        with ctx.workprec(128):
            own = ScaleVariant(eta_g, Fraction(float(rng.uniform(0, 1.99))) / eta_g, alpha_g)
            V, ratios = Growth(b, Gs).at, WeightRatio(own, alpha, Powers.of(2 * alpha))
            expanded, between = ratios._expanded(V, low, high), ratios._between(V, low, high)
            for share in (0, 0.01, 0.5, 0.99, 1):
                x = low + int((high - low) * share)
                at = ratios._between(V, x, x)
                assert at.overlaps(expanded)
                assert at.overlaps(between)


@pytest.mark.parametrize("Lam_g", ["0", "1/2", "1", "3"])
def test_weights_that_approach_each_other(Lam_g):
    """2 Gs eta_g = 1 at the exponents 1/4 and 1/2: the ratio tends to 1 like x^(-1/4)."""
    alpha, alpha_g = Fraction(1, 4), Fraction(1, 2)
    with ctx.workprec(128):
        rates = sums([(1, 1)], ("1/2", Lam_g), alpha, alpha_g)
        many, start = rates.sum(1, 10**12), rates.up_to(5000)
        pieces = list(rates._stretches(1, 10**12))
        assert many.overlaps(rates.up_to(10**12))
        # the sign of the difference at single steps, from balls
        blocks = sums([(1, 1)], None, alpha)
        own = ScaleVariant(Fraction(1, 2), Fraction(Lam_g), alpha_g)
        for low, high, least in pieces:
            for x in {low, (low + high) // 2, high}:
                assert (own.sum(x, x) >= blocks.sum(x, x)) == isinstance(least, Growth)
    assert len(pieces) < 200
    assert many.rad() < 1e-17 * many
    with mpmath.workdps(40):
        assert close(start, plain_sum([(1, 1)], ("1/2", Lam_g), alpha, 5000, alpha_g), 1e-16)


def test_many_steps_and_an_epsilon():
    path = "examples/constants-sgd.toml"
    values = [bound_sgd(constants=path, steps=10**k) for k in (3, 9, 30)]
    assert [v.value for v in values] == sorted((v.value for v in values), reverse=True)
    for found in values:
        low, high = map(Fraction, found.enclosure)
        assert high - low < high * Fraction(1, 10**12)
    reached = bound_sgd(constants=path, epsilon="0.5")
    assert reached.gradient_norm <= 0.5


def test_one_block_in_a_file_is_the_block(tmp_path):
    path = tmp_path / "one.toml"
    path.write_text("gap = 1\n[[block]]\nsquared_norm = 2\nlearning_rate = 3\nsmoothness = 4\nnoise_bound = 5\n")
    one = {"squared_norm": 2, "learning_rate": 3, "smoothness": 4, "noise_bound": 5, "gap": 1}
    assert bound_sgd(constants=path, steps=10**5).enclosure == bound_sgd(**one, steps=10**5).enclosure
    with pytest.raises(ValueError, match=r"^constants: "):
        bound_sgd(constants=path, gap=1, steps=1)
