"""Estimated curvature of any model at its weights: both ends of the spectrum, on the spheres and of everything else."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from torch import nn

from ratetheory.observation.families import Blocks
from ratetheory.training.curvature.hessian import Hessian, Loss, Operator, split, twin_of
from ratetheory.training.curvature.lanczos import PRODUCTS, End, Extreme, Spectrum, both_ends


@dataclass(frozen=True)
class Curvature:
    """The spectra of the Hessian at the normalised weights of one point; ``None`` where there are no such weights.

    ``spheres``: on the tangents of all scale-invariant blocks together. By interlacing the curvature of every single block lies
    between its ends: no block of a filter has a larger eigenvalue than the whole, and none a smaller one. ``families``: the
    same for the blocks of one family each, if asked for. ``scale_variant``: on all other trained weights (L_gg is its
    modulus). ``weights``: how many weights are scale-invariant, scale-variant, and dead (left out). ``radial``: the largest
    |<w, grad>|/(|w| |grad|) of a block, which is 0 for a scale-invariant one.
    """

    loss: float
    spheres: Spectrum | None
    scale_variant: Spectrum | None
    families: dict[str, Spectrum]
    weights: tuple[int, int, int]
    radial: float
    tolerance: float
    products: int
    seconds: float
    trust: str = "estimated"

    @property
    def converged(self) -> bool:
        """Whether every end has converged."""
        found = (self.spheres, self.scale_variant, *self.families.values())
        return all(spectrum.converged for spectrum in found if spectrum is not None)

    def as_dict(self) -> dict[str, Any]:
        """The curvature as plain data."""
        return {**asdict(self), "converged": self.converged}

    def rows(self) -> list[tuple[str, str]]:
        """Name and value, to be printed."""
        spheres, variant, dead = self.weights
        return [
            ("loss", f"{self.loss:.6g}"),
            (f"{spheres:,} scale-invariant weights", _described(self.spheres)),
            *((f"  {name}", _described(spectrum)) for name, spectrum in self.families.items()),
            (f"{variant:,} scale-variant weights", _described(self.scale_variant)),
            *([(f"{dead:,} dead weights", "left out")] if dead else []),
            ("radial part of a gradient", f"at most {self.radial:.1e} of it; 0 where blocks are scale-invariant"),
            ("cost", f"{self.products} products with the Hessian, {self.seconds:.1f} s"),
            ("trust", f"{self.trust}: at these weights and on this batch only"),
        ]


def _described(spectrum: Spectrum | None) -> str:
    if spectrum is None:
        return "none"

    def end(name: str, extreme: Extreme) -> str:
        doubt = "" if extreme.converged else ", not converged"
        return f"{name} {extreme.value:.4g} (residual {extreme.residual:.1g}{doubt})"

    low, high = spectrum.within
    ends = f"{end('largest', spectrum.high)}, {end('smallest', spectrum.low)}"
    return f"{ends}; within [{low:.3g}, {high:.3g}] with probability {1 - spectrum.risk:g}"


def curvature(
    model: nn.Module,
    loss: Loss,
    blocks: Blocks,
    tolerance: float = 1e-2,
    products: int = PRODUCTS,
    seed: int = 0,
    by_family: bool = False,
) -> Curvature:
    """Both ends of the Hessian's spectrum at the normalised weights, from products at the weights as they are.

    Everything is evaluated on a copy in double precision, in the modes in which the modules are; batch normalisation takes the
    statistics of the batch. The model, its statistics, its gradients and the random states stay as they are.

    Args:
        model: any model in training mode.
        loss: takes a model and returns its loss as a scalar, on the same data each time.
        blocks: the table of this model; trained weights that are in no invariant family are scale-variant.
        tolerance: the error asked for, relative to the largest modulus of the same spectrum.
        products: most products for one spectrum; with fewer dimensions than that it is exact.
        seed: of the random start.
        by_family: whether to take the spectrum of each family too, which is narrower than that of all together.

    Raises:
        ValueError: the table is that of another model, a block has norm zero, the loss is not finite or cannot be
            differentiated twice, or an argument is out of its range.
    """
    check(tolerance, products)
    began = time.monotonic()
    twin = twin_of(model, loss)
    at = Hessian(twin, split(twin, blocks))

    def spectrum(operator: Operator) -> Spectrum:
        return spectrum_of(operator, tolerance, products, seed)

    families, variant = at.split.families, at.split.counts[1]
    return Curvature(
        at.loss,
        spectrum(at.operator(families)) if families else None,
        spectrum(at.operator((), 1.0)) if variant else None,
        {family.name: spectrum(at.operator((family,))) for family in families if by_family},
        (*at.split.counts, at.split.dead),
        at.radial,
        tolerance,
        at.products,
        time.monotonic() - began,
    )


def spectrum_of(
    operator: Operator, tolerance: float, products: int, seed: int, wanted: tuple[End, ...] = ("low", "high")
) -> Spectrum:
    """The ends of an operator's spectrum, from the start that the gradient and the seed give."""
    return both_ends(operator, operator.noise(seed), operator.slope(), operator.dimension, tolerance, products, wanted)


def check(tolerance: float, products: int) -> None:
    """``ValueError`` naming the argument that is not allowed."""
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance: {tolerance} is not allowed; a number between 0 and 1 is")
    if not isinstance(products, int) or isinstance(products, bool) or not 2 <= products <= 10_000:
        raise ValueError(f"products: {products} is not allowed; an integer from 2 to 10000 is")
