"""Why a parameter is scale-invariant, or not: degrees of homogeneity, followed through the operations of one forward pass.

Every tensor has a degree that is linear in the degrees d_p given to the parameters: products add degrees, a normalisation
sets 0, sums need equal degrees, everything that is not homogeneous needs degree 0, and so do the outputs. What is needed are
linear conditions on d. A set of parameters whose d = 1 (all others 0) meets every condition is invariant; otherwise the first
condition that fails says where. The operations are those of torch's dispatcher, so that any control flow is followed: along
the path that this batch takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from ratetheory.training.blocks.copied import Copied
from ratetheory.training.blocks.rules import rule_of

Form = NDArray[np.float64] | None
"""Degrees of the parameters in a tensor's degree; ``None``: the tensor is zero, or of no influence: of every degree."""


@dataclass(frozen=True)
class Channels:
    """A tensor put together along its channels from parts of different degrees, which a normalisation of channels allows."""

    parts: tuple[Form, ...]
    place: str


@dataclass(frozen=True)
class Need:
    """A condition: ``difference`` has degree 0; ``left`` and ``right`` are the two degrees where something is added."""

    difference: NDArray[np.float64]
    place: str
    left: NDArray[np.float64]
    right: NDArray[np.float64] | None


@dataclass
class Degrees:
    """All conditions of one forward pass, and the normalisations that were passed on the way."""

    names: list[str]
    needs: list[Need] = field(default_factory=list)
    norms: list[tuple[str, str, NDArray[np.float64]]] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)

    def vector(self, members: Iterable[str]) -> NDArray[np.float64]:
        """d of a set of parameters."""
        chosen = set(members)
        return np.array([float(name in chosen) for name in self.names])

    def obstacle(self, members: Iterable[str]) -> str | None:
        """The first condition that the set fails, in words; ``None`` if it meets all."""
        d = self.vector(members)
        for need in self.needs:
            if abs(float(need.difference @ d)) > 1e-9:
                left = _number(float(need.left @ d))
                if need.right is None:
                    return f"{need.place} with degree {left}"
                return f"{need.place}: degree {left} meets degree {_number(float(need.right @ d))}"
        return None

    def removed_by(self, members: Iterable[str]) -> list[tuple[str, str, float]]:
        """The normalisations that the set reaches with a degree other than 0: place, kind and degree."""
        d = self.vector(members)
        return [(place, kind, float(form @ d)) for place, kind, form in self.norms if abs(float(form @ d)) > 1e-9]


def _scales_to_itself(value: torch.Tensor) -> bool:
    # zeros, and what a mask puts in place of minus infinity
    return bool(((value == 0) | (value.abs() > 1e30)).all())


def _number(x: float) -> str:
    return f"{x:.4g}"


def follow(copied: Copied, without: Iterable[str]) -> tuple[Degrees, list[torch.Tensor]]:
    """The degrees of one forward pass at the copy's present weights, and its outputs; ``without``: what has no influence."""
    degrees = Degrees(list(copied.parameters))
    mode = _Follow(copied, degrees, set(without))
    hooks = [h for name, module in copied.module.named_modules() for h in mode.hooked(name, module)]
    try:
        with mode:
            outputs = copied.outputs(grad=False)
    finally:
        for hook in hooks:
            hook.remove()
    for output in outputs:
        mode.need_zero(mode.form(output), "reaches the output")
    return degrees, outputs


