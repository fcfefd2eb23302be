"""What a training run is asked to do, checked before anything is written."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from ratetheory.claims.hypotheses import INVARIANCE_EPSILON
from ratetheory.training.data import DATA, Images
from ratetheory.training.networks import ACTIVATIONS, DESIGNS, Network, build_network

OPTIMIZERS = ("gd", "sgd")
_DEFAULT_BATCH = 128


@dataclass(frozen=True)
class TrainSpec:
    """A training run. ``None``: the network's own default (``activation``, ``bn_epsilon``), 128 (``batch_size``).

    ``learning_rate`` is that of the scale-invariant weights, ``scale_variant_learning_rate`` that of all other trained
    parameters, if there are any. ``gd`` takes the gradient of all data, ``sgd`` that of ``batch_size`` samples drawn anew,
    independently and with replacement, at each step. No momentum, no decay.
    """

    network: str = "reference"
    data: str = "digits"
    optimizer: str = "gd"
    batch_size: int | None = None
    activation: str | None = None
    bn_epsilon: float | None = None
    learning_rate: float = 0.1
    scale_variant_learning_rate: float = 0.1
    steps: int = 300
    seed: int = 0
    device: str = "cpu"

    @property
    def name(self) -> str:
        """Network, data and optimizer: the stem of the default output directory."""
        return f"{self.network}-{self.data}-{self.optimizer}"

    def as_dict(self) -> dict[str, Any]:
        """The specification as plain data."""
        return asdict(self)


def checked(specification: TrainSpec) -> TrainSpec:
    """The specification with its defaults filled in; ``ValueError`` naming the first field that is not allowed."""
    spec = specification
    for field, allowed in (("network", DESIGNS), ("data", DATA), ("optimizer", OPTIMIZERS)):
        check_one_of(field, getattr(spec, field), allowed)
    design = DESIGNS[spec.network]
    spec = replace(
        spec,
        activation=spec.activation if spec.activation is not None else design.activation,
        bn_epsilon=spec.bn_epsilon if spec.bn_epsilon is not None else design.bn_epsilon,
        batch_size=spec.batch_size if spec.batch_size is not None or spec.optimizer == "gd" else _DEFAULT_BATCH,
    )
    check_one_of("activation", spec.activation, ACTIVATIONS)
    for field in ("learning_rate", "scale_variant_learning_rate", "bn_epsilon"):
        value = getattr(spec, field)
        if not isinstance(value, int | float) or not (math.isfinite(value) and value > 0):
            raise ValueError(f"{field}: {value} is not allowed; a positive finite number is (an epsilon of 0: take 1e-30)")
    if spec.optimizer == "gd" and spec.batch_size is not None:
        raise ValueError(f"batch_size: {spec.batch_size} is not allowed with gd, which takes all data; choose sgd")
    if spec.optimizer == "sgd":
        check_integer("batch_size", spec.batch_size, 2, 10**6)
    check_integer("steps", spec.steps, 1, 10**8)
    check_integer("seed", spec.seed, 0, 2**63 - 1)
    check_device(spec.device)
    return spec


def check_one_of(field: str, value: object, allowed: Any) -> None:
    """``ValueError`` naming the field unless its value is one of those allowed."""
    if value not in allowed:
        raise ValueError(f"{field}: {value!r} is not known; {', '.join(allowed)} are allowed")


def check_integer(field: str, value: object, least: int, most: int) -> None:
    """``ValueError`` naming the field unless its value is an integer in the range."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{field}: {value} is not allowed; an integer from {least} to {most} is")


def check_batch(batch_size: int, images: int) -> None:
    """``ValueError`` if a minibatch is larger than the number of training images."""
    if batch_size > images:
        raise ValueError(f"batch_size: {batch_size} is not allowed; at most the {images} training images are")


def check_device(name: str) -> None:
    """``ValueError`` unless tensors can be made on the device, a CPU or a CUDA device."""
    try:
        if torch.device(name).type not in ("cpu", "cuda"):
            raise RuntimeError("no device to train on")
        torch.empty(1, device=torch.device(name), dtype=torch.float64)
    except (RuntimeError, AssertionError, TypeError) as error:
        devices = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
        raise ValueError(f"device: {name!r} is not available; {', '.join(devices)} are") from error


def network_for(spec: TrainSpec, images: Images, seed: int) -> Network:
    """The network of a checked specification for these images."""
    assert spec.bn_epsilon is not None
    return build_network(spec.network, images.side, images.classes, str(spec.activation), spec.bn_epsilon, seed)


def facts(spec: TrainSpec, network: Network) -> dict[str, Any]:
    """What the run says of itself, as the hypotheses of the claims read it; the reasons stand beside what fails.

    A planted fault or an update from outside is not known here. What only estimates can tell (the smoothness) is left out.
    """
    assert spec.bn_epsilon is not None
    smooth = ACTIVATIONS[str(spec.activation)].smooth
    double = all(weight.dtype == torch.float64 for weight in network.weights)
    said: dict[str, Any] = {
        "scale_invariant": spec.bn_epsilon <= INVARIANCE_EPSILON and double,
        "differentiable": smooth,
        "twice_differentiable": smooth,
        "gradient_step": True,
        # a plain gradient step is one of any momentum method with beta = 0
        "heavy_ball_step": True,
        "nesterov_step": True,
        "decay_step": True,
        "no_momentum": True,
        "no_decay": True,
        "zero_buffer": True,
        "momentum_range": True,
        "full_gradient": spec.optimizer == "gd",
        "constant_rate": True,
        "predicted_defect": True,
        # cross-entropy is positive
        "lower_bound": True,
        "f_low": 0.0,
        "even": False,
        "even_reason": "the network is not even in the weights of a filter",
        "single_block": False,
        "single_block_reason": f"{sum(map(len, network.weights))} filters in {len(network.layers)} layers",
        "has_scale_variant": bool(network.scale_variant),
    }
    if not network.scale_variant:
        said["scale_variant_rate"] = True
    if spec.bn_epsilon > INVARIANCE_EPSILON:
        said["scale_invariant_reason"] = f"eps = {spec.bn_epsilon:g} of batch normalisation breaks it slightly"
    elif not double:
        said["scale_invariant_reason"] = "single precision: it holds to 1e-7 only"
    if not smooth:
        said["differentiable_reason"] = said["twice_differentiable_reason"] = f"the activation {spec.activation} has a kink"
    if spec.optimizer == "sgd":
        said["full_gradient_reason"] = f"each gradient is that of a minibatch of {spec.batch_size}"
    return said
