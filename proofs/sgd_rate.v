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

(** E_{t+1} <= eta_t^2 (t + 1) M gives Sbar_t <= start + Gs eta_t sqrt(t + 1) sqrt(2 M). *)
Lemma envelope_by_root t i M :
  0 <= M -> squared_rates r (S t) i <= learning_rate r t i ^ 2 * (INR t + 1) * M ->
  envelope_at r k t i
  <= slow_start (squared_norm r 0 i) (learning_rate r 0 i) (noise_limit k i)
    + noise_limit k i * (learning_rate r t i * sqrt (INR t + 1)) * sqrt (2 * M).
Proof.
  intros HM Q. unfold envelope_at, envelope, slow_start. set (h := half_growth _ _ _).
  rewrite Rplus_assoc. apply Rplus_le_compat_l.
  pose proof (pos_INR t). pose proof (noise_limit_nonneg r k noise i). pose proof (rates t i).
  pose proof (sqrt_pos (INR t + 1)). pose proof (sqrt_pos (2 * M)).
  set (a := Rabs (squared_norm r 0 i - h)). assert (Ha : 0 <= a) by apply Rabs_pos.
  set (b := noise_limit k i * (learning_rate r t i * sqrt (INR t + 1)) * sqrt (2 * M)).
  assert (Hb : 0 <= b) by (unfold b; repeat apply Rmult_le_pos; lra).
  apply square_root_below; [lra|].
  assert (Ea : (squared_norm r 0 i - h) ^ 2 = a ^ 2) by (unfold a; now rewrite pow2_abs).
  assert (Eb : b ^ 2 = 2 * noise_limit k i ^ 2 * (learning_rate r t i ^ 2 * (INR t + 1) * M)).
  { unfold b. rewrite !Rpow_mult_distr, !pow2_sqrt by lra. ring. }
  assert (squared_rates r t i <= squared_rates r (S t) i).
  { change (squared_rates r (S t) i) with (squared_rates r t i + learning_rate r t i ^ 2).
    pose proof (pow2_ge_0 (learning_rate r t i)). lra. }
  pose proof (pow2_ge_0 (noise_limit k i)). pose proof (Rmult_le_pos a b Ha Hb).
  rewrite Ea. replace ((a + b) ^ 2) with (a ^ 2 + 2 * (a * b) + b ^ 2) by ring. rewrite Eb.
  assert (2 * noise_limit k i ^ 2 * squared_rates r t i
    <= 2 * noise_limit k i ^ 2 * (learning_rate r t i ^ 2 * (INR t + 1) * M)) by (apply Rmult_le_compat_l; lra).
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

Lemma slow_start_nonneg i : 0 <= slow_start (squared_norm r 0 i) (learning_rate r 0 i) (noise_limit k i).
Proof.
  apply Rplus_le_le_0_compat; [|apply Rabs_pos]. pose proof (start i).
  unfold half_growth. repeat apply quotient_nonneg; try lra. apply Rmult_le_pos; apply pow2_ge_0.
Qed.

Notation closed_form i M := (slow_start (squared_norm r 0 i) (learning_rate r 0 i) (noise_limit k i) / learning_rate r 0 i
  + noise_limit k i * sqrt (2 * M)) (only parsing).

Lemma closed_form_nonneg i M : 0 <= closed_form i M.
Proof.
  apply Rplus_le_le_0_compat; [apply quotient_nonneg; [apply slow_start_nonneg|apply rates]|].
  apply Rmult_le_pos; [apply (noise_limit_nonneg r k noise)|apply sqrt_pos].
Qed.

Lemma last_rate_above t i M :
  0 <= M -> squared_rates r (S t) i <= learning_rate r t i ^ 2 * (INR t + 1) * M ->
  1 <= closed_form i M / sqrt (INR (S t)) * (INR (S t) * (learning_rate r t i / envelope_at r k t i)).
