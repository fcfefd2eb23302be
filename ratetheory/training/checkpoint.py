"""Checkpoints and snapshots of weights, in a format that is read without running code."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import torch

from ratetheory.files import write_file

CHECKPOINT = "checkpoint.pt"
SNAPSHOTS = "snapshots"
CHECKPOINT_LIMIT = 2**30
"""Largest checkpoint or snapshot that is read, in bytes."""


def save(path: Path, content: dict[str, Any]) -> None:
    """Write tensors and numbers, all or nothing."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_file(path, buffer.getvalue())


def load(path: Path, limit: int = CHECKPOINT_LIMIT) -> dict[str, Any]:
    """Read what ``torch.save`` wrote, tensors to the CPU; ``ValueError`` if it is corrupt, too large, or more than data.

    ``limit``: bytes that the file may have, packed or not.
    """
    check_size(path, limit)
    _refuse_compressed(path, limit)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the reader raises whatever a corrupt file leads it to
        raise ValueError(f"{path}: corrupt, or more than tensors ({type(error).__name__})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: a foreign file; a checkpoint is expected")
    return content


def check_size(path: Path, limit: int) -> None:
    """``ValueError`` unless there is a regular file of at most ``limit`` bytes."""
    if not path.is_file() or path.stat().st_size > limit:
        raise ValueError(f"{path}: no regular file of at most {limit} bytes")


def _refuse_compressed(path: Path, limit: int) -> None:
    """``ValueError`` for an archive that is larger inside than outside; torch itself compresses nothing."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise ValueError(f"{path}: corrupt, or not written by torch") from None
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries) or sum(e.file_size for e in entries) > limit:
        raise ValueError(f"{path}: compressed, or more than {limit} bytes inside; a file as torch.save writes it is allowed")


def snapshot_path(directory: Path, step: int) -> Path:
    """Where the weights before ``step`` lie."""
    return directory / SNAPSHOTS / f"weights-{step:09d}.pt"


def snapshots(directory: Path) -> dict[int, Path]:
    """The snapshots of a trace directory by step."""
    return {int(p.stem.removeprefix("weights-")): p for p in sorted((directory / SNAPSHOTS).glob(f"weights-{'[0-9]' * 9}.pt"))}
