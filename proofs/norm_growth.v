(** * Norm growth: one gradient step on scale-invariant weights, exactly *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points scale_invariance.
Local Open Scope R_scope.

(** ** What the letters say of the gradient *)

Section Letters.
Context {s : shape}.
Variable r : run s.

Lemma gradient_norm_nonneg t i : 0 <= gradient_norm r t i.
Proof. apply Rmult_le_pos; apply norm_nonneg. Qed.

Lemma gradient_norm_squared t i : gradient_norm r t i ^ 2 = squared_norm r t i * dot (gradient r t i) (gradient r t i).
Proof. unfold gradient_norm. rewrite Rpow_mult_distr, !norm_squared. reflexivity. Qed.

Lemma weights_norm_squared t i : norm (weights r t i) ^ 2 = squared_norm r t i.
Proof. apply norm_squared. Qed.

Lemma nonzero_at t : (forall i, 0 < squared_norm r t i) -> nonzero (position r t).
Proof. intros H i E. specialize (H i). unfold squared_norm, weights in H. rewrite E, dot_origin in H. lra. Qed.
End Letters.

(** ** Steps along the gradient *)

Section Steps.
Context {s : shape}.
Variable r : run s.
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : differentiable r.

Lemma weights_orthogonal_at t i : (forall j, 0 < squared_norm r t j) -> dot (weights r t i) (gradient r t i) = 0.
Proof.
  intros P. rewrite dot_comm. apply (gradient_orthogonal (loss r t)); [apply invariant|].
  apply smooth. now apply nonzero_at.
Qed.

Hypothesis start : positive_start r.
Hypothesis step : blocks_step r.

(** Pythagoras at one step. *)
Lemma squared_norm_after t i :
  (forall j, 0 < squared_norm r t j) ->
  squared_norm r (S t) i = squared_norm r t i + learning_rate r t i ^ 2 * dot (gradient r t i) (gradient r t i).
Proof.
  intros P. pose proof (weights_orthogonal_at t i P) as O. unfold squared_norm at 1. rewrite step.
  rewrite dot_minus, !dot_minus_r, !dot_times, !dot_times_r, (dot_comm (gradient r t i) (weights r t i)), O.
  unfold squared_norm. ring.
Qed.

(** The norms never shrink, so they stay positive. *)
Lemma norms_stay_positive : positive_norms r.
Proof.
  intros t. induction t as [|t IH]; intros i; [apply start|].
  rewrite squared_norm_after by easy. pose proof (IH i). pose proof (pow2_ge_0 (learning_rate r t i)).
  pose proof (dot_self_nonneg (gradient r t i)).
  pose proof (Rmult_le_pos (learning_rate r t i ^ 2) (dot (gradient r t i) (gradient r t i))). lra.
Qed.

Lemma position_nonzero t : nonzero (position r t).
Proof. apply nonzero_at, norms_stay_positive. Qed.

Lemma weights_orthogonal t i : dot (weights r t i) (gradient r t i) = 0.
Proof. apply weights_orthogonal_at, norms_stay_positive. Qed.

Lemma weights_norm_pos t i : 0 < norm (weights r t i).
Proof. apply sqrt_lt_R0, norms_stay_positive. Qed.

(** S_{t+1} = S_t + eta^2 |G|^2/S_t *)
Lemma squared_norm_grows t i :
  squared_norm r (S t) i = squared_norm r t i + learning_rate r t i ^ 2 * gradient_norm r t i ^ 2 / squared_norm r t i.
Proof.
  rewrite squared_norm_after by apply norms_stay_positive. rewrite gradient_norm_squared.
  pose proof (norms_stay_positive t i). field. lra.
Qed.

Lemma squared_norm_le_next t i : squared_norm r t i <= squared_norm r (S t) i.
Proof.
  rewrite squared_norm_after by apply norms_stay_positive. pose proof (pow2_ge_0 (learning_rate r t i)).
  pose proof (dot_self_nonneg (gradient r t i)).
  pose proof (Rmult_le_pos (learning_rate r t i ^ 2) (dot (gradient r t i) (gradient r t i))). lra.
Qed.

Lemma squared_norm_monotone t u i : (t <= u)%nat -> squared_norm r t i <= squared_norm r u i.
Proof. induction 1 as [|u H IH]; [lra|]. pose proof (squared_norm_le_next u i). lra. Qed.

(** ** The inverse rate b = S/eta *)

Hypothesis rates : positive_rates r.

Lemma inverse_rate_pos t i : 0 < inverse_rate r t i.
Proof. apply quotient_pos; [apply norms_stay_positive|apply rates]. Qed.

Lemma tangent_nonneg t i : 0 <= gradient_norm r t i / inverse_rate r t i.
Proof. apply quotient_nonneg; [apply gradient_norm_nonneg|apply inverse_rate_pos]. Qed.

Lemma tangent_by_size t i :
  gradient_norm r t i / inverse_rate r t i = learning_rate r t i * gradient_norm r t i / squared_norm r t i.
Proof. unfold inverse_rate. pose proof (norms_stay_positive t i). pose proof (rates t i). field. lra. Qed.

(** S_{t+1} = S_t (1 + tan^2(theta)) *)
Lemma squared_norm_by_tangent t i :
  squared_norm r (S t) i = squared_norm r t i * (1 + (gradient_norm r t i / inverse_rate r t i) ^ 2).
Proof. rewrite squared_norm_grows, tangent_by_size. pose proof (norms_stay_positive t i). field. lra. Qed.

Hypothesis constant : constant_rate r.

(** b_{t+1} = b_t + |G|^2/b_t *)
Lemma inverse_rate_grows t i :
  inverse_rate r (S t) i = inverse_rate r t i + gradient_norm r t i ^ 2 / inverse_rate r t i.
Proof.
  unfold inverse_rate. rewrite squared_norm_grows, (constant (S t)), (constant t).
  pose proof (norms_stay_positive t i). pose proof (rates 0%nat i). field. lra.
Qed.

Lemma inverse_rate_le_next t i : inverse_rate r t i <= inverse_rate r (S t) i.
Proof.
  rewrite inverse_rate_grows. pose proof (inverse_rate_pos t i).
  pose proof (quotient_nonneg _ _ (pow2_ge_0 (gradient_norm r t i)) (inverse_rate_pos t i)). lra.
Qed.

Lemma inverse_rate_monotone t u i : (t <= u)%nat -> inverse_rate r t i <= inverse_rate r u i.
Proof. induction 1 as [|u H IH]; [lra|]. pose proof (inverse_rate_le_next u i). lra. Qed.

Lemma inverse_rate_above_start t i : inverse_rate r 0 i <= inverse_rate r t i.
Proof. apply inverse_rate_monotone. lia. Qed.
End Steps.

(** ** The angle of one step *)

Section Angle.
Context {s : shape}.
Variable r : run s.
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : differentiable r.
Hypothesis start : positive_start r.
Hypothesis step : blocks_step r.
Hypothesis rates : positive_rates r.

Lemma secant_pos x : 0 < sqrt (1 + x ^ 2).
Proof. apply sqrt_lt_R0. pose proof (pow2_ge_0 x). lra. Qed.

Lemma acos_secant x : 0 <= x -> acos (/ sqrt (1 + x ^ 2)) = atan x.
Proof.
  intros H. replace (/ sqrt (1 + x ^ 2)) with (cos (atan x)).
  2:{ rewrite cos_atan, Rsqr_pow2. unfold Rdiv. ring. }
  apply acos_cos.
  pose proof (atan_bound x). pose proof PI_RGT_0.
  assert (0 <= atan x) by (rewrite <- atan_0; destruct H as [H| <-]; [apply Rlt_le, atan_increasing|]; lra). lra.
Qed.

(** |w_{t+1}| = |w_t| / cos(theta) *)
Lemma norm_after t i :
  norm (weights r (S t) i) = norm (weights r t i) * sqrt (1 + (gradient_norm r t i / inverse_rate r t i) ^ 2).
Proof.
  apply norm_of_square.
  - apply Rmult_le_pos; [apply norm_nonneg|apply sqrt_pos].
  - change (squared_norm r (S t) i = (norm (weights r t i) * sqrt (1 + (gradient_norm r t i / inverse_rate r t i) ^ 2)) ^ 2).
    rewrite Rpow_mult_distr, weights_norm_squared, pow2_sqrt.
    + now apply squared_norm_by_tangent.
    + pose proof (pow2_ge_0 (gradient_norm r t i / inverse_rate r t i)). lra.
Qed.

Lemma cosine_by_tangent t i : cosine r t i = / sqrt (1 + (gradient_norm r t i / inverse_rate r t i) ^ 2).
Proof.
  unfold cosine. rewrite norm_after.
  assert (E : dot (weights r (S t) i) (weights r t i) = norm (weights r t i) ^ 2).
  { rewrite step, dot_minus, dot_times, (dot_comm (gradient r t i)), weights_orthogonal, norm_squared by easy. ring. }
  rewrite E. pose proof (weights_norm_pos r invariant smooth start step t i).
  pose proof (secant_pos (gradient_norm r t i / inverse_rate r t i)). field. lra.
Qed.

Lemma angle_is_turned t i : angle r t i = turned r t i.
Proof. unfold angle, turned. rewrite cosine_by_tangent. apply acos_secant. now apply tangent_nonneg. Qed.

(** v_{t+1} = cos(theta) v_t - sin(theta) G/|G| *)
Lemma direction_after t i :
  unit_vector (weights r (S t) i)
  = minus (times (cos (turned r t i)) (unit_vector (weights r t i)))
      (times (sin (turned r t i)) (unit_vector (gradient r t i))).
Proof.
  unfold turned. set (x := gradient_norm r t i / inverse_rate r t i).
  rewrite cos_atan, sin_atan, !Rsqr_pow2. pose proof (secant_pos x) as Q.
  pose proof (weights_norm_pos r invariant smooth start step t i) as N.
  unfold unit_vector at 1. rewrite norm_after, step. fold x. set (q := sqrt (1 + x ^ 2)) in *. clearbody q.
  unfold minus. rewrite times_plus, !times_times. unfold unit_vector. rewrite !times_times. f_equal.
  - f_equal. field. lra.
  - destruct (Req_dec (norm (gradient r t i)) 0) as [Z|Z].
    + now rewrite (norm_zero _ Z), !times_origin.
    + f_equal. unfold x. rewrite tangent_by_size by easy. unfold gradient_norm.
      rewrite <- weights_norm_squared. field. lra.
Qed.
End Angle.

(** ** The claims *)

Theorem norm_growth_norm s (r : run s) :
  scale_invariant r -> differentiable r -> gradient_step r -> positive_start r ->
  forall t i, squared_norm r (S t) i
    = squared_norm r t i + learning_rate r t i ^ 2 * gradient_norm r t i ^ 2 / squared_norm r t i.
Proof. intros ? ? [? _] ? t i. now apply squared_norm_grows. Qed.

Theorem norm_growth_rate s (r : run s) :
  scale_invariant r -> differentiable r -> gradient_step r -> constant_rate r -> positive_start r -> positive_rates r ->
  forall t i, inverse_rate r (S t) i = inverse_rate r t i + gradient_norm r t i ^ 2 / inverse_rate r t i.
Proof. intros ? ? [? _] ? ? ? t i. now apply inverse_rate_grows. Qed.

Theorem rotation_growth_angle s (r : run s) :
  scale_invariant r -> differentiable r -> gradient_step r -> positive_start r -> positive_rates r ->
  forall t i, angle r t i = atan (gradient_norm r t i / inverse_rate r t i).
Proof. intros ? ? [? _] ? ? t i. now apply angle_is_turned. Qed.

Theorem rotation_growth_great_circle s (r : run s) :
  scale_invariant r -> differentiable r -> gradient_step r -> positive_start r -> positive_rates r ->
  forall t i, off_circle r t i = 0.
Proof.
  intros ? ? [? _] ? ? t i. unfold off_circle. rewrite direction_after by easy.
  set (u := times _ (unit_vector (weights r t i))). set (v := times _ (unit_vector (gradient r t i))).
  change (minus u v) with (plus u (times (-1) v)). now rewrite plus_minus, plus_comm, plus_opposite, norm_origin.
Qed.

Theorem rotation_growth_growth s (r : run s) :
  scale_invariant r -> differentiable r -> gradient_step r -> constant_rate r -> positive_start r -> positive_rates r ->
  forall t i, inverse_rate r (S t) i = inverse_rate r t i / cos (angle r t i) ^ 2.
Proof.
  intros ? ? [? _] ? ? ? t i. rewrite angle_is_turned, inverse_rate_grows by easy. unfold turned.
  set (x := gradient_norm r t i / inverse_rate r t i). pose proof (secant_pos x) as Q.
  assert (P : 0 < inverse_rate r t i) by now apply inverse_rate_pos.
  replace (cos (atan x) ^ 2) with (/ (1 + x ^ 2)).
  - pose proof (pow2_ge_0 x). replace (gradient_norm r t i) with (x * inverse_rate r t i) by (unfold x; field; lra).
    field. lra.
  - rewrite cos_atan, Rsqr_pow2, <- (pow2_sqrt (1 + x ^ 2)) at 1 by (pose proof (pow2_ge_0 x); lra). field. lra.
Qed.

Theorem wngrad_recursion_square s (r : run s) :
  scale_invariant r -> differentiable r -> gradient_step r -> constant_rate r -> positive_start r -> positive_rates r ->
  forall t i, inverse_rate r (S t) i ^ 2
    = inverse_rate r t i ^ 2 + 2 * gradient_norm r t i ^ 2 + gradient_norm r t i ^ 4 / inverse_rate r t i ^ 2.
Proof.
  intros ? ? [? _] ? ? ? t i. rewrite inverse_rate_grows by easy.
  assert (P : 0 < inverse_rate r t i) by now apply inverse_rate_pos. field. lra.
Qed.
