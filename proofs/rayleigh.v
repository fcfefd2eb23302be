(** * The Rayleigh quotient f(w) = <A w, w>/(2 |w|^2) of a symmetric bounded operator *)

From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus optimizers.
Local Open Scope R_scope.

(** ** What is missing below *)

Lemma norm_minus {E : space} (u v : E) : norm (minus u v) <= norm u + norm v.
Proof.
  unfold minus. eapply Rle_trans; [apply norm_plus|]. rewrite norm_times, Rabs_left by lra. lra.
Qed.

(** A remainder of second order is o(|h|). *)
Lemma small_of_second_order (d C : R) :
  0 < d -> 0 <= C ->
  forall eps, 0 < eps -> exists e, 0 < e /\ forall x, 0 <= x < e -> x < d /\ C * x ^ 2 <= eps * x.
Proof.
  intros Hd HC eps He. assert (0 < eps / (C + 1)) as P by (apply quotient_pos; lra).
  exists (Rmin d (eps / (C + 1))). split; [now apply Rmin_pos|]. intros x [H0 Hx].
  pose proof (Rmin_l d (eps / (C + 1))). pose proof (Rmin_r d (eps / (C + 1))). split; [lra|].
  assert (C * x <= eps).
  { apply Rle_trans with ((C + 1) * (eps / (C + 1))); [apply Rmult_le_compat; lra|]. right. field. lra. }
  simpl. rewrite Rmult_1_r, <- Rmult_assoc. now apply Rmult_le_compat_r.
Qed.

Section Rayleigh.
Context {E : space}.
Variable A : E -> E.
Hypothesis additive : linear A.
Hypothesis symmetric : forall u v, dot (A u) v = dot u (A v).
Variables low high : R.
Hypothesis between : forall u, low * dot u u <= dot (A u) u <= high * dot u u.
Hypothesis distinct : low < high.
Implicit Types u v w h : E.

Definition quotient w : R := dot (A w) w / (2 * dot w w).
Definition quotient_gradient w : E := times (/ dot w w) (minus (A w) (times (2 * quotient w) w)).
(** Its derivative at w, applied to h. *)
Definition quotient_second w h : E :=
  times (/ dot w w)
    (minus (minus (A h) (times (2 * quotient w) h))
       (plus (times (2 * dot (quotient_gradient w) h) w) (times (2 * dot w h) (quotient_gradient w)))).

Lemma operator_plus u v : A (plus u v) = plus (A u) (A v).
Proof. apply additive. Qed.

Lemma operator_times a u : A (times a u) = times a (A u).
Proof. apply additive. Qed.

Lemma square_pos w : w <> origin -> 0 < dot w w.
Proof. intros H. rewrite <- norm_squared. apply pow_lt. now apply norm_pos_iff. Qed.

Lemma quotient_scaled a w : a <> 0 -> quotient (times a w) = quotient w.
Proof.
  intros Ha. unfold quotient. rewrite operator_times. expand_dots.
  destruct (Req_dec (dot w w) 0) as [Z|Z]; [|field; easy].
  rewrite (dot_self_zero w Z), !dot_origin_r. unfold Rdiv. ring.
Qed.

Lemma quotient_between w : w <> origin -> low <= 2 * quotient w <= high.
Proof.
  intros H. pose proof (square_pos w H) as P. pose proof (between w) as B.
  replace (2 * quotient w) with (dot (A w) w / dot w w) by (unfold quotient; field; lra).
  split; apply Rmult_le_reg_r with (dot w w); try easy; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; lra.
Qed.

(** ** A - mu for mu between the bounds has norm at most their distance *)

Section Shifted.
Variable mu : R.
Hypothesis inside : low <= mu <= high.

Definition shifted u : E := minus (A u) (times mu u).

Lemma shifted_square u : Rabs (dot (shifted u) u) <= (high - low) * dot u u.
Proof.
  unfold shifted. expand_dots. pose proof (between u) as B. pose proof (dot_self_nonneg u) as P.
  pose proof (Rmult_le_compat_r _ _ _ P (proj1 inside)). pose proof (Rmult_le_compat_r _ _ _ P (proj2 inside)).
  apply Rabs_le. lra.
Qed.

