"""What the README shows is what the commands print."""

import re
import shlex
from pathlib import Path

import pytest

from ratetheory.claims import claims
from ratetheory.formal.verdicts import formal_verdict
from ratetheory.symbolic import derive
from tests.cli.run import ratetheory

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = [block.strip() for block in re.findall(r"```\n(\$ ratetheory .*?)```", README, flags=re.DOTALL)]
QUICK = ("bound", "check-certificate", "verify", "new-claim")


def commands(block):
    """The commands of a block, each with the lines shown below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield shlex.split(command)[1:], [line for line in shown if line.strip() and line != "..."]


def comparable(line):
    """A line without what rounding may change: last digits of a slack, numbers of a counterexample."""
    return "" if line.startswith("  ") else line.split(", least slack")[0].rstrip()


RUN = [block for block in BLOCKS if all(arguments[0] in QUICK for arguments, _ in commands(block))]


@pytest.mark.parametrize("block", RUN, ids=lambda block: block.split("\n")[0][2:50])
def test_commands_print_what_is_shown(block, tmp_path, monkeypatch):
    for name in ("tests", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    for arguments, shown in commands(block):
        printed = ratetheory(*arguments).out.splitlines()
        exactly = arguments[0] in ("bound", "check-certificate")
        seen = printed if exactly else [comparable(line) for line in printed]
        missing = [line for line in shown if (line if exactly else comparable(line)) not in seen]
        assert shown
        assert not missing, missing


def test_enough_is_shown():
    assert len(RUN) >= 7
    assert {arguments[0] for block in RUN for arguments, _ in commands(block)} == set(QUICK)


def test_the_table_of_verdicts_lists_every_claim_and_refutes_none():
    table = README.split("<!-- verdicts")[1].split("<!-- end of verdicts")[0]
    rows = {
        row[1].strip("` "): [cell.strip() for cell in row]
        for row in (re.split(r"(?<!\\)\|", line) for line in table.splitlines())
        if len(row) > 5
    }
    rows = {slug: row for slug, row in rows.items() if slug in claims}
    assert list(rows) == list(claims)
    for slug, (_, _, title, derivation, attack, formal, overall, _) in rows.items():
        assert title.replace("\\|", "|") == claims[slug].title
        assert formal == formal_verdict(claims[slug]).status
        assert overall == derivation
        assert not attack.startswith("refuted")
        assert ("undecided" in (derivation, attack)) == (f"- `{slug}`" in table)


@pytest.mark.parametrize("slug", ["norm-growth", "rotation-budget", "optimizer-growth"])
def test_the_table_of_verdicts_says_what_the_derivation_says(slug):
    assert re.search(rf"^\| `{slug}` \|.*\| {derive(claims[slug]).verdict.status} \|", README, flags=re.MULTILINE)


def test_every_file_and_command_named_exists():
    for name in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"^ {6}(\w+)(?:/|\.py) ", README, flags=re.MULTILINE):
        assert list((ROOT / "ratetheory").glob(f"{name}*")), name