Proof.
  intros HM HE. pose proof (envelope_by_root t i M HM HE) as B. set (root := sqrt (2 * M)) in *.
  set (Z := slow_start _ _ _) in *. assert (HZ : 0 <= Z) by apply slow_start_nonneg.
  pose proof (rates 0%nat i). pose proof (rates t i). pose proof (pos_INR t).
  rewrite S_INR. set (q := sqrt (INR t + 1)) in *. assert (Hq : 0 < q) by (apply sqrt_lt_R0; lra).
  pose proof (envelope_pos r k invariant smooth step noise largest start rates t i). pose proof (rate_above_root t i) as R0.
  assert (Eq : INR t + 1 = q * q) by (unfold q; now rewrite sqrt_sqrt by lra).
  apply Rmult_le_reg_r with (envelope_at r k t i); [easy|]. rewrite Eq, Rmult_1_l.
  replace ((Z / learning_rate r 0 i + noise_limit k i * root) / q * (q * q * (learning_rate r t i / envelope_at r k t i))
    * envelope_at r k t i)
    with (Z / learning_rate r 0 i * (learning_rate r t i * q) + noise_limit k i * (learning_rate r t i * q) * root)
    by (field; lra).
  eapply Rle_trans; [exact B|]. apply Rplus_le_compat_r. fold q in R0.
  replace Z with (Z / learning_rate r 0 i * learning_rate r 0 i) at 1 by (field; lra).
  apply Rmult_le_compat_l; [now apply quotient_nonneg|easy].
Qed.

(** None of the eta_t/Sbar_t is below the last. *)
Lemma rates_sum_above t i M :
  0 <= M -> squared_rates r (S t) i <= learning_rate r t i ^ 2 * (INR t + 1) * M ->
  1 <= closed_form i M / sqrt (INR (S t)) * step_sum (S t) (fun t => learning_rate r t i / envelope_at r k t i).
Proof.
  intros HM HE. eapply Rle_trans; [now apply (last_rate_above t i M)|]. apply Rmult_le_compat_l.
  - apply quotient_nonneg; [apply closed_form_nonneg|]. apply sqrt_lt_R0, lt_0_INR. lia.
  - rewrite <- step_sum_constant. apply step_sum_le. intros n Hn. apply envelope_rate_falls. lia.
Qed.

Lemma slow_decay_rate_nonneg T i : (0 < T)%nat ->
  0 <= slow_decay_rate (squared_norm r 0 i) (learning_rate r 0 i) (noise_limit k i) (INR T).
Proof.
  intros HT. apply quotient_nonneg; [apply closed_form_nonneg|]. now apply sqrt_lt_R0, lt_0_INR.
Qed.

(** The closed form is above the inverse of the sum of eta_t/Sbar_t. *)
Lemma slow_sum T i : (0 < T)%nat ->
  1 <= slow_decay_rate (squared_norm r 0 i) (learning_rate r 0 i) (noise_limit k i) (INR T)
       * step_sum T (fun t => learning_rate r t i / envelope_at r k t i).
Proof.
  destruct T as [|t]; [lia|]. intros _. pose proof (logarithm_nonneg t). rewrite <- S_INR in *.
  apply rates_sum_above; [lra|]. rewrite S_INR. apply squared_rates_below.
Qed.
End Slow.

(** ** The claims *)

