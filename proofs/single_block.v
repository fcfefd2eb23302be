(** * Gradient descent with one block and no scale-variant parameters *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary norm_growth elementary lyapunov roots gd_rate.
From Ratetheory Require Import phases continuous_phases.
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
Hypothesis smooth : differentiable r.
Hypothesis step : gradient_step r.
Hypothesis constant : constant_rate r.
Hypothesis start : positive_start r.
Hypothesis rates : positive_rates r.
Hypothesis below : bounded_below r k.
Hypothesis alone : single_block (s := s).
Hypothesis L_nonneg : 0 <= smoothness k i i.

Let b t := inverse_rate r t i.
Let G t := gradient_norm r t i.
Let L := smoothness k i i.
Let Gbar := gradient_limit k i.
Let f_low := least_value k.

Hypothesis descent : single_descent b G (value r) L.

Let b_start : 0 < b 0%nat.
Proof. destruct step. now apply inverse_rate_pos. Qed.
Let b_grows t : b (S t) = b t + G t ^ 2 / b t.
Proof. destruct step. now apply inverse_rate_grows. Qed.
Let G_nonneg t : 0 <= G t.
Proof. apply gradient_norm_nonneg. Qed.
Let above t : f_low <= value r t.
Proof. now apply run_value_above. Qed.

Lemma squares_alone T :
  step_sum T (fun t => block_sum (fun j => gradient_norm r t j ^ 2) + rest_gradient_norm r t ^ 2)
  = step_sum T (fun t => G t ^ 2).
Proof.
  destruct alone as [E N]. apply step_sum_ext. intros t _.
  rewrite (block_sum_alone _ (fun j => gradient_norm r t j ^ 2) i E), (rest_gradient_absent r t N). unfold G. ring.
Qed.

(** What smoothness alone says of the gradient. *)
Lemma run_gradient_bound t :
  G t <= PI / 2 * L -> G t ^ 2 <= 2 * L * (value r t - f_low) -> G t <= smaller_gradient_bound L (b 0%nat) (gap r k).
Proof. now apply (gradient_by_rise b G (value r) L f_low). Qed.

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

Hypothesis ranged : forall t u, value r t - value r u <= PI ^ 2 / 4 * L.

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
