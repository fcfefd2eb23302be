"""What the README shows is what the commands print."""

import re
from pathlib import Path

import pytest

from tests.cli.run import ratetheory

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = [block.strip().splitlines() for block in re.findall(r"```\n(\$ ratetheory .*?)```", README, flags=re.DOTALL)]
BOUNDS = [block for block in BLOCKS if block[0].startswith("$ ratetheory bound")]


@pytest.mark.parametrize("block", BOUNDS, ids=lambda block: block[0][2:40])
def test_bounds_are_those_shown(block):
    printed = ratetheory(*block[0].split()[2:]).out.splitlines()
    shown = [line for line in block[1:] if line != "..."]
    assert len(shown) > 4
    assert all(line in printed for line in shown), [line for line in shown if line not in printed]


def test_the_claims_shown_are_proved_and_survive():
    (block,) = [block for block in BLOCKS if block[0].startswith("$ ratetheory verify")]
    printed = ratetheory(*block[0].split()[2:]).out.splitlines()
    for line, now in zip(block[1:], printed, strict=True):
        # the counts stay; the last digits of a slack are rounding and differ between processors
        assert line.split(",")[0].split() == now.split(",")[0].split()


def test_every_file_and_command_named_exists():
    root = Path(__file__).parents[1]
    for name in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (root / name).exists(), name
    for name in re.findall(r"^ {6}(\w+)(?:/|\.py) ", README, flags=re.MULTILINE):
        assert list((root / "ratetheory").glob(f"{name}*")), name
