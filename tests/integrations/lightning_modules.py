"""What the tests of the callback for Lightning train, and where it shows its numbers."""

from __future__ import annotations

import lightning
import torch

from tests.training.monitor import spread


class Module(lightning.LightningModule):
    def __init__(self, forward="net", fail_at=None):
        super().__init__()
        self.net, self.blocks = spread.batch_net(torch.float32)
        self.whole, self.fail_at = forward == "", fail_at

    def forward(self, inputs):
        return self.net(inputs)

    def training_step(self, batch, index):
        if index == self.fail_at:
            raise RuntimeError("planted")
        return spread.squared((self if self.whole else self.net)(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)


class Shown(lightning.pytorch.loggers.logger.DummyLogger):
    def __init__(self):
        super().__init__()
        self.metrics = []

    def log_metrics(self, metrics, step=None):
        self.metrics.append((step, metrics))
