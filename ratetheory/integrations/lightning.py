"""A callback for Lightning: ``Trainer(callbacks=[WatchRates(...)])``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ratetheory.integrations.shown import effective_rates
from ratetheory.observation.families import Blocks
from ratetheory.training.monitor import RateMonitor

try:
    import lightning
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("lightning is not installed: pip install 'ratetheory[integrations]'", name="lightning") from error


class WatchRates(lightning.Callback):
    """Watches the scale-invariant blocks while Lightning fits a module; the trace goes to ``output``.

    ``blocks`` is the table of ``find_blocks`` on the LightningModule, or the path of one; names are those of the
    LightningModule's parameters. Without it the blocks are found at the first forward pass of ``part``, the name of the
    submodule whose forward the training step calls ("": the LightningModule itself); names are then those of ``part``. The
    median effective rates of the layers go to the trainer's loggers as ``effective_rate/<layer>`` whenever a part of the trace
    has been written. ``monitor`` is the ``RateMonitor`` while fitting. Works with accumulation, clipping, mixed precision,
    several optimisers, and data parallelism if ``part`` is "" and ``blocks`` is given. Raises what ``RateMonitor`` raises.
    """

    def __init__(
        self, blocks: Blocks | str | Path | None = None, output: str | Path | None = None, part: str = "", force: bool = False
    ) -> None:
        self.blocks, self.output, self.part, self.force = blocks, output, part, force
        self.monitor: RateMonitor | None = None
        self._losses: list[torch.Tensor] = []
        self._steps = 0
        self._shown: dict[str, dict[str, float]] = {}

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Begin to watch: optimisers and wrappers stand."""
        if trainer.world_size > 1 and (self.part or self.blocks is None):
            raise ValueError("blocks: of several processes they must be given, by the names of the whole LightningModule")
        whole = trainer.model if trainer.world_size > 1 else pl_module
        assert isinstance(whole, torch.nn.Module)
        model = whole.get_submodule(self.part) if self.part else whole
        self.monitor = RateMonitor(model, trainer.optimizers, self.blocks, self.output, self.force)
        self._losses.clear()
        self._steps = trainer.global_step

    def on_before_zero_grad(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        """Forget the losses of gradients that are thrown away."""
        self._losses.clear()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Record the step, if there was one, with the mean loss of its minibatches."""
        assert self.monitor is not None
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if isinstance(loss, torch.Tensor):
            # Lightning has divided it already
            self._losses.append(loss.detach() * trainer.accumulate_grad_batches)
        if self.monitor.pending:
            self.monitor.step(torch.stack(self._losses).mean() if self._losses else None)
            self._losses.clear()
            self._log(trainer)
        if self.monitor.recorder is None and trainer.global_step > self._steps:
            self._never_called(pl_module)

    def _never_called(self, pl_module: Any) -> None:
        """An optimiser has stepped, and what is watched has never been called."""
        parts = [repr(name) for name, child in pl_module.named_children() if any(p.requires_grad for p in child.parameters())]
        raise ValueError(
            f"part: no forward pass of {self.part!r} was seen before the first step; give the submodule that the training step"
            f" calls, such as {' or '.join(parts) or 'the model'}, or blocks"
        )

    def _log(self, trainer: Any) -> None:
        assert self.monitor is not None
        latest = self.monitor.latest
        if latest is not self._shown and latest:
            self._shown = latest
            for logger in trainer.loggers:
                logger.log_metrics(effective_rates(latest), step=trainer.global_step)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Finish the trace."""
        if self.monitor is not None:
            self.monitor.close()
            self._log(trainer)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Keep what is recorded, without waiting for other processes."""
        if self.monitor is not None:
            self.monitor.__exit__(type(exception), exception, None)
