"""Sharded parameters: two processes hold half the rows of each layer, and the trace shows the norms of the whole."""

import os
import socket
import tempfile
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.multiprocessing.spawn import spawn

from ratetheory.observation.faults import FAULTY, faults
from ratetheory.observation.trace import load_trace
from ratetheory.training.blocks import find_blocks
from ratetheory.training.data import load_images
from ratetheory.training.monitor import RateMonitor


def network() -> nn.Sequential:
    """Layer normalisation makes the weight before it scale-invariant as a whole: a block that is cut between processes."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 33, bias=False), nn.LayerNorm(33), nn.ReLU(),
        nn.Linear(33, 16, bias=False), nn.LayerNorm(16), nn.ReLU(), nn.Linear(16, 10),
    ).double()  # fmt: skip


def work(rank: int, port: int, folder: str) -> None:
    """What each of the two processes does."""
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.set_num_threads(1)
    address = f"tcp://127.0.0.1:{port}"
    dist.init_process_group("gloo", init_method=address, rank=rank, world_size=2, timeout=timedelta(seconds=60))
    digits = load_images("digits", torch.float64, torch.device("cpu"))
    model = network()
    # before the model is sharded; every process finds the same blocks in the same batch
    blocks = find_blocks(model, digits.images[:64])
    for layer in model:
        if isinstance(layer, nn.Linear):
            fully_shard(layer)
    fully_shard(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)
    monitor = RateMonitor(model, optimizer, blocks, Path(folder) / "run")
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
    weight = model.get_parameter("1.weight")
    assert isinstance(weight, DTensor)
    whole, held = weight.full_tensor().norm().item(), weight.to_local().norm().item()
    if rank == 0:
        print(f"|w| of the first layer: {whole:.6f}, of the shard of this process: {held:.6f}")
    dist.destroy_process_group()


if __name__ == "__main__":
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        spawn(work, (port, folder), nprocs=2)
        trace = load_trace(Path(folder) / "run")
    data = trace.dataset
    print(f"recorded: {data['squared_norm'].values[-1, 0] ** 0.5:.6f}")
    violated = [fault for fault in faults(trace) if fault.kind in FAULTY]
    print(f"{data.sizes['block']} blocks over {data.sizes['step']} steps, {len(violated)} violations")
