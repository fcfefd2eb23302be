"""The worst case of one block computed naively: real sequences of steps, so that what they reach is reachable. L = 1."""

import numpy as np

RANGE = np.pi**2 / 4


def reachable_b(b_0, gap, top, gradient_bound=np.pi / 2, states=2, cells=800):
    """The last knot of a geometric grid up to ``top`` that steps from knot to knot, and crawling, reach from (b_0, gap)."""
    b = np.geomspace(b_0, top, cells)
    u = np.full(cells, -1.0)
    u[0] = min(gap, RANGE) if states == 2 else gap
    for i in range(cells - 1):
        if u[i] < 0:
            return b[i - 1]
        u[i + 1] = max(u[i + 1], u[i] - (b[i + 1] - b[i]) + np.log(b[i + 1] / b[i]) / 2)
        gradient = np.sqrt(b[i] * (b[i + 1 :] - b[i]))
        largest = min(gradient_bound, np.sqrt(2 * u[i])) if states == 2 else gradient_bound
        gradient = gradient[gradient <= largest]
        angle = np.arctan(gradient / b[i])
        after = u[i] - gradient * angle + angle**2 / 2
        after = np.minimum(after, RANGE) if states == 2 else after
        ends = slice(i + 1, i + 1 + len(gradient))
        u[ends] = np.maximum(u[ends], after)
        if states == 2:
            u[i + 1] = min(u[i + 1], RANGE)
    return b[-1]


def worst_b(b_0, gap, gradient_bound=np.pi / 2, states=2):
    """The largest b that is reached, on a grid that ends not far beyond it."""
    top = 30 * (b_0 + 3 / b_0 + gap) + 40
    for cells in (400, 400, 800, 2000):
        found = reachable_b(b_0, gap, top, gradient_bound, states, cells)
        assert found < top
        one_cell = (top / b_0) ** (1 / (cells - 1))
        top = b_0 + 1.2 * (found * one_cell**3 - b_0)
    return found


def random_run(rng, b_0, gap, steps, gradient_bound=np.pi / 2):
    """b, u and G of a random sequence of admissible steps that each lower u as little as they can."""
    b, u = [b_0], [min(gap, RANGE)]
    gradients = []
    for _ in range(steps):
        largest = min(gradient_bound, np.sqrt(2 * u[-1]))
        gradient = largest * rng.choice([1.0, rng.random(), 10 ** rng.uniform(-4, 0)])
        angle = np.arctan(gradient / b[-1])
        after = min(u[-1] - gradient * angle + angle**2 / 2, RANGE)
        if after < 0:
            gradient, after = 0.0, u[-1]
        gradients.append(gradient)
        b.append(b[-1] + gradient**2 / b[-1])
        u.append(after)
    return np.array(b), np.array(u), np.array(gradients)
