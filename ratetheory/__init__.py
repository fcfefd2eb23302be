"""Convergence theory of scale-invariant training: certified bounds, checked lemmas, real networks held against them."""

__version__ = "0.1.0"
