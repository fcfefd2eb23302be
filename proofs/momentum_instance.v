(** * Momentum without decay from a zero buffer: the weights never vanish, and such runs exist *)

From Coq Require Import Reals Lra Lia.
From Coq Require Fin.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points scale_invariance optimizers momentum rayleigh.
From Ratetheory Require Import instances.
Local Open Scope R_scope.

(** ** Norms that are positive at the start stay positive *)

Section Positive.
Context {s : shape}.
Variable r : run s.
Hypothesis invariant : scale_invariant r.
Hypothesis smooth : differentiable r.
Hypothesis start : positive_start r.
Hypothesis undecayed : no_decay r.
Hypothesis from_rest : zero_buffer r.
Hypothesis nonnegative : 0 <= momentum r.

Definition positive_at t : Prop := forall i, 0 < squared_norm r t i.

Lemma orthogonal_at t i : positive_at t -> dot (weights r t i) (gradient r t i) = 0.
Proof.
  intros P. rewrite dot_comm. apply (gradient_orthogonal (loss r t)); [apply invariant|]. apply smooth.
  intros j E. specialize (P j). unfold squared_norm, weights in P. rewrite E, dot_origin in P. lra.
Qed.

Section HeavyBall.
Hypothesis step : heavy_ball_step r.
Hypothesis rates : positive_rates r.

(** <w, m> <= 0, so that no step shortens w. *)
Lemma heavy_ball_stays t : positive_at t /\ forall i, buffer_product r t i <= 0.
Proof.
  destruct step as [B W]. induction t as [|t [P Q]].
  - split; [exact start|]. intros i. unfold buffer_product. rewrite from_rest, dot_origin_r. lra.
  - assert (A : forall i, dot (weights r t i) (buffer r (S t) i) = momentum r * buffer_product r t i).
    { intros i. rewrite B. unfold decayed_gradient. expand_dots. rewrite orthogonal_at, undecayed by easy.
      unfold buffer_product. ring. }
    assert (N : forall i, momentum r * buffer_product r t i <= 0).
    { intros i. pose proof (Rmult_le_compat_l _ _ _ nonnegative (Q i)). lra. }
    split; intros i; pose proof (rates t i) as L; pose proof (dot_self_nonneg (buffer r (S t) i)) as M; specialize (N i).
    + unfold squared_norm. rewrite W. expand_dots. rewrite (dot_comm (buffer r (S t) i)), A. specialize (P i).
      fold (squared_norm r t i). pose proof (Rmult_le_pos _ _ (Rlt_le _ _ L) (Rmult_le_pos _ _ (Rlt_le _ _ L) M)).
      assert (0 <= learning_rate r t i * - (momentum r * buffer_product r t i)) by (apply Rmult_le_pos; lra). lra.
    + unfold buffer_product. rewrite W. expand_dots. rewrite A. pose proof (Rmult_le_pos _ _ (Rlt_le _ _ L) M). lra.
Qed.

Lemma heavy_ball_positive_norms : positive_norms r.
Proof. intros t. apply heavy_ball_stays. Qed.
End HeavyBall.

Section Nesterov.
Hypothesis step : nesterov_step r.
Hypothesis constant : constant_rate r.

