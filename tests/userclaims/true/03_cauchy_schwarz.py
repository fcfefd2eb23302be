"""Cauchy-Schwarz for two vectors in space, by their coordinates."""

from ratetheory.own import Conclusion, Letter, claim


def inner(u, v):
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2]


def first(s):
    return s.u_1, s.u_2, s.u_3


def second(s):
    return s.v_1, s.v_2, s.v_3


CLAIM = claim(
    slug="cauchy-schwarz",
    title="<u, v>^2 <= |u|^2 |v|^2",
    letters=[Letter(f"{vector}_{i}", f"coordinate {i} of {vector}") for vector in "uv" for i in (1, 2, 3)],
    conclusions=[
        Conclusion(
            "inequality",
            lambda m, s: inner(first(s), second(s)) ** 2,
            "<=",
            lambda m, s: inner(first(s), first(s)) * inner(second(s), second(s)),
        )
    ],
)
