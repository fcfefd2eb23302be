(** * Derivatives along curves *)

From Coq Require Import Reals Lra Lia FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces.
Local Open Scope R_scope.

(** ** Small distances *)

Lemma common_distance {m} (P : Fin.t m -> R -> Prop) :
  (forall i d e, P i d -> e <= d -> P i e) -> (forall i, exists d, 0 < d /\ P i d) -> exists d, 0 < d /\ forall i, P i d.
Proof.
  intros Hmono H. induction m as [|m IH].
  - exists 1. split; [lra|intros i; inversion i].
  - destruct (H Fin.F1) as (d & Hd & Pd).
    destruct (IH (fun i => P (Fin.FS i))) as (e & He & Pe); [intros; eapply Hmono; eauto|auto|].
    exists (Rmin d e). split; [now apply Rmin_pos|]. intros i.
    apply (Fin.caseS' i); [|intros j]; eapply Hmono; eauto; [apply Rmin_l|apply Rmin_r].
Qed.

Lemma quotient_pos a b : 0 < a -> 0 < b -> 0 < a / b.
Proof. intros. apply Rmult_lt_0_compat; [easy|now apply Rinv_0_lt_compat]. Qed.

Lemma quotient_nonneg a b : 0 <= a -> 0 < b -> 0 <= a / b.
Proof. intros. apply Rmult_le_pos; [easy|now apply Rlt_le, Rinv_0_lt_compat]. Qed.

(** A derivative of a function of one variable is a first-order expansion. *)
Lemma is_derive_expansion (f : R -> R) s l :
  is_derive f s l <->
  forall eps, 0 < eps -> exists d, 0 < d /\ forall h, Rabs h < d -> Rabs (f (s + h) - f s - h * l) <= eps * Rabs h.
Proof.
  rewrite is_derive_Reals. split.
  - intros H eps He. destruct (H eps He) as [d Hd]. exists d. split; [apply cond_pos|].
    intros h Hh. destruct (Req_dec h 0) as [->|Hne].
    { rewrite Rplus_0_r, Rabs_R0. replace (f s - f s - 0 * l) with 0 by ring. rewrite Rabs_R0. lra. }
    specialize (Hd h Hne Hh).
    replace (f (s + h) - f s - h * l) with (((f (s + h) - f s) / h - l) * h) by (field; easy).
    rewrite Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos|lra].
  - intros H eps He. destruct (H (eps / 2)) as (d & Hd & K); [lra|].
    exists (mkposreal d Hd). intros h Hne Hh. simpl in Hh. specialize (K h Hh).
    assert (0 < Rabs h) by now apply Rabs_pos_lt.
    replace ((f (s + h) - f s) / h - l) with ((f (s + h) - f s - h * l) / h) by (field; easy).
    unfold Rdiv. rewrite Rabs_mult, Rabs_inv.
    apply Rle_lt_trans with (eps / 2 * Rabs h * / Rabs h).
    + apply Rmult_le_compat_r; [|easy]. now apply Rlt_le, Rinv_0_lt_compat.
    + rewrite Rmult_assoc, Rinv_r by lra. lra.
Qed.

(** ** Curves *)

Section Curves.
Context {E : space}.
Implicit Types (c : R -> E) (u v w g : E).

Lemma velocity_le c s v :
  is_velocity c s v -> exists d, 0 < d /\ forall h, Rabs h < d -> norm (minus (c (s + h)) (c s)) <= (norm v + 1) * Rabs h.
Proof.
  intros H. destruct (H 1) as (d & Hd & K); [lra|]. exists d. split; [easy|]. intros h Hh.
  specialize (K h Hh). rewrite <- (minus_plus (minus (c (s + h)) (c s)) (times h v)).
  eapply Rle_trans; [apply norm_plus|]. rewrite norm_times. lra.
Qed.

(** The chain rule. *)
Lemma gradient_along_curve f c s v g :
  is_gradient f (c s) g -> is_velocity c s v -> is_derive (fun s => f (c s)) s (dot g v).
