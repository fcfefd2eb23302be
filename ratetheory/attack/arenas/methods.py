"""Trajectories of decay, momentum and updates of any kind, as records with error bars.

The computed weights and buffers are taken as they are; what the exact method makes of them differs from the next computed
ones by some rounding. Vectors carry that as the error of each component, so that each exact step lies within the error bars.
For what adds up over the steps the error bars of ``S`` and ``<w, m>`` are widened by what the exact recursions make of all
roundings before: within them there is then a sequence that obeys the recursions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ratetheory.attack.arenas import objectives
from ratetheory.attack.arenas.simulate import tilt_allowance, turned
from ratetheory.attack.instances import Instances
from ratetheory.numeric import rounding
from ratetheory.numeric.rounding import UNIT, Rounded, exact, rounded

Array = np.ndarray


@dataclass(frozen=True)
class _Path:
    """States at t = 0..T along axis 1, steps at t = 0..T-1; ``slip`` and ``buffer_slip`` bound the norms of the roundings."""

    w: Array
    buffer: Array
    gradient: Array
    slip: Array
    buffer_slip: Array


@dataclass(frozen=True)
class _Rates:
    """Learning rate and decay at t = 0..T, momentum."""

    eta: Array
    lam: Rounded
    beta: Array


def record(instances: Instances) -> dict[str, Any]:
    """The letters of the claims about decay, momentum and updates of any kind, as far as the family has them."""
    with np.errstate(all="ignore"):
        return _of_updates(instances) if "along" in instances.numbers else _of_method(instances)


# --- vectors with error bars ------------------------------------------------------------------------------------------------


def _norm(x: Array) -> Array:
    return np.sqrt(np.sum(x * x, axis=-1))


def _vectors(x: Array, error: Array) -> Rounded:
    """Vectors, each component known up to the error of the vector's norm."""
    return rounded(x, np.broadcast_to(error[..., None], x.shape))


def _dot(x: Rounded, y: Rounded) -> Rounded:
    return rounding.over_blocks(x * y)[..., 0]


def _length(x: Rounded) -> Rounded:
    """The norm: off by at most the norm of the errors, also near zero."""
    size = _norm(x.value)
    return rounded(size, _norm(x.error) * (1 + 8 * UNIT) + (x.value.shape[-1] + 4) * UNIT * size)


def _times(factor: Any, x: Rounded) -> Rounded:
    return exact(factor)[..., None] * x


def _stack(states: list[Rounded]) -> Rounded:
    return Rounded(*(np.concatenate([getattr(s, part) for s in states], axis=1) for part in ("value", "error")))


# --- trajectories -----------------------------------------------------------------------------------------------------------


def _rates(instances: Instances) -> _Rates:
    p, steps = instances.numbers, np.arange(instances.steps + 1)
    eta = p["eta"] * np.ones((len(steps), 1))
    if "cycle" in p:
        eta = p["eta"] * np.swapaxes(p["cycle"], 1, 2)[:, steps % p["cycle"].shape[-1]]
    beta = p.get("beta", np.zeros((len(eta), 1, 1)))
    if "root" in p:
        a, b = exact(p["root"]), exact(beta)
        return _Rates(eta, (1 - a) * (a - b) / (exact(eta) * a), beta)
    share = p["decay"] if "decay" in p else np.zeros((len(eta), 1, 1))
    return _Rates(eta, exact(np.swapaxes(share, 1, 2)[:, steps % share.shape[-1]] / eta), beta)


def _gradient(p: objectives.Numbers, w: Array, t: Any) -> Array:
    """The gradient of the loss of step t: where there is a tilt, the steps' losses differ by its sign."""
    gradient, _ = objectives.gradient(p, w, np.zeros((len(w), 1, 1)))
    return gradient + (-1.0) ** t * objectives.tilt_gradient(p, w) if "tilt" in p else gradient


def _gradient_allowance(p: objectives.Numbers) -> Array:
    return objectives.gradient_allowance(p) + (tilt_allowance(p) if "tilt" in p else 0.0)


