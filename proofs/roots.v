(** * The larger root of c D - l ln(1 + D/b) = r *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import calculus vocabulary elementary.
Local Open Scope R_scope.

(** ** On the rising branch *)

Lemma logarithm_ratio b d e : 0 < b -> 0 <= d -> d <= e -> ln (1 + e / b) - ln (1 + d / b) = ln ((b + e) / (b + d)).
Proof. intros. rewrite !ln_increment, ln_quotient by lra. ring. Qed.

Lemma rises_strictly c l b d e :
  0 < c -> 0 <= l -> 0 < b -> 0 <= d -> l <= c * (b + d) -> d < e -> c * d - l * ln (1 + d / b) < c * e - l * ln (1 + e / b).
Proof.
  intros Hc Hl Hb Hd Hr He.
  enough (l * (ln (1 + e / b) - ln (1 + d / b)) < c * (e - d)) by lra.
  rewrite logarithm_ratio by lra.
  destruct Hl as [Hl| <-]; [|rewrite Rmult_0_l; apply Rmult_lt_0_compat; lra].
  assert (Q : ln ((b + e) / (b + d)) < (e - d) / (b + d)).
  { replace ((e - d) / (b + d)) with ((b + e) / (b + d) - 1) by (field; lra). apply ln_strictly_below.
    - apply quotient_pos; lra.
    - intros E. assert (b + e = b + d); [|lra].
      replace (b + e) with ((b + e) / (b + d) * (b + d)) by (field; lra). rewrite E. ring. }
  apply Rmult_lt_compat_l with (r := l) in Q; [|easy].
  assert (0 <= (e - d) / (b + d)) by (apply quotient_nonneg; lra).
  apply Rmult_le_compat_r with (r := (e - d) / (b + d)) in Hr; [|easy].
  replace (c * (b + d) * ((e - d) / (b + d))) with (c * (e - d)) in Hr by (field; lra). lra.
Qed.

(** What stays below the level stays below every D on the rising branch that reaches it. *)
Lemma below_larger_increment c l b r D x :
  0 < c -> 0 <= l -> 0 < b -> larger_increment c l b r D -> c * x - l * ln (1 + x / b) <= r -> x <= D.
Proof.
  intros Hc Hl Hb (HD & Hr & K) Hx. destruct (Rle_or_lt x D) as [|H]; [easy|].
  pose proof (rises_strictly c l b D x Hc Hl Hb HD Hr H). lra.
Qed.
