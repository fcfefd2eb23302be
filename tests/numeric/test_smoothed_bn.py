"""The constants of a batch-normalised neuron: eigenvalues, the closed form of s, and second derivatives of real neurons."""

import io
import zipfile
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, ctx

from ratetheory.claims import bn_neuron
from ratetheory.numeric import balls, floats
from ratetheory.numeric.branch import supremum
from ratetheory.numeric.features import load_features
from ratetheory.numeric.smoothed_bn import condition_number, neuron_constants

LOSS = {"loss_slope": 1, "loss_curvature": "1/4"}


def printed(k):
    """s(k) as it is usually written."""
    D, e = (k + 1) / 2, (k - 1) / 2
    c = -4 * e / (D + mpmath.sqrt(D**2 + 8 * e**2))
    return mpmath.sqrt(k) * (k - 1) * mpmath.sqrt(1 - c**2) / (D + e * c) ** 2


@pytest.mark.parametrize("exponent", range(-6, 13))
def test_s_is_the_printed_closed_form_and_below_k_minus_1(exponent):
    k = Fraction(10) ** exponent + 1
    with ctx.workprec(400), mpmath.workdps(80):
        s = bn_neuron.turning_supremum(balls, balls.number(k))
        value = printed(mpmath.mpf(k.numerator) / k.denominator)
        assert abs(mpmath.mpf(s.mid().str(60, radius=False)) - value) < value * mpmath.mpf(10) ** -50
        assert s < balls.number(k - 1)
    if exponent > -3:
        assert bn_neuron.turning_supremum(floats, float(k)) == pytest.approx(float(value), rel=1e-9)


@pytest.mark.parametrize("k", [1.5, 10.0, 1e3, 1e6, 1e12])
def test_s_is_the_supremum_over_the_angle(k):
    """Verified branch and bound over u = tan of the angle, near the axis where the whitened direction turns fast."""
    with ctx.workprec(128):
        K = arb(k)

        def rate(u):
            # sqrt(k)(k - 1) sin(2 phi)/(k sin^2 + cos^2)^2 with tan(phi) = u/sqrt(k)
            t = u * u
            return 2 * (K - 1) * u * (1 + t / K) / (1 + t) ** 2

        found = supremum(rate, arb(0), arb(8), relative=1e-6)
        assert found.overlaps(bn_neuron.turning_supremum(balls, K))
        assert rate(arb(8)) <= found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("eps", ["0", "1e-9", "3"])
def test_the_condition_number_is_enclosed(seed, eps):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(12, 5)) * 10.0 ** rng.uniform(-2, 2, 5) + 7
    found = neuron_constants(x.tolist(), eps=eps, **LOSS)
    with mpmath.workdps(60):
        exact = mpmath.matrix(x.tolist())
        mean = [mpmath.fsum(exact[:, j]) / 12 for j in range(5)]
        centred = mpmath.matrix(12, 5)
        for i in range(12):
            for j in range(5):
                centred[i, j] = exact[i, j] - mean[j]
        values = mpmath.eigsy(centred.T * centred / 12 + mpmath.mpf(eps) * mpmath.eye(5), eigvals_only=True)
        low, high = (mpmath.mpf(end) for end in found.condition_enclosure)
        assert low <= max(values) / min(values) <= high
        assert high - low < 1e-12 * high


def test_equal_eigenvalues_and_one_feature():
    cross = [[1, 0], [-1, 0], [0, 1], [0, -1]]
    assert neuron_constants(cross, eps=0, **LOSS).condition == pytest.approx(1, abs=1e-12)
    one = neuron_constants([[1], [2]], eps=0, gain=-2, **LOSS)
    assert one.smoothness == pytest.approx(1 * (4 / 4 + 2))
    assert one.gradient_bound == pytest.approx(2)


def test_an_unresolved_eigenvalue_is_not_finite():
    singular = [[Fraction(i), Fraction(i)] for i in range(5)]
    assert not condition_number(singular, Fraction(0)).is_finite()


def test_minibatches_take_the_largest():
    x = [[1, 0], [-1, 0.5], [0, 1], [3, -10], [4, 20], [5, 1]]
    each = [neuron_constants(x[i : i + 3], eps="0.1", **LOSS).smoothness for i in (0, 3)]
    found = neuron_constants(x, eps="0.1", batch_size=3, **LOSS)
    assert (found.smoothness, found.batches) == (max(each), 2)


