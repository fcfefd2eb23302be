(** * Smoothness on the product of spheres: great circles, the size of the gradient, the range and the gap *)

From Coq Require Import Reals Lra Lia FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses taylor points scale_invariance norm_growth geodesics.
Local Open Scope R_scope.

(** ** What is missing below *)

(** The smoothness constant of a block with itself is not negative: so it is in every block that has a unit tangent. *)
Definition nonnegative_smoothness {s : shape} (k : constants s) : Prop := forall i, 0 <= smoothness k i i.

(** Every block has at least two coordinates: each vector has a unit vector orthogonal to it. *)
Definition two_coordinates (s : shape) : Prop :=
  forall (i : index s) (x : place s), exists u : place s, norm (part u i) = 1 /\ dot (part x i) (part u i) = 0.

Lemma smoothness_nonneg {s} (r : run s) k :
  two_coordinates s -> smooth_on_spheres r k -> (exists x : place s, on_spheres x) -> nonnegative_smoothness k.
Proof.
  intros H B (x & Hx) i. destruct (H i x) as (u & N & O).
  assert (T : block_tangent x i (inside i u)).
  { split; [now rewrite inside_inside|split; [|now rewrite inside_same]]. apply norm_of_square; [lra|].
    rewrite dot_inside, inside_same, <- norm_squared, N. ring. }
  eapply Rle_trans; [apply Rabs_pos|]. apply (proj1 (B x Hx) i i _ _ T T).
Qed.

(** ** The point at the normalised weights *)

Section Normalised.
Context {s : shape}.
Implicit Types x : place s.

Lemma inverse_norms_pos x : nonzero x -> forall i, 0 < / norm (part x i).
Proof. intros H i. now apply Rinv_0_lt_compat, norm_pos_iff. Qed.

Lemma normalised_on_spheres x : nonzero x -> on_spheres (normalised x).
Proof. intros H i. unfold normalised. parts. apply (unit_vector_norm (part x i)). now apply norm_pos_iff. Qed.

Lemma at_normalised f x : scale_invariant_function f -> nonzero x -> f (normalised x) = f x.
Proof. intros H N. apply invariant_rescale; [easy|now apply inverse_norms_pos]. Qed.

Variable f : place s -> R.
Variable G : place s -> place s.
Hypothesis invariant : scale_invariant_function f.
Hypothesis gradients : forall x, nonzero x -> is_gradient f x (G x).

Lemma gradient_normalised x i : nonzero x -> part (G (normalised x)) i = times (norm (part x i)) (part (G x) i).
Proof.
  intros H. unfold normalised. rewrite (gradient_homogeneous f invariant G gradients) by auto using inverse_norms_pos.
  parts. now rewrite Rinv_inv.
Qed.

Lemma rest_gradient_normalised x : nonzero x -> rest_part (G (normalised x)) = rest_part (G x).
Proof.
  intros H. unfold normalised. rewrite (gradient_homogeneous f invariant G gradients) by auto using inverse_norms_pos.
  now parts.
Qed.
End Normalised.

(** ** Great circles are geodesics on which one block moves *)

Section Circles.
Context {s : shape}.
Variable r : run s.
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : twice_differentiable r.
Hypothesis norms : positive_norms r.
Variables (t : nat) (i : index s) (xi : place s).
Hypothesis tangent : unit_tangent r t i xi.

Let V := normalised (position r t).
Let turn : index s -> R := fun j => if Fin.eq_dec i j then 1 else 0.

Lemma circle_geodesic phi : circle r t i xi phi = geodesic V (inside i xi) turn phi.
Proof.
  unfold circle, geodesic, turn. fold V. apply point_eq; intros; parts.
  - destruct Fin.eq_dec.
    + assert (E : forall v : block s i0, plus v (times (cos phi - 1) v) = times (cos phi) v).
      { intros v. rewrite <- (times_one v) at 1. rewrite <- plus_times. f_equal. ring. }
      now rewrite Rmult_1_l, plus_assoc, E.
    + now rewrite Rmult_0_l, cos_0, sin_0, !times_origin, !plus_origin, times_one.
  - now rewrite !times_origin, !plus_origin.
