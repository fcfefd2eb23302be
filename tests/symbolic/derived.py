"""The derivation of a claim, made once for all tests of a process that ask for it."""

from functools import cache

import pytest

from ratetheory.claims import claims
from ratetheory.symbolic import Derivation, derivation, derive


@cache
def derived(slug: str) -> tuple[Derivation, dict[str, frozenset[str]]]:
    """The derivation of the claim, and for each conclusion the hypotheses of the fact that it was concluded from."""
    used = {}
    conclude = derivation.conclude

    def noting(ctx, goal, fact, conclusion):
        if ctx.claim.slug == slug:
            used[conclusion.slug] = fact.hypotheses
        return conclude(ctx, goal, fact, conclusion)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(derivation, "conclude", noting)
        return derive(claims[slug]), used