@pytest.mark.parametrize(
    ("data", "changes", "message"),
    [
        ([[1, 2], [1, 3], [1, 5]], {"eps": 0}, "eps: 0 is not allowed"),
        ([[1, 2]], {}, "data: '1 rows'"),
        ([[1, 2], [1]], {}, "data"),
        ([[1], [float("nan")]], {}, "data: nan is not finite"),
        ([[1], [2]], {"eps": -1}, "eps: -1"),
        ([[1], [2]], {"loss_slope": "x"}, "loss_slope"),
        ([[1], [2], [3]], {"batch_size": 2}, "batch_size: 2"),
        ([[1], [2], [3]], {"batch_size": 4}, "batch_size: 4"),
    ],
)
def test_bad_input_is_one_line(data, changes, message):
    with pytest.raises(ValueError, match=message) as error:
        neuron_constants(data, **{"eps": 1, **LOSS, **changes})
    assert "\n" not in str(error.value)


def saved(tmp_path, **arrays):
    path = tmp_path / "x.npz"
    np.savez(path, **arrays)
    return str(path)


def test_files_are_read_exactly(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n0.1,1/3\n2,-1e-3\n")
    assert load_features(str(tmp_path / "x.csv")) == [[Fraction(1, 10), Fraction(1, 3)], [Fraction(2), Fraction(-1, 1000)]]
    rows = load_features(saved(tmp_path, features=np.array([[0.1], [2.0]]), labels=np.array([1])))
    assert rows == [[Fraction(0.1)], [Fraction(2)]]
    assert len(load_features("digits")) == 1797


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([[1.0], [np.inf]]), "finite numbers"),
        (np.array([1.0, 2.0]), "2 axes"),
        (np.array([["a"], ["b"]]), "2 axes of real numbers"),
        (np.array([[object()], [None]]), "pickle|real numbers"),
        (np.ones((2, 200)), "features"),
    ],
)
def test_other_arrays_are_refused(tmp_path, array, message):
    with pytest.raises(ValueError, match=message):
        load_features(saved(tmp_path, x=array))


def test_a_bomb_is_not_unpacked(tmp_path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(70_000_000))
    (tmp_path / "x.npz").write_bytes(content.getvalue())
    with pytest.raises(ValueError, match="at most 64000000 bytes"):
        load_features(str(tmp_path / "x.npz"))


def second_derivatives(x, eps, gain, phase, v, xi):
    """(f o c)'' of f = mean of sin(gain z_i + phase_i) by complex steps of the explicit first derivative."""
    h = 1e-30
    c, d = v + 1j * h * xi, xi - 1j * h * v
    a, b = c @ x.T, d @ x.T
    q = np.mean(a * a, axis=-1, keepdims=True) + eps * np.sum(c * c, axis=-1, keepdims=True)
    half_rate = np.mean(a * b, axis=-1, keepdims=True) + eps * np.sum(c * d, axis=-1, keepdims=True)
    moving = b / np.sqrt(q) - a * half_rate / q**1.5
    return np.mean(np.cos(gain * a / np.sqrt(q) + phase) * gain * moving, axis=-1).imag / h


def largest_ratio(rng, circles, aligned=False):
    """The largest |second derivative|/constant over random great circles on one random data set."""
    d, n = int(rng.integers(2, 7)), int(rng.integers(4, 40))
    x = rng.normal(size=(n, d)) * 10.0 ** rng.uniform(-1.5, 0, d)
    if aligned:
        d, n = 2, 4
        x = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1.0]]) * [10.0 ** rng.uniform(0, 2), 1]
    x = x - x.mean(axis=0)
    eps, gain = 10.0 ** rng.uniform(-8, 0), 10.0 ** rng.uniform(-2, 1)
    values = np.linalg.eigvalsh(x.T @ x / n + eps * np.eye(d))
    constant = bn_neuron.smoothness(floats, values[-1] / values[0], gain, 1.0, 1.0)
    v, u = rng.normal(size=(2, circles, d))
    phase = rng.uniform(-np.pi, np.pi, n)
    if aligned:
        eps, v[:, 0], phase = 0.0, v[:, 0] * 1e-4, np.pi / 2 * (1 - np.sign(x[:, 1]))
        values = np.linalg.eigvalsh(x.T @ x / n)
        constant = bn_neuron.smoothness(floats, values[-1] / values[0], gain, 1.0, 1.0)
    v /= np.linalg.norm(v, axis=-1, keepdims=True)
    xi = u - v * np.sum(u * v, axis=-1, keepdims=True)
    xi /= np.linalg.norm(xi, axis=-1, keepdims=True)
    return np.abs(second_derivatives(x, eps, gain, phase, v, xi)).max() / constant


@pytest.mark.slow
def test_second_derivatives_stay_below_the_constant():
    rng = np.random.default_rng(8)
    ratios = [largest_ratio(rng, 10_000) for _ in range(100)]
    assert max(ratios) < 1
    assert max(ratios) > 0.4, "random data come within a factor"


def test_the_constant_is_sharp():
    rng = np.random.default_rng(9)
    ratios = [largest_ratio(rng, 100, aligned=True) for _ in range(100)]
    assert 0.98 < max(ratios) < 1 + 1e-9
