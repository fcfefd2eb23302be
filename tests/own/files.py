"""Small files of claims, written for a test."""

from pathlib import Path

HEAD = "from ratetheory.own import Conclusion, Letter, Step, assume, claim\n"


def text(left="s.x", right="s.x + 1", relation="<=", letters='[Letter("x", "", at_least="0")]', more=""):
    """A file with one conclusion."""
    conclusion = f'Conclusion("a", lambda m, s: {left}, "{relation}", lambda m, s: {right})'
    return f'{HEAD}CLAIM = claim(slug="c", title="t", letters={letters}, conclusions=[{conclusion}], {more})\n'


def write(directory: Path, content: str | bytes) -> Path:
    """The file."""
    path = directory / "claim.py"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
