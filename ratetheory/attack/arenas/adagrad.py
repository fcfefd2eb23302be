"""AdaGrad-Norm on separable functions on R^d with known constants.

    F(x) = sum_i a_i p_i^2 s(x_i/p_i),     |s''| <= 1,  min s = 0,

so that F is smooth with the constant max a_i and F_low = 0. The shapes s: a parabola, a cosine, Huber's function, and the
function whose derivative is the triangle wave, whose curvature is +-1 throughout.

A computed run is one of the exact method whose every step is off by some rounding, the slip. The exact method at the computed
points, whose values of F have what the slips changed taken off, obeys every recursion; the error bars cover the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from ratetheory.attack.instances import Arena, Break, Cube, Family, Instances, broken_facts
from ratetheory.attack.records import Record
from ratetheory.claims import adagrad_norm
from ratetheory.claims.statement import Facts
from ratetheory.numeric import rounding
from ratetheory.numeric.rounding import LIBRARY, UNIT, Rounded, exact, rounded

Array = np.ndarray
COORDINATES = 3
_COORDINATEWISE = ("x", "a", "p", "noise")


def _huber(u: Array) -> tuple[Array, Array]:
    far = np.maximum(np.abs(u) - 1, 0.0)
    near = np.clip(u, -1, 1)
    return near * near / 2 + far, near


def _triangle(u: Array) -> tuple[Array, Array]:
    phase = u - 4 * np.rint(u / 4)  # exact, as is the distance from 2
    inner, rest = np.abs(phase) <= 1, 2 - np.abs(phase)
    return np.where(inner, phase * phase / 2, 1 - rest * rest / 2), np.where(inner, phase, np.sign(phase) * rest)


_SHAPES: Mapping[str, Callable[[Array], tuple[Array, Array]]] = {
    "quadratic": lambda u: (u * u / 2, u),
    "cosine": lambda u: (2 * np.sin(u / 2) ** 2, np.sin(u)),
    "huber": _huber,
    "triangle": _triangle,
}
"""For each family the value and the derivative of its shape."""

BREAKS: dict[str, Break] = {
    "smoothness": Break("smooth_everywhere", "the smoothness of F is understated", frozenset({"L_F", "G_F", "y_F"})),
    "minimum": Break("function_bounded_below", "the lower bound of F is overstated", frozenset({"F_low", "D_F", "G_F", "y_F"})),
    "accumulator": Break("adagrad_accumulator", "the accumulator adds a multiple of the squared gradient", frozenset({"B"})),
    "old-accumulator": Break("adagrad_step", "the step divides by the accumulator before its update"),
    "noise": Break("adagrad_step", "the gradient of the step has noise of alternating sign"),
}
FAMILIES = (
    *(Family(base) for base in _SHAPES),
    *(Family(base, breaks=broken) for broken in BREAKS for base in ("quadratic", "triangle")),
)


def facts(family: Family) -> Facts:
    """What the hypotheses of the claims can read off every instance of the family."""
    known: dict[str, bool | str] = dict.fromkeys((broken.fact for broken in BREAKS.values()), True)
    known |= broken_facts(family, BREAKS)
    return known


def numbers(family: Family, cube: Cube) -> dict[str, Array]:
    """A function, a start, a learning rate and the accumulator at the start, both in units in which they matter."""
    a = cube.decades(-2, 2, 1) * cube.decades(-2, 0, COORDINATES)
    p = cube.decades(-2, 2, 1) * cube.decades(-1, 1, COORDINATES)
    size = p[..., :1]
    drawn = {
        "a": a,
        "p": p,
        "x": p * cube.entries(COORDINATES) * cube.decades(-0.5, 1, 1),
        "eta": size * cube.decades(-4, 4, 1),
        "B_0": a[..., :1] * size * cube.decades(-4, 4, 1),
    }
    match family.breaks:
        case "smoothness" | "minimum":
            drawn["factor"] = cube.decades(-1.5, -0.05, 1)
        case "accumulator":
            drawn["factor"] = cube.decades(0.2, 2, 1)
        case "noise":
            drawn["noise"] = a * p * cube.entries(COORDINATES) * cube.decades(-1, 2, 1)
    return drawn


def invalid(instances: Instances) -> str | None:
    """What the first instance does not keep of what its family promises, as one line; ``None`` if it keeps all."""
    given, breaks = instances.numbers, instances.family.breaks
    for name in ("a", "p", "eta", "B_0", "factor"):
        if name in given and not np.all(given[name] > 0):
            return f"{name}: allowed: numbers above 0"
    if breaks in ("smoothness", "minimum") and not np.all(given["factor"] < 1):
        return "factor: allowed: numbers below 1"
    if breaks == "accumulator" and not np.all(given["factor"] > 1):
        return "factor: allowed: numbers above 1"
    return None


def without_coordinate(instance: Instances) -> Iterator[Instances]:
    """The instance with one coordinate fewer."""
    kept = [name for name in _COORDINATEWISE if name in instance.numbers]
    count = instance.numbers["x"].shape[-1]
    for coordinate in range(count if count > 1 else 0):
        smaller = {name: np.delete(instance.numbers[name], coordinate, axis=-1) for name in kept}
        yield replace(instance, numbers=instance.numbers | smaller)


def gradient(instances: Instances, x: Array) -> tuple[Array, Array]:
    """The gradient and a bound on the error of each coordinate: the quotient x/p is rounded, and s' has slope at most 1."""
    a, p = instances.numbers["a"], instances.numbers["p"]
    u = x / p
    slope = _SHAPES[instances.family.base](u)[1]
    return a * p * slope, a * p * ((1 + 8 * UNIT) * UNIT * np.abs(u) + 2 * LIBRARY * np.abs(slope))


