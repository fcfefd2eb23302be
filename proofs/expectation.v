(** * Chance: one draw a step from finitely many samples, and means over the draws

    The probabilities of a draw may depend on the draws before it. The mean over the first draws is an iterated finite sum,
    so the tower rule holds by definition. *)

From Coq Require Import Reals Lra Lia.
From Coq Require Fin.
From Ratetheory Require Import sums.
Local Open Scope R_scope.

Record draws := Draws {
  samples : nat;                                                          (* there is one more *)
  probability : nat -> (nat -> Fin.t (S samples)) -> Fin.t (S samples) -> R; (* of a sample at step t on a path *)
  probability_nonneg : forall t omega j, 0 <= probability t omega j;
  probability_total : forall t omega, block_sum (probability t omega) = 1;
  probability_known : forall t omega omega',
    (forall n, (n < t)%nat -> omega n = omega' n) -> forall j, probability t omega j = probability t omega' j
}.

(** Which sample is drawn at each step. *)
Notation path d := (nat -> Fin.t (S (samples d))).

Section Means.
Variable d : draws.
Implicit Types (t T n : nat) (omega : path d) (X Y : path d -> R).

(** The path with another draw at step t. *)
Definition redraw t omega (j : Fin.t (S (samples d))) : path d := fun n => if Nat.eq_dec n t then j else omega n.

(** Given the draws before t: the mean over the draw at t. *)
Definition conditional_mean t X omega : R := block_sum (fun j => probability d t omega j * X (redraw t omega j)).

Definition some_path : path d := fun _ => Fin.F1.

(** Over the draws before T. *)
Fixpoint expectation T X : R := match T with O => X some_path | S n => expectation n (conditional_mean n X) end.

(** X is determined by the draws before t. *)
Definition known t X : Prop := forall omega omega', (forall n, (n < t)%nat -> omega n = omega' n) -> X omega = X omega'.

Lemma redraw_before t omega j n : (n < t)%nat -> redraw t omega j n = omega n.
Proof. intros H. unfold redraw. destruct Nat.eq_dec; [lia|easy]. Qed.

Lemma known_redraw t X omega j : known t X -> X (redraw t omega j) = X omega.
Proof. intros H. apply H. intros n Hn. now apply redraw_before. Qed.

Lemma known_later n t X : (n <= t)%nat -> known n X -> known t X.
Proof. intros H K omega omega' E. apply K. intros p Hp. apply E. lia. Qed.

Lemma known_map (f : R -> R) t X : known t X -> known t (fun omega => f (X omega)).
Proof. intros H omega omega' E. now rewrite (H omega omega'). Qed.

