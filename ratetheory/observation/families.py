"""Which weights of a model are scale-invariant: the table that detection writes and everything else reads. No torch here.

A *family* is a row of the table: equal slices of one parameter (the filters of a convolution, the heads of a projection), or
of several parameters that are invariant only together. Each slice is a block.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from ratetheory.files import free_path, write_file
from ratetheory.observation.trace import check_name

SCHEMA = "ratetheory-blocks"
SCHEMA_VERSION = 1
TABLE_LIMIT = 64 * 2**20
"""Largest table that is read, in bytes."""
ENTRIES_LIMIT = 2**53
"""Largest size of an axis, a part or a block."""

NEARLY = 1e-2
"""A block whose relative defect is above this is invariant only nearly."""

FamilyVerdict = Literal["alone", "joint", "dead", "not"]
Unit = Literal["filter", "group", "head", "layer"]
NormKind = Literal["batch", "instance", "group", "layer", "rms"]


@dataclass(frozen=True)
class Member:
    """The entries ``start`` to ``stop`` of a parameter along ``axis``, cut into the family's number of equal slices."""

    parameter: str
    axis: int
    start: int
    stop: int


@dataclass(frozen=True)
class Norm:
    """The normalisation that makes a family's blocks invariant: a module of the model, and where its statistics belong.

    Block j belongs to the statistics at index ``first`` + j along ``axis`` of the module's input (groups count for ``group``);
    ``axis`` ``None``: all statistics belong to the one block.
    """

    module: str
    kind: NormKind
    axis: int | None = None
    first: int = 0


@dataclass(frozen=True)
class Family:
    """``parts`` blocks of ``dimension`` entries each.

    ``verdict``: ``alone``, each block is scale-invariant; ``joint``, each is, made of slices of several parameters and of
    none of them alone; ``dead``, its gradient is zero, so that every test passes and shows nothing; ``not``. ``unit``: what a
    block is. ``dead``: numbers of the dead blocks of a family that is not dead as a whole. ``norms``: where the blocks are
    normalised, as far as known; the eps law adds up over them. ``trained``: whether the parameters ask for gradients.
    ``defects``: of each block |<w, g>| relative to sum |w g|, with the model's own eps at the weights and the batch of the
    table (0 were exact invariance); none where it was not measured.
    ``elsewhere``: of a dead family its verdict at other weights (before a gain that starts at zero), if it is invariant there.
    """

    name: str
    verdict: FamilyVerdict
    unit: Unit
    parts: int
    dimension: int
    members: tuple[Member, ...]
    reason: str
    dead: tuple[int, ...] = ()
    norms: tuple[Norm, ...] = ()
    trained: bool = True
    elsewhere: FamilyVerdict | None = None
    defects: tuple[float, ...] = ()

    @property
    def invariant(self) -> bool:
        """Whether each block is scale-invariant."""
        return self.verdict in ("alone", "joint")

    @property
    def potential(self) -> bool:
        """Whether each block is scale-invariant, or will be once it is no longer dead."""
        return self.invariant or self.elsewhere in ("alone", "joint")

    @property
    def nearly(self) -> int:
        """How many blocks are invariant only nearly, with the eps that the model has: a relative defect above ``NEARLY``."""
        return sum(defect > NEARLY for defect in self.defects) if self.invariant else 0

    def block_names(self) -> list[str]:
        """One name a block, in their order."""
        return [self.name] if self.parts == 1 else [f"{self.name}[{j}]" for j in range(self.parts)]


@dataclass(frozen=True)
class Blocks:
    """The table: every parameter of the model stands in a family, or in several where jointly invariant groups overlap."""

    families: tuple[Family, ...]
    model: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def invariant(self) -> tuple[Family, ...]:
        """Invariant families that share no entry: all that are alone, then the joint ones in their order that still fit."""
        return self._apart([f for f in self.families if f.invariant])

    @property
    def potential(self) -> tuple[Family, ...]:
        """The same, with families that are dead now and invariant once they are not."""
        return self._apart([f for f in self.families if f.potential])

    def _apart(self, families: list[Family]) -> tuple[Family, ...]:
        chosen: list[Family] = []
        for family in sorted(families, key=lambda f: "alone" not in (f.verdict, f.elsewhere)):
            if not any(_overlap(a, b) for other in chosen for a in other.members for b in family.members):
                chosen.append(family)
        order = {id(family): i for i, family in enumerate(self.families)}
        return tuple(sorted(chosen, key=lambda f: order[id(f)]))

    def of(self, parameter: str) -> tuple[Family, ...]:
        """The families that a parameter stands in."""
        return tuple(f for f in self.families if any(m.parameter == parameter for m in f.members))

    def as_dict(self) -> dict[str, Any]:
        """The table as plain data."""
        return {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **asdict(self)}


def _overlap(a: Member, b: Member) -> bool:
    # slices along different axes of one parameter always meet
    return a.parameter == b.parameter and (a.axis != b.axis or (a.start < b.stop and b.start < a.stop))


def save_blocks(blocks: Blocks, path: str | Path, force: bool = False) -> None:
    """Write the table as JSON; ``ValueError`` if something is there, unless ``force``."""
    target = free_path(path, "blocks", force)
    write_file(target, (json.dumps(blocks.as_dict(), indent=1) + "\n").encode())


