"""The same network with and without batch normalisation, at learning rates of its convolutions over two decades."""

import tempfile
from pathlib import Path

from ratetheory.training.sweep import SweepSpec, described, insensitivity, load_sweep, run_sweep

specification = SweepSpec(optimizers=("sgd",), rates=(0.1, 1.0, 10.0), scale_variant_rates=(0.1,), sgd_steps=60)
with tempfile.TemporaryDirectory() as folder:
    sweep = load_sweep(run_sweep(specification, Path(folder) / "sweep", jobs=1, progress=False))

for network in ("bn", "plain"):
    losses = ", ".join(f"{loss:.2f}" for loss in sweep.grid(network, "sgd", "loss")[0])
    stretch = insensitivity(sweep, network, "sgd").along_rate[0.1]
    print(f"{network}: final losses {losses}; within a factor of 2 over {described(stretch)}")
