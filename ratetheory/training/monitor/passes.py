"""Backward passes as the hooks see them: which hooks run in one pass, which passes were thrown away, what they lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

YOUNG = 64
"""Passes of a young run."""


class Passes:
    """Backward passes since the last step, told apart by the ids that autograd gives them.

    ``weights`` are those under watch, none if their hooks never run; ``forget`` is called with the id of a pass before which
    all gradients were thrown away. ``second_order``: a pass has made a graph of its gradients, as ``create_graph=True`` has it.
    What follows may differentiate through a normalisation's backward pass, and an eps law says nothing of that. Seen are
    passes that come by a law or a probe: of batch normalisations with a gain by each that hands its gain a gradient, by each
    at every eighth pass, in turn, and by the one that a pass comes to first, while the run is ``young`` or once a penalty has
    been met. So where there are fewer than eight, a penalty that begins late may be met some steps late.
    """

    def __init__(self, weights: Sequence[torch.Tensor], forget: Callable[[int], None]) -> None:
        self.weights, self._forget = weights, forget
        self.latest = self._led = -1
        self._handles: list[Any] = []
        self._met, self._many = False, 0
        self.reset()

    @property
    def watchful(self) -> bool:
        """Whether every pass is looked at where it comes to a law first."""
        return self._met or self._many < YOUNG

    def reset(self) -> None:
        """Begin a new step."""
        self.second_order = self._noted = False
        self._to_weights: set[int] = set()
        for handle in self._handles:
            handle.remove()
        self._handles = []

    @property
    def watching(self) -> bool:
        """Whether a pass that leads to any of the weights is seen."""
        return bool(self._handles)

    @property
    def reached(self) -> bool:
        """Whether a pass is known to have led to the weights."""
        return bool(self._to_weights)

    def replace(self, old: torch.Tensor, new: torch.Tensor) -> None:
        """Follow a weight that has been replaced."""
        self.weights = [new if w is old else w for w in self.weights]

    def begin(self) -> int:
        """In a hook that notes something: the pass's id. If there are no gradients yet, all before it was thrown away."""
        task = torch._C._current_graph_task_id()
        if task != self.latest:
            self.latest = task
            self._many += 1
            if torch.is_grad_enabled():
                self.second_order = self._met = True
            if self._noted and self.weights and all(p.grad is None for p in self.weights):
                self._forget(task)
            self._noted = True
        return task

    def leads(self) -> bool:
        """In a hook that passes by: whether it is the first such hook of its pass."""
        if torch.is_grad_enabled():
            self.second_order = self._met = True
        task, before = torch._C._current_graph_task_id(), self._led
        self._led = task
        return task != before

    def watch_weights(self) -> None:
        """Until the next step note which passes lead to the weights: for rare cases, as it takes a hook on each."""
        if not self._handles:
            self._handles = [w.register_hook(self._at_weight) for w in self.weights if w.requires_grad]

    def _at_weight(self, gradient: torch.Tensor) -> None:
        self._to_weights.add(self.begin())

    def lead_to_weights(self, tasks: Iterable[int]) -> bool:
        """Whether one of some passes led to the weights; where that cannot be seen, any is taken to."""
        return any(not self.weights or task in self._to_weights for task in tasks)
