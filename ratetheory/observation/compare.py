"""Hold the claims against a recorded run: contract verdicts, the fitted exponent, effective rates, the a-priori bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

import numpy as np

from ratetheory.claims import claims
from ratetheory.claims.hypotheses import PREDICTED_DEFECT
from ratetheory.claims.statement import Claim
from ratetheory.observation.apriori import PLACEHOLDERS, Apriori, apriori_bound, constants_of
from ratetheory.observation.exponent import Exponent, fit_exponent
from ratetheory.observation.faults import FAULTY, UNDECIDED, Fault, defect_causes, faults, gradient_notes
from ratetheory.observation.judge import Observation, observe
from ratetheory.observation.record import GRANULARITIES, Granularity, Groups, alive, blocks, identities, independent, partition
from ratetheory.observation.trace import Trace, load_trace

_NEEDS_CONSTANTS = {"L", "Lam", "M", "Gbar"}
_ORDER = ("violated", "not resolvable", "held", "not applicable")


@dataclass(frozen=True)
class Comparison:
    """What one run shows.

    ``observations``: a verdict for each claim, conclusion and group that a run can show. ``effective_rates``: for each group
    the first and last eta/S, S the squared norm of the whole group. ``exponent``: of min |G| against T. ``apriori``: the bound
    of claim ``gd-rate`` from estimated constants, or the reason why there is none. ``faults``: what neither the optimiser's
    rule nor the theory explains, and other events; ``causes``: what the norms' defects are due to; ``notes``: what became of
    the gradients.
    """

    name: str
    trace: Trace
    granularity: Granularity
    observations: tuple[Observation, ...]
    effective_rates: Mapping[str, tuple[float, float]]
    exponent: Exponent | None
    apriori: Apriori | str
    faults: tuple[Fault, ...]
    causes: Mapping[str, Mapping[str, Any]]
    notes: tuple[str, ...]

    def words(self) -> list[str]:
        """The word of every claim, and ``violated`` for every fault, ``not resolvable`` for what leaves that open."""
        of_faults = (
            "violated" if f.kind in FAULTY else "not resolvable" for f in self.faults if f.kind in (*FAULTY, *UNDECIDED)
        )
        return [*self.verdicts().values(), *of_faults]

    def verdicts(self) -> dict[str, str]:
        """One word a claim: ``violated`` if anywhere, ``not applicable`` only if everywhere."""
        words: dict[str, str] = {}
        for claim in dict.fromkeys(o.claim for o in self.observations):
            found = {o.status for o in self.observations if o.claim == claim}
            words[claim] = next(word for word in _ORDER if word in found)
        return words

    def as_dict(self) -> dict[str, Any]:
        """The comparison as plain data."""
        return {
            "name": self.name,
            "granularity": self.granularity,
            "specification": self.trace.run["specification"],
            "steps": int(self.trace.dataset.sizes["step"]),
            "verdicts": self.verdicts(),
            "observations": [o.as_dict() for o in self.observations],
            "faults": [f.as_dict() for f in self.faults],
            "defect_causes": {layer: dict(cause) for layer, cause in self.causes.items()},
            "gradient_notes": list(self.notes),
            "effective_rates": {name: list(pair) for name, pair in self.effective_rates.items()},
            "exponent": None if self.exponent is None else self.exponent.as_dict(),
            "apriori": self.apriori if isinstance(self.apriori, str) else self.apriori.as_dict(),
        }


@overload
def compare(trace: Trace | str | Path, granularity: Granularity = "layer", points: int = 20) -> Comparison: ...
@overload
def compare(trace: list[Any], granularity: Granularity = "layer", points: int = 20) -> list[Comparison]: ...
def compare(
    trace: Trace | str | Path | list[Any], granularity: Granularity = "layer", points: int = 20
) -> Comparison | list[Comparison]:
    """Compare one run, or several, with the claims; a run is a ``Trace`` or the path of one.

    Claims are checked filter by filter and reported by ``granularity`` (``filter``, ``layer``, ``all``). Those that need
    smoothness constants take estimates from ``points`` snapshots of the run, if it meets all other hypotheses. Raises
    ``ValueError`` for what is no trace and for an unknown granularity.
    """
    if isinstance(trace, list):
        return [compare(one, granularity, points) for one in trace]
    if granularity not in GRANULARITIES:
        raise ValueError(f"granularity: {granularity!r} is not known; allowed: {', '.join(GRANULARITIES)}")
    path = None if isinstance(trace, Trace) else Path(trace)
    loaded = trace if isinstance(trace, Trace) else load_trace(trace)
    groups = partition(loaded, granularity)
    constants, facts = constants_of(loaded, path, points)
    observed = [
        *_identities(loaded, groups),
        *_with_constants(loaded, groups, constants, facts),
    ]
    norms = gradient_norms(loaded)
    order = {slug: i for i, slug in enumerate(claims)}
    return Comparison(
        name=path.name if path is not None else _name_of(loaded),
        trace=loaded,
        granularity=granularity,
        observations=tuple(sorted(observed, key=lambda o: order[o.claim])),
        effective_rates=_effective_rates(loaded, groups),
        exponent=fit_exponent(norms),
        apriori=constants if isinstance(constants, str) else apriori_bound(loaded, constants, float(norms.min() ** 2)),
        faults=tuple(faults(loaded)),
        causes=defect_causes(loaded),
        notes=tuple(gradient_notes(loaded)),
    )


def _name_of(trace: Trace) -> str:
    said = trace.run["specification"]
    return str(said.get("network") or said.get("source") or "trace")


def gradient_norms(trace: Trace) -> np.ndarray:
    """For each step the root of sum_i |G_i|^2 + |H|^2, the gradient at normalised weights."""
    S = trace.dataset["squared_norm"].values[:-1]
    with np.errstate(over="ignore"):
        total = (S * trace.dataset["squared_gradient"].values).sum(axis=1)
    if "scale_variant_squared_gradient" in trace.dataset:
        total = total + trace.dataset["scale_variant_squared_gradient"].values
    return np.asarray(np.sqrt(total))


def _effective_rates(trace: Trace, groups: Groups) -> dict[str, tuple[float, float]]:
    S = groups.total(trace.dataset["squared_norm"].values)
    eta = trace.dataset["learning_rate"].values
    first = [float(eta[0, groups.index == part][0]) for part in range(len(groups.names))]
    last = [float(eta[-1, groups.index == part][0]) for part in range(len(groups.names))]
    with np.errstate(divide="ignore", invalid="ignore"):
        return {name: (float(first[i] / S[0, i]), float(last[i] / S[-1, i])) for i, name in enumerate(groups.names)}


def _names(trace: Trace) -> tuple[str, ...]:
    return tuple(str(block["name"]) for block in trace.run["blocks"])


def _identities(trace: Trace, groups: Groups) -> list[Observation]:
    """The claims that need no constants, filter by filter."""
    readings = {predicted: identities(trace, predicted) for predicted in (False, True)}
    names, living, own = _names(trace), alive(trace), independent(trace)
    found = []
    for claim in claims.values():
        if _NEEDS_CONSTANTS & set(claim.symbols):
            continue
        predicted = PREDICTED_DEFECT in claim.hypotheses
        found += _observe(claim, readings[predicted], names, groups, living, trace.facts, own if predicted else None)
    return _at_own_steps(found, trace)


def _with_constants(
    trace: Trace, groups: Groups, constants: Mapping[str, Any] | str, facts: Mapping[str, Any]
) -> list[Observation]:
    """The claims that need constants, block by block; constants may be the reason why there are none."""
    if "loss" not in trace.dataset or trace.dataset.sizes["step"] < 2:
        return []
    # without constants the formulas are only asked which of them a run can show
    symbols = blocks(trace, PLACEHOLDERS if isinstance(constants, str) else constants)
    names, living = _names(trace), alive(trace)
    found = []
    for claim in claims.values():
        if _NEEDS_CONSTANTS & set(claim.symbols) and claim.setting in ("trajectory", "great-circle"):
            found += _observe(claim, symbols, names, groups, living, facts)
    found = _at_own_steps(found, trace)
    if isinstance(constants, str):
        return [_inapplicable(o, constants) for o in found]
    return [_of_estimates(o) for o in found]


def _at_own_steps(found: list[Observation], trace: Trace) -> list[Observation]:
    """The steps by the numbers that the trace gives them."""
    numbers = trace.dataset["step"].values
    return [o if o.step is None else replace(o, step=int(numbers[o.step])) for o in found]


def _of_estimates(observation: Observation) -> Observation:
    """A claim that fails with estimated constants may be true: they are the largest at some points of the run, no bounds."""
    if observation.status == "not applicable":
        return observation
    if observation.status == "violated":
        where = f"step {observation.step}, {observation.block}"
        reason = f"it fails at {where} with the estimated constants, which may be too small between the points; try more points"
        observation = replace(observation, status="not resolvable", reason=reason)
    return replace(observation, estimated=True)


def _inapplicable(observation: Observation, reason: str) -> Observation:
    """What was judged with placeholders says nothing, whatever the run claims to know of its constants."""
    if observation.status == "not applicable":
        return observation
    return Observation(observation.claim, observation.conclusion, "all", "not applicable", reason)


def _observe(
    claim: Claim,
    symbols: Mapping[str, Any],
    names: tuple[str, ...],
    groups: Groups,
    living: np.ndarray,
    facts: Mapping[str, Any],
    own: np.ndarray | None = None,
) -> list[Observation]:
    """All conclusions of a claim; those of which a run records too little are left out."""
    found: list[Observation] = []
    for conclusion in claim.conclusions:
        if conclusion.setting is not None and conclusion.setting != claim.setting:
            continue
        reason = claim.inapplicable(conclusion, facts)
        try:
            judged = observe(claim, conclusion, symbols, names, groups, living, own)
        except AttributeError:
            continue
        if reason is not None:
            found.append(Observation(claim.slug, conclusion.slug, "all", "not applicable", reason))
        else:
            found += judged
    return found
