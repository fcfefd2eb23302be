from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratetheory.numeric.exact import exact_text, read_count, read_exactly, read_nonnegative, read_positive, short_text


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.3", Fraction(3, 10)), ("3/10", Fraction(3, 10)), ("1e-4", Fraction(1, 10000)), (" 2. ", 2), (".5E1", 5), ("-7", -7)],
)
def test_text_is_read_exactly(text, value):
    assert read_exactly(text, "x") == value


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e200"), max_value=Decimal("1e200")))
def test_decimals_round_trip(number):
    assert read_exactly(str(number), "x") == Fraction(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_the_binary_fraction_that_it_is(number):
    assert read_exactly(number, "x") == Fraction(number)
    assert read_exactly(np.float64(number), "x") == Fraction(number)


@pytest.mark.parametrize(
    "bad",
    [
        "nan",
        "inf",
        "1e4001",
        "1" * 1001,
        "1/0",
        "",
        "1 2",
        "0x10",
        "__import__('os')",
        "1_000",
        "--1",
        "1/2/3",
        "٣",
        None,
        [1],
        True,
    ],
)
def test_anything_else_is_refused_in_one_line_naming_the_argument(bad):
    with pytest.raises(ValueError, match=r"^learning_rate: .*allowed: ") as error:
        read_exactly(bad, "learning_rate")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 250


def test_largest_exponent_is_read():
    assert read_exactly("1e4000", "x") == Fraction(10) ** 4000


@pytest.mark.parametrize(("reader", "bad"), [(read_positive, 0), (read_positive, "-1"), (read_nonnegative, "-1e-9")])
def test_signs(reader, bad):
    with pytest.raises(ValueError, match=r"gap: .* is not allowed"):
        reader(bad, "gap")


@pytest.mark.parametrize("bad", [0, "0", "2.5", -3])
def test_counts(bad):
    with pytest.raises(ValueError, match=r"steps: .*a whole number, at least 1"):
        read_count(bad, "steps")


def test_a_wider_float_is_read_exactly():
    wide = np.longdouble(1) + np.finfo(np.longdouble).eps
    assert read_exactly(wide, "x") == 1 + Fraction(*np.finfo(np.longdouble).eps.as_integer_ratio())


def test_text_of_more_digits_than_python_prints_is_rounded_as_asked():
    number = 1 - Fraction(7, 10**5000)
    assert exact_text(number, up=False).startswith("0.9999")
    assert exact_text(number, up=True).startswith("1.000")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("0.1", "1/10"), ("3", "3"), ("1e-4000", "1E-4000"), ("1e400", "1E+400"), ("0." + "3" * 50, "0.333334 (rounded)")],
)
def test_short_text_is_exact_or_says_that_it_is_rounded(text, shown):
    assert short_text(Fraction(text)) == shown