Proof.
  intros Hg Hc. apply is_derive_expansion. intros eps He.
  destruct (velocity_le c s v Hc) as (d1 & Hd1 & K1).
  pose proof (norm_nneg := norm_nonneg v). pose proof (norm_nonneg g) as Hng.
  destruct (Hg (eps / (2 * (norm v + 1)))) as (d2 & Hd2 & K2); [apply quotient_pos; lra|].
  destruct (Hc (eps / (2 * (norm g + 1)))) as (d3 & Hd3 & K3); [apply quotient_pos; lra|].
  exists (Rmin d1 (Rmin (d2 / (norm v + 1)) d3)). split.
  { repeat apply Rmin_pos; try easy. apply quotient_pos; lra. }
  intros h Hh.
  assert (H1 : Rabs h < d1) by (eapply Rlt_le_trans; [exact Hh|apply Rmin_l]).
  assert (H2 : Rabs h < d2 / (norm v + 1)).
  { eapply Rlt_le_trans; [exact Hh|]. eapply Rle_trans; [apply Rmin_r|apply Rmin_l]. }
  assert (H3 : Rabs h < d3).
  { eapply Rlt_le_trans; [exact Hh|]. eapply Rle_trans; [apply Rmin_r|apply Rmin_r]. }
  specialize (K1 h H1). specialize (K3 h H3).
  set (x := minus (c (s + h)) (c s)) in *.
  assert (Hx : norm x < d2).
  { eapply Rle_lt_trans; [exact K1|]. apply Rmult_lt_compat_r with (r := norm v + 1) in H2; [|lra].
    replace (d2 / (norm v + 1) * (norm v + 1)) with d2 in H2 by (field; lra). lra. }
  specialize (K2 x Hx).
  replace (plus (c s) x) with (c (s + h)) in K2 by (unfold x; now rewrite plus_comm, minus_plus).
  replace (f (c (s + h)) - f (c s) - h * dot g v)
    with ((f (c (s + h)) - f (c s) - dot g x) + dot g (minus x (times h v))) by (rewrite dot_minus_r, dot_times_r; ring).
  eapply Rle_trans; [apply Rabs_triang|].
  assert (T1 : eps / (2 * (norm v + 1)) * norm x <= eps / 2 * Rabs h).
  { replace (eps / 2 * Rabs h) with (eps / (2 * (norm v + 1)) * ((norm v + 1) * Rabs h)) by (field; lra).
    apply Rmult_le_compat_l; [|easy]. apply Rlt_le, quotient_pos; lra. }
  assert (T2 : Rabs (dot g (minus x (times h v))) <= eps / 2 * Rabs h).
  { eapply Rle_trans; [apply cauchy_schwarz|].
    replace (eps / 2 * Rabs h) with ((norm g + 1) * (eps / (2 * (norm g + 1)) * Rabs h)) by (field; lra).
    pose proof (norm_nonneg (minus x (times h v))). apply Rmult_le_compat; lra. }
  lra.
Qed.

Lemma constant_velocity s v : is_velocity (fun _ => v) s origin.
Proof.
  intros eps He. exists 1. split; [lra|]. intros h _.
  rewrite times_origin. unfold minus. rewrite times_origin, plus_opposite, origin_plus, norm_origin.
  apply Rmult_le_pos; [lra|apply Rabs_pos].
Qed.

Lemma plus_velocity c1 c2 s v1 v2 :
  is_velocity c1 s v1 -> is_velocity c2 s v2 -> is_velocity (fun s => plus (c1 s) (c2 s)) s (plus v1 v2).
Proof.
  intros H1 H2 eps He.
  destruct (H1 (eps / 2)) as (d1 & Hd1 & K1); [lra|]. destruct (H2 (eps / 2)) as (d2 & Hd2 & K2); [lra|].
  exists (Rmin d1 d2). split; [now apply Rmin_pos|]. intros h Hh.
  assert (Rabs h < d1) as Q1 by (eapply Rlt_le_trans; [exact Hh|apply Rmin_l]).
  assert (Rabs h < d2) as Q2 by (eapply Rlt_le_trans; [exact Hh|apply Rmin_r]).
  specialize (K1 h Q1). specialize (K2 h Q2).
  replace (minus (minus (plus (c1 (s + h)) (c2 (s + h))) (plus (c1 s) (c2 s))) (times h (plus v1 v2)))
    with (plus (minus (minus (c1 (s + h)) (c1 s)) (times h v1)) (minus (minus (c2 (s + h)) (c2 s)) (times h v2))).
  - eapply Rle_trans; [apply norm_plus|]. lra.
  - unfold minus. rewrite !times_plus. rewrite plus_swap. f_equal. apply plus_swap.