(** Polarisation. *)
Lemma shifted_units u v : norm u = 1 -> norm v = 1 -> Rabs (dot (shifted u) v) <= high - low.
Proof.
  intros Hu Hv. pose proof (shifted_square (plus u v)) as P. pose proof (shifted_square (minus u v)) as M.
  assert (U : dot u u = 1) by (rewrite <- norm_squared, Hu; ring).
  assert (V : dot v v = 1) by (rewrite <- norm_squared, Hv; ring).
  replace (dot (shifted u) v) with ((dot (shifted (plus u v)) (plus u v) - dot (shifted (minus u v)) (minus u v)) / 4).
  - apply Rabs_le_between in P. apply Rabs_le_between in M.
    assert (S : dot (plus u v) (plus u v) + dot (minus u v) (minus u v) = 4).
    { expand_dots. rewrite U, V. ring. }
    apply Rabs_le. set (x := dot (plus u v) (plus u v)) in *. set (y := dot (minus u v) (minus u v)) in *.
    replace y with (4 - x) in * by lra. lra.
  - unfold shifted, minus. rewrite !operator_plus, !operator_times. expand_dots.
    rewrite (symmetric v u), (dot_comm v (A u)), (dot_comm v u). field.
Qed.

Lemma shifted_bound u v : Rabs (dot (shifted u) v) <= (high - low) * (norm u * norm v).
Proof.
  destruct (Req_dec (norm u) 0) as [Z|Hu].
  { rewrite (norm_zero u Z), norm_origin, <- (times_zero origin). unfold shifted. rewrite operator_times.
    expand_dots. rewrite !Rmult_0_l, Rmult_0_r, Rminus_0_r, Rabs_R0, Rmult_0_r. lra. }
  destruct (Req_dec (norm v) 0) as [Z|Hv].
  { rewrite (norm_zero v Z), norm_origin, dot_origin_r, Rabs_R0. lra. }
  pose proof (norm_nonneg u). pose proof (norm_nonneg v).
  pose proof (shifted_units (unit_vector u) (unit_vector v)) as K.
  rewrite !unit_vector_norm in K by lra. specialize (K eq_refl eq_refl).
  replace (dot (shifted u) v) with ((norm u * norm v) * dot (shifted (unit_vector u)) (unit_vector v)).
  - rewrite Rabs_mult, Rabs_pos_eq, Rmult_comm by (apply Rmult_le_pos; lra).
    apply Rmult_le_compat_r; [apply Rmult_le_pos; lra|easy].
  - unfold shifted, unit_vector. rewrite operator_times. expand_dots. field. lra.
Qed.

Lemma shifted_norm u : norm (shifted u) <= (high - low) * norm u.
Proof.
  destruct (Req_dec (norm (shifted u)) 0) as [Z|Z].
  { rewrite Z. apply Rmult_le_pos; [lra|apply norm_nonneg]. }
  pose proof (norm_nonneg (shifted u)). pose proof (shifted_bound u (shifted u)) as K.
  pose proof (Rle_abs (dot (shifted u) (shifted u))). rewrite <- norm_squared in *.
  apply Rmult_le_reg_r with (norm (shifted u)); lra.
Qed.
End Shifted.

(** ** The gradient *)

Section Near.
Variable w : E.
Hypothesis nonzero : w <> origin.
Let N := dot w w.
Let n := norm w.
Let f := quotient w.
Let g := quotient_gradient w.

Lemma size_pos : 0 < n /\ N = n ^ 2.
Proof. split; [now apply norm_pos_iff|]. symmetry. apply norm_squared. Qed.

Lemma gradient_times : shifted (2 * f) w = times N g.
Proof.
  apply equal_products. intros u. pose proof (square_pos w nonzero). unfold shifted, g, quotient_gradient, f, N.
  expand_dots. field. lra.
Qed.

Lemma gradient_bound : n * norm g <= high - low.
Proof.
  destruct size_pos as [P Q]. pose proof (shifted_norm (2 * f) (quotient_between w nonzero) w) as K.
  rewrite gradient_times, norm_times, Rabs_pos_eq in K by (apply dot_self_nonneg). rewrite Q in K. fold n in K.
  apply Rmult_le_reg_l with n; [easy|]. lra.
Qed.

(** Half of |w| around w, |w + h| is at least half of |w|. *)
Lemma near_size h : norm h <= n / 2 -> N / 4 <= dot (plus w h) (plus w h).
Proof.
  intros Hh. destruct size_pos as [P Q].
  assert (K : n <= norm (plus w h) + norm h).
  { unfold n. replace w with (minus (plus w h) h) at 1; [apply norm_minus|].
    rewrite plus_comm. apply plus_minus. }
  rewrite <- norm_squared, Q. replace (n ^ 2 / 4) with ((n / 2) ^ 2) by field. apply pow_incr. lra.
Qed.

