"""The square is convex; so is the Huber function below it."""

from ratetheory.own import Conclusion, Letter, claim

CLAIM = claim(
    slug="convexity",
    title="(l a + (1 - l) b)^2 <= l a^2 + (1 - l) b^2, and Huber's function lies below x^2/2",
    letters=[
        Letter("a", "any number"),
        Letter("b", "any number"),
        Letter("l", "weight of a", at_least="0", at_most="1"),
    ],
    conclusions=[
        Conclusion(
            "square", lambda m, s: (s.l * s.a + (1 - s.l) * s.b) ** 2, "<=", lambda m, s: s.l * s.a**2 + (1 - s.l) * s.b**2
        ),
        Conclusion(
            "huber",
            lambda m, s: m.if_less(m.abs(s.a), 1, s.a**2 / 2, m.abs(s.a) - m.number("1/2")),
            "<=",
            lambda m, s: s.a**2 / 2,
        ),
    ],
)
