"""Certificates: what is changed in them is noticed, what is printed is proved, and nothing of the solver is needed."""

import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import ratetheory as rt
from ratetheory.numeric.certificate_file import MAX_BYTES, load_certificate, read_certificate, save_certificate
from ratetheory.numeric.certificates import Certificate, check
from ratetheory.numeric.constants import one_block, read_constants
from ratetheory.numeric.oracle import worst_case
from tests.numeric.worst_sequences import random_run, worst_b

B_0, GAP = "0.2", "0.3"


@pytest.fixture(scope="module")
def checked():
    return worst_case(one_block(B_0, 1, 1, GAP), cells=40)


@pytest.fixture(scope="module")
def worst():
    return worst_b(float(B_0), float(GAP))


@pytest.fixture(scope="module")
def largest_sum():
    rng = np.random.default_rng(3)
    return max(np.sum(random_run(rng, float(B_0), float(GAP), 100)[2] ** 2) for _ in range(100))


@pytest.fixture
def content(checked, tmp_path):
    save_certificate(checked.certificate, tmp_path / "c.json")
    return json.loads((tmp_path / "c.json").read_text())


def test_a_saved_certificate_is_read_back_and_proved_again(checked, tmp_path):
    path = tmp_path / "c.json"
    save_certificate(checked.certificate, path)
    assert load_certificate(path) == checked.certificate
    again = rt.check_certificate(path)
    assert (again.status, again.increment, again.total) == ("proved", checked.increment, checked.total)
    assert [file.name for file in tmp_path.iterdir()] == ["c.json"]
    described = again.as_dict(100)
    assert described["constants"]["gradient_bound"] == "pi/2 * smoothness"
    assert Fraction(described["value"]) * 100 >= again.total
    assert Fraction(described["b_infinity"]) >= again.b_infinity


