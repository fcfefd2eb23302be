"""The bound of claim ``sgd-rate``, certified: from constants to a number, from a gradient norm to a number of steps."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from flint import ctx

from ratetheory.claims import sgd
from ratetheory.numeric import balls
from ratetheory.numeric.certified_bound import describe
from ratetheory.numeric.certify import decoupled_smoothness
from ratetheory.numeric.decimals import decimal_end, float_above, root_above
from ratetheory.numeric.exact import exact_text, read_count, read_positive, require
from ratetheory.numeric.least_rate import Growth, first_where, least_rate_sum
from ratetheory.numeric.noise import noise_supremum
from ratetheory.numeric.schedule_sums import Powers
from ratetheory.numeric.sgd_constants import SGDConstants, load_sgd_constants, one_noisy_block

Ball = Any
_PRECISION = 128
_MAX_STEPS = 10**30
_USUAL_STEPS = 10**6


@dataclass(frozen=True)
class SGDBound:
    """A bound on min over t < T of the mean of sum_i |G_i|^2 + |H|^2, full gradients at normalised weights.

    ``value`` is not below the upper end of ``enclosure``; ``gradient_norm`` is its root. ``method`` is ``rate`` or ``trivial``
    (a bound on the gradient anywhere). For every block, ``noise_constants`` is A, ``envelopes`` bounds |w_T|^2 surely.
    """

    claim: str
    value: Any
    gradient_norm: Any
    enclosure: tuple[str, str]
    method: str
    steps: int
    noise_constants: tuple[Any, ...]
    envelopes: tuple[Any, ...]
    constants: dict[str, Any]
    trust: str
    conditional_on: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The bound as plain data."""
        return asdict(self)


def bound_sgd(
    *,
    squared_norm: Any = None,
    learning_rate: Any = None,
    smoothness: Any = None,
    noise_bound: Any = None,
    gap: Any = None,
    alpha: Any = None,
    gradient_bound: Any = None,
    steps: Any = None,
    epsilon: Any = None,
    constants: SGDConstants | str | Path | None = None,
) -> SGDBound:
    """Bound min over t < T of E|G_t|^2 for SGD at rates eta (t + 1)^(-alpha) (claim ``sgd-rate``).

    One block: ``squared_norm`` |w|^2 and ``learning_rate`` eta at the start, ``smoothness`` L on the sphere, ``noise_bound`` Gs
    on the gradient of every minibatch loss and ``gradient_bound`` on that of their mean (default: the noise bound), at
    normalised weights; ``gap`` f_0 - f_low; ``alpha`` in [0, 1/2], default 0. Several blocks or scale-variant parameters:
    ``constants``, the path of a TOML file. Either ``steps`` T, or ``epsilon``, which the root mean square of the gradient is to
    reach: then ``steps`` of the result suffices. Raises ``ValueError`` naming the argument.
    """
    require((steps is None) != (epsilon is None), "steps", steps, "either steps or epsilon")
    one = (squared_norm, learning_rate, smoothness, noise_bound, gap, alpha, gradient_bound)
    if constants is not None:
        require(all(value is None for value in one), "constants", str(constants), "no other constants beside it")
        given = constants if isinstance(constants, SGDConstants) else load_sgd_constants(constants)
    else:
        given = one_noisy_block(
            squared_norm, learning_rate, smoothness, noise_bound, gap, 0 if alpha is None else alpha, gradient_bound
        )
    target = None if epsilon is None else read_positive(epsilon, "epsilon") ** 2
    count = _USUAL_STEPS if steps is None else read_count(steps, "steps")
    require(count <= _MAX_STEPS, "steps", count, f"at most {_MAX_STEPS}")
    before, ctx.prec = ctx.prec, _PRECISION
    try:
        evaluator = min((_Evaluator(given, weight) for weight in _weights(given)), key=lambda one: one.rate(count).upper())
        if target is not None:
            require(evaluator.reaches(_MAX_STEPS, target), "epsilon", epsilon, f"what the bound reaches in {_MAX_STEPS} steps")
            count = evaluator.enough(target)
        return evaluator.bound(count)
    finally:
        ctx.prec = before


def _weights(given: SGDConstants) -> list[Fraction]:
    """Weights of the scale-variant parameters in Lam = (M x)/x with eta_g Lam_g < 2; each is a proof."""
    constants = given.constants
    rate = constants.scale_variant_learning_rate
    if rate is None or constants.coupling is None or not any(constants.coupling[-1]):
        return [Fraction(1)]
    least = sum(constants.coupling[-1], Fraction(0)) / (2 / rate - constants.scale_variant_smoothness)
    return [least * (1 + Fraction(2) ** k) for k in (-2, 0, 2, 4, 6)]


