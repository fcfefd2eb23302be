"""Models of all kinds, their blocks found at the first forward pass: nothing unexplained, and a planted change is seen."""

import pytest
import torch

from ratetheory.observation.faults import FAULTY, defect_causes, faults
from ratetheory.observation.trace import load_trace
from ratetheory.training.monitor import RateMonitor
from tests.training.blocks.zoo import ZOO

NAMES = [
    "vgg", "no_affine", "transposed", "depthwise", "group_norm", "instance_norm", "rms_norm", "new_weight_norm", "resnet",
    "preactivation_resnet", "densenet", "u_net", "dead_filters", "shared_weight", "post_norm_transformer",
    "fused_queries_keys_values", "bert", "qwen3",
]  # fmt: skip


def tensors(output):
    if isinstance(output, torch.Tensor):
        return [output] if output.is_floating_point() else []
    if hasattr(output, "values"):
        return [t for value in output.values() for t in tensors(value)]
    return [t for value in output for t in tensors(value)] if isinstance(output, tuple | list) else []


def converted(batch, dtype):
    if isinstance(batch, torch.Tensor):
        return batch.to(dtype) if batch.is_floating_point() else batch
    if isinstance(batch, dict):
        return {name: converted(value, dtype) for name, value in batch.items()}
    return tuple(converted(value, dtype) for value in batch)


def called(model, batch):
    return model(**batch) if isinstance(batch, dict) else model(*batch) if isinstance(batch, tuple) else model(batch)


def run(directory, name, dtype, after=None, steps=8):
    torch.manual_seed(0)
    model, batch = ZOO[name](1e-5)
    model, batch, generator = model.to(dtype), converted(batch, dtype), torch.Generator().manual_seed(1)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.02, momentum=0.9)
    targets = None
    with RateMonitor(model, optimizer, output=directory / "trace") as monitor:
        for step in range(steps):
            optimizer.zero_grad()
            found = tensors(called(model, batch))
            targets = targets or [torch.randn(t.shape, generator=generator, dtype=torch.float64).to(dtype) for t in found]
            loss = sum((torch.tanh(t) * c).mean() for t, c in zip(found, targets, strict=True))
            loss.backward()
            optimizer.step()
            if after is not None:
                with torch.no_grad():
                    after(step, model, monitor)
            monitor.step(loss)
    return load_trace(directory / "trace")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_unexplained(tmp_path, name, dtype):
    trace = run(tmp_path, name, dtype)
    assert [f for f in faults(trace) if f.kind in FAULTY] == []
    assert max(c["unexplained"] for c in defect_causes(trace).values()) < 1
    if dtype == torch.float64 and any(b["law"] for b in trace.run["blocks"]) and name not in ("bert", "qwen3"):
        data = trace.dataset
        # the law is needed: without it the radial part would lie beyond its allowance
        assert (abs(data.radial) > data.radial_error).any()


@pytest.mark.parametrize("name", ["transposed", "resnet", "fused_queries_keys_values", "bert"])
def test_a_planted_change_is_seen_in_its_block(tmp_path, name):
    def longer(step, model, monitor):
        if step == 4:
            family = monitor.recorder.families[-1]
            member = family.members[0]
            part = (member.stop - member.start) // family.parts
            weight = model.get_parameter(member.parameter)
            weight.movedim(member.axis, 0)[member.stop - part : member.stop] *= 1.01

    trace = run(tmp_path, name, torch.float32, after=longer)
    found = [f for f in faults(trace) if f.kind == "update"]
    assert [(f.step, f.block, f.blocks) for f in found] == [(4, trace.run["blocks"][-1]["name"], 1)]
