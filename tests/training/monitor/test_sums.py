"""What a trace records, against loops over blocks in plain numpy, and the eps law against automatic differentiation."""

import numpy as np
import pytest
import torch
from torch import nn

from ratetheory.observation.families import Blocks, Family, Member, Norm
from ratetheory.observation.trace import load_trace
from ratetheory.training.monitor import RateMonitor, chunk, host, rate_monitor, recorder
from tests.training.monitor.watched import IMAGES, blocks_of, groups, network, on_a_device, watch


def rows_of(net, blocks):
    """Weights of every block as plain vectors, cut by hand."""
    tensors, found = dict(net.named_parameters()), []
    for family in blocks.families:
        pieces = []
        for m in family.members:
            t = tensors[m.parameter].detach().double().numpy()
            t = np.moveaxis(t, m.axis, 0)[m.start : m.stop]
            pieces.append(t.reshape(family.parts, -1))
        found += list(np.concatenate(pieces, axis=1))
    return found


def gradients_of(net, blocks):
    copies = {n: p.grad.double().numpy() for n, p in net.named_parameters() if p.grad is not None}
    found = []
    for family in blocks.families:
        pieces = [
            np.moveaxis(copies[m.parameter], m.axis, 0)[m.start : m.stop].reshape(family.parts, -1) for m in family.members
        ]
        found += list(np.concatenate(pieces, axis=1))
    return found


def check_against_loops(trace, kept):
    data = trace.dataset
    for t in range(len(kept) - 1):
        for j, (w, g) in enumerate(zip(*kept[t], strict=True)):
            new = kept[t + 1][0][j]
            u, at = new - w, (t, j)
            size = np.sqrt((w @ w) * (g @ g))
            assert data.squared_norm.values[at] == pytest.approx(w @ w, rel=1e-13)
            assert data.squared_norm.values[t + 1, j] == pytest.approx(new @ new, rel=1e-13)
            assert data.squared_gradient.values[at] == pytest.approx(g @ g, rel=1e-13)
            assert data.radial.values[at] == pytest.approx(w @ g, abs=1e-13 * size)
            assert data.update_radial.values[at] == pytest.approx(w @ u, abs=1e-13 * np.sqrt((w @ w) * (u @ u)))
            assert data.squared_update.values[at] == pytest.approx(u @ u, rel=1e-12)
            cosine = w @ new / np.linalg.norm(w) / np.linalg.norm(new)
            assert np.cos(data.angle.values[at]) == pytest.approx(cosine, abs=1e-13)


def tangle(dtype=torch.float64):
    """A transposed convolution (blocks along axis 1), slices of a fused layer, two parameters that make one block."""
    torch.manual_seed(3)
    net = nn.ModuleDict({
        "up": nn.ConvTranspose2d(2, 3, 2, bias=False),
        "fused": nn.Linear(5, 12),
        "a": nn.Linear(4, 6),
    }).to(dtype)  # fmt: skip
    families = (
        Family("up", "alone", "filter", 3, 8, (Member("up.weight", 1, 0, 3),), ""),
        Family("q", "alone", "head", 2, 10, (Member("fused.weight", 0, 0, 4),), ""),
        Family("k", "alone", "head", 2, 10, (Member("fused.weight", 0, 4, 8),), ""),
        Family("a", "joint", "layer", 1, 30, (Member("a.weight", 0, 0, 6), Member("a.bias", 0, 0, 6)), ""),
        Family("rest", "joint", "group", 2, 12, (Member("fused.weight", 0, 8, 12), Member("fused.bias", 0, 8, 12)), ""),
    )
    return net, Blocks(families)


UPDATES = {
    "plain": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9, "weight_decay": 0.01}),
    "averages": (torch.optim.AdamW, {}),
    "measured": (torch.optim.RMSprop, {}),
}


