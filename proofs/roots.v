(** * The larger root of c D - l ln(1 + D/b) = r

    Below it stays whatever stays below the level r; it exists, it is unique, and W_{-1} expresses it. *)

From Coq Require Import Reals Ranalysis5 Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import calculus vocabulary elementary.
Local Open Scope R_scope.

(** ** On the rising branch *)

Lemma logarithm_ratio b d e : 0 < b -> 0 <= d -> d <= e -> ln (1 + e / b) - ln (1 + d / b) = ln ((b + e) / (b + d)).
Proof. intros. rewrite !ln_increment, ln_quotient by lra. ring. Qed.

Lemma rises_strictly c l b d e :
  0 < c -> 0 <= l -> 0 < b -> 0 <= d -> l <= c * (b + d) -> d < e -> c * d - l * ln (1 + d / b) < c * e - l * ln (1 + e / b).
Proof.
  intros Hc Hl Hb Hd Hr He.
  enough (l * (ln (1 + e / b) - ln (1 + d / b)) < c * (e - d)) by lra.
  rewrite logarithm_ratio by lra.
  destruct Hl as [Hl| <-]; [|rewrite Rmult_0_l; apply Rmult_lt_0_compat; lra].
  assert (Q : ln ((b + e) / (b + d)) < (e - d) / (b + d)).
  { replace ((e - d) / (b + d)) with ((b + e) / (b + d) - 1) by (field; lra). apply ln_strictly_below.
    - apply quotient_pos; lra.
    - intros E. assert (b + e = b + d); [|lra].
      replace (b + e) with ((b + e) / (b + d) * (b + d)) by (field; lra). rewrite E. ring. }
  apply Rmult_lt_compat_l with (r := l) in Q; [|easy].
  assert (0 <= (e - d) / (b + d)) by (apply quotient_nonneg; lra).
  apply Rmult_le_compat_r with (r := (e - d) / (b + d)) in Hr; [|easy].
  replace (c * (b + d) * ((e - d) / (b + d))) with (c * (e - d)) in Hr by (field; lra). lra.
Qed.

(** What stays below the level stays below every D on the rising branch that reaches it. *)
Lemma below_larger_increment c l b r D x :
  0 < c -> 0 <= l -> 0 < b -> larger_increment c l b r D -> c * x - l * ln (1 + x / b) <= r -> x <= D.
Proof.
  intros Hc Hl Hb (HD & Hr & K) Hx. destruct (Rle_or_lt x D) as [|H]; [easy|].
  pose proof (rises_strictly c l b D x Hc Hl Hb HD Hr H). lra.
Qed.

(** ** The root itself *)

Definition larger_root (c l b r D : R) : Prop := 0 <= D /\ l <= c * (b + D) /\ c * D - l * ln (1 + D / b) = r.

Lemma larger_root_increment c l b r D : larger_root c l b r D -> larger_increment c l b r D.
Proof. intros (HD & Hr & E). repeat split; lra. Qed.

(** The root is the least number that the theorems may use. *)
Lemma larger_root_least c l b r D E :
  0 < c -> 0 <= l -> 0 < b -> larger_root c l b r D -> larger_increment c l b r E -> D <= E.
Proof. intros Hc Hl Hb (_ & _ & K) HE. apply (below_larger_increment c l b r); try easy. lra. Qed.

Lemma larger_root_unique c l b r D E :
  0 < c -> 0 <= l -> 0 < b -> larger_root c l b r D -> larger_root c l b r E -> D = E.
Proof.
  intros Hc Hl Hb HD HE. apply Rle_antisym; apply (larger_root_least c l b r); auto using larger_root_increment.
Qed.

Lemma increment_continuous c l b x : 0 < b -> 0 <= x -> continuity_pt (fun D => c * D - l * ln (1 + D / b)) x.
Proof.
  intros Hb Hx. pose proof (quotient_nonneg x b Hx Hb). apply derivable_continuous_pt.
  exists (c - l / (1 + x / b) / b). apply is_derive_Reals. auto_derive; [lra|field; lra].
Qed.

(** l ln(1 + D/b) is at most c (b + D)/2 plus a constant, so c D wins. *)
Lemma level_reached c l b r :
  0 < c -> 0 <= l -> 0 < b -> exists E, forall D, E <= D -> r <= c * D - l * ln (1 + D / b).
