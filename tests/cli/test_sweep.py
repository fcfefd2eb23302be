"""sweep on the command line."""

import json

import pytest

from tests.cli.run import ratetheory, refused

TINY = ("--optimizer", "sgd", "--rates", "0.1,1", "--scale-variant-rates", "1/10", "--steps", "2", "--jobs", "1", "--quiet")


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    directory = tmp_path_factory.mktemp("sweeps") / "tiny"
    result = ratetheory("sweep", *TINY, "--output", str(directory))
    assert result.code == 0, result.err
    return directory, result


def test_a_sweep_prints_its_table_and_writes_its_heat_maps(swept):
    directory, result = swept
    assert "digits, sgd, 2 steps, batch normalisation: where the final training loss stays within a factor of 2" in result.out
    assert "digits, sgd, 2 steps, plain network" in result.out
    assert "others at 0.1, the convolutions' rate over" in result.out
    assert "0 of 2 pairs of rates" in result.out
    assert result.out.splitlines()[-1] == str(directory / "sweep.html")
    assert result.err == ""
    assert (directory / "figures" / "loss.png").stat().st_size > 5000
    assert json.loads((directory / "sweep.json").read_text())["specification"]["rates"] == [0.1, 1.0]


def test_the_same_command_goes_on_and_another_is_refused(swept):
    directory, result = swept
    times = {path: path.stat().st_mtime_ns for path in (directory / "cells").iterdir()}
    assert len(times) == 4
    again = ratetheory("sweep", *TINY, "--output", str(directory), "--no-figures")
    assert again.out.splitlines()[:-1] == result.out.splitlines()[:-1]
    assert again.out.splitlines()[-1] == str(directory)
    assert times == {path: path.stat().st_mtime_ns for path in (directory / "cells").iterdir()}
    message = refused("sweep", *TINY, "--steps", "3", "--output", str(directory))
    assert "gd_steps is 3, but the sweep in" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "imagenet"], "data: 'imagenet' is not known; digits, mnist5k, fashion-mnist, cifar10"),
        (["--data", "fashion-mnist", "--data-dir", "nowhere"], "install Debian's package dataset-fashion-mnist"),
        (["--optimizer", "adam"], "optimizers: 'adam'"),
        (["--network", "resnet"], "networks: 'resnet'"),
        (["--rates", "0"], "rates: 0 is not allowed"),
        (["--rates", "nan"], "rates: 'nan' is not a number"),
        (["--rates", "1e31"], "rates: 1e31 is not allowed"),
        (["--rates", "0.1,,1"], "rates: '' is not a number"),
        (["--rates", "0.1,0.1"], "none twice"),
        (["--rates", "1:10"], "LOW:HIGH:N with N from 2 to 1000"),
        (["--rates", "1:10:1"], "LOW:HIGH:N with N from 2 to 1000"),
        (["--rates", "1:10:" + "9" * 5000], "N from 2 to 1000"),
        (["--rates", "10:1:3"], "LOW below HIGH"),
        (["--rates", "__import__('os')"], "is not a number"),
        (["--scale-variant-rates", "-1"], "scale_variant_rates: -1 is not allowed"),
        (["--steps", "0"], "gd_steps: 0"),
        (["--batch-size", "1"], "batch_size: 1"),
        (["--batch-size", "1439"], "batch_size: 1439 is not allowed; at most the 1438 training images are"),
        (["--seeds", "0"], "seeds: 0"),
        (["--jobs", "0"], "jobs: 0"),
        (["--device", "abacus"], "device: 'abacus'"),
        (["--output", "/proc/x"], "cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in refused("sweep", *arguments, "--quiet")
    assert not list(tmp_path.iterdir())
