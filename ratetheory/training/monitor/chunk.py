"""Some watched entries in double precision: the weights before a step, its gradient, the planned and the made update."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ratetheory.training.monitor.layout import Layout, local

SUMS = (
    "next_squared_norm",
    "squared_update",
    "squared_plan",
    "squared_gradient",
    "update_radial",
    "plan_radial",
    "radial",
    "squared_off_plan",
)
"""The sums over each block that a step leaves: |w+|^2, |u|^2, |p|^2, |g|^2, <w, u>, <w, p>, <w, g>, |u - p|^2; u the update
that was made, p the one that the optimiser's rule plans."""

PRODUCTS = 2**23
"""Entries of products that are held at once."""


def scratch_for(layouts: Sequence[Layout], device: torch.device) -> torch.Tensor:
    """Room for the products of the largest layout: all at once if they are small, else one."""
    needed = [layout.total * (len(SUMS) if layout.total * len(SUMS) <= PRODUCTS else 1) for layout in layouts]
    return torch.empty(max(needed, default=0), dtype=torch.float64, device=device)


class Chunk:
    """The entries of one layout. Five rows: weights, update, plan, gradient, weights; old and new weights change places.

    So the squares of all but the old weights, and their products with the rest, are two products of neighbouring rows.
    ``given``: which parameters had a gradient. ``scratch`` is shared by all chunks.
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
        self.squares, self.with_old, self.last = self.products[:4], self.products[4:7], self.products[-1]
        self.product_views = layout.unit_views(self.products)
        self.given = [False] * len(self.parameters)
        self._read(self.row_views[self.old], parameters)

    @property
    def weights(self) -> torch.Tensor:
        """The weights before the step."""
        return self.rows[self.old]

    @property
    def gradient(self) -> torch.Tensor:
        """The gradient."""
        return self.rows[3]

    @property
    def plan(self) -> torch.Tensor:
        """The planned update."""
        return self.rows[2]

    @property
    def plan_views(self) -> list[torch.Tensor]:
        """The planned update by segments."""
        return self.row_views[2]

    @property
    def weight_views(self) -> list[torch.Tensor]:
        """The weights before the step by segments."""
        return self.row_views[self.old]

    def _read(self, views: list[torch.Tensor], tensors: Sequence[torch.Tensor | None]) -> None:
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

    def read_gradients(self) -> None:
        """Copy the gradients as they are now; what has none counts as zero."""
        gradients = [p.grad for p in self.parameters]
        self.given = [gradient is not None for gradient in gradients]
        self._read(self.row_views[3], gradients)

    def read_weights(self) -> None:
        """Copy the weights as they are now, and make the update of them."""
        self._read(self.row_views[self.new], self.parameters)
        torch.sub(self.rows[self.new], self.rows[self.old], out=self.rows[1])

    def first_norms(self) -> torch.Tensor:
        """|w|^2 of the units before the first step, (1, units)."""
        torch.mul(self.weights, self.weights, out=self.products[0])
        return self.layout.sums([v[:1] for v in self.product_views])

    def sums(self) -> torch.Tensor:
        """The sums ``SUMS`` over the units, (8, units); the new weights are the old ones from here on."""
        old, new, update, plan, gradient = self.rows[self.old], self.rows[self.new], *self.rows[1:4]
        if self.at_once:
            side = self.upper if self.new == 0 else self.lower
            torch.mul(side, side, out=self.squares)
            torch.mul(self.inner, old, out=self.with_old)
            torch.sub(update, plan, out=self.last).square_()
            sums = self.layout.sums(self.product_views)
            if self.new == 4:
                sums = torch.cat([sums[3:4], sums[:3], sums[4:]])
        else:
            squares = [(row, row) for row in (new, update, plan, gradient)]
            sums = self._one_by_one([*squares, (old, update), (old, plan), (old, gradient)])
            update.sub_(plan)
            sums = torch.cat([sums, self._one_by_one([(update, update)])])
        self.old, self.new = self.new, self.old
        return sums

    def _one_by_one(self, pairs: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
        found = []
        for left, right in pairs:
            torch.mul(left, right, out=self.products[0])
            found.append(self.layout.sums([v[:1] for v in self.product_views]))
        return torch.cat(found)
