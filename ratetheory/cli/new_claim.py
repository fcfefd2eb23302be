"""``ratetheory new-claim``: the template of a claim of the user's own."""

from __future__ import annotations

import contextlib
import os
import tempfile
from importlib.resources import files
from pathlib import Path

import click


@click.command("new-claim")
@click.argument("path")
@click.option("--force", is_flag=True, help="Replace an existing file.")
def new_claim(path: str, force: bool) -> int:
    """Write a template to PATH, a Python file: a small true claim, with what may be changed in it.

    Then: ratetheory verify PATH.
    """
    place = Path(path)
    if place.suffix != ".py":
        raise ValueError(f"path: {path!r} is not allowed; allowed: a name that ends in .py")
    if not place.parent.is_dir():
        raise ValueError(f"path: {str(place.parent)!r} is no directory; allowed: a file in an existing directory")
    if (place.exists() or place.is_symlink()) and not (force and place.is_file()):
        raise ValueError(f"path: {path!r} exists; allowed: a new file, or --force to replace one")
    _write(place, files("ratetheory.own").joinpath("template.py").read_bytes(), force)
    click.echo(path)
    return 0


def _write(path: Path, content: bytes, force: bool) -> None:
    """The whole file or nothing; without ``force`` only where there is none."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o644)
        if force:
            os.replace(temporary, path)
        else:
            os.link(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
