"""The norm's defect is explained within its allowance, and its cause named: each beside runs in which only it is there."""

import pytest
import torch

from ratetheory.observation.compare import compare
from ratetheory.observation.faults import FAULTY, defect_causes, faults, gradient_notes
from tests.training.monitor.watched import groups, network, watch

LAYERS = ("0.weight", "3.weight", "6.weight")


def sgd(rate, **settings):
    return lambda net: torch.optim.SGD(groups(net, rate), lr=0.1, **settings)


def adamw(net):
    return torch.optim.AdamW(groups(net, 1e-2, 1e-3, weight_decay=0.1), lr=0.01)


def observed(directory, dtype, epsilon, optimizer, steps=60, **how):
    net = network(dtype, epsilon)
    trace = watch(directory, net, optimizer(net), steps, 32, **how)
    assert trace.dataset.sizes["step"] == steps
    assert [f for f in faults(trace) if f.kind in FAULTY] == []
    causes = defect_causes(trace)
    assert set(causes) == set(LAYERS)
    assert max(c["unexplained"] for c in causes.values()) < 1
    return trace, {c["cause"] for c in causes.values()}


CASES = {
    "nothing": (torch.float64, 1e-30, sgd(0.1), {}, {"rounding"}, []),
    "eps": (torch.float64, 1e-5, sgd(0.1), {}, {"eps"}, []),
    "eps in single precision": (torch.float32, 1e-5, sgd(1.0), {}, {"eps"}, []),
    "tiny rate in single precision": (torch.float32, 1e-5, sgd(1e-4), {}, {"rounding"}, []),
    "huge rate": (torch.float64, 1e-5, sgd(10.0), {}, {"eps"}, []),
    "momentum": (torch.float64, 1e-30, sgd(0.1, momentum=0.9), {}, {"momentum"}, []),
    "nesterov": (torch.float32, 1e-5, sgd(0.1, momentum=0.9, nesterov=True), {}, {"momentum"}, []),
    "dampening": (torch.float64, 1e-30, sgd(0.1, momentum=0.9, dampening=0.3), {}, {"momentum"}, []),
    "decay": (torch.float64, 1e-30, sgd(0.1, weight_decay=5e-4), {}, {"weight decay"}, []),
    "decay in single precision": (torch.float32, 1e-5, sgd(0.1, weight_decay=5e-3), {}, {"weight decay"}, []),
    "maximize": (torch.float64, 1e-5, sgd(1e-3, maximize=True), {}, {"eps"}, []),
    "adamw": (torch.float64, 1e-30, adamw, {}, {"the rule of AdamW"}, []),
    "adamw in single precision": (torch.float32, 1e-5, adamw, {}, {"the rule of AdamW"}, []),
    "accumulation": (torch.float64, 1e-30, sgd(0.1), {"accumulate": 4}, {"rounding"}, ["over 4 backward passes"]),
    "accumulation and eps": (torch.float64, 1e-5, sgd(0.1), {"accumulate": 3}, {"eps"}, ["over 3 backward passes"]),
    "clipping": (torch.float64, 1e-30, sgd(0.1), {"clip": 0.1}, {"rounding"}, ["as of clipping"]),
    "clipping and eps": (torch.float64, 1e-5, sgd(0.1), {"clip": 0.1}, {"eps"}, ["as of clipping"]),
    "bfloat16": (torch.float32, 1e-5, sgd(0.1), {"autocast": True}, {"rounding"}, ["computed in bfloat16"]),
    "loss scaling": (
        torch.float64,
        1e-5,
        sgd(0.1),
        {"scaler": 2.0**13},
        {"eps"},
        ["scaled by 0.00012207", "as of loss scaling"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_cause_is_named(tmp_path, case):
    dtype, epsilon, optimizer, how, causes, notes = CASES[case]
    if "scaler" in how:
        how = {"scaler": torch.amp.GradScaler("cpu", init_scale=how["scaler"])}
    trace, found = observed(tmp_path, dtype, epsilon, optimizer, **how)
    assert found == causes
    said = "; ".join(gradient_notes(trace))
    assert all(note in said for note in notes)
    assert bool(said) == bool(notes)
    words = compare(trace).verdicts()
    assert words["corrected-certificate"] in ("held", "not resolvable")
    assert "violated" not in words.values()


def test_an_unknown_rule_is_said_to_be_unknown(tmp_path):
    trace, found = observed(tmp_path, torch.float32, 1e-5, lambda net: torch.optim.RMSprop(groups(net, 1e-3), lr=0.01))
    assert found == {"the rule of RMSprop"}
    assert not trace.facts["predicted_defect"]
    assert "RMSprop" in trace.facts["predicted_defect_reason"]


@pytest.mark.parametrize("case", ["eps", "momentum", "adamw in single precision", "bfloat16"])
def test_a_planted_change_of_the_norm_is_not_explained(tmp_path, case):
    dtype, epsilon, optimizer, how, _, _ = CASES[case]

    def scale(step, net):
        net[3].weight *= 1.001

    net = network(dtype, epsilon)
    trace = watch(tmp_path, net, optimizer(net), 10, 32, after_step=scale, **how)
    assert {f.layer for f in faults(trace) if f.kind == "update" and f.step == 0} == {"3.weight"}
    assert "violated" in compare(trace).verdicts().values() or case == "bfloat16"


def test_skipped_steps_leave_no_record(tmp_path):
    def overflow(step, net):
        if step in (3, 7):
            net[0].weight.grad[0] = torch.inf

    net = network()
    optimizer = torch.optim.SGD(groups(net, 0.1), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    unscale = scaler.unscale_

    def unscale_after_overflow(of):
        overflow(len(calls), net)
        calls.append(of)
        unscale(of)

    calls: list[object] = []
    scaler.unscale_ = unscale_after_overflow
    trace = watch(tmp_path, net, optimizer, 20, scaler=scaler)
    assert trace.dataset.sizes["step"] == 18
    assert [f for f in faults(trace) if f.kind in FAULTY] == []


def test_an_optimiser_that_skips_by_itself(tmp_path):
    def overflow(step, net):
        if step in (3, 7):
            net[0].weight.grad[0] = torch.inf

    class Careful(torch.optim.SGD):
        def step(self, closure=None):
            if all(torch.isfinite(p.grad).all() for g in self.param_groups for p in g["params"]):
                return super().step(closure)
            return None

    net = network()
    trace = watch(tmp_path, net, Careful(groups(net, 0.1), lr=0.1), 20, before_step=overflow)
    assert trace.dataset.sizes["step"] == 18
    assert [(f.step, f.kind) for f in faults(trace)] == [(3, "skipped"), (6, "skipped")]
