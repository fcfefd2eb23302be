"""Which expressions a fact may speak of: a closed grammar, and where an expression divides or takes a logarithm.

The rules reason about sums, bound variables, indices and signs; an expression outside the grammar (another function, another
binder, a symbol that is declared nonzero or infinite, a decimal number) could hide what they do not know, so no fact has one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sympy import (
    Abs,
    Add,
    Basic,
    Dummy,
    Expr,
    Indexed,
    IndexedBase,
    Mul,
    Pow,
    Rational,
    S,
    Symbol,
    Tuple,
    acos,
    atan,
    cos,
    exp,
    log,
    oo,
    pi,
    preorder_traversal,
    sin,
)

from ratetheory.claims.symbols import SYMBOLS
from ratetheory.symbolic.algebra import is_nonnegative, is_positive
from ratetheory.symbolic.namespace import (
    MULTIPLIER,
    ArcsineSum,
    Expectation,
    IfLess,
    InfimumOnBoundary,
    InfimumOverMultipliers,
    LargerIncrement,
    Largest,
    LargestBlock,
    LeastOverSteps,
    NoiseSupremum,
    ProbabilityEver,
    Relation,
    SlopeIntegral,
    Smallest,
    Witness,
    declared,
)
from ratetheory.symbolic.vectors import (
    BLOCK_VARIABLES,
    BLOCKS,
    BOUND_BLOCKS,
    FAMILY,
    FULL_LOSS,
    FUNCTION,
    OTHER_BLOCK,
    STEP,
    VARIANT,
    Differential,
    Dot,
    SampleLoss,
    Sum,
    Vector,
    block_of,
)

ANY_BLOCK = Symbol("any block", integer=True, positive=True)
ANY_STEP = Symbol("any step", integer=True, nonnegative=True)
_PLAIN = (
    Add,
    Mul,
    Pow,
    Abs,
    acos,
    atan,
    cos,
    sin,
    exp,
    log,
    ArcsineSum,
    Expectation,
    InfimumOnBoundary,
    LargerIncrement,
    Largest,
    NoiseSupremum,
    ProbabilityEver,
    SlopeIntegral,
    Smallest,
)
_VECTOR_LETTERS = {
    "w",
    "v",
    "g",
    "grad",
    "full",
    "e",
    "xi",
    "u",
    "z",
    "momentum",
    "c",
    "grad_hat",
    "delta",
    "increment",
    "x",
    "h",
}
Places = frozenset[Expr]
"""What must not be zero: denominators and arguments of logarithms; what is bound is called ``ANY_BLOCK``, ``ANY_STEP``."""


class IllFormed(Exception):
    """The expression is outside the grammar of facts."""


@lru_cache(maxsize=20_000)
def singular_places(relation: Relation) -> Places:
    """The denominators and the arguments of logarithms on both sides.

    Raises:
        IllFormed: if a side is outside the grammar.
    """
    return _side(relation.left) | _side(relation.right)


def _side(side: Any) -> Places:
    if side == oo:
        return frozenset()
    if type(side) is IfLess:
        # The claims write "no bound" as the value infinity of a choice, and of nothing else.
        return _choice(side.func(*(S.Zero if a == oo else a for a in side.args)), frozenset())
    return _places(side, frozenset())


def expression_places(expression: Any) -> Places:
    """The denominators and the arguments of logarithms of a finite scalar or vector.

    Raises:
        IllFormed: if it is outside the grammar.
    """
    return _places(expression, frozenset())


def uncovered(places: Places, known: Places) -> Expr | None:
    """A place that may be zero as far as signs and the known nonzero places say; ``None`` if there is none."""
    pending = [place for place in places if not _is_nonzero(place)]
    if not pending:
        return None
    factors = {_monic(f) for place in known for f in _factors(place)}
    for place in pending:
        for factor in _factors(place):
            if not (_is_nonzero(factor) or _monic(factor) in factors or _monic(_generic(factor)) in factors):
                return place
    return None


@lru_cache(maxsize=20_000)
def signs_given(relation: Relation) -> frozenset[str]:
    """The hypotheses that give the letters of a relation their declared signs."""
    atoms = (atom for side in (relation.left, relation.right) for atom in side.atoms(Indexed, Symbol))
    names = {atom.base.label.name if isinstance(atom, Indexed) else atom.name for atom in atoms}
    return frozenset(given for name in names & SYMBOLS.keys() if (given := SYMBOLS[name].given))


@lru_cache(maxsize=20_000)
def known_places(relation: Relation, assumptions: frozenset[Relation]) -> Places:
    """What is not zero where a fact holds: its own places and assumptions, and what it puts above something nonnegative.

    Raises:
        IllFormed: if a side is outside the grammar.
    """
    places = singular_places(relation) | assumed_nonzero(frozenset({relation}))
    free_block = not any(a.has(*BLOCK_VARIABLES) for a in assumptions)
    free_step = not any(a.has(STEP) for a in assumptions)
    found = set(places | assumed_nonzero(assumptions))
    for place in places:
        # What holds for every block and every step holds for those that a sum binds.
        block = _generic(place) if free_block else place
        found |= {block} | ({p.xreplace({STEP: ANY_STEP}) for p in (place, block)} if free_step else set())
    return frozenset(found)


@lru_cache(maxsize=20_000)
def assumed_nonzero(assumptions: frozenset[Relation]) -> Places:
    """What is positive because an assumption puts it above something nonnegative."""
    ordered = (a for a in assumptions if a.symbol != "==" and not a.has(oo))
    return frozenset(a.right for a in ordered if _is_above_zero(a.left, strict=a.symbol == "<"))


def _is_above_zero(low: Expr, strict: bool) -> bool:
    return is_nonnegative(low) if strict else is_positive(low)


def _generic(place: Expr) -> Expr:
    blocks = _blocks(place)
    return place.xreplace({next(iter(blocks)): ANY_BLOCK}) if len(blocks) == 1 and blocks <= set(BLOCK_VARIABLES) else place


def _blocks(place: Expr) -> set[Basic]:
    return place.free_symbols & {*BLOCK_VARIABLES, *BOUND_BLOCKS, OTHER_BLOCK, FAMILY, ANY_BLOCK}


@lru_cache(maxsize=20_000)
def _is_nonzero(place: Expr) -> bool:
    return bool(place.is_nonzero) or is_positive(place) or is_positive(-place)


@lru_cache(maxsize=20_000)
def _factors(place: Expr) -> tuple[Expr, ...]:
    """Factors of numerator and denominator: the place is not zero where none of them is."""
    product = Mul.make_args(place.together().factor(deep=False) if place.is_Add else place)
    bases = (factor.base if isinstance(factor, Pow) else factor for factor in product)
    return tuple(base for base in bases if base == 0 or not base.is_Number)


@lru_cache(maxsize=20_000)
def _monic(factor: Expr) -> Expr:
    expanded = factor.expand()
    return expanded if not expanded.could_extract_minus_sign() else -expanded


@lru_cache(maxsize=100_000)
def _places(node: Any, bound: frozenset[Symbol]) -> Places:
    kind = type(node)
    if isinstance(node, Rational) or node == pi:
        return frozenset()
    if kind in (Symbol, Dummy, Witness):
        return _symbol(node, bound)
    if kind is Indexed:
        return _indexed(node, bound)
    if kind is Vector:
        return frozenset().union(*(_pair(pair, bound) for pair in node.args))
    if kind is Dot:
        return _named(node.args[0], bound) | _named(node.args[1], bound)
    if kind is Differential:
        _check_loss(node.loss)
        return _places(node.point, bound).union(*(_named(a, bound) for a in node.args[2:]))
    if kind is SampleLoss:
        _check_block(node.args[0], bound)
        if not node.args[2].is_real:
            raise IllFormed(f"{node.args[2]} is not certainly real")
        return _places(node.args[2], bound)
    if kind is Sum:
        return _sum(node, bound)
    if kind is IfLess:
        return _choice(node, bound)
    if kind in (LargestBlock, LeastOverSteps, InfimumOverMultipliers):
        return _binder(node, bound)
    if kind not in _PLAIN:
        raise IllFormed(f"{node} is no expression that the rules know")
    inside = frozenset().union(*(_places(a, bound) for a in node.args))
    if kind is log:
        return inside | {node.args[0]}
    if kind is Pow and not (node.exp.is_nonnegative):
        return inside | {node.base}
    return inside


def _choice(node: IfLess, bound: frozenset[Symbol]) -> Places:
    """The first branch counts only where the condition holds."""
    low, high, first, second = node.args
    chosen = _places(first, bound)
    if is_nonnegative(low):
        chosen = frozenset(place for place in chosen if uncovered(frozenset({place}), frozenset({high})))
    return _places(low, bound) | _places(high, bound) | chosen | _places(second, bound)


def _symbol(node: Symbol, bound: frozenset[Symbol]) -> Places:
    if declared(node) is None:
        raise IllFormed(f"{node} is declared in a way that the rules do not know")
    if node == FAMILY or (node in BOUND_BLOCKS and node not in bound):
        raise IllFormed(f"{node} is the name of a bound variable")
    return frozenset()


def _check_block(block: Any, bound: frozenset[Symbol], *others: Any) -> None:
    if block not in (*BLOCK_VARIABLES, OTHER_BLOCK, *others) and not (block in bound and block in BOUND_BLOCKS):
        raise IllFormed(f"{block} is no block")


def _check_step(step: Any, bound: frozenset[Symbol]) -> None:
    _places(step, bound)
    if not (step.is_integer and step.is_nonnegative):
        raise IllFormed(f"{step} is no step")


def _check_loss(loss: Any) -> None:
    if loss in (FULL_LOSS, FUNCTION):
        return
    if not (type(loss) is Indexed and loss.base == IndexedBase("ell") and len(loss.indices) == 1):
        raise IllFormed(f"{loss} is no loss")
    _check_step(loss.indices[0], frozenset())


def _named(atom: Any, bound: frozenset[Symbol], *others: Any) -> Places:
    if not (type(atom) is Indexed and atom.base.label.name in _VECTOR_LETTERS and len(atom.indices) == 2):
        raise IllFormed(f"{atom} is no named vector")
    if atom.base != IndexedBase(atom.base.label.name):
        raise IllFormed(f"{atom} is no named vector")
    _check_step(atom.indices[0], bound)
    _check_block(block_of(atom), bound, VARIANT, FAMILY, *others)
    return frozenset()


def _pair(pair: Any, bound: frozenset[Symbol]) -> Places:
    atom, coefficient = pair
    _named(atom, bound)
    if not coefficient.is_real:
        raise IllFormed(f"{coefficient} is not certainly real")
    if block_of(atom) == FAMILY:
        # Inside a sum over all blocks its index is bound; places there hold for any block.
        if coefficient.has(ANY_BLOCK):
            raise IllFormed(f"{ANY_BLOCK} is a reserved name")
        stand_in = coefficient.xreplace({FAMILY: BLOCK_VARIABLES[-1]}) if not coefficient.has(BLOCK_VARIABLES[-1]) else None
        if stand_in is None:
            raise IllFormed(f"{coefficient} mixes two blocks")
        return frozenset(_generic(p) for p in _places(stand_in, bound))
    return _places(coefficient, bound)


def _indexed(node: Indexed, bound: frozenset[Symbol]) -> Places:
    name, indices = node.base.label.name, node.indices
    if type(node.base.label) is not Symbol or node.base.args != (node.base.label,) or declared(node.base.label) is None:
        raise IllFormed(f"{node} is no family of numbers that the rules know")
    if name == "M":
        for index in indices:
            _check_block(index, bound, VARIANT)
        return frozenset()
    if name in SYMBOLS:
        letter = SYMBOLS[name]
        steps, blocks = int(letter.kind != "constant"), int(letter.per_block)
    else:
        steps, blocks = 0, 1
    if len(indices) != steps + blocks:
        raise IllFormed(f"{node} has the wrong number of indices")
    if steps:
        _check_step(indices[0], bound)
    if blocks:
        _check_block(indices[-1], bound)
    return frozenset()


def _inner_binders(node: Any) -> set[Symbol]:
    found: set[Symbol] = set()
    for part in preorder_traversal(node):
        if isinstance(part, Sum):
            found |= {limit[0] for limit in part.limits}
        elif isinstance(part, LeastOverSteps):
            found.add(STEP)
        elif isinstance(part, LargestBlock):
            found.add(BOUND_BLOCKS[0])
        elif isinstance(part, InfimumOverMultipliers):
            found.add(MULTIPLIER)
    return found


def _sum(node: Sum, bound: frozenset[Symbol]) -> Places:
    variables = [limit[0] for limit in node.limits]
    for variable, low, high in node.limits:
        _places(high, bound)
        over_blocks = variable in BOUND_BLOCKS and (low, high) == (S.One, BLOCKS)
        over_steps = variable == STEP and low == 0 and (high + 1).is_integer and (high + 1).is_nonnegative
        if not (over_blocks or over_steps) or high.has(*variables):
            raise IllFormed(f"{Tuple(variable, low, high)} is no range of a sum over all blocks or over steps from 0")
    _check_fresh(variables, node.function, bound)
    if type(node.function) is Vector:
        raise IllFormed(f"{node} is no sum of numbers")
    return _closed(_places(node.function, bound | set(variables)), variables)


def _check_fresh(variables: list[Symbol], body: Any, bound: frozenset[Symbol]) -> None:
    if len(set(variables)) != len(variables) or set(variables) & (bound | _inner_binders(body)):
        raise IllFormed(f"a variable of {body} is bound twice")


def _closed(places: Places, variables: list[Symbol]) -> Places:
    """The places of a body once its variables are bound."""
    found = set()
    for place in places:
        for variable in variables:
            if variable == STEP:
                place = place.xreplace({STEP: ANY_STEP})
            elif _blocks(place) == {variable}:
                place = place.xreplace({variable: ANY_BLOCK})
        found.add(place)
    return frozenset(found)


def _binder(node: Any, bound: frozenset[Symbol]) -> Places:
    variable = {LargestBlock: BOUND_BLOCKS[0], LeastOverSteps: STEP, InfimumOverMultipliers: MULTIPLIER}[type(node)]
    body, *rest = node.args
    _check_fresh([variable], body, bound)
    if any(one.has(variable) for one in rest):
        raise IllFormed(f"{variable} is bound in {node}")
    outside = frozenset().union(*(_places(one, bound) for one in rest))
    return outside | _closed(_places(body, bound | {variable}), [variable])
