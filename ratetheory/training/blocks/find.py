"""``find_blocks``: which parameters of a model are scale-invariant, at which granularity, alone or jointly, dead, or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from ratetheory.observation.families import Blocks, Family
from ratetheory.training.blocks import rows, wording
from ratetheory.training.blocks.actual import Actual, at_actual, lawful
from ratetheory.training.blocks.candidates import Candidates, candidates
from ratetheory.training.blocks.copied import Copied, copied, one_line, random_states_kept, unusable
from ratetheory.training.blocks.cuts import Atom
from ratetheory.training.blocks.degree import Degrees, follow
from ratetheory.training.blocks.norms import Normalising, Watch, followed, normalisations, watching
from ratetheory.training.blocks.rescale import change, confirmed, factors, rescaled, rounding_tolerance
from ratetheory.training.blocks.screen import ROWS, Table, checked_outputs, generic, measure
from ratetheory.training.naming import unwrapped

_CERTAIN = 1e-7
"""A relative defect of <w, g> above this is no rounding."""
_TRIAL_POINT = 99


def find_blocks(model: nn.Module, batch_or_loss: Any, explain: bool = True) -> Blocks:
    """The scale-invariant blocks of a model: its table, judged by rescaling a copy in double precision.

    The model, its statistics and gradients, and the global random states stay as they are. Every module keeps its mode: in
    evaluation mode batch normalisation does not make anything invariant. Activation checkpoints are evaluated plainly. A reason
    says where something was not decided: groups beyond those searched, parameters that are not real numbers.

    Args:
        model: any module, also compiled or wrapped for data-parallel training; names are those of the module inside.
        batch_or_loss: what the model is called with (a tensor, a tuple of positional arguments, a dict of keyword arguments;
            random functionals of its outputs are judged), or a callable that takes the model and returns a loss.
        explain: whether to follow degrees of homogeneity through the operations, which says why.

    Raises:
        ValueError: the model cannot be called like this, or its outputs are not finite or no function of the weights.

    Source: Arora, Li, Lyu (2019), section 2, for the property; joint groups and the search are this package's own.
    """
    with random_states_kept(), torch.inference_mode(False):
        try:
            return _search(copied(model, batch_or_loss), explain, type(unwrapped(model)).__name__)
        except (ValueError, MemoryError):
            raise
        except Exception as error:
            raise unusable(error) from error


@dataclass
class _Trial:
    """Forward passes at one generic point: what they showed of the normalisations, and the outputs to compare with."""

    copied: Copied
    normalising: list[Normalising]
    point: dict[str, torch.Tensor]
    base: list[torch.Tensor]
    watch: Watch
    tolerance: float
    watches: dict[tuple[str, ...], Watch] = field(default_factory=dict)

    def rescaling(self, families: Sequence[Family]) -> float:
        """How much the outputs change when all blocks of the families are rescaled."""
        self.copied.set(rescaled(self.copied, self.point, [(f, factors(f, i)) for i, f in enumerate(families)]))
        with watching(self.normalising, law=False) as watch:
            found = change(checked_outputs(self.copied.outputs(grad=False)), self.base)
        self.watches[tuple(f.name for f in families)] = watch
        return found

    def adding(self, families: Sequence[Family]) -> float:
        """How much the outputs change when the families' parameters get other values, as large as the largest entry."""
        values = dict(self.point)
        for number, f in enumerate(families):
            (m,) = f.members
            w = values[m.parameter]
            noise = torch.randn(w.shape, generator=torch.Generator().manual_seed(number), dtype=w.dtype).to(w.device)
            if w.dim():
                noise[: m.start], noise[m.stop :] = 0, 0
            values[m.parameter] = w + noise * max(float(w.abs().max()), 0.1)
        self.copied.set(values)
        return change(self.copied.outputs(grad=False), self.base)


