"""What two squared norms and the schedule between them certify of a block's gradients, by claim ``schedule-certificate``.

Stored weights are rounded, and rounding is a decay, or a growth, that nobody asked for. Let it move the weights of a block by a
share e of their norm at most: ``S_{t+1} = q_t (rho_t^2 S_t + eta_t^2 |G_t|^2/S_t)``, ``(1 - e)^2 <= q_t <= (1 + e)^2``. Then
``A_t = S_hat_t (1 - e)^(-2t)`` grows by ``eta_hat_t^2 (1 - e)^(-4t) |G_t|^2/A_t`` at least, so the claim's upper side at A_T is
an upper bound. ``B_t = S_hat_t (1 + e)^(-2t)`` grows by ``eta_hat_t^2 (1 + e)^(-4t) |G_t|^2/B_t`` at most, and never falls
below ``((1 - e)/(1 + e))^(2T) B_0``: so many times the claim's lower side at B_T is a lower bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, Literal

from flint import arb, fmpq

from ratetheory.claims.decay import SCHEDULE_CERTIFICATE
from ratetheory.numeric import balls
from ratetheory.numeric.decimals import decimal_end, decimal_outward
from ratetheory.numeric.exact import require

Ball = Any
PRECISION = 192
"""Working precision, in bits."""
SHRINK_ROUNDINGS = 3
"""Roundings of all of a weight in a step with decay: of rho, of rho w where decay is applied apart, and as it is stored."""
DECAY_ROUNDINGS = 6
"""Where decay goes through the gradient, roundings of its share eta lam w of a step: of lam, lam w, the sum with the gradient,
the rate, the product; and one for what they do to each other."""
Word = Literal["held", "violated", "not resolvable"]


@dataclass(frozen=True)
class Window:
    """What a schedule does between two checkpoints, R = 1 at the first of them.

    ``weight``: the sum of eta_hat^2, ``weight_squares``: that of eta_hat^4, ``scale``: R at the end; ``wear``: by how many
    units of rounding a step moves the weights at most, as a share of their norm.
    """

    steps: int
    weight: Ball
    weight_squares: Ball
    scale: Ball
    wear: Fraction

    @property
    def effective_steps(self) -> Ball:
        """(sum w)^2/sum w^2 of the weights w = eta_hat^2: of so many steps the mean is one, ``steps`` if all weigh the same."""
        with balls.working_precision(PRECISION):
            return self.weight**2 / self.weight_squares


@dataclass(frozen=True)
class Certified:
    """A window's word, and the ends of the mean of |G_t|^2 weighted by eta_hat_t^2; no numbers where it is violated."""

    word: Word
    low: Decimal | None
    high: Decimal | None


def constant_window(rate: Fraction, decay: Fraction, steps: int) -> Window:
    """The same learning rate > 0 and decay >= 0 for all ``steps``; ``ValueError`` unless rate decay < 1."""
    product = _shrinks(rate, decay)
    with balls.working_precision(PRECISION):
        if not decay:
            square = _ball(rate) ** 2
            return Window(steps, steps * square, steps * square**2, arb(1), Fraction(1))
        log_rho = (-_ball(product)).log1p()
        rho, weight = 1 - _ball(product), _ball(rate) ** 2
        first = weight / rho**2

        def geometric(power: int) -> Ball:
            """sum of rho^(-power t) over t < T."""
            return (-power * steps * log_rho).expm1() / (-power * log_rho).expm1()

        scale = (steps * log_rho).exp()
        return Window(steps, first * geometric(4), first**2 * geometric(8), scale, _wear(product))


def scheduled_window(rates: Sequence[Fraction], decays: Sequence[Fraction], first: int = 0) -> Window:
    """One learning rate >= 0, not all of them 0, and one decay >= 0 a step; ``first`` numbers the steps in messages."""
    require(any(rates), "learning_rate", "0 at every step", "a rate above 0 at one step at least")
    with balls.working_precision(PRECISION):
        scale, weight, squares, largest = arb(1), arb(0), arb(0), Fraction(0)
        for step, (rate, decay) in enumerate(zip(rates, decays, strict=True), first):
            after = scale
            if rate and decay:
                largest = max(largest, _shrinks(rate, decay, f" at step {step}"))
                after = scale * (1 - _ball(rate) * _ball(decay))
            term = (_ball(rate) / (scale * after)) ** 2
            weight, squares, scale = weight + term, squares + term**2, after
        return Window(len(rates), weight, squares, scale, _wear(largest))


def _ball(number: Fraction) -> Ball:
    return arb(fmpq(number.numerator, number.denominator))


def _shrinks(rate: Fraction, decay: Fraction, place: str = "") -> Fraction:
    """eta lam, below 1."""
    product = rate * decay
    if product >= 1:
        shown, allowed = (
            decimal_outward(product, up=False, digits=6),
            "a product below 1: beyond, a step turns the weights round",
        )
        require(False, f"learning_rate times weight_decay{place}", shown, allowed)
    return product


def _wear(largest: Fraction) -> Fraction:
    """By how many units of rounding a step moves the weights. Its gradient counts as it was applied, after its own roundings.

    A rounding of size u is off by u/(1 + u) of the exact number at most, so that three are off by 3 u. The decay's share
    |eta lam w| is at most eta lam/(1 - eta lam) of the weights after the step.
    """
    return SHRINK_ROUNDINGS + DECAY_ROUNDINGS * largest / (1 - largest) if largest else Fraction(1)


def certify_window(S_first: Ball, S_last: Ball, window: Window, unit: Fraction) -> Certified:
    """Hold two squared norms > 0 against a window in which every stored weight is rounded by ``unit`` of it at most.

    ``violated``: no rounding explains how short the weights have become. ``not resolvable``: rounding alone may have made them
    as long as they are; the upper end holds all the same.
    """
    with balls.working_precision(PRECISION):
        share, steps = _ball(window.wear * unit), window.steps
        if not share < 1:
            return Certified("not resolvable", Decimal(0), None)
        S_hat, grown, shrunk = S_last / window.scale**2, (1 + share) ** (2 * steps), (1 - share) ** (2 * steps)
        above = _side("upper", "right", S_first, S_hat / shrunk) / window.weight
        if above < 0:
            return Certified("violated", None, None)
        below = shrunk / grown * _side("lower", "left", S_first, S_hat / grown) / window.weight
        low, end = decimal_end(below, up=False), decimal_end(above, up=True)
        high = end if end.is_finite() else None
        return Certified("held", low, high) if low > 0 else Certified("not resolvable", Decimal(0), high)


def _side(conclusion: str, side: str, S_hat_first: Ball, S_hat_last: Ball) -> Ball:
    formula = getattr(SCHEDULE_CERTIFICATE.conclusion(conclusion), side)
    return formula(balls, SimpleNamespace(S_hat_first=S_hat_first, S_hat_last=S_hat_last))


def rounded_when_stored(S: Ball, unit: Fraction) -> Ball:
    """The squared norm of the weights that were rounded once, by ``unit`` of each at most, before they were measured."""
    with balls.working_precision(PRECISION):
        return (S / (1 + _ball(unit)) ** 2).union(S / (1 - _ball(unit)) ** 2)
