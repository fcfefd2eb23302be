"""Traces: what a run recorded, in an open format that is safe to read. No torch here.

A trace is a directory: ``run.json`` (schema, specification, block table, provenance, facts) and the numbered parts
``part-000000.nc``, ``part-000001.nc``, … (NetCDF-3). A part holds n steps: variables over (``step``, ``block``), and
``squared_norm`` over (``state``, ``block``) with n + 1 values, the last of which is the first of the next part. Parts are
written under a temporary name, synced and renamed, so what carries the final name is complete.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ratetheory.files import write_file

if TYPE_CHECKING:
    import xarray as xr

SCHEMA = "ratetheory-trace"
SCHEMA_VERSION = 1
RUN_FILE_LIMIT = 16 * 2**20
"""Largest ``run.json`` that is read, in bytes."""
PART_LIMIT = 64 * 2**20
"""Largest part that is read, in bytes."""
TRACE_LIMIT = 4 * 2**30
"""Largest sum of the parts that is read, in bytes."""
NAME_LIMIT = 200
"""Longest name of a block, in characters."""


@dataclass(frozen=True)
class Variable:
    """A recorded quantity: its dimensions, meaning and unit ("1": a pure number)."""

    dimensions: tuple[str, ...]
    meaning: str
    unit: str = "1"
    required: bool = False


_STEPS = ("step", "block")

VARIABLES: dict[str, Variable] = {
    "loss": Variable(("step",), "loss f_t(w_t) before the step, of the minibatch if the run uses minibatches", "nat"),
    "squared_norm": Variable(("state", "block"), "|w_t|^2 before step t, and after the last step", "weight^2", True),
    "squared_gradient": Variable(
        _STEPS, "|grad f_t(w_t)|^2 at w_t itself, not at the normalised weights", "nat^2/weight^2", True
    ),
    "learning_rate": Variable(_STEPS, "learning rate eta_t of the block", "weight^2/nat", True),
    "radial": Variable(_STEPS, "measured <w_t, grad f_t(w_t)>", "nat"),
    "radial_predicted": Variable(
        _STEPS,
        "<w_t, grad f_t(w_t)> by the eps law: eps/(var + eps) sum <df/dz, z>, z the normalised output; the measured one where "
        "radial_error is 0, as no law is known",
        "nat",
    ),
    "angle": Variable(_STEPS, "measured angle between w_t and w_{t+1}; 0 where one of them is 0", "radian"),
    "off_circle": Variable(_STEPS, "|v_{t+1} - (cos(theta) v_t - sin(theta) G/|G|)|, theta = arctan(eta |grad|/|w|)"),
    "growth_error": Variable(
        _STEPS,
        "bound on |S_{t+1} - (S_t - 2 eta radial + eta^2 squared_gradient)| due to rounding: the stored weights and the sums",
        "weight^2",
    ),
    "squared_gradient_error": Variable(_STEPS, "bound on the rounding of squared_gradient", "nat^2/weight^2"),
    "radial_error": Variable(_STEPS, "allowance for the rounding of the gradient in radial - radial_predicted", "nat"),
    "direction_error": Variable(
        _STEPS, "bound on the rounding of angle and of off_circle; pi where a norm is 0 and there is no direction", "radian"
    ),
    "update_radial": Variable(_STEPS, "measured <w_t, u_t>, u_t = w_{t+1} - w_t", "weight^2"),
    "squared_update": Variable(_STEPS, "measured |u_t|^2", "weight^2"),
    "plan_radial": Variable(
        _STEPS, "<w_t, p_t>, p_t the update that the optimiser's rule makes of gradient, state, weights", "weight^2"
    ),
    "squared_plan": Variable(_STEPS, "|p_t|^2", "weight^2"),
    "off_rule": Variable(_STEPS, "|u_t - p_t|", "weight"),
    "off_rule_error": Variable(
        _STEPS, "allowance for the rounding of off_rule: of the optimiser and of the stored weights", "weight"
    ),
    "defect_radial": Variable(_STEPS, "part of the predicted defect that is due to radial_predicted", "weight^2"),
    "defect_decay": Variable(_STEPS, "part of the predicted defect that is due to weight decay", "weight^2"),
    "defect_rule": Variable(_STEPS, "rest of the predicted defect: momentum, or another rule than a gradient step", "weight^2"),
    "defect_error": Variable(_STEPS, "allowance for the rounding of the predicted defect", "weight^2"),
    "gradient_factor": Variable(
        ("step",),
        "factor between the gradients of the backward passes and those of the optimiser: scaling, clipping, averaging",
    ),
    "gradient_proportional": Variable(
        ("step",), "0 where the optimiser's gradients are seen not to be gradient_factor times those of the backward passes"
    ),
    "family_factor": Variable(
        _STEPS,
        "factor of the gradients of the block's family beside gradient_factor: clipping by groups; 1 where none is shown",
    ),
    "backward_passes": Variable(("step",), "backward passes since the step before"),
    "dead": Variable(_STEPS, "1 where every entry of the gradient is zero"),
    "scale_variant_squared_gradient": Variable(
        ("step",), "|grad_g f_t|^2 over all trained scale-variant parameters g", "nat^2/weight^2"
    ),
}


@dataclass(frozen=True)
class Trace:
    """A recorded run.

    ``dataset``: T steps, T + 1 states, m blocks; each variable carries ``meaning`` and ``unit``. ``run``: the content of
    ``run.json``. ``facts``: what the run says of itself, as the hypotheses of the claims read it.
    """

    dataset: xr.Dataset
    run: dict[str, Any]
    facts: dict[str, Any]


def check_name(name: object, what: str) -> str:
    """The name itself if it is text to show and no path; ``ValueError`` otherwise."""
    if not isinstance(name, str) or not 0 < len(name) <= NAME_LIMIT:
        raise ValueError(f"{what}: {str(name)[:40]!r} is no name: text of 1 to {NAME_LIMIT} characters is allowed")
    if not name.isprintable():
        raise ValueError(f"{what}: {name[:40]!r} has control characters; printable text is allowed")
    if name.startswith(("/", "\\", "~")) or "../" in name or "..\\" in name or name in (".", ".."):
        raise ValueError(f"{what}: {name[:40]!r} looks like a path; names without '../' and leading separators are allowed")
    return name


def write_run(directory: Path, run: Mapping[str, Any]) -> None:
    """Write ``run.json``, adding schema and variable table."""
    table = {name: {"dimensions": v.dimensions, "meaning": v.meaning, "unit": v.unit} for name, v in VARIABLES.items()}
    content = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **run, "variables": table}
    write_file(directory / "run.json", (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())


def part_name(number: int) -> str:
    """The file name of a part."""
    return f"part-{number:06d}.nc"


class TraceWriter:
    """Appends parts to a trace directory; ``parts`` and ``steps`` say how much is written already."""

    def __init__(self, directory: Path, blocks: int, parts: int = 0, steps: int = 0) -> None:
        self.directory, self.blocks, self.parts, self.steps = directory, blocks, parts, steps

    def append(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Write one part: arrays by variable, with n steps and n + 1 states; ``ValueError`` if a shape is wrong."""
        import xarray as xr

        length = len(arrays["squared_norm"]) - 1
        shapes = {"step": length, "state": length + 1, "block": self.blocks}
        data = {}
        for name, values in arrays.items():
            expected = tuple(shapes[d] for d in VARIABLES[name].dimensions)
            if values.shape != expected:
                raise ValueError(f"{name}: shape {values.shape} does not fit; {expected} is expected")
            attributes = {"meaning": VARIABLES[name].meaning, "unit": VARIABLES[name].unit}
            data[name] = (VARIABLES[name].dimensions, np.asarray(values, dtype=np.float64), attributes)
        dataset = xr.Dataset(data, attrs={"schema_version": SCHEMA_VERSION, "first_step": self.steps})
        content = dataset.to_netcdf(engine="scipy", format="NETCDF3_64BIT")
        write_file(self.directory / part_name(self.parts), bytes(content))
        self.parts += 1
        self.steps += length


