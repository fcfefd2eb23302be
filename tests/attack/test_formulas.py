"""Sums over steps and blocks of what does not change with them; steps met with horizons. Everything is rewritten with loops."""

import numpy as np
import pytest

from ratetheory.attack.arenas import arena_of
from ratetheory.attack.formulas import by_horizon, sides, sizes
from ratetheory.attack.records import Symbols
from ratetheory.claims import claims
from ratetheory.claims.statement import Comparison
from ratetheory.claims.symbols import SYMBOLS
from ratetheory.numeric import rounding

STEPS = 5


@pytest.fixture(scope="module")
def record():
    arena = arena_of("trajectory")
    family = next(family for family in arena.families if family.name == "two-blocks")
    return arena.record(arena.sample(family, 1, STEPS, np.random.default_rng(0)))


def evaluated(record, left, right=lambda m, s: m.number(0)):
    with np.errstate(all="ignore"):
        return sides(Comparison(left, "==", right), record)[0].value


def at(record, name, step, block=0):
    array = record[name].value[0]
    return array[min(step, len(array) - 1), min(block, array.shape[-1] - 1)]


AT_HORIZON = {
    "a letter at the start": (lambda m, s: m.sum(s.S_first), lambda r, T, i: T * at(r, "S", 0, i)),
    "a constant": (lambda m, s: m.sum(s.L), lambda r, T, i: T * at(r, "L", 0, i)),
    "a number": (lambda m, s: m.sum(m.number(3)) + 0 * s.L, lambda r, T, i: 3 * T),
    "the least of a constant": (lambda m, s: m.least(s.L), lambda r, T, i: at(r, "L", 0, i)),
    "the horizon": (lambda m, s: m.steps(s.S_first), lambda r, T, i: T),
    "one value in all blocks": (lambda m, s: m.over_blocks(s.f_last), lambda r, T, i: 2 * at(r, "f", T)),
    "a number in all blocks": (lambda m, s: m.over_blocks(m.number(3)) * s.S_last, lambda r, T, i: 6 * at(r, "S", T, i)),
    "a number in the other blocks": (lambda m, s: m.over_other_blocks(m.number(3)) + 0 * s.S_last, lambda r, T, i: 3),
    "the largest of a number": (lambda m, s: m.largest_block(m.number(3)) + 0 * s.S_last, lambda r, T, i: 3),
    "the largest, in all blocks": (
        lambda m, s: m.over_blocks(m.largest_block(s.S_last)),
        lambda r, T, i: 2 * max(at(r, "S", T, 0), at(r, "S", T, 1)),
    ),
}


@pytest.mark.parametrize("name", AT_HORIZON)
def test_what_does_not_change_counts_at_every_step_and_block(name, record):
    formula, expected = AT_HORIZON[name]
    assert not by_horizon(formula)
    value = np.broadcast_to(evaluated(record, formula), (1, STEPS, 2))
    loops = [[expected(record, T, block) for block in range(2)] for T in range(1, STEPS + 1)]
    np.testing.assert_allclose(value[0], loops, rtol=1e-13)


TOGETHER = {
    "a step and the horizon": (lambda m, s: s.S_next - s.S_last, lambda r, t, T: at(r, "S", t + 1) - at(r, "S", T)),
    "a step and a sum": (
        lambda m, s: s.G - m.sum(s.G),
        lambda r, t, T: at(r, "G", t) - sum(at(r, "G", u) for u in range(T)),
    ),
    "a sum in a sum": (lambda m, s: m.sum(m.sum(s.G)), lambda r, t, T: T * sum(at(r, "G", u) for u in range(T))),
    "a sum of the horizon": (lambda m, s: m.sum(s.S_last), lambda r, t, T: T * at(r, "S", T)),
    "a step and the number of steps": (lambda m, s: m.steps(s.G) * s.G, lambda r, t, T: T * at(r, "G", t)),
    "a step and the least": (
        lambda m, s: s.G - m.least(s.G),
        lambda r, t, T: at(r, "G", t) - min(at(r, "G", u) for u in range(T)),
    ),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_steps_meet_all_horizons_of_a_short_run(name, record):
    formula, expected = TOGETHER[name]
    assert by_horizon(formula)
    value = evaluated(record, formula)
    assert value.shape[:3] == (STEPS, 1, STEPS)
    for T in range(1, STEPS + 1):
        for t in range(STEPS):
            assert value[T - 1, 0, t, 0] == pytest.approx(expected(record, min(t, T - 1), T), rel=1e-12, abs=1e-14)


def test_which_conclusions_of_the_theory_speak_of_both():
    both = {(claim.slug, c.slug) for claim in claims.values() for c in claim.conclusions if by_horizon(c.left, c.right)}
    assert both == {("momentum-growth", "total"), ("worst-case", "range")}


@pytest.mark.parametrize(
    "setting", sorted({c.setting or claim.setting for claim in claims.values() for c in claim.conclusions})
)
def test_the_other_formulas_of_the_theory_sum_only_what_has_the_axis(setting):
    """Their values and errors are to the last bit those without any repeating."""
    arena, rng = arena_of(setting), np.random.default_rng(1)
    told = [(claim, c) for claim in claims.values() for c in claim.conclusions if (c.setting or claim.setting) == setting]
    told = [(claim, c) for claim, c in told if not by_horizon(c.left, c.right)]
    compared = 0
    for family in (family for family in arena.families if family.breaks is None):
        record = arena.record(arena.sample(family, 2, 4, rng))
        steps, blocks = sizes(record)
        for name, array in record.items():
            if name != "M":
                allowed = {"state": {steps + 1}, "step": {1, steps}, "constant": {1}}[SYMBOLS[name].kind]
                assert array.shape[-2] in allowed
                assert array.shape[-1] in ({1, blocks} if SYMBOLS[name].per_block else {1})
        for claim, conclusion in told:
            if claim.inapplicable(conclusion, arena.facts(family)) is None:
                with np.errstate(all="ignore"):
                    for new, formula in zip(sides(conclusion, record), (conclusion.left, conclusion.right), strict=True):
                        old = rounding.exact(formula(rounding, Symbols(record)))
                        np.testing.assert_array_equal(new.value, old.value)
                        np.testing.assert_array_equal(new.error, old.error)
                compared += 1
    assert compared >= len(told)
