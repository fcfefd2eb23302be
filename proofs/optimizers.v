(** * Any optimiser: how an update lengthens and turns the weights *)

From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points.
Local Open Scope R_scope.

(** ** What is missing below *)

(** Inner products of combinations of vectors as combinations of inner products. *)
Ltac expand_dots := repeat rewrite ?dot_plus, ?dot_plus_r, ?dot_minus, ?dot_minus_r, ?dot_times, ?dot_times_r.

(** Vectors with the same products are equal. *)
Lemma equal_products {E : space} (a b : E) : (forall u, dot a u = dot b u) -> a = b.
Proof. intros H. apply minus_zero_eq, dot_self_zero. rewrite dot_minus, H. ring. Qed.

Lemma sqrt_square x : 0 <= x -> sqrt x ^ 2 = x.
Proof. apply pow2_sqrt. Qed.

(** The angle of a point of the right half-plane, by its cosine and by its tangent. *)
Lemma acos_of_point a b : 0 < a -> 0 <= b -> acos (a / sqrt (a ^ 2 + b ^ 2)) = atan (b / a).
Proof.
  intros Ha Hb. assert (P : 0 < a ^ 2 + b ^ 2) by (simpl; nra). pose proof (sqrt_lt_R0 _ P) as Q.
  rewrite acos_atan by now apply quotient_pos. f_equal.
  replace (1 - (a / sqrt (a ^ 2 + b ^ 2))²) with ((b / sqrt (a ^ 2 + b ^ 2)) ^ 2).
  - rewrite sqrt_pow2 by now apply quotient_nonneg. field. lra.
  - rewrite Rsqr_div', Rsqr_sqrt, Rsqr_pow2 by lra. unfold Rdiv.
    rewrite Rpow_mult_distr, pow_inv, sqrt_square by lra. field. lra.
Qed.

Section Letters.
Context {s : shape}.
Variable r : run s.

Lemma norm_weights t i : norm (weights r t i) = sqrt (squared_norm r t i).
Proof. easy. Qed.

Lemma cosine_bounds t i : -1 <= cosine r t i <= 1.
Proof.
  unfold cosine. pose proof (norm_nonneg (weights r (S t) i)) as P. pose proof (norm_nonneg (weights r t i)) as Q.
  pose proof (cauchy_schwarz (weights r (S t) i) (weights r t i)) as C.
  set (n := norm (weights r (S t) i) * norm (weights r t i)) in *. assert (0 <= n) as [N|<-] by now apply Rmult_le_pos.
  - apply Rabs_le_between in C. split; apply Rmult_le_reg_r with n; try easy; unfold Rdiv;
      rewrite Rmult_assoc, Rinv_l by lra; lra.
  - unfold Rdiv. rewrite Rinv_0. lra.
Qed.

Lemma weights_after t i : weights r (S t) i = plus (weights r t i) (update r t i).
Proof. unfold update. now rewrite plus_comm, minus_plus. Qed.

Lemma dot_update t i : dot (update r t i) (update r t i) = update_norm r t i ^ 2.
Proof. now rewrite <- norm_squared. Qed.

(** Pythagoras for the update. *)
Lemma update_parts t i :
  positive_norms r -> update_norm r t i ^ 2 = radial_update r t i ^ 2 / squared_norm r t i + tangential_update r t i ^ 2.
Proof.
  intros P. specialize (P t i). unfold tangential_update. rewrite norm_squared. expand_dots.
  rewrite (dot_comm (update r t i) (weights r t i)), dot_update.
  fold (squared_norm r t i). fold (radial_update r t i). field. lra.
Qed.
End Letters.

(** ** The claim *)

Theorem optimizer_growth_norm s (r : run s) :
  forall t i, squared_norm r (S t) i = squared_norm r t i + 2 * radial_update r t i + update_norm r t i ^ 2.
Proof.
  intros t i. unfold squared_norm at 1. rewrite weights_after. expand_dots.
  rewrite dot_update, (dot_comm (update r t i)). unfold squared_norm, radial_update. ring.
Qed.

Theorem optimizer_growth_parts s (r : run s) :
  positive_norms r ->
  forall t i, update_norm r t i ^ 2 = radial_update r t i ^ 2 / squared_norm r t i + tangential_update r t i ^ 2.
Proof. intros P t i. now apply update_parts. Qed.

Theorem optimizer_growth_split s (r : run s) :
  positive_norms r ->
  forall t i, squared_norm r (S t) i
    = (sqrt (squared_norm r t i) + radial_update r t i / sqrt (squared_norm r t i)) ^ 2 + tangential_update r t i ^ 2.
Proof.
  intros P t i. rewrite optimizer_growth_norm, update_parts by easy. specialize (P t i).
  pose proof (sqrt_lt_R0 _ P) as Q. pose proof (sqrt_square (squared_norm r t i)) as E.
  set (q := sqrt (squared_norm r t i)) in *. rewrite <- E by lra. field. lra.
Qed.

Theorem optimizer_growth_cosine s (r : run s) :
  positive_norms r ->
  forall t i, cos (angle r t i) * sqrt (squared_norm r (S t) i)
    = sqrt (squared_norm r t i) + radial_update r t i / sqrt (squared_norm r t i).
Proof.
  intros P t i. unfold angle. rewrite cos_acos by apply cosine_bounds.
  unfold cosine. rewrite !norm_weights. pose proof (sqrt_lt_R0 _ (P t i)) as Q. pose proof (sqrt_lt_R0 _ (P (S t) i)) as Q'.
  rewrite (weights_after r t i) at 1. rewrite dot_plus, (dot_comm (update r t i)).
  fold (squared_norm r t i). fold (radial_update r t i).
  pose proof (sqrt_square (squared_norm r t i) (Rlt_le _ _ (P t i))) as E.
  set (q := sqrt (squared_norm r t i)) in *. rewrite <- E. field. lra.
Qed.

Theorem optimizer_growth_angle s (r : run s) :
  positive_norms r -> forward r ->
  forall t i, angle r t i
    = atan (tangential_update r t i / (sqrt (squared_norm r t i) + radial_update r t i / sqrt (squared_norm r t i))).
Proof.
  intros P F t i. specialize (F t i). rewrite norm_weights in F.
  rewrite <- acos_of_point; [|easy|apply norm_nonneg]. rewrite <- optimizer_growth_split by easy.
  rewrite <- optimizer_growth_cosine by easy. unfold angle at 1. f_equal.
  unfold angle. rewrite cos_acos by apply cosine_bounds. field. apply Rgt_not_eq, sqrt_lt_R0, P.
Qed.
