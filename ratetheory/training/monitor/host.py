"""Watched entries in the memory of the host: compiled loops read gradients, buffers and weights where they lie."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ratetheory.training.monitor import kernels
from ratetheory.training.monitor.chunk import SUMS, Linear
from ratetheory.training.monitor.layout import Layout, Segment, local

_SQUARES, _RADIALS = SUMS.index("squared_gradient"), SUMS.index("radial")

_RECORDS = 16
"""Steps for which room is made at once."""


class HostEntries:
    """``chunk.Entries`` on the host: old weights and plan are kept, in double precision; all else is read once and left."""

    def __init__(self, layout: Layout, parameters: Sequence[torch.Tensor]) -> None:
        self.layout, self.parameters = layout, list(parameters)
        self.old, self.plan = layout.buffer(), layout.buffer()
        self.weight_views, self.plan_views = layout.views(self.old), layout.views(self.plan)
        for view, s, parameter in zip(self.weight_views, layout.segments, parameters, strict=True):
            view.copy_(s.select(local(parameter)))
        self.units = len(layout.blocks)
        self.given = [False] * len(self.parameters)
        self._blank: list[torch.Tensor] = []
        self.record = self._next()
        self._places, first = list[tuple[int, int, int, int, int]](), 0
        for s, old, plan in zip(layout.segments, self.weight_views, self.plan_views, strict=True):
            self._places.append((old.data_ptr(), plan.data_ptr(), s.units, s.size // s.units, first))
            first += s.units

    def first_norms(self) -> torch.Tensor:
        """|w|^2 of the units before the first step, (1, units)."""
        # rounded as the norms after the steps are
        return self.sums()[:1]

    def _next(self) -> torch.Tensor:
        """Room for the sums of a step, made for several at once."""
        if not self._blank:
            self._blank = list(torch.empty(_RECORDS, len(SUMS), self.units, dtype=torch.float64))
        return self._blank.pop()

    def before(self, linear: Linear | None, scale: torch.Tensor | None) -> None:
        """Read the gradients, divided by ``scale``, and plan a linear update."""
        self.record = self._next()
        start = self.record.data_ptr()
        squares, radials = start + 8 * _SQUARES * self.units, start + 8 * _RADIALS * self.units
        later = linear is not None and isinstance(linear.rate, torch.Tensor)
        rate = 0.0 if linear is None else -1.0 if later else -linear.rate
        a, c, b = (0.0, 0.0, 0.0) if linear is None else (rate * linear.gradient, rate * linear.weights, rate * linear.buffer)
        buffers = (linear and linear.buffers) or [None] * len(self.parameters)
        firsts = linear.firsts if linear is not None and linear.first is not None else [False] * len(self.parameters)
        a_first, c_first = [rate * part for part in (linear and linear.first) or (0.0, 0.0)]
        for i, (s, parameter, buffer) in enumerate(zip(self.layout.segments, self.parameters, buffers, strict=True)):
            old, plan, units, entries, first = self._places[i]
            gradient = parameter.grad
            self.given[i] = gradient is not None
            if gradient is None:
                self.record[_SQUARES:, first : first + units] = 0.0
                self.plan_views[i].zero_()
                continue
            if scale is not None:
                gradient = local(gradient).double() / scale
            double = torch.float64 in (gradient.dtype, None if buffer is None else buffer.dtype)
            g = _rows(s, gradient, double)
            m = g if buffer is None else _rows(s, buffer, double)
            of_gradient, of_weights = (a_first, c_first) if firsts[i] else (a, c)
            kernels.linear(double)(
                g.data_ptr(), m.data_ptr(), old, plan, units, entries, of_gradient, of_weights, 0.0 if buffer is None else b,
                squares + 8 * first, radials + 8 * first,
            )  # fmt: skip
        if linear is not None and later:
            self.plan.mul_(linear.rate)

    def sums(self) -> torch.Tensor:
        """Read the new weights; the sums ``SUMS`` over the units, (8, units)."""
        start = self.record.data_ptr()
        for s, parameter, (old, plan, units, entries, first) in zip(
            self.layout.segments, self.parameters, self._places, strict=True
        ):
            double = parameter.dtype == torch.float64
            weights = _rows(s, parameter, double)
            kernels.after(double)(weights.data_ptr(), old, plan, units, entries, start + 8 * first, self.units)
        return self.record


def _rows(segment: Segment, tensor: torch.Tensor, double: bool) -> torch.Tensor:
    """The segment's entries row after row, in double precision or in single, which holds every shorter format."""
    held, precision = segment.select(local(tensor)), torch.float64 if double else torch.float32
    if not held.is_cpu or held.layout != torch.strided:
        held = _strided(segment, held)
    if held.dtype != precision or not held.is_contiguous():
        held = held.to(precision).contiguous()
    if held.numel() != segment.size:
        raise ValueError(f"model: {segment.parameter} has another shape than at first; a new monitor is needed")
    return held


def _strided(segment: Segment, tensor: torch.Tensor) -> torch.Tensor:
    """A sparse tensor with its zeros; ``ValueError`` for one that no longer lies in the host's memory."""
    if tensor.device.type != "cpu":
        raise ValueError(f"model: {segment.parameter} has moved to {tensor.device}; a monitor made after the move is needed")
    return tensor.to_dense()
