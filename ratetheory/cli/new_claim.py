"""``ratetheory new-claim``: the template of a claim of the user's own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from ratetheory.files import free_path, write_file


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
    free_path(place, "path", force)
    write_file(place, files("ratetheory.own").joinpath("template.py").read_bytes(), force)
    click.echo(path)
    return 0