def test_the_check_does_not_load_the_solver(checked, tmp_path):
    save_certificate(checked.certificate, tmp_path / "c.json")
    code = (
        "import sys, ratetheory as rt; status = rt.check_certificate(sys.argv[1]).status; "
        "print(status, 'ratetheory.numeric.oracle' in sys.modules, 'scipy' in sys.modules, 'sympy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "c.json")], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["proved", "False", "False", "False"]


@pytest.mark.parametrize("factor", [Fraction(99, 100), Fraction(101, 100)])
def test_any_single_number_changed_by_one_percent_is_noticed_or_proves_what_is_printed(checked, worst, largest_sum, factor):
    certificate = checked.certificate
    noticed = dict.fromkeys(("levels", "spending"), 0)
    for name in noticed:
        numbers = getattr(certificate, name)
        for i in range(len(numbers)):
            changed = (*numbers[:i], numbers[i] * float(factor), *numbers[i + 1 :])
            found = check(replace(certificate, **{name: changed}))
            noticed[name] += found.status != "proved"
            if found.status == "proved":
                assert found.b_infinity >= worst
                assert found.total >= largest_sum
    # a level may be raised where later ones leave room for it, and the last one, which is below zero, lowered
    share = 0.9 if factor < 1 else 0.4
    assert noticed["levels"] >= share * len(certificate.levels)
    assert noticed["spending"] >= share / 2 * len(certificate.spending)


@pytest.mark.parametrize("name", ["squared_norm", "learning_rate", "smoothness", "gap", "growth", "price"])
def test_a_changed_constant_is_noticed_or_is_what_the_certificate_proves(checked, name):
    for factor in (Fraction(99, 100), Fraction(101, 100)):
        old = getattr(checked.certificate, name)
        new = old * factor if isinstance(old, Fraction) else old * float(factor)
        certificate = replace(checked.certificate, **{name: new})
        found = check(certificate)
        if found.status == "proved":
            b_0 = certificate.squared_norm / certificate.learning_rate
            L = float(certificate.smoothness)
            assert found.b_infinity >= L * worst_b(float(b_0) / L, float(certificate.gap) / L)


def test_a_changed_constant_that_makes_it_harder_is_noticed(checked):
    c, more = checked.certificate, Fraction(101, 100)
    for harder in ({"gap": c.gap * more}, {"growth": c.growth / more}, {"squared_norm": c.squared_norm / more}):
        assert check(replace(c, **harder)).status == "refuted"


def test_a_level_function_below_the_worst_case_is_refuted_and_it_says_where(checked):
    levels = tuple(level * 0.9 if i else level for i, level in enumerate(checked.certificate.levels))
    found = check(replace(checked.certificate, levels=levels))
    assert found.status == "refuted"
    assert "the step inequality fails at |w|^2/eta = " in found.reason
    assert found.b_infinity is None
    assert found.total is None
    lower = check(replace(checked.certificate, levels=(checked.certificate.levels[0] * 0.9, *levels[1:])))
    assert lower.status == "refuted"
    assert "not above the gap" in lower.reason


def test_one_state_needs_higher_levels_than_two(checked):
    assert check(replace(checked.certificate, states=1)).status == "refuted"
    one = worst_case(one_block(B_0, 1, 1, GAP), states=1, cells=40).certificate
    assert check(one).status == "proved"
    assert check(replace(one, states=2)).status == "proved"


def test_without_spending_the_growth_bounds_the_sum(checked):
    found = check(replace(checked.certificate, price=None, spending=()))
    assert found.status == "proved"
    assert found.increment == checked.increment
    assert float(found.total) == pytest.approx(float(found.b_infinity**2 - Fraction(B_0) ** 2) / 2)
    assert found.total > checked.total


def test_an_enormous_level_function_is_no_proof():
    huge = Certificate(Fraction(1), Fraction(1), Fraction(1), Fraction(1), None, 2, Fraction(1, 2), (9.0, 8.0, 7.0, 0.0))
    assert check(huge).status != "proved"
    flat = replace(huge, levels=(9.0, 9.0, 9.0, 9.0))
    assert check(flat).status == "undecided"


def test_nothing_is_overwritten_without_force(checked, tmp_path):
    path = tmp_path / "c.json"
    path.write_text("mine")
    with pytest.raises(ValueError, match="does not exist, or --force"):
        save_certificate(checked.certificate, path)
    assert path.read_text() == "mine"
    save_certificate(checked.certificate, path, force=True)
    assert load_certificate(path) == checked.certificate
    with pytest.raises(ValueError, match="directory that exists"):
        save_certificate(checked.certificate, tmp_path / "none" / "c.json")
    with pytest.raises(ValueError, match="certificate"):
        save_certificate(checked.certificate, tmp_path, force=True)


def put(content, place, value):
    *path, last = place
    for key in path:
        content = content[key]
    content[last] = value


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("schema",), 2, "schema: 2 is not allowed; allowed: 1"),
        (("schema",), True, "schema: True"),
        (("kind",), "proof", "kind: 'proof'"),
        (("states",), 3, "states: 3 is not allowed; allowed: 1 or 2"),
        (("states",), "2", "states: '2'"),
        (("growth",), "-0.1", "growth: '-0.1' is not allowed"),
        (("growth",), 0.1, "growth: 0.1 is not allowed; allowed: a number as text"),
        (("growth",), "1e9", "between 1e-60 and 1000"),
        (("growth",), "100", r"ln\(1 \+ growth\) <= "),
        (("levels",), [], "2 to 4001 numbers"),
        (("levels",), ["1"] * 5000, "a list of at most 4001 numbers"),
        (("levels",), {"0": "1"}, "a list of at most"),
        (("levels", 3), 0.5, r"levels\[3\]: 0.5 is not allowed; allowed: a number as text"),
        (("levels", 3), "nan", r"levels\[3\]: 'nan' is not a number"),
        (("levels", 3), "inf", "is not a number"),
        (("levels", 3), "1e4000", "at most 1e99"),
        (("levels", 3), "1e90", "levels: 'a number' is not allowed; allowed: numbers between -1e25 and 1e25"),
        (("levels", 3), "1" * 41, "a number as text of 40 characters"),
        (("levels", 3), None, r"levels\[3\]: None"),
        (("spending",), [], "price and spending, or neither"),
        (("spending",), ["0", "1"], "spending: 2 is not allowed"),
        (("price",), "0", "price: 0.0 is not allowed"),
        (("price",), None, "price and spending, or neither"),
        (("constants", "gap"), "0", "constants.gap: '0' is not allowed"),
        (("constants", "gap"), None, "constants.gap: None"),
        (("constants", "gap"), "1e-30", "gap: 1e-30 is not allowed; allowed: between 1e-25 and 1e25"),
        (("constants", "smoothness"), "1e26", "squared_norm/learning_rate: .* is not allowed; allowed: between 1e-25"),
        (("constants", "squared_norm"), "x", "constants.squared_norm: 'x' is not a number"),
        (("constants", "estimated"), ["b"], "names of constants, each once: squared_norm, "),
        (("constants", "estimated"), ["estimated"], "names of constants, each once"),
        (("constants", "estimated"), ["block w.smoothness"], "names of constants, each once"),
        (("constants", "estimated"), ["gap", "gap"], "names of constants, each once"),
        (("constants", "estimated"), [["gap"]], "a list of names of constants"),
        (("constants", "from_step"), "7", "constants.from_step: '7' is not allowed; allowed: a whole number"),
        (("constants", "from_step"), True, "constants.from_step: True"),
        (("constants", "from_step"), -1, "from_step: -1 is not allowed"),
        (("constants", "extra"), "1", "constants: .* exactly the keys"),
        (("extra",), "1", "certificate: .* exactly the keys"),
    ],
)
def test_what_is_no_certificate_is_refused_with_one_line(content, place, value, message):
    put(content, place, value)
    with pytest.raises(ValueError, match=message) as caught:
        read_certificate(content)
    assert "\n" not in str(caught.value)


