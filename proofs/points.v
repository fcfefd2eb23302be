(** * Points by their parts: rescaling, and directions inside and outside a block *)

From Coq Require Import Reals Lra Lia FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses.
Local Open Scope R_scope.

(** Near zero, as a filter says it. *)
Lemma locally_zero (P : R -> Prop) d : 0 < d -> (forall s, Rabs s < d -> P s) -> locally 0 P.
Proof.
  intros Hd H. exists (mkposreal d Hd). intros s Hs. apply H.
  unfold ball in Hs. simpl in Hs. unfold AbsRing_ball, abs, Hierarchy.minus, Hierarchy.plus, opp in Hs. simpl in Hs.
  now rewrite Ropp_0, Rplus_0_r in Hs.
Qed.

Section Points.
Context {s : shape}.
Implicit Types (x y u v : place s) (k c : index s -> R) (i j : index s).

Lemma point_eq x y : (forall i, part x i = part y i) -> rest_part x = rest_part y -> x = y.
Proof.
  destruct x as [a b], y as [c d]. unfold part, rest_part. simpl. intros H ->. f_equal.
  now apply functional_extensionality_dep.
Qed.

Lemma part_assemble w g i : part (@assemble s w g) i = w i.
Proof. easy. Qed.

Lemma rest_assemble w g : rest_part (@assemble s w g) = g.
Proof. easy. Qed.

Lemma part_plus x y i : part (plus x y) i = plus (part x i) (part y i).
Proof. easy. Qed.

Lemma rest_plus x y : rest_part (plus x y) = plus (rest_part x) (rest_part y).
Proof. easy. Qed.

Lemma part_times a x i : part (times a x) i = times a (part x i).
Proof. easy. Qed.

Lemma rest_times a x : rest_part (times a x) = times a (rest_part x).
Proof. easy. Qed.

Lemma part_origin i : part (origin : place s) i = origin.
Proof. easy. Qed.

Lemma rest_origin : rest_part (origin : place s) = origin.
Proof. easy. Qed.

Lemma part_rescale k x i : part (rescale k x) i = times (k i) (part x i).
Proof. easy. Qed.

Lemma rest_rescale k x : rest_part (rescale k x) = rest_part x.
Proof. easy. Qed.

Lemma part_inside i u j : part (inside i u) j = if Fin.eq_dec i j then part u j else origin.
Proof. easy. Qed.

Lemma rest_inside i u : rest_part (inside i u) = origin.
Proof. easy. Qed.

Lemma part_outside i u j : part (outside i u) j = if Fin.eq_dec i j then origin else part u j.
Proof. easy. Qed.

Lemma rest_outside i u : rest_part (outside i u) = rest_part u.
Proof. easy. Qed.

Lemma dot_parts x y : dot x y = block_sum (fun i => dot (part x i) (part y i)) + dot (rest_part x) (rest_part y).
Proof. easy. Qed.
End Points.

Global Opaque part rest_part assemble place.
#[global] Hint Rewrite @part_assemble @rest_assemble @part_plus @rest_plus @part_times @rest_times @part_origin @rest_origin
  @part_rescale @rest_rescale @part_inside @rest_inside @part_outside @rest_outside : parts.
Ltac parts := autorewrite with parts in *.

Section Rescaling.
Context {s : shape}.
Implicit Types (x y u v : place s) (k c : index s -> R) (i j : index s).

Lemma part_minus x y i : part (minus x y) i = minus (part x i) (part y i).
Proof. unfold minus. now parts. Qed.

Lemma rest_minus x y : rest_part (minus x y) = minus (rest_part x) (rest_part y).
Proof. unfold minus. now parts. Qed.

Lemma rescale_plus k x y : rescale k (plus x y) = plus (rescale k x) (rescale k y).
Proof. apply point_eq; intros; parts; [apply times_plus|easy]. Qed.

Lemma rescale_rescale k c x : rescale k (rescale c x) = rescale (fun i => k i * c i) x.
Proof. apply point_eq; intros; parts; [apply times_times|easy]. Qed.

Lemma rescale_ext k c x : (forall i, k i = c i) -> rescale k x = rescale c x.
Proof. intros H. apply point_eq; intros; parts; [now rewrite H|easy]. Qed.

Lemma rescale_one k x : (forall i, k i = 1) -> rescale k x = x.
Proof. intros H. apply point_eq; intros; parts; [rewrite H; apply times_one|easy]. Qed.

Lemma rescale_inverse k x : (forall i, 0 < k i) -> rescale k (rescale (fun i => / k i) x) = x.
Proof. intros H. rewrite rescale_rescale. apply rescale_one. intros i. apply Rinv_r, Rgt_not_eq, H. Qed.

Lemma dot_rescale k u v : dot (rescale k u) v = dot u (rescale k v).
Proof.
  rewrite !dot_parts. parts. f_equal. apply block_sum_ext. intros i. parts. now rewrite dot_times, dot_times_r.
Qed.

Lemma only_same i a : @only s i a i = a.
Proof. unfold only. now destruct Fin.eq_dec. Qed.

Lemma only_other i j a : i <> j -> @only s i a j = 1.
Proof. unfold only. now destruct Fin.eq_dec. Qed.

Lemma only_pos i a : 0 < a -> forall j, 0 < @only s i a j.
Proof. intros H j. unfold only. destruct Fin.eq_dec; lra. Qed.

Lemma inside_same i u : part (inside i u) i = part u i.
Proof. parts. now destruct Fin.eq_dec. Qed.

Lemma inside_other i j u : i <> j -> part (inside i u) j = origin.
Proof. intros. parts. now destruct Fin.eq_dec. Qed.

