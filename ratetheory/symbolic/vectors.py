"""Inner-product algebra and the calculus of a loss on a product of vector spaces, as sympy expressions.

The space is the direct sum of the blocks ``1..m`` and of the scale-variant parameters, which count as block 0. Vectors are
linear combinations of named vectors. A named vector is a sympy ``Indexed`` whose last index is its block; the reserved index
``FAMILY`` stands for the sum over all blocks, so a point with any number of blocks is a finite expression.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy
from sympy import Add, Basic, Expr, Indexed, Integer, S, Symbol, Tuple, cacheit, default_sort_key, sqrt

STEP = Symbol("t", integer=True, nonnegative=True)
HORIZON = Symbol("T", integer=True, positive=True)
BLOCK = Symbol("i", integer=True, positive=True)
SECOND_BLOCK = Symbol("i_2", integer=True, positive=True)
OTHER_BLOCK = Symbol("i'", integer=True, positive=True)
"""A block that is not ``BLOCK``; every other pair of block indices may coincide."""
BLOCK_VARIABLES = (BLOCK, SECOND_BLOCK)
"""The variables that range over the blocks 1..m, and over nothing else."""
BLOCKS = Symbol("m", integer=True, positive=True)
FAMILY = Symbol("l", integer=True, positive=True)
VARIANT = Integer(0)
"""The block of the scale-variant parameters."""
FULL_LOSS = Symbol("f")
FUNCTION = Symbol("F")
"""A function on R^d without any invariance; its points lie in block 0."""
BOUND_BLOCKS = tuple(Symbol(name, integer=True, positive=True) for name in ("j", "k", "n", "q"))
"""The names of blocks that sums bind."""


class Sum(sympy.Sum):
    """sympy's sum, of which equal ones are one object, as of its products, and know their free symbols.

    sympy asks for these again and again, and rebuilds the whole sum to find them.
    """

    __slots__ = ("_free",)
    _free: frozenset[Basic]

    @cacheit
    def __new__(cls, function: Any, *limits: Any) -> Sum:
        """The sum of the function over the limits."""
        total: Sum = sympy.Sum.__new__(cls, function, *limits)
        return total

    @property
    def free_symbols(self) -> set[Basic]:
        """The symbols that are not bound."""
        if not hasattr(self, "_free"):
            self._free = frozenset(super().free_symbols)
        return set(self._free)


def block_of(atom: Indexed) -> Expr:
    """The block of a named vector."""
    return atom.indices[-1]


def at_block(expression: Any, block: Expr, index: Symbol = FAMILY) -> Any:
    """The expression with ``index`` replaced by ``block``."""
    return expression.xreplace({index: block})


def over_blocks(expression: Expr, index: Symbol = BLOCK) -> Expr:
    """The sum of the expression over ``index = 1..m``, under a name that does not occur in it."""
    used = expression.atoms(Symbol)
    bound = next(symbol for symbol in BOUND_BLOCKS if symbol not in used)
    return Sum(expression.xreplace({index: bound}), (bound, 1, BLOCKS))


def are_distinct(first: Expr, second: Expr) -> bool:
    """Whether two block indices certainly denote different blocks."""
    return {first, second} == {BLOCK, OTHER_BLOCK} or (VARIANT in (first, second) and first != second)


class Vector(Basic):
    """A linear combination of named vectors: pairs (named vector, coefficient), each name once."""

    def __new__(cls, *pairs: Tuple) -> Vector:
        """The sum of the pairs."""
        coefficients: dict[Indexed, Expr] = {}
        for atom, coefficient in pairs:
            coefficients[atom] = coefficients.get(atom, S.Zero) + coefficient
        kept = sorted(((a, c) for a, c in coefficients.items() if c != 0), key=lambda pair: default_sort_key(pair[0]))
        return Basic.__new__(cls, *(Tuple(a, c) for a, c in kept))

    def terms(self) -> Iterable[tuple[Indexed, Expr]]:
        """The pairs (named vector, coefficient)."""
        return ((pair[0], pair[1]) for pair in self.args)

    def __add__(self, other: Vector) -> Vector:
        return Vector(*self.args, *other.args)

    def __sub__(self, other: Vector) -> Vector:
        return self + other.scale(S.NegativeOne)

    def scale(self, factor: Any) -> Vector:
        """The vector times a scalar."""
        return Vector(*(Tuple(a, factor * c) for a, c in self.terms()))

    def diff(self, variable: Symbol) -> Vector:
        """The derivative in a scalar on which the coefficients depend."""
        return Vector(*(Tuple(a, c.diff(variable)) for a, c in self.terms()))

    def component(self, block: Expr) -> Vector:
        """The part in one block.

        Raises:
            ValueError: if a named vector may or may not lie in that block.
        """
        pairs = []
        for atom, coefficient in self.terms():
            own = block_of(atom)
            if own == FAMILY and block != VARIANT:
                pairs.append(Tuple(at_block(atom, block), at_block(coefficient, block)))
            elif own == block:
                pairs.append(Tuple(atom, coefficient))
            elif own != FAMILY and not are_distinct(own, block):
                raise ValueError(f"block: {own} may or may not be {block}")
        return Vector(*pairs)

    def scaled_blocks(self, factor: Expr) -> Vector:
        """Every block times its own factor, an expression in ``FAMILY``; the scale-variant parameters stay."""
        pairs = []
        for atom, coefficient in self.terms():
            own = block_of(atom)
            pairs.append(Tuple(atom, coefficient if own == VARIANT else coefficient * at_block(factor, own)))
        return Vector(*pairs)

    def blocks(self) -> set[Expr]:
        """The blocks of its named vectors."""
        return {block_of(atom) for atom, _ in self.terms()}

    def replace_vectors(self, replacement: Mapping[Indexed, Vector]) -> Vector:
        """The vector with named vectors replaced by linear combinations."""
        total = Vector()
        for atom, coefficient in self.terms():
            total = total + replacement.get(atom, Vector(Tuple(atom, S.One))).scale(coefficient)
        return total

    def _sympystr(self, printer: Any) -> str:
        return " + ".join(f"({printer.doprint(c)}) {printer.doprint(a)}" for a, c in self.terms()) or "0"

    def _latex(self, printer: Any) -> str:
        return " + ".join(_latex_term(printer, a, c) for a, c in self.terms()) or "0"


def _latex_term(printer: Any, atom: Indexed, coefficient: Expr) -> str:
    name = printer.doprint(atom)
    if block_of(atom) == FAMILY:
        name = rf"\textstyle\sum_{{{FAMILY}}} " + (name if coefficient == 1 else f"({printer.doprint(coefficient)}) {name}")
        return name
    return name if coefficient == 1 else f"({printer.doprint(coefficient)}) {name}"


def vector(atom: Indexed) -> Vector:
    """The named vector as a vector."""
    return Vector(Tuple(atom, S.One))


def family(one: Vector, index: Symbol = BLOCK) -> Vector:
    """The sum over all blocks of a vector that lies in block ``index``."""
    return Vector(*(Tuple(at_block(a, FAMILY, index), at_block(c, FAMILY, index)) for a, c in one.terms()))


class Dot(Expr):
    """``Dot(u, v)``: the inner product of two named vectors of one block, symmetric, real, nonnegative on the diagonal.

    Weights ``w`` and directions ``v`` are never zero: the loss is not defined there.
    """

    is_commutative = True
    is_real = True

    def __new__(cls, first: Indexed, second: Indexed) -> Dot:
        """The product in a fixed order of its factors."""
        first, second = sorted((first, second), key=default_sort_key)
        return Expr.__new__(cls, first, second)

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self.args[0] == self.args[1] else None

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0] == self.args[1] and str(self.args[0].base) in ("w", "v") else None

    def _eval_derivative(self, variable: Symbol) -> Expr:
        return S.Zero

    def _sympystr(self, printer: Any) -> str:
        return "<{}, {}>".format(*(printer.doprint(a) for a in self.args))

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = r"\langle {}, {} \rangle".format(*(printer.doprint(a) for a in self.args))
        return text if exp is None else f"{text}^{{{exp}}}"


def inner(first: Vector, second: Vector) -> Expr:
    """The inner product, bilinear; different blocks are orthogonal.

    Raises:
        ValueError: if two named vectors may or may not lie in one block.
    """
    terms = []
    for a, c in first.terms():
        for b, d in second.terms():
            terms.append(_inner_terms(a, c, b, d))
    return Add(*terms)


def _inner_terms(a: Indexed, c: Expr, b: Indexed, d: Expr) -> Expr:
    p, q = block_of(a), block_of(b)
    if FAMILY in (p, q) and VARIANT in (p, q):
        return S.Zero
    if p == q == FAMILY:
        return over_blocks(c * d * Dot(a, b), FAMILY)
    if p == FAMILY:
        return at_block(c, q) * d * Dot(at_block(a, q), b)
    if q == FAMILY:
        return _inner_terms(b, d, a, c)
    if p == q:
        return c * d * Dot(a, b)
    if are_distinct(p, q):
        return S.Zero
    raise ValueError(f"block: {p} may or may not be {q}")


def norm(one: Vector) -> Expr:
    """The Euclidean norm."""
    return sqrt(inner(one, one))


class Differential(Expr):
    """``Differential(loss, point, u, v)``: the value (no direction) or a derivative of a loss at a point along named vectors.

    It is symmetric in the directions.
    """

    is_commutative = True
    is_real = True

    def __new__(cls, loss: Basic, point: Vector, *atoms: Indexed) -> Differential:
        """The derivative with its directions in a fixed order."""
        return Expr.__new__(cls, loss, point, *sorted(atoms, key=default_sort_key))

    @property
    def loss(self) -> Basic:
        """The function."""
        return self.args[0]

    @property
    def point(self) -> Vector:
        """Where it is taken."""
        return self.args[1]

    @property
    def order(self) -> int:
        """How often it is differentiated."""
        return len(self.args) - 2

    # sympy's own diff in a scalar applies the chain rule through this
    def _eval_derivative(self, variable: Symbol) -> Expr:
        return _along(self.loss, self.point, self.args[2:], self.point.diff(variable))

    def _sympystr(self, printer: Any) -> str:
        prefix = ("", "D ", "D^2 ")[self.order] if self.order < 3 else f"D^{self.order} "
        directions = ", ".join(printer.doprint(a) for a in self.args[2:])
        return f"{prefix}{printer.doprint(self.loss)}({printer.doprint(self.point)})" + (
            f"[{directions}]" if directions else ""
        )

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        prefix = ("", "D", "D^2")[self.order] if self.order < 3 else f"D^{{{self.order}}}"
        directions = ", ".join(printer.doprint(a) for a in self.args[2:])
        # parentheses that TeX may break a line in: a point is a sum of many vectors
        text = rf"{prefix} {printer.doprint(self.loss)}\bigl({printer.doprint(self.point)}\bigr)"
        text += f"[{directions}]" if directions else ""
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class SampleLoss(Expr):
    """``SampleLoss(i, n, z)``: the loss of sample i as a function of one real number, or its n-th derivative, at z."""

    is_commutative = True
    is_real = True

    def __new__(cls, sample: Expr, order: Any, argument: Expr) -> SampleLoss:
        """The derivative of the order at the argument."""
        return Expr.__new__(cls, sample, Integer(order), argument)

    def _eval_derivative(self, variable: Symbol) -> Expr:
        sample, order, argument = self.args
        return SampleLoss(sample, order + 1, argument) * argument.diff(variable)

    def _sympystr(self, printer: Any) -> str:
        sample, order, argument = self.args
        return f"l_{printer.doprint(sample)}{chr(39) * int(order)}({printer.doprint(argument)})"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        sample, order, argument = self.args
        text = rf"\ell_{{{printer.doprint(sample)}}}{chr(39) * int(order)}\left({printer.doprint(argument)}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def _along(loss: Basic, point: Vector, atoms: tuple[Indexed, ...], direction: Vector) -> Expr:
    terms = []
    for atom, coefficient in direction.terms():
        if block_of(atom) != FAMILY:
            terms.append(coefficient * Differential(loss, point, *atoms, atom))
            continue
        used = set().union(*(a.free_symbols for a in atoms)) if atoms else set()
        bound = next(symbol for symbol in BOUND_BLOCKS if symbol not in used)
        derivative = Differential(loss, point, *atoms, at_block(atom, bound))
        terms.append(Sum(at_block(coefficient, bound) * derivative, (bound, 1, BLOCKS)))
    return Add(*terms)


def differential(loss: Basic, point: Vector, *directions: Vector) -> Expr:
    """The derivative of the loss at the point along the directions, multilinear in them; its value without directions."""
    total: Expr = Differential(loss, point)
    for direction in directions:
        total = Add(*(_extend(term, direction) for term in Add.make_args(total.expand())))
    return total


def _extend(term: Expr, direction: Vector) -> Expr:
    if isinstance(term, Sum):
        raise ValueError("directions: a sum over blocks must come last")
    found = [f for f in term.as_ordered_factors() if isinstance(f, Differential)]
    one = found[0]
    return term / one * _along(one.loss, one.point, one.args[2:], direction)