@pytest.mark.parametrize("room", ["host", "all at once", "one by one"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("update", UPDATES)
def test_blocks_of_every_shape(tmp_path, monkeypatch, room, update, dtype):
    if room != "host":
        monkeypatch.setattr(host, "HostEntries", on_a_device)
    if room == "one by one":
        monkeypatch.setattr(chunk, "PRODUCTS", 10)
        monkeypatch.setattr(recorder, "CHUNK", 20)
    net, blocks = tangle(dtype)
    halves = [list(net["up"].parameters()) + list(net["a"].parameters()), list(net["fused"].parameters())]
    made, settings = UPDATES[update]
    optimizer = made([{"params": halves[0], "lr": 0.3}, {"params": halves[1], "lr": 0.01}], **settings)
    kept, generator = [], torch.Generator().manual_seed(0)
    with RateMonitor(net, optimizer, blocks, tmp_path / "trace") as monitor:
        for _ in range(4):
            for p in net.parameters():
                p.grad = torch.randn(p.shape, generator=generator, dtype=p.dtype)
            kept.append((rows_of(net, blocks), gradients_of(net, blocks)))
            optimizer.step()
            monitor.step()
        kept.append((rows_of(net, blocks), None))
    trace = load_trace(tmp_path / "trace")
    check_against_loops(trace, kept)
    assert [b["name"] for b in trace.run["blocks"]] == [
        "up[0]", "up[1]", "up[2]", "q[0]", "q[1]", "k[0]", "k[1]", "a", "rest[0]", "rest[1]",
    ]  # fmt: skip
    assert trace.dataset.learning_rate.values[0].tolist() == [0.3] * 3 + [0.01] * 4 + [0.3] + [0.01] * 2
    assert (trace.dataset.off_rule.values <= trace.dataset.off_rule_error.values).all()
    assert "loss" not in trace.dataset


@pytest.mark.parametrize("epsilon", [1e-30, 0.05])
@pytest.mark.parametrize("affine", [True, False])
def test_the_eps_law_is_the_derivative_in_the_length_of_the_filter(tmp_path, epsilon, affine):
    net = network(torch.float64, epsilon)
    if not affine:
        for at in (1, 4, 7):
            net[at] = nn.BatchNorm2d(net[at].num_features, eps=epsilon, affine=False).double()
    images, labels = IMAGES.images[:200], IMAGES.labels[:200]
    factors = [torch.ones(len(net[at].weight), 1, 1, 1, dtype=torch.float64, requires_grad=True) for at in (0, 3, 6)]
    scaled = {f"{at}.weight": net[at].weight.detach() * f for at, f in zip((0, 3, 6), factors, strict=True)}
    loss = nn.functional.cross_entropy(torch.func.functional_call(net, scaled, (images,)), labels)
    expected = torch.cat([g.flatten() for g in torch.autograd.grad(loss, factors)]).numpy()
    optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        loss = nn.functional.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
        monitor.step(loss)
    data = load_trace(tmp_path / "trace").dataset
    np.testing.assert_allclose(data.radial_predicted.values[0], expected, atol=float(data.radial_error.max()) + 1e-12 * epsilon)
    assert (np.abs(data.radial - data.radial_predicted) <= data.radial_error).all()
    if epsilon > 1e-3:
        assert np.abs(expected).max() > 1e-4
        assert not (np.abs(data.radial) <= data.radial_error).all(), "the allowance would hide the defect"


class Heads(nn.Module):
    """Query rows normalised head by head, and rows of a linear layer normalised by groups, instances and all together."""

    def __init__(self, kind, epsilon):
        super().__init__()
        self.kind, self.linear, self.out = kind, nn.Linear(16, 8, bias=False), nn.Linear(8, 3)
        self.norm = {
            "rms": lambda: nn.RMSNorm(4, eps=epsilon),
            "layer": lambda: nn.LayerNorm(8, eps=epsilon),
            "group": lambda: nn.GroupNorm(2, 8, eps=epsilon),
            "instance": lambda: nn.InstanceNorm1d(8, eps=epsilon, affine=True),
        }[kind]()

    def forward(self, x):
        y = self.linear(x)
        if self.kind == "rms":
            y = self.norm(y.unflatten(-1, (2, 4))).flatten(-2)
        elif self.kind in ("group", "instance"):
            y = self.norm(y.transpose(1, 2)).transpose(1, 2)
        else:
            y = self.norm(y)
        return self.out(torch.tanh(y).mean(1))


PARTITION = {
    "rms": (2, "head", Norm("norm", "rms", 2)),
    "layer": (1, "layer", Norm("norm", "layer")),
    "group": (2, "group", Norm("norm", "group", 1)),
    "instance": (8, "filter", Norm("norm", "instance", 1)),
}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("kind", PARTITION)
def test_laws_of_other_normalisations(tmp_path, kind, dtype):
    torch.manual_seed(0)
    net = Heads(kind, 0.1).to(dtype)
    with torch.no_grad():
        for p in net.norm.parameters():
            p += 0.3 * torch.randn(p.shape, dtype=dtype)
    parts, unit, norm = PARTITION[kind]
    family = Family("linear.weight", "alone", unit, parts, 128 // parts, (Member("linear.weight", 0, 0, 8),), "", (), (norm,))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    images = IMAGES.images[:256].reshape(64, 16, 16).to(dtype)
    with RateMonitor(net, optimizer, Blocks((family,)), tmp_path / "trace") as monitor:
        for _ in range(5):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(images), IMAGES.labels[:64] % 3)
            loss.backward()
            optimizer.step()
            monitor.step(loss)
    data = load_trace(tmp_path / "trace").dataset
    rest = np.abs(data.radial - data.radial_predicted).values
    assert (rest <= data.radial_error.values).all()
    assert (np.abs(data.radial.values) > 100 * data.radial_error.values).all()


def test_several_forward_passes_for_one_backward_pass(tmp_path):
    net = network(torch.float64, 1e-3)
    optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(4):
            optimizer.zero_grad()
            parts = [slice(100 * (step + i), 100 * (step + i) + 50) for i in range(2)]
            loss = sum(nn.functional.cross_entropy(net(IMAGES.images[p]), IMAGES.labels[p]) for p in parts)
            loss.backward()
            optimizer.step()
            monitor.step(loss)
    data = load_trace(tmp_path / "trace").dataset
    # the first step is not resolved: a gain's gradient does not tell the passes apart; from then on activations do
    assert (data.radial_error.values[0] == 0).all()
    assert (data.radial_error.values[1:] > 0).all()
    assert (np.abs(data.radial - data.radial_predicted).values[1:] <= data.radial_error.values[1:]).all()
    assert (np.abs(data.radial.values[1:]) > 10 * data.radial_error.values[1:]).mean() > 0.9


def test_a_sound_run_over_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(rate_monitor, "PART_STEPS", 15)
    net = network()
    trace = watch(tmp_path, net, torch.optim.SGD(groups(net, 0.1), lr=0.1, momentum=0.9), 120)
    assert trace.dataset.sizes == {"step": 120, "state": 121, "block": 80}
    assert len(list((tmp_path / "trace").glob("part-*.nc"))) == 4  # 15, 30, 60 steps and the rest
    assert trace.run["status"] == "completed"
    assert trace.facts["heavy_ball_step"]
    assert not trace.facts["gradient_step"]
