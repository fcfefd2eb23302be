"""Functions of torch in double precision, and with the eps of every normalisation as small as it can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from ratetheory.training.blocks.convolution import as_product

TINY = 1e-30
"""torch refuses eps = 0 in training mode; this is below the rounding of any variance that is not itself rounding."""
LARGEST_EPS = 1e-2
"""An eps above this is no guard against division by zero: it stays what it is."""

_EPS_PLACE = {
    "batch_norm": 7,
    "instance_norm": 7,
    "native_batch_norm": 7,
    "native_group_norm": 7,
    "layer_norm": 4,
    "group_norm": 4,
    "native_layer_norm": 4,
    "rms_norm": 3,
}
_LOW = (torch.float32, torch.float16, torch.bfloat16)
_CASTS = {"float", "half", "bfloat16"}


class Precise(TorchFunctionMode):
    """What casts to a lower precision stays double; with ``tiny`` normalisations called as functions get ``TINY`` as eps,
    but for an eps above ``LARGEST_EPS``.

    ``missing``: the eps that stands for ``None``, which torch takes from the precision: that of the model as it was.
    """

    def __init__(self, tiny: bool, missing: float) -> None:
        super().__init__()
        self._tiny = tiny
        self._missing = missing

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in _CASTS and len(args) == 1 and isinstance(args[0], torch.Tensor):
            return args[0].double()
        if name in _EPS_PLACE:
            args, kwargs = self._with_eps(name, args, kwargs)
        if name == "__get__" or name == "__set__":
            return func(*args, **kwargs)
        args, kwargs = _dtypes(args, kwargs)
        if not name.endswith("_"):
            args, kwargs = _same(args, kwargs)
        if name == "conv2d":
            product = as_product(args, kwargs)
            if product is not None:
                return product
        return func(*args, **kwargs)

    def _with_eps(self, name: str, args: Any, kwargs: Any) -> tuple[Any, Any]:
        place = _EPS_PLACE[name]
        given = args[place] if len(args) > place else kwargs.get("eps")
        if isinstance(given, float | int) and given > LARGEST_EPS:
            return args, kwargs
        if self._tiny:
            eps = TINY
        elif given is None and name == "rms_norm":
            eps = self._missing
        else:
            return args, kwargs
        if len(args) > place:
            return (*args[:place], eps, *args[place + 1 :]), kwargs
        return args, {**kwargs, "eps": eps}


def _dtypes(args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Lower precisions among the arguments become double."""
    if any(a in _LOW for a in args if isinstance(a, torch.dtype)):
        args = tuple(torch.float64 if isinstance(a, torch.dtype) and a in _LOW else a for a in args)
    if isinstance(kwargs.get("dtype"), torch.dtype) and kwargs["dtype"] in _LOW:
        kwargs = {**kwargs, "dtype": torch.float64}
    return args, kwargs


def _same(args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Where double meets a lower precision, all become double: what a loss closure brings along."""
    found = set(_dtypes_in([*args, *kwargs.values()]))
    if torch.float64 not in found or found.isdisjoint(_LOW):
        return args, kwargs
    raised: tuple[Any, Any] = pytree.tree_map_only(
        torch.Tensor, lambda leaf: leaf.double() if leaf.dtype in _LOW else leaf, (args, kwargs)
    )
    return raised


def eps_attributes(module: nn.Module) -> list[tuple[nn.Module, str, float]]:
    """The attributes of all modules that hold the eps of a normalisation: module, name, value."""
    found = []
    for part in module.modules():
        for name, value in vars(part).items():
            lower = name.lower()
            if isinstance(value, float) and 0 < value <= LARGEST_EPS and lower.endswith(("eps", "epsilon")):
                found.append((part, name, value))
    return found


def _dtypes_in(values: Iterable[Any]) -> Iterator[torch.dtype]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value.dtype
        elif isinstance(value, list | tuple):
            yield from _dtypes_in(value)


@contextmanager
def default_double() -> Iterator[None]:
    """Tensors made on the way are double."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