Lemma near_change h : norm h <= n / 2 -> Rabs (dot (plus w h) (plus w h) - N) <= 5 / 2 * n * norm h.
Proof.
  intros Hh. destruct size_pos as [P Q]. pose proof (norm_nonneg h) as H0.
  replace (dot (plus w h) (plus w h) - N) with (2 * dot w h + norm h ^ 2)
    by (rewrite norm_squared; expand_dots; rewrite (dot_comm h w); unfold N; ring).
  eapply Rle_trans; [apply Rabs_triang|].
  rewrite Rabs_mult, (Rabs_pos_eq 2), (Rabs_pos_eq (norm h ^ 2)) by (try apply pow2_ge_0; lra).
  pose proof (cauchy_schwarz w h) as C. fold n in C. pose proof (Rmult_le_compat_r _ _ _ H0 Hh). lra.
Qed.

Definition first_remainder h : R := quotient (plus w h) - f - dot g h.

(** 2 |w + h|^2 times the remainder. *)
Lemma first_remainder_times h :
  0 < dot (plus w h) (plus w h) ->
  2 * dot (plus w h) (plus w h) * first_remainder h
    = 2 * dot g h * (N - dot (plus w h) (plus w h)) + dot (shifted (2 * f) h) h.
Proof.
  intros D. pose proof (square_pos w nonzero) as P.
  assert (G : dot (A w) h - 2 * f * dot w h = N * dot g h).
  { pose proof gradient_times as G. apply (f_equal (fun u => dot u h)) in G. unfold shifted in G.
    rewrite dot_minus, !dot_times in G. exact G. }
  assert (F : dot (A w) w = 2 * f * N) by (unfold f, quotient, N; field; lra).
  assert (T : 2 * dot (plus w h) (plus w h) * quotient (plus w h) = dot (A (plus w h)) (plus w h))
    by (unfold quotient; field; lra).
  unfold first_remainder.
  replace (2 * dot (plus w h) (plus w h) * (quotient (plus w h) - f - dot g h))
    with (2 * dot (plus w h) (plus w h) * quotient (plus w h) - 2 * dot (plus w h) (plus w h) * (f + dot g h)) by ring.
  rewrite T, operator_plus. unfold shifted. expand_dots.
  rewrite (symmetric h w), (dot_comm h (A w)), (dot_comm h w). fold N. lra.
Qed.

Definition first_constant : R := 2 * (5 * norm g * n + (high - low)) / n ^ 2.

Lemma first_constant_nonneg : 0 <= first_constant.
Proof.
  destruct size_pos as [P _]. apply quotient_nonneg; [|now apply pow_lt].
  pose proof (Rmult_le_pos _ _ (norm_nonneg g) (Rlt_le _ _ P)). lra.
Qed.

Lemma first_remainder_small h : norm h <= n / 2 -> Rabs (first_remainder h) <= first_constant * norm h ^ 2.
Proof.
  intros Hh. destruct size_pos as [P Q]. pose proof (near_size h Hh) as D. pose proof (near_change h Hh) as C.
  assert (P2 : 0 < n ^ 2) by now apply pow_lt. pose proof (norm_nonneg h) as H0.
  assert (T : 2 * dot (plus w h) (plus w h) * Rabs (first_remainder h) <= (5 * norm g * n + (high - low)) * norm h ^ 2).
  { rewrite <- (Rabs_pos_eq (2 * _)) by lra. rewrite <- Rabs_mult, first_remainder_times by lra.
    eapply Rle_trans; [apply Rabs_triang|]. rewrite !Rabs_mult, (Rabs_pos_eq 2), (Rabs_minus_sym N) by lra.
    pose proof (cauchy_schwarz g h) as K. pose proof (shifted_square (2 * f) (quotient_between w nonzero) h) as M.
    rewrite <- norm_squared in M.
    pose proof (Rmult_le_compat _ _ _ _ (Rabs_pos _) (Rabs_pos _) K C). lra. }
  pose proof (Rabs_pos (first_remainder h)) as R0.
  apply Rmult_le_reg_l with (n ^ 2 / 2); [lra|]. unfold first_constant.
  replace (n ^ 2 / 2 * (2 * (5 * norm g * n + (high - low)) / n ^ 2 * norm h ^ 2))
    with ((5 * norm g * n + (high - low)) * norm h ^ 2) by (field; lra).
  eapply Rle_trans; [|exact T]. apply Rmult_le_compat_r; [easy|]. lra.
Qed.