Qed.

(** A fixed vector with a coefficient that moves. *)
Lemma scaled_velocity (a : R -> R) s l v : is_derive a s l -> is_velocity (fun s => times (a s) v) s (times l v).
Proof.
  intros H eps He. pose proof (norm_nonneg v) as Hv.
  destruct (proj1 (is_derive_expansion a s l) H (eps / (norm v + 1))) as (d & Hd & K); [apply quotient_pos; lra|].
  exists d. split; [easy|]. intros h Hh. specialize (K h Hh).
  replace (minus (minus (times (a (s + h)) v) (times (a s) v)) (times h (times l v)))
    with (times (a (s + h) - a s - h * l) v).
  - rewrite norm_times. replace (eps * Rabs h) with (eps / (norm v + 1) * Rabs h * (norm v + 1)) by (field; lra).
    apply Rmult_le_compat; try easy; try lra. apply Rabs_pos.
  - unfold minus. rewrite !times_times, <- !plus_times. f_equal. ring.
Qed.

(** The product rule. *)
Lemma dot_along_curves c1 c2 s v1 v2 :
  is_velocity c1 s v1 -> is_velocity c2 s v2 ->
  is_derive (fun s => dot (c1 s) (c2 s)) s (dot v1 (c2 s) + dot (c1 s) v2).
