"""Bound the gradients of a run from three checkpoints, without having logged anything."""

import tempfile
from pathlib import Path

import torch
from torch import nn

import ratetheory
from ratetheory.observation.certification import digits

torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8, eps=1e-30), nn.Tanh(), nn.Flatten(), nn.Linear(8 * 36, 4))
images, labels = torch.randn(64, 1, 8, 8), torch.randint(0, 4, (64,))
optimizer = torch.optim.SGD(net.parameters(), lr=0.3)

with tempfile.TemporaryDirectory() as directory:
    files = [Path(directory) / f"step-{step}.pt" for step in (0, 20, 60)]
    for step in range(61):
        if step in (0, 20, 60):
            torch.save(net.state_dict(), Path(directory) / f"step-{step}.pt")
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images), labels).backward()
        optimizer.step()
    found = ratetheory.certify(files, steps=[20, 40], learning_rate="0.3", tensors=["0.weight:filter"])

for block in found.families[0].blocks:
    if block.mean and block.mean[1] is not None and block.least is not None:
        low, high, least = digits(block.mean[0], up=False), digits(block.mean[1], up=True), digits(block.least, up=True)
        print(f"{block.block}: {block.status}, {low} <= mean |G|^2 <= {high}, least |G|^2 <= {least}")
