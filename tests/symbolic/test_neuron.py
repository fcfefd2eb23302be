"""What the rules about a batch-normalised neuron mean in numbers, and that they refuse what does not follow."""

from dataclasses import replace

import mpmath
import pytest
from sympy import Abs, S, Symbol, cos, pi, sqrt

from ratetheory.claims import claims
from ratetheory.symbolic import calculus, derive, neuron
from ratetheory.symbolic.equations import identity
from ratetheory.symbolic.kernel import Context, RuleFailure
from ratetheory.symbolic.namespace import Relation, s
from ratetheory.symbolic.rules import combine
from ratetheory.symbolic.vectors import BLOCK, BLOCKS, HORIZON, SampleLoss, differential

mpf = mpmath.mpf
PHI, X = Symbol("phi", real=True), Symbol("x_1", nonnegative=True)


def context(slug="smoothed-bn", conclusion="hessian"):
    ctx = Context(claims[slug], 60.0)
    ctx.begin(claims[slug].conclusion(conclusion))
    return ctx


ALONG, ACROSS = [mpf("0.7"), mpf("-1.1"), mpf("0.4")], [mpf("-0.2"), mpf("0.9"), mpf("-0.7")]
EPS, GAIN = mpf("0.3"), mpf("-1.7")


def letters():
    """The letters' values for three samples, from their definitions in words."""
    stretch = mpmath.fsum(a * a for a in ALONG) / 3 + EPS
    across = mpmath.fsum(a * a for a in ACROSS) / 3 + EPS
    shear = mpmath.fsum(a * b for a, b in zip(ALONG, ACROSS, strict=True)) / 3
    area = mpmath.sqrt(stretch * across - shear**2)
    names = {"stretch": stretch, "stretch_across": across, "shear": shear, "area": area, "eps": EPS, "gain": GAIN}
    return {getattr(s, name): value for name, value in names.items()}


def number(expression):
    """The expression at those values, with the losses l_i(y) = sin((i + 1) y + i)."""
    expression = expression.subs(BLOCKS, 3).doit()
    values = dict(letters())
    for i, (a, b) in enumerate(zip(ALONG, ACROSS, strict=True), 1):
        values |= {s.along.xreplace({BLOCK: S(i)}): a, s.across.xreplace({BLOCK: S(i)}): b}
    for one in expression.atoms(SampleLoss):
        sample, order, argument = one.args
        y = mpmath.mpf(str(argument.xreplace(values).evalf(25)))
        values[one] = mpmath.diff(lambda v, i=int(sample): mpmath.sin((i + 1) * v + i), y, int(order))
    return mpmath.mpf(str(expression.xreplace(values).evalf(25)))


def loss(angle):
    def output(a, b):
        moved = [p * mpmath.cos(angle) + q * mpmath.sin(angle) for p, q in zip(ALONG, ACROSS, strict=True)]
        return (a * mpmath.cos(angle) + b * mpmath.sin(angle)) / mpmath.sqrt(mpmath.fsum(x * x for x in moved) / 3 + EPS)

    pairs = zip(ALONG, ACROSS, strict=True)
    return mpmath.fsum(mpmath.sin((i + 1) * GAIN * output(a, b) + i) for i, (a, b) in enumerate(pairs, 1)) / 3


@pytest.mark.parametrize(("name", "order"), [("neuron_first", 1), ("neuron_second", 2)])
def test_the_derivatives_of_the_loss_are_those_of_an_explicit_one(name, order):
    expected = mpmath.diff(loss, 0, order)
    assert abs(number(neuron.define(context(), name).relation.right) - expected) < 1e-6


