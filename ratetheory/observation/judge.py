"""What a run shows of one conclusion: held, violated (where first), not resolvable (precision) or not applicable (why)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ratetheory.claims.statement import Claim, Conclusion
from ratetheory.numeric import rounding
from ratetheory.numeric.rounding import Rounded
from ratetheory.numeric.run import Run
from ratetheory.observation.record import Groups, decoys, namespace

RESOLVED = 0.5
"""A conclusion is held only if at least this share of its entries is decided: a few lucky steps are no observation."""
INFINITE = "a side is beyond the range of floats, too large or divided by zero"


@dataclass(frozen=True)
class Observation:
    """One conclusion on one group of blocks.

    ``step`` and ``block`` are those of the first violation, or of the first entry that is beyond the range of floats, which is
    never taken for held. ``figures``: ``resolved``, the share of the entries that the
    precision decides; ``worst`` and ``median`` over the entries, with ``worst_block``: of an inequality (left - right)
    relative to the larger side, of an equation |left - right| relative to what it were if the theory were wrong (``decoys``).
    ``estimated``: the verdict depends on constants estimated along the run.
    """

    claim: str
    conclusion: str
    group: str
    status: str
    reason: str | None = None
    step: int | None = None
    block: str | None = None
    figures: dict[str, Any] | None = None
    estimated: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The observation as plain data."""
        return asdict(self)


def observe(
    claim: Claim,
    conclusion: Conclusion,
    symbols: Mapping[str, Rounded],
    names: tuple[str, ...],
    groups: Groups,
    alive: np.ndarray,
    independent: np.ndarray | None = None,
) -> list[Observation]:
    """Judge a conclusion at every step and block, reported by group.

    ``names`` are the blocks of the last axis, ``groups`` their partition for the report, ``alive`` (steps, blocks) is false
    where a block is dead: zero gradients, or weights, pass every test and show nothing. ``independent`` (steps, blocks), of a
    claim about a prediction, is false where it was measured: that may violate, but is no evidence. Raises ``AttributeError``
    where the record lacks a symbol of the formula.
    """
    violation, resolved, relative, infinite = _entries(conclusion, symbols)
    sound = np.ones_like(violation) if independent is None else _evidence(independent, violation.shape)
    steps = len(violation)
    infinite = infinite & (alive[:steps] if violation.shape[1] == alive.shape[1] else alive[:steps].all(axis=1, keepdims=True))
    alive = np.broadcast_to(alive[:steps], violation.shape) if violation.shape[1] == alive.shape[1] else np.ones_like(violation)
    index = groups.index if violation.shape[1] == len(groups.index) else np.zeros(violation.shape[1], dtype=int)
    group_names = groups.names if violation.shape[1] == len(groups.index) else ("all",)
    found = []
    for part, group in enumerate(group_names):
        columns = np.flatnonzero(index == part)
        cells = (violation[:, columns], resolved[:, columns], relative[:, columns])
        shows = (alive[:, columns].astype(bool), sound[:, columns])
        labels = [names[c] if violation.shape[1] == len(names) else "all" for c in columns]
        judged = _judge(claim.slug, conclusion.slug, group, labels, *cells, *shows)
        found.append(_unless_infinite(judged, infinite[:, columns], labels) if judged.status != "violated" else judged)
    return found


def _unless_infinite(judged: Observation, infinite: np.ndarray, labels: list[str]) -> Observation:
    """What is not violated, unless an overflow hides an entry: a few of them would pass for rounding."""
    if not infinite.any():
        return judged
    step, block = (int(i) for i in np.argwhere(infinite)[0])
    return replace(judged, status="not resolvable", reason=INFINITE, step=step, block=labels[block])


