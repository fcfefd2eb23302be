"""The derivations of all claims, made once for all tests here."""

import pytest

from ratetheory.claims import claims
from ratetheory.symbolic import Derivation, derive


@pytest.fixture(scope="session")
def proved() -> dict[str, Derivation]:
    return {slug: derive(claim) for slug, claim in claims.items()}
