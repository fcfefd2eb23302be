"""Gallina terms mean what Python's operators say."""

import re
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ratetheory.formal.terms import Term, apply, binding, conditional, term

VALUES = {"x": Fraction(3, 7), "y": Fraction(-5, 2), "z": Fraction(11)}
LEAVES = st.sampled_from(list(VALUES)) | st.integers(-9, 9)


def trees(inner):
    binary = st.tuples(st.sampled_from("+-*/"), inner, inner)
    return binary | st.tuples(st.just("^"), inner, st.integers(0, 3)) | st.tuples(st.just("neg"), inner)


TREES = st.recursive(LEAVES, trees, max_leaves=8)


def walk(tree, leaf):
    """The tree by Python's operators on what ``leaf`` makes of its leaves."""
    if not isinstance(tree, tuple):
        return leaf(tree)
    if tree[0] == "neg":
        return -walk(tree[1], leaf)
    if tree[0] == "^":
        return walk(tree[1], leaf) ** tree[2]
    left, right = walk(tree[1], leaf), walk(tree[2], leaf)
    return {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right, "/": lambda: left / right}[
        tree[0]
    ]()


def gallina(text):
    """The value of a Gallina term: the same symbols as Python's but for the power, and the same order of binding."""
    python = re.sub(r"\b(\d+)\b", r"Fraction(\1)", text).replace("^ Fraction", "** int")
    return eval(python, {"Fraction": Fraction, "int": int, **VALUES})


@given(TREES)
def test_the_text_has_the_value_of_the_expression(tree):
    try:
        expected = walk(tree, lambda leaf: VALUES[leaf] if isinstance(leaf, str) else Fraction(leaf))
    except ZeroDivisionError:
        assume(False)
    found = walk(tree, lambda leaf: Term(leaf) if isinstance(leaf, str) else term(leaf))
    assert gallina(found.text) == expected


def test_arguments_are_atoms():
    x = Term("x")
    assert apply("ln", 1 + x).text == "ln (1 + x)"
    assert apply("atan", apply("f", x)).text == "atan (f x)"
    assert (apply("f", x) ** 2).text == "f x ^ 2"
    assert (-(x**2) * x).text == "- x ^ 2 * x"
    assert ((-x) ** 2).text == "(- x) ^ 2"
    assert conditional(x, term(1), x + 1, term(0)).text == "(if Rlt_dec x 1 then x + 1 else 0)"


def test_a_bound_variable_is_not_free():
    i = Term("b i", frozenset({"i"}), 4)
    assert (i + 1).free == {"i"}
    assert binding("block_sum", "i", "index s", i + 1) == Term("block_sum (fun i : index s => b i + 1)", frozenset(), 4)


@pytest.mark.parametrize("value", [0.5, True, "1", Fraction(1, 2)])
def test_only_integers_are_numbers(value):
    with pytest.raises(ValueError, match="not allowed in a formal statement"):
        term(value)


@pytest.mark.parametrize("exponent", [-1, 0.5])
def test_powers_are_natural(exponent):
    with pytest.raises(ValueError, match="exponent"):
        Term("x") ** exponent
