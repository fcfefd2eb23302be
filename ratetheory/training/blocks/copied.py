"""A copy of a model in double precision, evaluated again and again as if nothing had happened in between."""

from __future__ import annotations

import copy
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from ratetheory.training.blocks.checkpointing import plain_checkpoints
from ratetheory.training.blocks.precise import TINY, Precise, default_double, eps_attributes
from ratetheory.training.naming import sharded, unwrapped

_SEED = 20190506
_CACHES = ("past_key_values", "past_key_value", "mems", "cache_params")
"""Outputs that hold what a next call would reuse; no loss reads them."""


@dataclass
class Copied:
    """The copy: its parameters, their values as they are, and how it is called.

    ``unjudged``: parameters of complex or integer numbers. ``actual`` has the complex ones as well.
    """

    module: nn.Module
    parameters: dict[str, nn.Parameter]
    unjudged: dict[str, nn.Parameter]
    trained: dict[str, bool]
    actual: dict[str, torch.Tensor]
    call: Callable[[nn.Module], Any]
    missing_eps: float
    own_eps: list[tuple[nn.Module, str, float]]
    buffers: list[tuple[nn.Module, str, torch.Tensor]] = field(default_factory=list)
    rooms: dict[str, torch.Tensor] = field(default_factory=dict)

    def room(self, name: str) -> torch.Tensor:
        """Memory for other values of a parameter, every time the same: a page that is new costs as much as a sum over it."""
        if name not in self.rooms:
            self.rooms[name] = torch.empty_like(self.actual[name], memory_format=torch.contiguous_format)
        return self.rooms[name]

    def outputs(self, grad: bool, tiny: bool = True) -> list[torch.Tensor]:
        """What the model answers, as floating-point tensors; every call starts from the same buffers and random state."""
        for module, name, value in self.buffers:
            module._buffers[name] = value.clone()
        for module, name, eps in self.own_eps:
            setattr(module, name, TINY if tiny else eps)
        _seed()
        with ExitStack() as stack:
            stack.enter_context(torch.set_grad_enabled(grad))
            stack.enter_context(default_double())
            for device in {"cpu", *(p.device.type for p in self.parameters.values())}:
                stack.enter_context(torch.autocast(device, enabled=False))
            if "torch._dynamo" in sys.modules:
                # what compiles has imported it, for seconds; nothing else needs it
                stack.enter_context(torch.compiler.set_stance("force_eager"))
            stack.enter_context(Precise(tiny, self.missing_eps))
            stack.enter_context(plain_checkpoints())
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            return floating(self.call(self.module))

    def set(self, values: Mapping[str, torch.Tensor]) -> None:
        """Give the parameters other values, which they share: nothing is copied."""
        for name, value in values.items():
            (self.parameters[name] if name in self.parameters else self.unjudged[name]).data = value


def copied(model: nn.Module, batch_or_loss: Any) -> Copied:
    """The double-precision copy of a model, and its call.

    ``ValueError``: no model, no batch or loss, or a model that cannot be copied.
    """
    if not isinstance(model, nn.Module):
        raise ValueError(f"model: {type(model).__name__} is not allowed; a torch.nn.Module is")
    model = unwrapped(model)
    for name, parameter in model.named_parameters():
        if isinstance(parameter, nn.parameter.UninitializedParameter):
            raise ValueError(f"model: {name!r} has no shape yet; run the model once before")
    if sharded(model):
        raise ValueError("model: it is sharded over processes; find_blocks on the model before it is sharded")
    low = [p.dtype for p in model.parameters() if p.dtype.is_floating_point]
    missing = torch.finfo(low[0]).eps if low else torch.finfo(torch.float32).eps
    try:
        twin = copy.deepcopy(model, _memo(model))
    except Exception as error:
        raise ValueError(f"model: it cannot be copied: {one_line(error)}") from error
    twin.double()
    parameters = {name: p for name, p in twin.named_parameters() if p.dtype.is_floating_point}
    unjudged = {name: p for name, p in twin.named_parameters() if name not in parameters}
    trained = {name: p.requires_grad for name, p in model.named_parameters()}
    _unspecial(twin)
    buffers = [(m, n, b.clone()) for m in twin.modules() for n, b in m._buffers.items() if b is not None]
    actual = {name: p.detach() for name, p in twin.named_parameters() if name in parameters or p.is_complex()}
    return Copied(twin, parameters, unjudged, trained, actual, _call(batch_or_loss), missing, eps_attributes(twin), buffers)


