"""Whole tables against the judge that rescales every candidate."""

import pytest
import torch

from ratetheory.training.blocks import find_blocks
from tests.training.blocks.brute_force import judge_all
from tests.training.blocks.zoo import FROM_TRANSFORMERS, GROUPS, ZOO


def found(name, **options):
    torch.manual_seed(5)
    model, batch = ZOO[name](1e-5)
    if name in FROM_TRANSFORMERS:
        model.to(torch.float32)
    return find_blocks(model, batch, **options)


def flags(zero, member, parts):
    """Which blocks of a member have no gradient."""
    rows = zero[member.parameter] if member.axis == 0 else zero[member.parameter, 1]
    return [bool(r.all()) for r in rows[member.start : member.stop].reshape(parts, -1)]


def compare(name):
    blocks = found(name)
    answer = judge_all(ZOO[name], GROUPS.get(name), pieces=name not in FROM_TRANSFORMERS)
    zero = answer.zero
    parameters = {n for n in zero if isinstance(n, str)}
    assert {m.parameter for f in blocks.families for m in f.members} == parameters
    joint = {}
    for f in blocks.families:
        dead = [all(column) for column in zip(*(flags(zero, m, f.parts) for m in f.members), strict=True)]
        if f.verdict != "dead":
            assert list(f.dead) == ([j for j, d in enumerate(dead) if d] if f.invariant else []), f.name
            assert not all(dead), f.name
        elif not all(dead):
            # the gradient of what has no influence is rounding; with the usual eps that of a gain is its small defect
            (m,) = f.members
            one_each = answer.judge.best_cut([m.parameter])[0] == answer.judge.start[m.parameter].numel()
            assert one_each or not answer.judge.moves(m.parameter, 0, slice(None)), f.name
        names = frozenset(m.parameter for m in f.members)
        would = f.verdict in ("alone", "joint") or (f.verdict == "dead" and "elsewhere invariant" in f.reason)
        if f.verdict == "joint" or (f.verdict == "dead" and "elsewhere jointly" in f.reason):
            assert all(m.start == 0 for m in f.members) or name == "fused_with_bias", f.name
            joint[names] = max(f.parts, joint.get(names, 0))
        elif would and f.members[0].parameter in answer.alone:
            (m,) = f.members
            assert (m.axis, f.parts) == answer.alone[m.parameter], f.name
        elif would:
            (m,) = f.members
            axis, covered = answer.pieces[m.parameter]
            size = (m.stop - m.start) // f.parts
            assert m.axis == axis
            assert {covered[i] for i in range(m.start, m.stop)} == {size}, f.name
        elif f.verdict == "not":
            assert f.members[0].parameter not in answer.alone, f.name
    # nothing that is invariant is missed
    listed = {m.parameter for f in blocks.families for m in f.members if "invariant" in f.reason or f.invariant}
    assert set(answer.alone) | set(answer.pieces) <= listed
    for parameter, (_, covered) in answer.pieces.items():
        mine = {
            i
            for f in blocks.families
            if f.invariant
            for m in f.members
            if m.parameter == parameter
            for i in range(m.start, m.stop)
        }
        assert set(covered) <= mine, parameter
    if name != "fused_with_bias":
        assert joint == answer.joint
    return blocks, answer


@pytest.mark.parametrize("name", sorted(ZOO))
def test_the_table_is_that_of_brute_force(name):
    compare(name)