def load_blocks(path: str | Path) -> Blocks:
    """Read a table that ``ratetheory blocks --json`` or ``save_blocks`` wrote; ``ValueError`` if it is not one."""
    path = Path(path)
    if not path.is_file() or path.stat().st_size > TABLE_LIMIT:
        raise ValueError(f"{path}: no regular file of at most {TABLE_LIMIT} bytes")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: no valid JSON ({type(error).__name__})") from error
    return blocks_from_dict(content, str(path))


def blocks_from_dict(content: Any, source: str = "blocks") -> Blocks:
    """The table from plain data, checked; what stands beside it (provenance) is passed over."""
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise ValueError(f"{source}: a foreign file; schema {SCHEMA!r} is expected")
    if content.get("schema_version") != SCHEMA_VERSION:
        version = str(content.get("schema_version"))[:20]
        raise ValueError(f"{source}: schema version {version} is not known; version {SCHEMA_VERSION} is read")
    families = [_family(entry, f"{source}: family {i}") for i, entry in enumerate(_list(content.get("families"), source))]
    names = [name for family in families for name in family.block_names()]
    if len(set(names)) != len(names):
        raise ValueError(f"{source}: two blocks have the same name; unique names are expected")
    notes = tuple(str(note)[:1000] for note in _list(content.get("notes", []), source))
    return Blocks(tuple(families), str(content.get("model", ""))[:1000], notes)


def _family(entry: Any, place: str) -> Family:
    if not isinstance(entry, dict):
        raise ValueError(f"{place}: an object is expected")
    parts = _integer(entry.get("parts"), f"{place}: parts", 1)
    members = tuple(_member(m, place, parts) for m in _list(entry.get("members"), place))
    if not members:
        raise ValueError(f"{place}: no members; one parameter at least is expected")
    dead = tuple(_integer(j, f"{place}: dead", 0, parts) for j in _list(entry.get("dead", []), place))
    trained = entry.get("trained", True)
    if not isinstance(trained, bool):
        raise ValueError(f"{place}: trained is {str(trained)[:20]!r}; true or false is allowed")
    elsewhere = entry.get("elsewhere")
    return Family(
        name=check_name(entry.get("name"), place),
        verdict=_one_of(entry.get("verdict"), get_args(FamilyVerdict), f"{place}: verdict"),
        unit=_one_of(entry.get("unit"), get_args(Unit), f"{place}: unit"),
        parts=parts,
        dimension=_integer(entry.get("dimension"), f"{place}: dimension", 1),
        members=members,
        reason=str(entry.get("reason", ""))[:1000],
        dead=dead,
        norms=tuple(_norm(n, place) for n in _list(entry.get("norms", []), place)),
        trained=trained,
        elsewhere=None if elsewhere is None else _one_of(elsewhere, get_args(FamilyVerdict), f"{place}: elsewhere"),
        defects=_defects(entry.get("defects", []), parts, f"{place}: defects"),
    )


def _defects(value: Any, parts: int, place: str) -> tuple[float, ...]:
    numbers = _list(value, place)
    if len(numbers) not in (0, parts):
        raise ValueError(f"{place}: {len(numbers)} numbers; none, or one a block ({parts}), are expected")
    for number in numbers:
        if not isinstance(number, int | float) or isinstance(number, bool) or not 0 <= number <= 1 + 1e-9:
            raise ValueError(f"{place}: {str(number)[:20]} is not allowed; numbers from 0 to 1 are")
    return tuple(float(number) for number in numbers)


def _member(entry: Any, place: str, parts: int) -> Member:
    if not isinstance(entry, dict):
        raise ValueError(f"{place}: members: an object is expected")
    start = _integer(entry.get("start"), f"{place}: start", 0)
    stop = _integer(entry.get("stop"), f"{place}: stop", start + 1)
    if (stop - start) % parts:
        raise ValueError(f"{place}: {stop - start} entries cannot be cut into {parts} equal slices")
    axis = _integer(entry.get("axis"), f"{place}: axis", 0, 64)
    return Member(check_name(entry.get("parameter"), f"{place}: parameter"), axis, start, stop)


def _norm(entry: Any, place: str) -> Norm:
    if not isinstance(entry, dict):
        raise ValueError(f"{place}: norms: an object is expected")
    axis = None if entry.get("axis") is None else _integer(entry["axis"], f"{place}: norms: axis", 0, 64)
    kind = _one_of(entry.get("kind"), get_args(NormKind), f"{place}: norms: kind")
    module = str(entry.get("module", ""))
    return Norm(
        check_name(module, f"{place}: norms: module") if module else "",
        kind,
        axis,
        _integer(entry.get("first", 0), f"{place}: norms: first", 0),
    )


def _list(value: Any, place: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{place}: {str(value)[:20]!r} is no list")
    return value


def _integer(value: Any, place: str, least: int, end: int = ENTRIES_LIMIT) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < end:
        raise ValueError(f"{place}: {str(value)[:20]} is not allowed; an integer from {least} to {end - 1} is")
    return value


def _one_of(value: Any, allowed: Iterable[str], place: str) -> Any:
    if value not in allowed:
        raise ValueError(f"{place}: {str(value)[:20]!r} is not known; {', '.join(allowed)} are allowed")
    return value
