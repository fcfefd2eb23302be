"""Squared norms against exact sums of Fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratetheory.numeric import balls
from ratetheory.numeric.decimals import exact_end
from ratetheory.numeric.squares import squared_norms

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SHORT = st.floats(allow_nan=False, allow_infinity=False, width=32)


def check(rows, bits):
    with balls.working_precision(192):
        for row, S in zip(rows, squared_norms(rows, bits), strict=True):
            exact = sum(Fraction(x) ** 2 for x in row.tolist())
            low, high = exact_end(S.lower()), exact_end(S.upper())
            assert low <= exact <= high
            assert high - low <= exact * Fraction(1, 2**80) or exact == 0


@settings(max_examples=60)
@given(st.lists(FINITE, min_size=1, max_size=9))
def test_any_doubles_are_enclosed(entries):
    check(np.array([entries]), 53)


@settings(max_examples=60)
@given(st.lists(SHORT, min_size=1, max_size=9))
def test_any_single_precision_numbers_are_enclosed(entries):
    check(np.array([entries]), 24)


@pytest.mark.parametrize(("scale", "bits"), [(1.0, 53), (1e250, 53), (1e-250, 53), (1e-320, 53), (1.0, 24)])
def test_long_rows_are_enclosed_narrowly(scale, bits):
    rows = np.random.default_rng(0).normal(size=(4, 1001))
    check((rows.astype(np.float32).astype(float) if bits == 24 else rows) * scale, bits)


def test_cancellation_free_sums_of_very_different_sizes_keep_the_small_ones():
    check(np.array([[1.0] + [2.0**-30] * 1000, [2.0**500] + [1.0] * 1000]), 53)


@pytest.mark.parametrize("entry", [np.nan, np.inf, -np.inf])
def test_the_first_row_with_an_entry_that_is_not_finite_is_named(entry):
    rows = np.ones((4, 3))
    rows[2, 1] = rows[3, 0] = entry
    with pytest.raises(ValueError, match=r"^2$"):
        squared_norms(rows)
