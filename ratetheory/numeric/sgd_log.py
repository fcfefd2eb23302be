"""What the log of a run's norms certifies, by claim ``sgd-observed``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, ctx

from ratetheory.numeric import balls
from ratetheory.numeric.decimals import decimal_end, float_above
from ratetheory.numeric.exact import exact_text, read_nonnegative, read_positive, require
from ratetheory.numeric.noise import noise_supremum

_PRECISION = 128


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