Proof.
  intros Hc [Hl| <-] Hb.
  2:{ exists (r / c). intros D HD. apply Rmult_le_compat_l with (r := c) in HD; [|lra].
      replace (c * (r / c)) with r in HD by (field; lra). lra. }
  set (a := 2 * l / (c * b)). assert (Ha : 0 < a) by (apply quotient_pos; [lra|now apply Rmult_lt_0_compat]).
  exists (Rmax 0 (2 / c * (r + c * b / 2 + l * ln a))). intros D HD.
  assert (H0 : 0 <= D) by (eapply Rle_trans; [apply Rmax_l|exact HD]).
  assert (H1 : 2 / c * (r + c * b / 2 + l * ln a) <= D) by (eapply Rle_trans; [apply Rmax_r|exact HD]).
  pose proof (quotient_nonneg D b H0 Hb) as Hq.
  assert (Hy : 0 < (1 + D / b) / a) by (apply quotient_pos; lra).
  pose proof (ln_below _ Hy) as Q. rewrite ln_quotient in Q by lra. apply Rmult_le_compat_l with (r := l) in Q; [|lra].
  replace (l * ((1 + D / b) / a - 1)) with (c * (b + D) / 2 - l) in Q by (unfold a; field; repeat split; lra).
  apply Rmult_le_compat_l with (r := c / 2) in H1; [|lra].
  replace (c / 2 * (2 / c * (r + c * b / 2 + l * ln a))) with (r + c * b / 2 + l * ln a) in H1 by (field; lra). lra.
Qed.

(** The minimum of c D - l ln(1 + D/b) over D >= 0 is at D = 0 or where c (b + D) = l; it is not positive. *)
Lemma larger_root_exists c l b r :
  0 < c -> 0 <= l -> 0 < b -> 0 <= r -> exists D, larger_root c l b r D.
