"""Weight decay with a small product of rates, by steps of my own."""

from ratetheory.own import Conclusion, Letter, Step, assume, claim

CLAIM = claim(
    slug="decay-contracts",
    title="(1 - eta lam)^2 S <= (1 - eta lam) S for eta lam <= 1",
    letters=[
        Letter("eta", "learning rate", above="0"),
        Letter("lam", "weight decay", at_least="0"),
        Letter("S", "squared norm", at_least="0"),
    ],
    hypotheses=[assume("small", lambda m, s: s.eta * s.lam, "<=", lambda m, s: m.number(1))],
    conclusions=[
        Conclusion("contracts", lambda m, s: (1 - s.eta * s.lam) ** 2 * s.S, "<=", lambda m, s: (1 - s.eta * s.lam) * s.S)
    ],
    steps=[
        Step(
            "factor",
            lambda m, s: (1 - s.eta * s.lam) ** 2,
            "<=",
            lambda m, s: 1 - s.eta * s.lam,
            by="combine",
            using=[(lambda m, s: s.eta * s.lam, "small")],
        ),
        Step(
            "contracts",
            lambda m, s: (1 - s.eta * s.lam) ** 2 * s.S,
            "<=",
            lambda m, s: (1 - s.eta * s.lam) * s.S,
            by="combine",
            using=[(lambda m, s: s.S, "factor")],
        ),
    ],
)
