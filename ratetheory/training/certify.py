"""Certificates of the gradients between checkpoints: the norms are read here, what they certify is said without torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch

from ratetheory.claims.decay import SCHEDULE_CERTIFICATE
from ratetheory.numeric import balls
from ratetheory.numeric.decimals import mean_outward
from ratetheory.numeric.exact import exact_text, read_count, read_nonnegative, read_positive, require
from ratetheory.numeric.norm_certificate import (
    PRECISION,
    Certified,
    Window,
    certify_window,
    constant_window,
    rounded_when_stored,
    scheduled_window,
)
from ratetheory.numeric.squares import squared_norms
from ratetheory.observation.certification import SUSPECTS, UNCHANGED, BlockCertificate, Certification, FamilyCertificate
from ratetheory.observation.families import Blocks, Family, Member, load_blocks
from ratetheory.observation.schedule import load_schedule
from ratetheory.training.slices import check_fits, sliced
from ratetheory.training.weights import BITS, load_weights

Ball = Any
Tensors = dict[str, torch.Tensor]
PRECISIONS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}
UNITS = ("filter", "layer")
_CHUNK = 2**18
_MOMENTUM = "there is momentum: the steps are no gradient steps, and the norms alone certify nothing"


def certify(
    checkpoints: Sequence[str | Path],
    *,
    steps: Any,
    learning_rate: Any = None,
    schedule: str | Path | None = None,
    weight_decay: Any = None,
    momentum: Any = 0,
    blocks: str | Path | Blocks | None = None,
    tensors: Sequence[str] = (),
    precision: str | None = None,
    first_step: Any = None,
) -> Certification:
    """Certify the gradients between checkpoints of a run from the norms of their scale-invariant weights.

    ``checkpoints``: two or more files in their order, ``steps`` between each two. Either ``learning_rate`` (with
    ``weight_decay``, default 0) or ``schedule``, a CSV ``step,learning_rate[,weight_decay]``; ``first_step`` is the number
    there of the step after the first checkpoint, by default its first row. ``blocks``: the table of invariant blocks; without
    it ``tensors`` names them, ``NAME`` or ``NAME:layer`` (one block) or ``NAME:filter`` (a block an index of the first axis);
    with it ``tensors`` picks parameters of the table. ``precision``: the format that the run kept its weights in, by default
    that of the checkpoints, the coarsest. With ``momentum`` every answer is ``undecided``.

    Of each block the mean of |G_t|^2, G_t the gradient of step t's loss at w/|w|, and its least over t < T (claim
    ``schedule-certificate``); see ``Certification``. ``ValueError``, one line, for what is not allowed.
    """
    paths = [str(path) for path in checkpoints]
    require(len(paths) >= 2, "checkpoints", len(paths), "two or more files")
    counts = _counts(steps, len(paths) - 1)
    require(precision is None or precision in PRECISIONS, "precision", precision, ", ".join(PRECISIONS))
    beta = read_nonnegative(momentum, "momentum")
    require(beta < 1, "momentum", momentum, "0 or above, below 1")
    windows, rate_text, decay_text = _windows(counts, learning_rate, schedule, weight_decay, first_step)
    families, left_out = _families(blocks, tensors, paths[0])
    decayed = any(not bool(window.scale == 1) for window in windows)
    norms = _Norms(families, paths, PRECISIONS[precision] if precision else None)
    found = tuple(_family(f, norms, windows, paths, beta > 0, decayed) for f in families)
    given = ["checkpoints", "steps", "schedule" if schedule is not None else "learning_rate", "weight_decay", "precision"]
    return Certification(
        claim=SCHEDULE_CERTIFICATE.slug,
        checkpoints=tuple(paths),
        steps=counts,
        effective_steps=_effective(windows),
        learning_rate=rate_text,
        weight_decay=decay_text,
        momentum=exact_text(beta),
        precision=precision or norms.format,
        families=found,
        left_out=left_out,
        conditional_on=(*given, "blocks", *SCHEDULE_CERTIFICATE.hypothesis_slugs()),
        trust="certified",
    )


# --- what is given ----------------------------------------------------------------------------------------------------------


def _counts(steps: Any, windows: int) -> tuple[int, ...]:
    listed = list(steps) if isinstance(steps, Sequence) and not isinstance(steps, str) else [steps]
    require(len(listed) == windows, "steps", len(listed), f"one number between each two checkpoints, {windows}")
    return tuple(read_count(count, "steps") for count in listed)


def _windows(
    counts: Sequence[int], learning_rate: Any, schedule: str | Path | None, weight_decay: Any, first_step: Any
) -> tuple[list[Window], str, str]:
    if (learning_rate is None) == (schedule is None):
        raise ValueError("learning_rate: allowed: either learning_rate or schedule, not both")
    decay = read_nonnegative(0 if weight_decay is None else weight_decay, "weight_decay")
    if schedule is None:
        require(first_step is None, "first_step", first_step, "none without a schedule")
        rate = read_positive(learning_rate, "learning_rate")
        return [constant_window(rate, decay, count) for count in counts], exact_text(rate), exact_text(decay)
    loaded = load_schedule(schedule)
    if loaded.decays is not None and weight_decay is not None:
        raise ValueError("weight_decay: the schedule has a column of that name; one of them is allowed")
    start, windows = loaded.first if first_step is None else read_count(first_step, "first_step", 0), []
    for count in counts:
        rates, decays = loaded.window(start, count)
        windows.append(scheduled_window(rates, decays if loaded.decays is not None else (decay,) * count, start))
        start += count
    return windows, str(schedule), exact_text(decay) if loaded.decays is None else str(schedule)


def _families(
    blocks: str | Path | Blocks | None, tensors: Sequence[str], first: str
) -> tuple[tuple[Family, ...], tuple[tuple[str, str], ...]]:
    """The families asked for, and those of the table that are left out, with the reason."""
    if blocks is None:
        require(len(tensors) > 0, "blocks", "none", "a table of blocks, or the names of tensors")
        return _named(tensors, first), ()
    table = blocks if isinstance(blocks, Blocks) else load_blocks(blocks)
    if tensors:
        for name in tensors:
            require(bool(table.of(name)), "tensors", name, "the name of a parameter in the table of blocks, without :filter")
        return tuple(dict.fromkeys(f for name in tensors for f in table.of(name))), ()
    chosen = table.invariant
    left_out = tuple((f.name, _refusal(f) or "its entries stand in another family") for f in table.families if f not in chosen)
    if not chosen:
        raise ValueError("blocks: no family of the table is scale-invariant; one at least is needed")
    return chosen, left_out


def _named(tensors: Sequence[str], first: str) -> tuple[Family, ...]:
    cuts = []
    for text in tensors:
        name, _, unit = text.rpartition(":")
        cuts.append((name, unit) if unit in UNITS and name else (text, "layer"))
    require(len({name for name, _ in cuts}) == len(cuts), "tensors", ", ".join(tensors), "each tensor once")
    weights = load_weights(first, [name for name, _ in cuts])
    return tuple(_cut(name, unit, tuple(weights[name].shape)) for name, unit in cuts)


def _cut(name: str, unit: str, shape: tuple[int, ...]) -> Family:
    length, entries = (shape or (1,))[0], torch.Size(shape).numel()
    parts = length if unit == "filter" else 1
    reason = "invariant, says who named it"
    return Family(
        name, "alone", "filter" if parts > 1 else "layer", parts, entries // parts, (Member(name, 0, 0, length),), reason
    )


def _refusal(family: Family) -> str | None:
    if family.invariant:
        return None
    what = "dead: no gradient, so its norm says nothing" if family.verdict == "dead" else "not scale-invariant"
    return f"{what} ({family.reason})" if family.reason else what


# --- norms ------------------------------------------------------------------------------------------------------------------


class _Norms:
    """Squared norms of all blocks at all checkpoints, the units of rounding, and which blocks did not change in a window."""

    def __init__(self, families: Sequence[Family], paths: Sequence[str], bits: int | None) -> None:
        names = list(dict.fromkeys(m.parameter for f in families for m in f.members))
        self.squared: list[dict[str, list[Ball]]] = []
        self.unchanged: list[dict[str, list[bool]]] = []
        formats: list[dict[str, torch.dtype]] = []
        before: Tensors = {}
        for path in paths:
            tensors = load_weights(path, names)
            _check_shapes(families, tensors, before, path, paths[0])
            self.squared.append({f.name: _squared(f, tensors, path) for f in families})
            if before:
                self.unchanged.append({f.name: _same(f, before, tensors) for f in families})
            formats.append({name: tensor.dtype for name, tensor in tensors.items()})
            before = tensors
        used = {dtype for known in formats for dtype in known.values()}
        self.format = str(min(used, key=BITS.__getitem__)).removeprefix("torch.")
        self._bits = [{f.name: min(BITS[known[m.parameter]] for m in f.members) for f in families} for known in formats]
        self._run = bits

    def unit(self, family: Family) -> Fraction:
        """What rounding a stored weight of the run may change, as a share of it."""
        return Fraction(1, 2 ** (self._run or min(bits[family.name] for bits in self._bits)))

    def at(self, checkpoint: int, family: Family) -> list[Ball]:
        """The squared norms of the run's own weights: enclosed where a checkpoint keeps them coarser than the run does."""
        stored, squared = Fraction(1, 2 ** self._bits[checkpoint][family.name]), self.squared[checkpoint][family.name]
        return [rounded_when_stored(S, stored) for S in squared] if stored > self.unit(family) else squared


