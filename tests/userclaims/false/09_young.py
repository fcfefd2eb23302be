"""Young's inequality with the weight on the wrong side."""

from ratetheory.own import Conclusion, Letter, claim

CLAIM = claim(
    slug="young",
    title="a b <= e a^2/2 + e b^2/2",
    letters=[Letter("a", "any number"), Letter("b", "any number"), Letter("e", "weight", above="0")],
    conclusions=[Conclusion("young", lambda m, s: s.a * s.b, "<=", lambda m, s: s.e * s.a**2 / 2 + s.e * s.b**2 / 2)],
)
