"""All witnesses of a claim side by side: the derivation, the attack and the formal proof."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

from ratetheory.beside import derived_beside
from ratetheory.claims import claims
from ratetheory.claims.statement import Claim
from ratetheory.formal.verdicts import formal_verdict
from ratetheory.verdict import Verdict, overall

_DERIVATION_SECONDS = 60.0
_DERIVATION_SHARE = 0.75
"""Of the budget of one claim: the rest is the attack's."""
_SHARES, _KEPT = 4, 0.5
"""Equal shares of what is left that an attack may take, and the part of one that is kept for each that waits."""


@dataclass(frozen=True)
class Verification:
    """The verdicts of the witnesses of one claim, and the word they add up to: ``proved``, ``refuted`` or ``undecided``."""

    claim: str
    verdicts: tuple[Verdict, ...]
    status: str

    def witness(self, name: str) -> Verdict:
        """The verdict of one witness."""
        return next(verdict for verdict in self.verdicts if verdict.witness == name)

    def as_dict(self) -> dict[str, Any]:
        """The verification as plain data."""
        return {"claim": self.claim, "status": self.status, "verdicts": [verdict.as_dict() for verdict in self.verdicts]}


def find_claims(slugs: Sequence[str]) -> list[Claim]:
    """The claims of these slugs, all for none; ``ValueError`` for an unknown one."""
    for slug in slugs:
        if slug not in claims:
            raise ValueError(f"slug: {slug!r} is no claim; allowed: {', '.join(claims)}")
    return [claims[slug] for slug in slugs] if slugs else list(claims.values())


@overload
def verify(slugs: str, seed: int = 0, budget: float | None = None) -> Verification: ...
@overload
def verify(slugs: list[str] | tuple[str, ...] = (), seed: int = 0, budget: float | None = None) -> list[Verification]: ...
def verify(
    slugs: str | list[str] | tuple[str, ...] = (), seed: int = 0, budget: float | None = None
) -> Verification | list[Verification]:
    """Put claims through all witnesses: one slug, several, or all of them for none.

    ``budget`` is seconds in total; what it cuts short is undecided. Raises ``ValueError`` for an unknown slug or a budget that
    is not positive.
    """
    if isinstance(slugs, str):
        return next(verifications(find_claims([slugs]), seed, budget))
    return list(verifications(find_claims(slugs), seed, budget))


def drop(slug: str, hypothesis: str, seed: int = 0, budget: float | None = None) -> Verification:
    """Put a claim without one of its hypotheses through all witnesses.

    ``refuted`` with a counterexample says that the hypothesis matters, ``proved`` that it does not; else it is undecided.
    Raises ``ValueError`` for an unknown slug or hypothesis, or a budget that is not positive.
    """
    claim = without(find_claims([slug])[0], hypothesis)
    return next(verifications([claim], seed, budget))


def without(claim: Claim, hypothesis: str) -> Claim:
    """The claim without a hypothesis; ``ValueError`` if it has none of that name."""
    if hypothesis not in claim.hypothesis_slugs():
        allowed = ", ".join(claim.hypothesis_slugs())
        raise ValueError(f"drop: {hypothesis!r} is no hypothesis of {claim.slug}; allowed: {allowed}")
    return claim.without(hypothesis)


def verifications(chosen: Sequence[Claim], seed: int = 0, budget: float | None = None) -> Iterator[Verification]:
    """One verification after the other, as they are done; several claims are derived in a process of their own meanwhile.

    An attack may take four times its equal share of what is left of the budget, as most need less; but half a share is kept
    for each that waits, so that all are started.
    """
    if budget is not None and not 0 < budget < float("inf"):
        raise ValueError(f"budget: {budget} is not allowed; allowed: seconds above 0")
    if len(chosen) > 1 and any(claims.get(claim.slug) is not claim for claim in chosen):
        raise ValueError("chosen: a claim that is not the registry's; allowed among several: claims of the registry")
    start = time.monotonic()
    end = None if budget is None else start + budget
    if len(chosen) == 1:
        derivation = derive_claim(chosen[0], None if budget is None else start + _DERIVATION_SHARE * budget)
        yield _verification(chosen[0], derivation, attack_claim(chosen[0], seed, end))
        return
    with derived_beside([claim.slug for claim in chosen], budget) as derivations:
        for index, claim in enumerate(chosen):
            deadline = None if budget is None else _attack_deadline(start, budget, index, len(chosen))
            attack = attack_claim(claim, seed, deadline)
            yield _verification(claim, next(derivations), attack)


def _attack_deadline(start: float, budget: float, index: int, count: int) -> float:
    now = time.monotonic()
    left, waiting = start + budget - now, count - index
    return now + min(_SHARES * left / waiting, left - _KEPT * budget / count * (waiting - 1))


def _verification(claim: Claim, derivation: Verdict, attack: Verdict) -> Verification:
    verdicts = (derivation, attack, formal_verdict(claim))
    return Verification(derivation.claim, verdicts, overall(verdicts))


def _remaining(deadline: float | None) -> float | None:
    return None if deadline is None else deadline - time.monotonic()


def derive_claim(claim: Claim, deadline: float | None) -> Verdict:
    """The derivation's verdict; ``undecided`` with the reason where no time is left."""
    left = _remaining(deadline)
    if left is not None and left <= 0:
        return Verdict(claim.slug, "derivation", "undecided", {"reason": "the budget ended before the derivation"})
    from ratetheory.symbolic import derive

    return derive(claim, budget=_DERIVATION_SECONDS if left is None else min(left, _DERIVATION_SECONDS)).verdict


def attack_claim(claim: Claim, seed: int, deadline: float | None) -> Verdict:
    """The attack's verdict; ``undecided`` with the reason where it could not do its work."""
    left = _remaining(deadline)
    if left is not None and left <= 0:
        return Verdict(claim.slug, "attack", "undecided", {"reason": "the budget ended before the attack"}, seed)
    from ratetheory.attack.search import Undecided, attack

    start = time.monotonic()
    try:
        return attack(claim, seed=seed, budget=left)
    except Undecided as unfinished:
        evidence = {"reason": str(unfinished), **unfinished.evidence}
        return Verdict(claim.slug, "attack", "undecided", evidence, seed, time.monotonic() - start)
