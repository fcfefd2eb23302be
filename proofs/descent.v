(** * Geodesic descent: one step of gradient descent on the product of spheres *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points scale_invariance norm_growth geodesics smoothness.
Local Open Scope R_scope.

(** ** What is missing below *)

(** The rate of g is not negative, where there is g. *)
Definition nonnegative_rest_rate {s : shape} (r : run s) : Prop := 0 <= rest_rate r \/ @no_rest s.

(** ** The step is a geodesic *)

Section Step.
Context {s : shape}.
Variables (r : run s) (k : constants s).
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : twice_differentiable r.
Hypothesis bounds : smooth_on_spheres r k.
Hypothesis same : full_gradient r.
Hypothesis start : positive_start r.
Hypothesis rates : positive_rates r.
Hypothesis step : gradient_step r.
Hypothesis rest_rate_nonneg : nonnegative_rest_rate r.

(** The point after the step, normalised, is the end of the geodesic. *)
Lemma normalised_after t :
  normalised (position r (S t)) = geodesic (normalised (position r t)) (downhill r t (rest_rate r)) (turned r t) 1.
Proof.
  destruct step as [B R]. destruct smooth as (D & _). unfold normalised, geodesic, downhill. apply point_eq; intros; parts.
  - pose proof (direction_after r invariant D start B rates t i) as E. unfold unit_vector at 1 2 in E.
    change (part (position r (S t)) i) with (weights r (S t) i). change (part (position r t) i) with (weights r t i).
    rewrite E, Rmult_1_r. unfold minus. f_equal. rewrite !times_times. f_equal. ring.
  - rewrite R. unfold minus. rewrite times_one, times_times. do 2 f_equal. ring.
Qed.

Lemma turned_nonneg t i : 0 <= turned r t i.
Proof.
  destruct step as [B _]. destruct smooth as (D & _). unfold turned. rewrite <- atan_0.
  destruct (tangent_nonneg r invariant D start B rates t i) as [H|<-]; [now apply Rlt_le, atan_increasing|lra].
Qed.

Lemma turned_zero t i : gradient_norm r t i = 0 -> turned r t i = 0.
Proof. unfold turned. intros ->. unfold Rdiv. now rewrite Rmult_0_l, atan_0. Qed.

Lemma rest_move_nonneg t : 0 <= rest_rate r * rest_gradient_norm r t.
Proof.
  destruct rest_rate_nonneg as [H|Z]; [apply Rmult_le_pos; [easy|apply norm_nonneg]|].
  unfold rest_gradient_norm. rewrite (Z (rest_gradient r t)), norm_origin. lra.
Qed.

Lemma coupled_descent t :
  value r (S t)
  <= value r t - (block_sum (fun i => turned r t i * gradient_norm r t i) + rest_rate r * rest_gradient_norm r t ^ 2)
     + quadratic_form k (turned r t) (rest_rate r * rest_gradient_norm r t) / 2.
Proof.
  destruct step as [B _]. destruct smooth as (D & _).
  assert (N : forall u, nonzero (position r u)) by (intros u; now apply position_nonzero).
  unfold value at 1. rewrite <- (at_normalised (objective r)) by (easy || apply invariant). rewrite normalised_after.
  apply descent_along_geodesic; auto using turned_nonneg, turned_zero, rest_move_nonneg.
Qed.
End Step.

(** ** The claims *)

Theorem geodesic_descent_coupled s (r : run s) k :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> gradient_step r -> full_gradient r ->
  positive_start r -> positive_rates r -> nonnegative_rest_rate r ->
  forall t,
  value r (S t)
  <= value r t
     - (block_sum (fun i => atan (gradient_norm r t i / inverse_rate r t i) * gradient_norm r t i)
        + rest_rate r * rest_gradient_norm r t ^ 2)
     + quadratic_form k (fun i => atan (gradient_norm r t i / inverse_rate r t i))
         (rest_rate r * rest_gradient_norm r t) / 2.
Proof. intros. now apply coupled_descent. Qed.

Theorem geodesic_descent_decoupled s (r : run s) k :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> gradient_step r -> full_gradient r ->
  decoupled k -> positive_start r -> positive_rates r -> nonnegative_rest_rate r ->
  forall t,
  value r (S t)
  <= value r t
     - block_sum (fun i => atan (gradient_norm r t i / inverse_rate r t i) * gradient_norm r t i
                           - decoupled_smoothness k i * atan (gradient_norm r t i / inverse_rate r t i) ^ 2 / 2)
     - kappa r k * rest_rate r * rest_gradient_norm r t ^ 2.
Proof.
  intros I D B G same (_ & Q) P R E t. pose proof (geodesic_descent_coupled s r k I D B G same P R E t) as C.
  set (theta i := atan (gradient_norm r t i / inverse_rate r t i)) in *.
  specialize (Q theta (rest_rate r * rest_gradient_norm r t)). unfold kappa.
  rewrite (block_sum_ext (fun i => atan _ * _ - _ / 2)
    (fun i => theta i * gradient_norm r t i - / 2 * (decoupled_smoothness k i * theta i ^ 2))).
  2:{ intros i. fold (theta i). unfold Rdiv. ring. }
  rewrite block_sum_minus, block_sum_scale.
  change (fun i => atan (gradient_norm r t i / inverse_rate r t i) * gradient_norm r t i)
    with (fun i => theta i * gradient_norm r t i) in C.
  simpl in *. lra.
Qed.
