(** * Great circles join any two points of a sphere: the range of the loss *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points scale_invariance geodesics smoothness.
Local Open Scope R_scope.

Section Points.
Context {s : shape}.
Implicit Types x y : place s.

(** y is x turned in block i: by the angle between them, along what y has orthogonal to x. *)
Lemma joined_in_block x y i :
  two_coordinates s -> norm (part x i) = 1 -> norm (part y i) = 1 ->
  exists xi phi, norm (part xi i) = 1 /\ dot (part x i) (part xi i) = 0 /\
    part y i = plus (times (cos phi) (part x i)) (times (sin phi) (part xi i)).
Proof.
  intros two X Y. set (c := dot (part x i) (part y i)). set (z := minus y (times c x)).
  assert (C : -1 <= c <= 1).
  { apply Rabs_le_between. eapply Rle_trans; [apply cauchy_schwarz|]. rewrite X, Y. lra. }
  assert (XX : dot (part x i) (part x i) = 1) by (rewrite <- norm_squared, X; ring).
  assert (YY : dot (part y i) (part y i) = 1) by (rewrite <- norm_squared, Y; ring).
  assert (O : dot (part x i) (part z i) = 0).
  { unfold z. rewrite part_minus. parts. rewrite dot_minus_r, dot_times_r, XX. fold c. ring. }
  assert (N : norm (part z i) = sin (acos c)).
  { rewrite sin_acos by easy. unfold norm. f_equal. unfold z. rewrite part_minus. parts.
    rewrite dot_minus, !dot_minus_r, !dot_times, !dot_times_r, (dot_comm (part y i) (part x i)), XX, YY. fold c.
    unfold Rsqr. ring. }
  assert (E : part y i = plus (times (cos (acos c)) (part x i)) (part z i)).
  { rewrite cos_acos by easy. unfold z. rewrite part_minus. parts. now rewrite plus_comm, minus_plus. }
  destruct (Req_dec (norm (part z i)) 0) as [Z|Z].
  - destruct (two i x) as (u & U & V). exists u, (acos c). split; [easy|split; [easy|]].
    rewrite E, <- N, Z, times_zero. f_equal. now apply norm_zero.
  - exists (times (/ norm (part z i)) z), (acos c). parts. split; [|split].
    + apply unit_vector_norm. pose proof (norm_nonneg (part z i)). lra.
    + rewrite dot_times_r, O. ring.
    + rewrite E. f_equal. rewrite <- N. symmetry. apply times_unit_vector.
Qed.
End Points.

(** ** The range of the loss over one block, from a point of the run *)

Section Range.
Context {s : shape}.
Variables (r : run s) (k : constants s).
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : twice_differentiable r.
Hypothesis bounds : smooth_on_spheres r k.
Hypothesis two : two_coordinates s.
Hypothesis same : full_gradient r.
Hypothesis norms : positive_norms r.

Lemma block_range t i y :
  on_spheres y -> (forall j, i <> j -> part y j = part (normalised (position r t)) j) ->
  rest_part y = rest_part (position r t) -> Rabs (objective r y - value r t) <= PI ^ 2 / 4 * smoothness k i i.
Proof.
  intros Y J Q. pose proof (nonzero_position s r t norms) as N. set (V := normalised (position r t)) in *.
  assert (SV : on_spheres V) by now apply normalised_on_spheres.
  destruct (joined_in_block V y i two (SV i) (Y i)) as (xi & phi & U & O & E).
  assert (T : unit_tangent r t i xi).
  { split; [easy|]. unfold V, normalised in O. parts. rewrite dot_times in O.
    change (part (position r t) i) with (weights r t i) in O. apply Rmult_integral in O. destruct O as [O|O]; [|easy].
    pose proof (inverse_norms_pos _ N i) as P. change (part (position r t) i) with (weights r t i) in P. lra. }
  assert (End : circle r t i xi phi = y).
  { rewrite circle_geodesic. fold V. unfold geodesic. apply point_eq; intros; parts.
    - destruct Fin.eq_dec as [<-|D]; [now rewrite Rmult_1_l|].
      rewrite Rmult_0_l, cos_0, sin_0, times_zero, times_one, plus_origin. symmetry. now apply J.
    - rewrite times_origin, plus_origin, Q. unfold V, normalised. now parts. }
  assert (Start : circle r t i xi 0 = V).
  { unfold circle. fold V. rewrite sin_0, cos_0. replace (1 - 1) with 0 by ring. now rewrite !times_zero, !plus_origin. }
  pose proof (gradient_diameter_range s r k invariant smooth bounds same norms t i xi phi T) as R.
  unfold circle_drop, circle_value in R. rewrite End, Start, !same in R. unfold V in R.
  rewrite (at_normalised (objective r)) in R by (easy || apply invariant). exact R.
Qed.

Lemma run_smoothness_nonneg : nonnegative_smoothness k.
Proof.
  apply (smoothness_nonneg r); [easy|easy|]. exists (normalised (position r 0)).
  apply normalised_on_spheres, nonzero_position, norms.
Qed.

(** One block and nothing else: the whole range. *)
Lemma whole_range i :
  single_block (s := s) -> forall t x, nonzero x -> Rabs (objective r x - value r t) <= PI ^ 2 / 4 * smoothness k i i.
Proof.
  intros [M Z] t x X. rewrite <- (at_normalised (objective r) x) by (easy || apply invariant). apply block_range.
  - now apply normalised_on_spheres.
  - intros j D. elim D. generalize i j. rewrite M. intros a b. apply (Fin.caseS' a); [|intros p; inversion p].
    apply (Fin.caseS' b); [easy|intros p; inversion p].
  - now rewrite (Z (rest_part (normalised x))), (Z (rest_part (position r t))).
Qed.

Lemma value_range i : single_block (s := s) -> forall t u, value r t - value r u <= PI ^ 2 / 4 * smoothness k i i.
Proof.
  intros A t u. eapply Rle_trans; [apply Rle_abs|]. now apply whole_range, nonzero_position.
Qed.
End Range.

(** ** The full gradient of any run

    A run that steps along other losses passes through the points of one that has the full loss at every step. *)

Section Mean.
Context {s : shape}.
Variables (r : run s) (k : constants s).

Definition full_run : run s := {|
  loss := fun _ => objective r; loss_gradient := fun _ => objective_gradient r;
  objective := objective r; objective_gradient := objective_gradient r; position := position r;
  learning_rate := learning_rate r; rest_rate := rest_rate r; rest_schedule := rest_schedule r; decay := decay r;
  momentum := momentum r; buffer := buffer r; first_shift := first_shift r |}.

Hypothesis invariant : scale_invariant r.
Hypothesis smooth : twice_differentiable r.
Hypothesis bounds : smooth_on_spheres r k.
Hypothesis norms : positive_norms r.

Lemma full_invariant : scale_invariant full_run.
Proof. destruct invariant as [_ I]. now split. Qed.

Lemma full_smooth : twice_differentiable full_run.
Proof. destruct smooth as ((_ & D) & _ & J). now repeat split. Qed.

Lemma mean_gradient_diameter t i : nonnegative_smoothness k -> mean_gradient_norm r t i <= PI / 2 * smoothness k i i.
Proof.
  intros P. now apply (gradient_diameter_gradient s full_run k full_invariant full_smooth bounds P (fun _ _ => eq_refl) norms).
Qed.

Lemma mean_gradient_gap t :
  decoupled k -> bounded_below r k -> 0 < rest_decoupled k \/ @no_rest s ->
  block_sum (fun i => mean_gradient_norm r t i ^ 2 / (2 * decoupled_smoothness k i))
    + mean_rest_gradient_norm r t ^ 2 / (2 * rest_decoupled k)
  <= value r t - least_value k.
Proof.
  intros D B P.
  exact (gradient_diameter_gap s full_run k full_invariant full_smooth bounds D B (fun _ _ => eq_refl) norms P t).
Qed.
End Mean.
