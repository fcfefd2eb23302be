"""Where a result comes from: version, commit, libraries."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import ratetheory


def commit() -> str | None:
    """The commit of the checkout that the package is imported from, ``-dirty`` if it is changed; ``None`` elsewhere."""
    root = Path(ratetheory.__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def provenance(libraries: Iterable[str], seed: int | None, threads: int | None) -> dict[str, Any]:
    """Version, commit, seed, threads, Python and the versions of the named distributions that are installed."""
    versions = {"python": platform.python_version()}
    for name in libraries:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"version": ratetheory.__version__, "commit": commit(), "seed": seed, "threads": threads, "libraries": versions}