class _Evaluator:
    """The bound of one set of constants at several horizons."""

    def __init__(self, given: SGDConstants, weight: Fraction) -> None:
        self.given = given
        blocks, noise = given.constants.blocks, given.noise_bounds
        Lam, self.Lam_g = decoupled_smoothness(given.constants, weight)
        for block, number in zip(blocks, Lam, strict=True):
            require(number > 0, f"block {block.name}.smoothness", str(number), "above 0, or a smoothness_with above 0")
        self.squares = Powers.of(2 * given.alpha)
        self.growths = [Growth(block.inverse_rate, Gs) for block, Gs in zip(blocks, noise, strict=True)]
        self.A = [
            noise_supremum(Gs / block.inverse_rate, number, block.gradient_bound or Gs)
            for block, Gs, number in zip(blocks, noise, Lam, strict=True)
        ]

    @cached_property
    def trivial(self) -> Fraction | None:
        """What the gradients never exceed; of g nothing is known."""
        constants = self.given.constants
        if constants.scale_variant:
            return None
        largest = sum((block.gradient_bound**2 for block in constants.blocks if block.gradient_bound), Fraction(0))
        # one block descends by |G|^2/(2L) along a great circle
        return largest if len(constants.blocks) > 1 else min(largest, 2 * constants.blocks[0].smoothness * (constants.gap or 0))

    def ends(self, steps: int) -> list[Ball]:
        """The largest |w_T|^2/eta of every block."""
        return [growth.at(self.squares.at(steps + 1)) for growth in self.growths]

    def rate(self, steps: int) -> Ball:
        """The bound by the rate."""
        constants = self.given.constants
        total = balls.number(constants.gap or 0)
        for A, growth, end in zip(self.A, self.growths, self.ends(steps), strict=True):
            total = total + A / 2 * (end / balls.number(growth.b)).log()
        variant = None
        if constants.scale_variant_learning_rate is not None:
            variant = constants.scale_variant_learning_rate, self.Lam_g
            sig = balls.number(self.given.noise_variance).sqrt()
            noise = sgd.scale_variant_noise(balls.number(variant[0]), balls.number(self.Lam_g), sig)
            total = total + noise * self.squares.at(steps + 1)
        return total / least_rate_sum(self.growths, variant, self.given.alpha, steps)

    def reaches(self, steps: int, target: Fraction) -> bool:
        """Whether the bound is at most the target, certainly."""
        least = self.trivial is not None and self.trivial <= target
        return least or bool(self.rate(steps) <= balls.number(target))

    def enough(self, target: Fraction) -> int:
        """The smallest number of steps that halving and interpolating find; ``_MAX_STEPS`` suffice."""
        if self.reaches(1, target):
            return 1
        # first the power of two, then the number
        power = first_where(lambda k: 2**k >= _MAX_STEPS or self.reaches(2**k, target), 0, _MAX_STEPS.bit_length())
        low, high = 2**power // 2, min(2**power, _MAX_STEPS)
        above, below = (abs(self._beyond(steps, target)).mid() for steps in (low, high))
        turn, last = 0, None
        while high - low > 1:
            turn += 1
            # the Illinois rule: an end that stays counts half; every eighth time the middle, which bounds their number
            share = Fraction(float(above / (above + below))) if turn % 8 and above + below > 0 else Fraction(1, 2)
            steps = min(max(low + int((high - low) * share), low + 1), high - 1)
            distance = self._beyond(steps, target)
            reached = bool(distance <= 0)
            if reached:
                high, below, above = steps, abs(distance).mid(), above / 2 if last is reached else above
            else:
                low, above, below = steps, abs(distance).mid(), below / 2 if last is reached else below
            last = reached
        return high

    def _beyond(self, steps: int, target: Fraction) -> Ball:
        """The logarithm of the bound by the rate over the target."""
        return (self.rate(steps) / balls.number(target)).log()

    def bound(self, steps: int) -> SGDBound:
        given = self.given
        value, method = self.rate(steps), "rate"
        if self.trivial is not None:
            trivial = balls.number(self.trivial)
            value, method = value.min(trivial), "trivial" if trivial <= value else "rate"
        low, high = decimal_end(value, up=False), decimal_end(value, up=True)
        blocks = given.constants.blocks
        return SGDBound(
            claim="sgd-rate",
            value=float_above(high),
            gradient_norm=float_above(root_above(high)),
            enclosure=(str(low), str(high)),
            method=method,
            steps=steps,
            noise_constants=tuple(float_above(decimal_end(A, up=True)) for A in self.A),
            envelopes=tuple(
                float_above(decimal_end(end * balls.number(block.learning_rate), up=True))
                for end, block in zip(self.ends(steps), blocks, strict=True)
            ),
            constants=_described(given),
            trust="estimated" if given.constants.estimated else "certified",
            conditional_on=given.names(),
        )


def _described(given: SGDConstants) -> dict[str, Any]:
    """The constants as plain data, exact numbers as text."""
    data = describe(given.constants)
    del data["from_step"]
    for row, noise in zip(data["blocks"], given.noise_bounds, strict=True):
        row["noise_bound"] = exact_text(noise)
    if given.constants.scale_variant:
        data["scale_variant"]["noise_variance"] = exact_text(given.noise_variance)
    return {**data, "alpha": exact_text(given.alpha)}
