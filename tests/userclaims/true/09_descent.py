"""The descent lemma's coefficient is at least half the learning rate up to 1/L."""

from ratetheory.own import Conclusion, Letter, assume, claim

CLAIM = claim(
    slug="half-the-rate",
    title="eta/2 <= eta - L eta^2/2 for eta <= 1/L",
    letters=[Letter("eta", "learning rate", above="0"), Letter("L", "smoothness", above="0")],
    hypotheses=[assume("small", lambda m, s: s.eta, "<=", lambda m, s: 1 / s.L)],
    conclusions=[Conclusion("half", lambda m, s: s.eta / 2, "<=", lambda m, s: s.eta - s.L * s.eta**2 / 2)],
)
