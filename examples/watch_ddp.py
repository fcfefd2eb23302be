"""Data parallelism: two processes, one trace; batch normalisation by each process's own samples, or by those of all."""

import os
import socket
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.multiprocessing.spawn import spawn
from torch.nn.parallel import DistributedDataParallel

from ratetheory.observation.faults import FAULTY, faults
from ratetheory.observation.trace import load_trace
from ratetheory.training.blocks import find_blocks
from ratetheory.training.data import load_images
from ratetheory.training.monitor import RateMonitor


class Summed(torch.autograd.Function):
    """The sum over all processes, of values and of gradients."""

    @staticmethod
    def forward(context: Any, values: torch.Tensor) -> torch.Tensor:
        """Sum the values."""
        summed = values.clone()
        dist.all_reduce(summed)
        return summed

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor) -> torch.Tensor:
        """Sum the gradients."""
        summed = gradients[0].clone()
        dist.all_reduce(summed)
        return summed


class SynchronisedNorm(nn.BatchNorm2d):
    """Batch normalisation over the samples of all processes; on a GPU nn.SyncBatchNorm does it."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Normalise; every process holds as many samples."""
        processes = dist.get_world_size()
        mean = Summed.apply(input.mean((0, 2, 3), keepdim=True)) / processes
        variance = Summed.apply((input - mean).square().mean((0, 2, 3), keepdim=True)) / processes
        normalised = (input - mean) * (variance + self.eps).rsqrt()
        return normalised * self.weight[:, None, None] + self.bias[:, None, None]


def network(synchronised: bool) -> nn.Sequential:
    """A convolution that is normalised, and a linear layer; the same weights on every process."""
    torch.manual_seed(0)
    norm = SynchronisedNorm(8) if synchronised else nn.BatchNorm2d(8)
    return nn.Sequential(nn.Conv2d(1, 8, 3, 2, bias=False), norm, nn.ReLU(), nn.Flatten(), nn.Linear(72, 10)).double()


def work(rank: int, port: int, folder: str) -> None:
    """What each of the two processes does."""
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.set_num_threads(1)
    address = f"tcp://127.0.0.1:{port}"
    dist.init_process_group("gloo", init_method=address, rank=rank, world_size=2, timeout=timedelta(seconds=60))
    digits = load_images("digits", torch.float64, torch.device("cpu"))
    for synchronised in (False, True):
        model = DistributedDataParallel(network(synchronised))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        # the blocks do not depend on how the statistics are shared; every process finds the same ones in the same batch
        blocks = find_blocks(network(False), digits.images[:64])
        name = "synchronised" if synchronised else "local"
        monitor = RateMonitor(model, optimizer, blocks, Path(folder) / name)
        batches = torch.Generator().manual_seed(rank)
        for _ in range(50):
            chosen = torch.randint(len(digits.labels), (32,), generator=batches)
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(digits.images[chosen]), digits.labels[chosen])
            loss.backward()
            optimizer.step()
            monitor.step(loss)
        # on all processes, before the group is destroyed
        monitor.close()
    dist.destroy_process_group()


if __name__ == "__main__":
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        spawn(work, (port, folder), nprocs=2)
        for name in ("local", "synchronised"):
            trace = load_trace(Path(folder) / name)
            data = trace.dataset
            off = abs(data["radial"] - data["radial_predicted"]).max().item()
            violated = [fault for fault in faults(trace) if fault.kind in FAULTY]
            print(f"{name}: {data.sizes['block']} blocks over {data.sizes['step']} steps, {len(violated)} violations, ", end="")
            print(f"<w, grad> up to {abs(data['radial']).max().item():.1e}, of which eps explains all but {off:.1e}")
