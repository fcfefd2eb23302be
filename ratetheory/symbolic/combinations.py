"""A search for linear combinations: which facts, with which factors, make up a goal. What it finds the rules check.

With positive denominators the goal's gap is N/D and a fact's is n/d. That N is a sum of products of the n, of squares and of
letters of one sign, with nonnegative rational factors, is a linear programme in the factors; its support is solved exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement
from typing import Any

from sympy import Expr, Integer, Matrix, Mul, Poly, Rational, S, expand, together

from ratetheory.symbolic.kernel import Context, Fact
from ratetheory.symbolic.namespace import Relation
from ratetheory.symbolic.rules import combine

_MAX_COLUMNS = 400
_MAX_TERMS = 120


@dataclass(frozen=True)
class Given:
    """A relation that is known, and how to get it as a fact."""

    relation: Relation
    fact: Callable[[], Fact]
    is_cited: bool = False


@dataclass(frozen=True)
class _Column:
    polynomial: Expr
    factor: Expr
    used: tuple[Given, ...]

    @property
    def is_equation(self) -> bool:
        return any(given.relation.symbol == "==" for given in self.used)


def combination(ctx: Context, goal: Relation, given: Sequence[Given]) -> Fact | None:
    """The goal as a combination of what is given and of what the signs of its letters say; ``None`` if none is found."""
    numerator, denominator = together(goal.gap).as_numer_denom()
    if not denominator.is_positive:
        numerator, denominator = expand(numerator * denominator), denominator**2
    if not given and goal.symbol == "==":
        return None
    for other in {together(one.relation.gap).as_numer_denom()[1] for one in given} - {denominator, S.One}:
        if other.is_positive:
            numerator, denominator = expand(numerator * other), denominator * other
    columns = _columns(goal, expand(numerator), denominator, given)
    factors = _solution(expand(numerator), columns, goal.symbol == "==")
    if factors is None:
        return None
    terms = [(value * c.factor, *(g.fact() for g in c.used)) for value, c in zip(factors, columns, strict=True) if value != 0]
    return combine(ctx, goal, *terms)


def _columns(goal: Relation, numerator: Expr, denominator: Expr, given: Sequence[Given]) -> list[_Column]:
    """Products of facts, squares and letters of one sign; the simplest first."""
    parts = [(one, *together(one.relation.gap).as_numer_denom()) for one in given]
    atoms = _atoms(numerator, *(part[1] for part in parts))
    signed = [a for a in atoms if a.is_nonnegative]
    products = [((), S.One, S.One), *(((one,), n, d) for one, n, d in parts)]
    products += [((g, h), n * k, d * e) for (g, n, d), (h, k, e) in combinations_with_replacement(parts, 2)]
    roots = list(dict.fromkeys((*atoms, *_roots(numerator, atoms))))
    squares = [S.One, *((a - sign * b) ** 2 for a, b in combinations(roots, 2) for sign in _signs(a, b))]
    squares += [a**2 for a in atoms if not a.is_nonnegative]
    degree = max(_degree(expand(n), atoms) for n in (numerator, *(part[1] for part in parts)))
    found: list[_Column] = []
    for square in squares:
        for used, n, d in products:
            is_equation = any(one.relation.symbol == "==" for one in used)
            if (is_equation and square != 1) or (not is_equation and (goal.symbol == "==" or not d.is_positive)):
                continue
            room = degree - _degree(expand(n * square), atoms)
            for monomial in _monomials(atoms if is_equation else signed, room):
                if len(found) >= _MAX_COLUMNS:
                    return found
                found.append(_Column(expand(n * square * monomial), square * monomial * d / denominator, used))
    return found


def _atoms(*expressions: Expr) -> list[Expr]:
    """What the polynomials are polynomials in: letters, and functions of them."""
    found: dict[Expr, None] = {}
    for expression in expressions:
        if not expression.is_number:
            found |= dict.fromkeys(Poly(expression).gens)
    return list(found)[:12]


def _roots(numerator: Expr, atoms: Sequence[Expr]) -> Iterator[Expr]:
    """Products of letters whose square is a term of the polynomial."""
    if not atoms or numerator == 0:
        return
    for powers in Poly(numerator, *atoms).monoms():
        if sum(powers) > 2 and all(power % 2 == 0 for power in powers):
            yield Mul(*(atom ** (power // 2) for atom, power in zip(atoms, powers, strict=True)))


def _signs(a: Expr, b: Expr) -> tuple[int, ...]:
    """The sum of two nonnegative letters needs no square."""
    return (1,) if a.is_nonnegative and b.is_nonnegative else (1, -1)


def _degree(expression: Expr, atoms: Sequence[Expr]) -> int:
    return 0 if not atoms or expression == 0 else int(Poly(expression, *atoms).total_degree())


def _monomials(atoms: Sequence[Expr], room: int) -> Iterator[Expr]:
    for degree in range(min(max(room, 0), 4) + 1):
        for factors in combinations_with_replacement(atoms, degree):
            yield Mul(*factors)


def _solution(target: Expr, columns: list[_Column], is_equation: bool) -> list[Rational] | None:
    """Exact factors, nonnegative where no equation is among the facts, with which the columns add up to the target."""
    import numpy as np
    from scipy.optimize import linprog

    atoms = _atoms(target, *(column.polynomial for column in columns))
    if not columns or not atoms:
        return None
    polynomials = [Poly(expression, *atoms).as_dict() for expression in (target, *(c.polynomial for c in columns))]
    monomials = sorted({monomial for polynomial in polynomials for monomial in polynomial})
    if len(monomials) > 40 * _MAX_TERMS or not all(c.is_Rational for p in polynomials for c in p.values()):
        return None
    rows = [[polynomial.get(monomial, Integer(0)) for polynomial in polynomials] for monomial in monomials]
    table = np.array(rows, float)
    bounds = [(None, None) if column.is_equation else (0, None) for column in columns]
    cost = np.array([0.0 if column.is_equation else 1.0 for column in columns])
    answer = linprog(cost, A_eq=table[:, 1:], b_eq=table[:, 0], bounds=bounds, method="highs")
    if answer.x is None:
        return None
    support = [index for index, value in enumerate(answer.x) if abs(value) > 1e-9]
    if len(support) > _MAX_TERMS:
        return None
    exact = _solved(rows, support)
    if exact is None or any(v < 0 and not columns[i].is_equation for i, v in zip(support, exact, strict=True)):
        return None
    factors: list[Rational] = [S.Zero] * len(columns)
    for index, value in zip(support, exact, strict=True):
        factors[index] = value
    return factors


def _solved(rows: list[list[Any]], support: list[int]) -> list[Rational] | None:
    """The exact solution on the support, with zero for what is left free."""
    if not support:
        return []
    matrix, target = Matrix([[row[i + 1] for i in support] for row in rows]), Matrix([[row[0]] for row in rows])
    try:
        solution, free = matrix.gauss_jordan_solve(target)
    except ValueError:
        return None
    return list(solution.xreplace(dict.fromkeys(free, S.Zero)))