def _search(c: Copied, explain: bool, model: str) -> Blocks:
    unjudged, notes = rows.unjudged(c.unjudged)
    if not c.parameters:
        checked_outputs(c.outputs(grad=False))
        return Blocks(tuple(unjudged), model, ("the model has no floating-point parameters", *notes))
    if not any(m.training for m in c.module.modules()):
        notes.append("the model is in evaluation mode; call model.train() to judge what training sees")
    normalising = normalisations(c.module)
    actual = at_actual(c, normalising)
    table = measure(c, list(c.parameters), _Points(c, ROWS), ROWS)
    found = candidates(
        table, {n: tuple(p.shape) for n, p in c.parameters.items()}, lambda n, k: measure(c, n, _Points(c, k), k)
    )
    if found.open:
        notes.append("there are too many combinations of parameters to try: further jointly invariant groups may exist")
    if any(p.is_complex() for p in c.unjudged.values()):
        # any may be jointly invariant with those
        found = replace(found, open=frozenset(found.atoms))
    trial, degrees = _trial(c, normalising, found.silent, explain, notes)
    result = [
        *_judged(c, trial, found, actual, degrees, notes),
        *(_variant(c, table, atom, found, actual, degrees, notes) for atom in found.atoms),
        *_silent(c, table, trial, found, actual, notes),
        *unjudged,
    ]
    order = {name: i for i, name in enumerate(c.trained)}
    result.sort(key=lambda f: (order[f.members[0].parameter], f.members[0].start, f.verdict == "joint"))
    result = [replace(f, trained=all(c.trained.get(m.parameter, True) for m in f.members)) for f in result]
    return Blocks(tuple(result), model, tuple(notes))


class _Points(Sequence[dict[str, torch.Tensor]]):
    """Generic weights, made when they are asked for, in place of those before."""

    def __init__(self, c: Copied, count: int) -> None:
        self._copied, self._count = c, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if index >= self._count:
            raise IndexError(index)
        return generic(self._copied, 1 + index)


def _trial(
    c: Copied, normalising: list[Normalising], silent: Sequence[str], explain: bool, notes: list[str]
) -> tuple[_Trial, Degrees | None]:
    point = generic(c, _TRIAL_POINT, keep=True)
    c.set(point)
    degrees = None
    with watching(normalising, law=False) as watch:
        if explain:
            try:
                degrees, base = follow(c, silent)
            except Exception as error:
                notes.append(f"the operations could not be followed: {one_line(error)}")
        if degrees is None:
            watch.calls.clear()
            base = c.outputs(grad=False)
    checked_outputs(base)
    return _Trial(c, normalising, point, base, watch, rounding_tolerance(c, point, base)), degrees


def _judged(
    c: Copied, trial: _Trial, found: Candidates, actual: Actual, degrees: Degrees | None, notes: list[str]
) -> list[Family]:
    """The candidates, rescaled: all that are alone at once, then groups that share no entry."""
    result: list[Family] = []
    broken: list[Family] = []
    alone = rows.of_candidates(found.alone, "alone", c.parameters)
    joint = rows.of_candidates(found.joint, "joint", c.parameters)
    for batch in [alone, *rows.disjoint(joint)]:
        changes = confirmed(batch, trial.rescaling, trial.tolerance)
        sure = [f for f in batch if changes[f.name] <= trial.tolerance]
        names = tuple(f.name for f in sure)
        if sure and names not in trial.watches:
            trial.rescaling(sure)
        scales = [(f, factors(f, i)) for i, f in enumerate(sure)]
        reached = followed(trial.normalising, scales, trial.watch, trial.watches[names]) if sure else {}
        for f in sure:
            f = replace(f, norms=lawful(f, reached[f.name], actual), defects=actual.defects(f))
            result.append(_invariant(c, f, changes[f.name], actual, degrees, notes))
        for f in batch:
            if f.name not in names:
                reason = wording.broken(changes[f.name], trial.tolerance)
                notes.append(f"{f.name}: {reason}")
                reason = wording.undecided(reason) if found.open else reason
                broken += [replace(rows.family([m], 1, "not", c.parameters), reason=reason) for m in f.members]
    # a member of a refuted candidate has a row of its own, unless it stands in another one
    placed = {m for f in result for m in f.members}
    rest = {f.members: f for f in broken if not {*f.members} & placed}
    return [*result, *rest.values()]


