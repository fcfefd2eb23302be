import json
from fractions import Fraction

import numpy as np
import pytest
import sympy

from ratetheory.claims.statement import Letter
from ratetheory.numeric import balls, floats, rounding
from ratetheory.own import formula
from ratetheory.own.formula import Formula, Unreadable, read
from ratetheory.symbolic.namespace import Letters
from ratetheory.symbolic.namespace import m as symbolic


def everything(m, s):
    root = m.sqrt(1 + s.x**2) - m.number("3/10") * m.atan(-s.y) / 2
    chosen = m.if_less(s.x, s.y, m.maximum(s.x, 0), m.minimum(s.y, Fraction(1, 3)))
    return root + m.log(2 + abs(s.y)) - m.log1p(s.x**2) + m.cos(m.pi * s.x) + chosen - s.x**-2 + (+s.y)


def transcription(x, y):
    root = np.sqrt(1 + x**2) - 0.3 * np.arctan(-y) / 2
    chosen = max(x, 0) if x < y else min(y, 1 / 3)
    return root + np.log(2 + abs(y)) - np.log1p(x**2) + np.cos(np.pi * x) + chosen - x**-2.0 + y


@pytest.mark.parametrize(("x", "y"), [(0.5, -2.0), (1.5, 3.0), (-0.25, 0.125)])
def test_all_namespaces_compute_the_same(x, y):
    value, point = transcription(x, y), {"x": x, "y": y}
    one = read(everything, ["x", "y"])
    assert one(floats, point) == pytest.approx(value, rel=1e-14)
    carried = one(rounding, {name: rounding.exact(number) for name, number in point.items()})
    assert abs(float(carried.value) - value) <= float(carried.error) + 1e-14
    assert float(one(balls, {name: balls.number(number) for name, number in point.items()})) == pytest.approx(value, rel=1e-14)
    letters = Letters((Letter("x", ""), Letter("y", "")))
    numbers = {letters["x"]: sympy.Rational(x), letters["y"]: sympy.Rational(y)}
    text = str(one(symbolic, letters))
    assert "0.3" not in text
    assert "3*atan(y)/20" in text
    kept = sympy.sympify(0) + one(symbolic, letters)
    functions = {type(f).__name__ for f in kept.atoms(sympy.Function)}
    assert {"IfLess", "Largest", "Smallest"} <= functions
    assert numbers


def test_it_survives_as_data():
    one = read(everything, ["x", "y"])
    again = formula.from_data(json.loads(json.dumps([list(o) for o in one.operations])), ["x", "y"])
    assert again == one
    assert one.letters() == {"x", "y"}


def test_a_formula_is_called_once():
    calls = []

    def counted(m, s):
        calls.append(1)
        return s.x * len(calls)

    one = read(counted, ["x"])
    assert [one(floats, {"x": 2.0}) for _ in range(3)] == [2.0] * 3
    assert len(calls) == 1


def test_letters_of_the_theory():
    one = read(lambda m, s: m.sum(s.S_next - s.S) + s.b_first * m.steps(s.G), [])
    assert one.letters() == {"S_next", "S", "b_first", "G"}
    for name in ("S_before", "G_next", "M", "nothing"):
        with pytest.raises(Unreadable, match=name.split("_")[0]):
            read(lambda m, s, name=name: getattr(s, name), [])


REFUSED = {
    "a float": lambda m, s: 0.1 * s.x,
    "a float to read": lambda m, s: m.number(0.1),
    "not a number": lambda m, s: float("nan") + s.x,
    "nothing": lambda m, s: None,
    "a truth": lambda m, s: True,
    "a complex number": lambda m, s: 1j * s.x,
    "text": lambda m, s: "x",
    "a comparison": lambda m, s: s.x < 1,
    "an equation": lambda m, s: s.x == 1,
    "a branch": lambda m, s: 1 if s.x else 2,
    "a root by a power": lambda m, s: s.x ** Fraction(1, 2),
    "a power that is a letter": lambda m, s: 2**s.x,
    "the power 0": lambda m, s: s.x**0,
    "a power beyond all": lambda m, s: s.x**101,
    "another letter": lambda m, s: s.y,
    "an unknown function": lambda m, s: m.sin(s.x),
    "too few values": lambda m, s: m.maximum(s.x),
    "a sum over steps": lambda m, s: m.sum(s.x),
    "numpy": lambda m, s: np.sin(s.x),
    "an array": lambda m, s: np.array([1.0, 2.0]) * s.x,
    "a large number": lambda m, s: m.number("1e301") * s.x,
    "a number that is no text": lambda m, s: m.number("x"),
    "a module": lambda m, s: m,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_formula_does_is_refused(name):
    with pytest.raises((ValueError, TypeError)):
        read(REFUSED[name], ["x"])


def test_a_value_of_another_formula_is_refused():
    kept = []
    read(lambda m, s: kept.append(s.x) or s.x, ["x"])
    with pytest.raises(Unreadable, match="another formula"):
        read(lambda m, s: s.x + kept[0], ["x"])


def test_a_formula_that_grows_is_cut():
    def tower(m, s):
        y = s.x
        while True:
            y = y * y

    with pytest.raises(Unreadable, match="1000 operations"):
        read(tower, ["x"])


@pytest.mark.parametrize(
    "operations",
    [
        [],
        {},
        [["own", "z"]],
        [["letter", "S"]],
        [["own", "x"], ["+", 0, 1]],
        [["own", "x"], ["+", 0, -1]],
        [["own", "x"], ["+", 0, True]],
        [["own", "x"], ["^", 0, 0]],
        [["own", "x"], ["^", 0, 10**9]],
        [["own", "x"], ["^", 0, "2"]],
        [["number", 1.5]],
        [["number", "1/0"]],
        [["number", "1e5"]],
        [["number", "9" * 2000]],
        [["sum", 0]],
        [["__class__"]],
        [[["own"], "x"]],
        [[]],
        ["own"],
        [["pi", 1]],
    ],
)
def test_data_that_is_no_formula_is_refused(operations):
    with pytest.raises(ValueError, match="formula"):
        formula.from_data(operations, ["x"])


def test_numbers_stay_exact():
    one = read(lambda m, s: m.number("0.1") * s.x, ["x"])
    assert one(symbolic, Letters((Letter("x", ""),))).coeff(sympy.Symbol("x", real=True)) == sympy.Rational(1, 10)
    assert isinstance(one, Formula)
