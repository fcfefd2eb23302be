(** * Gradient descent at any fixed learning rate: the rate T^{-1/2}

    First for sequences of numbers, then for runs. *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary norm_growth smoothness descent.
From Ratetheory Require Import elementary lyapunov roots.
Local Open Scope R_scope.

(** ** The claim's functions *)

(** psi(b) - min of psi over [b, inf). *)
Definition excess (c Lam b : R) : R :=
  let a := 2 * c * b / Lam in if Rlt_dec a 1 then Lam / 2 * (a - 1 - ln a) else 0 * a.

Definition budget {m} (c Lam b : Fin.t m -> R) (gap : R) : R := gap + block_sum (fun i => excess (c i) (Lam i) (b i)).

(** The other blocks may have fallen to their minima. *)
Definition block_level {m} (c Lam b : Fin.t m -> R) (gap : R) (i : Fin.t m) : R :=
  gap + (block_sum (fun j => excess (c j) (Lam j) (b j)) - excess (c i) (Lam i) (b i)).

Definition increments {m} (c Lam b : Fin.t m -> R) (gap : R) (D : Fin.t m -> R) : Prop :=
  forall i, larger_increment (c i) (Lam i / 2) (b i) (block_level c Lam b gap i) (D i).

Definition growth (b increment : R) : R := increment * (b + increment / 2).

Definition separate_budgets {m} (c Lam b D : Fin.t m -> R) (gap nu_0 : R) : R :=
  block_sum (fun i => growth (b i) (D i)) + nu_0 * budget c Lam b gap.

Definition trivial {m} (Lam : Fin.t m -> R) (Lam_g gap : R) : R := 2 * Rmax (largest_block Lam) Lam_g * gap.

(** ** psi on [b_0, inf) *)

(** psi falls from b_0 by at most the excess. *)
Lemma psi_above_minimum c Lam b_0 b :
  0 < c -> 0 < Lam -> 0 < b_0 -> b_0 <= b -> psi c Lam b_0 - excess c Lam b_0 <= psi c Lam b.
Proof.
  intros Hc HL H0 Hb. unfold psi, excess. assert (Hcb : 0 < 2 * c * b_0 / Lam).
  { apply quotient_pos; [|easy]. apply Rmult_lt_0_compat; lra. }
  destruct (Rlt_dec (2 * c * b_0 / Lam) 1) as [H|H].
  - assert (Hy : 0 < 2 * c * b / Lam) by (apply quotient_pos; [apply Rmult_lt_0_compat|]; lra).
    pose proof (ln_below _ Hy) as Q.
    replace (2 * c * b / Lam) with (2 * c * b_0 / Lam * (b / b_0)) in Q at 1 by (field; lra).
    rewrite ln_mult, (ln_quotient b b_0) in Q by (easy || lra || (apply quotient_pos; lra)).
    apply Rmult_le_compat_l with (r := Lam / 2) in Q; [|lra].
    replace (Lam / 2 * (2 * c * b / Lam - 1)) with (c * b - Lam / 2) in Q by (field; lra).
    replace (Lam / 2 * (2 * c * b_0 / Lam - 1 - ln (2 * c * b_0 / Lam)))
      with (c * b_0 - Lam / 2 - Lam / 2 * ln (2 * c * b_0 / Lam)) by (field; lra). lra.
  - assert (Hy : 0 < b / b_0) by (apply quotient_pos; lra).
    pose proof (ln_below _ Hy) as Q. rewrite ln_quotient in Q by lra.
    apply Rmult_le_compat_l with (r := Lam / 2) in Q; [|lra].
    assert (Lam / 2 <= c * b_0).
    { apply Rnot_lt_le in H. apply Rmult_le_compat_r with (r := Lam / 2) in H; [|lra].
      replace (2 * c * b_0 / Lam * (Lam / 2)) with (c * b_0) in H by (field; lra). lra. }
    assert (Lam / 2 * (b / b_0 - 1) <= c * (b - b_0)); [|lra].
    replace (c * (b - b_0)) with (c * b_0 * (b / b_0 - 1)) by (field; lra).
    apply Rmult_le_compat_r; [|easy]. replace (b / b_0 - 1) with ((b - b_0) / b_0) by (field; lra).
    apply quotient_nonneg; lra.
Qed.

Lemma excess_nonneg c Lam b : 0 < c -> 0 < Lam -> 0 < b -> 0 <= excess c Lam b.
Proof. intros Hc HL Hb. pose proof (psi_above_minimum c Lam b b Hc HL Hb (Rle_refl _)). lra. Qed.

Lemma growth_of_bound b_0 b D : 0 < b_0 -> b_0 <= b -> b <= b_0 + D -> (b ^ 2 - b_0 ^ 2) / 2 <= growth b_0 D.
Proof.
  intros H0 Hl Hu. unfold growth. assert (b ^ 2 <= (b_0 + D) ^ 2) by (apply pow_incr; lra).
  replace (D * (b_0 + D / 2)) with (((b_0 + D) ^ 2 - b_0 ^ 2) / 2) by field. lra.
Qed.

(** There are such increments, whatever the rates are. *)
Lemma increments_exist {m} (c Lam b : Fin.t m -> R) gap :
  (forall i, 0 < c i) -> (forall i, 0 < Lam i) -> (forall i, 0 < b i) -> 0 <= gap -> exists D, increments c Lam b gap D.
Proof.
  intros Hc HL Hb Hg.
  assert (K : forall i, 0 <= block_level c Lam b gap i).
  { intros i. unfold block_level.
    pose proof (block_le_sum (fun j => excess (c j) (Lam j) (b j)) i (fun j => excess_nonneg _ _ _ (Hc j) (HL j) (Hb j))).
    cbv beta in *. lra. }
  assert (P : forall i, exists x, larger_increment (c i) (Lam i / 2) (b i) (block_level c Lam b gap i) x).
  { intros i. destruct (larger_root_exists (c i) (Lam i / 2) (b i) (block_level c Lam b gap i)) as [x Hx]; auto.
    - specialize (HL i). lra.
    - exists x. now apply larger_root_increment. }
  unfold increments. revert P. generalize (block_level c Lam b gap). intros level P. clear K.
  induction m as [|m IH]; [exists (fun _ => 0); intros i; inversion i|].
  destruct (P Fin.F1) as [x Hx].
  destruct (IH (fun i => c (Fin.FS i)) (fun i => Lam (Fin.FS i)) (fun i => b (Fin.FS i)) (fun i => Hc _) (fun i => HL _)
    (fun i => Hb _) (fun i => level (Fin.FS i)) (fun i => P (Fin.FS i))) as [D HD].
  exists (fun i => Fin.caseS' i (fun _ => R) x D). intros i. now apply (Fin.caseS' i).
Qed.

(** ** Sequences *)

Section Sequences.
Context {m : nat}.
Variables (b G : nat -> Fin.t m -> R) (f H : nat -> R) (Lam c : Fin.t m -> R) (w f_low : R).
Hypothesis grows : growing b G.
Hypothesis descent : decoupled_descent b G f H Lam w.
Hypothesis steps : forall t i, step_left (c i) (b t i) (G t i / b t i) (Lam i) <= 0.
Hypothesis Lam_pos : forall i, 0 < Lam i.
Hypothesis c_pos : forall i, 0 < c i.
Hypothesis above : forall t, f_low <= f t.

Let gap := f 0%nat - f_low.

Lemma start_pos i : 0 < b 0%nat i.
Proof. apply grows. Qed.

Lemma above_start T i : b 0%nat i <= b T i.
Proof. destruct grows as [P Q]. exact (b_above_start (fun t => b t i) (fun t => G t i) (P i) (fun t => Q t i) T). Qed.

Lemma certified T i : step_sum T (fun t => G t i ^ 2) <= (b T i ^ 2 - b 0%nat i ^ 2) / 2.
Proof. destruct grows as [P Q]. exact (squares_below_growth (fun t => b t i) (fun t => G t i) (P i) (fun t => Q t i) T). Qed.

(** psi(b_T) - min psi, what a block has spent. *)
Definition block_cost T i : R :=
  psi (c i) (Lam i) (b T i) - psi (c i) (Lam i) (b 0%nat i) + excess (c i) (Lam i) (b 0%nat i).

Lemma block_cost_nonneg T i : 0 <= block_cost T i.
Proof.
  unfold block_cost. pose proof (psi_above_minimum (c i) (Lam i) (b 0%nat i) (b T i)
    (c_pos i) (Lam_pos i) (start_pos i) (above_start T i)). lra.
Qed.

Lemma block_cost_increment T i :
  block_cost T i
  = excess (c i) (Lam i) (b 0%nat i) + c i * (b T i - b 0%nat i) - Lam i / 2 * ln (1 + (b T i - b 0%nat i) / b 0%nat i).
Proof.
  pose proof (above_start T i). pose proof (start_pos i). rewrite ln_increment by lra.
  replace (b 0%nat i + (b T i - b 0%nat i)) with (b T i) by ring. unfold block_cost, psi. ring.
Qed.

(** All that was spent is at most the budget: the Lyapunov function telescopes. *)
Lemma spent T :
  block_sum (block_cost T) + step_sum T (fun t => w * H t ^ 2) <= budget c Lam (b 0%nat) gap.
Proof.
  pose proof (step_sum_le_drop T (fun t => w * H t ^ 2) (fun t => f t + block_sum (fun i => psi (c i) (Lam i) (b t i)))) as Q.
  lapply Q; [clear Q; intros Q|].
  - unfold block_cost, budget, gap. rewrite block_sum_plus, block_sum_minus. pose proof (above T). lra.
  - intros t _. pose proof (potential_falls b G f H Lam c w grows descent steps t). lra.
Qed.

Section Rest.
Hypothesis rest_paid : forall t, 0 <= w * H t ^ 2.

Lemma rest_sum_nonneg T : 0 <= step_sum T (fun t => w * H t ^ 2).
Proof. apply step_sum_nonneg. auto. Qed.

Lemma block_within_level T i :
  c i * (b T i - b 0%nat i) - Lam i / 2 * ln (1 + (b T i - b 0%nat i) / b 0%nat i) <= block_level c Lam (b 0%nat) gap i.
Proof.
  pose proof (spent T) as Q. pose proof (rest_sum_nonneg T).
  pose proof (block_le_sum (block_cost T) i (block_cost_nonneg T)) as P. rewrite block_cost_increment in P.
  unfold block_level. unfold budget in Q. lra.
Qed.

(** b stays below the larger root for ever. *)
Lemma envelope D T i : increments c Lam (b 0%nat) gap D -> b T i <= b 0%nat i + D i.
Proof.
  intros K. enough (b T i - b 0%nat i <= D i) by lra. pose proof (Lam_pos i).
  apply (below_larger_increment (c i) (Lam i / 2) (b 0%nat i) (block_level c Lam (b 0%nat) gap i)); auto; try lra.
  - apply start_pos.
  - apply block_within_level.
Qed.

(** The price nu_0 of a unit of |H|^2. *)
Variable nu_0 : R.
Hypothesis price_nonneg : 0 <= nu_0.
Hypothesis priced : forall t, H t ^ 2 <= nu_0 * (w * H t ^ 2).

Lemma rest_sum_priced T nu : nu_0 <= nu -> step_sum T (fun t => H t ^ 2) <= nu * step_sum T (fun t => w * H t ^ 2).
Proof.
  intros Hn. rewrite <- step_sum_scale. apply step_sum_le. intros t _. eapply Rle_trans; [apply priced|].
  now apply Rmult_le_compat_r.
Qed.

Lemma separate_sum D T :
  increments c Lam (b 0%nat) gap D ->
  step_sum T (fun t => block_sum (fun i => G t i ^ 2) + H t ^ 2) <= separate_budgets c Lam (b 0%nat) D gap nu_0.
Proof.
  intros K. rewrite step_sum_plus, <- (block_sum_step_sum T (fun t i => G t i ^ 2)). unfold separate_budgets.
  apply Rplus_le_compat.
  - apply block_sum_le. intros i. eapply Rle_trans; [apply certified|].
    apply growth_of_bound; [apply start_pos|apply above_start|now apply envelope].
  - eapply Rle_trans; [now apply (rest_sum_priced T nu_0); lra|]. apply Rmult_le_compat_l; [easy|].
    pose proof (spent T). pose proof (block_sum_nonneg (block_cost T) (block_cost_nonneg T)). lra.
Qed.
End Rest.
End Sequences.

(** ** Runs *)

Section Runs.
Context {s : shape}.
Variables (r : run s) (k : constants s) (c : index s -> R).
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : twice_differentiable r.
Hypothesis bounds : smooth_on_spheres r k.
Hypothesis apart : decoupled k.
Hypothesis bounded : gradient_bounded r k.
Hypothesis step : gradient_step r.
Hypothesis same : full_gradient r.
Hypothesis constant : constant_rate r.
Hypothesis priced : scale_variant_rate r k.
Hypothesis below : bounded_below r k.
Hypothesis start : positive_start r.
Hypothesis rates : positive_rates r.
Hypothesis Gbar_pos : forall i, 0 < gradient_limit k i.
Hypothesis slopes : forall i,
  infimum_on_boundary (gradient_limit k i / inverse_rate r 0 i) (decoupled_smoothness k i / (2 * gradient_limit k i)) (c i).

Let once : differentiable r := proj1 smooth.
Let Lam_pos : forall i, 0 < decoupled_smoothness k i := proj1 apart.

Lemma run_value_above t : least_value k <= value r t.
Proof. destruct step. apply below. now apply position_nonzero. Qed.

Lemma rest_gradient_absent t : no_rest (s := s) -> rest_gradient_norm r t = 0.
Proof. intros N. unfold rest_gradient_norm. rewrite (N (rest_gradient r t)). apply norm_origin. Qed.

Lemma rest_price_nonneg : 0 <= rest_price k.
Proof.
  destruct priced as [(He & Hk & ->)|(_ & ->)]; [|lra]. apply Rlt_le, quotient_pos; [lra|now apply Rmult_lt_0_compat].
Qed.

Lemma run_rest_paid t : 0 <= kappa r k * rest_rate r * rest_gradient_norm r t ^ 2.
Proof.
  destruct priced as [(He & Hk & _)|(N & _)].
  - apply Rmult_le_pos; [apply Rlt_le; now apply Rmult_lt_0_compat|apply pow2_ge_0].
  - rewrite (rest_gradient_absent t N). lra.
Qed.

Lemma run_rest_priced t :
  rest_gradient_norm r t ^ 2 <= rest_price k * (kappa r k * rest_rate r * rest_gradient_norm r t ^ 2).
Proof.
  destruct priced as [(He & Hk & ->)|(N & ->)]; [|rewrite (rest_gradient_absent t N); lra].
  apply Req_le. field. split; lra.
Qed.

Lemma run_steps t i :
  step_left (c i) (inverse_rate r t i) (gradient_norm r t i / inverse_rate r t i) (decoupled_smoothness k i) <= 0.
Proof. pose proof (Lam_pos i). apply run_step; auto with real. Qed.

Lemma slope_pos i : 0 < c i.
Proof. apply slopes. Qed.

Lemma run_envelope D T i :
  increments c (decoupled_smoothness k) (inverse_rate r 0) (gap r k) D -> inverse_rate r T i <= inverse_rate r 0 i + D i.
Proof.
  apply (envelope (inverse_rate r) (gradient_norm r) (value r) (rest_gradient_norm r) _ c (kappa r k * rest_rate r)
           (least_value k)); auto using run_steps, slope_pos, run_value_above, run_rest_paid.
  - now apply run_grows.
  - now apply run_descends.
Qed.

Lemma run_separate_sum D T :
  increments c (decoupled_smoothness k) (inverse_rate r 0) (gap r k) D ->
  step_sum T (fun t => block_sum (fun i => gradient_norm r t i ^ 2) + rest_gradient_norm r t ^ 2)
  <= separate_budgets c (decoupled_smoothness k) (inverse_rate r 0) D (gap r k) (rest_price k).
Proof.
  apply (separate_sum (inverse_rate r) (gradient_norm r) (value r) (rest_gradient_norm r) _ c (kappa r k * rest_rate r)
           (least_value k));
    auto using run_steps, slope_pos, run_value_above, run_rest_paid, run_rest_priced, rest_price_nonneg.
  - now apply run_grows.
  - now apply run_descends.
Qed.
End Runs.

Theorem gd_rate_envelope s (r : run s) (k : constants s) c D :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> decoupled k -> gradient_bounded r k ->
  gradient_step r -> full_gradient r -> constant_rate r -> scale_variant_rate r k -> bounded_below r k ->
  positive_start r -> positive_rates r -> (forall i, 0 < gradient_limit k i) ->
  (forall i, infimum_on_boundary (gradient_limit k i / inverse_rate r 0 i)
               (decoupled_smoothness k i / (2 * gradient_limit k i)) (c i)) ->
  increments c (decoupled_smoothness k) (inverse_rate r 0) (gap r k) D ->
  forall T i, inverse_rate r T i <= inverse_rate r 0 i + D i.
Proof. intros. now apply (run_envelope r k c). Qed.

Theorem gd_rate_sum_sharper s (r : run s) (k : constants s) c D :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> decoupled k -> gradient_bounded r k ->
  gradient_step r -> full_gradient r -> constant_rate r -> scale_variant_rate r k -> bounded_below r k ->
  positive_start r -> positive_rates r -> (forall i, 0 < gradient_limit k i) ->
  (forall i, infimum_on_boundary (gradient_limit k i / inverse_rate r 0 i)
               (decoupled_smoothness k i / (2 * gradient_limit k i)) (c i)) ->
  increments c (decoupled_smoothness k) (inverse_rate r 0) (gap r k) D ->
  forall T,
  step_sum T (fun t => block_sum (fun i => gradient_norm r t i ^ 2) + rest_gradient_norm r t ^ 2)
  <= separate_budgets c (decoupled_smoothness k) (inverse_rate r 0) D (gap r k) (rest_price k).
Proof. intros. now apply (run_separate_sum r k c). Qed.

Theorem gd_rate_sum_simple s (r : run s) (k : constants s) D :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> decoupled k -> gradient_bounded r k ->
  gradient_step r -> full_gradient r -> constant_rate r -> scale_variant_rate r k -> bounded_below r k ->
  positive_start r -> positive_rates r -> (forall i, 0 < gradient_limit k i) ->
  let c i := simple_slope (gradient_limit k i / inverse_rate r 0 i) (decoupled_smoothness k i / (2 * gradient_limit k i)) in
  increments c (decoupled_smoothness k) (inverse_rate r 0) (gap r k) D ->
  forall T,
  step_sum T (fun t => block_sum (fun i => gradient_norm r t i ^ 2) + rest_gradient_norm r t ^ 2)
  <= separate_budgets c (decoupled_smoothness k) (inverse_rate r 0) D (gap r k) (rest_price k).
Proof.
  intros I W B Q Gb G same C V low P R HG c K T. apply (run_separate_sum r k c); auto.
  intros i. apply start_slope_infimum; auto; [apply W|]. apply Rlt_le, Q.
Qed.

Theorem gd_rate_rate s (r : run s) (k : constants s) c D :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> decoupled k -> gradient_bounded r k ->
  gradient_step r -> full_gradient r -> constant_rate r -> scale_variant_rate r k -> bounded_below r k ->
  positive_start r -> positive_rates r -> (forall i, 0 < gradient_limit k i) ->
  (forall i, infimum_on_boundary (gradient_limit k i / inverse_rate r 0 i)
               (decoupled_smoothness k i / (2 * gradient_limit k i)) (c i)) ->
  increments c (decoupled_smoothness k) (inverse_rate r 0) (gap r k) D ->
  forall T, (0 < T)%nat ->
  least T (fun t => block_sum (fun i => gradient_norm r t i ^ 2) + rest_gradient_norm r t ^ 2)
  <= separate_budgets c (decoupled_smoothness k) (inverse_rate r 0) D (gap r k) (rest_price k) / INR T.
Proof.
  intros. eapply Rle_trans; [now apply least_le_mean|]. apply Rmult_le_compat_r.
  - now apply Rlt_le, Rinv_0_lt_compat, lt_0_INR.
  - now apply (run_separate_sum r k c).
Qed.

(** The weighted sum of the squares, with the largest weight for all. *)
Lemma largest_nonneg {m} (Lam : Fin.t m -> R) y : (forall i, 0 < Lam i) -> 0 <= Rmax (largest_block Lam) y.
Proof.
  intros HL. eapply Rle_trans; [|apply Rmax_l]. destruct m as [|m]; [apply Rle_refl|].
  apply Rle_trans with (Lam Fin.F1); [now apply Rlt_le|apply largest_block_ge].
Qed.

Lemma squares_below_largest {m} (x Lam : Fin.t m -> R) y Lam_g :
  (forall i, 0 < Lam i) -> 0 < Lam_g \/ y = 0 ->
  block_sum (fun i => x i ^ 2) + y ^ 2
  <= 2 * Rmax (largest_block Lam) Lam_g * (block_sum (fun i => x i ^ 2 / (2 * Lam i)) + y ^ 2 / (2 * Lam_g)).
Proof.
  intros HL Hg. set (M := Rmax (largest_block Lam) Lam_g). rewrite Rmult_plus_distr_l, <- block_sum_scale.
  assert (P : forall z l, 0 < l -> l <= M -> z ^ 2 <= 2 * M * (z ^ 2 / (2 * l))).
  { intros z l Hl HM. replace (2 * M * (z ^ 2 / (2 * l))) with (M * (z ^ 2 / l)) by (field; lra).
    replace (z ^ 2) with (l * (z ^ 2 / l)) at 1 by (field; lra). apply Rmult_le_compat_r; [|easy].
    apply quotient_nonneg; [apply pow2_ge_0|easy]. }
  apply Rplus_le_compat.
  - apply block_sum_le; intros i. apply P; auto. eapply Rle_trans; [apply largest_block_ge|apply Rmax_l].
  - destruct Hg as [Hg| ->]; [apply P; [easy|apply Rmax_r]|]. unfold Rdiv. lra.
Qed.

Theorem gd_rate_trivial s (r : run s) (k : constants s) :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> decoupled k -> gradient_step r ->
  full_gradient r -> bounded_below r k -> positive_start r -> 0 < rest_decoupled k \/ @no_rest s ->
  forall T, (0 < T)%nat ->
  least T (fun t => block_sum (fun i => gradient_norm r t i ^ 2) + rest_gradient_norm r t ^ 2)
  <= trivial (decoupled_smoothness k) (rest_decoupled k) (gap r k).
Proof.
  intros I D B Q G same low P Hg T HT. eapply Rle_trans; [exact (least_le T _ 0 HT)|]. cbv beta.
  eapply Rle_trans; [apply (squares_below_largest (fun i => gradient_norm r 0 i) (decoupled_smoothness k)
    (rest_gradient_norm r 0) (rest_decoupled k)); [apply Q|]|].
  - destruct Hg as [Hg|N]; [now left|right]. now apply rest_gradient_absent.
  - unfold trivial, gap. apply Rmult_le_compat_l.
    + apply Rmult_le_pos; [lra|]. apply largest_nonneg, Q.
    + unfold value. rewrite <- (same 0%nat). destruct G as [G _].
      apply gradient_diameter_gap; try easy. apply norms_stay_positive; auto. apply D.
Qed.