Qed.

Lemma circle_tangent_velocity phi : circle_tangent r t i xi phi = geodesic_velocity V (inside i xi) turn phi.
Proof.
  unfold circle_tangent, geodesic_velocity, geodesic_direction, turn. fold V. apply point_eq; intros; parts.
  - destruct Fin.eq_dec; [now rewrite Rmult_1_l, times_one|]. now rewrite !times_origin, plus_origin, times_zero.
  - now rewrite !times_origin, plus_origin.
Qed.

Lemma circle_start : on_spheres V.
Proof. now apply normalised_on_spheres, nonzero_position. Qed.

Lemma tangent_at_start j : turn j = 0 \/ (norm (part (inside i xi) j) = 1 /\ dot (part V j) (part (inside i xi) j) = 0).
Proof.
  unfold turn. destruct (Fin.eq_dec i j) as [<-|]; [right|now left]. destruct tangent as [N O].
  rewrite inside_same. split; [easy|]. unfold V, normalised. parts. rewrite dot_times.
  change (part (position r t) i) with (weights r t i). rewrite O. ring.
Qed.

Let G := loss_gradient r t.

Lemma circle_value_derivative phi :
  is_derive (circle_value r t i xi) phi (dot (G (circle r t i xi phi)) (circle_tangent r t i xi phi)).
Proof.
  apply (is_derive_ext (fun phi => loss r t (geodesic V (inside i xi) turn phi))).
  { intros a. unfold circle_value. now rewrite circle_geodesic. }
  rewrite circle_geodesic, circle_tangent_velocity.
  apply along_geodesic; [apply circle_start|apply tangent_at_start|apply smooth].
Qed.

Lemma circle_second_derivative phi :
  is_derive (fun phi => dot (G (circle r t i xi phi)) (circle_tangent r t i xi phi)) phi (circle_curvature r t i xi phi).
Proof.
  apply (is_derive_ext (fun a => dot (G (geodesic V (inside i xi) turn a)) (geodesic_velocity V (inside i xi) turn a))).
  { intros a. now rewrite circle_geodesic, circle_tangent_velocity. }
  unfold circle_curvature. rewrite circle_geodesic, circle_tangent_velocity.
  apply twice_along_geodesic; [apply circle_start|apply tangent_at_start|apply invariant|apply smooth|apply smooth].
Qed.

Lemma circle_second_is_curvature phi : circle_second r t i xi phi = circle_curvature r t i xi phi.
Proof.
  unfold circle_second. rewrite (Derive_ext _ (fun phi => dot (G (circle r t i xi phi)) (circle_tangent r t i xi phi))).
  - apply is_derive_unique, circle_second_derivative.
  - intros a. apply is_derive_unique, circle_value_derivative.
Qed.

Lemma circle_on_spheres phi : on_spheres (circle r t i xi phi).
Proof. rewrite circle_geodesic. apply geodesic_on_spheres; [apply circle_start|apply tangent_at_start]. Qed.

Lemma circle_tangent_is_tangent phi : block_tangent (circle r t i xi phi) i (circle_tangent r t i xi phi).
Proof.
  pose proof (direction_tangent V (inside i xi) turn circle_start tangent_at_start phi i) as H.
  rewrite circle_geodesic, circle_tangent_velocity. unfold geodesic_velocity.
  replace (rescale turn (geodesic_direction V (inside i xi) turn phi))
    with (inside i (geodesic_direction V (inside i xi) turn phi)).
  - apply H. unfold turn. destruct Fin.eq_dec; [lra|easy].
  - unfold geodesic_direction, turn. apply point_eq; intros; parts; [|easy].
    destruct Fin.eq_dec; [now rewrite times_one|now rewrite times_zero].
