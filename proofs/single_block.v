(** * Gradient descent with one block and no scale-variant parameters *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary points scale_invariance norm_growth.
From Ratetheory Require Import geodesics smoothness circles descent elementary lyapunov roots gd_rate phases continuous_phases.
Local Open Scope R_scope.

Lemma one_index n (i j : Fin.t n) : n = 1%nat -> i = j.
Proof.
  intros E. subst n. apply (Fin.caseS' i); [|intros p; inversion p]. apply (Fin.caseS' j); [easy|intros p; inversion p].
Qed.

Lemma block_sum_alone n (x : Fin.t n -> R) i : n = 1%nat -> block_sum x = x i.
Proof. intros E. apply block_sum_one. intros j N. elim N. now apply one_index. Qed.

(** The smallest of the bounds on B - b_0. *)
Definition least_increment (b_0 Gbar D_late D_first D : R) : R :=
  Rmin (two_phase_increment b_0 Gbar D_late) (continuous_increment b_0 Gbar D_first D).

Section Runs.
Context {s : shape}.
Variables (r : run s) (k : constants s) (i : index s).
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : twice_differentiable r.
Hypothesis bounds : smooth_on_spheres r k.
Hypothesis step : gradient_step r.
Hypothesis same : full_gradient r.
Hypothesis constant : constant_rate r.
Hypothesis below : bounded_below r k.
Hypothesis alone : single_block s.
Hypothesis start : positive_start r.
Hypothesis rates : positive_rates r.
Hypothesis L_nonneg : 0 <= smoothness k i i.

Let b t := inverse_rate r t i.
Let G t := gradient_norm r t i.
Let L := smoothness k i i.
Let Gbar := gradient_limit k i.
Let f_low := least_value k.

Let once : differentiable r := proj1 smooth.
Let norms : positive_norms r.
Proof. destruct step. now apply norms_stay_positive. Qed.
Let b_start : 0 < b 0%nat.
Proof. destruct step. now apply inverse_rate_pos. Qed.
Let b_grows t : b (S t) = b t + G t ^ 2 / b t.
Proof. destruct step. now apply inverse_rate_grows. Qed.
Let G_nonneg t : 0 <= G t.
Proof. apply gradient_norm_nonneg. Qed.
Let above t : f_low <= value r t.
Proof. now apply run_value_above. Qed.

(** The quadratic form of one block. *)
Let descent : single_descent b G (value r) L.
Proof.
  intros t. destruct alone as [E N].
  pose proof (geodesic_descent_coupled s r k invariant smooth bounds step same start rates (or_intror N) t) as Q.
  rewrite (rest_gradient_absent r t N) in Q. unfold quadratic_form in Q.
  rewrite !(block_sum_alone _ _ i E) in Q. unfold b, G, L. lra.
Qed.

Lemma squares_alone T :
  step_sum T (fun t => block_sum (fun j => gradient_norm r t j ^ 2) + rest_gradient_norm r t ^ 2)
  = step_sum T (fun t => G t ^ 2).
Proof.
  destruct alone as [E N]. apply step_sum_ext. intros t _.
  rewrite (block_sum_alone _ (fun j => gradient_norm r t j ^ 2) i E), (rest_gradient_absent r t N). unfold G. ring.
Qed.

(** |G|^2 <= 2 L (f - f_low): along its great circle f stays above f_low. *)
Lemma gradient_by_gap t : G t ^ 2 <= 2 * L * (value r t - f_low).
Proof.
  destruct alone as [E N].
  assert (GP : G t <= PI / 2 * L) by (apply gradient_diameter_gradient; auto; intros j; now rewrite (one_index _ j i E)).
  destruct L_nonneg as [HL|HL].
  2:{ fold L in HL. rewrite <- HL in GP |- *. pose proof (G_nonneg t). replace (G t) with 0 by lra. lra. }
  fold L in HL. set (turn := fun j : index s => gradient_norm r t j / L).
  assert (F : forall j, 0 <= turn j) by (intros j; apply quotient_nonneg; [apply gradient_norm_nonneg|easy]).
  assert (M : forall j, gradient_norm r t j = 0 -> turn j = 0) by (intros j Z; unfold turn; rewrite Z; unfold Rdiv; ring).
  assert (H0 : 0 <= 0 * rest_gradient_norm r t) by lra.
  pose proof (nonzero_position s r t norms) as NP.
  pose proof (descent_along_geodesic r k invariant smooth bounds same t NP turn 0 F M H0) as Q.
  assert (low : f_low <= objective r (geodesic (normalised (position r t)) (downhill r t 0) turn 1)).
  { apply below, geodesic_nonzero; [now apply normalised_on_spheres|now apply downhill_tangent]. }
  unfold quadratic_form in Q. rewrite !(block_sum_alone _ _ i E) in Q. unfold turn in Q, low. fold (G t) in Q. fold L in Q.
  replace (2 * L * (value r t - f_low)) with (G t ^ 2 + 2 * L * (value r t - f_low - G t ^ 2 / (2 * L))) by (field; lra).
  assert (0 <= 2 * L * (value r t - f_low - G t ^ 2 / (2 * L))); [|lra]. apply Rmult_le_pos; [lra|].
  replace (G t ^ 2 / (2 * L)) with (G t / L * G t - L * (G t / L) * (G t / L) / 2) by (field; lra). lra.
Qed.

Lemma run_gradient_bound t : G t <= smaller_gradient_bound L (b 0%nat) (gap r k).
Proof.
  destruct alone as [E N]. apply (gradient_by_rise b G (value r) L f_low); auto using gradient_by_gap.
  apply gradient_diameter_gradient; auto. intros j. now rewrite (one_index _ j i E).
Qed.

Hypothesis Gbar_pos : 0 < Gbar.
Hypothesis bounded : gradient_bounded r k.

Let G_below t : G t <= Gbar.
Proof. apply bounded. Qed.

Section Continuous.
Variables v first last I D_first D : R.
Hypothesis choice : continuous_choice L (b 0%nat) Gbar (gap r k) v first last I D_first D.

Lemma run_continuous_envelope T : b T <= b 0%nat + continuous_increment (b 0%nat) Gbar D_first D.
Proof. now apply (continuous_envelope b G (value r) L f_low Gbar) with (v := v) (first := first) (last := last) (I := I). Qed.

Lemma run_continuous_sum T :
  step_sum T (fun t => block_sum (fun j => gradient_norm r t j ^ 2) + rest_gradient_norm r t ^ 2)
  <= continuous_phases (b 0%nat) Gbar D_first D.
Proof.
  rewrite squares_alone.
  now apply (continuous_sum b G (value r) L f_low Gbar) with (v := v) (first := first) (last := last) (I := I).
Qed.
End Continuous.

Hypothesis two : two_coordinates s.

Let ranged t u : value r t - value r u <= PI ^ 2 / 4 * L.
Proof. now apply value_range. Qed.

Lemma run_two_phase_envelope D T :
  second_phase L (b 0%nat) Gbar (gap r k) D -> b T <= b 0%nat + two_phase_increment (b 0%nat) Gbar D.
Proof. now apply (two_phase_envelope b G (value r) L f_low). Qed.

Lemma run_two_phase_sum D T :
  second_phase L (b 0%nat) Gbar (gap r k) D ->
  step_sum T (fun t => block_sum (fun j => gradient_norm r t j ^ 2) + rest_gradient_norm r t ^ 2)
  <= two_phases (b 0%nat) Gbar D.
Proof. intros K. rewrite squares_alone. now apply (two_phase_sum b G (value r) L f_low). Qed.

Lemma run_rotation_sum D_late v first last I D_first D T :
  second_phase L (b 0%nat) Gbar (gap r k) D_late ->
  continuous_choice L (b 0%nat) Gbar (gap r k) v first last I D_first D ->
  step_sum T (fun t => block_sum (fun j => gradient_norm r t j ^ 2) + rest_gradient_norm r t ^ 2)
  <= by_rotation L (b 0%nat) (least_increment (b 0%nat) Gbar D_late D_first D) (gap r k).
Proof.
  intros K1 K2. rewrite squares_alone. apply (sum_by_rotation b G (value r) L f_low); auto. intros t.
  pose proof (run_two_phase_envelope D_late t K1). pose proof (run_continuous_envelope v first last I D_first D K2 t).
  unfold least_increment. enough (b t - b 0%nat <= Rmin (two_phase_increment (b 0%nat) Gbar D_late)
    (continuous_increment (b 0%nat) Gbar D_first D)) by lra.
  apply Rmin_glb; lra.
Qed.
End Runs.

(** ** The claims *)

Theorem gd_rate_gradient_bound s (r : run s) (k : constants s) :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> gradient_step r -> full_gradient r ->
  constant_rate r -> bounded_below r k -> single_block s -> positive_start r -> positive_rates r -> nonnegative_smoothness k ->
  forall t i, gradient_norm r t i <= smaller_gradient_bound (smoothness k i i) (inverse_rate r 0 i) (gap r k).
Proof. intros ? ? ? ? ? ? ? ? ? ? HL t i. now apply run_gradient_bound. Qed.

Theorem gd_rate_sum_rotation s (r : run s) (k : constants s) i D_late v first last I D_first D :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> two_coordinates s -> gradient_bounded r k ->
  gradient_step r -> full_gradient r -> constant_rate r -> bounded_below r k -> single_block s ->
  positive_start r -> positive_rates r -> 0 < gradient_limit k i ->
  second_phase (smoothness k i i) (inverse_rate r 0 i) (gradient_limit k i) (gap r k) D_late ->
  Rmax (inverse_rate r 0 i) (gradient_limit k i ^ 2 / inverse_rate r 0 i) <= v ->
  infimum_on_boundary (gradient_limit k i / inverse_rate r 0 i) (smoothness k i i / (2 * gradient_limit k i)) first ->
  infimum_on_boundary (gradient_limit k i / v) (smoothness k i i / (2 * gradient_limit k i)) last ->
  slope_integral_up_to (inverse_rate r 0 i) v (gradient_limit k i) (smoothness k i i / (2 * gradient_limit k i)) last I ->
  larger_increment first (smoothness k i i / 2) (inverse_rate r 0 i) (gap r k) D_first ->
  larger_increment last (smoothness k i i / 2) (inverse_rate r 0 i + gradient_limit k i ^ 2 / inverse_rate r 0 i)
    (tangent_level (smoothness k i i) (inverse_rate r 0 i) (gradient_limit k i) (gap r k) v first last I) D ->
  forall T,
  step_sum T (fun t => block_sum (fun j => gradient_norm r t j ^ 2) + rest_gradient_norm r t ^ 2)
  <= by_rotation (smoothness k i i) (inverse_rate r 0 i)
       (least_increment (inverse_rate r 0 i) (gradient_limit k i) D_late D_first D) (gap r k).
Proof.
  intros In W B two Gb G same C low A P R HG K1 Hv Hf Hl HI KF KD T.
  apply run_rotation_sum with (v := v) (first := first) (last := last) (I := I); try easy.
  apply (run_smoothness_nonneg r k); try easy. destruct G. apply norms_stay_positive; try easy. apply W.
Qed.

Theorem gd_rate_sum_two_phase s (r : run s) (k : constants s) i D :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> two_coordinates s -> gradient_bounded r k ->
  gradient_step r -> full_gradient r -> constant_rate r -> bounded_below r k -> single_block s ->
  positive_start r -> positive_rates r -> inverse_rate r 0 i < gradient_limit k i ->
  second_phase (smoothness k i i) (inverse_rate r 0 i) (gradient_limit k i) (gap r k) D ->
  forall T,
  step_sum T (fun t => block_sum (fun j => gradient_norm r t j ^ 2) + rest_gradient_norm r t ^ 2)
  <= two_phases (inverse_rate r 0 i) (gradient_limit k i) D.
Proof.
  intros In W B two Gb G same C low A P R Hb K T.
  assert (0 < gradient_limit k i).
  { eapply Rlt_trans; [|exact Hb]. destruct G. apply inverse_rate_pos; try easy. apply W. }
  apply run_two_phase_sum; try easy.
  apply (run_smoothness_nonneg r k); try easy. destruct G. apply norms_stay_positive; try easy. apply W.
Qed.

Theorem gd_rate_sum_continuous s (r : run s) (k : constants s) i v first last I D_first D :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> gradient_bounded r k ->
  gradient_step r -> full_gradient r -> constant_rate r -> bounded_below r k -> single_block s ->
  positive_start r -> positive_rates r -> 0 <= smoothness k i i -> 0 < gradient_limit k i ->
  Rmax (inverse_rate r 0 i) (gradient_limit k i ^ 2 / inverse_rate r 0 i) <= v ->
  infimum_on_boundary (gradient_limit k i / inverse_rate r 0 i) (smoothness k i i / (2 * gradient_limit k i)) first ->
  infimum_on_boundary (gradient_limit k i / v) (smoothness k i i / (2 * gradient_limit k i)) last ->
  slope_integral_up_to (inverse_rate r 0 i) v (gradient_limit k i) (smoothness k i i / (2 * gradient_limit k i)) last I ->
  larger_increment first (smoothness k i i / 2) (inverse_rate r 0 i) (gap r k) D_first ->
  larger_increment last (smoothness k i i / 2) (inverse_rate r 0 i + gradient_limit k i ^ 2 / inverse_rate r 0 i)
    (tangent_level (smoothness k i i) (inverse_rate r 0 i) (gradient_limit k i) (gap r k) v first last I) D ->
  forall T,
  step_sum T (fun t => block_sum (fun j => gradient_norm r t j ^ 2) + rest_gradient_norm r t ^ 2)
  <= continuous_phases (inverse_rate r 0 i) (gradient_limit k i) D_first D.
Proof.
  intros In W B Gb G same C low A P R HL HG Hv Hf Hl HI KF KD T.
  now apply run_continuous_sum with (v := v) (first := first) (last := last) (I := I).
Qed.
