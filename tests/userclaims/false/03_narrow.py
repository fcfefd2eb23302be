"""False on an interval of length 6e-5 alone: the constant is too large by a billionth."""

from ratetheory.own import Conclusion, Letter, claim

CLAIM = claim(
    slug="narrow",
    title="x^2 + 1 >= 2 x + 1e-9 for all x",
    letters=[Letter("x", "any number")],
    conclusions=[Conclusion("square", lambda m, s: 2 * s.x + m.number("1e-9"), "<=", lambda m, s: s.x**2 + 1)],
)
