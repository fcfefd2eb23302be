(** * The recursions of the second moments under weight decay, as functions of numbers, and their fixed points *)

From Coq Require Import Reals Lra.
From Ratetheory Require Import calculus.
Local Open Scope R_scope.

(** ** The second moments |w|^2, <w, m>, |m|^2 one step later *)

Definition moments : Type := R * R * R.
Definition of_weights (x : moments) : R := fst (fst x).
Definition of_product (x : moments) : R := snd (fst x).
Definition of_buffer (x : moments) : R := snd x.

(** The gradient is orthogonal to w and m. *)
Definition heavy_ball_moments (S p m_sq squared_gradient eta lam beta : R) : moments :=
  let kept := 1 - eta * lam in
  (kept ^ 2 * S - 2 * eta * beta * kept * p + eta ^ 2 * (beta ^ 2 * m_sq + squared_gradient),
   kept * (beta * p + lam * S) - eta * (beta * lam * p + beta ^ 2 * m_sq + squared_gradient),
   beta ^ 2 * m_sq + 2 * beta * lam * p + lam ^ 2 * S + squared_gradient).

Definition nesterov_moments (S p m_sq squared_gradient eta lam beta : R) : moments :=
  let kept := 1 - eta * lam * (1 + beta) in
  (kept ^ 2 * S - 2 * eta * beta ^ 2 * kept * p + eta ^ 2 * (beta ^ 4 * m_sq + (1 + beta) ^ 2 * squared_gradient),
   kept * (beta * p + lam * S) - eta * (beta ^ 2 * lam * p + beta ^ 3 * m_sq + (1 + beta) * squared_gradient),
   beta ^ 2 * m_sq + 2 * beta * lam * p + lam ^ 2 * S + squared_gradient).

(** ** Q/S^2 and the cosine at the equilibrium *)

Definition sgd_ratio (eta lam : R) : R := lam * (2 - eta * lam) / eta.
Definition heavy_ball_ratio (eta lam beta : R) : R := lam * (1 - beta) * (2 - eta * lam / (1 + beta)) / eta.
Definition nesterov_ratio (eta lam beta : R) : R :=
  let e := eta * lam in
  lam * (1 - beta + beta * e) * (2 + 2 * beta - e * (1 + 2 * beta)) / (eta * (1 + beta + beta * e * (1 + 2 * beta))).

Definition sgd_cosine (e : R) : R := 1 - e.
Definition heavy_ball_cosine (e beta : R) : R := 1 - e / (1 + beta).
Definition nesterov_cosine (e beta : R) : R :=
  let numerator := (1 + beta) * (1 - e + 2 * beta ^ 2 * e - beta * e ^ 2 * (1 + 2 * beta)) in
  numerator / (1 + beta + beta * e * (1 + 2 * beta)).

(** ** Small deviations from it *)

(** det(mu - J), J the derivative of the recursion at the fixed point: there d|grad|^2 = -(Q/S^2) dS. *)
Definition characteristic (moments : R -> R -> R -> R -> R -> R -> R -> moments) (mu ratio eta lam beta : R) : R :=
  let '(a, d, g) := moments 1 0 0 (- ratio) eta lam beta in
  let '(b, e, h) := moments 0 1 0 (0 * ratio) eta lam beta in
  let '(c, f, k) := moments 0 0 1 (0 * ratio) eta lam beta in
  let a := mu - a in let e := mu - e in let k := mu - k in
  a * (e * k - f * h) - b * (d * k + f * g) - c * (d * h + e * g).

Definition heavy_ball_multipliers (mu e beta : R) : R :=
  (mu - beta ^ 2) * (mu ^ 2 - (1 + beta - 4 * e + 2 * e ^ 2 / (1 + beta)) * mu + beta).

(** (1 - beta)^3 times the characteristic polynomial of Nesterov's momentum at the factor 1 - rate. *)
Definition nesterov_residual (eta lam beta rate : R) : R :=
  let ratio := nesterov_ratio eta lam beta in
  (1 - beta) ^ 3 * characteristic nesterov_moments (1 - rate) ratio eta lam beta.
Definition slow_rate (eta lam beta : R) : R := 4 * eta * lam / (1 - beta).

Definition sgd_multiplier (e : R) : R := 2 * (1 - e) ^ 2 - 1.
(** The factor by which S^2 - S*^2 changes in one step of SGD, exactly. *)
Definition sgd_approach (S Q eta lam : R) : R := (1 - eta * lam) ^ 4 - eta ^ 4 * Q * sgd_ratio eta lam / S ^ 2.

(** ** Fixed points *)

Section FixedPoints.
Variables S p m_sq q eta lam beta : R.
Hypothesis rate : 0 < eta.
Hypothesis decay : 0 < eta * lam < 1.
Hypothesis range : 0 <= beta < 1.

Lemma decay_pos : 0 < lam.
Proof. apply Rmult_lt_reg_l with eta; lra. Qed.

Lemma sgd_ratio_pos : 0 < sgd_ratio eta lam.
Proof. apply quotient_pos; [|easy]. apply Rmult_lt_0_compat; [apply decay_pos|lra]. Qed.

Lemma heavy_ball_ratio_pos : 0 < heavy_ball_ratio eta lam beta.
Proof.
  pose proof decay_pos as L. apply quotient_pos; [|easy]. apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat; lra|].
  replace (2 - eta * lam / (1 + beta)) with ((2 + 2 * beta - eta * lam) / (1 + beta)) by (field; lra).
  apply quotient_pos; lra.
