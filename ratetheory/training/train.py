"""Training under watch: gradient descent on a real network, every filter recorded at every step."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from ratetheory.observation.trace import TraceWriter, part_name, part_paths, read_run, write_run
from ratetheory.provenance import provenance
from ratetheory.training import checkpoint
from ratetheory.training.data import Images, load_images
from ratetheory.training.directories import free_directory, prepare, refuse_occupied
from ratetheory.training.monitor.evaluate import evaluate, on_host
from ratetheory.training.monitor.recorder import Recorder
from ratetheory.training.monitor.sharing import Sharing
from ratetheory.training.monitor.stream import block_table, finite_steps, table_of
from ratetheory.training.networks import DESIGNS, Network
from ratetheory.training.specification import TrainSpec, check_batch, checked, facts, network_for

PART_STEPS = 50
PART_SECONDS = 5.0
SNAPSHOT_STEPS = 24

OnStep = Callable[[int, nn.Module], None]


@dataclass
class _Run:
    """A run between two steps: everything that the next step depends on."""

    network: Network
    images: Images
    optimizer: torch.optim.Optimizer
    batches: torch.Generator
    batch_size: int | None
    step: int = 0

    def recorder(self) -> Recorder:
        """What watches the blocks from here on."""
        module = self.network.module
        return Recorder(module, dict(module.named_parameters()), self.network.families, [self.optimizer], Sharing())


def train(
    specification: TrainSpec,
    output: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    progress: bool = True,
    on_step: OnStep | None = None,
) -> Path:
    """Train, write a trace, and return its directory.

    ``output``: a directory that does not exist yet or is empty; by default ``runs/<name>-<n>`` with the first free n.
    ``resume``: go on from the last checkpoint of the same specification to the same trace, bit for bit on CPU. ``force``:
    replace a trace that is there. ``on_step(step, module)`` is called after each update. A loss that is no longer finite
    ends the run with the status ``diverged``. ``ValueError`` before anything is written: a bad specification, a directory
    that cannot be written or holds something else, another specification than that of the trace to resume.
    """
    spec = checked(specification)
    directory = free_directory(spec.name) if output is None else Path(output)
    if resume:
        previous = _resumable(directory, spec)
        if previous["status"] != "running":
            return directory
        threads = previous.get("provenance", {}).get("threads")
        if not isinstance(threads, int) or threads < 1:
            raise ValueError(
                f"resume: {directory / 'run.json'} does not say how many threads; a trace written by train is allowed"
            )
        with _threads(threads):
            _continue(spec, directory, previous, progress, on_step)
        return directory
    refuse_occupied(directory, force)
    run = _start(spec)
    recorder = run.recorder()
    prepare(directory)
    record = {
        "status": "running",
        "specification": spec.as_dict(),
        "provenance": provenance(spec.seed, torch.get_num_threads()),
        "device": _device_name(spec.device),
        "samples": len(run.images.labels),
        "blocks": block_table(recorder),
        "facts": facts(spec, run.network),
    }
    write_run(directory, record)
    _loop(spec, directory, record, run, recorder, 0, progress, on_step)
    return directory


def _start(spec: TrainSpec) -> _Run:
    device = torch.device(spec.device)
    images = load_images(spec.data, DESIGNS[spec.network].dtype, device)
    if spec.batch_size is not None:
        check_batch(spec.batch_size, len(images.labels))
    weights_seed, batches_seed = np.random.SeedSequence(spec.seed).generate_state(2, np.uint64).tolist()
    network = network_for(spec, images, weights_seed % 2**63)
    network.module.to(device)
    groups = [{"params": network.weights, "lr": spec.learning_rate}]
    if network.scale_variant:
        groups.append({"params": list(network.scale_variant.values()), "lr": spec.scale_variant_learning_rate})
    generator = torch.Generator().manual_seed(batches_seed % 2**63)
    return _Run(network, images, torch.optim.SGD(groups, lr=spec.learning_rate), generator, spec.batch_size)


def _continue(spec: TrainSpec, directory: Path, record: dict[str, Any], progress: bool, on_step: OnStep | None) -> None:
    run, parts = _start(spec), 0
    if (directory / checkpoint.CHECKPOINT).exists():
        state = checkpoint.load(directory / checkpoint.CHECKPOINT)
        try:
            run.network.module.load_state_dict(state["module"])
            run.batches.set_state(state["batches"])
            run.step, parts = int(state["step"]), int(state["parts"])
        except (RuntimeError, KeyError, TypeError, ValueError, AttributeError):
            raise ValueError(
                f"resume: {directory / checkpoint.CHECKPOINT} is not of this run; a trace written by train is allowed"
            ) from None
    for path in part_paths(directory)[parts:]:
        path.unlink()
    if parts and not (directory / part_name(parts - 1)).exists():
        raise ValueError(f"{directory}: {part_name(parts - 1)} is missing, which the checkpoint relies on")
    _loop(spec, directory, record, run, run.recorder(), parts, progress, on_step)


def _loop(
    spec: TrainSpec,
    directory: Path,
    record: dict[str, Any],
    run: _Run,
    recorder: Recorder,
    parts: int,
    progress: bool,
    on_step: OnStep | None,
) -> None:
    writer = TraceWriter(directory, len(record["blocks"]), parts, run.step)
    bar = tqdm(total=spec.steps, initial=run.step, unit="step", disable=not (progress and sys.stderr.isatty()))
    points, table = snapshot_steps(spec.steps), table_of(recorder)
    with bar, closing(recorder):
        written = time.monotonic()
        while run.step < spec.steps:
            if run.step in points:
                _save_snapshot(directory, run)
            _one_step(run, recorder, on_step)
            bar.update()
            if len(recorder) < PART_STEPS and time.monotonic() - written < PART_SECONDS and run.step < spec.steps:
                continue
            arrays = evaluate(on_host(recorder.drain()), table)
            finite = finite_steps(arrays)
            diverged = finite < len(arrays["loss"])
            if finite:
                writer.append({name: values[: finite + (name == "squared_norm")] for name, values in arrays.items()})
                bar.set_postfix(loss=f"{arrays['loss'][finite - 1]:.4g}")
            if diverged:
                write_run(directory, {**record, "status": "diverged", "diverged_at_step": writer.steps})
                return
            _save_checkpoint(directory, run, writer.parts)
            written = time.monotonic()
    write_run(directory, {**record, "status": "completed"})


def _one_step(run: _Run, recorder: Recorder, on_step: OnStep | None) -> None:
    images, labels = run.images.images, run.images.labels
    if run.batch_size is not None:
        chosen = torch.randint(len(labels), (run.batch_size,), generator=run.batches).to(labels.device)
        images, labels = images[chosen], labels[chosen]
    run.optimizer.zero_grad()
    loss = nn.functional.cross_entropy(run.network.module(images), labels)
    loss.backward()
    recorder.before()
    run.optimizer.step()
    if on_step is not None:
        on_step(run.step, run.network.module)
    recorder.after(loss)
    run.step += 1


def snapshot_steps(steps: int) -> set[int]:
    """At most ``SNAPSHOT_STEPS`` steps of a run, the first and the last among them, evenly spaced in the logarithm."""
    return {0, *np.unique(np.geomspace(1, max(steps - 1, 1), SNAPSHOT_STEPS - 1).round().astype(int)).tolist()} - {steps}


def _save_checkpoint(directory: Path, run: _Run, parts: int) -> None:
    state = {"module": run.network.module.state_dict(), "batches": run.batches.get_state(), "step": run.step, "parts": parts}
    checkpoint.save(directory / checkpoint.CHECKPOINT, state)


def _save_snapshot(directory: Path, run: _Run) -> None:
    path = checkpoint.snapshot_path(directory, run.step)
    path.parent.mkdir(exist_ok=True)
    checkpoint.save(path, {"module": run.network.module.state_dict()})


def _device_name(device: str) -> str:
    return torch.cuda.get_device_name(device) if torch.device(device).type == "cuda" else device


@contextmanager
def _threads(number: int) -> Iterator[None]:
    # sums over several threads depend on their number
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _resumable(directory: Path, spec: TrainSpec) -> dict[str, Any]:
    record = read_run(directory)
    before, now = record["specification"], spec.as_dict()
    for field in {**before, **now}:
        if before.get(field) != now.get(field):
            raise ValueError(
                f"resume: {field} is {now.get(field)!r}, but {directory} was begun with {before.get(field)!r}; "
                "the same specification is allowed"
            )
    if record.get("status") not in ("running", "completed", "diverged"):
        raise ValueError(f"resume: {directory} has no known status; a trace written by train is allowed")
    return record
