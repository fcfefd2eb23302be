"""What the letters and the hypotheses of the theory mean: their formal content, as rules that give instances of it.

The losses: ``ell_t`` is the loss whose gradient step t uses, ``f`` the full loss. Claims about single points hold for every
loss; there ``ell_t`` is that loss. Blocks have dimension at least two (in dimension one the gradient vanishes and nothing
moves). Vectors: ``w`` weights, ``v`` directions, ``grad`` gradient, ``e`` its direction, ``xi`` a unit tangent, ``u``, ``z``
any directions, ``increment`` the update u of a decoupled step, ``momentum`` the buffer, ``g`` the scale-variant parameters
(block 0; without any, a coordinate without effect).
"""

from __future__ import annotations

from functools import cache

from sympy import Basic, Expr, Indexed, IndexedBase, S, Symbol, acos, atan, cos, sin, sqrt

from ratetheory.symbolic.algebra import is_positive, is_zero
from ratetheory.symbolic.kernel import Context, Fact, Inference, RuleFailure, rule
from ratetheory.symbolic.namespace import Relation, Witness, bound_variables, letter, m, s
from ratetheory.symbolic.rules import check_block, check_defined
from ratetheory.symbolic.vectors import (
    BLOCK,
    BLOCKS,
    FAMILY,
    FULL_LOSS,
    FUNCTION,
    OTHER_BLOCK,
    STEP,
    VARIANT,
    Differential,
    Dot,
    Sum,
    Vector,
    at_block,
    block_of,
    differential,
    family,
    inner,
    norm,
    over_blocks,
    vector,
)

STEP_LOSS = IndexedBase("ell")[STEP]
ANGLE = Symbol("phi", real=True)
_ABOUT_THE_LOSS = frozenset({"whole-sphere", "lower-bound", "even"})
_ONE_LOSS = ("point", "great-circle")
"""The settings that know one loss alone; everywhere else the loss of a step need not be the full one."""


def named(name: str, block: Expr = BLOCK, step: Expr = STEP) -> Vector:
    """The named vector of a block at a step."""
    return vector(IndexedBase(name)[step, block])


def weights(step: Expr = STEP) -> Vector:
    """The point W_t: all blocks and g."""
    return family(named("w", step=step)) + named("g", VARIANT, step)


def directions(step: Expr = STEP) -> Vector:
    """The point V_t: all blocks at unit norm, and g."""
    return family(named("v", step=step)) + named("g", VARIANT, step)


def circle(tangent: str = "xi", angle: Expr = ANGLE) -> Vector:
    """The great circle of one block through V_t along a unit tangent."""
    return directions() + named("v").scale(cos(angle) - 1) + named(tangent).scale(sin(angle))


def loss_along(tangent: str = "xi", angle: Expr = ANGLE) -> Expr:
    """The loss along the great circle."""
    return differential(STEP_LOSS, circle(tangent, angle))


@cache
def _definitions() -> dict[str, tuple[Expr, tuple[str, ...]]]:
    """Each letter's meaning, and hypotheses one of which gives it one."""
    w, grad, u, z = (named(name) for name in ("w", "grad", "u", "z"))
    point, scaled = weights(), weights() + named("w").scale(s.k - 1)
    after, angle = named("w", step=STEP + 1), atan(s.G / s.b)
    chord = named("v", step=STEP + 1) - named("v").scale(cos(angle)) + named("e").scale(sin(angle))
    tangent = circle().component(BLOCK).diff(ANGLE)
    first, second = ("differentiable",), ("twice-differentiable",)
    at_weights = (*first, "predicted-defect")
    return {
        "S": (inner(w, w), ()),
        "b": (s.S / s.eta, ()),
        "G": (norm(w) * norm(grad), at_weights),
        "H": (norm(named("grad", VARIANT)), first),
        "angle": (acos(inner(after, w) / (norm(after) * norm(w))), ()),
        "off_circle": (norm(chord), first),
        "radial": (differential(STEP_LOSS, point, w), first),
        "defect": (s.S_next - s.S - s.eta**2 * inner(grad, grad), at_weights),
        "slope": (differential(STEP_LOSS, point, u), first),
        "slope_scaled": (differential(STEP_LOSS, scaled, u), first),
        "curvature": (differential(STEP_LOSS, point, u, z), second),
        "curvature_scaled": (differential(STEP_LOSS, scaled, u, z), second),
        "curvature_radial": (differential(STEP_LOSS, point, w, u), second),
        "curvature_mixed": (differential(STEP_LOSS, point, w, named("u", OTHER_BLOCK)), second),
        "circle_second": (loss_along().diff(ANGLE, 2), second),
        "circle_curvature": (differential(STEP_LOSS, circle(), tangent, tangent), second),
        "circle_drop": (loss_along() - loss_along(angle=S.Zero), ()),
        "value": (differential(STEP_LOSS, point), ()),
        "f": (differential(FULL_LOSS, point), ()),
        "L": (s.M[BLOCK, BLOCK], ()),
        "gap": (s.f_first - s.f_low, ()),
        "kappa": (1 - s.eta_g * s.Lam_g / 2, ()),
        "x": (s.G / s.b, ()),
        "b_0": (s.b_first, ()),
        "p": (inner(w, named("momentum")), ()),
        "wu": (inner(w, named("increment")), ("decoupled-step",)),
        "cosine": (inner(after, w) / (norm(after) * norm(w)), ()),
        "m_sq": (inner(named("momentum"), named("momentum")), ()),
    }


