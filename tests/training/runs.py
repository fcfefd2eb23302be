"""Runs of SGD whose squared gradients are written down beside the checkpoints."""

from itertools import pairwise

import numpy as np
import torch
from torch import nn


def rayleigh(rows, dimension, seed):
    """f(w) = w'Aw/w'w of each row, and its gradient; another A at every step, as for minibatches."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(dimension, dimension))
    spectrum = base + base.T

    def gradient(w):
        noise = rng.normal(size=(dimension, dimension))
        A = spectrum + noise + noise.T
        S = np.sum(w**2, axis=1, keepdims=True)
        value = np.sum(w * (w @ A), axis=1, keepdims=True) / S
        return 2 * (w @ A - value * w) / S

    return gradient, np.random.default_rng(seed + 1).normal(size=(rows, dimension))


def follow(w, gradient, rates, decays, momentum=0.0):
    """Weights and |G_t|^2 of every row: w_t for t = 0..T, squares for t = 0..T-1."""
    path, squares, buffer = [w], [], np.zeros_like(w)
    for eta, lam in zip(rates, decays, strict=True):
        step = gradient(w)
        squares.append(np.sum(w**2, axis=1) * np.sum(step**2, axis=1))
        buffer = momentum * buffer + step + lam * w
        w = w - eta * buffer
        path.append(w)
    return path, np.array(squares)


def hat_weights(rates, decays):
    """eta_hat_t^2."""
    scales = np.concatenate(([1.0], np.cumprod(1 - np.asarray(rates) * np.asarray(decays))))
    return np.array([(eta / (a * b)) ** 2 for eta, (a, b) in zip(rates, pairwise(scales), strict=True)])


def save(path, **tensors):
    torch.save({name: torch.as_tensor(value) for name, value in tensors.items()}, path)
    return str(path)


class Net(nn.Sequential):
    """Two convolutions with batch normalisation."""

    def __init__(self, epsilon=1e-30):
        super().__init__(
            nn.Conv2d(1, 6, 3, bias=False),
            nn.BatchNorm2d(6, eps=epsilon),
            nn.Tanh(),
            nn.Conv2d(6, 5, 3, bias=False),
            nn.BatchNorm2d(5, eps=epsilon),
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(5 * 4, 4),
        )


CONVOLUTIONS = ("0.weight", "3.weight")


def train(net, steps, rate, decay=0.0, momentum=0.0, size=1.0, dtype=torch.float64):
    """Train on minibatches of noise; the squares |G_t|^2 of every filter by layer, (steps, filters)."""
    generator = torch.Generator().manual_seed(1)
    inputs = size * torch.randn(96, 1, 6, 6, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, 4, (96,), generator=generator)
    net.to(dtype).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=rate, momentum=momentum, weight_decay=decay)
    weights, squares = dict(net.named_parameters()), {name: [] for name in CONVOLUTIONS}
    for t in range(steps):
        batch = slice(32 * (t % 3), 32 * (t % 3) + 32)
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(inputs[batch].to(dtype)), labels[batch]).backward()
        for name in CONVOLUTIONS:
            w, g = (x.detach().double().flatten(1).square().sum(1) for x in (weights[name], weights[name].grad))
            squares[name].append((w * g).numpy())
        optimizer.step()
    return {name: np.array(found) for name, found in squares.items()}
