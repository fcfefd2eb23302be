"""The tangent of the logarithm at 1, and its mirror image."""

from ratetheory.own import Conclusion, Letter, claim

CLAIM = claim(
    slug="tangent-of-the-logarithm",
    title="1 - 1/x <= ln x <= x - 1 for x > 0",
    letters=[Letter("x", "any positive number", above="0")],
    conclusions=[
        Conclusion("upper", lambda m, s: m.log(s.x), "<=", lambda m, s: s.x - 1),
        Conclusion("lower", lambda m, s: 1 - 1 / s.x, "<=", lambda m, s: m.log(s.x)),
    ],
)
