"""The mathematics namespace of balls: every result encloses the true value (Arb, through python-flint).

Scalars are balls, blocks are numpy object arrays of balls along the last axis. Undecided comparisons take both branches.
Working precision is that of ``flint.ctx``; callers raise it until a result is narrow enough (see ``at_rising_precision``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
from flint import arb, ctx

from ratetheory.claims import gd_rate
from ratetheory.numeric import floats
from ratetheory.numeric.arcsine import arcsine_sum_in_balls
from ratetheory.numeric.lower_sum import THRESHOLDS, lower_sum

Ball = Any

_FIRST_PRECISION = 128
_LAST_PRECISION = 16384
_SEARCH_PRECISION = 64
_THRESHOLD_WIDTH = 2.0**-30
_CONVEXITY_TURN = 2.331123
"""The positive zero of 2 arctan x - x, rounded up: right of it N is concave for every r."""


class NotNarrow(ArithmeticError):
    """No precision up to the limit gave a result of the wanted width."""


def number(value: Any) -> Ball:
    """The exact constant as a ball: integers and rationals exactly, floats as the binary fractions that they are."""
    if isinstance(value, Fraction):
        return arb(value.numerator) / value.denominator
    return arb(value)


def blocks(x: Any) -> Iterable[Ball]:
    """The numbers of all blocks, of which a scalar is one."""
    return x if isinstance(x, np.ndarray) else (x,)


def _elementwise(function: Callable[..., Ball], arguments: int) -> Callable[..., Any]:
    lifted = np.frompyfunc(function, arguments, 1)

    def apply(*values: Any) -> Any:
        return lifted(*values) if np.ndarray in map(type, values) else function(*values)

    return apply


def _ball(x: Any) -> Ball:
    return x if isinstance(x, arb) else number(x)


atan = _elementwise(lambda x: _ball(x).atan(), 1)
cos = _elementwise(lambda x: _ball(x).cos(), 1)
log = _elementwise(lambda x: _ball(x).log(), 1)
log1p = _elementwise(lambda x: _ball(x).log1p(), 1)
sqrt = _elementwise(lambda x: _ball(x).sqrt(), 1)
abs = _elementwise(lambda x: _ball(x).__abs__(), 1)
maximum = _elementwise(lambda a, b: _ball(a).max(_ball(b)), 2)
minimum = _elementwise(lambda a, b: _ball(a).min(_ball(b)), 2)
infinity = arb("inf")


def _choose(a: Any, b: Any, then: Any, otherwise: Any) -> Ball:
    a, b = _ball(a), _ball(b)
    if a < b:
        return _ball(then)
    return _ball(otherwise) if a >= b else _ball(then).union(_ball(otherwise))


if_less = _elementwise(_choose, 4)


def __getattr__(name: str) -> Ball:
    if name == "pi":
        return arb.pi()
    raise AttributeError(name)


def over_blocks(x: Any) -> Ball:
    """The sum over blocks."""
    return reduce(lambda a, b: a + b, x) if isinstance(x, np.ndarray) else x


def over_other_blocks(x: Any) -> Any:
    """For each block the sum over the others."""
    if not isinstance(x, np.ndarray):
        return arb(0)
    before = [arb(0)]
    after = [arb(0)]
    for left, right in zip(x[:-1], x[:0:-1], strict=True):
        before.append(before[-1] + left)
        after.append(after[-1] + right)
    result = np.empty(len(x), dtype=object)
    result[:] = [b + a for b, a in zip(before, reversed(after), strict=True)]
    return result


def largest_block(x: Any) -> Ball:
    """The maximum over blocks."""
    return reduce(maximum, x) if isinstance(x, np.ndarray) else x


def _larger_increment(c: Any, l: Any, b: Any, r: Any) -> Ball:
    """See ``floats.larger_increment``; the root is enclosed by one step of the interval Newton method."""
    c, l, b, r = _ball(c), _ball(l), _ball(b), _ball(r)
    a = c * b / l
    if a >= 1:
        linear, level, base, offset = a - 1, r / l, b, arb(0)
    else:
        # the same equation measured from the minimum l/c of psi; right for every a, needed where a < 1
        linear, level, base, offset = arb(0), r / l + a - 1 - a.log(), l / c, l / c - b
    z = _enclosed_root(linear, level.max(arb(0)))
    return base * z.expm1() + offset


larger_increment = _elementwise(_larger_increment, 4)


def _enclosed_root(linear: Ball, level: Ball) -> Ball:
    """A ball that contains the root z >= 0 of F(z) = linear (e^z - 1) + (e^z - 1 - z) - level for every value in the balls."""
    if not (level > 0):
        if level == 0:
            return arb(0)
        return arb(0).union((2 * level.abs_upper()).sqrt())
    z = _approximate_root(linear.mid(), level.mid())
    grown = z.expm1()
    residual = linear * grown + (grown - z) - level
    for shift in (ctx.prec // 2, 30, 20, 10, 5):
        narrowed = z * arb(1, 2.0**-shift if shift < 1000 else arb(2) ** -shift)
        image = z - residual / (linear + (1 + linear) * narrowed.expm1())
        if narrowed.contains(image):
            return image
    # the level is not known well enough for Newton's method: enclose by the elementary bounds z^2/2 <= level
    return arb(0).union((2 * level).sqrt().abs_upper())


def _approximate_root(linear: Ball, level: Ball) -> Ball:
    """The root to about the working precision, as an exact number; no guarantee."""
    guess = _float_root(float(linear), float(level))
    if guess is not None:
        z = arb(guess)
    else:
        z = (2 * level).sqrt().min((2 * level / (1 + linear)).log1p().max(arb("1.2565"))).mid()
        z = z.min(level / linear).mid() if linear > 0 else z
    # the error after a step is about the square of the step
    enough = arb(2) ** (-ctx.prec // 4 - 10)
    for _ in range(60 + ctx.prec.bit_length()):
        grown = z.expm1().mid()
        step = ((linear * grown + (grown - z) - level) / (linear + (1 + linear) * grown)).mid()
        z = (z - step).mid()
        if step.abs_upper() <= z.abs_lower() * enough:
            break
    return z


def _float_root(linear: float, level: float) -> float | None:
    """The root to several digits; None beyond the range of floats."""
    if not (1e-290 < level < 1e290 and linear < 1e290):
        return None
    z = min(math.sqrt(2 * level), max(math.log1p(2 * level / (1 + linear)), 1.2565))
    z = min(z, level / linear) if linear > level * 1e-290 else z
    for _ in range(40):
        grown = math.expm1(z)
        rest = grown - z if z > 1e-3 else z * z / 2 * (1 + z / 3)
        step = (linear * grown + rest - level) / (linear + (1 + linear) * grown)
        z -= step
        if not math.fabs(step) > 1e-8 * z:
            break
    return z if 1e-290 < z < 700 else None


def _concavity(m_x: Ball, r: Ball) -> Ball:
    """r (2 arctan x - x) - 1, whose sign is that of N''(x) for N(x) = arctan x + r (ln(1 + x^2) - arctan^2 x)."""
    return r * (2 * m_x.atan() - m_x) - 1


def _infimum_on_boundary(x_0: Any, r: Any) -> Ball:
    """A certified lower bound of e(x) = N(x)/x over 0 < x <= x_0, as an exact number.

    N is concave, convex, concave (its N'' changes sign with r (2 arctan x - x) - 1, unimodal in x). A chord slope c is below e
    on a concave stretch if it is at both ends, so only x_0 and the convex stretch [x_a, x_b] matter, and there any tangent at
    p with N(p) >= p N'(p) bounds N from below by a line whose slope through the origin is least at the right end.
    """
    x_0, r = _ball(x_0), _ball(r)
    end = gd_rate.slope_on_boundary(_THIS, x_0, r)
    falls = _falls_up_to(x_0, r)
    return _below(end, falls, x_0, None if falls else _tangent_slope(x_0, r))


def _falls_up_to(x: Ball, r: Ball) -> bool:
    """Whether e certainly falls on (0, x], so that its infimum there is e(x).

    x^2 e'(x) = x N'(x) - N(x), whose derivative is x N''(x): e falls where N is concave from 0 on, and on the convex stretch as
    long as the tangent of N at x does not pass below the origin.
    """
    if r * (arb.pi() / 2 - 1) <= 1:
        return True
    bend = _concavity(x, r)
    if x <= 1 and bend <= 0:
        return True
    value, derivative = _boundary_curve(x, r)
    return bool(bend >= 0 and value - x * derivative >= 0)


def _below(end: Ball, falls: bool, x: Ball, tangent: Ball | None) -> Ball:
    """A lower bound of e over (0, x], as an exact number: e(x), a tangent's slope, or the slope of the simple form."""
    if falls:
        return end.lower()
    simple = x.atan() / x
    return simple.lower() if tangent is None else end.lower().min(tangent.lower()).max(simple.lower())


