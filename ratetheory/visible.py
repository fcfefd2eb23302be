"""Text from files and from other processes, as a terminal may show it."""

from __future__ import annotations


def visible(text: str) -> str:
    """The text with every character that does not show, or that turns the direction of others, as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
