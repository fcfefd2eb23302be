"""Under gradient descent on a scale-invariant loss the weights never get shorter."""

from ratetheory.claims.hypotheses import DIFFERENTIABLE, GRADIENT_STEP, SCALE_INVARIANT
from ratetheory.own import Conclusion, claim

CLAIM = claim(
    slug="norms-grow",
    title="S_t <= S_{t+1}, at any learning rate, schedules included",
    setting="trajectory",
    hypotheses=[SCALE_INVARIANT, DIFFERENTIABLE, GRADIENT_STEP],
    conclusions=[Conclusion("grows", lambda m, s: s.S, "<=", lambda m, s: s.S_next)],
)
