"""A trace that is written beside the training: one thread, one part in flight, nothing kept."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ratetheory.observation.trace import TraceWriter, check_name, write_run
from ratetheory.provenance import provenance
from ratetheory.training.monitor.evaluate import Sums, Table, evaluate, on_host
from ratetheory.training.monitor.law_set import roundoff
from ratetheory.training.monitor.recorder import Drained, Recorder, Step
from ratetheory.training.monitor.rules import UNKNOWN, Rule

EVENTS_LIMIT = 1000
"""Events of one kind that are kept; more of them say nothing new. Each kind has its own limit: none hides another."""


class Stream:
    """Writes what a recorder drains; ``latest`` holds the medians of each layer at the last step written.

    ``stopped``: numbers ceased to be finite, and nothing is recorded any more.
    """

    def __init__(self, directory: Path, recorder: Recorder, model: str) -> None:
        self.recorder, self.latest, self.stopped = recorder, dict[str, dict[str, float]](), False
        families = recorder.families
        self.layers = [f.name for f in families for _ in range(f.parts)]
        self.table = table_of(recorder)
        self.writer = TraceWriter(directory, recorder.blocks)
        self.events: list[dict[str, Any]] = []
        self.record: dict[str, Any] = {
            "status": "running",
            "specification": {"source": "RateMonitor", "model": check_name(model, "model"), "loss": "given to step"},
            "provenance": provenance(None, torch.get_num_threads()),
            "device": str(recorder.device),
            "processes": recorder.sharing.size,
            "blocks": block_table(recorder),
            "optimizers": [type(o).__name__ for o in recorder.optimizers],
        }
        self.previous: Step | None = None
        self.held: dict[str, bool] = {}
        self.noted = Counter[str]()
        self.unseen, self.stale, self.moving = False, False, set[tuple[int, str]]()
        self._write_run()
        self._executor = ThreadPoolExecutor(1, "ratetheory")
        self._last: Future[None] | None = None

    def follow(self, recorder: Recorder, kind: str, text: str) -> None:
        """Write what another recorder of the same blocks drains from here on, and note why."""
        if self._last is not None:
            self._last.result()
        self.recorder, self.table, self.previous = recorder, table_of(recorder), None
        self._note(self.writer.steps, kind, text)

    def event(self, ahead: int, kind: str, text: str) -> None:
        """Note what happened at the step that is ``ahead`` of the recorded ones."""
        if self._last is not None:
            self._last.result()
        self._note(self.writer.steps + ahead, kind, text)

    def _note(self, step: int, kind: str, text: str) -> None:
        self.noted[kind] += 1
        if self.noted[kind] <= EVENTS_LIMIT:
            self.events.append({"step": step, "kind": kind, "text": text})

    def append(self, drained: Drained) -> None:
        """Write a part as soon as the device has computed it; waits only for the part before."""
        if self._last is not None:
            self._last.result()
        ready = None
        if drained.norms.device.type == "cuda":
            pinned = [torch.empty_like(t, device="cpu", pin_memory=True).copy_(t, non_blocking=True) for t in drained.tensors()]
            ready = torch.cuda.Event()
            ready.record()
            drained = Drained(drained.steps, *pinned)
        try:
            self._last = self._executor.submit(self._try_to_write, drained, ready)
        except RuntimeError:
            # at the end of the interpreter there are no threads any more
            self._try_to_write(drained, ready)

    def _try_to_write(self, drained: Drained, ready: Any) -> None:
        """A training is not stopped by a disk that is full."""
        try:
            self._write(drained, ready)
        except OSError as error:
            self.stopped = True
            self.record["status"] = "interrupted"
            self._note(self.writer.steps, "lost", f"the trace could not be written any more: {error.strerror or error}")
            self._warn(error)

    def _warn(self, error: OSError) -> None:
        warnings.warn(
            f"RateMonitor: {self.writer.directory} cannot be written ({error.strerror or error}); nothing more is recorded",
            RuntimeWarning,
            stacklevel=2,
        )

    def _write(self, drained: Drained, ready: Any) -> None:
        if self.stopped:
            return
        if ready is not None:
            ready.synchronize()
        sums = on_host(drained)
        missed = skipped(sums)
        for before, t in enumerate(np.flatnonzero(missed).tolist()):
            self._note(self.writer.steps + t - before, "skipped", "the gradient is not finite and the optimiser made no step")
        sums = sums.only(~missed)
        if not sums.steps:
            return
        arrays = evaluate(sums, self.table)
        finite = finite_steps(arrays)
        # the step that is no longer finite is not recorded, but what happened at it is worth knowing
        self._observe(sums.steps[: finite + 1], (sums["squared_gradient"] != 0).any(axis=1).tolist())
        self._note_unseen(arrays, sums.steps)
        if finite:
            self.writer.append({name: v[: finite + (name == "squared_norm")] for name, v in arrays.items()})
            self.latest = medians(arrays, finite - 1, self.layers)
        if finite < len(sums.steps):
            self.stopped = True
            block = first_bad(arrays, finite)
            where = "" if block is None else f", first in {self.record['blocks'][block]['name']}"
            self._note(self.writer.steps, "non-finite", f"a number is no longer finite{where}")
            self.record |= {"status": "diverged", "diverged_at_step": self.writer.steps}
            self._write_run()

    def _observe(self, steps: Sequence[Step], given: Sequence[bool]) -> None:
        """Note what the host can see from one step to the next; ``given``: the steps that found gradients at the weights."""
        names = {id(module): name for name, module in self.recorder.modules.items()}
        for t, step in enumerate(steps):
            at, before = self.writer.steps + t, self.previous
            self.held = still_held(self.held, rule_facts(self._watched_rules(step)))
            if before is not None:
                self._observe_rules(at, before, step)
            for module in step.evaluated:
                if before is None or module not in before.evaluated:
                    self._note(at, "evaluation", f"{names.get(id(module), '?')}: a forward pass in evaluation mode")
            stale = not step.passes and given[t] and bool(self.recorder.laws.laws)
            if stale and not self.stale:
                self._note(at, "stale", "a step without a backward pass since the one before")
            self.stale = stale
            self.previous = step

    def _observe_rules(self, at: int, before: Step, step: Step) -> None:
        """Note changes of the rules; a schedule that changes one at every step is one event."""
        moving = set()
        for number, (old, new) in enumerate(zip(before.rules, step.rules, strict=True)):
            if not torch.is_tensor(new.rate) and old.rate != new.rate:
                moving.add((number, "learning-rate"))
                self.held["constant_rate"] = False
                if (number, "learning-rate") not in self.moving:
                    self._note(at, "learning-rate", f"group {number}: {old.rate:g} -> {new.rate:g}")
            if (old.decay, old.momentum) != (new.decay, new.momentum):
                moving.add((number, "rule"))
                if old.momentum != new.momentum:
                    # the theory of momentum knows one beta
                    self.held |= {"heavy_ball_step": False, "nesterov_step": False}
                if (number, "rule") not in self.moving:
                    self._note(at, "rule", f"group {number}: decay or momentum changed")
        self.moving = moving

    def _watched_rules(self, step: Step) -> list[Rule]:
        """The rules of the parameter groups that hold watched parameters."""
        return [step.rules[g] for g in sorted(set(self.recorder.group_of_block)) if g < len(step.rules)]

    def _note_unseen(self, arrays: dict[str, np.ndarray], steps: Sequence[Step]) -> None:
        """Note the first step at which blocks have no law that should have one."""
        made = np.array([bool(step.passes) and not step.late for step in steps])[:, None]
        # where gradients are not proportional, the trace says so step by step
        made &= arrays["gradient_proportional"][:, None] > 0
        unseen = made & self.table.law & (arrays["radial_error"] == 0) & (arrays["squared_gradient"] > 0)
        unseen &= arrays["squared_norm"][:-1] > 0
        if unseen.any() and not self.unseen:
            self.unseen, at = True, int(unseen.any(axis=1).argmax())
            text = (
                f"no eps law for {int(unseen[at].sum())} blocks: a normalisation was not seen, as under torch.compile, "
                "or the loss may hold derivatives of gradients, as a gradient penalty does"
            )
            self._note(self.writer.steps + at, "no-law", text)

    def close(self, lost: int = 0) -> None:
        """Wait for the writer and say that the run is complete, or how many steps at its end are lost."""
        self._executor.shutdown(wait=True)
        failure = self._last.exception() if self._last is not None else None
        if self.record["status"] == "running":
            self.record["status"] = "interrupted" if lost else "completed"
        if lost:
            self._note(self.writer.steps, "lost", f"{lost} steps that were not written when the monitor was closed")
        try:
            self._write_run()
        except OSError as error:
            self._warn(error)
        if failure is not None:
            raise failure

    def _write_run(self) -> None:
        seen = [law.dtype for law in self.recorder.laws.laws if law.dtype is not None]
        self.record["arithmetic"] = sorted({str(dtype).removeprefix("torch.") for dtype in seen})
        self.record["facts"] = facts(self.recorder, self.held)
        if self.previous is not None:
            unknown = next((r.name for r in self._watched_rules(self.previous) if r.when == UNKNOWN), None)
            if unknown is not None:
                self.record["facts"]["predicted_defect_reason"] = f"the update rule of {unknown} is not known"
        write_run(self.writer.directory, {**self.record, "events": self.events})


def table_of(recorder: Recorder) -> Table:
    """What does not change from step to step of a recorder's blocks."""
    families, named = recorder.families, recorder.named
    spread = [i for i, f in enumerate(families) for _ in range(f.parts)]
    return Table(
        family=np.array(spread),
        dimension=np.array([families[i].dimension for i in spread], dtype=float),
        group=np.array(recorder.group_of_block),
        storage=np.array([roundoff(named[families[i].members[0].parameter].dtype) for i in spread]),
        law=np.array(recorder.laws.known),
    )


