(** * Finite sums and minima over steps and over blocks *)

From Coq Require Import Reals Lra Lia.
From Coq Require Fin.
Local Open Scope R_scope.

(** ** Over the steps t < T *)

Fixpoint step_sum (T : nat) (x : nat -> R) : R :=
  match T with O => 0 | S n => step_sum n x + x n end.

(** The smallest of x 0, ..., x (T - 1); for T = 0 it is x 0. *)
Fixpoint least (T : nat) (x : nat -> R) : R :=
  match T with O => x O | S O => x O | S n => Rmin (least n x) (x n) end.

Lemma step_sum_ext T x y : (forall t, (t < T)%nat -> x t = y t) -> step_sum T x = step_sum T y.
Proof.
  induction T as [|T IH]; intros H; simpl; [easy|].
  rewrite IH, (H T) by (intros; try apply H; lia). easy.
Qed.

Lemma step_sum_le T x y : (forall t, (t < T)%nat -> x t <= y t) -> step_sum T x <= step_sum T y.
Proof.
  induction T as [|T IH]; intros H; simpl; [lra|].
  assert (x T <= y T) by (apply H; lia).
  assert (step_sum T x <= step_sum T y) by (apply IH; intros; apply H; lia). lra.
Qed.

Lemma step_sum_plus T x y : step_sum T (fun t => x t + y t) = step_sum T x + step_sum T y.
Proof. induction T as [|T IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma step_sum_minus T x y : step_sum T (fun t => x t - y t) = step_sum T x - step_sum T y.
Proof. induction T as [|T IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma step_sum_scale T a x : step_sum T (fun t => a * x t) = a * step_sum T x.
Proof. induction T as [|T IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma step_sum_constant T a : step_sum T (fun _ => a) = INR T * a.
Proof. induction T as [|T IH]; [simpl; ring|]. rewrite S_INR. simpl step_sum. rewrite IH. ring. Qed.

Lemma step_sum_telescopes T x : step_sum T (fun t => x (S t) - x t) = x T - x O.
Proof. induction T as [|T IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma step_sum_nonneg T x : (forall t, (t < T)%nat -> 0 <= x t) -> 0 <= step_sum T x.
Proof. intros H. replace 0 with (step_sum T (fun _ => 0)) by (rewrite step_sum_constant; ring). now apply step_sum_le. Qed.

Lemma step_sum_pos T x : (0 < T)%nat -> (forall t, (t < T)%nat -> 0 < x t) -> 0 < step_sum T x.
Proof.
  destruct T as [|T]; [lia|]. intros _ H. simpl.
  assert (0 < x T) by (apply H; lia).
  assert (0 <= step_sum T x) by (apply step_sum_nonneg; intros; apply Rlt_le, H; lia). lra.
Qed.

(** What falls by x t at step t has paid for all x. *)
Lemma step_sum_le_drop T x y :
  (forall t, (t < T)%nat -> x t <= y t - y (S t)) -> step_sum T x <= y O - y T.
Proof.
  intros H. replace (y O - y T) with (step_sum T (fun t => y t - y (S t))).
  - now apply step_sum_le.
  - pose proof (step_sum_telescopes T (fun t => - y t)) as Q. simpl in Q.
    rewrite (step_sum_ext _ _ (fun t => - y (S t) - - y t)) by (intros; ring). rewrite Q. ring.
Qed.

Lemma least_le T x t : (t < T)%nat -> least T x <= x t.
Proof.
  induction T as [|[|T] IH]; intros H; [lia| |].
  - replace t with O by lia. simpl. lra.
  - change (least (S (S T)) x) with (Rmin (least (S T) x) (x (S T))).
    destruct (Nat.eq_dec t (S T)) as [->|]; [apply Rmin_r|].
    apply Rle_trans with (least (S T) x); [apply Rmin_l|apply IH; lia].
Qed.

Lemma least_attained T x : (0 < T)%nat -> exists t, (t < T)%nat /\ least T x = x t.
Proof.
  induction T as [|[|T] IH]; intros H; [lia|exists O; split; [lia|easy]|].
  destruct IH as (t & Ht & E); [lia|].
  change (least (S (S T)) x) with (Rmin (least (S T) x) (x (S T))).
  unfold Rmin; destruct Rle_dec; [exists t|exists (S T)]; split; (lia || easy).
Qed.

(** The smallest is at most any weighted mean. *)
Lemma least_le_weighted T w x :
  (0 < T)%nat -> (forall t, (t < T)%nat -> 0 <= w t) -> least T x * step_sum T w <= step_sum T (fun t => w t * x t).
Proof.
  intros HT Hw. rewrite <- step_sum_scale. apply step_sum_le. intros t Ht.
  rewrite Rmult_comm. apply Rmult_le_compat_l; [now apply Hw|now apply least_le].
Qed.

Lemma least_le_mean T x : (0 < T)%nat -> least T x <= step_sum T x / INR T.
Proof.
  intros HT. assert (0 < INR T) by (apply lt_0_INR; lia).
  apply Rmult_le_reg_r with (INR T); [easy|].
  replace (step_sum T x / INR T * INR T) with (step_sum T x) by (field; lra).
  pose proof (least_le_weighted T (fun _ => 1) x HT) as Q. rewrite step_sum_constant in Q.
  rewrite (step_sum_ext T (fun t => 1 * x t) x) in Q by (intros; ring).
  rewrite Rmult_1_r in Q. apply Q. intros; lra.
Qed.

(** ** Over the blocks *)

Fixpoint block_sum {m : nat} : (Fin.t m -> R) -> R :=
  match m with O => fun _ => 0 | S n => fun x => x Fin.F1 + block_sum (fun i => x (Fin.FS i)) end.

Fixpoint largest_from (a : R) {m : nat} : (Fin.t m -> R) -> R :=
  match m with O => fun _ => a | S n => fun x => largest_from (Rmax a (x Fin.F1)) (fun i => x (Fin.FS i)) end.

(** The largest over the blocks; 0 where there are none. *)
Definition largest_block {m : nat} : (Fin.t m -> R) -> R :=
  match m with O => fun _ => 0 | S n => fun x => largest_from (x Fin.F1) (fun i => x (Fin.FS i)) end.

Lemma block_sum_ext {m} (x y : Fin.t m -> R) : (forall i, x i = y i) -> block_sum x = block_sum y.
Proof. induction m as [|m IH]; intros H; simpl; [easy|]. rewrite (H Fin.F1). f_equal. now apply IH. Qed.

Lemma block_sum_le {m} (x y : Fin.t m -> R) : (forall i, x i <= y i) -> block_sum x <= block_sum y.
Proof.
  induction m as [|m IH]; intros H; simpl; [lra|]. pose proof (H Fin.F1).
  assert (block_sum (fun i => x (Fin.FS i)) <= block_sum (fun i => y (Fin.FS i))) by (apply IH; auto). lra.
Qed.

Lemma block_sum_plus {m} (x y : Fin.t m -> R) : block_sum (fun i => x i + y i) = block_sum x + block_sum y.
Proof. induction m as [|m IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma block_sum_minus {m} (x y : Fin.t m -> R) : block_sum (fun i => x i - y i) = block_sum x - block_sum y.
Proof. induction m as [|m IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma block_sum_scale {m} a (x : Fin.t m -> R) : block_sum (fun i => a * x i) = a * block_sum x.
Proof. induction m as [|m IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma block_sum_zero {m} (x : Fin.t m -> R) : (forall i, x i = 0) -> block_sum x = 0.
Proof. induction m as [|m IH]; intros H; simpl; [easy|]. rewrite (H Fin.F1), IH by auto. ring. Qed.

Lemma block_sum_nonneg {m} (x : Fin.t m -> R) : (forall i, 0 <= x i) -> 0 <= block_sum x.
Proof. intros H. rewrite <- (block_sum_zero (fun _ : Fin.t m => 0)) by easy. now apply block_sum_le. Qed.

(** One of nonnegative terms is at most their sum. *)
Lemma block_le_sum {m} (x : Fin.t m -> R) i : (forall j, 0 <= x j) -> x i <= block_sum x.
Proof.
  induction i as [m|m i IH]; intros H; simpl.
  - pose proof (block_sum_nonneg (fun i => x (Fin.FS i)) (fun i => H (Fin.FS i))). lra.
  - pose proof (H Fin.F1). pose proof (IH (fun i => x (Fin.FS i)) (fun i => H (Fin.FS i))). simpl in *. lra.
Qed.

Lemma block_sum_single (x : Fin.t 1 -> R) : block_sum x = x Fin.F1.
Proof. simpl. ring. Qed.

Lemma block_sum_step_sum {m} T (x : nat -> Fin.t m -> R) :
  block_sum (fun i => step_sum T (fun t => x t i)) = step_sum T (fun t => block_sum (x t)).
Proof.
  induction T as [|T IH]; simpl; [now apply block_sum_zero|]. now rewrite block_sum_plus, IH.
Qed.

Lemma block_sum_swap {m n} (x : Fin.t m -> Fin.t n -> R) :
  block_sum (fun i => block_sum (fun j => x i j)) = block_sum (fun j => block_sum (fun i => x i j)).
Proof.
  induction m as [|m IH]; simpl; [now rewrite block_sum_zero|]. now rewrite IH, <- block_sum_plus.
Qed.

(** A sum of which only one term is not zero. *)
Lemma block_sum_one {m} (x : Fin.t m -> R) i : (forall j, j <> i -> x j = 0) -> block_sum x = x i.
Proof.
  induction i as [m|m i IH]; intros H; simpl.
  - rewrite block_sum_zero; [ring|]. intros j. apply H. discriminate.
  - rewrite (H Fin.F1) by discriminate. rewrite (IH (fun j => x (Fin.FS j))); [ring|].
    intros j Hj. apply H. intros E. apply Hj. now apply Fin.FS_inj.
Qed.

Lemma largest_from_ge a {m} (x : Fin.t m -> R) : a <= largest_from a x /\ forall i, x i <= largest_from a x.
Proof.
  revert a. induction m as [|m IH]; intros a; simpl.
  - split; [lra|intros i; inversion i].
  - destruct (IH (fun i => x (Fin.FS i)) (Rmax a (x Fin.F1))) as [H K].
    pose proof (Rmax_l a (x Fin.F1)). pose proof (Rmax_r a (x Fin.F1)). split; [lra|].
    intros i. apply (Fin.caseS' i); [lra|easy].
Qed.

Lemma largest_block_ge {m} (x : Fin.t m -> R) i : x i <= largest_block x.
Proof.
  destruct m as [|m]; [inversion i|]. simpl.
  destruct (largest_from_ge (x Fin.F1) (fun i => x (Fin.FS i))) as [H K].
  now apply (Fin.caseS' i).
Qed.