Theorem sgd_rate_sum s (c : chance s) (k : constants s) (A : index s -> R) (omega : path c) :
  surely c scale_invariant -> surely c twice_differentiable -> surely c (fun r => smooth_on_spheres r k) -> decoupled k ->
  surely c scheduled_step -> surely c (fun r => noise_bounded r k) -> surely c (fun r => mean_gradient_bounded r k) ->
  surely c first_rate_largest -> surely c positive_start -> surely c positive_rates -> 0 <= rest_decoupled k ->
  unbiased c -> fixed_schedule c -> noise_variance c k -> surely c (fun r => bounded_below r k) ->
  (forall i, noise_supremum
     (learning_rate (outcome c omega) 0 i * noise_limit k i / squared_norm (outcome c omega) 0 i)
     (decoupled_smoothness k i) (gradient_limit k i) (A i)) ->
  forall T,
  step_sum T (fun t =>
    block_sum (fun i => expectation T (fun o =>
      learning_rate (outcome c o) t i / squared_norm (outcome c o) t i * mean_gradient_norm (outcome c o) t i ^ 2))
    + scale_variant_weight (rest_schedule (outcome c omega) t) (rest_decoupled k)
      * expectation T (fun o => mean_rest_gradient_norm (outcome c o) t ^ 2))
  <= gap (outcome c omega) k
    + block_sum (fun i => A i / 2 * expectation T (fun o =>
        ln (squared_norm (outcome c o) T i / squared_norm (outcome c o) 0 i)))
    + step_sum T (fun t => scale_variant_noise (rest_schedule (outcome c omega) t) (rest_decoupled k) (noise_deviation k)).
Proof.
  intros. apply (gains_telescope c k A); try easy. intros t Ht. now apply noisy_descent.
Qed.

Theorem sgd_rate_single_block s (c : chance s) (k : constants s) (A : index s -> R) (omega : path c) :
  surely c scale_invariant -> surely c twice_differentiable -> surely c (fun r => smooth_on_spheres r k) -> decoupled k ->
  surely c scheduled_step -> surely c (fun r => noise_bounded r k) -> surely c (fun r => mean_gradient_bounded r k) ->
  surely c first_rate_largest -> surely c positive_start -> surely c positive_rates ->
  unbiased c -> fixed_schedule c -> surely c (fun r => bounded_below r k) -> single_block s ->
  (forall i, noise_supremum
     (learning_rate (outcome c omega) 0 i * noise_limit k i / squared_norm (outcome c omega) 0 i)
     (decoupled_smoothness k i) (gradient_limit k i) (A i)) ->
  forall T i, (0 < T)%nat ->
  least T (fun t => expectation T (fun o => mean_gradient_norm (outcome c o) t i ^ 2))
  <= (gap (outcome c omega) k
      + A i / 2 * ln (envelope (squared_norm (outcome c omega) 0 i) (learning_rate (outcome c omega) 0 i) (noise_limit k i)
                        (squared_rates (outcome c omega) T i) / squared_norm (outcome c omega) 0 i))
    / step_sum T (fun t => learning_rate (outcome c omega) t i
        / envelope (squared_norm (outcome c omega) 0 i) (learning_rate (outcome c omega) 0 i) (noise_limit k i)
            (squared_rates (outcome c omega) t i)).
Proof.
  intros. set (total := step_sum T _).
  assert (0 < total).
  { apply step_sum_pos; [easy|]. intros t _. now apply (rate_positive c k). }
  apply Rmult_le_reg_r with total; [easy|]. unfold Rdiv at 1. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  now apply (single_weighted c k A).
Qed.

(** With a number D above the inverse of the sum in the denominator. *)
Lemma least_below s (c : chance s) (k : constants s) (A : index s -> R) (omega : path c) :
  surely c scale_invariant -> surely c twice_differentiable -> surely c (fun r => smooth_on_spheres r k) -> decoupled k ->
  surely c scheduled_step -> surely c (fun r => noise_bounded r k) -> surely c (fun r => mean_gradient_bounded r k) ->
  surely c first_rate_largest -> surely c positive_start -> surely c positive_rates ->
  unbiased c -> fixed_schedule c -> surely c (fun r => bounded_below r k) -> single_block s ->
  noise_constant (outcome c omega) k A ->
  forall T i D, (0 < T)%nat -> 0 <= D ->
  1 <= D * step_sum T (fun t => learning_rate (outcome c omega) t i / envelope_at (outcome c omega) k t i) ->
  least T (fun t => expectation T (fun o => mean_gradient_norm (outcome c o) t i ^ 2))
  <= (gap (outcome c omega) k
      + A i / 2 * ln (envelope_at (outcome c omega) k T i / squared_norm (outcome c omega) 0 i)) * D.
