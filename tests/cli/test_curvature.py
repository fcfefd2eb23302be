import json

import pytest

from tests.cli.run import ratetheory, refused

FACTORY = """
import torch
from torch import nn


def net():
    torch.manual_seed(0)
    x, y = torch.randn(16, 5), torch.randint(2, (16,))
    model = nn.Sequential(nn.Linear(5, 6, bias=False), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 2))
    return model, lambda m: nn.functional.cross_entropy(m(x), y)


def batch():
    return net()[0], torch.randn(8, 5)
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "nets.py"
    path.write_text(FACTORY)
    return str(path)


def test_the_ends_and_the_range_as_text_and_as_json(file, tmp_path):
    import torch

    from ratetheory.observation.families import save_blocks
    from ratetheory.training.blocks import find_blocks
    from ratetheory.training.factory import load_model

    result = ratetheory("curvature", f"{file}:net")
    assert result.code == 0, result.err
    assert "30 scale-invariant weights" in result.out
    assert "learning rate of the 26 scale-variant weights: below" in result.out
    save_blocks(find_blocks(*load_model(f"{file}:net"), explain=False), tmp_path / "blocks.json")
    state = {"0.weight": torch.ones(6, 5), "1.weight": torch.ones(6), "1.bias": torch.zeros(6)}
    state |= {"1.running_mean": torch.zeros(6), "1.running_var": torch.ones(6), "1.num_batches_tracked": torch.tensor(0)}
    torch.save({**state, "3.weight": torch.ones(2, 6), "3.bias": torch.zeros(2)}, tmp_path / "a.pt")
    more = ("--blocks", str(tmp_path / "blocks.json"), "--checkpoint", str(tmp_path / "a.pt"), "--json")
    result = ratetheory("curvature", f"{file}:net", *more)
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert found["curvature"]["trust"] == "estimated"
    assert found["below"] == pytest.approx(2 / found["smoothness"]["L_gg"])
    assert "provenance" in found


def test_what_is_refused(file, tmp_path):
    assert "loss: " in refused("curvature", f"{file}:batch")
    assert "factory: " in refused("curvature", f"{file}:none")
    assert "budget: " in refused("curvature", f"{file}:net", "--budget", "0")
    assert "no regular file" in refused("curvature", f"{file}:net", "--blocks", str(tmp_path / "none.json"))
    assert "no regular file" in refused("curvature", f"{file}:net", "--checkpoint", str(tmp_path / "none.pt"))
    assert "no trace here" in refused("curvature", f"{file}:net", "--keep", str(tmp_path))
