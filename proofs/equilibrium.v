(** * Equilibria under weight decay: SGD, heavy ball, Nesterov's momentum *)

From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points scale_invariance optimizers momentum moments.
Local Open Scope R_scope.

(** ** The recursions *)

Section Recursions.
Context {s : shape}.
Variables (r : run s) (Q : index s -> R).
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : differentiable r.
Hypothesis positive : positive_norms r.
Hypothesis size : squared_gradient r Q.

(** |grad|^2 = Q/S. *)
Lemma gradient_size t i : dot (gradient r t i) (gradient r t i) = Q i / squared_norm r t i.
Proof. rewrite <- (size t i). now apply dot_gradient. Qed.

Lemma squared_gradient_nonneg i : 0 <= Q i.
Proof. rewrite <- (size 0%nat i). apply pow2_ge_0. Qed.

(** Where S does not change, the cosine is <w_{t+1}, w_t>/S. *)
Lemma stationary_cosine t i : stationary r -> cosine r t i = dot (weights r (S t) i) (weights r t i) / squared_norm r t i.
Proof.
  intros H. unfold cosine. rewrite !norm_weights, (proj1 (H t i)). f_equal.
  rewrite <- (sqrt_square (squared_norm r t i)) at 3 by apply Rlt_le, positive. simpl. ring.
Qed.

Lemma sgd_step t i :
  decay_step r ->
  squared_norm r (S t) i
    = (1 - learning_rate r t i * decay r t i) ^ 2 * squared_norm r t i
      + learning_rate r t i ^ 2 * Q i / squared_norm r t i.
Proof.
  intros W. unfold squared_norm at 1. rewrite W. expand_dots.
  rewrite dot_gradient_weights, dot_weights_gradient, gradient_size by easy.
  fold (squared_norm r t i). field. apply Rgt_not_eq, positive.
Qed.

Hypothesis uncorrelated : uncorrelated_gradient r.

(** Inner products of w, m and the gradient as letters. *)
Ltac products := expand_dots;
  rewrite ?(dot_comm (gradient r _ _) (weights r _ _)), ?(dot_comm (buffer r _ _) (weights r _ _)),
    ?(dot_comm (buffer r _ _) (gradient r _ _)), ?dot_weights_gradient, ?uncorrelated, ?gradient_size by easy.

Definition heavy_ball_after t i : moments :=
  heavy_ball_moments (squared_norm r t i) (buffer_product r t i) (squared_buffer r t i) (Q i / squared_norm r t i)
    (learning_rate r t i) (decay r t i) (momentum r).
Definition nesterov_after t i : moments :=
  nesterov_moments (squared_norm r t i) (buffer_product r t i) (squared_buffer r t i) (Q i / squared_norm r t i)
    (learning_rate r t i) (decay r t i) (momentum r).

Lemma heavy_ball_products t i :
  heavy_ball_step r ->
  squared_norm r (S t) i = of_weights (heavy_ball_after t i)
  /\ buffer_product r (S t) i = of_product (heavy_ball_after t i)
  /\ squared_buffer r (S t) i = of_buffer (heavy_ball_after t i).
Proof.
  intros [B W]. unfold of_weights, of_product, of_buffer, heavy_ball_after, heavy_ball_moments. cbn [fst snd].
  repeat split.
  - unfold squared_norm at 1. rewrite W, B. unfold decayed_gradient. products.
    unfold squared_norm, buffer_product, squared_buffer. ring.
  - unfold buffer_product at 1. rewrite W, B. unfold decayed_gradient. products.
    unfold squared_norm, buffer_product, squared_buffer. ring.
  - unfold squared_buffer at 1. rewrite B. unfold decayed_gradient. products.
    unfold squared_norm, buffer_product, squared_buffer. ring.
Qed.

Lemma nesterov_products t i :
  nesterov_step r ->
  squared_norm r (S t) i = of_weights (nesterov_after t i)
  /\ buffer_product r (S t) i = of_product (nesterov_after t i)
  /\ squared_buffer r (S t) i = of_buffer (nesterov_after t i).
Proof.
  intros [B W]. unfold of_weights, of_product, of_buffer, nesterov_after, nesterov_moments. cbn [fst snd].
  repeat split.
  - unfold squared_norm at 1. rewrite W, B. unfold decayed_gradient. products.
    unfold squared_norm, buffer_product, squared_buffer. ring.
  - unfold buffer_product at 1. rewrite W, B. unfold decayed_gradient. products.
    unfold squared_norm, buffer_product, squared_buffer. ring.
  - unfold squared_buffer at 1. rewrite B. unfold decayed_gradient. products.
    unfold squared_norm, buffer_product, squared_buffer. ring.
Qed.
End Recursions.

(** ** The claim *)

Section Claim.
Variables (s : shape) (r : run s) (Q : index s -> R).

Section SGD.
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : differentiable r.
Hypothesis positive : positive_norms r.
Hypothesis rates : positive_rates r.
Hypothesis size : squared_gradient r Q.
Hypothesis range : decay_range r.
Hypothesis step : decay_step r.
Hypothesis fixed_norms : stationary r.

(** The one equation of stationarity, solved for Q. *)
Lemma sgd_fixed_point t i :
  Q i / squared_norm r t i = sgd_ratio (learning_rate r t i) (decay r t i) * squared_norm r t i.
Proof.
  pose proof (sgd_step r Q invariant smooth positive size t i step) as E. rewrite (proj1 (fixed_norms t i)) in E.
  pose proof (positive t i) as P. pose proof (rates t i) as L. unfold sgd_ratio.
  set (S := squared_norm r t i) in *. set (eta := learning_rate r t i) in *. set (lam := decay r t i) in *.
  apply Rmult_eq_reg_l with (eta ^ 2); [|apply Rgt_not_eq; now apply pow_lt].
  replace (eta ^ 2 * (Q i / S)) with (eta ^ 2 * Q i / S) by (field; lra).
  replace (eta ^ 2 * (lam * (2 - eta * lam) / eta * S)) with (S - (1 - eta * lam) ^ 2 * S) by (field; lra). lra.
Qed.
End SGD.

Theorem equilibrium_sgd_weights :
  scale_invariant r -> differentiable r -> positive_norms r -> squared_gradient r Q -> decay_step r ->
  forall t i, squared_norm r (S t) i
    = (1 - learning_rate r t i * decay r t i) ^ 2 * squared_norm r t i
      + learning_rate r t i ^ 2 * Q i / squared_norm r t i.
Proof. intros. now apply sgd_step. Qed.

Theorem equilibrium_sgd_norm :
  scale_invariant r -> differentiable r -> positive_norms r -> positive_rates r -> squared_gradient r Q -> decay_range r ->
  decay_step r -> stationary r ->
  forall t i, squared_norm r t i ^ 2 = Q i / sgd_ratio (learning_rate r t i) (decay r t i).
Proof. intros. apply norm_by_ratio; [auto|apply sgd_ratio_pos; auto|now apply sgd_fixed_point]. Qed.

Theorem equilibrium_sgd_rotation :
  scale_invariant r -> differentiable r -> positive_norms r -> decay_step r -> stationary r ->
  forall t i, cosine r t i = sgd_cosine (learning_rate r t i * decay r t i).
Proof.
  intros I D P W H t i. rewrite stationary_cosine, W by easy. expand_dots.
  rewrite dot_gradient_weights by easy. fold (squared_norm r t i). unfold sgd_cosine. field. apply Rgt_not_eq, P.
Qed.

Theorem equilibrium_sgd_exists :
  positive_rates r -> squared_gradient r Q -> decay_range r ->
  forall t i, 0 <= Q i / sgd_ratio (learning_rate r t i) (decay r t i).
Proof. intros. apply quotient_nonneg; [now apply (squared_gradient_nonneg r)|apply sgd_ratio_pos; auto]. Qed.

Theorem equilibrium_sgd_approach :
  scale_invariant r -> differentiable r -> positive_norms r -> positive_rates r -> squared_gradient r Q -> decay_range r ->
  decay_step r ->
  forall t i, squared_norm r (S t) i ^ 2 - Q i / sgd_ratio (learning_rate r t i) (decay r t i)
    = sgd_approach (squared_norm r t i) (Q i) (learning_rate r t i) (decay r t i)
      * (squared_norm r t i ^ 2 - Q i / sgd_ratio (learning_rate r t i) (decay r t i)).
Proof.
  intros I D P L G K W t i. rewrite (sgd_step r Q) by easy. specialize (P t i). specialize (L t i). specialize (K t i).
  pose proof (decay_pos _ _ L K). unfold sgd_approach, sgd_ratio. field. lra.
Qed.

Theorem equilibrium_sgd_multiplier :
  scale_invariant r -> differentiable r -> positive_norms r -> positive_rates r -> squared_gradient r Q ->
  decay_step r -> stationary r ->
  forall t i, sgd_approach (squared_norm r t i) (Q i) (learning_rate r t i) (decay r t i)
    = sgd_multiplier (learning_rate r t i * decay r t i).
Proof.
  intros I D P L G W H t i. pose proof (sgd_fixed_point I D P L G W H t i) as E.
  unfold sgd_approach, sgd_multiplier. specialize (P t i). specialize (L t i).
  replace (Q i) with (Q i / squared_norm r t i * squared_norm r t i) by (field; lra). rewrite E.
  unfold sgd_ratio. field. lra.
Qed.

Section Momentum.
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : differentiable r.
Hypothesis positive : positive_norms r.
Hypothesis size : squared_gradient r Q.
Hypothesis uncorrelated : uncorrelated_gradient r.

Lemma heavy_ball_fixed t i :
  heavy_ball_step r -> stationary r ->
  fixed (squared_norm r t i) (buffer_product r t i) (squared_buffer r t i) (heavy_ball_after r Q t i).
Proof.
  intros W H. destruct (heavy_ball_products r Q invariant smooth positive size uncorrelated t i W) as (A & B & C).
  destruct (H t i) as (A' & B' & C'). unfold fixed. now rewrite <- A, <- B, <- C.
Qed.

Lemma nesterov_fixed t i :
  nesterov_step r -> stationary r ->
  fixed (squared_norm r t i) (buffer_product r t i) (squared_buffer r t i) (nesterov_after r Q t i).
Proof.
  intros W H. destruct (nesterov_products r Q invariant smooth positive size uncorrelated t i W) as (A & B & C).
  destruct (H t i) as (A' & B' & C'). unfold fixed. now rewrite <- A, <- B, <- C.
Qed.
End Momentum.

Theorem equilibrium_heavy_ball_weights :
  scale_invariant r -> differentiable r -> positive_norms r -> squared_gradient r Q -> uncorrelated_gradient r ->
  heavy_ball_step r ->
  forall t i, squared_norm r (S t) i = of_weights (heavy_ball_after r Q t i).
Proof. intros. now apply heavy_ball_products. Qed.

Theorem equilibrium_heavy_ball_product :
  scale_invariant r -> differentiable r -> positive_norms r -> squared_gradient r Q -> uncorrelated_gradient r ->
  heavy_ball_step r ->
  forall t i, buffer_product r (S t) i = of_product (heavy_ball_after r Q t i).
Proof. intros. now apply heavy_ball_products. Qed.

Theorem equilibrium_heavy_ball_buffer :
  scale_invariant r -> differentiable r -> positive_norms r -> squared_gradient r Q -> uncorrelated_gradient r ->
  heavy_ball_step r ->
  forall t i, squared_buffer r (S t) i = of_buffer (heavy_ball_after r Q t i).
Proof. intros. now apply heavy_ball_products. Qed.

Theorem equilibrium_heavy_ball_norm :
  scale_invariant r -> differentiable r -> positive_norms r -> positive_rates r -> squared_gradient r Q -> decay_range r ->
  momentum_range r -> uncorrelated_gradient r -> heavy_ball_step r -> stationary r ->
  forall t i, squared_norm r t i ^ 2 = Q i / heavy_ball_ratio (learning_rate r t i) (decay r t i) (momentum r).
Proof.
  intros I D P L G K M U W H t i. apply norm_by_ratio; [auto|apply heavy_ball_ratio_pos; auto|].
  now apply (heavy_ball_fixed_point _ _ _ _ _ _ _ (L t i) M (heavy_ball_fixed I D P G U t i W H)).
Qed.

Theorem equilibrium_heavy_ball_rotation :
  scale_invariant r -> differentiable r -> positive_norms r -> positive_rates r -> squared_gradient r Q ->
  momentum_range r -> uncorrelated_gradient r -> heavy_ball_step r -> stationary r ->
  forall t i, cosine r t i = heavy_ball_cosine (learning_rate r t i * decay r t i) (momentum r).
Proof.
  intros I D P L G M U W H t i. rewrite stationary_cosine by easy.
  pose proof (heavy_ball_fixed I D P G U t i W H) as F. apply (heavy_ball_fixed_point _ _ _ _ _ _ _ (L t i) M) in F.
  destruct F as [E _]. destruct W as [B W]. rewrite W. expand_dots.
  rewrite (dot_comm (buffer r (S t) i)), product_after, E by easy. fold (squared_norm r t i).
  destruct M. pose proof (P t i). unfold heavy_ball_cosine. field. lra.
Qed.

Theorem equilibrium_heavy_ball_exists :
  positive_rates r -> squared_gradient r Q -> decay_range r -> momentum_range r ->
  forall t i, 0 <= Q i / heavy_ball_ratio (learning_rate r t i) (decay r t i) (momentum r).
Proof. intros. apply quotient_nonneg; [now apply (squared_gradient_nonneg r)|apply heavy_ball_ratio_pos; auto]. Qed.

Theorem equilibrium_heavy_ball_multipliers :
  positive_rates r -> momentum_range r ->
  forall mu t i,
  characteristic heavy_ball_moments mu (heavy_ball_ratio (learning_rate r t i) (decay r t i) (momentum r))
    (learning_rate r t i) (decay r t i) (momentum r)
  = heavy_ball_multipliers mu (learning_rate r t i * decay r t i) (momentum r).
Proof.
  intros L [M _] mu t i. specialize (L t i).
  unfold characteristic, heavy_ball_multipliers, heavy_ball_moments, heavy_ball_ratio. field. lra.
Qed.

Theorem equilibrium_nesterov_weights :
  scale_invariant r -> differentiable r -> positive_norms r -> squared_gradient r Q -> uncorrelated_gradient r ->
  nesterov_step r ->
  forall t i, squared_norm r (S t) i = of_weights (nesterov_after r Q t i).
Proof. intros. now apply nesterov_products. Qed.

Theorem equilibrium_nesterov_product :
  scale_invariant r -> differentiable r -> positive_norms r -> squared_gradient r Q -> uncorrelated_gradient r ->
  nesterov_step r ->
  forall t i, buffer_product r (S t) i = of_product (nesterov_after r Q t i).
Proof. intros. now apply nesterov_products. Qed.

Theorem equilibrium_nesterov_buffer :
  scale_invariant r -> differentiable r -> positive_norms r -> squared_gradient r Q -> uncorrelated_gradient r ->
  nesterov_step r ->
  forall t i, squared_buffer r (S t) i = of_buffer (nesterov_after r Q t i).
Proof. intros. now apply nesterov_products. Qed.

Theorem equilibrium_nesterov_norm :
  scale_invariant r -> differentiable r -> positive_norms r -> positive_rates r -> squared_gradient r Q -> decay_range r ->
  momentum_range r -> uncorrelated_gradient r -> nesterov_step r -> stationary r ->
  forall t i, squared_norm r t i ^ 2 = Q i / nesterov_ratio (learning_rate r t i) (decay r t i) (momentum r).
Proof.
  intros I D P L G K M U W H t i. apply norm_by_ratio; [auto|apply nesterov_ratio_pos; auto|].
  now apply (nesterov_fixed_point _ _ _ _ _ _ _ (L t i) (K t i) M (nesterov_fixed I D P G U t i W H)).
Qed.

Theorem equilibrium_nesterov_rotation :
  scale_invariant r -> differentiable r -> positive_norms r -> positive_rates r -> squared_gradient r Q -> decay_range r ->
  momentum_range r -> uncorrelated_gradient r -> nesterov_step r -> stationary r ->
  forall t i, cosine r t i = nesterov_cosine (learning_rate r t i * decay r t i) (momentum r).
Proof.
  intros I D P L G K M U W H t i. rewrite stationary_cosine by easy.
  pose proof (nesterov_fixed I D P G U t i W H) as F.
  apply (nesterov_fixed_point _ _ _ _ _ _ _ (L t i) (K t i) M) in F. destruct F as [E _].
  pose proof (nesterov_update r I D P W t i) as V. unfold radial_update in V.
  rewrite weights_after, dot_plus, (dot_comm (update r t i)), V, E. fold (squared_norm r t i).
  pose proof (P t i). pose proof (nesterov_room _ _ _ (K t i) M). unfold nesterov_cosine. field. lra.
Qed.

Theorem equilibrium_nesterov_exists :
  positive_rates r -> squared_gradient r Q -> decay_range r -> momentum_range r ->
  forall t i, 0 <= Q i / nesterov_ratio (learning_rate r t i) (decay r t i) (momentum r).
Proof. intros. apply quotient_nonneg; [now apply (squared_gradient_nonneg r)|apply nesterov_ratio_pos; auto]. Qed.

Theorem equilibrium_nesterov_multiplier_above :
  decay_range r -> momentum_range r ->
  forall t i,
  nesterov_residual (learning_rate r t i) (decay r t i) (momentum r)
    (slow_rate (learning_rate r t i) (decay r t i) (momentum r))
  <= 64 * (learning_rate r t i * decay r t i) ^ 2.
Proof.
  intros K M t i. specialize (K t i). pose proof (nesterov_room _ _ _ K M) as D.
  apply Rminus_le_0. rewrite residual_above by easy.
  apply Rmult_le_pos; [|apply above_nonneg; destruct M; lra]. apply quotient_nonneg; [apply pow2_ge_0|easy].
Qed.

Theorem equilibrium_nesterov_multiplier_below :
  decay_range r -> momentum_range r ->
  forall t i,
  - 64 * (learning_rate r t i * decay r t i) ^ 2
  <= nesterov_residual (learning_rate r t i) (decay r t i) (momentum r)
       (slow_rate (learning_rate r t i) (decay r t i) (momentum r)).
Proof.
  intros K M t i. specialize (K t i). pose proof (nesterov_room _ _ _ K M) as D.
  assert (P : 0 <= nesterov_residual (learning_rate r t i) (decay r t i) (momentum r)
                     (slow_rate (learning_rate r t i) (decay r t i) (momentum r))
                   + 64 * (learning_rate r t i * decay r t i) ^ 2).
  { rewrite residual_below by easy. apply Rmult_le_pos; [|apply below_nonneg; destruct M; lra].
    apply quotient_nonneg; [apply pow2_ge_0|easy]. }
  lra.
Qed.
End Claim.
