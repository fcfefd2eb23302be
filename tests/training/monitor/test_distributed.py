"""Two processes on the loopback device: what is recorded is what one process records of the same batches."""

from __future__ import annotations

import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from ratetheory.observation.families import Blocks
from ratetheory.observation.faults import FAULTY, Fault, faults, gradient_notes
from ratetheory.observation.trace import Trace, load_trace
from ratetheory.training.blocks import find_blocks
from ratetheory.training.monitor import RateMonitor, rate_monitor
from tests.training.monitor import spread

STEPS, AT, PART = 24, 7, 20
"""Steps of a run, the step of what is planted, and the steps of a part of the trace: a run is more than one part."""
HEAVY: dict[str, Any] = {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-3}


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    monitor: RateMonitor,
    rank: int | None,
    *,
    micro: int = 1,
    clip: bool = False,
    scaler: torch.amp.GradScaler | None = None,
    planted: Any = None,
    poison: int | None = None,
    steps: int = STEPS,
    only: str = "",
) -> None:
    """Train on whole batches, or on this process's halves, in ``micro`` pieces; ``only`` the first process gives the "loss",
    or calls "step" at all."""
    for step, batch in enumerate(spread.batches(steps)):
        inputs, targets = batch if rank is None else spread.half(rank, batch)
        if step == poison:
            inputs = inputs * torch.nan
        optimizer.zero_grad()
        loss = torch.zeros(())
        for piece in range(micro):
            last = piece == micro - 1
            with nullcontext() if last or not isinstance(model, DistributedDataParallel) else model.no_sync():
                part = spread.squared(model(inputs.chunk(micro)[piece]), targets.chunk(micro)[piece]) / micro
                (part if scaler is None else scaler.scale(part)).backward()
                loss = loss + part.detach()
        if scaler is not None:
            scaler.unscale_(optimizer)
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        if scaler is None:
            optimizer.step()
        else:
            scaler.step(optimizer)
            scaler.update()
        if planted is not None and step == AT:
            with torch.no_grad():
                planted.to_local().mul_(1.001)
        if only != "step" or not rank:
            monitor.step(None if only and rank else loss)
    monitor.close()


def single(
    path: Path, made: tuple[nn.Module, Blocks], method: type[torch.optim.Optimizer], settings: dict[str, Any], micro: int = 1
) -> Trace:
    """What one process records of the same batches."""
    net, blocks = made
    optimizer = method(net.parameters(), **settings)
    train(net, optimizer, RateMonitor(net, optimizer, blocks, path), None, micro=micro)
    return load_trace(path)


