"""b grows by |G|^2/b, not by 1% less."""

from ratetheory.claims.hypotheses import CONSTANT_RATE, DIFFERENTIABLE, GRADIENT_STEP, SCALE_INVARIANT
from ratetheory.own import Conclusion, claim

CLAIM = claim(
    slug="growth-too-slow",
    title="b_{t+1} <= b_t + 0.99 |G|^2/b_t",
    setting="trajectory",
    hypotheses=[SCALE_INVARIANT, DIFFERENTIABLE, GRADIENT_STEP, CONSTANT_RATE],
    conclusions=[Conclusion("growth", lambda m, s: s.b_next, "<=", lambda m, s: s.b + m.number("0.99") * s.G**2 / s.b)],
)
