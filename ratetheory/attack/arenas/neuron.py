"""A batch-normalised neuron on random data along great circles, and the usual normalisation layers at single points.

Derivatives are those of truncated Taylor series, from the definitions of the layers: a *jet* is the value, the first and the
second derivative in one real variable, each with its error bar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ratetheory.attack.instances import Arena, Break, Cube, Family, Instances, broken_facts
from ratetheory.claims.statement import Facts
from ratetheory.numeric.rounding import LIBRARY, UNIT, Rounded, cos, exact, over_blocks, rounded, sqrt

Array = np.ndarray
Jet = tuple[Rounded, Rounded, Rounded]
FEATURES, SAMPLES, GROUPS = 3, 6, 2


def _total(x: Rounded) -> Rounded:
    """The sum over the last axis, which stays."""
    return over_blocks(x)


def _swapped(x: Rounded) -> Rounded:
    return Rounded(np.swapaxes(x.value, -1, -2), np.swapaxes(x.error, -1, -2))


def _joined(x: Rounded, y: Rounded) -> Rounded:
    return Rounded(np.concatenate([x.value, y.value], axis=-1), np.concatenate([x.error, y.error], axis=-1))


def _applied(weights: Rounded, features: Rounded) -> Rounded:
    """<w, x_i> for weights (..., d) and features (..., d, n)."""
    return _total(_swapped(weights[..., None] * features))[..., 0]


def _centred(features: Rounded) -> Rounded:
    return features - _total(features) / float(features.shape[-1])


def times(first: Jet, second: Jet) -> Jet:
    """The product of two jets."""
    (a, b, c), (x, y, z) = first, second
    return a * x, a * y + b * x, a * z + 2.0 * (b * y) + c * x


def inverse_root(jet: Jet) -> Jet:
    """One over the square root of a positive jet."""
    a, b, c = jet
    root = 1.0 / sqrt(a)
    return root, -0.5 * (b / a) * root, root * (0.75 * (b / a) ** 2 - 0.5 * (c / a))


def sum_of_squares(jet: Jet) -> Jet:
    """The sum of squares over the last axis."""
    first, second, third = (_total(part) for part in times(jet, jet))
    return first, second, third


# --- the neuron along a great circle ----------------------------------------------------------------------------------------

_LOSSES: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array], float, float]] = {
    "sine": (np.cos, lambda y: -np.sin(y), 1.0, 1.0),
    "logistic": (lambda y: 0.5 + 0.5 * np.tanh(y / 2), lambda y: 0.25 / np.cosh(y / 2) ** 2, 0.25, 0.1),
    "ln-cosh": (np.tanh, lambda y: 1 / np.cosh(y) ** 2, 1.0, 0.8),
}
"""First and second derivative of a function of slope at most 1, and bounds on the second and the third."""

NEURON_BREAKS = {
    "normaliser": Break("smoothed_batch_norm", "the neuron divides by a fraction of the root"),
    "condition": Break("condition", "the condition number is understated", frozenset({"cond"})),
    "slope": Break("loss_slope", "the slope of the losses is understated", frozenset({"loss_slope"})),
    "curvature": Break("loss_curvature", "the second derivative of the losses is understated", frozenset({"loss_curvature"})),
}


def _neuron_facts(family: Family) -> Facts:
    known: dict[str, Any] = dict.fromkeys((one.fact for one in NEURON_BREAKS.values()), True)
    return {**known, **broken_facts(family, NEURON_BREAKS)}


def _neuron_numbers(family: Family, cube: Cube) -> dict[str, Array]:
    """Features, weights, a direction, a loss for each sample; ``corner``: nearly the data of the extreme second derivative."""
    if family.base == "corner":
        signs = np.array([[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0]])
        scale = cube.decades(0, 3.5, 1, 1) ** np.array([[1.0], [0.0]])
        x = (signs + 0.3 * cube.entries(2, 4)) * scale
        w = np.concatenate([cube.entries(1), np.ones_like(scale[..., 0, :])], axis=-1)
        # z'' is nearly -cond times the second sign: slopes of that sign add up
        phase = np.pi / 2 * (1 - signs[1]) + np.pi * cube.entries(4)
    else:
        x = cube.between(-1, 1, FEATURES, SAMPLES) * cube.decades(-2, 0, FEATURES, 1) * cube.decades(-2, 2, 1, 1)
        w = cube.entries(FEATURES)
        phase = cube.between(-np.pi, np.pi, SAMPLES)
    size = np.mean(np.sum(x**2, axis=-2), axis=-1, keepdims=True)
    p = {
        "x": x,
        "w": w,
        "u": cube.between(-1, 1, x.shape[-2]),
        "eps": size * cube.decades(-14, 0.5, 1),
        "gain": np.sign(cube.between(-1, 1, 1)) * cube.decades(-2, 2, 1),
        "amplitude": cube.decades(-2, 2, 1),
        "frequency": cube.decades(-1, 1, 1),
        "phase": phase,
    }
    return p | ({} if family.breaks is None else {"factor": cube.decades(-1.5, -0.05, 1)})


def _condition(features: Rounded, eps: Rounded) -> Rounded:
    """The condition number of Cov + eps I, by eigenvalues that are off by no more than the matrix."""
    count = features.shape[-2]
    products = _total(features[..., :, None, :] * features[..., None, :, :])[..., 0] / float(features.shape[-1])
    matrix = products + eps[..., None] * exact(np.eye(count))
    values = np.linalg.eigvalsh(np.where(np.isfinite(matrix.value), matrix.value, 0.0))
    sizes = np.sum(np.abs(matrix.value), axis=(-2, -1))
    errors = np.sum(matrix.error, axis=(-2, -1)) + 64 * count * UNIT * sizes
    highest, lowest = (rounded(values[..., i], errors)[..., None] for i in (-1, 0))
    return highest / lowest


def _direction(weights: Array, direction: Array) -> tuple[Rounded, Rounded]:
    """The unit vectors v and xi, xi orthogonal to v."""
    v = exact(weights) / sqrt(_total(exact(weights) ** 2))
    across = exact(direction) - v * _total(v * direction)
    return v, across / sqrt(_total(across**2))


def _neuron_record(instances: Instances) -> dict[str, Any]:
    """Speed, first and second derivatives at a point of a great circle, and the constants as claimed."""
    with np.errstate(all="ignore"):  # what is divided by nothing known decides nothing
        return _along_circle(instances)


def _along_circle(instances: Instances) -> dict[str, Any]:
    p, breaks = instances.numbers, instances.family.breaks
    features, eps, gain = _centred(exact(p["x"])), exact(p["eps"]), exact(p["gain"])
    count = features.shape[-1]
    v, xi = _direction(p["w"], p["u"])
    # q = mean_i <c, x_i>^2 + eps |c|^2 is the squared length of one long vector, whose direction turns as the whitened c does
    along, across = (_joined(_applied(axis, features) / sqrt(exact(float(count))), sqrt(eps) * axis) for axis in (v, xi))
    long: Jet = (along, across, -along)
    direction = times(long, inverse_root(sum_of_squares(long)))
    turn = sqrt(_total(direction[1] ** 2))
    factor = exact(p["factor"]) if breaks is not None else exact(1.0)
    scale = sqrt(exact(float(count)) / (factor if breaks == "normaliser" else 1.0)) * gain * p["frequency"]
    inside = [scale * part[..., :count] for part in direction]
    first, second, bend, jerk = _LOSSES["sine" if instances.family.base == "corner" else instances.family.base]
    argument = inside[0] + p["phase"]
    slope = rounded(first(argument.value), argument.error * bend + LIBRARY)
    curvature = rounded(second(argument.value), argument.error * jerk + 2 * LIBRARY)
    amplitude = exact(p["amplitude"])
    frequency = exact(p["frequency"])
    return {
        "turn": turn,
        "turn_rate": _total(direction[1] * direction[2]) / turn,
        "neuron_first": amplitude * _total(slope * inside[1]) / float(count),
        "neuron_second": amplitude * _total(curvature * inside[1] ** 2 + slope * inside[2]) / float(count),
        "cond": _condition(features, eps) * (factor if breaks == "condition" else 1.0),
        "gain": gain,
        "loss_slope": amplitude * frequency * (factor if breaks == "slope" else 1.0),
        "loss_curvature": amplitude * frequency**2 * bend * (factor if breaks == "curvature" else 1.0),
    }


def _invalid(instances: Instances) -> str | None:
    p = instances.numbers
    for name in ("amplitude", "frequency", "factor", "eps"):
        if name in p and not np.all(p[name] > 0):
            return f"{name}: allowed: numbers above 0"
    return None if np.any(p["w"] != 0) else "w: allowed: no weights of length zero"


def _fewer_samples(names: tuple[str, ...], least: int) -> Callable[[Instances], Iterator[Instances]]:
    def smaller(instance: Instances) -> Iterator[Instances]:
        present = [name for name in names if name in instance.numbers]
        count = instance.numbers["x"].shape[-1]
        if count > least:
            for sample in range(count):
                fewer = {name: np.delete(instance.numbers[name], sample, axis=-1) for name in present}
                yield replace(instance, numbers=instance.numbers | fewer)

    return smaller


NEURON = Arena(
    "neuron",
    families=(
        *(Family(base) for base in (*_LOSSES, "corner")),
        *(Family("corner", breaks=name) for name in NEURON_BREAKS),
        Family("sine", breaks="condition"),
    ),
    numbers=_neuron_numbers,
    record=_neuron_record,
    facts=_neuron_facts,
    invalid=_invalid,
    breaks=NEURON_BREAKS,
    lengths=(("x", "phase"),),
    smaller=_fewer_samples(("x", "phase"), 2),
)

# --- the usual layers -------------------------------------------------------------------------------------------------------

LAYER_BREAKS = {
    "unbiased": Break("biased_variance", "the layer divides by the root of the unbiased variance plus eps"),
    "skip": Break("own_channel", "the output before normalisation is added to the loss"),
    "gain": Break("affine", "the gain is penalised"),
}


def _layer_facts(family: Family) -> Facts:
    known: dict[str, Any] = dict.fromkeys((one.fact for one in LAYER_BREAKS.values()), True)
    known |= {"differentiable": True, "one_group": family.base == "batch-norm"}
    known["one_group_reason"] = "there are two groups"
    return {**known, **broken_facts(family, LAYER_BREAKS)}


def _layer_numbers(family: Family, cube: Cube) -> dict[str, Array]:
    """f = sin(sum_i c_i y_i) + sum_i b_i y_i^2/2 of the outputs y, and what a broken family adds."""
    x = cube.between(-1, 1, FEATURES, SAMPLES) * cube.decades(-2, 2, 1, 1)
    w = cube.between(-1, 1, FEATURES)
    size = np.sum(w**2, axis=-1, keepdims=True) * np.mean(x**2, axis=(-2, -1))[..., None]
    return {
        "x": x,
        "w": w,
        "eps": size * cube.decades(-6, 1, 1),
        "c": cube.between(-1, 1, SAMPLES),
        "b": cube.between(-1, 1, SAMPLES),
        "gain": cube.between(-2, 2, 1),
        "shift": cube.between(-1, 1, 1),
    } | ({} if family.breaks is None else {"extra": cube.between(0.1, 1, 1)})


def _grouped(x: Rounded, groups: int) -> Rounded:
    """The last axis split into groups."""
    shape = (*x.shape[:-1], groups, -1)
    return Rounded(x.value.reshape(shape), x.error.reshape(shape))


def _flat(x: Rounded) -> Rounded:
    return Rounded(*(a.reshape(*a.shape[:-2], -1) for a in (x.value, x.error)))


def _layer_record(instances: Instances) -> dict[str, Any]:
    """The radial derivative of the weights, outputs and their derivatives."""
    p, breaks = instances.numbers, instances.family.breaks
    groups = 1 if instances.family.base == "batch-norm" else GROUPS
    eps, gain = exact(p["eps"]), exact(p["gain"])
    outputs = _applied(exact(p["w"]), exact(p["x"]))
    zero = exact(np.zeros_like(outputs.value))
    # k w has the outputs k <w, x_i>: value and derivative at k = 1
    deviation = _centred(_grouped(outputs, groups))
    size = deviation.shape[-1]
    jet: Jet = (deviation, deviation, _grouped(zero, groups))
    variance, *rates = (part / float(size) for part in sum_of_squares(jet))
    used = float(size) / (size - 1) if breaks == "unbiased" else 1.0
    root = inverse_root((variance * used + eps[..., None], rates[0] * used, rates[1] * used))
    z, moving, _ = (_flat(part) for part in times(jet, root))
    y, c, b = gain * z + p["shift"], exact(p["c"]), exact(p["b"])
    out_slope = cos(_total(c * y)) * c + b * y
    extra = exact(p["extra"]) if breaks is not None else exact(0.0)
    whole = _total(_centred(outputs) ** 2) / float(outputs.shape[-1])
    return {
        "eps": eps,
        "gain": gain,
        "variance": whole,
        "group_variance": _flat(variance + exact(np.zeros_like(deviation.value))),
        "out": z,
        "pull": gain * out_slope,
        "gain_slope": _total(out_slope * z) + (extra * gain if breaks == "gain" else 0.0),
        "filter_radial": _total(gain * out_slope * moving) + (_total(extra * outputs) if breaks == "skip" else 0.0),
    }


def _invalid_layer(instances: Instances) -> str | None:
    if not np.all(instances.numbers["eps"] > 0):
        return "eps: allowed: numbers above 0"
    if instances.numbers["x"].shape[-1] < 2 or (
        instances.family.base != "batch-norm" and instances.numbers["x"].shape[-1] != SAMPLES
    ):
        return "x: allowed: at least two entries a group, groups of one size"
    return None


NORMALISATION = Arena(
    "normalisation",
    families=(
        Family("batch-norm"),
        Family("group-norm"),
        *(Family("batch-norm", breaks=name) for name in LAYER_BREAKS),
        Family("group-norm", breaks="unbiased"),
    ),
    numbers=_layer_numbers,
    record=_layer_record,
    facts=_layer_facts,
    invalid=_invalid_layer,
    breaks=LAYER_BREAKS,
    lengths=(("x", "c", "b"),),
    smaller=lambda instance: _fewer_samples(("x", "c", "b"), 2)(instance) if instance.family.base == "batch-norm" else iter(()),
)
