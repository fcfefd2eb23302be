"""Smoothness on the product of spheres (theory, section 4)."""

from __future__ import annotations

from ratetheory.claims.hypotheses import DECOUPLED, EVEN, LOWER_BOUND, SCALE_INVARIANT, TWICE_DIFFERENTIABLE, WHOLE_SPHERE
from ratetheory.claims.statement import Claim, Conclusion

INTRINSIC_SMOOTHNESS = Claim(
    slug="intrinsic-smoothness",
    title="The second derivative along a unit-speed great circle is the Hessian on its tangent, at most L",
    section="4",
    setting="great-circle",
    symbols=("circle_second", "circle_curvature", "L"),
    hypotheses=(SCALE_INVARIANT, TWICE_DIFFERENTIABLE),
    conclusions=(
        Conclusion("hessian", lambda m, s: s.circle_second, "==", lambda m, s: s.circle_curvature),
        Conclusion("bound", lambda m, s: m.abs(s.circle_second), "<=", lambda m, s: s.L, (WHOLE_SPHERE,)),
    ),
    source="new; the constants of Arora, Li, Lyu 2019, section 2.2 (full Hessian norms) bound these",
    idea="c'' = -c, and <grad f(c), c> = 0 by Euler's identity.",
)

GRADIENT_DIAMETER = Claim(
    slug="gradient-diameter",
    title="On a sphere smoothness alone bounds the gradient by (pi/2) L and the range by (pi^2/4) L",
    section="4",
    setting="great-circle",
    symbols=("G", "H", "L", "Lam", "Lam_g", "value", "f_low"),
    hypotheses=(SCALE_INVARIANT, TWICE_DIFFERENTIABLE, WHOLE_SPHERE),
    conclusions=(
        Conclusion("gradient", lambda m, s: s.G, "<=", lambda m, s: m.pi / 2 * s.L),
        Conclusion("gradient-even", lambda m, s: s.G, "<=", lambda m, s: m.pi / 4 * s.L, (EVEN,)),
        Conclusion("range", lambda m, s: m.abs(s.circle_drop), "<=", lambda m, s: m.pi**2 / 4 * s.L),
        Conclusion("range-even", lambda m, s: m.abs(s.circle_drop), "<=", lambda m, s: m.pi**2 / 16 * s.L, (EVEN,)),
        Conclusion(
            "gap",
            lambda m, s: m.over_blocks(s.G**2 / (2 * s.Lam)) + s.H**2 / (2 * s.Lam_g),
            "<=",
            lambda m, s: s.value - s.f_low,
            (DECOUPLED, LOWER_BOUND),
        ),
    ),
    source="new",
    idea="Along a great circle f is 2 pi-periodic with |f''| <= L and a derivative of mean zero.",
)

CLAIMS = (INTRINSIC_SMOOTHNESS, GRADIENT_DIAMETER)
