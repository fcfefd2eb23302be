"""The mathematics namespace of plain floats: vectorised, not guaranteed, tested against balls.

The last axis runs over blocks, the one before over steps. Values outside the range of floats come out as ``inf`` or ``nan``,
never as a wrong finite number; the bound evaluator computes those elements in balls instead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ratetheory.claims import gd_rate, sgd
from ratetheory.numeric.arcsine import arcsine_sum_in_floats
from ratetheory.numeric.lower_sum import THRESHOLDS, lower_sum

Array = Any
pi = np.pi
infinity = np.inf
atan, cos, exp, log, log1p, sqrt, abs = np.arctan, np.cos, np.exp, np.log, np.log1p, np.sqrt, np.abs
maximum, minimum = np.maximum, np.minimum

_SMALL = 1e-290
_TINY_TANGENT = 1e-150
"""At smaller tangents the noise ratio is Lam to the last digit."""
_FOLD = 1.96076991098
"""Below this r = Lam/(2 Gbar) the slope e(x) has no interior minimum."""


def number(value: Any) -> float:
    """The constant as a float."""
    return float(value)


def if_less(a: Array, b: Array, then: Array, otherwise: Array) -> Array:
    """``then`` where a < b, ``otherwise`` elsewhere."""
    return np.where(np.less(a, b), then, otherwise)


def over_blocks(x: Array) -> Array:
    """The sum over blocks."""
    return np.sum(x, axis=-1, keepdims=True)


def over_other_blocks(x: Array) -> Array:
    """For each block the sum over the others, without cancellation."""
    x = np.asarray(x)
    if x.ndim == 0 or x.shape[-1] == 1:
        return np.zeros_like(x)
    before = np.cumsum(x, axis=-1)
    after = np.cumsum(x[..., ::-1], axis=-1)[..., ::-1]
    zero = np.zeros_like(x[..., :1])
    return np.concatenate([zero, before[..., :-1]], -1) + np.concatenate([after[..., 1:], zero], -1)


def largest_block(x: Array) -> Array:
    """The maximum over blocks."""
    return np.max(x, axis=-1, keepdims=True)


def _expm1_minus(z: Array, grown: Array) -> Array:
    """e^z - 1 - z for z >= 0 and grown = expm1(z), without cancellation."""
    small = z < 0.05
    plain = grown - z
    if not small.any():
        return plain
    series = np.ones_like(z)
    for k in range(9, 2, -1):
        series = 1 + z / k * series
    return np.where(small, z * z / 2 * series, plain)


def _barrier(a: Array, l: Array, c: Array, b: Array) -> Array:
    """a - 1 - ln(a) for 0 < a < 1, zero for a >= 1; a = c b/l may lie below the range of normal floats."""
    u = np.minimum(a - 1, 0.0)
    w = u / (2 + u)
    square = w * w
    tail = np.full_like(u, 1 / 15)
    for k in range(5, -1, -1):
        tail = tail * square + 1 / (2 * k + 3)
    near = u * w - 2 * w * square * tail
    far = a - 1 - np.log(a)
    result = np.where(u > -0.1, near, far)
    tiny = a < _SMALL
    if tiny.any():
        result = np.where(tiny, -1 - (np.log(c) + np.log(b) - np.log(l)), result)
    return result


def larger_increment(c: Array, l: Array, b: Array, r: Array) -> Array:
    """The larger delta >= 0 with c delta - l ln(1 + delta/b) = r, for r >= 0.

    With a = c b/l, B = max(b, l/c) e^z solves (a - 1)^+ (e^z - 1) + (e^z - 1 - z) = r/l + (a - 1 - ln a)[a < 1]: convex and
    increasing in z >= 0, so that Newton's method from an upper bound of the root falls monotonically.
    """
    with np.errstate(all="ignore"):
        c, l, b, r = np.broadcast_arrays(*(np.asarray(v, float) for v in (c, l, b, r)))
        a = c * b / l
        z = _newton(np.maximum(a - 1, 0.0), r / l + _barrier(a, l, c, b))
        base = np.maximum(b, l / c)
        return base * np.expm1(z) + (base - b)


def _newton(linear: Array, level: Array) -> Array:
    """The root z >= 0 of linear (e^z - 1) + (e^z - 1 - z) = level."""
    z = np.minimum(np.sqrt(2 * level), np.maximum(np.log1p(2 * level / (1 + linear)), 1.2565))
    z = np.fmin(z, level / linear)
    for _ in range(60):
        grown = np.expm1(z)
        step = (linear * grown + _expm1_minus(z, grown) - level) / (linear + (1 + linear) * grown)
        step = np.where(z > 0, step, 0.0)
        z = z - step
        # Newton's error squares at each step: below 1e-8 the next step is already below rounding
        if not np.any(np.abs(step) > 1e-8 * z):
            break
    return z


@cache
def _interior_minima() -> tuple[Array, Array]:
    """Grid of (ln r, ln x) where x is the interior local minimum of e for r, from r's closed form e'(x) = 0; r falling."""
    x = np.geomspace(1e-4, 2.0, 4000)
    angle, square = np.arctan(x), x * x
    one = 1 + square
    numerator = angle - x / one
    denominator = (2 * square - 2 * x * angle) / one - np.log1p(square) + angle**2
    r = numerator / denominator
    last = int(np.argmin(r)) + 1
    return np.log(r[:last][::-1]), np.log(x[:last][::-1])


def interior_minimum(r: Array) -> Array:
    """The interior local minimum of e for r above 1.96077; infinite below."""
    log_r, log_x = _interior_minima()
    near = np.exp(np.interp(np.log(r), log_r, log_x))
    return np.where(r > _FOLD, np.where(np.log(r) > log_r[-1], 4 / (3 * r), near), np.inf)


def infimum_on_boundary(x_0: Array, r: Array) -> Array:
    """inf of e over (0, x_0]: at x_0 or at the interior local minimum."""
    with np.errstate(all="ignore"):
        x_0, r = np.broadcast_arrays(np.asarray(x_0, float), np.asarray(r, float))
        end = gd_rate.slope_on_boundary(_THIS, x_0, r)
        inside = np.minimum(interior_minimum(r), x_0)
        return np.minimum(end, gd_rate.slope_on_boundary(_THIS, inside, r))


def tangent_excess(x: Array) -> Array:
    """x - arctan x for x >= 0, without cancellation."""
    x = np.asarray(x, float)
    square = np.minimum(x * x, 0.0625)
    series = np.zeros_like(square)
    for k in range(12, 0, -1):
        series = (1 / (2 * k + 1) - series) * square
    return np.where(x < 0.25, x * series, x - np.arctan(x))


@cache
def _noise_maxima() -> tuple[Array, Array]:
    """Grid of (ln r, ln tau) where tau is the interior local maximum of the noise ratio for r = Gbar/Lam; r rising.

    The ratio is Lam h + 2 Gbar k, with h falling and k rising, so that r = -h'/(2 k') there: it rises and falls again.
    """
    tau = np.geomspace(1e-4, 3.0, 6000)
    angle, log_ = np.arctan(tau), np.log1p(tau * tau)
    falls = angle * (tau * angle - log_)
    rises = tau * (tau * log_ / 2 - tangent_excess(tau))
    r = falls / rises / 2
    last = int(np.argmax(r)) + 1
    return np.log(r[:last]), np.log(tau[:last])


def noise_maximum(r: Array) -> Array:
    """The interior local maximum of the noise ratio for small r = Gbar/Lam; infinite where there is none."""
    log_r, log_tau = _noise_maxima()
    near = np.exp(np.interp(np.log(r), log_r, log_tau))
    return np.where(np.log(r) < log_r[-1], np.where(np.log(r) < log_r[0], 2 * r, near), np.inf)


def noise_supremum(tau_max: Array, Lam: Array, Gbar: Array) -> Array:
    """sup of the noise ratio over (0, tau_max]: at the end, or at the interior local maximum."""
    with np.errstate(all="ignore"):
        tau_max, Lam, Gbar = np.broadcast_arrays(*(np.asarray(x, float) for x in (tau_max, Lam, Gbar)))
        inside = np.minimum(noise_maximum(Gbar / Lam), tau_max)
        return np.maximum(*(sgd.noise_ratio(_THIS, np.maximum(x, _TINY_TANGENT), Lam, Gbar) for x in (tau_max, inside)))


def infimum_over_multipliers(F: Callable[[Array], Array], nu_0: Array) -> Array:
    """An upper bound of inf F over nu >= nu_0: the smallest value met on a geometric grid that is refined around the best."""
    return F(best_multiplier(F, nu_0))


def slope_integral(b_0: Array, v: Array, Gbar: Array, r: Array) -> Array:
    """A lower sum of the integral of the slope that rises with b (see ``lower_sum``)."""
    return lower_sum(_THIS, b_0, v, Gbar, lambda x: infimum_on_boundary(np.stack(np.broadcast_arrays(*x)), r))


def infimum_over_thresholds(F: Callable[[Array], Array], b_0: Array, Gbar: Array) -> Array:
    """An upper bound of inf F(v) over v >= max(b_0, Gbar^2/b_0): the smallest on the way to v + Gbar^2/v = b_0 + F(v)."""
    with np.errstate(all="ignore"):
        start = np.maximum(b_0, Gbar**2 / b_0)
        least = F(start)
        value = least
        for _ in range(THRESHOLDS):
            value = F(np.maximum(start, after_step(b_0 + value, Gbar)))
            # not-a-number stays, so that it is seen
            least = np.minimum(least, value)
        return least


def after_step(b: Array, Gbar: Array) -> Array:
    """The largest v with v + Gbar^2/v = b: where a step that ends at b starts, or later; Gbar if there is none."""
    ratio = np.minimum(2 * Gbar / b, 1.0)
    return np.maximum(b / 2 * (1 + np.sqrt((1 - ratio) * (1 + ratio))), Gbar)


def best_multiplier(F: Callable[[Array], Array], nu_0: Array) -> Array:
    """The nu >= nu_0 with the smallest value of the convex F met on a refined geometric grid; any nu is a proof."""
    with np.errstate(all="ignore"):
        low = np.log(np.maximum(nu_0, 1e-290))
        high = np.full_like(low, 690.0)
        best = low
        for _ in range(9):
            grid = np.linspace(low, high, 25)
            values = np.stack([np.nan_to_num(F(np.exp(g)), nan=np.inf, posinf=np.inf) for g in grid])
            # small multipliers give one flat value: of equals take the last, next to which the minimum lies
            equal = values <= np.min(values, axis=0) * (1 + 1e-9)
            index = 24 - np.argmax(equal[::-1], axis=0)
            best = np.take_along_axis(grid, index[None], 0)[0]
            low = np.take_along_axis(grid, np.maximum(index - 1, 0)[None], 0)[0]
            high = np.take_along_axis(grid, np.minimum(index + 1, 24)[None], 0)[0]
        return np.maximum(np.exp(best), nu_0)


def sum(x: Array) -> Array:
    """Sums over the steps before each horizon."""
    return np.cumsum(x, axis=-2)


def least(x: Array) -> Array:
    """Minima over the steps before each horizon."""
    return np.minimum.accumulate(x, axis=-2)


def steps(x: Array) -> Array:
    """The horizons 1, 2, ..., N of the steps of x."""
    return np.arange(1.0, np.shape(x)[-2] + 1)[:, None]


def quadratic_form(M: Array, y: Array, y_g: Array) -> Array:
    """y' M y for y = (y_1, ..., y_m, y_g)."""
    full = np.concatenate(np.broadcast_arrays(*([y[..., i : i + 1] for i in range(y.shape[-1])] + [y_g])), axis=-1)
    return np.einsum("...i,...ij,...j->...", full, M, full)[..., None]


def expectation(x: Array) -> Array:
    """The mean over equally likely paths, the axis in front of the instances; a number without that axis is its own mean."""
    return np.mean(x, axis=-4, keepdims=True) if np.ndim(x) > 3 else x


def probability_ever(left: Array, right: Array) -> Array:
    """For each horizon the probability that left > right there or earlier."""
    return expectation(np.maximum.accumulate(np.greater(left, right) * 1.0, axis=-2))


class _Namespace:
    """The functions of this module as attributes."""

    def __getattr__(self, name: str) -> Any:
        return globals()[name]


_THIS = _Namespace()


arcsine_sum = arcsine_sum_in_floats
