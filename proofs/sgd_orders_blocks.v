(** * How fast the bound of stochastic gradient descent falls for several blocks and scale-variant parameters

    O((ln T)^(3/2)/sqrt T) for blocks whose rates decay slowly and eta_{g,t} = eta_g/sqrt(t + 1), eta_g Lambda_g < 2. *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary points scale_invariance norm_growth expectation
  chance noise sgd sgd_mean sgd_rate sgd_orders.
Local Open Scope R_scope.

(** ** Constants common to all blocks *)

Lemma common_multiple {m} (x : Fin.t m -> nat -> R) (y : nat -> R) n :
  (forall i, exists C, 0 <= C /\ forall T, (n <= T)%nat -> x i T <= C * y T) ->
  exists C, 0 <= C /\ forall T, (n <= T)%nat -> block_sum (fun i => x i T) <= C * y T.
Proof.
  induction m as [|m IH]; intros H.
  - exists 0. split; [lra|]. intros T _. simpl. lra.
  - destruct (H Fin.F1) as (C1 & P1 & Q1). destruct (IH (fun i => x (Fin.FS i)) (fun i => H (Fin.FS i))) as (C2 & P2 & Q2).
    exists (C1 + C2). split; [lra|]. intros T HT. simpl. specialize (Q1 T HT). specialize (Q2 T HT). lra.
Qed.

Lemma common_factor {m} (x : Fin.t m -> nat -> nat -> R) (P : nat -> nat -> Prop) :
  (forall i T t, P T t -> 0 <= x i T t) -> (forall i, exists C, 0 <= C /\ forall T t, P T t -> 1 <= C * x i T t) ->
  exists C, 0 <= C /\ forall i T t, P T t -> 1 <= C * x i T t.
Proof.
  intros N H. induction m as [|m IH].
  - exists 0. split; [lra|]. intros i. inversion i.
  - destruct (H Fin.F1) as (C1 & P1 & Q1).
    destruct (IH (fun i => x (Fin.FS i)) (fun i => N (Fin.FS i)) (fun i => H (Fin.FS i))) as (C2 & P2 & Q2).
    exists (C1 + C2). split; [lra|]. intros i T t HP.
    apply (Fin.caseS' i); [specialize (Q1 T t HP); pose proof (Rmult_le_pos C2 _ P2 (N Fin.F1 T t HP))|
      intros j; specialize (Q2 j T t HP); pose proof (Rmult_le_pos C1 _ P1 (N (Fin.FS j) T t HP))]; lra.
Qed.

Lemma largest_from_le a {m} (x : Fin.t m -> R) b : a <= b -> (forall i, x i <= b) -> largest_from a x <= b.
Proof.
  revert a. induction m as [|m IH]; intros a Ha H; simpl; [easy|]. apply IH; [|auto]. now apply Rmax_lub.
Qed.

Lemma largest_block_le {m} (x : Fin.t m -> R) b : (0 < m)%nat -> (forall i, x i <= b) -> largest_block x <= b.
Proof. destruct m as [|m]; [lia|]. intros _ H. simpl. now apply largest_from_le. Qed.

(** 1 + 1/2 + ... + 1/T <= 1 + ln T *)
Lemma harmonic_sum T : (0 < T)%nat -> step_sum T (fun t => / (INR t + 1)) <= 1 + ln (INR T).
Proof.
  induction T as [|[|T] IH]; intros H; [lia| |].
  - simpl. rewrite Rplus_0_l, Rplus_0_l, Rinv_1, ln_1. lra.
  - specialize (IH ltac:(lia)). change (step_sum (S (S T)) _) with
      (step_sum (S T) (fun t => / (INR t + 1)) + / (INR (S T) + 1)).
    rewrite (S_INR (S T)). set (x := INR (S T)) in *. assert (Hx : 0 < x) by (apply lt_0_INR; lia).
    pose proof (ln_above ((x + 1) / x) ltac:(apply quotient_pos; lra)) as Q.
    unfold Rdiv in Q. rewrite ln_mult, ln_Rinv in Q by (try apply Rinv_0_lt_compat; lra).
    assert (E : / (x + 1) = 1 - / ((x + 1) * / x)) by (field; lra). lra.
Qed.

Section Orders.
Context {s : shape}.
Variables (c : chance s) (k : constants s) (A : index s -> R) (omega : path c) (eta_g : R).
Hypothesis invariant : surely c scale_invariant.
Hypothesis smooth : surely c twice_differentiable.
Hypothesis spheres : surely c (fun r => smooth_on_spheres r k).
Hypothesis apart : decoupled k.
Hypothesis step : surely c scheduled_step.
Hypothesis noise : surely c (fun r => noise_bounded r k).
Hypothesis limited : surely c (fun r => mean_gradient_bounded r k).
Hypothesis largest : surely c first_rate_largest.
Hypothesis start : surely c positive_start.
Hypothesis rates : surely c positive_rates.
Hypothesis rest_nonneg : 0 <= rest_decoupled k.
Hypothesis fair : unbiased c.
Hypothesis schedule : fixed_schedule c.
Hypothesis variance : noise_variance c k.
Hypothesis below : surely c (fun r => bounded_below r k).
Hypothesis some_block : (0 < blocks s)%nat.
Hypothesis paid : noise_constant (outcome c omega) k A.
Hypothesis slow : slow_decay (outcome c omega).
Hypothesis rest_rate_range : 0 < eta_g /\ eta_g * rest_decoupled k < 2.
Hypothesis rest_rates : forall o t, rest_schedule (outcome c o) t = eta_g / sqrt (INR t + 1).

Let smooth_once : surely c differentiable := fun o => proj1 (smooth o).
Notation r := (outcome c omega).

Notation root_log T := (sqrt (ln (INR T)) * sqrt (INR T)).

Lemma root_log_pos T : (2 <= T)%nat -> 0 < root_log T.
Proof.
  intros HT. pose proof ln_2_pos. pose proof (ln_2_below T HT).
  apply Rmult_lt_0_compat; apply sqrt_lt_R0; [lra|apply lt_0_INR; lia].
Qed.

(** The smallest weight of a step before T is at least of the order 1/sqrt(T ln T). *)
Lemma block_weights : exists C, 0 <= C /\
  forall i T t, (2 <= T)%nat /\ (t < T)%nat -> 1 <= C * (root_log T * (learning_rate r t i / envelope_at r k t i)).
Proof.
  assert (P : forall t i, 0 < learning_rate r t i / envelope_at r k t i).
  { intros. apply quotient_pos; [apply rates|]. now apply (envelope_pos r k (invariant omega) (smooth_once omega) (step omega)
      (noise omega) (largest omega) (start omega) (rates omega)). }
  apply (common_factor (fun i T t => root_log T * (learning_rate r t i / envelope_at r k t i))).
  - intros i T t [HT _]. apply Rmult_le_pos; [now apply Rlt_le, root_log_pos|apply Rlt_le, P].
  - intros i. destruct (slow_decay_rate_order r k i (noise omega) (start omega) (rates omega)) as (C & HC & D).
    exists C. split; [easy|]. intros T t [HT Ht]. specialize (D T HT). destruct T as [|n]; [lia|].
    pose proof (logarithm_nonneg n) as L. rewrite <- S_INR in L.
    pose proof (last_rate_above r k (invariant omega) (smooth_once omega) (step omega) (noise omega) (largest omega)
      (start omega) (rates omega) slow n i (1 + ln (INR (S n)))) as Q.
    pose proof (squared_rates_below r slow n i) as E. rewrite <- !S_INR in E. rewrite <- S_INR in Q.
    specialize (Q ltac:(lra) E).
    assert (Hn : 0 < INR (S n)) by (apply lt_0_INR; lia). pose proof (sqrt_lt_R0 _ Hn) as Hs.
    pose proof (envelope_rate_falls r k (invariant omega) (smooth_once omega) (step omega) (noise omega) (largest omega)
      (start omega) (rates omega) slow t n i ltac:(lia)) as F.
    pose proof (P n i) as Pn. pose proof (P t i) as Pt. set (x := learning_rate r n i / envelope_at r k n i) in *.
    set (y := learning_rate r t i / envelope_at r k t i) in *.
    eapply Rle_trans; [exact Q|]. set (q := sqrt (INR (S n))) in *.
    assert (Eq : INR (S n) = q * q) by (unfold q; now rewrite sqrt_sqrt by lra).
    apply Rle_trans with (C * (sqrt (ln (INR (S n))) / q) * (INR (S n) * x)).
    + apply Rmult_le_compat_r; [apply Rmult_le_pos; lra|exact D].
    + rewrite Eq at 2. replace (C * (sqrt (ln (INR (S n))) / q) * (q * q * x)) with (C * (sqrt (ln (INR (S n))) * q * x))
        by (field; lra).
      apply Rmult_le_compat_l; [easy|]. apply Rmult_le_compat_l; [|easy]. apply Rmult_le_pos; [apply sqrt_pos|lra].
Qed.

Definition weight_g t : R := scale_variant_weight (rest_schedule r t) (rest_decoupled k).

Lemma root_pos t : 0 < sqrt (INR t + 1).
Proof. apply sqrt_lt_R0. pose proof (pos_INR t). lra. Qed.

(** eta_g (1 - Lambda_g eta_g/2)/sqrt(t + 1) <= weight_g *)
Lemma weight_g_above t : 0 < scale_variant_weight eta_g (rest_decoupled k) / sqrt (INR t + 1) <= weight_g t.
Proof.
  pose proof (root_pos t) as Hq. destruct rest_rate_range as [He Hl]. unfold weight_g, scale_variant_weight.
  rewrite rest_rates. set (q := sqrt (INR t + 1)) in *.
  assert (1 <= q) by (apply below_square_root; pose proof (pos_INR t); lra).
  split.
  - apply quotient_pos; [|easy]. apply Rmult_lt_0_compat; lra.
  - replace (eta_g * (1 - rest_decoupled k * eta_g / 2) / q) with (eta_g / q * (1 - rest_decoupled k * eta_g / 2))
      by (field; lra).
    apply Rmult_le_compat_l; [apply quotient_nonneg; lra|].
    assert (eta_g / q <= eta_g).
    { apply Rmult_le_reg_r with q; [easy|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. nra. }
    assert (rest_decoupled k * (eta_g / q) <= rest_decoupled k * eta_g) by now apply Rmult_le_compat_l. lra.
Qed.

Lemma weight_g_schedule : scale_variant_schedule c k weight_g.
Proof.
  split.
  - intros t. pose proof (weight_g_above t). lra.
  - left. intros t o. unfold weight_g, scale_variant_weight. now rewrite !rest_rates.
Qed.

Lemma rest_weights : exists C, 0 <= C /\ forall T t, (2 <= T)%nat /\ (t < T)%nat -> 1 <= C * (root_log T * weight_g t).
Proof.
  destruct rest_rate_range as [He Hl]. set (w := scale_variant_weight eta_g (rest_decoupled k)).
  assert (Hw : 0 < w) by (apply Rmult_lt_0_compat; lra). pose proof ln_2_pos as P2.
  assert (Hr : 0 < sqrt (ln 2)) by now apply sqrt_lt_R0.
  exists (/ (sqrt (ln 2) * w)). split; [apply Rlt_le, Rinv_0_lt_compat; now apply Rmult_lt_0_compat|].
  intros T t [HT Ht]. destruct (weight_g_above t) as [_ B]. fold w in B. pose proof (root_pos t) as Hq.
  assert (L : sqrt (INR t + 1) <= sqrt (INR T)).
  { apply sqrt_le_1_alt. rewrite <- S_INR. apply le_INR. lia. }
  assert (M : sqrt (ln 2) <= sqrt (ln (INR T))) by (apply sqrt_le_1_alt; now apply ln_2_below).
  set (q := sqrt (INR t + 1)) in *. assert (0 < w / q) by now apply quotient_pos.
  apply Rle_trans with (/ (sqrt (ln 2) * w) * (sqrt (ln 2) * q * (w / q))).
  - apply Req_le. field. lra.
  - apply Rmult_le_compat_l; [apply Rlt_le, Rinv_0_lt_compat; now apply Rmult_lt_0_compat|].
    apply Rmult_le_compat; [apply Rmult_le_pos; lra|lra| |easy]. apply Rmult_le_compat; lra.
Qed.

(** The noise of g adds up like the harmonic sum. *)
Lemma noise_order : exists C, 0 <= C /\ forall T, (2 <= T)%nat ->
  step_sum T (fun t => scale_variant_noise (rest_schedule r t) (rest_decoupled k) (noise_deviation k)) <= C * ln (INR T).
Proof.
  set (a := rest_decoupled k / 2 * noise_deviation k ^ 2 * eta_g ^ 2).
  assert (Ha : 0 <= a) by (apply Rmult_le_pos; [apply Rmult_le_pos; [lra|]|]; apply pow2_ge_0).
  pose proof ln_2_pos as P2.
  exists (a * (1 / ln 2 + 1)). split.
  - apply Rmult_le_pos; [easy|]. pose proof (quotient_pos 1 (ln 2) Rlt_0_1 P2). lra.
  - intros T HT. rewrite (step_sum_ext _ _ (fun t => a * / (INR t + 1))).
    + rewrite step_sum_scale, Rmult_assoc. apply Rmult_le_compat_l; [easy|].
      eapply Rle_trans; [apply harmonic_sum; lia|].
      pose proof (absorbed 1 (ln 2) (ln (INR T)) P2 (ln_2_below T HT)) as Q. rewrite Rabs_R1 in Q. lra.
    + intros t _. unfold scale_variant_noise, a. rewrite rest_rates. pose proof (root_pos t) as Hq. pose proof (pos_INR t).
      replace ((eta_g / sqrt (INR t + 1)) ^ 2) with (eta_g ^ 2 / sqrt (INR t + 1) ^ 2) by (field; lra).
      rewrite pow2_sqrt by lra. unfold Rdiv. ring.
Qed.

Theorem sgd_rate_order_blocks :
  exists C, forall T, (2 <= T)%nat ->
  least T (fun t =>
    block_sum (fun i => expectation T (fun o : path c => mean_gradient_norm (outcome c o) t i ^ 2))
    + expectation T (fun o : path c => mean_rest_gradient_norm (outcome c o) t ^ 2))
  <= C * (ln (INR T) * (sqrt (ln (INR T)) / sqrt (INR T))).
Proof.
  destruct (common_multiple (fun i T => A i / 2 * ln (envelope_at r k T i / squared_norm r 0 i)) (fun T => ln (INR T)) 2)
    as (C1 & H1 & N1).
  { intros i. destruct (numerator_logarithmic r k (A i) 0 i (invariant omega) (smooth_once omega) (step omega) (noise omega)
      (largest omega) (start omega) (rates omega) (proj1 (paid i))) as (C & HC & N).
    exists C. split; [easy|]. intros T HT. specialize (N T HT). unfold numerator in N. lra. }
  destruct noise_order as (C2 & H2 & N2). destruct block_weights as (C3 & H3 & N3). destruct rest_weights as (C4 & H4 & N4).
  pose proof ln_2_pos as P2. set (C5 := Rabs (gap r k) / ln 2).
  assert (H5 : 0 <= C5) by (apply quotient_nonneg; [apply Rabs_pos|easy]).
  exists ((C5 + C1 + C2) * (C3 + C4)). intros T HT. pose proof (ln_2_below T HT) as L2.
  eapply Rle_trans.
  - apply (sgd_rate_blocks s c k A omega weight_g); try easy; [apply weight_g_schedule|lia].
  - match goal with |- ?x / ?y <= _ => set (top := x); set (total := y) end.
    pose proof (root_log_pos T HT) as Hr. assert (HT0 : 0 < INR T) by (apply lt_0_INR; lia).
    pose proof (sqrt_lt_R0 _ HT0) as Hs.
    assert (up : top <= (C5 + C1 + C2) * ln (INR T)).
    { pose proof (absorbed (gap r k) (ln 2) (ln (INR T)) P2 L2) as Q. specialize (N1 T HT). specialize (N2 T HT).
      apply Rle_trans with (C5 * ln (INR T) + C1 * ln (INR T) + C2 * ln (INR T)); [|lra].
      unfold top. apply Rplus_le_compat; [apply Rplus_le_compat; [exact Q|exact N1]|exact N2]. }
    assert (many : INR T <= (C3 + C4) * root_log T * total).
    { apply Rle_trans with (step_sum T (fun _ => 1)); [rewrite step_sum_constant; lra|].
      unfold total. rewrite <- step_sum_scale. apply step_sum_le. intros t Ht.
      rewrite Rmult_assoc. set (C6 := C3 + C4) in *.
      assert (Hc : 0 < C6 * root_log T).
      { pose proof (N4 T t (conj HT Ht)) as Q. destruct (weight_g_above t).
        apply Rmult_lt_0_compat; [|easy]. unfold C6. destruct (Req_dec C4 0) as [Z|]; [rewrite Z in Q; lra|lra]. }
      assert (each : forall x, 0 < x -> 1 <= C3 * (root_log T * x) \/ 1 <= C4 * (root_log T * x) -> / (C6 * root_log T) <= x).
      { intros x Px Hx. pose proof (Rmult_lt_0_compat _ _ Hr Px) as Pz. set (z := root_log T * x) in *.
        pose proof (Rmult_le_pos C3 z H3 (Rlt_le _ _ Pz)). pose proof (Rmult_le_pos C4 z H4 (Rlt_le _ _ Pz)).
        apply Rmult_le_reg_l with (C6 * root_log T); [easy|]. rewrite Rinv_r by lra.
        rewrite Rmult_assoc. fold z. unfold C6. rewrite Rmult_plus_distr_r. destruct Hx; lra. }
      match goal with |- _ <= _ * (_ * ?x) => set (w := x) end. enough (L : / (C6 * root_log T) <= w).
      { apply Rmult_le_compat_l with (r := C6 * root_log T) in L; [|lra]. rewrite Rinv_r in L by lra. lra. }
      apply Rmin_glb.
      - apply Ropp_le_cancel. rewrite Ropp_involutive. apply largest_block_le; [easy|]. intros i.
        unfold Rdiv. rewrite Ropp_mult_distr_l_reverse. apply Ropp_le_contravar. apply each; [|left; now apply (N3 i T t)].
        apply (rate_positive c k); easy.
      - apply each; [|right; now apply N4]. pose proof (weight_g_above t). lra. }
    assert (Ht : 0 < total).
    { destruct (Rle_dec total 0) as [Z|]; [|lra]. exfalso.
      assert ((C3 + C4) * root_log T * total <= 0); [|lra].
      rewrite <- (Rmult_0_r ((C3 + C4) * root_log T)). apply Rmult_le_compat_l; [|easy]. apply Rmult_le_pos; lra. }
    apply Rmult_le_reg_r with total; [easy|]. unfold Rdiv at 1. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
    eapply Rle_trans; [exact up|].
    replace ((C5 + C1 + C2) * (C3 + C4) * (ln (INR T) * (sqrt (ln (INR T)) / sqrt (INR T))) * total)
      with ((C5 + C1 + C2) * ln (INR T) * ((C3 + C4) * root_log T * total / INR T)).
    + rewrite <- (Rmult_1_r ((C5 + C1 + C2) * ln (INR T))) at 1. apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|].
      apply Rmult_le_reg_r with (INR T); [easy|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
    + assert (Eq : INR T = sqrt (INR T) * sqrt (INR T)) by (now rewrite sqrt_sqrt by lra).
      set (L := ln (INR T)). set (q := sqrt (INR T)) in *. rewrite Eq. field. lra.
Qed.
End Orders.
