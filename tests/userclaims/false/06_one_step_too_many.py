"""The certificate divides by T, not by T + 1."""

from ratetheory.claims.hypotheses import CONSTANT_RATE, DIFFERENTIABLE, GRADIENT_STEP, SCALE_INVARIANT
from ratetheory.own import Conclusion, claim

CLAIM = claim(
    slug="one-step-too-many",
    title="min over t < T of |G_t|^2 <= (b_T^2 - b_0^2)/(2 (T + 1))",
    setting="trajectory",
    hypotheses=[SCALE_INVARIANT, DIFFERENTIABLE, GRADIENT_STEP, CONSTANT_RATE],
    conclusions=[
        Conclusion(
            "minimum",
            lambda m, s: m.least(s.G**2),
            "<=",
            lambda m, s: (s.b_last**2 - s.b_first**2) / (2 * (m.steps(s.G) + 1)),
        )
    ],
)
