"""The claims' formulas in sympy: letters, steps, blocks and bound names."""

import pytest
from sympy import Symbol

from ratetheory.claims import claims
from ratetheory.symbolic import statement
from ratetheory.symbolic.namespace import IfLess, Relation, bound_variables, letter, m, s, why_not_generic
from ratetheory.symbolic.vectors import BLOCK, BLOCKS, HORIZON, STEP, Sum


def test_letters_know_their_step_and_block():
    assert letter("S", STEP, BLOCK) == s.S
    assert s.S_next.indices == (STEP + 1, BLOCK)
    assert s.S_first.indices == (0, BLOCK)
    assert s.S_last.indices == (HORIZON, BLOCK)
    assert s.f.indices == (STEP,)
    assert s.Lam.indices == (BLOCK,)
    assert s.f_low == Symbol("f_low", real=True), "a letter of its own, not f at a step"


@pytest.mark.parametrize("name", ["nonsense", "S_before", "__wrapped__"])
def test_unknown_letters_are_refused(name):
    with pytest.raises(AttributeError, match="no letter"):
        getattr(s, name)


def test_every_statement_is_a_relation_of_known_letters():
    for claim in claims.values():
        for conclusion in claim.conclusions:
            relation = statement(claim, conclusion)
            assert relation.symbol == conclusion.relation
            assert str(relation)


def test_a_conclusion_of_another_claim_is_refused():
    with pytest.raises(ValueError, match="none of"):
        statement(claims["norm-growth"], claims["wngrad-recursion"].conclusions[0])


def test_sums_over_blocks_do_not_capture_each_other():
    inner = m.over_blocks(s.G)
    outer = m.over_blocks(s.G * inner)
    assert {variable.name for variable in bound_variables(outer)} == {"j", "k"}
    assert m.over_other_blocks(s.G) == inner - s.G
    assert m.over_blocks(s.H) == BLOCKS * s.H


def test_the_quadratic_form_is_the_double_sum():
    form = m.quadratic_form(s.M, s.G, s.H)
    two = form.xreplace({BLOCKS: 2}).doit()
    g = [letter("G", block=n) for n in (1, 2)]
    expected = sum(s.M[i, j] * g[i - 1] * g[j - 1] for i in (1, 2) for j in (1, 2))
    expected += 2 * sum(s.M[i, 0] * g[i - 1] * s.H for i in (1, 2)) + s.M[0, 0] * s.H**2
    assert (two - expected).expand() == 0


def test_what_a_formula_binds():
    assert bound_variables(m.sum(s.G)) == {STEP}
    assert bound_variables(m.least(s.G)) == {STEP}
    assert isinstance(m.sum(s.G), Sum)
    assert why_not_generic(STEP, Relation(m.least(s.G), "<=", s.H)) is not None
    assert why_not_generic(s.gap) is not None
    assert why_not_generic(Symbol("y", positive=True)) is None


def test_a_branch_is_kept_as_it_is():
    branch = m.if_less(s.G, 1, 2, 3)
    assert isinstance(branch, IfLess)
    assert branch.args == (s.G, 1, 2, 3)


def test_an_equation_has_no_negation():
    assert Relation(s.G, "<=", s.H).negation() == Relation(s.H, "<", s.G)
    with pytest.raises(ValueError, match="no negation"):
        Relation(s.G, "==", s.H).negation()
