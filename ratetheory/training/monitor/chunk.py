"""Some watched entries in double precision: the weights before a step, its gradient, the planned and the made update."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ratetheory.training.monitor.layout import Layout, local

EARLY = ("radial", "squared_gradient")
LATE = ("next_squared_norm", "squared_update", "squared_plan", "update_radial", "plan_radial", "squared_off_plan")
"""The sums over each block that a step leaves, before it and after it: <w, g>, |g|^2, |w+|^2, |u|^2, |p|^2, <w, u>, <w, p>,
|u - p|^2; u the update that was made, p the one that the optimiser's rule plans."""

PRODUCTS = 2**23
"""Entries of products that are held at once."""


def scratch_for(layouts: Sequence[Layout], device: torch.device) -> torch.Tensor:
    """Room for the products of the largest layout: all at once if they are small, else one."""
    needed = [layout.total * (len(LATE) if layout.total * len(LATE) <= PRODUCTS else 1) for layout in layouts]
    return torch.empty(max(needed, default=0), dtype=torch.float64, device=device)


class Chunk:
    """The entries of one layout. Four rows: weights, update, plan, weights; old and new weights change places at each step.

    The gradient stands where the new weights will; ``given``: which parameters had one. ``scratch`` is shared by all chunks.
    """

    def __init__(self, layout: Layout, parameters: Sequence[torch.Tensor], scratch: torch.Tensor) -> None:
        self.layout, self.parameters = layout, list(parameters)
        self.matrix = layout.buffer(4)
        self.rows = list(self.matrix)
        self.row_views = [layout.views(row) for row in self.rows]
        self.old, self.new = 0, 3
        self.at_once = len(scratch) >= layout.total * len(LATE)
        self.products = scratch[: layout.total * (len(LATE) if self.at_once else 1)].view(-1, layout.total)
        self.product_views = layout.unit_views(self.products)
        self.early_views = [view[:2] for view in self.product_views]
        self.given = [False] * len(self.parameters)
        self._read(self.row_views[self.old], parameters)

    @property
    def weights(self) -> torch.Tensor:
        """The weights before the step."""
        return self.rows[self.old]

    @property
    def gradient(self) -> torch.Tensor:
        """The gradient, until the new weights are read."""
        return self.rows[self.new]

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

    def selected(self, tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """The entries of tensors of the parameters' shapes that belong to the segments."""
        return [s.select(local(tensor)) for s, tensor in zip(self.layout.segments, tensors, strict=True)]

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
        self._read(self.row_views[self.new], gradients)

    def read_weights(self) -> None:
        """Copy the weights as they are now, and make the update of them."""
        self._read(self.row_views[self.new], self.parameters)
        torch.sub(self.rows[self.new], self.rows[self.old], out=self.rows[1])

    def first_norms(self) -> torch.Tensor:
        """|w|^2 of the units before the first step, (1, units)."""
        torch.mul(self.weights, self.weights, out=self.products[0])
        return self.layout.sums([v[:1] for v in self.product_views])

    def early_sums(self) -> torch.Tensor:
        """The sums ``EARLY`` over the units, (2, units)."""
        if not self.at_once:
            return self._one_by_one([(self.weights, self.gradient), (self.gradient, self.gradient)])
        # rows 0 and 3 are weights and gradient, in either order
        torch.mul(self.matrix[::3], self.gradient, out=self.products[:2])
        sums = self.layout.sums(self.early_views)
        return sums if self.old == 0 else sums.flip(0)

    def late_sums(self) -> torch.Tensor:
        """The sums ``LATE`` over the units, (6, units); the new weights are the old ones from here on."""
        old, new, update, plan = self.rows[self.old], self.rows[self.new], self.rows[1], self.plan
        if self.at_once:
            # new weights, update and plan lie side by side, from one end or from the other
            side = self.matrix[1:] if self.new == 3 else self.matrix[:3]
            torch.mul(side, side, out=self.products[:3])
            torch.mul(self.matrix[1:3], old, out=self.products[3:5])
            torch.sub(update, plan, out=self.products[5]).square_()
            sums = self.layout.sums(self.product_views)
            if self.new == 3:
                sums = torch.cat([sums[2:3], sums[:2], sums[3:]])
        else:
            pairs = [(new, new), (update, update), (plan, plan), (old, update), (old, plan)]
            sums = self._one_by_one(pairs)
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
