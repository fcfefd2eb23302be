"""The sum over the steps of the least weight of a squared gradient (claim ``sgd-rate``, ``blocks``), certified.

The effective rate of block i at step x = t + 1 is at least x^(-alpha)/V_i(H(x)), V_i(H) = h_i + sqrt((b_i - h_i)^2 + c_i H),
with b_i = |w_i|^2/eta_i at the start, h_i = Gs_i^2/(2 b_i), c_i = 2 Gs_i^2: the claim's envelope in units of the rate. The
least rate is that of the largest V_i. V_i - V_j has at most one stationary point, H = (c_j^2 D_i - c_i^2 D_j)/(c_i c_j
(c_i - c_j)), D its (b - h)^2: between two steps it is extreme there or at an end. The weight of g, x^(-alpha) eta_g
(1 - Lam_g eta_g x^(-alpha)/2), has a factor that rises, where 1/V_i falls, and so is the least at the first steps only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, fmpq

from ratetheory.claims import sgd
from ratetheory.numeric.balls import NotNarrow
from ratetheory.numeric.schedule_sums import Powers, power, rate_sum

Ball = Any
_TIE = 2.0**-60


@dataclass(frozen=True)
class Growth:
    """V of one block."""

    b: Fraction
    noise_bound: Fraction

    def at(self, H: Any) -> Any:
        """V(H), H a ball or a power series."""
        return sgd.envelope(_Root, _exact(self.b), 1, _exact(self.noise_bound), H)

    @property
    def slope(self) -> Fraction:
        """c."""
        return 2 * self.noise_bound**2

    @property
    def start(self) -> Fraction:
        """D."""
        return (self.b - self.noise_bound**2 / self.b / 2) ** 2


class _Root:
    @staticmethod
    def sqrt(x: Any) -> Any:
        return x.sqrt() if not isinstance(x, fmpq) else arb(x).sqrt()


def _exact(number: Fraction) -> fmpq:
    return fmpq(number.numerator, number.denominator)


def first_where(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Where ``holds`` begins to, between a number where it need not and one where it does."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def least_rate_sum(growths: list[Growth], scale_variant: tuple[Fraction, Fraction] | None, alpha: Fraction, steps: int) -> Ball:
    """The sum over x = 1..steps; ``scale_variant`` is (eta_g, Lam_g), Lam_g eta_g < 2."""
    squares, growths = Powers.of(2 * alpha), list(dict.fromkeys(growths))
    total, first = arb(0), 1
    if scale_variant is not None:
        eta_g, Lam_g = map(_exact, scale_variant)

        def excess(x: int) -> Ball:
            """The weight of g over the least rate of a block."""
            H = squares.at(x)
            return sgd.scale_variant_weight(power(x, -alpha) * eta_g, Lam_g) / power(x, -alpha) * _largest(growths, H)

        first = first_where(lambda x: x > steps or bool(excess(x) >= 1), 0, steps + 1)
        if first > 1:
            weights = Powers.of(alpha).at(first) * eta_g - squares.at(first) * (Lam_g * eta_g**2 / 2)
            # not certainly the least at its last step where the two meet
            total = weights * arb(1).union(1 / excess(first - 1).upper().max(arb(1)))
    for low, high, growth in _joined(_pieces(growths, squares, first, steps)):
        part = rate_sum(squares, arb(1), alpha, growth.at, low, high)
        total = total + (part if len(growths) == 1 else part * arb(1).union(1 / (1 + arb(_TIE))))
    return total


def _largest(growths: list[Growth], H: Ball) -> Ball:
    result = growths[0].at(H)
    for growth in growths[1:]:
        result = result.max(growth.at(H))
    return result


def _pieces(growths: list[Growth], squares: Powers, first: int, last: int) -> Iterator[tuple[int, int, Growth]]:
    """Steps in turn, and a block whose V falls short of the largest there by a share ``_TIE`` at most."""
    waiting = [(first, last)] if first <= last else []
    while waiting:
        low, high = waiting.pop()
        ends = squares.at(low), squares.at(high)
        best = max(growths, key=lambda growth: growth.at(ends[0]).mid())
        if len(growths) == 1 or all(_above(best, other, ends) for other in growths if other is not best):
            yield low, high, best
            continue
        if low == high:
            raise NotNarrow("the working precision does not tell two rates apart")
        middle = (low + high) // 2
        waiting += [(middle + 1, high), (low, middle)]


def _above(one: Growth, other: Growth, ends: tuple[Ball, Ball]) -> bool:
    """Whether V of one is at least that of the other between the ends, but for ``_TIE``."""
    points = list(ends)
    c, d = one.slope, other.slope
    if c != d:
        H = (d**2 * one.start - c**2 * other.start) / (c * d * (c - d))
        stationary = arb(_exact(H))
        if not (stationary < ends[0] or stationary > ends[1]):
            points.append(stationary.max(arb(0)))
    allowed = one.at(ends[0]) * _TIE
    return all(other.at(H) - one.at(H) <= allowed for H in points)


def _joined(pieces: Iterator[tuple[int, int, Growth]]) -> Iterator[tuple[int, int, Growth]]:
    """Neighbours of the same block as one."""
    current: tuple[int, int, Growth] | None = None
    for low, high, growth in pieces:
        if current is not None and current[2] == growth:
            current = current[0], high, growth
            continue
        if current is not None:
            yield current
        current = low, high, growth
    if current is not None:
        yield current
