(** * Instances: the hypotheses of the claims can be met together

    Gradient descent, with or without weight decay, on the Rayleigh quotient w'Aw/(2 w'w) of a diagonal matrix A. *)

From Coq Require Import Reals Lra Lia FunctionalExtensionality.
From Coq Require Fin.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses points scale_invariance optimizers momentum rayleigh.
Local Open Scope R_scope.

(** ** One block of n numbers, nothing else *)

Definition one_block (n : nat) : shape := Shape 1 (fun _ => coordinates n) (family_space (fun _ : Fin.t 0 => line)).

Section OneBlock.
Variable n : nat.
Notation s := (one_block n).
Implicit Types x y u v : place s.

Definition the_block : index s := Fin.F1.

Lemma only_block (i : index s) : i = the_block.
Proof. apply (Fin.caseS' i); [easy|]. intros j. apply (Fin.case0 (fun _ => _) j). Qed.

Lemma nothing_else : @no_rest s.
Proof. intros u. apply functional_extensionality_dep. intros j. apply (Fin.case0 (fun _ => _) j). Qed.

Lemma one_block_single : single_block s.
Proof. split; [easy|apply nothing_else]. Qed.

Lemma place_eq x y : part x the_block = part y the_block -> x = y.
Proof.
  intros H. apply point_eq; [intros i; now rewrite (only_block i)|].
  now rewrite (nothing_else (rest_part x)), (nothing_else (rest_part y)).
Qed.

Lemma dot_of_block x y : dot x y = dot (part x the_block) (part y the_block).
Proof. rewrite dot_parts, (nothing_else (rest_part x)), dot_origin, Rplus_0_r. apply block_sum_single. Qed.

Lemma norm_of_block x : norm x = norm (part x the_block).
Proof. unfold norm. now rewrite dot_of_block. Qed.

Lemma nonzero_iff x : nonzero x <-> x <> origin.
Proof.
  split.
  - intros H ->. apply (H the_block). now parts.
  - intros H i E. apply H, place_eq. parts. now rewrite <- (only_block i).
Qed.

Lemma rescale_of_block i k x : rescale (only i k) x = times k x.
Proof. apply place_eq. parts. now rewrite (only_block i), only_same. Qed.

Lemma dot_coordinates (u v : coordinates n) : dot u v = block_sum (fun j => u j * v j).
Proof. easy. Qed.

(** ** A diagonal matrix *)

Variable a : Fin.t n -> R.

Definition stretch (u : coordinates n) : coordinates n := fun j => a j * u j.
Definition diagonal x : place s := assemble (fun i => stretch (part x i)) origin.

Lemma stretch_plus (u v : coordinates n) : stretch (plus u v) = plus (stretch u) (stretch v).
Proof. apply functional_extensionality_dep. intros j. apply Rmult_plus_distr_l. Qed.

Lemma stretch_times b (u : coordinates n) : stretch (times b u) = times b (stretch u).
Proof.
  apply functional_extensionality_dep. intros j. change (a j * (b * u j) = b * (a j * u j)). ring.
Qed.

Lemma diagonal_linear : linear diagonal.
Proof.
  split; intros; apply place_eq; unfold diagonal; parts; [apply stretch_plus|apply stretch_times].
Qed.

Lemma dot_diagonal x y : dot (diagonal x) y = block_sum (fun j => a j * (part x the_block j * part y the_block j)).
Proof.
  rewrite dot_of_block. unfold diagonal. parts. rewrite dot_coordinates. apply block_sum_ext. intros j.
  unfold stretch. ring.
Qed.

Lemma diagonal_symmetric x y : dot (diagonal x) y = dot x (diagonal y).
Proof. rewrite (dot_comm x), !dot_diagonal. apply block_sum_ext. intros j. ring. Qed.

Variables low high : R.
Hypothesis between : forall j, low <= a j <= high.

Lemma diagonal_between x : low * dot x x <= dot (diagonal x) x <= high * dot x x.
Proof.
  rewrite dot_diagonal, dot_of_block, dot_coordinates, <- !block_sum_scale.
  split; apply block_sum_le; intros j; apply Rmult_le_compat_r; try apply between;
    apply Rle_0_sqr.
Qed.
End OneBlock.

(** ** Gradient descent with decay on its Rayleigh quotient *)

Section Descent.
Variables (n : nat) (a : Fin.t n -> R) (low high : R).
Hypothesis between : forall j, low <= a j <= high.
Hypothesis distinct : low < high.
Variables (eta lam : R) (start : place (one_block n)).
Hypothesis rate : 0 < eta.
Hypothesis room : 0 <= eta * lam < 1.
Hypothesis start_nonzero : start <> origin.
Notation s := (one_block n).

Let f : place s -> R := quotient (diagonal n a).
Let G : place s -> place s := quotient_gradient (diagonal n a).

Fixpoint descent_position (t : nat) : place s :=
  match t with
  | O => start
  | S t => minus (times (1 - eta * lam) (descent_position t)) (times eta (G (descent_position t)))
  end.

(** Without momentum the buffer is the gradient with decay. *)
Definition descent_buffer (t : nat) (i : index s) : block s i :=
  match t with
  | O => origin
  | S t => plus (part (G (descent_position t)) i) (times lam (part (descent_position t) i))
  end.

Definition descent : run s := {|
  loss := fun _ => f; loss_gradient := fun _ => G; objective := f; objective_gradient := G;
  position := descent_position; learning_rate := fun _ _ => eta; rest_rate := 0; rest_schedule := fun _ => 0;
  decay := fun _ _ => lam; momentum := 0; buffer := descent_buffer;
  first_shift := fun _ => lam / (1 - eta * lam) |}.

Definition descent_constants : constants s := {|
  smoothness := fun _ _ => high - low; rest_coupling := fun _ => 0; rest_smoothness := 0;
  decoupled_smoothness := fun _ => high - low; rest_decoupled := 0; gradient_limit := fun _ => high - low;
  noise_limit := fun _ => high - low; noise_deviation := 0; least_value := low / 2; rest_price := 0 |}.

Let linear_A := diagonal_linear n a.
Let symmetric_A := diagonal_symmetric n a.
Let between_A := diagonal_between n a low high between.

Lemma f_invariant : scale_invariant_function f.
Proof. intros i k x Hk. rewrite rescale_of_block. apply quotient_scaled; [apply linear_A|lra]. Qed.

Lemma f_gradient x : nonzero x -> is_gradient f x (G x).
Proof. intros H. apply (quotient_has_gradient _ linear_A symmetric_A low high between_A distinct). now apply nonzero_iff. Qed.

Lemma f_jacobian x : nonzero x -> is_jacobian G x (quotient_second (diagonal n a) x).
Proof. intros H. apply (gradient_has_jacobian _ linear_A symmetric_A low high between_A distinct). now apply nonzero_iff. Qed.

Lemma descent_scale_invariant : scale_invariant descent.
Proof. split; [intros t|]; apply f_invariant. Qed.

Lemma descent_differentiable : differentiable descent.
Proof. split; [intros t|]; apply f_gradient. Qed.

Lemma descent_twice_differentiable : twice_differentiable descent.
Proof.
  split; [apply descent_differentiable|]. split; [intros t|]; intros x Hx; eexists; now apply f_jacobian.
Qed.

Lemma descent_full_gradient : full_gradient descent.
Proof. intros t x. reflexivity. Qed.

Lemma descent_positive_rates : positive_rates descent.
Proof. intros t i. exact rate. Qed.

Lemma descent_constant_rate : constant_rate descent.
Proof. intros t i. reflexivity. Qed.

Lemma descent_decay_step : decay_step descent.
Proof.
  intros t i. change (weights descent (S t) i)
    with (part (minus (times (1 - eta * lam) (descent_position t)) (times eta (G (descent_position t)))) i).
  rewrite part_minus. parts. reflexivity.
Qed.

Lemma descent_gradient_step : lam = 0 -> gradient_step descent.
Proof.
  intros L. split; [|intros t; etransitivity; [|symmetry]; apply nothing_else].
  intros t i. rewrite descent_decay_step. change (decay descent t i) with lam.
  now rewrite L, Rmult_0_r, Rminus_0_r, times_one.
Qed.

Lemma descent_heavy_ball_step : heavy_ball_step descent.
Proof.
  split; intros t i.
  - apply equal_products. intros u. unfold decayed_gradient. expand_dots.
    change (buffer descent (S t) i) with (plus (gradient descent t i) (times lam (weights descent t i))). expand_dots.
    simpl. ring.
  - rewrite descent_decay_step. change (buffer descent (S t) i)
      with (plus (gradient descent t i) (times lam (weights descent t i))).
    apply equal_products. intros u. expand_dots. simpl. ring.
Qed.

Lemma descent_no_momentum : no_momentum descent.
Proof. reflexivity. Qed.

(** The weights never vanish: the gradient is orthogonal to what decay leaves of them. *)
Lemma step_nonzero b c x : 0 < b -> x <> origin -> minus (times b x) (times c (G x)) <> origin.
Proof.
  intros Hb Hx E.
  assert (O : dot (G x) x = 0).
  { rewrite dot_of_block. apply (gradient_orthogonal f f_invariant). apply f_gradient. now apply nonzero_iff. }
  apply (f_equal (fun u => dot u x)) in E. rewrite dot_minus, !dot_times, O, dot_origin in E.
  pose proof (Rmult_lt_0_compat b (dot x x) Hb (square_pos x Hx)). lra.
Qed.

Lemma descent_nonzero t : descent_position t <> origin.
Proof. induction t as [|t IH]; [easy|]. apply step_nonzero; [lra|easy]. Qed.

Lemma descent_positive_norms : positive_norms descent.
Proof.
  intros t i. rewrite (only_block n i). unfold squared_norm, weights. rewrite <- dot_of_block.
  apply square_pos, descent_nonzero.
Qed.

Lemma descent_positive_factor : positive_factor descent.
Proof. intros t i. unfold shrink. simpl. lra. Qed.

Lemma descent_positive_root : positive_root descent (fun _ => 1 - eta * lam).
Proof. intros t i. simpl. split; [lra|ring]. Qed.

Lemma descent_settled_shift : settled_shift descent (fun _ => 1 - eta * lam).
Proof. intros i. simpl. field. lra. Qed.

(** *** The constants *)

Lemma descent_smooth_on_spheres : smooth_on_spheres descent descent_constants.
Proof.
  intros x Hx.
  assert (N : nonzero x) by (intros i E; specialize (Hx i); rewrite E, norm_origin in Hx; lra).
  assert (V : forall u : place s, @rest_tangent s u -> False).
  { intros u [E U]. rewrite (nothing_else n (rest_part u)) in E. rewrite E in U.
    rewrite norm_of_block in U. parts. rewrite norm_origin in U. lra. }
  split; [|split].
  - intros i j xi zeta (_ & X1 & X2) (_ & Z1 & Z2).
    rewrite (only_block n i) in X2. rewrite (only_block n j) in Z2. rewrite <- dot_of_block in X2, Z2.
    change (Rabs (twice_along f x xi zeta) <= high - low).
    rewrite (twice_along_jacobian f G f_gradient x xi zeta _ N (f_jacobian x N)).
    apply (second_on_tangents _ linear_A symmetric_A low high between_A); try easy; [now apply nonzero_iff|].
    rewrite norm_of_block. apply Hx.
  - intros i xi zeta _ Z. now destruct (V zeta).
  - intros xi zeta X _. now destruct (V xi).
Qed.

Lemma descent_decoupled : decoupled descent_constants.
Proof.
  split; [intros i; simpl; lra|]. intros y z. right. unfold quadratic_form. rewrite !block_sum_single. simpl. ring.
Qed.

Lemma gradient_limited t i : gradient_norm descent t i <= high - low.
Proof.
  unfold gradient_norm, gradient, weights. rewrite (only_block n i), <- !norm_of_block.
  apply (gradient_bound _ linear_A symmetric_A low high between_A distinct). apply descent_nonzero.
Qed.

Lemma descent_gradient_bounded : gradient_bounded descent descent_constants.
Proof. exact gradient_limited. Qed.

Lemma descent_mean_gradient_bounded : mean_gradient_bounded descent descent_constants.
Proof. exact gradient_limited. Qed.

Lemma descent_noise_bounded : noise_bounded descent descent_constants.
Proof. exact gradient_limited. Qed.

Lemma descent_bounded_below : bounded_below descent descent_constants.
Proof.
  intros x Hx. apply nonzero_iff in Hx.
  pose proof (quotient_between _ low high between_A x Hx) as B. simpl. fold f in B. lra.
Qed.

Lemma descent_even : even_function descent.
Proof. intros i x. simpl. rewrite rescale_of_block. apply quotient_scaled; [apply linear_A|lra]. Qed.

Lemma descent_scale_variant_rate : scale_variant_rate descent descent_constants.
Proof. right. split; [apply nothing_else|reflexivity]. Qed.
End Descent.

(** ** The plane: A = diag(1, 0), from (1, 1) *)

Definition plane_entries (j : Fin.t 2) : R := Fin.caseS' j (fun _ => R) 1 (fun _ => 0).
Definition ones : coordinates 2 := fun _ : Fin.t 2 => 1.
Definition plane_start : place (one_block 2) := @assemble (one_block 2) (fun _ => ones) origin.

Lemma plane_between j : 0 <= plane_entries j <= 1.
Proof. apply (Fin.caseS' j); [|intros k]; simpl; lra. Qed.

Lemma plane_start_nonzero : plane_start <> origin.
Proof.
  intros E. apply (f_equal (fun x => part x (the_block 2) Fin.F1)) in E.
  unfold plane_start in E. rewrite part_assemble, part_origin in E. change (1 = 0) in E. lra.
Qed.

(** (1, 1) is no eigenvector. *)
Lemma plane_gradient : 0 < norm (quotient_gradient (diagonal 2 plane_entries) plane_start).
Proof.
  apply norm_pos_iff. intros E.
  pose proof (gradient_times (diagonal 2 plane_entries) plane_start plane_start_nonzero) as K.
  rewrite E, times_origin in K. unfold shifted in K. apply minus_zero_eq in K.
  pose proof (f_equal (fun x => part x (the_block 2) Fin.F1) K) as K1.
  pose proof (f_equal (fun x => part x (the_block 2) (Fin.FS Fin.F1)) K) as K2.
  unfold diagonal, plane_start in K1, K2. rewrite part_assemble in K1, K2. rewrite part_times, part_assemble in K1, K2.
  set (q := quotient _ _) in *. change (1 * 1 = 2 * q * 1) in K1. change (0 * 1 = 2 * q * 1) in K2. lra.
Qed.

Definition plane_run (eta lam : R) : run (one_block 2) := descent 2 plane_entries eta lam plane_start.
Definition plane_constants : constants (one_block 2) := descent_constants 2 0 1.

Lemma plane_gradient_norm eta lam : 0 < gradient_norm (plane_run eta lam) 0 (the_block 2).
Proof.
  unfold gradient_norm, gradient, weights. rewrite <- !norm_of_block.
  apply Rmult_lt_0_compat; [apply norm_pos_iff, plane_start_nonzero|apply plane_gradient].
Qed.

Theorem gradient_descent_exists eta :
  0 < eta ->
  exists (s : shape) (r : run s) (k : constants s) (i : index s),
    (scale_invariant r /\ twice_differentiable r /\ full_gradient r /\ @even_function s r) /\
    (gradient_step r /\ constant_rate r /\ positive_start r /\ positive_rates r /\ learning_rate r 0 i = eta) /\
    (smooth_on_spheres r k /\ decoupled k /\ gradient_bounded r k /\ bounded_below r k) /\
    (single_block s /\ scale_variant_rate r k) /\ 0 < gradient_norm r 0 i.
Proof.
  intros He. exists (one_block 2), (plane_run eta 0), plane_constants, (the_block 2).
  pose proof plane_between as B. pose proof plane_start_nonzero as Z. assert (D : 0 < 1) by lra.
  assert (R : 0 <= eta * 0 < 1) by lra.
  split; [|split; [|split; [|split; [split|apply plane_gradient_norm]]]].
  - split; [apply descent_scale_invariant|]. split; [eapply descent_twice_differentiable; eauto|].
    split; [apply descent_full_gradient|apply descent_even].
  - split; [now apply descent_gradient_step|]. split; [apply descent_constant_rate|].
    split; [|split; [now apply descent_positive_rates|easy]]. intros i. eapply descent_positive_norms; eauto.
  - split; [eapply descent_smooth_on_spheres; eauto|]. split; [now apply descent_decoupled|].
    split; [eapply descent_gradient_bounded; eauto|eapply descent_bounded_below; eauto].
  - apply one_block_single.
  - apply descent_scale_variant_rate.
Qed.

Theorem decayed_descent_exists eta lam :
  0 < eta -> 0 < eta * lam < 1 ->
  exists (s : shape) (r : run s) (a : index s -> R) (i : index s),
    scale_invariant r /\ differentiable r /\ positive_norms r /\ positive_rates r /\ constant_rate r /\
    heavy_ball_step r /\ decay_step r /\ no_momentum r /\ positive_factor r /\ decay_range r /\
    positive_root r a /\ settled_shift r a /\ 0 < gradient_norm r 0 i.
Proof.
  intros He Hl. exists (one_block 2), (plane_run eta lam), (fun _ => 1 - eta * lam), (the_block 2).
  pose proof plane_between as B. pose proof plane_start_nonzero as Z. assert (D : 0 < 1) by lra.
  assert (R : 0 <= eta * lam < 1) by lra.
  split; [apply descent_scale_invariant|]. split; [eapply descent_differentiable; eauto|].
  split; [eapply descent_positive_norms; eauto|]. split; [now apply descent_positive_rates|].
  split; [apply descent_constant_rate|]. split; [apply descent_heavy_ball_step|]. split; [apply descent_decay_step|].
  split; [apply descent_no_momentum|]. split; [now apply descent_positive_factor|]. split; [easy|].
  split; [now apply descent_positive_root|]. split; [now apply descent_settled_shift|].
  apply plane_gradient_norm.
Qed.
