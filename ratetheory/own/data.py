"""A user's own claim as plain data, written where its file is read and checked strictly where it is judged."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ratetheory.claims import claims, hypotheses
from ratetheory.claims.statement import Claim, Comparison, Conclusion, Hypothesis, Letter
from ratetheory.claims.symbols import SYMBOLS
from ratetheory.numeric.exact import read_exactly
from ratetheory.own import formula
from ratetheory.own.formula import Formula
from ratetheory.own.writing import OWN_SETTING, OwnClaim, Step

THEORY: dict[str, Hypothesis] = {h.slug: h for h in vars(hypotheses).values() if isinstance(h, Hypothesis)}
"""The hypotheses of the theory by their slugs."""
MAX_ITEMS = 40
MAX_TEXT = 2000
MAX_POINTS = 2000
_SLUG = re.compile(r"[a-z][a-z0-9-]{0,60}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,30}")
_TAKEN = {"nu", "phi", "pi"} | {name for name, one in SYMBOLS.items() if one.kind == "constant" and not one.per_block}
"""Names that mean one number of the theory wherever they stand."""
_ENDS = ("above", "at_least", "below", "at_most")
_RELATIONS = {"conclusion": ("==", "<="), "hypothesis": ("==", "<=", "<"), "step": ("==", "<=", "<")}
_KEYS = {"slug", "title", "source", "idea", "setting", "letters", "hypotheses", "conclusions", "steps", "points"}
BY = ("auto", "combine", "derivatives", "cite", "sum")


@dataclass(frozen=True)
class CheckedStep:
    """A step whose formulas are read; ``using`` holds names, or for ``combine`` a factor and names."""

    slug: str
    by: str
    using: tuple[Any, ...]
    variable: str | None
    states: Comparison | None


@dataclass(frozen=True)
class Checked:
    """A claim that has been checked: all of its formulas are lists of operations."""

    claim: Claim
    steps: tuple[CheckedStep, ...] = ()
    points: dict[str, list[float]] = field(default_factory=dict)


# --- from a file's objects to data ----------------------------------------------------------------------------------------


def to_data(own: OwnClaim, points: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a file states, as data; ``ValueError`` where a part is missing, or whatever a formula raises."""
    claim = own.claim
    _all(Letter, claim.letters, "letters", "Letter(...)")
    _all(Hypothesis, claim.hypotheses, "hypotheses", "assume(...) or one of ratetheory.claims.hypotheses")
    _all(Conclusion, claim.conclusions, "conclusions", "Conclusion(...)")
    _all(Step, own.steps, "steps", "Step(...)")
    names = [letter.name for letter in claim.letters]
    return {
        **{key: getattr(claim, key) for key in ("slug", "title", "source", "idea", "setting")},
        "letters": [{"name": l.name, "meaning": l.meaning, **{end: getattr(l, end) for end in _ENDS}} for l in claim.letters],
        "hypotheses": [_hypothesis_data(h, names) for h in claim.hypotheses],
        "conclusions": [
            {"slug": c.slug, **_compared(c, f"conclusion {c.slug}", names), "hypotheses": [_theory(h) for h in c.hypotheses]}
            for c in claim.conclusions
        ],
        "steps": [_step_data(step, names) for step in own.steps],
        "points": {name: [float(x) for x in column] for name, column in (points or {}).items()},
    }


def _all(kind: type, values: Any, name: str, allowed: str) -> None:
    if not all(isinstance(value, kind) for value in values):
        raise ValueError(f"{name}: {values!r:.80} is not allowed; allowed: a list of {allowed}")


def _theory(hypothesis: Hypothesis) -> str:
    if THEORY.get(hypothesis.slug) != hypothesis:
        allowed = "assume(slug, left, relation, right), or one of ratetheory.claims.hypotheses as it is"
        raise ValueError(f"hypothesis {hypothesis.slug}: a condition that no formula states; allowed: {allowed}")
    return hypothesis.slug


def _hypothesis_data(hypothesis: Hypothesis, names: list[str]) -> dict[str, Any]:
    if hypothesis.states is None:
        return {"theory": _theory(hypothesis)}
    return {"slug": hypothesis.slug, **_compared(hypothesis.states, f"hypothesis {hypothesis.slug}", names)}


