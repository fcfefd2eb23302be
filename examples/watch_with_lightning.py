"""Lightning: one callback watches every scale-invariant filter, with accumulation, clipping and bfloat16."""

import logging
import tempfile
import warnings
from pathlib import Path

import lightning
import torch
from lightning.pytorch.loggers import CSVLogger
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from ratetheory.integrations.lightning import WatchRates
from ratetheory.observation.faults import FAULTY, faults, gradient_notes
from ratetheory.observation.trace import load_trace
from ratetheory.training.data import load_images


class Classifier(lightning.LightningModule):
    """A small network on digits."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(72, 10)
        )  # fmt: skip

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], index: int) -> torch.Tensor:
        """The loss of a minibatch."""
        return nn.functional.cross_entropy(self.net(batch[0]), batch[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Plain SGD."""
        return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)


for name in ("lightning.pytorch", "lightning.fabric"):
    logging.getLogger(name).setLevel(logging.ERROR)
warnings.simplefilter("ignore")
lightning.seed_everything(0, verbose=False)
digits = load_images("digits", torch.float32, torch.device("cpu"))
loader = DataLoader(TensorDataset(digits.images, digits.labels), batch_size=32, shuffle=True)

with tempfile.TemporaryDirectory() as folder:
    trainer = lightning.Trainer(
        max_steps=60,
        accelerator="cpu",
        precision="bf16-mixed",
        accumulate_grad_batches=2,
        gradient_clip_val=1.0,
        logger=CSVLogger(folder),
        # the training step calls self.net; a table of find_blocks could be given instead
        callbacks=[WatchRates(output=Path(folder) / "run", part="net")],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Classifier(), loader)
    trace = load_trace(Path(folder) / "run")

violated = [fault for fault in faults(trace) if fault.kind in FAULTY]
print(f"{trace.dataset.sizes['block']} blocks over {trace.dataset.sizes['step']} steps, {len(violated)} violations")
for note in gradient_notes(trace):
    print(note)
