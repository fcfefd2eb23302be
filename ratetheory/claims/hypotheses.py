"""The hypotheses of the claims, each written once and read off the facts of an instance or of a run.

A fact that is missing counts as not known, and then the hypothesis is not met: a claim is never applied on silence.
"""

from __future__ import annotations

from dataclasses import dataclass

from ratetheory.claims.statement import Facts, Hypothesis

INVARIANCE_EPSILON = 1e-20
"""Largest ``eps`` of batch normalisation that counts as exact invariance: its relative effect eps/var stays below the
rounding of double precision for activations of variance above 1e-4."""


@dataclass(frozen=True)
class _Flag:
    """A hypothesis that one fact states: why it fails, ``None`` where it holds."""

    key: str
    reason: str

    def __call__(self, facts: Facts) -> str | None:
        if self.key not in facts:
            return f"not known ({self.key})"
        return None if facts[self.key] else str(facts.get(f"{self.key}_reason") or self.reason)


SCALE_INVARIANT = Hypothesis(
    "scale-invariance",
    "f(k w) = f(w) for every k > 0, for each block alone; so for every loss f_t that a step uses",
    "scale_invariant",
    _Flag("scale_invariant", "the loss changes when the block is scaled"),
)
DIFFERENTIABLE = Hypothesis(
    "differentiable",
    "f, and every loss f_t that a step uses, is differentiable away from w = 0",
    "differentiable",
    _Flag("differentiable", "the loss has kinks"),
)
TWICE_DIFFERENTIABLE = Hypothesis(
    "twice-differentiable",
    "f, and every loss f_t that a step uses, is twice continuously differentiable away from w = 0",
    "twice_differentiable",
    _Flag("twice_differentiable", "the activation is not twice differentiable"),
)
GRADIENT_STEP = Hypothesis(
    "gradient-step",
    "w_{t+1} = w_t - eta_t grad f_t(w_t), g likewise at rate eta_g; no momentum, no decay; f_t may be a minibatch loss",
    "gradient_step",
    _Flag("gradient_step", "the update is not a plain gradient step"),
)
FULL_GRADIENT = Hypothesis(
    "full-gradient",
    "every step uses the gradient of the same loss f",
    "full_gradient",
    _Flag("full_gradient", "the gradients are those of minibatches"),
)
CONSTANT_RATE = Hypothesis(
    "constant-rate",
    "the learning rate of a block does not change",
    "constant_rate",
    _Flag("constant_rate", "the learning rate changes"),
)
PREDICTED_DEFECT = Hypothesis(
    "predicted-defect",
    "S_{t+1} = S_t + eta_t^2 |grad f_t(w_t)|^2 + d_t with d_t computed without S_{t+1}",
    "predicted_defect",
    _Flag("predicted_defect", "the defect of the norm identity is not predicted"),
)
WHOLE_SPHERE = Hypothesis(
    "whole-sphere",
    "|Hess f[xi_i, xi_j]| <= L_ij for all unit tangents (unit vectors in g) at every point of the spheres and every g; "
    "every block has at least two coordinates",
    "smooth_on_spheres",
    _Flag("whole_sphere", "the smoothness constants are not known on the whole sphere"),
)
EVEN = Hypothesis(
    "even",
    "f(-w) = f(w) for the block alone, the others fixed",
    "even_function",
    _Flag("even", "the loss is not even in the block"),
)
LOWER_BOUND = Hypothesis(
    "lower-bound", "f >= f_low", "bounded_below", _Flag("lower_bound", "no lower bound of the loss is known")
)
DECOUPLED = Hypothesis(
    "decoupled-smoothness",
    "diag(Lam) - M is positive semidefinite, Lam > 0",
    "decoupled",
    _Flag("decoupled", "the constants Lam do not decouple the blocks"),
)
SCALE_VARIANT_RATE = Hypothesis(
    "scale-variant-rate",
    "kappa = 1 - eta_g Lam_g / 2 > 0, or there are no scale-variant parameters",
    "scale_variant_rate",
    _Flag("scale_variant_rate", "the learning rate of the scale-variant parameters is too large or its Lam_g is not known"),
)
GRADIENT_BOUND = Hypothesis(
    "gradient-bound",
    "|G_i| <= Gbar_i",
    "gradient_bounded",
    _Flag("gradient_bound", "no bound on the gradient is known"),
)
SINGLE_BLOCK = Hypothesis(
    "single-block",
    "one block, no scale-variant parameters",
    "single_block",
    _Flag("single_block", "there are several blocks or scale-variant parameters"),
)
DECAY_STEP = Hypothesis(
    "decay-step",
    "w_{t+1} = (1 - eta_t lam_t) w_t - eta_t grad f_t(w_t), without momentum; f_t may be a minibatch loss",
    "decay_step",
    _Flag("decay_step", "the update is not a gradient step with weight decay"),
)
HEAVY_BALL_STEP = Hypothesis(
    "heavy-ball-step",
    "m_{t+1} = beta m_t + grad f_t(w_t) + lam_t w_t, w_{t+1} = w_t - eta_t m_{t+1}: heavy ball with coupled decay",
    "heavy_ball_step",
    _Flag("heavy_ball_step", "the update is not that of heavy ball with coupled decay"),
)
NESTEROV_STEP = Hypothesis(
    "nesterov-step",
    "d_t = grad f_t(w_t) + lam_t w_t, m_{t+1} = beta m_t + d_t, w_{t+1} = w_t - eta_t (d_t + beta m_{t+1})",
    "nesterov_step",
    _Flag("nesterov_step", "the update is not that of Nesterov's momentum with coupled decay"),
)
SCHEDULED_STEP = Hypothesis(
    "scheduled-step",
    "w_{t+1} = w_t - eta_t grad f_t(w_t), g likewise at rate eta_{g,t}; no momentum, no decay; f_t may be a minibatch loss",
    "scheduled_step",
    _Flag("gradient_step", "the update is not a plain gradient step"),
)
NOISE_BOUND = Hypothesis(
    "noise-bound",
    "|G_i| <= Gs_i for the gradient of every loss f_t that a step may use",
    "noise_bounded",
    _Flag("noise_bound", "no bound on the gradients of the minibatches is known"),
)
MEAN_GRADIENT_BOUND = Hypothesis(
    "mean-gradient-bound",
    "the gradient of f at normalised weights is at most Gbar_i",
    "mean_gradient_bounded",
    _Flag("mean_gradient_bound", "no bound on the full gradient is known"),
)
FIRST_RATE_LARGEST = Hypothesis(
    "first-rate-largest",
    "eta_t <= eta_0",
    "first_rate_largest",
    _Flag("first_rate_largest", "a later learning rate exceeds the first"),
)
FIXED_SCHEDULE = Hypothesis(
    "fixed-schedule",
    "the learning rates are fixed before the run",
    "fixed_schedule",
    _Flag("fixed_schedule", "the learning rates depend on chance"),
)
SLOW_DECAY = Hypothesis(
    "slow-decay",
    "eta_t never rises and eta_t sqrt(t + 1) never falls, as for eta_t = eta_0 (t + 1)^(-alpha) with 0 <= alpha <= 1/2",
    "slow_decay",
    _Flag("slow_decay", "the learning rate decays faster than (t + 1)^(-1/2), or rises"),
)
UNBIASED = Hypothesis(
    "unbiased",
    "given the steps before t, f_t is one of finitely many losses at random and the mean of its gradient is that of f; "
    "the start is fixed",
    "unbiased",
    _Flag("unbiased", "the gradients are not known to be unbiased given the past"),
)
NOISE_VARIANCE = Hypothesis(
    "noise-variance",
    "given the steps before t, the mean of |H - grad_g f|^2 is at most sig^2",
    "noise_variance",
    _Flag("noise_variance", "the variance of the gradient in the scale-variant parameters is not known"),
)
SCALE_VARIANT_SCHEDULE = Hypothesis(
    "scale-variant-schedule",
    "weight_g = eta_{g,t} (1 - Lam_g eta_{g,t}/2) > 0, or there are no scale-variant parameters",
    "scale_variant_schedule",
    _Flag("scale_variant_schedule", "the learning rate of the scale-variant parameters is too large or its Lam_g is not known"),
)
SMOOTH_EVERYWHERE = Hypothesis(
    "smooth-everywhere",
    "F(x + u) <= F(x) + <grad F(x), u> + L_F |u|^2/2 for all x, u in R^d; a gradient with Lipschitz constant L_F gives it",
    "smooth_everywhere",
    _Flag("smooth_everywhere", "the smoothness of F on R^d is not known"),
)
FUNCTION_BOUNDED_BELOW = Hypothesis(
    "function-bounded-below",
    "F >= F_low on R^d",
    "function_bounded_below",
    _Flag("function_bounded_below", "no lower bound of F is known"),
)
ADAGRAD_ACCUMULATOR = Hypothesis(
    "adagrad-accumulator",
    "B_{t+1}^2 = B_t^2 + |grad F(x_t)|^2, B_t > 0",
    "adagrad_accumulator",
    _Flag("adagrad_accumulator", "the accumulator is not the one of AdaGrad-Norm"),
)
ADAGRAD_STEP = Hypothesis(
    "adagrad-step",
    "x_{t+1} = x_t - (eta_F/B_{t+1}) grad F(x_t), with the updated accumulator and a constant eta_F > 0",
    "adagrad_step",
    _Flag("adagrad_step", "the step is not the one of AdaGrad-Norm"),
)
SQUARED_GRADIENT = Hypothesis(
    "squared-gradient",
    "|G_t|^2 = Q at every step",
    "squared_gradient",
    _Flag("squared_gradient", "the squared gradient at the normalised weights changes"),
)
UNCORRELATED = Hypothesis(
    "uncorrelated-gradient",
    "<grad f_t(w_t), m_t> = 0",
    "uncorrelated_gradient",
    _Flag("uncorrelated_gradient", "the gradient is correlated with the momentum buffer"),
)
STATIONARY = Hypothesis(
    "stationary",
    "the second moments |w|^2, <w, m>, |m|^2 (with an update u also <w, u>) do not change from t to t + 1; "
    "of random updates these are expected values (means over runs or over the entries), not values of one run at every t",
    "stationary",
    _Flag("stationary", "the second moments change"),
)
DECAY_RANGE = Hypothesis(
    "decay-range",
    "0 < eta_t lam_t < 1",
    "decay_range",
    _Flag("decay_range", "eta lam is not between 0 and 1"),
)
MOMENTUM_RANGE = Hypothesis(
    "momentum-range",
    "0 <= beta < 1",
    "momentum_range",
    _Flag("momentum_range", "the momentum is not in [0, 1)"),
)
DECOUPLED_STEP = Hypothesis(
    "decoupled-step",
    "w_{t+1} = (1 - eta_t lam_t) w_t - eta_t u_t with |u_t|^2 = U^2",
    "decoupled_step",
    _Flag("decoupled_step", "the update is not one of norm U with decoupled decay"),
)
AUTOREGRESSIVE = Hypothesis(
    "autoregressive-update",
    "<u_{t+1} - b1 u_t, w_{t+1}> = 0 with 0 <= b1 < 1: what is new in an update is orthogonal to the weights",
    "autoregressive_update",
    _Flag("autoregressive_update", "what is new in an update is correlated with the weights"),
)
UPDATE_MEMORY = Hypothesis(
    "update-memory",
    "<w_t, u_t> = -eta_t U^2 sigma/(1 - eta_t lam_t), sigma >= 0, as after an infinite past with <u_t, u_{t-k}> = U^2 r_k",
    "update_memory",
    _Flag("update_memory", "the product of weights and update is not that of the autocorrelation"),
)
NO_MOMENTUM = Hypothesis("no-momentum", "beta = 0", "no_momentum", _Flag("no_momentum", "there is momentum"))
NO_DECAY = Hypothesis("no-decay", "lam_t = 0", "no_decay", _Flag("no_decay", "there is weight decay"))
ZERO_BUFFER = Hypothesis("zero-buffer", "m_0 = 0", "zero_buffer", _Flag("zero_buffer", "the buffer does not start at zero"))
POSITIVE_FACTOR = Hypothesis(
    "positive-factor",
    "rho_t = 1 - eta_t (lam_t + beta c_t) > 0, c_{t+1} = (lam_t + beta c_t)/rho_t, R_{t+1} = rho_t R_t, R_0 = 1",
    "positive_factor",
    _Flag("positive_factor", "decay turns the weights round: rho_t is not positive"),
)
CORRECTED_BUFFER = Hypothesis(
    "corrected-buffer",
    "the run without decay starts from the buffer m_0 - c_0 w_0, and so enters step t with R_t (m_t - c_t w_t)",
    "corrected_buffer",
    _Flag("corrected_buffer", "the buffer of the run without decay is not corrected"),
)
ROOT = Hypothesis(
    "positive-root",
    "a > 0, a^2 - (1 + beta - eta_t lam_t) a + beta = 0",
    "positive_root",
    _Flag("positive_root", "the polynomial has no positive root, or another one at each step"),
)
SETTLED_SHIFT = Hypothesis(
    "settled-shift",
    "c_0 = (1 - a)/(eta_0 a): the run without decay starts from the buffer m_0 - (1 - a) w_0/(eta_0 a)",
    "settled_shift",
    _Flag("settled_shift", "c_0 is not the fixed point (1 - a)/(eta a)"),
)
UPDATE = Hypothesis(
    "update",
    "w_{t+1} = w_t + u_t, u_t whatever the optimiser adds (Adam, Muon, Lion, with or without decay); nothing else moves w",
    "update_known",
    _Flag("update_known", "the weights do not move by the update alone, or it is not known"),
)
FORWARD = Hypothesis(
    "forward",
    "|w| + u_r > 0, u_r = <w, u>/|w|: the update does not turn the weights by 90 degrees or more",
    "forward",
    _Flag("forward", "an update turns the weights by 90 degrees or more"),
)
LION_FILTER = Hypothesis(
    "lion-filter",
    "c_t = b1 m_t + (1 - b1) g_t, m_{t+1} = b2 m_t + (1 - b2) g_t, 0 <= b1, b2 < 1; "
    "<g_t, m_t> = 0, <g_{t+k}, c_t> = 0 for k >= 1, |g_t| > 0",
    "lion_filter",
    _Flag("lion_filter", "c is not Lion's average of independent gradients"),
)
SIGN_UPDATE = Hypothesis(
    "sign-update",
    "the entries of u_t are the signs of those of c_t, times a constant",
    "sign_update",
    _Flag("sign_update", "the update is not the sign of c"),
)
ALIKE_ENTRIES = Hypothesis(
    "alike-entries",
    "every entry of c_t is a stationary Gaussian sequence of mean zero with the autocorrelation of the whole, "
    "<c_{t+k}, c_t>/|c_t|^2",
    "alike_entries",
    _Flag("alike_entries", "the entries of c are no stationary Gaussian sequences with the autocorrelation of the whole"),
)
CONDITION = Hypothesis(
    "condition",
    "low |u|^2 <= u'(Cov + eps I)u <= cond low |u|^2 for every u, low > 0; Cov the biased covariance of the batch, eps >= 0",
    "condition_number",
    _Flag("condition", "cond does not bound the condition number of the covariance"),
)
SMOOTHED_BATCH_NORM = Hypothesis(
    "smoothed-batch-norm",
    "f(w) = mean over the batch of l_i(gain z_i), z_i = w.(x_i - mean)/sqrt(w'(Cov + eps I)w)",
    "smoothed_batch_norm",
    _Flag("smoothed_batch_norm", "the layer does not divide by the root of w'(Cov + eps I)w"),
)
LOSS_SLOPE = Hypothesis(
    "loss-slope",
    "every l_i is differentiable with |l_i'| <= l_1",
    "loss_slope",
    _Flag("loss_slope", "no bound on the slope of the losses is known"),
)
LOSS_CURVATURE = Hypothesis(
    "loss-curvature",
    "every l_i is twice differentiable with |l_i''| <= l_2",
    "loss_curvature",
    _Flag("loss_curvature", "no bound on the second derivative of the losses is known"),
)
OWN_CHANNEL = Hypothesis(
    "own-channel",
    "f depends on w through the normalised outputs z_i alone, which are linear in w before they are normalised",
    "own_channel",
    _Flag("own_channel", "the output before normalisation goes elsewhere too"),
)
BIASED_VARIANCE = Hypothesis(
    "biased-variance",
    "z_i = (a_i - mean a)/sqrt(var + eps), mean and biased variance of the a_j = <w, x_j> of its group",
    "biased_variance",
    _Flag("biased_variance", "the layer does not divide by the root of the biased variance plus eps"),
)
ONE_GROUP = Hypothesis(
    "one-group",
    "all outputs are normalised together (batch normalisation of one channel)",
    "one_group",
    _Flag("one_group", "there are several groups, each with its own variance"),
)
AFFINE = Hypothesis(
    "affine",
    "z goes only into y = gain z + shift, and gain only there",
    "affine",
    _Flag("affine", "the gain is used elsewhere too"),
)


def fact_of(hypothesis: Hypothesis) -> str:
    """The key of the fact that states a hypothesis of the theory."""
    assert isinstance(hypothesis.fails, _Flag)
    return hypothesis.fails.key
