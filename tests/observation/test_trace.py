"""Traces are read back as written, and whatever else lies in the directory is refused in one line."""

import gzip
import json
import subprocess
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ratetheory.observation import load_csv, load_trace, trace
from ratetheory.observation.trace import TraceWriter, write_run

BLOCKS = ["conv1[0]", "</script><img src=x onerror=alert(1)>"]


def arrays(steps, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "squared_norm": 1 + rng.random((steps + 1, 2)).cumsum(0),
        "squared_gradient": rng.random((steps, 2)),
        "learning_rate": np.full((steps, 2), 0.1),
        "loss": rng.random(steps),
    }


def cut(whole, start, stop):
    return {name: values[start : stop + (name == "squared_norm")] for name, values in whole.items()}


def write(directory, whole, cuts, names=BLOCKS):
    directory.mkdir(exist_ok=True)
    blocks = [{"name": name, "layer": "conv1", "dimension": 9} for name in names]
    write_run(directory, {"blocks": blocks, "facts": {"even": False}, "specification": {}})
    writer = TraceWriter(directory, len(names))
    for start, stop in pairwise(cuts):
        writer.append(cut(whole, start, stop))
    return directory


def test_reads_back_what_was_written_with_meanings_units_and_names(tmp_path):
    whole = arrays(7)
    loaded = load_trace(write(tmp_path / "t", whole, [0, 3, 4, 7]))
    for name, values in whole.items():
        np.testing.assert_array_equal(loaded.dataset[name].values, values)
        assert loaded.dataset[name].attrs["meaning"]
        assert loaded.dataset[name].attrs["unit"]
    assert dict(loaded.dataset.sizes) == {"step": 7, "state": 8, "block": 2}
    assert loaded.dataset["block"].values.tolist() == BLOCKS
    assert loaded.facts == {"even": False}
    assert not list((tmp_path / "t").glob(".*")), "temporary files are left"


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(1, 8)))
def test_the_parts_do_not_matter(tmp_path_factory, inner):
    whole = arrays(9)
    loaded = load_trace(write(tmp_path_factory.mktemp("t"), whole, [0, *sorted(inner), 9]))
    np.testing.assert_array_equal(loaded.dataset["squared_norm"].values, whole["squared_norm"])


def test_other_tools_read_a_part(tmp_path):
    part = xr.load_dataset(write(tmp_path / "t", arrays(3), [0, 3]) / "part-000000.nc")
    assert part["squared_gradient"].dims == ("step", "block")
    assert "weight^2" in part["squared_norm"].attrs["unit"]


def test_a_missing_tail_and_unfinished_files_are_fine(tmp_path):
    whole, directory = arrays(9), tmp_path / "t"
    write(directory, whole, [0, 3, 6, 9])
    (directory / "part-000002.nc").rename(directory / ".part-000002.nc.tmp")
    np.testing.assert_array_equal(load_trace(directory).dataset["squared_norm"].values, whole["squared_norm"][:7])


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-200])


def _rewrite(path, **changes):
    part = xr.load_dataset(path, decode_cf=False)
    path.write_bytes(bytes(part.assign({k: (part[k].dims, v(part[k].values)) for k, v in changes.items()}).to_netcdf()))


def _huge_header(path):
    # the length of the first dimension, right behind its name, becomes 2^31 - 1
    content = bytearray(path.read_bytes())
    at = content.index(b"step") + 4 if content.index(b"step") < content.index(b"state") else content.index(b"state") + 8
    content[at : at + 4] = b"\x7f\xff\xff\xff"
    path.write_bytes(bytes(content))


def _with(index, value):
    def change(values):
        values = values.copy()
        values[index] = value
        return values

    return change


