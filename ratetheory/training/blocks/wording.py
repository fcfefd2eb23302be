"""The reasons, in words."""

from __future__ import annotations

from collections.abc import Sequence

from ratetheory.observation.families import Family, Unit

_NEARLY = 1e-4
_LIMIT = 800

Reached = Sequence[tuple[str, str, float]]
"""Normalisations: place, kind, degree with which they are reached."""


def unit(f: Family, kinds: Sequence[str]) -> Unit:
    """What a block is: ``kinds`` are those of the normalisations it reaches."""
    if f.parts == 1:
        return "layer"
    if all((m.stop - m.start) == f.parts for m in f.members):
        return "filter"
    return "group" if "group" in kinds else "head"


def invariant(f: Family, defect: float, reached: Reached, obstacle: str | None, followed: bool) -> str:
    """Why blocks are invariant."""
    shown = f"outputs unchanged to {max(defect, 1e-16):.0e} under random rescaling"
    if obstacle is not None:
        return f"{shown}; the degrees do not show it: {obstacle}"
    if not reached and f.norms:
        reached = [(norm.module, norm.kind, 1.0) for norm in f.norms]
    if not reached:
        return f"{shown}; a degree of 0 at the outputs" if followed else shown
    places = list(dict.fromkeys(f"degree {degree:.4g} into {place} ({kind})" for place, kind, degree in reached))
    more = f" and {len(places) - 2} more" if len(places) > 2 else ""
    text = f"{', '.join(places[:2])}{more}: degree 0; {shown}"
    if f.nearly:
        blocks = "" if f.parts == 1 else f" in {f.nearly} of {f.parts} blocks"
        text += f"; only nearly with the model's eps: <w, gradient> up to {max(f.defects):.1g} of sum |w gradient|{blocks}"
    return text if f.norms else f"{text}; where, the eps law does not confirm"


def variant(defect: float, obstacle: str | None) -> str:
    """Why a parameter is not invariant; ``defect``: its |<w, g>| relative to sum |w g|."""
    nearly = f"nearly: relative defect {defect:.1g}; " if defect < _NEARLY else ""
    if obstacle is None:
        return f"{nearly}<w, gradient> is not zero: {defect:.1g} of sum |w gradient|"
    return f"{nearly}{obstacle}"[:_LIMIT]


def undecided(reason: str) -> str:
    """The reason of what is not invariant alone, where not all groups that it may stand in were tried."""
    return f"not invariant alone: {reason[:_LIMIT]}; whether it is jointly invariant with others was not decided"


def broken(defect: float, tolerance: float) -> str:
    """Why a candidate is not invariant after all."""
    return f"nearly: unchanged by small rescalings, but factors up to 64 change the outputs by {defect:.1g} > {tolerance:.0e}"


def dead_but(f: Family, reason: str) -> str:
    """A family without gradient that is invariant at other weights."""
    what = "invariant alone" if f.verdict == "alone" else "jointly invariant"
    return f"its gradient is zero at the present weights; elsewhere {what} (a block: {f.unit}): {reason}"


def silent(kind: str, used: bool) -> str:
    """Why a parameter has no gradient anywhere near."""
    if not used and kind != "none":
        return (
            "no gradient reaches it, though other values would change the outputs: it is detached, or in a reentrant "
            "checkpoint of which no input asks for a gradient; training leaves it as it is"
        )
    if not used:
        return "no output depends on it"
    if kind == "none":
        return "has no influence: a shift before a normalisation or a softmax, or behind units that are dead"
    if kind == "scale":
        return "each index alone is scale-invariant in one dimension: its gradient is zero"
    return "its gradient is zero, though other values would change the outputs"
