"""Half of the growth of b^2 bounds the sum of the squared gradients; the factor is part of the claim."""

from ratetheory.claims.hypotheses import CONSTANT_RATE, DIFFERENTIABLE, GRADIENT_STEP, SCALE_INVARIANT
from ratetheory.own import Conclusion, claim

CLAIM = claim(
    slug="squares-telescope",
    title="b_0^2 + 2 sum |G_t|^2 <= b_T^2",
    setting="trajectory",
    hypotheses=[SCALE_INVARIANT, DIFFERENTIABLE, GRADIENT_STEP, CONSTANT_RATE],
    conclusions=[
        Conclusion("step", lambda m, s: s.b**2 + 2 * s.G**2, "<=", lambda m, s: s.b_next**2),
        Conclusion("run", lambda m, s: s.b_first**2 + 2 * m.sum(s.G**2), "<=", lambda m, s: s.b_last**2),
    ],
)
