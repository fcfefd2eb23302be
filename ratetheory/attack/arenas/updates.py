"""Update rules beyond the gradient step: decay, heavy ball and Nesterov's momentum on scale-invariant objectives, and updates
of any kind on weights alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ratetheory.attack.arenas.descent import COORDINATES, product_numbers, start, without_coordinate
from ratetheory.attack.arenas.methods import record
from ratetheory.attack.instances import Arena, Break, Cube, Family, Instances, broken_facts
from ratetheory.claims.statement import Facts

Array = np.ndarray
PERIOD = 3
"""Rates, decays and updates repeat after so many steps: enough for a rate that rises and falls again."""
_SPATIAL = ("w", "a", "B", "tilt", "buffer", "across")


@dataclass(frozen=True)
class Method:
    """What the update rule of a family is made of.

    ``root``: the decay belongs to a root of the polynomial; ``minibatch``: every other step has the opposite additional term.
    """

    nesterov: bool = False
    momentum: bool = True
    decay: bool = False
    schedule: bool = False
    buffer: bool = False
    root: bool = False
    minibatch: bool = False


METHODS: dict[str, Method] = {
    "decayed": Method(momentum=False, decay=True, schedule=True),
    "heavy-ball": Method(schedule=True, minibatch=True),
    "heavy-ball-constant": Method(),
    "heavy-ball-moving": Method(buffer=True),
    "heavy-ball-decay": Method(decay=True, schedule=True, buffer=True),
    "heavy-ball-root": Method(decay=True, root=True),
    "nesterov": Method(nesterov=True, schedule=True, minibatch=True),
    "nesterov-constant": Method(nesterov=True),
    "nesterov-decay": Method(nesterov=True, decay=True, buffer=True),
}
ANY = "any-update"

BREAKS: dict[str, Break] = {
    "epsilon": Break("scale_invariant", "v = w/sqrt(|w|^2 + epsilon)"),
    "schedule": Break("constant_rate", "the learning rate changes, the decay with it so that eta lam does not"),
    "flip": Break("positive_factor", "eta lam lies above 1"),
    "uncorrected": Break("corrected_buffer", "the buffer is rescaled alone"),
    "wrong-root": Break("positive_root", "a is no root", frozenset({"root"})),
    "beyond": Break("momentum_range", "beta lies above 1"),
    "unsettled": Break("settled_shift", "c_0 = 0: both buffers start at zero"),
    "longer": Break("heavy_ball_step", "the weights move by twice the step"),
    "unrecorded": Break("update_known", "a part of the update is not recorded", frozenset({"update"})),
    "backward": Break("forward", "the update turns the weights by more than 90 degrees"),
}

FAMILIES = (
    Family("decayed", blocks=2),
    Family("heavy-ball"),
    Family("heavy-ball-constant"),
    Family("heavy-ball-moving"),
    Family("heavy-ball-decay", blocks=2),
    Family("heavy-ball-root"),
    Family("nesterov"),
    Family("nesterov-constant"),
    Family("nesterov-decay", blocks=2),
    Family(ANY),
    Family("heavy-ball-decay", breaks="epsilon"),
    Family("heavy-ball-root", breaks="schedule"),
    Family("decayed", breaks="flip"),
    Family("heavy-ball-decay", breaks="uncorrected"),
    Family("heavy-ball-root", breaks="wrong-root"),
    Family("heavy-ball-root", breaks="beyond"),
    Family("heavy-ball-root", breaks="unsettled"),
    Family("nesterov-constant", breaks="unrecorded"),
    Family(ANY, breaks="unrecorded"),
    Family(ANY, breaks="backward"),
    Family("decayed", blocks=2, breaks="epsilon"),
    Family("decayed", breaks="longer"),
)


def facts(family: Family) -> Facts:
    """What the hypotheses of the claims can read off every instance of the family."""
    known: dict[str, Any] = {"update_known": True, "forward": False}
    if family.base == ANY:
        known |= {"forward": True}
    else:
        method = METHODS[family.base]
        known |= {
            "scale_invariant": True,
            "differentiable": True,
            "twice_differentiable": True,
            "heavy_ball_step": not method.nesterov,
            "nesterov_step": method.nesterov,
            "decay_step": not method.momentum,
            "no_momentum": not method.momentum,
            "no_decay": not method.decay,
            "zero_buffer": not method.buffer,
            "constant_rate": not method.schedule,
            "positive_factor": True,
            "corrected_buffer": True,
            "positive_root": method.root,
            "momentum_range": True,
            "settled_shift": method.root,
        }
    known |= broken_facts(family, BREAKS)
    return known


def numbers(family: Family, cube: Cube) -> dict[str, Array]:
    """Weights, and an objective with a method's numbers or a cycle of updates relative to the weights."""
    p = {"w": start(cube, family.blocks, COORDINATES)}
    if family.base == ANY:
        return p | _update_numbers(family, cube)
    p |= product_numbers(family, cube)
    p |= _method_numbers(METHODS[family.base], family, p, cube)
    if family.breaks == "epsilon":
        p["epsilon"] = np.sum(p["w"] ** 2, axis=-1, keepdims=True) * cube.decades(-2, 1, 1, 1)
    if family.breaks in ("wrong-root", "unrecorded"):
        p["factor"] = cube.decades(-0.3, -0.02, 1)
    return p


