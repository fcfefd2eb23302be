(** * Runs in equilibrium: in three dimensions a gradient orthogonal to the weights and to the buffer keeps all products *)

From Coq Require Import Reals Lra Lia FunctionalExtensionality.
From Coq Require Fin.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points scale_invariance optimizers moments rayleigh.
From Ratetheory Require Import decay instances.
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

(** What the claim of the equilibria supposes of every optimiser. *)
Definition in_equilibrium {s} (r : run s) (Q : index s -> R) : Prop :=
  (scale_invariant r /\ differentiable r /\ positive_norms r /\ positive_rates r) /\
  (squared_gradient r Q /\ decay_range r /\ momentum_range r /\ uncorrelated_gradient r /\ stationary r).

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
Variables eta lam beta p m_sq q c_0 : R.
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
  decay := fun _ _ => lam; momentum := beta; buffer := fun t i => part (snd (state t)) i; first_shift := fun _ => c_0 |}.

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
    exact (quotient_has_gradient _ (paired_linear _ _) (paired_symmetric _ _) _ _ (paired_between _ _) (paired_distinct _ _)
      z Hz). }
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

Lemma run_in_equilibrium : in_equilibrium balanced_run (fun _ => q).
Proof.
  split.
  - split; [exact run_scale_invariant|]. split; [exact run_differentiable|]. split; [exact run_positive_norms|].
    intros t i. exact rate.
  - split; [exact run_squared_gradient|]. split; [intros t i; exact decay_limits|]. split; [exact range|].
    split; [exact run_uncorrelated|exact run_stationary].
Qed.

Lemma run_heavy_ball_step : nesterov = false -> heavy_ball_step balanced_run.
Proof. intros N. split; [apply run_buffer_step|]. intros t i. now rewrite run_weights, N. Qed.

Lemma run_nesterov_step : nesterov = true -> nesterov_step balanced_run.
Proof.
  intros N. split; [apply run_buffer_step|]. intros t i. rewrite run_weights, N, run_decayed. parts. reflexivity.
Qed.
End Run.

(** ** Three dimensions: the cross product *)

Definition lift (u : coordinates 3) : place (one_block 3) := @assemble (one_block 3) (fun _ => u) origin.
Definition triple (a b c : R) : coordinates 3 :=
  fun j : Fin.t 3 => Fin.caseS' j (fun _ => R) a (fun j => Fin.caseS' j (fun _ => R) b (fun _ => c)).
Notation first u := (u Fin.F1).
Notation second u := (u (Fin.FS Fin.F1)).
Notation third u := (u (Fin.FS (Fin.FS Fin.F1))).
Definition cross_product (u v : coordinates 3) : coordinates 3 :=
  triple (second u * third v - third u * second v) (third u * first v - first u * third v)
    (first u * second v - second u * first v).

Lemma dot_three (u v : coordinates 3) : dot u v = first u * first v + (second u * second v + (third u * third v + 0)).
Proof. reflexivity. Qed.

Lemma cross_left u v : dot (cross_product u v) u = 0.
Proof. rewrite dot_three. unfold cross_product, triple. simpl. ring. Qed.

Lemma cross_right u v : dot (cross_product u v) v = 0.
Proof. rewrite dot_three. unfold cross_product, triple. simpl. ring. Qed.

Lemma cross_size u v : dot (cross_product u v) (cross_product u v) = dot u u * dot v v - dot u v ^ 2.
Proof. rewrite !dot_three. unfold cross_product, triple. simpl. ring. Qed.

Definition pick (w m : place (one_block 3)) : place (one_block 3) :=
  unit_vector (lift (cross_product (part w (the_block 3)) (part m (the_block 3)))).

Lemma dot_lift u (x : place (one_block 3)) : dot (lift u) x = dot u (part x (the_block 3)).
Proof. rewrite dot_of_block. unfold lift. now parts. Qed.

Lemma pick_left w m : dot (pick w m) w = 0.
Proof. unfold pick, unit_vector. rewrite dot_times, dot_lift, cross_left. ring. Qed.

Lemma pick_right w m : dot (pick w m) m = 0.
Proof. unfold pick, unit_vector. rewrite dot_times, dot_lift, cross_right. ring. Qed.

Lemma pick_unit w m : 0 < dot w w * dot m m - dot w m ^ 2 -> dot (pick w m) (pick w m) = 1.
Proof.
  intros H. rewrite !dot_of_block, <- cross_size in H. unfold pick. rewrite <- norm_squared, unit_vector_norm; [ring|].
  apply sqrt_lt_R0. rewrite dot_lift. unfold lift. parts. exact H.