Qed.

(** The denominator of Nesterov's ratio and cosine. *)
Lemma nesterov_room : 0 < 1 + beta + beta * (eta * lam) * (1 + 2 * beta).
Proof.
  assert (0 <= beta * (eta * lam)) as P by (apply Rmult_le_pos; lra).
  pose proof (Rmult_le_pos _ (1 + 2 * beta) P). lra.
Qed.

Lemma nesterov_ratio_pos : 0 < nesterov_ratio eta lam beta.
Proof.
  pose proof decay_pos as L. pose proof nesterov_room as D. unfold nesterov_ratio.
  assert (0 <= beta * (eta * lam)) as P by (apply Rmult_le_pos; lra).
  assert (eta * lam * (1 + 2 * beta) <= 1 * (1 + 2 * beta)) as Q by (apply Rmult_le_compat_r; lra).
  apply quotient_pos; [|now apply Rmult_lt_0_compat]. repeat apply Rmult_lt_0_compat; lra.
Qed.

(** What stationarity says: three linear equations in p, |m|^2 and the squared gradient q, solved for p and q. *)
Definition fixed (x : moments) : Prop := of_weights x = S /\ of_product x = p /\ of_buffer x = m_sq.

Lemma heavy_ball_fixed_point :
  fixed (heavy_ball_moments S p m_sq q eta lam beta) ->
  p = - (lam / (1 + beta)) * S /\ q = heavy_ball_ratio eta lam beta * S.
Proof.
  clear decay. set (x := heavy_ball_moments S p m_sq q eta lam beta). intros (E1 & E2 & E3).
  split; apply Rminus_diag_uniq.
  - replace (p - - (lam / (1 + beta)) * S)
      with (- 1 / (eta * (1 + beta)) * (of_weights x - S) + - 1 / (1 + beta) * (of_product x - p)).
    + rewrite E1, E2. ring.
    + unfold x, of_weights, of_product, heavy_ball_moments. cbn [fst snd]. field. lra.
  - replace (q - heavy_ball_ratio eta lam beta * S)
      with ((beta ^ 3 - beta ^ 2 + 2 * beta * eta * lam - beta + 1) / (eta ^ 2 * (1 + beta)) * (of_weights x - S)
            + 2 * beta * (beta ^ 2 + eta * lam - 1) / (eta * (1 + beta)) * (of_product x - p)
            + beta ^ 2 * (of_buffer x - m_sq)).
    + rewrite E1, E2, E3. ring.
    + unfold x, of_weights, of_product, of_buffer, heavy_ball_moments, heavy_ball_ratio. cbn [fst snd]. field. lra.
Qed.

Lemma nesterov_fixed_point :
  fixed (nesterov_moments S p m_sq q eta lam beta) ->
  p = - (lam * (1 + 2 * beta) / (1 + beta + beta * (eta * lam) * (1 + 2 * beta))) * S
  /\ q = nesterov_ratio eta lam beta * S.
Proof.
  set (x := nesterov_moments S p m_sq q eta lam beta). intros (E1 & E2 & E3).
  pose proof nesterov_room as D. set (e := eta * lam) in *. set (d := 1 + beta + beta * e * (1 + 2 * beta)) in *.
  split; apply Rminus_diag_uniq.
  - replace (p - - (lam * (1 + 2 * beta) / d) * S)
      with ((beta ^ 2 - beta - 1) / (eta * d) * (of_weights x - S)
            + (2 * beta ^ 3 - 2 * beta - 1) / d * (of_product x - p)
            + beta ^ 3 * eta * (beta + 1) / d * (of_buffer x - m_sq)).
    + rewrite E1, E2, E3. ring.
    + unfold x, of_weights, of_product, of_buffer, nesterov_moments. cbn [fst snd].
      subst d e. field. lra.
  - replace (q - nesterov_ratio eta lam beta * S)
      with (- (beta ^ 3 * e - beta ^ 3 - 2 * beta ^ 2 * e + beta ^ 2 - beta * e + beta - 1) / (eta ^ 2 * d)
              * (of_weights x - S)
            - 2 * beta ^ 2 * (beta ^ 2 * e - beta ^ 2 - beta * e - e + 1) / (eta * d) * (of_product x - p)
            - beta ^ 4 * (beta * e - beta - 1) / d * (of_buffer x - m_sq)).
    + rewrite E1, E2, E3. ring.
    + unfold x, of_weights, of_product, of_buffer, nesterov_moments, nesterov_ratio. cbn [fst snd].
      subst d e. field. lra.
Qed.

(** A squared gradient of that size gives the squared norm. *)
Lemma norm_by_ratio Q ratio : 0 < S -> 0 < ratio -> Q / S = ratio * S -> S ^ 2 = Q / ratio.
Proof.
  intros HS HR E. replace Q with (Q / S * S) by (field; lra). rewrite E. field. lra.
Qed.
End FixedPoints.

(** ** Nesterov's characteristic polynomial near 1 *)

(** A cubic in Bernstein's form. *)
Definition cubic (e a b c d : R) : R := a * (1 - e) ^ 3 + b * (e * (1 - e) ^ 2) + c * (e ^ 2 * (1 - e)) + d * e ^ 3.

Lemma cubic_nonneg e a b c d : 0 <= e <= 1 -> 0 <= a -> 0 <= b -> 0 <= c -> 0 <= d -> 0 <= cubic e a b c d.
Proof.
  intros He Ha Hb Hc Hd. unfold cubic.
  repeat apply Rplus_le_le_0_compat; repeat apply Rmult_le_pos; try apply pow_le; lra.
Qed.

Lemma bernstein_nonneg n b c k : 0 <= b <= 1 -> 0 <= c -> 0 <= c * (b ^ k * (1 - b) ^ n).
Proof. intros Hb Hc. repeat apply Rmult_le_pos; try apply pow_le; lra. Qed.

(** At the factor 1 - 4 e/(1 - beta) the polynomial is of second order in e: the gaps to 64 e^2 and to -64 e^2 are positive
    multiples of polynomials on the unit square whose Bernstein coefficients are nonnegative. *)
Definition above (e b : R) : R :=
  cubic e 66 182 198 82 * (b ^ 0 * (1 - b) ^ 7) + cubic e 524 1520 1732 768 * (b ^ 1 * (1 - b) ^ 6)
  + cubic e 1734 5474 6596 3136 * (b ^ 2 * (1 - b) ^ 5) + cubic e 3124 11036 14088 7112 * (b ^ 3 * (1 - b) ^ 4)
  + cubic e 3376 13492 18218 9606 * (b ^ 4 * (1 - b) ^ 3) + cubic e 2240 10008 14296 7712 * (b ^ 5 * (1 - b) ^ 2)
  + cubic e 832 4128 6320 3408 * (b ^ 6 * (1 - b) ^ 1) + cubic e 128 704 1216 640 * (b ^ 7 * (1 - b) ^ 0).
Definition below (e b : R) : R :=
  cubic e 62 202 186 46 * (b ^ 0 * (1 - b) ^ 7) + cubic e 500 1680 1596 384 * (b ^ 1 * (1 - b) ^ 6)
  + cubic e 1722 5918 5820 1344 * (b ^ 2 * (1 - b) ^ 5) + cubic e 3276 11364 11512 2488 * (b ^ 3 * (1 - b) ^ 4)
  + cubic e 3664 12748 13142 2554 * (b ^ 4 * (1 - b) ^ 3) + cubic e 2368 8296 8488 1376 * (b ^ 5 * (1 - b) ^ 2)
  + cubic e 832 2912 2768 304 * (b ^ 6 * (1 - b) ^ 1) + cubic e 128 448 320 0 * (b ^ 7 * (1 - b) ^ 0).

Lemma above_nonneg e b : 0 <= e <= 1 -> 0 <= b <= 1 -> 0 <= above e b.
Proof.
  intros. unfold above. repeat apply Rplus_le_le_0_compat; apply bernstein_nonneg; try easy; apply cubic_nonneg; lra.
Qed.

Lemma below_nonneg e b : 0 <= e <= 1 -> 0 <= b <= 1 -> 0 <= below e b.
Proof.
  intros. unfold below. repeat apply Rplus_le_le_0_compat; apply bernstein_nonneg; try easy; apply cubic_nonneg; lra.
Qed.

Section Residual.
Variables eta lam beta : R.
Hypothesis decay : 0 < eta * lam < 1.
Hypothesis range : 0 <= beta < 1.

Lemma rate_nonzero : eta <> 0.
Proof. intros E. pose proof decay as D. rewrite E in D. lra. Qed.

Lemma residual_above :
  64 * (eta * lam) ^ 2 - nesterov_residual eta lam beta (slow_rate eta lam beta)
    = (eta * lam) ^ 2 / (1 + beta + beta * (eta * lam) * (1 + 2 * beta)) * above (eta * lam) beta.
Proof.
  pose proof (nesterov_room eta lam beta decay range). pose proof rate_nonzero.
  unfold nesterov_residual, slow_rate, characteristic, nesterov_moments, nesterov_ratio, above, cubic.
  field. lra.
Qed.

Lemma residual_below :
  nesterov_residual eta lam beta (slow_rate eta lam beta) + 64 * (eta * lam) ^ 2
    = (eta * lam) ^ 2 / (1 + beta + beta * (eta * lam) * (1 + 2 * beta)) * below (eta * lam) beta.
Proof.
  pose proof (nesterov_room eta lam beta decay range). pose proof rate_nonzero.
  unfold nesterov_residual, slow_rate, characteristic, nesterov_moments, nesterov_ratio, below, cubic.
  field. lra.
Qed.
End Residual.
