"""The bound of claim ``sgd-rate`` for one block, certified; and what a log of the norms says by claim ``sgd-observed``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from flint import arb, ctx

from ratetheory.numeric import balls
from ratetheory.numeric.decimals import decimal_end, float_above, root_above
from ratetheory.numeric.exact import exact_text, read_count, read_nonnegative, read_positive, require
from ratetheory.numeric.noise import noise_supremum
from ratetheory.numeric.schedule_sums import Powers, rate_sum

Ball = Any
_PRECISION = 128
_MAX_STEPS = 10**30


@dataclass(frozen=True)
class SGDBound:
    """A bound on min over t < T of E|G_t|^2, G the full gradient at normalised weights.

    ``value`` is not below the upper end of ``enclosure``; ``gradient_norm`` is its root. ``method`` is ``rate`` or ``trivial``
    (the gradient at the start). ``noise_constant`` is A, ``envelope`` bounds |w_T|^2 surely.
    """

    claim: str
    value: Any
    gradient_norm: Any
    enclosure: tuple[str, str]
    method: str
    steps: int
    noise_constant: Any
    envelope: Any
    constants: dict[str, str]
    trust: str
    conditional_on: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The bound as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class _Given:
    """One block's constants, read exactly."""

    squared_norm: Fraction
    learning_rate: Fraction
    smoothness: Fraction
    noise_bound: Fraction
    gradient_bound: Fraction
    gap: Fraction
    alpha: Fraction


def bound_sgd(
    *,
    squared_norm: Any,
    learning_rate: Any,
    smoothness: Any,
    noise_bound: Any,
    gap: Any,
    alpha: Any = 0,
    gradient_bound: Any = None,
    steps: Any = None,
    epsilon: Any = None,
) -> SGDBound:
    """Bound min over t < T of E|G_t|^2 for SGD at rates eta (t + 1)^(-alpha), one block (claim ``sgd-rate``).

    ``squared_norm`` |w|^2 and ``learning_rate`` eta at the start, ``smoothness`` L on the sphere, ``noise_bound`` Gs on the
    gradient of every minibatch loss and ``gradient_bound`` on that of their mean (default: the noise bound), at normalised
    weights; ``gap`` f_0 - f_low; ``alpha`` in [0, 1/2]. Either ``steps`` T, or ``epsilon``, which the root mean square of the
    gradient is to reach: then ``steps`` of the result suffices. Raises ``ValueError`` naming the argument.
    """
    require((steps is None) != (epsilon is None), "steps", steps, "either steps or epsilon")
    Gs = read_positive(noise_bound, "noise_bound")
    exponent = read_nonnegative(alpha, "alpha")
    require(exponent <= Fraction(1, 2), "alpha", str(alpha), "a number from 0 to 1/2")
    Gbar = Gs if gradient_bound is None else min(Gs, read_positive(gradient_bound, "gradient_bound"))
    given = _Given(
        read_positive(squared_norm, "squared_norm"),
        read_positive(learning_rate, "learning_rate"),
        read_positive(smoothness, "smoothness"),
        Gs,
        Gbar,
        read_nonnegative(gap, "gap"),
        exponent,
    )
    before, ctx.prec = ctx.prec, _PRECISION
    try:
        evaluator = _Evaluator(given)
        count = read_count(steps, "steps") if epsilon is None else evaluator.enough(read_positive(epsilon, "epsilon") ** 2)
        require(count <= _MAX_STEPS, "steps", count, f"at most {_MAX_STEPS}")
        return evaluator.bound(count)
    finally:
        ctx.prec = before


