"""SGD on minibatch problems against its theorems: ``python -m benchmarks.minibatch_sgd``.

Two problems whose constants are known: linear functions ``a_j . v`` of the direction as sample losses, and Rayleigh quotients
``v' B_j v/2`` with diagonal ``B_j``. For learning rates over eight decades and decays 0, 1/4, 1/2 it prints the mean over
runs of the full gradient's square against the bound, the largest share of the envelope that the norm reaches, how often the
statement from the norm log fails, and the exponent fitted to the smallest mean square so far.
"""

from __future__ import annotations

import argparse

import numpy as np

from ratetheory.claims import sgd as theory
from ratetheory.numeric import floats

Array = np.ndarray
DIMENSION, SAMPLES, RISK, KAP = 5, 20, 0.1, 1.0


class Linear:
    """f_j = a_j . v; the mean has smoothness and gradient |mean a|."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.a = rng.normal(size=(SAMPLES, DIMENSION)) + 1.0
        mean = self.a.mean(axis=0)
        self.L = self.Gbar = float(np.linalg.norm(mean))
        self.Gs = float(np.linalg.norm(self.a, axis=1).max())
        self.low = -self.L

    def value(self, v: Array) -> Array:
        """The mean loss."""
        return v @ self.a.mean(axis=0)

    def slope(self, v: Array, j: Array | None) -> Array:
        """The free gradient in v of sample losses, or of the mean."""
        return np.broadcast_to(self.a.mean(axis=0), v.shape) if j is None else self.a[j]


class Rayleigh:
    """f_j = v' B_j v/2; the mean has smoothness lmax - lmin."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.B = rng.normal(size=(SAMPLES, DIMENSION)) + np.linspace(-1, 1, DIMENSION)
        mean = self.B.mean(axis=0)
        self.L = float(np.ptp(mean))
        self.Gbar = self.L / 2
        self.Gs = float(np.ptp(self.B, axis=1).max() / 2)
        self.low = float(mean.min() / 2)

    def value(self, v: Array) -> Array:
        """The mean loss."""
        return v**2 @ self.B.mean(axis=0) / 2

    def slope(self, v: Array, j: Array | None) -> Array:
        """The free gradient in v of sample losses, or of the mean."""
        return v * (self.B.mean(axis=0) if j is None else self.B[j])


def measure(
    problem: Linear | Rayleigh, eta: float, alpha: float, runs: int, steps: int, rng: np.random.Generator
) -> tuple[float, ...]:
    """One row of the table."""
    start = rng.normal(size=DIMENSION)
    w = np.tile(start / np.linalg.norm(start), (runs, 1))
    S = np.ones(runs)
    gap = float(problem.value(w)[0] - problem.low)
    A = float(floats.noise_supremum(eta * problem.Gs, problem.L, problem.Gbar))
    mean, E, reached, weights = [], 0.0, 0.0, 0.0
    observed, failed, worst = np.zeros(runs), np.zeros(runs, bool), 0.0
    best = np.inf
    for t in range(steps):
        rate = eta * (t + 1.0) ** -alpha
        v = w / np.sqrt(S)[:, None]
        along = problem.slope(v, None)
        square = np.sum((along - v * np.sum(along * v, axis=1, keepdims=True)) ** 2, axis=1)
        mean.append(square.mean())
        weights += rate / theory.envelope(floats, 1.0, eta, problem.Gs, E)
        observed += rate / S * square
        drawn = problem.slope(v, rng.integers(SAMPLES, size=runs))
        w = w - rate * (drawn - v * np.sum(drawn * v, axis=1, keepdims=True)) / np.sqrt(S)[:, None]
        S, E = np.sum(w**2, axis=1), E + rate**2
        envelope = theory.envelope(floats, 1.0, eta, problem.Gs, E)
        reached = max(reached, float(S.max() / envelope))
        best = min(best, mean[-1])
        worst = max(worst, best / ((gap + A / 2 * np.log(envelope)) / weights))
        doubt = eta * problem.Gs**2 / KAP * np.log(1 / RISK)
        failed |= (1 - KAP / 2) * observed > gap + A / 2 * np.log(S) + doubt
    least = np.minimum.accumulate(mean)
    half = steps // 10
    exponent = np.polyfit(np.log(np.arange(half, steps) + 1.0), np.log(least[half:]), 1)[0]
    return worst, reached, failed.mean(), exponent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--steps", type=int, default=2000)
    options = parser.parse_args()
    print(f"{'problem':<9} {'eta':>7} {'alpha':>5} {'mean/bound':>10} {'norm/envelope':>13} {'failures':>9} {'exponent':>8}")
    for kind in (Linear, Rayleigh):
        for alpha in (0.0, 0.25, 0.5):
            for eta in 10.0 ** np.arange(-4, 5, 2):
                rng = np.random.default_rng(7)
                row = measure(kind(rng), eta, alpha, options.runs, options.steps, rng)
                numbers = f"{row[0]:10.4f} {row[1]:13.6f} {row[2]:9.4f} {row[3]:8.3f}"
                print(f"{kind.__name__:<9} {eta:7.0e} {alpha:5.2f} {numbers}", flush=True)


if __name__ == "__main__":
    main()
