(** * How a statement of the registry is proved by a theorem

    The theorem may ask for less than the statement offers, and may name its parts: what is left is conversion, and equality of
    real numbers by ring laws. *)

From Coq Require Import Reals Lra.
From Ratetheory Require Import spaces runs hypotheses expectation chance.
Local Open Scope R_scope.

Lemma positive_norms_start s (r : run s) : positive_norms r -> positive_start r.
Proof. intros H i. apply H. Qed.

Lemma twice_differentiable_once s (r : run s) : twice_differentiable r -> differentiable r.
Proof. now intros [H _]. Qed.

Lemma gradient_step_blocks s (r : run s) : gradient_step r -> blocks_step r.
Proof. now intros [H _]. Qed.

Lemma scheduled_step_blocks s (r : run s) : scheduled_step r -> blocks_step r.
Proof. now intros [H _]. Qed.

Lemma rest_rate_nonnegative s (r : run s) : 0 <= rest_rate r -> nonnegative_rest_rate r.
Proof. now left. Qed.

Lemma nonnegative_rest_priced s (r : run s) k : scale_variant_rate r k -> nonnegative_rest_rate r.
Proof. intros [(H & _)|[H _]]; [left; lra|now right]. Qed.

Lemma positive_or_no_rest s (k : constants s) : 0 < rest_decoupled k -> 0 < rest_decoupled k \/ @no_rest s.
Proof. now left. Qed.

Lemma nonnegative_smoothness_at s (k : constants s) i : nonnegative_smoothness k -> 0 <= smoothness k i i.
Proof. intros H. apply H. Qed.

Lemma decoupled_positive s (k : constants s) : decoupled k -> forall i, 0 < decoupled_smoothness k i.
Proof. now intros [H _]. Qed.

Lemma surely_implies s (c : chance s) (H K : run s -> Prop) : surely c H -> (forall r, H r -> K r) -> surely c K.
Proof. intros P Q omega. apply Q, P. Qed.

Lemma surely_positive_start s (c : chance s) : surely c positive_norms -> surely c positive_start.
Proof. intros H. eapply surely_implies; eauto using positive_norms_start. Qed.

Lemma surely_differentiable s (c : chance s) : surely c twice_differentiable -> surely c differentiable.
Proof. intros H. eapply surely_implies; eauto using twice_differentiable_once. Qed.

Lemma surely_smooth s (c : chance s) k :
  surely c (fun r => smooth_on_spheres r k /\ two_coordinates s) -> surely c (fun r => smooth_on_spheres r k).
Proof. intros H. eapply surely_implies; [exact H|now intros r [K _]]. Qed.

#[export] Hint Resolve positive_norms_start twice_differentiable_once gradient_step_blocks scheduled_step_blocks
  rest_rate_nonnegative nonnegative_rest_priced positive_or_no_rest nonnegative_smoothness_at decoupled_positive
  surely_positive_start surely_differentiable surely_smooth Rlt_le : registry.

(** A premise of the theorem: one of the statement's, or one of those at the block in question, or what these imply. *)
Ltac by_premise :=
  first
    [ solve [eauto 3 with registry]
    | eassumption
    | match goal with H : forall i, _ |- _ => exact (H _) end ].

Ltac by_theorem theorem :=
  intros; repeat match goal with H : _ /\ _ |- _ => destruct H end;
  first
    [ solve [eapply theorem; by_premise]
    | solve [etransitivity; [|eapply theorem; by_premise]; try apply Req_le; ring]
    | solve [etransitivity; [eapply theorem; by_premise|]; try apply Req_le; ring]
    | eapply theorem; by_premise ].
