"""Two lines in a training script: every scale-invariant block watched at every step, streamed to a trace."""

from __future__ import annotations

import atexit
import json
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import nn

from ratetheory.observation.families import Blocks, blocks_from_dict, load_blocks
from ratetheory.training.directories import free_directory, prepare, refuse_occupied
from ratetheory.training.monitor.given import alone, batch_of, inner, reshard
from ratetheory.training.monitor.law_set import LawSet
from ratetheory.training.monitor.places import Places
from ratetheory.training.monitor.recorder import Recorder
from ratetheory.training.monitor.sharing import alike, sharing_of, unshared
from ratetheory.training.monitor.stream import Stream
from ratetheory.training.naming import named_tensors, unwrapped
from ratetheory.training.slices import check_fits

PART_STEPS = 50
"""Steps of the first part; each is twice as long as the one before, until ``PART_LONGEST``."""
PART_LONGEST = 400
PART_NUMBERS = 2**16
"""Blocks times steps of a part, unless it is one of ``PART_STEPS``."""
PART_SECONDS = 10.0


class RateMonitor:
    """Watches the scale-invariant blocks of a model while an optimiser trains it.

    ::

        monitor = RateMonitor(model, optimizer)
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            monitor.step(loss)
        monitor.close()

    ``blocks`` is the table of ``find_blocks`` or the path of one; without it the blocks are found at the first forward pass,
    from its batch. ``optimizer`` may be a sequence of several. ``output`` is the directory of the trace, by default
    ``runs/monitor-<model>-<n>``. Gradients are read when the optimiser is about to step: after accumulation, unscaling and
    clipping; a step that the optimiser skips leaves no record. Whatever happens to the weights between two calls of ``step``
    counts as the later one's update.

    In ``DistributedDataParallel`` and under FSDP2 every process makes a monitor of the wrapped model and calls ``step`` and
    ``close`` as the others do; the first one writes. Recorded are sums over all shards, and gradients and eps laws of the
    mean loss of all processes. Of a sharded model ``blocks`` must be given, found before it was sharded. Forward passes of a
    compiled model cannot be seen: its updates are checked, and no eps law is claimed.

    Takes 16 bytes of memory an entry of the watched parameters (on a GPU 40), and what at most 400 steps leave. On a GPU
    nothing waits for the device. Raises ``ValueError`` for a table of another model, a directory that is not empty, a model
    without scale-invariant blocks.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer | Sequence[torch.optim.Optimizer],
        blocks: Blocks | str | Path | None = None,
        output: str | Path | None = None,
        force: bool = False,
    ) -> None:
        self.model, self.core = model, unwrapped(model)
        self.optimizers = [inner(o) for o in (optimizer if isinstance(optimizer, Sequence) else [optimizer])]
        name = f"monitor-{type(self.core).__name__.lower()}"
        reshard(self.core)
        self.sharing = sharing_of(model, named_tensors(self.core))
        if blocks is None and self.sharing.shards is not None:
            raise ValueError("blocks: of a sharded model they must be given; find_blocks on the model before it is sharded")
        if (others := unshared(self.sharing)) > 1:
            _warn(
                f"the model is not in DistributedDataParallel, and {others} processes train: what is recorded is seen from this"
                " one; give the wrapped model if their gradients are averaged"
            )
        self.directory = alike(self.sharing, lambda: _made(name, output, force))
        self.recorder: Recorder | None = None
        self.stream: Stream | None = None
        self._closed, self._force, self._seen = False, force, False
        self._with_loss: bool | None = None
        self._depth = 0
        self._handles: list[Any] = []
        if blocks is None:
            self._finding = model.register_forward_pre_hook(self._detect, with_kwargs=True)
            self._handles.append(self._finding)
        else:
            self._begin(blocks if isinstance(blocks, Blocks) else load_blocks(blocks))
        # at once: a closure makes the first forward pass, which finds the blocks, inside the first step
        self._handles += [o.register_step_pre_hook(self._before) for o in self.optimizers]
        self._handles += [o.register_step_post_hook(self._left) for o in self.optimizers]
        atexit.register(self._at_exit)

    def _detect(self, model: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        """Find the blocks from the batch of the first forward pass."""
        from ratetheory.training.blocks import find_blocks

        if self.recorder is None and not self._closed and torch.is_grad_enabled():
            self._finding.remove()
            batch = batch_of(self.core, arguments, keywords)
            # each process has its own batch, and might find what the others do not
            try:
                found = alike(self.sharing, lambda: json.dumps(find_blocks(alone(self.core), batch, explain=False).as_dict()))
                self._begin(blocks_from_dict(json.loads(found)))
            except BaseException:
                # there is nothing to watch
                self.abandon()
                raise

    def _begin(self, blocks: Blocks) -> None:
        named = named_tensors(self.core)
        # what a gain that starts at zero cuts off will be reached after the first step
        families = [f for f in blocks.potential if f.trained]
        if not families:
            why = "; ".join(blocks.notes) or "a model with normalisation layers is expected"
            raise ValueError(f"blocks: no trained parameter is scale-invariant; {why}")
        for family in families:
            check_fits(family, named)
        if self.sharing.writes:
            # another monitor may have begun to write there since
            refuse_occupied(self.directory, self._force)
        self.recorder = Recorder(self.core, named, families, self.optimizers, self.sharing)
        if not self.recorder.moves:
            raise ValueError(
                "optimizer: it holds none of the watched weights; one of this model's parameters, made after the model was"
                " moved or sharded, is expected"
            )
        self.stream = Stream(self.directory, self.recorder, type(self.core).__name__) if self.sharing.writes else None
        self._places, watched = Places(self.core), {m.parameter for f in families for m in f.members}
        self._weights = {name: parameter for name, parameter in named.items() if name in watched}
        self._links = self._places.links(self._weights)
        self._flushed, self._part = time.monotonic(), PART_STEPS
        self._longest = min(max(PART_NUMBERS // self.recorder.blocks, PART_STEPS), PART_LONGEST)

    def _before(
        self, optimizer: torch.optim.Optimizer, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """The optimiser is about to step; a step inside a step of a subclass is no other one."""
        self._depth += 1
        if self._depth > 1 and not self._nested():
            # the step before was never left: something raised in it
            self._depth = 1
            if self.recorder is not None:
                self.recorder.drop()
        if self._depth > 1 or self._closed:
            return None
        # arguments[0] is the optimiser
        closure = keywords.get("closure", arguments[1] if len(arguments) > 1 else None)
        if closure is None:
            self._read(optimizer)
            return None
        read = iter([self._read])

        def watched() -> Any:
            try:
                result = closure()
            except BaseException:
                # the step ends here, and nobody says so
                self._depth = 0
                raise
            # the gradients came into being in there; those of later calls belong to other weights
            for first in read:
                first(optimizer)
            return result

        return (arguments[0], *arguments[2:]), {**keywords, "closure": watched}

    def _nested(self) -> bool:
        """In ``_before``: whether its step is one inside another."""
        # torch wraps each step in one and the same function, which calls the hooks
        caller: FrameType | None = sys._getframe(1).f_back
        code, steps = caller and caller.f_code, 0
        while caller is not None:
            steps += caller.f_code is code and caller.f_locals.get("self") in self.optimizers
            caller = caller.f_back
        return steps > 1

    def _read(self, optimizer: torch.optim.Optimizer) -> None:
        """The gradients of this optimiser are final."""
        # the other processes do not know, and wait for this one's part of the sums
        if self.recorder is None or (self.sharing.processes is None and self.stream is not None and self.stream.stopped):
            return
        if self.recorder.stale(optimizer):
            self._finish(None, late=True)
        if self.sharing.processes is not None and not self.recorder.pending:
            # all processes come here between the same two sums of their gradients, whether or not they call ``step``
            self._flush_if_due()
        if self._replaced():
            # the gradients are of the new weights, the step begins at the old ones
            self.recorder.laws.late = True
        if not self.recorder.pending and self.sharing.shards is None and (replaced := self.recorder.laws.replaced()):
            laws = self.recorder.laws.renewed(named_tensors(self.core))
            lost = sum(laws.known) < sum(self.recorder.laws.known)
            until = "from here on, as it is another normalisation" if lost else "of this step"
            self._follow(laws, "replaced", f"{', '.join(replaced)}: replaced in the model; no eps law is claimed {until}")
        if self.recorder.regrouped:
            self._follow(self.recorder.laws, "groups", "parameter groups have been added")
        self.recorder.before(optimizer)
        self._seen = True

    def _follow(self, laws: LawSet, kind: str, text: str) -> None:
        """The same blocks are moved by others, or normalised by others."""
        assert self.recorder is not None
        self.flush()
        old = self.recorder
        self.recorder = Recorder(self.core, named_tensors(self.core), old.families, self.optimizers, self.sharing, laws)
        self.recorder.take_over(old)
        if self.stream is not None:
            self.stream.follow(self.recorder, kind, text)

    def _left(self, optimizer: torch.optim.Optimizer, arguments: Any, keywords: Any) -> None:
        self._depth -= 1

    @property
    def pending(self) -> bool:
        """Whether the optimiser has made a step that ``step`` has not recorded."""
        return self.recorder is not None and self.recorder.pending and not self._closed

    def step(self, loss: torch.Tensor | float | None = None) -> None:
        """Record the step that the optimiser has just made; nothing if it made none.

        ``loss`` is given at every step or never: ``ValueError`` otherwise.
        """
        self._settle()
        if isinstance(loss, torch.Tensor) and loss.numel() != 1:
            raise ValueError(f"loss: a tensor of {tuple(loss.shape)} entries; one number is allowed")
        if self.pending:
            self._finish(loss)

    def _settle(self) -> None:
        """Drop the record of a step that something else raised in before the weights moved."""
        if self._depth > 0 and self.pending:
            assert self.recorder is not None
            # shards may differ; what a dropped step moved counts as the next one's update
            if self.sharing.shards is not None or not self.recorder.moved():
                self.recorder.drop()
        self._depth = 0

    def _finish(self, loss: torch.Tensor | float | None, late: bool = False) -> None:
        assert self.recorder is not None
        if self._with_loss is None:
            self._with_loss = loss is not None
        if self._with_loss != (loss is not None):
            said = "given" if loss is not None else "missing"
            raise ValueError(
                f"loss: {said}, unlike before; step(loss) after every step of an optimiser that follows a backward pass of its"
                " own, or never a loss, is allowed"
            )
        self._replaced()
        self.recorder.after(loss, late)
        if self.sharing.processes is None:
            self._flush_if_due()

    def _flush_if_due(self) -> None:
        assert self.recorder is not None
        # processes flush together: their clocks differ, their steps do not
        late = self.sharing.processes is None and time.monotonic() - self._flushed >= PART_SECONDS
        if len(self.recorder) >= self._part or late:
            self.flush()
            self._part = min(2 * self._part, self._longest)

    def _replaced(self) -> bool:
        """Follow weights that the model has replaced by others; whether there are any."""
        assert self.recorder is not None
        if self.sharing.shards is not None:
            # sharding itself swaps whole parameters and shards
            return False
        for of, part, thing in self._links:
            if of.get(part) is not thing:
                break
        else:
            return False
        find = self._places.find
        changed = [name for name, parameter in self._weights.items() if not self._places.stands(name, parameter)]
        for name in changed:
            old, new = self._weights[name], find(name)
            if not isinstance(new, torch.Tensor) or new.shape != old.shape:
                raise ValueError(f"model: {name} is gone or has another shape; a new monitor is needed")
            self._weights[name] = new
            self.recorder.replace(name, old, new)
        self._links = self._places.links(self._weights)
        if changed and self.stream is not None:
            self.stream.event(len(self.recorder), "replaced", f"{', '.join(changed)}: another tensor from here on")
        return bool(changed)

    def flush(self) -> None:
        """Hand over what is recorded to the writer, which works beside the training; of several processes all must call it."""
        self._flushed = time.monotonic()
        if self.recorder is not None and len(self.recorder):
            drained = self.recorder.drain()
            if self.stream is not None:
                self.stream.append(drained)

    def close(self) -> None:
        """Finish the trace and remove all hooks; the monitor records nothing any more.

        Of several processes all must call it, before the process group is destroyed: ``ValueError`` otherwise.
        """
        if self._closed:
            return
        if not self.sharing.reachable:
            lost = self.abandon()
            raise ValueError(f"close: the process group is gone, and {lost} steps with it; close the monitor before it")
        self._settle()
        if self.recorder is not None and self.recorder.pending and not self._with_loss:
            self._finish(None)
        self.flush()
        if not self._seen:
            _warn(f"no step was recorded: {self._unseen()}")
        self.abandon()

    def _unseen(self) -> str:
        """Why nothing was seen."""
        if self.recorder is None:
            return "no forward pass of this model with gradients was seen; give the model whose forward the training calls"
        return "the optimizer made no step that was seen; give the one whose step the training calls"

    def abandon(self) -> int:
        """Close without waiting for other processes, at their failure or at exit; returns how many steps are lost."""
        if self._closed:
            return 0
        self._closed = True
        atexit.unregister(self._at_exit)
        for handle in self._handles:
            handle.remove()
        lost = 0
        if self.recorder is not None:
            lost = len(self.recorder)
            self.recorder.close()
        if self.stream is not None:
            self.stream.close(lost)
        return lost

    def _at_exit(self) -> None:
        self._seen |= hasattr(sys, "last_value")
        # the other processes may be gone, or busy with something else
        if self.sharing.processes is None:
            self.close()
        else:
            self.abandon()

    def __enter__(self) -> RateMonitor:
        return self

    def __exit__(self, kind: object, *exception: object) -> None:
        # what was raised says enough
        self._seen |= kind is not None
        if kind is not None and self.sharing.processes is not None:
            self.abandon()
        else:
            self.close()

    @property
    def latest(self) -> dict[str, dict[str, float]]:
        """For each layer the medians over its blocks at the last step written: effective rate, angle, gradient norm and so on.

        Never waits: up to 10 seconds old, empty before the first part is written.
        """
        return {} if self.stream is None else self.stream.latest


def _warn(text: str) -> None:
    warnings.warn(f"RateMonitor: {text}", RuntimeWarning, stacklevel=3)


def _made(name: str, output: str | Path | None, force: bool) -> Path:
    """The directory of the trace, made and empty."""
    directory = free_directory(name) if output is None else Path(output)
    refuse_occupied(directory, force)
    prepare(directory)
    return directory