def _check_shapes(families: Sequence[Family], tensors: Tensors, before: Tensors, path: str, first: str) -> None:
    for name, tensor in before.items():
        if tensor.shape != tensors[name].shape:
            raise ValueError(
                f"{path}: {name} has shape {tuple(tensors[name].shape)}, before {tuple(tensor.shape)}; checkpoints of one run, "
                f"such as {first}, are expected"
            )
    for family in families:
        try:
            check_fits(family, tensors)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None


def _pieces(tensor: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
    """A matrix in pieces that fit a cache, each with the number of its first row."""
    rows = max(1, _CHUNK // max(1, tensor.shape[1]))
    for first in range(0, tensor.shape[0], rows):
        for piece in tensor[first : first + rows].split(_CHUNK, dim=1):
            yield first, piece


def _squared(family: Family, tensors: Tensors, path: str) -> list[Ball]:
    names = family.block_names()
    total: list[Ball] = [0] * family.parts
    with balls.working_precision(PRECISION):
        for member in family.members:
            tensor = tensors[member.parameter]
            for first, piece in _pieces(sliced(member, tensor, family.parts)):
                try:
                    found = squared_norms(piece.to(torch.float64).numpy(), BITS[tensor.dtype])
                except ValueError as error:
                    block = names[first + int(str(error))]
                    raise ValueError(f"{path}: {member.parameter}: block {block} has entries that are not finite") from None
                for j, S in enumerate(found, first):
                    total[j] = total[j] + S
    zero = next((j for j, S in enumerate(total) if not S > 0), None)
    if zero is not None:
        raise ValueError(f"{path}: {family.members[0].parameter}: block {names[zero]} is zero; a norm above 0 is expected")
    return total


def _same(family: Family, before: Tensors, after: Tensors) -> list[bool]:
    same = torch.ones(family.parts, dtype=torch.bool)
    for member in family.members:
        one, other = (sliced(member, tensors[member.parameter], family.parts) for tensors in (before, after))
        same &= (one == other).all(dim=1) if one.dtype == other.dtype else torch.zeros(family.parts, dtype=torch.bool)
    return [bool(entry) for entry in same]


# --- certificates -----------------------------------------------------------------------------------------------------------


def _family(
    family: Family, norms: _Norms, windows: Sequence[Window], paths: Sequence[str], momentum: bool, decayed: bool
) -> FamilyCertificate:
    squared = [norms.at(k, family) for k in range(len(paths))]
    refusal = _refusal(family) or (_MOMENTUM if momentum else None)
    unit, blocks = norms.unit(family), []
    for j, name in enumerate(family.block_names()):
        S = [at[j] for at in squared]
        growth = (S[-1] / S[0]).mid().str(8, radius=False)
        same = all(window[family.name][j] for window in norms.unchanged)
        if refusal is not None:
            blocks.append(BlockCertificate(name, "undecided", refusal, growth))
        elif j in family.dead:
            blocks.append(BlockCertificate(name, "not applicable", "dead in the table: no gradient", growth))
        elif same:
            blocks.append(_unchanged(name, growth, decayed))
        else:
            found = [certify_window(a, b, w, unit) for a, b, w in zip(S[:-1], S[1:], windows, strict=True)]
            blocks.append(_combined(name, growth, found, windows, S, paths))
    return FamilyCertificate(family.name, family.unit, family.dimension, tuple(blocks))


def _unchanged(name: str, growth: str, decayed: bool) -> BlockCertificate:
    if decayed:
        return BlockCertificate(
            name, "undecided", f"{UNCHANGED}, though decay shrinks weights: it took no steps as given", growth
        )
    reason = f"{UNCHANGED}: dead, frozen, or steps below rounding; the gradient is zero only if the steps were exact"
    return BlockCertificate(name, "not applicable", reason, growth, (Decimal(0), Decimal(0)), Decimal(0))


def _combined(
    name: str, growth: str, found: Sequence[Certified], windows: Sequence[Window], S: Sequence[Ball], paths: Sequence[str]
) -> BlockCertificate:
    for k, (certified, window) in enumerate(zip(found, windows, strict=True)):
        if certified.word == "violated":
            with balls.working_precision(PRECISION):
                ratio = (S[k + 1] / S[k] / window.scale**2).mid().str(8, radius=False)
            after = ", its decay undone," if not bool(window.scale == 1) else ""
            reason = f"|w|^2{after} fell to {ratio} of itself from {paths[k]} to {paths[k + 1]}: {SUSPECTS}"
            return BlockCertificate(name, "violated", reason, growth)
    steps, total = [window.steps for window in windows], sum(window.steps for window in windows)
    lows = [certified.low or Decimal(0) for certified in found]
    highs = [certified.high for certified in found if certified.high is not None]
    low = mean_outward(zip(steps, lows, strict=True), total, up=False)
    high = mean_outward(zip(steps, highs, strict=True), total, up=True) if len(highs) == len(steps) else None
    if low > 0:
        word, reason = "held", ""
    else:
        word, reason = "not resolvable", "rounding of the stored weights may have made all of the growth; the upper end holds"
    return BlockCertificate(name, word, reason, growth, (low, high), min(highs, default=None))


def _effective(windows: Sequence[Window]) -> float:
    """Of all weights, each window's scaled so that they add up to its steps."""
    with balls.working_precision(PRECISION):
        total = sum(window.steps for window in windows)
        squares = sum(window.steps**2 / window.effective_steps for window in windows)
        return float((total**2 / squares).mid())
