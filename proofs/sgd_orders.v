(** * How fast the bounds of stochastic gradient descent fall

    One block: O((ln T)^(3/2)/sqrt T) for every schedule that decays slowly, O(ln T/sqrt T) for eta_t = eta_0 (t + 1)^(-alpha)
    with alpha < 1/2, and O(sqrt(ln T) ln ln T/sqrt T) for alpha = 1/2. *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary points scale_invariance norm_growth expectation
  chance noise sgd sgd_mean hoeffding sgd_rate.
Local Open Scope R_scope.

(** ** Logarithms *)

(** Above x_0 > 0 a constant is at most a multiple of x. *)
Lemma absorbed a x_0 x : 0 < x_0 -> x_0 <= x -> a <= Rabs a / x_0 * x.
Proof.
  intros H L. pose proof (Rle_abs a). pose proof (Rabs_pos a). apply Rle_trans with (Rabs a / x_0 * x_0).
  - replace (Rabs a / x_0 * x_0) with (Rabs a) by (field; lra). easy.
  - apply Rmult_le_compat_l; [now apply quotient_nonneg|easy].
Qed.

Lemma INR_at_least n T : (n <= T)%nat -> INR n <= INR T.
Proof. apply le_INR. Qed.

Lemma ln_2_pos : 0 < ln 2.
Proof. rewrite <- ln_1. apply ln_increasing; lra. Qed.

Lemma ln_2_below T : (2 <= T)%nat -> ln 2 <= ln (INR T).
Proof. intros H. apply ln_monotone; [lra|]. apply INR_at_least in H. simpl in H. lra. Qed.

(** e <= (6/5)^6 < 3 *)
Lemma ln_3_above : 1 < ln 3.
Proof.
  rewrite <- (ln_exp 1). apply ln_increasing; [apply exp_pos|]. pose proof (exp_ineq1_le (- / 6)) as P.
  assert (Q : exp (- / 6) ^ 6 * exp 1 = 1).
  { simpl. rewrite Rmult_1_r, <- !exp_plus. replace (_ + 1) with 0 by field. apply exp_0. }
  assert (L : (5 / 6) ^ 6 <= exp (- / 6) ^ 6) by (apply pow_incr; lra).
  apply Rmult_le_compat_r with (r := exp 1) in L; [|apply Rlt_le, exp_pos]. rewrite Q in L. simpl in L. lra.
Qed.

Lemma ln_3_below T : (3 <= T)%nat -> ln 3 <= ln (INR T).
Proof. intros H. apply ln_monotone; [lra|]. apply INR_at_least in H. simpl in H. lra. Qed.

(** (1 - y)^beta <= 1 - beta y *)
Lemma bernoulli beta y : 0 <= beta <= 1 -> 0 < y < 1 -> Rpower (1 - y) beta <= 1 - beta * y.
Proof.
  intros Hb Hy. unfold Rpower. pose proof (exp_convex beta (1 - beta) (ln (1 - y)) 0) as P.
  rewrite Rmult_0_r, Rplus_0_r, exp_0, exp_ln in P by lra. specialize (P ltac:(lra) ltac:(lra) ltac:(lra)). lra.
Qed.

(** ** One run *)

Section Run.
Context {s : shape}.
Variables (r : run s) (k : constants s) (A gap_0 : R) (i : index s).
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : differentiable r.
Hypothesis step : scheduled_step r.
Hypothesis noise : noise_bounded r k.
Hypothesis largest : first_rate_largest r.
Hypothesis start : positive_start r.
Hypothesis rates : positive_rates r.
Hypothesis nonneg : 0 <= A.

Notation S_0 := (squared_norm r 0 i).
Notation eta_0 := (learning_rate r 0 i).
Notation Gs := (noise_limit k i).
Notation Z := (slow_start S_0 eta_0 Gs).

Definition numerator (T : nat) : R := gap_0 + A / 2 * ln (envelope_at r k T i / S_0).

Lemma root_bound a b : 0 <= b -> sqrt (a ^ 2 + b ^ 2) <= Rabs a + b.
Proof.
  intros Hb. pose proof (Rabs_pos a). pose proof (Rmult_le_pos (Rabs a) b ltac:(easy) Hb).
  apply square_root_below; [lra|]. rewrite <- (pow2_abs a). simpl. lra.
Qed.

(** Sbar_T <= start + Gs sqrt(2 E_T) *)
Lemma envelope_below_root T E : 0 <= E -> squared_rates r T i <= E -> envelope_at r k T i <= Z + Gs * sqrt (2 * E).
Proof.
  intros HE L. unfold envelope_at, envelope, slow_start. set (h := half_growth _ _ _). rewrite Rplus_assoc.
  apply Rplus_le_compat_l. pose proof (noise_limit_nonneg r k noise i). pose proof (pow2_ge_0 Gs).
  eapply Rle_trans; [|apply root_bound; apply Rmult_le_pos; [easy|apply sqrt_pos]].
  apply sqrt_le_1_alt, Rplus_le_compat_l. rewrite Rpow_mult_distr, pow2_sqrt by lra.
  assert (Gs ^ 2 * squared_rates r T i <= Gs ^ 2 * E) by now apply Rmult_le_compat_l. lra.
Qed.

Lemma slow_start_positive : 0 < Z.
Proof.
  unfold slow_start. set (h := half_growth _ _ _). pose proof (start i).
  pose proof (Rle_abs (S_0 - h)). lra.
Qed.

(** An envelope of at most K e^x puts the numerator at a multiple of x. *)
Lemma numerator_below T K x x_0 :
  0 < K -> 0 < x_0 -> x_0 <= x -> envelope_at r k T i <= K * exp x ->
  numerator T <= ((Rabs gap_0 + A / 2 * Rabs (ln (K / S_0))) / x_0 + A / 2) * x.
Proof.
  intros HK H0 Hx L. pose proof (start i) as P0.
  pose proof (envelope_pos r k invariant smooth step noise largest start rates T i) as Pe.
  assert (Q : ln (envelope_at r k T i / S_0) <= ln (K / S_0) + x).
  { rewrite <- (ln_exp x), <- ln_mult; [|now apply quotient_pos|apply exp_pos]. apply ln_monotone; [now apply quotient_pos|].
    replace (K / S_0 * exp x) with (K * exp x / S_0) by (unfold Rdiv; ring).
    apply Rmult_le_compat_r; [now apply Rlt_le, Rinv_0_lt_compat|easy]. }
  pose proof (absorbed (ln (K / S_0)) x_0 x H0 Hx) as Q1. pose proof (absorbed gap_0 x_0 x H0 Hx) as Q2. unfold numerator.
  assert (A / 2 * ln (envelope_at r k T i / S_0) <= A / 2 * (Rabs (ln (K / S_0)) / x_0 * x + x))
    by (apply Rmult_le_compat_l; lra).
  replace (((Rabs gap_0 + A / 2 * Rabs (ln (K / S_0))) / x_0 + A / 2) * x)
    with (Rabs gap_0 / x_0 * x + A / 2 * (Rabs (ln (K / S_0)) / x_0 * x + x)) by (field; lra).
  lra.
Qed.

(** E_T <= eta_0^2 T *)
Lemma squared_rates_linear T : squared_rates r T i <= eta_0 ^ 2 * INR T.
Proof.
  rewrite Rmult_comm, <- step_sum_constant. apply step_sum_le. intros t _. apply pow_incr. split; [apply Rlt_le, rates|].
  apply largest.
Qed.

Lemma numerator_logarithmic : exists C, 0 <= C /\ forall T, (2 <= T)%nat -> numerator T <= C * ln (INR T).
Proof.
  pose proof slow_start_positive as HZ. pose proof (noise_limit_nonneg r k noise i) as HG. pose proof (rates 0%nat i) as He.
  pose proof (sqrt_pos (2 * eta_0 ^ 2)) as Hs. pose proof (Rmult_le_pos _ _ HG Hs) as Hp. pose proof ln_2_pos.
  set (K := Z + Gs * sqrt (2 * eta_0 ^ 2)) in *.
  exists ((Rabs gap_0 + A / 2 * Rabs (ln (K / S_0))) / ln 2 + A / 2). split.
  - apply Rplus_le_le_0_compat; [|lra]. apply quotient_nonneg; [|easy].
    apply Rplus_le_le_0_compat; [apply Rabs_pos|]. apply Rmult_le_pos; [lra|apply Rabs_pos].
  - intros T HT. pose proof (INR_at_least 2 T HT) as H2. simpl in H2. apply numerator_below; try easy.
    + unfold K. lra.
    + now apply ln_2_below.
    + rewrite exp_ln by lra. pose proof (pow2_ge_0 eta_0).
      eapply Rle_trans; [apply (envelope_below_root T (eta_0 ^ 2 * INR T));
        [apply Rmult_le_pos; lra|apply squared_rates_linear]|].
      rewrite <- Rmult_assoc, sqrt_mult by lra. unfold K.
      assert (sqrt (INR T) <= INR T) by (apply square_root_below; [lra|simpl; nra]).
      assert (Gs * sqrt (2 * eta_0 ^ 2) * sqrt (INR T) <= Gs * sqrt (2 * eta_0 ^ 2) * INR T) by now apply Rmult_le_compat_l.
      nra.
Qed.

(** start + c sqrt(2 (1 + ln T)) <= C sqrt(ln T) *)
Lemma root_logarithmic a c T : 0 <= a -> 0 <= c -> (2 <= T)%nat ->
  a + c * sqrt (2 * (1 + ln (INR T))) <= (a / sqrt (ln 2) + c * sqrt (2 * (1 / ln 2 + 1))) * sqrt (ln (INR T)).
Proof.
  intros Ha Hc HT. pose proof ln_2_pos as P. pose proof (ln_2_below T HT) as L. rewrite Rmult_plus_distr_r.
  assert (0 < sqrt (ln 2)) by now apply sqrt_lt_R0.
  apply Rplus_le_compat.
  - replace a with (a / sqrt (ln 2) * sqrt (ln 2)) at 1 by (field; lra).
    apply Rmult_le_compat_l; [now apply quotient_nonneg|]. now apply sqrt_le_1_alt.
  - rewrite Rmult_assoc. apply Rmult_le_compat_l; [easy|]. assert (0 < 1 / ln 2) by (apply quotient_pos; lra).
    rewrite <- sqrt_mult by lra. apply sqrt_le_1_alt.
    pose proof (absorbed 1 (ln 2) (ln (INR T)) P L) as Q. rewrite Rabs_R1 in Q. lra.
Qed.

Lemma slow_decay_rate_order : exists C, 0 <= C /\ forall T, (2 <= T)%nat ->
  slow_decay_rate S_0 eta_0 Gs (INR T) <= C * (sqrt (ln (INR T)) / sqrt (INR T)).
Proof.
  pose proof slow_start_positive as HZ. pose proof (noise_limit_nonneg r k noise i) as HG. pose proof (rates 0%nat i) as He.
  assert (Ha : 0 <= Z / eta_0) by (apply quotient_nonneg; lra). pose proof ln_2_pos.
  exists (Z / eta_0 / sqrt (ln 2) + Gs * sqrt (2 * (1 / ln 2 + 1))). split.
  - apply Rplus_le_le_0_compat; [apply quotient_nonneg; [easy|now apply sqrt_lt_R0]|apply Rmult_le_pos; [easy|apply sqrt_pos]].
  - intros T HT. unfold slow_decay_rate. unfold Rdiv at 1. unfold Rdiv at 5. rewrite <- Rmult_assoc. apply Rmult_le_compat_r.
    + apply Rlt_le, Rinv_0_lt_compat, sqrt_lt_R0. apply lt_0_INR. lia.
    + now apply root_logarithmic.
Qed.

(** *** Polynomial schedules *)

Variable alpha : R.
Hypothesis polynomial : forall t j, learning_rate r t j = learning_rate r 0 j * Rpower (INR t + 1) (- alpha).

Lemma polynomial_square t :
  learning_rate r t i ^ 2 * (INR t + 1) = eta_0 ^ 2 * Rpower (INR t + 1) (1 - 2 * alpha).
Proof.
  pose proof (pos_INR t). rewrite (polynomial t), Rpow_mult_distr, Rmult_assoc. f_equal.
  rewrite <- (Rpower_1 (INR t + 1)) at 2 by lra. simpl. rewrite Rmult_1_r, <- !Rpower_plus. f_equal. ring.
Qed.

(** E_{t+1} <= eta_t^2 (t + 1)/(1 - 2 alpha) *)
Lemma polynomial_squared_rates t :
  0 <= alpha < 1 / 2 -> squared_rates r (S t) i <= learning_rate r t i ^ 2 * (INR t + 1) * (1 / (1 - 2 * alpha)).
Proof.
  intros Ha. set (beta := 1 - 2 * alpha). assert (Hb : 0 < beta <= 1) by (unfold beta; lra).
  assert (Hi : 1 <= 1 / beta).
  { apply Rmult_le_reg_r with beta; [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
  induction t as [|t IH].
  - change (squared_rates r 1 i) with (0 + eta_0 ^ 2). change (INR 0) with 0.
    pose proof (Rmult_le_compat_l _ _ _ (pow2_ge_0 eta_0) Hi). lra.
  - change (squared_rates r (S (S t)) i) with (squared_rates r (S t) i + learning_rate r (S t) i ^ 2).
    pose proof (pos_INR t). pose proof (pow2_ge_0 eta_0) as P.
    rewrite polynomial_square in IH |- *. fold beta in IH |- *. rewrite S_INR. replace (INR t + 1 + 1) with (INR t + 2) by ring.
    assert (E : learning_rate r (S t) i ^ 2 = eta_0 ^ 2 * (Rpower (INR t + 2) beta * / (INR t + 2))).
    { pose proof (polynomial_square (S t)) as Q. fold beta in Q. rewrite S_INR in Q.
      replace (INR t + 1 + 1) with (INR t + 2) in Q by ring. rewrite <- Rmult_assoc, <- Q. field. lra. }
    rewrite E. set (y := / (INR t + 2)).
    assert (Hy : 0 < y < 1).
    { unfold y. split; [apply Rinv_0_lt_compat; lra|]. rewrite <- Rinv_1. apply Rinv_lt_contravar; lra. }
    pose proof (bernoulli beta y ltac:(lra) Hy) as B.
    assert (F : Rpower (INR t + 1) beta = Rpower (INR t + 2) beta * Rpower (1 - y) beta).
    { rewrite Rpower_mult_distr; [|lra|lra]. f_equal. unfold y. field. lra. }
    rewrite F in IH. set (p := Rpower (INR t + 2) beta) in *. assert (Hp : 0 < p) by apply exp_pos.
    assert (step1 : eta_0 ^ 2 * (p * Rpower (1 - y) beta) * (1 / beta) <= eta_0 ^ 2 * (p * (1 - beta * y)) * (1 / beta)).
    { apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat_l; [easy|]. apply Rmult_le_compat_l; lra. }
    replace (eta_0 ^ 2 * (p * (1 - beta * y)) * (1 / beta)) with (eta_0 ^ 2 * p * (1 / beta) - eta_0 ^ 2 * (p * y)) in step1
      by (field; lra).
    lra.
Qed.

Lemma polynomial_slow : 0 <= alpha <= 1 / 2 -> slow_decay r.
Proof.
  intros Ha t j. pose proof (pos_INR t). pose proof (rates 0%nat j).
  assert (power_monotone : forall x y a, 0 < x <= y -> 0 <= a -> Rpower x a <= Rpower y a).
  { intros x y a Hx Hy. apply Rle_Rpower_l; lra. }
  split.
  - rewrite (polynomial (S t)), (polynomial t), S_INR. apply Rmult_le_compat_l; [lra|]. rewrite !Rpower_Ropp.
    apply Rinv_le_contravar; [apply exp_pos|]. apply power_monotone; lra.
  - assert (E : forall n, learning_rate r n j ^ 2 * (INR n + 1) = learning_rate r 0 j ^ 2 * Rpower (INR n + 1) (1 - 2 * alpha)).
    { intros n. pose proof (pos_INR n). rewrite (polynomial n), Rpow_mult_distr, Rmult_assoc. f_equal.
      rewrite <- (Rpower_1 (INR n + 1)) at 2 by lra. simpl. rewrite Rmult_1_r, <- !Rpower_plus. f_equal. ring. }
    replace (INR t + 2) with (INR (S t) + 1) by (rewrite S_INR; ring). rewrite !E.
    apply Rmult_le_compat_l; [apply pow2_ge_0|]. apply power_monotone; [|lra]. rewrite S_INR. lra.
Qed.

(** At alpha = 1/2 the envelope grows like sqrt(ln T), and its logarithm like ln ln T. *)
Lemma numerator_half : alpha = 1 / 2 ->
  exists C, 0 <= C /\ forall T, (3 <= T)%nat -> numerator T <= C * ln (ln (INR T)).
Proof.
  intros Ha. assert (slow : slow_decay r) by (apply polynomial_slow; lra).
  pose proof slow_start_positive as HZ. pose proof (noise_limit_nonneg r k noise i) as HG. pose proof (rates 0%nat i) as He.
  pose proof ln_2_pos. pose proof ln_3_above as H3.
  assert (P0 : 0 < ln (ln 3)) by (rewrite <- ln_1; apply ln_increasing; lra).
  assert (HGe : 0 <= Gs * eta_0) by (apply Rmult_le_pos; lra).
  set (K := Z / sqrt (ln 2) + Gs * eta_0 * sqrt (2 * (1 / ln 2 + 1))).
  assert (HK : 0 < K).
  { apply Rplus_lt_le_0_compat; [apply quotient_pos; [easy|now apply sqrt_lt_R0]|]. apply Rmult_le_pos; [easy|apply sqrt_pos]. }
  exists ((Rabs gap_0 + A / 2 * Rabs (ln (K / S_0))) / ln (ln 3) + A / 2). split.
  - apply Rplus_le_le_0_compat; [|lra]. apply quotient_nonneg; [|easy].
    apply Rplus_le_le_0_compat; [apply Rabs_pos|]. apply Rmult_le_pos; [lra|apply Rabs_pos].
  - intros T HT. pose proof (ln_3_below T HT). apply numerator_below; try easy.
    + apply ln_monotone; lra.
    + rewrite exp_ln by lra. destruct T as [|t]; [lia|].
      assert (E : squared_rates r (S t) i <= eta_0 ^ 2 * (1 + ln (INR (S t)))).
      { pose proof (squared_rates_below r slow t i) as Q.
        rewrite polynomial_square in Q. replace (1 - 2 * alpha) with 0 in Q by lra. pose proof (pos_INR t).
        rewrite Rpower_O, Rmult_1_r in Q by lra. now rewrite S_INR. }
      pose proof (pow2_ge_0 eta_0).
      eapply Rle_trans; [apply (envelope_below_root (S t) (eta_0 ^ 2 * (1 + ln (INR (S t)))));
        [apply Rmult_le_pos; lra|exact E]|].
      replace (2 * (eta_0 ^ 2 * (1 + ln (INR (S t))))) with (eta_0 ^ 2 * (2 * (1 + ln (INR (S t))))) by ring.
      rewrite sqrt_mult, sqrt_pow2, <- Rmult_assoc by lra.
      eapply Rle_trans; [apply (root_logarithmic Z (Gs * eta_0)); [lra|easy|lia]|]. fold K.
      apply Rmult_le_compat_l; [lra|]. apply square_root_below; [lra|].
      set (x := ln (INR (S t))) in *. assert (1 <= x) by lra. clearbody x. nra.
Qed.
End Run.

(** ** The orders *)

Definition polynomial_schedule {s : shape} (alpha : R) (r : run s) : Prop :=
  forall t i, learning_rate r t i = learning_rate r 0 i * Rpower (INR t + 1) (- alpha).

Lemma product_below x y a b c d : x <= a * b -> 0 <= y <= c * d -> 0 <= a * b -> x * y <= a * c * (b * d).
Proof.
  intros Hx [Hy L] P. apply Rle_trans with (a * b * y); [now apply Rmult_le_compat_r|].
  apply Rle_trans with (a * b * (c * d)); [now apply Rmult_le_compat_l|]. apply Req_le. ring.
Qed.

Section Orders.
Context {s : shape}.
Variables (c : chance s) (k : constants s) (A : index s -> R) (omega : path c) (i : index s).
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
Hypothesis fair : unbiased c.
Hypothesis schedule : fixed_schedule c.
Hypothesis below : surely c (fun r => bounded_below r k).
Hypothesis single : single_block s.
Hypothesis paid : noise_constant (outcome c omega) k A.

Let smooth_once : surely c differentiable := fun o => proj1 (smooth o).
Notation r := (outcome c omega).

Lemma paid_nonneg : 0 <= A i.
Proof. apply (paid i). Qed.

(** The smallest mean of a squared gradient before T. *)
Definition least_mean T : R := least T (fun t => expectation T (fun o : path c => mean_gradient_norm (outcome c o) t i ^ 2)).

Theorem sgd_rate_order_slow : slow_decay r ->
  exists C, forall T, (2 <= T)%nat -> least_mean T <= C * (ln (INR T) * (sqrt (ln (INR T)) / sqrt (INR T))).
Proof.
  intros Sl.
  destruct (numerator_logarithmic r k (A i) (gap r k) i (invariant omega) (smooth_once omega) (step omega) (noise omega)
    (largest omega) (start omega) (rates omega) paid_nonneg) as (C1 & H1 & N).
  destruct (slow_decay_rate_order r k i (noise omega) (start omega) (rates omega)) as (C2 & H2 & D).
  exists (C1 * C2). intros T HT. assert (T0 : (0 < T)%nat) by lia.
  pose proof (slow_decay_rate_nonneg r k (noise omega) (start omega) (rates omega) T i T0) as P.
  eapply Rle_trans; [apply (least_below s c k A omega) with (D := slow_decay_rate (squared_norm r 0 i) (learning_rate r 0 i)
    (noise_limit k i) (INR T)); try easy; now apply slow_sum|].
  apply product_below; [now apply N|split; [easy|now apply D]|]. apply Rmult_le_pos; [easy|].
  pose proof ln_2_pos. pose proof (ln_2_below T HT). lra.
Qed.

Theorem sgd_rate_order_half : polynomial_schedule (1 / 2) r ->
  exists C, forall T, (3 <= T)%nat -> least_mean T <= C * (ln (ln (INR T)) * (sqrt (ln (INR T)) / sqrt (INR T))).
Proof.
  intros Po.
  assert (Sl : slow_decay r) by (apply (polynomial_slow r (rates omega) (1 / 2) Po); lra).
  destruct (numerator_half r k (A i) (gap r k) i (invariant omega) (smooth_once omega) (step omega) (noise omega)
    (largest omega) (start omega) (rates omega) paid_nonneg (1 / 2) Po eq_refl) as (C1 & H1 & N).
  destruct (slow_decay_rate_order r k i (noise omega) (start omega) (rates omega)) as (C2 & H2 & D).
  exists (C1 * C2). intros T HT. assert (T0 : (0 < T)%nat) by lia.
  pose proof (slow_decay_rate_nonneg r k (noise omega) (start omega) (rates omega) T i T0) as P.
  eapply Rle_trans; [apply (least_below s c k A omega) with (D := slow_decay_rate (squared_norm r 0 i) (learning_rate r 0 i)
    (noise_limit k i) (INR T)); try easy; now apply slow_sum|].
  apply product_below; [now apply N|split; [easy|apply D; lia]|]. apply Rmult_le_pos; [easy|].
  apply ln_nonneg. pose proof ln_3_above. pose proof (ln_3_below T HT). lra.
Qed.

Theorem sgd_rate_order_polynomial alpha : 0 <= alpha < 1 / 2 -> polynomial_schedule alpha r ->
  exists C, forall T, (2 <= T)%nat -> least_mean T <= C * (ln (INR T) / sqrt (INR T)).
Proof.
  intros Ha Po.
  assert (Sl : slow_decay r) by (apply (polynomial_slow r (rates omega) alpha Po); lra).
  destruct (numerator_logarithmic r k (A i) (gap r k) i (invariant omega) (smooth_once omega) (step omega) (noise omega)
    (largest omega) (start omega) (rates omega) paid_nonneg) as (C1 & H1 & N).
  set (M := 1 / (1 - 2 * alpha)). assert (HM : 0 < M) by (apply quotient_pos; lra).
  set (C2 := slow_start (squared_norm r 0 i) (learning_rate r 0 i) (noise_limit k i) / learning_rate r 0 i
    + noise_limit k i * sqrt (2 * M)).
  assert (H2 : 0 <= C2).
  { apply Rplus_le_le_0_compat.
    - apply quotient_nonneg; [apply (slow_start_nonneg r k), start|apply rates].
    - apply Rmult_le_pos; [apply (noise_limit_nonneg r k), noise|apply sqrt_pos]. }
  exists (C1 * C2). intros T HT. assert (T0 : (0 < T)%nat) by lia.
  assert (0 < sqrt (INR T)) by (apply sqrt_lt_R0; now apply lt_0_INR).
  assert (P : 0 <= C2 / sqrt (INR T)) by now apply quotient_nonneg.
  eapply Rle_trans; [apply (least_below s c k A omega) with (D := C2 / sqrt (INR T)); try easy|].
  - destruct T as [|t]; [lia|]. unfold C2.
    apply (rates_sum_above r k (invariant omega) (smooth_once omega) (step omega) (noise omega)
      (largest omega) (start omega) (rates omega) Sl); [lra|].
    now apply (polynomial_squared_rates r i alpha Po).
  - replace (C1 * C2 * (ln (INR T) / sqrt (INR T))) with (C1 * C2 * (ln (INR T) * / sqrt (INR T))) by easy.
    apply product_below; [now apply N|split; [easy|apply Rle_refl]|]. apply Rmult_le_pos; [easy|].
    pose proof ln_2_pos. pose proof (ln_2_below T HT). lra.
Qed.
End Orders.