Proof.
  intros I2 D2 W Dk St N M L P0 Pr U F B Sb Hn T i D HT R0 R1.
  pose proof (single_weighted c k A I2 D2 W Dk St N M L P0 Pr U F omega Hn B Sb T i HT) as Q.
  set (total := step_sum T _) in Q, R1. set (m := least T _) in *.
  assert (0 <= m).
  { destruct (least_attained T (fun t => expectation T (fun o => mean_gradient_norm (outcome c o) t i ^ 2)) HT) as (t & _ & E).
    unfold m. rewrite E. apply expectation_nonneg. intros. apply pow2_ge_0. }
  apply Rle_trans with (m * total * D).
  - apply Rle_trans with (m * 1); [lra|]. rewrite Rmult_assoc. apply Rmult_le_compat_l; lra.
  - apply Rmult_le_compat_r; [easy|exact Q].
Qed.

Theorem sgd_rate_slow_decay s (c : chance s) (k : constants s) (A : index s -> R) (omega : path c) :
  surely c scale_invariant -> surely c twice_differentiable -> surely c (fun r => smooth_on_spheres r k) -> decoupled k ->
  surely c scheduled_step -> surely c (fun r => noise_bounded r k) -> surely c (fun r => mean_gradient_bounded r k) ->
  surely c first_rate_largest -> surely c positive_start -> surely c positive_rates ->
  unbiased c -> fixed_schedule c -> surely c (fun r => bounded_below r k) -> single_block s -> surely c slow_decay ->
  (forall i, noise_supremum
     (learning_rate (outcome c omega) 0 i * noise_limit k i / squared_norm (outcome c omega) 0 i)
     (decoupled_smoothness k i) (gradient_limit k i) (A i)) ->
  forall T i, (0 < T)%nat ->
  least T (fun t => expectation T (fun o => mean_gradient_norm (outcome c o) t i ^ 2))
  <= (gap (outcome c omega) k
      + A i / 2 * ln (envelope (squared_norm (outcome c omega) 0 i) (learning_rate (outcome c omega) 0 i) (noise_limit k i)
                        (squared_rates (outcome c omega) T i) / squared_norm (outcome c omega) 0 i))
    * slow_decay_rate (squared_norm (outcome c omega) 0 i) (learning_rate (outcome c omega) 0 i) (noise_limit k i) (INR T).
Proof.
  intros I2 D2 W Dk St N M L P0 Pr U F B Sb Sl Hn T i HT.
  assert (D1 : differentiable (outcome c omega)) by apply D2.
  apply (least_below s c k A); try easy.
  - now apply slow_decay_rate_nonneg.
  - now apply slow_sum.
Qed.

(** Several blocks and g: the smallest weight of a squared gradient at each step. *)
Theorem sgd_rate_blocks s (c : chance s) (k : constants s) (A : index s -> R) (omega : path c) (weight_g : nat -> R) :
  surely c scale_invariant -> surely c twice_differentiable -> surely c (fun r => smooth_on_spheres r k) -> decoupled k ->
  surely c scheduled_step -> surely c (fun r => noise_bounded r k) -> surely c (fun r => mean_gradient_bounded r k) ->
  surely c first_rate_largest -> surely c positive_start -> surely c positive_rates -> 0 <= rest_decoupled k ->
  unbiased c -> fixed_schedule c -> noise_variance c k -> surely c (fun r => bounded_below r k) ->
  scale_variant_schedule c k weight_g -> (0 < blocks s)%nat ->
  (forall i, noise_supremum
     (learning_rate (outcome c omega) 0 i * noise_limit k i / squared_norm (outcome c omega) 0 i)
     (decoupled_smoothness k i) (gradient_limit k i) (A i)) ->
  forall T, (0 < T)%nat ->
  least T (fun t =>
    block_sum (fun i => expectation T (fun o => mean_gradient_norm (outcome c o) t i ^ 2))
    + expectation T (fun o => mean_rest_gradient_norm (outcome c o) t ^ 2))
  <= (gap (outcome c omega) k
      + block_sum (fun i => A i / 2
          * ln (envelope (squared_norm (outcome c omega) 0 i) (learning_rate (outcome c omega) 0 i) (noise_limit k i)
                  (squared_rates (outcome c omega) T i) / squared_norm (outcome c omega) 0 i))
      + step_sum T (fun t => scale_variant_noise (rest_schedule (outcome c omega) t) (rest_decoupled k) (noise_deviation k)))
    / step_sum T (fun t => Rmin
        (- largest_block (fun i => - learning_rate (outcome c omega) t i
            / envelope (squared_norm (outcome c omega) 0 i) (learning_rate (outcome c omega) 0 i) (noise_limit k i)
                (squared_rates (outcome c omega) t i)))
        (weight_g t)).