def _evidence(independent: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Which entries say something, whether of a step or of a sum up to it: those predicted, as were half of all before."""
    share = np.cumsum(independent, axis=0) / np.arange(1, len(independent) + 1)[:, None]
    return np.broadcast_to((independent & (share >= RESOLVED))[: shape[0]], shape)


def _entries(conclusion: Conclusion, symbols: Mapping[str, Rounded]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """For each step and block: certainly violated, decided, the relative distance of the two sides, a side not finite."""
    with np.errstate(all="ignore"):
        left, right = _sides(conclusion, symbols)
        excess = rounding.excess(left, conclusion.relation, right)
        if conclusion.relation == "<=":
            decided = np.isfinite(excess) & ((excess > 0) | (right.value - left.value >= left.error + right.error))
            size = np.maximum(np.abs(left.value), np.abs(right.value))
            relative = (left.value - right.value) / np.where(size > 0, size, 1.0)
        else:
            # an equation is decided where it would be seen to fail if the theory were wrong
            wrong = [_sides(conclusion, changed) for changed in decoys(symbols)]
            seen = np.any([rounding.excess(a, "==", b) > 0 for a, b in wrong], axis=0)
            decided = np.isfinite(excess) & (seen | (excess > 0))
            size = np.max([np.abs(a.value - b.value) for a, b in wrong], axis=0)
            relative = np.abs(left.value - right.value) / np.where(size > 0, size, 1.0)
    infinite = ~(np.isfinite(left.value) & np.isfinite(right.value))
    shape = np.broadcast_shapes(excess.shape, decided.shape, relative.shape)
    violation, decided, relative, infinite = (np.broadcast_to(v, shape)[0] for v in (excess > 0, decided, relative, infinite))
    return violation, decided, relative, infinite


def _sides(conclusion: Conclusion, symbols: Mapping[str, Rounded]) -> tuple[Rounded, Rounded]:
    m, s = Run(*(max(value.shape[axis] for value in symbols.values()) for axis in (-2, -1))), namespace(symbols)
    return rounding.exact(conclusion.left(m, s)), rounding.exact(conclusion.right(m, s))


def _judge(
    claim: str,
    conclusion: str,
    group: str,
    labels: list[str],
    violation: np.ndarray,
    resolved: np.ndarray,
    relative: np.ndarray,
    alive: np.ndarray,
    sound: np.ndarray,
) -> Observation:
    if violation.any():
        step, block = (int(i) for i in np.argwhere(violation)[0])
        figures: dict[str, Any] = {"worst": float(relative[step, block]), "worst_block": labels[block]}
        return Observation(claim, conclusion, group, "violated", None, step, labels[block], figures)
    if not alive.any():
        return Observation(
            claim, conclusion, group, "not resolvable", "every block is dead: all gradients, or weights, are zero"
        )
    resolved = resolved & np.isfinite(relative)
    share = float((resolved & sound)[alive].mean())
    figures = {"resolved": share, "dead": int((~alive).all(axis=0).sum())}
    shown = alive & sound & np.isfinite(relative)
    if shown.any():
        live = np.where(shown, relative, -np.inf)
        worst = np.unravel_index(int(np.argmax(live)), live.shape)
        figures |= {"worst": float(live[worst]), "median": float(np.median(relative[shown]))}
        figures |= {"worst_block": labels[int(worst[1])]}
    if share < RESOLVED:
        reason = _unresolved(1 - float(sound[alive].mean()), float((sound & ~resolved)[alive].mean()))
        return Observation(claim, conclusion, group, "not resolvable", reason, figures=figures)
    return Observation(claim, conclusion, group, "held", figures=figures)


def _unresolved(measured: float, hidden: float) -> str:
    """Why too little is decided: shares of the steps and blocks without a prediction of their own, and lost to rounding."""
    if not measured:
        return f"rounding hides {hidden:.0%} of the steps and blocks"
    text = f"no eps law is known for {measured:.0%} of the steps and blocks: a radial part that was measured predicts nothing"
    return f"{text}, and rounding hides {hidden:.0%}" if hidden else text
