(** * Scale invariance: what f(k w) = f(w) says of the gradient and of the Hessian *)

From Coq Require Import Reals Lra Lia FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points.
Local Open Scope R_scope.

(** ** One function *)

Section Invariant.
Context {s : shape}.
Variable f : place s -> R.
Hypothesis invariant : scale_invariant_function f.
Implicit Types (x u v g : place s) (k : index s -> R) (i : index s).

(** All blocks at once, by any positive numbers: one block after the other. *)
Lemma invariant_rescale k x : (forall i, 0 < k i) -> f (rescale k x) = f x.
Proof.
  intros Hk.
  set (first n := fun i : index s => if lt_dec (proj1_sig (Fin.to_nat i)) n then k i else 1).
  assert (P : forall n, f (rescale (first n) x) = f x).
  { induction n as [|n IH].
    - rewrite rescale_one; [easy|]. intros i. unfold first. destruct lt_dec; [lia|easy].
    - destruct (lt_dec n (blocks s)) as [Hn|Hn].
      + set (i := Fin.of_nat_lt Hn). rewrite <- IH, <- (invariant i (k i) (rescale (first n) x)) by apply Hk. f_equal.
        rewrite rescale_rescale. apply rescale_ext. intros j. unfold first, only.
        assert (Hi : proj1_sig (Fin.to_nat i) = n) by (unfold i; now rewrite Fin.to_nat_of_nat).
        destruct (Fin.eq_dec i j) as [<-|Hne].
        * rewrite Hi. destruct lt_dec; [|lia]. destruct lt_dec; [lia|ring].
        * assert (proj1_sig (Fin.to_nat j) <> n).
          { intros E. apply Hne. apply Fin.to_nat_inj. now rewrite Hi. }
          repeat destruct lt_dec; try lia; ring.
      + rewrite <- IH. f_equal. apply rescale_ext. intros j. unfold first.
        destruct (Fin.to_nat j) as [p Hp]. simpl. repeat destruct lt_dec; try lia; easy. }
  rewrite <- (P (blocks s)). f_equal. apply rescale_ext. intros j. unfold first.
  destruct (Fin.to_nat j) as [p Hp]. simpl. destruct lt_dec; [easy|lia].
Qed.

(** Along its own block f does not change. *)
Lemma along_itself i x : along f x (inside i x) = 0.
Proof.
  unfold along. rewrite (Derive_ext_loc _ (fun _ => f x)); [apply Derive_const|]. apply (locally_zero _ 1); [lra|].
  intros a Ha. apply Rabs_def2 in Ha. rewrite plus_inside. apply invariant. lra.
Qed.

Lemma along_gradient x u g : is_gradient f x g -> along f x u = dot g u.
Proof. intros H. apply is_derive_unique. now apply gradient_along_line. Qed.

Lemma gradient_orthogonal i x g : is_gradient f x g -> dot (part g i) (part x i) = 0.
Proof. intros H. rewrite <- dot_inside, <- (along_gradient x _ g H). apply along_itself. Qed.

Lemma gradient_rescaled k x g :
  (forall i, 0 < k i) -> is_gradient f x g -> is_gradient f (rescale k x) (rescale (fun i => / k i) g).
Proof.
  intros Hk H eps He. set (c := fun i => / k i). set (K := block_sum (fun i => Rabs (c i)) + 1).
  assert (HK : 1 <= K) by (pose proof (block_sum_nonneg (fun i => Rabs (c i)) (fun i => Rabs_pos _)); unfold K; lra).
  destruct (H (eps / K)) as (d & Hd & P); [apply quotient_pos; lra|].
  exists (d / K). split; [apply quotient_pos; lra|]. intros h Hh.
  pose proof (rescale_norm_le c h) as N. fold K in N.
  assert (Hc : norm (rescale c h) < d).
  { eapply Rle_lt_trans; [exact N|]. apply Rmult_lt_compat_l with (r := K) in Hh; [|lra].
    replace (K * (d / K)) with d in Hh by (field; lra). lra. }
  specialize (P (rescale c h) Hc).
  replace (plus (rescale k x) h) with (rescale k (plus x (rescale c h))).
  - rewrite !invariant_rescale, dot_rescale by easy. eapply Rle_trans; [exact P|].
    replace (eps * norm h) with (eps / K * (K * norm h)) by (field; lra).
    apply Rmult_le_compat_l; [|easy]. apply Rlt_le, quotient_pos; lra.
  - rewrite rescale_plus. f_equal. now apply rescale_inverse.
