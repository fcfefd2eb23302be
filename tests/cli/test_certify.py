"""certify on the command line: what it prints, its exit codes, and one line for everything that is bad."""

import json
import zipfile
from itertools import pairwise

import numpy as np
import pytest
import torch

from ratetheory.observation.families import Blocks, Family, Member, save_blocks
from tests.cli.run import ratetheory, refused


class Payload:
    def __reduce__(self):
        return (print, ("code ran",))


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    w, v = torch.as_tensor(rng.normal(size=(4, 3, 2))), torch.as_tensor(rng.normal(size=(2, 5)))
    paths = [str(tmp_path / f"{k}.pt") for k in range(3)]
    for k, path in enumerate(paths):
        grown = torch.tensor([1.0, 1.01, 1.02, 1.03], dtype=torch.float64)[:, None, None] ** k
        torch.save({"state_dict": {"conv.weight": w * grown, "fc.weight": v * 1.1**k}, "epoch": k}, path)
    return paths


@pytest.fixture
def table(tmp_path):
    conv = Family("conv.weight", "alone", "filter", 4, 6, (Member("conv.weight", 0, 0, 4),), "batch norm", (0,))
    fc = Family("fc.weight", "not", "filter", 2, 5, (Member("fc.weight", 0, 0, 2),), "nothing normalises it")
    save_blocks(Blocks((conv, fc)), tmp_path / "blocks.json")
    return str(tmp_path / "blocks.json")


RATE = ("--steps", "10", "--learning-rate", "0.1")


def test_layers_filters_and_all_are_printed_with_what_they_are_conditional_on(files, table):
    result = ratetheory("certify", files[0], files[1], *RATE, "--blocks", table)
    assert (result.code, result.err) == (0, "")
    for text in (
        "10 steps, learning rate 1/10, weight decay 0, momentum 0, weights in float64",
        "3 held, 1 not applicable",
        "not applicable: conv.weight[0]: dead in the table",
        "left out: fc.weight: not scale-invariant (nothing normalises it)",
        "trust: certified, by claim schedule-certificate, conditional on checkpoints, steps, learning_rate",
        "exact invariance",
        "no-momentum",
    ):
        assert text in result.out
    rows = ratetheory("certify", files[0], files[1], *RATE, "--blocks", table, "--granularity", "filter").out
    assert "conv.weight[1]  held" in rows
    assert "3 held" in ratetheory("certify", files[0], files[1], *RATE, "--blocks", table, "--granularity", "all").out


def test_json_has_every_filter_with_provenance_and_ends_rounded_outwards(files, table):
    result = ratetheory("certify", *files[:2], *RATE, "--blocks", table, "--granularity", "filter", "--json")
    content = json.loads(result.out)
    assert result.code == 0
    assert content["provenance"]["version"]
    assert content["trust"] == "certified"
    assert {"scale-invariance", "no-momentum", "steps"} <= set(content["conditional_on"])
    assert [row["status"] for row in content["rows"]] == ["not applicable", "held", "held", "held"]
    assert all(row["granularity"] == "filter" for row in content["rows"])
    w = torch.load(files[0])["state_dict"]["conv.weight"][3].numpy()
    S = np.sum(w**2)
    low, high = content["rows"][3]["mean_squared_gradient"]
    assert float(low) == pytest.approx(S**2 * (1.03**2 - 1) / (0.01 * 10), rel=1e-11)
    assert float(high) == pytest.approx(S**2 * (1.03**4 - 1) / (2 * 0.01 * 10), rel=1e-11)
    assert content["rows"][3]["least_squared_gradient"] == ["0", high]
    assert float(content["rows"][3]["least_gradient_norm"]) == pytest.approx(float(high) ** 0.5)
    layer = json.loads(ratetheory("certify", *files[:2], *RATE, "--blocks", table, "--json").out)["rows"][0]
    worst = max(content["rows"][1:], key=lambda row: float(row["mean_squared_gradient"][1]))
    assert layer["worst"]["block"] == worst["block"]
    assert layer["statuses"] == {"not applicable": 1, "held": 3}
    whole = json.loads(ratetheory("certify", *files[:2], *RATE, "--blocks", table, "--json", "--granularity", "all").out)
    ends = [row["mean_squared_gradient"] for row in content["rows"][1:]]
    assert float(whole["rows"][0]["mean_squared_gradient"][1]) == pytest.approx(sum(float(high) for _, high in ends))


