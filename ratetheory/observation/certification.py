"""What checkpoints certify: block by block, a line a family, and in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from ratetheory.numeric.decimals import mean_outward, root_above, rounded_outward

Granularity = Literal["filter", "layer", "all"]
Ends = tuple[Decimal, Decimal | None]
"""Lower and upper end; ``None``: no upper one."""
UNCHANGED = "unchanged bit for bit"
SUSPECTS = (
    "plain steps never shorten scale-invariant weights; look for momentum, weight decay that was not given, an eps of the "
    "normalisation that is not small beside the variance, another optimiser, a block that is not invariant, checkpoints in the "
    "wrong order, or other steps and rates than given"
)
_WITH_DECAY = "SGD without momentum, decay coupled (for plain SGD the same as decoupled), one learning rate a block"
_WITHOUT_DECAY = "SGD without momentum or decay, one learning rate a block"
_ASSUMES = (
    "exact invariance: every gradient, as the run applied it (rounded, clipped, averaged), is orthogonal to its block; "
    "where the growth is as small as what the eps of the normalisation does, it is not (a table tells by its defects)",
    "the steps between the checkpoints are as many as given, at the given rates",
    "each step rounds a stored weight by at most half a unit in the last place of the precision given; none underflows",
)


@dataclass(frozen=True)
class BlockCertificate:
    """One block.

    ``mean``: of |G_t|^2, weighted by eta_hat_t^2 within a window and windows by their steps; ``least``: an upper end of the
    least |G_t|^2; ``growth``: |w_T|^2/|w_0|^2 as stored, to eight digits; ``shift``: an estimate of the share by which both may
    be off since the eps of the normalisation breaks the invariance, 0 where the table says nothing of it.

    No numbers where the status gives no right to any.
    """

    block: str
    status: str
    reason: str
    growth: str
    mean: Ends | None = None
    least: Decimal | None = None
    shift: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """As plain data; ends are decimal strings, rounded outwards."""
        ends = None if self.mean is None else [str(self.mean[0]), None if self.mean[1] is None else str(self.mean[1])]
        return {
            "block": self.block,
            "granularity": "filter",
            "status": self.status,
            "reason": self.reason,
            "squared_norm_ratio": self.growth,
            "mean_squared_gradient": ends,
            "least_squared_gradient": None if self.least is None else ["0", str(self.least)],
            "least_gradient_norm": None if self.least is None else str(root_above(self.least)),
            "estimated_shift_by_eps": self.shift or None,
        }


@dataclass(frozen=True)
class FamilyCertificate:
    """The blocks of a family, at least one."""

    family: str
    unit: str
    dimension: int
    blocks: tuple[BlockCertificate, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many blocks have which word."""
        return Counter(block.status for block in self.blocks)

    def _with_numbers(self) -> list[BlockCertificate]:
        """Certified blocks from the smallest upper end to the largest; only those that changed, as far as there are any."""
        return sorted((b for b in self.blocks if b.status in ("held", "not resolvable") and b.mean), key=_upper)

    @property
    def worst(self) -> BlockCertificate:
        """The violated block that shrank the most, or the one with the largest upper end of the mean."""
        violated = [block for block in self.blocks if block.status == "violated"]
        known = self._with_numbers()
        return min(violated, key=lambda block: Decimal(block.growth)) if violated else known[-1] if known else self.blocks[0]

    @property
    def median(self) -> BlockCertificate | None:
        """The block in the middle by the upper end of the mean, the larger one of two."""
        known = self._with_numbers()
        return known[len(known) // 2] if known else None

    def as_dict(self) -> dict[str, Any]:
        """A row for the family."""
        return {
            "family": self.family,
            "granularity": "layer",
            "unit": self.unit,
            "blocks": len(self.blocks),
            "dimension": self.dimension,
            "statuses": dict(self.counts),
            "worst": self.worst.as_dict(),
            "median": None if self.median is None else self.median.as_dict(),
        }


def _upper(block: BlockCertificate) -> Decimal:
    assert block.mean is not None
    return Decimal("Infinity") if block.mean[1] is None else block.mean[1]


@dataclass(frozen=True)
class Certification:
    """What checkpoints of a run certify of the gradients between them.

    ``steps``: between consecutive checkpoints; ``effective_steps``: (sum of weights)^2/(sum of their squares), the number of
    steps that the mean is one of; ``learning_rate`` and ``weight_decay``: as given, or the schedule's name; ``left_out``:
    families of the table that are not asked for, with the reason; ``decays``: whether weights decay at any step; ``trust``:
    ``None`` where no number is certified. The statement is conditional on ``conditional_on`` and on ``assumes``.
    """

    claim: str
    checkpoints: tuple[str, ...]
    steps: tuple[int, ...]
    effective_steps: float
    learning_rate: str
    weight_decay: str
    momentum: str
    precision: str
    families: tuple[FamilyCertificate, ...]
    left_out: tuple[tuple[str, str], ...]
    conditional_on: tuple[str, ...]
    trust: str | None
    decays: bool

    @property
    def assumes(self) -> tuple[str, ...]:
        """What nothing checks, in words."""
        return (_WITH_DECAY if self.decays else _WITHOUT_DECAY, *_ASSUMES)

    def statuses(self) -> list[str]:
        """The words of all blocks."""
        return [block.status for family in self.families for block in family.blocks]

    def total(self) -> BlockCertificate:
        """The sum of |G|^2 over all blocks that took steps: its mean and its least; no numbers where a block has none."""
        blocks = [b for family in self.families for b in family.blocks if b.status != "not applicable"]
        words = Counter(b.status for b in blocks)
        word = next((w for w in ("violated", "undecided", "held", "not resolvable") if words[w]), "not applicable")
        name, reason = f"all {len(blocks)} blocks", ", ".join(f"{n} {w}" for w, n in words.items())
        if not blocks or words["violated"] or words["undecided"]:
            return BlockCertificate(name, word, reason, "")
        low = mean_outward(((1, b.mean[0]) for b in blocks if b.mean), 1, up=False)
        highs = [b.mean[1] for b in blocks if b.mean and b.mean[1] is not None]
        high = mean_outward(((1, h) for h in highs), 1, up=True) if len(highs) == len(blocks) else None
        # the least of the sum is at most its mean; each block's own least may lie at another step
        return BlockCertificate(name, word, reason, "", (low, high), high)

    def as_dict(self, granularity: Granularity = "layer") -> dict[str, Any]:
        """As plain data, with the rows of one granularity."""
        return {
            "claim": self.claim,
            "checkpoints": list(self.checkpoints),
            "steps": list(self.steps),
            "effective_steps": self.effective_steps,
            "learning_rate": self.learning_rate,
            "weight_decay": self.weight_decay,
            "momentum": self.momentum,
            "precision": self.precision,
            "trust": self.trust,
            "conditional_on": list(self.conditional_on),
            "assumes": list(self.assumes),
            "violated": SUSPECTS if "violated" in self.statuses() else None,
            "left_out": [{"family": name, "status": "not applicable", "reason": reason} for name, reason in self.left_out],
            "granularity": granularity,
            "rows": self._rows(granularity),
        }

    def _rows(self, granularity: Granularity) -> list[dict[str, Any]]:
        if granularity == "all":
            return [{**self.total().as_dict(), "granularity": "all"}]
        if granularity == "layer":
            return [family.as_dict() for family in self.families]
        return [block.as_dict() for family in self.families for block in family.blocks]


def digits(number: Decimal, up: bool) -> str:
    """Five digits, rounded outwards."""
    return f"{rounded_outward(number, up, 5):.5g}"