@rule("definition")
def define(ctx: Context, name: str) -> Inference:
    """The letter equals what it means."""
    definitions = _definitions()
    if name not in definitions:
        raise RuleFailure(f"the letter {name!r} has no definition")
    meaning, needed = definitions[name]
    return Inference(Relation(letter(name), "==", meaning), hypotheses=ctx.require_one(*needed))


@rule("polar form of the weights")
def polar_weights(ctx: Context) -> Inference:
    """``w = |w| v``."""
    return Inference(Relation(named("w"), "==", named("v").scale(sqrt(s.S))))


@rule("unit vector")
def unit(ctx: Context, name: str, block: Expr = BLOCK) -> Inference:
    """``v``, ``e``, ``xi`` have norm one."""
    if name not in ("v", "e", "xi") or (block == VARIANT and name != "e"):
        raise RuleFailure(f"{name!r} is no unit vector of block {block}")
    check_block(block, VARIANT)
    return Inference(Relation(inner(named(name, block), named(name, block)), "==", S.One))


@rule("unit tangent")
def tangent(ctx: Context) -> Inference:
    """``xi`` is orthogonal to ``v``."""
    return Inference(Relation(inner(named("v"), named("xi")), "==", S.Zero))


@rule("polar form of the gradient")
def polar_gradient(ctx: Context, block: Expr = BLOCK) -> Inference:
    """``grad = |grad| e``."""
    check_block(block, VARIANT)
    grad = named("grad", block)
    needed = ctx.require("differentiable")
    return Inference(Relation(grad, "==", named("e", block).scale(norm(grad))), hypotheses=needed)


@rule("direction of an orthogonal gradient")
def gradient_direction(ctx: Context, orthogonal: Fact) -> Inference:
    """Where the gradient is orthogonal to the weights, so is its direction (chosen so where the gradient is zero)."""
    if orthogonal.relation != Relation(inner(named("w"), named("grad")), "==", S.Zero) or orthogonal.assumptions:
        raise RuleFailure(f"{orthogonal} does not say that the gradient is orthogonal to the weights")
    return Inference(Relation(inner(named("v"), named("e")), "==", S.Zero), (orthogonal,))


@rule("the gradient represents the derivative")
def gradient(ctx: Context, along: Vector) -> Inference:
    """``D ell_t(W_t)[u] = <grad, u>`` for a direction of one block."""
    (block,) = along.blocks()
    check_block(block, OTHER_BLOCK, VARIANT)
    right = inner(named("grad", block), along)
    return Inference(Relation(differential(STEP_LOSS, weights(), along), "==", right), hypotheses=ctx.require("differentiable"))