_OPTIONAL = {"provenance": dict, "status": str, "processes": int, "optimizers": list, "arithmetic": list, "events": list}


def read_run(directory: Path) -> dict[str, Any]:
    """The content of ``run.json``, checked; ``ValueError`` if the directory is not a trace that this version reads."""
    path = directory / "run.json"
    if not path.is_file():
        raise ValueError(f"{directory}: no trace here; a directory with run.json and part-000000.nc, ... is expected")
    if path.stat().st_size > RUN_FILE_LIMIT:
        raise ValueError(f"{path}: larger than {RUN_FILE_LIMIT} bytes, the most that is read")
    try:
        run = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: no valid JSON ({type(error).__name__})") from error
    if not isinstance(run, dict) or run.get("schema") != SCHEMA:
        raise ValueError(f"{path}: a foreign file; schema {SCHEMA!r} is expected")
    if run.get("schema_version") != SCHEMA_VERSION:
        version = str(run.get("schema_version"))[:20]
        raise ValueError(f"{path}: schema version {version} is not known; version {SCHEMA_VERSION} is read")
    for key, kind in (("blocks", list), ("facts", dict), ("specification", dict)):
        if not isinstance(run.get(key), kind):
            raise ValueError(f"{path}: {key} is missing or of the wrong kind; a {kind.__name__} is expected")
    for key, optional in _OPTIONAL.items():
        if key in run and not isinstance(run[key], optional):
            raise ValueError(f"{path}: {key} is of the wrong kind; a {optional.__name__} is expected")
    for key, value in run["facts"].items():
        if not key.isprintable() or (isinstance(value, str) and not (value.isprintable() and len(value) <= NAME_LIMIT)):
            raise ValueError(f"{path}: facts: a text that cannot be printed; {NAME_LIMIT} printable characters are allowed")
    block_names(run["blocks"], path)
    for event in run.get("events", []):
        fields = event if isinstance(event, dict) else {}
        if not (
            isinstance(fields.get("step"), int) and isinstance(fields.get("kind"), str) and isinstance(fields.get("text"), str)
        ):
            raise ValueError(f"{path}: events: every entry is an object with step, kind, text")
    return run


