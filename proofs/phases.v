(** * One block without scale-variant parameters: the gradient bound, the sum by angles, two phases *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary norm_growth elementary lyapunov roots gd_rate.
Local Open Scope R_scope.

(** ** The claim's functions *)

Definition by_rotation (L b_0 increment gap : R) : R := (b_0 + increment) * (gap + L / 2 * ln (1 + increment / b_0)).

Definition rise_before (L b_0 : R) : R :=
  if Rlt_dec b_0 (L / 2) then L / 2 * ln (L / (2 * b_0)) + PI ^ 2 * L / 8 else 0 * b_0.

Definition smaller_gradient_bound (L b_0 gap : R) : R := Rmin (PI / 2 * L) (sqrt (2 * L * (gap + rise_before L b_0))).

(** The slope from b >= Gbar^2/b_0 on, and what f + psi may exceed f_low by where b passes b_0 + Gbar^2/b_0. *)
Definition late_slope (b_0 Gbar : R) : R := simple_slope (b_0 / Gbar) 0.
Definition two_phase_level (L b_0 Gbar gap : R) : R :=
  let worst_gap := Rmin (PI ^ 2 / 4 * L) (gap + L / 2 * ln (1 + (Gbar / b_0) ^ 2)) in
  let level := Rmax (L / 2 * ln (1 + (b_0 / Gbar) ^ 2) - late_slope b_0 Gbar * b_0) (0 * b_0) in
  worst_gap + level.

(** The second phase grows by at most D. *)
Definition second_phase (L b_0 Gbar gap D : R) : Prop :=
  larger_increment (late_slope b_0 Gbar) (L / 2) (b_0 + Gbar ^ 2 / b_0) (two_phase_level L b_0 Gbar gap) D.
Definition two_phase_increment (b_0 Gbar D : R) : R := Gbar ^ 2 / b_0 + D.
Definition two_phases (b_0 Gbar D : R) : R := growth b_0 (two_phase_increment b_0 Gbar D).

(** ** Sequences *)

Definition single_descent (b G f : nat -> R) (L : R) : Prop :=
  forall t, f (S t) <= f t - atan (G t / b t) * G t + L / 2 * atan (G t / b t) ^ 2.

Section OneBlock.
Variables (b G f : nat -> R) (L f_low : R).
Hypothesis start : 0 < b 0%nat.
Hypothesis recursion : forall t, b (S t) = b t + G t ^ 2 / b t.
Hypothesis G_nonneg : forall t, 0 <= G t.
Hypothesis L_nonneg : 0 <= L.
Hypothesis descent : single_descent b G f L.
Hypothesis above : forall t, f_low <= f t.

Let gap := f 0%nat - f_low.
Let pos t : 0 < b t := b_pos b G start recursion t.
Let from_start t : b 0%nat <= b t := b_above_start b G start recursion t.

Lemma ratio_not_negative t : 0 <= G t / b t.
Proof. now apply quotient_nonneg. Qed.

(** The logarithm pays for the squared angle. *)
Lemma descent_with_logarithm t : f (S t) <= f t - atan (G t / b t) * G t + L / 2 * (ln (b (S t)) - ln (b t)).
Proof.
  pose proof (descent t). pose proof (atan_squared _ (ratio_not_negative t)) as Q.
  apply Rmult_le_compat_l with (r := L / 2) in Q; [|lra]. rewrite (ln_b_step b G start recursion t). lra.
Qed.

Lemma angle_times_gradient_nonneg t : 0 <= atan (G t / b t) * G t.
Proof. apply Rmult_le_pos; [|easy]. apply atan_nonneg, ratio_not_negative. Qed.

Lemma logarithmic_rise t : f t <= f 0%nat + L / 2 * (ln (b t) - ln (b 0%nat)).
Proof.
  induction t as [|t IH]; [lra|]. pose proof (descent_with_logarithm t). pose proof (angle_times_gradient_nonneg t). lra.
Qed.

(** Where b >= L/2 a step never raises f. *)
Lemma no_rise t : L / 2 <= b t -> f (S t) <= f t.
Proof.
  intros H. pose proof (descent t). set (x := G t / b t) in *.
  assert (Hx : 0 <= x) by apply ratio_not_negative.
  pose proof (atan_below x Hx) as A. pose proof (atan_nonneg x Hx) as P. pose proof (pos t).
  assert (E : G t = b t * x) by (unfold x; field; lra).
  assert (L / 2 * atan x ^ 2 <= atan x * G t); [|lra].
  rewrite E. replace (L / 2 * atan x ^ 2) with (atan x * (L / 2 * atan x)) by ring.
  apply Rmult_le_compat_l; [easy|]. apply Rmult_le_compat; lra.
Qed.

Lemma rise_at_most t : b t <= L / 2 -> f (S t) <= f t + PI ^ 2 * L / 8.
Proof.
  intros H. pose proof (descent t). pose proof (angle_times_gradient_nonneg t).
  pose proof (atan_quarter (G t / b t)). pose proof (atan_nonneg _ (ratio_not_negative t)).
  assert (Q : atan (G t / b t) ^ 2 <= (PI / 2) ^ 2) by (apply pow_incr; lra).
  apply Rmult_le_compat_l with (r := L / 2) in Q; [|lra].
  replace (L / 2 * (PI / 2) ^ 2) with (PI ^ 2 * L / 8) in Q by field. lra.
Qed.

(** f_t <= f_0 + rise at every step. *)
Lemma rise_bounded t : f t <= f 0%nat + rise_before L (b 0%nat).
Proof.
  unfold rise_before. destruct (Rlt_dec (b 0%nat) (L / 2)) as [H|H].
  - assert (E : ln (L / (2 * b 0%nat)) = ln (L / 2) - ln (b 0%nat)).
    { rewrite <- ln_quotient by lra. f_equal. field. lra. }
    assert (P : 0 <= PI ^ 2 * L / 8).
    { pose proof (pow2_ge_0 PI). apply quotient_nonneg; [apply Rmult_le_pos; lra|lra]. }
    induction t as [|t IH].
    + pose proof (ln_increases (b 0%nat) (L / 2) start) as Q. rewrite E.
      assert (0 <= L / 2 * (ln (L / 2) - ln (b 0%nat))) by (apply Rmult_le_pos; lra). lra.
    + destruct (Rlt_or_le (b t) (L / 2)) as [Hb|Hb].
      * pose proof (rise_at_most t ltac:(lra)). pose proof (logarithmic_rise t) as Q.
        pose proof (ln_increases (b t) (L / 2) (pos t) ltac:(lra)) as M.
        apply Rmult_le_compat_l with (r := L / 2) in M; [|lra]. rewrite E. lra.
      * pose proof (no_rise t Hb). lra.
  - induction t as [|t IH]; [lra|]. pose proof (no_rise t). pose proof (from_start t). lra.
Qed.

(** No angle may take f below f_low. *)
Lemma gradient_by_rise t :
  G t <= PI / 2 * L -> G t ^ 2 <= 2 * L * (f t - f_low) -> G t <= smaller_gradient_bound L (b 0%nat) gap.
Proof.
  intros H1 H2. apply Rmin_glb; [easy|]. rewrite <- (sqrt_pow2 (G t)) by easy. apply sqrt_le_1_alt.
  eapply Rle_trans; [exact H2|]. apply Rmult_le_compat_l; [lra|]. pose proof (rise_bounded t). unfold gap. lra.
Qed.

(** |G|^2 <= b_{t+1} theta |G| *)
Lemma paid_by_angle t : G t ^ 2 <= b (S t) * (atan (G t / b t) * G t).
Proof.
  pose proof (atan_above _ (ratio_not_negative t)) as Q. pose proof (pos t) as P. rewrite recursion.
  set (x := G t / b t) in *. pose proof (square_plus_one x) as S1.
  assert (E : G t = b t * x) by (unfold x; field; lra).
  replace (G t ^ 2 / b t) with (b t * x ^ 2) by (rewrite E; field; lra).
  apply Rmult_le_compat_r with (r := 1 + x ^ 2) in Q; [|lra].
  replace (x / (1 + x ^ 2) * (1 + x ^ 2)) with x in Q by (field; lra).
  apply Rmult_le_compat_r with (r := b t * G t) in Q; [|apply Rmult_le_pos; [lra|easy]].
  replace (G t ^ 2) with (x * (b t * G t)) by (rewrite E; ring). lra.
Qed.

(** The sum from any bound on b_T - b_0: the descent pays for every angle. *)
Lemma sum_by_rotation increment T :
  (forall t, b t <= b 0%nat + increment) ->
  step_sum T (fun t => G t ^ 2) <= by_rotation L (b 0%nat) increment gap.
Proof.
  intros B. unfold by_rotation. set (e := b 0%nat + increment) in *.
  assert (He : 0 < e) by (pose proof (B 0%nat); unfold e in *; lra).
  pose proof (step_sum_le_drop T (fun t => G t ^ 2) (fun t => e * (f t - L / 2 * ln (b t)))) as Q.
  lapply Q; [clear Q; intros Q|].
  - eapply Rle_trans; [exact Q|]. rewrite <- Rmult_minus_distr_l. apply Rmult_le_compat_l; [lra|].
    pose proof (above T). rewrite ln_increment by (unfold e in *; pose proof (B 0%nat); lra). fold e.
    pose proof (ln_increases (b T) e (pos T) (B T)) as M. apply Rmult_le_compat_l with (r := L / 2) in M; [|lra].
    unfold gap. lra.
  - intros t _. pose proof (paid_by_angle t). pose proof (descent_with_logarithm t) as D.
    pose proof (Rmult_le_compat_r _ _ _ (angle_times_gradient_nonneg t) (B (S t))) as M. fold e in M.
    apply Rmult_le_compat_l with (r := e) in D; [|lra]. lra.
Qed.

(** *** Two phases *)

Section TwoPhases.
Variable Gbar : R.
Hypothesis Gbar_pos : 0 < Gbar.
Hypothesis bounded : forall t, G t <= Gbar.
Hypothesis ranged : forall t u, f t - f u <= PI ^ 2 / 4 * L.

Let b_0 := b 0%nat.
Let reach := Gbar ^ 2 / b_0.
Let crossing := b_0 + reach.
Let c := late_slope b_0 Gbar.

Lemma reach_pos : 0 < reach.
Proof. apply quotient_pos; [now apply pow_lt|easy]. Qed.

Lemma late_slope_pos : 0 < c.
Proof. apply simple_slope_pos. now apply quotient_pos. Qed.

(** b_{t+1} <= b + Gbar^2/b *)
Lemma ends_within_reach t : b (S t) <= b t + Gbar ^ 2 / b t.
Proof.
  rewrite recursion. apply Rplus_le_compat_l, Rmult_le_compat_r; [now apply Rlt_le, Rinv_0_lt_compat|].
  now apply pow_incr.
Qed.

(** b + Gbar^2/b is convex: between b_0 and Gbar^2/b_0 it is at most its value at both. *)
Lemma crosses_late t : crossing < b (S t) -> reach <= b t.
Proof.
  intros H. destruct (Rle_or_lt reach (b t)) as [|Hlt]; [easy|exfalso].
  pose proof (ends_within_reach t) as E. pose proof (from_start t) as F. fold b_0 in F. pose proof (pos t) as P.
  assert (Hb : 0 < b_0) by exact start.
  assert (b t + Gbar ^ 2 / b t <= crossing); [|lra].
  unfold crossing. replace (Gbar ^ 2) with (reach * b_0) by (unfold reach; field; lra).
  assert (0 <= (b t - b_0) * (reach - b t) / b t) by (apply quotient_nonneg; [apply Rmult_le_pos; lra|easy]).
  replace (b t + reach * b_0 / b t) with (b_0 + reach - (b t - b_0) * (reach - b t) / b t) by (field; lra). lra.
Qed.

(** f + c b - (L/2) ln b does not rise where b >= Gbar^2/b_0. *)
Lemma late_step t : reach <= b t -> f (S t) + psi c L (b (S t)) <= f t + psi c L (b t).
Proof.
  intros Hr. pose proof (descent_with_logarithm t). unfold psi.
  pose proof (ratio_not_negative t) as Hx. pose proof (pos t) as P. pose proof reach_pos as R0.
  assert (Hb : 0 < b_0) by exact start.
  assert (X : G t / b t <= b_0 / Gbar).
  { apply quotient_le; [easy|]. apply Rle_trans with (b_0 / Gbar * reach).
    - unfold reach. replace (b_0 / Gbar * (Gbar ^ 2 / b_0)) with Gbar by (field; lra). apply bounded.
    - apply Rmult_le_compat_l; [|easy]. apply Rlt_le. now apply quotient_pos. }
  pose proof (atan_ratio _ _ Hx X) as A.
  assert (C : c * (G t / b t) <= atan (G t / b t)).
  { assert (0 < b_0 / Gbar) by now apply quotient_pos. unfold c, late_slope, simple_slope.
    replace (atan (b_0 / Gbar) / (b_0 / Gbar) * (G t / b t)) with (G t / b t * atan (b_0 / Gbar) / (b_0 / Gbar))
      by (field; lra). apply quotient_le; [easy|]. lra. }
  apply Rmult_le_compat_r with (r := G t) in C; [|easy]. rewrite (recursion t) at 1.
  replace (c * (b t + G t ^ 2 / b t)) with (c * b t + c * (G t / b t) * G t) by (field; lra). lra.
Qed.

(** psi is convex: between reach and the crossing it is at most its larger end. *)
Lemma psi_before_crossing x :
  reach <= x -> x <= crossing ->
  psi c L x <= psi c L crossing + Rmax (L / 2 * ln (1 + (b_0 / Gbar) ^ 2) - c * b_0) (0 * b_0).
Proof.
  intros Hr Hx. pose proof reach_pos as R0. pose proof late_slope_pos as Hc. assert (Hb : 0 < b_0) by exact start.
  assert (D : forall u, reach <= u <= crossing -> is_derive (psi c L) u (c - L / 2 / u)).
  { intros u Hu. unfold psi. auto_derive; [lra|field; lra]. }
  destruct (Rle_or_lt (L / 2) (c * x)) as [H|H].
  - assert (psi c L x <= psi c L crossing).
    { apply (rises _ (fun u => c - L / 2 / u)); [easy|intros; apply D; lra|]. intros u Hu.
      enough (L / 2 / u <= c) by lra. apply quotient_le; [lra|]. apply Rle_trans with (c * x); [easy|].
      apply Rmult_le_compat_l; lra. }
    pose proof (Rmax_r (L / 2 * ln (1 + (b_0 / Gbar) ^ 2) - c * b_0) (0 * b_0)). lra.
  - assert (psi c L x <= psi c L reach).
    { apply (falls _ (fun u => c - L / 2 / u)); [easy|intros; apply D; lra|]. intros u Hu.
      enough (c <= L / 2 / u) by lra. apply le_quotient; [lra|]. apply Rle_trans with (c * x); [|lra].
      apply Rmult_le_compat_l; lra. }
    pose proof (Rmax_l (L / 2 * ln (1 + (b_0 / Gbar) ^ 2) - c * b_0) (0 * b_0)).
    assert (E : psi c L reach - psi c L crossing = L / 2 * ln (1 + (b_0 / Gbar) ^ 2) - c * b_0); [|lra].
    replace (1 + (b_0 / Gbar) ^ 2) with (crossing / reach) by (unfold crossing, reach; field; lra).
    rewrite ln_quotient by (unfold crossing; lra). unfold psi, crossing. ring.
Qed.

(** A step crosses late, and then f is not far above any later value. *)
Lemma worst_gap t u : b t <= crossing -> f t - f u <= Rmin (PI ^ 2 / 4 * L) (gap + L / 2 * ln (1 + (Gbar / b_0) ^ 2)).
Proof.
  intros H. apply Rmin_glb; [apply ranged|]. pose proof (above u). pose proof (logarithmic_rise t) as Q. fold b_0 in Q.
  assert (Hb : 0 < b_0) by exact start. pose proof reach_pos.
  pose proof (ln_increases (b t) crossing (pos t) H) as M. apply Rmult_le_compat_l with (r := L / 2) in M; [|lra].
  replace (1 + (Gbar / b_0) ^ 2) with (crossing / b_0) by (unfold crossing, reach; field; lra).
  rewrite ln_quotient by (unfold crossing; lra). unfold gap. lra.
Qed.

(** f + psi(b) stays bounded beyond the crossing. *)
Lemma bounded_beyond t u :
  crossing < b t -> f t - f u + psi c L (b t) <= psi c L crossing + two_phase_level L b_0 Gbar gap.
Proof.
  induction t as [|t IH]; intros H.
  - exfalso. pose proof reach_pos. unfold crossing, b_0 in *. lra.
  - pose proof (crosses_late t H) as Hr. pose proof (late_step t Hr) as S1.
    destruct (Rlt_or_le crossing (b t)) as [Hc|Hc]; [pose proof (IH Hc); lra|].
    pose proof (psi_before_crossing (b t) Hr Hc) as Q. pose proof (worst_gap t u Hc).
    unfold two_phase_level. fold c. lra.
Qed.

Lemma two_phase_envelope D T : second_phase L b_0 Gbar gap D -> b T <= b_0 + two_phase_increment b_0 Gbar D.
Proof.
  intros K. unfold two_phase_increment. fold reach. assert (Hb : 0 < b_0) by exact start. pose proof reach_pos as Hr.
  destruct (Rlt_or_le crossing (b T)) as [H|H]; [|destruct K as [? _]; unfold crossing in H; lra].
  enough (b T - crossing <= D) by (unfold crossing in *; lra).
  apply (below_larger_increment c (L / 2) crossing (two_phase_level L b_0 Gbar gap));
    [apply late_slope_pos|lra|unfold crossing; lra|exact K|].
  rewrite ln_increment by (unfold crossing in *; lra). replace (crossing + (b T - crossing)) with (b T) by ring.
  pose proof (bounded_beyond T T H) as Q. unfold psi in Q. lra.
Qed.

Lemma two_phase_sum D T :
  second_phase L b_0 Gbar gap D -> step_sum T (fun t => G t ^ 2) <= two_phases b_0 Gbar D.
Proof.
  intros K. eapply Rle_trans; [now apply (squares_below_growth b G start recursion)|].
  apply growth_of_bound; [easy|apply from_start|now apply two_phase_envelope].
Qed.
End TwoPhases.
End OneBlock.