Qed.

Lemma circle_closes phi : circle_value r t i xi (phi + 2 * PI) = circle_value r t i xi phi.
Proof.
  unfold circle_value, circle.
  now rewrite cos_plus, sin_plus, cos_2PI, sin_2PI, !Rmult_0_r, !Rmult_1_r, Rminus_0_r, Rplus_0_r.
Qed.

(** Half a turn leads to the opposite weights of the block. *)
Lemma half_turn phi : circle r t i xi (phi + PI) = rescale (only i (-1)) (circle r t i xi phi).
Proof.
  rewrite !circle_geodesic. unfold geodesic, turn, only. apply point_eq; intros; parts; [|now rewrite !times_origin].
  destruct Fin.eq_dec.
  - rewrite !Rmult_1_l, neg_cos, neg_sin, times_combination. do 2 f_equal; ring.
  - now rewrite !Rmult_0_l, times_one.
Qed.

Hypothesis same : full_gradient r.
Variable k : constants s.
Hypothesis bounds : smooth_on_spheres r k.

Lemma loss_is_objective : loss r t = objective r.
Proof. apply functional_extensionality, same. Qed.

Lemma circle_curvature_le phi : Rabs (circle_curvature r t i xi phi) <= smoothness k i i.
Proof.
  unfold circle_curvature. rewrite loss_is_objective.
  apply (bounds _ (circle_on_spheres phi)); apply circle_tangent_is_tangent.
Qed.

Lemma circle_closes_early phi : even_function r -> circle_value r t i xi (phi + PI) = circle_value r t i xi phi.
Proof. intros E. unfold circle_value. rewrite half_turn, loss_is_objective. apply E. Qed.
End Circles.

Theorem intrinsic_smoothness_hessian s (r : run s) :
  scale_invariant r -> twice_differentiable r -> positive_norms r ->
  forall t i xi phi, unit_tangent r t i xi -> circle_second r t i xi phi = circle_curvature r t i xi phi.
Proof. intros. now apply circle_second_is_curvature. Qed.

Theorem intrinsic_smoothness_bound s (r : run s) k :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> full_gradient r -> positive_norms r ->
  forall t i xi phi, unit_tangent r t i xi -> Rabs (circle_second r t i xi phi) <= smoothness k i i.
Proof. intros. rewrite circle_second_is_curvature by easy. now apply circle_curvature_le. Qed.

(** ** The gradient *)

Section Gradient.
Context {s : shape}.
Variables (r : run s) (k : constants s).
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : twice_differentiable r.
Hypothesis bounds : smooth_on_spheres r k.
Hypothesis same : full_gradient r.
Hypothesis norms : positive_norms r.

(** The unit tangent along the gradient of a block. *)
Definition steepest t i : place s := times (/ norm (gradient r t i)) (loss_gradient r t (position r t)).

Lemma steepest_tangent t i : norm (gradient r t i) <> 0 -> unit_tangent r t i (steepest t i).
Proof.
  intros H. unfold steepest, unit_tangent. parts. change (part (loss_gradient r t (position r t)) i) with (gradient r t i).
  split.
  - apply unit_vector_norm. pose proof (norm_nonneg (gradient r t i)). lra.
  - rewrite dot_times_r, weights_orthogonal_at; [ring|easy|apply smooth|apply norms].
Qed.

Lemma slope_at_start t i :
  norm (gradient r t i) <> 0 ->
  dot (loss_gradient r t (circle r t i (steepest t i) 0)) (circle_tangent r t i (steepest t i) 0) = gradient_norm r t i.
