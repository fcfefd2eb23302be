"""The letters and the hypotheses of the claims in Gallina: the definitions of ``proofs/runs.v`` and ``proofs/hypotheses.v``.

In a template ``{t}`` stands for the step; ``i`` is the block, ``r`` the run, ``k`` its constants. Where chance decides, ``c``
is all runs together, and a letter belongs to the run of the outcome that an expectation is taken over.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ratetheory.claims.statement import Hypothesis, Symbol
from ratetheory.claims.symbols import SYMBOLS
from ratetheory.formal.terms import BLOCK, HORIZON, STEP, Term

Binder = tuple[str, str]
"""A variable and its type."""

LETTERS: dict[str, str] = {
    "S": "squared_norm r {t} i",
    "b": "inverse_rate r {t} i",
    "f": "value r {t}",
    "eta": "learning_rate r {t} i",
    "G": "gradient_norm r {t} i",
    "H": "rest_gradient_norm r {t}",
    "angle": "angle r {t} i",
    "off_circle": "off_circle r {t} i",
    "radial": "radial r {t} i",
    "d": "d {t} i",
    "defect": "defect r {t} i",
    "k": "a",
    "slope": "slope r {t} i u",
    "slope_scaled": "slope_scaled r {t} i a u",
    "curvature": "curvature r {t} i u v",
    "curvature_scaled": "curvature_scaled r {t} i a u v",
    "curvature_radial": "curvature_radial r {t} i u",
    "curvature_mixed": "curvature_mixed r {t} i u",
    "circle_second": "circle_second r {t} i xi phi",
    "circle_curvature": "circle_curvature r {t} i xi phi",
    "circle_drop": "circle_drop r {t} i xi phi",
    "value": "step_value r {t}",
    "G_mean": "mean_gradient_norm r {t} i",
    "H_mean": "mean_rest_gradient_norm r {t}",
    "cross": "cross r {t} i",
    "cross_g": "rest_cross r {t}",
    "E": "squared_rates r {t} i",
    "eta_gt": "rest_schedule r {t}",
    "weight_g": "weight {t}",
    "Gs": "noise_limit k i",
    "sig": "noise_deviation k",
    "kap": "kap",
    "risk": "risk",
    "lam": "decay r {t} i",
    "beta": "momentum r",
    "p": "buffer_product r {t} i",
    "m_sq": "squared_buffer r {t} i",
    "shrink": "shrink r {t} i",
    "scale": "scale r {t} i",
    "shift": "shift r {t} i",
    "S_hat": "squared_norm_hat r {t} i",
    "eta_hat": "learning_rate_hat r {t} i",
    "drift": "drift r {t} i",
    "buffer_drift": "buffer_drift r {t} i",
    "root": "root i",
    "inertia": "inertia r {t} i",
    "lookahead": "lookahead r {t} i",
    "update": "update_norm r {t} i",
    "radial_update": "radial_update r {t} i",
    "tangential_update": "tangential_update r {t} i",
    "cosine": "cosine r {t} i",
    "Q": "Q i",
    "mu": "mu",
    "L": "smoothness k i i",
    "M": "k",
    "Lam": "decoupled_smoothness k i",
    "Lam_g": "rest_decoupled k",
    "Gbar": "gradient_limit k i",
    "f_low": "least_value k",
    "gap": "gap r k",
    "eta_g": "rest_rate r",
    "kappa": "kappa r k",
    "nu_0": "rest_price k",
    "x": "tangent r {t} i",
    "b_0": "inverse_rate r 0 i",
}

BINDERS: dict[str, tuple[Binder, ...]] = {
    "d": (("d", "nat -> index s -> R"),),
    "k": (("a", "R"),),
    "slope": (("u", "place s"),),
    "curvature": (("u", "place s"), ("v", "place s")),
    "curvature_radial": (("u", "place s"),),
    "curvature_mixed": (("u", "place s"),),
    "circle_second": (("xi", "place s"), ("phi", "R")),
    "circle_drop": (("xi", "place s"), ("phi", "R")),
    "weight_g": (("weight", "nat -> R"),),
    "kap": (("kap", "R"),),
    "risk": (("risk", "R"),),
    "root": (("root", "index s -> R"),),
    "Q": (("Q", "index s -> R"),),
    "mu": (("mu", "R"),),
}
"""Variables that a letter brings; letters that share one bring it once."""

FACTOR = "0 < a"
"""The premise on the factor by which weights are scaled."""

SIGNS: dict[str, dict[str, str]] = {
    "S": {"positive": "positive_norms r"},
    "b": {"positive": "positive_norms r /\\ positive_rates r"},
    "eta": {"positive": "positive_rates r"},
    "k": {"positive": FACTOR},
    "L": {"nonnegative": "nonnegative_smoothness k"},
    "Lam": {"positive": "(forall i : index s, 0 < decoupled_smoothness k i)"},
    "Lam_g": {"positive": "0 < rest_decoupled k"},
    "Gbar": {"positive": "(forall i : index s, 0 < gradient_limit k i)"},
    "Gs": {"positive": "(forall i : index s, 0 < noise_limit k i)"},
    "sig": {"nonnegative": "0 <= noise_deviation k"},
    "kap": {"positive": "0 < kap"},
    "risk": {"positive": "0 < risk"},
    "lam": {"nonnegative": "(forall (t : nat) (i : index s), 0 <= decay r t i)"},
    "beta": {"nonnegative": "0 <= momentum r"},
    "eta_g": {"nonnegative": "0 <= rest_rate r"},
    "eta_gt": {"nonnegative": "(forall t : nat, 0 <= rest_schedule r t)"},
    "Q": {"positive": "(forall i : index s, 0 < Q i)"},
    "S_hat": {"positive": "positive_norms r"},
    "eta_hat": {"positive": "positive_rates r"},
}
"""The premise that a letter's sign is, or rests on beside the hypothesis that gives it; a sign that follows from what the
letter means, as a norm's does, needs none."""

