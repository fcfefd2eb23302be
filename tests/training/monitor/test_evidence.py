"""What no run can show is not called held: gradients of unknown origin, blocks without a law, blocks that are zero."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from ratetheory.observation.compare import compare
from ratetheory.observation.faults import FAULTY, defect_causes, faults, gradient_notes
from ratetheory.observation.trace import load_trace
from ratetheory.training.blocks import find_blocks
from ratetheory.training.monitor import RateMonitor, stream
from ratetheory.verdict import exit_code
from tests.cli.run import ratetheory
from tests.training.monitor.watched import IMAGES, blocks_of, groups, network, watch


def noise(step, net):
    generator = torch.Generator().manual_seed(step)
    for p in net.parameters():
        p.grad.copy_(torch.randn(p.shape, generator=generator, dtype=p.dtype) * p.grad.norm() / p.numel() ** 0.5)


def plain(directory, steps=20, epsilon=1e-5, **how):
    net = network(torch.float64, epsilon)
    return watch(directory, net, torch.optim.SGD(groups(net, 0.1), lr=0.1), steps, 32, **how)


@pytest.mark.parametrize("epsilon", [1e-5, 1e-30])
def test_gradients_that_are_all_noise_are_no_evidence(tmp_path, epsilon):
    trace = plain(tmp_path, epsilon=epsilon, before_step=noise)
    comparison = compare(trace)
    assert comparison.verdicts()["corrected-certificate"] == "not resolvable"
    assert exit_code(comparison.words()) == 3
    reasons = {o.reason for o in comparison.observations if o.claim == "corrected-certificate"}
    assert all("no eps law is known for 100% of the steps" in reason for reason in reasons)
    assert all("measured" in cause["cause"] for cause in defect_causes(trace).values())
    assert gradient_notes(trace) == []
    assert [(f.step, f.kind) for f in faults(trace)] == [(0, "gradients")]
    assert "not proportional" in faults(trace)[0].text
    assert "20 of 20 steps" in faults(trace)[0].text


def test_stale_gradients_at_one_step_are_said_and_leave_the_run_undecided(tmp_path):
    kept = {}

    def stale(step, net):
        now = [p.grad.clone() for p in net.parameters()]
        if step == 13:
            for p, gradient in zip(net.parameters(), kept["before"], strict=True):
                p.grad.copy_(gradient)
        kept["before"] = now

    comparison = compare(plain(tmp_path, before_step=stale))
    assert [(f.step, f.kind) for f in comparison.faults] == [(13, "gradients")]
    assert comparison.notes == ()
    assert exit_code(comparison.words()) == 3
    done = ratetheory("compare", str(tmp_path / "trace"))
    assert done.code == 3
    said = [line for line in done.out.splitlines() if "not proportional" in line]
    assert len(said) == 1
    assert said[0].startswith("  step 13: ")
    assert "scaled by" not in done.out


def test_half_of_the_steps_may_be_unknown_but_no_more(tmp_path):
    def early(steps):
        return lambda step, net: noise(step, net) if step < steps else None

    words = [compare(plain(tmp_path / str(n), before_step=early(n))).verdicts()["corrected-certificate"] for n in (2, 12)]
    assert words == ["held", "not resolvable"]


class Functional(nn.Module):
    """A normalisation that is no module."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(64, 12, bias=False), nn.Linear(12, 10)

    def forward(self, images):
        return self.last(nn.functional.layer_norm(self.first(images.flatten(1)), (12,)).relu())


def test_a_block_without_a_law_shows_nothing(tmp_path):
    def radial(step, net):
        net.first.weight.grad.copy_(net.first.weight.detach())

    net = Functional().double()
    blocks = find_blocks(net, IMAGES.images[:32], explain=False)
    trace = watch(tmp_path, net, torch.optim.SGD(net.parameters(), lr=0.1), 20, 32, blocks=blocks, before_step=radial)
    comparison = compare(trace)
    assert comparison.verdicts()["corrected-certificate"] == "not resolvable"
    assert exit_code(comparison.words()) == 3
    assert "eps" not in next(iter(comparison.causes.values()))["shares"]


def scheduled(optimizer, values):
    """Before each step the settings that stand there."""

    def change(step, net):
        for group in optimizer.param_groups:
            group |= values(step)

    return change


def test_a_schedule_of_momentum_and_decay_is_predicted_step_by_step_and_is_one_event(tmp_path):
    net = network(torch.float64)
    optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1, momentum=0.9, weight_decay=1e-3)
    change = scheduled(optimizer, lambda step: {"momentum": 0.9 - 0.01 * step, "weight_decay": 1e-3 * 0.9**step})
    trace = watch(tmp_path, net, optimizer, 20, 32, before_step=change)
    comparison = compare(trace)
    assert comparison.verdicts()["corrected-certificate"] == "held"
    assert max(cause["unexplained"] for cause in comparison.causes.values()) < 1
    assert [(f.step, f.kind) for f in comparison.faults] == [(1, "rule")] * 2


