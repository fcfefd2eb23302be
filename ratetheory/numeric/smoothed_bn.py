"""The constants of claim ``smoothed-bn`` from data: certified bounds on the smoothness and the gradient of a BN neuron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from ratetheory.claims import bn_neuron
from ratetheory.numeric.exact import exact_text, read_count, read_exactly, read_nonnegative, require
from ratetheory.numeric.features import load_features

_SQUARINGS = 60


@dataclass(frozen=True)
class NeuronConstants:
    """Smoothness L and gradient bound Gbar of a batch-normalised neuron on the unit sphere, and what they are made of.

    ``smoothness``, ``gradient_bound`` and ``condition`` (the condition number of Cov + eps I, the largest over the
    batches) are not below the upper ends of their enclosures. Numbers beyond the range of floats are decimal strings.
    """

    claim: str
    smoothness: float | str
    smoothness_enclosure: tuple[str, str]
    gradient_bound: float | str
    gradient_enclosure: tuple[str, str]
    condition: float | str
    condition_enclosure: tuple[str, str]
    samples: int
    features: int
    batches: int
    constants: dict[str, str]
    trust: str
    conditional_on: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The constants as plain data."""
        return asdict(self)


def neuron_constants(
    data: str | Sequence[Sequence[Any]],
    *,
    eps: Any,
    loss_slope: Any,
    loss_curvature: Any,
    gain: Any = 1,
    batch_size: Any = None,
) -> NeuronConstants:
    """Certified constants of f(w) = mean of l_i(gain z_i) from the features of its samples (claim ``smoothed-bn``).

    ``data``: ``digits``, the path of a CSV or npz file, or rows of numbers. ``eps`` of the layer, ``loss_slope`` and
    ``loss_curvature``: bounds on |l_i'| and |l_i''|. With ``batch_size`` the largest constants over consecutive minibatches.
    Raises ``ValueError`` in one line for bad input, ``NotNarrow`` where no precision resolves the smallest eigenvalue.
    """
    rows = load_features(data) if isinstance(data, str) else _rows(data)
    numbers = {
        "eps": read_nonnegative(eps, "eps"),
        "gain": read_exactly(gain, "gain"),
        "loss_slope": read_nonnegative(loss_slope, "loss_slope"),
        "loss_curvature": read_nonnegative(loss_curvature, "loss_curvature"),
    }
    batches = _batches(rows, len(rows) if batch_size is None else read_count(batch_size, "batch_size", least=2))
    for batch in batches:
        singular = len(batch) <= len(batch[0]) or any(len(set(column)) == 1 for column in zip(*batch, strict=True))
        require(not singular or numbers["eps"] > 0, "eps", eps, "a number above 0: the covariance of the batch is singular")
    return _certified(rows, batches, numbers)


def _rows(data: Sequence[Sequence[Any]]) -> list[list[Fraction]]:
    rows = [[read_exactly(entry, "data") for entry in row] for row in data]
    same = len({len(row) for row in rows}) == 1 and bool(rows[0])
    require(len(rows) >= 2 and same, "data", f"{len(rows)} rows", "at least 2 samples with the same number of features")
    return rows


def _batches(rows: list[list[Fraction]], size: int) -> list[list[list[Fraction]]]:
    require(size <= len(rows), "batch_size", size, f"at most the number of samples, {len(rows)}")
    batches = [rows[start : start + size] for start in range(0, len(rows), size)]
    require(len(batches[-1]) >= 2, "batch_size", size, "one that leaves no batch of a single sample")
    return batches


def _certified(
    rows: list[list[Fraction]], batches: list[list[list[Fraction]]], numbers: dict[str, Fraction]
) -> NeuronConstants:
    from ratetheory.numeric import balls
    from ratetheory.numeric.decimals import decimal_outward, exact_end, float_above

    def compute() -> tuple[Any, Any, Any]:
        cond = balls.number(1)
        for batch in batches:
            cond = cond.max(condition_number(batch, numbers["eps"]))
        gain, slope, curvature = (balls.number(numbers[name]) for name in ("gain", "loss_slope", "loss_curvature"))
        smoothness = bn_neuron.smoothness(balls, cond, gain, slope, curvature)
        return cond, smoothness, bn_neuron.gradient_bound(balls, cond, gain, slope)

    def narrow(values: tuple[Any, Any, Any]) -> bool:
        return all(balls.is_narrow(value, 42) for value in values)

    ends = [
        (decimal_outward(exact_end(value.lower()), up=False), decimal_outward(exact_end(value.upper()), up=True))
        for value in balls.at_rising_precision(compute, narrow)
    ]
    condition, smoothness, gradient = ends
    return NeuronConstants(
        claim="smoothed-bn",
        smoothness=float_above(Fraction(smoothness[1])),
        smoothness_enclosure=smoothness,
        gradient_bound=float_above(Fraction(gradient[1])),
        gradient_enclosure=gradient,
        condition=float_above(Fraction(condition[1])),
        condition_enclosure=condition,
        samples=len(rows),
        features=len(rows[0]),
        batches=len(batches),
        constants={name: exact_text(value) for name, value in numbers.items()},
        trust="certified",
        conditional_on=("loss_slope", "loss_curvature"),
    )


def condition_number(rows: Sequence[Sequence[Fraction]], eps: Fraction) -> Any:
    """A ball that contains the condition number of Cov + eps I; not finite where this precision does not resolve it."""
    from flint import arb, arb_mat

    from ratetheory.numeric import balls

    samples, features = len(rows), len(rows[0])
    means = [sum(column, Fraction(0)) / samples for column in zip(*rows, strict=True)]
    centred = arb_mat([[balls.number(entry - mean) for entry, mean in zip(row, means, strict=True)] for row in rows])
    matrix = centred.transpose() * centred
    diagonal = arb_mat([[balls.number(eps if i == j else 0) for j in range(features)] for i in range(features)])
    matrix = matrix * (1 / arb(samples)) + diagonal
    try:
        inverse = matrix.inv()
    except ZeroDivisionError:
        return arb("inf")
    return _largest_eigenvalue(matrix) * _largest_eigenvalue(inverse)


def _largest_eigenvalue(matrix: Any) -> Any:
    """The largest eigenvalue of a symmetric positive semidefinite matrix, by traces of its powers 2^j.

    Of P with trace 1: tr(P^2) <= lambda(P) <= tr(P^2)^{1/2}, and lambda(P^2) = lambda(P)^2, so each squaring halves the
    width of what is known of ln(lambda).
    """
    from flint import arb

    trace = matrix.trace()
    logarithm, power, scaled = trace.log(), arb(1), matrix * (1 / trace)
    for _ in range(_SQUARINGS):
        scaled = scaled * scaled
        trace = scaled.trace()
        if not trace > 0:
            return arb("inf")
        known = trace.log()
        enclosed = logarithm + known.union(known / 2) / power
        if known.abs_upper() / power < arb(2) ** -48:
            return enclosed.exp()
        power, scaled = 2 * power, scaled * (1 / trace)
        logarithm = logarithm + known / power
    return enclosed.exp()
