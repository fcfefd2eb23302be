(** * Runs that chance decides: every path of draws has a run of its own *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points expectation.
Local Open Scope R_scope.

Record chance (s : shape) := Chance { drawn :> draws; outcome : path drawn -> run s }.
Arguments drawn {s}. Arguments outcome {s}.

(** ** Hypotheses *)

Section Hypotheses.
Context {s : shape}.
Variable c : chance s.
Implicit Types (omega : path c) (t : nat).

(** For every outcome; the letters of a claim are those of the outcome. *)
Definition surely (H : run s -> Prop) : Prop := forall omega, H (outcome c omega).

(** The learning rates are those of a schedule. *)
Definition fixed_schedule : Prop :=
  forall omega omega' t,
    (forall i, learning_rate (outcome c omega) t i = learning_rate (outcome c omega') t i) /\
    rest_schedule (outcome c omega) t = rest_schedule (outcome c omega') t.

(** The full loss and the start are the same for every outcome; the loss of step t is known once the draw at t is. *)
Definition causal : Prop :=
  (forall omega omega' x, objective (outcome c omega) x = objective (outcome c omega') x) /\
  (forall omega omega' x, objective_gradient (outcome c omega) x = objective_gradient (outcome c omega') x) /\
  (forall omega omega', position (outcome c omega) 0 = position (outcome c omega') 0) /\
  (forall omega omega' t, (forall n, (n < S t)%nat -> omega n = omega' n) ->
     forall x, loss_gradient (outcome c omega) t x = loss_gradient (outcome c omega') t x).

(** Given the steps before t, the mean of the gradient that is used is that of f. *)
Definition unbiased : Prop :=
  causal /\
  forall t omega u,
    conditional_mean t (fun o => dot (loss_gradient (outcome c o) t (position (outcome c o) t)) u) omega
    = dot (objective_gradient (outcome c omega) (position (outcome c omega) t)) u.

(** Given the steps before t, the mean of |H - grad_g f|^2 is at most sigma^2. *)
Definition noise_variance (k : constants s) : Prop :=
  forall t omega,
    conditional_mean t (fun o =>
      norm (minus (rest_gradient (outcome c o) t) (mean_rest_gradient (outcome c o) t)) ^ 2) omega
    <= noise_deviation k ^ 2.

(** weight_g: eta_g (1 - Lambda_g eta_g/2) > 0; without g any positive numbers. *)
Definition scale_variant_schedule (k : constants s) (w : nat -> R) : Prop :=
  (forall t, 0 < w t) /\
  ((forall t omega, w t = rest_schedule (outcome c omega) t * (1 - rest_decoupled k * rest_schedule (outcome c omega) t / 2))
   \/ no_rest (s := s)).

(** eta_t never rises and eta_t sqrt(t + 1) never falls. *)
Definition slow_decay (r : run s) : Prop :=
  forall t i, learning_rate r (S t) i <= learning_rate r t i /\
    learning_rate r t i ^ 2 * (INR t + 1) <= learning_rate r (S t) i ^ 2 * (INR t + 2).
End Hypotheses.

(** ** What the draws before a step determine *)

Section Known.
Context {s : shape}.
Variable c : chance s.
Hypothesis cause : causal c.
Hypothesis schedule : fixed_schedule c.
Hypothesis steps : surely c scheduled_step.
Implicit Types (omega : path c) (t : nat) (i : index s).

Notation "'same' t o o'" := (forall n, (n < t)%nat -> o n = o' n) (at level 10, t, o, o' at level 9).

Lemma gradient_known_at t omega omega' x :
  same (S t) omega omega' -> loss_gradient (outcome c omega) t x = loss_gradient (outcome c omega') t x.
Proof. intros E. destruct cause as (_ & _ & _ & H). now apply H. Qed.