Proof.
  intros H1 H2. apply is_derive_expansion. intros eps He.
  pose proof (norm_nonneg (c1 s)) as N1. pose proof (norm_nonneg (c2 s)) as N2. pose proof (norm_nonneg v1) as N3.
  pose proof (norm_nonneg v2) as N4.
  destruct (velocity_le c1 s v1 H1) as (d1 & Hd1 & K1). destruct (velocity_le c2 s v2 H2) as (d2 & Hd2 & K2).
  destruct (H1 (eps / (3 * (norm (c2 s) + 1)))) as (d3 & Hd3 & K3); [apply quotient_pos; lra|].
  destruct (H2 (eps / (3 * (norm (c1 s) + 1)))) as (d4 & Hd4 & K4); [apply quotient_pos; lra|].
  set (d5 := eps / (3 * ((norm v1 + 1) * (norm v2 + 1)))).
  assert (Hd5 : 0 < d5) by (apply quotient_pos; [easy|]; apply Rmult_lt_0_compat; [lra|]; apply Rmult_lt_0_compat; lra).
  exists (Rmin (Rmin d1 d2) (Rmin (Rmin d3 d4) d5)). split; [now repeat apply Rmin_pos|]. intros h Hh.
  pose proof (Rmin_l (Rmin d1 d2) (Rmin (Rmin d3 d4) d5)). pose proof (Rmin_r (Rmin d1 d2) (Rmin (Rmin d3 d4) d5)).
  pose proof (Rmin_l d1 d2). pose proof (Rmin_r d1 d2). pose proof (Rmin_l (Rmin d3 d4) d5).
  pose proof (Rmin_r (Rmin d3 d4) d5). pose proof (Rmin_l d3 d4). pose proof (Rmin_r d3 d4).
  specialize (K1 h ltac:(lra)). specialize (K2 h ltac:(lra)). specialize (K3 h ltac:(lra)). specialize (K4 h ltac:(lra)).
  set (x1 := minus (c1 (s + h)) (c1 s)) in *. set (x2 := minus (c2 (s + h)) (c2 s)) in *.
  assert (E1 : c1 (s + h) = plus (c1 s) x1) by (unfold x1; now rewrite plus_comm, minus_plus).
  assert (E2 : c2 (s + h) = plus (c2 s) x2) by (unfold x2; now rewrite plus_comm, minus_plus).
  rewrite E1, E2, dot_plus, !dot_plus_r.
  replace (dot (c1 s) (c2 s) + dot (c1 s) x2 + (dot x1 (c2 s) + dot x1 x2) - dot (c1 s) (c2 s)
           - h * (dot v1 (c2 s) + dot (c1 s) v2))
    with (dot (minus x1 (times h v1)) (c2 s) + dot (c1 s) (minus x2 (times h v2)) + dot x1 x2)
    by (rewrite dot_minus, dot_minus_r, dot_times, dot_times_r; ring).
  eapply Rle_trans; [apply Rabs_triang|]. eapply Rle_trans; [apply Rplus_le_compat_r, Rabs_triang|].
  pose proof (Rabs_pos h) as Ph.
  assert (T1 : Rabs (dot (minus x1 (times h v1)) (c2 s)) <= eps / 3 * Rabs h).
  { eapply Rle_trans; [apply cauchy_schwarz|].
    replace (eps / 3 * Rabs h) with (eps / (3 * (norm (c2 s) + 1)) * Rabs h * (norm (c2 s) + 1)) by (field; lra).
    pose proof (norm_nonneg (minus x1 (times h v1))). apply Rmult_le_compat; lra. }
  assert (T2 : Rabs (dot (c1 s) (minus x2 (times h v2))) <= eps / 3 * Rabs h).
  { eapply Rle_trans; [apply cauchy_schwarz|].
    replace (eps / 3 * Rabs h) with ((norm (c1 s) + 1) * (eps / (3 * (norm (c1 s) + 1)) * Rabs h)) by (field; lra).
    pose proof (norm_nonneg (minus x2 (times h v2))). apply Rmult_le_compat; lra. }
  assert (T3 : Rabs (dot x1 x2) <= eps / 3 * Rabs h).
  { eapply Rle_trans; [apply cauchy_schwarz|].
    apply Rle_trans with ((norm v1 + 1) * Rabs h * ((norm v2 + 1) * Rabs h)).
    { pose proof (norm_nonneg x1). pose proof (norm_nonneg x2). apply Rmult_le_compat; lra. }
    replace (eps / 3 * Rabs h) with (d5 * ((norm v1 + 1) * (norm v2 + 1)) * Rabs h) by (unfold d5; field; lra).
    replace ((norm v1 + 1) * Rabs h * ((norm v2 + 1) * Rabs h))
      with (Rabs h * ((norm v1 + 1) * (norm v2 + 1)) * Rabs h) by ring.
    apply Rmult_le_compat_r; [easy|]. apply Rmult_le_compat_r; [|lra]. apply Rmult_le_pos; lra. }
  lra.
Qed.

(** A field along a curve. *)
Lemma jacobian_along_curve {F : space} (G : E -> F) c s v A :
  is_jacobian G (c s) A -> is_velocity c s v -> is_velocity (fun s => G (c s)) s (A v).
