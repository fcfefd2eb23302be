"""The letters of the theory, written once. Values at normalised weights unless said otherwise; logarithms are natural."""

from __future__ import annotations

from ratetheory.claims.statement import Symbol

_ALL = (
    # the state of training
    Symbol("S", r"S", "state", "squared norm |w|^2 of the block"),
    Symbol("b", r"b", "state", "inverse effective learning rate S/eta"),
    Symbol("f", r"f", "state", "loss", per_block=False),
    # one step
    Symbol("eta", r"\eta", "step", "learning rate of the block"),
    Symbol("G", r"|G|", "step", "gradient norm at the normalised weights, |w| |grad_w f|"),
    Symbol("H", r"|H|", "step", "norm of the gradient in the scale-variant parameters g", per_block=False),
    Symbol("angle", r"\angle(v_t,v_{t+1})", "step", "measured angle between the directions before and after the step"),
    Symbol("off_circle", r"\delta", "step", "distance of v_{t+1} from cos(theta) v - sin(theta) G/|G|"),
    Symbol("radial", r"\langle\nabla f(w),w\rangle", "step", "radial derivative <grad_w f(w), w>"),
    Symbol("d", r"d", "step", "predicted defect of the norm identity, computed without S_{t+1}"),
    Symbol("defect", r"\hat d", "step", "measured defect S_{t+1} - S_t - eta^2 |grad f|^2"),
    # a point and a direction
    Symbol("k", r"k", "step", "positive factor by which the weights are scaled"),
    Symbol("slope", r"\langle\nabla f(w),u\rangle", "step", "derivative of f at w along u"),
    Symbol("slope_scaled", r"\langle\nabla f(kw),u\rangle", "step", "derivative of f at k w along u"),
    Symbol("curvature", r"\nabla^2 f(w)[u,v]", "step", "second derivative of f at w along u and v"),
    Symbol("curvature_scaled", r"\nabla^2 f(kw)[u,v]", "step", "second derivative of f at k w along u and v"),
    Symbol("curvature_radial", r"\nabla^2 f(w)[w,u]", "step", "second derivative of f at w along w and u"),
    Symbol("curvature_mixed", r"\partial_j\partial_i f(w)[w_i,u_j]", "step", "mixed second derivative, w_i in its own block"),
    # along a great circle c(phi) of unit speed
    Symbol("circle_first", r"(f\circ c)'", "step", "first derivative of f along the great circle"),
    Symbol("circle_second", r"(f\circ c)''", "step", "second derivative of f along the great circle"),
    Symbol("circle_curvature", r"\nabla^2 f(c)[c',c']", "step", "Hessian of f at the circle's point along its unit tangent"),
    Symbol("circle_drop", r"f(c)-f(w)", "step", "difference of f between two points of the great circle"),
    Symbol("value", r"f(w)", "step", "value of f at the point", per_block=False),
    # stochastic gradients
    # decay, momentum, other optimisers
    Symbol("lam", r"\lambda", "step", "weight decay of the block"),
    Symbol("beta", r"\beta", "constant", "momentum", per_block=False),
    Symbol("p", r"p", "state", "inner product <w, m> of the weights and the momentum buffer m"),
    Symbol("m_sq", r"|m|^2", "state", "squared norm of the momentum buffer m"),
    Symbol("shrink", r"\rho", "step", "1 - eta (lam + beta c): what decay leaves of the scale R, c the shift"),
    Symbol("scale", r"R", "state", "product of all factors rho before; the weights of the run without decay are w/R"),
    Symbol("shift", r"c", "state", "c_{t+1} = (lam + beta c_t)/rho_t; the buffer of the run without decay is R (m - c w)"),
    Symbol("S_hat", r"\hat S", "state", "squared norm S/R^2 of the run without decay"),
    Symbol("eta_hat", r"\hat\eta", "step", "learning rate eta/(R_t R_{t+1}) of the run without decay"),
    Symbol("drift", r"\delta_w", "step", "distance of w_{t+1}/R_{t+1} from the step of the run without decay"),
    Symbol("buffer_drift", r"\delta_m", "step", "distance of R_{t+1} (m_{t+1} - c_{t+1} w_{t+1}) from that run's buffer"),
    Symbol("root", r"a", "constant", "positive root of x^2 - (1 + beta - eta lam) x + beta"),
    Symbol("inertia", r"Y", "state", "sum over k < t of beta^(t-k) eta_k |m_{k+1}|^2"),
    Symbol("lookahead", r"X", "state", "|w + eta beta m|^2, the squared norm of Nesterov's other sequence"),
    Symbol("update", r"|u|", "step", "norm of the update u = w_{t+1} - w_t"),
    Symbol("radial_update", r"\langle w,u\rangle", "step", "inner product of the weights and the update"),
    Symbol("tangential_update", r"|u_\perp|", "step", "norm of the update's part orthogonal to the weights"),
    # equilibria
    Symbol("cosine", r"\cos\theta", "step", "cosine of the angle between w_t and w_{t+1}"),
    Symbol("Q", r"Q", "constant", "squared gradient |G|^2 at the normalised weights"),
    Symbol("mu", r"\mu", "constant", "argument of a characteristic polynomial", per_block=False),
    Symbol("U", r"U", "constant", "root mean square norm of the update u in w_{t+1} = (1 - eta lam) w_t - eta u_t"),
    Symbol("wu", r"\langle w,u\rangle", "state", "inner product <w, u> of the weights and the update u"),
    Symbol("b1", r"\beta_1", "constant", "correlation of successive updates: Adam's first momentum", per_block=False),
    Symbol("sigma", r"\sigma", "constant", "sum over k >= 1 of (1 - eta lam)^k r_k, r_k the autocorrelation of the updates"),
    Symbol("b2", r"\beta_2", "constant", "momentum of Lion's buffer", per_block=False),
    Symbol("rho", r"\rho", "step", "correlation of c_t and c_{t+1}, of which Lion's updates are the signs"),
    # a batch-normalised neuron
    # AdaGrad-Norm
    Symbol("F", r"F", "state", "loss on all of R^d, without any invariance", per_block=False),
    Symbol("B", r"B", "state", "accumulator, the root of B_0^2 and all squared gradient norms so far", per_block=False),
    Symbol("grad_F", r"|\nabla F|", "step", "norm of the gradient of F at x_t", per_block=False),
    Symbol("L_F", r"L_F", "constant", "smoothness of F on R^d", per_block=False),
    Symbol("F_low", r"F_{\mathrm{low}}", "constant", "lower bound of F", per_block=False),
    Symbol("D_F", r"D", "constant", "F(x_0) - F_low", per_block=False),
    Symbol("G_F", r"G_F", "constant", "bound on |grad F| along the run, of the conclusion gradient-bound", per_block=False),
    Symbol("y_F", r"y", "constant", "max(G_F, B_0 + (B - B_0)/2), B the end of the one phase", per_block=False),
    Symbol("eta_F", r"\eta_F", "constant", "learning rate of AdaGrad-Norm: the step is eta_F/B_{t+1}", per_block=False),
    # constants
    Symbol("L", r"L", "constant", "smoothness L_ii of the block on its sphere"),
    Symbol("M", r"M", "constant", "matrix of the smoothness constants L_ij, L_ig, L_gg"),
    Symbol("Lam", r"\Lambda", "constant", "decoupled smoothness of the block: diag(Lam) - M is positive semidefinite"),
    Symbol("Lam_g", r"\Lambda_g", "constant", "decoupled smoothness of the scale-variant parameters", per_block=False),
    Symbol("Gbar", r"\bar G", "constant", "bound on |G| of the block"),
    Symbol("f_low", r"f_{\mathrm{low}}", "constant", "lower bound of f", per_block=False),
    Symbol("gap", r"\Delta", "constant", "f_0 - f_low", per_block=False),
    Symbol("eta_g", r"\eta_g", "constant", "learning rate of the scale-variant parameters", per_block=False),
    Symbol("kappa", r"\kappa", "constant", "1 - eta_g Lam_g / 2", per_block=False),
    Symbol("nu_0", r"\nu_0", "constant", "1/(kappa eta_g), zero without scale-variant parameters", per_block=False),
    Symbol("x", r"x", "step", "tangent of the angle of one step, |G|/b"),
    Symbol("b_0", r"b_0", "constant", "inverse effective learning rate at the start"),
)

SYMBOLS: dict[str, Symbol] = {symbol.name: symbol for symbol in _ALL}
