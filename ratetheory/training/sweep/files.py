"""The files of a sweep: ``sweep.json`` (specification, provenance) and one small JSON for each finished cell."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ratetheory.files import write_file
from ratetheory.training.sweep.specification import Cell, SweepSpec, specification_from

SWEEP_FILE = "sweep.json"
CELLS = "cells"
SCHEMA = "ratetheory-sweep"
CELL_SCHEMA = "ratetheory-sweep-cell"
SCHEMA_VERSION = 1
SWEEP_LIMIT = 16 * 2**20
"""Largest ``sweep.json`` that is read, in bytes."""
CELL_LIMIT = 64 * 2**10
"""Largest file of a cell that is read, in bytes."""

MEASURED = ("loss", "gradient_norm", "test_accuracy", "effective_rate_last")
"""What a completed cell has and a diverged one has not."""


def write_sweep(directory: Path, spec: SweepSpec, provenance: dict[str, Any]) -> None:
    """Begin a sweep in a directory that exists."""
    content = {"specification": spec.as_dict(), "provenance": provenance}
    _write(directory / SWEEP_FILE, SCHEMA, content)


def read_sweep(directory: Path) -> tuple[SweepSpec, dict[str, Any]]:
    """Specification and provenance; ``ValueError`` if there is none, or it is corrupt or foreign."""
    path = directory / SWEEP_FILE
    content = _read(path, SCHEMA, SWEEP_LIMIT)
    try:
        spec = specification_from(content.get("specification"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}; a file written by sweep is expected") from None
    provenance = content.get("provenance")
    return spec, provenance if isinstance(provenance, dict) else {}


def cell_path(directory: Path, cell: Cell) -> Path:
    """Where the result of a cell lies."""
    return directory / CELLS / f"{cell.name}.json"


def write_cell(directory: Path, spec: SweepSpec, cell: Cell, result: dict[str, Any]) -> None:
    """Write the result of a cell, all or nothing, and with it of which specification it is."""
    content = {"specification": digest(spec), "cell": asdict(cell), **result}
    _write(cell_path(directory, cell), CELL_SCHEMA, content)


def read_cell(directory: Path, spec: SweepSpec, cell: Cell) -> dict[str, Any] | None:
    """The result of a cell, ``None`` if it has not run; ``ValueError`` if its file is corrupt or of another sweep.

    A cell is written at once or not at all, so that a corrupt file is no trace of an interruption: it is never taken for one
    that has not run.
    """
    path = cell_path(directory, cell)
    if not path.exists():
        return None
    content = _read(path, CELL_SCHEMA, CELL_LIMIT)
    if content.get("specification") != digest(spec) or content.get("cell") != asdict(cell):
        raise ValueError(f"{path}: of another sweep; remove it, and the cell runs again")
    present = [name for name in MEASURED if _finite(content.get(name))]
    completed = content.get("status") == "completed" and len(present) == len(MEASURED)
    diverged = content.get("status") == "diverged" and not any(content.get(name) is not None for name in MEASURED)
    if not (completed or diverged):
        raise ValueError(f"{path}: corrupt, it does not hold the numbers of a cell; remove it, and the cell runs again")
    return content


def digest(spec: SweepSpec) -> str:
    """A name for a specification that no other one has."""
    return hashlib.sha256(json.dumps(spec.as_dict(), sort_keys=True).encode()).hexdigest()


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _write(path: Path, schema: str, content: dict[str, Any]) -> None:
    full = {"schema": schema, "schema_version": SCHEMA_VERSION, **content}
    write_file(path, (json.dumps(full, indent=1, allow_nan=False) + "\n").encode())


def _read(path: Path, schema: str, limit: int) -> dict[str, Any]:
    remove = "; remove it, and the cell runs again" if schema == CELL_SCHEMA else "; a file written by sweep is expected"
    try:
        if not path.is_file() or path.stat().st_size > limit:
            raise ValueError(f"{path}: no regular file of at most {limit} bytes{remove}")
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise ValueError(f"{path}: corrupt, it holds no JSON{remove}") from None
    if not isinstance(content, dict) or content.get("schema") != schema:
        raise ValueError(f"{path}: a foreign file; schema {schema!r} is expected{remove}")
    if content.get("schema_version") != SCHEMA_VERSION:
        version = str(content.get("schema_version"))[:20]
        raise ValueError(f"{path}: schema version {version} is not known; version {SCHEMA_VERSION} is read")
    return content
