"""A callback for the Trainer of Hugging Face: ``trainer.add_callback(WatchRates(trainer, ...))``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ratetheory.integrations.shown import effective_rates
from ratetheory.observation.families import Blocks
from ratetheory.training.monitor import RateMonitor

try:
    import transformers
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "transformers is not installed: pip install 'ratetheory[integrations]'", name="transformers"
    ) from error


class WatchRates(transformers.TrainerCallback):
    """Watches the scale-invariant blocks while a Trainer trains; the trace goes to ``output``.

    ``blocks`` is the table of ``find_blocks``, or the path of one; without it the blocks are found at the first forward pass.
    The loss is not handed to callbacks: it is what the trainer has added to its running loss since the step began, scaled as
    the trainer scales it over accumulated minibatches. The median effective rates of the layers are logged as
    ``effective_rate/<layer>`` whenever a part of the trace has been written. ``monitor`` is the ``RateMonitor`` while training.
    Raises what ``RateMonitor`` raises.
    """

    def __init__(
        self,
        trainer: transformers.Trainer,
        blocks: Blocks | str | Path | None = None,
        output: str | Path | None = None,
        force: bool = False,
    ) -> None:
        self.trainer, self.blocks, self.output, self.force = trainer, blocks, output, force
        self.monitor: RateMonitor | None = None
        self._before: torch.Tensor | None = None
        self._shown: dict[str, dict[str, float]] = {}

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Begin to watch: the model is wrapped and the optimiser made."""
        if self.monitor is not None:
            # a training that raised an exception does not say that it ended
            self.monitor.__exit__(RuntimeError)
        # the model in the callback's arguments is the unwrapped one
        self.monitor = RateMonitor(self.trainer.model_wrapped, given["optimizer"], self.blocks, self.output, self.force)

    def on_step_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Note the running loss before the minibatches of a step."""
        self._before = self._running()

    def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Record the step, if the optimiser made one."""
        assert self.monitor is not None
        now = self._running()
        self.monitor.step(None if now is None or self._before is None else now - self._before)
        self._log()

    def _running(self) -> torch.Tensor | None:
        loss = getattr(self.trainer, "_tr_loss", None)
        return loss.detach().clone() if isinstance(loss, torch.Tensor) else None

    def _log(self) -> None:
        assert self.monitor is not None
        latest = self.monitor.latest
        if latest is not self._shown and latest:
            self._shown = latest
            self.trainer.log(effective_rates(latest))

    def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Finish the trace."""
        if self.monitor is not None:
            self.monitor.close()
            self._log()