Lemma outside_same i u : part (outside i u) i = origin.
Proof. parts. now destruct Fin.eq_dec. Qed.

Lemma inside_outside i u : plus (inside i u) (outside i u) = u.
Proof. apply point_eq; intros; parts; [destruct Fin.eq_dec|]; now rewrite ?plus_origin, ?origin_plus. Qed.

Lemma inside_inside i u : inside i (inside i u) = inside i u.
Proof. apply point_eq; intros; parts; [now destruct Fin.eq_dec|easy]. Qed.

Lemma dot_inside i u v : dot u (inside i v) = dot (part u i) (part v i).
Proof.
  rewrite dot_parts. parts. rewrite dot_origin_r, Rplus_0_r, (block_sum_one _ i).
  - now rewrite inside_same.
  - intros j Hj. rewrite inside_other by congruence. apply dot_origin_r.
Qed.

Lemma dot_inside_l i u v : dot (inside i u) v = dot (part u i) (part v i).
Proof. now rewrite dot_comm, dot_inside, dot_comm. Qed.

Lemma rescale_inside i a u : rescale (only i a) (inside i u) = times a (inside i u).
Proof.
  apply point_eq; intros; parts; [|now rewrite times_origin].
  unfold only. destruct Fin.eq_dec; [easy|now rewrite !times_origin].
Qed.

Lemma plus_inside i a x : plus x (times a (inside i x)) = rescale (only i (1 + a)) x.
Proof.
  apply point_eq; intros; parts; [|now rewrite times_origin, plus_origin].
  unfold only. destruct Fin.eq_dec.
  - now rewrite plus_times, times_one.
  - now rewrite times_origin, plus_origin, times_one.
Qed.

Lemma nonzero_rescale k x : (forall i, 0 < k i) -> nonzero x -> nonzero (rescale k x).
Proof.
  intros Hk H i E. apply (H i), norm_zero. specialize (Hk i).
  apply Rmult_eq_reg_l with (k i); [|lra]. rewrite Rmult_0_r, <- (Rabs_pos_eq (k i)) at 1 by lra.
  rewrite <- norm_times. parts. rewrite E. apply norm_origin.
Qed.

(** Parts are no longer than the whole. *)
Lemma part_norm_le i u : norm (part u i) <= norm u.
Proof.
  apply Rsqr_incr_0_var; [|apply norm_nonneg]. rewrite !Rsqr_pow2, !norm_squared, dot_parts.
  pose proof (block_le_sum (fun i => dot (part u i) (part u i)) i (fun j => dot_self_nonneg _)) as P.
  pose proof (dot_self_nonneg (rest_part u)). simpl in P. lra.
Qed.

Lemma rest_norm_le u : norm (rest_part u) <= norm u.
Proof.
  apply Rsqr_incr_0_var; [|apply norm_nonneg]. rewrite !Rsqr_pow2, !norm_squared, dot_parts.
  pose proof (block_sum_nonneg (fun i => dot (part u i) (part u i)) (fun j => dot_self_nonneg _)). lra.
Qed.

Lemma norm_le_parts u : norm u <= block_sum (fun i => norm (part u i)) + norm (rest_part u).
Proof. eapply Rle_trans; [apply pair_norm_le|]. apply Rplus_le_compat_r. apply family_norm_le. Qed.

Lemma rescale_norm_le k u : norm (rescale k u) <= (block_sum (fun i => Rabs (k i)) + 1) * norm u.
Proof.
  eapply Rle_trans; [apply norm_le_parts|]. parts. pose proof (rest_norm_le u) as Q.
  apply Rle_trans with (block_sum (fun i => norm u * Rabs (k i)) + norm u).
  - apply Rplus_le_compat; [|exact Q]. apply block_sum_le. intros i. parts.
    rewrite norm_times, Rmult_comm. apply Rmult_le_compat_r; [apply Rabs_pos|apply part_norm_le].
  - rewrite block_sum_scale. lra.
Qed.

(** Curves by their parts. *)
Lemma parts_velocity (c : R -> place s) a v :
  (forall i, is_velocity (fun a => part (c a) i) a (part v i)) -> is_velocity (fun a => rest_part (c a)) a (rest_part v) ->
  is_velocity c a v.
Proof. intros H1 H2. apply pair_velocity; [now apply family_velocity|exact H2]. Qed.

(** Points near one without zero blocks have none either. *)
Lemma nonzero_near x u : nonzero x -> locally 0 (fun a => nonzero (plus x (times a u))).
Proof.
  intros H.
  destruct (common_distance (fun i d => forall a, Rabs a < d -> part (plus x (times a u)) i <> origin)) as (d & Hd & K).
  - intros i d e P Hle a Ha. apply P. lra.
  - intros i. pose proof (proj1 (norm_pos_iff _) (H i)) as P. pose proof (norm_nonneg (part u i)) as Q.
    exists (norm (part x i) / (norm (part u i) + 1)). split; [apply quotient_pos; lra|].
    intros a Ha E. parts.
    assert (N : norm (part x i) <= Rabs a * norm (part u i)).
    { rewrite <- norm_times. rewrite <- (plus_minus (times a (part u i)) (part x i)), (plus_comm _ (part x i)), E.
      unfold minus. rewrite origin_plus, norm_times. replace (Rabs (-1)) with 1; [lra|]. rewrite Rabs_left; lra. }
    apply Rmult_lt_compat_r with (r := norm (part u i) + 1) in Ha; [|lra].
    replace (norm (part x i) / (norm (part u i) + 1) * (norm (part u i) + 1)) with (norm (part x i)) in Ha by (field; lra).
    pose proof (Rabs_pos a). nra.
  - apply (locally_zero _ d Hd). intros a Ha i. now apply K.
Qed.
End Rescaling.
