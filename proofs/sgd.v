(** * Stochastic gradient descent: the norm's envelope, and the descent of one step *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary points scale_invariance norm_growth geodesics
  smoothness noise.
Local Open Scope R_scope.

(** The largest S after steps whose squared rates add up to E; eta_0^2 Gs^2/S_0 is the longest growth of a step. *)
Definition half_growth (S_0 eta_0 Gs : R) : R := eta_0 ^ 2 * Gs ^ 2 / S_0 / 2.
Definition envelope (S_0 eta_0 Gs E : R) : R :=
  half_growth S_0 eta_0 Gs + sqrt ((S_0 - half_growth S_0 eta_0 Gs) ^ 2 + 2 * Gs ^ 2 * E).

(** What one step gains for each unit of the squared gradient in g, and what its noise may cost. *)
Definition scale_variant_weight (eta_g Lam_g : R) : R := eta_g * (1 - Lam_g * eta_g / 2).
Definition scale_variant_noise (eta_g Lam_g sig : R) : R := Lam_g / 2 * sig ^ 2 * eta_g ^ 2.

(** ** Letters along a run *)

Section Letters.
Context {s : shape}.
Variables (r : run s) (k : constants s).

(** gamma, the effective learning rate; Sbar at the step t. *)
Definition effective_rate t i : R := learning_rate r t i / squared_norm r t i.
Definition envelope_at t i : R :=
  envelope (squared_norm r 0 i) (learning_rate r 0 i) (noise_limit k i) (squared_rates r t i).
(** A_i is at least the supremum over the tangents that a step can have. *)
Definition noise_constant (A : index s -> R) : Prop :=
  forall i, noise_supremum (learning_rate r 0 i * noise_limit k i / squared_norm r 0 i)
    (decoupled_smoothness k i) (gradient_limit k i) (A i).
End Letters.

(** ** The envelope *)

Section Envelope.
Context {s : shape}.
Variables (r : run s) (k : constants s).
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : differentiable r.
Hypothesis step : scheduled_step r.
Hypothesis noise : noise_bounded r k.
Hypothesis largest : first_rate_largest r.
Hypothesis start : positive_start r.
Hypothesis rates : positive_rates r.

Lemma norms_positive t i : 0 < squared_norm r t i.
Proof. apply norms_stay_positive; try easy. apply step. Qed.

Lemma norm_above_start t i : squared_norm r 0 i <= squared_norm r t i.
Proof. apply squared_norm_monotone; try easy; [apply step|lia]. Qed.

Lemma noise_limit_nonneg i : 0 <= noise_limit k i.
Proof. eapply Rle_trans; [apply (gradient_norm_nonneg r 0)|apply noise]. Qed.

Lemma effective_rate_pos t i : 0 < effective_rate r t i.
Proof. apply quotient_pos; [apply rates|apply norms_positive]. Qed.

(** gamma_t <= gamma_0 *)
Lemma effective_rate_falls t i : effective_rate r t i <= effective_rate r 0 i.
Proof.
  unfold effective_rate. pose proof (start i). pose proof (norm_above_start t i). pose proof (rates t i).
  apply Rmult_le_compat; [lra| |apply largest|now apply Rinv_le_contravar].
  apply Rlt_le, Rinv_0_lt_compat. lra.
Qed.

(** tau <= tau_max *)
Lemma tangent_below t i :
  0 <= effective_rate r t i * gradient_norm r t i <= learning_rate r 0 i * noise_limit k i / squared_norm r 0 i.
Proof.
  pose proof (effective_rate_pos t i). pose proof (gradient_norm_nonneg r t i). split; [apply Rmult_le_pos; lra|].
  replace (learning_rate r 0 i * noise_limit k i / squared_norm r 0 i) with (effective_rate r 0 i * noise_limit k i)
    by (unfold effective_rate; pose proof (start i); field; lra).
  apply Rmult_le_compat; [lra|easy|apply effective_rate_falls|apply noise].
Qed.

(** S_{t+1} = S_t (1 + tau^2) *)
Lemma squared_norm_next t i :
  squared_norm r (S t) i = squared_norm r t i * (1 + (effective_rate r t i * gradient_norm r t i) ^ 2).
Proof.
  rewrite squared_norm_grows by (try easy; apply step). unfold effective_rate. pose proof (norms_positive t i). field. lra.
Qed.

(** ln(1 + tau^2) = ln S_{t+1} - ln S_t *)
Lemma logarithm_step t i :
  ln (1 + (effective_rate r t i * gradient_norm r t i) ^ 2) = ln (squared_norm r (S t) i) - ln (squared_norm r t i).
Proof.
  rewrite squared_norm_next, ln_mult; [ring|apply norms_positive|].
  pose proof (pow2_ge_0 (effective_rate r t i * gradient_norm r t i)). lra.
Qed.

Lemma growth_below t i :
  squared_norm r (S t) i
  <= squared_norm r t i + learning_rate r 0 i ^ 2 * noise_limit k i ^ 2 / squared_norm r 0 i.
Proof.
  rewrite squared_norm_grows by (try easy; apply step). pose proof (norms_positive t i). pose proof (start i).
  pose proof (rates t i). pose proof (largest t i). pose proof (gradient_norm_nonneg r t i). pose proof (noise t i).
  apply Rplus_le_compat_l. apply Rmult_le_compat.
  - apply Rmult_le_pos; apply pow2_ge_0.
  - apply Rlt_le, Rinv_0_lt_compat. lra.
  - apply Rmult_le_compat; try apply pow2_ge_0; apply pow_incr; lra.
  - apply Rinv_le_contravar; [lra|apply norm_above_start].
Qed.

Lemma squares_below t i :
  let h := half_growth (squared_norm r 0 i) (learning_rate r 0 i) (noise_limit k i) in
  (squared_norm r t i - h) ^ 2 <= (squared_norm r 0 i - h) ^ 2 + 2 * noise_limit k i ^ 2 * squared_rates r t i.
Proof.
  intros h. induction t as [|t IH]; [unfold squared_rates; simpl; lra|].
  pose proof (growth_below t i) as Q. replace (_ / squared_norm r 0 i) with (2 * h) in Q by (unfold h, half_growth; field;
    pose proof (start i); lra).
  pose proof (squared_norm_grows r invariant smooth start (proj1 step) t i) as E.
  pose proof (norms_positive t i) as P. set (g := learning_rate r t i ^ 2 * gradient_norm r t i ^ 2 / squared_norm r t i) in E.
  assert (Hg : 0 <= g).
  { apply quotient_nonneg; [apply Rmult_le_pos; apply pow2_ge_0|easy]. }
  assert (gS : g * squared_norm r t i <= learning_rate r t i ^ 2 * noise_limit k i ^ 2).
  { unfold g, Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra. apply Rmult_le_compat_l; [apply pow2_ge_0|].
    apply pow_incr. split; [apply gradient_norm_nonneg|apply noise]. }
  unfold squared_rates in IH |- *. simpl step_sum.
  rewrite E in Q |- *. assert (g * (g - 2 * h) <= 0) by (assert (g <= 2 * h) by lra; nra).
  simpl in *. nra.
Qed.

Lemma below_envelope t i : squared_norm r t i <= envelope_at r k t i.
Proof. unfold envelope_at, envelope. pose proof (below_square_root _ _ (squares_below t i)). simpl in *. lra. Qed.

Lemma envelope_pos t i : 0 < envelope_at r k t i.
Proof. eapply Rlt_le_trans; [apply (norms_positive t)|apply below_envelope]. Qed.

Lemma envelope_monotone t i : envelope_at r k t i <= envelope_at r k (S t) i.
Proof.
  unfold envelope_at, envelope. apply Rplus_le_compat_l, sqrt_le_1_alt, Rplus_le_compat_l.
  apply Rmult_le_compat_l; [pose proof (pow2_ge_0 (noise_limit k i)); lra|].
  unfold squared_rates. simpl step_sum. pose proof (pow2_ge_0 (learning_rate r t i)). lra.
Qed.
End Envelope.

Theorem sgd_norm_envelope_growth s (r : run s) (k : constants s) :
  scale_invariant r -> differentiable r -> scheduled_step r -> noise_bounded r k -> first_rate_largest r ->
  positive_start r -> positive_rates r ->
  forall t i, squared_norm r (S t) i
    <= squared_norm r t i + learning_rate r 0 i ^ 2 * noise_limit k i ^ 2 / squared_norm r 0 i.
Proof. intros. now apply growth_below. Qed.

Theorem sgd_norm_envelope_envelope s (r : run s) (k : constants s) :
  scale_invariant r -> differentiable r -> scheduled_step r -> noise_bounded r k -> first_rate_largest r ->
  positive_start r -> positive_rates r ->
  forall T i, squared_norm r T i
    <= envelope (squared_norm r 0 i) (learning_rate r 0 i) (noise_limit k i) (squared_rates r T i).
Proof. intros. now apply below_envelope. Qed.

(** ** The descent, for whatever gradient was used *)

Section Descent.
Context {s : shape}.
Variables (r : run s) (k : constants s) (A : index s -> R).
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : twice_differentiable r.
Hypothesis spheres : smooth_on_spheres r k.
Hypothesis apart : decoupled k.
Hypothesis step : scheduled_step r.
Hypothesis noise : noise_bounded r k.
Hypothesis limited : mean_gradient_bounded r k.
Hypothesis largest : first_rate_largest r.
Hypothesis start : positive_start r.
Hypothesis rates : positive_rates r.
Hypothesis paid : noise_constant r k A.

(** The component of the full gradient along the one that is used, at unit norm. *)
Definition component t i : R := norm (weights r t i) * dot (mean_gradient r t i) (unit_vector (gradient r t i)).

Lemma component_bounded t i : component t i <= gradient_limit k i.
Proof.
  eapply Rle_trans; [|apply (limited t i)]. unfold component, mean_gradient_norm.
  apply Rmult_le_compat_l; [apply norm_nonneg|]. eapply Rle_trans; [apply dot_le_norms|].
  rewrite <- (Rmult_1_r (norm (mean_gradient r t i))) at 2. apply Rmult_le_compat_l; [apply norm_nonneg|].
  destruct (norm_nonneg (gradient r t i)) as [H|H].
  - rewrite unit_vector_norm; lra.
  - unfold unit_vector. rewrite norm_times, <- H. lra.
Qed.

(** tau x = gamma <grad f, grad f_t> S *)
Lemma component_paid t i :
  effective_rate r t i * gradient_norm r t i * component t i = effective_rate r t i * cross r t i.
Proof.
  unfold component, gradient_norm, cross. rewrite <- (times_unit_vector (gradient r t i)) at 3. rewrite dot_times_r.
  rewrite <- weights_norm_squared. ring.
Qed.

Lemma turned_by_rate t i : turned r t i = atan (effective_rate r t i * gradient_norm r t i).
Proof.
  unfold turned. rewrite tangent_by_size by (try easy; try apply smooth; apply step). unfold effective_rate. f_equal.
  unfold Rdiv. ring.
Qed.

(** What the step does: the blocks turn against the gradients that are used, g moves against its own. *)
Definition step_direction t : place s :=
  assemble (fun i => times (-1) (unit_vector (gradient r t i))) (times (- rest_schedule r t) (rest_gradient r t)).

Lemma position_nonzero_at t : nonzero (position r t).
Proof. apply position_nonzero; try easy; [apply smooth|apply step]. Qed.

Lemma step_end t :
  normalised (position r (S t)) = geodesic (normalised (position r t)) (step_direction t) (turned r t) 1.
Proof.
  unfold geodesic, step_direction, normalised. apply point_eq; intros; parts.
  - change (times (/ norm (part (position r (S t)) i)) (part (position r (S t)) i)) with (unit_vector (weights r (S t) i)).
    change (times (/ norm (part (position r t) i)) (part (position r t) i)) with (unit_vector (weights r t i)).
    rewrite direction_after by (try easy; try apply smooth; apply step).
    rewrite Rmult_1_r. unfold minus. f_equal. rewrite !times_times. f_equal. ring.
  - destruct step as [_ ->]. unfold minus. rewrite !times_times. do 2 f_equal. ring.
Qed.

(** Taylor along the great circles that the step follows. *)
Lemma circles_descent t :
  value r (S t)
  <= value r t + (block_sum (fun i => turned r t i * - component t i) - rest_schedule r t * rest_cross r t)
    + quadratic_form k (turned r t) (Rabs (rest_schedule r t) * rest_gradient_norm r t) / 2.
Proof.
  pose proof (position_nonzero_at t) as N. destruct invariant as [_ I]. destruct smooth as ((_ & D) & _).
  pose proof (geodesic_bound r k invariant smooth spheres (normalised (position r t)) (step_direction t) (turned r t)) as Q.
  rewrite <- step_end, !at_normalised in Q by (easy || apply position_nonzero_at).
  assert (M : norm (rest_part (step_direction t)) = Rabs (rest_schedule r t) * rest_gradient_norm r t).
  { unfold step_direction. parts. now rewrite norm_times, Rabs_Ropp. }
  rewrite M, (rest_gradient_normalised (objective r) _ I D) in Q by easy.
  rewrite (block_sum_ext _ (fun i => turned r t i * - component t i)) in Q.
  - assert (E : dot (rest_part (objective_gradient r (position r t))) (rest_part (step_direction t))
      = - (rest_schedule r t * rest_cross r t)).
    { unfold step_direction. parts. rewrite dot_times_r. unfold rest_cross, mean_rest_gradient. ring. }
    rewrite E in Q. apply Q.
    + now apply normalised_on_spheres.
    + intros i. unfold step_direction, normalised. parts. destruct (norm_nonneg (gradient r t i)) as [H|H].
      * right. rewrite norm_times, unit_vector_norm, Rabs_left by lra. split; [ring|].
        rewrite dot_times, dot_times_r. unfold unit_vector. rewrite dot_times_r. fold (weights r t i).
        rewrite weights_orthogonal by (easy || apply smooth || apply step). ring.
      * left. rewrite turned_by_rate. unfold gradient_norm. rewrite <- H, !Rmult_0_r. apply atan_0.
    + intros i. rewrite turned_by_rate. apply atan_nonneg. now apply (tangent_below r k); try apply smooth.
  - intros i. rewrite (gradient_normalised (objective r) _ I D) by easy. unfold step_direction. parts.
    rewrite dot_times, dot_times_r. unfold component, mean_gradient, weights. ring.
Qed.

Lemma pathwise_descent t :
  value r (S t)
  <= value r t
    - block_sum (fun i => effective_rate r t i * cross r t i
        - A i / 2 * ln (1 + (effective_rate r t i * gradient_norm r t i) ^ 2))
    - rest_schedule r t * rest_cross r t
    + rest_decoupled k / 2 * rest_schedule r t ^ 2 * rest_gradient_norm r t ^ 2.
Proof.
  pose proof (circles_descent t) as Q.
  pose proof (proj2 apart (turned r t) (Rabs (rest_schedule r t) * rest_gradient_norm r t)) as D.
  rewrite Rpow_mult_distr, pow2_abs in D.
  assert (B : block_sum (fun i => turned r t i * - component t i + decoupled_smoothness k i * turned r t i ^ 2 / 2)
    <= block_sum (fun i => A i / 2 * ln (1 + (effective_rate r t i * gradient_norm r t i) ^ 2)
      - effective_rate r t i * cross r t i)).
  { apply block_sum_le. intros i.
    pose proof (noise_of_block _ _ _ _ (paid i) (effective_rate r t i * gradient_norm r t i) (component t i)) as P.
    rewrite <- turned_by_rate, component_paid in P.
    enough (decoupled_smoothness k i * turned r t i ^ 2 / 2 - turned r t i * component t i
      <= A i / 2 * ln (1 + (effective_rate r t i * gradient_norm r t i) ^ 2) - effective_rate r t i * cross r t i) by lra.
    apply P; [|apply component_bounded]. now apply tangent_below; try apply smooth. }
  rewrite block_sum_plus, block_sum_minus in B. rewrite block_sum_minus.
  rewrite (block_sum_ext (fun i => decoupled_smoothness k i * turned r t i ^ 2 / 2)
    (fun i => / 2 * (decoupled_smoothness k i * turned r t i ^ 2))) in B by (intros; unfold Rdiv; ring).
  rewrite block_sum_scale in B. lra.
Qed.
End Descent.

Theorem sgd_descent_pathwise s (r : run s) (k : constants s) (A : index s -> R) :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> decoupled k -> scheduled_step r ->
  noise_bounded r k -> mean_gradient_bounded r k -> first_rate_largest r -> positive_start r -> positive_rates r ->
  (forall i, noise_supremum (learning_rate r 0 i * noise_limit k i / squared_norm r 0 i)
     (decoupled_smoothness k i) (gradient_limit k i) (A i)) ->
  forall t, value r (S t)
    <= value r t
      - block_sum (fun i => learning_rate r t i / squared_norm r t i * cross r t i
          - A i / 2 * ln (1 + (learning_rate r t i / squared_norm r t i * gradient_norm r t i) ^ 2))
      - rest_schedule r t * rest_cross r t
      + rest_decoupled k / 2 * rest_schedule r t ^ 2 * rest_gradient_norm r t ^ 2.
Proof. intros. now apply pathwise_descent. Qed.
