"""The block table: what it holds, and what it refuses to read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ratetheory.observation.families import Blocks, Family, Member, Norm, blocks_from_dict, load_blocks, save_blocks

CONV = Family("conv.weight", "alone", "filter", 4, 9, (Member("conv.weight", 0, 0, 4),), "bn", (2,), (Norm("bn", "batch", 1),))
PAIR = Family("conv.bias+linear.weight", "joint", "layer", 1, 24, (Member("a", 0, 0, 4), Member("b", 0, 0, 4)), "ln")


def test_written_and_read(tmp_path):
    table = Blocks((replace(CONV, defects=(0.0, 1e-5, 0.0, 0.02)), PAIR), "net", ("a note",))
    assert table.families[0].nearly == 1
    save_blocks(table, tmp_path / "blocks.json")
    assert load_blocks(tmp_path / "blocks.json") == table
    with pytest.raises(ValueError, match="exists"):
        save_blocks(table, tmp_path / "blocks.json")


def test_invariant_families_do_not_overlap():
    other = Family("a+c", "joint", "layer", 1, 24, (Member("a", 0, 2, 6), Member("c", 0, 0, 4)), "")
    part = Family("a[4:]", "joint", "layer", 1, 24, (Member("a", 0, 4, 6), Member("c", 0, 0, 4)), "")
    across = Family("b by columns", "alone", "filter", 3, 8, (Member("b", 1, 0, 3),), "")
    assert Blocks((PAIR, other)).invariant == (PAIR,)
    assert Blocks((PAIR, part)).invariant == (PAIR, part)
    assert Blocks((PAIR, across)).invariant == (across,)
    assert Blocks((PAIR, other)).of("a") == (PAIR, other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parts": 3}, "cannot be cut into 3"),
        ({"parts": 0}, "parts: 0 is not allowed"),
        ({"parts": True}, "parts: True is not allowed"),
        ({"verdict": "yes"}, "verdict: 'yes' is not known"),
        ({"members": []}, "no members"),
        ({"members": [{"parameter": "a", "axis": 0, "start": 3, "stop": 3}]}, "stop: 3 is not allowed"),
        ({"members": [{"parameter": "../a", "axis": 0, "start": 0, "stop": 4}]}, "looks like a path"),
        ({"dead": [4]}, "dead: 4 is not allowed"),
        ({"trained": 1}, "trained is '1'"),
        ({"defects": [0.1]}, "defects: 1 numbers; none, or one a block"),
        ({"defects": [0, 0, 0, 1.5]}, "defects: 1.5 is not allowed"),
        ({"defects": [0, 0, 0, float("nan")]}, "defects: nan is not allowed"),
        ({"norms": [{"module": "bn", "kind": "spectral"}]}, "kind: 'spectral'"),
        ({"name": "conv\n"}, "control characters"),
    ],
)
def test_refuses(change, message):
    content = json.loads(json.dumps(Blocks((CONV,)).as_dict()))
    content["families"][0] |= change
    with pytest.raises(ValueError, match=message):
        blocks_from_dict(content)


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "other"}', "{" * 10000, '{"schema": "ratetheory-blocks"}'])
def test_refuses_foreign_files(tmp_path, text):
    path = tmp_path / "blocks.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"blocks\.json"):
        load_blocks(path)


def test_refuses_equal_names():
    content = json.loads(json.dumps(Blocks((CONV, CONV)).as_dict()))
    with pytest.raises(ValueError, match="same name"):
        blocks_from_dict(content)