def _invariant(c: Copied, f: Family, changed: float, actual: Actual, degrees: Degrees | None, notes: list[str]) -> Family:
    followed = degrees is not None and all(rows.is_whole(m, c.parameters) for m in f.members)
    members = [m.parameter for m in f.members]
    reached = degrees.removed_by(members) if degrees is not None and followed else []
    obstacle = degrees.obstacle(members) if degrees is not None and followed else None
    f = replace(f, unit=wording.unit(f, [n.kind for n in f.norms] or [kind for _, kind, _ in reached]))
    reason = wording.invariant(f, changed, reached, obstacle, followed)
    if obstacle is not None:
        notes.append(f"{f.name}: rescaling shows that it is invariant, the degrees do not ({obstacle})")
    dead = actual.dead(f)
    if len(dead) == f.parts:
        return replace(f, verdict="dead", elsewhere=f.verdict, reason=wording.dead_but(f, reason), defects=())
    return replace(f, reason=reason, dead=dead)


def _variant(
    c: Copied, table: Table, atom: Atom, found: Candidates, actual: Actual, degrees: Degrees | None, notes: list[str]
) -> Family:
    f = rows.of_atom(atom, c.parameters)
    sums = table[atom.parameter][atom.axis]
    products = sums.products[:, atom.start : atom.stop].sum(axis=1)
    sizes = sums.sizes[:, atom.start : atom.stop].sum(axis=1)
    defect = float((np.abs(products) / np.maximum(sizes, np.finfo(float).tiny)).max())
    obstacle = degrees.obstacle([atom.parameter]) if degrees is not None and atom.whole else None
    reason = wording.variant(defect, obstacle)
    if degrees is not None and atom.whole and obstacle is None:
        notes.append(f"{f.name}: the degrees show that it is invariant, its gradient does not")
    if defect < _CERTAIN:
        notes.append(f"{f.name}: its relative defect of {defect:.1g} cannot be told from rounding with certainty")
    dead = bool(actual.dead(f))
    if atom in found.open:
        reason = wording.undecided(reason)
    elif dead:
        reason = f"not invariant: {reason}"
    if dead:
        return replace(f, verdict="dead", reason=f"its gradient is zero at the present weights; elsewhere {reason}")
    return replace(f, reason=reason)


def _silent(c: Copied, table: Table, trial: _Trial, found: Candidates, actual: Actual, notes: list[str]) -> list[Family]:
    """What has no gradient at generic weights: no other values change the outputs, or no positive factors do."""
    indexed = rows.without_gradient(found.silent, found.quiet, c.parameters, by_index=True)
    added = confirmed(indexed, trial.adding, trial.tolerance)
    scaled = confirmed([f for f in indexed if added[f.name] > trial.tolerance], trial.rescaling, trial.tolerance)
    result = []
    for f in rows.without_gradient(found.silent, found.quiet, c.parameters):
        name, (m,) = f.name, f.members
        kind = "none" if added[name] <= trial.tolerance else "scale" if scaled[name] <= trial.tolerance else "flat"
        if kind == "flat" and table[m.parameter][0].sizes[:, m.start : m.stop].any():
            reason = "its gradient is below rounding, yet other values change the outputs: too small to be judged"
            notes.append(f"{name}: {reason}")
            result.append(replace(f, verdict="not", reason=reason))
        else:
            result.append(replace(f, reason=wording.silent(kind, actual.used[m.parameter])))
    return result
