"""train and compare on the command line."""

import json

import pytest

from tests.cli.run import ratetheory, refused


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "reference"
    result = ratetheory("train", "--learning-rate", "0.3", "--steps", "12", "--output", str(path), "--quiet")
    assert result.code == 0, result.err
    assert result.out.strip() == str(path)
    return path


def test_compare_prints_a_verdict_for_every_claim_a_run_can_show(trace):
    result = ratetheory("compare", str(trace), "--points", "2")
    assert result.code in (0, 3)
    for text in ("norm-growth            held", "[constants estimated]", "bound from estimates (", "effective learning rates"):
        assert text in result.out
    content = json.loads(ratetheory("compare", str(trace), "--points", "2", "--json", "--granularity", "all").out)
    assert content["comparisons"][0]["verdicts"]["norm-growth"] == "held"
    assert content["provenance"]["libraries"]


def test_reports_and_figures_are_not_overwritten(trace, tmp_path):
    report, figures = tmp_path / "report.html", tmp_path / "figures"
    assert ratetheory("compare", str(trace), "--points", "2", "--report", str(report), "--figures", str(figures)).code in (0, 3)
    assert len(list(figures.glob("*.png"))) == len(list(figures.glob("*.pdf"))) > 3
    assert "exists" in refused("compare", str(trace), "--report", str(report))
    other = str(tmp_path / "other.html")
    assert "not empty" in refused("compare", str(trace), "--report", other, "--figures", str(figures))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--network", "foo"], "network: 'foo'"),
        (["--data", "cifar"], "data: 'cifar'"),
        (["--optimizer", "adam"], "optimizer: 'adam'"),
        (["--learning-rate", "inf"], "learning_rate: inf"),
        (["--learning-rate", "nan"], "learning_rate: nan"),
        (["--learning-rate", "-1"], "learning_rate: -1"),
        (["--steps", "0"], "steps: 0"),
        (["--batch-size", "5"], "batch_size: 5"),
        (
            ["--optimizer", "sgd", "--batch-size", "1798"],
            "batch_size: 1798 is not allowed; at most the 1797",
        ),
        (["--bn-epsilon", "0"], "bn_epsilon: 0"),
        (["--device", "meta"], "device: 'meta' is not available"),
        (["--device", "nonsense"], "device: 'nonsense'"),
        (["--activation", "sin"], "activation: 'sin'"),
        (["--seed", "-3"], "seed: -3"),
        (["--output", "/proc/x"], "cannot be written"),
        (["--resume"], "--resume needs --output DIR"),
        (["--steps", "two"], "'two' is not a valid integer"),
    ],
)
def test_bad_training_options_are_one_line_and_write_nothing(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in refused("train", *arguments, "--quiet")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "no trace here"),
        ([], "Missing argument"),
        (["nowhere", "--granularity", "row"], "granularity"),
        (["nowhere", "--report", "x.txt"], "ends in .html"),
        (["nowhere", "--figures", "x"], "--figures needs --report"),
        (["nowhere", "--points", "0"], "--points"),
    ],
)
def test_bad_comparisons_are_one_line(arguments, message):
    assert message in refused("compare", *arguments)


def test_force_removes_what_a_run_wrote_and_only_after_the_new_run_can_start(tmp_path):
    path = tmp_path / "run"
    train = ["train", "--steps", "3", "--output", str(path), "--quiet"]
    assert ratetheory(*train).code == 0
    mine = [path / "notes.txt", path / "part-notes.nc", path / "snapshots" / "notes.txt"]
    for file in mine:
        file.write_text("mine")
    assert "not empty" in refused(*train)
    assert "device" in refused(*train, "--force", "--device", "meta")
    assert (path / "run.json").exists()
    assert ratetheory(*train, "--force", "--seed", "5").code == 0
    assert all(file.read_text() == "mine" for file in mine)
    assert json.loads((path / "run.json").read_text())["specification"]["seed"] == 5


def test_divergence_is_said(tmp_path):
    path = tmp_path / "run"
    result = ratetheory("train", "--learning-rate", "1e200", "--steps", "4", "--output", str(path), "--quiet")
    assert "diverged at step" in result.err
    compared = ratetheory("compare", str(path))
    assert (compared.code, compared.err) == (1, "")
    assert "step 0: diverged before a step was recorded" in compared.out
