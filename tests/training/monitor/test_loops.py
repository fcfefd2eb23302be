"""Training loops of other kinds than the usual one: none of them is a fault, and each step is recorded once."""

import contextlib

import numpy as np
import pytest
import torch
from torch import nn

from ratetheory.observation.families import Blocks, Family, Member
from ratetheory.observation.faults import FAULTY, defect_causes, faults
from ratetheory.observation.trace import load_trace
from ratetheory.training.monitor import RateMonitor, host
from tests.training.monitor.watched import IMAGES, blocks_of, groups, network, on_a_device


def loss_of(net, step, dtype=torch.float64):
    part = slice(40 * step, 40 * step + 40)
    return nn.functional.cross_entropy(net(IMAGES.images[part].to(dtype)), IMAGES.labels[part])


def stepped(net, optimizer, step):
    """The usual step; the loss before it."""
    net.zero_grad()
    loss = loss_of(net, step)
    loss.backward()
    optimizer.step()
    return loss


def sound(directory, steps):
    """The trace, of so many steps, without a fault."""
    trace = load_trace(directory)
    assert trace.dataset.sizes["step"] == steps
    assert [f for f in faults(trace) if f.kind in FAULTY] == []
    return trace.dataset


@pytest.mark.parametrize("make", [
    lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    lambda p: torch.optim.LBFGS(p, lr=0.1, max_iter=2),
    lambda p: torch.optim.AdamW(p, lr=1e-3),
], ids=["sgd", "lbfgs", "adamw"])  # fmt: skip
def test_blocks_that_a_closure_finds(tmp_path, make):
    net = network(torch.float64)
    optimizer = make(net.parameters())
    with RateMonitor(net, optimizer, output=tmp_path / "trace") as monitor:
        for step in range(6):

            def closure(step=step):
                optimizer.zero_grad()
                loss = loss_of(net, step)
                loss.backward()
                return loss

            monitor.step(optimizer.step(closure))
    data = sound(tmp_path / "trace", 6)
    assert (data.squared_update > 0).all()


def test_a_closure_that_fails_makes_no_step(tmp_path):
    net = network(torch.float64)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(6):

            def closure(step=step):
                optimizer.zero_grad()
                loss = loss_of(net, step)
                loss.backward()
                if step == 2:
                    raise MemoryError
                return loss

            try:
                monitor.step(optimizer.step(closure))
            except MemoryError:
                continue
    sound(tmp_path / "trace", 5)


class Inheriting(torch.optim.SGD):
    """Its steps are steps inside steps."""

    def step(self, closure=None):
        # torch hooks the method of the class of which there is an optimiser
        torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
        return super().step(closure)


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("method", [torch.optim.SGD, Inheriting])
def test_a_hook_of_somebody_else_that_fails_before_the_step_makes_no_step(tmp_path, recorded, method):
    def refuse(*arguments):
        raise FloatingPointError

    net = network(torch.float64)
    optimizer = method(net.parameters(), lr=0.1, momentum=0.9)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(6):
            hook = optimizer.register_step_pre_hook(refuse) if step in (2, 5) else None
            try:
                stepped(net, optimizer, step)
            except FloatingPointError:
                hook.remove()
                if not recorded:
                    continue
            monitor.step()
    sound(tmp_path / "trace", 4)


def test_a_step_that_fails_on_the_way_is_recorded(tmp_path):
    class Failing(torch.optim.Adam):
        def step(self, closure=None):
            super().step(closure)
            if self.state[net[0].weight]["step"] == 3:
                raise FloatingPointError

    net = network(torch.float64)
    optimizer = Failing(net.parameters(), lr=1e-3)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(5):
            with contextlib.suppress(FloatingPointError):
                stepped(net, optimizer, step)
            monitor.step()
    assert (sound(tmp_path / "trace", 5).squared_update > 0).all()


@pytest.mark.parametrize("place", ["host", "device"])
@pytest.mark.parametrize("dampening", [0.5, 1.0])
def test_each_parameter_has_a_first_step_of_its_own(tmp_path, monkeypatch, place, dampening):
    if place == "device":
        monkeypatch.setattr(host, "HostEntries", on_a_device)
    net = network(torch.float64)
    settings = {"momentum": 0.9, "dampening": dampening, "weight_decay": 1e-2}
    optimizer = torch.optim.SGD(groups(net, 0.5, **settings), lr=0.1)
    net[3].weight.requires_grad_(False)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(6):
            net[3].weight.requires_grad_(step > 2)
            stepped(net, optimizer, step)
            monitor.step()
    sound(tmp_path / "trace", 6)
    assert max(cause["unexplained"] for cause in defect_causes(load_trace(tmp_path / "trace")).values()) < 1


def test_averages_that_a_schedule_changes_after_the_step(tmp_path):
    net = network(torch.float64)
    optimizer = torch.optim.AdamW(groups(net, 1e-3), lr=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=20)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(10):
            loss = stepped(net, optimizer, step)
            schedule.step()
            monitor.step(loss)
    sound(tmp_path / "trace", 10)


