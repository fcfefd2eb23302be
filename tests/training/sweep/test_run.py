"""Sweeps go on after any interruption, do not depend on the number of processes, and never mix with another sweep."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from ratetheory.training.sweep import run as module
from ratetheory.training.sweep.collect import load_sweep
from ratetheory.training.sweep.files import CELL_LIMIT, cell_path, read_cell
from ratetheory.training.sweep.run import default_directory, run_sweep
from ratetheory.training.sweep.specification import SweepSpec, checked

TINY = SweepSpec(optimizers=("sgd",), rates=(0.1, 1), scale_variant_rates=(0.1,), sgd_steps=2, batch_size=16)


def numbers(directory):
    """All cells without what a clock says, and which libraries the process had loaded."""
    return {cell: {**result, "seconds": None, "provenance": None} for cell, result in load_sweep(directory).results.items()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_sweep(TINY, tmp_path_factory.mktemp("sweeps") / "serial", jobs=1)


def test_every_cell_is_a_small_json_that_says_where_it_comes_from(finished):
    sweep = load_sweep(finished)
    assert sweep.missing == 0
    assert sweep.specification == checked(TINY)
    assert sweep.provenance["threads"] == 1
    for cell in sweep.results:
        path = cell_path(finished, cell)
        assert path.stat().st_size < 2000
        content = json.loads(path.read_text())
        assert content["status"] == "completed"
        assert content["provenance"]["seed"] == cell.seed
        assert content["provenance"]["libraries"]["torch"]


def test_processes_in_parallel_find_the_same_bit_for_bit(finished, tmp_path):
    assert numbers(run_sweep(TINY, tmp_path / "parallel", jobs=2)) == numbers(finished)


def test_a_finished_sweep_runs_nothing_again(finished, monkeypatch):
    monkeypatch.setattr(module, "_run", lambda *_: pytest.fail("something ran"))
    assert run_sweep(TINY, finished) == finished


KILLED = """
import sys
from ratetheory.training.sweep import SweepSpec, run_sweep
from ratetheory.training.sweep import run
spec = SweepSpec(optimizers=("sgd",), rates=(0.1, 0.3, 1, 3, 10), scale_variant_rates=(0.1,), sgd_steps=2, batch_size=16)
if __name__ == "__main__":
    run_sweep(spec, sys.argv[1], jobs=1)
