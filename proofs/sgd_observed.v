(** * What a log of the norms says of the full gradients *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary points scale_invariance norm_growth expectation
  chance noise sgd sgd_mean hoeffding.
Local Open Scope R_scope.

(** kap/(gamma_0 Gs^2), the exponent's factor. *)
Definition tilt (kap S_0 eta_0 Gs : R) : R := kap * S_0 / (eta_0 * Gs ^ 2).

(** ** For every outcome *)

Section Pathwise.
Context {s : shape}.
Variables (r : run s) (k : constants s) (A : index s -> R).
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : twice_differentiable r.
Hypothesis spheres : smooth_on_spheres r k.
Hypothesis apart : decoupled k.
Hypothesis step : scheduled_step r.
Hypothesis noise : noise_bounded r k.
Hypothesis limited : mean_gradient_bounded r k.
Hypothesis largest : first_rate_largest r.
Hypothesis start : positive_start r.
Hypothesis rates : positive_rates r.
Hypothesis below : bounded_below r k.
Hypothesis single : single_block s.
Hypothesis paid : noise_constant r k A.

(** The descents of one block add up; the logarithms telescope. *)
Lemma products_below T i :
  step_sum T (fun t => effective_rate r t i * cross r t i)
  <= gap r k + A i / 2 * ln (squared_norm r T i / squared_norm r 0 i).
Proof.
  assert (D1 : differentiable r) by apply smooth.
  assert (P : forall t, 0 < squared_norm r t i) by (intros; now apply norms_positive).
  pose proof (step_sum_le_drop T (fun t => effective_rate r t i * cross r t i)
    (fun t => value r t - A i / 2 * ln (squared_norm r t i))) as Q. cbv beta in Q.
  assert (L : least_value k <= value r T) by (apply below, position_nonzero; try easy; apply step).
  unfold Rdiv at 2. rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; apply P). unfold gap.
  enough (step_sum T (fun t => effective_rate r t i * cross r t i)
    <= value r 0 - A i / 2 * ln (squared_norm r 0 i) - (value r T - A i / 2 * ln (squared_norm r T i))) by lra.
  apply Q. intros t _.
  pose proof (pathwise_descent r k A invariant smooth spheres apart step noise limited largest start rates paid t) as D.
  rewrite (block_sum_of_one _ i) in D by apply single. rewrite logarithm_step in D by easy.
  assert (H : rest_cross r t = 0) by (unfold rest_cross; rewrite (proj2 single (mean_rest_gradient r t)); apply dot_origin).
  assert (N : rest_gradient_norm r t = 0) by (unfold rest_gradient_norm; apply (no_rest_norm single)).
  rewrite H, N in D. simpl in *. lra.
Qed.
End Pathwise.

Theorem sgd_observed_pathwise s (r : run s) (k : constants s) (A : index s -> R) :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> decoupled k -> scheduled_step r ->
  noise_bounded r k -> mean_gradient_bounded r k -> first_rate_largest r -> positive_start r -> positive_rates r ->
  bounded_below r k -> single_block s ->
  (forall i, noise_supremum (learning_rate r 0 i * noise_limit k i / squared_norm r 0 i)
     (decoupled_smoothness k i) (gradient_limit k i) (A i)) ->
  forall T i,
  step_sum T (fun t => learning_rate r t i / squared_norm r t i * cross r t i)
  <= gap r k + A i / 2 * ln (squared_norm r T i / squared_norm r 0 i).
Proof. intros. now apply products_below. Qed.

(** ** The supermartingale *)

Section Supermartingale.
Context {s : shape}.
Variables (c : chance s) (k : constants s).
Hypothesis invariant : surely c scale_invariant.
Hypothesis smooth : surely c differentiable.
Hypothesis step : surely c scheduled_step.
Hypothesis noise : surely c (fun r => noise_bounded r k).
Hypothesis start : surely c positive_start.
Hypothesis rates : surely c positive_rates.
Hypothesis fair : unbiased c.
Hypothesis schedule : fixed_schedule c.
Variables (i : index s) (l : R).
Hypothesis nonneg : 0 <= l.

Let cause : causal c := proj1 fair.

(** gamma |G| for the full gradient, and what the products with the gradients that are used fall short of. *)
Definition full_step t (o : path c) : R := effective_rate (outcome c o) t i * mean_gradient_norm (outcome c o) t i.
Definition deviation t (o : path c) : R :=
  effective_rate (outcome c o) t i * (mean_gradient_norm (outcome c o) t i ^ 2 - cross (outcome c o) t i).
Definition exponent T (o : path c) : R :=
  l * step_sum T (fun t => deviation t o) - l ^ 2 * noise_limit k i ^ 2 / 2 * step_sum T (fun t => full_step t o ^ 2).

Lemma effective_rate_known t : known t (fun o : path c => effective_rate (outcome c o) t i).
Proof. apply (known_map2 c Rdiv); [now apply learning_rate_known|now apply squared_norm_known]. Qed.

Lemma full_step_known t : known t (full_step t).
Proof. apply (known_map2 c Rmult); [apply effective_rate_known|now apply mean_gradient_norm_known]. Qed.

Lemma deviation_known t : known (S t) (deviation t).
Proof.
  apply (known_map2 c Rmult).
  - apply (known_later c t); [lia|]. apply effective_rate_known.
  - apply (known_map2 c (fun x y => x ^ 2 - y)); [|now apply cross_known].
    apply (known_later c t); [lia|]. now apply mean_gradient_norm_known.
Qed.

Lemma exponent_known T : known T (exponent T).
Proof.
  apply (known_map2 c (fun x y => l * x - l ^ 2 * noise_limit k i ^ 2 / 2 * y)); apply known_step_sum; intros t Ht.
  - apply (known_later c (S t)); [lia|]. apply deviation_known.
  - apply (known_map c (fun x => x ^ 2)), (known_later c t); [lia|]. apply full_step_known.
Qed.

(** |gamma <grad f, grad f_t> S| <= gamma |G| Gs, which the past determines. *)
Lemma product_bounded t o :
  Rabs (effective_rate (outcome c o) t i * cross (outcome c o) t i) <= full_step t o * noise_limit k i.
Proof.
  set (r := outcome c o). assert (P : 0 < effective_rate r t i).
  { apply quotient_pos; [apply rates|]. apply norms_positive; [apply invariant|apply smooth|apply step|apply start]. }
  rewrite Rabs_mult, Rabs_pos_eq by lra. unfold full_step. fold r. rewrite Rmult_assoc. apply Rmult_le_compat_l; [lra|].
  apply Rle_trans with (mean_gradient_norm r t i * gradient_norm r t i).
  - unfold cross, mean_gradient_norm, gradient_norm. rewrite <- weights_norm_squared, Rabs_mult, Rabs_pos_eq by apply pow2_ge_0.
    replace (norm (weights r t i) * norm (mean_gradient r t i) * (norm (weights r t i) * norm (gradient r t i)))
      with (norm (weights r t i) ^ 2 * (norm (mean_gradient r t i) * norm (gradient r t i))) by ring.
    apply Rmult_le_compat_l; [apply pow2_ge_0|apply cauchy_schwarz].
  - apply Rmult_le_compat_l; [|apply noise]. apply Rmult_le_pos; apply norm_nonneg.
Qed.

(** One factor has a conditional mean of at most 1. *)
Lemma factor_below t omega :
  conditional_mean t (fun o => exp (l * deviation t o - l ^ 2 * noise_limit k i ^ 2 / 2 * full_step t o ^ 2)) omega <= 1.
Proof.
  set (X o := effective_rate (outcome c o) t i * cross (outcome c o) t i).
  set (a := effective_rate (outcome c omega) t i * mean_gradient_norm (outcome c omega) t i ^ 2).
  rewrite (conditional_mean_ext c t _ (fun o => exp (l * (a - X o) - l ^ 2 * (full_step t omega * noise_limit k i) ^ 2 / 2))).
  - apply hoeffding; [easy| |].
    + intros j. unfold X. rewrite <- (known_redraw c t (full_step t) omega j) by apply full_step_known. apply product_bounded.
    + unfold X. rewrite (conditional_mean_scale c t (fun o => effective_rate (outcome c o) t i)) by apply effective_rate_known.
      unfold a. f_equal. now apply conditional_cross.
  - intros j. f_equal. rewrite (known_redraw c t (full_step t)) by apply full_step_known.
    unfold deviation, X, a.
    rewrite (known_redraw c t (fun o => effective_rate (outcome c o) t i)) by apply effective_rate_known.
    rewrite (known_redraw c t (fun o => mean_gradient_norm (outcome c o) t i)) by now apply mean_gradient_norm_known.
    field.
Qed.

Lemma exponential_falls t omega :
  conditional_mean t (fun o => exp (exponent (S t) o)) omega <= exp (exponent t omega).
Proof.
  rewrite (conditional_mean_ext c t _ (fun o => exp (exponent t o)
    * exp (l * deviation t o - l ^ 2 * noise_limit k i ^ 2 / 2 * full_step t o ^ 2))).
  - rewrite (conditional_mean_scale c t (fun o => exp (exponent t o))) by apply (known_map c exp), exponent_known.
    rewrite <- (Rmult_1_r (exp (exponent t omega))) at 2. apply Rmult_le_compat_l; [apply Rlt_le, exp_pos|apply factor_below].
  - intros j. rewrite <- exp_plus. f_equal. unfold exponent. simpl step_sum. ring.
Qed.

Lemma exponential_mean T : expectation T (fun o => exp (exponent T o)) <= 1.
Proof.
  induction T as [|T IH].
  - simpl. unfold exponent. simpl. replace (_ - _) with 0 by ring. rewrite exp_0. lra.
  - simpl. eapply Rle_trans; [|exact IH]. apply expectation_le. intros o. apply exponential_falls.
Qed.

Lemma exponential_rarely_large N delta :
  0 < delta -> probability_ever N (fun o T => exp (exponent T o)) (fun _ _ => / delta) <= delta.
Proof.
  intros Hd. apply (ville c N (fun T o => exp (exponent T o)) delta Hd).
  - intros t. apply (known_map c exp), exponent_known.
  - intros. apply Rlt_le, exp_pos.
  - intros o. unfold exponent. simpl. replace (_ - _) with 0 by ring. rewrite exp_0. lra.
  - apply exponential_falls.
Qed.
End Supermartingale.

Theorem sgd_observed_supermartingale s (c : chance s) (k : constants s) (kap : R) :
  surely c scale_invariant -> surely c differentiable -> surely c scheduled_step -> surely c (fun r => noise_bounded r k) ->
  surely c positive_start -> surely c positive_rates -> unbiased c -> fixed_schedule c ->
  0 < kap -> (forall i, 0 < noise_limit k i) ->
  forall T i,
  expectation T (fun o =>
    exp (tilt kap (squared_norm (outcome c o) 0 i) (learning_rate (outcome c o) 0 i) (noise_limit k i)
         * step_sum T (fun t => learning_rate (outcome c o) t i / squared_norm (outcome c o) t i
             * (mean_gradient_norm (outcome c o) t i ^ 2 - cross (outcome c o) t i))
         - tilt kap (squared_norm (outcome c o) 0 i) (learning_rate (outcome c o) 0 i) (noise_limit k i) ^ 2
           * noise_limit k i ^ 2 / 2
           * step_sum T (fun t => (learning_rate (outcome c o) t i / squared_norm (outcome c o) t i
               * mean_gradient_norm (outcome c o) t i) ^ 2)))
  <= 1.
Proof.
  intros I1 D1 St N P0 Pr U F Hk Hg T i.
  set (o0 := some_path c).
  set (l := tilt kap (squared_norm (outcome c o0) 0 i) (learning_rate (outcome c o0) 0 i) (noise_limit k i)).
  assert (0 <= l).
  { apply quotient_nonneg; [apply Rmult_le_pos; [lra|apply Rlt_le, P0]|].
    apply Rmult_lt_0_compat; [apply Pr|apply pow_lt, Hg]. }
  eapply Rle_trans; [apply Req_le|now apply (exponential_mean c k I1 D1 St N P0 Pr U F i l)].
  apply expectation_ext. intros o. unfold exponent, l.
  rewrite <- (squared_norm_first c St U F o0 o i), <- (learning_rate_same c F o0 o 0 i). easy.
Qed.

(** With probability at least 1 - risk, the log of the norms bounds the sum for all horizons up to N at once. *)
Theorem sgd_observed_frequency s (c : chance s) (k : constants s) (A : index s -> R) (kap risk : R) (omega : path c) :
  surely c scale_invariant -> surely c twice_differentiable -> surely c (fun r => smooth_on_spheres r k) -> decoupled k ->
  surely c scheduled_step -> surely c (fun r => noise_bounded r k) -> surely c (fun r => mean_gradient_bounded r k) ->
  surely c first_rate_largest -> surely c positive_start -> surely c positive_rates ->
  unbiased c -> fixed_schedule c -> surely c (fun r => bounded_below r k) -> single_block s ->
  0 < kap -> 0 < risk -> (forall i, 0 < noise_limit k i) ->
  (forall i, noise_supremum
     (learning_rate (outcome c omega) 0 i * noise_limit k i / squared_norm (outcome c omega) 0 i)
     (decoupled_smoothness k i) (gradient_limit k i) (A i)) ->
  forall N i,
  probability_ever N
    (fun o T => (1 - kap / 2) * step_sum T (fun t =>
       learning_rate (outcome c o) t i / squared_norm (outcome c o) t i * mean_gradient_norm (outcome c o) t i ^ 2))
    (fun o T => gap (outcome c o) k + A i / 2 * ln (squared_norm (outcome c o) T i / squared_norm (outcome c o) 0 i)
       + ln (1 / risk) / tilt kap (squared_norm (outcome c o) 0 i) (learning_rate (outcome c o) 0 i) (noise_limit k i))
  <= risk.
Proof.
  intros I2 D2 W Dk St N M L P0 Pr U F B Sb Hk Hr Hg Hn n i.
  assert (D1 : surely c differentiable) by (intros o; apply D2).
  set (S_0 := squared_norm (outcome c omega) 0 i). set (eta_0 := learning_rate (outcome c omega) 0 i).
  set (l := tilt kap S_0 eta_0 (noise_limit k i)).
  assert (HS : 0 < S_0) by apply P0. assert (He : 0 < eta_0) by apply Pr. pose proof (Hg i) as HG.
  assert (Hl : 0 < l).
  { apply quotient_pos; apply Rmult_lt_0_compat; try easy. now apply pow_lt. }
  eapply Rle_trans; [|now apply (exponential_rarely_large c k I2 D1 St N P0 Pr U F i l (Rlt_le _ _ Hl) n risk)].
  apply probability_ever_le. intros o T H.
  rewrite (squared_norm_first c St U F omega o i), (learning_rate_same c F omega o 0 i) in H. fold S_0 eta_0 l in H.
  pose proof (products_below (outcome c o) k A (I2 o) (D2 o) (W o) Dk (St o) (N o) (M o) (L o) (P0 o) (Pr o) (B o) Sb
    (paid_surely c k A St U F omega Hn o) T i) as Q.
  rewrite (squared_norm_first c St U F omega o i) in Q. fold S_0 in Q.
  set (full t := effective_rate (outcome c o) t i * mean_gradient_norm (outcome c o) t i ^ 2).
  assert (squares : step_sum T (fun t => full_step c i t o ^ 2) <= eta_0 / S_0 * step_sum T full).
  { rewrite <- step_sum_scale. apply step_sum_le. intros t _. unfold full_step, full.
    pose proof (effective_rate_pos (outcome c o) (I2 o) (D1 o) (St o) (P0 o) (Pr o) t i) as Ep.
    pose proof (effective_rate_falls (outcome c o) (I2 o) (D1 o) (St o) (L o) (P0 o) (Pr o) t i) as Ef.
    unfold effective_rate in Ef at 2.
    rewrite (squared_norm_first c St U F omega o i), (learning_rate_same c F omega o 0 i) in Ef.
    fold S_0 eta_0 in Ef. rewrite Rpow_mult_distr.
    replace (eta_0 / S_0 * (effective_rate (outcome c o) t i * mean_gradient_norm (outcome c o) t i ^ 2))
      with (eta_0 / S_0 * effective_rate (outcome c o) t i * mean_gradient_norm (outcome c o) t i ^ 2) by ring.
    apply Rmult_le_compat_r; [apply pow2_ge_0|]. simpl. rewrite Rmult_1_r. apply Rmult_le_compat_r; lra. }
  assert (deviations : step_sum T (fun t => deviation c i t o)
    = step_sum T full - step_sum T (fun t => effective_rate (outcome c o) t i * cross (outcome c o) t i)).
  { rewrite <- step_sum_minus. apply step_sum_ext. intros t _. unfold deviation, full. ring. }
  assert (E : l * noise_limit k i ^ 2 * (eta_0 / S_0) = kap).
  { unfold l, tilt. field. lra. }
  change (step_sum T (fun t => learning_rate (outcome c o) t i / squared_norm (outcome c o) t i
    * mean_gradient_norm (outcome c o) t i ^ 2)) with (step_sum T full) in H.
  assert (large : ln (1 / risk) < exponent c k i l T o).
  { unfold exponent. rewrite deviations.
    set (X := step_sum T full) in *. set (Y := step_sum T (fun t => effective_rate _ t i * cross _ t i)) in *.
    set (Z := step_sum T (fun t => full_step c i t o ^ 2)) in *.
    assert (cost : l ^ 2 * noise_limit k i ^ 2 / 2 * Z <= l * (kap / 2 * X)).
    { replace (l * (kap / 2 * X)) with (l ^ 2 * noise_limit k i ^ 2 / 2 * (eta_0 / S_0 * X)) by (rewrite <- E; field; lra).
      apply Rmult_le_compat_l; [|easy]. pose proof (pow2_ge_0 (l * noise_limit k i)) as Pq.
      rewrite Rpow_mult_distr in Pq. lra. }
    assert (gainful : ln (1 / risk) / l < (X - Y) - kap / 2 * X) by lra.
    apply Rmult_lt_compat_l with (r := l) in gainful; [|easy].
    replace (l * (ln (1 / risk) / l)) with (ln (1 / risk)) in gainful by (field; lra). lra. }
  apply exp_increasing in large. rewrite exp_ln in large; [|apply quotient_pos; lra].
  unfold Rdiv in large. now rewrite Rmult_1_l in large.
Qed.