@rule("hypothesis: scale invariance")
def scale_invariance(ctx: Context, loss: Basic, point: Vector, factor: Expr, block: Expr | None = None) -> Inference:
    """The loss keeps its value when a block is multiplied by a positive factor; all blocks (``FAMILY``), one by one."""
    if not is_positive(factor):
        raise RuleFailure(f"{factor} is not certainly positive")
    if loss not in (STEP_LOSS, FULL_LOSS):
        raise RuleFailure(f"{loss} is no loss")
    if block is not None:
        check_block(block, OTHER_BLOCK, FAMILY)
    scaled = point.scaled_blocks(factor) if block is None else point + point.component(block).scale(factor - 1)
    relation = Relation(differential(loss, scaled), "==", differential(loss, point))
    return Inference(relation, hypotheses=ctx.require("scale-invariance"))


@rule("hypothesis: gradient step")
def gradient_step(ctx: Context, block: Expr = BLOCK) -> Inference:
    """``w_{t+1} = w_t - eta_t grad``, and the same for g with eta_g."""
    check_block(block, VARIANT)
    before, rate = (named("g", VARIANT), s.eta_g) if block == VARIANT else (named("w", block), letter("eta", STEP, block))
    (atom, _), *_ = before.terms()
    after = vector(atom.base[STEP + 1, block])
    relation = Relation(after, "==", before - named("grad", block).scale(rate))
    # a schedule of the rate of g leaves the blocks' own steps as they are
    step = ctx.require("gradient-step") if block == VARIANT else ctx.require_one("gradient-step", "scheduled-step")
    return Inference(relation, hypotheses=step | ctx.require("differentiable"))


@rule("hypothesis: full gradient")
def full_gradient(ctx: Context, fact: Fact) -> Inference:
    """The loss of every step is the full loss."""
    relation = fact.relation.map(lambda side: side.xreplace({STEP_LOSS: FULL_LOSS}))
    return Inference(relation, (fact,), hypotheses=ctx.require("full-gradient"))


@rule("hypothesis: constant rate")
def constant_rate(ctx: Context) -> Inference:
    """``eta_{t+1} = eta_t``."""
    return Inference(Relation(letter("eta", STEP + 1), "==", s.eta), hypotheses=ctx.require("constant-rate"))


@rule("hypothesis: predicted defect")
def predicted_defect(ctx: Context) -> Inference:
    """``S_{t+1} = S_t + eta_t^2 |grad|^2 + d_t``."""
    grad = named("grad")
    relation = Relation(s.S_next, "==", s.S + s.eta**2 * inner(grad, grad) + s.d)
    return Inference(relation, hypotheses=ctx.require("predicted-defect"))


def _check_loss(ctx: Context, loss: Basic) -> None:
    points = ctx.claim.setting in _ONE_LOSS
    if loss != FULL_LOSS and not (points and loss == STEP_LOSS):
        raise RuleFailure(f"the hypothesis speaks of the full loss, not of {loss}")


def reduce_products(expression: Expr, facts: tuple[Fact, ...]) -> Expr:
    """Inner products of named vectors replaced by the numbers that facts about any step and block give them."""
    for product in expression.atoms(Dot):
        for fact in facts:
            value = _value_by(fact, product)
            if value is not None:
                expression = expression.xreplace({product: value})
    return expression


def _value_by(fact: Fact, product: Dot) -> Expr | None:
    """The number that the fact gives the product: what it says at ``STEP`` and ``BLOCK`` it says at every step and block."""
    pattern, value = fact.relation.left, fact.relation.right
    if fact.relation.symbol != "==" or type(pattern) is not Dot or fact.assumptions or fact.relation.has(Witness):
        return None
    block, step = block_of(product.args[0]), product.args[0].indices[0]
    own = {block_of(a) for a in pattern.args}
    generic = {a.indices[0] for a in pattern.args} == {STEP} and own in ({BLOCK}, {VARIANT})
    if not generic or (own == {BLOCK} and block == VARIANT):
        return None
    there = {STEP: step, BLOCK: block}
    if pattern.xreplace(there) != product or bound_variables(value):
        return None
    return value.xreplace(there)


def check_nonzero(point: Vector, facts: tuple[Fact, ...]) -> None:
    """Every scale-invariant block of the point is certainly not zero.

    Raises:
        RuleFailure: if it may be.
    """
    for block in point.blocks() - {VARIANT}:
        part = Vector(*(p for p in point.args if block_of(p[0]) == FAMILY)) if block == FAMILY else point.component(block)
        own = sum((c * d * Dot(a, b) for a, c in part.terms() for b, d in part.terms()), S.Zero)
        square = reduce_products(own, facts)
        if not is_positive(square) and not is_zero(square - 1):
            raise RuleFailure(f"block {block} of the point may be zero: |.|^2 = {square}")


