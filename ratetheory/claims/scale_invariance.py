"""Scale invariance (theory, section 1): what f(k w) = f(w) says of the gradient and of the Hessian."""

from __future__ import annotations

from ratetheory.claims.hypotheses import DIFFERENTIABLE, SCALE_INVARIANT, TWICE_DIFFERENTIABLE
from ratetheory.claims.statement import Claim, Conclusion

EULER_ORTHOGONALITY = Claim(
    slug="euler-orthogonality",
    title="The gradient is orthogonal to the weights",
    section="1",
    setting="point",
    symbols=("radial",),
    hypotheses=(SCALE_INVARIANT, DIFFERENTIABLE),
    conclusions=(Conclusion("orthogonal", lambda m, s: s.radial, "==", lambda m, s: m.number(0)),),
    source="Arora, Li, Lyu 2019 (arXiv:1812.03981), Lemma 2.4 (i); Euler",
    idea="Differentiate f(k w) = f(w) in k at k = 1.",
)

GRADIENT_HOMOGENEITY = Claim(
    slug="gradient-homogeneity",
    title="The gradient is homogeneous of degree -1",
    section="1",
    setting="point",
    symbols=("slope", "slope_scaled", "k"),
    hypotheses=(SCALE_INVARIANT, DIFFERENTIABLE),
    conclusions=(Conclusion("degree", lambda m, s: s.slope_scaled, "==", lambda m, s: s.slope / s.k),),
    source="Arora, Li, Lyu 2019 (arXiv:1812.03981), Lemma 2.4 (ii)",
    idea="Differentiate f(k w) = f(w) along an arbitrary direction u.",
)

HESSIAN_HOMOGENEITY = Claim(
    slug="hessian-homogeneity",
    title="The Hessian is homogeneous of degree -2 and turns w into minus the gradient",
    section="1",
    setting="point",
    symbols=("curvature", "curvature_scaled", "curvature_radial", "curvature_mixed", "slope", "k"),
    hypotheses=(SCALE_INVARIANT, TWICE_DIFFERENTIABLE),
    conclusions=(
        Conclusion("degree", lambda m, s: s.curvature_scaled, "==", lambda m, s: s.curvature / s.k**2),
        Conclusion("radial", lambda m, s: s.curvature_radial, "==", lambda m, s: -s.slope),
        Conclusion("mixed", lambda m, s: s.curvature_mixed, "==", lambda m, s: m.number(0)),
    ),
    source="Arora, Li, Lyu 2019 (arXiv:1812.03981), section 2; the mixed part by the same differentiation",
    idea="Differentiate the homogeneity of the gradient once more; differentiate <grad f(w), w> = 0 along u.",
)

CLAIMS = (EULER_ORTHOGONALITY, GRADIENT_HOMOGENEITY, HESSIAN_HOMOGENEITY)
