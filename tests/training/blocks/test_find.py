"""What detection leaves as it was, how it takes models and batches, what it refuses, and near misses."""

import json
import random

import numpy as np
import pytest
import torch
from torch import nn

import ratetheory
from ratetheory.observation.families import blocks_from_dict
from ratetheory.training.blocks import find_blocks
from ratetheory.training.slices import check_fits
from tests.training.blocks.brute_force import snapshot
from tests.training.blocks.zoo import ZOO, images, rows


def verdicts(blocks):
    return {f.name: (f.verdict, f.parts) for f in blocks.families}


def equal(one, other):
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    return one == other


@pytest.mark.parametrize("name", ["vgg", "dropped_out", "spectral_norm", "old_weight_norm", "frozen", "transformers_resnet"])
def test_the_model_and_all_random_states_stay_as_they_are(name):
    torch.manual_seed(3)
    model, batch = ZOO[name](1e-5)
    out = model(**batch)[0] if isinstance(batch, dict) else model(batch)
    out.sum().backward()
    before = snapshot(model)
    kept = {k: v.clone() for k, v in batch.items()} if isinstance(batch, dict) else batch.clone()
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate(), torch.get_default_dtype()  # noqa: NPY002
    find_blocks(model, batch)
    assert equal(snapshot(model), before)
    assert equal(batch, kept)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1]).all()  # noqa: NPY002
    assert random.getstate() == states[2]
    assert torch.get_default_dtype() == states[3]


def test_random_states_stay_where_the_model_fails():
    model = nn.Sequential(nn.Linear(3, 2), nn.Dropout())
    state = torch.get_rng_state()
    with pytest.raises(ValueError, match="model"):
        find_blocks(model, rows(2, 4))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_default_dtype() == torch.float32


def test_a_loss_a_tuple_a_dict_and_a_tensor_give_the_same_table():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = ZOO["vgg"](1e-5)[0]

        def forward(self, x, scale=1.0):
            return {"logits": self.inner(x) * scale, "number": 3, "pair": (x.new_zeros(0), None)}

    torch.manual_seed(0)
    model, x = Net(), images()
    expected = verdicts(find_blocks(model, x))
    labels = torch.tensor([0, 1, 2, 0])
    assert expected["inner.0.weight"] == ("alone", 4)
    assert verdicts(find_blocks(model, (x, 2.0))) == expected
    assert verdicts(find_blocks(model, {"x": x, "scale": 0.5})) == expected
    assert verdicts(find_blocks(model, lambda m: nn.functional.cross_entropy(m(x)["logits"], labels))) == expected
    assert verdicts(ratetheory.find_blocks(model, x, explain=False)) == expected


def test_wrappers_are_taken_off():
    torch.manual_seed(0)
    model, x = ZOO["vgg"](1e-5)
    expected = verdicts(find_blocks(model, x))
    assert verdicts(find_blocks(torch.compile(model), x)) == expected
    assert verdicts(find_blocks(nn.DataParallel(model), x)) == expected
    with torch.autocast("cpu"), torch.no_grad():
        assert verdicts(find_blocks(model, x)) == expected
    with torch.inference_mode():
        assert verdicts(find_blocks(model, x)) == expected


def test_frozen_and_tied_parameters():
    blocks = find_blocks(*ZOO["frozen"](1e-5))
    assert [f.trained for f in blocks.of("0.weight")] == [False]
    assert [f.trained for f in blocks.of("3.weight")] == [True]
    (family,) = find_blocks(*ZOO["shared_weight"](1e-5)).of("a.weight")
    assert (family.verdict, family.unit, family.parts) == ("alone", "layer", 1)
    assert [n.module for n in family.norms] == ["n1", "n2"]


@pytest.mark.parametrize("name", ["densenet", "fused_with_bias", "grouped_queries", "depthwise", "qwen3", "dead_filters"])
def test_tables_are_read_again_and_fit_the_model(name):
    model, batch = ZOO[name](1e-5)
    blocks = find_blocks(model, batch)
    assert blocks_from_dict(json.loads(json.dumps(blocks.as_dict()))).families == blocks.families
    for family in blocks.families:
        check_fits(family, dict(model.named_parameters()))


