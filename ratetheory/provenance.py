"""Where a number comes from: versions, commit, seed and threads, for every JSON and report."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from ratetheory import __version__

_LIBRARIES = ("numpy", "scipy", "sympy", "flint", "torch", "xarray", "matplotlib", "sklearn", "mlxtend")


def provenance(seed: int | None = None) -> dict[str, Any]:
    """Version, commit of the checkout if there is one, seed, threads, and the versions of the libraries loaded so far."""
    return {
        "ratetheory": __version__,
        "commit": commit(),
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "seed": seed,
        "threads": int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1),
        "libraries": {name: getattr(sys.modules[name], "__version__", "?") for name in _LIBRARIES if name in sys.modules},
    }


def commit() -> str | None:
    """The commit of the checkout that this package lies in; ``None`` for an installed package."""
    root = Path(__file__).resolve().parent.parent
    git = root / ".git"
    if not (root / "pyproject.toml").is_file() or not git.is_dir():
        return None
    try:
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        reference = head[5:]
        loose = git / reference
        if loose.is_file():
            return loose.read_text().strip()
        for line in (git / "packed-refs").read_text().splitlines():
            if line.endswith(" " + reference):
                return line.split()[0]
    except OSError:
        pass
    return None
