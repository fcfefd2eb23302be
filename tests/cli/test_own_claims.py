import json
import re
from pathlib import Path

import pytest

from ratetheory.own import template
from tests.cli.run import ratetheory, refused

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "own-claims.md").read_text()
FALSE = str(ROOT / "tests" / "userclaims" / "false" / "09_young.py")


def test_the_template_is_proved_as_it_stands_and_printed_as_the_page_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (shown,) = re.findall(r"^```\n(\$ ratetheory new-claim.*?)```", PAGE, flags=re.DOTALL | re.MULTILINE)
    commands = [part.strip().splitlines() for part in shown.split("$ ratetheory ")[1:]]
    for command, *lines in commands:
        result = ratetheory(*command.split())
        assert result.code == 0
        for printed, line in zip(result.out.splitlines(), lines, strict=True):
            # the digits of a slack differ between processors
            assert printed.split(" survived ")[0] == line.split(" survived ")[0]
    assert (tmp_path / "my_claim.py").read_text() == Path(template.__file__).read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["my_claim.py"]


def test_the_page_ends_with_the_template():
    assert PAGE.endswith("```python\n" + Path(template.__file__).read_text() + "```\n")


def test_the_other_block_of_the_page_is_proved(tmp_path):
    block, _ = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    path = tmp_path / "claim.py"
    path.write_text(block)
    result = ratetheory("verify", str(path), "--json", "--budget", "20")
    assert result.code == 0
    (claim,) = json.loads(result.out)["claims"]
    assert claim["status"] == "proved"


def test_new_claim_overwrites_nothing_unless_told(tmp_path):
    path = tmp_path / "claim.py"
    path.write_text("mine")
    assert "exists" in refused("new-claim", str(path))
    assert path.read_text() == "mine"
    assert ratetheory("new-claim", str(path), "--force").code == 0
    assert path.read_text() == Path(template.__file__).read_text()
    (tmp_path / "directory.py").mkdir()
    assert "exists" in refused("new-claim", str(tmp_path / "directory.py"), "--force")
    assert ".py" in refused("new-claim", str(tmp_path / "claim.txt"))
    assert "no directory" in refused("new-claim", str(tmp_path / "nowhere" / "claim.py"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["claim.py", "directory.py"]


def test_a_false_claim_is_refuted_saved_and_replayed(tmp_path):
    saved = tmp_path / "found.json"
    result = ratetheory("verify", FALSE, "--save", str(saved), "--budget", "20")
    assert result.code == 1
    assert "young: a*b <= a**2*e/2 + b**2*e/2" in result.out
    assert "exceeds the right side" in result.out
    again = ratetheory("verify", "--replay", str(saved), FALSE)
    assert (again.code, again.out.splitlines()[0]) == (1, "young: refuted: the instance violates it")
    assert "exists" in refused("verify", FALSE, "--save", str(saved))


def test_bad_files_and_uses_are_one_line(tmp_path):
    path = tmp_path / "claim.py"
    path.write_text("x = (\n")
    assert "claim.py: line 1: SyntaxError" in refused("verify", str(path))
    assert "No such file" in refused("verify", str(tmp_path / "none.py"))
    assert "one file at a time" in refused("verify", FALSE, "norm-growth")
    assert "--memory" in refused("verify", "norm-growth", "--memory", "500")
    assert "--replay" in refused("verify", FALSE, "--replay", "x.json", "--budget", "3")


def test_the_help_says_that_the_file_is_run():
    text = " ".join(ratetheory("verify", "--help").out.split())
    assert "no sandbox" in text
    assert "run only files that you trust" in text


@pytest.mark.parametrize("name", ["\u202egnp.py", "a\nb.py"])
def test_names_of_files_are_made_visible(name, tmp_path):
    assert refused("verify", str(tmp_path / name)).isascii()
