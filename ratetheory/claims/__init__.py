"""What is claimed: the registry of all claims by slug, in the order of the theory. Each family is one file."""

from __future__ import annotations

from types import MappingProxyType

from ratetheory.claims import (
    adagrad_norm,
    bn_neuron,
    certificates,
    decay,
    descent,
    equilibrium,
    gd_rate,
    momentum,
    norm_growth,
    optimizers,
    scale_invariance,
    sgd,
    smoothness,
    worst_case,
)
from ratetheory.claims.statement import Claim

claims: MappingProxyType[str, Claim] = MappingProxyType(
    {
        claim.slug: claim
        for family in (
            scale_invariance,
            norm_growth,
            certificates,
            smoothness,
            descent,
            gd_rate,
            sgd,
            decay,
            momentum,
            optimizers,
            equilibrium,
            bn_neuron,
            worst_case,
            adagrad_norm,
        )
        for claim in family.CLAIMS
    }
)