def _update_numbers(family: Family, cube: Cube) -> dict[str, Array]:
    """Every update is |w| times (along v + across): forward for along > -1."""
    p = {
        "along": cube.decades(-2, 2, PERIOD) * (-1 if family.breaks == "backward" else 1) - 1,
        "across": cube.entries(PERIOD, COORDINATES) * cube.decades(-3, 1, PERIOD, 1),
    }
    if family.breaks == "unrecorded":
        p["factor"] = cube.decades(-0.3, -0.02, 1)
    return p


def _method_numbers(method: Method, family: Family, known: dict[str, Array], cube: Cube) -> dict[str, Array]:
    """Learning rates with which a step turns the weights by about 1e-3 to 1.5; decay, momentum and a start of the buffer."""
    slope, p = np.max(np.abs(known["a"]) + np.abs(known["B"]), axis=-1), {}
    if method.minibatch:
        p["tilt"] = cube.between(-1, 1, 1, COORDINATES) * slope[..., None] * cube.decades(-0.5, 1.5, 1, 1)
        slope = np.maximum(slope, np.max(np.abs(p["tilt"]), axis=-1))
    p["eta"] = cube.decades(-3, 1.5, family.blocks) * np.sum(known["w"] ** 2, axis=-1) / slope
    if method.momentum:
        low, high = (1.01, 1.5) if family.breaks == "beyond" else (0.01, 0.98)
        p["beta"] = cube.between(low, high, 1)
    if method.schedule or family.breaks == "schedule":
        # with decay a rate that grows fast turns the weights round
        p["cycle"] = cube.decades(-0.3, 0.3, PERIOD) if method.decay else cube.decades(-2, 2, PERIOD)
    if method.buffer:
        p["buffer"] = start(cube, family.blocks, COORDINATES) * cube.decades(-1, 1, 1, 1) / p["eta"][..., None]
    if method.root:
        p["root"] = p["beta"] + (1 - p["beta"]) * cube.between(0.02, 0.98, family.blocks)
    elif method.decay:
        low, high = (0.05, 0.5) if family.breaks == "flip" else (-3.0, -0.7 if method.momentum else -0.01)
        p["decay"] = cube.decades(low, high, PERIOD)
        if method.momentum:
            p["shift"] = cube.decades(-3, -0.7, family.blocks) / p["eta"]
    return p


def invalid(instances: Instances) -> str | None:
    """What the first instance does not keep of what its family promises, as one line; ``None`` if it keeps all."""
    p, family = instances.numbers, instances.family
    for name in ("eta", "cycle", "decay", "epsilon", "factor", "root", "shift"):
        if name in p and not np.all(p[name] > 0):
            return f"{name}: allowed: numbers above 0"
    if p["w"].shape[-1] < 2:
        return f"w: {p['w'].shape[-1]} coordinates; allowed: at least 2"
    if not np.all(np.sum(p["w"] ** 2, axis=-1) > 0):
        return "w: allowed: no block of length zero"
    if "beta" in p and not np.all((p["beta"] >= 0) & ((p["beta"] < 1) | (family.breaks == "beyond"))):
        return "beta: allowed: from 0 to below 1"
    if "root" in p and not np.all((p["root"] - p["beta"]) * (1 - p["root"]) > 0):
        return "root: allowed: between beta and 1"
    if "factor" in p and not np.all(p["factor"] < 1):
        return "factor: allowed: below 1"
    if "decay" in p and family.breaks != "flip" and not np.all(p["decay"] < 1):
        return "decay: allowed: below 1"
    if "along" in p and family.breaks != "backward" and not np.all(p["along"] > -1):
        return "along: allowed: above -1"
    return None


def smaller(instance: Instances) -> Iterator[Instances]:
    """The instance with one coordinate fewer."""
    return without_coordinate(instance, _SPATIAL)


OPTIMIZER = Arena(
    "optimizer",
    families=FAMILIES,
    numbers=numbers,
    record=record,
    facts=facts,
    invalid=invalid,
    breaks=BREAKS,
    lengths=(_SPATIAL,),
    smaller=smaller,
    steps=16,
    search_steps=6,
    instances=1000,
)
