import numpy as np

from ratetheory.attack.ascent import ascend


def never():
    return False


def test_it_climbs_to_the_top_of_a_hill():
    top = np.array([0.3, 0.8, 0.55])
    found = ascend(lambda x: -np.sum((x - top) ** 2, axis=-1), np.array([0.9, 0.1, 0.2]), 200, never)
    assert np.allclose(found, top, atol=1e-3)


def test_it_stays_in_the_cube_and_on_what_is_finite():
    corner = ascend(lambda x: x[:, 0] + x[:, 1], np.array([0.5, 0.4]), 100, never)
    assert np.array_equal(corner, [1.0, 1.0])
    edge = ascend(lambda x: np.where(x[:, 0] > 0.7, np.nan, x[:, 0]), np.array([0.5, 0.4]), 100, never)
    assert 0.69 < edge[0] <= 0.7


def test_it_stays_where_nothing_is_known_and_stops_when_told():
    start = np.array([0.5, 0.5])
    assert np.array_equal(ascend(lambda x: np.full(len(x), -np.inf), start, 10, never), start)
    assert np.array_equal(ascend(lambda x: x[:, 0], start, 10, lambda: True), start)