def _tangent_slope(x_0: Ball, r: Ball) -> Ball | None:
    """The least slope through the origin of a checked tangent of N over its convex stretch left of x_0; None if unchecked."""
    r_float, x_float = min(float(r), 1e60), float(x_0)
    right = _right_turn(r_float)
    reach = x_0.upper() if x_float <= right else arb(right)
    if not (x_0 <= reach) and not (reach >= 1 and _concavity(reach, r) <= 0):
        return None
    # N(p) - p N'(p) is of order p^3 <= r^-3 below N(p)
    with ctx.workprec(ctx.prec + 4 * math.ceil(math.log2(r_float))):
        point = _tangent_point(r_float, r.mid(), right)
        # nearest first: where the stationary points of e nearly merge, only a point further left is certain
        for shift in (40, 20, 10):
            p = (point * (1 - arb(2) ** -shift)).mid()
            p = p if p < x_0 else x_0
            value, derivative = _boundary_curve(p, r)
            intercept = value - p * derivative
            if _concavity(p, r) >= 0 and intercept >= 0:
                return derivative + intercept / reach
        return None


def _boundary_curve(x: Ball, r: Ball) -> tuple[Ball, Ball]:
    """N(x) and N'(x)."""
    angle = x.atan()
    value = angle + r * ((x**2).log1p() - angle**2)
    return value, (1 + 2 * r * (x - angle)) / (1 + x**2)