def function(instances: Instances, x: Array) -> Rounded:
    """F, of shape (instance, step, 1)."""
    a, p = instances.numbers["a"], instances.numbers["p"]
    u = x / p
    value, slope = _SHAPES[instances.family.base](u)
    # near a zero of the derivative the rounding of u acts through the curvature; the triangle wave subtracts from 1
    moved = (np.abs(slope) + 2 * UNIT * np.abs(u)) * 2 * UNIT * np.abs(u)
    lost = 2 * LIBRARY * (value + (instances.family.base == "triangle") * (value > 0.5))
    return rounding.over_blocks(exact(a) * exact(p) ** 2 * rounded(value, moved + lost))


def run(instances: Instances) -> tuple[Array, Array, Array]:
    """The points at t = 0..T, the accumulators there, and the noise-free gradients at t = 0..T-1."""
    given, breaks = instances.numbers, instances.family.breaks
    factor = given["factor"] if breaks == "accumulator" else 1.0
    x, B = given["x"], given["B_0"]
    points, accumulators, gradients = [x], [B], []
    for t in range(instances.steps):
        along, _ = gradient(instances, x)
        after = np.sqrt(B * B + factor * np.sum(along * along, axis=-1, keepdims=True))
        divisor = B if breaks == "old-accumulator" else after
        x = x - given["eta"] / divisor * (along + (-1) ** t * given.get("noise", 0.0))
        B = after
        points.append(x)
        accumulators.append(B)
        gradients.append(along)
    return tuple(np.concatenate(arrays, axis=1) for arrays in (points, accumulators, gradients))  # type: ignore[return-value]


def _norm(x: Array) -> Array:
    return np.sqrt(np.sum(x * x, axis=-1, keepdims=True))


def _before(increments: Array) -> Array:
    return np.concatenate([np.zeros_like(increments[:, :1]), np.cumsum(increments, axis=1)], axis=1)


def record(instances: Instances) -> Record:
    """The record of AdaGrad-Norm: every symbol of the claims about it, with error bars."""
    with np.errstate(all="ignore"):
        points, accumulators, gradients = run(instances)
        return _record(instances, points, accumulators, gradients)


def _record(instances: Instances, points: Array, accumulators: Array, gradients: Array) -> Record:
    given, breaks, d = instances.numbers, instances.family.breaks, points.shape[-1]
    slack = _norm(gradient(instances, points[:, :-1])[1])
    size = _norm(gradients)
    grad_F = rounded(size, slack + (d + 4) * UNIT * size)
    added = grad_F**2 * (exact(given["factor"]) if breaks == "accumulator" else 1.0)
    # the computed accumulator differs from the root of the sum by the roundings of its recursion
    squares = exact(given["B_0"]) ** 2 + rounding.sum(added)
    B = _joined(exact(given["B_0"]), rounding.sqrt(squares))
    B = Rounded(B.value, B.error + np.abs(accumulators - B.value))
    drift = _drift(instances, points, B, gradients, slack)
    F = function(instances, points)
    L = rounding.largest_block(exact(given["a"])) * (exact(given["factor"]) if breaks == "smoothness" else 1.0)
    start = F[:, :1]
    F_low = start * (1 - exact(given["factor"])) if breaks == "minimum" else exact(np.zeros_like(start.value))
    F_low = Rounded(F_low.value, F_low.error + drift[:, -1:])
    constants = (L, start - F_low, exact(given["eta"]), exact(given["B_0"]))
    G = adagrad_norm.gradient_bound(rounding, *constants)
    return {
        "F": Rounded(F.value, F.error + drift),
        "B": B,
        "grad_F": grad_F,
        "L_F": L,
        "F_low": F_low,
        "D_F": constants[1],
        "eta_F": constants[2],
        "G_F": G,
        "y_F": adagrad_norm.tangent_point(rounding, *constants, G),
    }


def _joined(first: Rounded, rest: Rounded) -> Rounded:
    parts = ((first.value, rest.value), (first.error, rest.error))
    return Rounded(*(np.concatenate(pair, axis=1) for pair in parts))


def _drift(instances: Instances, points: Array, B: Rounded, gradients: Array, slack: Array) -> Array:
    """A bound on what the slips can have changed F by at t = 0..T: slope at the point reached times slip plus curvature."""
    given = instances.numbers
    along = gradients + (-1.0) ** np.arange(instances.steps)[:, None] * given.get("noise", 0.0)
    divisor = B[:, :-1] if instances.family.breaks == "old-accumulator" else B[:, 1:]
    rate = exact(given["eta"]) / divisor
    move = rate.value * _norm(along)
    slip = rate.upper * slack + _norm(along) * rate.error + UNIT * (8 * move + 2 * _norm(points[:, 1:]))
    reached, error = gradient(instances, points[:, 1:])
    slope = _norm(reached) + _norm(error)
    smoothness = np.max(given["a"], axis=-1, keepdims=True)
    return _before((slope * slip + smoothness * slip * slip / 2) * (1 + 64 * UNIT))


ADAGRAD = Arena(
    "adagrad",
    families=FAMILIES,
    numbers=numbers,
    record=record,
    facts=facts,
    invalid=invalid,
    breaks=BREAKS,
    lengths=(_COORDINATEWISE,),
    smaller=without_coordinate,
    steps=40,
    search_steps=16,
    instances=200,
)
