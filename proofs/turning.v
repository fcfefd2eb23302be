(** * The loss where every block turns by an angle of its own and g moves on a line *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points scale_invariance noise.
Local Open Scope R_scope.

(** ** Taylor's bound *)

Lemma taylor_bound (f f' : R -> R) K :
  (forall a, is_derive f a (f' a)) -> (forall a, ex_derive f' a) -> (forall a, 0 <= a <= 1 -> Derive f' a <= K) ->
  f 1 <= f 0 + f' 0 + K / 2.
Proof.
  intros D1 D2 H.
  assert (slope : forall a, 0 <= a <= 1 -> f' a <= f' 0 + K * a).
  { intros a Ha.
    pose proof (rises (fun a => f' 0 + K * a - f' a) (fun a => K - Derive f' a) a (proj1 Ha)) as P. cbv beta in P.
    enough (f' 0 + K * 0 - f' 0 <= f' 0 + K * a - f' a) by lra. apply P; intros y Hy.
    - apply (is_derive_minus (fun a => f' 0 + K * a) f'); [auto_derive; [easy|ring]|now apply Derive_correct].
    - pose proof (H y ltac:(lra)). lra. }
  pose proof (rises (fun a => f 0 + f' 0 * a + K / 2 * a ^ 2 - f a) (fun a => f' 0 + K * a - f' a) 1 Rle_0_1) as P.
  cbv beta in P.
  enough (f 0 + f' 0 * 0 + K / 2 * 0 ^ 2 - f 0 <= f 0 + f' 0 * 1 + K / 2 * 1 ^ 2 - f 1) by lra. apply P; intros y Hy.
  - apply (is_derive_minus (fun a => f 0 + f' 0 * a + K / 2 * a ^ 2) f); [|apply D1]. auto_derive; [easy|field].
  - pose proof (slope y Hy). lra.
Qed.

(** ** A linear function by the blocks *)

Section Decomposition.
Context {s : shape}.
Implicit Types (u v : place s) (i : index s).

(** What a direction has in g. *)
Definition rest_only u : place s := assemble (fun _ => origin) (rest_part u).

Lemma additive_parts (phi : place s -> R) u :
  (forall u v, phi (plus u v) = phi u + phi v) -> phi u = block_sum (fun i => phi (inside i u)) + phi (rest_only u).
Proof.
  intros H.
  set (first n := assemble (fun i : index s => if lt_dec (proj1_sig (Fin.to_nat i)) n then part u i else origin) (rest_part u)).
  assert (P : forall n, phi (first n)
    = block_sum (fun i : index s => if lt_dec (proj1_sig (Fin.to_nat i)) n then phi (inside i u) else 0) + phi (rest_only u)).
  { induction n as [|n IH].
    - rewrite block_sum_zero by (intros i; destruct lt_dec; [lia|easy]). now rewrite Rplus_0_l.
    - destruct (lt_dec n (blocks s)) as [Hn|Hn].
      + set (i := Fin.of_nat_lt Hn).
        assert (Hi : proj1_sig (Fin.to_nat i) = n) by (unfold i; now rewrite Fin.to_nat_of_nat).
        assert (other : forall j, i <> j -> proj1_sig (Fin.to_nat j) <> n).
        { intros j Hne E. apply Hne. apply Fin.to_nat_inj. now rewrite Hi. }
        replace (first (S n)) with (plus (first n) (inside i u)).
        * rewrite H, IH.
          rewrite (block_sum_ext (fun j : index s => if lt_dec (proj1_sig (Fin.to_nat j)) (S n) then phi (inside j u) else 0)
            (fun j => (if lt_dec (proj1_sig (Fin.to_nat j)) n then phi (inside j u) else 0)
              + (if Fin.eq_dec i j then phi (inside i u) else 0))).
          { rewrite block_sum_plus, (block_sum_one (fun j => if Fin.eq_dec i j then _ else _) i).
            - destruct (Fin.eq_dec i i); [ring|easy].
            - intros j Hj. destruct (Fin.eq_dec i j); [congruence|easy]. }
          intros j. destruct (Fin.eq_dec i j) as [<-|Hne].
          { rewrite Hi. destruct lt_dec; [|lia]. destruct lt_dec; [lia|ring]. }
          specialize (other j Hne). repeat destruct lt_dec; try lia; ring.
        * apply point_eq; intros; unfold first; parts; [|now rewrite plus_origin].
          destruct (Fin.eq_dec i i0) as [<-|Hne].
          { rewrite Hi. destruct lt_dec; [lia|]. destruct lt_dec; [|lia]. now rewrite origin_plus. }
          specialize (other _ Hne). repeat destruct lt_dec; try lia; now rewrite plus_origin.
      + replace (first (S n)) with (first n).
        { rewrite IH. f_equal. apply block_sum_ext. intros i. destruct (Fin.to_nat i) as [p Hp]. simpl.
          repeat destruct lt_dec; try lia; easy. }
        apply point_eq; intros; unfold first; parts; [|easy]. destruct (Fin.to_nat i) as [p Hp]. simpl.
        repeat destruct lt_dec; try lia; easy. }
  replace u with (first (blocks s)) at 1.
  - rewrite P. f_equal. apply block_sum_ext. intros i. destruct (Fin.to_nat i) as [p Hp]. simpl. destruct lt_dec; [easy|lia].
  - apply point_eq; intros; unfold first; parts; [|easy]. destruct (Fin.to_nat i) as [p Hp]. simpl. destruct lt_dec; [easy|lia].
Qed.
End Decomposition.

(** ** The curve *)

Section Turning.
Context {s : shape}.
Variables (r : run s) (k : constants s).
Hypothesis invariant : scale_invariant_function (objective r).
Hypothesis gradients : forall x, nonzero x -> is_gradient (objective r) x (objective_gradient r x).
Hypothesis jacobians : forall x, nonzero x -> exists A, is_jacobian (objective_gradient r) x A.
Hypothesis smooth : smooth_on_spheres r k.

(** From v on the spheres, block i turns by theta_i towards e_i; g moves by h. *)
Variables (v e : place s) (theta : index s -> R) (h : rest s).
Hypothesis sphere : on_spheres v.
Hypothesis orthogonal : forall i, dot (part v i) (part e i) = 0.
Hypothesis unit : forall i, norm (part e i) = 1 \/ theta i = 0.
Hypothesis nonneg : forall i, 0 <= theta i.

Definition turn (a : R) : place s :=
  assemble (fun i => plus (times (cos (a * theta i)) (part v i)) (times (sin (a * theta i)) (part e i)))
    (plus (rest_part v) (times a h)).
Definition turn_tangent (a : R) : place s :=
  assemble (fun i => plus (times (- sin (a * theta i)) (part v i)) (times (cos (a * theta i)) (part e i)))
    (unit_vector h).
Definition turn_velocity (a : R) : place s :=
  assemble (fun i => times (theta i) (part (turn_tangent a) i)) h.
Definition turn_acceleration (a : R) : place s :=
  assemble (fun i => times (- theta i ^ 2) (part (turn a) i)) origin.

Lemma circle_norm i b c : norm (part e i) = 1 -> b ^ 2 + c ^ 2 = 1 ->
  norm (plus (times b (part v i)) (times c (part e i))) = 1.
Proof.
  intros U E. apply norm_of_square; [lra|].
  rewrite dot_plus, !dot_plus_r, !dot_times, !dot_times_r, (dot_comm (part e i)), orthogonal, <- !norm_squared, sphere, U.
  simpl in *. lra.
Qed.

Lemma turn_on_spheres a : on_spheres (turn a).
Proof.
  intros i. unfold turn. parts. destruct (unit i) as [U|Z].
  - apply circle_norm; [easy|]. pose proof (sin2_cos2 (a * theta i)) as P. unfold Rsqr in P. simpl. lra.
  - rewrite Z, Rmult_0_r, cos_0, sin_0, times_one, times_zero, plus_origin. apply sphere.
Qed.

Lemma turn_nonzero a : nonzero (turn a).
Proof. intros i E. pose proof (turn_on_spheres a i) as P. rewrite E, norm_origin in P. lra. Qed.

Lemma velocity_ext {E : space} (c1 c2 : R -> E) a u : (forall b, c1 b = c2 b) -> is_velocity c1 a u -> is_velocity c2 a u.
Proof. intros H K eps He. destruct (K eps He) as (d & Hd & L). exists d. split; [easy|]. intros b. rewrite <- !H. apply L. Qed.

Lemma turn_is_velocity a : is_velocity turn a (turn_velocity a).
Proof.
  apply parts_velocity; unfold turn_velocity; parts.
  - intros i. unfold turn_tangent. parts. rewrite times_combination.
    apply (velocity_ext (fun a => plus (times (cos (a * theta i)) (part v i)) (times (sin (a * theta i)) (part e i)))).
    { intros b. unfold turn. now parts. }
    apply plus_velocity; apply scaled_velocity; auto_derive; try easy; ring.
  - apply (velocity_ext (fun a => plus (rest_part v) (times a h))); [|apply line_velocity].
    intros b. unfold turn. now parts.
Qed.

Lemma turn_velocity_is_velocity a : is_velocity turn_velocity a (turn_acceleration a).
Proof.
  apply parts_velocity; unfold turn_acceleration; parts.
  - intros i. unfold turn. parts. rewrite times_combination.
    apply (velocity_ext (fun a => plus (times (theta i * - sin (a * theta i)) (part v i))
      (times (theta i * cos (a * theta i)) (part e i)))).
    { intros b. unfold turn_velocity, turn_tangent. parts. symmetry. apply times_combination. }
    apply plus_velocity; apply scaled_velocity; auto_derive; try easy; ring.
  - apply (velocity_ext (fun _ => h)); [|apply constant_velocity]. intros b. unfold turn_velocity. now parts.
Qed.

Definition turn_slope a : R := dot (objective_gradient r (turn a)) (turn_velocity a).

Lemma turn_slope_derive a : is_derive (fun a => objective r (turn a)) a (turn_slope a).
Proof. apply gradient_along_curve; [apply gradients, turn_nonzero|apply turn_is_velocity]. Qed.

(** The acceleration is radial, and so orthogonal to the gradient. *)
Lemma acceleration_orthogonal a : dot (objective_gradient r (turn a)) (turn_acceleration a) = 0.
Proof.
  rewrite dot_parts. unfold turn_acceleration. parts. rewrite dot_origin_r, Rplus_0_r. apply block_sum_zero. intros i. parts.
  rewrite dot_times_r, (gradient_orthogonal (objective r)); [ring|easy|apply gradients, turn_nonzero].
Qed.

Lemma turn_slope_derives a A :
  is_jacobian (objective_gradient r) (turn a) A ->
  is_derive turn_slope a (dot (A (turn_velocity a)) (turn_velocity a)).
Proof.
  intros HA. rewrite <- (Rplus_0_r (dot _ _)), <- (acceleration_orthogonal a).
  apply (dot_along_curves (fun a => objective_gradient r (turn a)) turn_velocity); [|apply turn_velocity_is_velocity].
  apply jacobian_along_curve; [easy|apply turn_is_velocity].
Qed.

Lemma turn_block_tangent a i : theta i <> 0 -> block_tangent (turn a) i (inside i (turn_tangent a)).
Proof.
  intros Z. destruct (unit i) as [U|]; [|easy]. pose proof (sin2_cos2 (a * theta i)) as P. unfold Rsqr in P.
  assert (N : norm (part (turn_tangent a) i) = 1).
  { unfold turn_tangent. parts. apply circle_norm; [easy|]. simpl. lra. }
  repeat split.
  - symmetry. apply inside_inside.
  - apply norm_of_square; [lra|]. rewrite dot_inside, inside_same, <- norm_squared, N. easy.
  - rewrite inside_same. unfold turn, turn_tangent. parts.
    rewrite dot_plus, !dot_plus_r, !dot_times, !dot_times_r, (dot_comm (part e i)), orthogonal, <- !norm_squared, sphere, U.
    ring.
Qed.

Lemma turn_rest_tangent a : h <> origin -> rest_tangent (rest_only (turn_tangent a)).
Proof.
  intros Hh. apply norm_pos_iff in Hh. split.
  - unfold rest_only. now parts.
  - apply norm_of_square; [lra|]. rewrite dot_parts. unfold rest_only, turn_tangent. parts.
    rewrite block_sum_zero by (intros i; parts; apply dot_origin). rewrite Rplus_0_l, <- norm_squared, unit_vector_norm; easy.
Qed.

Lemma turn_velocity_inside a i : inside i (turn_velocity a) = times (theta i) (inside i (turn_tangent a)).
Proof.
  apply point_eq; intros; parts; [|now rewrite times_origin]. unfold turn_velocity. parts.
  destruct Fin.eq_dec as [<-|]; [easy|now rewrite times_origin].
Qed.

Lemma turn_velocity_rest a : rest_only (turn_velocity a) = times (norm h) (rest_only (turn_tangent a)).
Proof.
  unfold rest_only, turn_velocity, turn_tangent. apply point_eq; intros; parts; [now rewrite times_origin|].
  symmetry. apply times_unit_vector.
Qed.

Lemma product_bound a b c L : 0 <= a -> 0 <= b -> (a <> 0 -> b <> 0 -> Rabs c <= L) -> a * (b * c) <= L * a * b.
Proof.
  intros Ha Hb H. destruct (Req_dec a 0) as [->|Na]; [lra|]. destruct (Req_dec b 0) as [->|Nb]; [lra|].
  specialize (H Na Nb). pose proof (Rle_abs c). pose proof (Rmult_le_pos a b Ha Hb). nra.
Qed.

(** The second derivative along the curve, by the constants of the pairs. *)
Lemma turn_curvature a A :
  is_jacobian (objective_gradient r) (turn a) A ->
  dot (A (turn_velocity a)) (turn_velocity a) <= quadratic_form k theta (norm h).
Proof.
  intros HA. pose proof HA as ((Ap & At) & _ & _).
  assert (T : forall x y, twice_along (objective r) (turn a) x y = dot (A x) y).
  { intros x y. apply (twice_along_jacobian (objective r) (objective_gradient r)); [easy|apply turn_nonzero|easy]. }
  destruct (smooth (turn a) (turn_on_spheres a)) as (S1 & S2 & S3).
  set (u := turn_velocity a). set (z := norm h). pose proof (norm_nonneg h : 0 <= z) as Hz.
  set (tau := turn_tangent a).
  assert (Hh : z <> 0 -> h <> origin) by (intros H ->; apply H, norm_origin).
  rewrite (additive_parts (fun x => dot (A x) u) u) by (intros; rewrite Ap; apply dot_plus).
  assert (D : forall x, dot (A x) u = block_sum (fun j => theta j * dot (A x) (inside j tau)) + z * dot (A x) (rest_only tau)).
  { intros x. rewrite (additive_parts (fun y => dot (A x) y) u) by (intros; apply dot_plus_r). f_equal.
    - apply block_sum_ext. intros j. unfold u. now rewrite turn_velocity_inside, dot_times_r.
    - unfold u. now rewrite turn_velocity_rest, dot_times_r. }
  rewrite (block_sum_ext _ (fun i => block_sum (fun j => theta i * (theta j * dot (A (inside i tau)) (inside j tau)))
    + theta i * (z * dot (A (inside i tau)) (rest_only tau)))).
  2:{ intros i. unfold u at 1. rewrite turn_velocity_inside, At, dot_times, D, block_sum_scale. fold tau. ring. }
  unfold u at 1. rewrite turn_velocity_rest, At, dot_times, D. fold z. fold tau.
  rewrite block_sum_plus. unfold quadratic_form.
  assert (P1 : block_sum (fun i => block_sum (fun j => theta i * (theta j * dot (A (inside i tau)) (inside j tau))))
    <= block_sum (fun i => block_sum (fun j => smoothness k i j * theta i * theta j))).
  { apply block_sum_le. intros i. apply block_sum_le. intros j. apply product_bound; auto.
    intros. rewrite <- T. apply S1; now apply turn_block_tangent. }
  assert (P2 : block_sum (fun i => theta i * (z * dot (A (inside i tau)) (rest_only tau)))
    <= block_sum (fun i => rest_coupling k i * theta i * z)).
  { apply block_sum_le. intros i. apply product_bound; auto.
    intros. rewrite <- T. apply (S2 i (inside i tau) (rest_only tau));
      [now apply turn_block_tangent|apply turn_rest_tangent; auto]. }
  assert (P3 : block_sum (fun j => z * (theta j * dot (A (rest_only tau)) (inside j tau)))
    <= block_sum (fun i => rest_coupling k i * theta i * z)).
  { apply block_sum_le. intros i. replace (rest_coupling k i * theta i * z) with (rest_coupling k i * z * theta i) by ring.
    apply product_bound; auto.
    intros. rewrite <- T. apply (S2 i (inside i tau) (rest_only tau));
      [now apply turn_block_tangent|apply turn_rest_tangent; auto]. }
  assert (P4 : z * (z * dot (A (rest_only tau)) (rest_only tau)) <= rest_smoothness k * z * z).
  { apply product_bound; auto. intros. rewrite <- T. apply S3; apply turn_rest_tangent; auto. }
  rewrite Rmult_plus_distr_l, <- block_sum_scale. simpl. lra.
Qed.

(** f at the end of the curve: what is linear in the angles and in the step of g, and half the quadratic form. *)
Lemma turn_bound :
  objective r (turn 1)
  <= objective r v
    + (block_sum (fun i => theta i * dot (part (objective_gradient r v) i) (part e i))
       + dot (rest_part (objective_gradient r v)) h)
    + quadratic_form k theta (norm h) / 2.
Proof.
  assert (E0 : turn 0 = v).
  { unfold turn. apply point_eq; intros; parts;
    rewrite ?Rmult_0_l, ?cos_0, ?sin_0, ?times_one, !times_zero; apply plus_origin. }
  pose proof (taylor_bound (fun a => objective r (turn a)) turn_slope (quadratic_form k theta (norm h))) as P.
  cbv beta in P. rewrite E0 in P.
  replace (turn_slope 0) with
    (block_sum (fun i => theta i * dot (part (objective_gradient r v) i) (part e i))
       + dot (rest_part (objective_gradient r v)) h) in P.
  - apply P.
    + apply turn_slope_derive.
    + intros a. destruct (jacobians _ (turn_nonzero a)) as [A HA].
      exists (dot (A (turn_velocity a)) (turn_velocity a)). now apply turn_slope_derives.
    + intros a _. destruct (jacobians _ (turn_nonzero a)) as [A HA].
      rewrite (is_derive_unique _ _ _ (turn_slope_derives a A HA)). now apply turn_curvature.
  - unfold turn_slope. rewrite E0, dot_parts. unfold turn_velocity, turn_tangent. parts. f_equal.
    apply block_sum_ext. intros i. parts.
    rewrite Rmult_0_l, sin_0, cos_0, Ropp_0, times_zero, origin_plus, times_one, dot_times_r. easy.
Qed.
End Turning.
