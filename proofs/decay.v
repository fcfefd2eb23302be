(** * Weight decay is a growing learning rate *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points scale_invariance optimizers momentum.
Local Open Scope R_scope.

(** ** What is missing below *)

Definition nonnegative_decay {s} (r : run s) : Prop := forall t i, 0 <= decay r t i.

(** ** The run without decay *)

Section Equivalence.
Context {s : shape}.
Variable r : run s.

Lemma scale_next t i : scale r (S t) i = shrink r t i * scale r t i.
Proof. easy. Qed.

Lemma shift_next t i : shift r (S t) i = (decay r t i + momentum r * shift r t i) / shrink r t i.
Proof. easy. Qed.

Section Factor.
Hypothesis factor : positive_factor r.

Lemma scale_pos t i : 0 < scale r t i.
Proof. induction t as [|t IH]; [simpl; lra|]. rewrite scale_next. now apply Rmult_lt_0_compat. Qed.

Hypothesis invariant : scale_invariant r.
Hypothesis smooth : differentiable r.
Hypothesis positive : positive_norms r.

(** The gradient at w/R is R times that at w. *)
Lemma gradient_hat_eq t i : gradient_hat r t i = times (scale r t i) (gradient r t i).
Proof.
  unfold gradient_hat. rewrite (gradient_homogeneous (loss r t)).
  - parts. now rewrite Rinv_inv.
  - apply invariant.
  - apply smooth.
  - intros j. apply Rinv_0_lt_compat, scale_pos.
  - now apply nonzero_position.
Qed.

Lemma squared_norm_hat_pos t i : 0 < squared_norm_hat r t i.
Proof. apply quotient_pos; [apply positive|]. apply pow_lt, scale_pos. Qed.

Hypothesis step : heavy_ball_step r.

(** R' (m' - c' w') = R (m' - (lam + beta c) w), as w' = w - eta m'. *)
Lemma buffer_hat_step t i : buffer_hat r (S t) i = stepped_buffer_hat r t i.
Proof.
  destruct step as [B W]. unfold stepped_buffer_hat, buffer_hat. rewrite gradient_hat_eq, scale_next, shift_next, W, B.
  apply equal_products. intros u. unfold decayed_gradient. expand_dots.
  pose proof (factor t i) as P. unfold shrink in P |- *. field. lra.
Qed.

Lemma weights_hat_step t i :
  weights_hat r (S t) i = minus (weights_hat r t i) (times (learning_rate_hat r t i) (stepped_buffer_hat r t i)).
Proof.
  destruct step as [B W]. unfold weights_hat, learning_rate_hat, stepped_buffer_hat, buffer_hat.
  rewrite gradient_hat_eq, scale_next, W, B. apply equal_products. intros u. unfold decayed_gradient. expand_dots.
  pose proof (factor t i) as P. pose proof (scale_pos t i) as Q. unfold shrink in P |- *. field. lra.
Qed.

Lemma norm_minus_self {E : space} (a b : E) : a = b -> norm (minus a b) = 0.
Proof. intros ->. unfold minus. now rewrite plus_opposite, norm_origin. Qed.

(** Without momentum w' = rho w - eta grad. *)
Lemma hat_grows t i :
  no_momentum r ->
  squared_norm_hat r (S t) i
    = squared_norm_hat r t i + learning_rate_hat r t i ^ 2 * gradient_norm r t i ^ 2 / squared_norm_hat r t i.
Proof.
  destruct step as [B W]. intros M.
  assert (E : squared_norm r (S t) i
    = shrink r t i ^ 2 * squared_norm r t i + learning_rate r t i ^ 2 * (gradient_norm r t i ^ 2 / squared_norm r t i)).
  { unfold squared_norm at 1. rewrite W, B, M. unfold decayed_gradient. expand_dots.
    rewrite !(dot_comm (buffer r t i)), dot_weights_gradient, dot_gradient_weights, dot_gradient by easy.
    fold (squared_norm r t i). unfold shrink. rewrite M. field. apply Rgt_not_eq, positive. }
  unfold squared_norm_hat, learning_rate_hat. rewrite E, scale_next.
  pose proof (factor t i). pose proof (scale_pos t i). pose proof (positive t i). field. lra.
Qed.

Lemma hat_never_shrinks t i : no_momentum r -> squared_norm_hat r t i <= squared_norm_hat r (S t) i.
Proof.
  intros M. rewrite hat_grows by easy. rewrite <- Rpow_mult_distr.
  pose proof (quotient_nonneg _ _ (pow2_ge_0 (learning_rate_hat r t i * gradient_norm r t i)) (squared_norm_hat_pos t i)). lra.
Qed.

Lemma hat_above_start t i : no_momentum r -> squared_norm_hat r 0 i <= squared_norm_hat r t i.
Proof. intros M. induction t as [|t IH]; [lra|]. pose proof (hat_never_shrinks t i M). lra. Qed.

(** The growth times the size is the squared gradient of the run without decay. *)
Lemma hat_increment t i :
  no_momentum r ->
  squared_norm_hat r t i * (squared_norm_hat r (S t) i - squared_norm_hat r t i)
    = learning_rate_hat r t i ^ 2 * gradient_norm r t i ^ 2.
Proof. intros M. rewrite hat_grows by easy. pose proof (squared_norm_hat_pos t i). field. lra. Qed.
End Factor.

(** *** At a constant rate *)

Section Root.
Variable a : index s -> R.
Hypothesis root : positive_root r a.

Section Settled.
Hypothesis rates : positive_rates r.
Hypothesis constant : constant_rate r.
Hypothesis settled : settled_shift r a.

Lemma shrink_of_settled t i : shift r t i = (1 - a i) / (learning_rate r t i * a i) -> shrink r t i = a i.
Proof.
  intros E. unfold shrink. rewrite E. destruct (root t i) as [P Q]. pose proof (rates t i) as L.
  apply Rmult_eq_reg_l with (a i); [|lra].
  replace (a i * (1 - learning_rate r t i * (decay r t i + momentum r * ((1 - a i) / (learning_rate r t i * a i)))))
    with (a i * (1 - learning_rate r t i * decay r t i) - momentum r * (1 - a i)) by (field; lra). lra.
Qed.

(** c = (1 - a)/(eta a) is the fixed point of the shift. *)
Lemma shift_stays t i : shift r t i = (1 - a i) / (learning_rate r t i * a i).
Proof.
  induction t as [|t IH]; [apply settled|].
  rewrite shift_next, (shrink_of_settled t i IH), IH, constant_rate_next by easy.
  destruct (root t i) as [P Q]. pose proof (rates t i) as L.
  apply Rmult_eq_reg_l with (learning_rate r t i * a i * a i);
    [|apply Rgt_not_eq; repeat apply Rmult_lt_0_compat; easy].
  replace (learning_rate r t i * a i * a i
      * ((decay r t i + momentum r * ((1 - a i) / (learning_rate r t i * a i))) / a i))
    with (learning_rate r t i * decay r t i * a i + momentum r * (1 - a i)) by (field; lra).
  replace (learning_rate r t i * a i * a i * ((1 - a i) / (learning_rate r t i * a i)))
    with ((1 - a i) * a i) by (field; lra). lra.
Qed.

Lemma shrink_is_root t i : shrink r t i = a i.
Proof. apply shrink_of_settled, shift_stays. Qed.

Lemma scale_power t i : scale r t i = a i ^ t.
Proof. induction t as [|t IH]; [easy|]. now rewrite scale_next, shrink_is_root, IH. Qed.
End Settled.

(** (1 - a)(beta - a) = - eta lam a. *)
Lemma root_product t i : (1 - a i) * (momentum r - a i) = - (learning_rate r t i * decay r t i * a i).
Proof. destruct (root t i) as [P Q]. lra. Qed.

Lemma root_product_nonpositive i : positive_rates r -> nonnegative_decay r -> (1 - a i) * (momentum r - a i) <= 0.
Proof.
  intros L D. rewrite (root_product 0). destruct (root 0%nat i) as [P _].
  pose proof (Rmult_le_pos _ _ (Rlt_le _ _ (L 0%nat i)) (D 0%nat i)) as E.
  pose proof (Rmult_le_pos _ _ E (Rlt_le _ _ P)). lra.
Qed.
End Root.
End Equivalence.

(** ** The claims *)

Section Claims.
Variables (s : shape) (r : run s).

Theorem decay_equivalence_norm :
  scale_invariant r -> differentiable r -> positive_norms r -> heavy_ball_step r -> positive_factor r -> no_momentum r ->
  forall t i, squared_norm_hat r (S t) i
    = squared_norm_hat r t i + learning_rate_hat r t i ^ 2 * gradient_norm r t i ^ 2 / squared_norm_hat r t i.
Proof. intros. now apply hat_grows. Qed.

Theorem decay_equivalence_weights :
  scale_invariant r -> differentiable r -> positive_norms r -> heavy_ball_step r -> positive_factor r ->
  forall t i, drift r t i = 0.
Proof. intros. now apply norm_minus_self, weights_hat_step. Qed.

Theorem decay_equivalence_buffer :
  scale_invariant r -> differentiable r -> positive_norms r -> heavy_ball_step r -> positive_factor r ->
  forall t i, buffer_drift r t i = 0.
Proof. intros. now apply norm_minus_self, buffer_hat_step. Qed.

Theorem decay_equivalence_factor (a : index s -> R) :
  positive_rates r -> constant_rate r -> positive_root r a -> settled_shift r a ->
  forall t i, shrink r t i = a i.
Proof. intros. now apply shrink_is_root. Qed.

Theorem decay_equivalence_exponential (a : index s -> R) :
  positive_rates r -> constant_rate r -> positive_root r a -> settled_shift r a ->
  forall T i, ln (scale r T i) = INR T * ln (a i).
Proof.
  intros L C Q H T i. rewrite (scale_power r a) by easy. destruct (Q 0%nat i) as [P _].
  induction T as [|T IH]; [simpl; rewrite ln_1; ring|].
  rewrite <- tech_pow_Rmult, ln_mult, IH, S_INR by (try apply pow_lt; easy). ring.
Qed.

Theorem decay_equivalence_rate (a : index s -> R) :
  positive_rates r -> constant_rate r -> positive_root r a -> settled_shift r a ->
  forall t i, learning_rate_hat r t i = learning_rate r t i / (a i * scale r t i ^ 2).
Proof.
  intros L C Q H t i. unfold learning_rate_hat. rewrite scale_next, (shrink_is_root r a), (scale_power r a) by easy.
  destruct (Q t i) as [P _]. pose proof (pow_lt _ t P). field. lra.
Qed.

Theorem decay_equivalence_root_above (a : index s -> R) :
  positive_rates r -> nonnegative_decay r -> positive_root r a -> momentum_range r ->
  forall i, momentum r <= a i.
Proof.
  intros L D Q [_ M] i. apply Rnot_lt_le. intros N. pose proof (root_product_nonpositive r a Q i L D) as P.
  pose proof (Rmult_lt_0_compat (1 - a i) (momentum r - a i)). lra.
Qed.

Theorem decay_equivalence_root_below (a : index s -> R) :
  positive_rates r -> nonnegative_decay r -> positive_root r a -> momentum_range r ->
  forall i, a i <= 1.
Proof.
  intros L D Q [_ M] i. apply Rnot_lt_le. intros N. pose proof (root_product_nonpositive r a Q i L D) as P.
  pose proof (Rmult_lt_0_compat (a i - 1) (a i - momentum r)). lra.
Qed.

(** 1 + beta - eta lam = a + beta/a, at least 2 sqrt(beta). *)
Theorem decay_equivalence_real_root (a : index s -> R) :
  0 <= momentum r -> positive_root r a ->
  forall t i, learning_rate r t i * decay r t i <= (1 - sqrt (momentum r)) ^ 2.
Proof.
  intros M Q t i. destruct (Q t i) as [P E]. pose proof (sqrt_square _ M) as H. set (b := sqrt (momentum r)) in *.
  rewrite <- H in E. apply Rmult_le_reg_r with (a i); [easy|]. pose proof (pow2_ge_0 (a i - b)). lra.
Qed.

Theorem schedule_certificate_lower :
  scale_invariant r -> differentiable r -> positive_norms r -> heavy_ball_step r -> positive_factor r -> no_momentum r ->
  forall T i, squared_norm_hat r 0 i * (squared_norm_hat r T i - squared_norm_hat r 0 i)
    <= step_sum T (fun t => learning_rate_hat r t i ^ 2 * gradient_norm r t i ^ 2).
Proof.
  intros I D P W F M T i. rewrite <- (step_sum_telescopes T (fun t => squared_norm_hat r t i)), <- step_sum_scale.
  apply step_sum_le. intros t _. rewrite <- hat_increment by easy.
  apply Rmult_le_compat_r; [|now apply hat_above_start].
  pose proof (hat_never_shrinks r F I D P W t i M). lra.
Qed.

Theorem schedule_certificate_upper :
  scale_invariant r -> differentiable r -> positive_norms r -> heavy_ball_step r -> positive_factor r -> no_momentum r ->
  forall T i, step_sum T (fun t => learning_rate_hat r t i ^ 2 * gradient_norm r t i ^ 2)
    <= (squared_norm_hat r T i ^ 2 - squared_norm_hat r 0 i ^ 2) / 2.
Proof.
  intros I D P W F M T i.
  replace ((squared_norm_hat r T i ^ 2 - squared_norm_hat r 0 i ^ 2) / 2)
    with (step_sum T (fun t => / 2 * (squared_norm_hat r (S t) i ^ 2 - squared_norm_hat r t i ^ 2))).
  - apply step_sum_le. intros t _. rewrite <- hat_increment by easy.
    pose proof (pow2_ge_0 (squared_norm_hat r (S t) i - squared_norm_hat r t i)). lra.
  - rewrite step_sum_scale, (step_sum_telescopes T (fun t => squared_norm_hat r t i ^ 2)). field.
Qed.

Theorem schedule_certificate_minimum :
  scale_invariant r -> differentiable r -> positive_norms r -> positive_rates r ->
  heavy_ball_step r -> positive_factor r -> no_momentum r ->
  forall T i, (0 < T)%nat ->
  least T (fun t => gradient_norm r t i ^ 2)
    <= (squared_norm_hat r T i ^ 2 - squared_norm_hat r 0 i ^ 2)
       / (2 * step_sum T (fun t => learning_rate_hat r t i ^ 2)).
Proof.
  intros I D P L W F M T i HT.
  assert (Q : 0 < step_sum T (fun t => learning_rate_hat r t i ^ 2)).
  { apply step_sum_pos; [easy|]. intros t _. apply pow_lt, quotient_pos; [apply L|].
    apply Rmult_lt_0_compat; now apply scale_pos. }
  pose proof (schedule_certificate_upper I D P W F M T i) as U.
  pose proof (least_le_weighted T (fun t => learning_rate_hat r t i ^ 2) (fun t => gradient_norm r t i ^ 2) HT) as K.
  specialize (K (fun t _ => pow2_ge_0 _)). simpl in K, U.
  apply Rmult_le_reg_r with (2 * step_sum T (fun t => learning_rate_hat r t i ^ 2)); [lra|].
  unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. simpl. lra.
Qed.
End Claims.
