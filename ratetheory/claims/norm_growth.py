"""Norm growth (theory, section 2): one gradient step on scale-invariant weights, exactly."""

from __future__ import annotations

from ratetheory.claims.hypotheses import CONSTANT_RATE, DIFFERENTIABLE, GRADIENT_STEP, SCALE_INVARIANT
from ratetheory.claims.statement import Claim, Conclusion

_STEP = (SCALE_INVARIANT, DIFFERENTIABLE, GRADIENT_STEP)

NORM_GROWTH = Claim(
    slug="norm-growth",
    title="One step lengthens the weights by exactly eta^2 |G|^2 / S",
    section="2",
    setting="trajectory",
    symbols=("S", "b", "eta", "G"),
    hypotheses=_STEP,
    conclusions=(
        Conclusion("norm", lambda m, s: s.S_next, "==", lambda m, s: s.S + s.eta**2 * s.G**2 / s.S),
        Conclusion("rate", lambda m, s: s.b_next, "==", lambda m, s: s.b + s.G**2 / s.b, (CONSTANT_RATE,)),
    ),
    source="Arora, Li, Lyu 2019 (arXiv:1812.03981), Lemma 2.4 (iii)",
    idea="Pythagoras: the step is orthogonal to the weights.",
)

ROTATION_GROWTH = Claim(
    slug="rotation-growth",
    title="One step turns the weights by theta = arctan(|G|/b) along a great circle, and b grows by 1/cos^2(theta)",
    section="2",
    setting="trajectory",
    symbols=("b", "G", "angle", "off_circle"),
    hypotheses=(*_STEP, CONSTANT_RATE),
    conclusions=(
        Conclusion("angle", lambda m, s: s.angle, "==", lambda m, s: m.atan(s.G / s.b)),
        Conclusion("great-circle", lambda m, s: s.off_circle, "==", lambda m, s: m.number(0)),
        Conclusion("growth", lambda m, s: s.b_next, "==", lambda m, s: s.b / m.cos(s.angle) ** 2),
    ),
    source="new as a statement; the geometry of Arora, Li, Lyu 2019, section 2",
    idea="w_{t+1} = |w_t| (v - tan(theta) G/|G|) with v orthogonal to G.",
)

WNGRAD_RECURSION = Claim(
    slug="wngrad-recursion",
    title="b obeys WNGrad's recursion; its square adds 2|G|^2 + |G|^4/b^2",
    section="2",
    setting="trajectory",
    symbols=("b", "G"),
    hypotheses=(*_STEP, CONSTANT_RATE),
    conclusions=(Conclusion("square", lambda m, s: s.b_next**2, "==", lambda m, s: s.b**2 + 2 * s.G**2 + s.G**4 / s.b**2),),
    source="the recursion of Wu, Ward, Bottou 2018 (arXiv:1803.02865); here the step uses the old b",
    idea="Square b_{t+1} = b_t + |G|^2/b_t.",
)

CLAIMS = (NORM_GROWTH, ROTATION_GROWTH, WNGRAD_RECURSION)