def block_names(blocks: Sequence[Any], path: Path) -> list[str]:
    """The names in a block table, checked: names, unique, at least one, with their layers."""
    for block in blocks:
        if not isinstance(block, dict):
            raise ValueError(f"{path}: blocks: every entry is an object with name, layer, dimension")
        check_name(block.get("layer"), f"{path}: layer")
        dimension = block.get("dimension")
        if not isinstance(dimension, int) or dimension < 1:
            raise ValueError(f"{path}: blocks: dimension {str(dimension)[:20]} is none; a positive integer is allowed")
    names = [check_name(block.get("name"), f"{path}: block") for block in blocks]
    if not names or len(set(names)) != len(names):
        raise ValueError(f"{path}: blocks: names must be unique, and there must be one at least")
    return names


def part_paths(directory: Path) -> list[Path]:
    """The complete parts in order; ``ValueError`` if one in the middle is missing."""
    found = sorted(path.name for path in directory.glob("part-*.nc"))
    for number, name in enumerate(found):
        if name != part_name(number):
            raise ValueError(f"{directory}: {part_name(number)} is missing, but {name} exists")
    return [directory / name for name in found]


def _read_part(path: Path, blocks: int) -> xr.Dataset:
    import xarray as xr

    if not path.is_file() or path.stat().st_size > PART_LIMIT:
        raise ValueError(f"{path}: no regular file of at most {PART_LIMIT} bytes")
    content = path.read_bytes()
    if content[:4] not in (b"CDF\x01", b"CDF\x02"):
        raise ValueError(f"{path}: no NetCDF-3 file")
    try:
        with xr.open_dataset(io.BytesIO(content), engine="scipy", decode_cf=False) as opened:
            part = opened.load()
    except Exception as error:  # the readers raise whatever a corrupt header leads them to
        raise ValueError(f"{path}: corrupt ({type(error).__name__})") from error
    if not np.array_equal(part.attrs.get("schema_version", -1), SCHEMA_VERSION):
        raise ValueError(f"{path}: schema version is not known; version {SCHEMA_VERSION} is read")
    _check_variables(path, part, blocks)
    return part


