"""Factories: what is loaded, and what is refused in one line."""

import sys

import pytest

from ratetheory.training.factory import load_model

TEXT = """
def net():
    return "model", 3


def wrong():
    return 3


def fails():
    raise RuntimeError("no\\nway")
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / "nets_of_a_test.py"
    path.write_text(TEXT)
    return path


def test_a_file_and_a_module(file, monkeypatch):
    assert load_model(f"{file}:net") == ("model", 3)
    monkeypatch.chdir(file.parent)
    assert load_model("nets_of_a_test:net") == ("model", 3)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("{file}", "MODULE:FACTORY"),
        ("{file}:", "MODULE:FACTORY"),
        ("{file}:a-b", "MODULE:FACTORY"),
        ("{file}:nothing", "no function 'nothing'"),
        ("{file}:wrong", "a pair"),
        ("{file}:fails", "fails: RuntimeError: no"),
        ("no_such_module:net", "cannot be imported: ModuleNotFoundError"),
        ("no_such_file.py:net", "is no file"),
    ],
)
def test_refuses(file, place, message):
    with pytest.raises(ValueError, match=message) as error:
        load_model(place.format(file=file))
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("factory: ")


def test_a_file_that_is_no_python(file):
    notes = file.with_name("notes.txt")
    notes.write_text("no code")
    with pytest.raises(ValueError, match="is no Python file; MODULE:FACTORY or FILE"):
        load_model(f"{notes}:net")
    file.write_text("def (")
    with pytest.raises(ValueError, match="cannot be imported: SyntaxError"):
        load_model(f"{file}:net")