Qed.

Definition axis_x : place (one_block 3) := lift (triple 1 0 0).
Definition axis_y : place (one_block 3) := lift (triple 0 1 0).

Lemma axes : dot axis_x axis_x = 1 /\ dot axis_y axis_y = 1 /\ dot axis_x axis_y = 0.
Proof.
  unfold axis_x, axis_y. rewrite !dot_lift. unfold lift. parts. rewrite !dot_three. unfold triple. simpl.
  repeat split; ring.
Qed.

(** ** The equilibria exist *)

Section Exist.
Variables eta lam beta : R.
Hypothesis rate : 0 < eta.
Hypothesis decay_limits : 0 < eta * lam < 1.
Hypothesis range : 0 <= beta < 1.

Lemma heavy_ball_balance :
  fixed 1 (- (lam / (1 + beta))) (2 * lam / (eta * (1 + beta)))
    (heavy_ball_moments 1 (- (lam / (1 + beta))) (2 * lam / (eta * (1 + beta))) (heavy_ball_ratio eta lam beta) eta lam beta).
Proof.
  unfold fixed, of_weights, of_product, of_buffer, heavy_ball_moments, heavy_ball_ratio. cbn [fst snd].
  repeat split; field; lra.
Qed.

Lemma heavy_ball_independent : (- (lam / (1 + beta))) ^ 2 < 2 * lam / (eta * (1 + beta)).
Proof.
  pose proof (decay_pos eta lam rate decay_limits) as L. apply Rminus_gt_0_lt.
  replace (2 * lam / (eta * (1 + beta)) - (- (lam / (1 + beta))) ^ 2)
    with (lam * (2 * (1 + beta) - eta * lam) / (eta * (1 + beta) ^ 2)) by (field; lra).
  apply quotient_pos; apply Rmult_lt_0_compat; try lra. apply pow_lt. lra.
Qed.

Let d := 1 + beta + beta * (eta * lam) * (1 + 2 * beta).

Lemma nesterov_balance :
  fixed 1 (- (lam * (1 + 2 * beta) / d)) (2 * lam / (eta * d))
    (nesterov_moments 1 (- (lam * (1 + 2 * beta) / d)) (2 * lam / (eta * d)) (nesterov_ratio eta lam beta) eta lam beta).
Proof.
  pose proof (nesterov_room eta lam beta decay_limits range).
  unfold fixed, of_weights, of_product, of_buffer, nesterov_moments, nesterov_ratio, d. cbn [fst snd].
  repeat split; field; lra.
Qed.

Lemma nesterov_independent : (- (lam * (1 + 2 * beta) / d)) ^ 2 < 2 * lam / (eta * d).
Proof.
  pose proof (decay_pos eta lam rate decay_limits) as L. pose proof (nesterov_room eta lam beta decay_limits range) as D.
  fold d in D. apply Rminus_gt_0_lt.
  replace (2 * lam / (eta * d) - (- (lam * (1 + 2 * beta) / d)) ^ 2)
    with (lam * (2 * (1 + beta) - eta * lam * (1 + 2 * beta)) / (eta * d ^ 2)) by (unfold d in *; field; lra).
  assert (eta * lam * (1 + 2 * beta) <= 1 * (1 + 2 * beta)) by (apply Rmult_le_compat_r; lra).
  apply quotient_pos; apply Rmult_lt_0_compat; try lra. now apply pow_lt.
Qed.
End Exist.

Theorem heavy_ball_equilibrium_exists eta lam beta c_0 :
  0 < eta -> 0 < eta * lam < 1 -> 0 <= beta < 1 ->
  exists (s : shape) (r : run s) (Q : index s -> R),
    in_equilibrium r Q /\ heavy_ball_step r /\ momentum r = beta /\
    (forall t i, learning_rate r t i = eta /\ decay r t i = lam /\ first_shift r i = c_0 /\ 0 < Q i).
Proof.
  intros He Hl Hb. destruct axes as (X & Y & O). pose proof (heavy_ball_ratio_pos eta lam beta He Hl Hb) as G.
  pose proof (heavy_ball_independent eta lam beta He Hl Hb) as I.
  pose proof (heavy_ball_balance eta lam beta He Hl Hb) as B.
  set (q := heavy_ball_ratio eta lam beta) in *. set (p := - (lam / (1 + beta))) in *.
  set (m := 2 * lam / (eta * (1 + beta))) in *.
  exists (one_block 3), (balanced_run 3 pick axis_x axis_y false eta lam beta p m q c_0), (fun _ => q).
  split; [now apply (run_in_equilibrium 3 pick pick_left pick_right pick_unit axis_x axis_y)|].
  split; [now apply (run_heavy_ball_step 3 pick pick_left pick_right pick_unit axis_x axis_y)|].
  split; [reflexivity|]. intros t i. split; [reflexivity|]. split; [reflexivity|]. split; [reflexivity|exact G].