@rule("hypothesis: smoothness on the whole sphere")
def whole_sphere(ctx: Context, loss: Basic, point: Vector, first: Vector, second: Vector, *facts: Fact) -> Inference:
    """``|D^2 f(V)[xi_i, xi_j]| <= L_ij`` once ``facts`` show that the blocks of V and the xi are unit, the xi tangent."""
    _check_loss(ctx, loss)
    family_part = Vector(*(p for p in point.args if block_of(p[0]) == FAMILY)).component(BLOCK)
    for part in (family_part, *(point.component(b) for b in point.blocks() - {FAMILY, VARIANT})):
        _check_number(inner(part, part), 1, facts)
    for one in (first, second):
        (block,) = one.blocks()
        check_block(block, VARIANT)
        _check_number(inner(one, one), 1, facts)
        if block != VARIANT:
            _check_number(inner(one, point.component(block)), 0, facts)
    ((row,), (column,)) = first.blocks(), second.blocks()
    entry = s.M[column, row] if row == VARIANT else s.M[row, column]
    bounded = m.abs(differential(loss, point, first, second))
    return Inference(Relation(bounded, "<=", entry), facts, hypotheses=ctx.require("whole-sphere", "twice-differentiable"))


def _check_number(expression: Expr, number: int, facts: tuple[Fact, ...]) -> None:
    if not is_zero(reduce_products(expression, facts) - number):
        raise RuleFailure(f"{expression} is not certainly {number}")


@rule("hypothesis: even")
def even(ctx: Context, loss: Basic, point: Vector) -> Inference:
    """The loss keeps its value when the block changes its sign."""
    _check_loss(ctx, loss)
    negated = point - point.component(BLOCK).scale(2)
    return Inference(Relation(differential(loss, negated), "==", differential(loss, point)), hypotheses=ctx.require("even"))


@rule("hypothesis: lower bound")
def lower_bound(ctx: Context, loss: Basic, point: Vector) -> Inference:
    """``f_low <= f``."""
    _check_loss(ctx, loss)
    return Inference(Relation(s.f_low, "<=", differential(loss, point)), hypotheses=ctx.require("lower-bound"))


@rule("hypothesis: decoupled smoothness")
def decoupled(ctx: Context, y: Expr, y_g: Expr) -> Inference:
    """``y' M y <= sum_i Lam_i y_i^2 + Lam_g y_g^2``."""
    for one in (y, y_g):
        if not check_defined(one).is_real or bound_variables(one) or one.has(OTHER_BLOCK):
            raise RuleFailure(f"{one} is no vector of real numbers, one a block")
    if y_g.has(BLOCK):
        raise RuleFailure(f"{y_g} depends on the block")
    relation = Relation(m.quadratic_form(s.M, y, y_g), "<=", over_blocks(s.Lam * y**2) + s.Lam_g * y_g**2)
    return Inference(relation, hypotheses=ctx.require("decoupled-smoothness"))


@rule("hypothesis: scale-variant rate")
def scale_variant_rate(ctx: Context, equation: bool) -> Inference:
    """``H^2 = nu_0 kappa eta_g H^2`` and ``0 <= kappa eta_g H^2``: both also without scale-variant parameters (H = 0)."""
    spent = s.kappa * s.eta_g * s.H**2
    relation = Relation(s.H**2, "==", s.nu_0 * spent) if equation else Relation(S.Zero, "<=", spent)
    return Inference(relation, hypotheses=ctx.require("scale-variant-rate"))


@rule("hypothesis: gradient bound")
def gradient_bound(ctx: Context) -> Inference:
    """``|G| <= Gbar``."""
    return Inference(Relation(s.G, "<=", s.Gbar), hypotheses=ctx.require("gradient-bound"))


@rule("hypothesis: single block")
def single_block(ctx: Context, expression: Expr) -> Inference:
    """With one block a sum over the blocks is its only term, |H| = 0, and a point is the block alone."""
    previous, reduced = None, expression
    while reduced != previous:
        previous, reduced = reduced, _only_terms(reduced)
    return Inference(Relation(expression, "==", reduced), hypotheses=ctx.require("single-block"))


