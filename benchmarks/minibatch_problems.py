"""Minibatch problems whose constants are known: the losses are scale-invariant, one is drawn at random, f is their mean.

Points are rows ``v`` of norm one. Each problem has the smoothness ``L`` and the gradient bound ``Gbar`` of the mean, the
bound ``Gs`` on the gradient of every loss, and a lower bound ``low`` of the mean.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ratetheory.numeric.features import load_features
from ratetheory.numeric.smoothed_bn import neuron_constants

Array = np.ndarray
_DIMENSION, _LOSSES, _EPS = 5, 20, 1


class Problem(Protocol):
    """Losses with a common domain, and the constants of the theory."""

    dimension: int
    losses: int
    L: float
    Gbar: float
    Gs: float
    low: float

    def value(self, v: Array) -> Array:
        """The mean loss at each point."""

    def gradients(self, v: Array) -> Array:
        """The gradient of each loss at each point, free in v: shape (losses, points, dimension)."""


class Linear:
    """f_j = a_j . v; the mean has smoothness and gradient |mean a|."""

    dimension, losses = _DIMENSION, _LOSSES

    def __init__(self, rng: np.random.Generator) -> None:
        self.a = rng.normal(size=(_LOSSES, _DIMENSION)) + 1.0
        self.L = self.Gbar = float(np.linalg.norm(self.a.mean(axis=0)))
        self.Gs = float(np.linalg.norm(self.a, axis=1).max())
        self.low = -self.L

    def value(self, v: Array) -> Array:
        """The mean loss at each point."""
        return v @ self.a.mean(axis=0)

    def gradients(self, v: Array) -> Array:
        """The gradient of each loss at each point."""
        return np.broadcast_to(self.a[:, None], (self.losses, *v.shape))


class Rayleigh:
    """f_j = v' B_j v/2 with diagonal B_j; the mean has smoothness lmax - lmin and gradient at most half of it."""

    dimension, losses = _DIMENSION, _LOSSES

    def __init__(self, rng: np.random.Generator) -> None:
        self.B = rng.normal(size=(_LOSSES, _DIMENSION)) + np.linspace(-1, 1, _DIMENSION)
        mean = self.B.mean(axis=0)
        self.L = float(np.ptp(mean))
        self.Gbar = self.L / 2
        self.Gs = float(np.ptp(self.B, axis=1).max() / 2)
        self.low = float(mean.min() / 2)

    def value(self, v: Array) -> Array:
        """The mean loss at each point."""
        return v**2 @ self.B.mean(axis=0) / 2

    def gradients(self, v: Array) -> Array:
        """The gradient of each loss at each point."""
        return v * self.B[:, None]


class Digits:
    """Regression of the digit by one batch-normalised neuron: f_B = mean over the minibatch B of ln cosh(z_n - y_n).

    z_n = w . (x_n - mean_B)/sqrt(w' (Cov_B + eps I) w), with the statistics of the minibatch itself, as in training. The
    minibatches partition the first 1,792 digits once and for all, and f is the mean of their losses: so every loss is
    scale-invariant and f is the mean of what is drawn. As |(ln cosh)'| <= 1 and |(ln cosh)''| <= 1, the largest constants of
    claim ``smoothed-bn`` over the minibatches are L and Gs of every minibatch's loss, hence of the mean. (Statistics of all
    the data would be as invariant, but no claim bounds the gradient of a part of its samples.) y_n is the digit, standardised
    over the data; f >= 0.
    """

    size, losses = 256, 7

    def __init__(self) -> None:
        rows = load_features("digits")[: self.size * self.losses]
        constants = neuron_constants(rows, eps=_EPS, loss_slope=1, loss_curvature=1, batch_size=self.size)
        self.L = float(constants.smoothness)
        self.Gbar = self.Gs = float(constants.gradient_bound)
        self.low = 0.0
        x = np.array(rows, dtype=float).reshape(self.losses, self.size, -1)
        self.x = x - x.mean(axis=1, keepdims=True)
        self.dimension = self.x.shape[-1]
        self.y = _digits(self.size * self.losses).reshape(self.losses, self.size)

    def value(self, v: Array) -> Array:
        """The mean loss at each point."""
        residual = np.abs([_outputs(x, v)[0] - y for x, y in zip(self.x, self.y, strict=True)])
        return (residual + np.log1p(np.exp(-2 * residual)) - np.log(2)).mean(axis=(0, 2))

    def gradients(self, v: Array) -> Array:
        """The gradient of each minibatch's loss at each point."""
        return np.stack([_neuron_gradient(x, y, v) for x, y in zip(self.x, self.y, strict=True)])


def _outputs(x: Array, v: Array) -> tuple[Array, Array]:
    """z of centred features x, and its denominator."""
    raw = v @ x.T
    denominator = np.sqrt(_squares(raw) / len(x) + _EPS * _squares(v))[:, None]
    return raw / denominator, denominator


def _neuron_gradient(x: Array, y: Array, v: Array) -> Array:
    z, denominator = _outputs(x, v)
    pull = np.tanh(z - y)
    along = np.einsum("ij,ij->i", pull, z)[:, None] / len(x)
    return (pull - along * z) @ x / (len(x) * denominator) - _EPS * along / denominator**2 * v


def _squares(rows: Array) -> Array:
    return np.einsum("ij,ij->i", rows, rows)


def _digits(count: int) -> Array:
    """The labels, standardised."""
    from sklearn.datasets import load_digits

    labels = load_digits().target[:count].astype(float)
    return (labels - labels.mean()) / labels.std()
