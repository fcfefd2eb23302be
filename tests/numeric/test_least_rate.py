"""Sums of the least rate, and the bound for several blocks, against plain transcriptions in mpmath."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import ctx

from ratetheory.numeric.least_rate import Growth, least_rate_sum
from ratetheory.numeric.sgd import bound_sgd

mpf = mpmath.mpf


def exact(number):
    number = Fraction(number)
    return mpf(number.numerator) / number.denominator


def envelope(S_0, eta, Gs, E):
    q = eta**2 * Gs**2 / S_0
    return q / 2 + mpmath.sqrt((S_0 - q / 2) ** 2 + 2 * Gs**2 * E)


def plain_sum(pairs, scale_variant, alpha, steps):
    total, H = mpf(0), mpf(0)
    for x in range(1, steps + 1):
        rate = mpf(x) ** -exact(alpha)
        weights = [rate / envelope(exact(b), 1, exact(Gs), H) for b, Gs in pairs]
        if scale_variant is not None:
            eta_g, Lam_g = map(exact, scale_variant)
            weights.append(eta_g * rate * (1 - Lam_g * eta_g * rate / 2))
        total += min(weights)
        H += rate**2
    return total


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
    growths = [Growth(Fraction(b), Fraction(Gs)) for b, Gs in pairs]
    variant = None if scale_variant is None else tuple(map(Fraction, scale_variant))
    for steps in (1, 2, 40, 700):
        with mpmath.workdps(40):
            ctx.prec = 128
            found = least_rate_sum(growths, variant, alpha, steps)
            ctx.prec = 53
            assert close(found, plain_sum(pairs, scale_variant, alpha, steps), 1e-16)


def test_random_blocks():
    rng = np.random.default_rng(5)
    for _ in range(40):
        pairs = [tuple(Fraction(float(10.0 ** rng.uniform(-2, 2))) for _ in "bG") for _ in range(rng.integers(2, 5))]
        eta_g = Fraction(float(10.0 ** rng.uniform(-4, 1)))
        variant = (eta_g, Fraction(float(rng.uniform(0, 1.9))) / eta_g) if rng.random() < 0.5 else None
        alpha = Fraction(int(rng.integers(0, 6)), 10)
        with mpmath.workdps(40):
            ctx.prec = 128
            found = least_rate_sum([Growth(*pair) for pair in pairs], variant, alpha, 150)
            ctx.prec = 53
            assert close(found, plain_sum(pairs, variant, alpha, 150), 1e-16)


def ratio(tau, Lam, Gbar):
    return 2 * (Lam * mpmath.atan(tau) ** 2 / 2 + Gbar * (tau - mpmath.atan(tau))) / mpmath.log1p(tau**2)


FILE = """
gap = 1
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
noise_variance = 2
"""


@pytest.mark.parametrize("alpha", ["0", "0.5"])
@pytest.mark.parametrize("steps", [1, 300])
def test_the_bound_of_several_blocks_is_the_formula(tmp_path, alpha, steps):
    path = tmp_path / "constants.toml"
    path.write_text(FILE.format(alpha=alpha))
    found = bound_sgd(constants=path, steps=steps)
    with mpmath.workdps(30):
        blocks = [(mpf(2), mpf("0.5"), 3, 2, 2), (mpf(1), mpf("0.25"), 2, 5, 1)]
        H = sum(mpf(t + 1) ** (-2 * mpf(alpha)) for t in range(steps))
        total = 1 + mpf(4) / 2 * 2 * mpf("0.1") ** 2 * H
        for S_0, eta, Lam, Gs, Gbar in blocks:
            A = max(ratio(eta * Gs / S_0 * k / 3000, Lam, Gbar) for k in range(1, 3001))
            total += A / 2 * mpmath.log(envelope(S_0, eta, Gs, eta**2 * H) / S_0)
        value = total / plain_sum([(S_0 / eta, Gs) for S_0, eta, _, Gs, _ in FRACTIONS], ("0.1", 4), alpha, steps)
        low, high = (mpf(end) for end in found.enclosure)
        # A from a grid is a little below the supremum where that is inside
        assert low * (1 - mpf(10) ** -6) <= value <= high * (1 + mpf(10) ** -18)
        assert high - low < mpf(10) ** -15 * high


FRACTIONS = [(Fraction(2), Fraction(1, 2), 3, 2, 2), (Fraction(1), Fraction(1, 4), 2, 5, 1)]


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