def _only_terms(expression: Expr) -> Expr:
    for total in sorted(expression.atoms(Sum), key=lambda one: len(str(one))):
        whole = [limit for limit in total.limits if limit[1] == 1 and limit[2] == BLOCKS]
        over = {limit[0]: BLOCK for limit in whole}
        rest = [limit for limit in total.limits if limit not in whole]
        if over:
            term = total.function.xreplace(over)
            expression = expression.xreplace({total: Sum(term, *rest) if rest else term})
    changes: dict[Basic, Basic] = dict.fromkeys((s.H, s.H_mean, s.cross_g, s.noise_g), S.Zero)
    for one in (d for d in expression.atoms(Differential) if d.loss != FUNCTION):
        alone = Vector(*(pair for pair in one.point.args if block_of(pair[0]) != VARIANT))
        changes[one] = one.func(one.loss, at_block(alone, BLOCK), *one.args[2:])
    return expression.xreplace(changes)


@rule("two points on a great circle")
def on_great_circle(ctx: Context, fact: Fact, step: Expr) -> Inference:
    """What holds along every great circle through v holds at any other direction: one of them passes through it."""
    if fact.assumptions or fact.relation.has(Witness):
        raise RuleFailure("the fact does not hold along every great circle")
    point = directions() - named("v") + named("v", step=step)
    relation = fact.relation.map(lambda side: side.xreplace({circle(): point}))
    names = {a.base.label.name for side in (relation.left, relation.right) for a in side.atoms(Indexed)}
    if relation == fact.relation or relation.has(ANGLE) or any(name == "xi" or name.startswith("circle") for name in names):
        raise RuleFailure(f"{fact.relation} says more than the value at the point of the great circle")
    return Inference(relation, (fact,))


@rule("citation")
def cite(ctx: Context, slug: str, conclusion: str) -> Inference:
    """The conclusion of another claim, which has its own derivation and no hypothesis beyond those at hand."""
    if ctx._citation is None:
        raise RuleFailure("nothing can be cited here")
    relation, hypotheses, setting = ctx._citation(ctx, slug, conclusion)
    ctx.require(*hypotheses)
    if setting in _ONE_LOSS and ctx.claim.setting not in _ONE_LOSS and hypotheses & _ABOUT_THE_LOSS:
        hypotheses |= ctx.require("full-gradient")
    return Inference(relation, hypotheses=hypotheses, note=f"{slug}: {conclusion}")


@rule("equals for equals, vectors")
def substitute_vector(ctx: Context, fact: Fact, equation: Fact) -> Inference:
    """The fact with a named vector replaced, in points, directions and inner products, by what an equation gives it."""
    left = equation.relation.left
    always = not equation.assumptions and not equation.relation.has(Witness, OTHER_BLOCK)
    if equation.relation.symbol != "==" or not always or not isinstance(left, Vector):
        raise RuleFailure(f"{equation} is no equation of vectors")
    ((pattern, coefficient),) = left.terms()
    if coefficient != 1:
        raise RuleFailure(f"{equation} does not give a named vector")
    return Inference(fact.relation.map(lambda side: _replace_vector(side, pattern, equation.relation.right)), (fact, equation))


def _replace_vector(side: Basic, pattern: Indexed, value: Vector) -> Basic:
    def expansion(one: Vector) -> Vector:
        replacement = {}
        for atom, _ in one.terms():
            same = atom.base == pattern.base and atom.indices[0] == pattern.indices[0]
            if same and block_of(pattern) == BLOCK and block_of(atom) != VARIANT:
                replacement[atom] = value.xreplace({BLOCK: block_of(atom)})
            elif atom == pattern:
                replacement[atom] = value
        return one.replace_vectors(replacement)

    if isinstance(side, Vector):
        return expansion(side)
    changes: dict[Basic, Basic] = {}
    for one in side.atoms(Differential):
        changes[one] = differential(one.loss, expansion(one.point), *(expansion(vector(a)) for a in one.args[2:]))
    for product in side.atoms(Dot):
        changes[product] = inner(*(expansion(vector(a)) for a in product.args))
    return side.xreplace(changes)
