"""Small runs whose every number is known: gradient descent on Rayleigh quotients, one for each filter."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
import xarray as xr

from ratetheory.numeric.bound import read_methods
from ratetheory.numeric.certified_bound import bound_of_constants
from ratetheory.numeric.constants import one_block
from ratetheory.observation.apriori import Apriori, apriori_bound
from ratetheory.observation.compare import Comparison, compare, gradient_norms
from ratetheory.observation.trace import Trace, labelled
from ratetheory.verdict import Verdict
from ratetheory.witnesses import Verification

HOSTILE = "</script><img src=x onerror=alert(1)>"
TRUE_FACTS = (
    "scale_invariant differentiable twice_differentiable gradient_step full_gradient constant_rate predicted_defect "
    "lower_bound scale_variant_rate"
)
FILTERS = (("conv1", 0), ("conv1", 1), ("conv2", 0))
CURVATURES = np.array([[0.0, 0.5, 1.0], [0.0, 0.3, 2.0], [0.0, 1.0, 1.5]])
LARGEST = CURVATURES.max(axis=1)

Make = Callable[..., Trace]


def descend(steps: int, rate: float, start: np.ndarray) -> dict[str, Any]:
    """f = sum_i v_i' A_i v_i / 2, A_i diagonal and positive semidefinite with smallest eigenvalue 0: L_i = max A_i."""
    w = start.copy()
    norms, squares, losses = [(w**2).sum(axis=1)], [], []
    for _ in range(steps):
        length = np.sqrt((w**2).sum(axis=1))[:, None]
        v = w / length
        value = (CURVATURES * v**2).sum(axis=1) / 2
        gradient = (CURVATURES * v - 2 * value[:, None] * v) / length
        losses.append(value.sum())
        squares.append((gradient**2).sum(axis=1))
        w = w - rate * gradient
        norms.append((w**2).sum(axis=1))
    return {
        "loss": (("step",), np.array(losses)),
        "squared_norm": (("state", "block"), np.array(norms)),
        "squared_gradient": (("step", "block"), np.array(squares)),
        "learning_rate": (("step", "block"), np.full((steps, len(w)), rate)),
        "growth_error": (("step", "block"), 1e-14 * np.array(norms[1:])),
        "squared_gradient_error": (("step", "block"), 1e-14 * np.array(squares)),
        "radial_error": (("step", "block"), 1e-14 * np.sqrt(squares)),
    }


@pytest.fixture(scope="session")
def make() -> Make:
    """A trace of ``steps`` steps; ``names`` renames the layers, ``changed`` replaces variables, ``facts`` facts."""

    def make(
        steps: int = 40,
        rate: float = 0.5,
        names: dict[str, str] | None = None,
        changed: dict[str, Any] | None = None,
        facts: dict[str, Any] | None = None,
        **run: Any,
    ) -> Trace:
        start = np.random.default_rng(1).normal(size=(len(FILTERS), 3))
        renamed = names or {}
        blocks = [
            {"name": f"{renamed.get(layer, layer)}[{i}]", "layer": renamed.get(layer, layer), "dimension": 3}
            for layer, i in FILTERS
        ]
        dataset = labelled(
            xr.Dataset({**descend(steps, rate, start), **(changed or {})}), [str(block["name"]) for block in blocks]
        )
        known = {**dict.fromkeys(TRUE_FACTS.split(), True), "f_low": 0.0, "has_scale_variant": False, **(facts or {})}
        specification = {"network": "rayleigh", "data": "none", "optimizer": "gd", "learning_rate": rate, "steps": steps}
        content = {"specification": specification, "blocks": blocks, "facts": known, "status": "completed", **run}
        return Trace(dataset, content, known)

    return make


@pytest.fixture(scope="session")
def with_bound() -> Callable[[Trace], Comparison]:
    """A comparison with the bound that follows from the exact constants of the objective, taken as estimates."""

    def with_bound(trace: Trace) -> Comparison:
        return replace(compare(trace), apriori=apriori_of(trace))

    return with_bound


def apriori_of(trace: Trace) -> Apriori:
    """The bound before training of a trace of ``make``."""
    loss = float(trace.dataset["loss"].values[0])
    constants = {"L": LARGEST, "Lam": LARGEST, "Gbar": np.pi / 2 * LARGEST, "f_low": 0.0, "gap": loss, "Lam_g": 1.0}
    constants |= {"eta_g": 0.0, "kappa": 1.0, "nu_0": 0.0}
    return apriori_bound(trace, constants, float(gradient_norms(trace).min() ** 2))


@pytest.fixture(scope="session")
def verifications() -> list[Verification]:
    """One claim proved, one refuted, one undecided."""
    refuting = {"conclusion": "rate", "violation": {"step": 7}, "instance": {"name": HOSTILE}}
    unproved = {"conclusions": {"angle": {"status": "undecided", "reason": "no rule applies"}}}
    survived = {"instances": 1234, "conclusions": {"norm": {"slack": 2e-15}, "rate": {"slack": 0.5}}}

    def one(claim: str, status: str, derivation: Verdict, attack: Verdict) -> Verification:
        return Verification(claim, (derivation, attack, Verdict(claim, "formal", "absent")), status)

    proof = {"conclusions": {"norm": {"status": "proved", "reason": ""}}, "steps": 24}
    return [
        one(
            "norm-growth",
            "proved",
            Verdict("norm-growth", "derivation", "proved", proof),
            Verdict("norm-growth", "attack", "survived", survived, seed=3),
        ),
        one(
            "gd-rate",
            "refuted",
            Verdict("gd-rate", "derivation", "undecided", {"reason": "the budget ended"}),
            Verdict("gd-rate", "attack", "refuted", {"counterexample": refuting}, seed=3),
        ),
        one(
            "rotation-growth",
            "undecided",
            Verdict("rotation-growth", "derivation", "undecided", unproved),
            Verdict("rotation-growth", "attack", "undecided", {"reason": "out of time"}, seed=3),
        ),
    ]


class Page(HTMLParser):
    """What a browser would make of the page: elements with attributes, and the text between them."""

    VOID = ("meta", "link", "img", "br")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1:] == [tag], f"</{tag}> closes nothing"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        """All text, with single spaces."""
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="session")
def read_page() -> Callable[[str], Page]:
    """The parsed page."""
    return Page


@pytest.fixture(scope="session")
def hostile() -> str:
    """A name that would run a script if it were not escaped."""
    return HOSTILE


@pytest.fixture(scope="session")
def scalar_total() -> Callable[[float, str], float]:
    """The certified C of one block with |w|^2 = L = 1 and gap 1/2, by the scalar path; the best of what arrays compare."""

    def total(rate: float, method: str) -> float:
        methods, every = (("sharper", "two-phase"), True) if method == "best" else read_methods(method)
        return float(bound_of_constants(one_block(1, rate, 1, "1/2"), 1, None, methods, every).total)

    return total
