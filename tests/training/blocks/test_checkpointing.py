"""Models with activation checkpoints have the table that they have without, where training gives them gradients."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils import checkpoint

from ratetheory.training.blocks import find_blocks
from tests.training.blocks.zoo import rows

pytestmark = pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")


class Net(nn.Module):
    """Two blocks, the second with a functional normalisation, each in a checkpoint or not."""

    def __init__(self, first, second):
        super().__init__()
        self.kinds = first, second
        self.a, self.norm = nn.Linear(5, 6, bias=False), nn.BatchNorm1d(6)
        self.b, self.last = nn.Linear(6, 6, bias=False), nn.Linear(6, 3)

    def one(self, x):
        return torch.tanh(self.norm(self.a(x)))

    def two(self, x):
        return torch.tanh(F.dropout(F.layer_norm(self.b(x), (6,)), 0.2))

    def forward(self, x):
        for kind, block in zip(self.kinds, (self.one, self.two), strict=True):
            x = block(x) if kind is None else checkpoint.checkpoint(block, x, use_reentrant=kind)
        return self.last(x)


def table(model, x):
    return {f.name: (f.verdict, f.parts) for f in find_blocks(model, x).families}


@pytest.mark.parametrize("kinds", [(None, True), (None, False), (False, False), (False, True), (True, True)])
@pytest.mark.parametrize("asked", [False, True])
def test_checkpoints_change_nothing_but_what_training_sees(kinds, asked):
    torch.manual_seed(0)
    model, x = Net(*kinds), rows(8, 5).requires_grad_(asked)
    model(x).sum().backward()
    without = {n for n, p in model.named_parameters() if p.grad is None}
    assert bool(without) == (kinds[0] is True and not asked)
    used = checkpoint.CheckpointFunction
    found = table(model, x)
    assert checkpoint.CheckpointFunction is used
    assert {n for n, (verdict, _) in found.items() if verdict == "dead"} == without
    model.kinds = None, None
    plain = table(model, x)
    assert (plain["a.weight"], plain["b.weight"]) == (("alone", 6), ("alone", 1))
    assert {n: v for n, v in found.items() if n not in without} == {n: v for n, v in plain.items() if n not in without}


def test_a_weight_that_no_gradient_reaches_is_not_called_unused():
    (family,) = find_blocks(Net(True, None), rows(8, 5)).of("a.weight")
    assert family.verdict == "dead"
    assert family.reason.startswith("no gradient reaches it, though other values would change the outputs")
