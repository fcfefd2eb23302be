"""The Rocq compiler: where it is, where the sources of the proofs lie, and where they are built, once for each content."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

INSTALL = "apt-get install coq libcoq-coquelicot libcoq-interval"
"""What installs the compiler and the libraries on Debian and Ubuntu."""
WARNINGS = "-notation-overridden,-ambiguous-paths"
SECONDS = 600


class MissingRocq(ValueError):
    """There is no compiler."""


@dataclass(frozen=True)
class Compiled:
    """What the compiler answered: whether it accepted the file, and what it printed."""

    accepted: bool
    output: str


def sources() -> Path:
    """The directory of the proofs: beside the package in a clone, inside it where it is installed."""
    package = Path(__file__).parents[1]
    for found in (package / "proofs", package.parent / "proofs"):
        if (found / "_CoqProject").is_file():
            return found
    raise FileNotFoundError("the proofs are not there: _CoqProject is missing")


def files() -> list[Path]:
    """The source files in the order in which they depend on each other."""
    root = sources()
    return [root / line for line in (root / "_CoqProject").read_text().split() if line.endswith(".v")]


@cache
def source_hash() -> str:
    """The hash of all sources, names and contents."""
    found = hashlib.sha256()
    for path in files():
        content = path.read_bytes()
        found.update(f"{path.name} {len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()


@cache
def compiler() -> str:
    """The path of ``coqc``; ``MissingRocq`` with the line that installs it where there is none."""
    found = shutil.which("coqc")
    if found is None:
        raise MissingRocq(f"coqc: not found; {INSTALL} installs it")
    return found


@cache
def version() -> str:
    """The compiler's version, as it says it."""
    return subprocess.run([compiler(), "--print-version"], capture_output=True, text=True, check=True).stdout.strip()


def cache_directory() -> Path:
    """Where builds are kept, by content: in the user's cache directory."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    key = hashlib.sha256(f"{source_hash()} {version()}".encode()).hexdigest()[:16]
    return Path(root) / "ratetheory" / f"proofs-{key}"


def compile_file(path: Path, library: Path | None, seconds: float = SECONDS) -> Compiled:
    """Compile one file, with the library ``Ratetheory`` from a directory (its own without one)."""
    root = path.parent if library is None else library
    command = [compiler(), "-q", "-w", WARNINGS, "-Q", str(root), "Ratetheory", path.name]
    try:
        done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return Compiled(False, f"not done within {seconds:g} s")
    return Compiled(done.returncode == 0, (done.stdout + done.stderr).strip())


def compile_text(text: str, seconds: float = SECONDS) -> Compiled:
    """Compile a file with this text against the proofs."""
    library = built()
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "given_file.v"
        path.write_text(text)
        return compile_file(path, library, seconds)


def built() -> Path:
    """The directory of the compiled proofs, made if need be; ``ValueError`` if a file is refused.

    Two processes that build at once do not disturb each other: each builds in a directory of its own, the first one done stays.
    """
    target = cache_directory()
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        place = Path(work) / "proofs"
        place.mkdir()
        for path in (sources() / "_CoqProject", *files()):
            shutil.copy(path, place)
        for command in (
            ["coq_makefile", "-f", "_CoqProject", "-o", "Makefile.coq"],
            ["make", "-f", "Makefile.coq", f"-j{os.cpu_count() or 1}"],
        ):
            done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise ValueError(f"the proofs do not compile: {' '.join(done.stderr.split())[:500]}")
        try:
            place.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    return target