def test_units_and_norms():
    table = {
        n: find_blocks(*ZOO[n](1e-5)) for n in ("densenet", "group_norm", "fused_queries_keys_values", "layer_norm_of_images")
    }
    (stem,) = table["densenet"].of("stem.weight")
    assert [(n.module, n.kind, n.axis, n.first) for n in stem.norms] == [(f"norms.{i}", "batch", 1, 0) for i in range(3)]
    (second,) = table["densenet"].of("convs.1.weight")
    assert [(n.module, n.axis, n.first) for n in second.norms] == [("norms.2", 1, 5)]
    (grouped,) = table["group_norm"].of("0.weight")
    assert (grouped.unit, grouped.parts, grouped.norms[0].kind, grouped.norms[0].axis) == ("group", 3, "group", 1)
    heads = table["fused_queries_keys_values"].of("qkv.weight")
    assert [(f.verdict, f.unit, f.parts, f.members[0].start, f.members[0].stop) for f in heads if f.invariant] == [
        ("alone", "head", 4, 0, 16)
    ]
    (layer,) = table["layer_norm_of_images"].of("0.weight")
    assert (layer.unit, layer.norms[0].kind, layer.norms[0].axis) == ("layer", "layer", None)


def test_reasons_name_the_place():
    blocks = find_blocks(*ZOO["one_batch_norm_in_evaluation_mode"](1e-5))
    assert "mixed at the bias in 0" in blocks.of("0.weight")[0].reason
    no_bias = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU()).eval()
    no_bias[1].running_mean += 0.1
    blocks = find_blocks(no_bias, images())
    assert "does not use the batch's statistics" in blocks.of("0.weight")[0].reason
    assert "model.train()" in blocks.notes[0]
    blocks = find_blocks(*ZOO["vgg"](1e-5))
    assert "degree 1 into 1 (batch): degree 0" in blocks.of("0.weight")[0].reason
    assert (
        "zero at the present weights; elsewhere invariant alone"
        in find_blocks(*ZOO["zero_gain_resnet"](1e-5)).of("3.conv1.weight")[0].reason
    )


@pytest.mark.parametrize("name", sorted(set(ZOO) - {"spectral_norm", "nearly_clipped"}))
def test_degrees_and_rescaling_agree(name):
    notes = find_blocks(*ZOO[name](1e-5)).notes
    assert [n for n in notes if "evaluation mode" not in n] == []


class Broken(nn.Module):
    """Batch normalisation with a defect."""

    def __init__(self, defect, eps=0.0):
        super().__init__()
        self.linear, self.defect, self.literal = nn.Linear(5, 6, bias=False), defect, eps
        self.last = nn.Linear(6, 2)

    def forward(self, x):
        y = self.linear(x)
        centred = y - y.mean(0)
        z = centred / torch.sqrt(centred.square().mean(0) + self.literal)
        return self.last(torch.tanh(z + self.defect * torch.tanh(y)))


@pytest.mark.parametrize("defect", [1.0, 1e-3, 1e-6])
def test_a_slight_defect_is_seen(defect):
    torch.manual_seed(0)
    (family,) = find_blocks(Broken(defect), rows(8, 5)).of("linear.weight")
    assert family.verdict == "not"
    assert find_blocks(Broken(0.0), rows(8, 5)).of("linear.weight")[0].verdict == "alone"


def test_an_eps_that_stays_is_nearly():
    torch.manual_seed(0)
    (family,) = find_blocks(Broken(0.0, eps=1e-5), rows(8, 5)).of("linear.weight")
    assert family.verdict == "not"
    assert family.reason.startswith("nearly: relative defect")


def test_no_parameters():
    blocks = find_blocks(nn.ReLU(), rows(2, 3))
    assert blocks.families == ()
    assert "no floating-point parameters" in blocks.notes[0]


