(** * What the hypotheses of the claims mean

    Each is named as in the registry. Constants of a claim (L, Lambda, ...) come as a record beside the run. *)

From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces runs.
Local Open Scope R_scope.

(** ** The losses *)

(** All blocks differ from zero. *)
Definition nonzero {s : shape} (x : place s) : Prop := forall i, part x i <> origin.

Definition scale_invariant_function {s : shape} (f : place s -> R) : Prop :=
  forall i k x, 0 < k -> f (rescale (only i k) x) = f x.

Definition scale_invariant {s : shape} (r : run s) : Prop :=
  (forall t, scale_invariant_function (loss r t)) /\ scale_invariant_function (objective r).

Definition differentiable {s : shape} (r : run s) : Prop :=
  (forall t x, nonzero x -> is_gradient (loss r t) x (loss_gradient r t x)) /\
  (forall x, nonzero x -> is_gradient (objective r) x (objective_gradient r x)).

(** The gradients have derivatives too. (That these are continuous, as the registry says, is never needed.) *)
Definition twice_differentiable {s : shape} (r : run s) : Prop :=
  differentiable r /\
  (forall t x, nonzero x -> exists A, is_jacobian (loss_gradient r t) x A) /\
  (forall x, nonzero x -> exists A, is_jacobian (objective_gradient r) x A).

Definition full_gradient {s : shape} (r : run s) : Prop := forall t x, loss r t x = objective r x.

(** ** The constants *)

Record constants (s : shape) := Constants {
  smoothness : index s -> index s -> R;      (* L_ij *)
  rest_coupling : index s -> R;              (* L_ig *)
  rest_smoothness : R;                       (* L_gg *)
  decoupled_smoothness : index s -> R;       (* Lambda_i *)
  rest_decoupled : R;                        (* Lambda_g *)
  gradient_limit : index s -> R;             (* Gbar_i *)
  noise_limit : index s -> R;                (* Gs_i *)
  noise_deviation : R;                       (* sigma *)
  least_value : R;                           (* f_low *)
  rest_price : R                             (* nu_0 *)
}.
Arguments smoothness {s}. Arguments rest_coupling {s}. Arguments rest_smoothness {s}. Arguments decoupled_smoothness {s}.
Arguments rest_decoupled {s}. Arguments gradient_limit {s}. Arguments noise_limit {s}. Arguments noise_deviation {s}.
Arguments least_value {s}. Arguments rest_price {s}.

Section Constants.
Context {s : shape}.
Variables (r : run s) (k : constants s).