Qed.

Variable G : place s -> place s.
Hypothesis gradients : forall x, nonzero x -> is_gradient f x (G x).

Lemma gradient_homogeneous k x :
  (forall i, 0 < k i) -> nonzero x -> G (rescale k x) = rescale (fun i => / k i) (G x).
Proof.
  intros Hk Hx. apply (gradient_unique f (rescale k x)).
  - apply gradients. now apply nonzero_rescale.
  - apply gradient_rescaled; auto.
Qed.

(** The gradient along a line, against a fixed direction. *)
Lemma gradient_moves x u v A :
  is_jacobian G x A -> is_derive (fun a => dot (G (plus x (times a u))) v) 0 (dot (A u) v).
Proof.
  intros HA. replace (dot (A u) v) with (dot (A u) v + dot (G (plus x (times 0 u))) origin) by (rewrite dot_origin_r; ring).
  apply (dot_along_curves (fun a => G (plus x (times a u))) (fun _ => v)); [|apply constant_velocity].
  apply jacobian_along_curve; [|apply line_velocity]. now rewrite times_zero, plus_origin.
Qed.

Lemma along_moves x u v A :
  nonzero x -> is_jacobian G x A -> is_derive (fun a => along f (plus x (times a u)) v) 0 (dot (A u) v).
Proof.
  intros Hx HA. apply (is_derive_ext_loc (fun a => dot (G (plus x (times a u))) v)); [|now apply gradient_moves].
  generalize (nonzero_near x u Hx). apply filter_imp. intros a Ha. symmetry. apply along_gradient. auto.
Qed.

Lemma twice_along_jacobian x u v A : nonzero x -> is_jacobian G x A -> twice_along f x u v = dot (A u) v.
Proof. intros Hx HA. apply is_derive_unique. now apply along_moves. Qed.

(** The Hessian of a block at the rescaled point, from that at the point. *)
Lemma twice_along_rescaled i (k : R) x u v A :
  0 < k -> nonzero x -> is_jacobian G x A ->
  twice_along f (rescale (only i k) x) (inside i u) (inside i v) = twice_along f x (inside i u) (inside i v) / k ^ 2.
Proof.
  intros Hk Hx HA. rewrite (twice_along_jacobian x _ _ A) by easy. apply is_derive_unique.
  pose proof (only_pos i k Hk) as Hp. assert (C : forall a : R, k * (/ k * a) = a) by (intros; field; lra).
  apply (is_derive_ext_loc (fun a => / k * dot (G (plus x (times (/ k * a) (inside i u)))) (inside i v))).
  - generalize (nonzero_near _ (inside i u) (nonzero_rescale _ _ Hp Hx)). apply filter_imp. intros a Ha.
    rewrite (along_gradient _ _ _ (gradients _ Ha)). set (y := plus x (times (/ k * a) (inside i u))).
    assert (E : plus (rescale (only i k) x) (times a (inside i u)) = rescale (only i k) y).
    { unfold y. rewrite rescale_plus. f_equal. apply point_eq; intros; parts; [|now rewrite !times_origin].
      unfold only. destruct Fin.eq_dec; [|now rewrite !times_origin].
      rewrite times_times. now rewrite C. }
    rewrite E in Ha |- *.
    assert (Hy : nonzero y) by (intros j Ej; apply (Ha j); parts; rewrite Ej; apply times_origin).
    rewrite (gradient_homogeneous (only i k) y) by easy. rewrite !dot_inside. parts. now rewrite only_same, dot_times.
  - replace (dot (A (inside i u)) (inside i v) / k ^ 2)
      with (/ k * (/ k * dot (A (inside i u)) (inside i v))) by (field; lra).
    apply is_derive_scal.
    apply (is_derive_comp (fun a => dot (G (plus x (times a (inside i u)))) (inside i v)) (fun a => / k * a)).
    + rewrite Rmult_0_r. now apply gradient_moves.
    + auto_derive; [easy|ring].
Qed.

