(** * Real inner-product spaces, their products, and derivatives in them *)

From Coq Require Import Reals Lra Lia FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums.
Local Open Scope R_scope.

Record space := Space {
  vector :> Type;
  origin : vector;
  plus : vector -> vector -> vector;
  times : R -> vector -> vector;
  dot : vector -> vector -> R;
  plus_comm : forall u v, plus u v = plus v u;
  plus_assoc : forall u v w, plus u (plus v w) = plus (plus u v) w;
  plus_origin : forall u, plus u origin = u;
  times_one : forall u, times 1 u = u;
  times_zero : forall u, times 0 u = origin;
  times_times : forall a b u, times a (times b u) = times (a * b) u;
  times_plus : forall a u v, times a (plus u v) = plus (times a u) (times a v);
  plus_times : forall a b u, times (a + b) u = plus (times a u) (times b u);
  dot_comm : forall u v, dot u v = dot v u;
  dot_plus : forall u v w, dot (plus u v) w = dot u w + dot v w;
  dot_times : forall a u v, dot (times a u) v = a * dot u v;
  dot_self_nonneg : forall u, 0 <= dot u u;
  dot_self_zero : forall u, dot u u = 0 -> u = origin
}.

Arguments origin {_}. Arguments plus {_}. Arguments times {_}. Arguments dot {_}.
Arguments plus_comm {_}. Arguments plus_assoc {_}. Arguments plus_origin {_}. Arguments times_one {_}.
Arguments times_zero {_}. Arguments times_times {_}. Arguments times_plus {_}. Arguments plus_times {_}.
Arguments dot_comm {_}. Arguments dot_plus {_}. Arguments dot_times {_}. Arguments dot_self_nonneg {_}.
Arguments dot_self_zero {_}.

Definition minus {E : space} (u v : E) : E := plus u (times (-1) v).
Definition norm {E : space} (v : E) : R := sqrt (dot v v).

(** ** Algebra *)

Section Algebra.
Context {E : space}.
Implicit Types u v w : E.

Lemma dot_plus_r u v w : dot u (plus v w) = dot u v + dot u w.
Proof. now rewrite dot_comm, dot_plus, (dot_comm v), (dot_comm w). Qed.

Lemma dot_times_r a u v : dot u (times a v) = a * dot u v.
Proof. now rewrite dot_comm, dot_times, dot_comm. Qed.

Lemma dot_minus u v w : dot (minus u v) w = dot u w - dot v w.
Proof. unfold minus. rewrite dot_plus, dot_times. ring. Qed.

Lemma dot_minus_r u v w : dot u (minus v w) = dot u v - dot u w.
Proof. unfold minus. rewrite dot_plus_r, dot_times_r. ring. Qed.

Lemma times_origin a : times a origin = (origin : E).
Proof. now rewrite <- (times_zero origin), times_times, Rmult_0_r. Qed.

Lemma dot_origin u : dot origin u = 0.
Proof. rewrite <- (times_zero origin), dot_times. ring. Qed.

Lemma dot_origin_r u : dot u origin = 0.
Proof. now rewrite dot_comm, dot_origin. Qed.

Lemma origin_plus u : plus origin u = u.
Proof. now rewrite plus_comm, plus_origin. Qed.

Lemma plus_opposite u : plus u (times (-1) u) = origin.
Proof.
  rewrite <- (times_one u) at 1. rewrite <- plus_times.
  replace (1 + -1) with 0 by ring. apply times_zero.
Qed.

Lemma minus_plus u v : plus (minus u v) v = u.
Proof. unfold minus. now rewrite <- plus_assoc, (plus_comm _ v), plus_opposite, plus_origin. Qed.

Lemma plus_minus u v : minus (plus u v) u = v.
Proof. unfold minus. now rewrite (plus_comm u v), <- plus_assoc, plus_opposite, plus_origin. Qed.

Lemma minus_zero_eq u v : minus u v = origin -> u = v.
Proof. intros H. rewrite <- (minus_plus u v), H. apply origin_plus. Qed.

Lemma norm_squared v : norm v ^ 2 = dot v v.
Proof. unfold norm. simpl. rewrite Rmult_1_r. apply sqrt_sqrt, dot_self_nonneg. Qed.

Lemma norm_nonneg v : 0 <= norm v.
Proof. apply sqrt_pos. Qed.

Lemma norm_origin : norm (origin : E) = 0.
Proof. unfold norm. rewrite dot_origin. apply sqrt_0. Qed.