def test_the_speed_is_that_of_the_whitened_direction():
    def whitened(angle):
        rows = [p * mpmath.cos(angle) + q * mpmath.sin(angle) for p, q in zip(ALONG, ACROSS, strict=True)]
        long = [x / mpmath.sqrt(3) for x in rows]
        long += [mpmath.sqrt(EPS) * mpmath.cos(angle), mpmath.sqrt(EPS) * mpmath.sin(angle)]
        size = mpmath.sqrt(mpmath.fsum(x * x for x in long))
        return [x / size for x in long]

    def speed(angle):
        parts = [mpmath.diff(lambda t, j=j: whitened(t)[j], angle) for j in range(5)]
        return mpmath.sqrt(mpmath.fsum(x * x for x in parts))

    assert abs(number(neuron.define(context(), "turn").relation.right) - speed(0)) < 1e-10
    assert abs(number(neuron.define(context(), "turn_rate").relation.right) - mpmath.diff(speed, 0)) < 1e-6


REFUSED = {
    "no such letter": lambda c: neuron.define(c, "cond"),
    "a condition at no real angle": lambda c: neuron.condition(c, sqrt(-1 - X), True),
    "a condition where something divides by zero": lambda c: neuron.condition(c, 1 / s.shear, False),
    "a third derivative": lambda c: neuron.bounded_loss(c, 3, s.gain),
    "the loss itself": lambda c: neuron.bounded_loss(c, 0, s.gain),
    "a loss at no real number": lambda c: neuron.bounded_loss(c, 1, sqrt(-1 - X)),
    "a sample that is a number": lambda c: identity(
        c, Relation(SampleLoss(HORIZON, 1, s.gain), "==", SampleLoss(HORIZON, 1, s.gain))
    ),
    "a loss at a pole": lambda c: identity(c, Relation(SampleLoss(BLOCK, 0, 1 / X), "==", SampleLoss(BLOCK, 0, 1 / X))),
    "two samples have one loss": lambda c: identity(
        c, Relation(SampleLoss(BLOCK, 0, s.gain), "==", SampleLoss(BLOCK, 0, -s.gain))
    ),
    "a sample's loss is smooth": lambda c: calculus.stationary(
        c,
        SampleLoss(BLOCK, 0, cos(PHI)),
        PHI,
        identity(c, Relation(SampleLoss(BLOCK, 0, cos(PHI + 2 * pi)), "==", SampleLoss(BLOCK, 0, cos(PHI)))),
        True,
    ),
    "the network's loss is differentiable": lambda c: calculus.extremal_value(
        c,
        differential(Symbol("f"), neuron_path()),
        PHI,
        identity(c, Relation(differential(Symbol("f"), neuron_path()), "==", differential(Symbol("f"), neuron_path()))),
        S.Zero,
        True,
    ),
    "the sum of the pulls": lambda c: combine(c, Relation(s.neuron_first, "==", S.Zero), (1, neuron.define(c, "neuron_first"))),
    "an equation without its hypothesis": lambda c: neuron.normalised(c),
}


def neuron_path():
    from ratetheory.symbolic.hypotheses import circle

    return circle()


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_follow_is_refused(name):
    with pytest.raises(RuleFailure):
        REFUSED[name](context())


def test_each_conclusion_needs_its_own_hypotheses():
    for conclusion in ("speed", "turning", "acceleration", "below"):
        with pytest.raises(RuleFailure, match="smoothed-batch-norm"):
            neuron.define(context(conclusion=conclusion), "neuron_first")
    with pytest.raises(RuleFailure, match="loss-curvature"):
        neuron.define(context(conclusion="gradient"), "neuron_second")


FINE = {
    "turning": lambda m, s: Abs(s.cond - 1) / 2,
    "hessian": lambda m, s: s.cond * s.gain**2 * s.loss_curvature,
    "gradient": lambda m, s: m.abs(s.gain) * s.loss_slope,
    "acceleration": lambda m, s: s.cond,
}


@pytest.mark.parametrize("conclusion", FINE)
def test_smaller_constants_are_not_proved(conclusion):
    claim = claims["smoothed-bn"]
    mutant = replace(claim, conclusions=(replace(claim.conclusion(conclusion), right=FINE[conclusion]),))
    assert derive(mutant).verdict.status == "undecided"