"""


def test_a_sweep_that_was_killed_goes_on_with_the_missing_cells(finished, tmp_path, monkeypatch):
    script, directory = tmp_path / "script.py", tmp_path / "killed"
    script.write_text(KILLED)
    process = subprocess.Popen([sys.executable, script, directory], env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        until = time.monotonic() + 120
        while not list(directory.glob("cells/*.json")) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    spec = checked(replace(TINY, rates=(0.1, 0.3, 1, 3, 10)))
    done = {cell for cell in spec.cells() if read_cell(directory, spec, cell) is not None}
    assert 0 < len(done) < len(spec.cells())
    ran = []
    run_one = module.run_cell
    monkeypatch.setattr(module, "run_cell", lambda spec, cell, split: (ran.append(cell), run_one(spec, cell, split))[1])
    run_sweep(spec, directory, jobs=1)
    assert set(ran) == set(spec.cells()) - done
    whole = numbers(run_sweep(spec, tmp_path / "whole", jobs=1))
    assert numbers(directory) == whole
    # cells that both specifications have are equal up to whose they are
    for cell, result in numbers(finished).items():
        assert {**whole[cell], "specification": None} == {**result, "specification": None}


def test_another_specification_is_refused_and_named(finished, tmp_path):
    for changed, message in (
        (replace(TINY, sgd_steps=3), "output: sgd_steps is 3, but the sweep in .* was begun with 2"),
        (replace(TINY, rates=(0.1,)), "output: rates is 0.1, but the sweep in .* was begun with 0.1, 1.0"),
    ):
        with pytest.raises(ValueError, match=message):
            run_sweep(changed, finished)
    assert load_sweep(finished).missing == 0
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty; a new or empty directory, or that of a sweep"):
        run_sweep(TINY, tmp_path, force=True)
    with pytest.raises(ValueError, match="is no directory"):
        run_sweep(TINY, tmp_path / "notes.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_force_replaces_a_sweep_and_nothing_else(tmp_path):
    spec = replace(TINY, networks=("bn",), rates=(0.1,))
    run_sweep(spec, tmp_path, jobs=1)
    (tmp_path / "notes.txt").write_text("mine")
    changed = replace(spec, rates=(0.2,))
    run_sweep(changed, tmp_path, jobs=1, force=True)
    assert [path.name for path in (tmp_path / "cells").iterdir()] == ["bn-sgd-0.2-0.1-0.json"]
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert load_sweep(tmp_path).specification == checked(changed)


def damaged(path, change):
    content = json.loads(path.read_text())
    change(content)
    return json.dumps(content)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.read_text()[:-30], "corrupt, it holds no JSON"),
        (lambda path: "", "corrupt, it holds no JSON"),
        (lambda path: "[" * 10000, "corrupt, it holds no JSON"),
        (lambda path: "[]", "a foreign file"),
        (lambda path: " " * (CELL_LIMIT + 1), "no regular file of at most"),
        (lambda path: damaged(path, lambda c: c.update(schema_version=99)), "schema version 99 is not known"),
        (lambda path: damaged(path, lambda c: c.update(specification="0" * 64)), "of another sweep"),
        (lambda path: damaged(path, lambda c: c["cell"].update(rate=7.0)), "of another sweep"),
        (lambda path: damaged(path, lambda c: c.pop("loss")), "does not hold the numbers of a cell"),
        (lambda path: damaged(path, lambda c: c.update(loss="small")), "does not hold the numbers of a cell"),
        (lambda path: damaged(path, lambda c: c.update(loss=float("nan"))), "does not hold the numbers of a cell"),
        (lambda path: damaged(path, lambda c: c.update(status="diverged")), "does not hold the numbers of a cell"),
        (lambda path: damaged(path, lambda c: c.update(status="fine")), "does not hold the numbers of a cell"),
    ],
)
def test_a_corrupt_cell_is_never_taken_for_a_result_or_a_missing_one(finished, damage, message):
    cell = checked(TINY).cells()[0]
    path = cell_path(finished, cell)
    before = path.read_text()
    path.write_text(damage(path))
    try:
        for use in (load_sweep, lambda directory: run_sweep(TINY, directory)):
            with pytest.raises(ValueError, match=message) as error:
                use(finished)
            assert path.name in str(error.value)
    finally:
        path.write_text(before)


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "ratetheory-sweep", "schema_version": 1, "specification": 3}'])
def test_a_foreign_directory_is_refused(tmp_path, text):
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(ValueError, match=r"sweep\.json: .*a file written by sweep is expected"):
        load_sweep(tmp_path)
    with pytest.raises(ValueError, match=r"sweep\.json"):
        run_sweep(TINY, tmp_path)
    with pytest.raises(ValueError, match="no regular file"):
        load_sweep(tmp_path / "nowhere")


def test_the_default_directory_is_gone_on_with(finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = checked(TINY)
    assert str(default_directory(spec)) == "runs/sweep-digits-0"
    monkeypatch.setattr(module, "_run", lambda *_: None)
    for number, one in enumerate((spec, replace(spec, seeds=2), spec)):
        assert str(run_sweep(one)) == f"runs/sweep-digits-{number % 2}"


def test_nothing_is_written_for_data_that_are_not_there(tmp_path):
    with pytest.raises(ValueError, match="dataset-fashion-mnist"):
        run_sweep(replace(TINY, data="fashion-mnist"), tmp_path / "new", data_directory=tmp_path / "nowhere")
    with pytest.raises(ValueError, match="jobs: 0 is not allowed"):
        run_sweep(TINY, tmp_path / "new", jobs=0)
    assert not (tmp_path / "new").exists()
