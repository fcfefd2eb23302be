"""The inner-product algebra and the chain rule, held against coordinates."""

import math

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Indexed, IndexedBase, Symbol, cos, sin

from ratetheory.symbolic.algebra import is_zero
from ratetheory.symbolic.vectors import (
    BLOCK,
    BLOCKS,
    FAMILY,
    OTHER_BLOCK,
    STEP,
    VARIANT,
    Differential,
    Dot,
    Sum,
    Vector,
    differential,
    family,
    inner,
    vector,
)

LOSS = Symbol("f")
R = Symbol("r", real=True)
A, B = (vector(IndexedBase(name)[STEP, BLOCK]) for name in ("u", "z"))
COORDINATES = {"u": (0.3, -1.2), "z": (2.0, 0.7)}


def in_coordinates(atom: Indexed) -> tuple[float, float]:
    return COORDINATES[atom.base.label.name]


@given(st.lists(st.integers(-5, 5), min_size=4, max_size=4))
def test_inner_is_the_inner_product_of_coordinates(c):
    first, second = A.scale(c[0]) + B.scale(c[1]), A.scale(c[2]) - B.scale(c[3])
    expression = inner(first, second)
    value = expression.xreplace(
        {d: math.fsum(p * q for p, q in zip(*map(in_coordinates, d.args), strict=True)) for d in expression.atoms(Dot)}
    )
    x = [c[0] * p + c[1] * q for p, q in zip(*COORDINATES.values(), strict=True)]
    y = [c[2] * p - c[3] * q for p, q in zip(*COORDINATES.values(), strict=True)]
    assert float(value) == pytest.approx(x[0] * y[0] + x[1] * y[1], abs=1e-12)


def test_different_blocks_are_orthogonal_and_unknown_ones_are_refused():
    other = vector(IndexedBase("u")[STEP, OTHER_BLOCK])
    assert inner(A, other) == 0
    assert inner(A, vector(IndexedBase("g")[STEP, VARIANT])) == 0
    with pytest.raises(ValueError, match="may or may not"):
        inner(A, vector(IndexedBase("u")[STEP, Symbol("i_2", integer=True, positive=True)]))


def test_a_family_meets_one_block_in_that_block():
    everything = family(A)
    assert inner(everything, B) == inner(A, B)
    assert everything.component(BLOCK) == A
    assert isinstance(inner(everything, family(B)), Sum)


def test_scaling_all_blocks_leaves_the_scale_variant_parameters():
    g = vector(IndexedBase("g")[STEP, VARIANT])
    factor = IndexedBase("k", positive=True)[FAMILY]
    assert (A + g).scaled_blocks(factor) == A.scale(IndexedBase("k", positive=True)[BLOCK]) + g


def _explicit(x, y):
    return x**3 * y - 2 * mpmath.sin(x * y) + y**2


def _numeric(expression, r):
    """The expression with every derivative of the loss replaced by that of an explicit function of two coordinates."""
    values = {}
    for one in expression.atoms(Differential):
        point = [sum(float(c.xreplace({R: r})) * in_coordinates(a)[n] for a, c in one.point.terms()) for n in (0, 1)]
        directions = [in_coordinates(a) for a in one.args[2:]]

        def along(*steps, point=point, directions=directions):
            moved = [p + sum(s * d[n] for s, d in zip(steps, directions, strict=True)) for n, p in enumerate(point)]
            return _explicit(*moved)

        order = tuple(1 for _ in directions)
        values[one] = mpmath.diff(along, tuple(0 for _ in directions), order) if directions else _explicit(*point)
    return mpmath.mpf(str(expression.xreplace(values).xreplace({R: r}).evalf(15)))


@pytest.mark.parametrize("order", [1, 2])
def test_chain_rule_against_coordinates(order):
    path = differential(LOSS, A.scale(cos(R)) + B.scale(sin(R) + R**2))

    def along(r):
        weights = (mpmath.cos(r), mpmath.sin(r) + r**2)
        return _explicit(*(weights[0] * p + weights[1] * q for p, q in zip(*COORDINATES.values(), strict=True)))

    expected = mpmath.diff(along, 0.4, order)
    assert abs(_numeric(path.diff(R, order), 0.4) - expected) < 1e-5 * (1 + abs(expected))


def test_derivatives_are_symmetric_and_multilinear():
    point = A + B
    assert differential(LOSS, point, A, B) == differential(LOSS, point, B, A)
    mixed = differential(LOSS, point, A + B, A - B)
    assert is_zero(mixed - differential(LOSS, point, A, A) + differential(LOSS, point, B, B))


def test_a_family_contributes_a_sum_over_blocks():
    derivative = differential(LOSS, family(A).scale(R)).diff(R)
    assert isinstance(derivative, Sum)
    assert derivative.limits[0][2] == BLOCKS


def test_vector_text_names_every_term():
    assert str(Vector()) == "0"
    assert "u[t, i]" in str(A.scale(2))
