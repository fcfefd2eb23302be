"""Two lines in a training loop: every scale-invariant filter watched at every step, and what the run shows afterwards."""

import tempfile
from pathlib import Path

import torch
from torch import nn

from ratetheory.observation.faults import FAULTY, defect_causes, faults
from ratetheory.observation.trace import load_trace
from ratetheory.training.data import load_images
from ratetheory.training.monitor import RateMonitor

torch.manual_seed(0)
digits = load_images("digits", torch.float32, torch.device("cpu"))
model = nn.Sequential(
    nn.Conv2d(1, 8, 3, 2, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
    nn.Conv2d(8, 16, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
    nn.Flatten(), nn.Linear(16, 10),
)  # fmt: skip
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)

with tempfile.TemporaryDirectory() as folder:
    monitor = RateMonitor(model, optimizer, output=Path(folder) / "run")
    for _ in range(100):
        chosen = torch.randint(len(digits.labels), (64,))
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(digits.images[chosen]), digits.labels[chosen])
        loss.backward()
        optimizer.step()
        monitor.step(loss)
    monitor.close()
    trace = load_trace(monitor.directory)

violated = [fault for fault in faults(trace) if fault.kind in FAULTY]
print(f"{trace.dataset.sizes['block']} blocks over {trace.dataset.sizes['step']} steps, {len(violated)} violations")
for layer, values in monitor.latest.items():
    cause = defect_causes(trace)[layer]["cause"]
    print(f"{layer}: effective rate {values['effective_rate']:.3g}, {values['angle']:.3g} rad a step, norm's defect: {cause}")
