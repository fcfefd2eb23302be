(** * Runs, and what the letters of the claims mean

    A run is whatever an optimiser did: losses, positions, learning rates. It satisfies nothing by itself; the hypotheses of
    the claims, in hypotheses.v, say what it does. A letter of a claim is a function of the run, the step t and the block i. *)

From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces.
Local Open Scope R_scope.

(** The blocks of weights and the scale-variant parameters g, each with its space. *)
Record shape := Shape { blocks : nat; block : Fin.t blocks -> space; rest : space }.

Notation index s := (Fin.t (blocks s)).

(** A point: the weights of every block, and g. *)
Definition place (s : shape) : space := pair_space (family_space (block s)) (rest s).

Record run (s : shape) := Run {
  loss : nat -> place s -> R;                       (* f_t, whose gradient step t uses *)
  loss_gradient : nat -> place s -> place s;
  objective : place s -> R;                         (* f, the full loss *)
  objective_gradient : place s -> place s;
  position : nat -> place s;                        (* W_t and g_t *)
  learning_rate : nat -> index s -> R;              (* eta *)
  rest_rate : R;                                    (* eta_g where it is constant *)
  rest_schedule : nat -> R;                         (* eta_g at step t *)
  decay : nat -> index s -> R;                      (* lambda *)
  momentum : R;                                     (* beta *)
  buffer : forall (t : nat) (i : index s), block s i; (* m_t *)
  first_shift : index s -> R                        (* c_0 of decay-equivalence, chosen at will *)
}.
Arguments loss {s}. Arguments loss_gradient {s}. Arguments objective {s}. Arguments objective_gradient {s}.
Arguments position {s}. Arguments learning_rate {s}. Arguments rest_rate {s}. Arguments rest_schedule {s}.
Arguments decay {s}. Arguments momentum {s}. Arguments buffer {s}. Arguments first_shift {s}.

(** ** Points *)

(** The part of a point in a block and in g, and the point that has given parts. *)
Definition part {s : shape} (x : place s) (i : index s) : block s i := fst x i.
Definition rest_part {s : shape} (x : place s) : rest s := snd x.
Definition assemble {s : shape} (w : forall i : index s, block s i) (g : rest s) : place s := (w, g).

(** Every block multiplied by a number of its own; g as it is. *)
Definition rescale {s : shape} (k : index s -> R) (x : place s) : place s :=
  assemble (fun i => times (k i) (part x i)) (rest_part x).

(** k at block i, 1 elsewhere. *)
Definition only {s : shape} (i : index s) (k : R) : index s -> R := fun j => if Fin.eq_dec i j then k else 1.

(** What a direction has in block i, and what it has outside. *)
Definition inside {s : shape} (i : index s) (u : place s) : place s :=
  assemble (fun j => if Fin.eq_dec i j then part u j else origin) origin.
Definition outside {s : shape} (i : index s) (u : place s) : place s :=
  assemble (fun j => if Fin.eq_dec i j then origin else part u j) (rest_part u).

(** All blocks at norm one: V_t. *)
Definition normalised {s : shape} (x : place s) : place s := rescale (fun i => / norm (part x i)) x.

(** Derivatives along lines: D f(x)[u], D^2 f(x)[u, v]. *)
Definition along {E : space} (f : E -> R) (x u : E) : R := Derive (fun a => f (plus x (times a u))) 0.
Definition twice_along {E : space} (f : E -> R) (x u v : E) : R := Derive (fun a => along f (plus x (times a u)) v) 0.

Section Letters.
Context {s : shape}.
Variable r : run s.
Implicit Types (t : nat) (i : index s) (u v xi : place s) (phi : R).

Definition weights t i : block s i := part (position r t) i.
Definition gradient t i : block s i := part (loss_gradient r t (position r t)) i.
Definition rest_gradient t : rest s := rest_part (loss_gradient r t (position r t)).
Definition mean_gradient t i : block s i := part (objective_gradient r (position r t)) i.
Definition mean_rest_gradient t : rest s := rest_part (objective_gradient r (position r t)).

(** *** Norms and rates *)
Definition squared_norm t i : R := dot (weights t i) (weights t i).                                (* S *)
Definition inverse_rate t i : R := squared_norm t i / learning_rate r t i.                         (* b *)
Definition gradient_norm t i : R := norm (weights t i) * norm (gradient t i).                      (* |G| *)
Definition rest_gradient_norm t : R := norm (rest_gradient t).                                     (* |H| *)
Definition value t : R := objective r (position r t).                                              (* f *)
Definition step_value t : R := loss r t (position r t).                                            (* f_t(W_t) *)
Definition cosine t i : R := dot (weights (S t) i) (weights t i) / (norm (weights (S t) i) * norm (weights t i)).
Definition angle t i : R := acos (cosine t i).
Definition turned t i : R := atan (gradient_norm t i / inverse_rate t i).                          (* theta *)
Definition tangent t i : R := gradient_norm t i / inverse_rate t i.                                (* x *)
(** The distance of v_{t+1} from cos(theta) v - sin(theta) G/|G|. *)
Definition off_circle t i : R :=
  norm (plus (minus (unit_vector (weights (S t) i)) (times (cos (turned t i)) (unit_vector (weights t i))))
             (times (sin (turned t i)) (unit_vector (gradient t i)))).
