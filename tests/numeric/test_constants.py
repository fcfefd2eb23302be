from fractions import Fraction
from pathlib import Path

import pytest

from ratetheory.numeric.constants import MAX_BYTES, Block, Constants, load_constants, one_block, read_constants

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_examples_are_read_exactly():
    one = load_constants(EXAMPLES / "constants-one-block.toml")
    assert one.gap == Fraction(1, 2)
    assert one.blocks[0].inverse_rate == 10
    two = load_constants(EXAMPLES / "constants-two-blocks.toml")
    assert two.gap == Fraction(3, 2)
    assert two.estimated == ("block second.smoothness",)
    assert two.coupling == ((0, 1, 1), (1, 0, 1), (1, 1, 0))
    assert two.scale_variant_learning_rate == Fraction(1, 10)


def block(**changes):
    return {"name": "a", "squared_norm": 1, "learning_rate": "0.1", "smoothness": 1, **changes}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "block: None"),
        ({"block": []}, "block: "),
        ({"block": "x", "gap": 1}, "block: 'x'"),
        ({"block": [block()], "gap": 1, "typo": 2}, "constants: 'typo'"),
        ({"block": [block(typo=1)], "gap": 1}, "block a: 'typo'"),
        ({"block": [block(smoothness=-1)], "gap": 1}, "block a.smoothness: -1"),
        ({"block": [block(learning_rate="nan")], "gap": 1}, "block a.learning_rate: 'nan'"),
        ({"block": [block(squared_norm=0)], "gap": 1}, "block a.squared_norm: 0"),
        ({"block": [block(squared_norm={"value": 1, "kind": "guess"})], "gap": 1}, "block a.squared_norm.kind: 'guess'"),
        ({"block": [block(), block()], "gap": 1}, "block.name: "),
        ({"block": [block(), block(name="b")], "gap": 1}, "block a.smoothness_with.b: None"),
        ({"block": [block(smoothness_with={"c": 1})], "gap": 1}, "block a.smoothness_with.c: 'c'"),
        (
            {"block": [block(smoothness_with={"b": 1}), block(name="b", smoothness_with={"a": 2})], "gap": 1},
            "block b.smoothness_with.a: '2'",
        ),
        ({"block": [block(), block(name="b", decoupled_smoothness=1)], "gap": 1}, "decoupled_smoothness: "),
        ({"block": [block(), block(name="b")]}, "gap: None"),
        (
            {
                "block": [block(decoupled_smoothness=9, smoothness_with={"b": 1}), block(name="b", decoupled_smoothness=9)],
                "gap": 1,
            },
            "decoupled_smoothness: 'beside smoothness_with'",
        ),
        ({"block": [block(decoupled_smoothness="0.5")], "gap": 1}, "block a.decoupled_smoothness: '1/2'"),
        (
            {
                "block": [block(smoothness_with={"scale_variant": 1})],
                "gap": 1,
                "scale_variant": {"learning_rate": 2, "smoothness": 1},
            },
            "scale_variant.learning_rate: '2' is not allowed; allowed: above 0 and below 2/smoothness = 2",
        ),
    ],
)
def test_bad_constants_are_refused_in_one_line(content, message):
    with pytest.raises(ValueError, match="allowed") as error:
        read_constants(content)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