DAMAGE = {
    "missing middle": (lambda d: (d / "part-000001.nc").unlink(), "part-000001.nc is missing"),
    "truncated": (lambda d: _truncate(d / "part-000001.nc"), "corrupt|variable|sizes"),
    "garbage": (lambda d: (d / "part-000001.nc").write_bytes(b"CDF\x01" + bytes(range(256)) * 9), "corrupt|schema|variable"),
    "huge header": (lambda d: _huge_header(d / "part-000001.nc"), "corrupt|sizes"),
    "a bomb": (lambda d: (d / "part-000001.nc").write_bytes(gzip.compress(bytes(10**6))), "no NetCDF-3"),
    "a pickle": (lambda d: (d / "part-000001.nc").write_bytes(b"\x80\x04K\x01."), "no NetCDF-3"),
    "swapped": (lambda d: (d / "part-000002.nc").replace(d / "part-000001.nc"), "continue"),
    "a jump": (lambda d: _rewrite(d / "part-000001.nc", squared_norm=lambda x: x * 1.001), "does not start where"),
    "NaN": (lambda d: _rewrite(d / "part-000001.nc", squared_gradient=_with((1, 1), np.nan)), "is nan at step 4, block 1"),
    "inf": (lambda d: _rewrite(d / "part-000001.nc", loss=_with(0, np.inf)), "loss is inf at step 3"),
    "negative": (lambda d: _rewrite(d / "part-000001.nc", learning_rate=_with((0, 0), -1.0)), "-1.0 at step 3, block 0"),
    "single precision": (lambda d: _rewrite(d / "part-000001.nc", loss=np.float32), "not known in this form"),
    "text": (lambda d: _rewrite(d / "part-000001.nc", loss=lambda x: x.astype("S1")), "not known in this form|sizes"),
    "empty": (lambda d: [p.unlink() for p in d.glob("part*")], "the trace is empty"),
    "no run": (lambda d: (d / "run.json").unlink(), "no trace here"),
    "no JSON": (lambda d: (d / "run.json").write_text("{"), "no valid JSON"),
    "deep JSON": (lambda d: (d / "run.json").write_text("[" * 100_000), "no valid JSON"),
    "foreign JSON": (lambda d: (d / "run.json").write_text('{"name": "package"}'), "foreign"),
    "a FIFO or a directory": (lambda d: (d / "part-000003.nc").mkdir(), "no regular file"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_one_line(tmp_path, damage):
    directory = write(tmp_path / "t", arrays(9), [0, 3, 6, 9])
    harm, message = DAMAGE[damage]
    harm(directory)
    with pytest.raises(ValueError, match=message) as caught:
        load_trace(directory)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("schema_version", 2, "schema version 2"),
        ("facts", [], "facts"),
        ("blocks", [], "blocks"),
        ("blocks", ["conv1"] * 2, "every entry is an object"),
        ("blocks", [{"name": "../../etc/passwd", "layer": "a", "dimension": 1}] * 2, "looks like a path"),
        ("blocks", [{"name": "/etc/passwd", "layer": "a", "dimension": 1}] * 2, "looks like a path"),
        ("blocks", [{"name": "a", "layer": "..\\a", "dimension": 1}] * 2, "looks like a path"),
        ("blocks", [{"name": "a\nb", "layer": "a", "dimension": 1}] * 2, "control characters"),
        ("blocks", [{"name": "a" * 300, "layer": "a", "dimension": 1}] * 2, "no name"),
        ("blocks", [{"name": "a", "layer": "a", "dimension": 1}] * 2, "unique"),
        ("blocks", [{"name": "a", "layer": "a", "dimension": -1}] * 2, "dimension"),
        ("blocks", [{"name": "a", "layer": "a", "dimension": 1}], "sizes"),
        ("provenance", [], "provenance is of the wrong kind"),
        ("status", 1, "status is of the wrong kind"),
        ("processes", "two", "processes is of the wrong kind"),
        ("optimizers", "SGD", "optimizers is of the wrong kind"),
        ("arithmetic", 32, "arithmetic is of the wrong kind"),
        ("events", {}, "events is of the wrong kind"),
        ("events", ["lost"], "events: every entry is an object"),
        ("events", [{"step": "1", "kind": "lost", "text": "a"}], "events: every entry is an object"),
    ],
)
def test_a_wrong_run_file_is_refused(tmp_path, key, value, message):
    directory = write(tmp_path / "t", arrays(3), [0, 3])
    run = json.loads((directory / "run.json").read_text())
    (directory / "run.json").write_text(json.dumps({**run, key: value}))
    with pytest.raises(ValueError, match=message) as caught:
        load_trace(directory)
    assert "\n" not in str(caught.value)


def test_an_empty_trace_says_what_was_lost(tmp_path):
    directory = write(tmp_path / "t", arrays(3), [0, 3])
    (directory / "part-000000.nc").unlink()
    run = json.loads((directory / "run.json").read_text())
    event = {"step": 0, "kind": "lost", "text": "12 steps that were not written"}
    (directory / "run.json").write_text(json.dumps({**run, "events": [event]}))
    with pytest.raises(ValueError, match=r"the trace is empty \(12 steps that were not written\)"):
        load_trace(directory)


@pytest.mark.parametrize("limit", ["RUN_FILE_LIMIT", "PART_LIMIT", "TRACE_LIMIT"])
def test_large_files_are_not_read(tmp_path, monkeypatch, limit):
    directory = write(tmp_path / "t", arrays(3), [0, 3])
    monkeypatch.setattr(trace, limit, 100)
    with pytest.raises(ValueError, match="100 bytes"):
        load_trace(directory)


def test_the_writer_refuses_wrong_shapes(tmp_path):
    whole = arrays(3)
    with pytest.raises(ValueError, match="loss: shape"):
        TraceWriter(tmp_path, 2).append({**whole, "loss": whole["loss"][:2]})
    assert not list(tmp_path.iterdir())


