import sys
from decimal import Decimal
from fractions import Fraction

from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from ratetheory.numeric.decimals import decimal_end, decimal_outward, float_above

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


far = st.integers(70_000, 200_000) | st.integers(-200_000, -70_000)


@settings(max_examples=40, deadline=None)
@given(st.integers(-(10**9), 10**9).filter(bool), far)
def test_ends_of_very_large_and_very_small_balls_enclose_and_are_narrow(mantissa, power):
    ball = arb(mantissa) * arb(2) ** power
    low, high = (Fraction(decimal_end(ball, up)) for up in (False, True))
    # multiplied out: to reduce fractions of so many digits takes long
    up, down = (1 << power, 1) if power > 0 else (1, 1 << -power)
    sides = [end.numerator * down - mantissa * up * end.denominator for end in (low, high)]
    assert sides[0] <= 0 <= sides[1]
    assert (high - low) * 10**18 <= abs(high)


def test_ends_beyond_the_range_of_decimals_are_those_of_the_range():
    with ctx.workprec(200):
        huge, tiny = arb(2) ** 10**20, arb(2) ** -(10**20)
    assert (decimal_end(huge, True), decimal_end(-huge, False)) == (Decimal("Infinity"), Decimal("-Infinity"))
    assert Decimal(10) ** 1000 < decimal_end(huge, False) < Decimal("Infinity")
    assert decimal_end(tiny, False) == 0 < decimal_end(tiny, True)
    assert decimal_end(arb(0) * huge, True) == 0
