(** * Constants that decouple the blocks: bounds on the quadratic form by a diagonal one *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses.
Local Open Scope R_scope.

(** ** What is missing below *)

Lemma block_sum_constant {m} a : block_sum (fun _ : Fin.t m => a) = INR m * a.
Proof. induction m as [|m IH]; [simpl; ring|]. rewrite S_INR. simpl block_sum. rewrite IH. ring. Qed.

Lemma block_sum_scale_r {m} a (x : Fin.t m -> R) : block_sum (fun i => x i * a) = block_sum x * a.
Proof. rewrite Rmult_comm, <- block_sum_scale. apply block_sum_ext. intros. ring. Qed.

(** A sum of nonpositive terms that is not negative has only zeros. *)
Lemma nonpositive_terms {m} (x : Fin.t m -> R) : (forall i, x i <= 0) -> 0 <= block_sum x -> forall i, x i = 0.
Proof.
  intros N P i. pose proof (block_le_sum (fun i => - x i) i (fun j => ltac:(specialize (N j); lra))) as Q.
  rewrite (block_sum_ext (fun i => - x i) (fun i => -1 * x i)), block_sum_scale in Q by (intros; ring).
  specialize (N i). simpl in Q. lra.
Qed.

(** 2 p q <= w p^2 + q^2/w *)
Lemma weighted_product w p q : 0 < w -> 2 * p * q <= w * p ^ 2 + q ^ 2 / w.
Proof.
  intros H. replace (w * p ^ 2 + q ^ 2 / w) with (2 * p * q + (w * p - q) ^ 2 / w) by (field; lra).
  assert (0 <= (w * p - q) ^ 2 / w) by (apply Rmult_le_pos; [apply pow2_ge_0|now apply Rlt_le, Rinv_0_lt_compat]). lra.
Qed.

(** ** Sums of weighted rows

    Lam = (M x)/x, componentwise, for the symmetric matrix M of the constants and any positive x. *)

Section Constants.
Context {s : shape}.
Variable k : constants s.

Definition nonnegative_constants : Prop :=
  (forall i j, 0 <= smoothness k i j) /\ forall i, 0 <= rest_coupling k i.
Definition symmetric_constants : Prop := forall i j, smoothness k i j = smoothness k j i.
Definition diagonal_form (Lam : index s -> R) (Lam_g : R) (y : index s -> R) (z : R) : R :=
  block_sum (fun i => Lam i * y i ^ 2) + Lam_g * z ^ 2.
Definition decouple (Lam : index s -> R) (Lam_g : R) : Prop :=
  forall y z, quadratic_form k y z <= diagonal_form Lam Lam_g y z.

Hypothesis nonnegative : nonnegative_constants.
Hypothesis symmetric : symmetric_constants.

(** Between the blocks: every product of two goes half to the one and half to the other. *)
Lemma blocks_decouple (x y : index s -> R) :
  (forall i, 0 < x i) ->
  block_sum (fun i => block_sum (fun j => smoothness k i j * y i * y j))
  <= block_sum (fun i => block_sum (fun j => smoothness k i j * x j) / x i * y i ^ 2).
Proof.
  intros X. set (term i j := smoothness k i j * (x j / x i) * y i ^ 2).
  apply Rle_trans with (/ 2 * (block_sum (fun i => block_sum (fun j => term i j))
                               + block_sum (fun i => block_sum (fun j => term j i)))).
  - rewrite <- block_sum_plus, <- block_sum_scale. apply block_sum_le. intros i.
    rewrite <- block_sum_plus, <- block_sum_scale. apply block_sum_le. intros j. unfold term. rewrite (symmetric j i).
    pose proof (weighted_product (x j / x i) (y i) (y j)) as W. pose proof (X i). pose proof (X j).
    assert (P : 0 < x j / x i) by (apply Rmult_lt_0_compat; [easy|now apply Rinv_0_lt_compat]). specialize (W P).
    replace (y j ^ 2 / (x j / x i)) with (x i / x j * y j ^ 2) in W by (field; lra).
    pose proof (Rmult_le_compat_l _ _ _ (proj1 nonnegative i j) W). simpl in *. lra.
  - rewrite (block_sum_swap (fun i j => term j i)). right.
    replace (/ 2 * (block_sum (fun i => block_sum (fun j => term i j)) + block_sum (fun i => block_sum (fun j => term i j))))
      with (block_sum (fun i => block_sum (fun j => term i j))) by field.
    apply block_sum_ext. intros i. unfold term, Rdiv. rewrite Rmult_assoc, <- block_sum_scale_r.
    apply block_sum_ext. intros j. ring.
Qed.

(** With x = 1: the sums of the rows. *)
Definition weighted_row (x : index s -> R) (x_g : R) i : R :=
  (block_sum (fun j => smoothness k i j * x j) + rest_coupling k i * x_g) / x i.
Definition weighted_rest_row (x : index s -> R) (x_g : R) : R :=
  (block_sum (fun i => rest_coupling k i * x i) + rest_smoothness k * x_g) / x_g.

Lemma weighted_rows_decouple x x_g :
  (forall i, 0 < x i) -> 0 < x_g -> decouple (weighted_row x x_g) (weighted_rest_row x x_g).
Proof.
  intros X G y z. pose proof (blocks_decouple x y X) as B. unfold quadratic_form, diagonal_form.
  assert (C : 2 * block_sum (fun i => rest_coupling k i * y i * z)
    <= block_sum (fun i => rest_coupling k i * x_g / x i * y i ^ 2)
       + block_sum (fun i => rest_coupling k i * x i) / x_g * z ^ 2).
  { unfold Rdiv at 2. rewrite Rmult_assoc, <- block_sum_scale_r, <- block_sum_scale, <- block_sum_plus.
    apply block_sum_le. intros i. pose proof (X i).
    assert (P : 0 < x_g / x i) by (apply Rmult_lt_0_compat; [easy|now apply Rinv_0_lt_compat]).
    pose proof (Rmult_le_compat_l _ _ _ (proj2 nonnegative i) (weighted_product (x_g / x i) (y i) z P)) as W.
    replace (rest_coupling k i * x_g / x i * y i ^ 2 + rest_coupling k i * x i * (/ x_g * z ^ 2))
      with (rest_coupling k i * (x_g / x i * y i ^ 2 + z ^ 2 / (x_g / x i))) by (field; lra). lra. }
  assert (E : block_sum (fun i => weighted_row x x_g i * y i ^ 2)
    = block_sum (fun i => block_sum (fun j => smoothness k i j * x j) / x i * y i ^ 2)
      + block_sum (fun i => rest_coupling k i * x_g / x i * y i ^ 2)).
  { rewrite <- block_sum_plus. apply block_sum_ext. intros i. pose proof (X i). unfold weighted_row. field. lra. }
  rewrite E. unfold weighted_rest_row.
  replace ((block_sum (fun i => rest_coupling k i * x i) + rest_smoothness k * x_g) / x_g * z ^ 2)
    with (block_sum (fun i => rest_coupling k i * x i) / x_g * z ^ 2 + rest_smoothness k * z ^ 2) by (field; lra).
  lra.
Qed.

(** At x itself both forms agree. *)
Lemma weighted_rows_tight x x_g :
  (forall i, 0 < x i) -> 0 < x_g ->
  quadratic_form k x x_g = diagonal_form (weighted_row x x_g) (weighted_rest_row x x_g) x x_g.
Proof.
  intros X G. unfold quadratic_form, diagonal_form, weighted_rest_row.
  rewrite (block_sum_ext (fun i => weighted_row x x_g i * x i ^ 2)
    (fun i => block_sum (fun j => smoothness k i j * x i * x j) + rest_coupling k i * x i * x_g)).
  2:{ intros i. pose proof (X i). unfold weighted_row.
      rewrite (block_sum_ext (fun j => smoothness k i j * x i * x j) (fun j => x i * (smoothness k i j * x j)))
        by (intros; ring).
      rewrite block_sum_scale. field. lra. }
  rewrite block_sum_plus, (block_sum_scale_r x_g (fun i => rest_coupling k i * x i)). field. lra.
Qed.

(** So none of these constants can be lowered without another one being raised. *)
Lemma weighted_rows_optimal x x_g Lam Lam_g :
  (forall i, 0 < x i) -> 0 < x_g -> decouple Lam Lam_g ->
  (forall i, Lam i <= weighted_row x x_g i) -> Lam_g <= weighted_rest_row x x_g ->
  (forall i, Lam i = weighted_row x x_g i) /\ Lam_g = weighted_rest_row x x_g.
Proof.
  intros X G D Hi Hg. specialize (D x x_g). rewrite weighted_rows_tight in D by easy. unfold diagonal_form in D.
  pose proof (pow_lt x_g 2 G) as G2.
  pose proof (Rmult_le_compat_r (x_g ^ 2) _ _ (Rlt_le _ _ G2) Hg) as Ig.
  assert (N : forall i, (Lam i - weighted_row x x_g i) * x i ^ 2 <= 0).
  { intros i. pose proof (pow_lt (x i) 2 (X i)) as X2.
    pose proof (Rmult_le_compat_r (x i ^ 2) _ _ (Rlt_le _ _ X2) (Hi i)). lra. }
  assert (S : block_sum (fun i => (Lam i - weighted_row x x_g i) * x i ^ 2)
    = block_sum (fun i => Lam i * x i ^ 2) - block_sum (fun i => weighted_row x x_g i * x i ^ 2)).
  { rewrite <- block_sum_minus. apply block_sum_ext. intros. ring. }
  assert (P : block_sum (fun i => (Lam i - weighted_row x x_g i) * x i ^ 2) <= 0).
  { rewrite <- (block_sum_zero (fun _ : index s => 0)) by easy. now apply block_sum_le. }
  split.
  - intros i. pose proof (nonpositive_terms _ N ltac:(lra) i) as Z. pose proof (pow_lt (x i) 2 (X i)).
    apply Rmult_integral in Z. lra.
  - apply Rmult_eq_reg_r with (x_g ^ 2); lra.
Qed.

(** ** The choice of Arora, Li and Lyu *)

Variable c : R.
Hypothesis fraction : 0 < c.
Hypothesis rest_pos : 0 < rest_smoothness k.

Definition published_block i : R :=
  block_sum (smoothness k i) + INR (blocks s) * rest_coupling k i ^ 2 / (c * rest_smoothness k).
Definition published_rest : R := (1 + c) * rest_smoothness k.

Lemma published_decouple : decouple published_block published_rest.
Proof.
  intros y z. pose proof (blocks_decouple (fun _ => 1) y (fun _ => Rlt_0_1)) as B. unfold quadratic_form, diagonal_form.
  assert (M : forall i : index s, 0 < INR (blocks s)).
  { intros i. apply lt_0_INR. destruct (Fin.to_nat i). lia. }
  assert (C : 2 * block_sum (fun i => rest_coupling k i * y i * z)
    <= block_sum (fun i => INR (blocks s) * rest_coupling k i ^ 2 / (c * rest_smoothness k) * y i ^ 2)
       + c * rest_smoothness k * z ^ 2).
  { apply Rle_trans with (block_sum (fun i => INR (blocks s) * rest_coupling k i ^ 2 / (c * rest_smoothness k) * y i ^ 2
      + c * rest_smoothness k * z ^ 2 / INR (blocks s))).
    - rewrite <- block_sum_scale. apply block_sum_le. intros i. specialize (M i).
      assert (P : 0 < INR (blocks s) / (c * rest_smoothness k)).
      { apply Rmult_lt_0_compat; [easy|]. apply Rinv_0_lt_compat, Rmult_lt_0_compat; lra. }
      pose proof (weighted_product _ (rest_coupling k i * y i) z P) as W.
      replace (z ^ 2 / (INR (blocks s) / (c * rest_smoothness k))) with (c * rest_smoothness k * z ^ 2 / INR (blocks s)) in W
        by (field; lra).
      replace (INR (blocks s) * rest_coupling k i ^ 2 / (c * rest_smoothness k) * y i ^ 2)
        with (INR (blocks s) / (c * rest_smoothness k) * (rest_coupling k i * y i) ^ 2) by (field; lra). lra.
    - rewrite block_sum_plus, block_sum_constant. apply Rplus_le_compat_l.
      destruct (Req_dec (INR (blocks s)) 0) as [Z|Z]; [|right; field; easy].
      rewrite Z, Rmult_0_l. apply Rmult_le_pos; [apply Rmult_le_pos; lra|apply pow2_ge_0]. }
  assert (E : block_sum (fun i => published_block i * y i ^ 2)
    = block_sum (fun i => block_sum (fun j => smoothness k i j * 1) / 1 * y i ^ 2)
      + block_sum (fun i => INR (blocks s) * rest_coupling k i ^ 2 / (c * rest_smoothness k) * y i ^ 2)).
  { rewrite <- block_sum_plus. apply block_sum_ext. intros i. unfold published_block.
    rewrite (block_sum_ext (fun j => smoothness k i j * 1) (smoothness k i)) by (intros; ring). field. lra. }
  rewrite E. unfold published_rest. lra.
Qed.

(** With the rate 2 (1 - c)/L_gg of g, kappa is c^2. *)
Lemma published_kappa (r : run s) :
  rest_decoupled k = published_rest -> rest_rate r = 2 * (1 - c) / rest_smoothness k -> kappa r k = c ^ 2.
Proof. intros D R. unfold kappa. rewrite D, R. unfold published_rest. field. lra. Qed.
End Constants.

(** Constants that decouple, as the claims ask for them. *)
Lemma decouple_decoupled {s : shape} (k : constants s) :
  (forall i, 0 < decoupled_smoothness k i) -> decouple k (decoupled_smoothness k) (rest_decoupled k) -> decoupled k.
Proof. intros P D. split; [easy|exact D]. Qed.
