(** * What the noise of one stochastic step costs: functions of one variable *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums calculus vocabulary.
Local Open Scope R_scope.

(** ** What is missing below *)

Lemma rises (f f' : R -> R) x :
  0 <= x -> (forall y, 0 <= y <= x -> is_derive f y (f' y)) -> (forall y, 0 <= y <= x -> 0 <= f' y) -> f 0 <= f x.
Proof.
  intros Hx D P. destruct (MVT_gen f 0 x f') as (c & Hc & E).
  - rewrite Rmin_left, Rmax_right by easy. intros y Hy. apply D. lra.
  - rewrite Rmin_left, Rmax_right by easy. intros y Hy. apply continuity_pt_filterlim.
    apply (ex_derive_continuous f). exists (f' y). apply D. lra.
  - rewrite Rmin_left, Rmax_right in Hc by easy. pose proof (P c Hc). nra.
Qed.

Lemma ln_below x : 0 < x -> ln x <= x - 1.
Proof.
  intros H. pose proof (exp_ineq1_le (ln x)) as P. rewrite exp_ln in P by easy. lra.
Qed.

Lemma ln_above x : 0 < x -> 1 - / x <= ln x.
Proof. intros H. pose proof (ln_below (/ x) (Rinv_0_lt_compat _ H)) as P. rewrite ln_Rinv in P by easy. lra. Qed.

Lemma ln_nonneg x : 1 <= x -> 0 <= ln x.
Proof. intros H. rewrite <- ln_1. destruct (Req_dec x 1) as [->|]; [lra|]. apply Rlt_le, ln_increasing; lra. Qed.

Lemma ln_monotone x y : 0 < x -> x <= y -> ln x <= ln y.
Proof. intros H [L | ->]; [now apply Rlt_le, ln_increasing|lra]. Qed.

Lemma square_root_below x y : 0 <= y -> x <= y ^ 2 -> sqrt x <= y.
Proof. intros H L. rewrite <- (sqrt_pow2 y) by easy. now apply sqrt_le_1_alt. Qed.

Lemma below_square_root x y : x ^ 2 <= y -> x <= sqrt y.
Proof.
  intros L. destruct (Rle_dec 0 x) as [H|H]; [|pose proof (sqrt_pos y); lra].
  rewrite <- (sqrt_pow2 x) by easy. now apply sqrt_le_1_alt.
Qed.

(** ** The arctangent *)

Lemma derive_atan x : is_derive atan x (/ (1 + x ^ 2)).
Proof.
  apply is_derive_Reals, derivable_pt_lim_atan.
Qed.

Lemma atan_below x : 0 <= x -> atan x <= x.
Proof.
  intros H. pose proof (rises (fun y => y - atan y) (fun y => 1 - / (1 + y ^ 2)) x H) as P.
  simpl in P. rewrite atan_0 in P. enough (0 - 0 <= x - atan x) by lra. apply P; intros y Hy.
  - apply (is_derive_minus (fun y => y) atan); [|apply derive_atan]. auto_derive; easy.
  - assert (0 <= y * y) by apply Rle_0_sqr. assert (/ (1 + y * (y * 1)) <= / 1) by (apply Rinv_le_contravar; lra).
    rewrite Rinv_1 in *. lra.
Qed.

Lemma atan_above x : 0 <= x -> x / (1 + x ^ 2) <= atan x.
Proof.
  intros H.
  pose proof (rises (fun y => atan y - y / (1 + y ^ 2)) (fun y => / (1 + y ^ 2) - (1 - y ^ 2) / (1 + y ^ 2) ^ 2) x H) as P.
  cbv beta in P. rewrite atan_0 in P. enough (0 - 0 / (1 + 0 ^ 2) <= atan x - x / (1 + x ^ 2)) by lra.
  apply P; intros y Hy; assert (0 <= y ^ 2) by apply pow2_ge_0.
  - apply (is_derive_minus atan (fun y => y / (1 + y ^ 2))); [apply derive_atan|]. auto_derive; [lra|]. field. lra.
  - replace (/ (1 + y ^ 2) - (1 - y ^ 2) / (1 + y ^ 2) ^ 2) with (2 * y ^ 2 / (1 + y ^ 2) ^ 2) by (field; lra).
    apply quotient_nonneg; [lra|]. apply pow_lt. lra.
Qed.

Lemma atan_nonneg x : 0 <= x -> 0 <= atan x.
Proof.
  intros H. eapply Rle_trans; [|now apply atan_above]. apply quotient_nonneg; [easy|]. pose proof (pow2_ge_0 x). lra.
Qed.

(** ** The price of the noise *)

Section Price.
Variables (largest Lam Gbar A : R).
Hypothesis supremum : noise_supremum largest Lam Gbar A.

(** What a step with tangent tau may add beyond its linear part is at most (A/2) ln(1 + tau^2). *)
Lemma noise_paid tau :
  0 <= tau <= largest -> Lam * atan tau ^ 2 / 2 + Gbar * (tau - atan tau) <= A / 2 * ln (1 + tau ^ 2).
Proof.
  destruct supremum as [HA P]. intros [[H | <-] L].
  - assert (0 < tau ^ 2) by (apply pow_lt; lra).
    assert (0 < ln (1 + tau ^ 2)) by (rewrite <- ln_1; apply ln_increasing; lra).
    specialize (P tau (conj H L)). apply Rmult_le_compat_r with (r := ln (1 + tau ^ 2)) in P; [|lra].
    unfold Rdiv in P at 1. rewrite Rmult_assoc, Rinv_l in P by lra. lra.
  - rewrite atan_0, (pow_i 2) by lia. rewrite Rplus_0_r, ln_1. lra.
Qed.

(** With the component x <= Gbar of the full gradient along the one that is used, and tau = gamma G: theta x makes up for
    gamma G x but for (tau - theta) Gbar. *)
Lemma noise_of_block tau x :
  0 <= tau <= largest -> x <= Gbar -> Lam * atan tau ^ 2 / 2 - atan tau * x <= A / 2 * ln (1 + tau ^ 2) - tau * x.
Proof.
  intros H Hx. pose proof (noise_paid tau H). pose proof (atan_below tau (proj1 H)). nra.
Qed.
End Price.

(** Such a constant exists. *)
Lemma noise_supremum_exists largest Lam Gbar : 0 <= Lam -> 0 <= Gbar -> exists A, noise_supremum largest Lam Gbar A.
Proof.
  intros HL HG. exists (2 * (Lam / 2 + Gbar * Rabs largest) * (1 + largest ^ 2)).
  pose proof (pow2_ge_0 largest) as Hs. pose proof (Rabs_pos largest).
  assert (0 <= Gbar * Rabs largest) by (apply Rmult_le_pos; lra). split.
  - apply Rmult_le_pos; lra.
  - intros tau [Ht L]. rewrite (Rabs_pos_eq largest) in * by lra.
    assert (0 < tau ^ 2) by (apply pow_lt; lra).
    assert (tau ^ 2 <= largest ^ 2) by (apply pow_incr; lra).
    assert (low : tau ^ 2 / (1 + largest ^ 2) <= ln (1 + tau ^ 2)).
    { apply Rle_trans with (1 - / (1 + tau ^ 2)); [|apply ln_above; lra].
      replace (1 - / (1 + tau ^ 2)) with (tau ^ 2 / (1 + tau ^ 2)) by (field; lra).
      apply Rmult_le_compat_l; [lra|]. apply Rinv_le_contravar; lra. }
    assert (0 < tau ^ 2 / (1 + largest ^ 2)) by (apply quotient_pos; lra).
    pose proof (atan_below tau) as U. pose proof (atan_nonneg tau) as N. pose proof (atan_above tau) as V.
    specialize (U ltac:(lra)). specialize (N ltac:(lra)). specialize (V ltac:(lra)).
    assert (square : atan tau ^ 2 <= tau ^ 2) by (apply pow_incr; lra).
    assert (excess : tau - atan tau <= largest * tau ^ 2).
    { apply Rle_trans with (tau - tau / (1 + tau ^ 2)); [lra|].
      replace (tau - tau / (1 + tau ^ 2)) with (tau * tau ^ 2 * / (1 + tau ^ 2)) by (field; lra).
      apply Rle_trans with (tau * tau ^ 2 * 1).
      - apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|]. rewrite <- Rinv_1. apply Rinv_le_contravar; lra.
      - rewrite Rmult_1_r. apply Rmult_le_compat_r; lra. }
    apply Rmult_le_reg_r with (ln (1 + tau ^ 2)); [lra|].
    unfold Rdiv at 1. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
    apply Rle_trans with (2 * (Lam / 2 + Gbar * largest) * (1 + largest ^ 2) * (tau ^ 2 / (1 + largest ^ 2))).
    + replace (2 * (Lam / 2 + Gbar * largest) * (1 + largest ^ 2) * (tau ^ 2 / (1 + largest ^ 2)))
        with (2 * (Lam / 2 * tau ^ 2 + Gbar * (largest * tau ^ 2))) by (field; lra).
      apply Rmult_le_compat_l; [lra|].
      apply Rplus_le_compat; [|now apply Rmult_le_compat_l].
      replace (Lam * atan tau ^ 2 / 2) with (Lam / 2 * atan tau ^ 2) by field. apply Rmult_le_compat_l; lra.
    + apply Rmult_le_compat_l; [|easy]. apply Rmult_le_pos; lra.
Qed.
