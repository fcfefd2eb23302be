"""A group of commands that imports each only when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class Lazy(click.Group):
    """Knows its commands by name, module and help; a module calls its command by the name, with ``_`` for ``-``."""

    def __init__(self, *args: Any, places: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = places

    def list_commands(self, context: click.Context) -> list[str]:
        """The names, in their order."""
        return list(self._places)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command, imported now; ``None`` for an unknown name."""
        if name not in self._places:
            return None
        command = getattr(import_module(self._places[name][0]), name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The help lines, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._places.items()])
