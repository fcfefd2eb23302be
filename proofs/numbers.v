(** * The rate in numbers

    What files made for given constants rest on: every premise is an inequality between numbers, which interval arithmetic
    can decide. The slope is bounded near zero by its expansion, where intervals would touch. *)

From Coq Require Import Reals Lra Lia ZArith List.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary lyapunov gd_rate.
Local Open Scope R_scope.

(** ** The slope *)

Lemma atan_cubic x : 0 <= x -> x - x ^ 3 / 3 <= atan x.
Proof.
  intros H. destruct (Req_dec x 0) as [->|N]; [rewrite atan_0; lra|].
  destruct (MVT_cor2 (fun y => atan y - (y - y ^ 3 / 3)) (fun y => / (1 + y ^ 2) - (1 - y ^ 2)) 0 x) as (y & E & Hy); [lra| |].
  - intros y _. apply is_derive_Reals. auto_derive; [easy|]. field. nra.
  - rewrite atan_0 in E. assert (0 <= / (1 + y ^ 2) - (1 - y ^ 2)).
    { replace (/ (1 + y ^ 2) - (1 - y ^ 2)) with (y ^ 4 / (1 + y ^ 2)) by (field; nra). apply quotient_nonneg; [|nra].
      replace (y ^ 4) with ((y ^ 2) ^ 2) by ring. apply pow2_ge_0. }
    assert (0 <= (/ (1 + y ^ 2) - (1 - y ^ 2)) * (x - 0)) by (apply Rmult_le_pos; lra). lra.
Qed.

(** ln(1 + x^2) >= arctan(x)^2 *)
Lemma atan_squared_le_ln x : 0 <= x -> atan x ^ 2 <= ln (1 + x ^ 2).
Proof.
  intros H. destruct (Req_dec x 0) as [->|N]; [rewrite atan_0; replace (1 + 0 ^ 2) with 1 by ring; rewrite ln_1; lra|].
  destruct (MVT_cor2 (fun y => ln (1 + y ^ 2) - atan y ^ 2) (fun y => 2 * (y - atan y) / (1 + y ^ 2)) 0 x)
    as (y & E & Hy); [lra| |].
  - intros y _. apply is_derive_Reals. auto_derive; [nra|]. field. nra.
  - rewrite atan_0 in E. replace (1 + 0 ^ 2) with 1 in E by ring. rewrite ln_1 in E.
    assert (Q : atan y <= y).
    { destruct (MVT_cor2 atan (fun z => / (1 + z ^ 2)) 0 y) as (z & Ez & Hz); [lra| |].
      - intros z _. apply is_derive_Reals. auto_derive; [easy|]. field. nra.
      - rewrite atan_0 in Ez. assert (/ (1 + z ^ 2) <= 1).
        { rewrite <- Rinv_1 at 2. apply Rinv_le_contravar; nra. }
        nra. }
    assert (0 <= 2 * (y - atan y) / (1 + y ^ 2)) by (apply quotient_nonneg; nra).
    assert (0 <= 2 * (y - atan y) / (1 + y ^ 2) * (x - 0)) by (apply Rmult_le_pos; lra). lra.
Qed.

(** On (0, d] with d^2 <= 3 (1 - c) the slope is at least 1 - x^2/3. *)
Lemma infimum_on_boundary_split x_0 r c d :
  0 <= r -> 0 < c -> 0 < d -> d ^ 2 / 3 <= 1 - c ->
  (forall x, d <= x <= x_0 -> c <= (atan x + r * (ln (1 + x ^ 2) - atan x ^ 2)) / x) -> infimum_on_boundary x_0 r c.
Proof.
  intros Hr Hc Hd Hn H. split; [easy|]. intros x Hx. destruct (Rle_lt_dec d x) as [L|L]; [apply H; lra|].
  apply Rmult_le_reg_r with x; [lra|].
  replace ((atan x + r * (ln (1 + x ^ 2) - atan x ^ 2)) / x * x) with (atan x + r * (ln (1 + x ^ 2) - atan x ^ 2))
    by (field; lra).
  pose proof (atan_cubic x ltac:(lra)). pose proof (atan_squared_le_ln x ltac:(lra)) as Q.
  assert (0 <= r * (ln (1 + x ^ 2) - atan x ^ 2)) by (apply Rmult_le_pos; lra).
  assert (x ^ 2 <= d ^ 2) by (apply pow_incr; lra). nra.
Qed.

(** Anything positive up to arctan(x_0)/x_0. *)
Lemma infimum_on_boundary_simple x_0 r c : 0 < x_0 -> 0 <= r -> 0 < c -> c <= atan x_0 / x_0 -> infimum_on_boundary x_0 r c.
Proof.
  intros Hx Hr Hc H. destruct (simple_slope_infimum x_0 r Hx Hr) as [_ K]. split; [easy|].
  intros x Q. eapply Rle_trans; [exact H|]. now apply K.
Qed.

(** ** The excess *)

Lemma excess_before c Lam b e :
  2 * c * b / Lam < 1 -> Lam / 2 * (2 * c * b / Lam - 1 - ln (2 * c * b / Lam)) <= e -> excess c Lam b <= e.
