"""The monitor as a guest: nothing asked of the device inside a step, bounded memory, nothing lost, nothing overwritten."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ratetheory.beside import environment
from ratetheory.observation.families import Blocks, Family, Member, save_blocks
from ratetheory.observation.trace import TraceWriter, load_trace
from ratetheory.training.monitor import RateMonitor, host, rate_monitor
from tests.training.monitor.watched import IMAGES, blocks_of, groups, network, on_a_device, watch
from tests.training.synchronising import Leaving, Synchronising


@pytest.mark.parametrize("place", ["host", "device"])
@pytest.mark.parametrize("kind", ["sgd", "momentum", "tensor rate", "adamw", "without gains", "rmsprop"])
def test_nothing_waits_for_the_device_inside_a_step(tmp_path, monkeypatch, kind, place):
    monkeypatch.setattr(rate_monitor, "PART_SECONDS", 1e9)
    if place == "device":
        monkeypatch.setattr(host, "HostEntries", on_a_device)
    net = network()
    if kind == "without gains":
        for at in (1, 4, 7):
            net[at] = nn.BatchNorm2d(net[at].num_features, affine=False)
    optimizer = {
        "adamw": lambda: torch.optim.AdamW(groups(net, 1e-3), lr=1e-3),
        "momentum": lambda: torch.optim.SGD(groups(net, 0.1, momentum=0.9, weight_decay=1e-4), lr=0.1, nesterov=False),
        "tensor rate": lambda: torch.optim.SGD(groups(net, torch.tensor(0.1)), lr=0.1),
        "rmsprop": lambda: torch.optim.RMSprop(groups(net, 1e-3), lr=0.1),
    }.get(kind, lambda: torch.optim.SGD(groups(net, 0.1), lr=0.1))()
    monitor = RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace")
    own = Synchronising(), Leaving()
    for _ in range(12):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(IMAGES.images[:32].float()), IMAGES.labels[:32])
        with own[0], own[1]:
            # the backward pass runs the hooks
            loss.backward()
            monitor._before(optimizer, (), {})
        optimizer.step()
        with own[0], own[1]:
            monitor.step(loss)
    assert own[0].calls == []
    assert own[1].calls == []
    monitor.close()


def test_the_counters_count():
    with Synchronising() as dispatched, Leaving() as called:
        torch.ones(2).sum().item()
        torch.ones(2).tolist()
        bool(torch.ones(()) > 0)
    assert len(dispatched.calls) >= 2
    assert called.calls


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_step_does_not_wait_for_the_gpu(tmp_path, momentum):
    net = network().cuda()
    optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1, momentum=momentum, weight_decay=1e-4)
    images, labels = IMAGES.images[:64].float().cuda(), IMAGES.labels[:64].cuda()
    monitor = RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace")
    for step in range(120):
        torch.cuda.set_sync_debug_mode("error" if step > 60 else "default")
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
        monitor.step(loss)
    torch.cuda.set_sync_debug_mode("default")
    monitor.close()
    data = load_trace(tmp_path / "trace").dataset
    assert data.sizes["step"] == 120
    assert (data.off_rule <= data.off_rule_error).all()
    assert (np.abs(data.radial - data.radial_predicted) <= data.radial_error).all()


@pytest.mark.slow
def test_memory_does_not_grow(tmp_path):
    net = nn.Sequential(nn.Linear(6, 4, bias=False), nn.BatchNorm1d(4), nn.Linear(4, 2))
    family = Family("0.weight", "alone", "filter", 4, 6, (Member("0.weight", 0, 0, 4),), "")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    images, labels = torch.randn(16, 6), torch.randint(2, (16,))
    sizes = []
    with RateMonitor(net, optimizer, Blocks((family,)), tmp_path / "trace") as monitor:
        for step in range(10_000):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(images), labels)
            loss.backward()
            optimizer.step()
            monitor.step(loss)
            if step in (1000, 9999):
                sizes.append(int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    # 1.8 KiB a step
    assert sizes[1] - sizes[0] < 16 * 2**20
    assert load_trace(tmp_path / "trace").dataset.sizes["step"] == 10_000


SCRIPT = """
import sys, torch
from torch import nn
from ratetheory.training.monitor import RateMonitor
from tests.training.monitor.watched import IMAGES, blocks_of, groups, network
torch.set_num_threads(1)
net = network()
optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1)
monitor = RateMonitor(net, optimizer, blocks_of(net), sys.argv[1])
for step in range(int(sys.argv[2])):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(IMAGES.images[:32].float()), IMAGES.labels[:32])
    loss.backward()
    optimizer.step()
    monitor.step(loss)
