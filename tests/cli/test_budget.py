"""A budget over several claims: each attack is started, and the time is not exceeded by what the shares say."""

from contextlib import contextmanager

import pytest

from ratetheory import witnesses
from ratetheory.claims import claims
from ratetheory.verdict import Verdict


class Clock:
    """Time that passes only where somebody works."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.mark.parametrize("count", [1, 2, 3, 5, len(claims)])
@pytest.mark.parametrize("derivation", [0.0, 10.0])
def test_every_attack_is_started_though_each_takes_all_that_it_may(monkeypatch, count, derivation):
    clock, shares = Clock(), []
    monkeypatch.setattr(witnesses, "time", clock)

    def derived(claim, deadline):
        clock.now = min(deadline, clock.now + derivation)
        return Verdict(claim.slug, "derivation", "undecided", {"reason": "cut"})

    @contextmanager
    def beside(slugs, budget):
        yield (Verdict(slug, "derivation", "undecided", {"reason": "cut"}) for slug in slugs)

    def attacked(claim, seed, deadline):
        shares.append(deadline - clock.now)
        clock.now = deadline
        return Verdict(claim.slug, "attack", "undecided", {"reason": "cut"}, seed)

    monkeypatch.setattr(witnesses, "derive_claim", derived)
    monkeypatch.setattr(witnesses, "derived_beside", beside)
    monkeypatch.setattr(witnesses, "attack_claim", attacked)
    found = list(witnesses.verifications(list(claims.values())[:count], budget=120.0))
    assert {each.witness(name).status for each in found for name in ("derivation", "attack")} == {"undecided"}
    assert len(found) == count
    assert min(shares) >= 0.99 * 0.5 * sum(shares) / count
    assert clock.now == pytest.approx(1120.0)
