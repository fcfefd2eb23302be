"""Harmonic, geometric and arithmetic mean of two numbers, and of three."""

from ratetheory.own import Conclusion, Letter, claim

CLAIM = claim(
    slug="means",
    title="HM <= GM <= AM",
    letters=[Letter(name, "a positive number", above="0") for name in ("a", "b", "c")],
    conclusions=[
        Conclusion("geometric", lambda m, s: m.sqrt(s.a * s.b), "<=", lambda m, s: (s.a + s.b) / 2),
        Conclusion("harmonic", lambda m, s: 4 / (s.a + s.b), "<=", lambda m, s: 1 / s.a + 1 / s.b),
        Conclusion("three", lambda m, s: 3 * s.a * s.b * s.c, "<=", lambda m, s: s.a**3 + s.b**3 + s.c**3),
    ],
)