class _Follow(TorchDispatchMode):
    def __init__(self, copied: Copied, degrees: Degrees, without: set[str]) -> None:
        super().__init__()
        self._degrees = degrees
        self._zero = np.zeros(len(degrees.names))
        self._forms: dict[int, tuple[torch.Tensor, Form | Channels]] = {}
        self.before: torch.Tensor | None = None
        self._stored: dict[int, list[torch.Tensor]] = {}
        self._modules: list[str] = []
        self._count: dict[str, int] = {}
        for number, (name, parameter) in enumerate(copied.parameters.items()):
            unit = self._zero.copy()
            unit[number] = 1
            self.give(parameter, None if name in without else unit)

    def hooked(self, name: str, module: nn.Module) -> Sequence[Any]:
        def enter(*_: Any) -> None:
            self._modules.append(name)

        def leave(*_: Any) -> None:
            if self._modules:
                self._modules.pop()

        return module.register_forward_pre_hook(enter, prepend=True), module.register_forward_hook(leave, always_call=True)

    def form(self, value: Any) -> Form:
        """The degree of a tensor; 0 of one that no parameter has entered, or of a number."""
        found = self.channels(value)
        if isinstance(found, Channels):
            # whatever is no normalisation of channels needs one degree
            found = self.need_equal(found.parts, found.place)
            self.give(value, found)
        return found

    def channels(self, value: Any) -> Form | Channels:
        """The degree of a tensor, or the degrees of its channels."""
        if isinstance(value, torch.Tensor):
            if id(value) in self._forms:
                return self._forms[id(value)][1]
            return None if value.dtype.is_floating_point and value.numel() <= 2**22 and _scales_to_itself(value) else self._zero
        return None if isinstance(value, int | float) and value == 0 else self._zero

    def give(self, tensor: Any, form: Form | Channels) -> None:
        """Note the degree of a tensor, which is kept so that its identity stays its own."""
        if isinstance(tensor, torch.Tensor):
            self._forms[id(tensor)] = (tensor, form)

    def place(self, operation: str) -> str:
        """An operation by its name and module: ``add in layer1.0``; repeated ones are counted."""
        where = self._modules[-1] if self._modules else ""
        key = f"{operation} in {where}" if where else operation
        return key

    def need_equal(self, forms: Sequence[Form], place: str) -> Form:
        """All the degrees are equal; which they are."""
        known = [f for f in forms if f is not None]
        if not known:
            return None
        for other in known[1:]:
            difference = known[0] - other
            if difference.any():
                self._degrees.needs.append(Need(difference, f"mixed at {place}", known[0], other))
        return max(known, key=lambda f: float(np.abs(f).sum()))

    def need_zero(self, form: Form, place: str) -> None:
        """The degree is 0."""
        if form is not None and form.any():
            self._degrees.needs.append(Need(form, place, form, None))

    def norm(self, form: Form | Channels, kind: str) -> None:
        """A normalisation is reached."""
        if isinstance(form, Channels):
            for part in form.parts:
                self.norm(part, kind)
        elif form is not None and form.any():
            self._degrees.norms.append((self._modules[-1] if self._modules else kind, kind, form))

    def unknown(self, operation: str) -> None:
        """An operation without a rule is taken for one that is not homogeneous."""
        self._degrees.unknown.add(operation)

    @property
    def zero(self) -> NDArray[np.float64]:
        """Degree 0."""
        return self._zero

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        inplace = name.endswith("_") and not name.startswith("_") and not name.endswith("__")
        self.before = args[0].clone() if name == "clamp_min_" else None
        out = func(*args, **kwargs)
        result = rule_of(name.rstrip("_") if inplace else name)(self, name, args, kwargs, out)
        leaves = [leaf for leaf in pytree.tree_leaves(out) if isinstance(leaf, torch.Tensor)]
        forms = result if isinstance(result, list) else [result] * len(leaves)
        for leaf, form in zip(leaves, forms, strict=False):
            self._note(leaf, form)
        if inplace and isinstance(args[0], torch.Tensor):
            self._spread(args[0], forms[0] if forms else None)
        return out

    def _note(self, tensor: torch.Tensor, form: Form | Channels) -> None:
        self.give(tensor, form)
        if tensor.numel():
            self._stored.setdefault(tensor.untyped_storage().data_ptr(), []).append(tensor)

    def _spread(self, tensor: torch.Tensor, form: Form | Channels) -> None:
        """What is written into a tensor is seen by every other one on the same storage."""
        self.give(tensor, form)
        for other in self._stored.get(tensor.untyped_storage().data_ptr(), []):
            if other is tensor:
                continue
            if other.shape == tensor.shape and other.stride() == tensor.stride():
                self.give(other, form)
            else:
                self.give(
                    other,
                    self.need_equal([self.form(other), self.form(tensor)], self.place("a write into a part")),
                )