def _compared(comparison: Any, what: str, names: list[str]) -> dict[str, Any]:
    sides = {}
    for side in ("left", "right"):
        try:
            sides[side] = [list(o) for o in formula.read(getattr(comparison, side), names).operations]
        except formula.Unreadable as error:
            raise formula.Unreadable(f"{what}, {side}: {error}").with_traceback(error.__traceback__) from None
    return {"relation": comparison.relation, **sides}


def _step_data(step: Step, names: list[str]) -> dict[str, Any]:
    stated = {} if step.left is None else _compared(step, f"step {step.slug}", names)
    using: list[Any] = list(step.using)
    if step.by == "combine":
        using = [_term_data(term, step.slug, names) for term in using]
    return {"slug": step.slug, "by": step.by, "variable": step.variable, "using": using, **stated}


def _term_data(term: Any, slug: str, names: list[str]) -> list[Any]:
    if not isinstance(term, tuple | list) or not term:
        raise ValueError(f"step {slug}: using: {term!r:.60} is not allowed; allowed: tuples (factor, name, ...)")
    factor, *used = term
    function = factor if callable(factor) else lambda m, _: m.number(factor)
    return [[list(o) for o in formula.read(function, names).operations], *used]


# --- from data to a checked claim -----------------------------------------------------------------------------------------


def from_data(data: Any) -> Checked:
    """The claim that the data state; ``ValueError`` with one line on anything else."""
    if not isinstance(data, dict) or set(data) != _KEYS:
        raise ValueError(f"claim: allowed: an object with exactly the keys {', '.join(sorted(_KEYS))}")
    slug = _slug(data["slug"], "slug")
    if slug in claims:
        raise ValueError(f"slug: {slug!r} is a claim of the theory; allowed: another name")
    letters = tuple(_letter(one) for one in _list(data["letters"], "letters"))
    names = [letter.name for letter in letters]
    _distinct(names, "letters")
    setting = _setting(data["setting"], bool(letters))
    stated = tuple(_hypothesis(one, names) for one in _list(data["hypotheses"], "hypotheses"))
    _distinct([h.slug for h in stated], "hypotheses")
    conclusions = tuple(_conclusion(one, names) for one in _list(data["conclusions"], "conclusions"))
    if not conclusions:
        raise ValueError("conclusions: there is none; allowed: at least one Conclusion(...)")
    _distinct([c.slug for c in conclusions], "conclusions")
    if letters and (
        named := [h.slug for c in (*conclusions,) for h in c.hypotheses] + [h.slug for h in stated if not h.states]
    ):
        raise ValueError(f"hypotheses: {named[0]} speaks of the theory, the claim of letters of its own; allowed: assume(...)")
    texts = {key: _text(data[key], key) for key in ("title", "source", "idea")}
    comparisons: list[Conclusion | Comparison] = [*conclusions, *(h.states for h in stated if h.states is not None)]
    symbols = tuple(sorted({x for c in comparisons for side in (c.left, c.right) for x in _letters_of(side)}))
    claim = Claim(
        slug=slug,
        title=texts["title"],
        section="",
        setting=setting,
        symbols=symbols,
        hypotheses=stated,
        conclusions=conclusions,
        source=texts["source"],
        idea=texts["idea"],
        letters=letters,
    )
    steps = tuple(_step(one, names) for one in _list(data["steps"], "steps"))
    _distinct([*(step.slug for step in steps), *(h.slug for h in stated)], "steps and hypotheses")
    return Checked(claim, steps, _points(data["points"], letters))


def _letters_of(side: Any) -> set[str]:
    found: set[str] = side.letters()
    return {_base(name) for name in found}


def _base(name: str) -> str:
    known = (name.removesuffix(suffix) for suffix in ("_next", "_first", "_last") if name not in SYMBOLS)
    return next((base for base in known if base in SYMBOLS), name)


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise ValueError(f"{name}: allowed: a list of at most {MAX_ITEMS}")
    return value


