"""The fourth Taylor polynomial of the cosine lies above it, with a step that would say otherwise."""

from ratetheory.own import Conclusion, Letter, Step, claim


def polynomial(s):
    return 1 - s.x**2 / 2 + s.x**4 / 24


CLAIM = claim(
    slug="cosine",
    title="1 - x^2/2 + x^4/24 <= cos x for 0 <= x <= 3/2",
    letters=[Letter("x", "an angle", at_least="0", at_most="3/2")],
    conclusions=[Conclusion("lower", lambda m, s: polynomial(s), "<=", lambda m, s: m.cos(s.x))],
    steps=[Step("lower", lambda m, s: polynomial(s), "<=", lambda m, s: m.cos(s.x), by="derivatives", variable="x")],
)