def _follow(instances: Instances, rates: _Rates, nesterov: bool) -> _Path:
    p = instances.numbers
    w, m = p["w"], p.get("buffer", np.zeros_like(p["w"]))
    beta, slack = rates.beta, _gradient_allowance(p)
    length = 2 if instances.family.breaks == "longer" else 1
    states, gradients, slips = [(w, m)], [], [(np.zeros(w.shape[:-1]),) * 2]
    for t in range(instances.steps):
        eta, lam = rates.eta[:, t : t + 1], rates.lam[:, t : t + 1]
        gradient = _gradient(p, w, t)
        decayed = gradient + lam.value[..., None] * w
        buffer = beta[..., None] * m + decayed
        direction = decayed + beta[..., None] * buffer if nesterov else buffer
        update = -eta[..., None] * (length * direction)
        after = w + update
        norm = _norm(w)
        sizes = _norm(gradient) + lam.value * norm
        force_slip = slack / norm + lam.error * norm + 4 * UNIT * sizes
        buffer_slip = force_slip + 4 * UNIT * (sizes + beta * _norm(m))
        direction_slip = force_slip + beta * buffer_slip + 4 * UNIT * (sizes + beta * _norm(buffer))
        slip = length * eta * (direction_slip if nesterov else buffer_slip) + UNIT * (_norm(after) + 2 * _norm(update))
        w, m = after, buffer
        states.append((w, m))
        gradients.append(gradient)
        slips.append((slip * (1 + 64 * UNIT), buffer_slip * (1 + 64 * UNIT)))
    ws, ms = (np.concatenate(arrays, axis=1) for arrays in zip(*states, strict=True))
    slip, buffer_slip = (np.concatenate(arrays, axis=1) for arrays in zip(*slips, strict=True))
    return _Path(ws, ms, np.concatenate(gradients, axis=1), slip, buffer_slip)


def _of_method(instances: Instances) -> dict[str, Any]:
    p, rates = instances.numbers, _rates(instances)
    nesterov = instances.family.base.startswith("nesterov")
    path = _follow(instances, rates, nesterov)
    w, m = _vectors(path.w, path.slip), _vectors(path.buffer, path.buffer_slip)
    slack = _gradient_allowance(p) / _norm(path.w[:, :-1])
    gradient = _length(_vectors(path.gradient, slack))
    eta, beta = exact(rates.eta), exact(rates.beta)
    S, product, squared_buffer = _dot(w, w), _dot(w, m), _dot(m, m)
    if not nesterov and instances.family.breaks != "longer":
        S, product = _accumulated(S, product, squared_buffer, rates)
    other = w + _times(eta * beta, m)
    update = w[:, 1:] - exact(path.w[:, :-1])
    return {
        "S": S,
        "p": product,
        "m_sq": squared_buffer,
        "eta": eta[:, :-1],
        "lam": rates.lam[:, :-1],
        "beta": beta,
        "G": rounding.sqrt(_dot(exact(path.w[:, :-1]), exact(path.w[:, :-1]))) * gradient,
        "lookahead": _dot(other, other),
        "inertia": _inertia(squared_buffer, rates),
        "angle": turned(path.w, path.slip[:, 1:]),
        **_parts(exact(path.w[:, :-1]), _recorded(instances, update)),
        **_without_decay(instances, path, rates, w, m),
    }


def _accumulated(S: Rounded, product: Rounded, squared_buffer: Rounded, rates: _Rates) -> tuple[Rounded, Rounded]:
    """``S`` and ``<w, m>`` of heavy ball, with what the recursions make of the errors of all steps before."""
    beta, size, off = rates.beta, S.error[:, :1], product.error[:, :1]
    sizes, offs = [size], [off]
    for t in range(rates.eta.shape[1] - 1):
        here, after = slice(t, t + 1), slice(t + 1, t + 2)
        eta, lam = rates.eta[:, here], rates.lam.upper[:, here]
        local = squared_buffer.error[:, after]
        size, off = (
            np.maximum(1.0, 2 * eta * lam) * size + 2 * eta * beta * off + S.error[:, after] + eta**2 * local,
            beta * off + lam * size + product.error[:, after] + eta * local,
        )
        sizes.append(size)
        offs.append(off)
    widened = (np.concatenate(errors, axis=1) * (1 + 1e-12) for errors in (sizes, offs))
    return Rounded(S.value, next(widened)), Rounded(product.value, next(widened))


def _inertia(squared_buffer: Rounded, rates: _Rates) -> Rounded:
    """``Y_{t+1} = beta (Y_t + eta_t |m_{t+1}|^2)``, ``Y_0 = 0``: the sum over the steps before, later ones weighing more."""
    Y = [exact(np.zeros_like(rates.eta[:, :1]))]
    for t in range(rates.eta.shape[1] - 1):
        here, after = slice(t, t + 1), slice(t + 1, t + 2)
        Y.append(exact(rates.beta) * (Y[-1] + exact(rates.eta[:, here]) * squared_buffer[:, after]))
    return _stack(Y)


def _recorded(instances: Instances, update: Rounded) -> Rounded:
    if instances.family.breaks != "unrecorded":
        return update
    return _times(instances.numbers["factor"], update)


def _parts(w: Rounded, update: Rounded) -> dict[str, Rounded]:
    """The update, its radial and its tangential part."""
    along = _dot(w, update)
    return {
        "update": _length(update),
        "radial_update": along,
        "tangential_update": _length(update - _times(along / _dot(w, w), w)),
    }