def test_facts_hold_for_all_steps_not_the_last(tmp_path):
    net = network(torch.float64)
    optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1, momentum=0.9, weight_decay=1e-3)
    change = scheduled(optimizer, lambda step: {} if step < 15 else {"momentum": 0.0, "weight_decay": 0.0})
    facts = watch(tmp_path, net, optimizer, 20, 32, before_step=change).facts
    assert not any(facts[name] for name in ("no_momentum", "no_decay", "gradient_step", "decay_step", "heavy_ball_step"))
    assert facts["constant_rate"]
    assert facts["predicted_defect"]


def test_no_kind_of_event_hides_another(tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "EVENTS_LIMIT", 4)
    net = network(torch.float64)
    optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1, momentum=0.9)
    # every other step begins a stretch of changes
    change = scheduled(optimizer, lambda step: {"momentum": 0.9 - 0.01 * (step // 2)})

    def poisoned(step, net):
        change(step, net)
        if step == 18:
            net[3].weight.grad[2, 0, 0, 0] = math.nan

    found = faults(watch(tmp_path, net, optimizer, 20, 32, before_step=poisoned))
    assert sum(f.kind == "rule" for f in found) == 4
    assert [(f.step, f.kind) for f in found if f.kind in FAULTY] == [(18, "non-finite")]


def test_a_filter_that_is_pruned_at_some_step_leaves_the_others_watched(tmp_path):
    def prune(step, net):
        net[3].weight[5] = 0

    with np.errstate(all="raise", under="ignore"):
        trace = plain(tmp_path, after_step=lambda step, net: prune(step, net) if step >= 8 else None)
    assert trace.run["status"] == "completed"
    assert trace.dataset.sizes["step"] == 20
    of_filter = trace.dataset.isel(block=8 + 5)
    assert (of_filter.squared_norm.values[9:] == 0).all()
    for name, expected in (("angle", 0), ("off_circle", 0), ("direction_error", np.pi)):
        assert (of_filter[name].values[8:] == expected).all()
        assert (of_filter[name].values[:8] != expected).all()
    comparison = compare(trace)
    assert {(f.step, f.kind, f.block) for f in comparison.faults} == {(8, "update", "3.weight[5]")}
    assert all(math.isfinite(size) for cause in comparison.causes.values() for size in cause["shares"].values())
    done = ratetheory("compare", str(tmp_path / "trace"), "--json")
    assert done.code == 1
    assert '"worst": "nan"' not in done.out


def test_a_group_that_is_zero_from_the_start(tmp_path):
    net = nn.Sequential(
        nn.Conv2d(1, 6, 3, bias=False), nn.GroupNorm(2, 6), nn.ReLU(), nn.Flatten(), nn.Linear(216, 10)
    ).double()
    blocks = find_blocks(net, IMAGES.images[:32], explain=False)
    with torch.no_grad():
        net[0].weight[:3] = 0
    trace = watch(tmp_path, net, torch.optim.SGD(net.parameters(), lr=0.1), 20, 32, blocks=blocks)
    assert trace.dataset.sizes["step"] == 20
    assert not [f for f in faults(trace) if f.kind in FAULTY]
    comparison = compare(trace)
    assert "violated" not in comparison.words()


def test_a_run_that_diverges_at_once_is_violated(tmp_path):
    def poison(step, net):
        net[3].weight.grad[2, 0, 0, 0] = math.nan

    net = network(torch.float64)
    optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1)
    with RateMonitor(net, optimizer, blocks_of(net), tmp_path / "trace") as monitor:
        nn.functional.cross_entropy(net(IMAGES.images[:32]), IMAGES.labels[:32]).backward()
        poison(0, net)
        optimizer.step()
        monitor.step()
    with pytest.raises(ValueError, match="diverged at step 0"):
        load_trace(tmp_path / "trace")
    done = ratetheory("compare", str(tmp_path / "trace"))
    assert (done.code, done.err) == (1, "")
    assert done.out == (
        "trace: step 0: diverged before a step was recorded: a number is no longer finite, first in 3.weight[2]\n"
    )
    beside = plain(tmp_path / "sound")
    assert beside.dataset.sizes["step"] == 20
    done = ratetheory("compare", str(tmp_path / "trace"), str(tmp_path / "sound" / "trace"))
    assert done.code == 1
    assert "corrected-certificate" in done.out
    (tmp_path / "trace" / "run.json").unlink()
    assert ratetheory("compare", str(tmp_path / "trace")).code == 2
