(** * Stochastic gradient descent: the rates *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary points scale_invariance norm_growth expectation
  chance noise sgd sgd_mean.
Local Open Scope R_scope.

(** An upper bound of 1/sum_{t<T} eta_t/Sbar_t for every schedule that decays no faster than (t + 1)^(-1/2). *)
Definition slow_start (S_0 eta_0 Gs : R) : R := half_growth S_0 eta_0 Gs + Rabs (S_0 - half_growth S_0 eta_0 Gs).
Definition slow_decay_rate (S_0 eta_0 Gs T : R) : R :=
  (slow_start S_0 eta_0 Gs / eta_0 + Gs * sqrt (2 * (1 + ln T))) / sqrt T.

(** A number above all is above the largest. *)
Lemma largest_from_lt a {m} (x : Fin.t m -> R) b : a < b -> (forall i, x i < b) -> largest_from a x < b.
Proof.
  revert a. induction m as [|m IH]; intros a Ha H; simpl; [easy|]. apply IH; [|auto]. now apply Rmax_lub_lt.
Qed.

Lemma largest_block_lt {m} (x : Fin.t m -> R) b : (0 < m)%nat -> (forall i, x i < b) -> largest_block x < b.
Proof. destruct m as [|m]; [lia|]. intros _ H. simpl. now apply largest_from_lt. Qed.

(** ** Schedules that decay slowly *)

Section Slow.
Context {s : shape}.
Variables (r : run s) (k : constants s).
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : differentiable r.
Hypothesis step : scheduled_step r.
Hypothesis noise : noise_bounded r k.
Hypothesis largest : first_rate_largest r.
Hypothesis start : positive_start r.
Hypothesis rates : positive_rates r.
Hypothesis slow : slow_decay r.

Lemma logarithm_nonneg t : 0 <= ln (INR t + 1).
Proof. apply ln_nonneg. pose proof (pos_INR t). lra. Qed.

(** E_{t+1} <= eta_t^2 (t + 1) (1 + ln(t + 1)): the harmonic sum. *)
Lemma squared_rates_below t i :
  squared_rates r (S t) i <= learning_rate r t i ^ 2 * (INR t + 1) * (1 + ln (INR t + 1)).
Proof.
  induction t as [|t IH].
  - unfold squared_rates. simpl. rewrite !Rplus_0_l, ln_1. lra.
  - assert (E : squared_rates r (S (S t)) i = squared_rates r (S t) i + learning_rate r (S t) i ^ 2) by easy.
    rewrite E, S_INR. destruct (slow t i) as [_ D]. pose proof (pos_INR t) as P. pose proof (logarithm_nonneg t) as L.
    set (x := learning_rate r (S t) i ^ 2) in *. assert (Hx : 0 <= x) by apply pow2_ge_0.
    assert (low : / (INR t + 2) <= ln (INR t + 1 + 1) - ln (INR t + 1)).
    { pose proof (ln_above ((INR t + 2) / (INR t + 1)) ltac:(apply quotient_pos; lra)) as Q.
      unfold Rdiv in Q. rewrite ln_mult, ln_Rinv in Q by (try apply Rinv_0_lt_compat; lra).
      replace (INR t + 1 + 1) with (INR t + 2) by ring.
      replace (/ (INR t + 2)) with (1 - / ((INR t + 2) * / (INR t + 1))) by (field; lra). lra. }
    apply Rle_trans with (x * (INR t + 2) * (1 + ln (INR t + 1)) + x).
    + apply Rplus_le_compat_r. eapply Rle_trans; [exact IH|]. apply Rmult_le_compat_r; lra.
    + apply Rmult_le_compat_l with (r := x * (INR t + 2)) in low; [|apply Rmult_le_pos; lra].
      replace (x * (INR t + 2) * / (INR t + 2)) with x in low by (field; lra).
      replace (INR t + 1 + 1) with (INR t + 2) in * by ring. lra.
Qed.

(** Sbar_t <= start + Gs eta_t sqrt(t + 1) sqrt(2 (1 + ln(t + 1))) *)
Lemma envelope_by_root t i :
  envelope_at r k t i
  <= slow_start (squared_norm r 0 i) (learning_rate r 0 i) (noise_limit k i)
    + noise_limit k i * (learning_rate r t i * sqrt (INR t + 1)) * sqrt (2 * (1 + ln (INR t + 1))).
Proof.
  unfold envelope_at, envelope, slow_start. set (h := half_growth _ _ _). rewrite Rplus_assoc. apply Rplus_le_compat_l.
  pose proof (pos_INR t). pose proof (logarithm_nonneg t). pose proof (noise_limit_nonneg r k noise i). pose proof (rates t i).
  pose proof (sqrt_pos (INR t + 1)). pose proof (sqrt_pos (2 * (1 + ln (INR t + 1)))).
  set (a := Rabs (squared_norm r 0 i - h)). assert (Ha : 0 <= a) by apply Rabs_pos.
  set (b := noise_limit k i * (learning_rate r t i * sqrt (INR t + 1)) * sqrt (2 * (1 + ln (INR t + 1)))).
  assert (Hb : 0 <= b) by (unfold b; repeat apply Rmult_le_pos; lra).
  apply square_root_below; [lra|].
  assert (Ea : (squared_norm r 0 i - h) ^ 2 = a ^ 2) by (unfold a; now rewrite pow2_abs).
  assert (Eb : b ^ 2 = 2 * noise_limit k i ^ 2 * (learning_rate r t i ^ 2 * (INR t + 1) * (1 + ln (INR t + 1)))).
  { unfold b. rewrite !Rpow_mult_distr, !pow2_sqrt by lra. ring. }
  pose proof (squared_rates_below t i) as Q.
  assert (squared_rates r t i <= squared_rates r (S t) i).
  { change (squared_rates r (S t) i) with (squared_rates r t i + learning_rate r t i ^ 2).
    pose proof (pow2_ge_0 (learning_rate r t i)). lra. }
  pose proof (pow2_ge_0 (noise_limit k i)). pose proof (Rmult_le_pos a b Ha Hb).
  rewrite Ea. replace ((a + b) ^ 2) with (a ^ 2 + 2 * (a * b) + b ^ 2) by ring. rewrite Eb.
  assert (2 * noise_limit k i ^ 2 * squared_rates r t i
    <= 2 * noise_limit k i ^ 2 * (learning_rate r t i ^ 2 * (INR t + 1) * (1 + ln (INR t + 1))))
    by (apply Rmult_le_compat_l; lra).
  lra.
Qed.

(** eta_0 <= eta_t sqrt(t + 1) *)
Lemma rate_above_root t i : learning_rate r 0 i <= learning_rate r t i * sqrt (INR t + 1).
Proof.
  assert (Q : learning_rate r 0 i ^ 2 <= learning_rate r t i ^ 2 * (INR t + 1)).
  { induction t as [|t IH]; [simpl; lra|]. rewrite S_INR. destruct (slow t i) as [_ D].
    replace (INR t + 1 + 1) with (INR t + 2) by ring. lra. }
  pose proof (pos_INR t). pose proof (rates t i). pose proof (rates 0%nat i).
  apply Rsqr_incr_0_var; [|apply Rmult_le_pos; [lra|apply sqrt_pos]].
  rewrite !Rsqr_pow2, Rpow_mult_distr, pow2_sqrt; lra.
Qed.

Lemma envelope_rate_falls n t i : (n <= t)%nat ->
  learning_rate r t i / envelope_at r k t i <= learning_rate r n i / envelope_at r k n i.
Proof.
  induction 1 as [|t H IH]; [lra|]. eapply Rle_trans; [|exact IH].
  apply Rmult_le_compat.
  - apply Rlt_le, rates.
  - apply Rlt_le, Rinv_0_lt_compat. now apply envelope_pos.
  - apply (slow t i).
  - apply Rinv_le_contravar; [now apply envelope_pos|apply envelope_monotone].
Qed.

Lemma slow_decay_rate_nonneg T i : (0 < T)%nat ->
  0 <= slow_decay_rate (squared_norm r 0 i) (learning_rate r 0 i) (noise_limit k i) (INR T).
Proof.
  intros HT. assert (0 < INR T) by now apply lt_0_INR. apply quotient_nonneg; [|now apply sqrt_lt_R0].
  pose proof (noise_limit_nonneg r k noise i). pose proof (rates 0%nat i). pose proof (start i).
  apply Rplus_le_le_0_compat; [|apply Rmult_le_pos; [easy|apply sqrt_pos]].
  apply quotient_nonneg; [|easy]. apply Rplus_le_le_0_compat; [|apply Rabs_pos].
  unfold half_growth. repeat apply quotient_nonneg; try lra. apply Rmult_le_pos; apply pow2_ge_0.
Qed.

(** The closed form is above the inverse of the sum of eta_t/Sbar_t: none of them is below the last. *)
Lemma slow_sum T i : (0 < T)%nat ->
  1 <= slow_decay_rate (squared_norm r 0 i) (learning_rate r 0 i) (noise_limit k i) (INR T)
       * step_sum T (fun t => learning_rate r t i / envelope_at r k t i).
Proof.
  intros HT. pose proof (slow_decay_rate_nonneg T i HT) as P.
  destruct T as [|t]; [lia|]. set (D := slow_decay_rate _ _ _ _) in *.
  assert (low : INR (S t) * (learning_rate r t i / envelope_at r k t i)
    <= step_sum (S t) (fun t => learning_rate r t i / envelope_at r k t i)).
  { rewrite <- step_sum_constant. apply step_sum_le. intros n Hn. apply envelope_rate_falls. lia. }
  apply Rle_trans with (D * (INR (S t) * (learning_rate r t i / envelope_at r k t i))).
  2:{ now apply Rmult_le_compat_l. }
  pose proof (envelope_by_root t i) as B. pose proof (envelope_pos r k invariant smooth step noise largest start rates t i).
  pose proof (rates 0%nat i). pose proof (rates t i). pose proof (rate_above_root t i) as R0.
  apply Rmult_le_reg_r with (envelope_at r k t i); [easy|].
  replace (D * (INR (S t) * (learning_rate r t i / envelope_at r k t i)) * envelope_at r k t i)
    with (D * (INR (S t) * learning_rate r t i)) by (field; lra).
  rewrite Rmult_1_l. eapply Rle_trans; [exact B|]. unfold D, slow_decay_rate. rewrite S_INR.
  set (q := sqrt (INR t + 1)) in *. pose proof (pos_INR t).
  assert (Hq : 0 < q) by (apply sqrt_lt_R0; lra).
  assert (Eq : INR t + 1 = q * q) by (unfold q; now rewrite sqrt_sqrt by lra).
  set (root := sqrt (2 * (1 + ln (INR t + 1)))). set (Z := slow_start _ _ _).
  assert (HZ : 0 <= Z).
  { apply Rplus_le_le_0_compat; [|apply Rabs_pos]. pose proof (start i).
    unfold half_growth. repeat apply quotient_nonneg; try lra. apply Rmult_le_pos; apply pow2_ge_0. }
  rewrite Eq at 1.
  replace ((Z / learning_rate r 0 i + noise_limit k i * root) / q * (q * q * learning_rate r t i))
    with (Z / learning_rate r 0 i * (learning_rate r t i * q) + noise_limit k i * (learning_rate r t i * q) * root)
    by (field; lra).
  apply Rplus_le_compat_r. replace Z with (Z / learning_rate r 0 i * learning_rate r 0 i) at 1 by (field; lra).
  apply Rmult_le_compat_l; [now apply quotient_nonneg|easy].
Qed.
End Slow.
