"""Weight decay is a growing learning rate (theory, sections 8 and 11)."""

from __future__ import annotations

from ratetheory.claims.hypotheses import (
    CONSTANT_RATE,
    CORRECTED_BUFFER,
    DIFFERENTIABLE,
    HEAVY_BALL_STEP,
    MOMENTUM_RANGE,
    NO_MOMENTUM,
    POSITIVE_FACTOR,
    ROOT,
    SCALE_INVARIANT,
    SETTLED_SHIFT,
)
from ratetheory.claims.statement import Claim, Conclusion

_EXPONENTIAL = (CONSTANT_RATE, ROOT, SETTLED_SHIFT)

DECAY_EQUIVALENCE = Claim(
    slug="decay-equivalence",
    title="Weight decay is a growing learning rate: w/R is a run without decay at the rate eta/(R_t R_{t+1})",
    section="8",
    setting="optimizer",
    symbols=("S", "eta", "G", "lam", "beta", "shrink", "scale", "shift", "S_hat", "eta_hat", "drift", "buffer_drift", "root"),
    hypotheses=(SCALE_INVARIANT, DIFFERENTIABLE, HEAVY_BALL_STEP, POSITIVE_FACTOR),
    conclusions=(
        Conclusion(
            "norm",
            lambda m, s: s.S_hat_next,
            "==",
            lambda m, s: s.S_hat + s.eta_hat**2 * s.G**2 / s.S_hat,
            (NO_MOMENTUM,),
        ),
        Conclusion("weights", lambda m, s: s.drift, "==", lambda m, s: m.number(0), (CORRECTED_BUFFER,)),
        Conclusion("buffer", lambda m, s: s.buffer_drift, "==", lambda m, s: m.number(0), (CORRECTED_BUFFER,)),
        Conclusion("factor", lambda m, s: s.shrink, "==", lambda m, s: s.root, _EXPONENTIAL),
        Conclusion(
            "exponential", lambda m, s: m.log(s.scale_last), "==", lambda m, s: m.steps(s.eta) * m.log(s.root), _EXPONENTIAL
        ),
        Conclusion("rate", lambda m, s: s.eta_hat, "==", lambda m, s: s.eta / (s.root * s.scale**2), _EXPONENTIAL),
        Conclusion("root-above", lambda m, s: s.beta, "<=", lambda m, s: s.root, (ROOT, MOMENTUM_RANGE)),
        Conclusion("root-below", lambda m, s: s.root, "<=", lambda m, s: m.number(1), (ROOT, MOMENTUM_RANGE)),
        Conclusion("real-root", lambda m, s: s.eta * s.lam, "<=", lambda m, s: (1 - m.sqrt(s.beta)) ** 2, (ROOT,)),
    ),
    source="Li, Arora 2019 (arXiv:1910.07454): constant rates and phases of them, the buffer corrected where a phase starts; "
    "new: one recursion for every schedule of rate and decay and any c_0 (at c_0 = 0 the buffers agree), and the roots' place",
    idea="Put w = R x and m = n/R + c w into the two equations of heavy ball; grad f(R x) = grad f(x)/R. Since R_0 = 1, the "
    "steps say by induction that (x, n) is the run without decay from w_0 and the buffer m_0 - c_0 w_0, g moving alike in "
    "both. Its rate is exactly exponential, eta a^(-2t-1), only for c_0 = (1 - a)/(eta a), a either root, both in [beta, "
    "1]: from a zero buffer with that rate the directions drift apart. At a constant rate and c_0 = 0, rho_t falls from "
    "1 - eta lam to the larger root. A positive root needs eta lam <= (1 - sqrt(beta))^2, which alone is stated; for beta > 0 "
    "it also suffices, by the formula for the roots.",
)

SCHEDULE_CERTIFICATE = Claim(
    slug="schedule-certificate",
    title="Two norms certify a weighted mean of the squared gradients between them, under any schedule of rate and decay",
    section="8",
    setting="optimizer",
    symbols=("G", "lam", "beta", "shrink", "scale", "shift", "S_hat", "eta_hat"),
    hypotheses=(SCALE_INVARIANT, DIFFERENTIABLE, HEAVY_BALL_STEP, POSITIVE_FACTOR, NO_MOMENTUM),
    conclusions=(
        Conclusion(
            "lower",
            lambda m, s: s.S_hat_first * (s.S_hat_last - s.S_hat_first),
            "<=",
            lambda m, s: m.sum(s.eta_hat**2 * s.G**2),
        ),
        Conclusion(
            "upper", lambda m, s: m.sum(s.eta_hat**2 * s.G**2), "<=", lambda m, s: (s.S_hat_last**2 - s.S_hat_first**2) / 2
        ),
        Conclusion(
            "minimum",
            lambda m, s: m.least(s.G**2),
            "<=",
            lambda m, s: (s.S_hat_last**2 - s.S_hat_first**2) / (2 * m.sum(s.eta_hat**2)),
        ),
    ),
    source="new as a certificate; the rescaling of Li, Arora 2019 (arXiv:1910.07454)",
    idea="S_hat grows by eta_hat^2 |G|^2/S_hat a step. So the growth times S_hat is eta_hat^2 |G|^2, and S_hat lies between "
    "its start and the mean of S_hat before and after the step. Without decay the hats go: S_hat = S, eta_hat = eta. With it "
    "the weights eta_hat^2 grow like e^(4 eta lam t): the mean is one of about the last 1/(2 eta lam) steps.",
)

CLAIMS = (DECAY_EQUIVALENCE, SCHEDULE_CERTIFICATE)
