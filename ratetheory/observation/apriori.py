"""The bound before training, from constants that are estimated along the run: always labelled ``estimated``.

Every filter is a block of its own. A layer as one block would be looser, and outside the hypotheses: of several separately
invariant blocks merged into one the gradient is unbounded on the sphere, where one of them is small.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ratetheory.claims import claims
from ratetheory.files import write_file
from ratetheory.numeric.bound import Bound
from ratetheory.numeric.certified_bound import bound_of_constants
from ratetheory.numeric.constants import Block, Constants
from ratetheory.observation.trace import PART_LIMIT, Trace, read_run

PLACEHOLDERS = dict.fromkeys(("L", "Lam", "Gbar", "f_low", "gap", "Lam_g", "eta_g", "kappa", "nu_0"), 1.0)
KEPT = "smoothness-kept.json"
"""The estimate beside a trace that was made elsewhere: of a model that ``compare`` cannot build itself."""
_CACHE_BYTES = 64 * 2**20
_FROM_ESTIMATES = ("whole_sphere", "decoupled", "gradient_bound", "scale_variant_rate")


@dataclass(frozen=True)
class Apriori:
    """``bound`` of claim ``gd-rate`` from estimated ``constants``, beside what was ``observed``.

    Both speak of min over t < T of sum |G|^2 + |H|^2. ``label``: ``estimated``, or ``vacuous`` if the bound says no more than
    the first gradient does; ``informative_from`` is the number of steps from which it says more.
    """

    bound: Bound
    observed: float
    constants: Mapping[str, Any]

    @property
    def label(self) -> str:
        """``vacuous`` or ``estimated``."""
        return "vacuous" if self.bound.method == "trivial" else "estimated"

    @property
    def informative_from(self) -> float:
        """The number of steps from which C/T is below the trivial bound."""
        L, Lam, gap = self.constants["L"], self.constants["Lam"], self.constants["gap"]
        first = 2 * max(*Lam, self.constants["Lam_g"]) * gap
        if self.constants["eta_g"] == 0:
            # sum Gbar_i^2 says nothing about the scale-variant parameters
            first = min(first, float(np.sum((np.pi / 2 * L) ** 2)))
        return float(self.bound.total) / first if first > 0 else 1.0

    def as_dict(self) -> dict[str, Any]:
        """The bound and what was observed, as plain data."""
        constants = {name: np.asarray(value).tolist() for name, value in self.constants.items()}
        return {
            **asdict(self),
            "bound": self.bound.as_dict(),
            "label": self.label,
            "informative_from": self.informative_from,
            "constants": constants,
        }


def constants_of(trace: Trace, path: Path | None, points: int) -> tuple[Mapping[str, Any] | str, Mapping[str, Any]]:
    """The constants of sections 4 to 6 for each filter, estimated along the run, and the run's facts with what they settle.

    Where the run does not meet the other hypotheses of ``gd-rate``, or cannot be estimated, the reason stands in their place.
    """
    claim = claims["gd-rate"]
    supposed = {**trace.facts, **dict.fromkeys(_FROM_ESTIMATES, True)}
    if "scale_variant_rate" in trace.facts:
        supposed["scale_variant_rate"] = trace.facts["scale_variant_rate"]
    reason = claim.inapplicable(claim.conclusions[0], supposed)
    if reason is not None:
        return reason, trace.facts
    if path is None or not ((path / "snapshots").is_dir() or (path / KEPT).exists()) or "loss" not in trace.dataset:
        return "whole-sphere: the trace holds no snapshots of the weights to estimate the smoothness from", trace.facts
    constants = _constants(trace, _estimate(path, points))
    facts = {**supposed, "scale_variant_rate": constants["kappa"] > 0}
    facts["scale_variant_rate_reason"] = f"kappa = {constants['kappa']:.3g} with the estimated Lam_g"
    if constants["kappa"] <= 0:
        return f"scale-variant-rate: {facts['scale_variant_rate_reason']}", facts
    return constants, facts


def _estimate(path: Path, points: int) -> dict[str, Any]:
    """The estimate that was kept beside this trace, or else its own, computed once."""
    if (path / KEPT).exists():
        return _kept(path)
    kept, snapshots = path / f"smoothness-{points}.json", _fingerprint(path)
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(kept.read_bytes()[:_CACHE_BYTES])
        if content["snapshots"] == snapshots and all(_is_positive(content["estimate"][name]) for name in ("L", "Lam")):
            return dict(content["estimate"])
    from ratetheory.training.curvature import estimate_smoothness

    estimate = estimate_smoothness(path, points=points).as_dict()
    # a trace that cannot be written to is estimated anew each time
    with contextlib.suppress(OSError):
        write_file(kept, json.dumps({"snapshots": snapshots, "estimate": estimate}).encode())
    return estimate


def keep_estimate(path: Path, estimate: Mapping[str, Any]) -> Path:
    """Keep an estimate of the same blocks beside the trace of its run, for ``compare``; the file, which replaces an older one.

    ``estimate``: plain data with the positive numbers ``L`` and ``Lam``, ``Lam_g`` (a positive number, or ``None`` without
    scale-variant weights) and the names of its ``blocks``. ``ValueError``: no trace, one of other blocks, or no such numbers.
    """
    run = read_run(path)
    others = sorted({str(entry["name"]) for entry in run["blocks"]} - set(estimate["blocks"]))
    if others:
        raise ValueError(f"{path}: block {others[0]!r} of the trace is not in the estimate; the same blocks are expected")
    content = {"run": _run_fingerprint(run), "estimate": dict(estimate)}
    _checked(content, run, path / KEPT)
    write_file(path / KEPT, json.dumps(content).encode())
    return path / KEPT


def _kept(path: Path) -> dict[str, Any]:
    file = path / KEPT
    if not file.is_file() or file.stat().st_size > _CACHE_BYTES:
        raise ValueError(f"{file}: no regular file of at most {_CACHE_BYTES} bytes")
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file}: no valid JSON ({type(error).__name__})") from error
    return _checked(content, read_run(path), file)


def _checked(content: Any, run: Mapping[str, Any], file: Path) -> dict[str, Any]:
    estimate = content.get("estimate") if isinstance(content, dict) else None
    if not isinstance(estimate, dict) or content.get("run") != _run_fingerprint(run):
        raise ValueError(f"{file}: no estimate of this run; remove it, or estimate again")
    for name in ("L", "Lam", "Lam_g"):
        value = estimate.get(name)
        if not (_is_positive(value) or (name == "Lam_g" and value is None)):
            raise ValueError(f"{file}: {name} = {str(value)[:40]} is not allowed; a positive finite number is")
    return estimate


def _run_fingerprint(run: Mapping[str, Any]) -> str:
    """A hash of what does not change while a run goes on."""
    return hashlib.sha256(json.dumps([run["specification"], run["blocks"]], sort_keys=True).encode()).hexdigest()


def _fingerprint(path: Path) -> str:
    """A hash of what the estimate depends on: the specification and the snapshots."""
    digest = hashlib.sha256(json.dumps(read_run(path)["specification"], sort_keys=True).encode())
    for snapshot in sorted((path / "snapshots").iterdir()):
        digest.update(snapshot.name.encode())
        digest.update(snapshot.read_bytes() if snapshot.is_file() and snapshot.stat().st_size < PART_LIMIT else b"")
    return digest.hexdigest()


def _is_positive(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value) and value > 0


def _constants(trace: Trace, estimate: Mapping[str, Any]) -> dict[str, Any]:
    count = trace.dataset.sizes["block"]
    L, Lam, Lam_g = float(estimate["L"]), float(estimate["Lam"]), estimate["Lam_g"]
    f_low = trace.facts.get("f_low")
    if not isinstance(f_low, int | float) or not math.isfinite(f_low):
        raise ValueError(f"f_low: {str(f_low)[:40]!r} in the facts of the trace is no number; allowed: a finite number")
    rate = float(trace.run["specification"].get("scale_variant_learning_rate", 0.0)) if Lam_g is not None else 0.0
    kappa = 1 - rate * (Lam_g or 0.0) / 2
    return {
        "L": np.full(count, L),
        "Lam": np.full(count, Lam),
        "Gbar": np.full(count, np.pi / 2 * L),
        "f_low": f_low,
        "gap": float(trace.dataset["loss"].values[0]) - f_low,
        # without scale-variant parameters H = 0, and any positive number serves
        "Lam_g": Lam if Lam_g is None else float(Lam_g),
        "eta_g": rate,
        "kappa": kappa,
        "nu_0": 1 / (rate * kappa) if rate > 0 and kappa > 0 else 0.0,
    }


def apriori_bound(trace: Trace, constants: Mapping[str, Any], observed: float) -> Apriori:
    """The bound at the run's number of steps; ``observed`` is the smallest squared gradient of the run."""
    S, eta = trace.dataset["squared_norm"].values[0], trace.dataset["learning_rate"].values[0]
    # the estimate of Lam is one-sided, that of L two-sided: where curvature is negative it can be the larger
    Lam = tuple(Fraction(float(max(pair))) for pair in zip(constants["Lam"], constants["L"], strict=True))
    variant = constants["eta_g"] > 0
    given = Constants(
        blocks=tuple(
            Block(str(entry["name"]), *(Fraction(float(x)) for x in (S[i], eta[i], constants["L"][i], constants["Gbar"][i])))
            for i, entry in enumerate(trace.run["blocks"])
        ),
        gap=Fraction(float(constants["gap"])),
        decoupled=(*Lam, Fraction(float(constants["Lam_g"]))) if variant else Lam,
        scale_variant_learning_rate=Fraction(float(constants["eta_g"])) if variant else None,
        scale_variant_smoothness=Fraction(float(constants["Lam_g"])) if variant else Fraction(0),
        estimated=("smoothness", "decoupled_smoothness", "gradient_bound"),
    )
    bound = bound_of_constants(given, int(trace.dataset.sizes["step"]), None, ("sharper",), True)
    return Apriori(bound, observed, constants)
