"""What attempts find is proved; what is false they cannot prove, whatever they are given."""

import json

import pytest
from sympy import Integer, S, Symbol, atan, log, pi, sqrt

from ratetheory.claims import claims
from ratetheory.claims.hypotheses import SCALE_INVARIANT
from ratetheory.claims.statement import Letter
from ratetheory.own import Conclusion, Step, assume, claim
from ratetheory.own.data import from_data, to_data
from ratetheory.symbolic.derivation import conclude, derive
from ratetheory.symbolic.inequalities import by_enclosure
from ratetheory.symbolic.kernel import Context, RuleFailure
from ratetheory.symbolic.namespace import Relation, assumed, own_letter, statement
from ratetheory.symbolic.rules import by_sign, suppose
from ratetheory.symbolic.tactics import derivations

REAL = {name: Letter(name, "") for name in "abxy"}
POSITIVE = {name: Letter(name, "", above="0") for name in "abxy"}
UNIT = Letter("x", "", at_least="0", at_most="1")


def own(letters, left, relation, right, hypotheses=(), steps=()):
    conclusion = Conclusion("c", left, relation, right)
    written = claim(slug="t", title="", letters=letters, conclusions=[conclusion], hypotheses=hypotheses, steps=steps)
    return from_data(json.loads(json.dumps(to_data(written, None))))


def status(checked, budget=20.0):
    return derive(checked.claim, budget, derivations(checked.claim, checked.steps)).verdict.status


ORDER = assume("order", lambda m, s: s.x, "<=", lambda m, s: s.y)

PROVED = {
    "by cases of a sign": own([REAL["x"]], lambda m, s: s.x, "<=", lambda m, s: m.abs(s.x)),
    "on both sides of 1": own([POSITIVE["x"]], lambda m, s: m.log(s.x), "<=", lambda m, s: s.x - 1),
    "between two ends": own([UNIT], lambda m, s: s.x * (1 - s.x), "<=", lambda m, s: m.number("1/4")),
    "at the end of a range": own([UNIT], lambda m, s: m.atan(s.x), "<=", lambda m, s: m.number(1)),
    "a sum of squares": own(list(REAL.values()), lambda m, s: 2 * s.a * s.b - s.x**2, "<=", lambda m, s: s.a**2 + s.b**2),
    "from a hypothesis": own(
        [REAL["x"], REAL["y"]], lambda m, s: 3 * s.x + s.y, "<=", lambda m, s: 4 * s.y, hypotheses=[ORDER]
    ),
    "monotone": own([POSITIVE["x"], POSITIVE["y"]], lambda m, s: m.log(s.x), "<=", lambda m, s: m.log(s.y), hypotheses=[ORDER]),
    "an equation of choices": own(
        [REAL["a"], REAL["b"]], lambda m, s: m.maximum(s.a, s.b), "==", lambda m, s: (s.a + s.b + m.abs(s.a - s.b)) / 2
    ),
}


@pytest.mark.parametrize("name", PROVED)
def test_what_is_true_is_found(name):
    assert status(PROVED[name]) == "proved"


NEVER = {
    "the hypothesis is missing": own([REAL["x"], REAL["y"]], lambda m, s: s.x, "<=", lambda m, s: s.y),
    "the range is missing": own([REAL["x"]], lambda m, s: s.x**2, "<=", lambda m, s: s.x),
    "an open end that does not matter": own(
        [Letter("x", "", below="1")], lambda m, s: s.x, "<=", lambda m, s: m.number("0.99")
    ),
    "a logarithm of zero": own([Letter("x", "", at_least="0")], lambda m, s: m.log(s.x), "<=", lambda m, s: m.log(s.x) + 1),
    "a denominator of zero": own([REAL["x"]], lambda m, s: 1 / s.x, "<=", lambda m, s: 1 / s.x + 1),
    "the other direction": own([REAL["x"], REAL["y"]], lambda m, s: s.y, "<=", lambda m, s: s.x, hypotheses=[ORDER]),
    "a smaller constant": own([UNIT], lambda m, s: s.x * (1 - s.x), "<=", lambda m, s: m.number("0.2499999999")),
    "an equation on a half": own([REAL["x"]], lambda m, s: m.abs(s.x), "==", lambda m, s: s.x),
    "a hypothesis for another": own(
        [REAL["x"], REAL["y"]],
        lambda m, s: s.x,
        "<=",
        lambda m, s: s.y,
        hypotheses=[assume("squares", lambda m, s: s.x**2, "<=", lambda m, s: s.y**2)],
    ),
    "a step that is false": own(
        [REAL["x"]],
        lambda m, s: s.x**2,
        "<=",
        lambda m, s: s.x,
        steps=[Step("c", lambda m, s: s.x**2, "<=", lambda m, s: s.x, by="auto")],
    ),
    "a factor that is negative": own(
        [REAL["x"], REAL["y"]],
        lambda m, s: s.y,
        "<=",
        lambda m, s: s.x,
        hypotheses=[ORDER],
        steps=[Step("c", lambda m, s: s.y, "<=", lambda m, s: s.x, by="combine", using=[(-1, "order")])],
    ),
    "a claim of the theory about other letters": own(
        [POSITIVE["b"], REAL["x"]],
        lambda m, s: s.b,
        "<=",
        lambda m, s: s.b + s.x,
        steps=[Step("grows", by="cite", using=("norm-growth", "rate"))],
    ),
}