Definition defect t i : R :=
  squared_norm (S t) i - squared_norm t i - learning_rate r t i ^ 2 * dot (gradient t i) (gradient t i).
Definition squared_rates t i : R := step_sum t (fun k => learning_rate r k i ^ 2).                 (* E *)

(** *** At a point, along directions *)
Definition scaled_position t i (k : R) : place s := rescale (only i k) (position r t).
Definition radial t i : R := along (loss r t) (position r t) (inside i (position r t)).
Definition slope t i u : R := along (loss r t) (position r t) (inside i u).
Definition slope_scaled t i k u : R := along (loss r t) (scaled_position t i k) (inside i u).
Definition curvature t i u v : R := twice_along (loss r t) (position r t) (inside i u) (inside i v).
Definition curvature_scaled t i k u v : R := twice_along (loss r t) (scaled_position t i k) (inside i u) (inside i v).
Definition curvature_radial t i u : R := twice_along (loss r t) (position r t) (inside i (position r t)) (inside i u).
Definition curvature_mixed t i u : R := twice_along (loss r t) (position r t) (inside i (position r t)) (outside i u).

(** *** Along the great circle of block i through V_t with the tangent xi *)
Definition unit_tangent t i xi : Prop := norm (part xi i) = 1 /\ dot (weights t i) (part xi i) = 0.
Definition circle t i xi phi : place s :=
  plus (normalised (position r t))
    (plus (times (cos phi - 1) (inside i (normalised (position r t)))) (times (sin phi) (inside i xi))).
Definition circle_tangent t i xi phi : place s :=
  plus (times (- sin phi) (inside i (normalised (position r t)))) (times (cos phi) (inside i xi)).
Definition circle_value t i xi phi : R := loss r t (circle t i xi phi).
Definition circle_second t i xi phi : R := Derive (Derive (circle_value t i xi)) phi.
Definition circle_curvature t i xi phi : R :=
  twice_along (loss r t) (circle t i xi phi) (circle_tangent t i xi phi) (circle_tangent t i xi phi).
Definition circle_drop t i xi phi : R := circle_value t i xi phi - circle_value t i xi 0.

(** *** The full gradient beside the one that a step uses *)
Definition mean_gradient_norm t i : R := norm (weights t i) * norm (mean_gradient t i).
Definition mean_rest_gradient_norm t : R := norm (mean_rest_gradient t).
Definition cross t i : R := squared_norm t i * dot (mean_gradient t i) (gradient t i).
Definition rest_cross t : R := dot (mean_rest_gradient t) (rest_gradient t).

(** *** Weight decay and momentum *)
Definition buffer_product t i : R := dot (weights t i) (buffer r t i).                             (* p *)
Definition squared_buffer t i : R := dot (buffer r t i) (buffer r t i).                            (* |m|^2 *)
Definition inertia t i : R :=
  step_sum t (fun k => momentum r ^ (t - k) * learning_rate r k i * squared_buffer (S k) i).
Definition lookahead t i : R :=
  let y := plus (weights t i) (times (learning_rate r t i * momentum r) (buffer r t i)) in dot y y.

(** The shift c, the factor rho and the scale R of the run without decay. *)
Fixpoint shift t i : R :=
  match t with
  | O => first_shift r i
  | S n => (decay r n i + momentum r * shift n i) / (1 - learning_rate r n i * (decay r n i + momentum r * shift n i))
  end.
Definition shrink t i : R := 1 - learning_rate r t i * (decay r t i + momentum r * shift t i).
Fixpoint scale t i : R := match t with O => 1 | S n => shrink n i * scale n i end.
Definition squared_norm_hat t i : R := squared_norm t i / scale t i ^ 2.
Definition learning_rate_hat t i : R := learning_rate r t i / (scale t i * scale (S t) i).
(** The weights and the buffer of the run without decay, and its gradient. *)
Definition weights_hat t i : block s i := times (/ scale t i) (weights t i).
Definition buffer_hat t i : block s i := times (scale t i) (minus (buffer r t i) (times (shift t i) (weights t i))).
Definition gradient_hat t i : block s i :=
  part (loss_gradient r t (rescale (fun j => / scale t j) (position r t))) i.
Definition stepped_buffer_hat t i : block s i := plus (times (momentum r) (buffer_hat t i)) (gradient_hat t i).
Definition drift t i : R :=
  norm (minus (weights_hat (S t) i) (minus (weights_hat t i) (times (learning_rate_hat t i) (stepped_buffer_hat t i)))).
Definition buffer_drift t i : R := norm (minus (buffer_hat (S t) i) (stepped_buffer_hat t i)).

(** *** Any update *)
Definition update t i : block s i := minus (weights (S t) i) (weights t i).
Definition update_norm t i : R := norm (update t i).
Definition radial_update t i : R := dot (weights t i) (update t i).
Definition tangential_update t i : R :=
  norm (minus (update t i) (times (radial_update t i / squared_norm t i) (weights t i))).
End Letters.
