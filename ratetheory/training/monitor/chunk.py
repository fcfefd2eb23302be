"""Some watched entries in double precision, on any device: weights before a step, gradient, planned and made update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch

from ratetheory.training.monitor.layout import Layout, local

SUMS = (
    "next_squared_norm",
    "squared_update",
    "squared_plan",
    "update_radial",
    "plan_radial",
    "squared_off_plan",
    "squared_gradient",
    "radial",
)
"""The sums over each block that a step leaves: |w+|^2, |u|^2, |p|^2, <w, u>, <w, p>, |u - p|^2, |g|^2, <w, g>; u the update
that was made, p the one that the optimiser's rule plans."""

PRODUCTS = 2**23
"""Entries of products that are held at once."""


class Linear(NamedTuple):
    """The update -rate (gradient g + weights w + buffer m); ``buffers``: m of each parameter, or none at all.

    ``first`` stands for ``gradient`` and ``weights`` at parameters for which ``firsts`` is true, if it is given.
    """

    rate: Any
    gradient: float
    weights: float
    buffer: float
    buffers: Sequence[torch.Tensor | None]
    first: tuple[float, float] | None = None
    firsts: Sequence[bool] = ()


class Entries(Protocol):
    """The entries of one layout around a step: ``before`` it, when gradients are final, and ``sums`` after it.

    ``given``: which parameters had a gradient; the others are planned to stay. Between the two calls ``plan_views`` may be
    written and ``weight_views`` (the weights before the step) read, both by segments.
    """

    layout: Layout
    parameters: list[torch.Tensor]
    given: list[bool]

    @property
    def plan_views(self) -> Sequence[torch.Tensor]:
        """The planned update by segments."""

    @property
    def weight_views(self) -> Sequence[torch.Tensor]:
        """The weights before the step by segments."""

    def first_norms(self) -> torch.Tensor:
        """|w|^2 of the units before the first step, (1, units)."""

    def before(self, linear: Linear | None, scale: torch.Tensor | None) -> None:
        """Read the gradients, divided by ``scale``, and plan a linear update."""

    def sums(self) -> torch.Tensor:
        """Read the new weights; the sums ``SUMS`` over the units, (8, units)."""


def scratch_for(layouts: Sequence[Layout], device: torch.device) -> torch.Tensor:
    """Room for the products of the largest layout: all at once if they are small, else one."""
    needed = [layout.total * (len(SUMS) if layout.total * len(SUMS) <= PRODUCTS else 1) for layout in layouts]
    return torch.empty(max(needed, default=0), dtype=torch.float64, device=device)