CIRCLE = "unit_tangent r t i xi"
"""The premise of letters along a great circle."""

_WITH_CONSTANTS = {
    "gradient_bounded",
    "mean_gradient_bounded",
    "noise_bounded",
    "bounded_below",
    "scale_variant_rate",
}
_OWN_ARGUMENTS = {
    "smooth_on_spheres": "smooth_on_spheres r k /\\ two_coordinates s",
    "decoupled": "decoupled k",
    "single_block": "single_block s",
    "predicted_defect": "predicted_defect r d",
    "positive_root": "positive_root r root",
    "settled_shift": "settled_shift r root",
    "squared_gradient": "squared_gradient r Q",
}
CHANCE = {
    "unbiased": "unbiased c",
    "fixed_schedule": "fixed_schedule c",
    "noise_variance": "noise_variance c k",
    "scale_variant_schedule": "scale_variant_schedule c k weight",
}
"""Hypotheses that speak of all outcomes together. A conclusion without an expectation holds for each outcome and needs none."""
BY_DEFINITION = {"update_known": "update", "corrected_buffer": "buffer_hat"}
"""Hypotheses that hold of every run by the definition of a letter."""


def hypothesis(condition: Hypothesis) -> str | None:
    """The premise on one run that a hypothesis is; ``None`` where it holds by a letter's definition, or is of ``CHANCE``."""
    name = condition.gallina
    if name in BY_DEFINITION or name in CHANCE:
        return None
    return _OWN_ARGUMENTS.get(name) or (f"{name} r k" if name in _WITH_CONSTANTS else f"{name} r")


def sign(symbol: Symbol) -> str | None:
    """The premise that the sign of a letter is, if it is one."""
    return SIGNS.get(symbol.name, {}).get(symbol.sign)


@dataclass
class Letters:
    """The namespace ``s``; ``used`` collects the letters that a formula reads."""

    used: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Term:
        for suffix, step, free in (("_next", f"(S {STEP})", STEP), ("_first", "0", None), ("_last", HORIZON, HORIZON)):
            if name.endswith(suffix) and name not in SYMBOLS:
                return self._at(name.removesuffix(suffix), step, free)
        return self._at(name, STEP, STEP)

    def _at(self, name: str, step: str, free: str | None) -> Term:
        if name not in LETTERS:
            raise ValueError(f"letter: {name!r} has no meaning in the formal development yet")
        if name not in self.used:
            self.used.append(name)
        template = LETTERS[name]
        words = template.split()
        found = {BLOCK} if BLOCK in words else set()
        if "{t}" in template and free is not None:
            found.add(free)
        return Term(template.format(t=step), frozenset(found), 4 if len(words) > 1 else 5)
