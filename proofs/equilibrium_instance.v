(** * Runs in equilibrium: in three dimensions a gradient orthogonal to the weights and to the buffer keeps all products *)

From Coq Require Import Reals Lra Lia FunctionalExtensionality.
From Coq Require Fin.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points scale_invariance optimizers moments rayleigh instances.
Local Open Scope R_scope.

(** ** A loss with a given gradient c at w, orthogonal to w: the Rayleigh quotient of c w' + w c' *)

Section Paired.
Context {E : space}.
Variables w c : E.

Definition paired (u : E) : E := plus (times (dot w u) c) (times (dot c u) w).
Definition paired_bound : R := 2 * (norm w * norm c) + 1.

Lemma paired_linear : linear paired.
Proof. split; intros; apply equal_products; intros z; unfold paired; expand_dots; ring. Qed.

Lemma paired_symmetric u v : dot (paired u) v = dot u (paired v).
Proof. unfold paired. expand_dots. rewrite (dot_comm u c), (dot_comm u w). ring. Qed.

Lemma paired_between u : - paired_bound * dot u u <= dot (paired u) u <= paired_bound * dot u u.
Proof.
  assert (K : Rabs (dot w u * dot c u) <= norm w * norm c * dot u u).
  { rewrite Rabs_mult, <- norm_squared.
    pose proof (Rmult_le_compat _ _ _ _ (Rabs_pos _) (Rabs_pos _) (cauchy_schwarz w u) (cauchy_schwarz c u)). lra. }
  apply Rabs_le_between in K. pose proof (dot_self_nonneg u). unfold paired, paired_bound. expand_dots. lra.
Qed.

Lemma paired_distinct : - paired_bound < paired_bound.
Proof. unfold paired_bound. pose proof (Rmult_le_pos _ _ (norm_nonneg w) (norm_nonneg c)). lra. Qed.

Lemma paired_gradient : w <> origin -> dot c w = 0 -> quotient_gradient paired w = c.
Proof.
  intros Hw O. pose proof (square_pos w Hw) as P. apply equal_products. intros u.
  unfold quotient_gradient, quotient, paired. expand_dots. rewrite O. field. lra.
Qed.
End Paired.

(** ** The run *)

Section Run.
Variable n : nat.
Notation s := (one_block n).
Notation E := (place s).
(** A unit vector orthogonal to two independent ones. *)
Variable pick : E -> E -> E.
Hypothesis pick_left : forall w m, dot (pick w m) w = 0.
Hypothesis pick_right : forall w m, dot (pick w m) m = 0.
Hypothesis pick_unit : forall w m, 0 < dot w w * dot m m - dot w m ^ 2 -> dot (pick w m) (pick w m) = 1.
Variables x y : E.
Hypothesis unit_x : dot x x = 1.
Hypothesis unit_y : dot y y = 1.
Hypothesis orthogonal : dot x y = 0.
Variable nesterov : bool.
Variables eta lam beta p m_sq q : R.
Hypothesis rate : 0 < eta.
Hypothesis decay_limits : 0 < eta * lam < 1.
Hypothesis range : 0 <= beta < 1.
Hypothesis gradient_pos : 0 < q.
Hypothesis independent : p ^ 2 < m_sq.
Hypothesis balance : fixed 1 p m_sq ((if nesterov then nesterov_moments else heavy_ball_moments) 1 p m_sq q eta lam beta).

Definition pull (w m : E) : E := times (sqrt q) (pick w m).
Definition decayed (w m : E) : E := plus (pull w m) (times lam w).
Definition buffer_after (w m : E) : E := plus (times beta m) (decayed w m).
Definition weights_next (w m : E) : E :=
  minus w (times eta (if nesterov then plus (decayed w m) (times beta (buffer_after w m)) else buffer_after w m)).

Definition balanced (w m : E) : Prop := dot w w = 1 /\ dot w m = p /\ dot m m = m_sq.

Lemma balanced_room w m : balanced w m -> 0 < dot w w * dot m m - dot w m ^ 2.
Proof. intros (-> & -> & ->). lra. Qed.

Lemma pull_products w m :
  balanced w m -> dot (pull w m) w = 0 /\ dot (pull w m) m = 0 /\ dot (pull w m) (pull w m) = q.
Proof.
  intros B. unfold pull. expand_dots. rewrite pick_left, pick_right, pick_unit by now apply balanced_room.
  pose proof (sqrt_sqrt q). split; [|split]; lra.
Qed.

Lemma balanced_next w m : balanced w m -> balanced (weights_next w m) (buffer_after w m).
Proof.
  intros B. destruct (pull_products w m B) as (P1 & P2 & P3). destruct B as (B1 & B2 & B3).
  assert (P4 : dot w (pull w m) = 0) by now rewrite dot_comm. assert (P5 : dot m (pull w m) = 0) by now rewrite dot_comm.
  assert (B4 : dot m w = p) by now rewrite dot_comm.
  destruct balance as (K1 & K2 & K3). unfold of_weights, of_product, of_buffer in K1, K2, K3.
  unfold balanced, weights_next, buffer_after, decayed.
  destruct nesterov; unfold nesterov_moments, heavy_ball_moments in K1, K2, K3; cbn [fst snd] in K1, K2, K3;
    expand_dots; rewrite P1, P2, P3, P4, P5, B1, B2, B3, B4; repeat split;
    (etransitivity; [|eassumption]); ring.
Qed.

