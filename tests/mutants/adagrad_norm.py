"""Mutants of the claim about AdaGrad-Norm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ratetheory.claims import adagrad_norm as ag
from ratetheory.claims.statement import Formula
from tests.mutants.mutant import Mutant, Mutants


def adagrad() -> Iterator[Mutant]:
    rate = Mutants("adagrad-norm-rate")

    def potential(slope: float, share: float, suffix: str) -> Formula:
        def formula(m: Any, s: Any) -> Any:
            B = getattr(s, "B" + suffix)
            return getattr(s, "F" + suffix) + slope * s.eta_F * B - share * s.L_F * s.eta_F**2 * m.log(B)

        return formula

    def falls(name: str, slope: float, share: float) -> None:
        rate.change(name, "monotone", left=potential(slope, share, "_next"), right=potential(slope, share, ""))

    def total(m: Any, s: Any, *, L: float = 1, D: float = 1) -> Any:
        return ag.two_phase(m, L * s.L_F, D * s.D_F, s.eta_F, s.B_first)

    def one(m: Any, s: Any, *, L: float = 1, D: float = 1) -> Any:
        return ag.one_phase(m, L * s.L_F, D * s.D_F, s.eta_F, s.B_first)

    falls("slope", 1.05, 1.0)
    falls("smoothness-halved", 1.0, 0.5)
    falls("logarithm-sign", 1.0, -1.0)
    falls("smoothness-constant", 1.0, 0.98)
    rate.change("no-growth", "envelope", right=lambda m, s: s.B_first)
    rate.change(
        "no-smoothness", "envelope", right=lambda m, s: s.B_first + ag.increment(m, s.L_F / 100, s.D_F, s.eta_F, s.B_first)
    )
    rate.change("one-phase-gap", "sum-one-phase", right=lambda m, s: one(m, s, D=0.3))
    rate.change("one-phase-first-power", "sum-one-phase", right=lambda m, s: ag.increment(m, s.L_F, s.D_F, s.eta_F, s.B_first))
    rate.scale("two-phase-constant", "sum-two-phase", 0.99)
    rate.change("two-phase-gap", "sum-two-phase", right=lambda m, s: total(m, s, D=0.95))
    rate.change("two-phase-smoothness", "sum-two-phase", right=lambda m, s: total(m, s, L=0.2))
    rate.change(
        "theorem-only-large-start",
        "theorem-2-2",
        right=lambda m, s: (4 * s.D_F**2 / s.eta_F**2 + 2 * s.B_first * s.D_F / s.eta_F) / m.steps(s.grad_F),
    )
    rate.scale("theorem-constant", "theorem-2-2", 0.4)

    def small(m: Any, s: Any, *, L: float = 1, D: float = 1) -> Any:
        constants = (L * s.L_F, D * s.D_F, s.eta_F, s.B_first)
        G = ag.gradient_bound(m, *constants)
        return ag.small_steps(m, *constants, G, ag.tangent_point(m, *constants, G))

    def steep(m: Any, s: Any) -> Any:
        increment = m.larger_increment(3 * s.eta_F, s.L_F * s.eta_F**2, s.B_first, s.D_F)
        return 2 * s.B_first * increment + increment**2

    rate.change("small-steps-gap", "sum-small-steps", right=lambda m, s: small(m, s, D=0.95))
    rate.change("small-steps-smoothness", "sum-small-steps", right=lambda m, s: small(m, s, L=0.2))
    rate.change("small-steps-slope", "sum-small-steps", right=steep)
    rate.scale("small-steps-constant", "sum-small-steps", 0.99)
    rate.scale("gradient-constant", "gradient-bound", 0.99)
    rate.change(
        "gradient-gap", "gradient-bound", right=lambda m, s: ag.gradient_bound(m, s.L_F, 0.9 * s.D_F, s.eta_F, s.B_first)
    )
    rate.change("gradient-no-rise", "gradient-bound", right=lambda m, s: m.sqrt(2 * s.L_F * s.D_F))
    rate.change(
        "rate-exponent",
        "rate",
        right=lambda m, s: ag.smaller(m, s.L_F, s.D_F, s.eta_F, s.B_first, s.G_F, s.y_F) / m.steps(s.grad_F) ** 2,
    )
    rate.scale("rate-constant", "rate", 0.9)
    rate.scale("trivial-constant", "trivial", 0.99)
    rate.drop("smooth-everywhere", "function-bounded-below", "adagrad-accumulator", "adagrad-step")
    yield from rate.found


FAMILIES = (adagrad,)
