"""Norm growth with momentum (theory, sections 8 and 11): heavy ball and Nesterov's, with decay, exactly."""

from __future__ import annotations

from ratetheory.claims.hypotheses import (
    CONSTANT_RATE,
    DIFFERENTIABLE,
    HEAVY_BALL_STEP,
    NESTEROV_STEP,
    NO_DECAY,
    SCALE_INVARIANT,
    UPDATE,
    ZERO_BUFFER,
)
from ratetheory.claims.statement import Claim, Conclusion

_FREE = (NO_DECAY, ZERO_BUFFER)

MOMENTUM_GROWTH = Claim(
    slug="momentum-growth",
    title="With momentum the norm follows exact recursions and, from a zero buffer and without decay, never shrinks",
    section="8",
    setting="optimizer",
    symbols=("S", "eta", "G", "lam", "beta", "p", "m_sq", "inertia", "lookahead", "update"),
    hypotheses=(SCALE_INVARIANT, DIFFERENTIABLE),
    conclusions=(
        Conclusion(
            "product",
            lambda m, s: s.p_next,
            "==",
            lambda m, s: s.beta * s.p + s.lam * s.S - s.eta * s.m_sq_next,
            (HEAVY_BALL_STEP,),
        ),
        Conclusion(
            "norm",
            lambda m, s: s.S_next,
            "==",
            lambda m, s: s.S - 2 * s.eta * (s.beta * s.p + s.lam * s.S) + s.eta**2 * s.m_sq_next,
            (HEAVY_BALL_STEP,),
        ),
        Conclusion("never-shrinks", lambda m, s: s.S, "<=", lambda m, s: s.S_next, (HEAVY_BALL_STEP, *_FREE)),
        Conclusion(
            "sum-form",
            lambda m, s: s.S_next,
            "==",
            lambda m, s: s.S + s.eta**2 * s.m_sq_next + 2 * s.eta * s.inertia,
            (HEAVY_BALL_STEP, *_FREE),
        ),
        Conclusion(
            "total",
            lambda m, s: (1 - s.beta) * (s.S_last - s.S_first),
            "==",
            lambda m, s: (1 + s.beta) * m.sum(s.eta**2 * s.m_sq_next) + 2 * s.beta * s.eta * s.p_last,
            (HEAVY_BALL_STEP, *_FREE, CONSTANT_RATE),
        ),
        Conclusion(
            "ratio",
            lambda m, s: (1 - s.beta) * (s.S_last - s.S_first),
            "<=",
            lambda m, s: (1 + s.beta) * m.sum(s.eta**2 * s.m_sq_next),
            (HEAVY_BALL_STEP, *_FREE, CONSTANT_RATE),
        ),
        Conclusion(
            "nesterov-norm",
            lambda m, s: s.S_next,
            "==",
            lambda m, s: s.S - 2 * s.eta * (s.beta**2 * s.p + (1 + s.beta) * s.lam * s.S) + s.update**2,
            (NESTEROV_STEP, UPDATE),
        ),
        Conclusion(
            "nesterov-lookahead",
            lambda m, s: s.lookahead_next,
            "==",
            lambda m, s: (1 - s.eta * s.lam) ** 2 * s.S + s.eta**2 * s.G**2 / s.S,
            (NESTEROV_STEP, CONSTANT_RATE),
        ),
        Conclusion(
            "nesterov-recursion",
            lambda m, s: s.S_next,
            "==",
            lambda m, s: (
                (1 + s.beta) * s.lookahead_next - s.beta * s.lookahead + s.beta * (1 + s.beta) * s.eta**2 * s.m_sq_next
            ),
            (NESTEROV_STEP, CONSTANT_RATE),
        ),
        Conclusion(
            "nesterov-never-shrinks", lambda m, s: s.S, "<=", lambda m, s: s.S_next, (NESTEROV_STEP, *_FREE, CONSTANT_RATE)
        ),
    ),
    source="sum-form: Heo et al. 2021 (arXiv:2006.08217), there at a constant rate, their p_t being m_{t+1}; new: the "
    "recursions with decay and schedules, total and ratio, Nesterov's momentum, closed in S, X = |w + eta beta m|^2",
    idea="The gradient is orthogonal to w, so <w, m_{t+1}> = beta p + lam S. From m_0 = 0 heavy ball keeps p <= 0, under any "
    "schedule. Nesterov's x_t = w_t + eta beta m_t moves to x_{t+1} = w_t - eta grad, at least as long as w_t, and w_{t+1} "
    "= x_{t+1} + beta (x_{t+1} - x_t) is at least as long as x_{t+1} if x_t is not longer: by induction it never is. With a"
    " schedule x does not close, and the weights can shrink. Against SGD at equal |m| heavy ball grows 1 + 2 beta/(1 - "
    "beta) times as fast in the long run, never faster (ratio); total says what is missing.",
)

CLAIMS = (MOMENTUM_GROWTH,)