Fixpoint state (t : nat) : E * E :=
  match t with
  | O => (x, plus (times p x) (times (sqrt (m_sq - p ^ 2)) y))
  | S t => (weights_next (fst (state t)) (snd (state t)), buffer_after (fst (state t)) (snd (state t)))
  end.

Lemma state_balanced t : balanced (fst (state t)) (snd (state t)).
Proof.
  induction t as [|t IH]; [|now apply balanced_next].
  cbn [state fst snd]. unfold balanced. expand_dots. rewrite (dot_comm y x), unit_x, unit_y, orthogonal.
  pose proof (sqrt_sqrt (m_sq - p ^ 2)). repeat split; lra.
Qed.

Definition pull_at (t : nat) : E := pull (fst (state t)) (snd (state t)).
Definition loss_at (t : nat) : E -> R := quotient (paired (fst (state t)) (pull_at t)).
Definition gradient_at (t : nat) : E -> E := quotient_gradient (paired (fst (state t)) (pull_at t)).

Definition balanced_run : run s := {|
  loss := loss_at; loss_gradient := gradient_at; objective := loss_at 0; objective_gradient := gradient_at 0;
  position := fun t => fst (state t); learning_rate := fun _ _ => eta; rest_rate := 0; rest_schedule := fun _ => 0;
  decay := fun _ _ => lam; momentum := beta; buffer := fun t i => part (snd (state t)) i; first_shift := fun _ => 0 |}.

Lemma state_nonzero t : fst (state t) <> origin.
Proof. intros Z. destruct (state_balanced t) as (B & _). rewrite Z, dot_origin in B. lra. Qed.

Lemma gradient_here t : gradient_at t (fst (state t)) = pull_at t.
Proof. apply paired_gradient; [apply state_nonzero|]. apply (pull_products _ _ (state_balanced t)). Qed.

Lemma run_gradient t i : gradient balanced_run t i = part (pull_at t) i.
Proof. unfold gradient. now rewrite <- gradient_here. Qed.

Lemma run_scale_invariant : scale_invariant balanced_run.
Proof.
  assert (H : forall t, scale_invariant_function (loss_at t)).
  { intros t i k z Hk. rewrite rescale_of_block. apply quotient_scaled; [apply paired_linear|lra]. }
  split; [exact H|exact (H 0%nat)].
Qed.

Lemma run_differentiable : differentiable balanced_run.
Proof.
  assert (H : forall t z, nonzero z -> is_gradient (loss_at t) z (gradient_at t z)).
  { intros t z Hz. apply nonzero_iff in Hz.
    exact (quotient_has_gradient _ (paired_linear _ _) (paired_symmetric _ _) _ _ (paired_between _ _) (paired_distinct _ _) z Hz). }
  split; [exact H|exact (H 0%nat)].
Qed.

Lemma run_products t i :
  squared_norm balanced_run t i = 1 /\ buffer_product balanced_run t i = p /\ squared_buffer balanced_run t i = m_sq.
Proof.
  rewrite (only_block n i). unfold squared_norm, buffer_product, squared_buffer, weights. cbn [buffer balanced_run position].
  rewrite <- !dot_of_block. apply state_balanced.
Qed.

Lemma run_positive_norms : positive_norms balanced_run.
Proof. intros t i. rewrite (proj1 (run_products t i)). lra. Qed.

Lemma run_stationary : stationary balanced_run.
Proof.
  intros t i. destruct (run_products t i) as (-> & -> & ->). apply run_products.
Qed.

Lemma run_squared_gradient : squared_gradient balanced_run (fun _ => q).
Proof.
  intros t i. unfold gradient_norm. rewrite Rpow_mult_distr, !norm_squared. fold (squared_norm balanced_run t i).
  rewrite (proj1 (run_products t i)), run_gradient, (only_block n i), <- dot_of_block.
  unfold pull_at. rewrite (proj2 (proj2 (pull_products _ _ (state_balanced t)))). ring.
Qed.

Lemma run_uncorrelated : uncorrelated_gradient balanced_run.
Proof.
  intros t i. rewrite run_gradient, (only_block n i). cbn [buffer balanced_run]. rewrite <- dot_of_block.
  apply (pull_products _ _ (state_balanced t)).
Qed.

Lemma run_decayed t i : decayed_gradient balanced_run t i = part (decayed (fst (state t)) (snd (state t))) i.
Proof. unfold decayed_gradient, decayed. rewrite run_gradient. parts. reflexivity. Qed.

Lemma run_buffer_step : buffer_step balanced_run.
Proof.
  intros t i. rewrite run_decayed. cbn [buffer balanced_run state snd momentum]. unfold buffer_after. parts. reflexivity.
Qed.

Lemma run_weights t i :
  weights balanced_run (S t) i
    = minus (weights balanced_run t i)
        (times eta (part (if nesterov
          then plus (decayed (fst (state t)) (snd (state t))) (times beta (buffer_after (fst (state t)) (snd (state t))))
          else buffer_after (fst (state t)) (snd (state t))) i)).
Proof. unfold weights. cbn [position balanced_run state fst]. unfold weights_next. rewrite part_minus. parts. reflexivity. Qed.

Lemma run_heavy_ball_step : nesterov = false -> heavy_ball_step balanced_run.
Proof. intros N. split; [apply run_buffer_step|]. intros t i. now rewrite run_weights, N. Qed.

Lemma run_nesterov_step : nesterov = true -> nesterov_step balanced_run.
Proof.
  intros N. split; [apply run_buffer_step|]. intros t i. rewrite run_weights, N, run_decayed. parts. reflexivity.
Qed.
End Run.
