"""Instances: an objective, a start, learning rates or directions, decoded from the unit cube, so that random sampling and
search share one encoding; written to and read from small JSON, exactly.

A *family* fixes the objective's shape and what is known of it. Besides the families that meet every hypothesis there is, for
each hypothesis that can be broken, a family that breaks that one: a claim that drops the hypothesis is attacked there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np

from ratetheory.claims.statement import Facts, Setting
from ratetheory.numeric import objectives

Array = np.ndarray
COORDINATES = 3
HARMONICS = 24
MAX_STEPS = 1000


@dataclass(frozen=True)
class Family:
    """A shape of instances; ``breaks`` names the fact that fails on purpose."""

    base: str
    blocks: int = 1
    scalar: bool = False
    even: bool = False
    breaks: str | None = None

    @property
    def name(self) -> str:
        """The base, and after a slash what is broken."""
        return self.base if self.breaks is None else f"{self.base}/{self.breaks}"


_BASES = (
    Family("rayleigh", even=True),
    Family("linear"),
    Family("one-block"),
    Family("one-block-scalar", scalar=True),
    Family("two-blocks", blocks=2),
    Family("two-blocks-scalar", blocks=2, scalar=True),
    Family("circle"),
    Family("circle-even", even=True),
)


@dataclass(frozen=True)
class Break:
    """A hypothesis broken on purpose: the fact that fails, how, and the constants that are claimed wrongly, if any."""

    fact: str
    reason: str
    constants: frozenset[str] = frozenset()


BREAKS: dict[str, Break] = {
    "epsilon": Break("scale_invariant", "v = w/sqrt(|w|^2 + epsilon)"),
    "unpredicted": Break("predicted_defect", "the defect of v = w/sqrt(|w|^2 + epsilon) is taken for zero", frozenset({"d"})),
    "momentum": Break("gradient_step", "heavy ball"),
    "schedule": Break("constant_rate", "the learning rate changes by a power of t + 1"),
    "minibatch": Break("full_gradient", "every other step has the opposite additional term"),
    "kink": Break("twice_differentiable", "|a . v| instead of a . v"),
    "smoothness": Break("whole_sphere", "the smoothness constants are understated", frozenset({"M", "L", "Lam", "Lam_g"})),
    "decoupled": Break("decoupled", "the constants Lam are understated", frozenset({"Lam"})),
    "gradient": Break("gradient_bound", "the gradient bound is understated", frozenset({"Gbar"})),
    "minimum": Break("lower_bound", "the lower bound is overstated", frozenset({"f_low", "gap"})),
    "rate": Break("scale_variant_rate", "eta_g lies above 2/Lam_g", frozenset({"kappa", "nu_0", "eta_g"})),
}

_BROKEN = (
    Family("linear", breaks="epsilon"),
    Family("one-block", breaks="epsilon"),
    Family("linear", breaks="unpredicted"),
    Family("one-block", breaks="momentum"),
    Family("one-block", breaks="schedule"),
    Family("circle", breaks="schedule"),
    Family("one-block", breaks="minibatch"),
    Family("linear", breaks="kink"),
    Family("linear", breaks="smoothness"),
    Family("circle", breaks="smoothness"),
    Family("two-blocks", blocks=2, breaks="decoupled"),
    Family("circle", breaks="decoupled"),
    Family("linear", breaks="gradient"),
    Family("circle", breaks="gradient"),
    Family("one-block", breaks="minimum"),
    Family("circle", breaks="minimum"),
    Family("one-block-scalar", scalar=True, breaks="rate"),
)

_STEP = (Family("step"), Family("step", breaks="gradient"))
_AT_POINTS = ("epsilon", "kink", "smoothness", "decoupled", "gradient", "minimum")

FAMILIES: dict[str, Family] = {family.name: family for family in (*_BASES, *_BROKEN, *_STEP)}


def families(setting: Setting) -> tuple[Family, ...]:
    """The families that exist in this setting."""
    if setting == "step-inequality":
        return _STEP
    if setting == "trajectory":
        return (*_BASES, *_BROKEN)
    return (*_BASES, *(family for family in _BROKEN if family.breaks in _AT_POINTS))


def concerns(family: Family, symbols: Collection[str]) -> bool:
    """Whether a claim with these symbols can notice what the family breaks: constants that it does not use are no attack."""
    wrong = BREAKS[family.breaks].constants if family.breaks else frozenset()
    return not wrong or not wrong.isdisjoint(symbols)


def facts(family: Family) -> Facts:
    """What the hypotheses of the claims can read off every instance of the family."""
    known: dict[str, Any] = {
        "scale_invariant": True,
        "differentiable": True,
        "twice_differentiable": True,
        "gradient_step": True,
        "full_gradient": True,
        "constant_rate": True,
        "predicted_defect": True,
        "whole_sphere": True,
        "even": family.even,
        "lower_bound": True,
        "decoupled": True,
        "scale_variant_rate": True,
        "gradient_bound": True,
        "single_block": family.blocks == 1 and not family.scalar,
    }
    if family.breaks is not None:
        broken = BREAKS[family.breaks]
        known |= {broken.fact: False, f"{broken.fact}_reason": broken.reason}
    if family.breaks in ("kink", "unpredicted"):
        known |= {"differentiable": family.breaks != "kink", "scale_invariant": family.breaks != "unpredicted"}
    return known


@dataclass(frozen=True)
class Instances:
    """A batch of one family; every array of numbers has shape (instance, 1, ...)."""

    setting: Setting
    family: Family
    numbers: dict[str, Array]
    steps: int

    def __len__(self) -> int:
        return len(next(iter(self.numbers.values())))

    def only(self, index: int) -> Instances:
        """The batch of one instance."""
        numbers = {name: array[index : index + 1] for name, array in self.numbers.items()}
        return replace(self, numbers=numbers)


class Cube:
    """Hands out the coordinates of points of the unit cube; with no points given it counts how many are wanted."""

    def __init__(self, points: Array | None = None) -> None:
        self._points = points
        self.used = 0

    def _take(self, shape: tuple[int, ...]) -> Array:
        size = int(np.prod(shape))
        start, self.used = self.used, self.used + size
        if self._points is None:
            return np.full((1, 1, *shape), 0.75)
        return self._points[:, start : self.used].reshape(len(self._points), 1, *shape)

    def between(self, low: float, high: float, *shape: int) -> Array:
        """Uniform between two ends."""
        return low + (high - low) * self._take(shape)

    def decades(self, low: float, high: float, *shape: int) -> Array:
        """A power of ten with the exponent uniform between two ends."""
        return 10.0 ** self.between(low, high, *shape)

    def entries(self, *shape: int) -> Array:
        """In [-1, 1], denser near zero, so that searches reach directions that are nearly aligned."""
        t = self.between(-1, 1, *shape)
        return t * t * t


def dimension(setting: Setting, family: Family) -> int:
    """How many coordinates of the unit cube an instance takes."""
    cube = Cube()
    _numbers(setting, family, cube)
    return cube.used


def decode(setting: Setting, family: Family, points: Array, steps: int) -> Instances:
    """The instances that points of the unit cube, of shape (n, dimension(setting, family)), stand for."""
    with np.errstate(all="ignore"):  # a direction of length zero is not a number, and decides nothing
        return Instances(setting, family, _numbers(setting, family, Cube(points)), steps)


def sample(setting: Setting, family: Family, count: int, steps: int, rng: np.random.Generator) -> Instances:
    """Random instances."""
    return decode(setting, family, rng.random((count, dimension(setting, family))), steps)


def _numbers(setting: Setting, family: Family, cube: Cube) -> dict[str, Array]:
    if setting == "step-inequality":
        return _step_numbers(family, cube)
    circle = family.base.startswith("circle")
    p = _circle_numbers(family, cube) if circle else _product_numbers(family, cube)
    shape = (family.blocks, 2 if circle else COORDINATES)
    direction = cube.entries(*shape)
    size = np.sqrt(np.sum(direction**2, axis=-1, keepdims=True))
    p["w"] = direction / size * cube.decades(-1.5, 1.5, family.blocks, 1)
    p["g"] = cube.between(-3, 3, 1) if family.scalar else np.zeros((len(direction), 1, 1))
    p["weights"] = cube.decades(-0.5, 0.5, family.blocks + 1)
    p |= _breaking_numbers(family, cube, p)
    match setting:
        case "trajectory":
            p["eta"] = cube.decades(-4, 4, family.blocks)
        case "point":
            p |= {"u": cube.between(-1, 1, *shape), "v": cube.between(-1, 1, *shape), "k": cube.decades(-3, 3, 1)}
        case "great-circle":
            p |= {"u": cube.between(-1, 1, *shape), "turn": cube.between(-np.pi, np.pi, 1)}
    if family.scalar:
        low, high = (0.05, 1.0) if family.breaks == "rate" else (-3.0, -0.001)
        p["eta_g"] = cube.decades(low, high, 1) * 2 / decoupled(p)[..., -1:]
    return p


def _step_numbers(family: Family, cube: Cube) -> dict[str, Array]:
    """A block's start b_0, a later b >= b_0 and the tangent x <= Gbar/b of one step's angle."""
    Gbar, b_0 = cube.decades(-2, 2, 1), cube.decades(-6, 6, 1)
    b = b_0 * cube.decades(-1, 5, 1).clip(1)
    share = cube.decades(0.05, 2, 1) if family.breaks == "gradient" else cube.decades(-7, 1, 1).clip(None, 1)
    return {"Gbar": Gbar, "Lam": 2 * Gbar * cube.decades(-2, 2, 1), "b_0": b_0, "b": b, "x": share * Gbar / b}


def _product_numbers(family: Family, cube: Cube) -> dict[str, Array]:
    scale = cube.decades(-2, 2, 1, 1)
    shape = (family.blocks, COORDINATES)
    p = {
        "a": cube.between(-1, 1, *shape) * scale ** (1 / family.blocks) * (family.base != "rayleigh"),
        "B": cube.between(-1, 1, *shape) * scale * (family.base != "linear"),
    }
    if family.scalar:
        p["stiffness"] = np.maximum(cube.between(-0.5, 1, 1), 0) * cube.decades(-1, 0.5, 1) * scale[..., 0]
    if family.breaks == "kink":
        p["kink"] = np.ones_like(scale[..., 0])
    return p


def _circle_numbers(family: Family, cube: Cube) -> dict[str, Array]:
    """A mixture of random coefficients and of a smoothed wave whose second derivative is nearly +-1 throughout."""
    random = cube.between(-1, 1, 2, 4) * np.arange(1.0, 5.0) ** -2
    share = np.clip(cube.between(-0.5, 1.5, 1), 0, 1)
    phase = cube.between(0, 2 * np.pi, 1)
    odd = np.arange(1, HARMONICS, 2)
    # squared Lanczos factors keep the second derivative of the truncated wave within half a per cent of its plateau
    wave = 4 / (np.pi * odd**3.0) * np.sinc(odd / (HARMONICS + 1)) ** 2
    cosine, sine = (np.zeros((len(random), 1, HARMONICS)) for _ in range(2))
    cosine[..., odd - 1], sine[..., odd - 1] = -share * wave * np.sin(odd * phase), share * wave * np.cos(odd * phase)
    cosine[..., :4] += (1 - share) * random[:, :, 0]
    sine[..., :4] += (1 - share) * random[:, :, 1]
    if family.even:
        cosine, sine = _doubled(cosine), _doubled(sine)
    scale = cube.decades(-2, 2, 1)
    return {"cosine": cosine * scale, "sine": sine * scale}


def _doubled(coefficients: Array) -> Array:
    """The coefficients of F(2 phi), as far as they fit."""
    doubled = np.zeros_like(coefficients)
    doubled[..., 1::2] = coefficients[..., : HARMONICS // 2]
    return doubled


def decoupled(p: objectives.Numbers) -> Array:
    """Lam = (M x)/x for the positive weights x, as plain numbers; the last entry belongs to g."""
    M, x = objectives.constants(p).M.value, p["weights"]
    return (M @ x[..., None])[..., 0] / x


def _breaking_numbers(family: Family, cube: Cube, p: dict[str, Array]) -> dict[str, Array]:
    match family.breaks:
        case "epsilon" | "unpredicted":
            return {"epsilon": np.sum(p["w"] ** 2, axis=-1, keepdims=True) * cube.decades(-2, 1, 1, 1)}
        case "momentum":
            return {"momentum": cube.between(0.3, 0.95, 1, 1)}
        case "schedule":
            return {"exponent": cube.between(-2, 2, 1)}
        case "minibatch":
            size = np.max(np.abs(p["a"]) + np.abs(p["B"]), axis=-1, keepdims=True)
            return {"tilt": cube.between(-1, 1, 1, COORDINATES) * size * cube.decades(-1, 1, 1, 1)}
        case "smoothness" | "decoupled" | "gradient" | "minimum":
            return {"factor": cube.decades(-1.5, -0.05, 1)}
        case _:
            return {}


def invalid(instances: Instances) -> str | None:
    """What the first instance does not keep of what its family promises, as one line; ``None`` if it keeps all."""
    p, family = instances.numbers, instances.family
    positive = [
        name for name in ("eta", "eta_g", "weights", "k", "epsilon", "factor", "Gbar", "Lam", "b_0", "b", "x") if name in p
    ]
    for name in positive:
        if not np.all(p[name] > 0):
            return f"{name}: allowed: numbers above 0"
    if "stiffness" in p and not np.all(p["stiffness"] >= 0):
        return "stiffness: allowed: numbers, 0 or above"
    if "w" in p and not np.all(np.sum(p["w"] ** 2, axis=-1) > 0):
        return "w: allowed: no block of length zero"
    if "eta_g" in p and family.breaks != "rate" and not np.all(p["eta_g"] * decoupled(p)[..., -1:] < 2):
        return f"eta_g: allowed: below 2/Lam_g, here {float(2 / decoupled(p)[0, 0, -1])!r}"
    if "x" in p and not np.all(p["b"] >= p["b_0"]):
        return "b: allowed: at least b_0"
    if "x" in p and family.breaks != "gradient" and not np.all(p["x"] <= p["Gbar"] / p["b"]):
        return "x: allowed: at most Gbar/b"
    return None


# --- JSON -----------------------------------------------------------------------------------------------------------------


def to_json(instance: Instances) -> dict[str, Any]:
    """A batch of one as plain data; floats keep all their digits."""
    numbers = {name: array[0, 0].tolist() for name, array in instance.numbers.items()}
    return {"setting": instance.setting, "family": instance.family.name, "steps": instance.steps, "numbers": numbers}


def from_json(data: Any) -> Instances:
    """The batch of one that ``to_json`` wrote; ``ValueError`` with one line on anything else."""
    if not isinstance(data, Mapping) or set(data) != {"setting", "family", "steps", "numbers"}:
        raise ValueError("instance: allowed: an object with exactly the keys setting, family, steps, numbers")
    setting = data["setting"]
    if setting not in get_args(Setting):
        raise ValueError(f"setting: {str(setting)[:40]!r} is not known; allowed: {', '.join(get_args(Setting))}")
    allowed = {family.name: family for family in families(setting)}
    family = allowed.get(data["family"]) if isinstance(data["family"], str) else None
    if family is None:
        raise ValueError(f"family: {str(data['family'])[:40]!r} is not known; allowed: {', '.join(allowed)}")
    steps = data["steps"]
    if not isinstance(steps, int) or isinstance(steps, bool) or not 1 <= steps <= MAX_STEPS:
        raise ValueError(f"steps: {str(steps)[:40]} is not allowed; allowed: a whole number from 1 to {MAX_STEPS}")
    template = _numbers(setting, family, Cube())
    numbers = data["numbers"]
    if not isinstance(numbers, Mapping) or set(numbers) != set(template):
        raise ValueError(f"numbers: allowed: an object with exactly the keys {', '.join(sorted(template))}")
    arrays = {name: _array(name, numbers[name], template[name].ndim - 2) for name in template}
    _check_shapes(family, template, arrays)
    instance = Instances(setting, family, arrays, steps)
    if reason := invalid(instance):
        raise ValueError(reason)
    return instance


def _array(name: str, entries: Any, axes: int) -> Array:
    problem = f"{name}: allowed: finite numbers in {axes} nested lists"
    if not _numeric(entries, axes):
        raise ValueError(problem)
    try:
        array = np.asarray(entries, float)[None, None]
    except (ValueError, OverflowError) as error:
        raise ValueError(problem) from error
    if not np.all(np.isfinite(array)):
        raise ValueError(problem)
    return array


def _numeric(entries: Any, axes: int) -> bool:
    if axes == 0:
        return isinstance(entries, int | float) and not isinstance(entries, bool)
    return isinstance(entries, list) and 0 < len(entries) <= 64 and all(_numeric(entry, axes - 1) for entry in entries)


def _check_shapes(family: Family, template: dict[str, Array], arrays: dict[str, Array]) -> None:
    """Shapes are those of the family, but the number of coordinates and of harmonics is free."""
    coordinates = arrays["w"].shape[-1] if "w" in arrays else 2
    circle = "cosine" in template
    if coordinates < 2 or (circle and coordinates != 2):
        raise ValueError(f"w: {coordinates} coordinates; allowed: {'2' if circle else 'at least 2'}")
    for name, array in arrays.items():
        wanted = list(template[name].shape[2:])
        if name in ("w", "a", "B", "tilt", "u", "v"):
            wanted[-1] = coordinates
        elif name in ("cosine", "sine"):
            wanted[-1] = arrays["cosine"].shape[-1]
        if list(array.shape[2:]) != wanted:
            raise ValueError(f"{name}: shape {list(array.shape[2:])}; allowed: {wanted}")
