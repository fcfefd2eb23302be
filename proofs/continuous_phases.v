(** * One block without scale-variant parameters: a slope that rises with b *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary norm_growth elementary lyapunov roots gd_rate.
From Ratetheory Require Import phases.
Local Open Scope R_scope.

(** ** What is missing below *)

(** As slope_integral; the integrand stays at most the slope at v, called last: both stand for an infimum that rises with v.
    For the infimum itself this says nothing more; of two lower bounds one could be poorer than the other. *)
Definition slope_integral_up_to (b_0 v Gbar r last I : R) : Prop :=
  exists c : R -> R,
    (forall w, Gbar <= w -> b_0 <= w -> infimum_on_boundary (Gbar / w) r (c (w + Gbar ^ 2 / w))) /\
    (forall x y, x <= y -> c x <= c y) /\
    (forall x, x < v + Gbar ^ 2 / v -> c x <= last) /\
    exists J, is_RInt c (b_0 + Gbar ^ 2 / b_0) (v + Gbar ^ 2 / v) J /\ I <= J.

Lemma slope_integral_of_infimum b_0 v Gbar r last I :
  Gbar <= v -> b_0 <= v -> (forall c, infimum_on_boundary (Gbar / v) r c -> c <= last) ->
  slope_integral b_0 v Gbar r I -> slope_integral_up_to b_0 v Gbar r last I.
Proof.
  intros Hg Hb K (c & Hc & Hm & HJ). exists c. repeat split; auto; try (apply Hc; auto).
  intros x Hx. apply Rle_trans with (c (v + Gbar ^ 2 / v)); [apply Hm; lra|]. now apply K, Hc.
Qed.

(** ** The claim's functions *)

Definition beyond_crossing (b_0 Gbar v : R) : R := (v - b_0) * (v - Gbar ^ 2 / b_0) / v.

Definition tangent_level (L b_0 Gbar gap v first last I : R) : R :=
  let level := gap + L / 2 * ln (1 + (Gbar / b_0) ^ 2) - first * (Gbar ^ 2 / b_0) + last * beyond_crossing b_0 Gbar v - I in
  Rmax level (0 * level).

Definition tangent_increment (b_0 Gbar D : R) : R := Gbar ^ 2 / b_0 + D.
Definition continuous_increment (b_0 Gbar D_first D : R) : R := Rmin D_first (tangent_increment b_0 Gbar D).
Definition continuous_phases (b_0 Gbar D_first D : R) : R := growth b_0 (continuous_increment b_0 Gbar D_first D).

(** All that the continuous form chooses: the slope at the start, a threshold v, the slope there, the integral between. *)
Definition continuous_choice (L b_0 Gbar gap v first last I D_first D : R) : Prop :=
  Rmax b_0 (Gbar ^ 2 / b_0) <= v /\
  infimum_on_boundary (Gbar / b_0) (L / (2 * Gbar)) first /\
  infimum_on_boundary (Gbar / v) (L / (2 * Gbar)) last /\
  slope_integral_up_to b_0 v Gbar (L / (2 * Gbar)) last I /\
  larger_increment first (L / 2) b_0 gap D_first /\
  larger_increment last (L / 2) (b_0 + Gbar ^ 2 / b_0) (tangent_level L b_0 Gbar gap v first last I) D.

(** ** Infima *)

Lemma infimum_further x_0 y_0 r c : y_0 <= x_0 -> infimum_on_boundary x_0 r c -> infimum_on_boundary y_0 r c.
Proof. intros H [P K]. split; [easy|]. intros x Hx. apply K. lra. Qed.

Lemma infimum_later low high Gbar r c :
  0 < low -> low <= high -> 0 < Gbar -> infimum_on_boundary (Gbar / low) r c -> infimum_on_boundary (Gbar / high) r c.
Proof.
  intros Hl Hh HG. apply infimum_further. apply Rmult_le_compat_l; [lra|]. now apply Rinv_le_contravar.
Qed.

Lemma infimum_larger x_0 r c d :
  infimum_on_boundary x_0 r c -> infimum_on_boundary x_0 r d -> infimum_on_boundary x_0 r (Rmax c d).
Proof. intros Hc Hd. unfold Rmax. now destruct Rle_dec. Qed.

(** There is a choice for every learning rate: no more than the first slope. *)
Lemma continuous_choice_exists L b_0 Gbar gap :
  0 <= L -> 0 < b_0 -> 0 < Gbar -> 0 <= gap ->
  exists v first last I D_first D, continuous_choice L b_0 Gbar gap v first last I D_first D.
Proof.
  intros HL Hb HG Hgap. set (v := Rmax b_0 (Gbar ^ 2 / b_0)). set (e := L / (2 * Gbar)).
  assert (Hx : 0 < Gbar / b_0) by now apply quotient_pos.
  assert (He : 0 <= e) by (apply quotient_nonneg; lra).
  assert (Hv : b_0 <= v) by apply Rmax_l.
  set (c := simple_slope (Gbar / b_0) e).
  assert (K : infimum_on_boundary (Gbar / b_0) e c) by now apply simple_slope_infimum.
  assert (Kl : forall w, b_0 <= w -> infimum_on_boundary (Gbar / w) e c) by (intros w Hw; now apply (infimum_later b_0)).
  assert (Hy : 0 < b_0 + Gbar ^ 2 / b_0).
  { pose proof (quotient_pos (Gbar ^ 2) b_0 (pow_lt _ 2 HG) Hb). lra. }
  destruct (larger_root_exists c (L / 2) b_0 gap) as [D1 H1]; [apply K|lra|easy|easy|].
  set (I := c * (v + Gbar ^ 2 / v - (b_0 + Gbar ^ 2 / b_0))).
  destruct (larger_root_exists c (L / 2) (b_0 + Gbar ^ 2 / b_0) (tangent_level L b_0 Gbar gap v c c I)) as [D2 H2];
    [apply K|lra|easy| |].
  { unfold tangent_level. rewrite Rmult_0_l. apply Rmax_r. }
  exists v, c, c, I, D1, D2.
  split; [apply Rle_refl|]. split; [exact K|]. split; [now apply Kl|].
  split; [|split; now apply larger_root_increment].
  exists (fun _ => c). split; [intros w _ Hw; now apply Kl|]. split; [intros; apply Rle_refl|].
  split; [intros; apply Rle_refl|]. exists I. split; [|apply Rle_refl]. unfold I.
  replace (c * (v + Gbar ^ 2 / v - (b_0 + Gbar ^ 2 / b_0)))
    with (scal (v + Gbar ^ 2 / v - (b_0 + Gbar ^ 2 / b_0)) c) by (unfold scal; simpl; unfold mult; simpl; ring).
  apply (is_RInt_const (b_0 + Gbar ^ 2 / b_0) (v + Gbar ^ 2 / v) c).
Qed.

(** ** The integral of the slope, continued by its tangent *)

Section Integral.
Variables (c : R -> R) (low high last J : R).
Hypothesis ordered : low <= high.
Hypothesis integral : is_RInt c low high J.
Hypothesis before : forall x, x < high -> c x <= last.

Definition continued (x : R) : R := RInt c low (Rmin x high) + last * Rmax (x - high) 0.

Lemma integrable x y : low <= x -> x <= y -> y <= high -> ex_RInt c x y.
Proof.
  intros H1 H2 H3. apply (ex_RInt_Chasles_2 c low x y); [lra|]. apply (ex_RInt_Chasles_1 c low y high); [lra|].
  now exists J.
Qed.

Lemma integral_at_most x y M :
  low <= x -> x <= y -> y <= high -> (forall u, x < u < y -> c u <= M) -> RInt c x y <= M * (y - x).
Proof.
  intros H1 H2 H3 K. apply Rle_trans with (RInt (fun _ => M) x y).
  - apply RInt_le; [easy|now apply integrable|apply ex_RInt_const|easy].
  - rewrite RInt_const. unfold scal. simpl. unfold mult. simpl. lra.
Qed.

Lemma split_at_high x : Rmin x high + Rmax (x - high) 0 = x.
Proof. unfold Rmin, Rmax. repeat destruct Rle_dec; lra. Qed.

Lemma continued_at_low : continued low = 0.
Proof.
  unfold continued. rewrite Rmin_left, Rmax_right, RInt_point by lra. unfold zero. simpl. ring.
Qed.

Lemma continued_increment x y M :
  low <= x -> x <= y -> (forall u, x < u < y -> u < high -> c u <= M) -> (high < y -> last <= M) ->
  continued y - continued x <= M * (y - x).
Proof.
  intros H1 H2 K HM. unfold continued.
  assert (Hmin : Rmin x high <= Rmin y high) by (apply Rle_min_compat_r; lra).
  assert (Hlow : low <= Rmin x high) by now apply Rmin_glb.
  pose proof (Rmin_r y high). pose proof (Rmin_l y high).
  assert (C : RInt c low (Rmin y high) = RInt c low (Rmin x high) + RInt c (Rmin x high) (Rmin y high)).
  { symmetry. apply (RInt_Chasles c low (Rmin x high) (Rmin y high)); apply integrable; lra. }
  assert (Q : RInt c (Rmin x high) (Rmin y high) <= M * (Rmin y high - Rmin x high)).
  { apply integral_at_most; [easy|easy|easy|]. intros u Hu. apply K; [|lra].
    unfold Rmin in Hu. repeat destruct Rle_dec; lra. }
  assert (R1 : last * (Rmax (y - high) 0 - Rmax (x - high) 0) <= M * (Rmax (y - high) 0 - Rmax (x - high) 0)).
  { destruct (Rle_or_lt y high) as [Hy|Hy].
    - rewrite !Rmax_right by lra. lra.
    - apply Rmult_le_compat_r; [|auto]. pose proof (Rle_max_compat_r (x - high) (y - high) 0). lra. }
  pose proof (split_at_high x). pose proof (split_at_high y). rewrite C.
  replace (M * (y - x)) with (M * (Rmin y high - Rmin x high) + M * (Rmax (y - high) 0 - Rmax (x - high) 0)).
  - lra.
  - rewrite <- Rmult_plus_distr_l. f_equal. lra.
Qed.

(** The continued integral lies above its tangent at the end. *)
Lemma tangent_below_continued x : low <= x -> J + last * (x - high) <= continued x.
Proof.
  intros Hx. assert (E : continued high = J).
  { unfold continued. rewrite Rmin_left, Rmax_right by lra. rewrite (is_RInt_unique _ _ _ _ integral). ring. }
  destruct (Rle_or_lt x high) as [H|H].
  - pose proof (continued_increment x high last Hx H (fun u _ Hu => before u Hu)) as Q. rewrite E in Q.
    specialize (Q ltac:(lra)). lra.
  - rewrite <- E. unfold continued. rewrite (Rmin_right x), (Rmin_left high), (Rmax_left (x - high)), (Rmax_right (high - high))
      by lra. lra.
Qed.
End Integral.

(** ** Sequences *)

Section OneBlock.
Variables (b G f : nat -> R) (L f_low Gbar : R).
Hypothesis start : 0 < b 0%nat.
Hypothesis recursion : forall t, b (S t) = b t + G t ^ 2 / b t.
Hypothesis G_nonneg : forall t, 0 <= G t.
Hypothesis L_nonneg : 0 <= L.
Hypothesis descent : single_descent b G f L.
Hypothesis above : forall t, f_low <= f t.
Hypothesis Gbar_pos : 0 < Gbar.
Hypothesis bounded : forall t, G t <= Gbar.

Let gap := f 0%nat - f_low.
Let pos t : 0 < b t := b_pos b G start recursion t.
Let from_start t : b 0%nat <= b t := b_above_start b G start recursion t.
Let b_0 := b 0%nat.
Let reach := Gbar ^ 2 / b_0.
Let crossing := b_0 + reach.

(** A step is paid with any slope that holds at its start. *)
Lemma paid c t :
  infimum_on_boundary (Gbar / b t) (L / (2 * Gbar)) c -> f (S t) + psi c L (b (S t)) <= f t + psi c L (b t).
Proof.
  intros K. pose proof (descent t).
  pose proof (step_left_nonpos b G start recursion Gbar Gbar_pos G_nonneg bounded c L t (b t) (pos t) (Rle_refl _) L_nonneg K).
  pose proof (psi_step b G start recursion c L t). lra.
Qed.

Section First.
Variable first : R.
Hypothesis first_slope : infimum_on_boundary (Gbar / b_0) (L / (2 * Gbar)) first.

Lemma first_slope_at t : infimum_on_boundary (Gbar / b t) (L / (2 * Gbar)) first.
Proof. apply (infimum_later b_0 (b t)); [exact start|apply from_start|easy|easy]. Qed.

Lemma first_potential t : f t + psi first L (b t) <= f 0%nat + psi first L b_0.
Proof. induction t as [|t IH]; [apply Rle_refl|]. pose proof (paid first t (first_slope_at t)). lra. Qed.

Lemma first_envelope D T : larger_increment first (L / 2) b_0 gap D -> b T <= b_0 + D.
Proof.
  intros K. enough (b T - b_0 <= D) by lra. pose proof (from_start T) as F. fold b_0 in F.
  apply (below_larger_increment first (L / 2) b_0 gap); [apply first_slope|lra|exact start|exact K|].
  rewrite ln_increment by (easy || lra). replace (b_0 + (b T - b_0)) with (b T) by ring.
  pose proof (first_potential T) as P. pose proof (above T). unfold psi in P. unfold gap. lra.
Qed.

Section Rising.
Variables (v last I J : R) (c : R -> R).
Hypothesis threshold : Rmax b_0 reach <= v.
Hypothesis last_slope : infimum_on_boundary (Gbar / v) (L / (2 * Gbar)) last.
Hypothesis slopes : forall w, Gbar <= w -> b_0 <= w -> infimum_on_boundary (Gbar / w) (L / (2 * Gbar)) (c (w + Gbar ^ 2 / w)).
Hypothesis rising : forall x y, x <= y -> c x <= c y.
Hypothesis before : forall x, x < v + Gbar ^ 2 / v -> c x <= last.
Hypothesis integral : is_RInt c crossing (v + Gbar ^ 2 / v) J.

Let finish := v + Gbar ^ 2 / v.
Let spent := continued c crossing finish last.

Lemma late_above_limit x : b_0 <= x -> reach <= x -> Gbar <= x.
Proof.
  intros H1 H2. assert (Hb : 0 < b_0) by exact start. destruct (Rle_or_lt Gbar x) as [|H]; [easy|exfalso].
  assert (Gbar ^ 2 <= x ^ 2).
  { replace (Gbar ^ 2) with (reach * b_0) by (unfold reach; field; lra). simpl. rewrite Rmult_1_r.
    apply Rmult_le_compat; try lra. apply Rlt_le, quotient_pos; [now apply pow_lt|easy]. }
  assert (x ^ 2 < Gbar ^ 2) by (simpl; rewrite !Rmult_1_r; apply Rmult_gt_0_lt_compat; lra). lra.
Qed.

Lemma threshold_late : b_0 <= v /\ reach <= v /\ Gbar <= v.
Proof.
  pose proof (Rmax_l b_0 reach). pose proof (Rmax_r b_0 reach). repeat split; [lra|lra|apply late_above_limit; lra].
Qed.

Lemma crossing_to_finish : finish - crossing = beyond_crossing b_0 Gbar v.
Proof.
  pose proof threshold_late. assert (Hb : 0 < b_0) by exact start. unfold finish, crossing, reach, beyond_crossing. field. lra.
Qed.

Lemma crossing_before_finish : crossing <= finish.
Proof.
  enough (0 <= finish - crossing) by lra. rewrite crossing_to_finish. pose proof threshold_late as (H1 & H2 & H3).
  unfold beyond_crossing. fold reach. apply quotient_nonneg; [apply Rmult_le_pos|]; lra.
Qed.

(** Right of Gbar, b + Gbar^2/b rises. *)
Lemma beyond_finish x : Gbar <= x -> finish < x + Gbar ^ 2 / x -> v <= x.
Proof.
  intros Hx H. destruct (Rle_or_lt v x) as [|K]; [easy|exfalso].
  assert (E : finish - (x + Gbar ^ 2 / x) = (v - x) * (v * x - Gbar ^ 2) / (v * x)) by (unfold finish; field; lra).
  assert (Gbar ^ 2 <= v * x) by (simpl; rewrite Rmult_1_r; apply Rmult_le_compat; lra).
  assert (0 <= (v - x) * (v * x - Gbar ^ 2) / (v * x)).
  { apply quotient_nonneg; [apply Rmult_le_pos; lra|apply Rmult_lt_0_compat; lra]. } lra.
Qed.

(** A late step is paid with a slope that is at least all those between its ends, and at least the first. *)
Lemma late_slope_exists t :
  reach <= b t ->
  exists M, infimum_on_boundary (Gbar / b t) (L / (2 * Gbar)) M /\ first <= M /\
    (forall u, u < b (S t) -> u < finish -> c u <= M) /\ (finish < b (S t) -> last <= M).
Proof.
  intros Hr. pose proof (from_start t) as F. fold b_0 in F. pose proof (late_above_limit (b t) F Hr) as HG.
  pose proof (ends_within_reach b G start recursion G_nonneg Gbar bounded t) as E.
  destruct (Rlt_or_le finish (b t + Gbar ^ 2 / b t)) as [H|H].
  - exists (Rmax first last). pose proof (Rmax_l first last). pose proof (Rmax_r first last).
    split; [|split; [easy|split; [|easy]]].
    + apply infimum_larger; [apply first_slope_at|]. pose proof threshold_late.
      apply (infimum_later v); [lra|now apply beyond_finish|easy|easy].
    + intros u _ Hu. apply Rle_trans with last; [now apply before|easy].
  - exists (Rmax first (c (b t + Gbar ^ 2 / b t))).
    pose proof (Rmax_l first (c (b t + Gbar ^ 2 / b t))). pose proof (Rmax_r first (c (b t + Gbar ^ 2 / b t))).
    split; [|split; [easy|split]].
    + apply infimum_larger; [apply first_slope_at|now apply slopes].
    + intros u Hu _. apply Rle_trans with (c (b t + Gbar ^ 2 / b t)); [apply rising; lra|easy].
    + intros K. lra.
Qed.

(** f + psi(b) stays bounded beyond the crossing. *)
Lemma rising_potential t :
  crossing < b t -> f t + first * reach + spent (b t) - L / 2 * ln (b t) <= f 0%nat - L / 2 * ln b_0.
Proof.
  assert (Hb : 0 < b_0) by exact start.
  assert (R0 : 0 < reach) by (apply quotient_pos; [now apply pow_lt|easy]).
  induction t as [|t IH]; intros H; [exfalso; unfold crossing, b_0 in *; lra|].
  pose proof (crosses_late b G start recursion G_nonneg Gbar bounded t H) as Hr. fold b_0 reach in Hr.
  destruct (late_slope_exists t Hr) as (M & KM & HM & Hc & Hl). pose proof (paid M t KM) as P. unfold psi in P.
  pose proof (b_rises b G start recursion t) as B.
  destruct (Rlt_or_le crossing (b t)) as [Hx|Hx].
  - specialize (IH Hx).
    pose proof (continued_increment c crossing finish last J crossing_before_finish integral (b t) (b (S t)) M) as Q.
    fold spent in Q. specialize (Q ltac:(lra) B (fun u Hu => Hc u (proj2 Hu)) Hl). lra.
  - pose proof (continued_increment c crossing finish last J crossing_before_finish integral crossing (b (S t)) M) as Q.
    fold spent in Q. specialize (Q ltac:(lra) ltac:(lra) (fun u Hu => Hc u (proj2 Hu)) Hl).
    unfold spent in Q at 2. rewrite continued_at_low in Q by apply crossing_before_finish.
    pose proof (first_potential t) as F. unfold psi in F.
    assert (first * (crossing - b t) <= M * (crossing - b t)) by (apply Rmult_le_compat_r; lra).
    unfold crossing in *. lra.
Qed.

Hypothesis below : I <= J.

Lemma tangent_envelope D T :
  larger_increment last (L / 2) crossing (tangent_level L b_0 Gbar gap v first last I) D ->
  b T <= b_0 + tangent_increment b_0 Gbar D.
Proof.
  intros K. unfold tangent_increment. fold reach. assert (Hb : 0 < b_0) by exact start.
  assert (R0 : 0 < reach) by (apply quotient_pos; [now apply pow_lt|easy]).
  destruct (Rlt_or_le crossing (b T)) as [H|H]; [|destruct K as [? _]; unfold crossing in H; lra].
  enough (b T - crossing <= D) by (unfold crossing in *; lra).
  apply (below_larger_increment last (L / 2) crossing (tangent_level L b_0 Gbar gap v first last I));
    [apply last_slope|lra|unfold crossing; lra|exact K|].
  rewrite ln_increment by (unfold crossing in *; lra). replace (crossing + (b T - crossing)) with (b T) by ring.
  unfold tangent_level. eapply Rle_trans; [|apply Rmax_l]. fold reach. rewrite <- crossing_to_finish.
  replace (1 + (Gbar / b_0) ^ 2) with (crossing / b_0) by (unfold crossing, reach; field; lra).
  rewrite ln_quotient by (unfold crossing; lra).
  pose proof (rising_potential T H) as P. pose proof (above T).
  pose proof (tangent_below_continued c crossing finish last J crossing_before_finish integral before (b T) ltac:(lra)) as Q.
  fold spent in Q. unfold gap. lra.
Qed.
End Rising.
End First.

Section Choice.
Variables v first last I D_first D : R.
Hypothesis choice : continuous_choice L b_0 Gbar gap v first last I D_first D.

Lemma continuous_envelope T : b T <= b_0 + continuous_increment b_0 Gbar D_first D.
Proof.
  destruct choice as (Hv & Hf & Hl & (c & Hc & Hm & Hb & J & HJ & HI) & K1 & K2).
  unfold continuous_increment. enough (b T - b_0 <= Rmin D_first (tangent_increment b_0 Gbar D)) by lra.
  apply Rmin_glb.
  - pose proof (first_envelope first Hf D_first T K1). lra.
  - pose proof (tangent_envelope first Hf v last I J c Hv Hl Hc Hm Hb HJ HI D T K2). lra.
Qed.

Lemma continuous_sum T : step_sum T (fun t => G t ^ 2) <= continuous_phases b_0 Gbar D_first D.
Proof.
  eapply Rle_trans; [now apply (squares_below_growth b G start recursion)|].
  apply growth_of_bound; [easy|apply from_start|apply continuous_envelope].
Qed.
End Choice.
End OneBlock.