def test_a_missing_key_is_refused(content):
    for table in (content, content["constants"]):
        for key in list(table):
            value = table.pop(key)
            with pytest.raises(ValueError, match="exactly the keys"):
                read_certificate(content)
            table[key] = value


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "[" * 100_000, '{"schema": 1, "schema": 1}', '{"schema": NaN}', '{"schema": 1.0}', "\x00", "{}"],
)
def test_what_is_no_json_of_this_kind_is_refused(tmp_path, text):
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="certificate"):
        load_certificate(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_only_utf_8_is_read(checked, tmp_path, encoding):
    path = tmp_path / "c.json"
    save_certificate(checked.certificate, path)
    path.write_bytes(path.read_text().encode(encoding))
    with pytest.raises(ValueError, match="is no certificate"):
        load_certificate(path)


def test_the_step_of_the_constants_is_kept_and_counted(tmp_path):
    path = tmp_path / "c.json"
    save_certificate(worst_case(one_block(B_0, 1, 1, GAP, from_step=90), cells=40).certificate, path)
    again = rt.check_certificate(path)
    described = again.as_dict(100)
    assert described["from_step"] == 90
    assert Fraction(described["value"]) * 10 >= again.total
    with pytest.raises(ValueError, match="steps: 90 is not allowed; allowed: above from_step = 90"):
        again.as_dict(90)


def test_estimates_of_a_file_of_constants_are_named_as_the_certificate_names_them(tmp_path):
    estimate = {"value": "1", "kind": "estimated"}
    table = {"name": "a.gap", "squared_norm": B_0, "learning_rate": 1, "smoothness": estimate, "decoupled_smoothness": estimate}
    given = read_constants({"gap": {**estimate, "value": GAP}, "block": [table]})
    path = tmp_path / "c.json"
    save_certificate(worst_case(given, cells=40).certificate, path)
    assert load_certificate(path).estimated == ("smoothness", "gap")
    described = rt.check_certificate(path).as_dict()
    assert described["trust"] == "estimated"
    assert described["conditional_on"] == ("squared_norm", "learning_rate", "smoothness", "gap")


def test_files_that_cannot_be_are_refused(tmp_path):
    path = tmp_path / "c.json"
    path.write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(ValueError, match=f"at most {MAX_BYTES} bytes"):
        load_certificate(path)
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ValueError, match="is no certificate"):
        load_certificate(path)
    for wrong in (tmp_path, tmp_path / "none.json", "/dev/zero"):
        with pytest.raises(ValueError, match="certificate"):
            load_certificate(wrong)
