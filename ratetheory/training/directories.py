"""Trace directories: a free name, nothing overwritten, nothing of others removed."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ratetheory.observation.trace import read_run
from ratetheory.training import checkpoint


def free_directory(name: str) -> Path:
    """``runs/NAME-n`` with the first free n."""
    number = 0
    while (Path("runs") / f"{name}-{number}").exists():
        number += 1
    return Path("runs") / f"{name}-{number}"


def refuse_occupied(directory: Path, force: bool) -> None:
    """``ValueError`` if the directory holds anything, but for a trace if ``force`` says so."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        if not force:
            raise ValueError(f"output: {directory} is not empty; a new or empty directory is allowed, or force")
        read_run(directory)


def prepare(directory: Path) -> None:
    """Make the directory, or clear the trace in it; ``ValueError`` if it cannot be written."""
    try:
        if (directory / "run.json").exists():
            _clear(directory)
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ValueError(f"output: {directory} cannot be written ({error.strerror}); choose a writable directory") from error


def _clear(directory: Path) -> None:
    """Remove what a run writes, and nothing else; ``run.json`` first, so that half a removal is no trace."""
    digits = "[0-9]"
    parts, estimates = directory.glob(f"part-{digits * 6}.nc"), directory.glob("smoothness-*.json")
    for path in (directory / "run.json", directory / checkpoint.CHECKPOINT, *parts, *estimates):
        path.unlink(missing_ok=True)
    for path in (directory / checkpoint.SNAPSHOTS).glob(f"weights-{digits * 9}.pt"):
        path.unlink()
    with contextlib.suppress(OSError):
        (directory / checkpoint.SNAPSHOTS).rmdir()
