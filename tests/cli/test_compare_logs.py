"""``ratetheory compare`` on a log of the user's own, where no torch is installed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.run import ratetheory

ASSUMED = [x for slug in ("scale-invariance", "differentiable", "gradient-step") for x in ("--assume", slug)]


def write_log(path, normalised=False, wrong=None, digits=17, first=0):
    """Gradient descent on a Rayleigh quotient, two blocks, as one would log it by hand."""
    lines = ["step,block,squared_norm,squared_gradient,learning_rate,loss"]
    random = np.random.default_rng(0)
    matrix, blocks = np.diag([1.0, 2.0, 4.0]), {"a": random.standard_normal(3), "b": 3 * random.standard_normal(3)}
    for step in range(40):
        loss = sum(w @ matrix @ w / (w @ w) for w in blocks.values())
        for name, w in blocks.items():
            S = w @ w
            gradient = 2 * (matrix @ w - (w @ matrix @ w / S) * w) / S
            shown = gradient @ gradient * (S if normalised else 1)
            norm = S * (1.01 if wrong == (step, name) else 1)
            lines.append(f"{first + step},{name},{norm:.{digits}g},{shown:.{digits}g},1.0,{loss:.17g}")
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
    log = str(write_log(tmp_path / "run.csv", wrong=(7, "b"), first=5000))
    done = ratetheory("compare", log, "--gradient-at", "w", *ASSUMED)
    assert done.code == 1
    assert "norm-growth         violated        norm: first at step 5006, b" in done.out
    shown = json.loads(ratetheory("compare", log, "--gradient-at", "w", *ASSUMED, "--json").out)["comparisons"][0]
    assert min(o["step"] for o in shown["observations"] if o["step"] is not None) == 5006


@pytest.mark.parametrize(("size", "word"), [("1e300", "not resolvable"), ("1.01", "violated")])
def test_a_number_whose_square_overflows_is_never_held(tmp_path, size, word):
    lines, S = ["step,block,squared_norm,squared_gradient,learning_rate"], 1.0
    for step in range(40):
        lines.append(f"{5000 + step},a,{size if step == 38 else repr(S)},{0.09 * S!r},1")
        S *= 1.09
    (tmp_path / "run.csv").write_text("\n".join(lines))
    done = ratetheory("compare", str(tmp_path / "run.csv"), "--gradient-at", "w", *ASSUMED)
    (line,) = (line for line in done.out.splitlines() if "wngrad-recursion" in line)
    assert word in line
    assert "first at step 5037, a" in line
    assert done.err == ""


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