class Chunk:
    """``Entries`` on any device, with few calls for many layers.

    Five rows: weights, update, plan, gradient, weights; old and new weights change places. So the squares of all but the old
    weights, and their products with the rest, are two products of neighbouring rows. ``scratch`` is shared by all chunks.
    """

    def __init__(self, layout: Layout, parameters: Sequence[torch.Tensor], scratch: torch.Tensor) -> None:
        self.layout, self.parameters = layout, list(parameters)
        self.matrix = layout.buffer(5)
        self.rows = list(self.matrix)
        self.row_views = [layout.views(row) for row in self.rows]
        self.inner, self.upper, self.lower = self.matrix[1:4], self.matrix[:4], self.matrix[1:]
        self.old, self.new = 0, 4
        self.at_once = len(scratch) >= layout.total * len(SUMS)
        self.products = scratch[: layout.total * (len(SUMS) if self.at_once else 1)].view(-1, layout.total)
        self.product_views = layout.unit_views(self.products)
        self.given = [False] * len(self.parameters)
        self._read(self.row_views[self.old], parameters)

    @property
    def plan_views(self) -> Sequence[torch.Tensor]:
        """The planned update by segments."""
        return self.row_views[2]

    @property
    def weight_views(self) -> Sequence[torch.Tensor]:
        """The weights before the step by segments."""
        return self.row_views[self.old]

    def _read(self, views: Sequence[torch.Tensor], tensors: Sequence[torch.Tensor | None]) -> None:
        """Copy tensors into the views of a row, zero where there is none."""
        targets, sources = [], []
        for view, s, tensor in zip(views, self.layout.segments, tensors, strict=True):
            if tensor is None:
                view.zero_()
            else:
                targets.append(view)
                sources.append(s.select(local(tensor)))
        if targets:
            torch._foreach_copy_(targets, sources)

    def first_norms(self) -> torch.Tensor:
        """|w|^2 of the units before the first step, (1, units)."""
        return self._one_by_one([(self.rows[self.old], self.rows[self.old])])

    def before(self, linear: Linear | None, scale: torch.Tensor | None) -> None:
        """Read the gradients, divided by ``scale``, and plan a linear update."""
        gradients = [p.grad for p in self.parameters]
        self.given = [gradient is not None for gradient in gradients]
        self._read(self.row_views[3], gradients)
        if scale is not None:
            self.rows[3].div_(scale)
        if linear is not None:
            self._plan(linear)

    def _plan(self, linear: Linear) -> None:
        later = isinstance(linear.rate, torch.Tensor)
        rate, plan = 1.0 if later else linear.rate, self.rows[2]
        torch.mul(self.rows[3], -rate * linear.gradient, out=plan)
        if linear.weights:
            plan.add_(self.rows[self.old], alpha=-rate * linear.weights)
        if linear.buffer:
            kept = zip(self.plan_views, self.layout.segments, linear.buffers, strict=True)
            found = [(view, s.select(local(buffer))) for view, s, buffer in kept if buffer is not None]
            if found:
                torch._foreach_add_([view for view, _ in found], [b for _, b in found], alpha=-rate * linear.buffer)
        if linear.first is not None:
            of_gradient, of_weights = linear.first
            rows = zip(linear.firsts, self.plan_views, self.row_views[3], self.weight_views, strict=True)
            for view, gradient, old in [row for first, *row in rows if first]:
                torch.mul(gradient, -rate * of_gradient, out=view)
                view.add_(old, alpha=-rate * of_weights)
        if later:
            plan.mul_(linear.rate)
        for view, given in zip(self.plan_views, self.given, strict=True):
            if not given:
                view.zero_()

    def sums(self) -> torch.Tensor:
        """Read the new weights; the sums ``SUMS`` over the units, (8, units)."""
        old, new, update, plan, gradient = self.rows[self.old], self.rows[self.new], *self.rows[1:4]
        self._read(self.row_views[self.new], self.parameters)
        torch.sub(new, old, out=update)
        if self.at_once:
            side = self.upper if self.new == 0 else self.lower
            torch.mul(side, side, out=self.products[:4])
            torch.mul(self.inner, old, out=self.products[4:7])
            torch.sub(update, plan, out=self.products[7]).square_()
            sums = self.layout.sums(self.product_views)
            sums = sums[_UPPER if self.new == 0 else _LOWER]
        else:
            first = self._one_by_one([(new, new), (update, update), (plan, plan), (old, update), (old, plan)])
            last = self._one_by_one([(gradient, gradient), (old, gradient)])
            update.sub_(plan)
            sums = torch.cat([first, self._one_by_one([(update, update)]), last])
        self.old, self.new = self.new, self.old
        return sums

    def _one_by_one(self, pairs: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
        found = []
        for left, right in pairs:
            torch.mul(left, right, out=self.products[0])
            found.append(self.layout.sums([v[:1] for v in self.product_views]))
        return torch.cat(found)


_UPPER = [0, 1, 2, 4, 5, 7, 3, 6]
"""Where ``SUMS`` are among the squares of the rows new, update, plan, gradient, the products with the old weights, the last;"""
_LOWER = [3, 0, 1, 4, 5, 7, 2, 6]
"""or of the rows update, plan, gradient, new."""
