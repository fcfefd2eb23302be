(** * Geodesics on the product of the spheres: blocks on great circles, g on a line *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses taylor points scale_invariance.
Local Open Scope R_scope.

(** ** Sums of vectors over the blocks *)

Fixpoint vector_sum {E : space} {m : nat} : (Fin.t m -> E) -> E :=
  match m with O => fun _ => origin | S n => fun u => plus (u Fin.F1) (vector_sum (fun i => u (Fin.FS i))) end.

Lemma vector_sum_origin {E : space} {m} (u : Fin.t m -> E) : (forall i, u i = origin) -> vector_sum u = origin.
Proof. induction m as [|m IH]; intros H; simpl; [easy|]. rewrite (H Fin.F1), IH by auto. apply plus_origin. Qed.

Lemma vector_sum_one {E : space} {m} (u : Fin.t m -> E) i : (forall j, j <> i -> u j = origin) -> vector_sum u = u i.
Proof.
  induction i as [m|m i IH]; intros H; simpl.
  - rewrite vector_sum_origin; [apply plus_origin|]. intros j. apply H. discriminate.
  - rewrite (H Fin.F1) by discriminate. rewrite (IH (fun j => u (Fin.FS j))); [apply origin_plus|].
    intros j Hj. apply H. intros E'. apply Hj. now apply Fin.FS_inj.
Qed.

Lemma additive_sum {E : space} (l : E -> R) {m} (u : Fin.t m -> E) :
  l origin = 0 -> (forall v w, l (plus v w) = l v + l w) -> l (vector_sum u) = block_sum (fun i => l (u i)).
Proof. intros Z A. induction m as [|m IH]; simpl; [easy|]. now rewrite A, IH. Qed.

Section Sums.
Context {s : shape}.
Implicit Types (x y u v : place s) (i j : index s).

(** What a point has in g. *)
Definition in_rest u : place s := assemble (fun _ => origin) (rest_part u).

Lemma part_vector_sum {m} (u : Fin.t m -> place s) j : part (vector_sum u) j = vector_sum (fun n => part (u n) j).
Proof. induction m as [|m IH]; simpl; parts; [easy|]. now rewrite IH. Qed.

Lemma rest_vector_sum {m} (u : Fin.t m -> place s) : rest_part (vector_sum u) = vector_sum (fun n => rest_part (u n)).
Proof. induction m as [|m IH]; simpl; parts; [easy|]. now rewrite IH. Qed.

(** A point is the sum of what it has in the blocks and in g. *)
Lemma sum_of_parts (turn : index s -> R) u :
  rescale turn u = plus (vector_sum (fun i => times (turn i) (inside i u))) (in_rest u).
Proof.
  unfold in_rest. apply point_eq; intros; parts.
  - rewrite part_vector_sum, plus_origin, (vector_sum_one _ i); parts.
    + now destruct Fin.eq_dec.
    + intros j Hj. parts. destruct Fin.eq_dec; [congruence|]. apply times_origin.
  - rewrite rest_vector_sum, vector_sum_origin, origin_plus; [easy|]. intros i. parts. apply times_origin.
Qed.

(** A form that is linear in both places, at a sum of parts. *)
Lemma bilinear_of_parts (B : place s -> place s -> R) (turn : index s -> R) u :
  (forall a b c, B (plus a b) c = B a c + B b c) -> (forall a b c, B a (plus b c) = B a b + B a c) ->
  (forall k a b, B (times k a) b = k * B a b) -> (forall k a b, B a (times k b) = k * B a b) ->
  B (rescale turn u) (rescale turn u)
  = block_sum (fun i => block_sum (fun j => turn i * turn j * B (inside i u) (inside j u)))
    + block_sum (fun i => turn i * (B (inside i u) (in_rest u) + B (in_rest u) (inside i u))) + B (in_rest u) (in_rest u).
Proof.
  intros A1 A2 T1 T2.
  assert (Z1 : forall v, B origin v = 0) by (intros v; rewrite <- (times_zero v) at 1; rewrite T1; ring).
  assert (Z2 : forall v, B v origin = 0) by (intros v; rewrite <- (times_zero v) at 1; rewrite T2; ring).
  rewrite sum_of_parts, A1, !A2.
  rewrite (additive_sum (fun v => B v (vector_sum _))) by auto.
  rewrite (additive_sum (fun v => B v (in_rest u))), (additive_sum (B (in_rest u))) by auto.
  rewrite (block_sum_ext (fun i => turn i * (_ + _))
    (fun i => B (times (turn i) (inside i u)) (in_rest u) + B (in_rest u) (times (turn i) (inside i u)))).
  2:{ intros i. rewrite T1, T2. ring. }
  rewrite block_sum_plus.
  rewrite (block_sum_ext _ (fun i => block_sum (fun j => turn i * turn j * B (inside i u) (inside j u)))).
  2:{ intros i. rewrite (additive_sum (B _)) by auto. apply block_sum_ext. intros j. rewrite T1, T2. ring. }
  ring.
Qed.
End Sums.

(** ** Geodesics *)

Lemma velocity_ext {E : space} (c d : R -> E) a v : (forall b, c b = d b) -> is_velocity c a v -> is_velocity d a v.
Proof.
  intros H K eps He. destruct (K eps He) as (e & P & Q). exists e. split; [easy|]. intros h Hh. rewrite <- !H. now apply Q.
Qed.

Section Geodesic.
Context {s : shape}.
Variables (x y : place s) (turn : index s -> R).
Implicit Types (i j : index s) (a : R).

(** From x in the direction of y: a block turns at the speed turn. *)
Definition geodesic a : place s :=
  assemble (fun i => plus (times (cos (turn i * a)) (part x i)) (times (sin (turn i * a)) (part y i)))
    (plus (rest_part x) (times a (rest_part y))).
Definition geodesic_direction a : place s :=
  assemble (fun i => plus (times (- sin (turn i * a)) (part x i)) (times (cos (turn i * a)) (part y i))) (rest_part y).
Definition geodesic_velocity a : place s := rescale turn (geodesic_direction a).
Definition geodesic_acceleration a : place s :=
  assemble (fun i => times (- turn i ^ 2) (part (geodesic a) i)) origin.

Lemma geodesic_moves a : is_velocity geodesic a (geodesic_velocity a).
Proof.
  apply parts_velocity; unfold geodesic_velocity, geodesic_direction, geodesic.
  - intros i. parts. rewrite times_combination.
    apply (velocity_ext (fun a => plus (times (cos (turn i * a)) (part x i)) (times (sin (turn i * a)) (part y i))));
      [intros; now parts|].
    apply plus_velocity; apply scaled_velocity; auto_derive; try easy; ring.
  - parts. apply (velocity_ext (fun a => plus (rest_part x) (times a (rest_part y)))); [intros; now parts|].
    apply line_velocity.
Qed.

Lemma geodesic_velocity_moves a : is_velocity geodesic_velocity a (geodesic_acceleration a).
Proof.
  apply parts_velocity; unfold geodesic_acceleration, geodesic_velocity, geodesic_direction, geodesic.
  - intros i. parts. rewrite times_combination.
    apply (velocity_ext (fun a => plus (times (turn i * - sin (turn i * a)) (part x i))
      (times (turn i * cos (turn i * a)) (part y i)))).
    { intros b. parts. now rewrite times_combination. }
    apply plus_velocity; apply scaled_velocity; auto_derive; try easy; ring.
  - parts. apply (velocity_ext (fun _ => rest_part y)); [intros; now parts|]. apply constant_velocity.
Qed.

(** *** On the spheres *)

Hypothesis spheres : on_spheres x.
Hypothesis tangent : forall i, turn i = 0 \/ (norm (part y i) = 1 /\ dot (part x i) (part y i) = 0).

Lemma sphere_square i : dot (part x i) (part x i) = 1.
Proof. rewrite <- norm_squared, spheres. ring. Qed.

Lemma geodesic_on_spheres a : on_spheres (geodesic a).
Proof.
  intros i. unfold geodesic. parts. destruct (tangent i) as [Z|[N O]].
  - rewrite Z, Rmult_0_l, cos_0, sin_0, times_one, times_zero, plus_origin. apply spheres.
  - apply norm_of_square; [lra|]. pose proof (sin2_cos2 (turn i * a)) as Q. rewrite !Rsqr_pow2 in Q.
    rewrite dot_plus, !dot_plus_r, !dot_times, !dot_times_r, (dot_comm (part y i)), O, sphere_square.
    rewrite <- (norm_squared (part y i)), N. simpl in *. lra.
Qed.

Lemma geodesic_nonzero a : nonzero (geodesic a).
Proof. intros i. apply norm_pos_iff. rewrite geodesic_on_spheres. lra. Qed.

Lemma direction_tangent a i : turn i <> 0 -> block_tangent (geodesic a) i (inside i (geodesic_direction a)).
Proof.
  intros Hi. destruct (tangent i) as [Z|[N O]]; [easy|]. pose proof (sphere_square i) as X.
  assert (Y : dot (part y i) (part y i) = 1) by (rewrite <- norm_squared, N; ring).
  pose proof (sin2_cos2 (turn i * a)) as Q. rewrite !Rsqr_pow2 in Q. split; [now rewrite inside_inside|split].
  - apply norm_of_square; [lra|]. rewrite dot_inside, inside_same. unfold geodesic_direction. parts.
    rewrite dot_plus, !dot_plus_r, !dot_times, !dot_times_r, (dot_comm (part y i) (part x i)), O, X, Y. simpl in *. lra.
  - rewrite inside_same. unfold geodesic, geodesic_direction. parts.
    rewrite dot_plus, !dot_plus_r, !dot_times, !dot_times_r, (dot_comm (part y i) (part x i)), O, X, Y. ring.
Qed.

(** *** A scale-invariant function along a geodesic: the radial part of its gradient vanishes, so only the Hessian is left. *)

Variable f : place s -> R.
Variable G : place s -> place s.
Hypothesis invariant : scale_invariant_function f.
Hypothesis gradients : forall x, nonzero x -> is_gradient f x (G x).
Hypothesis jacobians : forall x, nonzero x -> exists A, is_jacobian G x A.

Lemma along_geodesic a : is_derive (fun a => f (geodesic a)) a (dot (G (geodesic a)) (geodesic_velocity a)).
Proof. apply gradient_along_curve; [apply gradients, geodesic_nonzero|apply geodesic_moves]. Qed.

Lemma gradient_against_acceleration a : dot (G (geodesic a)) (geodesic_acceleration a) = 0.
Proof.
  rewrite dot_parts. unfold geodesic_acceleration. parts. rewrite dot_origin_r, block_sum_zero; [ring|].
  intros i. parts. rewrite dot_times_r, (gradient_orthogonal f invariant); [ring|]. apply gradients, geodesic_nonzero.
Qed.

Lemma twice_along_geodesic a :
  is_derive (fun a => dot (G (geodesic a)) (geodesic_velocity a)) a
    (twice_along f (geodesic a) (geodesic_velocity a) (geodesic_velocity a)).
Proof.
  destruct (jacobians _ (geodesic_nonzero a)) as [A HA].
  rewrite (twice_along_jacobian f G gradients _ _ _ A (geodesic_nonzero a) HA).
  replace (dot (A (geodesic_velocity a)) (geodesic_velocity a))
    with (dot (A (geodesic_velocity a)) (geodesic_velocity a) + dot (G (geodesic a)) (geodesic_acceleration a))
    by (rewrite gradient_against_acceleration; ring).
  apply (dot_along_curves (fun a => G (geodesic a)) geodesic_velocity); [|apply geodesic_velocity_moves].
  apply jacobian_along_curve; [easy|apply geodesic_moves].
Qed.
End Geodesic.

(** ** Descent along a geodesic *)

Section Descent.
Context {s : shape}.
Variables (r : run s) (k : constants s).
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : twice_differentiable r.
Hypothesis bounds : smooth_on_spheres r k.
Variables (x y : place s) (turn : index s -> R).
Hypothesis spheres : on_spheres x.
Hypothesis tangent : forall i, turn i = 0 \/ (norm (part y i) = 1 /\ dot (part x i) (part y i) = 0).
Hypothesis forwards : forall i, 0 <= turn i.

Let f := objective r.
Let c a := geodesic x y turn a.
Let u a := geodesic_direction x y turn a.

Lemma hessian_jacobian a :
  exists A, is_jacobian (objective_gradient r) (c a) A /\ forall v w, twice_along f (c a) v w = dot (A v) w.
Proof.
  destruct smooth as ((_ & D) & _ & J). assert (N : nonzero (c a)) by now apply geodesic_nonzero.
  destruct (J _ N) as [A HA]. exists A. split; [easy|]. intros v w.
  now apply (twice_along_jacobian f (objective_gradient r) D).
Qed.

Lemma block_term a i j :
  turn i * turn j * twice_along f (c a) (inside i (u a)) (inside j (u a)) <= smoothness k i j * turn i * turn j.
Proof.
  destruct (Req_dec (turn i) 0) as [->|Hi]; [lra|]. destruct (Req_dec (turn j) 0) as [->|Hj]; [lra|].
  replace (smoothness k i j * turn i * turn j) with (turn i * turn j * smoothness k i j) by ring.
  apply Rmult_le_compat_l; [apply Rmult_le_pos; apply forwards|]. eapply Rle_trans; [apply Rle_abs|].
  apply (bounds (c a)); [now apply geodesic_on_spheres|..]; now apply direction_tangent.
Qed.

Lemma in_rest_unit : norm (rest_part y) <> 0 -> rest_tangent (@in_rest s (times (/ norm (rest_part y)) y)).
Proof.
  intros H. unfold in_rest. split; [now parts|]. apply norm_of_square; [lra|]. rewrite dot_parts. parts.
  rewrite block_sum_zero by (intros; parts; apply dot_origin). rewrite dot_times, dot_times_r, <- norm_squared. field. easy.
Qed.

Lemma in_rest_direction a : in_rest (u a) = times (norm (rest_part y)) (in_rest (times (/ norm (rest_part y)) y)).
Proof.
  unfold in_rest, u, geodesic_direction. apply point_eq; intros; parts; [now rewrite times_origin|].
  symmetry. apply times_unit_vector.
Qed.

(** The second derivative is at most the quadratic form at the speeds. *)
Lemma geodesic_curvature a :
  twice_along f (c a) (geodesic_velocity x y turn a) (geodesic_velocity x y turn a)
  <= quadratic_form k turn (norm (rest_part y)).
Proof.
  destruct (hessian_jacobian a) as (A & ((Lp & Lt) & _) & E). unfold geodesic_velocity. fold (u a).
  rewrite (bilinear_of_parts (twice_along f (c a)) turn (u a)).
  2-5: intros; rewrite !E, ?Lp, ?Lt; auto using dot_plus, dot_plus_r, dot_times, dot_times_r.
  unfold quadratic_form. apply Rplus_le_compat; [apply Rplus_le_compat|].
  - apply block_sum_le. intros i. apply block_sum_le. intros j. apply block_term.
  - rewrite <- block_sum_scale. apply block_sum_le. intros i.
    rewrite in_rest_direction. set (z := in_rest _). rewrite !E, Lt, dot_times, dot_times_r, <- !E.
    destruct (Req_dec (turn i) 0) as [->|Hi]; [lra|]. destruct (Req_dec (norm (rest_part y)) 0) as [->|Hr]; [lra|].
    destruct (bounds (c a)) as (_ & B & _); [now apply geodesic_on_spheres|].
    destruct (B i (inside i (u a)) z) as [B1 B2]; [now apply direction_tangent|now apply in_rest_unit|].
    apply Rabs_le_between in B1. apply Rabs_le_between in B2.
    replace (2 * (rest_coupling k i * turn i * norm (rest_part y)))
      with (turn i * norm (rest_part y) * (rest_coupling k i + rest_coupling k i)) by ring.
    fold f in B1, B2.
    replace (turn i * (norm (rest_part y) * twice_along f (c a) (inside i (u a)) z
      + norm (rest_part y) * twice_along f (c a) z (inside i (u a))))
      with (turn i * norm (rest_part y) * (twice_along f (c a) (inside i (u a)) z + twice_along f (c a) z (inside i (u a))))
      by ring.
    apply Rmult_le_compat_l; [apply Rmult_le_pos; [apply forwards|apply norm_nonneg]|lra].
  - rewrite in_rest_direction. set (z := in_rest _). rewrite !E, Lt, dot_times, dot_times_r, <- !E.
    destruct (Req_dec (norm (rest_part y)) 0) as [->|Hr]; [lra|].
    destruct (bounds (c a)) as (_ & _ & B); [now apply geodesic_on_spheres|].
    specialize (B z z (in_rest_unit Hr) (in_rest_unit Hr)). apply Rabs_le_between in B. fold f in B.
    replace (norm (rest_part y) * (norm (rest_part y) * twice_along f (c a) z z))
      with (norm (rest_part y) ^ 2 * twice_along f (c a) z z) by ring.
    rewrite (Rmult_comm (rest_smoothness k)). apply Rmult_le_compat_l; [apply pow2_ge_0|lra].
Qed.

(** Taylor's formula from the start of the geodesic to its end. *)
Lemma geodesic_bound :
  f (c 1) <= f x + (block_sum (fun i => turn i * dot (part (objective_gradient r x) i) (part y i))
                    + dot (rest_part (objective_gradient r x)) (rest_part y))
             + quadratic_form k turn (norm (rest_part y)) / 2.
Proof.
  destruct smooth as ((_ & D) & _ & J).
  pose proof (taylor_above _ _ _ (quadratic_form k turn (norm (rest_part y)))
    (along_geodesic x y turn spheres tangent f _ D)
    (twice_along_geodesic x y turn spheres tangent f _ (proj2 invariant) D J) 0 1 geodesic_curvature) as Q.
  assert (E : geodesic x y turn 0 = x).
  { unfold geodesic. apply point_eq; intros; parts; rewrite ?Rmult_0_r, ?cos_0, ?sin_0, ?times_zero, ?times_one;
      apply plus_origin. }
  simpl in Q. rewrite E in Q. rewrite dot_parts in Q. unfold geodesic_velocity, geodesic_direction in Q. parts.
  rewrite (block_sum_ext _ (fun i => turn i * dot (part (objective_gradient r x) i) (part y i))) in Q.
  - fold (c 1) in Q. lra.
  - intros i. parts. rewrite Rmult_0_r, cos_0, sin_0, Ropp_0, times_zero, times_one, origin_plus. apply dot_times_r.
Qed.
End Descent.