Lemma position_known t :
  forall omega omega', same t omega omega' -> position (outcome c omega) t = position (outcome c omega') t.
Proof.
  induction t as [|t IH]; intros omega omega' E.
  - destruct cause as (_ & _ & H & _). apply H.
  - assert (P : position (outcome c omega) t = position (outcome c omega') t) by (apply IH; intros n Hn; apply E; lia).
    assert (G : loss_gradient (outcome c omega) t (position (outcome c omega) t)
      = loss_gradient (outcome c omega') t (position (outcome c omega') t)).
    { rewrite P. now apply gradient_known_at. }
    destruct (steps omega) as [B R], (steps omega') as [B' R'].
    destruct (schedule omega omega' t) as [Q Q']. apply point_eq.
    + intros i. specialize (B t i). specialize (B' t i). unfold weights, gradient in B, B'. now rewrite B, B', G, P, Q.
    + rewrite R, R'. unfold rest_gradient. now rewrite G, P, Q'.
Qed.

Lemma squared_norm_known t i : known t (fun o : path c => squared_norm (outcome c o) t i).
Proof. intros o o' E. unfold squared_norm, weights. now rewrite (position_known t o o'). Qed.

Lemma value_known t : known t (fun o : path c => value (outcome c o) t).
Proof.
  intros o o' E. unfold value. rewrite (position_known t o o') by easy. destruct cause as (H & _). apply H.
Qed.

Lemma learning_rate_known t n i : known t (fun o : path c => learning_rate (outcome c o) n i).
Proof. intros o o' _. apply (schedule o o' n). Qed.

Lemma rest_schedule_known t n : known t (fun o : path c => rest_schedule (outcome c o) n).
Proof. intros o o' _. apply (schedule o o' n). Qed.

Lemma full_gradient_known t o o' : same t o o' ->
  objective_gradient (outcome c o) (position (outcome c o) t) = objective_gradient (outcome c o') (position (outcome c o') t).
Proof. intros E. rewrite (position_known t o o') by easy. destruct cause as (_ & H & _). apply H. Qed.

Lemma mean_gradient_norm_known t i : known t (fun o : path c => mean_gradient_norm (outcome c o) t i).
Proof.
  intros o o' E. unfold mean_gradient_norm, mean_gradient, weights.
  now rewrite (full_gradient_known t o o'), (position_known t o o').
Qed.

Lemma mean_rest_gradient_norm_known t : known t (fun o : path c => mean_rest_gradient_norm (outcome c o) t).
Proof. intros o o' E. unfold mean_rest_gradient_norm, mean_rest_gradient. now rewrite (full_gradient_known t o o'). Qed.

(** *** Once the draw at t is known too *)
Lemma used_gradient_known t o o' : same (S t) o o' ->
  loss_gradient (outcome c o) t (position (outcome c o) t) = loss_gradient (outcome c o') t (position (outcome c o') t).
Proof.
  intros E. rewrite (position_known t o o') by (intros n Hn; apply E; lia). now apply gradient_known_at.
Qed.

Lemma gradient_norm_known t i : known (S t) (fun o : path c => gradient_norm (outcome c o) t i).
Proof.
  intros o o' E. unfold gradient_norm, gradient, weights.
  rewrite (used_gradient_known t o o'), (position_known t o o'); try easy. intros n Hn. apply E. lia.
Qed.

Lemma rest_gradient_norm_known t : known (S t) (fun o : path c => rest_gradient_norm (outcome c o) t).
Proof. intros o o' E. unfold rest_gradient_norm, rest_gradient. now rewrite (used_gradient_known t o o'). Qed.

