(** * Inequalities between arctan, ln and rational functions *)

From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import calculus.
Local Open Scope R_scope.

(** A function whose derivative is not negative rises. *)
Lemma rises (f f' : R -> R) a b :
  a <= b -> (forall u, a <= u <= b -> is_derive f u (f' u)) -> (forall u, a <= u <= b -> 0 <= f' u) -> f a <= f b.
Proof.
  intros [H| ->] D P; [|lra].
  destruct (MVT_cor2 f f' a b H) as (u & E & Hu).
  - intros u Hu. apply is_derive_Reals. now apply D.
  - assert (0 <= f' u * (b - a)) by (apply Rmult_le_pos; [apply P|]; lra). lra.
Qed.

Lemma falls (f f' : R -> R) a b :
  a <= b -> (forall u, a <= u <= b -> is_derive f u (f' u)) -> (forall u, a <= u <= b -> f' u <= 0) -> f b <= f a.
Proof.
  intros H D P. enough (- f a <= - f b) by lra.
  apply (rises (fun u => - f u) (fun u => - f' u)); [easy| |].
  - intros u Hu. apply (is_derive_opp f). apply D; easy.
  - intros u Hu. pose proof (P u Hu). lra.
Qed.

Lemma quotient_le a b c : 0 < b -> a <= c * b -> a / b <= c.
Proof. intros Hb H. apply Rmult_le_reg_r with b; [easy|]. replace (a / b * b) with a by (field; lra). easy. Qed.

Lemma le_quotient a b c : 0 < b -> c * b <= a -> c <= a / b.
Proof. intros Hb H. apply Rmult_le_reg_r with b; [easy|]. replace (a / b * b) with a by (field; lra). easy. Qed.

(** ** The logarithm *)

Lemma ln_below y : 0 < y -> ln y <= y - 1.
Proof.
  intros H. destruct (Req_dec y 1) as [->|N]; [rewrite ln_1; lra|].
  apply Rlt_le. rewrite <- (ln_exp (y - 1)). apply ln_increasing; [easy|].
  pose proof (exp_ineq1 (y - 1)). lra.
Qed.

Lemma ln_strictly_below y : 0 < y -> y <> 1 -> ln y < y - 1.
Proof. intros H N. rewrite <- (ln_exp (y - 1)). apply ln_increasing; [easy|]. pose proof (exp_ineq1 (y - 1)). lra. Qed.

Lemma ln_increases x y : 0 < x -> x <= y -> ln x <= ln y.
Proof. intros Hx [H| ->]; [apply Rlt_le, ln_increasing; lra|lra]. Qed.

Lemma ln_quotient x y : 0 < x -> 0 < y -> ln (x / y) = ln x - ln y.
Proof. intros Hx Hy. unfold Rdiv. rewrite ln_mult, ln_Rinv; [ring|easy|easy|now apply Rinv_0_lt_compat]. Qed.

(** ln(1 + d/b) is how much ln rises from b to b + d. *)
Lemma ln_increment b d : 0 < b -> 0 <= d -> ln (1 + d / b) = ln (b + d) - ln b.
Proof. intros Hb Hd. rewrite <- ln_quotient by lra. f_equal. field. lra. Qed.

(** ** The arctangent *)

Lemma atan_nonneg x : 0 <= x -> 0 <= atan x.
Proof. intros [H| <-]; [rewrite <- atan_0; apply Rlt_le, atan_increasing; easy|rewrite atan_0; lra]. Qed.

Lemma atan_pos x : 0 < x -> 0 < atan x.
Proof. intros H. rewrite <- atan_0. now apply atan_increasing. Qed.

Lemma atan_quarter x : atan x <= PI / 2.
Proof. pose proof (atan_bound x). lra. Qed.

Lemma square_plus_one x : 0 < 1 + x ^ 2.
Proof. pose proof (pow2_ge_0 x). lra. Qed.

Lemma atan_below x : 0 <= x -> atan x <= x.
Proof.
  intros H. enough (0 - atan 0 <= x - atan x) as Q by (rewrite atan_0 in Q; lra).
  apply (rises (fun u => u - atan u) (fun u => 1 - / (1 + u ^ 2))); [easy| |]; intros u Hu.
  - pose proof (square_plus_one u). auto_derive; [easy|field; lra].
  - pose proof (pow2_ge_0 u). enough (/ (1 + u ^ 2) <= / 1) by lra. apply Rinv_le_contravar; lra.
Qed.

Lemma atan_above x : 0 <= x -> x / (1 + x ^ 2) <= atan x.
Proof.
  intros H. enough (atan 0 - 0 / (1 + 0 ^ 2) <= atan x - x / (1 + x ^ 2)) as Q.
  { rewrite atan_0 in Q. unfold Rdiv in Q at 1. rewrite Rmult_0_l in Q. lra. }
  apply (rises (fun u => atan u - u / (1 + u ^ 2)) (fun u => 2 * u ^ 2 / (1 + u ^ 2) ^ 2)); [easy| |]; intros u Hu;
    pose proof (square_plus_one u) as P.
  - auto_derive; [lra|field; lra].
  - apply quotient_nonneg; [|now apply pow_lt]. pose proof (pow2_ge_0 u). lra.
Qed.

(** arctan(x)^2 <= ln(1 + x^2): theta^2 <= -2 ln cos(theta). *)
Lemma atan_squared x : 0 <= x -> atan x ^ 2 <= ln (1 + x ^ 2).
Proof.
  intros H. enough (ln (1 + 0 ^ 2) - atan 0 ^ 2 <= ln (1 + x ^ 2) - atan x ^ 2) as Q.
  { rewrite atan_0 in Q. replace (1 + 0 ^ 2) with 1 in Q by ring. rewrite ln_1 in Q. lra. }
  apply (rises (fun u => ln (1 + u ^ 2) - atan u ^ 2) (fun u => 2 * (u - atan u) / (1 + u ^ 2))); [easy| |]; intros u Hu;
    pose proof (square_plus_one u) as P.
  - auto_derive; [lra|field; lra].
  - apply quotient_nonneg; [|easy]. pose proof (atan_below u). lra.
Qed.

(** arctan(x)/x falls. *)
Lemma atan_ratio y z : 0 <= y -> y <= z -> y * atan z <= z * atan y.
Proof.
  intros Hy H. enough (y * atan y - y * atan y <= z * atan y - y * atan z) by lra.
  apply (rises (fun u => u * atan y - y * atan u) (fun u => atan y - y * / (1 + u ^ 2))); [easy| |]; intros u Hu.
  - pose proof (square_plus_one u). auto_derive; [easy|field; lra].
  - pose proof (atan_above y Hy). pose proof (square_plus_one y). enough (y * / (1 + u ^ 2) <= y / (1 + y ^ 2)) by lra.
    apply Rmult_le_compat_l; [easy|]. apply Rinv_le_contravar; [easy|].
    apply Rplus_le_compat_l. apply pow_incr. lra.
Qed.
