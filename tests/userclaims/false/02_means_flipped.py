"""The arithmetic mean does not lie below the geometric one."""

from ratetheory.own import Conclusion, Letter, claim

CLAIM = claim(
    slug="means-flipped",
    title="AM <= GM",
    letters=[Letter("a", "a positive number", above="0"), Letter("b", "a positive number", above="0")],
    conclusions=[Conclusion("means", lambda m, s: (s.a + s.b) / 2, "<=", lambda m, s: m.sqrt(s.a * s.b))],
)