Proof.
  intros I2 D2 W Dk St N M L P0 Pr HL U F V B [Wp We] Hm Hn T HT.
  pose proof (sgd_rate_sum s c k A omega I2 D2 W Dk St N M L P0 Pr HL U F V B Hn T) as Q.
  set (weight t := Rmin _ (weight_g t)).
  assert (positive : forall t, 0 < weight t).
  { intros t. apply Rmin_pos; [|apply Wp]. apply Ropp_0_gt_lt_contravar.
    apply largest_block_lt; [easy|]. intros i. unfold Rdiv. rewrite Ropp_mult_distr_l_reverse.
    apply Ropp_lt_gt_0_contravar. now apply (rate_positive c k). }
  set (total := step_sum T weight). set (numerator := _ + step_sum T _).
  assert (0 < total) by now apply step_sum_pos.
  apply Rmult_le_reg_r with total; [easy|]. unfold Rdiv at 1. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  apply Rle_trans with (step_sum T (fun t =>
    block_sum (fun i => expectation T (fun o =>
      learning_rate (outcome c o) t i / squared_norm (outcome c o) t i * mean_gradient_norm (outcome c o) t i ^ 2))
    + scale_variant_weight (rest_schedule (outcome c omega) t) (rest_decoupled k)
      * expectation T (fun o => mean_rest_gradient_norm (outcome c o) t ^ 2))).
  - eapply Rle_trans; [apply least_le_weighted; [easy|intros t _; apply Rlt_le, positive]|].
    apply step_sum_le. intros t _. rewrite Rmult_plus_distr_l, <- block_sum_scale. apply Rplus_le_compat.
    + apply block_sum_le. intros i. apply (gain_above c k) with (omega := omega); try easy.
      eapply Rle_trans; [apply Rmin_l|].
      match goal with |- - largest_block ?x <= _ => pose proof (largest_block_ge x i) as G end.
      cbv beta in G. unfold Rdiv in G |- *. rewrite Ropp_mult_distr_l_reverse in G. unfold envelope_at. lra.
    + destruct We as [We|No].
      * apply Rmult_le_compat_r; [apply expectation_nonneg; intros; apply pow2_ge_0|].
        eapply Rle_trans; [apply Rmin_r|]. rewrite (We t omega). apply Rle_refl.
      * rewrite (expectation_ext c T _ (fun _ => 0)).
        { rewrite expectation_constant. lra. }
        intros o. unfold mean_rest_gradient_norm. rewrite (No (mean_rest_gradient _ _)), norm_origin. ring.
  - eapply Rle_trans; [exact Q|]. apply Rplus_le_compat_r, Rplus_le_compat_l, block_sum_le. intros i.
    apply Rmult_le_compat_l; [pose proof (noise_constant_nonneg c k A omega Hn i); lra|].
    now apply (logarithm_ratio_below c k).
Qed.
