"""The second Taylor polynomial lies below the logarithm, not above it."""

from ratetheory.own import Conclusion, Letter, claim

CLAIM = claim(
    slug="logarithm-too-low",
    title="ln(1 + x) <= x - x^2/2 for x >= 0",
    letters=[Letter("x", "any number, 0 or above", at_least="0")],
    conclusions=[Conclusion("upper", lambda m, s: m.log1p(s.x), "<=", lambda m, s: s.x - s.x**2 / 2)],
)
