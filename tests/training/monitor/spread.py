"""Two processes on the loopback device, and networks for them."""

from __future__ import annotations

import os
import socket
import traceback
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from ratetheory.observation.families import Blocks, Family, Member, Norm


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(work: Callable[..., None], *arguments: Any, world: int = 2, timeout: float = 120.0) -> None:
    """``work(rank, *arguments)`` in each of some processes with one process group; ``AssertionError`` if one fails or hangs."""
    context, port = mp.get_context("forkserver"), free_port()
    # torch and the module of the work are imported once, not in every process
    context.set_forkserver_preload([work.__module__, "torch._dynamo", "torch.distributed.fsdp"])
    failures = context.SimpleQueue()
    processes = [context.Process(target=_entry, args=(failures, work, rank, world, port, arguments)) for rank in range(world)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout)
    hanging = [process for process in processes if process.is_alive()]
    for process in hanging:
        process.kill()
    texts = []
    while not failures.empty():
        texts.append(failures.get())
    assert not texts, "\n".join(texts)
    assert not hanging, "a process hangs"
    assert all(process.exitcode == 0 for process in processes), [process.exitcode for process in processes]


def _entry(failures: Any, work: Callable[..., None], rank: int, world: int, port: int, arguments: tuple[Any, ...]) -> None:
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=world)
    try:
        work(rank, *arguments)
    except BaseException:
        failures.put(f"process {rank}:\n{traceback.format_exc()}")
        os._exit(1)
    if dist.is_initialized():
        dist.destroy_process_group()


def filters(layer: str, module: nn.Module, norm: str) -> Family:
    """Each row of a weight that goes to one channel of a batch normalisation."""
    weight = module.weight
    assert isinstance(weight, torch.Tensor)
    parts, dimension = len(weight), weight[0].numel()
    member = Member(f"{layer}.weight", 0, 0, parts)
    return Family(f"{layer}.weight", "alone", "filter", parts, dimension, (member,), "", (), (Norm(norm, "batch", 1),))


def whole(layer: str, module: nn.Module, norm: str) -> Family:
    """A weight that goes to a layer normalisation."""
    weight = module.weight
    assert isinstance(weight, torch.Tensor)
    member = Member(f"{layer}.weight", 0, 0, len(weight))
    return Family(f"{layer}.weight", "alone", "layer", 1, weight.numel(), (member,), "", (), (Norm(norm, "layer"),))


def batch_net(
    dtype: torch.dtype = torch.float64, normalisation: Callable[[int], nn.Module] = nn.BatchNorm1d
) -> tuple[nn.Module, Blocks]:
    """Two linear layers, 7 wide and 1 wide, each before a batch normalisation, and a last one."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(6, 7, bias=False),
        normalisation(7),
        nn.Tanh(),
        nn.Linear(7, 1, bias=False),
        normalisation(1),
        nn.Tanh(),
        nn.Linear(1, 3),
    ).to(dtype)
    _uneven(net)
    return net, Blocks((filters("0", net[0], "1"), filters("3", net[3], "4")))


def _uneven(net: nn.Sequential) -> None:
    """Gains that differ."""
    with torch.no_grad():
        for i in (1, 4):
            gain = net[i].weight
            assert isinstance(gain, torch.Tensor)
            gain.add_(torch.randn_like(gain) / 4)


def layer_net(dtype: torch.dtype = torch.float64) -> tuple[nn.Module, Blocks]:
    """Linear layers of 7 and 5 rows, each before a layer normalisation, and a last one; one block a layer."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(6, 7, bias=False),
        nn.LayerNorm(7),
        nn.Tanh(),
        nn.Linear(7, 5, bias=False),
        nn.LayerNorm(5),
        nn.Tanh(),
        nn.Linear(5, 1),
    ).to(dtype)
    _uneven(net)
    return net, Blocks((whole("0", net[0], "1"), whole("3", net[3], "4")))


def batches(steps: int, dtype: torch.dtype = torch.float64, size: int = 16) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Inputs and targets of the whole batch at each step."""
    generator = torch.Generator().manual_seed(1)
    return [
        (
            torch.randn(size, 6, generator=generator, dtype=torch.float64).to(dtype),
            torch.randn(size, 1, generator=generator, dtype=torch.float64).to(dtype),
        )
        for _ in range(steps)
    ]


class AllReduce(torch.autograd.Function):
    """The sum over all processes, of values and of gradients."""

    @staticmethod
    def forward(context: Any, values: torch.Tensor) -> torch.Tensor:
        summed = values.clone()
        dist.all_reduce(summed)
        return summed

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor) -> torch.Tensor:
        summed = gradients[0].clone()
        dist.all_reduce(summed)
        return summed


class SynchronisedNorm(nn.BatchNorm1d):
    """Batch normalisation over the samples of all processes, on any device; torch's own needs a GPU."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Every process holds as many samples."""
        mean = AllReduce.apply(input.mean(0)) / dist.get_world_size()
        centred = input - mean
        variance = AllReduce.apply(centred.square().mean(0)) / dist.get_world_size()
        return centred * (variance + self.eps).rsqrt() * self.weight + self.bias


def half(rank: int, batch: tuple[torch.Tensor, torch.Tensor], world: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """What a process sees of a batch."""
    inputs, targets = batch
    return inputs.chunk(world)[rank], targets.chunk(world)[rank]


def squared(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The mean squared error of the mean output."""
    return nn.functional.mse_loss(outputs.mean(1, keepdim=True), targets)