Qed.

(** With the settled shift of a root it is an instance of decay-equivalence. *)
Theorem decayed_momentum_exists eta lam beta root :
  0 < eta -> 0 < eta * lam < 1 -> 0 <= beta < 1 -> 0 < root -> root ^ 2 - (1 + beta - eta * lam) * root + beta = 0 ->
  exists (s : shape) (r : run s) (Q a : index s -> R),
    in_equilibrium r Q /\ heavy_ball_step r /\ constant_rate r /\ positive_factor r /\ positive_root r a /\
    settled_shift r a /\ momentum r = beta /\ forall i, 0 < Q i.
Proof.
  intros He Hl Hb Ha E.
  destruct (heavy_ball_equilibrium_exists eta lam beta ((1 - root) / (eta * root)) He Hl Hb)
    as (s & r & Q & K & W & M & L).
  assert (C : constant_rate r).
  { intros t i. now rewrite (proj1 (L t i)), (proj1 (L 0%nat i)). }
  assert (A : positive_root r (fun _ => root)).
  { intros t i. destruct (L t i) as (-> & -> & _ & _). rewrite M. now split. }
  assert (B : settled_shift r (fun _ => root)).
  { intros i. destruct (L 0%nat i) as (-> & _ & -> & _). reflexivity. }
  exists s, r, Q, (fun _ => root). split; [exact K|]. split; [exact W|]. split; [exact C|]. split.
  - intros t i. rewrite (shrink_is_root r (fun _ => root) A (proj2 (proj2 (proj2 (proj1 K)))) C B). exact Ha.
  - split; [exact A|]. split; [exact B|]. split; [exact M|]. intros i. apply (L 0%nat i).
Qed.

(** Without momentum this is SGD. *)
Theorem sgd_equilibrium_exists eta lam :
  0 < eta -> 0 < eta * lam < 1 ->
  exists (s : shape) (r : run s) (Q : index s -> R),
    in_equilibrium r Q /\ decay_step r /\ (forall t i, learning_rate r t i = eta /\ decay r t i = lam /\ 0 < Q i).
Proof.
  intros He Hl. destruct (heavy_ball_equilibrium_exists eta lam 0 0 He Hl) as (s & r & Q & K & [B W] & M & L); [lra|].
  exists s, r, Q. split; [exact K|]. split; [|intros t i; destruct (L t i) as (? & ? & _ & ?); now repeat split].
  intros t i. rewrite W, B, M. unfold decayed_gradient.
  apply equal_products. intros u. expand_dots. ring.
Qed.

Theorem nesterov_equilibrium_exists eta lam beta :
  0 < eta -> 0 < eta * lam < 1 -> 0 <= beta < 1 ->
  exists (s : shape) (r : run s) (Q : index s -> R),
    in_equilibrium r Q /\ nesterov_step r /\ momentum r = beta /\
    (forall t i, learning_rate r t i = eta /\ decay r t i = lam /\ 0 < Q i).
Proof.
  intros He Hl Hb. destruct axes as (X & Y & O). pose proof (nesterov_ratio_pos eta lam beta He Hl Hb) as G.
  pose proof (nesterov_independent eta lam beta He Hl Hb) as I. pose proof (nesterov_balance eta lam beta He Hl Hb) as B.
  set (q := nesterov_ratio eta lam beta) in *.
  set (p := - (lam * (1 + 2 * beta) / (1 + beta + beta * (eta * lam) * (1 + 2 * beta)))) in *.
  set (m := 2 * lam / (eta * (1 + beta + beta * (eta * lam) * (1 + 2 * beta)))) in *.
  exists (one_block 3), (balanced_run 3 pick axis_x axis_y true eta lam beta p m q 0), (fun _ => q).
  split; [now apply (run_in_equilibrium 3 pick pick_left pick_right pick_unit axis_x axis_y)|].
  split; [now apply (run_nesterov_step 3 pick pick_left pick_right pick_unit axis_x axis_y)|].
  split; [reflexivity|]. intros t i. split; [reflexivity|]. split; [reflexivity|exact G].
Qed.