Proof.
  intros ((Lp & Lt) & (K & HK) & HG) Hc eps He.
  destruct (velocity_le c s v Hc) as (d1 & Hd1 & K1).
  pose proof (norm_nonneg v) as Hv.
  destruct (HG (eps / (2 * (norm v + 1)))) as (d2 & Hd2 & K2); [apply quotient_pos; lra|].
  pose proof (Rabs_pos K) as PK.
  destruct (Hc (eps / (2 * (Rabs K + 1)))) as (d3 & Hd3 & K3); [apply quotient_pos; lra|].
  exists (Rmin d1 (Rmin (d2 / (norm v + 1)) d3)). split.
  { repeat apply Rmin_pos; try easy. apply quotient_pos; lra. }
  intros h Hh.
  assert (H1 : Rabs h < d1) by (eapply Rlt_le_trans; [exact Hh|apply Rmin_l]).
  assert (H2 : Rabs h < d2 / (norm v + 1)).
  { eapply Rlt_le_trans; [exact Hh|]. eapply Rle_trans; [apply Rmin_r|apply Rmin_l]. }
  assert (H3 : Rabs h < d3).
  { eapply Rlt_le_trans; [exact Hh|]. eapply Rle_trans; [apply Rmin_r|apply Rmin_r]. }
  specialize (K1 h H1). specialize (K3 h H3).
  set (x := minus (c (s + h)) (c s)) in *.
  assert (Hx : norm x < d2).
  { eapply Rle_lt_trans; [exact K1|]. apply Rmult_lt_compat_r with (r := norm v + 1) in H2; [|lra].
    replace (d2 / (norm v + 1) * (norm v + 1)) with d2 in H2 by (field; lra). lra. }
  specialize (K2 x Hx).
  replace (plus (c s) x) with (c (s + h)) in K2 by (unfold x; now rewrite plus_comm, minus_plus).
  replace (minus (minus (G (c (s + h))) (G (c s))) (times h (A v)))
    with (plus (minus (minus (G (c (s + h))) (G (c s))) (A x)) (A (minus x (times h v)))).
  2:{ replace (A (minus x (times h v))) with (minus (A x) (times h (A v))).
      - unfold minus. rewrite <- (plus_assoc _ (times (-1) (A x))), (plus_assoc (times (-1) (A x))).
        now rewrite (plus_comm (times (-1) (A x))), plus_opposite, origin_plus.
      - unfold minus. rewrite Lp, !Lt. easy. }
  eapply Rle_trans; [apply norm_plus|]. pose proof (Rabs_pos h) as Ph.
  assert (T1 : eps / (2 * (norm v + 1)) * norm x <= eps / 2 * Rabs h).
  { replace (eps / 2 * Rabs h) with (eps / (2 * (norm v + 1)) * ((norm v + 1) * Rabs h)) by (field; lra).
    apply Rmult_le_compat_l; [|easy]. apply Rlt_le, quotient_pos; lra. }
  assert (T2 : norm (A (minus x (times h v))) <= eps / 2 * Rabs h).
  { eapply Rle_trans; [apply HK|]. pose proof (norm_nonneg (minus x (times h v))) as P. pose proof (Rle_abs K).
    apply Rle_trans with ((Rabs K + 1) * norm (minus x (times h v))); [apply Rmult_le_compat_r; lra|].
    replace (eps / 2 * Rabs h) with ((Rabs K + 1) * (eps / (2 * (Rabs K + 1)) * Rabs h)) by (field; lra).
    apply Rmult_le_compat_l; lra. }
  lra.
Qed.
End Curves.

(** ** Curves in products *)

Lemma family_norm_le {m} (E : Fin.t m -> space) (u : family_space E) : norm u <= block_sum (fun i => norm (u i)).
Proof.
  apply Rsqr_incr_0_var; [|apply block_sum_nonneg; intros; apply norm_nonneg].
  rewrite Rsqr_pow2, norm_squared, Rsqr_pow2. simpl (dot u u).
  induction m as [|m IH]; [simpl; lra|].
  specialize (IH (fun i => E (Fin.FS i)) (fun i => u (Fin.FS i))).
  change (dot (u Fin.F1) (u Fin.F1) + block_sum (fun i => dot (u (Fin.FS i)) (u (Fin.FS i)))
    <= (norm (u Fin.F1) + block_sum (fun i => norm (u (Fin.FS i)))) ^ 2).
  rewrite <- norm_squared.
  pose proof (norm_nonneg (u Fin.F1)) as P.
  pose proof (block_sum_nonneg (fun i => norm (u (Fin.FS i))) (fun i => norm_nonneg _)) as Q. simpl in P, Q, IH |- *. nra.
Qed.

Lemma family_velocity {m} (E : Fin.t m -> space) (c : R -> family_space E) s (v : family_space E) :
  (forall i, is_velocity (fun s => c s i) s (v i)) -> is_velocity c s v.