def _tangent_point(r_float: float, r: Ball, right: float) -> Ball:
    """Where the tangent of N passes through the origin, about; near the right end of the convex stretch if nowhere."""
    guess = float(floats.interior_minimum(np.array(r_float)))
    if not math.isfinite(guess):
        return arb(right * (1 - 2e-9))
    p = arb(guess)
    for _ in range(3):
        value, derivative = _boundary_curve(p, r)
        bend = 2 * p * _concavity(p, r) / (1 + p**2) ** 2
        if not bend > 0:
            break
        p = (p - (p * derivative - value) / (p * bend)).mid()
    return p if 0 < p < right else arb(guess)


def _right_turn(r: float) -> float:
    """Slightly right of the larger zero of r (2 arctan x - x) - 1."""
    low, high = 1.0, _CONVEXITY_TURN
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if r * (2 * math.atan(middle) - middle) > 1 else (low, middle)
    return high * (1 + 1e-9)


infimum_on_boundary = _elementwise(_infimum_on_boundary, 2)
arcsine_sum = _elementwise(lambda a, rho, ratio: arcsine_sum_in_balls(_ball(a), _ball(rho), _ball(ratio)), 3)


def slope_integral(b_0: Any, v: Any, Gbar: Any, r: Any) -> Ball:
    """A lower sum of the integral of the slope that rises with b (see ``lower_sum``), the infima bounded from below.

    None exceeds the bound of the slope at v that the formula multiplies (theorem ``gd_rate_sum_continuous``): two lower bounds,
    each made by itself, might not be in the order of the infima.
    """
    r = _ball(r)
    last = _infimum_on_boundary(_ball(Gbar) / _ball(v), r)

    def infima(x: list[Ball]) -> list[Ball]:
        falls = [_falls_up_to(end, r) for end in x]
        # one tangent serves all: it bounds e left of the largest x
        tangent = None if all(falls) else _tangent_slope(x[0], r)
        ends = (gd_rate.slope_on_boundary(_THIS, end, r) for end in x)
        return [_below(e, fall, end, tangent).min(last) for e, fall, end in zip(ends, falls, x, strict=True)]

    return lower_sum(_THIS, _ball(b_0), _ball(v), _ball(Gbar), infima)


def infimum_over_thresholds(F: Callable[[Ball], Ball], b_0: Ball, Gbar: Ball) -> Ball:
    """F at a v near the best v >= max(b_0, Gbar^2/b_0), where v + Gbar^2/v = b_0 + F(v); any such v gives a bound."""
    start = b_0.max(Gbar**2 / b_0)
    threshold = start.upper()
    with working_precision(_SEARCH_PRECISION):
        for _ in range(THRESHOLDS):
            b = b_0 + F(threshold)
            v = ((b + (b**2 - 4 * Gbar**2).max(arb(0)).sqrt()) / 2).mid()
            if not v.is_finite():
                break
            moved = (v - threshold).abs_upper()
            threshold = v.max(start.upper())
            if moved < threshold * _THRESHOLD_WIDTH:
                break
    return F(threshold.max(start.upper()))


def is_narrow(x: Ball, bits: int = 50) -> bool:
    """Whether the ball's radius is below 2^-bits of its value."""
    # arb counts from the top bits of middle and radius: up to two bits less than the quotient
    # an infinite ball counts as exact: where it means that this precision resolves nothing, it would pass for a result
    return bool(x.is_finite() and (x.is_exact() or x.rel_accuracy_bits() >= bits + 3))


def working_precision(bits: int = _FIRST_PRECISION) -> Any:
    """A context with ``flint.ctx`` at this precision, and as before afterwards."""
    return ctx.workprec(bits)


def at_rising_precision(compute: Callable[[], Any], narrow: Callable[[Any], bool]) -> Any:
    """``compute()`` at doubling working precision until ``narrow`` accepts its result; raises ``NotNarrow``."""
    precision = _FIRST_PRECISION
    while precision <= _LAST_PRECISION:
        with working_precision(precision):
            result = compute()
            if narrow(result):
                return result
        precision *= 2
    raise NotNarrow(f"no enclosure of the wanted width up to {_LAST_PRECISION} bits")


class _Namespace:
    """The functions of this module as attributes."""

    def __getattr__(self, name: str) -> Any:
        return arb.pi() if name == "pi" else globals()[name]


_THIS = _Namespace()
