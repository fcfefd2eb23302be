(** * Independent draws: steps along the gradients of drawn losses are unbiased for their mean *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points scale_invariance norm_growth expectation chance.
Local Open Scope R_scope.

Lemma block_sum_derive {m} (f : Fin.t m -> R -> R) (l : Fin.t m -> R) a :
  (forall j, is_derive (f j) a (l j)) -> is_derive (fun x => block_sum (fun j => f j x)) a (block_sum l).
Proof.
  induction m as [|m IH]; intros H; simpl.
  - apply (is_derive_const (V := R_NormedModule) 0 a).
  - apply (is_derive_plus (f Fin.F1) (fun x => block_sum (fun j => f (Fin.FS j) x))); [apply H|].
    now apply (IH (fun j => f (Fin.FS j)) (fun j => l (Fin.FS j))).
Qed.

Section Sampling.
Context {s : shape}.
Variable last : nat.
Notation sample := (Fin.t (S last)).
Variables (p : sample -> R) (f : sample -> place s -> R) (gradients : sample -> place s -> place s).
Variables (mean : place s -> R) (mean_gradient : place s -> place s).
Variables (first : place s) (eta : nat -> index s -> R) (eta_g : nat -> R).
Hypothesis nonneg : forall j, 0 <= p j.
Hypothesis total : block_sum p = 1.

Definition independent : draws :=
  Draws last (fun _ _ => p) (fun _ _ => nonneg) (fun _ _ => total) (fun _ _ _ _ _ => eq_refl).

(** The positions on a path of draws. *)
Fixpoint sampled_position (omega : path independent) (t : nat) : place s :=
  match t with
  | O => first
  | S n =>
    let x := sampled_position omega n in
    assemble (fun i => minus (part x i) (times (eta n i) (part (gradients (omega n) x) i)))
      (minus (rest_part x) (times (eta_g n) (rest_part (gradients (omega n) x))))
  end.

Definition sampled_run (omega : path independent) : run s :=
  Run s (fun t => f (omega t)) (fun t => gradients (omega t)) mean mean_gradient (sampled_position omega)
    eta 0 eta_g (fun _ _ => 0) 0 (fun _ _ => origin) (fun _ => 0).

Definition sampled : chance s := Chance s independent sampled_run.

Lemma sampled_schedule : fixed_schedule sampled.
Proof. easy. Qed.

Lemma sampled_steps : surely sampled scheduled_step.
Proof.
  intros omega. split.
  - intros t i. unfold weights, gradient. simpl. now parts.
  - intros t. unfold rest_gradient. simpl. now parts.
Qed.

Lemma sampled_causal : causal sampled.
Proof.
  repeat split; try easy. intros omega omega' t E x. simpl. rewrite (E t) by lia. easy.
Qed.

Hypothesis invariant : (forall j, scale_invariant_function (f j)) /\ scale_invariant_function mean.
Hypothesis differentiable_losses : forall j x, nonzero x -> is_gradient (f j) x (gradients j x).
Hypothesis differentiable_mean : forall x, nonzero x -> is_gradient mean x (mean_gradient x).

Lemma sampled_invariant : surely sampled scale_invariant.
Proof. intros omega. split; [intros t; apply invariant|apply invariant]. Qed.

Lemma sampled_differentiable : surely sampled differentiable.
Proof. intros omega. split; [intros t; apply differentiable_losses|exact differentiable_mean]. Qed.

(** The gradient of a mean is the mean of the gradients. *)
Lemma gradient_of_mean x u :
  (forall y, mean y = block_sum (fun j => p j * f j y)) -> nonzero x ->
  block_sum (fun j => p j * dot (gradients j x) u) = dot (mean_gradient x) u.
Proof.
  intros M Hx. pose proof (gradient_along_line mean x u _ (differentiable_mean x Hx)) as D.
  rewrite <- (is_derive_unique _ _ _ D). symmetry. apply is_derive_unique.
  apply (is_derive_ext (fun a => block_sum (fun j => p j * f j (plus x (times a u))))); [intros; now rewrite M|].
  apply (block_sum_derive (fun j a => p j * f j (plus x (times a u)))). intros j.
  apply (is_derive_scal (fun a => f j (plus x (times a u)))), gradient_along_line. now apply differentiable_losses.
Qed.

Theorem sampled_unbiased :
  (forall y, mean y = block_sum (fun j => p j * f j y)) -> nonzero first -> unbiased sampled.
Proof.
  intros M H0. split; [apply sampled_causal|]. intros t omega u.
  assert (N : nonzero (position (outcome sampled omega) t)).
  { apply position_nonzero; [apply sampled_invariant|apply sampled_differentiable| |apply sampled_steps].
    intros i. unfold squared_norm, weights. simpl. specialize (H0 i).
    destruct (dot_self_nonneg (part first i)) as [P|P]; [easy|]. exfalso. apply H0, dot_self_zero. now rewrite <- P. }
  change (objective_gradient (outcome sampled omega)) with mean_gradient.
  rewrite <- (gradient_of_mean _ u M N). apply block_sum_ext. intros j. f_equal.
  rewrite (position_known sampled sampled_causal sampled_schedule sampled_steps t (redraw t omega j) omega).
  - simpl. unfold redraw. destruct Nat.eq_dec; [easy|congruence].
  - intros n Hn. now apply redraw_before.
Qed.
End Sampling.