Proof.
  intros H. pose proof (nonzero_position s r t norms) as N.
  replace (circle r t i (steepest t i) 0) with (normalised (position r t)).
  - unfold circle_tangent. rewrite sin_0, cos_0, Ropp_0, times_zero, times_one, origin_plus, dot_inside.
    rewrite (gradient_normalised (loss r t)); [|apply invariant|apply smooth|easy].
    unfold steepest. parts. change (part (loss_gradient r t (position r t)) i) with (gradient r t i).
    rewrite dot_times, dot_times_r, <- norm_squared. unfold gradient_norm, weights. field. easy.
  - unfold circle. rewrite sin_0, cos_0. replace (1 - 1) with 0 by ring. now rewrite !times_zero, !plus_origin.
Qed.

Lemma gradient_norm_zero t i : norm (gradient r t i) = 0 -> gradient_norm r t i = 0.
Proof. unfold gradient_norm. intros ->. ring. Qed.

Hypothesis nonnegative : nonnegative_smoothness k.

Lemma gradient_by_period t i P :
  0 < P -> (forall xi phi, circle_value r t i xi (phi + P) = circle_value r t i xi phi) ->
  gradient_norm r t i <= P / 4 * smoothness k i i.
Proof.
  intros HP C. destruct (Req_dec (norm (gradient r t i)) 0) as [Z|Z].
  - rewrite gradient_norm_zero by easy. apply Rmult_le_pos; [lra|apply nonnegative].
  - pose proof (steepest_tangent t i Z) as T. rewrite <- slope_at_start by easy.
    apply (periodic_slope (circle_value r t i (steepest t i))
      (fun phi => dot (loss_gradient r t (circle r t i (steepest t i) phi)) (circle_tangent r t i (steepest t i) phi))
      (circle_curvature r t i (steepest t i))); try easy; intros phi.
    + now apply circle_value_derivative.
    + now apply circle_second_derivative.
    + now apply circle_curvature_le.
Qed.

Lemma range_by_period t i xi phi P :
  0 < P -> (forall phi, circle_value r t i xi (phi + P) = circle_value r t i xi phi) -> unit_tangent r t i xi ->
  Rabs (circle_drop r t i xi phi) <= P ^ 2 / 16 * smoothness k i i.
Proof.
  intros HP C T. unfold circle_drop.
  apply (periodic_range (circle_value r t i xi)
    (fun phi => dot (loss_gradient r t (circle r t i xi phi)) (circle_tangent r t i xi phi))
    (circle_curvature r t i xi)); try easy; intros a.
  - now apply circle_value_derivative.
  - now apply circle_second_derivative.
  - now apply circle_curvature_le.
Qed.
End Gradient.

Theorem gradient_diameter_gradient s (r : run s) k :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> nonnegative_smoothness k ->
  full_gradient r -> positive_norms r ->
  forall t i, gradient_norm r t i <= PI / 2 * smoothness k i i.
Proof.
  intros. replace (PI / 2) with (2 * PI / 4) by field. pose proof PI_RGT_0.
  apply gradient_by_period; try easy; [lra|]. intros. apply circle_closes.
Qed.

Theorem gradient_diameter_gradient_even s (r : run s) k :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> nonnegative_smoothness k ->
  even_function r -> full_gradient r -> positive_norms r ->
  forall t i, gradient_norm r t i <= PI / 4 * smoothness k i i.
Proof.
  intros. pose proof PI_RGT_0. apply gradient_by_period; try easy. intros. now apply circle_closes_early.
Qed.

Theorem gradient_diameter_range s (r : run s) k :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> full_gradient r -> positive_norms r ->
  forall t i xi phi, unit_tangent r t i xi -> Rabs (circle_drop r t i xi phi) <= PI ^ 2 / 4 * smoothness k i i.
Proof.
  intros. replace (PI ^ 2 / 4) with ((2 * PI) ^ 2 / 16) by field. pose proof PI_RGT_0.
  apply range_by_period; try easy; [lra|]. intros. apply circle_closes.
Qed.

Theorem gradient_diameter_range_even s (r : run s) k :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> even_function r -> full_gradient r ->
  positive_norms r ->
  forall t i xi phi, unit_tangent r t i xi -> Rabs (circle_drop r t i xi phi) <= PI ^ 2 / 16 * smoothness k i i.
