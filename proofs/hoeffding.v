(** * Hoeffding's lemma for one draw *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums calculus noise expectation.
Local Open Scope R_scope.

(** The exponential is convex: it lies above its tangent at the mean. *)
Lemma exp_convex p q u v : 0 <= p -> 0 <= q -> p + q = 1 -> exp (p * u + q * v) <= p * exp u + q * exp v.
Proof.
  intros Hp Hq H. set (m := p * u + q * v).
  assert (T : forall x, exp m * (1 + (x - m)) <= exp x).
  { intros x. replace (exp x) with (exp m * exp (x - m)) by (rewrite <- exp_plus; f_equal; ring).
    apply Rmult_le_compat_l; [apply Rlt_le, exp_pos|apply exp_ineq1_le]. }
  pose proof (Rmult_le_compat_l p _ _ Hp (T u)). pose proof (Rmult_le_compat_l q _ _ Hq (T v)).
  replace (exp m) with (p * (exp m * (1 + (u - m))) + q * (exp m * (1 + (v - m)))); [lra|].
  transitivity (exp m * (p + q + (p * u + q * v) - (p + q) * m)); [ring|]. rewrite H. fold m. ring.
Qed.

(** ** Two points *)

Section TwoPoints.
Variable u : R.
Hypothesis range : -1 <= u <= 1.

(** The moment generating function of 1 and -1 with mean -u, and its derivative. *)
Definition moments (y : R) : R := (1 - u) / 2 * exp y + (1 + u) / 2 * exp (- y).
Definition moments' (y : R) : R := (1 - u) / 2 * exp y - (1 + u) / 2 * exp (- y).

Lemma moments_pos y : 0 < moments y.
Proof.
  unfold moments. pose proof (exp_pos y). pose proof (exp_pos (- y)).
  destruct (Rle_dec 0 u).
  - apply Rplus_le_lt_0_compat; [apply Rmult_le_pos|apply Rmult_lt_0_compat]; lra.
  - apply Rplus_lt_le_0_compat; [apply Rmult_lt_0_compat|apply Rmult_le_pos]; lra.
Qed.

Lemma moments_derive y : is_derive moments y (moments' y).
Proof. unfold moments, moments'. auto_derive; [easy|ring]. Qed.

Lemma moments'_derive y : is_derive moments' y (moments y).
Proof. unfold moments, moments'. auto_derive; [easy|ring]. Qed.

(** The second derivative of its logarithm is at most 1. *)
Lemma logarithm_slope y : 0 <= y -> moments' y / moments y <= y - u.
Proof.
  intros H.
  pose proof (rises (fun y => y - u - moments' y / moments y) (fun y => (moments' y / moments y) ^ 2) y H) as P. cbv beta in P.
  enough (0 - u - moments' 0 / moments 0 <= y - u - moments' y / moments y) as Q.
  { assert (E : moments' 0 / moments 0 = - u) by (unfold moments, moments'; rewrite Ropp_0, exp_0; field; lra).
    rewrite E in Q. lra. }
  apply P; intros x Hx; [|apply pow2_ge_0]. pose proof (moments_pos x) as N.
  replace ((moments' x / moments x) ^ 2) with (1 - (moments x * moments x - moments' x * moments' x) / moments x ^ 2)
    by (field; lra).
  apply (is_derive_minus (fun y => y - u) (fun y => moments' y / moments y)); [auto_derive; [easy|ring]|].
  apply (is_derive_div moments' moments); [apply moments'_derive|apply moments_derive|lra].
Qed.

Lemma moments_bound y : 0 <= y -> moments y <= exp (y ^ 2 / 2 - u * y).
Proof.
  intros H.
  pose proof (rises (fun y => y ^ 2 / 2 - u * y - ln (moments y)) (fun y => y - u - moments' y / moments y) y H) as P.
  cbv beta in P. enough (0 ^ 2 / 2 - u * 0 - ln (moments 0) <= y ^ 2 / 2 - u * y - ln (moments y)) as Q.
  { assert (E : moments 0 = 1) by (unfold moments; rewrite Ropp_0, exp_0; field). rewrite E, ln_1 in Q.
    rewrite <- (exp_ln (moments y)) by apply moments_pos.
    destruct (Req_dec (ln (moments y)) (y ^ 2 / 2 - u * y)) as [->|]; [lra|]. apply Rlt_le, exp_increasing. simpl in *. lra. }
  apply P; intros x Hx.
  - pose proof (moments_pos x). apply (is_derive_minus (fun y => y ^ 2 / 2 - u * y) (fun y => ln (moments y))).
    + auto_derive; [easy|field].
    + replace (moments' x / moments x) with (moments' x * / moments x) by easy.
      apply (is_derive_comp ln moments); [|apply moments_derive]. apply is_derive_Reals. now apply derivable_pt_lim_ln.
  - pose proof (logarithm_slope x (proj1 Hx)). lra.
Qed.
End TwoPoints.

(** ** Given the past *)

(** What deviates from its mean a by a draw and lies within c of zero. *)
Lemma hoeffding (d : draws) t (X : path d -> R) a c l omega :
  0 <= l -> (forall j, Rabs (X (redraw t omega j)) <= c) -> conditional_mean t X omega = a ->
  conditional_mean t (fun o => exp (l * (a - X o) - l ^ 2 * c ^ 2 / 2)) omega <= 1.
Proof.
  intros Hl B M.
  assert (Hc : 0 <= c) by (pose proof (B Fin.F1); pose proof (Rabs_pos (X (redraw t omega Fin.F1))); lra).
  destruct Hc as [Hc| <-].
  2:{ assert (Z : forall j, X (redraw t omega j) = 0).
      { intros j. pose proof (B j) as Q. pose proof (Rle_abs (X (redraw t omega j))).
        pose proof (Rle_abs (- X (redraw t omega j))) as Q'. rewrite Rabs_Ropp in Q'. lra. }
      assert (a = 0).
      { rewrite <- M. rewrite <- (conditional_mean_constant d t 0 omega). now apply conditional_mean_ext. }
      rewrite <- (conditional_mean_constant d t 1 omega). apply conditional_mean_le. intros j. rewrite Z, H.
      replace (l * (0 - 0) - l ^ 2 * 0 ^ 2 / 2) with 0 by field. rewrite exp_0. lra. }
  assert (bound : forall j, - c <= X (redraw t omega j) <= c) by (intros j; apply Rabs_le_between, B).
  assert (Ha : - c <= a <= c).
  { rewrite <- M. split.
    - rewrite <- (conditional_mean_constant d t (- c) omega). apply conditional_mean_le. intros j. apply bound.
    - rewrite <- (conditional_mean_constant d t c omega). apply conditional_mean_le. intros j. apply bound. }
  set (K := exp (l * a - l ^ 2 * c ^ 2 / 2)). assert (HK : 0 < K) by apply exp_pos.
  set (x := exp (l * c)). set (y := exp (l * - c)).
  apply Rle_trans with (conditional_mean t (fun o => K * ((x + y) / 2) + K * ((y - x) / (2 * c)) * X o) omega).
  - apply conditional_mean_le. intros j. set (z := X (redraw t omega j)). specialize (bound j). fold z in bound.
    replace (exp (l * (a - z) - l ^ 2 * c ^ 2 / 2))
      with (K * exp ((c - z) / (2 * c) * (l * c) + (c + z) / (2 * c) * (l * - c))).
    2:{ unfold K. rewrite <- exp_plus. f_equal. field. lra. }
    replace (K * ((x + y) / 2) + K * ((y - x) / (2 * c)) * z) with (K * ((c - z) / (2 * c) * x + (c + z) / (2 * c) * y))
      by (field; lra).
    apply Rmult_le_compat_l; [lra|]. apply exp_convex; [apply quotient_nonneg; lra|apply quotient_nonneg; lra|field; lra].
  - rewrite conditional_mean_plus, conditional_mean_constant, (conditional_mean_scale d t (fun _ => K * ((y - x) / (2 * c))))
      by easy.
    rewrite M. set (u := a / c).
    assert (Hu : -1 <= u <= 1).
    { unfold u. split; apply Rmult_le_reg_r with c; try easy; unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra. }
    replace (K * ((x + y) / 2) + K * ((y - x) / (2 * c)) * a) with (K * moments u (l * c)).
    2:{ unfold moments, u, x, y. rewrite Ropp_mult_distr_r. field. lra. }
    apply Rle_trans with (K * exp ((l * c) ^ 2 / 2 - u * (l * c))).
    + apply Rmult_le_compat_l; [lra|]. apply moments_bound; [easy|]. apply Rmult_le_pos; lra.
    + unfold K. rewrite <- exp_plus. replace (_ + _) with 0; [rewrite exp_0; lra|]. unfold u. field. lra.
Qed.