Lemma cross_known t i : known (S t) (fun o : path c => cross (outcome c o) t i).
Proof.
  intros o o' E. unfold cross, squared_norm, mean_gradient, gradient, weights.
  assert (same t o o') by (intros n Hn; apply E; lia).
  now rewrite (used_gradient_known t o o'), (full_gradient_known t o o'), (position_known t o o').
Qed.

Lemma rest_cross_known t : known (S t) (fun o : path c => rest_cross (outcome c o) t).
Proof.
  intros o o' E. unfold rest_cross, mean_rest_gradient, rest_gradient.
  assert (same t o o') by (intros n Hn; apply E; lia).
  now rewrite (used_gradient_known t o o'), (full_gradient_known t o o').
Qed.

Lemma gap_known k n : known n (fun o : path c => gap (outcome c o) k).
Proof. intros o o' E. unfold gap. f_equal. apply (value_known 0 o o'). intros p Hp. lia. Qed.
End Known.

(** ** Conditional means of the products with the full gradient *)

Section Unbiased.
Context {s : shape}.
Variable c : chance s.
Hypothesis fair : unbiased c.
Hypothesis schedule : fixed_schedule c.
Hypothesis steps : surely c scheduled_step.
Implicit Types (omega : path c) (t : nat) (i : index s).

Lemma conditional_cross t i omega :
  conditional_mean t (fun o => cross (outcome c o) t i) omega = mean_gradient_norm (outcome c omega) t i ^ 2.
Proof.
  destruct fair as [cause mean].
  set (full := objective_gradient (outcome c omega) (position (outcome c omega) t)).
  assert (E : mean_gradient_norm (outcome c omega) t i ^ 2 = squared_norm (outcome c omega) t i * dot full (inside i full)).
  { unfold mean_gradient_norm. rewrite Rpow_mult_distr, !norm_squared, dot_inside. reflexivity. }
  rewrite E. unfold full at 1. rewrite <- mean.
  rewrite <- (conditional_mean_scale c t (fun o => squared_norm (outcome c o) t i)) by now apply squared_norm_known.
  apply conditional_mean_ext. intros j. unfold cross. f_equal. rewrite dot_inside, dot_comm.
  unfold full, mean_gradient, gradient.
  f_equal. rewrite (full_gradient_known c cause schedule steps t (redraw t omega j) omega); [easy|].
  intros n Hn. now apply redraw_before.
Qed.

Lemma conditional_rest_cross t omega :
  conditional_mean t (fun o => rest_cross (outcome c o) t) omega = mean_rest_gradient_norm (outcome c omega) t ^ 2.
Proof.
  destruct fair as [cause mean].
  set (full := objective_gradient (outcome c omega) (position (outcome c omega) t)).
  set (u := assemble (fun _ => origin) (rest_part full) : place s).
  assert (D : forall x : place s, dot x u = dot (rest_part x) (rest_part full)).
  { intros x. rewrite dot_parts. unfold u. parts. rewrite block_sum_zero; [ring|]. intros i. parts. apply dot_origin_r. }
  unfold mean_rest_gradient_norm. rewrite norm_squared. unfold mean_rest_gradient. fold full. rewrite <- D.
  unfold full at 1. rewrite <- mean.
  apply conditional_mean_ext. intros j. unfold rest_cross. rewrite D, dot_comm. unfold full, mean_rest_gradient, rest_gradient.
  f_equal. rewrite (full_gradient_known c cause schedule steps t (redraw t omega j) omega); [easy|].
  intros n Hn. now apply redraw_before.
Qed.

(** E |H|^2 <= |grad_g f|^2 + sigma^2 *)
Lemma conditional_rest_square k t omega :
  noise_variance c k ->
  conditional_mean t (fun o => rest_gradient_norm (outcome c o) t ^ 2) omega
  <= mean_rest_gradient_norm (outcome c omega) t ^ 2 + noise_deviation k ^ 2.
Proof.
  intros V. specialize (V t omega).
  pose proof (conditional_rest_cross t omega) as C.
  assert (K : known t (fun o : path c => mean_rest_gradient_norm (outcome c o) t)).
  { apply mean_rest_gradient_norm_known; [apply fair|easy|easy]. }
  rewrite (conditional_mean_ext c t _ (fun o => rest_gradient_norm (outcome c o) t ^ 2 + -2 * rest_cross (outcome c o) t
    + mean_rest_gradient_norm (outcome c o) t ^ 2)) in V.
  2:{ intros j. unfold rest_gradient_norm, rest_cross, mean_rest_gradient_norm. rewrite !norm_squared.
      rewrite dot_minus, !dot_minus_r. rewrite (dot_comm (rest_gradient _ _) (mean_rest_gradient _ _)). ring. }
  rewrite !conditional_mean_plus, (conditional_mean_scale c t (fun _ => -2)), C in V by easy.
  rewrite (conditional_mean_known c t (fun o => mean_rest_gradient_norm (outcome c o) t ^ 2)) in V; [lra|].
  apply (known_map c (fun x => x ^ 2)), K.
Qed.
End Unbiased.
