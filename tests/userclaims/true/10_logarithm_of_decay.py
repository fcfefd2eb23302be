"""On [0, 1] the logarithm of 1 - x/2 lies between two lines; the lower one is a chord."""

from ratetheory.own import Conclusion, Letter, claim

CLAIM = claim(
    slug="logarithm-of-decay",
    title="-x ln 2 <= ln(1 - x/2) <= -x/2 for 0 <= x <= 1",
    letters=[Letter("x", "product of learning rate and decay", at_least="0", at_most="1")],
    conclusions=[
        Conclusion("upper", lambda m, s: m.log1p(-s.x / 2), "<=", lambda m, s: -s.x / 2),
        Conclusion("lower", lambda m, s: -s.x * m.log(2), "<=", lambda m, s: m.log1p(-s.x / 2)),
    ],
)
