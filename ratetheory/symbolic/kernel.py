"""The kernel: facts can only be made by rules, each of which checks its step and can fail.

A fact is a relation that holds for all values of its free symbols, under the local assumptions it carries and under the
hypotheses of the theory that were used for it. Rules are functions of the trusted modules listed here; whoever audits a
derivation reads those and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, wraps
from inspect import Parameter, Signature, signature
from types import UnionType
from typing import Any, Concatenate, ParamSpec, get_args, get_origin, get_type_hints

from sympy import Basic, Expr, Function

from ratetheory.claims.statement import Claim, Conclusion
from ratetheory.symbolic.formation import (
    IllFormed,
    Places,
    assumed_nonzero,
    known_places,
    signs_given,
    singular_places,
    uncovered,
)
from ratetheory.symbolic.namespace import Expectation, ProbabilityEver, Relation

TRUSTED = tuple(
    f"ratetheory.symbolic.{name}"
    for name in (
        "rules",
        "equations",
        "choices",
        "sequences",
        "calculus",
        "inequalities",
        "extrema",
        "hypotheses",
        "chance",
        "updates",
        "moments",
        "adaptive",
        "neuron",
        "derivation",
    )
)
_CHANCE = "ratetheory.symbolic.chance"
_WITH_EXPECTATIONS = frozenset(
    {
        "division by a positive number",
        "linear combination with nonnegative factors",
        "special case",
        "sum over blocks",
        "sum over steps",
        "telescoping sum",
        "the least is at most the mean",
        "the least is at most the weighted mean",
        "the smaller of two",
        "hypothesis: single block",
        "conclusion",
    }
)
"""The rules, beside those about chance, that may speak of expectations: a fact about every number is not one about random
numbers inside of an expectation, and what holds for some outcomes alone does not hold in the mean."""
IMPLIED = {"differentiable": "twice-differentiable"}
"""A hypothesis (key) that a stronger one (value) contains."""

P = ParamSpec("P")
_KEY = object()


class RuleFailure(Exception):
    """A rule could not check its step: the derivation is undecided."""

    verdict = "undecided"


class Refuted(RuleFailure):
    """A rule found a certain counterexample to its step."""

    verdict = "refuted"


class BudgetExhausted(RuleFailure):
    """The time budget ran out."""


class Fact:
    """A proved relation; made by rules alone.

    Raises:
        TypeError: whenever it is constructed outside a rule.
    """

    __slots__ = ("assumptions", "hypotheses", "number", "premises", "relation", "rule")

    relation: Relation
    assumptions: frozenset[Relation]
    hypotheses: frozenset[str]
    rule: str
    premises: tuple[Fact, ...]
    number: int

    def __init__(self, key: object, **values: Any) -> None:
        if key is not _KEY:
            raise TypeError("a fact is made by a rule, never by hand")
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise TypeError("a fact does not change")

    def __str__(self) -> str:
        given = ", ".join(str(a) for a in sorted(self.assumptions, key=str))
        return f"{self.relation}" + (f"   where {given}" if given else "")


@dataclass(frozen=True)
class Step:
    """One line of a derivation: a fact, or the step that failed."""

    relation: Relation | None
    rule: str
    premises: tuple[int, ...]
    verdict: str
    note: str = ""
    assumptions: tuple[Relation, ...] = ()

    @property
    def statement(self) -> str:
        """The relation and what it assumes, as text."""
        given = ", ".join(map(str, self.assumptions))
        return str(self.relation or "") + (f"   where {given}" if given else "")


@dataclass(frozen=True)
class Inference:
    """What a rule has checked: the relation, the facts it used, and what it assumes beyond theirs.

    ``assumptions`` replaces the union of the premises' assumptions where a rule discharges some of them. ``nonzero``: what the
    rule has shown to be no zero, beyond what the signs of letters and the premises say.
    """

    relation: Relation
    premises: tuple[Fact, ...] = ()
    assumptions: frozenset[Relation] | None = None
    hypotheses: frozenset[str] = frozenset()
    note: str = ""
    nonzero: Places = frozenset()


Citation = Callable[["Context", str, str], tuple[Relation, frozenset[str], str]]
"""From a claim's and a conclusion's slug: what it states, the hypotheses it needs, its setting."""


@dataclass(frozen=True, eq=False)
class Context:
    """The derivation of one claim: what may be assumed, the facts so far, and the time left. Rules alone change it."""

    claim: Claim
    budget: float
    _citation: Citation | None = None
    _conclusions: list[Conclusion] = field(default_factory=list)
    _steps: list[Step] = field(default_factory=list)
    _lemmas: dict[Any, Any] = field(default_factory=dict)
    _witnesses: dict[Any, Any] = field(default_factory=dict)
    _facts: dict[int, Fact] = field(default_factory=dict)
    _start: float = field(default_factory=time.perf_counter)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps so far."""
        return tuple(self._steps)

    def remaining(self) -> float:
        """Seconds of the budget that are left."""
        return self.budget - (time.perf_counter() - self._start)

    def owns(self, fact: Fact) -> bool:
        """Whether the fact was proved in this derivation."""
        return self._facts.get(id(fact)) is fact

    def begin(self, conclusion: Conclusion) -> None:
        """From now on the hypotheses of this conclusion may be assumed.

        Raises:
            ValueError: if it is none of the claim's conclusions.
        """
        if conclusion not in self.claim.conclusions:
            raise ValueError(f"conclusion: {conclusion.slug!r} is none of {self.claim.slug}")
        self._conclusions[:] = [conclusion]

    def _available(self) -> frozenset[str]:
        own = (h for conclusion in self._conclusions for h in conclusion.hypotheses)
        return frozenset(h.slug for h in (*self.claim.hypotheses, *own)) if self._conclusions else frozenset()

    def require(self, *slugs: str) -> frozenset[str]:
        """The hypotheses, once each is one of the claim's.

        Raises:
            RuleFailure: if the claim does not have one of them, nor one that contains it.
        """
        available = self._available()
        for slug in slugs:
            if slug not in available and IMPLIED.get(slug) not in available:
                raise RuleFailure(f"{self.claim.slug} does not have the hypothesis {slug!r}")
        return frozenset(slugs)

    def require_one(self, *slugs: str) -> frozenset[str]:
        """The first of the hypotheses that the claim has; none if none is asked for.

        Raises:
            RuleFailure: if the claim has none of them.
        """
        available = self._available()
        for slug in slugs:
            if slug in available or IMPLIED.get(slug) in available:
                return frozenset({slug})
        if slugs:
            raise RuleFailure(f"{self.claim.slug} has none of the hypotheses {', '.join(slugs)}")
        return frozenset()


