"""``ratetheory compare`` on a log of the user's own, where no torch is installed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.run import ratetheory

ASSUMED = [x for slug in ("scale-invariance", "differentiable", "gradient-step") for x in ("--assume", slug)]


def write_log(path, normalised=False, wrong=None, digits=17):
    """Gradient descent on a Rayleigh quotient, two blocks, as one would log it by hand."""
    lines = ["step,block,squared_norm,squared_gradient,learning_rate,loss"]
    random = np.random.default_rng(0)
    matrix, blocks = np.diag([1.0, 2.0, 4.0]), {"a": random.standard_normal(3), "b": 3 * random.standard_normal(3)}
    for step in range(40):
        for name, w in blocks.items():
            S = w @ w
            value = w @ matrix @ w / S
            gradient = 2 * (matrix @ w - value * w) / S
            shown = gradient @ gradient * (S if normalised else 1)
            norm = S * (1.01 if wrong == (step, name) else 1)
            lines.append(f"{step},{name},{norm:.{digits}g},{shown:.{digits}g},1.0,{value:.17g}")
            blocks[name] = w - gradient
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("normalised", [False, True])
def test_a_sound_log_holds(tmp_path, normalised):
    log = str(write_log(tmp_path / "run.csv", normalised))
    at = "normalised" if normalised else "w"
    done = ratetheory("compare", log, "--gradient-at", at, *ASSUMED)
    assert done.out.startswith("run.csv: 39 steps, 2 filters")
    words = {
        line.split()[0]: line.split()[1] for line in done.out.splitlines() if line.startswith("  ") and "-" in line.split()[0]
    }
    assert words["growth-certificate"] == words["rotation-budget"] == "held"
    assert "violated" not in done.out
    assert "momentum-growth" in words


def test_a_log_read_the_wrong_way_is_violated(tmp_path):
    done = ratetheory("compare", str(write_log(tmp_path / "run.csv")), "--gradient-at", "normalised", *ASSUMED)
    assert done.code == 1


def test_a_wrong_norm_is_found_at_its_step_and_block(tmp_path):
    done = ratetheory("compare", str(write_log(tmp_path / "run.csv", wrong=(7, "b"))), "--gradient-at", "w", *ASSUMED)
    assert done.code == 1
    assert "norm-growth         violated        norm: first at step 6, b" in done.out


def test_nothing_is_applied_on_silence(tmp_path):
    done = ratetheory("compare", str(write_log(tmp_path / "run.csv")), "--gradient-at", "w")
    assert done.code == 3
    assert "scale-invariance: not known" in done.out
    assert "held" not in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "needs --gradient-at"),
        (["--gradient-at", "here"], "gradient_at: 'here' is not known"),
        (["--gradient-at", "w", "--assume", "magic"], "assume: 'magic' is no hypothesis"),
    ],
)
def test_refuses(tmp_path, arguments, message):
    done = ratetheory("compare", str(write_log(tmp_path / "run.csv")), *arguments)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1


def test_a_trace_needs_no_assumptions(tmp_path):
    done = ratetheory("compare", str(tmp_path), "--assume", "differentiable")
    assert (done.code, done.err.count("\n")) == (2, 1)


def test_without_torch(tmp_path):
    log = write_log(tmp_path / "run.csv")
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError('no torch here', name='torch')\n")
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(root)))}
    command = [sys.executable, "-m", "ratetheory", "compare", str(log), "--gradient-at", "w", *ASSUMED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.stderr == ""
    assert "growth-certificate  held" in done.stdout
