"""What a file may state, and what is said of one that states something else; in this process, as no file here does harm."""

import json

import pytest

from ratetheory.own.data import THEORY, from_data
from ratetheory.own.read import _report, statement
from tests.own.files import HEAD, text, write


def checked(path):
    return from_data(json.loads(json.dumps(statement(str(path)))))


def error(directory, content):
    path = write(directory, content)
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        checked(path)
    line = _report(caught.value, str(path))
    assert "\n" not in line
    return line


def hypothesis(left, relation, right):
    return f'hypotheses=[assume("h", lambda m, s: {left}, "{relation}", lambda m, s: {right})]'


def test_a_claim_with_letters_of_its_own(tmp_path):
    claim = checked(write(tmp_path, text(more=hypothesis("s.x", "<", "m.number(3)")))).claim
    assert (claim.slug, claim.setting, [letter.name for letter in claim.letters]) == ("c", "own", ["x"])
    assert [h.slug for h in claim.hypotheses] == ["h"]
    assert claim.symbols == ("x",)


def test_a_claim_about_the_theory(tmp_path):
    content = (
        HEAD
        + """
from ratetheory.claims.hypotheses import SCALE_INVARIANT
CLAIM = claim(slug="c", title="t", setting="trajectory", hypotheses=[SCALE_INVARIANT],
              conclusions=[Conclusion("a", lambda m, s: s.S_first, "<=", lambda m, s: s.S_last)])
"""
    )
    claim = checked(write(tmp_path, content)).claim
    assert claim.hypotheses == (THEORY["scale-invariance"],)
    assert claim.symbols == ("S",)


OTHER_LETTERS = {
    "no range": ("letters=[]", "without letters"),
    "a taken name": ('letters=[Letter("x", ""), Letter("kappa", "")]', "a number of the theory"),
    "no name": ('letters=[Letter("x", ""), Letter("x y", "")]', "not allowed"),
    "an empty range": ('letters=[Letter("x", "", above="1", below="1")]', "no number lies between"),
    "two ends": ('letters=[Letter("x", "", above="1", at_least="1")]', "two ends"),
    "an end that is no number": ('letters=[Letter("x", "", above="one")]', "above"),
    "twice": ('letters=[Letter("x", ""), Letter("x", "")]', "twice"),
    "no letter": ('letters=["x"]', "Letter"),
    "a setting of the theory": ('letters=[Letter("x", "")], setting="trajectory"', "setting"),
}


@pytest.mark.parametrize("name", OTHER_LETTERS)
def test_letters_that_are_refused(name, tmp_path):
    letters, reason = OTHER_LETTERS[name]
    content = text().replace('letters=[Letter("x", "", at_least="0")]', letters)
    assert reason in error(tmp_path, content)


REFUSED = {
    "a syntax error": (HEAD + "x = (\n", "line 2: SyntaxError"),
    "not UTF-8": (b"x = '\xff'\n", "SyntaxError"),
    "binary": (bytes(range(256)), "null bytes"),
    "nothing": ("", "no CLAIM"),
    "another object": ("CLAIM = 3\n", "no CLAIM"),
    "an error": (HEAD + "\n1 // 0\n", "line 3: ZeroDivisionError"),
    "an error in a formula": (text("1 // 0"), "line 2: ZeroDivisionError"),
    "a float": (text("0.1 * s.x"), "line 2: conclusion a, left: 0.1 is a rounded number; write m.number('0.1')"),
    "math": ("import math\n" + text("math.sin(s.x)"), "line 3: TypeError"),
    "numpy": ("import numpy as np\n" + text("np.exp(s.x)"), "line 3: TypeError"),
    "not declared": (text("s.y"), "s.y is no letter of the claim; allowed: x"),
    "a relation": (text(relation=">="), "write a >= b as b <= a"),
    "a strict conclusion": (text(relation="<"), "relation '<' is not allowed"),
    "no letter at all": (text("1", "2"), "no letter"),
    "an end of the process": ("raise SystemExit(0)\n", "line 1: the file ends the process"),
    "an interrupt": ("raise KeyboardInterrupt\n", "line 1: KeyboardInterrupt"),
    "a parent's error": ("raise BaseException('x')\n", "line 1: BaseException: x"),
    "deep recursion": ("def f():\n    return f()\nf()\n", "RecursionError"),
    "a slug of the theory": (text().replace('slug="c"', 'slug="norm-growth"'), "a claim of the theory"),
    "a slug": (text().replace('slug="c"', 'slug="../c"'), "slug"),
    "no title": (text().replace('title="t"', "title=3"), "title"),
    "a long title": (text().replace('"t"', "'t' * 10**5"), "title"),
    "a missing part": (text().replace('title="t",', ""), "TypeError"),
    "a predicate": (
        "from ratetheory.own import Hypothesis\n"
        + text(more='hypotheses=[Hypothesis("scale-invariance", "s", "g", lambda facts: None)]'),
        "a condition that no formula states",
    ),
    "a hypothesis by the name of the theory's": (
        text(more=hypothesis("s.x", "<=", "s.x").replace('"h"', '"even"')),
        "one of the theory",
    ),
    "the theory's hypothesis on own letters": (
        "from ratetheory.claims.hypotheses import EVEN\n" + text(more="hypotheses=[EVEN]"),
        "even speaks of the theory",
    ),
    "a sampler outside the range": (text(more="sampler=lambda rng, n: {'x': -rng.random(n)}"), "outside the letter's range"),
    "a sampler of nothing": (text(more="sampler=lambda rng, n: None"), "sampler"),
    "a sampler of not-a-number": (text(more="sampler=lambda rng, n: {'x': [float('nan')]}"), "outside"),
    "a sampler of other letters": (text(more="sampler=lambda rng, n: {'y': rng.random(n)}"), "sampler"),
    "a sampler of too many": (text(more="sampler=lambda rng, n: {'x': rng.random(2 * n)}"), "1 to 2000"),
    "a sampler of text": (text(more="sampler=lambda rng, n: {'x': 'abc'}"), "could not convert"),
    "a step by nothing known": (text(more='steps=[Step("s", by="faith")]'), "by='faith'"),
    "a step without a relation": (text(more='steps=[Step("s", by="combine")]'), "needs left, relation and right"),
    "a citation of one name": (text(more='steps=[Step("s", by="cite", using=["norm-growth"])]'), "using"),
    "a step in no letter": (
        text(more='steps=[Step("s", lambda m, s: s.x, "<=", lambda m, s: s.x, by="derivatives", variable="z")]'),
        "variable='z'",
    ),
    "too many steps": (text(more='steps=[Step("s", by="cite", using=("a", "b"))] * 99'), "at most 40"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_said_of_other_files(name, tmp_path):
    content, reason = REFUSED[name]
    assert reason in error(tmp_path, content)


@pytest.mark.parametrize("key", ["slug", "letters", "hypotheses", "conclusions", "steps", "points", "setting"])
@pytest.mark.parametrize("value", [None, 3, "x", [1], [[]], {"a": 1}, [{"slug": "a"}], [{"theory": ["even"]}]])
def test_data_of_another_form_are_refused_in_one_line(key, value, tmp_path):
    data = statement(str(write(tmp_path, text())))
    if (key, value) == ("slug", "x"):
        return
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        from_data({**data, key: value})
