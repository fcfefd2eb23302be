"""Theorems about given numbers: a Rocq file that proves, for these very constants, a decimal bound on the smallest gradient.

The premises of ``rate_in_numbers`` (``proofs/numbers.v``) are inequalities between numbers. The slopes, the increments and the
excesses that it asks for are found in floats, made rationals on the safe side, and decided by interval arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from ratetheory.claims import gd_rate
from ratetheory.numeric import floats
from ratetheory.numeric.certify import best_weight, decoupled_smoothness, problem_in
from ratetheory.numeric.constants import Constants

DIGITS = 9
"""Digits of the decimal that is proved."""
_SLACK = 1e-7
"""By how much, relatively, slopes and increments are moved to the safe side: far above the rounding of floats."""
_BITS = 80
"""Precision of the interval arithmetic: by integers, as floats would add axioms of their own."""
_INTERVAL = f"interval with (i_prec {_BITS})"


@dataclass(frozen=True)
class Proved:
    """A theorem about numbers: the decimal that bounds the smallest squared gradient, its form, and the file's text."""

    value: str
    method: str
    text: str


def proof_of_bound(constants: Constants, steps: int, method: str = "sharper") -> Proved:
    """The file that proves the bound of gradient descent for these constants, each block with the whole budget.

    ``ValueError`` for constants that the theorem does not speak of: a block that cannot move, or numbers beyond the range of
    floats.
    """
    for block in constants.blocks:
        if block.smoothness <= 0:
            raise ValueError(f"prove: block {block.name} has the smoothness 0; a positive one is allowed")
    weight = best_weight(constants)
    Lam, Lam_g = decoupled_smoothness(constants, weight)
    starts = [block.inverse_rate for block in constants.blocks]
    found = _found(constants, weight, method)
    total = sum((D * (b + D / 2) for D, b in zip(found.D, starts, strict=True)), Fraction(0))
    total += found.nu * (found.gap + sum(found.e))
    horizon = steps - constants.from_step
    value = decimal_above(total / horizon)
    return Proved(value, method, _text(constants, found, list(Lam), Lam_g, horizon, value, method))


@dataclass(frozen=True)
class _Numbers:
    """What the theorem asks for: slopes c, increments D, excesses e, and where the slope's expansion ends, per block."""

    c: list[Fraction]
    D: list[Fraction]
    e: list[Fraction]
    d: list[Fraction]
    gap: Fraction
    nu: Fraction


def _found(constants: Constants, weight: Fraction, method: str) -> _Numbers:
    problem = problem_in(floats, float, np.array, constants, weight)
    b, Lam, Gbar = (np.atleast_1d(np.asarray(x, float)) for x in (problem.b_0, problem.Lam, problem.Gbar))
    rule = gd_rate.simple_slope if method == "simple" else gd_rate.sharper_slope
    slopes = np.atleast_1d(gd_rate.block_slope(floats, rule, b, Lam, Gbar))
    c = [rational(x, down=True) for x in slopes.tolist()]
    low = np.array([float(x) for x in c])
    excess = np.atleast_1d(gd_rate.excess(floats, low, Lam, b))
    e = [rational(x, down=False) if x > 0 else Fraction(0) for x in excess.tolist()]
    gap = rational(float(problem.gap), down=False) if constants.gap is None else constants.gap
    high = np.array([float(x) for x in e])
    level = float(gap) + high.sum() - high if len(b) > 1 else np.full(1, float(gap))
    D = floats.larger_increment(low, Lam / 2, b, level * (1 + _SLACK))
    increments = [rational(x, down=False) for x in np.atleast_1d(D).tolist()]
    rate = constants.scale_variant_learning_rate
    _, Lam_g = decoupled_smoothness(constants, weight)
    nu = Fraction(0) if rate is None else 1 / (rate * (1 - rate * Lam_g / 2))
    # where 1 - x^2/3 is still above the slope
    d = [rational(min(math.sqrt(3 * (1 - float(x))), 1.0), down=True) for x in c]
    return _Numbers(c, increments, e, d, gap, nu)


def rational(x: float, down: bool) -> Fraction:
    """A short rational on the safe side of a float."""
    if not math.isfinite(x) or (x != 0 and not 1e-280 < abs(x) < 1e280):
        raise ValueError(f"prove: the numbers of these constants leave the range of floats ({x:g})")
    moved = x * (1 - _SLACK if down else 1 + _SLACK)
    return Fraction(Context(prec=DIGITS + 3).create_decimal(Decimal(moved)))


def decimal_above(x: Fraction) -> str:
    """The smallest decimal of ``DIGITS`` digits that is not below."""
    context = Context(prec=DIGITS, rounding=ROUND_CEILING)
    return str(context.divide(Decimal(x.numerator), Decimal(x.denominator)))