def _check_variables(path: Path, part: xr.Dataset, blocks: int) -> None:
    missing = [name for name, v in VARIABLES.items() if v.required and name not in part]
    if missing:
        raise ValueError(f"{path}: variable {missing[0]} is missing")
    length = part.sizes.get("step", 0)
    if length < 1 or part.sizes.get("state") != length + 1 or part.sizes.get("block") != blocks:
        raise ValueError(f"{path}: sizes {dict(part.sizes)} do not fit; n steps, n + 1 states, {blocks} blocks are expected")
    for name, variable in part.data_vars.items():
        known = VARIABLES.get(str(name))
        if known is None or variable.dims != known.dimensions or variable.dtype.kind + str(variable.dtype.itemsize) != "f8":
            raise ValueError(f"{path}: variable {str(name)[:40]!r} is not known in this form; float64 by the table is expected")


def check_values(dataset: xr.Dataset, source: str, zero_norms: bool = False) -> None:
    """``ValueError`` naming the first value that is not finite, or negative where the variable cannot be.

    Norms of zero, as of pruned filters, are allowed only with ``zero_norms``.
    """
    for name, variable in dataset.data_vars.items():
        bad = np.argwhere(~np.isfinite(variable.values))
        if not len(bad) and (str(name) in ("squared_gradient", "learning_rate") or str(name).endswith("_error")):
            bad = np.argwhere(variable.values < 0)
        elif not len(bad) and name == "squared_norm":
            bad = np.argwhere(variable.values < 0 if zero_norms else variable.values <= 0)
        if len(bad):
            value = variable.values[tuple(bad[0])]
            # blocks by their numbers, states and steps by their own
            shown = [i if d == "block" else variable[d].values[i] for d, i in zip(variable.dims, bad[0].tolist(), strict=True)]
            place = ", ".join(f"{d} {i}" for d, i in zip(variable.dims, shown, strict=True))
            raise ValueError(f"{source}: {name} is {value} at {place}; finite numbers of its sign are allowed")


def load_trace(path: str | Path) -> Trace:
    """Load all complete parts of a trace directory.

    A missing tail is fine. ``ValueError``: a foreign directory, an unknown schema, a corrupt or missing middle part, parts
    that do not continue each other, no part at all, non-finite values, or files beyond ``PART_LIMIT``, ``TRACE_LIMIT``.
    """
    import xarray as xr

    directory = Path(path)
    run = read_run(directory)
    names = block_names(run["blocks"], directory / "run.json")
    paths = part_paths(directory)
    if not paths:
        diverged = f" (the run diverged at step {run.get('diverged_at_step')})" if run.get("status") == "diverged" else ""
        lost = "".join(f" ({event['text']})" for event in run.get("events", []) if event["kind"] == "lost")
        raise ValueError(f"{directory}: the trace is empty{diverged}{lost}; one complete part at least is needed")
    if sum(p.stat().st_size for p in paths) > TRACE_LIMIT:
        raise ValueError(f"{directory}: the parts exceed {TRACE_LIMIT} bytes, the most that is read")
    parts = [_read_part(p, len(names)) for p in paths]
    steps = 0
    for number, part in enumerate(parts):
        if not np.array_equal(part.attrs.get("first_step", -1), steps) or set(part.data_vars) != set(parts[0].data_vars):
            raise ValueError(f"{paths[number]}: does not continue the part before it")
        if number and not np.array_equal(part["squared_norm"][0], parts[number - 1]["squared_norm"][-1]):
            raise ValueError(f"{paths[number]}: squared_norm does not start where the part before it ends")
        steps += part.sizes["step"]
    tails = [part if not number else part.isel(state=slice(1, None)) for number, part in enumerate(parts)]
    merged = {
        name: (v.dimensions, np.concatenate([t[name].values for t in tails]).astype(np.float64))
        for name, v in VARIABLES.items()
        if name in parts[0]
    }
    dataset = labelled(xr.Dataset(merged), names)
    check_values(dataset, str(directory), zero_norms=True)
    return Trace(dataset, run, run["facts"])


def labelled(dataset: xr.Dataset, names: Sequence[str], first: int = 0) -> xr.Dataset:
    """The dataset with meanings, units and coordinates; ``first`` numbers its first step."""
    for name in dataset.data_vars:
        dataset[name].attrs = {"meaning": VARIABLES[str(name)].meaning, "unit": VARIABLES[str(name)].unit}
    axes: dict[str, np.ndarray] = {axis: np.arange(first, first + dataset.sizes[axis]) for axis in ("step", "state")}
    return dataset.assign_coords({**axes, "block": np.array(names, dtype=np.str_)})
