"""Normal forms: when two expressions are certainly equal, and which are certainly nonnegative.

Everything that is not built by sums, products and integer powers is a generator, after its own arguments were brought to
normal form; finite sums over steps and blocks are split into single terms with constants in front. Equality is then
equality of polynomials.
"""

from __future__ import annotations

import operator
from functools import lru_cache, reduce
from itertools import permutations

from flint import acb, ctx
from sympy import (
    Add,
    Dummy,
    Expr,
    Function,
    Integer,
    Mul,
    Pow,
    S,
    Symbol,
    cos,
    default_sort_key,
    expand,
    factor_list,
    log,
    rem,
    sin,
    together,
)

from ratetheory.symbolic.namespace import LargestBlock
from ratetheory.symbolic.vectors import BLOCKS, Sum

_BITS = 128
"""The precision of the values by which what is false is told."""


@lru_cache(maxsize=20_000)
def is_zero(expression: Expr) -> bool:
    """Whether the expression is certainly zero wherever it is defined."""
    generators: dict[Expr, Dummy] = {}
    roots: dict[Dummy, Expr] = {}
    polynomial = _generators(_rebuild(expression), generators, roots)
    # what is false can take minutes to expand; a value tells at once, and only the expansion can say yes
    return not _differs_at_a_point(polynomial, generators, roots) and _numerator(polynomial, generators, roots) == 0


def _differs_at_a_point(polynomial: Expr, generators: dict[Expr, Dummy], roots: dict[Dummy, Expr]) -> bool:
    """Whether the polynomial is certainly not zero where the generators have some numbers that fit each other."""
    places: dict[Expr, int] = {}
    values: dict[Expr, acb] = {}
    with ctx.workprec(_BITS):
        for generator, dummy in generators.items():
            angle = generator.args[0] if isinstance(generator, sin | cos) else generator
            t = acb(1 + 34 * places.setdefault(angle, len(places)) % 55) / 55
            if dummy in roots:
                values[dummy] = _value(roots[dummy], values).sqrt()
            elif isinstance(generator, sin):
                values[dummy] = 2 * t / (1 + t * t)
            else:
                values[dummy] = (1 - t * t) / (1 + t * t) if isinstance(generator, cos) else t
        return not _value(polynomial, values).contains(0)


def _value(polynomial: Expr, values: dict[Expr, acb]) -> acb:
    """A ball that contains the value; of what is not defined there it contains everything."""
    if polynomial not in values:
        if polynomial.is_Rational:
            values[polynomial] = acb(int(polynomial.p)) / int(polynomial.q)
        elif polynomial.is_Pow:
            values[polynomial] = _value(polynomial.base, values) ** int(polynomial.exp)
        else:
            combine = operator.add if polynomial.is_Add else operator.mul
            values[polynomial] = reduce(combine, (_value(a, values) for a in polynomial.args))
    return values[polynomial]


def are_equal(first: Expr, second: Expr) -> bool:
    """Whether two expressions are certainly equal."""
    return first == second or is_zero(first - second)


@lru_cache(maxsize=20_000)
def is_nonnegative(expression: Expr) -> bool:
    """Whether the expression is certainly nonnegative, by the signs of its letters."""
    if expression.is_nonnegative:
        return True
    tidy = canonical(expression)
    if tidy.is_nonnegative or all(term.is_nonnegative for term in Add.make_args(expand(tidy))):
        return True
    numerator, denominator = together(tidy).as_numer_denom()
    return bool(denominator.is_positive and all(term.is_nonnegative for term in Add.make_args(expand(numerator))))


@lru_cache(maxsize=20_000)
def is_positive(expression: Expr) -> bool:
    """Whether the expression is certainly positive, by the signs of its letters."""
    if expression.is_positive:
        return True
    terms = Add.make_args(expand(canonical(expression)))
    return all(t.is_nonnegative for t in terms) and any(t.is_positive for t in terms)


def canonical(expression: Expr) -> Expr:
    """The expression with every generator in normal form; sums are split, logarithms of products expanded."""
    return _rebuild(expression)


def normal_numerator(expression: Expr) -> Expr:
    """The expanded numerator over one denominator, roots and squares of sines reduced."""
    generators: dict[Expr, Dummy] = {}
    roots: dict[Dummy, Expr] = {}
    return _numerator(_generators(_rebuild(expression), generators, roots), generators, roots)


def _numerator(polynomial: Expr, generators: dict[Expr, Dummy], roots: dict[Dummy, Expr]) -> Expr:
    numerator = expand(together(polynomial).as_numer_denom()[0])
    for dummy, base in roots.items():
        if numerator.has(dummy):
            numerator = expand(together(rem(numerator, dummy**2 - base, dummy)).as_numer_denom()[0])
    return _reduce_sines(numerator, generators)


def _reduce_sines(numerator: Expr, generators: dict[Expr, Dummy]) -> Expr:
    for generator, dummy in list(generators.items()):
        if isinstance(generator, sin) and numerator.has(dummy):
            partner = generators.setdefault(cos(generator.args[0]), Dummy())
            numerator = expand(rem(numerator, dummy**2 - 1 + partner**2, dummy))
    return numerator


