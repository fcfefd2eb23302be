"""Activation checkpoints evaluated plainly: nothing is computed again in the backward pass.

What is computed again runs outside of the mode that keeps everything in double precision with a tiny eps, and the reentrant
kind refuses ``torch.autograd.grad``. The values and gradients are the same, in one respect also where they surprise: no
gradient goes through a reentrant checkpoint of which no input asks for one, so that training leaves the weights inside as
they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils import checkpoint


class _Reentrant:
    """In place of torch's own, which also looks for gradients among the positional arguments only."""

    @staticmethod
    def apply(function: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        asked = any(isinstance(a, torch.Tensor) and a.requires_grad for a in args)
        with torch.set_grad_enabled(torch.is_grad_enabled() and asked):
            return function(*args)


def _without_reentrance(*args: Any, **kwargs: Any) -> Iterator[None]:
    # torch goes one step before the function is called, and one after
    yield


@contextmanager
def plain_checkpoints() -> Iterator[None]:
    """``torch.utils.checkpoint.checkpoint`` calls its function, and no more."""
    places = {"CheckpointFunction": _Reentrant, "_checkpoint_without_reentrant_generator": _without_reentrance}
    before = {name: getattr(checkpoint, name) for name in places if hasattr(checkpoint, name)}
    try:
        for name in before:
            setattr(checkpoint, name, places[name])
        yield
    finally:
        for name, value in before.items():
            setattr(checkpoint, name, value)
