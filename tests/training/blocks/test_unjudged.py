"""Parameters that are not real numbers stand in the table, as not judged, and what may belong to them as not decided."""

import json

import torch
from torch import nn

from ratetheory.observation.families import blocks_from_dict
from ratetheory.training.blocks import find_blocks
from ratetheory.training.slices import check_fits
from tests.training.blocks.zoo import rows


class Net(nn.Module):
    """A complex layer and a real bias, jointly invariant; a complex gain that starts at zero; a table of integers."""

    def __init__(self):
        super().__init__()
        self.filters = nn.Parameter(torch.randn(5, 6, dtype=torch.complex64))
        self.bias = nn.Parameter(torch.randn(6))
        self.register_buffer("turn", torch.polar(torch.ones(6), torch.arange(6.0)))
        self.norm, self.real = nn.BatchNorm1d(6), nn.Linear(6, 6, bias=False)
        self.gain = nn.Parameter(torch.zeros((), dtype=torch.complex64))
        self.order = nn.Parameter(torch.tensor([2, 0, 1]), requires_grad=False)
        self.last = nn.BatchNorm1d(6)

    def forward(self, x):
        h = torch.tanh(self.norm(((x.to(self.filters.dtype) @ self.filters) * self.turn + self.bias).abs()))
        return torch.tanh(self.last(self.real(h)))[:, self.order] * (1 + self.gain).abs()


def test_every_parameter_has_a_row_and_what_is_not_judged_says_so():
    torch.manual_seed(0)
    model, batch = Net(), rows(8, 5)
    table = find_blocks(model, batch)
    assert [f.name for f in table.families if f.name.count(".") == 0] == ["filters", "bias", "gain", "order"]
    assert {m.parameter for f in table.families for m in f.members} == {n for n, _ in model.named_parameters()}
    for name, kind in (("filters", "complex"), ("gain", "complex"), ("order", "integers")):
        (row,) = table.of(name)
        assert row.verdict == "not"
        assert row.reason.startswith(f"not judged: its entries are {kind}")
    assert "not judged, as they are not real numbers: filters, gain, order" in table.notes
    assert [(f.verdict, f.parts) for f in table.of("real.weight")] == [("alone", 6)]
    (bias,) = table.of("bias")
    assert bias.reason.endswith("whether it is jointly invariant with others was not decided")
    for family in blocks_from_dict(json.loads(json.dumps(table.as_dict()))).families:
        check_fits(family, dict(model.named_parameters()))
    assert model.filters.dtype == torch.complex64


def test_a_model_of_complex_parameters_only_has_its_rows():
    model = nn.Linear(3, 2, dtype=torch.complex64)
    table = find_blocks(model, torch.randn(4, 3, dtype=torch.complex64))
    assert [f.name for f in table.families] == ["weight", "bias"]
    assert table.invariant == ()
