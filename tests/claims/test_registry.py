"""What every claim must have, and that nothing is written twice."""

import re

import pytest

from ratetheory.claims import claims
from ratetheory.claims.symbols import SYMBOLS

SLUGS = [
    "euler-orthogonality",
    "gradient-homogeneity",
    "hessian-homogeneity",
    "norm-growth",
    "rotation-growth",
    "wngrad-recursion",
    "growth-certificate",
    "corrected-certificate",
    "rotation-budget",
    "intrinsic-smoothness",
    "gradient-diameter",
    "geodesic-descent",
    "log-lyapunov",
    "gd-rate",
    "sgd-norm-envelope",
    "sgd-descent",
    "sgd-rate",
    "sgd-observed",
    "decay-equivalence",
    "schedule-certificate",
    "momentum-growth",
    "optimizer-growth",
    "equilibrium",
    "equilibrium-rotation",
    "layer-equalisation",
    "smoothed-bn",
    "eps-law",
    "worst-case",
    "adagrad-norm-rate",
]


def test_the_claims_in_the_order_of_the_theory():
    assert list(claims) == SLUGS


@pytest.mark.parametrize("slug", SLUGS)
def test_a_claim_is_complete(slug):
    claim = claims[slug]
    assert claim.title
    assert claim.source
    assert claim.idea
    assert all(name in SYMBOLS for name in claim.symbols)
    assert len({c.slug for c in claim.conclusions}) == len(claim.conclusions) > 0
    for hypothesis in claim.hypotheses:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", hypothesis.gallina)


@pytest.mark.parametrize("slug", SLUGS)
def test_on_silence_no_claim_applies(slug):
    claim = claims[slug]
    for conclusion in claim.conclusions:
        assert "not known" in claim.inapplicable(conclusion, {})


def test_reasons_come_from_the_facts():
    claim = claims["euler-orthogonality"]
    facts = {"scale_invariant": False, "scale_invariant_reason": "eps is large", "differentiable": True}
    assert claim.inapplicable(claim.conclusions[0], facts) == "scale-invariance: eps is large"
    assert claim.inapplicable(claim.conclusions[0], {"scale_invariant": True, "differentiable": True}) is None


def test_dropping_a_hypothesis_drops_it_everywhere():
    dropped = claims["norm-growth"].without("constant-rate")
    assert all(h.slug != "constant-rate" for c in dropped.conclusions for h in c.hypotheses)
    with pytest.raises(KeyError):
        claims["norm-growth"].without("even")