def replicas(rank: int, folder: str) -> None:
    """All cases of data parallelism."""
    for name, norm in (("synchronised", spread.SynchronisedNorm), ("local", nn.BatchNorm1d)):
        net, blocks = spread.batch_net(normalisation=norm)
        model = DistributedDataParallel(net, gradient_as_bucket_view=True)
        optimizer = torch.optim.SGD(net.parameters(), **HEAVY)
        train(model, optimizer, RateMonitor(model, optimizer, blocks, Path(folder) / name), rank)
    net, blocks = spread.batch_net()
    model = DistributedDataParallel(net, find_unused_parameters=True)
    optimizer = torch.optim.SGD(net.parameters(), **HEAVY)
    monitor = RateMonitor(model, optimizer, blocks, Path(folder) / "accumulated")
    train(model, optimizer, monitor, rank, micro=2, clip=True, scaler=torch.amp.GradScaler("cpu", 1024.0))
    net, blocks = spread.batch_net()
    with pytest.warns(RuntimeWarning, match="not in DistributedDataParallel, and 2 processes train"):
        unwrapped = RateMonitor(net, torch.optim.SGD(net.parameters(), **HEAVY), blocks, Path(folder) / f"unwrapped-{rank}")
    unwrapped.abandon()
    for only in ("loss", "step"):
        net, blocks = spread.batch_net()
        model = DistributedDataParallel(net)
        optimizer = torch.optim.SGD(net.parameters(), **HEAVY)
        train(model, optimizer, RateMonitor(model, optimizer, blocks, Path(folder) / f"only-{only}"), rank, only=only)
    net, _ = spread.batch_net()
    model = DistributedDataParallel(net)
    optimizer = torch.optim.SGD(net.parameters(), **HEAVY)
    # the blocks are found in the batch of the process that writes
    train(model, optimizer, RateMonitor(model, optimizer, None, Path(folder) / "found"), rank)
    net, blocks = spread.batch_net()
    model = DistributedDataParallel(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    # the process that writes knows after its first part that numbers are not finite; the other one does not
    train(model, optimizer, RateMonitor(model, optimizer, blocks, Path(folder) / "poisoned"), rank, poison=9, steps=2 * STEPS)
    refusals(rank, folder, model, blocks)


def refusals(rank: int, folder: str, model: nn.Module, blocks: Blocks) -> None:
    """Bad input is refused on both processes, and nobody waits for a process that has gone."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="not empty"):
        RateMonitor(model, optimizer, blocks, Path(folder) / "local")
    monitor = RateMonitor(model, optimizer, blocks, Path(folder) / "failed")
    inputs, targets = spread.half(rank, spread.batches(1)[0])
    spread.squared(model(inputs), targets).backward()
    optimizer.step()
    monitor.step(0.5)
    start = time.monotonic()
    if rank:
        with pytest.raises(RuntimeError, match="planted"), monitor:
            raise RuntimeError("planted")
    else:
        monitor._at_exit()
    assert time.monotonic() - start < 5
    last = RateMonitor(model, optimizer, blocks, Path(folder) / "late")
    dist.barrier()
    dist.destroy_process_group()
    with pytest.raises(ValueError, match="close the monitor before"):
        last.close()


def shards(rank: int, folder: str) -> None:
    """All cases of sharded parameters."""
    from torch.distributed.fsdp import fully_shard

    net, blocks = spread.layer_net()
    early = torch.optim.SGD(net.parameters(), **HEAVY)
    fully_shard(net)
    with pytest.raises(ValueError, match="model: it is sharded over processes; find_blocks on the model before"):
        find_blocks(net, spread.batches(1)[0][0])
    with pytest.raises(ValueError, match="optimizer: it holds none of the watched weights"):
        RateMonitor(net, early, blocks, Path(folder) / "early")

    for name in ("layer", "batch", "adam", "scaled", "planted"):
        net, blocks = spread.batch_net() if name == "batch" else spread.layer_net()
        assert isinstance(net, nn.Sequential)
        for i in (0, 3):
            fully_shard(net[i])
        fully_shard(net)
        settings: dict[str, Any] = {"lr": 1e-2, "weight_decay": 0.1} if name == "adam" else HEAVY
        optimizer = (torch.optim.AdamW if name == "adam" else torch.optim.SGD)(net.parameters(), **settings)
        monitor = RateMonitor(net, optimizer, blocks, Path(folder) / name)
        scaler = torch.amp.GradScaler("cpu", 1024.0) if name == "scaled" else None
        planted = net[3].weight if name == "planted" and rank == 1 else None
        train(net, optimizer, monitor, rank, clip=scaler is not None, scaler=scaler, planted=planted)
        with pytest.raises(ValueError, match="before it is sharded"):
            RateMonitor(net, optimizer)


def both(rank: int, folder: str) -> None:
    """All cases."""
    rate_monitor.PART_STEPS = PART
    shards(rank, folder)
    replicas(rank, folder)


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The traces of all cases."""
    folder = tmp_path_factory.mktemp("spread")
    spread.run(both, str(folder))
    return folder


def violated(trace: Trace) -> list[Fault]:
    return [fault for fault in faults(trace) if fault.kind in FAULTY]


def assert_same(found: Trace, expected: Trace, tolerance: float = 1e-12) -> None:
    """Every number of a sound run but allowances, counts and the factor; all laws known."""
    assert set(found.dataset) == set(expected.dataset)
    for name in found.dataset:
        if str(name).endswith("_error") or name in ("backward_passes", "gradient_factor", "off_rule"):
            continue
        ours, theirs = found.dataset[name].values, expected.dataset[name].values
        np.testing.assert_allclose(ours, theirs, atol=tolerance * max(np.abs(theirs).max(), 1e-3), rtol=0, err_msg=str(name))
    assert (found.dataset["radial_error"].values > 0).all()
    # a law that says nothing would agree too
    assert np.abs(found.dataset["radial_predicted"].values).max() > 1e-6
    assert not violated(found)


def test_synchronised_statistics_are_one_process_on_the_union(traces, tmp_path):
    found = load_trace(traces / "synchronised")
    assert_same(found, single(tmp_path / "one", spread.batch_net(), torch.optim.SGD, HEAVY))
    np.testing.assert_allclose(found.dataset["gradient_factor"].values, 0.5, rtol=1e-12)
    assert gradient_notes(found) == []


def test_local_statistics_are_the_mean_of_the_halves(traces, tmp_path):
    # one process that takes the halves one after the other and averages, as the hand does
    assert_same(load_trace(traces / "local"), single(tmp_path / "one", spread.batch_net(), torch.optim.SGD, HEAVY, micro=2))


@pytest.mark.parametrize("only", ["loss", "step"])
def test_a_loss_that_one_process_gives_is_its_own(traces, tmp_path, only):
    found, both = load_trace(traces / f"only-{only}").dataset, load_trace(traces / "local").dataset
    assert found.drop_vars("loss").equals(both.drop_vars("loss"))
    # at first both have the same weights
    halves = [
        spread.squared(spread.batch_net()[0](x), y).item() for x, y in (spread.half(i, spread.batches(1)[0]) for i in (0, 1))
    ]
    assert found.loss.values[0] == pytest.approx(halves[0], rel=1e-12)
    assert both.loss.values[0] == pytest.approx(sum(halves) / 2, rel=1e-12)


def test_blocks_that_one_process_finds(traces):
    found, given = load_trace(traces / "found"), load_trace(traces / "local")
    assert {"0.weight", "3.weight"} <= {block["layer"] for block in found.run["blocks"]}
    first = [i for i, block in enumerate(found.run["blocks"]) if block["layer"] == "0.weight"]
    for name in ("squared_norm", "radial", "radial_predicted"):
        ours, theirs = found.dataset[name].values[:, first], given.dataset[name].values[:, :7]
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * np.abs(theirs).max())