Lemma quotient_has_gradient : is_gradient quotient w g.
Proof.
  intros eps He. destruct size_pos as [P _].
  destruct (small_of_second_order (n / 2) first_constant ltac:(lra) first_constant_nonneg eps He) as (d & Hd & K).
  exists d. split; [easy|]. intros h Hh. destruct (K (norm h)) as [H1 H2]; [split; [apply norm_nonneg|easy]|].
  eapply Rle_trans; [|exact H2]. apply (first_remainder_small h). lra.
Qed.

(** ** Its derivative *)

Lemma second_linear : linear (quotient_second w).
Proof.
  split; intros; apply equal_products; intros z; unfold quotient_second; rewrite ?operator_plus, ?operator_times;
    expand_dots; ring.
Qed.

Lemma second_times h :
  times N (quotient_second w h) = minus (shifted (2 * f) h) (plus (times (2 * dot g h) w) (times (2 * dot w h) g)).
Proof.
  unfold quotient_second. fold N f g. rewrite times_times, Rinv_r, times_one; [easy|].
  apply Rgt_not_eq, (square_pos w nonzero).
Qed.

Definition second_bound : R := (high - low + 4 * n * norm g) / n ^ 2.

Lemma second_bounded h : norm (quotient_second w h) <= second_bound * norm h.
Proof.
  destruct size_pos as [P Q]. assert (P2 : 0 < n ^ 2) by now apply pow_lt.
  apply Rmult_le_reg_l with (n ^ 2); [easy|]. unfold second_bound.
  replace (n ^ 2 * ((high - low + 4 * n * norm g) / n ^ 2 * norm h)) with ((high - low + 4 * n * norm g) * norm h)
    by (field; lra).
  rewrite <- (Rabs_pos_eq (n ^ 2)), <- Q, <- norm_times, second_times by lra.
  eapply Rle_trans; [apply norm_minus|].
  pose proof (shifted_norm (2 * f) (quotient_between w nonzero) h) as S.
  pose proof (norm_plus (times (2 * dot g h) w) (times (2 * dot w h) g)) as T.
  rewrite !norm_times, !Rabs_mult, !(Rabs_pos_eq 2) in T by lra. fold n in T.
  pose proof (Rmult_le_compat_r n _ _ (Rlt_le _ _ P) (cauchy_schwarz g h)).
  pose proof (Rmult_le_compat_r (norm g) _ _ (norm_nonneg g) (cauchy_schwarz w h)) as C. fold n in C. lra.
Qed.

Definition second_remainder h : E :=
  minus (minus (quotient_gradient (plus w h)) g) (quotient_second w h).

(** |w + h|^2 times the remainder. *)
Lemma second_remainder_times h :
  0 < dot (plus w h) (plus w h) ->
  times (dot (plus w h) (plus w h)) (second_remainder h)
    = minus (times (N - dot (plus w h) (plus w h)) (quotient_second w h))
        (plus (times (2 * first_remainder h) w)
           (plus (times (2 * (quotient (plus w h) - f)) h) (times (norm h ^ 2) g))).
Proof.
  intros D. pose proof (square_pos w nonzero) as P. fold N in P. apply equal_products. intros u.
  assert (G : dot (A w) u = N * dot g u + 2 * f * dot w u).
  { pose proof gradient_times as G. apply (f_equal (fun v => dot v u)) in G. unfold shifted in G.
    rewrite dot_minus, !dot_times in G. lra. }
  assert (R : dot (plus w h) (plus w h) = N + 2 * dot w h + norm h ^ 2).
  { rewrite norm_squared. expand_dots. rewrite (dot_comm h w). unfold N. ring. }
  unfold second_remainder, first_remainder, quotient_second. fold N f g. unfold quotient_gradient at 1.
  set (q := quotient (plus w h)). rewrite R in D |- *. rewrite operator_plus. expand_dots. rewrite G. field. lra.
Qed.

Definition second_constant : R := 4 * (5 / 2 * n * second_bound + 3 * first_constant * n + 3 * norm g) / n ^ 2.

Lemma second_bound_nonneg : 0 <= second_bound.
Proof.
  destruct size_pos as [P _]. apply quotient_nonneg; [|now apply pow_lt].
  pose proof (Rmult_le_pos _ _ (Rlt_le _ _ P) (norm_nonneg g)). lra.
Qed.

Lemma second_constant_nonneg : 0 <= second_constant.
Proof.
  destruct size_pos as [P _]. apply quotient_nonneg; [|now apply pow_lt].
  pose proof (Rmult_le_pos _ _ (Rlt_le _ _ P) second_bound_nonneg).
  pose proof (Rmult_le_pos _ _ first_constant_nonneg (Rlt_le _ _ P)). pose proof (norm_nonneg g). lra.
