"""Rules for the larger, the smaller and the chosen of several numbers."""

from __future__ import annotations

from sympy import Dummy, Expr, Symbol, log, oo

from ratetheory.symbolic.algebra import is_nonnegative
from ratetheory.symbolic.kernel import Context, Fact, Inference, RuleFailure, rule
from ratetheory.symbolic.namespace import IfLess, Largest, LargestBlock, Relation, Smallest, Witness, bound_variables
from ratetheory.symbolic.rules import check_block, follows
from ratetheory.symbolic.vectors import BLOCK, BLOCK_VARIABLES, BOUND_BLOCKS, OTHER_BLOCK


def _check_real(*expressions: Expr) -> None:
    """Numbers that are not certainly real have no larger one."""
    for expression in expressions:
        if not expression.is_real:
            raise RuleFailure(f"{expression} is not certainly real")


def _with_real_logarithms(value: Expr) -> Expr:
    """The value with a real number for each logarithm of something nonnegative: the kernel sees to it that it is not zero."""
    logarithms = (one for one in value.atoms(log) if is_nonnegative(one.args[0]))
    return value.xreplace({one: Dummy(real=True) for one in logarithms})


@rule("choice by a condition")
def choose(ctx: Context, branch: IfLess, holds: bool) -> Inference:
    """The value of ``IfLess`` under its condition, or under the negation."""
    left, right, a, b = branch.args
    value = a if holds else b
    if value != oo:
        _check_real(_with_real_logarithms(value))
    condition = Relation(left, "<", right)
    assumed = condition if holds else condition.negation()
    return Inference(Relation(branch, "==", value), assumptions=frozenset({assumed}))


@rule("the larger of two")
def larger_of(ctx: Context, largest: Largest, which: int) -> Inference:
    """Each of two numbers is at most the larger one."""
    _check_real(*largest.args)
    return Inference(Relation(largest.args[which], "<=", largest))


@rule("the larger of two is one of them")
def larger_is(ctx: Context, largest: Largest, which: int) -> Inference:
    """The larger of two is the one that is at least the other (a local assumption)."""
    _check_real(*largest.args)
    other, own = largest.args[1 - which], largest.args[which]
    condition = Relation(other, "<=" if which == 1 else "<", own)
    return Inference(Relation(largest, "==", own), assumptions=frozenset({condition}))


@rule("at most the smaller of two")
def below_smaller(ctx: Context, smallest: Smallest, first: Fact, second: Fact) -> Inference:
    """From ``x <= a`` and ``x <= b``: ``x <= min(a, b)``; strictly if both are strict."""
    left = first.relation.left
    _check_real(left)
    wanted = [Relation(left, "<=", bound) for bound in smallest.args]
    if not follows(wanted[0], (first,)) or not follows(wanted[1], (second,)):
        raise RuleFailure("the facts do not bound one number by both")
    strict = first.relation.symbol == second.relation.symbol == "<"
    return Inference(Relation(left, "<" if strict else "<=", smallest), (first, second))


@rule("the larger of two bounded numbers")
def largest_below(ctx: Context, largest: Largest, first: Fact, second: Fact) -> Inference:
    """From ``a <= x`` and ``b <= x``: ``max(a, b) <= x``."""
    right = first.relation.right
    _check_real(right)
    wanted = [Relation(bound, "<=", right) for bound in largest.args]
    if not follows(wanted[0], (first,)) or not follows(wanted[1], (second,)):
        raise RuleFailure("the facts do not bound both by one number")
    return Inference(Relation(largest, "<=", right), (first, second))


@rule("the smaller of two")
def smaller_of(ctx: Context, smallest: Smallest, which: int) -> Inference:
    """The smaller of two numbers is at most each."""
    _check_real(*smallest.args)
    return Inference(Relation(smallest, "<=", smallest.args[which]))


@rule("the largest over the blocks")
def below_largest_block(ctx: Context, largest: LargestBlock, index: Symbol) -> Inference:
    """The value at each block is at most the largest."""
    check_block(index)
    _check_real(largest.args[0])
    if bound_variables(largest.args[0]):
        raise RuleFailure(f"{largest} binds variables inside")
    return Inference(Relation(largest.args[0].xreplace({BOUND_BLOCKS[0]: index}), "<=", largest))


@rule("the largest of numbers below a bound")
def largest_block_below(ctx: Context, largest: LargestBlock, fact: Fact) -> Inference:
    """From ``a_i <= x`` for every block: ``max_i a_i <= x``; strictly if each is strict, for there are finitely many."""
    right = fact.relation.right
    body = largest.args[0].xreplace({BOUND_BLOCKS[0]: BLOCK})
    _check_real(right, largest.args[0])
    if bound_variables(largest.args[0]) or right.has(*BLOCK_VARIABLES, BOUND_BLOCKS[0], OTHER_BLOCK):
        raise RuleFailure(f"{right} is not one number for all blocks, or {largest} binds variables inside")
    if largest.has(*BLOCK_VARIABLES, *BOUND_BLOCKS[1:], OTHER_BLOCK):
        raise RuleFailure(f"{largest} depends on another block than the one it binds")
    if any(a.has(BLOCK) for a in fact.assumptions) or fact.relation.has(Witness, OTHER_BLOCK):
        raise RuleFailure("the fact does not hold for every block")
    if not follows(Relation(body, "<=", right), (fact,)):
        raise RuleFailure(f"{fact} does not bound {body}")
    return Inference(Relation(largest, fact.relation.symbol, right), (fact,))


@rule("everything is at most infinity")
def below_infinity(ctx: Context, left: Expr) -> Inference:
    """A real number is at most infinity."""
    _check_real(left)
    return Inference(Relation(left, "<=", oo))
