"""GD tuned, GD on batch normalisation and AdaGrad-Norm side by side: their bounds for one set of constants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from ratetheory.numeric.adagrad import bound_adagrad_norm
from ratetheory.numeric.bound import bound_gd
from ratetheory.numeric.decimals import float_above
from ratetheory.numeric.exact import exact_text, read_count, read_nonnegative, read_positive, require

SOURCE = "Abbaszadehpeivasti, de Klerk, Zamani 2021 (Optimization Letters 16): cited, not verified here"
Value = float | str

METHODS = ("gd", "gd_batch_norm", "adagrad_norm")
"""The columns of a row."""


@dataclass(frozen=True)
class Row:
    """One learning rate: bounds on the smallest squared gradient; ``gd`` is ``None`` where none is known."""

    learning_rate: str
    gd: Value | None
    gd_batch_norm: Value
    adagrad_norm: Value


@dataclass(frozen=True)
class Comparison:
    """Bounds on min over t < T of the squared gradient, one row a learning rate.

    ``gd_tuned`` is GD at ``1/smoothness``. GD and AdaGrad-Norm minimise a function on R^d whose gradient has the Lipschitz
    constant ``smoothness``. GD on batch normalisation minimises a scale-invariant function with that smoothness on the unit
    sphere, and its gradient is taken at the normalised weights. ``trust``: of each method what its bounds are, ``cited`` where
    they rest on ``gd_source``, which is not verified here.
    """

    constants: dict[str, str]
    steps: int
    gd_tuned: Value
    gd_source: str
    trust: dict[str, str]
    rows: tuple[Row, ...]

    def within(self, factor: int) -> dict[str, tuple[str, str] | None]:
        """For each method the smallest and the largest learning rate of the rows whose bound is at most so many times that
        of GD tuned; ``None`` if no row's is."""
        limit = factor * Fraction(str(self.gd_tuned))
        found: dict[str, tuple[str, str] | None] = {}
        for method in METHODS:
            bounds = ((row.learning_rate, getattr(row, method)) for row in self.rows)
            rates = [rate for rate, value in bounds if value is not None and Fraction(str(value)) <= limit]
            found[method] = (rates[0], rates[-1]) if rates else None
        return found

    def as_dict(self) -> dict[str, Any]:
        """The comparison as plain data."""
        return asdict(self)


def tight_gd(L: Fraction, D: Fraction, eta: Fraction, steps: int) -> Fraction | None:
    """The tight bound of GD with the constant step eta < sqrt(3)/L, after T - 1 steps and so over T points; else ``None``."""
    if (eta * L) ** 2 >= 3:
        return None
    a_step = min(4 * eta - L**2 * eta**3, 4 * eta - L * eta**2)
    return 4 * D / ((steps - 1) * a_step + 2 / L)


def compare_bounds(
    *,
    smoothness: Any,
    gap: Any,
    steps: Any,
    learning_rates: Sequence[Any],
    squared_norm: Any = 1,
    initial_accumulator: Any = 1,
) -> Comparison:
    """The bounds at every learning rate.

    ``squared_norm`` is |w_0|^2 of the batch-normalised weights, ``initial_accumulator`` B_0 of AdaGrad-Norm: their first steps
    are alike where the two are equal.

    Raises ``ValueError`` naming the argument, its value and what is allowed.
    """
    require(len(learning_rates) > 0, "learning_rates", learning_rates, "at least one positive number")
    L, D, T = read_positive(smoothness, "smoothness"), read_nonnegative(gap, "gap"), read_count(steps, "steps")
    S_0, B_0 = read_positive(squared_norm, "squared_norm"), read_positive(initial_accumulator, "initial_accumulator")
    rates = [read_positive(rate, "learning_rates") for rate in learning_rates]
    tuned = tight_gd(L, D, 1 / L, T)
    assert tuned is not None
    found = [_row(L, D, T, S_0, B_0, rate) for rate in rates]
    trust = dict(zip(METHODS, ("cited", *found[0][1]), strict=True))
    constants = {"smoothness": L, "gap": D, "squared_norm": S_0, "initial_accumulator": B_0}
    texts = {name: exact_text(number) for name, number in constants.items()}
    return Comparison(texts, T, float_above(tuned), SOURCE, trust, tuple(row for row, _ in found))


def _row(L: Fraction, D: Fraction, T: int, S_0: Fraction, B_0: Fraction, eta: Fraction) -> tuple[Row, tuple[str, str]]:
    """The row, and the trust of the two bounds proved here: the same in every row, as the constants are given."""
    gd = tight_gd(L, D, eta, T)
    batch_norm = bound_gd(squared_norm=S_0, learning_rate=eta, smoothness=L, gap=D, steps=T)
    adagrad = bound_adagrad_norm(smoothness=L, gap=D, learning_rate=eta, initial_accumulator=B_0, steps=T)
    row = Row(exact_text(eta), None if gd is None else float_above(gd), batch_norm.value, adagrad.value)
    return row, (batch_norm.trust, adagrad.trust)


def decades(low: Fraction, high: Fraction, per_decade: int) -> list[Fraction]:
    """Powers of ten times ``low`` up to ``high``, with ``per_decade`` - 1 values between them, rounded to three digits."""
    between = [Fraction(f"{10 ** (k / per_decade):.3g}") for k in range(per_decade)]
    found, scale = [], low
    while scale <= high:
        found += [scale * factor for factor in between if scale * factor <= high]
        scale *= 10
    return found
