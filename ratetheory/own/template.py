"""A claim of my own: ln(1 + x) lies between x/(1 + x) and x.

Run it with:  ratetheory verify THIS_FILE

The claim below is true and proved as it stands: change it. A formula is a function of m and s: s.x is the letter x, m holds the
functions (m.log1p, m.sqrt, m.maximum, m.if_less, ...) and m.number("3/10") is an exact number. All of it: docs/own-claims.md.
"""

from ratetheory.own import Conclusion, Letter, Step, assume, claim

# The letters and their ranges. Ends: above="0" (x > 0), at_least="0" (x >= 0), below, at_most. No end: any real number.
LETTERS = [Letter("x", "how far from 1 the logarithm is taken", at_least="0")]

# What is assumed beyond the ranges: relations "<=", "<" or "==" between two formulas.
HYPOTHESES = [assume("not-far", lambda m, s: s.x, "<=", lambda m, s: m.number("1e6"))]

# What is claimed: "<=" or "==" between two formulas, for all values of the letters that meet the hypotheses.
CONCLUSIONS = [
    Conclusion("upper", lambda m, s: m.log1p(s.x), "<=", lambda m, s: s.x),
    Conclusion("lower", lambda m, s: s.x / (1 + s.x), "<=", lambda m, s: m.log1p(s.x)),
]

# How it is derived, if you know: without steps the checker makes its own attempt. A step named like a conclusion proves it.
STEPS = [Step("upper", lambda m, s: m.log1p(s.x), "<=", lambda m, s: s.x, by="derivatives", variable="x")]


# Where to look for counterexamples, beside random values of all ranges; leave it out if you have no idea.
def sampler(rng, n):
    """n values of each letter, from a numpy random generator."""
    return {"x": 10 ** rng.uniform(-8, 6, n)}


CLAIM = claim(
    slug="my-claim",
    title="ln(1 + x) lies between x/(1 + x) and x",
    letters=LETTERS,
    hypotheses=HYPOTHESES,
    conclusions=CONCLUSIONS,
    steps=STEPS,
    sampler=sampler,
)
