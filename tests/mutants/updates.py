"""Mutants of the claims about decay, momentum and other optimisers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.mutants.mutant import Mutant, Mutants


def decay() -> Iterator[Mutant]:
    decay = Mutants("decay-equivalence")
    decay.change("rate-not-rescaled", "norm", right=lambda m, s: s.S_hat + s.eta**2 * s.G**2 / s.S_hat)
    decay.change("norm-sign", "norm", right=lambda m, s: s.S_hat - s.eta_hat**2 * s.G**2 / s.S_hat)
    decay.change("norm-decays", "norm", left=lambda m, s: s.S_next, right=lambda m, s: s.S + s.eta**2 * s.G**2 / s.S)
    decay.change("old-scale", "rate", right=lambda m, s: s.eta / s.scale**2)
    decay.change("rate-falls", "rate", right=lambda m, s: s.eta * s.scale**2 / s.root)
    decay.change("factor-without-momentum", "factor", right=lambda m, s: 1 - s.eta * s.lam)
    decay.change("exponent", "exponential", right=lambda m, s: 2 * m.steps(s.eta) * m.log(s.root))
    decay.change("root-above-one", "root-above", left=lambda m, s: m.sqrt(s.beta))
    decay.scale("root-range", "root-below", 0.9)
    decay.scale("real-root-half", "real-root", 0.5)
    decay.drop("scale-invariance", "heavy-ball-step", "positive-factor", "no-momentum")
    decay.drop("corrected-buffer", "constant-rate", "positive-root", "settled-shift", "momentum-range")
    yield from decay.found


def schedule() -> Iterator[Mutant]:
    certificate = Mutants("schedule-certificate")
    certificate.change("lower-from-last", "lower", left=lambda m, s: s.S_hat_last * (s.S_hat_last - s.S_hat_first))
    certificate.scale("upper-constant", "upper", 0.99)
    certificate.change("without-hats", "lower", right=lambda m, s: m.sum(s.eta**2 * s.G**2))
    certificate.change("norms-decayed", "upper", right=lambda m, s: (s.S_last**2 - s.S_first**2) / 2)
    certificate.change("rates-not-squared", "upper", left=lambda m, s: m.sum(s.eta_hat * s.G**2))
    certificate.change(
        "plain-mean",
        "minimum",
        right=lambda m, s: (s.S_hat_last**2 - s.S_hat_first**2) / (2 * m.steps(s.G) * s.eta_hat_first**2),
    )
    certificate.change(
        "weights-not-squared", "minimum", right=lambda m, s: (s.S_hat_last**2 - s.S_hat_first**2) / (2 * m.sum(s.eta_hat) ** 2)
    )
    certificate.drop("scale-invariance", "heavy-ball-step", "no-momentum")
    yield from certificate.found


def momentum() -> Iterator[Mutant]:
    momentum = Mutants("momentum-growth")
    momentum.change("no-memory", "product", right=lambda m, s: s.lam * s.S - s.eta * s.m_sq_next)
    momentum.change("old-buffer", "product", right=lambda m, s: s.beta * s.p + s.lam * s.S - s.eta * s.m_sq)
    momentum.change("once", "norm", right=lambda m, s: s.S - s.eta * (s.beta * s.p + s.lam * s.S) + s.eta**2 * s.m_sq_next)
    momentum.change("sign", "norm", right=lambda m, s: s.S + 2 * s.eta * (s.beta * s.p + s.lam * s.S) + s.eta**2 * s.m_sq_next)
    momentum.change("grows-faster", "never-shrinks", left=lambda m, s: s.S + 2 * s.eta**2 * s.m_sq_next)
    momentum.change("sum-once", "sum-form", right=lambda m, s: s.S + s.eta**2 * s.m_sq_next + s.eta * s.inertia)
    momentum.change("sum-without-memory", "sum-form", right=lambda m, s: s.S + s.eta**2 * s.m_sq_next)
    momentum.change("in-the-long-run", "total", right=lambda m, s: (1 + s.beta) * m.sum(s.eta**2 * s.m_sq_next))
    momentum.scale("ratio-constant", "ratio", 0.9)
    momentum.change("ratio-exponent", "ratio", left=lambda m, s: (1 - s.beta) ** 2 * (s.S_last - s.S_first), relation="==")
    momentum.change(
        "nesterov-as-heavy-ball",
        "nesterov-norm",
        right=lambda m, s: s.S - 2 * s.eta * (s.beta * s.p + s.lam * s.S) + s.update**2,
    )
    momentum.change("lookahead-twice", "nesterov-lookahead", right=lambda m, s: s.S + 2 * s.eta**2 * s.G**2 / s.S)
    momentum.change("recursion-sign", "nesterov-recursion", right=lambda m, s: (1 - s.beta) * s.lookahead_next + s.beta * s.S)
    momentum.drop("scale-invariance", "heavy-ball-step", "nesterov-step", "no-decay", "zero-buffer", "constant-rate", "update")
    yield from momentum.found
    yield _nesterov_with_a_schedule()


def _nesterov_with_a_schedule() -> Mutant:
    """That Nesterov's weights never shrink, under any schedule: false, and worth a counterexample of its own."""
    family = Mutants("momentum-growth")
    claim = family.claim.without("constant-rate")
    alone = replace(claim, conclusions=(claim.conclusion("nesterov-never-shrinks"),))
    return Mutant("momentum-growth.nesterov-with-a-schedule", alone, "constant-rate")


def optimizers() -> Iterator[Mutant]:
    growth = Mutants("optimizer-growth")
    growth.change("no-radial-part", "norm", right=lambda m, s: s.S + s.update**2)
    growth.change("radial-once", "norm", right=lambda m, s: s.S + s.radial_update + s.update**2)
    growth.change("radial-sign", "norm", right=lambda m, s: s.S - 2 * s.radial_update + s.update**2)
    growth.change("tangential-alone", "split", right=lambda m, s: s.S + s.tangential_update**2)
    growth.change("not-normalised", "parts", right=lambda m, s: s.radial_update**2 + s.tangential_update**2)
    growth.change("no-forward-part", "angle", right=lambda m, s: m.atan(s.tangential_update / m.sqrt(s.S)))
    growth.change("whole-update", "angle", right=lambda m, s: m.atan(s.update / (m.sqrt(s.S) + s.radial_update / m.sqrt(s.S))))
    growth.change("cosine-old-norm", "cosine", left=lambda m, s: m.cos(s.angle) * m.sqrt(s.S))
    growth.drop("update", "forward")
    yield from growth.found


FAMILIES = (decay, schedule, momentum, optimizers)