Proof.
  intros Hc Hl Hb Hr. set (low := Rmax 0 (l / c - b)).
  assert (L0 : 0 <= low) by apply Rmax_l.
  assert (L1 : l <= c * (b + low)).
  { pose proof (Rmax_r 0 (l / c - b)) as Q. fold low in Q. apply Rmult_le_compat_l with (r := c) in Q; [|lra].
    replace (c * (l / c - b)) with (l - c * b) in Q by (field; lra). lra. }
  assert (L2 : c * low - l * ln (1 + low / b) <= 0).
  { unfold low, Rmax in *. destruct Rle_dec as [H|H].
    - assert (Hlow : 0 < l / c) by lra. assert (Hl' : l = c * (l / c)) by (field; lra).
      replace (1 + (l / c - b) / b) with (l / c / b) by (field; lra).
      assert (Hy : 0 < b / (l / c)) by now apply quotient_pos.
      pose proof (ln_below _ Hy) as Q. rewrite ln_quotient in Q by lra. rewrite ln_quotient by lra.
      apply Rmult_le_compat_l with (r := l) in Q; [|easy].
      replace (l * (b / (l / c) - 1)) with (c * b - l) in Q.
      + replace (c * (l / c - b)) with (l - c * b) by (field; lra). lra.
      + assert (0 < l) by (rewrite Hl'; now apply Rmult_lt_0_compat). field. lra.
    - replace (1 + 0 / b) with 1 by (field; lra). rewrite ln_1. lra. }
  destruct (level_reached c l b (r + 1) Hc Hl Hb) as [E HE].
  pose proof (Rmax_l (low + 1) E) as M1. pose proof (HE (Rmax (low + 1) E) (Rmax_r _ _)) as M2.
  destruct L2 as [L2|L2]; [|destruct Hr as [Hr| <-]].
  3:{ exists low. now repeat split. }
  all: destruct (IVT_interv (fun D => c * D - l * ln (1 + D / b) - r) low (Rmax (low + 1) E)) as (D & HD & Z); try lra.
  all: try (intros x Hx; apply continuity_pt_minus; [apply increment_continuous; lra|now apply continuity_pt_const]).
  all: exists D; repeat split; [lra| |lra].
  all: apply Rle_trans with (c * (b + low)); [easy|]; apply Rmult_le_compat_l; lra.
Qed.

(** ** W_{-1}: the solution w <= -1 of w e^w = z *)

Definition lower_branch (z w : R) : Prop := w <= -1 /\ w * exp w = z.

(** On w <= -1, w e^w falls. *)
Lemma lower_branch_unique z v w : lower_branch z v -> lower_branch z w -> v = w.
Proof.
  assert (P : forall v w, v < w -> w <= -1 -> w * exp w < v * exp v).
  { intros x y Hxy Hy.
    assert (H : ln (- y) + y > ln (- x) + x).
    { assert (Hq : 0 < x / y) by (replace (x / y) with (- x / - y) by (field; lra); apply quotient_pos; lra).
      assert (Hx : x / y - 1 = (y - x) / - y) by (field; lra).
      assert (Q : ln (x / y) < x / y - 1).
      { apply ln_strictly_below; [easy|]. intros E. assert (x = y); [|lra].
        replace x with (x / y * y) by (field; lra). rewrite E. ring. }
      replace (x / y) with (- x / - y) in Q at 1 by (field; lra). rewrite ln_quotient in Q by lra.
      assert ((y - x) / - y <= y - x); [|lra]. apply quotient_le; [lra|].
      apply Rle_trans with ((y - x) * 1); [lra|]. apply Rmult_le_compat_l; lra. }
    apply exp_increasing in H. rewrite !exp_plus, !exp_ln in H by lra. lra. }
  intros [V1 V2] [W1 W2]. destruct (Rtotal_order v w) as [H|[H|H]]; [|easy|].
  - pose proof (P v w H W1). lra.
  - pose proof (P w v H V1). lra.
Qed.

Lemma lower_branch_exists z : - exp (-1) <= z -> z < 0 -> exists w, lower_branch z w.
Proof.
  intros Hz Hn. destruct (larger_root_exists 1 1 1 (- ln (- z) - 1)) as (D & HD & _ & E); try lra.
  - pose proof (ln_increases (- z) (exp (-1)) ltac:(lra) ltac:(lra)) as Q. rewrite ln_exp in Q. lra.
  - exists (- (1 + D)). split; [lra|]. replace (1 + D / 1) with (1 + D) in E by field.
    assert (K : ln (1 + D) + - (1 + D) = ln (- z)) by lra. apply f_equal with (f := exp) in K.
    rewrite exp_plus, !exp_ln in K by lra. lra.
Qed.

(** b + D = -(l/c) W_{-1}(-(c/l) b e^{-(r + c b)/l}): in terms of psi(b) = c b - l ln b the level of D is psi(b) + r. *)
Lemma larger_root_lambert c l b r D w :
  0 < c -> 0 < l -> 0 < b -> 0 <= D ->
  lower_branch (- (c / l) * exp (- (c * b - l * ln b + r) / l)) w ->
  (larger_root c l b r D <-> b + D = - (l / c) * w).
Proof.
  intros Hc Hl Hb HD Hw.
  assert (G : larger_root c l b r D <-> lower_branch (- (c / l) * exp (- (c * b - l * ln b + r) / l)) (- (c / l) * (b + D))).
  { assert (Hcl : 0 < c / l) by now apply quotient_pos.
    assert (K : c * D - l * ln (1 + D / b) = r
      <-> - (c / l) * (b + D) * exp (- (c / l) * (b + D)) = - (c / l) * exp (- (c * b - l * ln b + r) / l)).
    { rewrite ln_increment by easy. split; intros H.
      - assert (E : ln (b + D) + - (c / l) * (b + D) = - (c * b - l * ln b + r) / l).
        { replace r with (c * D - l * (ln (b + D) - ln b)) by easy. field. lra. }
        rewrite <- E, exp_plus, exp_ln by lra. ring.
      - assert (E : exp (ln (b + D) + - (c / l) * (b + D)) = exp (- (c * b - l * ln b + r) / l)).
        { rewrite exp_plus, exp_ln by lra. apply Rmult_eq_reg_l with (- (c / l)); [|lra]. rewrite <- H. ring. }
        apply exp_inv in E.
        assert (l * (ln (b + D) + - (c / l) * (b + D)) = l * (- (c * b - l * ln b + r) / l)) by now rewrite E.
        replace (l * (ln (b + D) + - (c / l) * (b + D))) with (l * ln (b + D) - c * (b + D)) in * by (field; lra).
        replace (l * (- (c * b - l * ln b + r) / l)) with (- (c * b - l * ln b + r)) in * by (field; lra). lra. }
    assert (B : l <= c * (b + D) <-> - (c / l) * (b + D) <= -1).
    { assert (E : c * (b + D) = l * (c / l * (b + D))) by (field; lra). split; intros H.
      - assert (1 <= c / l * (b + D)); [|lra]. apply Rmult_le_reg_l with l; lra.
      - rewrite E. apply Rle_trans with (l * 1); [lra|]. apply Rmult_le_compat_l; lra. }
    unfold larger_root, lower_branch. tauto. }
  rewrite G. split; intros H.
  - rewrite (lower_branch_unique _ _ _ Hw H). field. lra.
  - replace (- (c / l) * (b + D)) with w; [easy|]. rewrite H. field. lra.
Qed.

(** ** The infimum of the slope on the boundary *)

(** The infimum itself is one of the numbers c, and the largest. *)
Lemma infimum_exists x_0 r c :
  0 < x_0 -> infimum_on_boundary x_0 r c ->
  exists e, infimum_on_boundary x_0 r e /\ forall d, infimum_on_boundary x_0 r d -> d <= e.
Proof.
  intros H0 Hc. destruct (completeness (infimum_on_boundary x_0 r)) as [e [U K]].
  - exists ((atan x_0 + r * (ln (1 + x_0 ^ 2) - atan x_0 ^ 2)) / x_0). intros d [_ Hd]. apply Hd. lra.
  - now exists c.
  - exists e. split; [|exact U]. split.
    + apply Rlt_le_trans with c; [apply Hc|now apply U].
    + intros x Hx. apply K. intros d [_ Hd]. now apply Hd.
Qed.
