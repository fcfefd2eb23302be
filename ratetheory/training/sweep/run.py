"""Running a sweep: the cells that are missing, several at a time in processes of one thread each."""

from __future__ import annotations

import contextlib
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from ratetheory.provenance import provenance
from ratetheory.training.data import Split, load_split
from ratetheory.training.specification import check_batch, check_integer
from ratetheory.training.sweep.cell import run_cell
from ratetheory.training.sweep.files import CELLS, SWEEP_FILE, cell_path, read_cell, read_sweep, write_cell, write_sweep
from ratetheory.training.sweep.specification import Cell, SweepSpec, checked


def run_sweep(
    specification: SweepSpec,
    output: str | Path | None = None,
    jobs: int = 2,
    force: bool = False,
    progress: bool = True,
    data_directory: str | Path | None = None,
) -> Path:
    """Run the cells of a sweep that have not run yet, and return its directory.

    ``output``: a directory that does not exist, is empty, or holds a sweep of the same specification, which is gone on with;
    by default the first ``runs/sweep-<data>-<n>`` of which this is true. ``jobs`` processes of one thread each; their number
    does not change the results. ``force``: replace the sweep that is there. ``data_directory``: as for ``load_split``.
    ``ValueError`` before anything is written: a bad specification, data that are not there, a directory that holds something
    else or another sweep; and for a cell's file that is corrupt.
    """
    spec = checked(specification)
    check_integer("jobs", jobs, 1, 1024)
    data = None if data_directory is None else Path(data_directory)
    directory = default_directory(spec) if output is None else Path(output)
    _refuse_other(directory, spec, force)
    # what is wrong with the data is said here, in one line and before anything is written
    split = load_split(spec.data, torch.device(spec.device), data)
    if "sgd" in (spec.optimizers or ()):
        check_batch(spec.batch_size, len(split.train.labels))
    _prepare(directory, spec, force)
    missing = [cell for cell in spec.cells() if read_cell(directory, spec, cell) is None]
    if missing:
        _run(spec, missing, directory, jobs, data, progress)
    return directory


def default_directory(spec: SweepSpec) -> Path:
    """The first ``runs/sweep-<data>-<n>`` that does not exist or holds a sweep of this checked specification."""
    number = 0
    while True:
        directory = Path("runs") / f"sweep-{spec.data}-{number}"
        with contextlib.suppress(ValueError):
            if not directory.exists() or read_sweep(directory)[0] == spec:
                return directory
        number += 1


def _refuse_other(directory: Path, spec: SweepSpec, force: bool) -> None:
    if directory.exists() and not directory.is_dir():
        raise ValueError(f"output: {directory} is no directory; a new or empty directory, or that of a sweep, is allowed")
    if not (directory / SWEEP_FILE).exists():
        # a file of a hidden name is what a write that was killed leaves behind
        if directory.exists() and any(not path.name.startswith(".") for path in directory.iterdir()):
            raise ValueError(f"output: {directory} is not empty; a new or empty directory, or that of a sweep, is allowed")
        return
    before, now = read_sweep(directory)[0].as_dict(), spec.as_dict()
    if differing := [name for name in now if before[name] != now[name]]:
        name = differing[0]
        if not force:
            raise ValueError(
                f"output: {name} is {_shown(now[name])}, but the sweep in {directory} was begun with {_shown(before[name])}; "
                "the same specification, another directory, or force is allowed"
            )


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _prepare(directory: Path, spec: SweepSpec, force: bool) -> None:
    """Make the directory and begin the sweep in it, or with ``force`` begin it anew."""
    try:
        (directory / CELLS).mkdir(parents=True, exist_ok=True)
        if force and (directory / SWEEP_FILE).exists():
            _clear(directory)
        if not (directory / SWEEP_FILE).exists():
            write_sweep(directory, spec, provenance(None, threads=1))
    except OSError as error:
        raise ValueError(f"output: {directory} cannot be written ({error.strerror}); choose a writable directory") from error


def _clear(directory: Path) -> None:
    """Remove the cells of the sweep that is there, and nothing else; its specification last."""
    old, _ = read_sweep(directory)
    for cell in old.cells():
        cell_path(directory, cell).unlink(missing_ok=True)
    (directory / SWEEP_FILE).unlink()


def _run(spec: SweepSpec, cells: list[Cell], directory: Path, jobs: int, data: Path | None, progress: bool) -> None:
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky.process_executor import TerminatedWorkerError
    from tqdm import tqdm

    total = len(spec.cells())
    bar = tqdm(
        total=total, initial=total - len(cells), unit="run", desc="sweep", disable=not (progress and sys.stderr.isatty())
    )
    with bar, parallel_config("loky", n_jobs=min(jobs, len(cells)), inner_max_num_threads=1):
        tasks = (delayed(run_and_write)(spec, cell, directory, data) for cell in cells)
        try:
            # one cell at a time: what is finished is on disk
            for _ in Parallel(batch_size=1, return_as="generator_unordered")(tasks):
                bar.update()
        except TerminatedWorkerError:
            reason = "a process of the sweep was killed, perhaps for want of memory"
            raise OSError(f"{reason}; the same command with --output {directory} goes on") from None


def run_and_write(spec: SweepSpec, cell: Cell, directory: Path, data: Path | None) -> None:
    """Run one cell with one thread and write its result."""
    before = torch.get_num_threads()
    # sums over several threads depend on their number
    torch.set_num_threads(1)
    try:
        result = run_cell(spec, cell, _split(spec.data, spec.device, data))
    finally:
        torch.set_num_threads(before)
    write_cell(directory, spec, cell, {**result, "provenance": _provenance(cell.seed)})


@lru_cache(maxsize=1)
def _split(name: str, device: str, data: Path | None) -> Split:
    return load_split(name, torch.device(device), data)


@lru_cache
def _provenance(seed: int) -> dict[str, Any]:
    return provenance(seed, threads=1)
