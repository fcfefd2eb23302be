"""Estimated curvature at normalised weights: at one point, and along a run."""

from ratetheory.training.curvature.along import RateRange, Smoothness, smoothness_along, suggested_rate
from ratetheory.training.curvature.estimate import Curvature, curvature
from ratetheory.training.curvature.lanczos import Extreme, Spectrum
from ratetheory.training.curvature.traces import estimate_smoothness

__all__ = [
    "Curvature",
    "Extreme",
    "RateRange",
    "Smoothness",
    "Spectrum",
    "curvature",
    "estimate_smoothness",
    "smoothness_along",
    "suggested_rate",
]
