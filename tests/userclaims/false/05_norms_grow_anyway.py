"""Weights may get shorter where the loss is not scale-invariant: the hypothesis is missing."""

from ratetheory.claims.hypotheses import DIFFERENTIABLE, GRADIENT_STEP
from ratetheory.own import Conclusion, claim

CLAIM = claim(
    slug="norms-grow-anyway",
    title="S_t <= S_{t+1} for gradient descent on any loss",
    setting="trajectory",
    hypotheses=[DIFFERENTIABLE, GRADIENT_STEP],
    conclusions=[Conclusion("grows", lambda m, s: s.S, "<=", lambda m, s: s.S_next)],
)