(** y' M y + 2 y_g M_g y + L_gg y_g^2 *)
Definition quadratic_form (y : index s -> R) (z : R) : R :=
  block_sum (fun i => block_sum (fun j => smoothness k i j * y i * y j))
  + 2 * block_sum (fun i => rest_coupling k i * y i * z) + rest_smoothness k * z ^ 2.

Definition on_spheres (x : place s) : Prop := forall i, norm (part x i) = 1.

(** A unit vector of block i, tangent to its sphere at x; a unit vector of g. *)
Definition block_tangent (x : place s) (i : index s) (xi : place s) : Prop :=
  xi = inside i xi /\ norm xi = 1 /\ dot (part x i) (part xi i) = 0.
Definition rest_tangent (xi : place s) : Prop := xi = assemble (fun _ => origin) (rest_part xi) /\ norm xi = 1.

Definition smooth_on_spheres : Prop :=
  forall x, on_spheres x ->
  (forall i j xi zeta, block_tangent x i xi -> block_tangent x j zeta ->
     Rabs (twice_along (objective r) x xi zeta) <= smoothness k i j) /\
  (forall i xi zeta, block_tangent x i xi -> rest_tangent zeta ->
     Rabs (twice_along (objective r) x xi zeta) <= rest_coupling k i /\
     Rabs (twice_along (objective r) x zeta xi) <= rest_coupling k i) /\
  (forall xi zeta, rest_tangent xi -> rest_tangent zeta ->
     Rabs (twice_along (objective r) x xi zeta) <= rest_smoothness k).

(** Every block has at least two coordinates: each vector has a unit vector orthogonal to it. *)
Definition two_coordinates : Prop :=
  forall (i : index s) (x : place s), exists u : place s, norm (part u i) = 1 /\ dot (part x i) (part u i) = 0.

(** The sign of L. *)
Definition nonnegative_smoothness : Prop := forall i, 0 <= smoothness k i i.

Definition decoupled : Prop :=
  (forall i, 0 < decoupled_smoothness k i) /\
  forall y z, quadratic_form y z <= block_sum (fun i => decoupled_smoothness k i * y i ^ 2) + rest_decoupled k * z ^ 2.

Definition gradient_bounded : Prop := forall t i, gradient_norm r t i <= gradient_limit k i.
Definition mean_gradient_bounded : Prop := forall t i, mean_gradient_norm r t i <= gradient_limit k i.
Definition noise_bounded : Prop := forall t i, gradient_norm r t i <= noise_limit k i.
Definition bounded_below : Prop := forall x, nonzero x -> least_value k <= objective r x.

(** f(-w) = f(w) for each block alone. *)
Definition even_function : Prop := forall i x, objective r (rescale (only i (-1)) x) = objective r x.

(** kappa, and the price nu_0 of a unit of the squared gradient in g; without g there is none. *)
Definition kappa : R := 1 - rest_rate r * rest_decoupled k / 2.
Definition gap : R := value r 0 - least_value k.
Definition no_rest : Prop := forall u : rest s, u = origin.
Definition scale_variant_rate : Prop :=
  (0 < rest_rate r /\ 0 < kappa /\ rest_price k = 1 / (kappa * rest_rate r)) \/ (no_rest /\ rest_price k = 0).

(** The rate of g is not negative, where there is g. *)
Definition nonnegative_rest_rate : Prop := 0 <= rest_rate r \/ no_rest.

(** One block, no scale-variant parameters. *)
Definition single_block : Prop := blocks s = 1%nat /\ no_rest.
End Constants.
Arguments two_coordinates : clear implicits.
Arguments single_block : clear implicits.

(** ** The steps *)

Section Steps.
Context {s : shape}.
Variable r : run s.

Definition positive_start : Prop := forall i, 0 < squared_norm r 0 i.
Definition positive_norms : Prop := forall t i, 0 < squared_norm r t i.
Definition positive_rates : Prop := forall t i, 0 < learning_rate r t i.
Definition constant_rate : Prop := forall t i, learning_rate r t i = learning_rate r 0 i.

Definition blocks_step : Prop :=
  forall t i, weights r (S t) i = minus (weights r t i) (times (learning_rate r t i) (gradient r t i)).
Definition gradient_step : Prop :=
  blocks_step /\
  forall t, rest_part (position r (S t)) = minus (rest_part (position r t)) (times (rest_rate r) (rest_gradient r t)).
Definition scheduled_step : Prop :=
  blocks_step /\
  forall t, rest_part (position r (S t)) = minus (rest_part (position r t)) (times (rest_schedule r t) (rest_gradient r t)).

Definition predicted_defect (d : nat -> index s -> R) : Prop :=
  forall t i, squared_norm r (S t) i
    = squared_norm r t i + learning_rate r t i ^ 2 * dot (gradient r t i) (gradient r t i) + d t i.

Definition first_rate_largest : Prop := forall t i, learning_rate r t i <= learning_rate r 0 i.

Definition decay_step : Prop :=
  forall t i, weights r (S t) i
    = minus (times (1 - learning_rate r t i * decay r t i) (weights r t i)) (times (learning_rate r t i) (gradient r t i)).
Definition decayed_gradient t i : block s i := plus (gradient r t i) (times (decay r t i) (weights r t i)).
Definition buffer_step : Prop :=
  forall t i, buffer r (S t) i = plus (times (momentum r) (buffer r t i)) (decayed_gradient t i).
Definition heavy_ball_step : Prop :=
  buffer_step /\ forall t i, weights r (S t) i = minus (weights r t i) (times (learning_rate r t i) (buffer r (S t) i)).
Definition nesterov_step : Prop :=
  buffer_step /\
  forall t i, weights r (S t) i
    = minus (weights r t i)
        (times (learning_rate r t i) (plus (decayed_gradient t i) (times (momentum r) (buffer r (S t) i)))).
Definition no_momentum : Prop := momentum r = 0.
Definition no_decay : Prop := forall t i, decay r t i = 0.
Definition zero_buffer : Prop := forall i, buffer r 0 i = origin.
Definition momentum_range : Prop := 0 <= momentum r < 1.
Definition decay_range : Prop := forall t i, 0 < learning_rate r t i * decay r t i < 1.
Definition positive_factor : Prop := forall t i, 0 < shrink r t i.
Definition positive_root (a : index s -> R) : Prop :=
  forall t i, 0 < a i /\ a i ^ 2 - (1 + momentum r - learning_rate r t i * decay r t i) * a i + momentum r = 0.
Definition settled_shift (a : index s -> R) : Prop :=
  forall i, first_shift r i = (1 - a i) / (learning_rate r 0 i * a i).
(** |w| + u_r > 0, u_r = <w, u>/|w|. *)
Definition forward : Prop := forall t i, 0 < norm (weights r t i) + radial_update r t i / norm (weights r t i).
Definition squared_gradient (Q : index s -> R) : Prop := forall t i, gradient_norm r t i ^ 2 = Q i.
Definition uncorrelated_gradient : Prop := forall t i, dot (gradient r t i) (buffer r t i) = 0.
Definition stationary : Prop :=
  forall t i, squared_norm r (S t) i = squared_norm r t i /\ buffer_product r (S t) i = buffer_product r t i /\
    squared_buffer r (S t) i = squared_buffer r t i.
End Steps.
