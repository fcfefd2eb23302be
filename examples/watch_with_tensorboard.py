"""Effective rates in TensorBoard: while a loop trains, and of a trace that is written."""

import tempfile
from pathlib import Path

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from ratetheory.integrations.tensorboard import add_latest, export
from ratetheory.training.data import load_images
from ratetheory.training.monitor import RateMonitor

torch.manual_seed(0)
digits = load_images("digits", torch.float32, torch.device("cpu"))
model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 10))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)

with tempfile.TemporaryDirectory() as folder:
    runs = Path(folder)
    monitor = RateMonitor(model, optimizer, output=runs / "trace")
    with SummaryWriter(str(runs / "live")) as writer:
        for step in range(120):
            chosen = torch.randint(len(digits.labels), (64,))
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(digits.images[chosen]), digits.labels[chosen])
            loss.backward()
            optimizer.step()
            monitor.step(loss)
            if step % 50 == 49:
                add_latest(writer, monitor, step)
        monitor.close()
        add_latest(writer, monitor, step)

    # the whole trace, one point a step; then: tensorboard --logdir runs
    curves = EventAccumulator(str(export(monitor.directory, runs / "whole")), size_guidance={"scalars": 0}).Reload()
    for tag in ("effective_rate/1.weight", "angle/1.weight", "loss"):
        points = curves.Scalars(tag)
        print(f"{tag}: {len(points)} points, {points[0].value:.3g} -> {points[-1].value:.3g}")