def block_table(recorder: Recorder) -> list[dict[str, Any]]:
    """One entry a block, in the order of the block axis."""
    table = []
    for family in recorder.families:
        dtype = str(recorder.named[family.members[0].parameter].dtype).removeprefix("torch.")
        common = {"layer": family.name, "dimension": family.dimension, "dtype": dtype, "unit": family.unit}
        common["law"] = [norm.module for norm in family.norms]
        table += [{"name": name, **common} for name in family.block_names()]
    return table


def skipped(sums: Sums) -> np.ndarray:
    """Steps with a gradient that is not finite and weights that did not move: an optimiser that checks for itself."""
    finite = np.isfinite(sums["squared_gradient"]).all(axis=1)
    return np.asarray(~finite & (sums["squared_update"] == 0).all(axis=1))


def finite_steps(arrays: dict[str, np.ndarray]) -> int:
    """How many steps, from the first, have finite numbers only, the norm after the step included."""
    length = len(arrays["squared_gradient"])
    rows = [v[-length:].reshape(length, -1) for v in arrays.values()]
    finite = np.isfinite(np.concatenate(rows, axis=1)).all(axis=1)
    return length if finite.all() else int(finite.argmin())


def first_bad(arrays: dict[str, np.ndarray], step: int) -> int | None:
    """The first block that has a number that is not finite at a step."""
    bad = [~np.isfinite(v[step]) for name, v in arrays.items() if v.ndim == 2 and name != "squared_norm"]
    bad.append(~np.isfinite(arrays["squared_norm"][step + 1]))
    found = np.flatnonzero(np.any(bad, axis=0))
    return int(found[0]) if len(found) else None


