"""Where a number comes from: versions, commit, seed and threads, for every JSON, trace and report."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ratetheory import __version__

_LIBRARIES = ("numpy", "scipy", "sympy", "flint", "torch", "xarray", "matplotlib", "sklearn", "mlxtend")


def provenance(seed: int | None = None, threads: int | None = None) -> dict[str, Any]:
    """Version, commit of the checkout if there is one, seed, threads, and the versions of the libraries loaded so far."""
    versions = {"python": ".".join(str(part) for part in sys.version_info[:3])}
    versions |= {name: getattr(sys.modules[name], "__version__", "?") for name in _LIBRARIES if name in sys.modules}
    return {
        "version": __version__,
        "commit": commit(),
        "seed": seed,
        "threads": threads or int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1),
        "libraries": versions,
    }


def commit() -> str | None:
    """The commit of the checkout that the package is imported from, ``-dirty`` if it is changed; ``None`` elsewhere."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists() or not (root / "pyproject.toml").is_file():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
