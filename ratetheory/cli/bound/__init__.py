"""``ratetheory bound``: bounds from constants, one command a method."""

from __future__ import annotations

import click

from ratetheory.cli.lazy import Lazy

_COMMANDS = {
    "gd": "Gradient descent at any fixed learning rate.",
    "smoothed-bn": "Smoothness and gradient bound of a batch-normalised neuron, from data.",
    "sgd": "Stochastic gradient descent at any learning rate that decays no faster than 1/sqrt(t + 1).",
    "adagrad-norm": "AdaGrad-Norm on a smooth function on R^d.",
    "equilibrium": "Norm and rotation at the equilibrium of weight decay: SGD, heavy ball, Nesterov, AdamW, Lion.",
    "compare": "GD tuned, GD on batch normalisation and AdaGrad-Norm side by side, over learning rates.",
}


@click.group(
    cls=Lazy, places={name: (f"ratetheory.cli.bound.{name.replace('-', '_')}", text) for name, text in _COMMANDS.items()}
)
def bound() -> None:
    """Compute a convergence bound as a number that is a guaranteed upper bound."""