Lemma norm_zero v : norm v = 0 -> v = origin.
Proof. intros H. apply dot_self_zero. rewrite <- norm_squared, H. ring. Qed.

Lemma norm_times a v : norm (times a v) = Rabs a * norm v.
Proof.
  unfold norm. rewrite dot_times, dot_times_r, <- Rmult_assoc.
  rewrite sqrt_mult_alt by apply Rle_0_sqr. f_equal. apply sqrt_Rsqr_abs.
Qed.

Lemma norm_of_square v a : 0 <= a -> dot v v = a ^ 2 -> norm v = a.
Proof. intros Ha H. unfold norm. rewrite H. now apply sqrt_pow2. Qed.

Lemma cauchy_schwarz u v : Rabs (dot u v) <= norm u * norm v.
Proof.
  apply Rsqr_incr_0_var; [|apply Rmult_le_pos; apply norm_nonneg].
  rewrite <- Rsqr_abs, !Rsqr_pow2, Rpow_mult_distr, !norm_squared.
  destruct (Req_dec (dot v v) 0) as [Z|Z].
  - rewrite (dot_self_zero v Z), !dot_origin_r. lra.
  - pose proof (dot_self_nonneg v). pose proof (dot_self_nonneg (minus (times (dot v v) u) (times (dot u v) v))) as P.
    rewrite dot_minus, !dot_minus_r, !dot_times, !dot_times_r, (dot_comm v u) in P.
    assert (0 <= dot v v * (dot u u * dot v v - dot u v ^ 2)) as Q by (simpl; lra).
    apply Rmult_le_reg_l with (dot v v); simpl in *; lra.
Qed.

Lemma dot_le_norms u v : dot u v <= norm u * norm v.
Proof. eapply Rle_trans; [apply Rle_abs|apply cauchy_schwarz]. Qed.

Lemma norm_plus u v : norm (plus u v) <= norm u + norm v.
Proof.
  apply Rsqr_incr_0_var; [|pose proof (norm_nonneg u); pose proof (norm_nonneg v); lra].
  rewrite !Rsqr_pow2, norm_squared, dot_plus, !dot_plus_r, (dot_comm v u), <- !norm_squared.
  pose proof (dot_le_norms u v). simpl. lra.
Qed.

Lemma times_minus a u v : times a (minus u v) = minus (times a u) (times a v).
Proof. unfold minus. rewrite times_plus, !times_times. do 2 f_equal. ring. Qed.

Lemma plus_swap (a b c d : E) : plus (plus a b) (plus c d) = plus (plus a c) (plus b d).
Proof. rewrite <- !plus_assoc. f_equal. rewrite !plus_assoc. f_equal. apply plus_comm. Qed.

(** Linear combinations of two vectors add up coefficient by coefficient. *)
Lemma plus_combinations a b c d u v :
  plus (plus (times a u) (times b v)) (plus (times c u) (times d v)) = plus (times (a + c) u) (times (b + d) v).
Proof. now rewrite plus_swap, <- !plus_times. Qed.

Lemma times_combination a b c u v : times c (plus (times a u) (times b v)) = plus (times (c * a) u) (times (c * b) v).
Proof. now rewrite times_plus, !times_times. Qed.

Definition unit_vector v := times (/ norm v) v.

Lemma unit_vector_norm v : 0 < norm v -> norm (unit_vector v) = 1.
Proof.
  intros H. unfold unit_vector. rewrite norm_times, Rabs_inv, (Rabs_pos_eq (norm v)) by lra. field. lra.
Qed.

Lemma times_unit_vector v : times (norm v) (unit_vector v) = v.
Proof.
  unfold unit_vector. rewrite times_times. destruct (Req_dec (norm v) 0) as [Z|Z].
  - rewrite (norm_zero v Z). apply times_origin.
  - rewrite Rinv_r by easy. apply times_one.
Qed.

Lemma norm_pos_iff v : v <> origin <-> 0 < norm v.
Proof.
  split; intros H.
  - pose proof (norm_nonneg v). destruct (Req_dec (norm v) 0) as [Z|Z]; [|lra]. now apply norm_zero in Z.
  - intros ->. rewrite norm_origin in H. lra.
Qed.
End Algebra.

(** ** Products *)

