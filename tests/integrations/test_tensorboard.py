"""Curves for TensorBoard are those of the trace."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from ratetheory.integrations.tensorboard import add_latest, export
from ratetheory.observation.trace import load_trace
from ratetheory.training.monitor import RateMonitor
from tests.training.monitor import spread

pytest.importorskip("tensorboard", reason="needs tensorboard")


@pytest.fixture
def monitor(tmp_path):
    net, blocks = spread.batch_net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with RateMonitor(net, optimizer, blocks, tmp_path / "run") as watched:
        for inputs, targets in spread.batches(5):
            optimizer.zero_grad()
            loss = spread.squared(net(inputs), targets)
            loss.backward()
            optimizer.step()
            watched.step(loss)
    return watched


def read(directory):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

    found = EventAccumulator(str(directory), size_guidance={"scalars": 0}).Reload()
    return {tag: [(point.step, point.value) for point in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def test_every_step_of_a_trace_is_a_point(monitor, tmp_path):
    curves, data = read(export(monitor.directory, tmp_path / "board")), load_trace(monitor.directory).dataset
    kinds = {"effective_rate", "norm", "gradient_norm", "angle"}
    assert set(curves) == {"loss", *(f"{kind}/{layer}.weight" for kind in kinds for layer in "03")}
    rates = np.median(data["learning_rate"].values[:, :7] / data["squared_norm"].values[:-1, :7], axis=1)
    assert [step for step, _ in curves["effective_rate/0.weight"]] == [0, 1, 2, 3, 4]
    np.testing.assert_allclose([value for _, value in curves["effective_rate/0.weight"]], rates, rtol=1e-6)
    np.testing.assert_allclose([value for _, value in curves["loss"]], data["loss"].values, rtol=1e-6)


def test_a_monitor_at_work(monitor, tmp_path):
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path / "live")) as writer:
        add_latest(writer, monitor, 4)
    value = monitor.latest["3.weight"]["angle"]
    assert read(tmp_path / "live")["angle/3.weight"] == [(4, pytest.approx(value))]


def test_nothing_is_mixed_with_what_is_there(monitor, tmp_path):
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "mine").touch()
    with pytest.raises(ValueError, match="not empty"):
        export(monitor.directory, tmp_path / "board")


def test_without_tensorboard_one_line(monitor, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ModuleNotFoundError, match=r"^tensorboard is not installed: pip install 'ratetheory"):
        export(monitor.directory, tmp_path / "board")
