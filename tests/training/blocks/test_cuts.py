"""Pieces of fused parameters in joint groups, against a search through all sets of pieces by rescaling."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ratetheory.training.blocks import find_blocks
from ratetheory.training.blocks.cuts import equal_slices, quiet_runs
from ratetheory.training.blocks.screen import Sums
from tests.training.blocks.brute_force import Judge
from tests.training.blocks.zoo import rows


class Transposed(nn.Module):
    """One head; queries, keys and values from a matrix whose second axis has the outputs."""

    def __init__(self, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 24) / 3)
        self.bias = nn.Parameter(torch.randn(24)) if bias else None
        self.out_proj = nn.Linear(8, 8)

    def forward(self, x, *_, need_weights):
        y = x @ self.weight
        q, k, v = (y if self.bias is None else y + self.bias).split([8, 8, 8], -1)
        return (self.out_proj(F.scaled_dot_product_attention(q, k, v)),)


class Attention(nn.Module):
    """Attention, normalised without a residual connection."""

    def __init__(self, eps, kind):
        super().__init__()
        fused = nn.MultiheadAttention(8, 2, batch_first=True)
        if kind == "without biases of the inputs":
            fused.in_proj_bias = None
        self.a = Transposed(kind == "transposed") if kind.startswith("transposed") else fused
        for name, p in self.a.named_parameters():
            if name.endswith("bias"):
                nn.init.normal_(p)
        self.norm, self.last = nn.LayerNorm(8, eps), nn.Linear(8, 3)

    def forward(self, x):
        return self.last(torch.tanh(self.norm(self.a(x, x, x, need_weights=False)[0])))


KINDS = ["with biases", "without biases of the inputs", "transposed", "transposed without biases"]


def groups(judge, pieces):
    """All minimal sets of pieces that can be rescaled; a piece is (parameter, axis, start, stop)."""

    def scaled(point, chosen):
        point = dict(point)
        for name, axis, start, stop in chosen:
            point[name] = point[name].clone()
            point[name].movedim(axis, 0)[start:stop] *= 1.9
        return point

    found = []
    for size in range(1, len(pieces) + 1):
        for chosen in map(frozenset, itertools.combinations(pieces, size)):
            if not any(g <= chosen for g in found) and judge.same(lambda point, c=chosen: scaled(point, c)):
                found.append(chosen)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_values_of_fused_attention_stand_in_a_group(kind):
    judge = Judge(lambda eps: (Attention(eps, kind), rows(3, 4, 8)))
    pieces = []
    for name, w in judge.start.items():
        cut = name.startswith("a.") and 24 in w.shape
        axis = list(w.shape).index(24) if cut else 0
        edges = (0, 8, 16, 24) if cut else (0, w.shape[0])
        if name.startswith("a."):
            pieces += [(name, axis, a, b) for a, b in itertools.pairwise(edges)]
    expected = groups(judge, pieces)
    influence = {p for p in pieces if frozenset([p]) not in expected}
    torch.manual_seed(5)
    table = find_blocks(Attention(1e-5, kind), rows(3, 4, 8))
    assert not table.notes
    found = {
        frozenset((m.parameter, m.axis if m.stop - m.start < 24 else 0, m.start, m.stop) for m in f.members)
        for f in table.families
        if f.verdict in ("joint", "dead")
    }
    assert {frozenset(p if p[0] != "a.out_proj.weight" else (*p[:1], 0, 0, 8) for p in g) for g in found} == set(expected)
    assert all(f.parts == 1 for f in table.families)
    assert (len(expected), len(influence)) == ((3, len(pieces) - 1) if "without" not in kind else (2, len(pieces)))


def test_the_table_covers_every_entry_once_but_for_overlapping_groups():
    torch.manual_seed(5)
    model = Attention(1e-5, "with biases")
    table = find_blocks(model, rows(3, 4, 8))
    for name, w in model.named_parameters():
        seen = sorted({(m.start, m.stop) for f in table.of(name) for m in f.members if m.parameter == name})
        assert [a for a, _ in seen] == [0, *(b for _, b in seen[:-1])]
        assert seen[-1][1] == len(w)


def test_slices_that_show_a_cut():
    alive = np.ones(24, dtype=bool)
    assert quiet_runs(alive) == []
    alive[8:16] = False
    assert quiet_runs(alive) == [(8, 16)]
    alive[20] = False  # one dead unit beside it: nothing is certain
    assert quiet_runs(alive) == []
    assert quiet_runs(np.arange(24) != 3) == []
    assert quiet_runs((np.arange(24) < 5) | (np.arange(24) > 8)) == []
    assert quiet_runs(np.zeros(24, dtype=bool)) == []
    rng = np.random.default_rng(0)
    products = rng.standard_normal((2, 24))
    assert equal_slices([Sums(products, np.abs(products))]) == set()
    # six of the queries, three each of keys and values
    products[:, 12:18] += (products[:, :12].sum(axis=1) - products[:, 12:18].sum(axis=1))[:, None] / 6
    assert equal_slices([Sums(products, np.abs(products))]) == {12, 18}
