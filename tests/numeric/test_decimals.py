import sys
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ratetheory.numeric.decimals import decimal_outward, float_above

positive = st.fractions(min_value=Fraction(1, 10**30), max_value=10**30).filter(lambda x: x > 0)


@given(positive, st.integers(-4000, 4000))
def test_decimals_enclose_and_are_narrow(number, exponent):
    number = number * Fraction(10) ** exponent
    low, high = Fraction(decimal_outward(number, up=False)), Fraction(decimal_outward(number, up=True))
    assert low <= number <= high
    assert high - low <= number / 10**18


@given(positive)
def test_float_above_is_above_as_a_float_and_as_it_prints(number):
    result = float_above(number)
    assert isinstance(result, float)
    assert Fraction(result) >= number
    assert Fraction(repr(result)) >= number
    assert Fraction(result) <= number * (1 + Fraction(1, 10**15))


def test_beyond_the_range_of_floats_stand_decimal_strings():
    huge, tiny = Fraction(10) ** 400, Fraction(1, 10**400)
    assert Fraction(float_above(huge)) >= huge
    assert isinstance(float_above(huge), str)
    assert isinstance(float_above(tiny), str)
    assert Fraction(float_above(Fraction(sys.float_info.max))) >= Fraction(sys.float_info.max)
    assert float_above(Fraction(0)) == 0.0
