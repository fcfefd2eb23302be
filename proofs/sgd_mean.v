(** * Stochastic gradient descent in the mean: what one step gains, and what all of them do *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary points scale_invariance norm_growth expectation
  chance noise sgd.
Local Open Scope R_scope.

Lemma block_sum_of_one {m} (x : Fin.t m -> R) i : m = 1%nat -> block_sum x = x i.
Proof.
  intros ->. rewrite block_sum_single. f_equal. apply (Fin.caseS' i); [easy|]. intros j. inversion j.
Qed.

(** ** One step in the mean *)

Section Mean.
Context {s : shape}.
Variables (c : chance s) (k : constants s) (A : index s -> R).
Hypothesis invariant : surely c scale_invariant.
Hypothesis smooth : surely c twice_differentiable.
Hypothesis spheres : surely c (fun r => smooth_on_spheres r k).
Hypothesis apart : decoupled k.
Hypothesis step : surely c scheduled_step.
Hypothesis noise : surely c (fun r => noise_bounded r k).
Hypothesis limited : surely c (fun r => mean_gradient_bounded r k).
Hypothesis largest : surely c first_rate_largest.
Hypothesis start : surely c positive_start.
Hypothesis rates : surely c positive_rates.
Hypothesis fair : unbiased c.
Hypothesis schedule : fixed_schedule c.
Variable omega : path c.
Hypothesis paid : noise_constant (outcome c omega) k A.

Let cause : causal c := proj1 fair.

(** The constants of one outcome are those of all. *)
Lemma squared_norm_first o i : squared_norm (outcome c o) 0 i = squared_norm (outcome c omega) 0 i.
Proof. apply (squared_norm_known c cause schedule step 0 i). intros n Hn. lia. Qed.

Lemma learning_rate_same o t i : learning_rate (outcome c o) t i = learning_rate (outcome c omega) t i.
Proof. apply (schedule o omega t). Qed.

Lemma rest_schedule_same o t : rest_schedule (outcome c o) t = rest_schedule (outcome c omega) t.
Proof. apply (schedule o omega t). Qed.

Lemma value_first o : value (outcome c o) 0 = value (outcome c omega) 0.
Proof. apply (value_known c cause schedule step 0). intros n Hn. lia. Qed.

Lemma paid_surely o : noise_constant (outcome c o) k A.
Proof. intros i. rewrite learning_rate_same, squared_norm_first. apply paid. Qed.

Lemma envelope_same o t i : envelope_at (outcome c o) k t i = envelope_at (outcome c omega) k t i.
Proof.
  unfold envelope_at. rewrite squared_norm_first, learning_rate_same. f_equal. apply step_sum_ext. intros n _.
  now rewrite learning_rate_same.
Qed.

(** E gamma <grad f, grad f_t> S = E gamma |G|^2 *)
Lemma expected_cross T t i : (t < T)%nat ->
  expectation T (fun o : path c => effective_rate (outcome c o) t i * cross (outcome c o) t i)
  = expectation T (fun o : path c => effective_rate (outcome c o) t i * mean_gradient_norm (outcome c o) t i ^ 2).
Proof.
  assert (K : known t (fun o : path c => effective_rate (outcome c o) t i)).
  { unfold effective_rate. apply (known_map2 c Rdiv).
    - now apply learning_rate_known.
    - now apply squared_norm_known. }
  intros H. rewrite (expectation_conditional c t); [|easy|].
  - apply expectation_ext. intros o. rewrite (conditional_mean_scale c t (fun o => effective_rate (outcome c o) t i)) by easy.
    f_equal. now apply conditional_cross.
  - apply (known_map2 c Rmult); [now apply (known_later c t); [lia|]|]. now apply cross_known.
Qed.

Lemma expected_rest_cross T t : (t < T)%nat ->
  expectation T (fun o : path c => rest_cross (outcome c o) t)
  = expectation T (fun o : path c => mean_rest_gradient_norm (outcome c o) t ^ 2).
Proof.
  intros H. rewrite (expectation_conditional c t); [|easy|now apply rest_cross_known].
  apply expectation_ext. intros o. now apply conditional_rest_cross.
Qed.

Lemma expected_rest_square T t : (t < T)%nat -> noise_variance c k ->
  expectation T (fun o : path c => rest_gradient_norm (outcome c o) t ^ 2)
  <= expectation T (fun o : path c => mean_rest_gradient_norm (outcome c o) t ^ 2) + noise_deviation k ^ 2.
Proof.
  intros H V. rewrite (expectation_conditional c t); [|easy|].
  - rewrite <- (expectation_constant c T (noise_deviation k ^ 2)), <- expectation_plus. apply expectation_le. intros o.
    now apply conditional_rest_square.
  - apply (known_map c (fun x => x ^ 2)). now apply rest_gradient_norm_known.
Qed.

Definition expected_gain T t i : R :=
  expectation T (fun o : path c => effective_rate (outcome c o) t i * mean_gradient_norm (outcome c o) t i ^ 2).
Definition expected_logarithm T t i : R :=
  expectation T (fun o : path c => ln (1 + (effective_rate (outcome c o) t i * gradient_norm (outcome c o) t i) ^ 2)).

(** Every outcome descends, so the mean does; the gradient that is used becomes the full one. *)
Lemma mean_descent T t : (t < T)%nat ->
  expectation T (fun o : path c => value (outcome c o) (S t))
  <= expectation T (fun o : path c => value (outcome c o) t)
    - block_sum (expected_gain T t) + block_sum (fun i => A i / 2 * expected_logarithm T t i)
    - rest_schedule (outcome c omega) t * expectation T (fun o : path c => mean_rest_gradient_norm (outcome c o) t ^ 2)
    + rest_decoupled k / 2 * rest_schedule (outcome c omega) t ^ 2
      * expectation T (fun o : path c => rest_gradient_norm (outcome c o) t ^ 2).
Proof.
  intros H. set (eta := rest_schedule (outcome c omega) t).
  eapply Rle_trans.
  - apply expectation_le. intros o.
    apply (pathwise_descent (outcome c o) k A); try easy. apply paid_surely.
  - rewrite expectation_plus, !expectation_minus, expectation_block_sum.
    rewrite (expectation_ext c T (fun o => rest_schedule (outcome c o) t * _)
      (fun o => eta * rest_cross (outcome c o) t)) by (intros o; unfold eta; now rewrite rest_schedule_same).
    rewrite (expectation_ext c T (fun o => _ * rest_gradient_norm (outcome c o) t ^ 2)
      (fun o => rest_decoupled k / 2 * eta ^ 2 * rest_gradient_norm (outcome c o) t ^ 2))
      by (intros o; unfold eta; now rewrite rest_schedule_same).
    rewrite !expectation_scale, expected_rest_cross by easy.
    rewrite (block_sum_ext _ (fun i => expected_gain T t i - A i / 2 * expected_logarithm T t i)).
    + rewrite block_sum_minus. lra.
    + intros i. rewrite expectation_minus, expectation_scale, expected_cross by easy. easy.
Qed.

(** The noise of g costs its variance. *)
Lemma noisy_descent T t : (t < T)%nat -> 0 <= rest_decoupled k -> noise_variance c k ->
  expectation T (fun o : path c => value (outcome c o) (S t))
  <= expectation T (fun o : path c => value (outcome c o) t)
    - (block_sum (expected_gain T t)
       + scale_variant_weight (rest_schedule (outcome c omega) t) (rest_decoupled k)
         * expectation T (fun o : path c => mean_rest_gradient_norm (outcome c o) t ^ 2))
    + block_sum (fun i => A i / 2 * expected_logarithm T t i)
    + scale_variant_noise (rest_schedule (outcome c omega) t) (rest_decoupled k) (noise_deviation k).
Proof.
  intros H HL V. pose proof (mean_descent T t H) as D. pose proof (expected_rest_square T t H V) as Q.
  unfold scale_variant_weight, scale_variant_noise. set (eta := rest_schedule (outcome c omega) t) in *.
  assert (P : 0 <= rest_decoupled k / 2 * eta ^ 2) by (apply Rmult_le_pos; [lra|apply pow2_ge_0]).
  apply Rmult_le_compat_l with (r := rest_decoupled k / 2 * eta ^ 2) in Q; [|easy]. simpl in *. lra.
Qed.

(** E ln(1 + tau^2) = E ln S_{t+1} - E ln S_t *)
Lemma expected_logarithm_step T t i :
  expected_logarithm T t i
  = expectation T (fun o : path c => ln (squared_norm (outcome c o) (S t) i))
    - expectation T (fun o : path c => ln (squared_norm (outcome c o) t i)).
Proof.
  unfold expected_logarithm. rewrite <- expectation_minus. apply expectation_ext. intros o.
  apply (logarithm_step (outcome c o)); try easy. apply smooth.
Qed.

Definition logarithm_ratio T i : R :=
  expectation T (fun o : path c => ln (squared_norm (outcome c o) T i / squared_norm (outcome c o) 0 i)).

Hypothesis below : surely c (fun r => bounded_below r k).

(** What the steps gain is what f may fall by, and what the logarithms and the noise add. *)
Lemma gains_telescope T (gain noises : nat -> R) :
  (forall t, (t < T)%nat ->
     expectation T (fun o : path c => value (outcome c o) (S t))
     <= expectation T (fun o : path c => value (outcome c o) t) - gain t
       + block_sum (fun i => A i / 2 * expected_logarithm T t i) + noises t) ->
  step_sum T gain <= gap (outcome c omega) k + block_sum (fun i => A i / 2 * logarithm_ratio T i) + step_sum T noises.
Proof.
  intros H.
  set (potential t := expectation T (fun o : path c => value (outcome c o) t)
    - block_sum (fun i => A i / 2 * expectation T (fun o : path c => ln (squared_norm (outcome c o) t i)))).
  assert (P : step_sum T (fun t => gain t - noises t) <= potential 0%nat - potential T).
  { apply step_sum_le_drop. intros t Ht. specialize (H t Ht). unfold potential.
    rewrite (block_sum_ext _ (fun i => A i / 2 * expectation T (fun o : path c => ln (squared_norm (outcome c o) (S t) i))
      - A i / 2 * expectation T (fun o : path c => ln (squared_norm (outcome c o) t i)))) in H
      by (intros i; rewrite expected_logarithm_step; ring).
    rewrite block_sum_minus in H. lra. }
  rewrite step_sum_minus in P. unfold potential in P.
  assert (F0 : expectation T (fun o : path c => value (outcome c o) 0) = value (outcome c omega) 0).
  { rewrite (expectation_ext c T _ (fun _ => value (outcome c omega) 0)) by (intros; apply value_first).
    apply expectation_constant. }
  assert (FT : least_value k <= expectation T (fun o : path c => value (outcome c o) T)).
  { rewrite <- (expectation_constant c T (least_value k)). apply expectation_le. intros o. apply (below o).
    apply position_nonzero; try easy; [apply smooth|apply step]. }
  rewrite (block_sum_ext (fun i => A i / 2 * logarithm_ratio T i)
    (fun i => A i / 2 * expectation T (fun o : path c => ln (squared_norm (outcome c o) T i))
      - A i / 2 * expectation T (fun o : path c => ln (squared_norm (outcome c o) 0 i)))).
  - rewrite block_sum_minus. unfold gap. lra.
  - intros i. unfold logarithm_ratio. rewrite <- Rmult_minus_distr_l, <- expectation_minus. f_equal.
    apply expectation_ext. intros o. unfold Rdiv.
    assert (P0 : forall t, 0 < squared_norm (outcome c o) t i)
      by (intros t; apply norms_stay_positive; try easy; [apply smooth|apply step]).
    rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; apply P0). ring.
Qed.

(** E ln(S_T/S_0) <= ln(Sbar_T/S_0) *)
Lemma logarithm_ratio_below T i :
  logarithm_ratio T i <= ln (envelope_at (outcome c omega) k T i / squared_norm (outcome c omega) 0 i).
Proof.
  rewrite <- (expectation_constant c T (ln _)). apply expectation_le. intros o.
  pose proof (start o i) as P0. rewrite <- (envelope_same o), <- (squared_norm_first o).
  apply ln_monotone.
  - apply quotient_pos; [|easy]. apply norms_stay_positive; try easy; [apply smooth|apply step].
  - apply Rmult_le_compat_r; [now apply Rlt_le, Rinv_0_lt_compat|]. apply below_envelope; try easy. apply smooth.
Qed.

Lemma noise_constant_nonneg i : 0 <= A i.
Proof. apply (paid i). Qed.

(** w E|G|^2 <= E gamma |G|^2 for w <= eta/Sbar *)
Lemma gain_above T t i w :
  w <= learning_rate (outcome c omega) t i / envelope_at (outcome c omega) k t i ->
  w * expectation T (fun o : path c => mean_gradient_norm (outcome c o) t i ^ 2) <= expected_gain T t i.
Proof.
  intros H. rewrite <- expectation_scale. apply expectation_le. intros o.
  apply Rmult_le_compat_r; [apply pow2_ge_0|]. eapply Rle_trans; [exact H|].
  rewrite <- (envelope_same o), <- (learning_rate_same o). unfold effective_rate.
  apply Rmult_le_compat_l; [apply Rlt_le, rates|]. apply Rinv_le_contravar.
  - apply norms_stay_positive; try easy; [apply smooth|apply step].
  - apply below_envelope; try easy. apply smooth.
Qed.

Lemma rate_positive t i : 0 < learning_rate (outcome c omega) t i / envelope_at (outcome c omega) k t i.
Proof. apply quotient_pos; [apply rates|]. apply envelope_pos; try easy. apply smooth. Qed.

(** *** One block *)

Hypothesis single : single_block s.

Lemma no_rest_norm (u : rest s) : norm u = 0.
Proof. rewrite (proj2 single u). apply norm_origin. Qed.

Lemma single_total T i :
  step_sum T (fun t => expected_gain T t i)
  <= gap (outcome c omega) k
    + A i / 2 * ln (envelope_at (outcome c omega) k T i / squared_norm (outcome c omega) 0 i).
Proof.
  pose proof (gains_telescope T (fun t => expected_gain T t i) (fun _ => 0)) as P.
  rewrite step_sum_constant, (block_sum_of_one _ i) in P by apply single.
  pose proof (noise_constant_nonneg i). pose proof (logarithm_ratio_below T i).
  assert (A i / 2 * logarithm_ratio T i
    <= A i / 2 * ln (envelope_at (outcome c omega) k T i / squared_norm (outcome c omega) 0 i))
    by (apply Rmult_le_compat_l; lra).
  enough (step_sum T (fun t => expected_gain T t i) <= gap (outcome c omega) k + A i / 2 * logarithm_ratio T i + INR T * 0)
    by lra.
  apply P. intros t Ht. pose proof (mean_descent T t Ht) as D.
  rewrite (block_sum_of_one (expected_gain T t) i) in D by apply single.
  rewrite (expectation_ext c T (fun o => mean_rest_gradient_norm (outcome c o) t ^ 2) (fun _ => 0)) in D
    by (intros o; unfold mean_rest_gradient_norm; rewrite no_rest_norm; ring).
  rewrite (expectation_ext c T (fun o => rest_gradient_norm (outcome c o) t ^ 2) (fun _ => 0)) in D
    by (intros o; unfold rest_gradient_norm; rewrite no_rest_norm; ring).
  rewrite expectation_constant in D. lra.
Qed.

Lemma single_weighted T i : (0 < T)%nat ->
  least T (fun t => expectation T (fun o : path c => mean_gradient_norm (outcome c o) t i ^ 2))
  * step_sum T (fun t => learning_rate (outcome c omega) t i / envelope_at (outcome c omega) k t i)
  <= gap (outcome c omega) k
    + A i / 2 * ln (envelope_at (outcome c omega) k T i / squared_norm (outcome c omega) 0 i).
Proof.
  intros HT. eapply Rle_trans; [|apply single_total]. eapply Rle_trans.
  - apply least_le_weighted; [easy|]. intros t _. apply Rlt_le, rate_positive.
  - apply step_sum_le. intros t _. apply gain_above. lra.
Qed.
End Mean.


Theorem sgd_descent_expected s (c : chance s) (k : constants s) (A : index s -> R) (omega : path c) :
  surely c scale_invariant -> surely c twice_differentiable -> surely c (fun r => smooth_on_spheres r k) -> decoupled k ->
  surely c scheduled_step -> surely c (fun r => noise_bounded r k) -> surely c (fun r => mean_gradient_bounded r k) ->
  surely c first_rate_largest -> surely c positive_start -> surely c positive_rates -> 0 <= rest_decoupled k ->
  unbiased c -> fixed_schedule c -> noise_variance c k ->
  (forall i, noise_supremum
     (learning_rate (outcome c omega) 0 i * noise_limit k i / squared_norm (outcome c omega) 0 i)
     (decoupled_smoothness k i) (gradient_limit k i) (A i)) ->
  forall T t, (t < T)%nat ->
  expectation T (fun o => value (outcome c o) (S t))
  <= expectation T (fun o => value (outcome c o) t)
    - (block_sum (fun i => expectation T (fun o =>
         learning_rate (outcome c o) t i / squared_norm (outcome c o) t i * mean_gradient_norm (outcome c o) t i ^ 2))
       + scale_variant_weight (rest_schedule (outcome c omega) t) (rest_decoupled k)
         * expectation T (fun o => mean_rest_gradient_norm (outcome c o) t ^ 2))
    + block_sum (fun i => A i / 2 * expectation T (fun o =>
        ln (1 + (learning_rate (outcome c o) t i / squared_norm (outcome c o) t i * gradient_norm (outcome c o) t i) ^ 2)))
    + scale_variant_noise (rest_schedule (outcome c omega) t) (rest_decoupled k) (noise_deviation k).
Proof. intros. now apply noisy_descent. Qed.