Lemma known_map2 (f : R -> R -> R) t X Y : known t X -> known t Y -> known t (fun omega => f (X omega) (Y omega)).
Proof. intros H K omega omega' E. now rewrite (H omega omega'), (K omega omega'). Qed.

Lemma known_step_sum t T (x : nat -> path d -> R) :
  (forall n, (n < T)%nat -> known t (x n)) -> known t (fun omega => step_sum T (fun n => x n omega)).
Proof. intros H omega omega' E. apply step_sum_ext. intros n Hn. now apply H. Qed.

Lemma known_block_sum {m} t (x : Fin.t m -> path d -> R) :
  (forall i, known t (x i)) -> known t (fun omega => block_sum (fun i => x i omega)).
Proof. intros H omega omega' E. apply block_sum_ext. intros i. now apply H. Qed.

(** ** Given the past *)

Lemma conditional_mean_le t X Y omega :
  (forall j, X (redraw t omega j) <= Y (redraw t omega j)) -> conditional_mean t X omega <= conditional_mean t Y omega.
Proof.
  intros H. apply block_sum_le. intros j. apply Rmult_le_compat_l; [apply probability_nonneg|easy].
Qed.

Lemma conditional_mean_ext t X Y omega :
  (forall j, X (redraw t omega j) = Y (redraw t omega j)) -> conditional_mean t X omega = conditional_mean t Y omega.
Proof. intros H. apply block_sum_ext. intros j. now rewrite H. Qed.

Lemma conditional_mean_plus t X Y omega :
  conditional_mean t (fun o => X o + Y o) omega = conditional_mean t X omega + conditional_mean t Y omega.
Proof. unfold conditional_mean. rewrite <- block_sum_plus. apply block_sum_ext. intros; ring. Qed.

(** What the past determines is a constant factor. *)
Lemma conditional_mean_scale t X Y omega :
  known t X -> conditional_mean t (fun o => X o * Y o) omega = X omega * conditional_mean t Y omega.
Proof.
  intros H. unfold conditional_mean. rewrite <- block_sum_scale. apply block_sum_ext. intros j.
  rewrite (known_redraw t X) by easy. ring.
Qed.

Lemma conditional_mean_constant t a omega : conditional_mean t (fun _ => a) omega = a.
Proof.
  unfold conditional_mean. rewrite (block_sum_ext _ (fun j => a * probability d t omega j)) by (intros; ring).
  rewrite block_sum_scale, probability_total. ring.
Qed.

Lemma conditional_mean_known t X omega : known t X -> conditional_mean t X omega = X omega.
Proof.
  intros H. rewrite <- (conditional_mean_constant t (X omega) omega). apply conditional_mean_ext.
  intros j. now apply known_redraw.
Qed.

Lemma known_conditional_mean t X : known (S t) X -> known t (conditional_mean t X).
Proof.
  intros H omega omega' E. unfold conditional_mean. apply block_sum_ext. intros j.
  rewrite (probability_known d t omega omega' E). f_equal. apply H. intros n Hn. unfold redraw.
  destruct Nat.eq_dec; [easy|]. apply E. lia.
Qed.

(** ** Over all draws *)

Lemma expectation_le T : forall X Y, (forall omega, X omega <= Y omega) -> expectation T X <= expectation T Y.
Proof.
  induction T as [|T IH]; intros X Y H; simpl; [easy|]. apply IH. intros omega. now apply conditional_mean_le.
Qed.

Lemma expectation_ext T X Y : (forall omega, X omega = Y omega) -> expectation T X = expectation T Y.
Proof. intros H. apply Rle_antisym; apply expectation_le; intros omega; rewrite H; lra. Qed.

Lemma expectation_plus T : forall X Y, expectation T (fun o => X o + Y o) = expectation T X + expectation T Y.
Proof.
  induction T as [|T IH]; intros X Y; simpl; [easy|]. rewrite <- IH. apply expectation_ext. intros.
  apply conditional_mean_plus.
Qed.

Lemma expectation_scale T : forall a X, expectation T (fun o => a * X o) = a * expectation T X.
Proof.
  induction T as [|T IH]; intros a X; simpl; [easy|]. rewrite <- IH. apply expectation_ext. intros.
  now apply (conditional_mean_scale T (fun _ => a)).
Qed.

Lemma expectation_minus T X Y : expectation T (fun o => X o - Y o) = expectation T X - expectation T Y.
Proof.
  rewrite (expectation_ext T _ (fun o => X o + -1 * Y o)) by (intros; ring).
  rewrite expectation_plus, expectation_scale. ring.
Qed.

Lemma expectation_constant T a : expectation T (fun _ => a) = a.
Proof.
  induction T as [|T IH]; simpl; [easy|]. rewrite (expectation_ext T _ (fun _ => a)); [easy|].
  intros. apply conditional_mean_constant.
Qed.

Lemma expectation_step_sum T n (x : nat -> path d -> R) :
  expectation T (fun o => step_sum n (fun t => x t o)) = step_sum n (fun t => expectation T (x t)).
Proof. induction n as [|n IH]; simpl; [apply expectation_constant|]. now rewrite expectation_plus, IH. Qed.

Lemma expectation_block_sum {m} T (x : Fin.t m -> path d -> R) :
  expectation T (fun o => block_sum (fun i => x i o)) = block_sum (fun i => expectation T (x i)).
Proof.
  induction m as [|m IH]; simpl; [apply expectation_constant|]. now rewrite expectation_plus, IH.
Qed.

Lemma expectation_nonneg T X : (forall omega, 0 <= X omega) -> 0 <= expectation T X.
Proof. intros H. rewrite <- (expectation_constant T 0). now apply expectation_le. Qed.

(** Later draws do not matter to what is known. *)
Lemma expectation_known t T X : (t <= T)%nat -> known t X -> expectation T X = expectation t X.
Proof.
  intros H K. induction H as [|T H IH]; [easy|]. simpl. rewrite <- IH. apply expectation_ext.
  intros omega. apply conditional_mean_known. now apply (known_later t).
Qed.

(** A number that chance does not change is its own mean. *)
Lemma expectation_sure T X omega : known 0 X -> expectation T X = X omega.
Proof. intros K. rewrite (expectation_known 0 T) by (lia || easy). apply K. intros n Hn. lia. Qed.

(** The tower rule, for what the draws up to step t determine. *)
Lemma expectation_conditional t T X :
  (t < T)%nat -> known (S t) X -> expectation T X = expectation T (conditional_mean t X).
Proof.
  intros H K. rewrite (expectation_known (S t) T X), (expectation_known t T (conditional_mean t X)); try easy; try lia.
  now apply known_conditional_mean.
Qed.

(** ** Whether one number ever exceeds another *)

(** 1 where some horizon T <= N has bound T < value T, else 0. *)
Fixpoint ever N (value bound : nat -> R) : R :=
  match N with
  | O => if Rlt_dec (bound O) (value O) then 1 else 0
  | S n => if Rlt_dec (bound N) (value N) then 1 else ever n value bound
  end.

(** The probability of this. *)
Definition probability_ever N (value bound : path d -> nat -> R) : R :=
  expectation N (fun omega => ever N (value omega) (bound omega)).

Lemma ever_range N value bound : ever N value bound = 0 \/ ever N value bound = 1.
Proof. induction N as [|N IH]; simpl; destruct Rlt_dec; auto. Qed.

Lemma ever_spec N value bound : ever N value bound = 1 <-> exists T, (T <= N)%nat /\ bound T < value T.
Proof.
  induction N as [|N IH]; simpl.
  - destruct Rlt_dec as [L|L]; split; intros H; try easy; try lra.
    + now exists O.
    + destruct H as (T & HT & H). replace T with O in H by lia. lra.
  - destruct Rlt_dec as [L|L].
    + split; [|easy]. intros _. now exists (S N).
    + rewrite IH. split; intros (T & HT & H); exists T; split; try easy; [lia|].
      destruct (Nat.eq_dec T (S N)) as [->|]; [lra|lia].
Qed.

(** What happens only where something else does is no more probable. *)
Lemma probability_ever_le N value bound value' bound' :
  (forall omega T, bound omega T < value omega T -> bound' omega T < value' omega T) ->
  probability_ever N value bound <= probability_ever N value' bound'.
Proof.
  intros H. apply expectation_le. intros omega.
  destruct (ever_range N (value omega) (bound omega)) as [E|E]; rewrite E.
  - destruct (ever_range N (value' omega) (bound' omega)); lra.
  - apply ever_spec in E. destruct E as (T & HT & E). apply Req_le. symmetry. apply ever_spec.
    exists T. split; [easy|]. now apply H.
Qed.

(** Ville's inequality: a nonnegative supermartingale that starts at 1 rarely ever exceeds 1/delta. Stopped there, it still
    has a mean of at most 1. *)
Lemma ville N (M : nat -> path d -> R) delta :
  0 < delta -> (forall t, known t (M t)) -> (forall t omega, 0 <= M t omega) -> (forall omega, M O omega <= 1) ->
  (forall t omega, conditional_mean t (M (S t)) omega <= M t omega) ->
  probability_ever N (fun omega t => M t omega) (fun _ _ => / delta) <= delta.
Proof.
  intros Hd K P M0 Sup.
  set (crossed n omega := ever n (fun t => M t omega) (fun _ => / delta)).
  set (Z n omega := if Req_EM_T (crossed n omega) 1 then 1 else delta * M n omega).
  assert (Kc : forall n, known n (crossed n)).
  { induction n as [|n IH]; intros omega omega' E; unfold crossed; simpl.
    - now rewrite (K O omega omega').
    - rewrite (K (S n) omega omega') by easy. destruct Rlt_dec; [easy|]. apply IH. intros p Hp. apply E. lia. }
  assert (big : forall n omega, / delta < M n omega -> 1 <= delta * M n omega).
  { intros n omega H. apply Rmult_lt_compat_l with (r := delta) in H; [|easy]. rewrite Rinv_r in H; lra. }
  assert (fall : forall n omega, conditional_mean n (Z (S n)) omega <= Z n omega).
  { intros n omega. unfold Z at 2. destruct Req_EM_T as [C|C].
    - rewrite <- (conditional_mean_constant n 1 omega). apply conditional_mean_le. intros j. unfold Z.
      destruct Req_EM_T as [D|D]; [lra|]. exfalso. apply D. unfold crossed. simpl. destruct Rlt_dec; [easy|].
      fold (crossed n (redraw n omega j)). now rewrite known_redraw.
    - apply Rle_trans with (conditional_mean n (fun o => delta * M (S n) o) omega).
      + apply conditional_mean_le. intros j. unfold Z. destruct Req_EM_T as [D|D]; [|lra].
        apply big. unfold crossed in D. simpl in D. destruct Rlt_dec; [easy|].
        exfalso. apply C. rewrite <- D. fold (crossed n (redraw n omega j)). now rewrite known_redraw.
      + rewrite (conditional_mean_scale n (fun _ => delta)) by easy. apply Rmult_le_compat_l; [lra|apply Sup]. }
  assert (mean : forall n, expectation n (Z n) <= delta).
  { induction n as [|n IH].
    - simpl. unfold Z. destruct Req_EM_T as [C|C].
      + unfold crossed in C. simpl in C. destruct Rlt_dec as [L|L]; [|lra].
        apply big in L. specialize (M0 some_path). apply Rle_trans with (delta * M O some_path); [easy|].
        apply Rle_trans with (delta * 1); [apply Rmult_le_compat_l; lra|lra].
      + specialize (M0 some_path). apply Rle_trans with (delta * 1); [apply Rmult_le_compat_l; lra|lra].
    - simpl. eapply Rle_trans; [|exact IH]. now apply expectation_le. }
  eapply Rle_trans; [|apply (mean N)]. apply expectation_le. intros omega.
  fold (crossed N omega). unfold Z. destruct Req_EM_T as [C|C]; [lra|].
  destruct (ever_range N (fun t => M t omega) (fun _ => / delta)) as [E|E]; [|now contradict C].
  unfold crossed. rewrite E. apply Rmult_le_pos; [lra|apply P].
Qed.
End Means.

Arguments redraw {d}. Arguments conditional_mean {d}. Arguments expectation {d}. Arguments known {d}.
Arguments probability_ever {d}.