Definition pair_space (E F : space) : space.
Proof.
  refine {| vector := E * F; origin := (origin, origin);
    plus u v := (plus (fst u) (fst v), plus (snd u) (snd v));
    times a u := (times a (fst u), times a (snd u));
    dot u v := dot (fst u) (fst v) + dot (snd u) (snd v) |}; intros;
    repeat match goal with x : (_ * _)%type |- _ => destruct x end; simpl.
  1: abstract (now rewrite (plus_comm v), (plus_comm v0)).
  1: abstract (now rewrite !plus_assoc).
  1: abstract (now rewrite !plus_origin).
  1: abstract (now rewrite !times_one).
  1: abstract (now rewrite !times_zero).
  1: abstract (now rewrite !times_times).
  1: abstract (now rewrite !times_plus).
  1: abstract (now rewrite !plus_times).
  1: abstract (now rewrite (dot_comm v), (dot_comm v0)).
  1: abstract (rewrite !dot_plus; ring).
  1: abstract (rewrite !dot_times; ring).
  - abstract (apply Rplus_le_le_0_compat; apply dot_self_nonneg).
  - abstract (simpl in *; pose proof (dot_self_nonneg v); pose proof (dot_self_nonneg v0);
      f_equal; apply dot_self_zero; lra).
Defined.

Definition family_space {m : nat} (E : Fin.t m -> space) : space.
Proof.
  refine {| vector := forall i, E i; origin := fun i => origin;
    plus u v := fun i => plus (u i) (v i);
    times a u := fun i => times a (u i);
    dot u v := block_sum (fun i => dot (u i) (v i)) |}; intros.
  - abstract (apply functional_extensionality_dep; intros; apply plus_comm).
  - abstract (apply functional_extensionality_dep; intros; apply plus_assoc).
  - abstract (apply functional_extensionality_dep; intros; apply plus_origin).
  - abstract (apply functional_extensionality_dep; intros; apply times_one).
  - abstract (apply functional_extensionality_dep; intros; apply times_zero).
  - abstract (apply functional_extensionality_dep; intros; apply times_times).
  - abstract (apply functional_extensionality_dep; intros; apply times_plus).
  - abstract (apply functional_extensionality_dep; intros; apply plus_times).
  - abstract (apply block_sum_ext; intros; apply dot_comm).
  - abstract (rewrite <- block_sum_plus; apply block_sum_ext; intros; apply dot_plus).
  - abstract (rewrite <- block_sum_scale; apply block_sum_ext; intros; apply dot_times).
  - abstract (apply block_sum_nonneg; intros; apply dot_self_nonneg).
  - abstract (apply functional_extensionality_dep; intros i; apply dot_self_zero;
      pose proof (block_le_sum (fun i => dot (u i) (u i)) i (fun i => dot_self_nonneg (u i))) as P;
      simpl in P; pose proof (dot_self_nonneg (u i)); lra).
Defined.

(** The line, and R^n as n copies of it. *)
Definition line : space.
Proof.
  refine {| vector := R; origin := 0; plus := Rplus; times := Rmult; dot := Rmult |}; intros; try (abstract ring).
  - abstract apply Rle_0_sqr.
  - abstract (now apply Rsqr_0_uniq).
Defined.

Definition coordinates (n : nat) : space := family_space (fun _ : Fin.t n => line).

(** ** Derivatives

    Only what is o(|h|) matters, so all notions are stated by it. *)

Definition small_order {E F : space} (r : E -> F) : Prop :=
  forall eps, 0 < eps -> exists d, 0 < d /\ forall h, norm h < d -> norm (r h) <= eps * norm h.

(** g is the gradient of f at w. *)
Definition is_gradient {E : space} (f : E -> R) (w g : E) : Prop :=
  forall eps, 0 < eps -> exists d, 0 < d /\ forall h, norm h < d ->
    Rabs (f (plus w h) - f w - dot g h) <= eps * norm h.

Definition linear {E F : space} (A : E -> F) : Prop :=
  (forall u v, A (plus u v) = plus (A u) (A v)) /\ forall a u, A (times a u) = times a (A u).

Definition bounded {E F : space} (A : E -> F) : Prop := exists K, forall u, norm (A u) <= K * norm u.

(** The field G has the derivative A at w, a bounded linear map. *)
Definition is_jacobian {E F : space} (G : E -> F) (w : E) (A : E -> F) : Prop :=
  linear A /\ bounded A /\
  forall eps, 0 < eps -> exists d, 0 < d /\ forall h, norm h < d ->
    norm (minus (minus (G (plus w h)) (G w)) (A h)) <= eps * norm h.

(** The curve c has the velocity v at s. *)
Definition is_velocity {E : space} (c : R -> E) (s : R) (v : E) : Prop :=
  forall eps, 0 < eps -> exists d, 0 < d /\ forall h, Rabs h < d ->
    norm (minus (minus (c (s + h)) (c s)) (times h v)) <= eps * Rabs h.
