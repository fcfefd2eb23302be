"""Pythagoras without the right angle."""

from ratetheory.own import Conclusion, Letter, claim

CLAIM = claim(
    slug="no-right-angle",
    title="|w - eta g|^2 = |w|^2 + eta^2 |g|^2 for all w, g",
    letters=[
        *(Letter(name, "a coordinate") for name in ("w_1", "w_2", "g_1", "g_2")),
        Letter("eta", "learning rate", above="0"),
    ],
    conclusions=[
        Conclusion(
            "growth",
            lambda m, s: (s.w_1 - s.eta * s.g_1) ** 2 + (s.w_2 - s.eta * s.g_2) ** 2,
            "==",
            lambda m, s: s.w_1**2 + s.w_2**2 + s.eta**2 * (s.g_1**2 + s.g_2**2),
        )
    ],
)
