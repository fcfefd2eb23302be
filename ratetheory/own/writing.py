"""What the file of a user's own claim is written with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ratetheory.claims.statement import Claim, Comparison, Conclusion, Formula, Hypothesis, Letter

Sampler = Callable[[Any, int], Mapping[str, Any]]
"""From a numpy random generator and a count: for each letter as many floats."""
OWN_SETTING = "own"


@dataclass(frozen=True)
class Step:
    """One step of a derivation: ``left relation right``, and what it follows from.

    ``by`` names how it is checked:

    - ``auto``: whatever the checker finds, from all that ``using`` names (steps and hypotheses before this one);
    - ``combine``: ``using`` holds tuples ``(factor, name, ...)``; the gap right - left is the sum of each factor (a formula or
      an exact number; nonnegative unless an equation is named) times the gaps of the facts named, plus something nonnegative;
    - ``derivatives``: repeated differentiation in ``variable``, from the start of its range;
    - ``cite``: a claim of the theory; ``using`` is ``(claim, conclusion)`` and nothing else is stated;
    - ``sum``: the fact that ``using`` names, summed over the steps before T; nothing else is stated.
    """

    slug: str
    left: Formula | None = None
    relation: Literal["==", "<=", "<"] | None = None
    right: Formula | None = None
    by: Literal["auto", "combine", "derivatives", "cite", "sum"] = "auto"
    using: Sequence[Any] = ()
    variable: str | None = None


@dataclass(frozen=True)
class OwnClaim:
    """A claim, and what its author adds to decide it."""

    claim: Claim
    steps: tuple[Step, ...] = ()
    sampler: Sampler | None = None


def assume(slug: str, left: Formula, relation: Literal["==", "<=", "<"], right: Formula) -> Hypothesis:
    """A hypothesis that two formulas state, such as ``x <= y``."""
    sentence = f"{slug}: left {relation} right, as the formulas say"
    return Hypothesis(slug, sentence, slug.replace("-", "_"), lambda _: None, Comparison(left, relation, right))


def claim(
    *,
    slug: str,
    title: str,
    conclusions: Sequence[Conclusion],
    letters: Sequence[Letter] = (),
    setting: str = OWN_SETTING,
    hypotheses: Sequence[Hypothesis] = (),
    steps: Sequence[Step] = (),
    sampler: Sampler | None = None,
    source: str = "",
    idea: str = "",
) -> OwnClaim:
    """A claim of one's own; what is wrong with it is said when it is read.

    Either it has ``letters`` of its own, or it speaks of the theory's letters in one of the theory's settings
    (``trajectory``, ``point``, ``great-circle``, ...).
    """
    stated = Claim(
        slug=slug,
        title=title,
        section="",
        setting=setting,
        symbols=(),
        hypotheses=tuple(hypotheses),
        conclusions=tuple(conclusions),
        source=source,
        idea=idea,
        letters=tuple(letters),
    )
    return OwnClaim(stated, tuple(steps), sampler)