def test_torch_is_not_imported(tmp_path):
    directory = write(tmp_path / "t", arrays(3), [0, 3])
    code = "import sys; from ratetheory.observation import load_trace; load_trace(sys.argv[1]); print('torch' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code, str(directory)], capture_output=True, text=True, check=True).stdout
        == "False\n"
    )


LOG = """step,block,squared_norm,squared_gradient,learning_rate,loss
5,a,1.0,0.5,0.1,2.0
5,b,2.0,0.25,0.1,2.0
6,b,2.5,1.0,0.1,1.5
6,a,4.0,0.125,0.1,1.5
7,a,4.25,,0.1,
7,b,3.0,,0.1,
"""


def _csv(tmp_path, text=LOG):
    path = tmp_path / "log.csv"
    path.write_text(text)
    return path


def test_a_log_becomes_a_trace(tmp_path):
    loaded = load_csv(_csv(tmp_path), "w")
    assert loaded.dataset["squared_norm"].values.tolist() == [[1, 2], [4, 2.5], [4.25, 3]]
    assert loaded.dataset["squared_gradient"].values.tolist() == [[0.5, 0.25], [0.125, 1]]
    assert loaded.dataset["loss"].values.tolist() == [2, 1.5]
    assert loaded.dataset["step"].values.tolist() == [5, 6]
    assert loaded.dataset["state"].values.tolist() == [5, 6, 7]
    elsewhere = load_csv(_csv(tmp_path, LOG.replace("6,b,2.5,1.0,0.1,1.5", "6,b,2.5,1.0,0.1,")), "w")
    assert elsewhere.dataset["loss"].values.tolist() == [2, 1.5]
    assert loaded.facts["constant_rate"] is True
    assert "gradient_step" not in loaded.facts


def test_the_gradient_at_normalised_weights_is_divided_by_the_squared_norm(tmp_path):
    values = load_csv(_csv(tmp_path), "normalised").dataset["squared_gradient"].values
    assert values.tolist() == [[0.5, 0.125], [0.125 / 4, 0.4]]


def test_a_changing_rate_and_given_facts_are_said(tmp_path):
    changed = LOG.replace("6,a,4.0,0.125,0.1", "6,a,4.0,0.125,0.2")
    assert load_csv(_csv(tmp_path, changed), "w", {"gradient_step": True}).facts["constant_rate"] is False
    assert load_csv(_csv(tmp_path, changed), "w", {"gradient_step": True}).facts["gradient_step"] is True


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("squared_norm", "norm", "column squared_norm is missing"),
        ("5,a,1.0", "5,../a,1.0", "looks like a path"),
        ("5,a,1.0", "5,a,one", "squared_norm 'one' is no number"),
        ("5,a,1.0", "5,a,nan", "squared_norm is nan at state 5, block 0"),
        ("5,a,1.0", "5,a,-1", "squared_norm is -1.0"),
        ("5,a,1.0", "5,a,0", "squared_norm is 0.0"),
        ("5,a,1.0,0.5", "5,a,1.0,", "squared_gradient is nan"),
        ("5,a,1.0", "x,a,1.0", "line 2: step 'x' is none"),
        ("6,b,2.5", "6,b,inf", "squared_norm is inf at state 6, block 1"),
        ("5,b", "5,a", "stands twice"),
        ("5,b,2.0,0.25,0.1,2.0", "5,b,2.0,0.25,0.1,2.1", "step 5: loss is 2.0 in the row of 'a', 2.1 in that of 'b'"),
        ("6,b,2.5,1.0,0.1,1.5", "6,b,2.5,1.0,0.1,1.5,9", "line 4: more fields than the 6 columns"),
        ("5,b", "5,c", "other blocks"),
        ("5,", "3,", "step 4 is missing"),
        (LOG[66:], "", "steps; two at least"),
        ("5,a,1.0", "5,\x00", "line|CSV|control"),
    ],
)
def test_a_bad_log_is_one_line(tmp_path, old, new, message):
    assert old in LOG
    with pytest.raises(ValueError, match=message) as caught:
        load_csv(_csv(tmp_path, LOG.replace(old, new)), "w")
    assert "\n" not in str(caught.value)


def test_other_bad_arguments_of_a_log(tmp_path, monkeypatch):
    elsewhere: Any = "there"
    with pytest.raises(ValueError, match="gradient_at: 'there' is not known; w, normalised"):
        load_csv(_csv(tmp_path), elsewhere)
    with pytest.raises(ValueError, match="no regular file"):
        load_csv(tmp_path, "w")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00step")
    with pytest.raises(ValueError, match="no readable CSV"):
        load_csv(tmp_path / "b.csv", "w")