Proof. intros H K. unfold excess. destruct Rlt_dec; lra. Qed.

Lemma excess_beyond c Lam b : 1 <= 2 * c * b / Lam -> excess c Lam b <= 0.
Proof. intros H. unfold excess. destruct Rlt_dec; lra. Qed.

(** ** The rate *)

Lemma rate_in_numbers s (r : run s) (k : constants s) (b Lam Gbar c D e : index s -> R) (gap_0 nu C : R) (T : Z) :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> decoupled k -> gradient_bounded r k ->
  gradient_step r -> full_gradient r -> constant_rate r -> scale_variant_rate r k -> bounded_below r k ->
  positive_start r -> positive_rates r ->
  (forall i, inverse_rate r 0 i = b i) -> (forall i, decoupled_smoothness k i = Lam i) ->
  (forall i, gradient_limit k i = Gbar i) -> gap r k <= gap_0 -> rest_price k <= nu ->
  (forall i, 0 < Gbar i) ->
  (forall i, infimum_on_boundary (Gbar i / b i) (Lam i / (2 * Gbar i)) (c i)) ->
  (forall i, 0 <= D i) -> (forall i, Lam i / 2 <= c i * (b i + D i)) ->
  (forall i, excess (c i) (Lam i) (b i) <= e i) ->
  (forall i, gap_0 + (block_sum e - e i) <= c i * D i - Lam i / 2 * ln (1 + D i / b i)) ->
  (0 < T)%Z ->
  block_sum (fun i => D i * (b i + D i / 2)) + nu * (gap_0 + block_sum e) <= C * IZR T ->
  least (Z.to_nat T) (fun t => block_sum (fun i => gradient_norm r t i ^ 2) + rest_gradient_norm r t ^ 2) <= C.
Proof.
  intros I W Y DC GB ST FG CR SV BB PS PR Eb EL EG Hgap Hnu HG Hc HD0 HD1 He HD2 HT HC.
  assert (HL : forall i, 0 < decoupled_smoothness k i) by apply DC.
  assert (HT' : (0 < Z.to_nat T)%nat) by lia.
  assert (ET : INR (Z.to_nat T) = IZR T) by (rewrite INR_IZR_INZ; f_equal; lia).
  assert (Hp : forall i, 0 <= excess (c i) (decoupled_smoothness k i) (inverse_rate r 0 i)).
  { intros i. apply excess_nonneg; [apply Hc|apply HL|]. rewrite Eb.
    pose proof (PS i). pose proof (PR 0%nat i). rewrite <- Eb. now apply quotient_pos. }
  assert (HE : forall i, excess (c i) (decoupled_smoothness k i) (inverse_rate r 0 i) <= e i).
  { intros i. rewrite EL, Eb. apply He. }
  assert (HS := block_sum_le _ _ HE). simpl in HS.
  eapply Rle_trans; [apply (gd_rate_rate s r k c D); auto|].
  - intros i. rewrite EG. apply HG.
  - intros i. rewrite EG, EL, Eb. apply Hc.
  - intros i. unfold block_level. rewrite EL, Eb. split; [apply HD0|split; [apply HD1|]].
    eapply Rle_trans; [|apply HD2].
    pose proof (block_le_sum (fun j => e j - excess (c j) (decoupled_smoothness k j) (inverse_rate r 0 j)) i) as Q.
    simpl in Q. rewrite block_sum_minus in Q. rewrite EL, Eb in Q.
    assert (forall j, 0 <= e j - excess (c j) (decoupled_smoothness k j) (inverse_rate r 0 j)) as P
      by (intros j; pose proof (HE j); lra).
    specialize (Q P). lra.
  - rewrite ET. assert (0 < IZR T) by now apply IZR_lt.
    apply Rmult_le_reg_r with (IZR T); [easy|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
    eapply Rle_trans; [|exact HC]. unfold separate_budgets, budget, growth.
    rewrite (block_sum_ext _ (fun i => D i * (b i + D i / 2))) by (intros i; now rewrite Eb).
    apply Rplus_le_compat_l.
    assert (0 <= rest_price k).
    { destruct SV as [(Q1 & Q2 & ->)|[_ ->]]; [|lra]. apply Rlt_le, quotient_pos; [lra|]. now apply Rmult_lt_0_compat. }
    assert (0 <= block_sum (fun i => excess (c i) (decoupled_smoothness k i) (inverse_rate r 0 i))).
    { now apply block_sum_nonneg. }
    apply Rmult_le_compat; try lra.
    unfold gap. pose proof (BB (position r 0) ltac:(intros i E; specialize (PS i); unfold squared_norm, weights in PS;
      rewrite E, dot_origin in PS; lra)). unfold value. lra.
Qed.

(** ** Numbers of the blocks, written as a list *)

Definition entry {m : nat} (l : list R) (i : Fin.t m) : R := nth (proj1_sig (Fin.to_nat i)) l 0.

(** A property of all blocks, one after the other. *)
Ltac each_block :=
  let i := fresh "i" in
  intros i; cbn [blocks] in i; repeat (pattern i; apply Fin.caseS'; clear i; [|intros i]); try (inversion i);
  unfold entry; cbn [blocks block_sum Fin.to_nat proj1_sig nth].