def _unspecial(twin: nn.Module) -> None:
    """Running means of zero, as they begin, would make normalisation by stored statistics homogeneous by accident."""
    generator = torch.Generator().manual_seed(_SEED)
    for module in twin.modules():
        mean, variance = getattr(module, "running_mean", None), getattr(module, "running_var", None)
        if not module.training and isinstance(mean, torch.Tensor) and isinstance(variance, torch.Tensor):
            noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype).to(mean.device)
            mean.add_(0.1 * noise * variance.clamp_min(0).sqrt())


def _memo(model: nn.Module) -> dict[int, Any]:
    """Copies made beforehand: parameters in double precision, and what deepcopy refuses, tensors that are results (as old
    weight normalisation keeps them). All parameters ask for gradients: those that are not trained are judged all the same."""
    memo: dict[int, Any] = {}
    for module in model.modules():
        for parameter in module._parameters.values():
            if parameter is not None and parameter.dtype.is_floating_point:
                memo[id(parameter)] = nn.Parameter(parameter.detach().to(torch.float64, copy=True))
            elif parameter is not None and parameter.is_complex():
                memo[id(parameter)] = nn.Parameter(parameter.detach().to(torch.complex128, copy=True))
        for value in [*vars(module).values(), *module._buffers.values()]:
            if isinstance(value, torch.Tensor) and (value.is_complex() or not value.is_leaf):
                memo[id(value)] = _double(value.detach().clone())
    return memo


def _call(batch_or_loss: Any) -> Callable[[nn.Module], Any]:
    if isinstance(batch_or_loss, torch.Tensor):
        return lambda module: _answer(module, _fresh(batch_or_loss))
    if isinstance(batch_or_loss, tuple):
        return lambda module: _answer(module, *_fresh(batch_or_loss))
    if isinstance(batch_or_loss, Mapping):
        return lambda module: _answer(module, **{str(k): _fresh(v) for k, v in batch_or_loss.items()})
    if callable(batch_or_loss):
        return lambda module: _loss(_answer(batch_or_loss, module))
    raise ValueError(
        f"batch: {type(batch_or_loss).__name__} is not allowed; a tensor, a tuple, a dict or a callable loss(model) is"
    )


def _answer(of: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    try:
        return of(*arguments, **keywords)
    except ValueError as error:
        # a model's own, which does not name an argument of find_blocks
        raise unusable(error) from error


def unusable(error: BaseException) -> ValueError:
    """What to raise where a model, or a loss of it, raises ``error``."""
    return ValueError(f"model: it cannot be evaluated on this batch: {one_line(error)}")


def _loss(value: Any) -> torch.Tensor:
    if not isinstance(value, torch.Tensor) or value.numel() != 1:
        shown = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, torch.Tensor) else type(value).__name__
        raise ValueError(f"loss: it returns {shown}; a tensor with one entry is allowed")
    return value.reshape(())


def _fresh(value: Any) -> Any:
    """A copy of the batch in double precision; a model may write into its input."""
    if isinstance(value, torch.Tensor):
        fresh = _double(value.detach().clone())
        # a reentrant checkpoint lets gradients through only where its input asks for them
        return fresh.requires_grad_() if value.requires_grad else fresh
    if isinstance(value, Mapping):
        return {key: _fresh(entry) for key, entry in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_fresh(entry) for entry in value)
    return value


def _double(value: torch.Tensor) -> torch.Tensor:
    return value.to(torch.complex128) if value.is_complex() else value.double() if value.dtype.is_floating_point else value


def floating(value: Any) -> list[torch.Tensor]:
    """All floating-point tensors in nested outputs; caches are passed over."""
    if isinstance(value, torch.Tensor):
        if value.is_complex():
            return [torch.view_as_real(value)]
        return [value] if value.dtype.is_floating_point and value.numel() else []
    if isinstance(value, Mapping):
        return [t for key, entry in value.items() if key not in _CACHES for t in floating(entry)]
    if isinstance(value, list | tuple | set):
        return [t for entry in value for t in floating(entry)]
    if is_dataclass(value) and not isinstance(value, type):
        return [t for f in fields(value) if f.name not in _CACHES for t in floating(getattr(value, f.name))]
    return []


def one_line(error: BaseException) -> str:
    """An error in one line."""
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {first}"[:300] if first else type(error).__name__


def _seed() -> None:
    torch.manual_seed(_SEED)
    random.seed(_SEED)
    np.random.seed(_SEED)  # noqa: NPY002


@contextmanager
def random_states_kept() -> Iterator[None]:
    """The global random states of torch (all devices), numpy and Python are as before at the end."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if torch.cuda.is_available() else []):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002
