"""Both ends of known spectra: what is found, what is said of the error, and what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ratetheory.training.curvature.lanczos import Spectrum, both_ends, shortfall


def ends(matrix, seed=0, **options):
    rng, size = np.random.default_rng(seed), len(matrix)
    A = torch.from_numpy(np.ascontiguousarray(matrix))
    noise = torch.from_numpy(rng.standard_normal(size))
    direction = options.pop("direction", torch.zeros(size, dtype=torch.float64))
    return both_ends(lambda x: A @ x, noise, direction, size, **options)


def turned(spectrum, seed=0):
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(spectrum), len(spectrum))))[0]
    return (basis * spectrum) @ basis.T


@pytest.mark.parametrize(("low", "high"), [(-3.0, 1.0), (-1.0, 3.0), (0.5, 2.0), (-2.0, -0.5)])
def test_the_ends_of_known_spectra(low, high):
    found = ends(turned(np.linspace(low, high, 60)), tolerance=1e-8, products=60)
    assert found.low.value == pytest.approx(low, abs=1e-7)
    assert found.high.value == pytest.approx(high, abs=1e-7)
    assert found.converged
    assert found.modulus == max(abs(found.low.value), abs(found.high.value))


def test_the_vectors_stay_orthogonal():
    spectrum = np.logspace(0, 8, 40)
    noise = torch.from_numpy(np.random.default_rng(0).standard_normal(40))
    diagonal = torch.from_numpy(spectrum)
    found = both_ends(lambda x: diagonal * x, noise, torch.zeros_like(noise), 40, 1e-15, 40)
    assert found.products == 40
    assert found.low.value == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("size", [1, 2, 3, 8, 12])
def test_few_dimensions_are_taken_whole(size):
    spectrum = np.linspace(-1, 2, size) if size > 1 else np.array([-1.0])
    found = ends(turned(spectrum), tolerance=1e-12)
    assert found.products <= size
    assert (found.low.value, found.high.value) == pytest.approx((spectrum[0], spectrum[-1]), abs=1e-12)
    assert found.within == (found.low.value, found.high.value)


@pytest.mark.parametrize("spectrum", [np.zeros(60), np.ones(60), np.eye(60)[0], -np.eye(60)[0], np.r_[-1.0, np.zeros(58), 2.0]])
def test_a_spectrum_of_few_values_ends_with_them(spectrum):
    found = ends(turned(spectrum))
    assert found.products <= len(np.unique(spectrum))
    assert (found.low.value, found.high.value) == pytest.approx((spectrum.min(), spectrum.max()), abs=1e-12)
    assert found.converged


def test_no_dimensions_need_no_product():
    nothing = torch.zeros(3)
    found = both_ends(lambda _: pytest.fail("a product was taken"), nothing, nothing, 0)
    assert (found.low.value, found.high.value, found.products) == (0.0, 0.0, 0)


def test_it_stops_when_both_ends_are_known_and_not_before():
    spectrum = np.r_[-2.0, np.linspace(-0.1, 0.1, 198), 5.0]
    found = ends(turned(spectrum), direction=torch.from_numpy(turned(spectrum) @ np.ones(200)))
    assert found.converged
    assert 8 <= found.products < 12
    assert found.low.value == pytest.approx(-2, abs=0.05)
    assert found.high.value == pytest.approx(5, rel=0.01)


def test_what_twelve_products_do_not_tell_is_not_called_converged():
    spectrum = np.linspace(-1, 1, 800)
    found = ends(turned(spectrum))
    assert found.products == 12
    assert not found.converged
    assert found.high.residual > 0.01
    assert found.within[0] <= -1
    assert found.within[1] >= 1


def test_wanting_one_end_alone_stops_earlier():
    spectrum = np.r_[np.linspace(-0.3, 0, 300), 1.0]
    both, one = ends(turned(spectrum), products=40), ends(turned(spectrum), products=40, wanted=("high",))
    assert one.products < both.products
    assert one.settled(("high",))
    assert one.high.value == pytest.approx(1, rel=0.01)


@settings(max_examples=40)
@given(st.integers(13, 60), st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([0.3, 1.0, 3.0]))
def test_values_lie_inside_the_spectrum_and_some_eigenvalue_within_the_residual(size, seed, with_direction, power):
    rng = np.random.default_rng(seed)
    spectrum = np.sort(np.sign(z := rng.standard_normal(size)) * np.abs(z) ** power)
    A = turned(spectrum, seed)
    direction = torch.from_numpy(A @ rng.standard_normal(size)) if with_direction else torch.zeros(size, dtype=torch.float64)
    found = ends(A, seed, direction=direction)
    slack = 1e-12 * np.abs(spectrum).max()
    assert spectrum[0] - slack <= found.low.value <= found.high.value <= spectrum[-1] + slack
    for end in (found.low, found.high):
        assert np.abs(spectrum - end.value).min() <= end.residual + slack
    assert found.within[0] - slack <= spectrum[0]
    assert found.within[1] + slack >= spectrum[-1]


@pytest.mark.parametrize(("dimension", "products", "risk"), [(60, 6, 0.1), (300, 8, 0.3), (30, 4, 0.3)])
def test_the_probability_of_falling_short_is_at_most_the_risk_and_not_far_below(dimension, products, risk):
    """The spectrum is the worst for this many products; without a direction half the risk is used at least."""
    eps = shortfall(dimension, products, risk)
    places = (1 - eps) * np.cos((np.arange(products) + 0.5) * np.pi / (2 * products - 1)) ** 2
    spectrum = np.r_[1.0, np.resize(places, dimension - 1)]
    runs, failed = 400, 0
    for seed in range(runs):
        noise = torch.from_numpy(np.random.default_rng(seed).standard_normal(dimension))
        diagonal = torch.from_numpy(spectrum)
        found = both_ends(lambda x, d=diagonal: d * x, noise, torch.zeros_like(noise), dimension, 1e-15, products)
        failed += found.high.value < 1 - eps
    spread = 4 * np.sqrt(risk / runs)
    assert risk / 4 - spread < failed / runs < risk + spread
    assert failed > 0


def test_more_products_and_fewer_dimensions_leave_less():
    table = [[shortfall(n, k, 0.01) for k in (4, 8, 16)] for n in (30, 3000)]
    assert np.all(np.diff(table, axis=1) < 0)
    assert np.all(np.diff(table, axis=0) > 0)


def test_what_is_no_number_is_refused():
    noise = torch.ones(60, dtype=torch.float64)
    with pytest.raises(ValueError, match="not finite"):
        both_ends(lambda x: x * float("nan"), noise, noise, 60)


def test_a_spectrum_is_plain_data():
    assert set(ends(np.eye(3)).as_dict()) == set(Spectrum.__dataclass_fields__)
