"""Mutants of the claims about batch-normalised neurons."""

from __future__ import annotations

from collections.abc import Iterator

from ratetheory.claims import bn_neuron
from tests.mutants.mutant import Mutant, Mutants


def smoothed_bn() -> Iterator[Mutant]:
    neuron = Mutants("smoothed-bn")
    neuron.change("speed-exponent", "speed", left=lambda m, s: s.turn**3)
    neuron.change("speed-root", "speed", right=lambda m, s: m.sqrt(s.cond))
    neuron.scale("turning-constant", "turning", 0.99)
    neuron.change("turning-root", "turning", right=lambda m, s: m.sqrt(s.cond) - 1)
    neuron.change("acceleration-twice", "acceleration", left=lambda m, s: s.turn**4 + 2 * s.turn_rate**2)
    neuron.scale("acceleration-constant", "acceleration", 0.99)
    neuron.change(
        "no-slope-term",
        "hessian",
        right=lambda m, s: bn_neuron.smoothness(m, s.cond, s.gain, 0 * s.loss_slope, s.loss_curvature),
    )
    neuron.change(
        "no-curvature-term",
        "hessian",
        right=lambda m, s: bn_neuron.smoothness(m, s.cond, s.gain, s.loss_slope, 0 * s.loss_curvature),
    )
    neuron.change(
        "root-of-condition",
        "hessian",
        right=lambda m, s: bn_neuron.smoothness(m, m.sqrt(s.cond), s.gain, s.loss_slope, s.loss_curvature),
    )
    neuron.scale("gradient-constant", "gradient", 0.9)
    neuron.change("gradient-no-condition", "gradient", right=lambda m, s: m.abs(s.gain) * s.loss_slope)
    neuron.change("below-half", "below", right=lambda m, s: (s.cond - 1) / 2)
    neuron.drop("condition", "smoothed-batch-norm", "loss-slope", "loss-curvature")
    yield from neuron.found


def eps_law() -> Iterator[Mutant]:
    law = Mutants("eps-law")
    law.change("invariant", "channel", right=lambda m, s: m.number(0))
    law.change("sign", "channel", right=lambda m, s: -s.eps / (s.variance + s.eps) * m.over_blocks(s.pull * s.out))
    law.change("no-variance", "channel", right=lambda m, s: m.over_blocks(s.pull * s.out))
    law.change("variance-alone", "channel", right=lambda m, s: s.eps / s.variance * m.over_blocks(s.pull * s.out))
    law.change("one-variance", "groups", right=lambda m, s: m.over_blocks(s.eps / (s.variance + s.eps) * s.pull * s.out))
    law.change("no-gain", "affine", right=lambda m, s: s.eps / (s.variance + s.eps) * s.gain_slope)
    law.drop("biased-variance", "own-channel", "one-group", "affine")
    yield from law.found


FAMILIES = (smoothed_bn, eps_law)