Proof.
  intros H eps He.
  destruct (common_distance (fun i d => forall h, Rabs h < d ->
    norm (minus (minus (c (s + h) i) (c s i)) (times h (v i))) <= eps / (INR m + 1) * Rabs h)) as (d & Hd & K).
  - intros i d e P Hle h Hh. apply P. lra.
  - intros i. apply (H i). apply quotient_pos; [easy|]. pose proof (pos_INR m). lra.
  - exists d. split; [easy|]. intros h Hh. eapply Rle_trans; [apply family_norm_le|].
    apply Rle_trans with (block_sum (fun _ : Fin.t m => eps / (INR m + 1) * Rabs h)).
    + apply block_sum_le. intros i. now apply K.
    + pose proof (Rabs_pos h). pose proof (pos_INR m).
      assert (C : forall n a, block_sum (fun _ : Fin.t n => a) = INR n * a).
      { intros n a. induction n as [|n IH]; [simpl; ring|]. rewrite S_INR. simpl block_sum. rewrite IH. ring. }
      rewrite C. replace (eps * Rabs h) with ((INR m + 1) * (eps / (INR m + 1) * Rabs h)) by (field; lra).
      apply Rmult_le_compat_r; [|lra]. apply Rmult_le_pos; [|easy]. apply quotient_nonneg; lra.
Qed.

Lemma pair_norm_le (E F : space) (u : pair_space E F) : norm u <= norm (fst u) + norm (snd u).
Proof.
  apply Rsqr_incr_0_var; [|pose proof (norm_nonneg (fst u)); pose proof (norm_nonneg (snd u)); lra].
  rewrite !Rsqr_pow2, norm_squared. simpl (dot u u). rewrite <- !norm_squared.
  pose proof (norm_nonneg (fst u)); pose proof (norm_nonneg (snd u)). nra.
Qed.

Lemma pair_velocity (E F : space) (c : R -> pair_space E F) s (v : pair_space E F) :
  is_velocity (fun s => fst (c s)) s (fst v) -> is_velocity (fun s => snd (c s)) s (snd v) -> is_velocity c s v.
Proof.
  intros H1 H2 eps He.
  destruct (H1 (eps / 2)) as (d1 & Hd1 & K1); [lra|]. destruct (H2 (eps / 2)) as (d2 & Hd2 & K2); [lra|].
  exists (Rmin d1 d2). split; [now apply Rmin_pos|]. intros h Hh.
  eapply Rle_trans; [apply pair_norm_le|].
  specialize (K1 h (Rlt_le_trans _ _ _ Hh (Rmin_l _ _))). specialize (K2 h (Rlt_le_trans _ _ _ Hh (Rmin_r _ _))).
  apply Rle_trans with (eps / 2 * Rabs h + eps / 2 * Rabs h); [|lra].
  apply Rplus_le_compat; [exact K1|exact K2].
Qed.

(** ** Along a line *)

Lemma line_velocity {E : space} (w u : E) s : is_velocity (fun s => plus w (times s u)) s u.
Proof.
  assert (L : is_derive (fun s => s) s 1) by apply is_derive_Reals, derivable_pt_lim_id.
  pose proof (plus_velocity _ _ s _ _ (constant_velocity s w) (scaled_velocity _ s 1 u L)) as H.
  now rewrite times_one, origin_plus in H.
Qed.

Lemma gradient_along_line {E : space} (f : E -> R) (w u g : E) :
  is_gradient f w g -> is_derive (fun s => f (plus w (times s u))) 0 (dot g u).
Proof.
  intros H. apply (gradient_along_curve f (fun s => plus w (times s u))); [|apply line_velocity].
  now rewrite times_zero, plus_origin.
Qed.

(** A gradient is determined by the derivatives along lines. *)
Lemma gradient_unique {E : space} (f : E -> R) (w g1 g2 : E) : is_gradient f w g1 -> is_gradient f w g2 -> g1 = g2.
Proof.
  intros H1 H2. apply minus_zero_eq, dot_self_zero.
  set (u := minus g1 g2). unfold u at 1. rewrite dot_minus.
  pose proof (is_derive_unique _ _ _ (gradient_along_line f w u g1 H1)) as E1.
  pose proof (is_derive_unique _ _ _ (gradient_along_line f w u g2 H2)) as E2. lra.
Qed.