(** |w + eta beta m| <= |w|, so that no step shortens w. *)
Lemma nesterov_stays t : positive_at t /\ forall i, lookahead r t i <= squared_norm r t i.
Proof.
  induction t as [|t [P Q]].
  - split; [exact start|]. intros i. right. unfold lookahead, squared_norm. now rewrite from_rest, times_origin, plus_origin.
  - assert (X : forall i, squared_norm r t i <= lookahead r (S t) i).
    { intros i. unfold lookahead. rewrite lookahead_step by easy. expand_dots.
      rewrite (dot_comm (gradient r t i) (weights r t i)), orthogonal_at, undecayed by easy. fold (squared_norm r t i).
      pose proof (Rmult_le_pos _ _ (pow2_ge_0 (learning_rate r t i)) (dot_self_nonneg (gradient r t i))). lra. }
    assert (Y : forall i, lookahead r (S t) i <= squared_norm r (S t) i).
    { intros i. rewrite (momentum_growth_nesterov_recursion s r step constant t i).
      pose proof (Rmult_le_compat_l _ _ _ nonnegative (Rle_trans _ _ _ (Q i) (X i))).
      assert (0 <= momentum r * (1 + momentum r) * learning_rate r t i ^ 2 * squared_buffer r (S t) i).
      { apply Rmult_le_pos; [|apply dot_self_nonneg]. apply Rmult_le_pos; [|apply pow2_ge_0]. apply Rmult_le_pos; lra. }
      lra. }
    split; [|exact Y]. intros i. specialize (P i). specialize (X i). specialize (Y i). lra.
Qed.

Lemma nesterov_positive_norms : positive_norms r.
Proof. intros t. apply nesterov_stays. Qed.
End Nesterov.
End Positive.

(** ** Momentum on a Rayleigh quotient in the plane *)

Section Plane.
Variable nesterov : bool.
Variables eta beta : R.
Hypothesis rate : 0 < eta.
Hypothesis nonnegative : 0 <= beta.
Notation s := (one_block 2).
Notation E := (place s).

Let f : E -> R := quotient (diagonal 2 plane_entries).
Let G : E -> E := quotient_gradient (diagonal 2 plane_entries).

Definition next_buffer (w m : E) : E := plus (times beta m) (G w).
Definition next_weights (w m : E) : E :=
  minus w (times eta (if nesterov then plus (G w) (times beta (next_buffer w m)) else next_buffer w m)).

Fixpoint plane_state (t : nat) : E * E :=
  match t with
  | O => (plane_start, origin)
  | S t => (next_weights (fst (plane_state t)) (snd (plane_state t)), next_buffer (fst (plane_state t)) (snd (plane_state t)))
  end.

Definition momentum_run : run s := {|
  loss := fun _ => f; loss_gradient := fun _ => G; objective := f; objective_gradient := G;
  position := fun t => fst (plane_state t); learning_rate := fun _ _ => eta; rest_rate := 0; rest_schedule := fun _ => 0;
  decay := fun _ _ => 0; momentum := beta; buffer := fun t i => part (snd (plane_state t)) i; first_shift := fun _ => 0 |}.

Lemma momentum_scale_invariant : scale_invariant momentum_run.
Proof. split; [intros t|]; apply f_invariant. Qed.

Lemma momentum_differentiable : differentiable momentum_run.
Proof. split; [intros t|]; intros x Hx; exact (f_gradient 2 plane_entries 0 1 plane_between Rlt_0_1 x Hx). Qed.

Lemma momentum_positive_start : positive_start momentum_run.
Proof.
  intros i. rewrite (only_block 2 i). unfold squared_norm, weights. rewrite <- dot_of_block.
  exact (square_pos plane_start plane_start_nonzero).
Qed.

Lemma momentum_decayed t i : decayed_gradient momentum_run t i = part (G (fst (plane_state t))) i.
Proof.
  unfold decayed_gradient. change (decay momentum_run t i) with 0. rewrite times_zero, plus_origin. reflexivity.
Qed.

Lemma momentum_buffer_step : buffer_step momentum_run.
Proof.
  intros t i. rewrite momentum_decayed. cbn [buffer momentum_run plane_state snd momentum]. unfold next_buffer.
  parts. reflexivity.
Qed.

Lemma momentum_weights t i :
  weights momentum_run (S t) i
    = minus (weights momentum_run t i)
        (times eta (part (if nesterov
          then plus (G (fst (plane_state t))) (times beta (next_buffer (fst (plane_state t)) (snd (plane_state t))))
          else next_buffer (fst (plane_state t)) (snd (plane_state t))) i)).