"""


def script(directory, steps):
    root = Path(__file__).parents[3]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(directory), str(steps)], env=environment(), cwd=root
    )


def test_a_script_that_never_closes_loses_nothing(tmp_path):
    assert script(tmp_path / "trace", 70).wait(120) == 0
    trace = load_trace(tmp_path / "trace")
    assert trace.dataset.sizes["step"] == 70
    assert trace.run["status"] == "completed"


def test_a_killed_script_loses_its_tail_only(tmp_path):
    process = script(tmp_path / "trace", 10**6)
    deadline = time.monotonic() + 120
    while len(list((tmp_path / "trace").glob("part-*.nc"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    trace = load_trace(tmp_path / "trace")
    assert trace.dataset.sizes["step"] >= 100
    assert trace.run["status"] == "running"


def test_what_it_refuses(tmp_path):
    net = network()
    optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1)
    blocks = blocks_of(net)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty"):
        RateMonitor(net, optimizer, blocks, tmp_path / "full")
    assert (tmp_path / "full" / "notes.txt").read_text() == "mine"
    with pytest.raises(ValueError, match="no trained parameter is scale-invariant"):
        RateMonitor(net, optimizer, Blocks(()), tmp_path / "a")
    other = Family("5.weight", "alone", "filter", 4, 6, (Member("5.weight", 0, 0, 4),), "")
    with pytest.raises(ValueError, match=r"no tensor '5\.weight'"):
        RateMonitor(net, optimizer, Blocks((other,)), tmp_path / "b")
    large = Family("0.weight", "alone", "filter", 9, 9, (Member("0.weight", 0, 0, 9),), "")
    with pytest.raises(ValueError, match=r"0\.weight.*shape"):
        RateMonitor(net, optimizer, Blocks((large,)), tmp_path / "c")
    with pytest.raises(ValueError, match="optimizer: int is not allowed"):
        RateMonitor(net, 3, blocks, tmp_path / "d")
    with pytest.raises(ValueError, match=r"missing\.json"):
        RateMonitor(net, optimizer, tmp_path / "missing.json", tmp_path / "e")


def test_a_loss_at_every_step_or_never(tmp_path):
    net = network()
    optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1)
    monitor = RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace")
    loss = nn.functional.cross_entropy(net(IMAGES.images[:32].float()), IMAGES.labels[:32])
    loss.backward()
    optimizer.step()
    monitor.step(loss)
    optimizer.step()
    with pytest.raises(ValueError, match="loss: missing, unlike before"):
        monitor.step()
    monitor.close()


def test_the_table_may_be_a_file_and_the_hooks_go(tmp_path):
    net = network()
    save_blocks(blocks_of(net), tmp_path / "blocks.json")
    trace = watch(tmp_path, net, torch.optim.SGD(groups(net, 0.1), lr=0.1), 5, blocks=tmp_path / "blocks.json")
    assert trace.dataset.sizes["block"] == 80
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
    assert not any(p._backward_hooks for p in net.parameters())


def test_the_training_is_the_same_with_and_without(tmp_path):
    ends = []
    for watched in (False, True):
        net = network()
        optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1, momentum=0.9)
        monitor = RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") if watched else None
        for step in range(10):
            optimizer.zero_grad()
            part = slice(32 * step, 32 * step + 32)
            loss = nn.functional.cross_entropy(net(IMAGES.images[part].float()), IMAGES.labels[part])
            loss.backward()
            optimizer.step()
            if monitor is not None:
                monitor.step(loss)
        if monitor is not None:
            monitor.close()
        ends.append([p.detach().clone() for p in net.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))


def test_latest_never_waits(tmp_path):
    net = network()
    optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        assert monitor.latest == {}
        for _ in range(60):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(IMAGES.images[:32].float()), IMAGES.labels[:32])
            loss.backward()
            optimizer.step()
            monitor.step(loss)
    assert set(monitor.latest) == {"0.weight", "3.weight", "6.weight"}
    last = load_trace(tmp_path / "trace").dataset.isel(step=-1)
    S = load_trace(tmp_path / "trace").dataset.squared_norm.values[-2, :8]
    assert monitor.latest["0.weight"]["effective_rate"] == pytest.approx(np.median(0.1 / S))
    assert monitor.latest["0.weight"]["angle"] == pytest.approx(np.median(last.angle.values[:8]))


def test_a_full_disk_stops_the_trace_and_not_the_training(tmp_path, monkeypatch):
    monkeypatch.setattr(rate_monitor, "PART_STEPS", 4)
    append = TraceWriter.append

    def full(self, arrays):
        if self.steps >= 12:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, arrays)

    monkeypatch.setattr(TraceWriter, "append", full)
    net = network()
    with pytest.warns(RuntimeWarning, match=r"cannot be written \(No space left on device\)"):
        trace = watch(tmp_path, net, torch.optim.SGD(groups(net, 0.1), lr=0.1), 40)
    assert trace.dataset.sizes["step"] == 12
    assert trace.run["status"] == "interrupted"
    assert [(e["step"], e["kind"]) for e in trace.run["events"]] == [(12, "lost")]