def test_schedules_windows_and_decay(files, tmp_path):
    schedule = tmp_path / "s.csv"
    schedule.write_text("step,learning_rate\n" + "".join(f"{t},{0.1 * (t + 1)}\n" for t in range(5, 30)))
    tensor = ("--tensor", "conv.weight:filter")
    result = ratetheory("certify", *files, "--steps", "10,10", "--schedule", str(schedule), "--first-step", "7", *tensor)
    assert result.code == 0
    assert "10 + 10 steps" in result.out
    assert "the mean is weighted: of 20 steps it sees about" in result.out
    assert "unchanged bit for bit" in result.out
    decayed = ratetheory("certify", *files[:2], *RATE, "--weight-decay", "0.5", "--tensor", "fc.weight")
    assert decayed.code == 0
    assert "of 10 steps it sees about" in decayed.out
    twice = ratetheory(
        "certify", *files[:2], "--steps", "10", "--schedule", str(schedule), "--weight-decay", "0.5", *tensor[:1], "fc.weight"
    )
    assert twice.code == 0


def test_exit_codes_of_what_is_not_certified(files, table):
    violated = ratetheory("certify", files[1], files[0], *RATE, "--tensor", "fc.weight")
    assert violated.code == 1
    assert "violated: fc.weight: |w|^2 fell to" in violated.out
    assert "look for momentum" in violated.out
    assert "trust: certified" not in violated.out
    momentum = ratetheory("certify", *files[:2], *RATE, "--tensor", "fc.weight", "--momentum", "0.9")
    assert momentum.code == 3
    assert "undecided: fc.weight: there is momentum" in momentum.out
    assert "trust: certified" not in momentum.out
    asked = ratetheory("certify", *files[:2], *RATE, "--tensor", "fc.weight", "--blocks", table)
    assert asked.code == 3
    assert "undecided: fc.weight[0] and 1 more: not scale-invariant" in asked.out
    coarse = ratetheory("certify", *files[:2], *RATE, "--tensor", "conv.weight:filter", "--precision", "bfloat16")
    assert coarse.code == 3
    assert "not resolvable: conv.weight[1] and 2 more: rounding" in coarse.out
    unchanged = ratetheory("certify", files[0], files[0], *RATE, "--tensor", "fc.weight")
    assert unchanged.code == 3
    assert "exact steps would mean 0 <= sum |G|^2 <= 0" in unchanged.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "10"], "learning_rate: neither learning_rate nor schedule"),
        ([*RATE, "--schedule", "s.csv"], "both learning_rate and schedule"),
        (["--learning-rate", "0.1"], "Missing option '--steps'"),
        (["--steps", "0", "--learning-rate", "0.1"], "steps: '0' is not allowed"),
        (["--steps", "1.5", "--learning-rate", "0.1"], "steps: '1.5' is not allowed"),
        (["--steps", "ten", "--learning-rate", "0.1"], "steps: 'ten' is not a number"),
        (["--steps", "5,5", "--learning-rate", "0.1"], "steps: 2 is not allowed; allowed: one number between each two"),
        (["--steps", "5", "--learning-rate", "0"], "learning_rate: '0' is not allowed"),
        (["--steps", "5", "--learning-rate", "nan"], "learning_rate: 'nan' is not a number"),
        ([*RATE, "--weight-decay", "10"], "learning_rate times weight_decay: '1' is not allowed"),
        ([*RATE, "--weight-decay", "-1"], "weight_decay: '-1' is not allowed"),
        ([*RATE, "--momentum", "1"], "momentum: '1' is not allowed"),
        ([*RATE, "--precision", "int8"], "precision: 'int8' is not allowed"),
        ([*RATE, "--first-step", "3"], "first_step: '3' is not allowed"),
        ([*RATE, "--granularity", "row"], "'row' is not one of"),
    ],
)
def test_bad_options_are_one_line(arguments, message, files):
    assert message in refused("certify", *files[:2], *arguments, "--tensor", "fc.weight")


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ([], "blocks: 'none' is not allowed; allowed: a table of blocks, or the names of tensors"),
        (["nowhere"], "there is no tensor 'nowhere'; of 2 there are 'conv.weight', 'fc.weight'"),
        (["../conv.weight"], "there is no tensor '../conv.weight'"),
        (["fc.weight", "fc.weight:filter"], "each tensor once"),
        (["</script><img src=x onerror=alert(1)>"], "there is no tensor '</script>"),
    ],
)
def test_bad_names_are_one_line(tensors, message, files):
    assert message in refused("certify", *files[:2], *RATE, *(x for name in tensors for x in ("--tensor", name)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,0.1\n2,0.1\n", "step 0 is followed by 2"),
        ("0,nan\n", "'nan' is not a number"),
        ("".join(f"{t},0.1\n" for t in range(9)), "steps 0 to 9 are asked for; it has 0 to 8"),
        ("".join(f"{t},0\n" for t in range(10)), "learning_rate: '0 at every step'"),
    ],
)
def test_bad_schedules_are_one_line(text, message, files, tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("step,learning_rate\n" + text)
    assert message in refused("certify", *files[:2], "--steps", "10", "--schedule", str(path), "--tensor", "fc.weight")
    path.write_text("step,learning_rate,weight_decay\n" + "".join(f"{t},0.1,0.{t}\n" for t in range(10)))
    both = ("--schedule", str(path), "--weight-decay", "0.1", "--tensor", "fc.weight")
    assert "the schedule has a column of that name" in refused("certify", *files[:2], "--steps", "10", *both)


def test_bad_checkpoints_are_one_line(files, tmp_path, capfd):
    def message(last, name="fc.weight"):
        return refused("certify", files[0], str(last), *RATE, "--tensor", name)

    assert "no regular file" in message(tmp_path / "missing.pt")
    assert "no regular file" in message(tmp_path)
    bad = tmp_path / "bad.pt"
    bad.write_bytes(b"nothing")
    assert "corrupt, or not written by torch" in message(bad)
    torch.save({"fc.weight": Payload()}, bad)
    assert "corrupt, or more than tensors" in message(bad)
    assert "code ran" not in capfd.readouterr().out
    with zipfile.ZipFile(files[1]) as stored, zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as compressed:
        for entry in stored.namelist():
            compressed.writestr(entry, stored.read(entry))
    assert "compressed" in message(bad)
    for entries, text in [
        (torch.ones(3, 5), "fc.weight has shape (3, 5), before (2, 5)"),
        (torch.full((2, 5), torch.nan), "bad.pt: fc.weight: block fc.weight has entries that are not finite"),
        (torch.tensor([[1.0] * 5, [torch.inf] * 5]), "entries that are not finite"),
        (torch.ones(2, 5, dtype=torch.int32), "fc.weight is int32, strided; allowed: dense float16"),
    ]:
        torch.save({"fc.weight": entries}, bad)
        assert text in message(bad)
    assert "checkpoints: 1 is not allowed" in refused("certify", files[0], *RATE, "--tensor", "fc.weight")
    assert "Missing argument" in refused("certify", *RATE)


def test_blocks_that_are_zero_leave_the_others_certified(files, tmp_path):
    zero = [str(tmp_path / f"zero-{k}.pt") for k in range(2)]
    for path, file in zip(zero, files, strict=False):
        torch.save({"fc.weight": torch.load(file)["state_dict"]["fc.weight"] * torch.tensor([[1.0], [0.0]])}, path)
    for first, last, where in [(files[0], zero[1], zero[1]), (zero[0], files[1], zero[0]), (*zero, zero[0])]:
        result = ratetheory("certify", first, last, *RATE, "--tensor", "fc.weight:filter")
        assert result.code == 0
        assert "1 held, 1 not applicable" in result.out
        assert f"not applicable: fc.weight[1]: zero in {where}: a norm above 0 is needed" in result.out
        rows = json.loads(
            ratetheory("certify", first, last, *RATE, "--tensor", "fc.weight:filter", "--granularity", "filter", "--json").out
        )["rows"]
        assert [row["mean_squared_gradient"] is None for row in rows] == [False, True]


def test_what_is_printed_is_short_and_says_nothing_of_decay_that_is_not_there(files, tmp_path):
    many = ("--steps", "1000000000000000", "--learning-rate", "1e-4000")
    tiny = ratetheory("certify", *files[:2], *many, "--tensor", "fc.weight")
    assert "learning rate 1E-4000, weight decay 0" in tiny.out
    assert max(map(len, tiny.out.splitlines())) < 300
    (tmp_path / "s.csv").write_text("step,learning_rate\n0,0.1\n1,0.9\n")
    rising = ("certify", *files[:2], "--steps", "2", "--schedule", str(tmp_path / "s.csv"), "--tensor", "fc.weight")
    plain, decayed = ratetheory(*rising), ratetheory(*rising, "--weight-decay", "0.1")
    assert "the mean is weighted: of 2 steps" in plain.out
    assert "with decay the last ones" not in plain.out
    assert "SGD without momentum or decay, one learning rate" in plain.out
    assert "with decay the last ones" in decayed.out
    assert "decay coupled" in decayed.out


@pytest.mark.parametrize("rate", ["1e400", "1e-400"])
def test_what_eps_may_shift_is_known_beyond_the_range_of_floats(rate, files, tmp_path):
    conv = Family("conv.weight", "alone", "filter", 4, 6, (Member("conv.weight", 0, 0, 4),), "so", defects=(1e-9,) * 4)
    save_blocks(Blocks((conv,)), tmp_path / "b.json")
    arguments = ("--steps", "10", "--blocks", str(tmp_path / "b.json"), "--tensor", "conv.weight")
    usual, far = (ratetheory("certify", *files[:2], "--learning-rate", eta, *arguments) for eta in ("1", rate))
    (one,), (other,) = ([line for line in r.out.splitlines() if "eps of the normalisations" in line] for r in (usual, far))
    assert one == other
    assert "nan" not in one


def test_control_characters_of_names_are_escaped(files, tmp_path):
    name, paths = "fc\x1b[31m\u202eweight", []
    for k in range(2):
        directory = tmp_path / "\x1b[2Jrun"
        directory.mkdir(exist_ok=True)
        paths.append(str(directory / f"{k}.pt"))
        torch.save({name: torch.ones(2, 3) * (1 + k)}, paths[-1])
    for granularity in ("filter", "layer", "all"):
        result = ratetheory("certify", *paths, *RATE, "--tensor", f"{name}:filter", "--granularity", granularity)
        assert result.code == 0
        assert "\\x1b[2Jrun" in result.out
        assert "\x1b" not in result.out
        assert "\u202e" not in result.out
        assert granularity == "all" or "fc\\x1b[31m\\u202eweight" in result.out
    torch.save({name: torch.full((2, 3), torch.nan)}, paths[1])
    error = refused("certify", *paths, *RATE, "--tensor", name)
    assert "\\x1b[2Jrun" in error
    assert "\x1b" not in error


def test_many_rows_of_a_schedule_and_many_filters_take_seconds(tmp_path):
    import time

    count, rng = 20_000, np.random.default_rng(0)
    rates = 0.1 * (1 + np.cos(np.pi * np.arange(count) / count)) / 2
    (tmp_path / "s.csv").write_text(
        "step,learning_rate,weight_decay\n" + "".join(f"{t},{eta!r},5e-4\n" for t, eta in enumerate(rates.tolist()))
    )
    w = rng.normal(size=(1000, 500)).astype(np.float32)
    for k in range(2):
        torch.save({"w": torch.as_tensor(w * (1 + k))}, tmp_path / f"{k}.pt")
    start = time.perf_counter()
    arguments = ("--steps", str(count), "--schedule", str(tmp_path / "s.csv"), "--tensor", "w:filter")
    result = ratetheory("certify", *(str(tmp_path / f"{k}.pt") for k in range(2)), *arguments)
    assert result.code == 0
    assert time.perf_counter() - start < 10
    low, high = (float(x) for x in result.out.split("[")[1].split("]")[0].split(","))
    assert all(a < b for a, b in pairwise((0, low, high)))