ONE, HALF = Fraction(1), Fraction(1, 2)
A, B = (Block(name, ONE, ONE, ONE) for name in "ab")
VARIANT = {"scale_variant_learning_rate": ONE, "scale_variant_smoothness": ONE}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"blocks": ()}, "blocks: "),
        ({"blocks": [A]}, "blocks: "),
        ({"blocks": ("a",)}, "blocks: "),
        ({"blocks": (A, A), "decoupled": (ONE, ONE)}, "block.name: "),
        ({"blocks": (Block("scale_variant", ONE, ONE, ONE),)}, "block.name: "),
        ({"blocks": (Block("", ONE, ONE, ONE),)}, "block.name: "),
        ({"blocks": (Block("a", -ONE, ONE, ONE),)}, "block a.squared_norm: -1"),
        ({"blocks": (Block("a", ONE, Fraction(0), ONE),)}, "block a.learning_rate: 0"),
        ({"blocks": (Block("a", ONE, ONE, -ONE),)}, "block a.smoothness: -1"),
        ({"blocks": (Block("a", ONE, ONE, 0.5),)}, "block a.smoothness: 0.5"),  # type: ignore[arg-type]
        ({"blocks": (Block("a", ONE, ONE, ONE, -ONE),)}, "block a.gradient_bound: -1"),
        ({"blocks": (Block("a", ONE, ONE, ONE, Fraction(0)),)}, "block a.gradient_bound: 0"),
        ({"gap": -ONE}, "gap: -1"),
        ({"gap": 0.1}, "gap: 0.1"),
        (
            {"decoupled": (HALF,)},
            "block a.decoupled_smoothness: '1/2' is not allowed; allowed: at least the table's smoothness 1",
        ),
        ({"decoupled": (ONE, ONE)}, "decoupled_smoothness: "),
        ({"decoupled": ONE}, "decoupled_smoothness: "),
        ({"decoupled": (ONE,), "coupling": ((ONE,),)}, "decoupled_smoothness: 'beside smoothness_with'"),
        ({"decoupled": (ONE, HALF), **VARIANT}, "scale_variant.decoupled_smoothness: '1/2'"),
        (
            {"decoupled": (ONE, Fraction(2)), **VARIANT},
            "scale_variant.learning_rate: '1' is not allowed; allowed: below 2/decoupled_smoothness = 1",
        ),
        ({"coupling": ((ONE,), (ONE,))}, "coupling: "),
        ({"blocks": (A, B)}, "coupling: None"),
        ({"blocks": (A, B), "coupling": [[ONE, ONE], [ONE, ONE]]}, "coupling: "),
        ({"blocks": (A, B), "coupling": ((ONE, -ONE), (-ONE, ONE))}, "coupling[0][1]: -1"),
        ({"blocks": (A, B), "coupling": ((ONE, ONE), (HALF, ONE))}, "coupling[0][1]: 1"),
        ({"blocks": (A, B), "coupling": ((ONE, ONE), (ONE,))}, "coupling: "),
        ({"scale_variant_smoothness": ONE}, "scale_variant.smoothness: 1"),
        (
            {"decoupled": (ONE, ONE), "scale_variant_learning_rate": ONE, "scale_variant_smoothness": -ONE},
            "scale_variant.smoothn",
        ),
        ({"from_step": -1}, "from_step: -1"),
        ({"from_step": 0.5}, "from_step: 0.5"),
        ({"estimated": ["gap"]}, "estimated: "),
    ],
)
def test_what_cannot_be_the_constants_of_a_loss_is_refused_in_one_line(given, message):
    with pytest.raises(ValueError, match="allowed") as error:
        Constants(**{"blocks": (A,), "gap": ONE, **given})
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_numbers_too_long_to_print_are_no_reason_to_refuse():
    long = Fraction(10**4200 + 1, 10**4400 + 1)
    variant = {"scale_variant_learning_rate": long, "scale_variant_smoothness": ONE}
    assert Constants(blocks=(A,), gap=ONE, decoupled=(ONE, 1 + long), **variant).decoupled == (ONE, 1 + long)


def test_a_bound_says_that_it_is_conditional_on_the_couplings():
    assert "smoothness_with" in load_constants(EXAMPLES / "constants-two-blocks.toml").names()
    assert "smoothness_with" not in load_constants(EXAMPLES / "constants-one-block.toml").names()
    coupling = ((ONE, HALF), (HALF, ONE))
    assert "smoothness_with" in Constants(blocks=(A,), gap=ONE, coupling=coupling, **VARIANT).names()
    decoupled = Constants(blocks=(A, B), gap=ONE, decoupled=(ONE, ONE)).names()
    assert "decoupled_smoothness" in decoupled
    assert "smoothness_with" not in decoupled


def test_files_that_are_no_constants(tmp_path):
    with pytest.raises(ValueError, match="cannot read"):
        load_constants(tmp_path / "missing.toml")
    path = tmp_path / "c.toml"
    path.write_text("gap = = 1")
    with pytest.raises(ValueError, match="is not TOML"):
        load_constants(path)
    path.write_text("gap = " + "9" * 5000)
    with pytest.raises(ValueError, match="is not TOML"):
        load_constants(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="is not TOML"):
        load_constants(path)
    path.write_text("#" * (MAX_BYTES + 1))
    with pytest.raises(ValueError, match="at most"):
        load_constants(path)
    path.write_text("a = " + "[" * 9_000)
    with pytest.raises(ValueError, match="is not TOML"):
        load_constants(path)


@pytest.mark.parametrize("path", ["/dev/zero", ".", ""])
def test_what_is_no_regular_file_is_not_read(path):
    with pytest.raises(ValueError, match="a regular file"):
        load_constants(path)


def test_lines_that_would_keep_the_parser_busy_are_refused(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("a." * 100_000 + "b = 1")
    with pytest.raises(ValueError, match="lines of at most"):
        load_constants(path)


def test_numbers_of_a_toml_file_are_not_rounded(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('gap = 0.1\n[[block]]\nsquared_norm = 1e-300\nlearning_rate = 1e4000\nsmoothness = "1/3"\n')
    constants = load_constants(path)
    assert constants.gap == Fraction(1, 10)
    assert constants.blocks[0].smoothness == Fraction(1, 3)
    assert constants.blocks[0].inverse_rate == Fraction(1, 10**4300)


def test_one_block_marks_estimates():
    constants = one_block(1, 1, {"value": 3, "kind": "estimated"}, gap=1)
    assert constants.estimated == ("smoothness",)
    assert constants.blocks[0].smoothness == 3