def medians(arrays: dict[str, np.ndarray], step: int, layers: list[str]) -> dict[str, dict[str, float]]:
    """For each layer the medians over its blocks at a step."""
    S, rate = arrays["squared_norm"][step], arrays["learning_rate"][step]
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = rate / S
    shown = {
        "norm": np.sqrt(S),
        "gradient_norm": np.sqrt(S * arrays["squared_gradient"][step]),
        "effective_rate": effective,
        "angle": arrays["angle"][step],
    }
    names = np.array(layers)
    return {
        layer: {name: float(np.median(values[names == layer])) for name, values in shown.items()}
        for layer in dict.fromkeys(layers)
    }


def rule_facts(rules: Sequence[Rule]) -> dict[str, bool]:
    """What the rules of one step say of it, as the hypotheses of the claims read it."""
    momentum, decay = any(r.momentum for r in rules), any(r.decay for r in rules)
    sgd = all(r.name == "SGD" for r in rules)
    return {
        "no_momentum": sgd and not momentum,
        "no_decay": not decay,
        "gradient_step": sgd and not momentum and not decay,
        "decay_step": sgd and not momentum,
        "heavy_ball_step": sgd and not any(r.nesterov for r in rules) and all(r.plain_buffer for r in rules),
        "nesterov_step": sgd and all(r.nesterov or not r.momentum for r in rules),
        "constant_rate": not any(torch.is_tensor(r.rate) for r in rules),
        "predicted_defect": all(r.when != UNKNOWN for r in rules),
    }


def still_held(before: Mapping[str, bool], now: Mapping[str, bool]) -> dict[str, bool]:
    """What holds for all steps so far: of what held before, what this step says too."""
    return {name: before.get(name, True) and holds for name, holds in now.items()}


def facts(recorder: Recorder, held: Mapping[str, bool]) -> dict[str, Any]:
    """What the run says of itself, as the hypotheses of the claims read it, ``held`` of all its steps; no unknown."""
    from ratetheory.claims.hypotheses import INVARIANCE_EPSILON

    epsilon = recorder.laws.epsilon
    known = all(recorder.laws.known)
    exact = bool(table_of(recorder).storage.max() <= 2.0**-53)
    said: dict[str, Any] = {
        "scale_invariant": known and exact and epsilon <= INVARIANCE_EPSILON,
        "has_scale_variant": bool(recorder.others),
        "single_block": recorder.blocks == 1 and not recorder.others,
        "single_block_reason": f"{recorder.blocks} blocks in {len(recorder.families)} layers",
    }
    if not known:
        said["scale_invariant_reason"] = "the normalisation of some blocks is not known"
    elif epsilon > INVARIANCE_EPSILON:
        said["scale_invariant_reason"] = f"eps = {epsilon:g} of the normalisation breaks it slightly"
    else:
        said["scale_invariant_reason"] = "single precision: it holds to 1e-7 only"
    return {**said, **held}