def number(x: Fraction) -> str:
    """A rational in Gallina."""
    whole = str(x.numerator) if x.numerator >= 0 else f"(- {-x.numerator})"
    return whole if x.denominator == 1 else f"({whole} / {x.denominator})"


def _list(values: Sequence[Fraction]) -> str:
    return f"[{'; '.join(map(number, values))}]"


def _text(
    constants: Constants, found: _Numbers, Lam: list[Fraction], Lam_g: Fraction, horizon: int, value: str, method: str
) -> str:
    count = len(constants.blocks)
    values: dict[str, Any] = {
        "squared norms at the start": [block.squared_norm for block in constants.blocks],
        "learning rates": [block.learning_rate for block in constants.blocks],
        "decoupled smoothness": Lam,
    }
    bounds = [
        f"PI / 2 * {number(block.smoothness)}" if block.gradient_bound is None else number(block.gradient_bound)
        for block in constants.blocks
    ]
    squared, rates, smooth = (_list(x) for x in values.values())
    starts = _list([block.inverse_rate for block in constants.blocks])
    limit = f"[{'; '.join(bounds)}]"
    rate = constants.scale_variant_learning_rate
    scale_variant = (
        f"rest_rate r = {number(rate)} -> rest_decoupled k = {number(Lam_g)}" if rate is not None else "rest_price k = 0"
    )
    price = f"destruct H7 as [(_ & _ & ->)|[_ ->]]; [|{_INTERVAL}]; unfold kappa; rewrite R1, R2; apply Req_le; field"
    gap = f"PI ^ 2 / 4 * {number(constants.blocks[0].smoothness)}" if constants.gap is None else number(constants.gap)
    shape = f"Shape {count} E F"
    decimal = number(Fraction(value))
    variant = "intros R1 R2" if rate is not None else "intros R1"
    nu = f"rewrite R1; {_INTERVAL}" if rate is None else price
    # a gap that is given is the statement's own
    given_gap = "" if constants.gap is not None else f"  - eapply Rle_trans; [exact HD|{_INTERVAL}].\n"
    return f"""(** For these very constants: the smallest of the first {horizon} squared gradients is at most {value}.

    {count} block{"s" if count > 1 else ""}, each with the whole budget, {method} slope. *)

From Coq Require Import Reals Lra Lia ZArith List.
From Coquelicot Require Import Coquelicot.
From Interval Require Import Tactic.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary lyapunov gd_rate numbers.
Import ListNotations.
Local Open Scope R_scope.

Theorem bound (E : Fin.t {count} -> space) (F : space) (r : run ({shape})) (k : constants ({shape})) :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> decoupled k -> gradient_bounded r k ->
  gradient_step r -> full_gradient r -> constant_rate r -> scale_variant_rate r k -> bounded_below r k ->
  positive_rates r ->
  (forall i, squared_norm r 0 i = entry {squared} i) ->
  (forall i, learning_rate r 0 i = entry {rates} i) ->
  (forall i, decoupled_smoothness k i = entry {smooth} i) ->
  (forall i, gradient_limit k i = entry {limit} i) ->
  gap r k <= {gap} ->
  {scale_variant} ->
  least (Z.to_nat {horizon}) (fun t => block_sum (fun i => gradient_norm r t i ^ 2) + rest_gradient_norm r t ^ 2) <= {decimal}.
Proof.
  intros H H0 H1 H2 H3 H4 H5 H6 H7 H8 HP HS HR HL HG HD. {variant}.
  apply (rate_in_numbers _ r k (entry {starts}) (entry {smooth}) (entry {limit})
           (entry {_list(found.c)}) (entry {_list(found.D)}) (entry {_list(found.e)}) {number(found.gap)} {number(found.nu)});
    try assumption.
  - intros i. rewrite HS. revert i. each_block; lra.
  - intros i. unfold inverse_rate. rewrite HS, HR. revert i. each_block; field.
{given_gap}  - {nu}.
  - each_block; {_INTERVAL}.
  - {_slopes(found)}
  - each_block; lra.
  - each_block; lra.
  - each_block; first
      [ apply excess_before; {_INTERVAL}
      | eapply Rle_trans; [apply excess_beyond; {_INTERVAL}|lra] ].
  - each_block; {_INTERVAL}.
  - lia.
  - (* the decimal *) unfold entry; cbn [blocks block_sum Fin.to_nat proj1_sig nth]; {_INTERVAL}.
Qed.
"""


def _slopes(found: _Numbers) -> str:
    """One slope after the other, each with the end of its expansion."""
    cases = " | ".join(
        f"apply (infimum_on_boundary_split _ _ _ {number(d)}); [{_INTERVAL}..|"
        f"intros x Hx; interval with (i_bisect x, i_autodiff x, i_prec {_BITS}, i_depth 80)]"
        for d in found.d
    )
    return f"each_block; [{cases}]."
