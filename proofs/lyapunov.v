(** * The Lyapunov function f + sum_i (c_i b_i - (Lam_i/2) ln b_i)

    First for sequences of numbers, then for runs. *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary norm_growth descent elementary.
Local Open Scope R_scope.

(** ** The claim's functions *)

Definition simple_slope (x_0 r : R) : R := atan x_0 / x_0.
Definition slope_on_boundary (x r : R) : R := (atan x + r * (ln (1 + x ^ 2) - atan x ^ 2)) / x.
Definition psi (c Lam b : R) : R := c * b - Lam / 2 * ln b.
Definition step_left (c b x Lam : R) : R := b * x * (c * x - atan x) + Lam / 2 * (atan x ^ 2 - ln (1 + x ^ 2)).

(** ** One step *)

Lemma simple_slope_pos x_0 r : 0 < x_0 -> 0 < simple_slope x_0 r.
Proof. intros H. now apply quotient_pos; [apply atan_pos|]. Qed.

(** arctan(x_0)/x_0 is below the slope on the boundary: the first term falls, the second is not negative. *)
Lemma simple_slope_infimum x_0 r : 0 < x_0 -> 0 <= r -> infimum_on_boundary x_0 r (simple_slope x_0 r).
Proof.
  intros H0 Hr. split; [now apply simple_slope_pos|]. intros x [Hx Hle]. apply le_quotient; [easy|].
  pose proof (atan_squared x). pose proof (atan_ratio x x_0).
  assert (0 <= r * (ln (1 + x ^ 2) - atan x ^ 2)) by (apply Rmult_le_pos; lra).
  assert (simple_slope x_0 r * x <= atan x); [|lra].
  unfold simple_slope. replace (atan x_0 / x_0 * x) with (x * atan x_0 / x_0) by (field; lra).
  apply quotient_le; lra.
Qed.

(** The slope falls in b at fixed x, and b <= Gbar/x: what holds on the boundary holds inside. *)
Lemma step_below_boundary c b x Lam Gbar x_0 :
  0 < b -> 0 <= x -> x <= x_0 -> b * x <= Gbar -> 0 < Gbar -> 0 <= Lam ->
  infimum_on_boundary x_0 (Lam / (2 * Gbar)) c -> step_left c b x Lam <= 0.
Proof.
  intros Hb [Hx| <-] Hle HG HGp HL [_ K]; unfold step_left.
  - pose proof (atan_squared x ltac:(lra)) as Q. specialize (K x (conj Hx Hle)).
    set (q := ln (1 + x ^ 2) - atan x ^ 2) in *. replace (atan x ^ 2 - ln (1 + x ^ 2)) with (- q) by (unfold q; ring).
    assert (Kx : c * x - atan x <= Lam / (2 * Gbar) * q).
    { apply Rmult_le_compat_r with (r := x) in K; [|lra].
      replace ((atan x + Lam / (2 * Gbar) * q) / x * x) with (atan x + Lam / (2 * Gbar) * q) in K by (field; lra). lra. }
    assert (Hbx : 0 <= b * x) by (apply Rmult_le_pos; lra).
    assert (Hq : 0 <= q) by (unfold q; lra).
    apply Rmult_le_compat_l with (r := b * x) in Kx; [|easy].
    assert (b * x * (Lam / (2 * Gbar) * q) <= Gbar * (Lam / (2 * Gbar) * q)).
    { apply Rmult_le_compat_r; [|easy]. apply Rmult_le_pos; [|easy]. apply quotient_nonneg; lra. }
    replace (Gbar * (Lam / (2 * Gbar) * q)) with (Lam / 2 * q) in * by (field; lra). lra.
  - rewrite atan_0. replace (1 + 0 ^ 2) with 1 by ring. rewrite ln_1. lra.
Qed.

(** ** One block: b_{t+1} = b_t + G_t^2/b_t *)

Section OneBlock.
Variables b G : nat -> R.
Hypothesis start : 0 < b 0%nat.
Hypothesis recursion : forall t, b (S t) = b t + G t ^ 2 / b t.

Lemma b_pos t : 0 < b t.
Proof.
  induction t as [|t IH]; [easy|]. rewrite recursion.
  pose proof (quotient_nonneg (G t ^ 2) (b t) (pow2_ge_0 _) IH). lra.
Qed.

Lemma b_rises t : b t <= b (S t).
Proof. rewrite recursion. pose proof (quotient_nonneg (G t ^ 2) (b t) (pow2_ge_0 _) (b_pos t)). lra. Qed.

Lemma b_above_start t : b 0%nat <= b t.
Proof. induction t as [|t IH]; [lra|]. pose proof (b_rises t). lra. Qed.

Lemma ln_b_step t : ln (b (S t)) = ln (b t) + ln (1 + (G t / b t) ^ 2).
Proof.
  pose proof (b_pos t). rewrite recursion, <- ln_mult; [|easy|apply square_plus_one]. f_equal. field. lra.
Qed.

(** sum |G|^2 <= (b_T^2 - b_0^2)/2 *)
Lemma squares_below_growth T : step_sum T (fun t => G t ^ 2) <= (b T ^ 2 - b 0%nat ^ 2) / 2.
Proof.
  induction T as [|T IH]; cbn [step_sum]; [lra|]. rewrite recursion.
  pose proof (b_pos T). pose proof (pow2_ge_0 (G T ^ 2 / b T)).
  replace ((b T + G T ^ 2 / b T) ^ 2) with (b T ^ 2 + 2 * G T ^ 2 + (G T ^ 2 / b T) ^ 2) by (field; lra). lra.
Qed.

(** psi rises by at most theta |G| - Lam theta^2/2 wherever the step inequality holds. *)
Lemma psi_step c Lam t :
  step_left c (b t) (G t / b t) Lam <= 0 ->
  psi c Lam (b (S t)) <= psi c Lam (b t) + (atan (G t / b t) * G t - Lam * atan (G t / b t) ^ 2 / 2).
Proof.
  pose proof (b_pos t). unfold step_left, psi. intros Q. rewrite ln_b_step, recursion.
  replace (b t * (G t / b t) * (c * (G t / b t) - atan (G t / b t)))
    with (c * (G t ^ 2 / b t) - atan (G t / b t) * G t) in Q by (field; lra). lra.
Qed.

Section Bounded.
Variable Gbar : R.
Hypothesis Gbar_pos : 0 < Gbar.
Hypothesis G_nonneg : forall t, 0 <= G t.
Hypothesis bounded : forall t, G t <= Gbar.

Lemma ratio_nonneg t : 0 <= G t / b t.
Proof. apply quotient_nonneg; [easy|apply b_pos]. Qed.

Lemma ratio_below t low : 0 < low -> low <= b t -> G t / b t <= Gbar / low.
Proof.
  intros Hl Hle. pose proof (b_pos t). apply Rmult_le_compat; [apply G_nonneg|now apply Rlt_le, Rinv_0_lt_compat|easy|].
  now apply Rinv_le_contravar.
Qed.

Lemma step_left_nonpos c Lam t low :
  0 < low -> low <= b t -> 0 <= Lam -> infimum_on_boundary (Gbar / low) (Lam / (2 * Gbar)) c ->
  step_left c (b t) (G t / b t) Lam <= 0.
Proof.
  intros Hl Hle HL K. pose proof (b_pos t).
  apply (step_below_boundary c (b t) (G t / b t) Lam Gbar (Gbar / low)); auto using ratio_nonneg, ratio_below.
  replace (b t * (G t / b t)) with (G t) by (field; lra). easy.
Qed.
End Bounded.
End OneBlock.

(** ** All blocks *)

(** A step of sequences: w stands for kappa eta_g. *)
Definition decoupled_descent {m} (b G : nat -> Fin.t m -> R) (f H : nat -> R) (Lam : Fin.t m -> R) (w : R) : Prop :=
  forall t, f (S t) <= f t - block_sum (fun i => atan (G t i / b t i) * G t i - Lam i * atan (G t i / b t i) ^ 2 / 2)
                         - w * H t ^ 2.

Definition growing {m} (b G : nat -> Fin.t m -> R) : Prop :=
  (forall i, 0 < b 0%nat i) /\ forall t i, b (S t) i = b t i + G t i ^ 2 / b t i.

Lemma potential_falls {m} (b G : nat -> Fin.t m -> R) f H Lam c w :
  growing b G -> decoupled_descent b G f H Lam w ->
  (forall t i, step_left (c i) (b t i) (G t i / b t i) (Lam i) <= 0) ->
  forall t, f (S t) + block_sum (fun i => psi (c i) (Lam i) (b (S t) i)) + w * H t ^ 2
            <= f t + block_sum (fun i => psi (c i) (Lam i) (b t i)).
Proof.
  intros [start recursion] descent steps t. specialize (descent t).
  assert (Q : block_sum (fun i => psi (c i) (Lam i) (b (S t) i))
    <= block_sum (fun i => psi (c i) (Lam i) (b t i)
                           + (atan (G t i / b t i) * G t i - Lam i * atan (G t i / b t i) ^ 2 / 2))).
  { apply block_sum_le. intros i.
    apply (psi_step (fun t => b t i) (fun t => G t i) (start i) (fun t => recursion t i)). apply steps. }
  rewrite block_sum_plus in Q. lra.
Qed.

(** ** Runs *)

Section Runs.
Context {s : shape}.
Variables (r : run s) (k : constants s).
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : differentiable r.
Hypothesis step : gradient_step r.
Hypothesis constant : constant_rate r.
Hypothesis start : positive_start r.
Hypothesis rates : positive_rates r.

Lemma run_grows : growing (inverse_rate r) (gradient_norm r).
Proof. destruct step. split; [intros i; now apply inverse_rate_pos|intros t i; now apply inverse_rate_grows]. Qed.

Hypothesis bounded : gradient_bounded r k.

Lemma run_step c i t :
  0 < gradient_limit k i -> 0 <= decoupled_smoothness k i ->
  infimum_on_boundary (gradient_limit k i / inverse_rate r 0 i) (decoupled_smoothness k i / (2 * gradient_limit k i)) c ->
  step_left c (inverse_rate r t i) (tangent r t i) (decoupled_smoothness k i) <= 0.
Proof.
  intros HG HL K. destruct run_grows as [P Q].
  apply (step_left_nonpos (fun t => inverse_rate r t i) (fun t => gradient_norm r t i) (P i) (fun t => Q t i)
           (gradient_limit k i) HG (fun t => gradient_norm_nonneg r t i) (fun t => bounded t i) _ _ t (inverse_rate r 0 i));
    auto.
  apply (b_above_start (fun t => inverse_rate r t i) (fun t => gradient_norm r t i) (P i) (fun t => Q t i)).
Qed.

Lemma start_slope_infimum i :
  0 < gradient_limit k i -> 0 <= decoupled_smoothness k i ->
  let x_0 := gradient_limit k i / inverse_rate r 0 i in
  let e := decoupled_smoothness k i / (2 * gradient_limit k i) in
  infimum_on_boundary x_0 e (simple_slope x_0 e).
Proof.
  intros HG HL. destruct run_grows as [P _]. apply simple_slope_infimum; [now apply quotient_pos|].
  apply quotient_nonneg; lra.
Qed.
End Runs.

Theorem log_lyapunov_step_simple s (r : run s) (k : constants s) :
  scale_invariant r -> differentiable r -> gradient_step r -> constant_rate r -> positive_start r -> positive_rates r ->
  gradient_bounded r k -> (forall i, 0 < gradient_limit k i) -> (forall i, 0 < decoupled_smoothness k i) ->
  forall t i,
  step_left (simple_slope (gradient_limit k i / inverse_rate r 0 i) (decoupled_smoothness k i / (2 * gradient_limit k i)))
    (inverse_rate r t i) (tangent r t i) (decoupled_smoothness k i) <= 0.
Proof.
  intros ? ? ? ? ? ? ? HG HL t i. pose proof (HL i). apply run_step; auto with real. apply start_slope_infimum; auto with real.
Qed.

Theorem log_lyapunov_step_sharper s (r : run s) (k : constants s) c :
  scale_invariant r -> differentiable r -> gradient_step r -> constant_rate r -> positive_start r -> positive_rates r ->
  gradient_bounded r k -> (forall i, 0 < gradient_limit k i) -> (forall i, 0 < decoupled_smoothness k i) ->
  (forall i, infimum_on_boundary (gradient_limit k i / inverse_rate r 0 i)
               (decoupled_smoothness k i / (2 * gradient_limit k i)) (c i)) ->
  forall t i, step_left (c i) (inverse_rate r t i) (tangent r t i) (decoupled_smoothness k i) <= 0.
Proof. intros ? ? ? ? ? ? ? HG HL K t i. pose proof (HL i). apply run_step; auto with real. Qed.

(** Geodesic descent in its decoupled form. *)
Lemma run_descends s (r : run s) (k : constants s) :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> decoupled k -> gradient_step r ->
  full_gradient r -> scale_variant_rate r k -> positive_start r -> positive_rates r ->
  decoupled_descent (inverse_rate r) (gradient_norm r) (value r) (rest_gradient_norm r) (decoupled_smoothness k)
    (kappa r k * rest_rate r).
Proof.
  intros I D B Q G same V P R t. apply geodesic_descent_decoupled; try easy.
  destruct V as [(H & _)|(N & _)]; [left; lra|now right].
Qed.

Theorem log_lyapunov_monotone_sharper s (r : run s) (k : constants s) c :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> decoupled k -> gradient_bounded r k ->
  gradient_step r -> full_gradient r -> constant_rate r -> scale_variant_rate r k ->
  positive_start r -> positive_rates r -> (forall i, 0 < gradient_limit k i) ->
  (forall i, infimum_on_boundary (gradient_limit k i / inverse_rate r 0 i)
               (decoupled_smoothness k i / (2 * gradient_limit k i)) (c i)) ->
  forall t,
  value r (S t) + block_sum (fun i => psi (c i) (decoupled_smoothness k i) (inverse_rate r (S t) i))
    + kappa r k * rest_rate r * rest_gradient_norm r t ^ 2
  <= value r t + block_sum (fun i => psi (c i) (decoupled_smoothness k i) (inverse_rate r t i)).
Proof.
  intros I D B Q Gb G same C V P R HG K t. pose proof (proj1 D) as D1. destruct Q as [HL Q].
  apply (potential_falls _ (gradient_norm r)); [now apply run_grows|now apply run_descends|].
  intros u i. pose proof (HL i). apply run_step; auto with real.
Qed.

Theorem log_lyapunov_monotone_simple s (r : run s) (k : constants s) :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> decoupled k -> gradient_bounded r k ->
  gradient_step r -> full_gradient r -> constant_rate r -> scale_variant_rate r k ->
  positive_start r -> positive_rates r -> (forall i, 0 < gradient_limit k i) ->
  let c i := simple_slope (gradient_limit k i / inverse_rate r 0 i) (decoupled_smoothness k i / (2 * gradient_limit k i)) in
  forall t,
  value r (S t) + block_sum (fun i => psi (c i) (decoupled_smoothness k i) (inverse_rate r (S t) i))
    + kappa r k * rest_rate r * rest_gradient_norm r t ^ 2
  <= value r t + block_sum (fun i => psi (c i) (decoupled_smoothness k i) (inverse_rate r t i)).
Proof.
  intros I D B Q Gb G same C V P R HG c t. apply log_lyapunov_monotone_sharper; auto.
  intros i. apply start_slope_infimum; auto; [apply D|]. apply Rlt_le, Q.
Qed.
