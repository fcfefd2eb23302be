"""A step orthogonal to the weights lengthens them by Pythagoras, with coordinates of my own."""

from ratetheory.own import Conclusion, Letter, assume, claim


def sampler(rng, n):
    """Orthogonality must hold exactly, so the coordinates are whole numbers and g is w turned by a right angle."""
    w_1, w_2, k = (rng.integers(-50, 51, n).astype(float) for _ in range(3))
    return {"w_1": w_1, "w_2": w_2, "g_1": -k * w_2, "g_2": k * w_1, "eta": rng.integers(1, 9, n) / 8}


CLAIM = claim(
    slug="own-pythagoras",
    title="|w - eta g|^2 = |w|^2 + eta^2 |g|^2 where <w, g> = 0",
    letters=[
        *(Letter(name, "a coordinate") for name in ("w_1", "w_2", "g_1", "g_2")),
        Letter("eta", "learning rate", above="0"),
    ],
    hypotheses=[assume("orthogonal", lambda m, s: s.w_1 * s.g_1 + s.w_2 * s.g_2, "==", lambda m, s: m.number(0))],
    conclusions=[
        Conclusion(
            "growth",
            lambda m, s: (s.w_1 - s.eta * s.g_1) ** 2 + (s.w_2 - s.eta * s.g_2) ** 2,
            "==",
            lambda m, s: s.w_1**2 + s.w_2**2 + s.eta**2 * (s.g_1**2 + s.g_2**2),
        )
    ],
    sampler=sampler,
)