def _slug(value: Any, name: str) -> str:
    if not isinstance(value, str) or not _SLUG.fullmatch(value):
        raise ValueError(f"{name}: {value!r:.60} is not allowed; allowed: small letters, digits and -, such as my-claim")
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError(f"{name}: allowed: text of at most {MAX_TEXT} characters")
    return value


def _distinct(names: list[str], what: str) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{what}: {twice!r} stands there twice; allowed: each name once")


def _setting(value: Any, own: bool) -> str:
    from ratetheory.attack.arenas import SETTINGS

    if own and value != OWN_SETTING:
        raise ValueError(f"setting: {value!r:.40} has the theory's letters; allowed with letters of its own: {OWN_SETTING!r}")
    if not own and value not in SETTINGS:
        allowed = f"letters=[Letter(...), ...], or a setting of the theory: {', '.join(SETTINGS)}"
        raise ValueError(f"setting: {value!r:.40} without letters; allowed: {allowed}")
    return str(value)


def _letter(data: Any) -> Letter:
    if not isinstance(data, dict) or set(data) != {"name", "meaning", *_ENDS}:
        raise ValueError("letters: allowed: Letter(name, meaning, above, at_least, below, at_most)")
    name = data["name"]
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.endswith(("_next", "_first", "_last")):
        raise ValueError(f"letter: {name!r:.60} is not allowed; allowed: letters a-z, A-Z, digits and _, such as x or y_1")
    if name in _TAKEN:
        raise ValueError(f"letter: {name!r} means a number of the theory; allowed: another name")
    ends = {end: _end(data[end], f"letter {name}, {end}") for end in _ENDS}
    if (ends["above"] and ends["at_least"]) or (ends["below"] and ends["at_most"]):
        raise ValueError(f"letter {name}: two ends on one side; allowed: above or at_least, below or at_most")
    letter = Letter(name, _text(data["meaning"], "meaning"), **ends)
    low, high, is_closed = letter.low, letter.high, bool(ends["at_least"] and ends["at_most"])
    if low is not None and high is not None and (low > high or (low == high and not is_closed)):
        raise ValueError(f"letter {name}: no number lies between {low} and {high}; allowed: a range that is not empty")
    return letter


def _end(value: Any, name: str) -> str | None:
    if value is None:
        return None
    number = read_exactly(value, name)
    if abs(number) > Fraction(10) ** 100 or number.denominator > 10**100:
        raise ValueError(f"{name}: {value!r:.40} is not allowed; allowed: at most 100 digits")
    return str(number)


def _hypothesis(data: Any, names: Collection[str]) -> Hypothesis:
    if isinstance(data, dict) and set(data) == {"theory"} and str(data["theory"]) in THEORY:
        return THEORY[str(data["theory"])]
    if not isinstance(data, dict) or set(data) != {"slug", "left", "relation", "right"}:
        raise ValueError("hypotheses: allowed: assume(slug, left, relation, right), or one of ratetheory.claims.hypotheses")
    slug = _slug(data["slug"], "hypothesis")
    if slug in THEORY:
        raise ValueError(f"hypothesis: {slug!r} is one of the theory; allowed: another name")
    states = _comparison(data, f"hypothesis {slug}", "hypothesis", names)
    return Hypothesis(slug, slug, slug.replace("-", "_"), lambda _: None, states)


def _comparison(data: Mapping[str, Any], what: str, kind: str, names: Collection[str]) -> Comparison:
    relation = data["relation"]
    if relation not in _RELATIONS[kind]:
        hint = "; write a >= b as b <= a" if relation in (">=", ">") else ""
        raise ValueError(f"{what}: relation {relation!r:.20} is not allowed; allowed: {', '.join(_RELATIONS[kind])}{hint}")
    sides = {}
    for side in ("left", "right"):
        try:
            sides[side] = formula.from_data(data[side], names)
        except ValueError as error:
            raise ValueError(f"{what}, {side}: {error}") from error
    if not (sides["left"].letters() | sides["right"].letters()):
        raise ValueError(f"{what}: no letter on either side; allowed: formulas that speak of a letter")
    return Comparison(sides["left"], relation, sides["right"])