class _Evaluator:
    """The bound of one set of constants at several horizons."""

    def __init__(self, given: _Given) -> None:
        self.given = given
        self.squares = Powers.of(2 * given.alpha)
        S_0, eta, Gs = given.squared_norm, given.learning_rate, given.noise_bound
        self.A = noise_supremum(eta * Gs / S_0, given.smoothness, given.gradient_bound)
        self.trivial = min(given.gradient_bound**2, 2 * given.smoothness * given.gap)

    def envelope(self, H: Any) -> Any:
        """Sbar after steps whose rates over eta, squared, add up to H: a ball or a power series."""
        S_0, eta, Gs = self.given.squared_norm, self.given.learning_rate, self.given.noise_bound
        half = eta**2 * Gs**2 / S_0 / 2
        radicand = H * balls.number(2 * Gs**2 * eta**2) + balls.number((S_0 - half) ** 2)
        return radicand.sqrt() + balls.number(half)

    def rate(self, steps: int) -> tuple[Ball, Ball]:
        """The bound by the rate and the envelope at the end."""
        given = self.given
        end = self.envelope(self.squares.at(steps + 1))
        numerator = balls.number(given.gap) + self.A / 2 * (end / balls.number(given.squared_norm)).log()
        eta = balls.number(given.learning_rate)
        return numerator / rate_sum(self.squares, eta, given.alpha, self.envelope, steps), end

    def enough(self, target: Fraction) -> int:
        """A number of steps after which the bound is at most the target: the smallest that halving finds."""
        if self.trivial <= target:
            return 1

        def reached(steps: int) -> bool:
            return bool(self.rate(steps)[0] <= balls.number(target))

        require(reached(_MAX_STEPS), "epsilon", f"root of {exact_text(target)}", "what the bound reaches within 10^30 steps")
        # first the power of two, then the number
        power = _first(lambda k: 2**k >= _MAX_STEPS or reached(2**k), -1, _MAX_STEPS.bit_length())
        return _first(reached, 2**power // 2, min(2**power, _MAX_STEPS))

    def bound(self, steps: int) -> SGDBound:
        given = self.given
        rate, end = self.rate(steps)
        trivial = balls.number(self.trivial)
        value = rate.min(trivial)
        low, high = decimal_end(value, up=False), decimal_end(value, up=True)
        names = ("squared_norm", "learning_rate", "alpha", "smoothness", "noise_bound", "gradient_bound", "gap")
        return SGDBound(
            claim="sgd-rate",
            value=float_above(high),
            gradient_norm=float_above(root_above(high)),
            enclosure=(str(low), str(high)),
            method="trivial" if trivial <= rate else "rate",
            steps=steps,
            noise_constant=float_above(decimal_end(self.A, up=True)),
            envelope=float_above(decimal_end(end, up=True)),
            constants={name: exact_text(getattr(given, name)) for name in names},
            trust="certified",
            conditional_on=names,
        )


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Where ``holds`` begins to, between a number where it need not and one where it does."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


@dataclass(frozen=True)
class Observed:
    """What the norms of a run certify: ``sum`` bounds the sum of gamma_t |G_t|^2, ``mean`` its mean weighted by gamma_t.

    Both hold for the horizon of the log, and for every other one with its own figures, all at once, with probability
    ``confidence``, if ``kap`` and the constants were fixed before the run.
    """

    claim: str
    sum: Any
    mean: Any
    steps: int
    confidence: str
    noise_constant: Any


def sgd_observed(
    squared_norms: Sequence[Any],
    learning_rates: Sequence[Any],
    *,
    smoothness: Any,
    noise_bound: Any,
    gap: Any,
    risk: Any,
    gradient_bound: Any = None,
    kap: Any = 1,
) -> Observed:
    """Bound the full gradients of a run from its norms alone (claim ``sgd-observed``).

    ``squared_norms`` S_0..S_T and ``learning_rates`` eta_0..eta_{T-1} <= eta_0 of one block; the constants as for
    ``bound_sgd``; ``risk`` is the probability with which the statement may fail, ``0 < kap < 2``. Raises ``ValueError``.
    """
    norms = [read_positive(x, "squared_norms") for x in squared_norms]
    rates = [read_positive(x, "learning_rates") for x in learning_rates]
    require(len(norms) == len(rates) + 1 > 1, "squared_norms", len(norms), "one more than the learning rates, two at least")
    require(all(rate <= rates[0] for rate in rates), "learning_rates", "a later rate", "at most the first")
    Gs, share = read_positive(noise_bound, "noise_bound"), read_positive(kap, "kap")
    failure = read_positive(risk, "risk")
    require(share < 2, "kap", kap, "above 0 and below 2")
    require(failure < 1, "risk", risk, "above 0 and below 1")
    Gbar = Gs if gradient_bound is None else min(Gs, read_positive(gradient_bound, "gradient_bound"))
    before, ctx.prec = ctx.prec, _PRECISION
    try:
        gamma_0 = rates[0] / norms[0]
        A = noise_supremum(gamma_0 * Gs, read_positive(smoothness, "smoothness"), Gbar)
        grown = balls.number(norms[-1] / norms[0]).log()
        doubt = balls.number(gamma_0 * Gs**2 / share) * balls.number(1 / failure).log()
        total = (balls.number(read_nonnegative(gap, "gap")) + A / 2 * grown + doubt) / balls.number(1 - share / 2)
        weights = sum((balls.number(rate) / balls.number(norm) for rate, norm in zip(rates, norms, strict=False)), arb(0))
        return Observed(
            claim="sgd-observed",
            sum=float_above(decimal_end(total, up=True)),
            mean=float_above(decimal_end(total / weights, up=True)),
            steps=len(rates),
            confidence=exact_text(1 - failure),
            noise_constant=float_above(decimal_end(A, up=True)),
        )
    finally:
        ctx.prec = before