Proof.
  intros. pose proof PI_RGT_0. apply range_by_period; try easy. intros. now apply circle_closes_early.
Qed.

(** ** The gap *)

Section Gap.
Context {s : shape}.
Variables (r : run s) (k : constants s).
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : twice_differentiable r.
Hypothesis bounds : smooth_on_spheres r k.
Hypothesis same : full_gradient r.

Lemma gradient_is_mean t : nonzero (position r t) -> loss_gradient r t (position r t) = objective_gradient r (position r t).
Proof.
  intros N. destruct smooth as ((D1 & D2) & _). apply (gradient_unique (objective r) (position r t)); [|now apply D2].
  rewrite <- (functional_extensionality (loss r t) (objective r) (same t)). now apply D1.
Qed.

Variable t : nat.
Hypothesis start : nonzero (position r t).
Variables (turn : index s -> R) (rate : R).
Hypothesis forwards : forall i, 0 <= turn i.
Hypothesis only_moving : forall i, gradient_norm r t i = 0 -> turn i = 0.
Hypothesis rate_nonneg : 0 <= rate * rest_gradient_norm r t.

(** Every block on its great circle against the gradient, g on a line against its own. *)
Definition downhill : place s :=
  assemble (fun i => times (-1) (unit_vector (gradient r t i))) (times (- rate) (rest_gradient r t)).

Lemma downhill_tangent i :
  turn i = 0 \/ (norm (part downhill i) = 1 /\ dot (part (normalised (position r t)) i) (part downhill i) = 0).
Proof.
  destruct (Req_dec (gradient_norm r t i) 0) as [Z|Z]; [left; now apply only_moving|right].
  assert (N : norm (gradient r t i) <> 0) by (intros E; apply Z; now apply gradient_norm_zero).
  unfold downhill, normalised. parts. split.
  - rewrite norm_times, unit_vector_norm; [rewrite Rabs_left; lra|]. pose proof (norm_nonneg (gradient r t i)). lra.
  - unfold unit_vector. rewrite dot_times, !dot_times_r, (dot_comm (part (position r t) i)).
    unfold gradient. rewrite (gradient_orthogonal (loss r t)); [ring|apply invariant|]. now apply smooth.
Qed.

Lemma rest_downhill : norm (rest_part downhill) = rate * rest_gradient_norm r t.
Proof.
  unfold downhill. parts. rewrite norm_times. fold (rest_gradient_norm r t).
  rewrite <- (Rabs_pos_eq (rest_gradient_norm r t)) at 1 by apply norm_nonneg.
  now rewrite <- Rabs_mult, Ropp_mult_distr_l_reverse, Rabs_Ropp, Rabs_pos_eq.
Qed.

Lemma descent_along_geodesic :
  objective r (geodesic (normalised (position r t)) downhill turn 1)
  <= value r t - (block_sum (fun i => turn i * gradient_norm r t i) + rate * rest_gradient_norm r t ^ 2)
     + quadratic_form k turn (rate * rest_gradient_norm r t) / 2.