def _conclusion(data: Any, names: Collection[str]) -> Conclusion:
    if not isinstance(data, dict) or set(data) != {"slug", "left", "relation", "right", "hypotheses"}:
        raise ValueError("conclusions: allowed: Conclusion(slug, left, relation, right)")
    slug = _slug(data["slug"], "conclusion")
    needed = _list(data["hypotheses"], "hypotheses")
    if not all(isinstance(h, str) and h in THEORY for h in needed):
        raise ValueError(f"conclusion {slug}: hypotheses of its own; allowed: those of ratetheory.claims.hypotheses")
    states = _comparison(data, f"conclusion {slug}", "conclusion", names)
    assert states.relation != "<"
    return Conclusion(slug, states.left, states.relation, states.right, tuple(THEORY[h] for h in needed))


def _step(data: Any, names: Collection[str]) -> CheckedStep:
    keys = {"slug", "by", "variable", "using"}
    if not isinstance(data, dict) or set(data) not in (keys, keys | {"left", "relation", "right"}):
        raise ValueError("steps: allowed: Step(slug, left, relation, right, by=..., using=...)")
    slug, by, variable = _slug(data["slug"], "step"), data["by"], data["variable"]
    if by not in BY:
        raise ValueError(f"step {slug}: by={by!r:.40} is not known; allowed: {', '.join(BY)}")
    if ("left" in data) == (by in ("cite", "sum")):
        needs = "states nothing itself" if by in ("cite", "sum") else "needs left, relation and right"
        raise ValueError(f"step {slug}: by={by!r} {needs}")
    if (variable is not None and variable not in names) or (by == "derivatives" and variable is None):
        raise ValueError(f"step {slug}: variable={variable!r:.40} is not allowed; allowed: one of the claim's letters")
    using = _list(data["using"], f"step {slug}: using")
    states = _comparison(data, f"step {slug}", "step", names) if "left" in data else None
    if by == "combine":
        return CheckedStep(slug, by, tuple(_term(term, slug, names) for term in using), variable, states)
    count = {"cite": 2, "sum": 1}.get(by, len(using))
    if not all(isinstance(name, str) for name in using) or len(using) != count:
        raise ValueError(f"step {slug}: using: allowed: names of steps and hypotheses; for cite a claim and a conclusion")
    return CheckedStep(slug, by, tuple(using), variable, states)


def _term(term: Any, slug: str, names: Collection[str]) -> tuple[Formula, tuple[str, ...]]:
    if not isinstance(term, list) or not term or not all(isinstance(name, str) for name in term[1:]):
        raise ValueError(f"step {slug}: using: allowed: tuples (factor, name, ...)")
    return formula.from_data(term[0], names), tuple(term[1:])


def _points(data: Any, letters: tuple[Letter, ...]) -> dict[str, list[float]]:
    if data == {}:
        return {}
    names = {letter.name for letter in letters}
    if not isinstance(data, dict) or set(data) != names or not names:
        raise ValueError(
            f"sampler: allowed: one list of numbers for each letter of the claim's own: {', '.join(sorted(names))}"
        )
    if len({len(column) if isinstance(column, list) else -1 for column in data.values()}) != 1:
        raise ValueError("sampler: the lists differ in length; allowed: as many numbers for each letter as were asked for")
    for letter in letters:
        column = data[letter.name]
        if not isinstance(column, list) or not 1 <= len(column) <= MAX_POINTS:
            raise ValueError(f"sampler: {letter.name}: allowed: a list of 1 to {MAX_POINTS} numbers")
        for value in column:
            if not isinstance(value, float) or not in_range(letter, value):
                raise ValueError(f"sampler: {letter.name} = {value!r:.30} lies outside the letter's range")
    return dict(data)


def in_range(letter: Letter, value: float) -> bool:
    """Whether a float is a value that the letter may take, exactly."""
    try:
        number = Fraction(value)
    except (ValueError, OverflowError):
        return False
    low, high = letter.low, letter.high
    above = low is None or number > low or (number == low and letter.above is None)
    return above and (high is None or number < high or (number == high and letter.below is None))
