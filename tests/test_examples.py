"""The examples run, and print what they promise."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
PROMISED = {
    "a_model.py": ["3.conv1.weight: 8 blocks of 72 entries, alone", "3.bn1.weight+3.bn1.bias: 1 blocks of 16 entries, joint"],
    "bound_a_rate.py": ["certified", "is reached within", "learning rate    1e-06"],
    "certify_checkpoints.py": ["0.weight[7]: held", "<= mean |G|^2 <="],
    "sweep_the_rates.py": ["bn: final losses", "over 1.0 decades (1 to 10)", "over 0 decades (0.1 alone)"],
    "verify_a_lemma.py": ["derivation: proved", "attack: survived", "overall: proved", "a tenth of the certificate: refuted"],
    "watch_a_plain_loop.py": ["25 blocks over 100 steps, 0 violations", "0.weight: effective rate", "norm's defect: momentum"],
    "watch_with_lightning.py": ["8 blocks over 60 steps, 0 violations", "as of clipping", "computed in bfloat16"],
    "watch_with_tensorboard.py": ["effective_rate/1.weight: 120 points", "loss: 120 points"],
    "watch_with_transformers.py": [
        "1 blocks over 40 steps, 0 violations",
        "accumulated over 2 backward",
        "effective_rate/bert",
    ],
    "compare_a_run.py": ["norm-growth: held", "gd-rate: held", "effective learning rates"],
}


SPREAD = {
    "watch_ddp.py": ["local: 8 blocks over 50 steps, 0 violations", "synchronised: 8 blocks over 50 steps, 0 violations"],
    "watch_fsdp2.py": ["|w| of the first layer: 4.64", "recorded: 4.64", "3 blocks over 50 steps, 0 violations"],
}
"""Examples that start processes of their own."""


def test_every_example_is_run():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(PROMISED) | set(SPREAD)


@pytest.mark.parametrize("name", list(PROMISED))
def test_example(name, capsys):
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    out = capsys.readouterr().out
    for text in PROMISED[name]:
        assert text in out


FORKED = """
import functools, runpy, sys
import ratetheory.training.blocks, ratetheory.training.monitor, sklearn.datasets, torch._dynamo, torch.distributed.fsdp
# the package's own name of this module is the function
module = sys.modules["torch.multiprocessing.spawn"]
module.spawn = functools.partial(module.start_processes, start_method="fork")
for path in sys.argv[1:]:
    print("::", path, flush=True)
    runpy.run_path(path, run_name="__main__")
"""
"""Runs the examples with copies of a process that has imported torch, where they start processes that import it again."""


@pytest.fixture(scope="module")
def spread():
    """What each example of two processes prints."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(EXAMPLES.parent)}
    command = [sys.executable, "-c", FORKED, *(str(EXAMPLES / name) for name in SPREAD)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    printed = [part.partition("\n") for part in done.stdout.split(":: ")[1:]]
    return {Path(path).name: out for path, _, out in printed}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SPREAD))
def test_example_of_two_processes(name, spread):
    for text in SPREAD[name]:
        assert text in spread[name]


@pytest.mark.parametrize("name", list(SPREAD))
def test_a_new_process_can_import_the_example(name, capsys):
    """What ``spawn`` asks of a script: to do nothing under another name, and to have there what is to be run."""
    names = runpy.run_path(str(EXAMPLES / name), run_name="__mp_main__")
    assert capsys.readouterr().out == ""
    assert "spawn(work, " in (EXAMPLES / name).read_text()
    assert names["work"].__qualname__ == "work"
