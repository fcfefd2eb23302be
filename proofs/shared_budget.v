(** * The shared budget: a Lagrange multiplier for the sum of the squared gradients *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import sums spaces calculus runs hypotheses vocabulary norm_growth elementary lyapunov roots gd_rate.
Local Open Scope R_scope.

(** ** The claim's functions *)

(** One block's share when its b has grown by the increment. *)
Definition share (c Lam b_0 nu increment : R) : R :=
  growth b_0 increment - nu * (excess c Lam b_0 + c * increment - Lam / 2 * ln (1 + increment / b_0)).

Definition discriminant (c Lam nu : R) : R := (nu * c) ^ 2 - 2 * nu * Lam.
Definition smaller_root (c Lam nu : R) : R :=
  nu * Lam / (nu * c + sqrt (Rmax (discriminant c Lam nu) (0 * discriminant c Lam nu))).
Definition interior (c Lam b_0 nu D : R) : R := Rmin (Rmax (smaller_root c Lam nu - b_0) (0 * smaller_root c Lam nu)) D.

Definition largest_share (c Lam b_0 nu D : R) : R :=
  Rmax (Rmax (share c Lam b_0 nu (0 * D)) (share c Lam b_0 nu D)) (share c Lam b_0 nu (interior c Lam b_0 nu D)).

Definition lagrangian {m} (c Lam b_0 D : Fin.t m -> R) (gap nu : R) : R :=
  nu * budget c Lam b_0 gap + block_sum (fun i => largest_share (c i) (Lam i) (b_0 i) nu (D i)).

(** ** The share on an interval *)

Section Share.
Variables c Lam b nu : R.
Hypothesis c_pos : 0 < c.
Hypothesis b_pos : 0 < b.
Hypothesis nu_pos : 0 < nu.

(** The share's slope, times b + u, is a quadratic polynomial of b + u. *)
Definition share_slope (u : R) : R := ((b + u) ^ 2 - nu * c * (b + u) + nu * (Lam / 2)) / (b + u).

Lemma share_derivative u : 0 <= u -> is_derive (share c Lam b nu) u (share_slope u).
Proof.
  intros Hu. assert (0 < 1 + u / b) by (pose proof (quotient_nonneg u b Hu b_pos); lra).
  assert (0 < b + u) by lra.
  unfold share, growth, share_slope. auto_derive; [easy|]. field. repeat split; lra.
Qed.

Lemma share_rises x y :
  0 <= x -> x <= y -> (forall u, x <= u <= y -> 0 <= (b + u) ^ 2 - nu * c * (b + u) + nu * (Lam / 2)) ->
  share c Lam b nu x <= share c Lam b nu y.
Proof.
  intros Hx Hy P. apply (rises _ share_slope); [easy| |]; intros u Hu; [apply share_derivative; lra|].
  apply quotient_nonneg; [now apply P|lra].
Qed.

Lemma share_falls x y :
  0 <= x -> x <= y -> (forall u, x <= u <= y -> (b + u) ^ 2 - nu * c * (b + u) + nu * (Lam / 2) <= 0) ->
  share c Lam b nu y <= share c Lam b nu x.
Proof.
  intros Hx Hy P. apply (falls _ share_slope); [easy| |]; intros u Hu; [apply share_derivative; lra|].
  apply quotient_le; [lra|]. rewrite Rmult_0_l. now apply P.
Qed.

(** On an interval the share is largest at an end or at the smaller root of its slope. *)
Lemma share_below_largest x D : 0 <= x -> x <= D -> share c Lam b nu x <= largest_share c Lam b nu D.
Proof.
  intros Hx HD. unfold largest_share.
  assert (at_end : share c Lam b nu x <= share c Lam b nu D -> share c Lam b nu x <= largest_share c Lam b nu D).
  { intros Q. unfold largest_share. eapply Rle_trans; [exact Q|]. eapply Rle_trans; [apply Rmax_r|apply Rmax_l]. }
  assert (at_interior : forall z, interior c Lam b nu D = z ->
    share c Lam b nu x <= share c Lam b nu z -> share c Lam b nu x <= largest_share c Lam b nu D).
  { intros z E Q. unfold largest_share. rewrite E. eapply Rle_trans; [exact Q|apply Rmax_r]. }
  assert (nu_c : 0 < nu * c) by now apply Rmult_lt_0_compat.
  fold (largest_share c Lam b nu D).
  destruct (Rle_or_lt (discriminant c Lam nu) 0) as [Hd|Hd].
  - apply at_end. apply share_rises; [easy|easy|]. intros u Hu. unfold discriminant in Hd.
    pose proof (pow2_ge_0 (b + u - nu * c / 2)).
    replace ((b + u) ^ 2 - nu * c * (b + u) + nu * (Lam / 2))
      with ((b + u - nu * c / 2) ^ 2 - ((nu * c) ^ 2 - 2 * nu * Lam) / 4) by field. lra.
  - set (w := sqrt (discriminant c Lam nu)). assert (Hw : 0 < w) by now apply sqrt_lt_R0.
    assert (Ew : w ^ 2 = (nu * c) ^ 2 - 2 * nu * Lam) by (unfold w; rewrite pow2_sqrt; [easy|lra]).
    set (rho := (nu * c - w) / 2). set (sigma := (nu * c + w) / 2).
    assert (factors : forall y, y ^ 2 - nu * c * y + nu * (Lam / 2) = (y - rho) * (y - sigma)).
    { intros y. unfold rho, sigma. replace ((y - (nu * c - w) / 2) * (y - (nu * c + w) / 2))
        with (y ^ 2 - nu * c * y + ((nu * c) ^ 2 - w ^ 2) / 4) by field. rewrite Ew. field. }
    assert (Er : smaller_root c Lam nu = rho).
    { unfold smaller_root. rewrite Rmult_0_l, Rmax_left by lra. fold w. unfold rho.
      replace (nu * Lam) with (((nu * c) ^ 2 - w ^ 2) / 2) by (rewrite Ew; field). field. lra. }
    assert (Ei : interior c Lam b nu D = Rmin (Rmax (rho - b) 0) D) by (unfold interior; now rewrite Er, Rmult_0_l).
    assert (order : rho <= sigma) by (unfold rho, sigma; lra).
    destruct (Rle_or_lt (b + x) rho) as [H1|H1].
    + eapply at_interior; [exact Ei|]. rewrite Rmax_left by lra. pose proof (Rmin_l (rho - b) D).
      apply share_rises; [easy|apply Rmin_glb; lra|]. intros u Hu. rewrite factors.
      replace ((b + u - rho) * (b + u - sigma)) with ((rho - (b + u)) * (sigma - (b + u))) by ring.
      apply Rmult_le_pos; lra.
    + destruct (Rle_or_lt (b + x) sigma) as [H2|H2].
      * eapply at_interior; [exact Ei|]. pose proof (Rmax_l (rho - b) 0). pose proof (Rmax_r (rho - b) 0).
        assert (Rmax (rho - b) 0 <= x) by (apply Rmax_lub; lra). rewrite Rmin_left by lra.
        apply share_falls; [easy|easy|]. intros u Hu. rewrite factors.
        assert (0 <= (b + u - rho) * (sigma - (b + u))) by (apply Rmult_le_pos; lra). lra.
      * apply at_end, share_rises; [easy|easy|]. intros u Hu. rewrite factors. apply Rmult_le_pos; lra.
Qed.
End Share.

(** ** The sum *)

Lemma shared_sum {m} (b G : nat -> Fin.t m -> R) f H Lam c w f_low nu_0 D nu T :
  growing b G -> decoupled_descent b G f H Lam w ->
  (forall t i, step_left (c i) (b t i) (G t i / b t i) (Lam i) <= 0) ->
  (forall i, 0 < Lam i) -> (forall i, 0 < c i) -> (forall t, f_low <= f t) ->
  (forall t, 0 <= w * H t ^ 2) -> (forall t, H t ^ 2 <= nu_0 * (w * H t ^ 2)) -> nu_0 <= nu -> 0 < nu ->
  increments c Lam (b 0%nat) (f 0%nat - f_low) D ->
  step_sum T (fun t => block_sum (fun i => G t i ^ 2) + H t ^ 2) <= lagrangian c Lam (b 0%nat) D (f 0%nat - f_low) nu.
Proof.
  intros Hg Hd Hs HL Hc Ha Hw Hp Hn0 Hn K.
  rewrite step_sum_plus, <- (block_sum_step_sum T (fun t i => G t i ^ 2)). unfold lagrangian.
  pose proof (rest_sum_priced H w Hw nu_0 Hp T nu Hn0) as P.
  pose proof (spent b G f H Lam c w f_low Hg Hd Hs Ha T) as Q. apply Rmult_le_compat_l with (r := nu) in Q; [|lra].
  rewrite Rmult_plus_distr_l, <- block_sum_scale in Q.
  assert (B : block_sum (fun i => step_sum T (fun t => G t i ^ 2))
    <= block_sum (fun i => nu * block_cost b Lam c T i + largest_share (c i) (Lam i) (b 0%nat i) nu (D i))).
  { apply block_sum_le. intros i. eapply Rle_trans; [now apply (certified b G)|].
    pose proof (start_pos b G Hg i) as H0. pose proof (above_start b G Hg T i) as H1.
    pose proof (envelope b G f H Lam c w f_low Hg Hd Hs HL Hc Ha Hw D T i K) as H2.
    pose proof (share_below_largest (c i) (Lam i) (b 0%nat i) nu (Hc i) H0 Hn (b T i - b 0%nat i) (D i)) as M.
    rewrite (block_cost_increment b G Lam c Hg). unfold share, growth in M.
    replace ((b T i ^ 2 - b 0%nat i ^ 2) / 2) with ((b T i - b 0%nat i) * (b 0%nat i + (b T i - b 0%nat i) / 2)) by field.
    lra. }
  rewrite block_sum_plus in B. lra.
Qed.

Theorem gd_rate_sum_shared s (r : run s) (k : constants s) c D nu :
  scale_invariant r -> twice_differentiable r -> smooth_on_spheres r k -> decoupled k -> gradient_bounded r k ->
  gradient_step r -> full_gradient r -> constant_rate r -> scale_variant_rate r k -> bounded_below r k ->
  positive_start r -> positive_rates r -> (forall i, 0 < gradient_limit k i) ->
  (forall i, infimum_on_boundary (gradient_limit k i / inverse_rate r 0 i)
               (decoupled_smoothness k i / (2 * gradient_limit k i)) (c i)) ->
  increments c (decoupled_smoothness k) (inverse_rate r 0) (gap r k) D ->
  rest_price k <= nu -> 0 < nu ->
  forall T,
  step_sum T (fun t => block_sum (fun i => gradient_norm r t i ^ 2) + rest_gradient_norm r t ^ 2)
  <= lagrangian c (decoupled_smoothness k) (inverse_rate r 0) D (gap r k) nu.
Proof.
  intros I W B Q Gb G same C V low P R HG K KD Hn0 Hn T. pose proof (proj1 W) as once.
  apply (shared_sum (inverse_rate r) (gradient_norm r) (value r) (rest_gradient_norm r) _ c (kappa r k * rest_rate r)
    (least_value k) (rest_price k)); auto.
  - now apply run_grows.
  - now apply run_descends.
  - intros t i. now apply (run_steps r k c).
  - apply Q.
  - intros i. apply K.
  - now apply run_value_above.
  - now apply (run_rest_paid r k).
  - now apply run_rest_priced.
Qed.
