"""Moments that are not at rest keep every other hypothesis of their update."""

import numpy as np
import pytest

from ratetheory.attack.arenas import arena_of

ARENA = arena_of("moments")
FAMILIES = {family.name: family for family in ARENA.families}


def moving(base, count=100):
    family = FAMILIES[f"{base}/moving"]
    record = ARENA.record(ARENA.sample(family, count, 1, np.random.default_rng(0)))
    known = ARENA.facts(family)
    assert known["decoupled_step"]
    assert not known["stationary"]
    eta, lam, U, b1, sigma = (record[name].value[:, 0, 0] for name in ("eta", "lam", "U", "b1", "sigma"))
    S, product = (record[name].value[..., 0] for name in ("S", "wu"))
    after = (1 - eta * lam) ** 2 * S[:, 0] - 2 * (1 - eta * lam) * eta * product[:, 0] + eta**2 * U**2
    assert S[:, 1] == pytest.approx(after, rel=1e-9)
    assert np.all(np.abs(S[:, 1] / S[:, 0] - 1) > 0)
    assert np.all(np.abs(product) <= (1 + 1e-9) * np.sqrt(S) * U[:, None])
    return known, eta, eta * lam, U, b1, sigma, product


def test_what_is_new_in_the_update_is_orthogonal_to_the_weights():
    known, eta, e, U, b1, _, product = moving("adamw")
    assert known["autoregressive_update"]
    assert not known["update_memory"]
    assert product[:, 1] == pytest.approx(b1 * ((1 - e) * product[:, 0] - eta * U**2), rel=1e-9)


def test_the_product_is_that_of_the_memory_at_both_steps():
    known, eta, e, U, _, sigma, product = moving("coloured")
    assert known["update_memory"]
    assert not known["autoregressive_update"]
    for step in (0, 1):
        assert product[:, step] == pytest.approx(-eta * U**2 * sigma / (1 - e), rel=1e-9)
