"""What the log of a run's norms certifies, by claim ``sgd-observed``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from flint import arb, ctx

from ratetheory.claims.sgd import SGD_OBSERVED
from ratetheory.numeric import balls
from ratetheory.numeric.decimals import decimal_end, float_above, root_above
from ratetheory.numeric.exact import exact_text, read_nonnegative, read_positive, require
from ratetheory.numeric.noise import noise_supremum

_PRECISION = 128
_ROUNDING = Fraction(1, 2**20)
"""What single precision may do to a logged norm, as a share of it, with room."""


@dataclass(frozen=True)
class Observed:
    """What the norms of a run certify of its full gradients G_t, with probability ``confidence`` at least.

    ``sum`` bounds the sum of gamma_t |G_t|^2, ``mean`` their mean weighted by gamma_t and so the least, ``gradient_norm`` is
    its root; ``enclosure`` is of ``mean``. All hold for the horizon of the log, and for every other one with its own figures,
    at once, if the constants, ``kap`` and the risk were fixed before the run. ``noise_constant`` is A.
    """

    claim: str
    sum: Any
    mean: Any
    gradient_norm: Any
    enclosure: tuple[str, str]
    steps: int
    confidence: str
    noise_constant: Any
    constants: dict[str, str]
    trust: str
    conditional_on: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The statement as plain data."""
        return asdict(self)


def sgd_observed(
    squared_norms: Sequence[Any],
    learning_rates: Sequence[Any],
    *,
    smoothness: Any,
    noise_bound: Any,
    gap: Any,
    delta: Any,
    gradient_bound: Any = None,
    kap: Any = 1,
) -> Observed:
    """Bound the full gradients of a run of SGD from its norms alone (claim ``sgd-observed``).

    ``squared_norms`` S_0..S_T and ``learning_rates`` eta_0..eta_{T-1} <= eta_0 of one block; the constants as for
    ``bound_sgd``; ``delta`` is the probability with which the statement may fail, ``0 < kap < 2`` the share of the gradients
    that pays for the noise, twice. ``kap`` must not depend on the run: the default 1 is no fit. Raises ``ValueError`` naming
    the argument, also where the norms contradict the noise bound or plain gradient steps.
    """
    norms = [read_positive(x, "squared_norms") for x in squared_norms]
    rates = [read_positive(x, "learning_rates") for x in learning_rates]
    require(len(norms) == len(rates) + 1 > 1, "squared_norms", len(norms), "one more than the learning rates, two at least")
    require(all(rate <= rates[0] for rate in rates), "learning_rates", "a later rate", "at most the first")
    Gs = read_positive(noise_bound, "noise_bound")
    given = {
        "smoothness": read_positive(smoothness, "smoothness"),
        "noise_bound": Gs,
        "gradient_bound": Gs if gradient_bound is None else min(Gs, read_positive(gradient_bound, "gradient_bound")),
        "gap": read_nonnegative(gap, "gap"),
        "kap": read_positive(kap, "kap"),
        "delta": read_positive(delta, "delta"),
    }
    require(given["kap"] < 2, "kap", kap, "above 0 and below 2")
    require(given["delta"] < 1, "delta", delta, "above 0 and below 1")
    _check_growth(norms, rates, Gs)
    before, ctx.prec = ctx.prec, _PRECISION
    try:
        return _certified(norms, rates, given)
    finally:
        ctx.prec = before


def _check_growth(norms: list[Fraction], rates: list[Fraction], Gs: Fraction) -> None:
    """A step adds eta^2 |G|^2/S to S: between 0 and what the noise bound allows."""
    for t, rate in enumerate(rates):
        S, added, rounding = norms[t], norms[t + 1] - norms[t], _ROUNDING * norms[t]
        require(added >= -rounding, "squared_norms", f"a fall at step {t}", "norms that never fall, as in steps without decay")
        most = rate**2 * Gs**2 / S
        require(added <= most + rounding, "noise_bound", f"{float(Gs):g}", f"at least the gradient that step {t} shows")


def _certified(norms: list[Fraction], rates: list[Fraction], given: dict[str, Fraction]) -> Observed:
    gamma_0, Gs, share = rates[0] / norms[0], given["noise_bound"], given["kap"]
    A = noise_supremum(gamma_0 * Gs, given["smoothness"], given["gradient_bound"])
    grown = balls.number(norms[-1] / norms[0]).log()
    doubt = balls.number(gamma_0 * Gs**2 / share) * balls.number(1 / given["delta"]).log()
    total = (balls.number(given["gap"]) + A / 2 * grown + doubt) / balls.number(1 - share / 2)
    weights = sum((balls.number(rate) / balls.number(norm) for rate, norm in zip(rates, norms, strict=False)), arb(0))
    mean = total / weights
    low, high = decimal_end(mean, up=False), decimal_end(mean, up=True)
    return Observed(
        claim=SGD_OBSERVED.slug,
        sum=float_above(decimal_end(total, up=True)),
        mean=float_above(high),
        gradient_norm=float_above(root_above(high)),
        enclosure=(str(low), str(high)),
        steps=len(rates),
        confidence=exact_text(1 - given["delta"]),
        noise_constant=float_above(decimal_end(A, up=True)),
        constants={name: exact_text(number) for name, number in given.items()},
        trust="certified",
        conditional_on=("log", *given, *(hypothesis.slug for hypothesis in SGD_OBSERVED.hypotheses)),
    )


def observed_in_csv(path: str | Path, **constants: Any) -> Observed:
    """``sgd_observed`` of a log with the columns of ``load_csv``, one block. Raises ``ValueError``."""
    from ratetheory.observation.csv_log import load_csv

    # where the logged gradients were taken does not matter: the norms say all
    data = load_csv(path, "w").dataset
    require(data.sizes["block"] == 1, "observed", f"{data.sizes['block']} blocks", "the log of one block")
    return sgd_observed(data["squared_norm"].values[:, 0].tolist(), data["learning_rate"].values[:, 0].tolist(), **constants)