@pytest.mark.parametrize("name", NEVER)
def test_what_is_false_or_not_defined_is_not_proved(name):
    assert status(NEVER[name], budget=6.0) != "proved"


def test_a_citation_needs_the_hypotheses_and_the_setting():
    def growing(**changes):
        grows = Conclusion("grows", lambda m, s: s.S, "<=", lambda m, s: s.S_next)
        steps = [Step("norm", by="cite", using=("norm-growth", "norm"))]
        written = claim(slug="t", title="", conclusions=[grows], steps=steps, **changes)
        checked = from_data(json.loads(json.dumps(to_data(written, None))))
        return derive(checked.claim, 20.0, derivations(checked.claim, checked.steps)).verdict.evidence["conclusions"]["grows"]

    lacking = growing(setting="trajectory", hypotheses=[SCALE_INVARIANT])
    assert lacking["status"] == "undecided"
    assert "does not have the hypothesis" in lacking["reason"]
    known = claims["norm-growth"].hypotheses
    assert growing(setting="trajectory", hypotheses=known)["status"] == "proved"
    assert "another setting" in growing(setting="point", hypotheses=known)["reason"]


# --- the kernel's part ------------------------------------------------------------------------------------------------------


def concluded(checked, fact_of):
    ctx = Context(checked.claim, 60.0)
    (conclusion,) = checked.claim.conclusions
    ctx.begin(conclusion)
    return conclude(ctx, statement(checked.claim, conclusion), fact_of(ctx), conclusion)


def test_a_claim_may_rest_on_its_own_hypotheses_alone():
    x, y = (own_letter(REAL[name]) for name in "xy")
    goal = Relation(x, "<=", y)
    letters = [REAL["x"], REAL["y"]]
    bound = own(letters, lambda m, s: s.x, "<=", lambda m, s: s.y, hypotheses=[ORDER])
    assert concluded(bound, lambda ctx: suppose(ctx, goal)).relation == goal
    free = own(letters, lambda m, s: s.x, "<=", lambda m, s: s.y)
    with pytest.raises(RuleFailure, match="still assumes"):
        concluded(free, lambda ctx: suppose(ctx, goal))
    reversed_ = assume("order", lambda m, s: s.y, "<=", lambda m, s: s.x)
    with pytest.raises(RuleFailure, match="still assumes"):
        concluded(own(letters, lambda m, s: s.x, "<=", lambda m, s: s.y, [reversed_]), lambda ctx: suppose(ctx, goal))


def test_ranges_are_assumed_as_they_are_declared():
    checked = own(
        [UNIT, Letter("y", "", above="-1", below="2"), Letter("a", "", above="0"), REAL["b"]],
        lambda m, s: s.x,
        "<=",
        lambda m, s: s.x,
    )
    x, y = own_letter(UNIT), Symbol("y", real=True)
    assert set(assumed(checked.claim)) == {
        Relation(x, "<=", Integer(1)),
        Relation(Integer(-1), "<", y),
        Relation(y, "<", Integer(2)),
    }
    assert own_letter(Letter("a", "", above="0")).is_positive
    assert not own_letter(UNIT).is_positive
    assert own_letter(REAL["b"]).is_nonnegative is None


X = Symbol("x", nonnegative=True)
NO_COMPARISON = {
    "false": Relation(S(3), "<=", pi - 1),
    "false, strict": Relation(log(2), "<", log(S(19) / 10)),
    "equal": Relation(sqrt(2) * sqrt(3), "<=", sqrt(6)),
    "an equation": Relation(S(1), "==", S(2)),
    "a letter": Relation(S.Zero, "<=", X),
    "no real number": Relation(S.Zero, "<=", sqrt(-2, evaluate=False)),
    "infinite": Relation(S.Zero, "<=", S.Infinity),
    "undefined": Relation(S.Zero, "<=", log(0, evaluate=False)),
}


@pytest.mark.parametrize("name", NO_COMPARISON)
def test_numbers_are_compared_only_where_the_ball_is_certain(name):
    ctx = Context(claims["gd-rate"], 60.0)
    ctx.begin(claims["gd-rate"].conclusions[0])
    with pytest.raises(RuleFailure):
        by_enclosure(ctx, NO_COMPARISON[name])


def test_numbers_are_compared():
    ctx = Context(claims["gd-rate"], 60.0)
    assert by_enclosure(ctx, Relation(atan(1) + log(2), "<=", S(3) / 2)).rule == "numbers compared by balls"
    assert by_sign(ctx, Relation(S.Zero, "<", S.One)).assumptions == frozenset()
