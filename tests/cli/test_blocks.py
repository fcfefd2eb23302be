import contextlib
import io
import json

import pytest

from ratetheory.cli import blocks as module
from ratetheory.observation.families import load_blocks
from tests.cli.run import ratetheory, refused

FACTORY = """
import torch
from torch import nn

print("noise")


def net():
    return nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 2)), torch.randn(8, 5)


def badly_called():
    return net()[0], torch.randn(8, 4)


def sleeps():
    import time

    time.sleep(60)
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "nets.py"
    path.write_text(FACTORY)
    return str(path)


def test_the_table_as_text_and_as_json(file, tmp_path):
    result = ratetheory("blocks", f"{file}:net", "--json", "--no-explain")
    assert result.code == 0, result.err
    assert "provenance" in json.loads(result.out)
    (tmp_path / "blocks.json").write_text(result.out)
    table = load_blocks(tmp_path / "blocks.json")
    assert table.of("0.weight")[0].verdict == "alone"
    with contextlib.redirect_stdout(io.StringIO()) as out:
        module.show(table)
    assert out.getvalue().splitlines()[1].split()[:5] == ["0.weight", "alone", "6", "filter", "5"]
    assert "6 scale-invariant blocks that share no entry, of 30 entries, 48.4% of all" in out.getvalue()


def test_what_cannot_be_judged_is_one_line(file):
    assert "cannot be evaluated on this batch" in refused("blocks", f"{file}:badly_called")
    assert "--budget allows more" in refused("blocks", f"{file}:sleeps", "--budget", "4")
    assert "budget" in refused("blocks", f"{file}:net", "--budget", "-1")
    assert "memory" in refused("blocks", f"{file}:net", "--memory", "1")


def test_the_help_says_that_the_code_is_run():
    text = " ".join(ratetheory("blocks", "--help").out.split())
    assert "no sandbox" in text
    assert "run only code that you trust" in text
