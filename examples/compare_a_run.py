"""A short training run of the reference network, held against every claim that a run can show."""

import tempfile
from pathlib import Path

import ratetheory as rt
from ratetheory.training.specification import TrainSpec

with tempfile.TemporaryDirectory() as folder:
    trace = rt.train(TrainSpec(learning_rate=0.3, steps=25), Path(folder) / "run", progress=False)
    comparison = rt.compare(trace, points=3)

for claim, word in comparison.verdicts().items():
    print(f"{claim}: {word}")
print("effective learning rates:", comparison.effective_rates)