class Random(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear, self.calls = nn.Linear(3, 2), 0

    def forward(self, x):
        self.calls += 1
        return self.linear(x) + self.calls


class Fails(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, x):
        raise KeyError("no such\nthing")


@pytest.mark.parametrize(
    ("model", "batch", "message"),
    [
        (nn.Linear(3, 2), rows(4, 5), "cannot be evaluated"),
        (nn.BatchNorm1d(3), rows(1, 3), "^model: it cannot be evaluated on this batch: ValueError: Expected more than 1 value"),
        (nn.Linear(3, 2), torch.full((4, 3), float("nan")), "not finite"),
        (nn.Linear(3, 2), 7, "batch: int"),
        (nn.Linear(3, 2), lambda m: m(rows(2, 3)), "loss: it returns a tensor of shape"),
        ("net", rows(4, 3), "model: str"),
        (Random(), rows(4, 3), "function of the weights"),
        (Fails(), rows(4, 3), "KeyError"),
        (nn.LazyLinear(2), rows(4, 3), "no shape yet"),
    ],
)
def test_bad_input_is_one_line(model, batch, message):
    with pytest.raises(ValueError, match=message) as error:
        find_blocks(model, batch)
    assert "\n" not in str(error.value)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", ["vgg", "resnet", "group_norm", "post_norm_transformer"])
def test_the_same_on_a_gpu(name):
    torch.manual_seed(0)
    model, batch = ZOO[name](1e-5)
    expected = verdicts(find_blocks(model, batch))
    state = torch.cuda.get_rng_state()
    assert verdicts(find_blocks(model.cuda(), batch.cuda())) == expected
    assert torch.equal(torch.cuda.get_rng_state(), state)


class Padded(nn.Module):
    """Words and places, added and normalised; word 0 is padding."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(9, 6, padding_idx=0), nn.Embedding(4, 6)
        self.norm, self.out = nn.LayerNorm(6), nn.Linear(6, 2)

    def forward(self, words):
        return self.out(torch.tanh(self.norm(self.words(words) + self.places.weight)))


def test_padding_is_no_reason_against_invariance():
    torch.manual_seed(0)
    table = find_blocks(Padded(), torch.tensor([[1, 5, 0, 0], [3, 2, 8, 0], [4, 4, 7, 6]]))
    assert [f.name for f in table.invariant] == ["words.weight+places.weight"]


class Stream(nn.Module):
    """A pre-activation residual stream: every branch reads the normalised stream and is added to it."""

    def __init__(self, branches):
        super().__init__()
        self.stem = nn.Linear(5, 4, bias=False)
        self.branches = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 4, bias=False), nn.BatchNorm1d(4), nn.ReLU(),
                nn.Linear(4, 4, bias=False),
            )
            for _ in range(branches)
        )  # fmt: skip
        self.norm, self.out = nn.BatchNorm1d(4), nn.Linear(4, 3)

    def forward(self, x):
        x = self.stem(x)
        for branch in self.branches:
            x = x + branch(x)
        return self.out(torch.relu(self.norm(x)))


@pytest.mark.parametrize("branches", [6, 18])
def test_the_writers_of_a_long_residual_stream_are_one_group(branches):
    """Though each branch may be scaled by its gains and shifts instead: 2^18 groups, which are not all listed."""
    torch.manual_seed(0)
    table = find_blocks(Stream(branches), torch.randn(32, 5), explain=False)
    writers = {"stem.weight", *(f"branches.{j}.5.weight" for j in range(branches))}
    (group,) = [f for f in table.families if f.verdict == "joint" and {m.parameter for m in f.members} == writers]
    assert group.parts == 4  # channel by channel
    assert not [f.name for f in table.families if f.verdict == "not" and f.members[0].parameter in writers]
    assert all(table.of(f"branches.{j}.2.weight")[0].verdict == "alone" for j in range(branches))
    assert any("too many combinations" in note for note in table.notes)
    listed = {m.parameter for f in table.families if f.verdict == "joint" for m in f.members}
    # each stands in a group with the writers of the other branches, listed or not
    gains = {f"branches.{j}.3.{kind}" for j in range(branches) for kind in ("weight", "bias")}
    assert bool(gains - listed) == (branches == 18)
    for name in gains - listed:
        (row,) = table.of(name)
        assert row.verdict == "not"
        assert row.reason.startswith("not invariant alone: ")
        assert row.reason.endswith("whether it is jointly invariant with others was not decided")
    for name in ("norm.weight", "norm.bias", "out.weight", "out.bias"):
        # the search shows that they stand in none
        assert "not decided" not in table.of(name)[0].reason