# --- the run without decay ----------------------------------------------------------------------------------------------------


def _scales(instances: Instances, rates: _Rates) -> tuple[Rounded, Rounded, Rounded]:
    """The factor rho at t = 0..T-1, the scale R and the shift c at t = 0..T; undecided once rho may not be positive."""
    p, family = instances.numbers, instances.family
    beta, eta = exact(rates.beta), exact(rates.eta)
    shift = exact(p["shift"] if "shift" in p else np.zeros_like(rates.eta[:, :1]))
    if "root" in p and family.breaks != "unsettled":
        a = _claimed_root(instances)
        shift = (1 - a) / (eta[:, :1] * a)
    shrinks, scales, shifts = [], [exact(np.ones_like(rates.eta[:, :1]))], [shift]
    for t in range(instances.steps):
        decay = rates.lam[:, t : t + 1] + beta * shifts[-1]
        shrink = 1 - eta[:, t : t + 1] * decay
        if family.breaks != "flip":
            shrink = Rounded(np.where(shrink.lower > 0, shrink.value, np.nan), shrink.error)
        shrinks.append(shrink)
        scales.append(shrink * scales[-1])
        shifts.append(decay / shrink)
    return _stack(shrinks), _stack(scales), _stack(shifts)


def _claimed_root(instances: Instances) -> Rounded:
    p = instances.numbers
    return exact(p["root"]) * exact(p["factor"]) if instances.family.breaks == "wrong-root" else exact(p["root"])


def _without_decay(instances: Instances, path: _Path, rates: _Rates, w: Rounded, m: Rounded) -> dict[str, Rounded]:
    """The run without decay from each state: where its step leads, and where it should."""
    p = instances.numbers
    shrink, scale, shift = _scales(instances, rates)
    eta_hat = exact(rates.eta[:, :-1]) / (scale[:, :-1] * scale[:, 1:])
    here, buffer = exact(path.w[:, :-1]), exact(path.buffer[:, :-1])
    start = _times(1 / scale[:, :-1], here)
    corrected = 0.0 if instances.family.breaks == "uncorrected" else 1.0
    old = _times(scale[:, :-1], buffer - _times(corrected * shift[:, :-1], here))
    new = _times(exact(rates.beta), old) + _gradient_at(p, start)
    stepped = start - _times(eta_hat, new)
    reached = _times(1 / scale[:, 1:], w[:, 1:])
    moved = _times(scale[:, 1:], m[:, 1:] - _times(shift[:, 1:], w[:, 1:]))
    found = {
        "shrink": shrink,
        "scale": scale,
        "shift": shift,
        "S_hat": _dot(w, w) / scale**2,
        "eta_hat": eta_hat,
        "drift": _length(reached - stepped),
        "buffer_drift": _length(moved - new),
    }
    # where the decay belongs to no root, nothing is said of it
    return found | {"root": _claimed_root(instances) if "root" in p else exact(np.full_like(rates.eta[:, :1], np.nan))}


def _gradient_at(p: objectives.Numbers, point: Rounded) -> Rounded:
    """The gradient at a point that is known up to its error: what the curvature makes of it, for a turn well below one."""
    gradient = _gradient(p, point.value, np.arange(point.shape[1])[:, None, None])
    size = _norm(point.value)
    turn = _norm(point.error) / size
    curvature = objectives.hessian_allowance(p) / UNIT + (_norm(p["tilt"]) if "tilt" in p else 0.0)
    slack = (_gradient_allowance(p) + 2 * np.max(turn, axis=-1, keepdims=True) * curvature) / size
    return _vectors(gradient, np.where(turn < 0.1, slack, np.inf))


# --- updates of any kind ------------------------------------------------------------------------------------------------------


def _of_updates(instances: Instances) -> dict[str, Any]:
    p, w = instances.numbers, instances.numbers["w"]
    states, updates = [w], []
    for t in range(instances.steps):
        k = t % p["along"].shape[-1]
        size = _norm(w)[..., None]
        v = w / size
        across = p["across"][:, :, k : k + 1] - v * np.sum(v * p["across"][:, :, k : k + 1], axis=-1, keepdims=True)
        update = size * (p["along"][:, :, k : k + 1, None] * v + across)
        w = w + update
        states.append(w)
        updates.append(update)
    path, update = np.concatenate(states, axis=1), np.concatenate(updates, axis=1)
    slip = np.concatenate([np.zeros_like(path[:, :1, :, 0]), UNIT * _norm(path[:, 1:])], axis=1)
    vectors = _vectors(path, slip)
    recorded = _recorded(instances, exact(update))
    return {"S": _dot(vectors, vectors), "angle": turned(path, slip[:, 1:]), **_parts(exact(path[:, :-1]), recorded)}
