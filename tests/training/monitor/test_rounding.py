"""The allowance for the rounding of a gradient's radial part is about as large as the rounding: no less, and not far more."""

import numpy as np
import pytest
import torch

from ratetheory.observation.faults import FAULTY, faults
from ratetheory.training.monitor import evaluate
from tests.training.monitor.watched import groups, network, watch

FACTOR, AT, FILTER = evaluate.RADIAL_FACTOR, 5, 9


def run(directory, steps, batch, epsilon=1e-5, rate=0.5, seed=0, **how):
    net = network(torch.float32, epsilon, seed)
    trace = watch(directory, net, torch.optim.SGD(groups(net, rate), lr=0.1), steps, batch, **how)
    data = trace.dataset
    return trace, (data.radial - data.radial_predicted).values, data.radial_error.values


def largest(directory, monkeypatch, **how):
    """The largest rounding of a run, in the units that ``RADIAL_FACTOR`` counts."""
    monkeypatch.setattr(evaluate, "RADIAL_FACTOR", 1.0)
    trace, rest, unit = run(directory, **how)
    alive = trace.dataset.squared_gradient.values > 0
    assert (unit[alive] > 0).all()
    return float((np.abs(rest[alive]) / unit[alive]).max())


def test_the_factor_is_what_the_rounding_needs(tmp_path, monkeypatch):
    seen = [largest(tmp_path / str(s), monkeypatch, steps=8, batch=1797, epsilon=1e-30, seed=s) for s in range(3)]
    assert FACTOR / 4 < max(seen) < FACTOR


@pytest.mark.parametrize(("steps", "seed"), [(8, 9), (8, 21), (20, 8)])
def test_normalisation_over_two_samples(tmp_path, monkeypatch, steps, seed):
    # their gradients differ by orders of magnitude from step to step
    assert largest(tmp_path, monkeypatch, steps=steps, batch=2, rate=0.01, seed=seed) < FACTOR


@pytest.mark.parametrize(("part", "found"), [(1.25, [(AT, "invariance", f"3.weight[{FILTER}]")]), (0.75, [])])
def test_a_radial_part_just_above_the_allowance_is_found(tmp_path, part, found):
    _, rest, allowed = run(tmp_path / "before", 8, 64)
    block = 8 + FILTER

    def radial(step, net):
        if step == AT:
            weight = net[3].weight
            with torch.no_grad():
                added = part * float(allowed[AT, block]) - float(rest[AT, block])
                weight.grad[FILTER] += added / weight[FILTER].square().sum() * weight[FILTER]

    trace, now, allowed = run(tmp_path / "planted", 8, 64, before_step=radial)
    assert now[AT, block] / allowed[AT, block] == pytest.approx(part, abs=0.1)
    assert [(f.step, f.kind, f.block) for f in faults(trace) if f.kind in FAULTY] == found
