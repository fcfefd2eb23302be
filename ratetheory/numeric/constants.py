"""The constants of a bound: read exactly, validated, frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ratetheory.numeric.exact import read_count, read_nonnegative, read_positive, require

MAX_BYTES = 1_000_000
_MAX_LINE = 10_000
_FILE_KEYS = ("gap", "from_step", "block", "scale_variant")
_BLOCK_KEYS = (
    "name",
    "squared_norm",
    "learning_rate",
    "smoothness",
    "smoothness_with",
    "decoupled_smoothness",
    "gradient_bound",
)
_SCALE_VARIANT = "scale_variant"
_SCALE_VARIANT_KEYS = ("learning_rate", "smoothness", "decoupled_smoothness")


@dataclass(frozen=True)
class Block:
    """One scale-invariant block: ``squared_norm`` |w|^2 and ``learning_rate`` at the start, constants on its sphere.

    ``smoothness`` is L_ii; ``gradient_bound`` bounds |G_i| and is (pi/2) L_ii where it is ``None``.
    """

    name: str
    squared_norm: Fraction
    learning_rate: Fraction
    smoothness: Fraction
    gradient_bound: Fraction | None = None

    @property
    def inverse_rate(self) -> Fraction:
        """b = |w|^2 / eta."""
        return self.squared_norm / self.learning_rate


@dataclass(frozen=True)
class Constants:
    """What the bound of claim ``gd-rate`` needs (theory, sections 4 to 6).

    ``gap`` is f_0 - f_low, ``None`` for the range (pi^2/4) L of one block. ``coupling`` holds L_ij and L_ig, row and column m
    for the scale-variant parameters, its diagonal unused; it is ``None`` where ``decoupled`` gives Lam_i (and Lam_g)
    directly. ``from_step`` is the step at which the constants were observed. ``estimated`` names the estimated constants.
    """

    blocks: tuple[Block, ...]
    gap: Fraction | None
    coupling: tuple[tuple[Fraction, ...], ...] | None = None
    decoupled: tuple[Fraction, ...] | None = None
    scale_variant_learning_rate: Fraction | None = None
    scale_variant_smoothness: Fraction = Fraction(0)
    from_step: int = 0
    estimated: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """``ValueError`` for constants that cannot be those of a loss."""
        size = len(self.blocks) + self.scale_variant
        require(bool(self.blocks), "blocks", self.blocks, "one block or more")
        for block in self.blocks:
            positive = block.squared_norm.numerator > 0 and block.learning_rate.numerator > 0
            require(positive, f"block {block.name}", "", "positive norm and learning rate")
            require(block.smoothness.numerator >= 0, f"block {block.name}.smoothness", block.smoothness, "0 or above")
        require(self.gap is None or self.gap.numerator >= 0, "gap", self.gap, "0 or above")
        single = len(self.blocks) == 1 and not self.scale_variant
        require(self.gap is not None or single, "gap", None, "a number, needed unless there is one block")
        if self.decoupled is not None:
            require(len(self.decoupled) == size, "decoupled_smoothness", len(self.decoupled), f"{size} numbers")
        elif not single:
            rows = self.coupling or ()
            shaped = len(rows) == size and all(len(row) == size for row in rows)
            require(shaped, "coupling", self.coupling, f"a matrix of {size} x {size} numbers")
        rate, largest = self.scale_variant_learning_rate, self.scale_variant_smoothness
        if rate is not None:
            allowed = f"above 0 and below 2/smoothness = {2 / largest if largest else 'inf'}: the only rate that needs tuning"
            require(rate > 0 and rate * largest < 2, "scale_variant.learning_rate", str(rate), allowed)

    @property
    def scale_variant(self) -> bool:
        """Whether there are scale-variant parameters g."""
        return self.scale_variant_learning_rate is not None

    def names(self) -> tuple[str, ...]:
        """The constants on which a bound is conditional."""
        names = ["squared_norm", "learning_rate", "smoothness"]
        names.append("gap" if self.gap is not None else "gap (range of the sphere)")
        if any(block.gradient_bound is not None for block in self.blocks):
            names.append("gradient_bound")
        if self.decoupled is not None:
            names.append("decoupled_smoothness")
        if self.scale_variant:
            names += ["scale_variant.learning_rate", "scale_variant.smoothness"]
        return tuple(names)


def one_block(
    squared_norm: Any, learning_rate: Any, smoothness: Any, gap: Any = None, gradient_bound: Any = None, from_step: Any = 0
) -> Constants:
    """The constants of one block without scale-variant parameters; ``gap=None`` takes the range (pi^2/4) L."""
    reader = _Reader()
    block = Block(
        "w",
        reader.positive(squared_norm, "squared_norm"),
        reader.positive(learning_rate, "learning_rate"),
        reader.nonnegative(smoothness, "smoothness"),
        None if gradient_bound is None else reader.positive(gradient_bound, "gradient_bound"),
    )
    return Constants(
        blocks=(block,),
        gap=None if gap is None else reader.nonnegative(gap, "gap"),
        from_step=read_count(from_step, "from_step", least=0),
        estimated=tuple(dict.fromkeys(reader.estimated)),
    )


def load_constants(path: str | Path) -> Constants:
    """The constants in a TOML file; numbers are read exactly, as they are written.

    Raises ``ValueError`` naming the file, the key, the value and what is allowed.
    """
    import tomllib

    path = Path(path)
    try:
        # a device or a pipe has no size and need never end
        require(not path.exists() or path.is_file(), "constants", str(path), "a regular file")
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"constants: cannot read {path}: {error.strerror}; allowed: a TOML file") from None
    require(len(raw) <= MAX_BYTES, "constants", str(path), f"a file of at most {MAX_BYTES} bytes")
    # a key of many dots takes the parser time that grows with the square of its length
    longest = max(map(len, raw.splitlines()), default=0)
    require(longest <= _MAX_LINE, "constants", str(path), f"lines of at most {_MAX_LINE} characters")
    try:
        content = tomllib.loads(raw.decode("utf-8"), parse_float=str)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"constants: {path} is not TOML: {' '.join(str(error).split())}") from None
    return read_constants(content)


def read_constants(content: Mapping[str, Any]) -> Constants:
    """The constants in a mapping of the form of the TOML file (see ``examples/constants-two-blocks.toml``)."""
    _known_keys(content, _FILE_KEYS, "constants")
    reader = _Reader()
    tables = content.get("block")
    require(isinstance(tables, Sequence) and bool(tables), "block", tables, "one table [[block]] or more")
    rows = list(tables or ())
    require(all(isinstance(row, Mapping) for row in rows), "block", tables, "one table [[block]] or more")
    names = [_block_name(row, i) for i, row in enumerate(rows)]
    require(len(set(names)) == len(names) and _SCALE_VARIANT not in names, "block.name", names, "different names")
    blocks = tuple(_read_block(reader, row, name) for row, name in zip(rows, names, strict=True))
    variant = content.get(_SCALE_VARIANT)
    rate, smoothness = _read_scale_variant(reader, variant)
    require(
        "gap" in content or (len(blocks) == 1 and variant is None), "gap", None, "a number, needed unless there is one block"
    )
    decoupled = _read_decoupled(reader, rows, names, variant)
    return Constants(
        blocks=blocks,
        gap=reader.nonnegative(content["gap"], "gap") if "gap" in content else None,
        coupling=_read_coupling(reader, rows, names, variant is not None) if decoupled is None else None,
        decoupled=decoupled,
        scale_variant_learning_rate=rate,
        scale_variant_smoothness=smoothness,
        from_step=read_count(content.get("from_step", 0), "from_step", least=0),
        estimated=tuple(dict.fromkeys(reader.estimated)),
    )


class _Reader:
    """Reads numbers, and remembers which were marked ``{value = ..., kind = "estimated"}``."""

    def __init__(self) -> None:
        self.estimated: list[str] = []

    def _plain(self, value: Any, name: str) -> Any:
        if not isinstance(value, Mapping):
            return value
        _known_keys(value, ("value", "kind"), name)
        kind = value.get("kind", "given")
        require(kind in ("given", "estimated"), f"{name}.kind", kind, '"given" or "estimated"')
        if kind == "estimated":
            self.estimated.append(name)
        return value.get("value")

    def positive(self, value: Any, name: str) -> Fraction:
        return read_positive(self._plain(value, name), name)

    def nonnegative(self, value: Any, name: str) -> Fraction:
        return read_nonnegative(self._plain(value, name), name)


def _known_keys(table: Mapping[str, Any], known: Sequence[str], name: str) -> None:
    for key in table:
        require(key in known, name, key, f"the keys {', '.join(known)}")


def _block_name(row: Mapping[str, Any], index: int) -> str:
    name = row.get("name", f"block{index}")
    require(isinstance(name, str) and 0 < len(name) <= 200, "block.name", name, "a text of 1 to 200 characters")
    return str(name)


def _read_block(reader: _Reader, row: Mapping[str, Any], name: str) -> Block:
    _known_keys(row, _BLOCK_KEYS, f"block {name}")
    bound = row.get("gradient_bound")
    return Block(
        name,
        reader.positive(row.get("squared_norm"), f"block {name}.squared_norm"),
        reader.positive(row.get("learning_rate"), f"block {name}.learning_rate"),
        reader.nonnegative(row.get("smoothness"), f"block {name}.smoothness"),
        None if bound is None else reader.positive(bound, f"block {name}.gradient_bound"),
    )


def _read_scale_variant(reader: _Reader, table: Any) -> tuple[Fraction | None, Fraction]:
    if table is None:
        return None, Fraction(0)
    require(isinstance(table, Mapping), _SCALE_VARIANT, table, "a table with learning_rate and smoothness")
    _known_keys(table, _SCALE_VARIANT_KEYS, _SCALE_VARIANT)
    rate = reader.positive(table.get("learning_rate"), "scale_variant.learning_rate")
    return rate, reader.nonnegative(table.get("smoothness"), "scale_variant.smoothness")


def _read_decoupled(
    reader: _Reader, rows: Sequence[Mapping[str, Any]], names: Sequence[str], variant: Mapping[str, Any] | None
) -> tuple[Fraction, ...] | None:
    tables = [*zip(rows, (f"block {n}" for n in names), strict=True), *([(variant, _SCALE_VARIANT)] if variant else [])]
    given = ["decoupled_smoothness" in table for table, _ in tables]
    if not any(given):
        return None
    coupled = any("smoothness_with" in row for row in rows)
    require(not coupled, "decoupled_smoothness", "beside smoothness_with", "one of the two: it replaces the couplings")
    require(all(given), "decoupled_smoothness", "in some tables", "in every block and in scale_variant, or nowhere")
    values = []
    for table, name in tables:
        value = reader.positive(table["decoupled_smoothness"], f"{name}.decoupled_smoothness")
        own = reader.nonnegative(table.get("smoothness"), f"{name}.smoothness")
        # the diagonal of diag(Lam) - M must not be negative
        require(value >= own, f"{name}.decoupled_smoothness", str(value), f"at least the table's smoothness {own}")
        values.append(value)
    if variant:
        rate = reader.positive(variant["learning_rate"], "scale_variant.learning_rate")
        require(
            rate * values[-1] < 2,
            "scale_variant.learning_rate",
            str(rate),
            f"below 2/decoupled_smoothness = {2 / values[-1]}",
        )
    return tuple(values)


def _read_coupling(
    reader: _Reader, rows: Sequence[Mapping[str, Any]], names: Sequence[str], variant: bool
) -> tuple[tuple[Fraction, ...], ...]:
    """L_ij and L_ig by name; every pair must be given, by one of its two blocks: silence is not zero."""
    everything = [*names, *([_SCALE_VARIANT] if variant else [])]
    given: dict[frozenset[str], Fraction] = {}
    for row, name in zip(rows, names, strict=True):
        table = row.get("smoothness_with", {})
        require(isinstance(table, Mapping), f"block {name}.smoothness_with", table, "a table of the other blocks' names")
        for other, value in table.items():
            place = f"block {name}.smoothness_with.{other}"
            require(other in everything and other != name, place, other, f"the names {', '.join(everything)}")
            number = reader.nonnegative(value, place)
            pair = frozenset((name, other))
            require(given.setdefault(pair, number) == number, place, str(number), "the same number from both blocks")
    for i, name in enumerate(names):
        for other in everything[i + 1 :]:
            require(frozenset((name, other)) in given, f"block {name}.smoothness_with.{other}", None, "a number, 0 or above")
    return tuple(tuple(given.get(frozenset((a, b)), Fraction(0)) for b in everything) for a in everything)