Proof.
  pose proof (geodesic_bound r k invariant smooth bounds (normalised (position r t)) downhill turn
    (normalised_on_spheres _ start) downhill_tangent forwards) as Q.
  destruct smooth as ((_ & D) & _). destruct invariant as (_ & I).
  rewrite rest_downhill, at_normalised in Q by easy. fold (value r t) in Q.
  rewrite (rest_gradient_normalised (objective r)) in Q by easy.
  assert (E : block_sum (fun i => turn i * dot (part (objective_gradient r (normalised (position r t))) i) (part downhill i))
    = - block_sum (fun i => turn i * gradient_norm r t i)).
  { rewrite <- (Rmult_1_l (block_sum (fun i => turn i * gradient_norm r t i))), Ropp_mult_distr_l, <- block_sum_scale.
    apply block_sum_ext. intros i.
    rewrite (gradient_normalised (objective r)), <- gradient_is_mean by easy.
    change (part (loss_gradient r t (position r t)) i) with (gradient r t i).
    unfold downhill. parts. rewrite dot_times, dot_times_r.
    rewrite <- (times_unit_vector (gradient r t i)) at 1. rewrite dot_times.
    unfold gradient_norm. change (part (position r t) i) with (weights r t i).
    destruct (Req_dec (norm (gradient r t i)) 0) as [Z|Z]; [rewrite Z; ring|].
    rewrite <- norm_squared, unit_vector_norm by (pose proof (norm_nonneg (gradient r t i)); lra). ring. }
  rewrite E, <- gradient_is_mean in Q by easy.
  change (rest_part (loss_gradient r t (position r t))) with (rest_gradient r t) in Q.
  unfold downhill at 2 in Q. parts. rewrite dot_times_r, <- norm_squared in Q. fold (rest_gradient_norm r t) in Q. lra.
Qed.
End Gap.

Theorem gradient_diameter_gap s (r : run s) k :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> decoupled k -> bounded_below r k ->
  full_gradient r -> positive_norms r -> 0 < rest_decoupled k \/ @no_rest s ->
  forall t,
  block_sum (fun i => gradient_norm r t i ^ 2 / (2 * decoupled_smoothness k i))
    + rest_gradient_norm r t ^ 2 / (2 * rest_decoupled k)
  <= step_value r t - least_value k.
Proof.
  intros I D B (Lam & Q) low same norms Lg t. pose proof (nonzero_position s r t norms) as N.
  set (turn := fun i => gradient_norm r t i / decoupled_smoothness k i).
  set (H := rest_gradient_norm r t). set (rate := / rest_decoupled k).
  assert (HL : 0 <= rate * H /\ rest_decoupled k * (rate * H) ^ 2 = rate * H ^ 2).
  { destruct Lg as [Lg|Z].
    - split; [apply Rmult_le_pos; [now apply Rlt_le, Rinv_0_lt_compat|apply norm_nonneg]|]. unfold rate. field. lra.
    - unfold H, rest_gradient_norm. rewrite (Z (rest_gradient r t)), norm_origin. split; [lra|ring]. }
  assert (F : forall i, 0 <= turn i).
  { intros i. apply quotient_nonneg; [apply gradient_norm_nonneg|apply Lam]. }
  assert (M : forall i, gradient_norm r t i = 0 -> turn i = 0) by (intros i E; unfold turn; rewrite E; unfold Rdiv; ring).
  pose proof (descent_along_geodesic r k I D B same t N turn rate F M (proj1 HL)) as P. fold H in P.
  specialize (Q turn (rate * H)). rewrite (proj2 HL) in Q.
  assert (low_end : least_value k <= objective r (geodesic (normalised (position r t)) (downhill r t rate) turn 1)).
  { apply low, geodesic_nonzero; [now apply normalised_on_spheres|now apply downhill_tangent]. }
  replace (step_value r t) with (value r t) by (unfold step_value, value; symmetry; apply same).
  replace (H ^ 2 / (2 * rest_decoupled k)) with (rate * H ^ 2 - rate * H ^ 2 / 2)
    by (unfold Rdiv; rewrite Rinv_mult; fold rate; field).
  assert (E : block_sum (fun i => gradient_norm r t i ^ 2 / (2 * decoupled_smoothness k i))
    = block_sum (fun i => turn i * gradient_norm r t i) - block_sum (fun i => decoupled_smoothness k i * turn i ^ 2) / 2).
  { unfold Rdiv at 2. rewrite (Rmult_comm _ (/ 2)), <- block_sum_scale, <- block_sum_minus. apply block_sum_ext. intros i.
    unfold turn. specialize (Lam i). field. lra. }
  rewrite E. lra.
Qed.
