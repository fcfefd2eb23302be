(** * What the claims' functions without a closed form mean

    The evaluator computes such a value as a number that it verifies to be on the safe side. The theorems hold for any number
    that is, and ask for no more. *)

From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Local Open Scope R_scope.

(** D lies on the rising branch of c D - l ln(1 + D/b), where it is at least r. *)
Definition larger_increment (c l b r D : R) : Prop :=
  0 <= D /\ l <= c * (b + D) /\ r <= c * D - l * ln (1 + D / b).

(** c is positive and at most the slope e on (0, x_0]. *)
Definition infimum_on_boundary (x_0 r c : R) : Prop :=
  0 < c /\ forall x, 0 < x <= x_0 -> c <= (atan x + r * (ln (1 + x ^ 2) - atan x ^ 2)) / x.

(** A is at least what noise may cost in units of ln(1 + tau^2)/2. *)
Definition noise_supremum (largest Lam Gbar A : R) : Prop :=
  0 <= A /\
  forall tau, 0 < tau <= largest -> 2 * (Lam * atan tau ^ 2 / 2 + Gbar * (tau - atan tau)) / ln (1 + tau ^ 2) <= A.

(** I is at most an integral from b_0 + Gbar^2/b_0 to v + Gbar^2/v of slopes: c(w + Gbar^2/w) is at most the slope at w. *)
Definition slope_integral (b_0 v Gbar r I : R) : Prop :=
  exists c : R -> R,
    (forall w, Gbar <= w -> b_0 <= w -> infimum_on_boundary (Gbar / w) r (c (w + Gbar ^ 2 / w))) /\
    (forall a b, a <= b -> c a <= c b) /\
    exists J, is_RInt c (b_0 + Gbar ^ 2 / b_0) (v + Gbar ^ 2 / v) J /\ I <= J.