Qed.

Lemma second_remainder_small h : norm h <= n / 2 -> norm (second_remainder h) <= second_constant * norm h ^ 2.
Proof.
  intros Hh. destruct size_pos as [P Q]. pose proof (near_size h Hh) as D. pose proof (near_change h Hh) as C.
  assert (P2 : 0 < n ^ 2) by now apply pow_lt. pose proof (norm_nonneg h) as H0. pose proof (norm_nonneg g) as G0.
  pose proof (first_remainder_small h Hh) as R. pose proof first_constant_nonneg as F0. pose proof (pow2_ge_0 (norm h)) as H2.
  assert (S : Rabs (quotient (plus w h) - f) <= (norm g + first_constant * (n / 2)) * norm h).
  { replace (quotient (plus w h) - f) with (dot g h + first_remainder h) by (unfold first_remainder; ring).
    eapply Rle_trans; [apply Rabs_triang|]. pose proof (cauchy_schwarz g h).
    pose proof (Rmult_le_compat_l _ _ _ F0 (Rmult_le_compat_r _ _ _ H0 Hh)). lra. }
  assert (T : dot (plus w h) (plus w h) * norm (second_remainder h)
    <= (5 / 2 * n * second_bound + 3 * first_constant * n + 3 * norm g) * norm h ^ 2).
  { rewrite <- (Rabs_pos_eq (dot _ _)), <- norm_times, second_remainder_times by lra.
    eapply Rle_trans; [apply norm_minus|].
    pose proof (norm_plus (times (2 * first_remainder h) w)
      (plus (times (2 * (quotient (plus w h) - f)) h) (times (norm h ^ 2) g))) as T1.
    pose proof (norm_plus (times (2 * (quotient (plus w h) - f)) h) (times (norm h ^ 2) g)) as T2.
    rewrite !norm_times, ?Rabs_mult, ?(Rabs_pos_eq 2), ?(Rabs_pos_eq (norm h ^ 2)) in * by lra. fold n in T1.
    pose proof (Rmult_le_compat _ _ _ _ (Rabs_pos _) (norm_nonneg _) C (second_bounded h)) as K1.
    rewrite Rabs_minus_sym in K1. pose proof (Rmult_le_compat_r n _ _ (Rlt_le _ _ P) R) as K2.
    pose proof (Rmult_le_compat_r _ _ _ H0 S) as K3. lra. }
  apply Rmult_le_reg_l with (n ^ 2 / 4); [lra|]. unfold second_constant.
  replace (n ^ 2 / 4 * (4 * (5 / 2 * n * second_bound + 3 * first_constant * n + 3 * norm g) / n ^ 2 * norm h ^ 2))
    with ((5 / 2 * n * second_bound + 3 * first_constant * n + 3 * norm g) * norm h ^ 2) by (field; lra).
  eapply Rle_trans; [|exact T]. apply Rmult_le_compat_r; [apply norm_nonneg|]. lra.
Qed.

Lemma gradient_has_jacobian : is_jacobian quotient_gradient w (quotient_second w).
Proof.
  split; [apply second_linear|]. split; [exists second_bound; apply second_bounded|].
  intros eps He. destruct size_pos as [P _].
  destruct (small_of_second_order (n / 2) second_constant ltac:(lra) second_constant_nonneg eps He) as (d & Hd & K).
  exists d. split; [easy|]. intros h Hh. destruct (K (norm h)) as [H1 H2]; [split; [apply norm_nonneg|easy]|].
  eapply Rle_trans; [|exact H2]. apply (second_remainder_small h). lra.
Qed.

(** On tangents to the unit sphere it is A - 2 f. *)
Lemma second_on_tangents u v :
  norm w = 1 -> norm u = 1 -> norm v = 1 -> dot w u = 0 -> dot w v = 0 -> Rabs (dot (quotient_second w u) v) <= high - low.
Proof.
  intros Hw Hu Hv Tu Tv. pose proof second_times u as K. apply (f_equal (fun x => dot x v)) in K.
  rewrite dot_minus, dot_plus, !dot_times, Tu, Tv in K.
  replace N with 1 in K by (unfold N; rewrite <- norm_squared, Hw; ring).
  replace (dot (quotient_second w u) v) with (dot (shifted (2 * f) u) v) by lra.
  apply shifted_units; [now apply quotient_between|easy|easy].
Qed.
End Near.
End Rayleigh.
