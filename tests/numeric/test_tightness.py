"""How loose each closed form is against the exact worst case of the relaxation that it uses, by dynamic programming."""

import numpy as np
import pytest

import ratetheory as rt

G = np.pi / 2

# ratio of B^2 - b_0^2 to the worst case at L = 1, Gbar = pi/2, by (gap, b_0): simple, sharper, two phases, the best
MEASURED = {
    (0.1, 1e-3): (129, 8.92, 12.1, 8.93),
    (0.1, 0.1): (24.4, 6.91, 18.9, 6.92),
    (0.1, 1.0): (2.46, 2.05, 42, 1.005),
    (0.1, 3.0): (1.09, 1.08, None, 0.994),
    (0.5, 1e-3): (50.6, 3.54, 4.29, 3.46),
    (0.5, 0.1): (9.58, 2.82, 5.51, 2.89),
    (0.5, 1.0): (1.65, 1.42, 7.29, 0.996),
    (0.5, 3.0): (1.03, 1.02, None, 0.966),
    (2.0, 1e-3): (16.6, 1.2, 1.0, 1.0),
    (2.0, 0.1): (4.41, 1.39, 1.14, 1.0),
    (2.0, 1.0): (1.44, 1.25, 2.12, 1.013),
    (2.0, 3.0): (1.05, 1.04, None, 1.01),
}


def worst_b(b_0: float, gap: float, cap: float, cells: int = 1200, moves: int = 300) -> float:
    """The largest b that a budget ``gap`` of f - f_low reaches from b_0 (L = 1).

    One step with gradient g <= G moves b to b + g^2/b for the price g arctan(g/b) - arctan(g/b)^2/2; arbitrarily small steps
    cost db - d ln b / 2. The least price from each b to the target, backwards on a geometric grid; bisection in the target.
    """
    g = np.geomspace(G * 1e-3, G, moves)

    def price(target: float) -> float:
        b = np.geomspace(b_0, target, cells)
        after = b[:, None] + g**2 / b[:, None]
        angle = np.arctan(g / b[:, None])
        step = g * angle - angle**2 / 2
        least = np.zeros(cells)
        for i in range(cells - 2, -1, -1):
            crawl = b[i + 1] - b[i] - np.log(b[i + 1] / b[i]) / 2 + least[i + 1]
            jumps = after[i] >= b[i + 1]
            jump = (step[i] + np.interp(after[i], b, least, right=0.0))[jumps]
            least[i] = min(crawl, jump.min()) if jump.size else crawl
        return float(least[0])

    if price(cap) <= gap:
        return cap
    low, high = b_0, cap
    for _ in range(32):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if price(middle) <= gap else (low, middle)
    return low


@pytest.mark.slow
@pytest.mark.parametrize("b_0", [1e-3, 0.1, 1.0, 3.0])
@pytest.mark.parametrize("gap", [0.1, 0.5, 2.0])
def test_each_form_is_as_tight_as_measured(gap, b_0):
    expected = MEASURED[gap, b_0]
    ends = []
    for method, factor in zip(("simple", "sharper", "two-phase", "best"), expected, strict=True):
        if factor is not None:
            bound = rt.bound_gd(
                squared_norm=b_0, learning_rate=1, smoothness=1, gap=gap, gradient_bound=G, steps=1, method=method
            )
            ends.append(bound.b_infinity[0])
    # the best form also bounds the gradient by the gap, which the relaxation does not: it may lie below the worst case
    worst = worst_b(b_0, gap, 1.1 * min(ends))
    for end, factor in zip(ends, (f for f in expected if f is not None), strict=True):
        ratio = (end**2 - b_0**2) / (worst**2 - b_0**2)
        assert ratio == pytest.approx(factor, rel=0.03)
