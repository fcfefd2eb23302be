"""Theorems about given numbers: all random constants have one that compiles, a smaller decimal is refused at its own goal."""

import re
import shutil
from fractions import Fraction
from random import Random

import pytest

from ratetheory import bound_gd
from ratetheory.formal import rocq
from ratetheory.formal.bridge import AXIOMS, axioms
from ratetheory.formal.numbers import decimal_above, number, proof_of_bound, rational
from ratetheory.numeric.constants import Block, Constants, one_block

needs_rocq = pytest.mark.skipif(shutil.which("coqc") is None, reason="needs the Rocq compiler")


def constants_of(seed):
    """Random rational constants of one to three blocks, with scale-variant parameters in some."""
    random = Random(seed)

    def some(low, high):
        return Fraction(round(10 ** random.uniform(low, high) * 10**4), 10**4)

    count = random.choice([1, 1, 2, 3])
    blocks = tuple(
        Block(f"block{i}", some(-1, 1), some(-2, 1), some(-0.5, 0.5), random.choice([None, some(-0.3, 0.5)]))
        for i in range(count)
    )
    if count == 1:
        return Constants(blocks, some(-1, 1))
    extra = random.choice([False, True])
    size = count + extra
    upper = {(i, j): Fraction(random.randint(1, 9), 10) for i in range(size) for j in range(i)}
    coupling = tuple(tuple(upper.get((max(i, j), min(i, j)), Fraction(0)) for j in range(size)) for i in range(size))
    variant = {"scale_variant_learning_rate": Fraction(1, 10), "scale_variant_smoothness": Fraction(2)} if extra else {}
    return Constants(blocks, some(-1, 1), coupling=coupling, **variant)


@pytest.mark.parametrize("seed", range(20))
def test_the_decimal_is_the_bound(seed):
    constants = constants_of(seed)
    for method in ("simple", "sharper"):
        made = proof_of_bound(constants, 1000, method)
        exact = float(bound_gd(constants=constants, steps=1000, method=method).total) / 1000
        by_rotation = exact < 0.999 * float(made.value)
        assert by_rotation or float(made.value) == pytest.approx(exact, rel=1e-4)
        # what is proved may be more than the best form, never less
        assert float(made.value) >= exact


@needs_rocq
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_it_compiles_and_a_smaller_one_does_not(seed):
    method = "simple" if seed % 4 == 3 else "sharper"
    made = proof_of_bound(constants_of(seed), 1000, method)
    answer = rocq.compile_text(made.text)
    assert answer.accepted, answer.output
    said, smaller = number(Fraction(made.value)), number(Fraction(made.value) * Fraction(99, 100))
    assert made.text.count(f"<= {said}.") == 1
    lowered = made.text.replace(f"<= {said}.", f"<= {smaller}.")
    refused = rocq.compile_text(lowered)
    assert not refused.accepted
    line = int(re.search(r"line (\d+)", refused.output)[1])
    assert "(* the decimal *)" in lowered.splitlines()[line - 1]


@needs_rocq
@pytest.mark.slow
def test_it_rests_on_the_known_axioms_and_integers():
    made = proof_of_bound(constants_of(0), 1000)
    answer = rocq.compile_text(made.text + "Print Assumptions bound.\n")
    others = {name.split(".")[0] for name in axioms(answer.output, 1) if name not in AXIOMS}
    assert others == {"PrimInt63", "Uint63"}


def test_numbers_are_on_the_safe_side():
    for x in (1 / 3, 1e-9, 12345.678, 1e20):
        assert rational(x, down=True) < x < rational(x, down=False)
    assert Fraction(decimal_above(Fraction(1, 3))) > Fraction(1, 3)
    assert decimal_above(Fraction(1, 4)) == "0.25"
    for bad in (float("inf"), float("nan"), 1e300):
        with pytest.raises(ValueError, match="range of floats"):
            rational(bad, down=True)


def test_a_block_that_cannot_move_is_refused():
    block = one_block(squared_norm="1", learning_rate="1", smoothness="0", gap="1", gradient_bound=None, from_step="0")
    with pytest.raises(ValueError, match="has the smoothness 0"):
        proof_of_bound(block, 10)