def _generators(expression: Expr, generators: dict[Expr, Dummy], roots: dict[Dummy, Expr]) -> Expr:
    if expression.is_Rational:
        return expression
    if expression.is_Add or expression.is_Mul:
        return expression.func(*(_generators(a, generators, roots) for a in expression.args))
    if isinstance(expression, Pow) and expression.exp.is_Integer:
        return _generators(expression.base, generators, roots) ** expression.exp
    if isinstance(expression, Pow) and expression.exp.is_Rational and expression.exp.q == 2:
        base = together(_generators(expression.base, generators, roots))
        key = Pow(expression.base, S.Half, evaluate=False)
        if key not in generators:
            generators[key] = Dummy(positive=True)
            roots[generators[key]] = base
        return generators[key] ** expression.exp.p
    if expression not in generators:
        generators[expression] = Dummy()
    return generators[expression]


@lru_cache(maxsize=20_000)
def _rebuild(expression: Expr) -> Expr:
    if not expression.args or not isinstance(expression, Add | Mul | Pow | Sum | Function):
        return expression
    if isinstance(expression, Sum):
        return _split_sum(expression)
    rebuilt = expression.func(*(_rebuild(a) for a in expression.args))
    if isinstance(rebuilt, Pow) and rebuilt.exp == S.Half and is_zero(rebuilt.base):
        return S.Zero
    if isinstance(rebuilt, log):
        return _split_log(rebuilt)
    if isinstance(rebuilt, Function):
        return rebuilt.func(*(_tidy(a) for a in rebuilt.args))
    return rebuilt


@lru_cache(maxsize=20_000)
def _tidy(argument: Expr) -> Expr:
    """A canonical representative of a function's argument."""
    if not argument.args or argument.is_Relational:
        return argument
    generators: dict[Expr, Dummy] = {}
    roots: dict[Dummy, Expr] = {}
    numerator, denominator = together(_generators(argument, generators, roots)).cancel().as_numer_denom()
    back = {dummy: generator for generator, dummy in generators.items()}
    return expand(numerator).xreplace(back) / expand(denominator).xreplace(back)


@lru_cache(maxsize=20_000)
def _split_log(logarithm: Expr) -> Expr:
    """log of a product as a sum, for factors that are certainly positive."""
    generators: dict[Expr, Dummy] = {}
    roots: dict[Dummy, Expr] = {}
    ratio = together(_generators(logarithm.args[0], generators, roots)).cancel()
    back = {dummy: generator for generator, dummy in generators.items()}
    numerator, denominator = ratio.as_numer_denom()
    parts = [(*factor_list(numerator), 1), (*factor_list(denominator), -1)]
    total, rest = S.Zero, S.One
    for constant, factors, sign in parts:
        for base, power in ((constant, 1), *factors):
            value = base.xreplace(back) if isinstance(base, Expr) else Integer(base)
            if value.is_positive:
                total += sign * power * _log_of(value)
            else:
                rest *= value ** (sign * power)
    return total + (log(rest) if rest != 1 else 0)


def _log_of(value: Expr) -> Expr:
    if isinstance(value, Pow) and value.exp.is_Rational and value.base.is_positive:
        return value.exp * _split_log(log(value.base, evaluate=False))
    return log(value)


def _split_sum(total: Sum) -> Expr:
    body = expand(_rebuild(total.function))
    return Add(*(_single_sum(term, list(total.limits)) for term in Add.make_args(body)))


def _single_sum(term: Expr, limits: list) -> Expr:
    """The sum of one product: inner sums flattened, constants in front, bound names in a canonical order."""
    constant, factors = S.One, list(Mul.make_args(term))
    for factor in factors.copy():
        others = {v for v, *_ in limits}.union(*(one.free_symbols for one in factors if one is not factor))
        # beside a factor that speaks of the same name outside, its terms would be other terms
        if isinstance(factor, Sum) and not {v for v, *_ in factor.limits} & others:
            limits = limits + list(factor.limits)
            place = factors.index(factor)
            factors[place : place + 1] = Mul.make_args(factor.function)
    bound = {limit[0] for limit in limits}
    inside = []
    for factor in factors:
        if factor.free_symbols & bound:
            inside.append(factor)
        else:
            constant *= factor
    body = Mul(*inside)
    for variable, low, high in list(limits):
        if not body.has(variable):
            constant *= high - low + 1
            limits = [limit for limit in limits if limit[0] != variable]
    if not limits:
        return constant * body
    return constant * _rename_bound(body, limits)


def _rename_bound(body: Expr, limits: list) -> Expr:
    """The same sum whatever its bound block indices were called: the first of all renamings in sympy's order."""
    blocks = [limit[0] for limit in limits if limit[2] == BLOCKS]
    others = sorted((limit for limit in limits if limit[2] != BLOCKS), key=default_sort_key)
    names = [Symbol(name, integer=True, positive=True) for name in ("j", "k", "n", "q")[: len(blocks)]]
    captured = any(set(blocks) & inside.free_symbols for inside in body.atoms(Sum, LargestBlock))
    if captured or any(name in body.free_symbols - set(blocks) for name in names):
        return Sum(body, *limits)
    bodies = (body.xreplace(dict(zip(order, names, strict=True))) for order in permutations(blocks))
    renamed = min((_rebuild(b) for b in bodies), key=default_sort_key)
    return Sum(renamed, *((name, 1, BLOCKS) for name in names), *others)
