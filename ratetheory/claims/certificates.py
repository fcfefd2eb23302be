"""Certificates from weight norms alone (theory, section 3): no smoothness, no convexity, no noise model."""

from __future__ import annotations

from ratetheory.claims.hypotheses import (
    CONSTANT_RATE,
    DIFFERENTIABLE,
    GRADIENT_STEP,
    PREDICTED_DEFECT,
    SCALE_INVARIANT,
)
from ratetheory.claims.statement import Claim, Conclusion

_STEP = (SCALE_INVARIANT, DIFFERENTIABLE, GRADIENT_STEP)

GROWTH_CERTIFICATE = Claim(
    slug="growth-certificate",
    title="Two norms certify the mean squared gradient between them, from both sides",
    section="3",
    setting="trajectory",
    symbols=("b", "G"),
    hypotheses=(*_STEP, CONSTANT_RATE),
    conclusions=(
        Conclusion("lower", lambda m, s: s.b_first * (s.b_last - s.b_first), "<=", lambda m, s: m.sum(s.G**2)),
        Conclusion("upper", lambda m, s: m.sum(s.G**2), "<=", lambda m, s: (s.b_last**2 - s.b_first**2) / 2),
        Conclusion(
            "minimum",
            lambda m, s: m.least(s.G**2),
            "<=",
            lambda m, s: (s.b_last**2 - s.b_first**2) / (2 * m.steps(s.G)),
        ),
        Conclusion(
            "defect",
            lambda m, s: s.b_last**2 - s.b_first**2 - 2 * m.sum(s.G**2),
            "==",
            lambda m, s: m.sum((s.b_next - s.b) ** 2),
        ),
    ),
    source="new as a certificate; the telescoping of Arora, Li, Lyu 2019, section 3",
    idea="b_{t+1}^2 - b_t^2 = 2|G|^2 + (b_{t+1} - b_t)^2, and b_{t+1} - b_t = |G|^2/b_t <= |G|^2/b_0.",
)

CORRECTED_CERTIFICATE = Claim(
    slug="corrected-certificate",
    title="The certificate for steps whose norm identity is off by a predicted defect",
    section="3",
    setting="trajectory",
    symbols=("S", "eta", "G", "d", "defect"),
    hypotheses=(PREDICTED_DEFECT,),
    conclusions=(
        Conclusion("defect", lambda m, s: s.defect, "==", lambda m, s: s.d),
        Conclusion(
            "sum",
            lambda m, s: m.sum(s.eta**2 * s.G**2),
            "<=",
            lambda m, s: (s.S_last**2 - s.S_first**2 - 2 * m.sum(s.S * s.d)) / 2,
        ),
    ),
    source="new",
    idea="S_{t+1}^2 - S_t^2 >= 2 S_t (S_{t+1} - S_t) = 2 (eta_t^2 |G_t|^2 + S_t d_t).",
    errata=("With the measured defect the inequality is an identity up to a square, true for unrelated gradients.",),
)

ROTATION_BUDGET = Claim(
    slug="rotation-budget",
    title="The squared angles of all steps add up to at most ln(S_T/S_0)",
    section="3",
    setting="trajectory",
    symbols=("S", "eta", "G", "angle"),
    hypotheses=_STEP,
    conclusions=(
        Conclusion("angles", lambda m, s: m.sum(s.angle**2), "<=", lambda m, s: m.log(s.S_last / s.S_first)),
        Conclusion(
            "logarithms",
            lambda m, s: m.sum(m.log1p((s.eta * s.G / s.S) ** 2)),
            "==",
            lambda m, s: m.log(s.S_last / s.S_first),
        ),
    ),
    source="new",
    idea="theta^2 <= -2 ln cos(theta) = ln(1 + tan^2(theta)), and the logarithms telescope; schedules included.",
)

CLAIMS = (GROWTH_CERTIFICATE, CORRECTED_CERTIFICATE, ROTATION_BUDGET)
