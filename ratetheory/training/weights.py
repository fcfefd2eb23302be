"""The tensors of a model from a checkpoint of any program: a ``state_dict``, perhaps inside a larger one, or safetensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from ratetheory.training.checkpoint import check_size, load

WEIGHTS_LIMIT = 2**34
"""Largest checkpoint that is read, in bytes."""
BITS = {torch.float64: 53, torch.float32: 24, torch.float16: 11, torch.bfloat16: 8}
"""The formats that weights may have, and their significant bits."""
NESTED = ("state_dict", "model_state_dict", "model", "module")
"""Where training programs put the model's tensors."""
_DEPTH = 4
_LISTED = 5


def load_weights(path: str | Path, names: Iterable[str]) -> dict[str, torch.Tensor]:
    """The named tensors of a checkpoint, on the CPU.

    A file ``*.safetensors`` is read by that library, any other by ``torch.load`` without running code. Tensors are looked for
    at the top or under ``state_dict``, ``model_state_dict``, ``model``, ``module``; the prefixes that DistributedDataParallel
    (``module.``) and ``torch.compile`` (``_orig_mod.``) add are passed over. ``ValueError``, one line: no such file, more than
    data, too large, a name that is not there (with a few that are), a tensor that is no dense one of a format in ``BITS``.
    """
    path = Path(path)
    check_size(path, WEIGHTS_LIMIT)
    if path.suffix == ".safetensors":
        return _from_safetensors(path, names)
    tensors = _model_tensors(load(path, WEIGHTS_LIMIT), path)
    places = _places(names, tensors, path)
    return {name: checked_weight(tensors[place], f"{path}: {name}") for name, place in places.items()}


def _from_safetensors(path: Path, names: Iterable[str]) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            places = _places(names, dict.fromkeys(file.keys()), path)
            return {name: checked_weight(file.get_tensor(place), f"{path}: {name}") for name, place in places.items()}
    except SafetensorError as error:
        raise ValueError(f"{path}: corrupt, or no safetensors ({str(error)[:100]})") from None


def _model_tensors(content: Mapping[Any, Any], path: Path) -> dict[str, torch.Tensor]:
    for _ in range(_DEPTH):
        inner = next((content[key] for key in NESTED if isinstance(content.get(key), Mapping)), None)
        if inner is None:
            break
        content = inner
    tensors = {name: value for name, value in content.items() if isinstance(name, str) and isinstance(value, torch.Tensor)}
    if not tensors:
        raise ValueError(f"{path}: no tensors at the top or under {', '.join(NESTED)}; a state_dict is expected")
    return tensors


def _plain(name: str) -> str:
    """The name without what wrappers put into it."""
    parts = [part for part in name.split(".") if part != "_orig_mod"]
    while len(parts) > 1 and parts[0] == "module":
        parts = parts[1:]
    return ".".join(parts)


def _places(names: Iterable[str], present: Mapping[str, Any], path: Path) -> dict[str, str]:
    """Where each wanted name stands: under itself, or the only one that is the same but for wrappers."""
    plain: dict[str, list[str]] = {}
    for place in present:
        plain.setdefault(_plain(place), []).append(place)
    found = {}
    for name in names:
        places = [name] if name in present else plain.get(_plain(name), [])
        if not places:
            listed = ", ".join(repr(n[:60]) for n in sorted(present)[:_LISTED])
            raise ValueError(f"{path}: there is no tensor {name[:100]!r}; of {len(present)} there are {listed}")
        if len(places) > 1:
            raise ValueError(f"{path}: {name[:100]!r} could be {places[0]!r} or {places[1]!r}; one of them is expected")
        found[name] = places[0]
    return found


def checked_weight(tensor: torch.Tensor, place: str) -> torch.Tensor:
    """The tensor without its gradient; ``ValueError`` unless it is dense and of a format in ``BITS``."""
    if tensor.dtype not in BITS or tensor.layout != torch.strided:
        kind = f"{tensor.dtype}, {tensor.layout}".replace("torch.", "")
        raise ValueError(f"{place} is {kind}; allowed: dense float16, bfloat16, float32 or float64")
    if tensor.is_meta:
        raise ValueError(f"{place} is stored without its entries (device meta); stored entries are expected")
    # a few stored bytes may claim to be a tensor of any size
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ValueError(f"{place} has {tensor.numel()} entries that share memory; each entry must be stored")
    if not tensor.numel():
        raise ValueError(f"{place} is empty; one entry at least is expected")
    return tensor.detach()
