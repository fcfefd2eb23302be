(** * Certificates from weight norms alone *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses taylor points scale_invariance norm_growth.
Local Open Scope R_scope.

(** ** arctan(x)^2 <= ln(1 + x^2) *)

Lemma is_derive_logarithm_excess x : is_derive (fun x => ln (1 + x ^ 2) - atan x ^ 2) x (2 * (x - atan x) / (1 + x ^ 2)).
Proof.
  assert (P : 0 < 1 + x ^ 2) by (pose proof (pow2_ge_0 x); lra).
  auto_derive; [lra|]. field. lra.
Qed.

Lemma atan_le x : 0 <= x -> atan x <= x.
Proof.
  intros H. destruct (mean_value (fun x => x - atan x) (fun x => 1 - / (1 + x ^ 2)) 0 x) as (c & Hc & E).
  - intros y. auto_derive; [easy|]. pose proof (pow2_ge_0 y). field. lra.
  - rewrite atan_0 in E. rewrite Rmin_left, Rmax_right in Hc by lra.
    assert (0 <= 1 - / (1 + c ^ 2)).
    { pose proof (pow2_ge_0 c). pose proof (Rinv_le_contravar 1 (1 + c ^ 2)) as Q. rewrite Rinv_1 in Q. lra. }
    pose proof (Rmult_le_pos (1 - / (1 + c ^ 2)) x). lra.
Qed.

Lemma atan_squared_le x : 0 <= x -> atan x ^ 2 <= ln (1 + x ^ 2).
Proof.
  intros H. destruct (mean_value _ _ 0 x is_derive_logarithm_excess) as (c & Hc & E).
  rewrite atan_0 in E. replace (1 + 0 ^ 2) with 1 in E by ring. rewrite ln_1 in E. rewrite Rmin_left, Rmax_right in Hc by lra.
  assert (0 <= 2 * (c - atan c) / (1 + c ^ 2)).
  { pose proof (atan_le c). pose proof (pow2_ge_0 c). apply quotient_nonneg; lra. }
  pose proof (Rmult_le_pos (2 * (c - atan c) / (1 + c ^ 2)) x). lra.
Qed.

(** ** Two norms certify the gradients between them *)

Section Growth.
Context {s : shape}.
Variable r : run s.
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : differentiable r.
Hypothesis start : positive_start r.
Hypothesis step : blocks_step r.
Hypothesis rates : positive_rates r.
Hypothesis constant : constant_rate r.

Lemma squared_gradient_by_rates t i :
  gradient_norm r t i ^ 2 = inverse_rate r t i * (inverse_rate r (S t) i - inverse_rate r t i).
Proof.
  rewrite inverse_rate_grows by easy. assert (P : 0 < inverse_rate r t i) by now apply inverse_rate_pos. field. lra.
Qed.

(** b_{t+1}^2 - b_t^2 = 2 |G|^2 + (b_{t+1} - b_t)^2 *)
Lemma squared_rate_step t i :
  inverse_rate r (S t) i ^ 2 - inverse_rate r t i ^ 2 - 2 * gradient_norm r t i ^ 2
  = (inverse_rate r (S t) i - inverse_rate r t i) ^ 2.
Proof. rewrite squared_gradient_by_rates. ring. Qed.

Lemma squared_gradients_certified T i :
  step_sum T (fun t => gradient_norm r t i ^ 2) <= (inverse_rate r T i ^ 2 - inverse_rate r 0 i ^ 2) / 2.
Proof.
  rewrite <- (step_sum_telescopes T (fun t => inverse_rate r t i ^ 2)).
  apply Rmult_le_reg_l with 2; [lra|]. rewrite <- step_sum_scale.
  replace (2 * (step_sum T (fun t => inverse_rate r (S t) i ^ 2 - inverse_rate r t i ^ 2) / 2))
    with (step_sum T (fun t => inverse_rate r (S t) i ^ 2 - inverse_rate r t i ^ 2)) by field.
  apply step_sum_le. intros t _. pose proof (squared_rate_step t i).
  pose proof (pow2_ge_0 (inverse_rate r (S t) i - inverse_rate r t i)). lra.
Qed.
End Growth.

Theorem growth_certificate_lower s (r : run s) :
  scale_invariant r -> differentiable r -> gradient_step r -> constant_rate r -> positive_start r -> positive_rates r ->
  forall T i, inverse_rate r 0 i * (inverse_rate r T i - inverse_rate r 0 i) <= step_sum T (fun t => gradient_norm r t i ^ 2).
Proof.
  intros ? ? [? _] ? ? ? T i. rewrite <- (step_sum_telescopes T (fun t => inverse_rate r t i)), <- step_sum_scale.
  apply step_sum_le. intros t _. rewrite squared_gradient_by_rates by easy. apply Rmult_le_compat_r.
  - assert (inverse_rate r t i <= inverse_rate r (S t) i) by now apply inverse_rate_le_next. lra.
  - now apply inverse_rate_above_start.
Qed.

Theorem growth_certificate_upper s (r : run s) :
  scale_invariant r -> differentiable r -> gradient_step r -> constant_rate r -> positive_start r -> positive_rates r ->
  forall T i, step_sum T (fun t => gradient_norm r t i ^ 2) <= (inverse_rate r T i ^ 2 - inverse_rate r 0 i ^ 2) / 2.
Proof. intros ? ? [? _] ? ? ? T i. now apply squared_gradients_certified. Qed.

Theorem growth_certificate_minimum s (r : run s) :
  scale_invariant r -> differentiable r -> gradient_step r -> constant_rate r -> positive_start r -> positive_rates r ->
  forall T i, (0 < T)%nat ->
  least T (fun t => gradient_norm r t i ^ 2) <= (inverse_rate r T i ^ 2 - inverse_rate r 0 i ^ 2) / (2 * INR T).
Proof.
  intros ? ? [? _] ? ? ? T i HT. eapply Rle_trans; [now apply least_le_mean|].
  assert (P : 0 < INR T) by now apply lt_0_INR.
  replace ((inverse_rate r T i ^ 2 - inverse_rate r 0 i ^ 2) / (2 * INR T))
    with ((inverse_rate r T i ^ 2 - inverse_rate r 0 i ^ 2) / 2 / INR T) by (field; lra).
  apply Rmult_le_compat_r; [now apply Rlt_le, Rinv_0_lt_compat|]. now apply squared_gradients_certified.
Qed.

Theorem growth_certificate_defect s (r : run s) :
  scale_invariant r -> differentiable r -> gradient_step r -> constant_rate r -> positive_start r -> positive_rates r ->
  forall T i,
  inverse_rate r T i ^ 2 - inverse_rate r 0 i ^ 2 - 2 * step_sum T (fun t => gradient_norm r t i ^ 2)
  = step_sum T (fun t => (inverse_rate r (S t) i - inverse_rate r t i) ^ 2).
Proof.
  intros ? ? [? _] ? ? ? T i.
  rewrite <- (step_sum_telescopes T (fun t => inverse_rate r t i ^ 2)), <- step_sum_scale, <- step_sum_minus.
  apply step_sum_ext. intros t _. now apply squared_rate_step.
Qed.

(** ** Steps whose norm identity is off by a predicted defect *)

Theorem corrected_certificate_defect s (r : run s) d : predicted_defect r d -> forall t i, defect r t i = d t i.
Proof. intros H t i. unfold defect. rewrite H. ring. Qed.

Theorem corrected_certificate_sum s (r : run s) d :
  predicted_defect r d ->
  forall T i,
  step_sum T (fun t => learning_rate r t i ^ 2 * gradient_norm r t i ^ 2)
  <= (squared_norm r T i ^ 2 - squared_norm r 0 i ^ 2 - 2 * step_sum T (fun t => squared_norm r t i * d t i)) / 2.
Proof.
  intros H T i. apply Rmult_le_reg_l with 2; [lra|]. rewrite <- step_sum_scale.
  rewrite <- (step_sum_telescopes T (fun t => squared_norm r t i ^ 2)), <- step_sum_scale, <- step_sum_minus.
  match goal with |- _ <= 2 * (?a / 2) => replace (2 * (a / 2)) with a by field end.
  apply step_sum_le. intros t _. rewrite gradient_norm_squared.
  pose proof (pow2_ge_0 (squared_norm r (S t) i - squared_norm r t i)) as Q. rewrite H in Q |- *.
  set (x := learning_rate r t i ^ 2 * dot (gradient r t i) (gradient r t i)) in *.
  replace (2 * (learning_rate r t i ^ 2 * (squared_norm r t i * dot (gradient r t i) (gradient r t i))))
    with (2 * (squared_norm r t i * x)) by (unfold x; ring).
  simpl in *. lra.
Qed.

(** ** The budget of the rotation *)

Theorem rotation_budget_logarithms s (r : run s) :
  scale_invariant r -> differentiable r -> gradient_step r -> positive_start r ->
  forall T i,
  step_sum T (fun t => ln (1 + (learning_rate r t i * gradient_norm r t i / squared_norm r t i) ^ 2))
  = ln (squared_norm r T i / squared_norm r 0 i).
Proof.
  intros ? ? [? _] ? T i. assert (P : positive_norms r) by now apply norms_stay_positive.
  pose proof (P 0%nat i). pose proof (P T i). unfold Rdiv at 2. rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; easy).
  change (ln (squared_norm r T i) + - ln (squared_norm r 0 i)) with (ln (squared_norm r T i) - ln (squared_norm r 0 i)).
  rewrite <- (step_sum_telescopes T (fun t => ln (squared_norm r t i))).
  apply step_sum_ext. intros t _. pose proof (P t i).
  set (x := learning_rate r t i * gradient_norm r t i / squared_norm r t i).
  replace (squared_norm r (S t) i) with (squared_norm r t i * (1 + x ^ 2)).
  - pose proof (pow2_ge_0 x). rewrite ln_mult by lra. ring.
  - rewrite squared_norm_grows by easy. unfold x. field. lra.
Qed.

Theorem rotation_budget_angles s (r : run s) :
  scale_invariant r -> differentiable r -> gradient_step r -> positive_start r -> positive_rates r ->
  forall T i, step_sum T (fun t => angle r t i ^ 2) <= ln (squared_norm r T i / squared_norm r 0 i).
Proof.
  intros ? ? G ? ? T i. rewrite <- rotation_budget_logarithms by easy. destruct G as [? _].
  apply step_sum_le. intros t _. rewrite angle_is_turned by easy. unfold turned.
  rewrite <- tangent_by_size by easy. apply atan_squared_le. now apply tangent_nonneg.
Qed.
