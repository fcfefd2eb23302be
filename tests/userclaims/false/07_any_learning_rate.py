"""The descent lemma promises descent up to 2/L alone."""

from ratetheory.own import Conclusion, Letter, claim

CLAIM = claim(
    slug="any-learning-rate",
    title="0 <= eta - L eta^2/2 at any learning rate",
    letters=[Letter("eta", "learning rate", above="0"), Letter("L", "smoothness", above="0")],
    conclusions=[Conclusion("descends", lambda m, s: m.number(0), "<=", lambda m, s: s.eta - s.L * s.eta**2 / 2)],
)
