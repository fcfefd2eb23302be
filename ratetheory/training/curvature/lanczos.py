"""Both ends of a spectrum from one Krylov space, stopped as soon as they are known.

The recurrence is our own: what stops it has to see both ends, and their residuals, after each product. ARPACK, as scipy has
it, does not show what has not converged, and begins with a product of the start alone, one of twelve (scipy 1.17); PRIMME takes
a Krylov space for each end; both take the vectors off their device. Every vector is kept here, each new one is orthogonalised
twice against all, and the small eigenvalue problem that remains is LAPACK's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch

Product = Callable[[torch.Tensor], torch.Tensor]
End = Literal["low", "high"]

PRODUCTS = 12
"""Most products for one spectrum, unless told otherwise."""
RISK = 0.05
"""Probability, over the random start, with which ``Spectrum.within`` may fail."""
_LEAST = 8
"""Products before the first test: a start near another eigenvector has to forget it. With 4, a value was 17% too low."""
_INNER = 4
"""Residuals that the other end than the outermost may be away from its Ritz value: up to 3.3 were measured."""
_EXHAUSTED = 1e-12


@dataclass(frozen=True)
class Extreme:
    """One end of a spectrum, or a value inside it: Ritz values never lie outside (but for rounding).

    ``residual``: some eigenvalue lies within it of ``value``, for certain. ``error``: the estimated distance of ``value`` from
    the end, no bound. ``converged``: whether ``error`` is at most the tolerance times the largest modulus of both ends.
    """

    value: float
    residual: float
    error: float
    converged: bool


@dataclass(frozen=True)
class Spectrum:
    """Both ends of the spectrum of a symmetric matrix on ``dimension`` dimensions, from ``products`` products with vectors.

    ``within``: with probability 1 - ``risk`` over the random start, whatever the matrix, its spectrum lies there; infinite
    where so few products do not tell.
    """

    low: Extreme
    high: Extreme
    within: tuple[float, float]
    dimension: int
    products: int
    risk: float = RISK

    @property
    def modulus(self) -> float:
        """The largest modulus of an eigenvalue, as far as seen."""
        return max(abs(self.low.value), abs(self.high.value))

    @property
    def converged(self) -> bool:
        """Whether both ends have converged."""
        return self.low.converged and self.high.converged

    def settled(self, wanted: Iterable[End] = ("low", "high")) -> bool:
        """Whether the wanted ends have converged, and that of the largest modulus."""
        outermost: End = "high" if abs(self.high.value) >= abs(self.low.value) else "low"
        return all((self.low if end == "low" else self.high).converged for end in (*wanted, outermost))

    def as_dict(self) -> dict[str, Any]:
        """The spectrum as plain data."""
        return asdict(self)


def both_ends(
    product: Product,
    noise: torch.Tensor,
    direction: torch.Tensor,
    dimension: int,
    tolerance: float = 1e-2,
    products: int = PRODUCTS,
    wanted: tuple[End, ...] = ("low", "high"),
) -> Spectrum:
    """The ends of the spectrum of a symmetric matrix on a space of ``dimension`` dimensions, in which ``noise`` is Gaussian.

    ``direction`` is a vector of that space which may know of the ends, or zero: a gradient lies mostly in the steepest
    directions, and saves about three products. Stops once the ``wanted`` ends and that of the largest modulus are known to
    ``tolerance`` times the largest modulus, or after that many ``products``; fewer dimensions than that are taken whole.
    ``ValueError`` if a product is not finite.
    """
    if dimension == 0:
        nothing = Extreme(0.0, 0.0, 0.0, True)
        return Spectrum(nothing, nothing, (0.0, 0.0), 0, 0)
    most = min(products, dimension)
    vectors: list[torch.Tensor] = []
    projected = np.zeros((most, most))
    rest = _unit(noise) + _unit(direction)
    while True:
        vectors.append(_unit(rest))
        rest = product(vectors[-1])
        if not torch.isfinite(rest).all():
            raise ValueError("a product with the Hessian is not finite; weights with finite second derivatives are expected")
        along = _orthogonalise(rest, vectors)
        count = len(vectors)
        projected[:count, count - 1] = projected[count - 1, :count] = along
        beta = float(rest.norm())
        # then the Krylov space holds an eigenvector of every eigenvalue
        exhausted = count == dimension or beta <= _EXHAUSTED * float(np.abs(projected).max())
        low, high = _ends(projected[:count, :count], beta, tolerance)
        found = Spectrum(low, high, (low.value, high.value), dimension, count)
        if exhausted:
            return found
        if count == most or (count >= _LEAST and found.settled(wanted)):
            return Spectrum(low, high, _within(found, most), dimension, count)


def _unit(vector: torch.Tensor) -> torch.Tensor:
    norm = vector.norm()
    return vector / norm if norm > 0 else vector


def _orthogonalise(rest: torch.Tensor, vectors: list[torch.Tensor]) -> np.ndarray:
    """Take the parts along the vectors out of ``rest``, twice, which is enough; what was taken out."""
    taken = np.zeros(len(vectors))
    for _ in range(2):
        for i, vector in enumerate(vectors):
            amount = torch.dot(vector, rest)
            rest -= amount * vector
            taken[i] += float(amount)
    return taken


def _ends(projected: np.ndarray, beta: float, tolerance: float) -> tuple[Extreme, Extreme]:
    """The outermost Ritz values; the residual of a Ritz pair is beta times the last entry of its vector.

    If the next eigenvalue is a gap away the error is at most residual^2/gap. The gap is estimated, and only where it can be: at
    the end of the largest modulus. The other mostly borders on many small eigenvalues, and only its residual says anything.
    """
    values, vectors = np.linalg.eigh(projected)
    residuals, radius = np.abs(beta * vectors[-1]), float(np.abs(values).max())

    def extreme(end: int, following: int) -> Extreme:
        residual = float(residuals[end])
        gap = float(abs(values[end] - values[following]) - residuals[following]) if len(values) > 1 else 0.0
        outermost = min(residual, residual**2 / gap) if gap > 0 else residual
        error = outermost if abs(values[end]) == radius else _INNER * residual
        return Extreme(float(values[end]), residual, error, error <= tolerance * radius)

    return extreme(0, 1), extreme(-1, -2)


def _within(found: Spectrum, most: int) -> tuple[float, float]:
    # either end may fail, after any number of products at which this might have stopped
    share = shortfall(found.dimension, found.products, found.risk / (2 * most))
    width = found.high.value - found.low.value
    beyond = share / (1 - 2 * share) * width if share < 0.5 else np.inf
    return found.low.value - beyond, found.high.value + beyond


def shortfall(dimension: int, products: int, risk: float) -> float:
    """A share eps of the spectrum's width: with probability 1 - ``risk`` the highest Ritz value is less than that too low.

    For any symmetric matrix in at least three dimensions and the start b = z/|z| + g, z Gaussian, |g| at most 1. Let the
    spectrum be [0, 1], k the products, cosh(psi) = (1 - eps)^(-1/2), and p(x) = U_{2k-2}(sqrt(x/(1-eps))) with Chebyshev's
    polynomials of the second kind: (1-eps-x) p(x)^2 <= 1-eps for 0 <= x <= 1-eps, and eps p(1)^2 = (1-eps) sinh((2k-1) psi)^2.
    The Ritz value is at least the Rayleigh quotient of p(A) b. So if it is below 1 - eps, the part of b along the top
    eigenvector is shorter than |b|/cosh((2k-1) psi) <= 2/cosh((2k-1) psi); for that of z/|z| alone this is most likely, and its
    square has a beta distribution. The idea is that of J. Kuczynski and H. Wozniakowski, Estimating the largest eigenvalue by
    the power and Lanczos algorithms with a random start, SIAM J. Matrix Anal. Appl. 13 (1992), who have it for g = 0.
    """
    from scipy.special import betaincinv

    reach = float(np.sqrt(betaincinv(0.5, (dimension - 1) / 2, risk))) / 2
    return float(np.tanh(np.arccosh(1 / reach) / (2 * products - 1)) ** 2)
