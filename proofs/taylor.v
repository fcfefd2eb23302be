(** * Functions of one variable whose second derivative is bounded, and periodic ones among them *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
Local Open Scope R_scope.

(** ** Taylor's formula with a bound on the second derivative *)

Lemma mean_value f g a b :
  (forall x, is_derive f x (g x)) -> exists c, Rmin a b <= c <= Rmax a b /\ f b - f a = g c * (b - a).
Proof.
  intros H. apply (MVT_gen f a b g); [easy|]. intros x _. apply derivable_continuous_pt. exists (g x).
  now apply is_derive_Reals.
Qed.

Lemma between_product a b c : Rmin a b <= c <= Rmax a b -> 0 <= (c - a) * (b - a).
Proof.
  unfold Rmin, Rmax. destruct Rle_dec; intros H; [apply Rmult_le_pos; lra|].
  replace ((c - a) * (b - a)) with ((a - c) * (a - b)) by ring. apply Rmult_le_pos; lra.
Qed.

Section Taylor.
Variables (f f1 f2 : R -> R) (L : R).
Hypothesis derivative : forall x, is_derive f x (f1 x).
Hypothesis second : forall x, is_derive f1 x (f2 x).

Lemma taylor_above a b : (forall x, f2 x <= L) -> f b <= f a + f1 a * (b - a) + L * (b - a) ^ 2 / 2.
Proof.
  intros bound. set (g x := f a + f1 a * (x - a) + L * (x - a) ^ 2 / 2 - f x).
  destruct (mean_value g (fun x => f1 a + L * (x - a) - f1 x) a b) as (c & Hc & E).
  { intros x. unfold g. auto_derive; [now exists (f1 x)|].
    replace (Derive (fun x => f x) x) with (f1 x) by (symmetry; now apply is_derive_unique). field. }
  destruct (mean_value f1 f2 a c second) as (e & He & E2).
  assert (P : 0 <= g b - g a).
  { rewrite E. replace ((f1 a + L * (c - a) - f1 c) * (b - a)) with ((L - f2 e) * ((c - a) * (b - a))) by nra.
    apply Rmult_le_pos; [specialize (bound e); lra|now apply between_product]. }
  unfold g in P. replace (a - a) with 0 in P by ring. simpl in P |- *. lra.
Qed.

End Taylor.

Lemma taylor_below f f1 f2 L a b :
  (forall x, is_derive f x (f1 x)) -> (forall x, is_derive f1 x (f2 x)) -> (forall x, - L <= f2 x) ->
  f a + f1 a * (b - a) - L * (b - a) ^ 2 / 2 <= f b.
Proof.
  intros D D2 B.
  pose proof (taylor_above (fun x => - f x) (fun x => - f1 x) (fun x => - f2 x) L
    (fun x => is_derive_opp f x (f1 x) (D x)) (fun x => is_derive_opp f1 x (f2 x) (D2 x)) a b) as Q.
  assert (- f b <= - f a + - f1 a * (b - a) + L * (b - a) ^ 2 / 2) by (apply Q; intros x; specialize (B x); lra). lra.
Qed.

(** ** Periodic functions *)

Section Periodic.
Variables (f f1 f2 : R -> R) (L P : R).
Hypothesis derivative : forall x, is_derive f x (f1 x).
Hypothesis second : forall x, is_derive f1 x (f2 x).
Hypothesis bound : forall x, Rabs (f2 x) <= L.
Hypothesis period_pos : 0 < P.
Hypothesis periodic : forall x, f (x + P) = f x.

Local Lemma above a b : f b <= f a + f1 a * (b - a) + L * (b - a) ^ 2 / 2.
Proof.
  apply (taylor_above f f1 f2 L derivative second). intros x. specialize (bound x). apply Rabs_le_between in bound. lra.
Qed.

Local Lemma below a b : f a + f1 a * (b - a) - L * (b - a) ^ 2 / 2 <= f b.
Proof.
  apply (taylor_below f f1 f2 L a b derivative second). intros x. specialize (bound x). apply Rabs_le_between in bound. lra.
Qed.

(** From both sides to the same value, half a period away. *)
Lemma periodic_slope a : f1 a <= P / 4 * L.
Proof.
  pose proof (below a (a + P / 2)) as B. pose proof (above a (a + P / 2 - P)) as A.
  rewrite <- (periodic (a + P / 2 - P)) in A. replace (a + P / 2 - P + P) with (a + P / 2) in A by ring.
  replace (a + P / 2 - P - a) with (- (P / 2)) in A by field. replace (a + P / 2 - a) with (P / 2) in B by ring.
  apply Rmult_le_reg_r with P; [easy|]. simpl in *. lra.
Qed.

Local Lemma periodic_many n x : f (x + INR n * P) = f x.
Proof.
  induction n as [|n IH]; [simpl; f_equal; ring|]. rewrite S_INR.
  replace (x + (INR n + 1) * P) with (x + INR n * P + P) by ring. now rewrite periodic.
Qed.

(** Every value is taken in the first period. *)
Local Lemma within_period x : exists y, 0 <= y <= P /\ f y = f x.
Proof.
  set (n := Int_part (x / P)). destruct (base_Int_part (x / P)) as [H1 H2]. fold n in H1, H2.
  assert (E : x / P * P = x) by (field; lra).
  exists (x - IZR n * P). split.
  - apply Rmult_le_compat_r with (r := P) in H1; [|lra].
    assert (x / P * P < (IZR n + 1) * P) by (apply Rmult_lt_compat_r; lra). lra.
  - destruct (Z_le_dec 0 n) as [Hn|Hn].
    + rewrite <- (periodic_many (Z.to_nat n)), INR_IZR_INZ, Z2Nat.id by easy. f_equal. ring.
    + rewrite <- (periodic_many (Z.to_nat (- n)) x), INR_IZR_INZ, Z2Nat.id by lia. rewrite opp_IZR. f_equal. ring.
Qed.

Local Lemma continuous_everywhere x : continuity_pt f x.
Proof. apply derivable_continuous_pt. exists (f1 x). now apply is_derive_Reals. Qed.

Local Lemma highest : exists p, 0 <= p <= P /\ forall x, f x <= f p.
Proof.
  destruct (continuity_ab_maj f 0 P) as (p & Hp & Hr); [lra|intros; apply continuous_everywhere|].
  exists p. split; [easy|]. intros x. destruct (within_period x) as (y & Hy & <-). now apply Hp.
Qed.

Local Lemma lowest : exists p, 0 <= p <= P /\ forall x, f p <= f x.
Proof.
  destruct (continuity_ab_min f 0 P) as (p & Hp & Hr); [lra|intros; apply continuous_everywhere|].
  exists p. split; [easy|]. intros x. destruct (within_period x) as (y & Hy & <-). now apply Hp.
Qed.

Local Lemma flat_highest p : (forall x, f x <= f p) -> f1 p = 0.
Proof.
  intros H. pose proof (proj1 (is_derive_Reals f p (f1 p)) (derivative p)) as D.
  rewrite <- (derive_pt_eq_0 f p (f1 p) (exist _ (f1 p) D) D).
  apply (deriv_maximum f (p - 1) (p + 1)); try lra. intros; apply H.
Qed.

Local Lemma flat_lowest p : (forall x, f p <= f x) -> f1 p = 0.
Proof.
  intros H. pose proof (proj1 (is_derive_Reals f p (f1 p)) (derivative p)) as D.
  rewrite <- (derive_pt_eq_0 f p (f1 p) (exist _ (f1 p) D) D).
  apply (deriv_minimum f (p - 1) (p + 1)); try lra. intros; apply H.
Qed.

(** Down from a highest place and up from a lowest one, to the middle between them. *)
Local Lemma extremes_apart p q : f1 p = 0 -> f1 q = 0 -> Rabs (p - q) <= P / 2 -> f p - f q <= P ^ 2 / 16 * L.
Proof.
  intros Hp Hq D. pose proof (below p ((p + q) / 2)) as B. pose proof (above q ((p + q) / 2)) as A.
  rewrite Hp in B. rewrite Hq in A. replace ((p + q) / 2 - p) with (- ((p - q) / 2)) in B by field.
  replace ((p + q) / 2 - q) with ((p - q) / 2) in A by field.
  assert (HL : 0 <= L) by (eapply Rle_trans; [apply Rabs_pos|apply (bound 0)]).
  assert (S : (p - q) ^ 2 <= (P / 2) ^ 2) by (rewrite <- (pow2_abs (p - q)); apply pow_incr; split; [apply Rabs_pos|easy]).
  assert (T : L * ((p - q) ^ 2 / 4) <= L * ((P / 2) ^ 2 / 4)) by (apply Rmult_le_compat_l; lra).
  replace (P ^ 2 / 16 * L) with (L * ((P / 2) ^ 2 / 4)) by field.
  replace (L * ((p - q) / 2) ^ 2 / 2) with (L * ((p - q) ^ 2 / 4) / 2) in A by field.
  replace (L * (- ((p - q) / 2)) ^ 2 / 2) with (L * ((p - q) ^ 2 / 4) / 2) in B by field. lra.
Qed.

Local Lemma derivative_periodic x : f1 (x + P) = f1 x.
Proof.
  rewrite <- (is_derive_unique _ _ _ (derivative x)). symmetry. apply is_derive_unique.
  apply (is_derive_ext (fun x => f (x + P))); [exact periodic|].
  replace (f1 (x + P)) with (scal 1 (f1 (x + P))) by apply Rmult_1_l.
  apply (is_derive_comp f (fun x => x + P)); [apply derivative|]. auto_derive; [easy|ring].
Qed.

Lemma periodic_range a b : Rabs (f b - f a) <= P ^ 2 / 16 * L.
Proof.
  destruct highest as (p & Hp & Mp). destruct lowest as (q & Hq & Mq).
  pose proof (flat_highest p Mp) as Dp. pose proof (flat_lowest q Mq) as Dq.
  assert (R : f p - f q <= P ^ 2 / 16 * L).
  { destruct (Rle_dec (Rabs (p - q)) (P / 2)) as [H|H]; [now apply extremes_apart|].
    destruct (Rle_dec q p) as [O|O].
    - rewrite Rabs_pos_eq in H by lra. rewrite <- (periodic q).
      apply extremes_apart; [easy|now rewrite derivative_periodic|]. rewrite Rabs_left1; lra.
    - rewrite Rabs_left1 in H by lra. rewrite <- (periodic p). apply extremes_apart; [now rewrite derivative_periodic|easy|].
      rewrite Rabs_pos_eq; lra. }
  apply Rabs_le. pose proof (Mp a). pose proof (Mp b). pose proof (Mq a). pose proof (Mq b). lra.
Qed.
End Periodic.
