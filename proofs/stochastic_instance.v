(** * A stochastic instance: SGD whose losses are Rayleigh quotients of matrices drawn at random *)

From Coq Require Import Reals Lra Lia.
From Coq Require Fin.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points scale_invariance optimizers rayleigh instances.
From Ratetheory Require Import expectation chance.
Local Open Scope R_scope.

(** What is said of the full loss alone. *)
Lemma smooth_of_objective {s} (r r' : run s) k :
  objective r = objective r' -> smooth_on_spheres r k -> smooth_on_spheres r' k.
Proof. unfold smooth_on_spheres. intros ->. easy. Qed.

Lemma bounded_of_objective {s} (r r' : run s) k : objective r = objective r' -> bounded_below r k -> bounded_below r' k.
Proof. unfold bounded_below. intros ->. easy. Qed.

Section Stochastic.
Variables (n m : nat) (p : Fin.t (S m) -> R) (a : Fin.t (S m) -> Fin.t n -> R) (low high : R).
Hypothesis nonnegative : forall k, 0 <= p k.
Hypothesis total : block_sum p = 1.
Hypothesis between : forall k j, low <= a k j <= high.
Hypothesis distinct : low < high.
Variables (eta : nat -> R) (start : place (one_block n)).
Hypothesis rates : forall t, 0 < eta t.
Hypothesis start_nonzero : start <> origin.
Notation s := (one_block n).

(** The mean of the matrices is the matrix of the mean of the losses. *)
Definition mean_entries (j : Fin.t n) : R := block_sum (fun k => p k * a k j).

Lemma mean_between j : low <= mean_entries j <= high.
Proof.
  assert (C : forall c, @block_sum (S m) (fun k => p k * c) = c).
  { intros c. rewrite (block_sum_ext _ (fun k => c * p k)) by (intros; ring). rewrite block_sum_scale, total. ring. }
  rewrite <- (C low), <- (C high). split; apply block_sum_le; intros k;
    (apply Rmult_le_compat_l; [apply nonnegative|apply between]).
Qed.

Definition sample_loss (k : Fin.t (S m)) : place s -> R := quotient (diagonal n (a k)).
Definition sample_gradient (k : Fin.t (S m)) : place s -> place s := quotient_gradient (diagonal n (a k)).
Definition mean_loss : place s -> R := quotient (diagonal n mean_entries).
Definition mean_loss_gradient : place s -> place s := quotient_gradient (diagonal n mean_entries).

(** A sum over the samples of products with the diagonal matrices is one with their mean. *)
Lemma mean_products (x u : place s) :
  block_sum (fun k => p k * dot (diagonal n (a k) x) u) = dot (diagonal n mean_entries x) u.
Proof.
  rewrite (block_sum_ext _ (fun k =>
    block_sum (fun j => p k * (a k j * (part x (the_block n) j * part u (the_block n) j)))))
    by (intros k; now rewrite dot_diagonal, <- block_sum_scale).
  rewrite block_sum_swap, dot_diagonal. apply block_sum_ext. intros j. unfold mean_entries.
  rewrite (Rmult_comm (block_sum _)), <- block_sum_scale. apply block_sum_ext. intros k. ring.
Qed.

Lemma mean_gradients (x u : place s) : block_sum (fun k => p k * dot (sample_gradient k x) u) = dot (mean_loss_gradient x) u.
Proof.
  set (c := / dot x x). set (d := 2 * (c * / 2) * dot x u).
  assert (E : forall b, dot (quotient_gradient (diagonal n b) x) u = c * (dot (diagonal n b x) u - d * dot (diagonal n b x) x)).
  { intros b. unfold quotient_gradient, quotient. expand_dots. unfold c, d, Rdiv. rewrite Rinv_mult. fold c. ring. }
  unfold sample_gradient, mean_loss_gradient. rewrite E, <- !mean_products.
  rewrite (block_sum_ext _ (fun k => c * (p k * dot (diagonal n (a k) x) u) - c * d * (p k * dot (diagonal n (a k) x) x)))
    by (intros k; rewrite E; ring).
  rewrite block_sum_minus, !block_sum_scale. ring.
Qed.

(** Every step draws a sample, independently. *)
Definition independent : draws :=
  Draws m (fun _ _ => p) (fun _ _ => nonnegative) (fun _ _ => total) (fun _ _ _ _ _ => eq_refl).

Section Outcome.
Variable omega : path independent.

Fixpoint drawn_position (t : nat) : place s :=
  match t with
  | O => start
  | S t => minus (times 1 (drawn_position t)) (times (eta t) (sample_gradient (omega t) (drawn_position t)))
  end.

Definition sgd_run : run s := {|
  loss := fun t => sample_loss (omega t); loss_gradient := fun t => sample_gradient (omega t);
  objective := mean_loss; objective_gradient := mean_loss_gradient;
  position := drawn_position; learning_rate := fun t _ => eta t; rest_rate := 0; rest_schedule := fun _ => 0;
  decay := fun _ _ => 0; momentum := 0; buffer := fun _ _ => origin; first_shift := fun _ => 0 |}.

Lemma drawn_nonzero t : drawn_position t <> origin.
Proof.
  induction t as [|t IH]; [easy|].
  exact (step_nonzero n (a (omega t)) low high (between (omega t)) distinct 1 (eta t) (drawn_position t) Rlt_0_1 IH).
Qed.

Lemma sgd_scale_invariant : scale_invariant sgd_run.
Proof. split; [intros t|]; apply f_invariant. Qed.

Lemma sgd_twice_differentiable : twice_differentiable sgd_run.
Proof.
  split; [split; [intros t|]; intros x Hx|split; [intros t|]; intros x Hx; eexists].
  - exact (f_gradient n (a (omega t)) low high (between (omega t)) distinct x Hx).
  - exact (f_gradient n mean_entries low high mean_between distinct x Hx).
  - exact (f_jacobian n (a (omega t)) low high (between (omega t)) distinct x Hx).
  - exact (f_jacobian n mean_entries low high mean_between distinct x Hx).
Qed.

Lemma sgd_scheduled_step : scheduled_step sgd_run.
Proof.
  split; [|intros t; etransitivity; [|symmetry]; apply nothing_else]. intros t i.
  change (weights sgd_run (S t) i)
    with (part (minus (times 1 (drawn_position t)) (times (eta t) (sample_gradient (omega t) (drawn_position t)))) i).
  rewrite part_minus, times_one. parts. reflexivity.
Qed.

Lemma sgd_positive_norms : positive_norms sgd_run.
Proof.
  intros t i. rewrite (only_block n i). unfold squared_norm, weights. rewrite <- dot_of_block.
  apply square_pos, drawn_nonzero.
Qed.

Lemma sgd_noise_limited t i : gradient_norm sgd_run t i <= high - low.
Proof.
  unfold gradient_norm, gradient, weights. rewrite (only_block n i), <- !norm_of_block.
  set (b := a (omega t)). exact (gradient_bound (diagonal n b) (diagonal_linear n b) (diagonal_symmetric n b) low high
    (diagonal_between n b low high (between (omega t))) distinct (drawn_position t) (drawn_nonzero t)).
Qed.

Lemma sgd_mean_limited t i : mean_gradient_norm sgd_run t i <= high - low.
Proof.
  unfold mean_gradient_norm, mean_gradient, weights. rewrite (only_block n i), <- !norm_of_block.
  set (b := mean_entries). exact (gradient_bound (diagonal n b) (diagonal_linear n b) (diagonal_symmetric n b) low high
    (diagonal_between n b low high mean_between) distinct (drawn_position t) (drawn_nonzero t)).
Qed.
Definition mean_descent : run s := descent n mean_entries 1 0 start.
Definition sgd_constants : constants s := descent_constants n low high.

Lemma sgd_smooth_on_spheres : smooth_on_spheres sgd_run sgd_constants.
Proof.
  apply (smooth_of_objective mean_descent); [exact (eq_refl mean_loss)|].
  exact (descent_smooth_on_spheres n mean_entries low high mean_between distinct 1 0 start).
Qed.

Lemma sgd_bounded_below : bounded_below sgd_run sgd_constants.
Proof.
  apply (bounded_of_objective mean_descent); [exact (eq_refl mean_loss)|].
  exact (descent_bounded_below n mean_entries low high mean_between 1 0 start).
Qed.
End Outcome.

Definition sgd_chance : chance s := Chance s independent sgd_run.

(** The position at t is that of the draws before t. *)
Lemma drawn_position_redrawn omega t j : drawn_position (redraw t omega j) t = drawn_position omega t.
Proof.
  assert (H : forall k, (k <= t)%nat -> drawn_position (redraw t omega j) k = drawn_position omega k);
    [|now apply H].
  induction k as [|k IH]; intros Hk; [easy|]. cbn [drawn_position]. rewrite IH by lia.
  unfold redraw. destruct Nat.eq_dec; [lia|easy].
Qed.

Lemma sgd_unbiased : unbiased sgd_chance.
Proof.
  split.
  - split; [intros omega omega' x; exact (eq_refl (mean_loss x))|].
    split; [intros omega omega' x; exact (eq_refl (mean_loss_gradient x))|].
    split; [intros omega omega'; exact (eq_refl start)|]. intros omega omega' t E x.
    change (sample_gradient (omega t) x = sample_gradient (omega' t) x). rewrite (E t) by lia. reflexivity.
  - intros t omega u.
    change (block_sum (fun j => p j * dot (sample_gradient (redraw t omega j t) (drawn_position (redraw t omega j) t)) u)
      = dot (mean_loss_gradient (drawn_position omega t)) u).
    rewrite <- mean_gradients. apply block_sum_ext. intros j. rewrite drawn_position_redrawn.
    unfold redraw. destruct Nat.eq_dec as [_|N]; [reflexivity|lia].
Qed.

Lemma sgd_fixed_schedule : fixed_schedule sgd_chance.
Proof. intros omega omega' t. split; [intros i; exact (eq_refl (eta t))|exact (eq_refl 0)]. Qed.

Lemma sgd_noise_variance : noise_variance sgd_chance sgd_constants.
Proof.
  intros t omega. rewrite (conditional_mean_ext independent t _ (fun _ => 0)).
  - rewrite conditional_mean_constant. apply pow2_ge_0.
  - intros j. rewrite (nothing_else n (minus _ _)), norm_origin. ring.
Qed.

Lemma sgd_scale_variant_schedule : scale_variant_schedule sgd_chance sgd_constants (fun _ => 1).
Proof. split; [intros t; exact Rlt_0_1|]. right. apply nothing_else. Qed.
End Stochastic.

(** ** The plane: A = diag(1, 0) or A = 0, each with probability 1/2, at the rates e/sqrt(t + 1) *)

Definition coin (_ : Fin.t 2) : R := / 2.
Definition matrices (k j : Fin.t 2) : R := Fin.caseS' k (fun _ => R) (plane_entries j) (fun _ => 0).
Definition falling_rate (e : R) (t : nat) : R := e / sqrt (INR t + 1).
Definition always (k : Fin.t 2) : nat -> Fin.t 2 := fun _ => k.

Lemma coin_nonnegative k : 0 <= coin k.
Proof. unfold coin. lra. Qed.

Lemma coin_total : block_sum coin = 1.
Proof. unfold coin. simpl. lra. Qed.

Lemma matrices_between k j : 0 <= matrices k j <= 1.
Proof. apply (Fin.caseS' k); [apply plane_between|]. intros l. simpl. lra. Qed.

Lemma root_pos t : 0 < sqrt (INR t + 1).
Proof. apply sqrt_lt_R0. pose proof (pos_INR t). lra. Qed.

Lemma falling_rate_pos e t : 0 < e -> 0 < falling_rate e t.
Proof. intros. apply quotient_pos; [easy|apply root_pos]. Qed.

Lemma falling_rate_squared e t : falling_rate e t ^ 2 * (INR t + 1) = e ^ 2.
Proof.
  unfold falling_rate. rewrite <- (sqrt_square (INR t + 1)) at 2 by (pose proof (pos_INR t); lra).
  pose proof (root_pos t). field. lra.
Qed.

Lemma falling_rate_falls e t t' : 0 < e -> (t <= t')%nat -> falling_rate e t' <= falling_rate e t.
Proof.
  intros He Ht. apply Rmult_le_compat_l; [lra|]. apply Rinv_le_contravar; [apply root_pos|].
  apply sqrt_le_1_alt. apply le_INR in Ht. lra.
Qed.

Definition plane_chance (e : R) : chance (one_block 2) :=
  sgd_chance 2 1 coin matrices coin_nonnegative coin_total (falling_rate e) plane_start.

(** The two draws differ. *)
Lemma gradient_of_diagonal e : 0 < gradient_norm (outcome (plane_chance e) (always Fin.F1)) 0 (the_block 2).
Proof.
  unfold gradient_norm, gradient, weights. rewrite <- !norm_of_block.
  exact (Rmult_lt_0_compat _ _ (proj1 (norm_pos_iff _) plane_start_nonzero) plane_gradient).
Qed.

Lemma gradient_of_zero e : gradient_norm (outcome (plane_chance e) (always (Fin.FS Fin.F1))) 0 (the_block 2) = 0.
Proof.
  unfold gradient_norm, gradient, weights. rewrite <- !norm_of_block.
  change (norm plane_start * norm (quotient_gradient (diagonal 2 (fun _ => 0)) plane_start) = 0).
  replace (quotient_gradient (diagonal 2 (fun _ => 0)) plane_start) with (origin : place (one_block 2)).
  - rewrite norm_origin. ring.
  - assert (D : forall x u, dot (diagonal 2 (fun _ => 0) x) u = 0).
    { intros x u. rewrite dot_diagonal. apply block_sum_zero. intros j. ring. }
    apply equal_products. intros u. unfold quotient_gradient, quotient. expand_dots. rewrite !D, dot_origin.
    unfold Rdiv. ring.
Qed.

Theorem stochastic_descent_exists e :
  0 < e ->
  exists (s : shape) (c : chance s) (k : constants s) (w : nat -> R) (i : index s),
    (surely c scale_invariant /\ surely c twice_differentiable /\ surely c positive_start /\ surely c positive_rates) /\
    (surely c scheduled_step /\ fixed_schedule c /\ surely c first_rate_largest /\ surely c slow_decay) /\
    (unbiased c /\ noise_variance c k /\ scale_variant_schedule c k w) /\
    (surely c (fun r => noise_bounded r k) /\ surely c (fun r => mean_gradient_bounded r k)) /\
    (surely c (fun r => smooth_on_spheres r k) /\ decoupled k /\ surely c (fun r => bounded_below r k)) /\
    exists omega omega', gradient_norm (outcome c omega) 0 i <> gradient_norm (outcome c omega') 0 i.
Proof.
  intros He. exists (one_block 2), (plane_chance e), (sgd_constants 2 0 1), (fun _ => 1), (the_block 2).
  pose proof coin_nonnegative as N. pose proof coin_total as T. pose proof matrices_between as B.
  pose proof plane_start_nonzero as Z. pose proof (fun t => falling_rate_pos e t He) as L.
  split; [|split; [|split; [|split; [|split]]]].
  - split; [intros omega; apply sgd_scale_invariant|].
    split; [intros omega; exact (sgd_twice_differentiable 2 1 coin matrices 0 1 N T B Rlt_0_1 _ _ omega)|].
    split; [|intros omega t j; exact (L t)].
    intros omega j. exact (sgd_positive_norms 2 1 coin matrices 0 1 N T B Rlt_0_1 (falling_rate e) _ Z omega 0%nat j).
  - split; [intros omega; apply sgd_scheduled_step|]. split; [apply sgd_fixed_schedule|]. split.
    + intros omega t j. apply (falling_rate_falls e 0 t He). lia.
    + intros omega t j. split; [apply (falling_rate_falls e t (S t) He); lia|]. right.
      change (falling_rate e t ^ 2 * (INR t + 1) = falling_rate e (S t) ^ 2 * (INR t + 2)).
      replace (INR t + 2) with (INR (S t) + 1) by (rewrite S_INR; ring). now rewrite !falling_rate_squared.
  - split; [apply sgd_unbiased|]. split; [apply sgd_noise_variance|apply sgd_scale_variant_schedule].
  - split; intros omega t j.
    + exact (sgd_noise_limited 2 1 coin matrices 0 1 N T B Rlt_0_1 (falling_rate e) _ Z omega t j).
    + exact (sgd_mean_limited 2 1 coin matrices 0 1 N T B Rlt_0_1 (falling_rate e) _ Z omega t j).
  - split; [intros omega; exact (sgd_smooth_on_spheres 2 1 coin matrices 0 1 N T B Rlt_0_1 _ _ omega)|].
    split; [exact (descent_decoupled 2 0 1 Rlt_0_1)|].
    intros omega. exact (sgd_bounded_below 2 1 coin matrices 0 1 N T B _ _ omega).
  - exists (always Fin.F1), (always (Fin.FS Fin.F1)). rewrite gradient_of_zero. apply Rgt_not_eq, gradient_of_diagonal.
Qed.
