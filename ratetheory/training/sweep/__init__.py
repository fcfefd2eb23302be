"""The experiment of Arora, Li and Lyu 2019: training over decades of learning rates, with and without batch normalisation."""

from ratetheory.training.sweep.collect import (
    Insensitivity,
    Stretch,
    Sweep,
    described,
    insensitivity,
    load_sweep,
    stretch_at_least,
)
from ratetheory.training.sweep.run import run_sweep
from ratetheory.training.sweep.specification import Cell, SweepSpec, rates_between

__all__ = [
    "Cell",
    "Insensitivity",
    "Stretch",
    "Sweep",
    "SweepSpec",
    "described",
    "insensitivity",
    "load_sweep",
    "rates_between",
    "run_sweep",
    "stretch_at_least",
]