def test_accumulation_clipping_and_scaling_over_processes(traces):
    found = load_trace(traces / "accumulated")
    assert (found.dataset["backward_passes"].values == 2).all()
    assert (found.dataset["radial_error"].values > 0).all()
    assert not violated(found)
    assert any("as of clipping" in note for note in gradient_notes(found))


def test_a_run_that_is_no_longer_finite_ends_on_both_processes(traces):
    found = load_trace(traces / "poisoned")
    assert [(fault.step, fault.kind) for fault in violated(found)] == [(9, "non-finite")]


def test_what_a_dead_process_leaves_is_said(traces):
    run = (traces / "failed" / "run.json").read_text()
    assert '"interrupted"' in run
    assert "1 steps that were not written" in run


def test_blocks_that_are_cut_between_processes(traces, tmp_path):
    # a silent local value of a norm would be too small by the other process's rows
    assert_same(load_trace(traces / "layer"), single(tmp_path / "one", spread.layer_net(), torch.optim.SGD, HEAVY), 1e-11)


def test_uneven_and_empty_shards(traces, tmp_path):
    assert_same(load_trace(traces / "batch"), single(tmp_path / "one", spread.batch_net(), torch.optim.SGD, HEAVY, micro=2))


def test_adam_on_shards(traces, tmp_path):
    settings = {"lr": 1e-2, "weight_decay": 0.1}
    # Adam divides rounding by rounding where a gradient vanishes
    assert_same(load_trace(traces / "adam"), single(tmp_path / "one", spread.layer_net(), torch.optim.AdamW, settings), 1e-9)


def test_scaled_and_clipped_shards(traces):
    found = load_trace(traces / "scaled")
    assert (found.dataset["radial_error"].values > 0).all()
    assert not violated(found)
    assert any("as of clipping" in note for note in gradient_notes(found))


def test_a_fault_in_the_shard_of_one_process_is_found(traces):
    found = violated(load_trace(traces / "planted"))
    assert [(fault.step, fault.kind, fault.layer) for fault in found] == [(AT, "update", "3.weight")]