(** Along its own block the gradient turns into minus that block's part of it. *)
Lemma jacobian_of_itself i x A : nonzero x -> is_jacobian G x A -> A (inside i x) = times (-1) (inside i (G x)).
Proof.
  intros Hx HA.
  assert (Q : forall v, dot (A (inside i x)) v = - dot (part (G x) i) (part v i)).
  { intros v. assert (D : forall g, dot g v = dot g (inside i v) + dot g (outside i v)).
    { intros g. now rewrite <- dot_plus_r, inside_outside. }
    rewrite <- (is_derive_unique _ _ _ (along_moves x (inside i x) v A Hx HA)). apply is_derive_unique.
    apply (is_derive_ext_loc (fun a => / (1 + a) * dot (part (G x) i) (part v i) + dot (G x) (outside i v))).
    - apply (locally_zero _ 1); [lra|]. intros a Ha. apply Rabs_def2 in Ha. rewrite plus_inside.
      assert (Hp : forall j, 0 < @only s i (1 + a) j) by (apply only_pos; lra).
      rewrite (along_gradient _ _ _ (gradients _ (nonzero_rescale _ _ Hp Hx))).
      rewrite (gradient_homogeneous (only i (1 + a)) x) by easy.
      rewrite D, dot_inside. parts.
      rewrite only_same, dot_times. f_equal. rewrite dot_rescale. f_equal.
      apply point_eq; intros; parts; [|easy]. unfold only. destruct Fin.eq_dec.
      + now rewrite times_origin.
      + now rewrite Rinv_1, times_one.
    - auto_derive; [lra|]. field. }
  apply minus_zero_eq, dot_self_zero. rewrite dot_minus, Q, dot_times, dot_inside_l. ring.
Qed.
End Invariant.

(** ** The claims *)

Lemma nonzero_position s (r : run s) t : positive_norms r -> nonzero (position r t).
Proof.
  intros H i E. specialize (H t i). unfold squared_norm, weights in H. rewrite E, dot_origin in H. lra.
Qed.

Theorem euler_orthogonality_orthogonal s (r : run s) : scale_invariant r -> forall t i, radial r t i = 0.
Proof. intros [H _] t i. apply along_itself, H. Qed.

Theorem gradient_homogeneity_degree s (r : run s) :
  scale_invariant r -> differentiable r -> positive_norms r ->
  forall t i k u, 0 < k -> slope_scaled r t i k u = slope r t i u / k.
Proof.
  intros [H _] [D _] P t i k u Hk. unfold slope_scaled, slope, scaled_position.
  pose proof (nonzero_position s r t P) as N. pose proof (only_pos i k Hk) as Hp.
  rewrite (along_gradient _ _ _ _ (D t _ (nonzero_rescale _ _ Hp N))), (along_gradient _ _ _ _ (D t _ N)).
  rewrite (gradient_homogeneous _ (H t) _ (D t)) by easy.
  rewrite !dot_inside. parts. rewrite only_same, dot_times. field. lra.
Qed.

Theorem hessian_homogeneity_degree s (r : run s) :
  scale_invariant r -> twice_differentiable r -> positive_norms r ->
  forall t i k u v, 0 < k -> curvature_scaled r t i k u v = curvature r t i u v / k ^ 2.
Proof.
  intros [H _] ([D _] & J & _) P t i k u v Hk. pose proof (nonzero_position s r t P) as N.
  destruct (J t _ N) as [A HA].
  now apply (twice_along_rescaled (loss r t) (H t) (loss_gradient r t) (D t) i k (position r t) u v A).
Qed.

Theorem hessian_homogeneity_radial s (r : run s) :
  scale_invariant r -> twice_differentiable r -> positive_norms r ->
  forall t i u, curvature_radial r t i u = - slope r t i u.
Proof.
  intros [H _] ([D _] & J & _) P t i u. pose proof (nonzero_position s r t P) as N.
  destruct (J t _ N) as [A HA]. unfold curvature_radial, slope.
  rewrite (twice_along_jacobian _ _ (D t) _ _ _ A), (along_gradient _ _ _ _ (D t _ N)) by easy.
  rewrite (jacobian_of_itself _ (H t) _ (D t)) by easy.
  rewrite dot_times, !dot_inside, inside_same. ring.
Qed.

Theorem hessian_homogeneity_mixed s (r : run s) :
  scale_invariant r -> twice_differentiable r -> positive_norms r ->
  forall t i u, curvature_mixed r t i u = 0.
Proof.
  intros [H _] ([D _] & J & _) P t i u. pose proof (nonzero_position s r t P) as N.
  destruct (J t _ N) as [A HA]. unfold curvature_mixed.
  rewrite (twice_along_jacobian _ _ (D t) _ _ _ A) by easy.
  rewrite (jacobian_of_itself _ (H t) _ (D t)) by easy.
  rewrite dot_times, dot_inside_l, outside_same, dot_origin_r. ring.
Qed.
