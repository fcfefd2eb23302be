(** * How a statement of the registry is proved by a theorem

    The theorem may ask for less than the statement offers, and may name its parts: what is left is conversion, and equality of
    real numbers by ring laws. *)

From Coq Require Import Reals.
From Ratetheory Require Import runs hypotheses descent.
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

#[export] Hint Resolve rest_rate_nonnegative positive_norms_start twice_differentiable_once gradient_step_blocks scheduled_step_blocks : registry.

Ltac by_theorem theorem :=
  intros; repeat match goal with H : _ /\ _ |- _ => destruct H end;
  first
    [ solve [eapply theorem; eauto 3 with registry]
    | solve [etransitivity; [|eapply theorem; eauto 3 with registry]; try apply Req_le; ring]
    | solve [etransitivity; [eapply theorem; eauto 3 with registry|]; try apply Req_le; ring]
    | eapply theorem; eauto 3 with registry ].