def halves(net):
    """Two optimisers: of the first convolution with its normalisation, and of the rest."""
    first, rest = list(net[:2].parameters()), list(net[2:].parameters())
    return torch.optim.SGD(first, lr=0.1, momentum=0.9), torch.optim.AdamW(rest, lr=1e-3)


def test_two_optimisers_that_step_together(tmp_path):
    net = network(torch.float64)
    both = halves(net)
    with RateMonitor(net, both, blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(5):
            loss = loss_of(net, step)
            net.zero_grad()
            loss.backward()
            for optimizer in both:
                optimizer.step()
            monitor.step(loss)
    data = sound(tmp_path / "trace", 5)
    assert data.learning_rate.values[0, [0, -1]].tolist() == [0.1, 1e-3]
    assert data.attrs is not None


@pytest.mark.parametrize("each", [True, False], ids=["recorded each", "recorded together"])
def test_two_optimisers_that_step_in_turn(tmp_path, each):
    net = network(torch.float64)
    with RateMonitor(net, halves(net), blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(5):
            for optimizer in monitor.optimizers:
                net.zero_grad()
                loss_of(net, step).backward()
                optimizer.step()
                if each:
                    monitor.step()
            if not each:
                monitor.step()
    data = sound(tmp_path / "trace", 10)
    moved = data.squared_update.values > 0
    assert moved[::2, :8].all()
    assert not moved[1::2, :8].any()
    assert moved[1::2, 8:].all()
    assert not moved[::2, 8:].any()


def test_an_optimiser_that_steps_every_second_time(tmp_path):
    net = network(torch.float64)
    first, second = halves(net)
    with RateMonitor(net, (first, second), blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(6):
            loss = loss_of(net, step)
            net.zero_grad()
            loss.backward()
            first.step()
            if step % 2:
                second.step()
            monitor.step(loss)
    data = sound(tmp_path / "trace", 6)
    assert data.learning_rate.values[:, -1].tolist() == [0.0, 1e-3] * 3


def test_a_scaler_and_two_optimisers(tmp_path):
    net = network(torch.float32)
    both, scaler = halves(net), torch.amp.GradScaler("cpu", init_scale=1024.0)
    with RateMonitor(net, both, blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(5):
            net.zero_grad()
            loss = loss_of(net, step, torch.float32)
            scaler.scale(loss).backward()
            for optimizer in both:
                scaler.step(optimizer)
            scaler.update()
            monitor.step(loss)
    data = sound(tmp_path / "trace", 5)
    assert (data.squared_gradient < 10).all()


def test_a_group_that_joins_on_the_way(tmp_path):
    net = network(torch.float64)
    optimizer = torch.optim.SGD([*net[:2].parameters(), *net[9:].parameters()], lr=0.1)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(6):
            if step == 3:
                optimizer.add_param_group({"params": list(net[2:9].parameters()), "lr": 0.02})
            monitor.step(stepped(net, optimizer, step))
    data = sound(tmp_path / "trace", 6)
    assert data.learning_rate.values[:, -1].tolist() == [0.0] * 3 + [0.02] * 3
    assert [event["step"] for event in load_trace(tmp_path / "trace").run["events"] if event["kind"] == "groups"] == [3]


def test_a_sum_of_losses_that_is_cleared(tmp_path):
    net, total, kept = network(torch.float64), torch.zeros((), dtype=torch.float64), []
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(4):
            loss = stepped(net, optimizer, step)
            total += loss.detach()
            kept.append(float(loss.detach()))
            monitor.step(total)
            total.zero_()
    np.testing.assert_array_equal(sound(tmp_path / "trace", 4).loss.values, kept)


def test_a_loss_is_one_number(tmp_path):
    net = network(torch.float64)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        loss = loss_of(net, 0)
        loss.backward()
        optimizer.step()
        with pytest.raises(ValueError, match=r"loss: a tensor of \(2,\) entries"):
            monitor.step(torch.stack([loss, loss]))
        monitor.step(loss)


def test_weights_that_have_moved_are_refused_and_not_read(tmp_path):
    net = network(torch.float64)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        for _ in range(2):
            optimizer.zero_grad()
            loss_of(net, 0).backward()
            optimizer.step()
            monitor.step()
        optimizer.step()
        net.to("meta")
        with pytest.raises(ValueError, match="has moved to meta"):
            monitor.step()
    assert load_trace(tmp_path / "trace").dataset.sizes["step"] == 2
    with pytest.raises(ValueError, match="watched parameters lie on meta"):
        RateMonitor(net, optimizer, blocks_of(net), tmp_path / "other")


def test_two_monitors_do_not_share_a_directory(tmp_path):
    nets = [network(torch.float64) for _ in range(2)]
    optimizers = [torch.optim.SGD(net.parameters(), lr=0.1) for net in nets]
    monitors = [RateMonitor(n, o, output=tmp_path / "trace") for n, o in zip(nets, optimizers, strict=True)]
    loss_of(nets[0], 0)
    with pytest.raises(ValueError, match=r"output: .* is not empty"):
        loss_of(nets[1], 0)
    for monitor in monitors:
        monitor.abandon()


def test_sparse_gradients(tmp_path):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Embedding(12, 6, sparse=True), nn.LayerNorm(6), nn.Linear(6, 3))
    family = Family("0.weight", "alone", "row", 12, 6, (Member("0.weight", 0, 0, 12),), "")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    before = net[0].weight.detach().double().clone()
    with RateMonitor(net, optimizer, Blocks((family,)), tmp_path / "trace") as monitor:
        for words in ([1, 2, 2, 5], [7, 7, 1, 0]):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(torch.tensor(words)), torch.tensor([0, 1, 2, 0])).backward()
            optimizer.step()
            monitor.step()
    data = sound(tmp_path / "trace", 2)
    np.testing.assert_allclose(data.squared_norm.values[0], before.square().sum(1).numpy(), rtol=1e-12)
    assert (data.squared_gradient.values[0] > 0).tolist() == [w in (1, 2, 5) for w in range(12)]


def test_what_a_zero_gain_cuts_off_at_first_is_watched(tmp_path):
    net = network(torch.float64)
    nn.init.zeros_(net[7].weight)
    nn.init.ones_(net[7].bias)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with RateMonitor(net, optimizer, output=tmp_path / "trace") as monitor:
        for step in range(4):
            monitor.step(stepped(net, optimizer, step))
    data = sound(tmp_path / "trace", 4)
    names = [block["layer"] for block in load_trace(tmp_path / "trace").run["blocks"]]
    assert {"0.weight", "3.weight", "6.weight"} <= set(names)
    later = np.array([name == "6.weight" for name in names])
    assert (data.dead.values[0, later] == 1).all()
    assert (data.dead.values[2:, later] == 0).all()
    assert (data.radial_error.values[2:, later] > 0).all()


def test_gains_may_be_frozen_on_the_way(tmp_path):
    """Without their gradients no law is known; that is no fault, and no stale gradient."""
    net = network(torch.float64)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        for step in range(8):
            if step == 4:
                for at in (1, 4, 7):
                    net[at].weight.requires_grad_(False)
            monitor.step(stepped(net, optimizer, step))
    data = sound(tmp_path / "trace", 8)
    assert (data.radial_error.values[:4] > 0).all()
    assert not (data.radial_error.values[4:] > 0).any()


def nothing(net, optimizer):
    pass


def forward_without_gradients(net, optimizer):
    with torch.no_grad():
        loss_of(net, 0)


def a_step_of_another(net, optimizer):
    stepped(net, torch.optim.SGD(net.parameters(), lr=0.1), 0)


@pytest.mark.parametrize(
    ("given", "train", "why"),
    [
        (False, nothing, "no forward pass of this model"),
        (False, forward_without_gradients, "no forward pass of this model"),
        (False, a_step_of_another, "the optimizer made no step"),
        (True, a_step_of_another, "the optimizer made no step"),
    ],
)
def test_a_monitor_that_saw_nothing_says_why(tmp_path, given, train, why):
    net = network(torch.float64)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    monitor = RateMonitor(net, optimizer, blocks_of(net) if given else None, tmp_path / "trace")
    train(net, optimizer)
    with pytest.warns(RuntimeWarning, match=f"no step was recorded: {why}"):
        monitor.close()


def test_what_is_raised_before_the_first_step_says_enough(tmp_path, recwarn):
    net = network(torch.float64)
    with pytest.raises(KeyError), RateMonitor(net, torch.optim.SGD(net.parameters(), lr=0.1), output=tmp_path / "trace"):
        raise KeyError
    assert not recwarn.list


@pytest.mark.parametrize("given", [True, False])
def test_an_optimiser_of_another_model_is_refused(tmp_path, given):
    net, other = network(torch.float64), network(torch.float64)
    optimizer = torch.optim.SGD(other.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="optimizer: it holds none of the watched weights"):  # noqa: PT012
        RateMonitor(net, optimizer, blocks_of(net) if given else None, tmp_path / "trace")
        loss_of(net, 0)
    assert not list(tmp_path.rglob("*.json"))


def test_a_model_in_evaluation_mode_is_said_to_be(tmp_path, recwarn):
    net = network(torch.float64).eval()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with RateMonitor(net, optimizer, output=tmp_path / "trace") as monitor:
        with pytest.raises(ValueError, match=r"no trained parameter is scale-invariant; .*call model.train\(\)"):
            loss_of(net, 0)
        monitor.step(stepped(net, optimizer, 0))
    assert not recwarn.list
