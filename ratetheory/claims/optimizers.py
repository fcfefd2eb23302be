"""Norm growth and rotation of any optimiser (theory, section 8): no scale invariance, no assumption on the update."""

from __future__ import annotations

from typing import Any

from ratetheory.claims.hypotheses import FORWARD, UPDATE
from ratetheory.claims.statement import Claim, Conclusion


def _forward(m: Any, s: Any) -> Any:
    """|w| + u_r, the part of the new weights along the old."""
    return m.sqrt(s.S) + s.radial_update / m.sqrt(s.S)


OPTIMIZER_GROWTH = Claim(
    slug="optimizer-growth",
    title="Any update u: S grows by 2<w, u> + |u|^2; its radial part lengthens, its tangential part turns",
    section="8",
    setting="optimizer",
    symbols=("S", "angle", "update", "radial_update", "tangential_update"),
    hypotheses=(UPDATE,),
    conclusions=(
        Conclusion("norm", lambda m, s: s.S_next, "==", lambda m, s: s.S + 2 * s.radial_update + s.update**2),
        Conclusion("split", lambda m, s: s.S_next, "==", lambda m, s: _forward(m, s) ** 2 + s.tangential_update**2),
        Conclusion("parts", lambda m, s: s.update**2, "==", lambda m, s: s.radial_update**2 / s.S + s.tangential_update**2),
        Conclusion("cosine", lambda m, s: m.cos(s.angle) * m.sqrt(s.S_next), "==", _forward),
        Conclusion("angle", lambda m, s: s.angle, "==", lambda m, s: m.atan(s.tangential_update / _forward(m, s)), (FORWARD,)),
    ),
    source="new as statements; elementary geometry",
    idea="Pythagoras in the plane of w and u = u_r w/|w| + u_perp.",
)

CLAIMS = (OPTIMIZER_GROWTH,)
