"""Attempts at a derivation that nobody wrote: which rules to apply, and in which order, to a user's own claim.

Nothing here is trusted: a fact comes out only where the rules checked every step. A goal is tried as it is (signs, normal
forms, combinations of what is known, repeated differentiation), then with its choices and absolute values taken apart, then
with each letter replaced by a nonnegative one: by the ends of its range, by its sign, or on both sides of 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations, count
from typing import Any

from sympy import Abs, Expr, Rational, S, Symbol, preorder_traversal

from ratetheory.claims import claims
from ratetheory.claims.statement import Claim, Conclusion
from ratetheory.symbolic.algebra import are_equal, canonical, is_nonnegative, is_positive, is_zero
from ratetheory.symbolic.choices import below_smaller, choose, larger_is, smaller_of
from ratetheory.symbolic.combinations import Given, combination
from ratetheory.symbolic.equations import antisymmetric, congruence, identity
from ratetheory.symbolic.hypotheses import cite
from ratetheory.symbolic.inequalities import bounded_by_limit, by_enclosure, constant_difference, nonnegative
from ratetheory.symbolic.kernel import BudgetExhausted, Context, Fact, RuleFailure, lemma
from ratetheory.symbolic.namespace import IfLess, Largest, Letters, Relation, Smallest, assumed, m, relation, statement
from ratetheory.symbolic.rules import (
    absolute_value,
    absurd,
    below_absolute,
    by_sign,
    cases,
    combine,
    discharge,
    follows,
    instantiate,
    suppose,
)
from ratetheory.symbolic.sequences import sum_steps
from ratetheory.symbolic.vectors import BLOCK_VARIABLES, HORIZON, STEP

_DEPTH = 5
_GOALS = 200
_NODES = (Largest, Smallest, IfLess, Abs)
_INSIDE = Symbol("u'", real=True)


def derivations(claim: Claim, steps: tuple[Any, ...]) -> Mapping[str, Callable[[Context], Fact]]:
    """For each conclusion what derives it: the steps given, or an attempt."""
    return {conclusion.slug: _derivation(conclusion, steps) for conclusion in claim.conclusions}


def _derivation(conclusion: Conclusion, steps: tuple[Any, ...]) -> Callable[[Context], Fact]:
    def derive(ctx: Context) -> Fact:
        known = _facts_of_steps(ctx, steps)
        if conclusion.slug in known:
            return known[conclusion.slug]
        given = [*_hypotheses(ctx).values(), *(_proved(fact) for fact in known.values()), *_citable(ctx, conclusion)]
        found = _Search(ctx, given).prove(statement(ctx.claim, conclusion))
        if found is None:
            raise RuleFailure("no derivation was found; that says nothing of the claim")
        return found

    return derive


def _proved(fact: Fact) -> Given:
    return Given(fact.relation, lambda: fact)


def _hypotheses(ctx: Context) -> dict[str, Given]:
    """What the claim assumes in formulas: the hypotheses by name, the ranges of its letters numbered."""
    named = [h.slug for h in ctx.claim.hypotheses if h.states is not None]
    every = assumed(ctx.claim)
    ranges = len(every) - len(named)
    names = [*(f"range {index}" for index in range(ranges)), *named]
    return {name: Given(one, lambda one=one: suppose(ctx, one)) for name, one in zip(names, every, strict=True)}  # type: ignore[misc]


def _citable(ctx: Context, conclusion: Conclusion) -> Iterator[Given]:
    """Claims of the theory that hold wherever this one speaks, and that share a letter with it."""
    if ctx.claim.letters:
        return
    own = {h.slug for h in (*ctx.claim.hypotheses, *conclusion.hypotheses)}
    letters = set(ctx.claim.symbols)
    for claim in claims.values():
        for one in claim.conclusions:
            needed = {h.slug for h in (*claim.hypotheses, *one.hypotheses)}
            if (one.setting or claim.setting) != ctx.claim.setting or not needed <= own or not letters & set(claim.symbols):
                continue
            fact = partial(cite, ctx, claim.slug, one.slug)
            yield Given(statement(claim, one), fact, is_cited=True)


# --- the steps given ------------------------------------------------------------------------------------------------------


@lemma
def _facts_of_steps(ctx: Context, steps: tuple[Any, ...]) -> dict[str, Fact]:
    known: dict[str, Given] = _hypotheses(ctx)
    facts: dict[str, Fact] = {}
    for step in steps:
        try:
            facts[step.slug] = _fact_of_step(ctx, step, known)
        except BudgetExhausted:
            raise
        except (RuleFailure, ValueError, KeyError) as failure:
            raise RuleFailure(f"step {step.slug}: {failure}") from failure
        known[step.slug] = _proved(facts[step.slug])
    return facts


def _fact_of_step(ctx: Context, step: Any, known: Mapping[str, Given]) -> Fact:
    def named(name: str) -> Given:
        if name not in known:
            raise RuleFailure(f"{name!r} is no step before this one and no hypothesis")
        return known[name]

    if step.by == "cite":
        return _cited(ctx, *step.using)
    if step.by == "sum":
        return sum_steps(ctx, named(step.using[0]).fact())
    goal = relation(ctx.claim, step.states)
    if step.by == "combine":
        letters = Letters(ctx.claim.letters)
        terms = [(factor(m, letters), *(named(name).fact() for name in names)) for factor, names in step.using]
        return combine(ctx, goal, *terms)
    given = [named(name) for name in step.using]
    search = _Search(ctx, given or list(known.values()))
    found = search.by_derivatives(goal, step.variable) if step.by == "derivatives" else search.prove(goal)
    if found is None:
        raise RuleFailure("no derivation was found")
    return found


def _cited(ctx: Context, slug: str, conclusion: str) -> Fact:
    """A claim of the theory, where this one is stated: elsewhere its letters may mean something else."""
    if slug not in claims or conclusion not in (c.slug for c in claims[slug].conclusions):
        raise RuleFailure(f"{slug}, {conclusion} is no conclusion of the theory")
    if (claims[slug].conclusion(conclusion).setting or claims[slug].setting) != ctx.claim.setting:
        raise RuleFailure(f"{slug} speaks of another setting than {ctx.claim.setting!r}")
    return cite(ctx, slug, conclusion)


# --- the search -----------------------------------------------------------------------------------------------------------


@dataclass
class _Search:
    """An attempt at one goal."""

    ctx: Context
    given: list[Given]
    goals: Iterator[int] = field(default_factory=lambda: iter(range(_GOALS)))
    names: Iterator[int] = field(default_factory=count)
    failed: set[tuple[Relation, int]] = field(default_factory=set)

    def prove(self, goal: Relation, depth: int = _DEPTH) -> Fact | None:
        """A fact with this relation, or ``None``."""
        seen = any((goal, tried) in self.failed for tried in range(depth, _DEPTH + 1))
        if seen or next(self.goals, None) is None:
            return None
        for attempt in self._attempts(goal, depth):
            fact = self._tried(attempt)
            if fact is not None and fact.relation == goal:
                return fact
        self.failed.add((goal, depth))
        return None

    def by_derivatives(self, goal: Relation, name: str) -> Fact | None:
        """Repeated differentiation in one letter, from the start of its range."""
        (x,) = (one for one in goal.free_symbols() if one.name == name)
        for attempt in (lambda: self._differentiated(goal, x), *self._reductions_of(goal, x, _DEPTH)):
            if (fact := self._tried(attempt)) is not None:
                return fact
        return None

    def _tried(self, attempt: Callable[[], Fact | None]) -> Fact | None:
        try:
            return attempt()
        except (BudgetExhausted, MemoryError):
            raise
        except Exception:  # sympy gives up in many ways; an attempt that fails proves nothing
            return None

    def _attempts(self, goal: Relation, depth: int) -> Iterator[Callable[[], Fact | None]]:
        ctx = self.ctx
        node = next((part for side in (goal.left, goal.right) for part in _nodes(side)), None)
        if goal.symbol == "==":
            if are_equal(goal.left, goal.right):
                yield lambda: identity(ctx, goal)
            yield lambda: self._two_ways(goal)
        elif is_positive(goal.gap) if goal.symbol == "<" else is_nonnegative(goal.gap):
            yield lambda: by_sign(ctx, goal)
        elif not goal.free_symbols():
            yield lambda: by_enclosure(ctx, goal)
            return
        yield lambda: self._absurd(goal)
        if node is not None:
            if depth > 0:
                yield lambda: self._taken_apart(goal, node, depth - 1)
            return
        for given in self._selections():
            yield lambda given=given: combination(ctx, goal, given)  # type: ignore[misc]
        variables = sorted((x for x in goal.free_symbols() if _is_variable(x)), key=str)
        if goal.symbol != "<":
            for x in variables:
                yield lambda x=x: self._differentiated(goal, x)  # type: ignore[misc]
        if depth > 0:
            for x in variables:
                yield from self._reductions_of(goal, x, depth)

    def _selections(self) -> Iterator[list[Given]]:
        """What a combination may use: the own hypotheses and one citation at a time; a theory is too much at once."""
        own = [one for one in self.given if not one.is_cited]
        yield own
        for one in self.given:
            if one.is_cited:
                yield [*own, one]

    def _two_ways(self, goal: Relation) -> Fact | None:
        """An equation from two inequalities among what is known."""
        known = [one for one in self.given if not one.is_cited]
        below = combination(self.ctx, Relation(goal.left, "<=", goal.right), known)
        above = None if below is None else combination(self.ctx, Relation(goal.right, "<=", goal.left), known)
        return None if below is None or above is None else antisymmetric(self.ctx, below, above)

    def _absurd(self, goal: Relation) -> Fact | None:
        """Anything, where two of the relations that are known exclude each other."""
        for first, second in combinations((g for g in self.given if g.relation.symbol != "=="), 2):
            if "<" in (first.relation.symbol, second.relation.symbol) and is_zero(first.relation.gap + second.relation.gap):
                strict, weak = (first, second) if first.relation.symbol == "<" else (second, first)
                return absurd(self.ctx, goal, (1, strict.fact()), (1, weak.fact()))
        return None

    def _differentiated(self, goal: Relation, x: Symbol) -> Fact | None:
        if not x.is_nonnegative:
            return None
        u = x if not x.is_positive else self._new("nonnegative")
        general = goal.map(lambda side: side.xreplace({x: u}))
        fact = self._from_zero(general, u)
        return fact if u == x or fact is None else instantiate(self.ctx, fact, {u: x})

    def _from_zero(self, goal: Relation, x: Symbol) -> Fact | None:
        if goal.symbol == "==":
            return constant_difference(self.ctx, goal, x)
        for rule in (nonnegative, bounded_by_limit):
            if (fact := self._tried(lambda rule=rule: rule(self.ctx, goal, x))) is not None:  # type: ignore[misc]
                return fact
        return None

    # --- letters ----------------------------------------------------------------------------------------------------------

    def _new(self, sign: str) -> Symbol:
        return Symbol(f"u'{next(self.names) + 1}", **{sign: True})

    def _with(self, given: list[Given]) -> _Search:
        return _Search(self.ctx, given, self.goals, self.names)

    def _reductions_of(self, goal: Relation, x: Symbol, depth: int) -> Iterator[Callable[[], Fact | None]]:
        """The goal with x replaced by something nonnegative, in every way that is known."""
        ends = [one for one in self.given if one.relation.symbol != "==" and one.relation.gap.diff(x).is_Rational]
        ends = [one for one in ends if one.relation.gap.diff(x) != 0]
        constant = [one for one in ends if one.relation.gap.free_symbols == {x}]
        low = next((one for one in constant if one.relation.gap.diff(x) > 0), None)
        high = next((one for one in constant if one.relation.gap.diff(x) < 0), None)
        if high is not None and (low is not None or x.is_nonnegative):
            yield lambda: self._between(goal, x, low, high, depth - 1)
        for one in ends:
            yield lambda one=one: self._from_end(goal, x, one, depth - 1)  # type: ignore[misc]
        if not x.is_nonnegative:
            yield lambda: self._both_signs(goal, x, depth - 1)
        elif x.is_positive:
            yield lambda: self._both_sides_of_one(goal, x, depth - 1)

    def _moved(self, goal: Relation, x: Symbol, value: Expr, depth: int, *back: Relation | tuple[Any, ...]) -> Fact | None:
        """The goal from the one where x is ``value``, which special cases, and other forms of it, bring back."""
        ctx, moved, changed = self.ctx, [], []
        for one in self.given:
            there = one.relation.map(lambda side: side.xreplace({x: value}))
            if there == one.relation:
                moved.append(one)
            else:
                moved.append(Given(there, lambda there=there: suppose(ctx, there)))  # type: ignore[misc]
                changed.append(one)
        fact = self._with(moved).prove(goal.map(lambda side: canonical(side.xreplace({x: value}))), depth)
        if fact is None:
            return None
        for way in back:
            fact = combine(ctx, way, (1, fact)) if isinstance(way, Relation) else instantiate(ctx, fact, way[0], *way[1:])
        for one in changed:
            if any(a == one.relation or follows(a, (one.fact(),)) for a in fact.assumptions):
                fact = discharge(ctx, fact, one.fact())
        return combine(ctx, goal, (1, fact))

    def _from_end(self, goal: Relation, x: Symbol, end: Given, depth: int) -> Fact | None:
        """x measured from where a known inequality, linear in x, becomes an equation."""
        gap = end.relation.gap
        u = self._new("positive" if end.relation.symbol == "<" else "nonnegative")
        value = (u - gap.xreplace({x: S.Zero})) / gap.diff(x)
        if (x.is_positive and not is_positive(value)) or (x.is_nonnegative and not is_nonnegative(value)):
            return None
        return self._moved(goal, x, value, depth, ({u: gap}, end.fact()))

    def _both_signs(self, goal: Relation, x: Symbol, depth: int) -> Fact | None:
        u, right = self._new("nonnegative"), Relation(S.Zero, "<=", x)
        first = self._moved(goal, x, u, depth, ({u: x}, suppose(self.ctx, right)))
        if first is None:
            return None
        second = self._moved(goal, x, -u, depth, ({u: -x}, suppose(self.ctx, right.negation())))
        return None if second is None else cases(self.ctx, first, second, right)

    def _both_sides_of_one(self, goal: Relation, x: Symbol, depth: int) -> Fact | None:
        u, right = self._new("nonnegative"), Relation(S.One, "<=", x)
        first = self._moved(goal, x, 1 + u, depth, ({u: x - 1}, suppose(self.ctx, right)))
        if first is None:
            return None
        below = combine(self.ctx, Relation(S.Zero, "<=", 1 / x - 1), (1 / x, suppose(self.ctx, right.negation())))
        second = self._moved(goal, x, 1 / (1 + u), depth, ({u: 1 / x - 1}, below))
        return None if second is None else cases(self.ctx, first, second, right)

    def _between(self, goal: Relation, x: Symbol, low: Given | None, high: Given, depth: int) -> Fact | None:
        """x between two numbers a < b as (a + b u)/(1 + u), and the case x = b apart."""
        ctx = self.ctx
        a, b = (S.Zero if low is None else _root(low.relation.gap, x)), _root(high.relation.gap, x)
        u, y, z = self._new("nonnegative"), self._new("positive"), self._new("nonnegative")
        above = by_sign(ctx, Relation(S.Zero, "<=", x)) if low is None else low.fact()
        inside = Relation(x, "<", b)
        # u = z/y with y > 0 first: (x - a)/(b - x) alone is not certainly a number
        ends = ({z: x - a, y: b - x}, above, suppose(ctx, inside))
        way = goal.map(lambda side: side.xreplace({x: (a * y + b * z) / (y + z)}))
        first = self._moved(goal, x, (a + b * u) / (1 + u), depth, ({u: z / y},), way, ends)
        if first is None or high.relation.symbol == "<":
            return first
        at_end = self.prove(goal.map(lambda side: side.xreplace({x: b})), depth)
        if at_end is None:
            return None
        equal = antisymmetric(ctx, high.fact(), suppose(ctx, inside.negation()))
        return cases(ctx, first, self._carried(goal, x, at_end, equal), inside)

    def _carried(self, goal: Relation, node: Expr, fact: Fact, equal: Fact) -> Fact:
        """The goal from what it says with the node's value in place of the node."""
        function = goal.gap.xreplace({node: _INSIDE})
        return combine(self.ctx, goal, (1, fact), (-1, congruence(self.ctx, function, _INSIDE, equal)))

    # --- choices ----------------------------------------------------------------------------------------------------------

    def _taken_apart(self, goal: Relation, node: Expr, depth: int) -> Fact | None:
        """The goal in the two cases of a choice, a larger, a smaller or an absolute value."""
        condition, first, second = self._cases_of(node)
        done = []
        for equal in (first, second):
            value = equal.relation.right
            given = [*self.given, *(Given(one, lambda one=one: suppose(self.ctx, one)) for one in equal.assumptions)]  # type: ignore[misc]
            fact = self._with(given).prove(goal.map(lambda side, value=value: side.xreplace({node: value})), depth)  # type: ignore[misc]
            if fact is None:
                return None
            done.append(self._carried(goal, node, fact, equal))
        return cases(self.ctx, done[0], done[1], condition)

    def _cases_of(self, node: Expr) -> tuple[Relation, Fact, Fact]:
        ctx = self.ctx
        if isinstance(node, IfLess):
            low, high, *_ = node.args
            return Relation(low, "<", high), choose(ctx, node, True), choose(ctx, node, False)
        if isinstance(node, Largest):
            return Relation(node.args[0], "<=", node.args[1]), larger_is(ctx, node, 1), larger_is(ctx, node, 0)
        if isinstance(node, Smallest):
            condition = Relation(node.args[0], "<=", node.args[1])
            return condition, self._smaller_is(node, 0, condition), self._smaller_is(node, 1, condition.negation())
        (inside,) = node.args
        condition = Relation(S.Zero, "<=", inside)
        below = self._absolute_is(node, -inside, condition.negation())
        return condition, self._absolute_is(node, inside, condition), below

    def _smaller_is(self, node: Expr, which: int, condition: Relation) -> Fact:
        ctx, own = self.ctx, node.args[which]
        bounds = [combine(ctx, Relation(own, "<=", other), (1, suppose(ctx, condition))) if other != own
                  else combine(ctx, Relation(own, "<=", own)) for other in node.args]  # fmt: skip
        return antisymmetric(ctx, smaller_of(ctx, node, which), below_smaller(ctx, node, bounds[0], bounds[1]))

    def _absolute_is(self, node: Expr, value: Expr, condition: Relation) -> Fact:
        ctx = self.ctx
        (inside,) = node.args
        upper, lower = (
            combine(ctx, Relation(x, "<=", value), (0 if x == value else 2, suppose(ctx, condition))) for x in (inside, -inside)
        )
        above = absolute_value(ctx, Relation(node, "<=", value), upper, lower)
        return antisymmetric(ctx, above, below_absolute(ctx, combine(ctx, Relation(node, "<=", node)), value))


def _nodes(side: Expr) -> Iterator[Expr]:
    """Choices and absolute values, the innermost first."""
    found = [part for part in preorder_traversal(side) if isinstance(part, _NODES)]
    return reversed(found)


def _root(gap: Expr, x: Symbol) -> Rational:
    return -gap.xreplace({x: S.Zero}) / gap.diff(x)


def _is_variable(symbol: Any) -> bool:
    reserved = (STEP, HORIZON, *BLOCK_VARIABLES)
    return type(symbol) is Symbol and symbol not in reserved and not symbol.is_integer and symbol.is_real