def _check_chance(rule_name: str, module: str, inference: Inference) -> None:
    if module == _CHANCE or rule_name in _WITH_EXPECTATIONS:
        return
    relations = [inference.relation, *(inference.assumptions or ())]
    for premise in inference.premises:
        relations += [premise.relation, *premise.assumptions]
    if any(relation.has(Expectation, ProbabilityEver) for relation in relations):
        raise RuleFailure(f"{rule_name!r} is no rule for expectations")


@cache
def _signature(check: Callable[..., Inference]) -> tuple[Signature, Mapping[str, Any]]:
    return signature(check), get_type_hints(check)


def _check_arguments(check: Callable[..., Inference], ctx: Context, args: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Every argument is of the very type that the rule says it takes: a rule trusts what a node's arguments mean."""
    form, hints = _signature(check)
    for name, value in form.bind(ctx, *args, **named).arguments.items():
        several = form.parameters[name].kind is Parameter.VAR_POSITIONAL
        for one in value if several else (value,):
            if not _is_a(one, hints[name]):
                raise RuleFailure(f"{name} = {one} is of another kind than the rule takes")


def _is_a(value: Any, hint: Any) -> bool:
    if get_origin(hint) is UnionType:
        return any(_is_a(value, one) for one in get_args(hint))
    kind = get_origin(hint) or hint
    if kind is Any:
        return True
    if kind is Mapping:
        return type(value) is dict
    if kind is Expr:
        return isinstance(value, Expr | int)
    if kind is Basic:
        return isinstance(value, Basic)
    return type(value) is kind and (not issubclass(kind, Function) or len(value.args) in kind.nargs)


def _check_relation(relation: Any) -> None:
    if type(relation) is not Relation or relation.symbol not in ("==", "<=", "<"):
        raise RuleFailure(f"{relation} is no equation and no inequality")


def _record(ctx: Context, rule_name: str, module: str, inference: Inference) -> Fact:
    for relation in (inference.relation, *(inference.assumptions or ())):
        _check_relation(relation)
    for premise in inference.premises:
        if not isinstance(premise, Fact) or not ctx.owns(premise):
            raise RuleFailure(f"a premise of {rule_name!r} is no fact of this derivation")
    _check_chance(rule_name, module, inference)
    inherited: frozenset[Relation] = frozenset().union(*(p.assumptions for p in inference.premises))
    assumptions = inherited if inference.assumptions is None else inference.assumptions
    _check_formed(inference, assumptions, assumptions - inherited)
    # any step may use the declared sign of a letter
    signs = frozenset().union(*(signs_given(relation) for relation in (inference.relation, *assumptions)))
    fact = Fact(
        _KEY,
        relation=inference.relation,
        assumptions=assumptions,
        hypotheses=inference.hypotheses.union(signs, *(p.hypotheses for p in inference.premises)),
        rule=rule_name,
        premises=inference.premises,
        number=len(ctx._steps) + 1,
    )
    ctx._facts[id(fact)] = fact
    numbers = tuple(p.number for p in inference.premises)
    ordered = tuple(sorted(assumptions, key=str))
    ctx._steps.append(Step(inference.relation, rule_name, numbers, "proved", inference.note, ordered))
    return fact


def _check_formed(inference: Inference, assumptions: frozenset[Relation], new: frozenset[Relation]) -> None:
    """Facts stay inside the grammar and divide by nothing that may be zero: from 1/(a - b) and a = b anything follows."""
    try:
        places = singular_places(inference.relation).union(*(singular_places(a) for a in new))
        known = inference.nonzero | assumed_nonzero(assumptions)
        for premise in inference.premises:
            known |= known_places(premise.relation, premise.assumptions)
    except IllFormed as failure:
        raise RuleFailure(str(failure)) from failure
    place = uncovered(places, known)
    if place is not None:
        raise RuleFailure(f"a denominator or the argument of a logarithm may be zero: {place}")


def rule(name: str) -> Callable[[Callable[Concatenate[Context, P], Inference]], Callable[Concatenate[Context, P], Fact]]:
    """Make a rule of a function that checks a step and returns its inference, or raises ``RuleFailure``.

    Raises:
        TypeError: if the function is not defined in a trusted module.
    """

    def decorate(check: Callable[Concatenate[Context, P], Inference]) -> Callable[Concatenate[Context, P], Fact]:
        if check.__module__ not in TRUSTED:
            raise TypeError(f"rules are defined in the trusted modules alone, not in {check.__module__}")

        @wraps(check)
        def apply(ctx: Context, *args: P.args, **kwargs: P.kwargs) -> Fact:
            if ctx.remaining() <= 0:
                raise BudgetExhausted(f"the time budget of {ctx.budget:g} s ran out before {name!r}")
            try:
                _check_arguments(check, ctx, args, kwargs)
                return _record(ctx, name, check.__module__, check(ctx, *args, **kwargs))
            except RuleFailure as failure:
                if not getattr(failure, "recorded", False):
                    goal = next((a for a in (*args, *kwargs.values()) if isinstance(a, Relation)), None)
                    ctx._steps.append(Step(goal, name, (), failure.verdict, str(failure)))
                    failure.recorded = True  # type: ignore[attr-defined]
                raise

        return apply

    return decorate


def lemma(build: Callable[Concatenate[Context, P], Any]) -> Callable[Concatenate[Context, P], Any]:
    """Build a fact (or several) once a derivation and use it again; the facts carry the hypotheses they used."""

    @wraps(build)
    def remembered(ctx: Context, *args: P.args, **kwargs: P.kwargs) -> Any:
        key = (build, args, tuple(sorted(kwargs.items())))
        if key not in ctx._lemmas:
            ctx._lemmas[key] = build(ctx, *args, **kwargs)
        return ctx._lemmas[key]

    return remembered


UNDER_DERIVATION: ContextVar[tuple[str, ...]] = ContextVar("UNDER_DERIVATION", default=())
"""The slugs of the claims whose derivation is going on: none of them may be cited."""
