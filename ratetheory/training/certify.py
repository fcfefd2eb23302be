"""Certificates of the gradients between checkpoints: the norms are read here, what they certify is said without torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ratetheory.claims.decay import SCHEDULE_CERTIFICATE
from ratetheory.numeric.exact import read_count, read_nonnegative, require, short_text
from ratetheory.numeric.norm_certificate import Window
from ratetheory.observation.block_certificates import (
    block_certificate,
    effective_steps,
    relative_growth,
    shrinks,
    unchanged_block,
)
from ratetheory.observation.certification import BlockCertificate, Certification, FamilyCertificate
from ratetheory.observation.families import Blocks, Family, Member, load_blocks
from ratetheory.observation.schedule import windows_of
from ratetheory.training.norms import Norms
from ratetheory.training.weights import load_weights

PRECISIONS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}
MOST_STEPS = 10**18
"""Between two checkpoints, so that balls of the working precision stay narrow."""
UNITS = ("filter", "layer")
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
    windows, rate_text, decay_text = windows_of(counts, learning_rate, schedule, weight_decay, first_step)
    families, left_out = _families(blocks, tensors, paths[0])
    norms = Norms(families, paths, PRECISIONS[precision] if precision else None)
    found = tuple(_family(f, norms, windows, paths, beta > 0) for f in families)
    given = ["checkpoints", "steps", "schedule" if schedule is not None else "learning_rate", "weight_decay", "precision"]
    return Certification(
        claim=SCHEDULE_CERTIFICATE.slug,
        checkpoints=tuple(paths),
        steps=counts,
        effective_steps=effective_steps(windows),
        learning_rate=rate_text,
        weight_decay=decay_text,
        momentum=short_text(beta),
        precision=precision or norms.format,
        families=found,
        left_out=left_out,
        conditional_on=(*given, "blocks", *SCHEDULE_CERTIFICATE.hypothesis_slugs()),
        decays=any(shrinks(window) for window in windows),
        trust="certified" if any(block.mean for f in found for block in f.blocks) else None,
    )


# --- what is given ----------------------------------------------------------------------------------------------------------


def _counts(steps: Any, windows: int) -> tuple[int, ...]:
    listed = list(steps) if isinstance(steps, Sequence) and not isinstance(steps, str) else [steps]
    require(len(listed) == windows, "steps", len(listed), f"one number between each two checkpoints, {windows}")
    found = tuple(read_count(count, "steps") for count in listed)
    for count in found:
        require(count <= MOST_STEPS, "steps", count, "at most 10^18 between two checkpoints")
    return found


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
    require(len(table.families) > 0, "blocks", "an empty table", "a table with one family at least")
    # where nothing is invariant the answer is that, family by family
    # a family that is dead at first (before a gain of zero) is invariant all the same, and may have moved since
    chosen = table.potential or table.families
    left_out = tuple((f.name, _refusal(f) or "its entries stand in another family") for f in table.families if f not in chosen)
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
    if family.potential:
        return None
    what = "dead: no gradient, so its norm says nothing" if family.verdict == "dead" else "not scale-invariant"
    return f"{what} ({family.reason})" if family.reason else what


# --- certificates -----------------------------------------------------------------------------------------------------------


def _family(family: Family, norms: Norms, windows: Sequence[Window], paths: Sequence[str], momentum: bool) -> FamilyCertificate:
    squared = [norms.at(k, family) for k in range(len(paths))]
    refusal = _refusal(family) or (_MOMENTUM if momentum else None)
    unit, blocks = norms.unit(family), []
    defects = _defects(family)
    for j, name in enumerate(family.block_names()):
        S = [at[j] for at in squared]
        if refusal is not None:
            blocks.append(BlockCertificate(name, "undecided", refusal, relative_growth(S)))
        elif norms.zero(family, j) is not None:
            reason = f"zero in {norms.zero(family, j)}: a norm above 0 is needed, there is no direction"
            blocks.append(BlockCertificate(name, "not applicable", reason, relative_growth(S)))
        elif j in family.dead:
            blocks.append(BlockCertificate(name, "not applicable", "dead in the table: no gradient", relative_growth(S)))
        else:
            same = all(window[family.name][j] for window in norms.unchanged)
            block = block_certificate(name, S, windows, unit, paths, 0.0 if same else defects[j])
            blocks.append(unchanged_block(block, windows) if same else block)
    return FamilyCertificate(family.name, family.unit, family.dimension, tuple(blocks))


def _defects(family: Family) -> list[float]:
    """Of each block its own, or the family's root mean square: a single block's may be small by chance, on one batch."""
    if not family.defects:
        return [0.0] * family.parts
    alive = [defect for j, defect in enumerate(family.defects) if j not in family.dead]
    typical = math.hypot(*alive) / math.sqrt(len(alive) or 1)
    return [max(defect, typical) for defect in family.defects]