Proof.
  unfold weights. cbn [position momentum_run plane_state fst]. unfold next_weights. rewrite part_minus. parts. reflexivity.
Qed.

Lemma momentum_heavy_ball_step : nesterov = false -> heavy_ball_step momentum_run.
Proof. intros N. split; [exact momentum_buffer_step|]. intros t i. rewrite momentum_weights, N. reflexivity. Qed.

Lemma momentum_nesterov_step : nesterov = true -> nesterov_step momentum_run.
Proof.
  intros N. split; [exact momentum_buffer_step|]. intros t i. rewrite momentum_weights, N, momentum_decayed. parts. reflexivity.
Qed.

Lemma momentum_zero_buffer : zero_buffer momentum_run.
Proof. intros i. cbn [buffer momentum_run plane_state snd]. parts. reflexivity. Qed.

Lemma momentum_no_decay : no_decay momentum_run.
Proof. intros t i. reflexivity. Qed.

Lemma momentum_constant_rate : constant_rate momentum_run.
Proof. intros t i. reflexivity. Qed.

Lemma momentum_gradient_norm : 0 < gradient_norm momentum_run 0 (the_block 2).
Proof.
  unfold gradient_norm, gradient, weights. rewrite <- !norm_of_block.
  exact (Rmult_lt_0_compat _ _ (proj1 (norm_pos_iff _) plane_start_nonzero) plane_gradient).
Qed.
End Plane.

(** What the claim of norm growth with momentum supposes. *)
Definition free_momentum {s} (r : run s) : Prop :=
  (scale_invariant r /\ differentiable r /\ positive_norms r /\ positive_rates r) /\
  (no_decay r /\ zero_buffer r /\ constant_rate r).

Theorem heavy_ball_exists eta beta :
  0 < eta -> 0 <= beta ->
  exists (s : shape) (r : run s) (i : index s),
    free_momentum r /\ heavy_ball_step r /\ momentum r = beta /\ 0 < gradient_norm r 0 i.
Proof.
  intros He Hb. exists (one_block 2), (momentum_run false eta beta), (the_block 2).
  pose proof (momentum_heavy_ball_step false eta beta eq_refl) as W. assert (L : positive_rates (momentum_run false eta beta)).
  { intros t i. exact He. }
  split; [|split; [exact W|split; [reflexivity|apply momentum_gradient_norm]]].
  split; [split; [apply momentum_scale_invariant|]; split; [apply momentum_differentiable|]; split; [|exact L]
         |split; [apply momentum_no_decay|]; split; [apply momentum_zero_buffer|apply momentum_constant_rate]].
  apply heavy_ball_positive_norms; try assumption; [apply momentum_scale_invariant|apply momentum_differentiable
    |apply momentum_positive_start|apply momentum_no_decay|apply momentum_zero_buffer].
Qed.

Theorem nesterov_exists eta beta :
  0 < eta -> 0 <= beta ->
  exists (s : shape) (r : run s) (i : index s),
    free_momentum r /\ nesterov_step r /\ momentum r = beta /\ 0 < gradient_norm r 0 i.
Proof.
  intros He Hb. exists (one_block 2), (momentum_run true eta beta), (the_block 2).
  pose proof (momentum_nesterov_step true eta beta eq_refl) as W. assert (L : positive_rates (momentum_run true eta beta)).
  { intros t i. exact He. }
  split; [|split; [exact W|split; [reflexivity|apply momentum_gradient_norm]]].
  split; [split; [apply momentum_scale_invariant|]; split; [apply momentum_differentiable|]; split; [|exact L]
         |split; [apply momentum_no_decay|]; split; [apply momentum_zero_buffer|apply momentum_constant_rate]].
  apply nesterov_positive_norms; try assumption; [apply momentum_scale_invariant|apply momentum_differentiable
    |apply momentum_positive_start|apply momentum_no_decay|apply momentum_zero_buffer|apply momentum_constant_rate].
Qed.
