(** * Momentum: exact recursions of the norm, for heavy ball and Nesterov's momentum *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points scale_invariance optimizers.
Local Open Scope R_scope.

(** ** What is missing below *)

Section Gradient.
Context {s : shape}.
Variable r : run s.
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : differentiable r.
Hypothesis positive : positive_norms r.

(** The gradient is orthogonal to the weights. *)
Lemma dot_gradient_weights t i : dot (gradient r t i) (weights r t i) = 0.
Proof. apply (gradient_orthogonal (loss r t)); [apply invariant|]. apply smooth. now apply nonzero_position. Qed.

Lemma dot_weights_gradient t i : dot (weights r t i) (gradient r t i) = 0.
Proof. rewrite dot_comm. apply dot_gradient_weights. Qed.
End Gradient.

Lemma gradient_norm_squared {s} (r : run s) t i :
  gradient_norm r t i ^ 2 = squared_norm r t i * dot (gradient r t i) (gradient r t i).
Proof. unfold gradient_norm. now rewrite Rpow_mult_distr, !norm_squared. Qed.

(** |grad|^2 = |G|^2/S. *)
Lemma dot_gradient {s} (r : run s) t i :
  positive_norms r -> dot (gradient r t i) (gradient r t i) = gradient_norm r t i ^ 2 / squared_norm r t i.
Proof. intros P. rewrite gradient_norm_squared. specialize (P t i). field. lra. Qed.

Lemma constant_rate_next {s} (r : run s) t i : constant_rate r -> learning_rate r (S t) i = learning_rate r t i.
Proof. intros C. now rewrite (C (S t)), (C t). Qed.

(** ** The recursions *)

Section Recursions.
Context {s : shape}.
Variable r : run s.
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : differentiable r.
Hypothesis positive : positive_norms r.

(** <w, m_{t+1}> = beta p + lam S, as the gradient is orthogonal to w. *)
Lemma product_after t i :
  buffer_step r ->
  dot (weights r t i) (buffer r (S t) i) = momentum r * buffer_product r t i + decay r t i * squared_norm r t i.
Proof.
  intros B. rewrite B. unfold decayed_gradient. expand_dots.
  rewrite dot_weights_gradient by easy. unfold buffer_product, squared_norm. ring.
Qed.

Section HeavyBall.
Hypothesis step : heavy_ball_step r.

Lemma heavy_ball_product t i :
  buffer_product r (S t) i
    = momentum r * buffer_product r t i + decay r t i * squared_norm r t i - learning_rate r t i * squared_buffer r (S t) i.
Proof.
  destruct step as [B W]. unfold buffer_product at 1. rewrite W. expand_dots. rewrite product_after by easy. easy.
Qed.

Lemma heavy_ball_norm t i :
  squared_norm r (S t) i
    = squared_norm r t i - 2 * learning_rate r t i * (momentum r * buffer_product r t i + decay r t i * squared_norm r t i)
      + learning_rate r t i ^ 2 * squared_buffer r (S t) i.
Proof.
  destruct step as [B W]. unfold squared_norm at 1. rewrite W. expand_dots.
  rewrite (dot_comm (buffer r (S t) i) (weights r t i)), product_after by easy.
  unfold squared_buffer, squared_norm. ring.
Qed.

Hypothesis undecayed : no_decay r.
Hypothesis from_rest : zero_buffer r.

Lemma product_starts_at_zero i : buffer_product r 0 i = 0.
Proof. unfold buffer_product. rewrite from_rest. apply dot_origin_r. Qed.

(** From a zero buffer <w, m> is never positive. *)
Lemma product_nonpositive t i : 0 <= momentum r -> positive_rates r -> buffer_product r t i <= 0.
Proof.
  intros Hb He. induction t as [|t IH]; [rewrite product_starts_at_zero; lra|].
  rewrite heavy_ball_product, undecayed.
  pose proof (Rmult_le_pos _ _ (Rlt_le _ _ (He t i)) (dot_self_nonneg (buffer r (S t) i))) as Q.
  fold (squared_buffer r (S t) i) in Q. pose proof (Rmult_le_compat_l _ _ _ Hb IH). lra.
Qed.

Lemma inertia_next t i :
  inertia r (S t) i = momentum r * (inertia r t i + learning_rate r t i * squared_buffer r (S t) i).
Proof.
  unfold inertia. cbn [step_sum]. replace (S t - t)%nat with 1%nat by lia.
  rewrite Rmult_plus_distr_l, <- step_sum_scale. f_equal; [|ring].
  apply step_sum_ext. intros k Hk. replace (S t - k)%nat with (S (t - k)) by lia. rewrite <- tech_pow_Rmult. ring.
Qed.

Lemma product_is_inertia t i : momentum r * buffer_product r t i = - inertia r t i.
Proof.
  induction t as [|t IH].
  - rewrite product_starts_at_zero. unfold inertia. simpl. ring.
  - rewrite heavy_ball_product, undecayed, inertia_next. rewrite Rmult_0_l, Rplus_0_r, IH. ring.
Qed.

Lemma free_norm t i :
  squared_norm r (S t) i
    = squared_norm r t i - 2 * learning_rate r t i * momentum r * buffer_product r t i
      + learning_rate r t i ^ 2 * squared_buffer r (S t) i.
Proof. rewrite heavy_ball_norm, undecayed. ring. Qed.

(** One step of (1 - beta) S is one of 2 beta eta p, and (1 + beta) eta^2 |m|^2. *)
Lemma total_growth T i :
  constant_rate r ->
  (1 - momentum r) * (squared_norm r T i - squared_norm r 0 i)
    = (1 + momentum r) * step_sum T (fun t => learning_rate r t i ^ 2 * squared_buffer r (S t) i)
      + 2 * momentum r * learning_rate r T i * buffer_product r T i.
Proof.
  intros C. induction T as [|T IH]; [rewrite product_starts_at_zero; simpl; ring|].
  cbn [step_sum]. rewrite (constant_rate_next r T i C), free_norm, heavy_ball_product, undecayed. lra.
Qed.
End HeavyBall.

Section Nesterov.
Hypothesis step : nesterov_step r.

(** <w, u> for the update u = w_{t+1} - w_t. *)
Lemma nesterov_update t i :
  dot (weights r t i) (update r t i)
    = - learning_rate r t i
      * (momentum r ^ 2 * buffer_product r t i + (1 + momentum r) * decay r t i * squared_norm r t i).
Proof.
  destruct step as [B W]. unfold update. rewrite W. unfold decayed_gradient. expand_dots.
  rewrite product_after, dot_weights_gradient by easy. unfold squared_norm. ring.
Qed.

Hypothesis constant : constant_rate r.

(** w_{t+1} + eta beta m_{t+1} = (1 - eta lam) w_t - eta grad. *)
Lemma lookahead_step t i :
  plus (weights r (S t) i) (times (learning_rate r (S t) i * momentum r) (buffer r (S t) i))
    = minus (times (1 - learning_rate r t i * decay r t i) (weights r t i)) (times (learning_rate r t i) (gradient r t i)).
Proof.
  destruct step as [B W]. apply equal_products. intros u.
  rewrite constant_rate_next, W by easy. unfold decayed_gradient. expand_dots. ring.
Qed.

Lemma nesterov_lookahead t i :
  lookahead r (S t) i
    = (1 - learning_rate r t i * decay r t i) ^ 2 * squared_norm r t i
      + learning_rate r t i ^ 2 * gradient_norm r t i ^ 2 / squared_norm r t i.
Proof.
  unfold lookahead. rewrite lookahead_step. expand_dots.
  rewrite dot_gradient_weights, dot_weights_gradient, dot_gradient by easy.
  fold (squared_norm r t i). field. apply Rgt_not_eq, positive.
Qed.

Lemma nesterov_recursion t i :
  squared_norm r (S t) i
    = (1 + momentum r) * lookahead r (S t) i - momentum r * lookahead r t i
      + momentum r * (1 + momentum r) * learning_rate r t i ^ 2 * squared_buffer r (S t) i.
Proof.
  unfold lookahead at 1. rewrite lookahead_step. unfold lookahead, squared_buffer, squared_norm.
  destruct step as [B W]. rewrite W, !B. unfold decayed_gradient. expand_dots.
  rewrite !(dot_comm (gradient r t i) (weights r t i)), !(dot_comm (buffer r t i)). ring.
Qed.

Hypothesis undecayed : no_decay r.
Hypothesis from_rest : zero_buffer r.
Hypothesis nonnegative : 0 <= momentum r.

Lemma norm_le_lookahead t i : squared_norm r t i <= lookahead r (S t) i.
Proof.
  rewrite nesterov_lookahead, undecayed, Rmult_0_r, Rminus_0_r, pow1, Rmult_1_l, <- Rpow_mult_distr.
  pose proof (quotient_nonneg _ _ (pow2_ge_0 (learning_rate r t i * gradient_norm r t i)) (positive t i)). lra.
Qed.

Lemma beyond_lookahead t i : lookahead r t i <= lookahead r (S t) i -> lookahead r (S t) i <= squared_norm r (S t) i.
Proof.
  intros H. rewrite nesterov_recursion. pose proof (dot_self_nonneg (buffer r (S t) i)) as Q.
  assert (0 <= momentum r * (1 + momentum r) * learning_rate r t i ^ 2 * squared_buffer r (S t) i).
  { apply Rmult_le_pos; [|easy]. apply Rmult_le_pos; [|apply pow2_ge_0]. apply Rmult_le_pos; lra. }
  pose proof (Rmult_le_compat_l _ _ _ nonnegative H). lra.
Qed.

(** x_{t+1} is at least as long as x_t: by induction, w_{t+1} lies beyond x_{t+1}. *)
Lemma lookahead_grows t i : lookahead r t i <= lookahead r (S t) i.
Proof.
  induction t as [|t IH].
  - replace (lookahead r 0 i) with (squared_norm r 0 i); [apply norm_le_lookahead|].
    unfold lookahead, squared_norm. now rewrite from_rest, times_origin, plus_origin.
  - apply Rle_trans with (squared_norm r (S t) i); [now apply beyond_lookahead|apply norm_le_lookahead].
Qed.
End Nesterov.
End Recursions.

(** ** The claim *)

Section Claim.
Variables (s : shape) (r : run s).

Theorem momentum_growth_product :
  scale_invariant r -> differentiable r -> positive_norms r -> heavy_ball_step r ->
  forall t i, buffer_product r (S t) i
    = momentum r * buffer_product r t i + decay r t i * squared_norm r t i - learning_rate r t i * squared_buffer r (S t) i.
Proof. intros. now apply heavy_ball_product. Qed.

Theorem momentum_growth_norm :
  scale_invariant r -> differentiable r -> positive_norms r -> heavy_ball_step r ->
  forall t i, squared_norm r (S t) i
    = squared_norm r t i - 2 * learning_rate r t i * (momentum r * buffer_product r t i + decay r t i * squared_norm r t i)
      + learning_rate r t i ^ 2 * squared_buffer r (S t) i.
Proof. intros. now apply heavy_ball_norm. Qed.

Theorem momentum_growth_never_shrinks :
  scale_invariant r -> differentiable r -> positive_norms r -> positive_rates r -> 0 <= momentum r ->
  heavy_ball_step r -> no_decay r -> zero_buffer r ->
  forall t i, squared_norm r t i <= squared_norm r (S t) i.
Proof.
  intros I D P E B W N Z t i. rewrite (free_norm r I D P W N t i).
  pose proof (product_nonpositive r I D P W N Z t i B E) as Q. pose proof (dot_self_nonneg (buffer r (S t) i)) as M.
  pose proof (pow2_ge_0 (learning_rate r t i)) as L.
  pose proof (Rmult_le_pos _ _ L M) as K. fold (squared_buffer r (S t) i) in K.
  specialize (E t i). pose proof (Rmult_le_pos _ _ (Rlt_le _ _ E) B) as F.
  assert (0 <= learning_rate r t i * momentum r * - buffer_product r t i) by (apply Rmult_le_pos; lra). lra.
Qed.

Theorem momentum_growth_sum_form :
  scale_invariant r -> differentiable r -> positive_norms r -> heavy_ball_step r -> no_decay r -> zero_buffer r ->
  forall t i, squared_norm r (S t) i
    = squared_norm r t i + learning_rate r t i ^ 2 * squared_buffer r (S t) i + 2 * learning_rate r t i * inertia r t i.
Proof.
  intros I D P W N Z t i. rewrite (free_norm r I D P W N t i).
  pose proof (product_is_inertia r I D P W N Z t i) as Q.
  replace (inertia r t i) with (- (momentum r * buffer_product r t i)) by lra. ring.
Qed.

Theorem momentum_growth_total :
  scale_invariant r -> differentiable r -> positive_norms r ->
  heavy_ball_step r -> no_decay r -> zero_buffer r -> constant_rate r ->
  forall T t i, (1 - momentum r) * (squared_norm r T i - squared_norm r 0 i)
    = (1 + momentum r) * step_sum T (fun t => learning_rate r t i ^ 2 * squared_buffer r (S t) i)
      + 2 * momentum r * learning_rate r t i * buffer_product r T i.
Proof. intros I D P W N Z C T t i. rewrite (C t), <- (C T). now apply total_growth. Qed.

Theorem momentum_growth_ratio :
  scale_invariant r -> differentiable r -> positive_norms r -> positive_rates r -> 0 <= momentum r ->
  heavy_ball_step r -> no_decay r -> zero_buffer r -> constant_rate r ->
  forall T i, (1 - momentum r) * (squared_norm r T i - squared_norm r 0 i)
    <= (1 + momentum r) * step_sum T (fun t => learning_rate r t i ^ 2 * squared_buffer r (S t) i).
Proof.
  intros I D P E B W N Z C T i. rewrite (total_growth r I D P W N Z T i C).
  pose proof (product_nonpositive r I D P W N Z T i B E) as Q. specialize (E T i).
  assert (0 <= momentum r * learning_rate r T i * - buffer_product r T i) by (repeat apply Rmult_le_pos; lra). lra.
Qed.

Theorem momentum_growth_nesterov_norm :
  scale_invariant r -> differentiable r -> positive_norms r -> nesterov_step r ->
  forall t i, squared_norm r (S t) i
    = squared_norm r t i
      - 2 * learning_rate r t i
        * (momentum r ^ 2 * buffer_product r t i + (1 + momentum r) * decay r t i * squared_norm r t i)
      + update_norm r t i ^ 2.
Proof.
  intros I D P W t i. rewrite optimizer_growth_norm. unfold radial_update. rewrite nesterov_update by easy. ring.
Qed.

Theorem momentum_growth_nesterov_lookahead :
  scale_invariant r -> differentiable r -> positive_norms r -> nesterov_step r -> constant_rate r ->
  forall t i, lookahead r (S t) i
    = (1 - learning_rate r t i * decay r t i) ^ 2 * squared_norm r t i
      + learning_rate r t i ^ 2 * gradient_norm r t i ^ 2 / squared_norm r t i.
Proof. intros. now apply nesterov_lookahead. Qed.

Theorem momentum_growth_nesterov_recursion :
  nesterov_step r -> constant_rate r ->
  forall t i, squared_norm r (S t) i
    = (1 + momentum r) * lookahead r (S t) i - momentum r * lookahead r t i
      + momentum r * (1 + momentum r) * learning_rate r t i ^ 2 * squared_buffer r (S t) i.
Proof. intros. now apply nesterov_recursion. Qed.

Theorem momentum_growth_nesterov_never_shrinks :
  scale_invariant r -> differentiable r -> positive_norms r -> 0 <= momentum r ->
  nesterov_step r -> no_decay r -> zero_buffer r -> constant_rate r ->
  forall t i, squared_norm r t i <= squared_norm r (S t) i.
Proof.
  intros I D P B W N Z C t i. apply Rle_trans with (lookahead r (S t) i); [now apply norm_le_lookahead|].
  now apply beyond_lookahead, lookahead_grows.
Qed.
End Claim.
