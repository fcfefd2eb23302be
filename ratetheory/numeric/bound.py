"""The bound of claim ``gd-rate``: from constants to a number, and from a wanted gradient norm to a number of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ratetheory.numeric.constants import Constants, load_constants, one_block
from ratetheory.numeric.envelope import METHODS
from ratetheory.numeric.exact import exact_text, read_count, read_positive, require

if TYPE_CHECKING:
    from ratetheory.numeric.certify import Certified


_SCALAR = (float, int, str, Fraction, type(None))


@dataclass(frozen=True)
class Bound:
    """A bound on min over t < T of sum_i |G_i|^2 + |H|^2 (gradients at normalised weights).

    ``value`` is not below the upper end of ``enclosure`` where ``trust`` is ``certified``; ``gradient_norm`` is its root.
    ``total`` is C, the bound on the sum over all steps after ``from_step``. ``b_infinity`` bounds each block's inverse
    effective learning rate |w|^2/eta for ever. Numbers beyond the range of floats are decimal strings. Of arrays of
    constants every field that depends on them is an array, ``trust`` is ``float`` and ``enclosure`` is ``None``.
    """

    claim: str
    value: Any
    gradient_norm: Any
    enclosure: Any
    method: Any
    shared_budget: Any
    restarted: bool
    smaller_gradient_bound: Any
    b_infinity: Any
    total: Any
    steps: Any
    constants: dict[str, Any]
    trust: str
    conditional_on: tuple[str, ...]
    dominant_term: Any

    def as_dict(self) -> dict[str, Any]:
        """The bound as plain data; arrays become lists."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def bound_gd(
    *,
    squared_norm: Any = None,
    learning_rate: Any = None,
    smoothness: Any = None,
    gap: Any = None,
    gradient_bound: Any = None,
    steps: Any = None,
    epsilon: Any = None,
    constants: Constants | str | Path | None = None,
    method: str | Sequence[str] = "best",
    from_step: Any = 0,
) -> Bound:
    """Bound min over t < T of |G_t|^2 for gradient descent at a fixed learning rate (claim ``gd-rate``).

    One block: ``squared_norm`` |w|^2 and ``learning_rate`` at the start, ``smoothness`` L on the sphere, ``gap`` f_0 - f_low
    (``"range"``: (pi^2/4) L), ``gradient_bound`` on |G| (default (pi/2) L). Several blocks or scale-variant parameters:
    ``constants``, a ``Constants`` or the path of a TOML file. Either ``steps`` T, or ``epsilon``, which the gradient norm is to
    reach: then ``steps`` of the result is the number that suffices. With ``from_step`` t_0 the constants are those observed
    at step t_0 < T. ``method`` is ``"best"`` or one or several of ``simple``, ``sharper``, ``two-phase``,
    ``continuous``; the best of arrays leaves out ``continuous``, which costs ten times as much as the others together.

    Scalars (numbers, or strings such as ``"3/10"``) give a certified enclosure; arrays broadcast and give floats. Raises
    ``ValueError`` naming the argument, its value and what is allowed.
    """
    methods, every = read_methods(method)
    require((steps is None) != (epsilon is None), "steps", steps, "either steps or epsilon")
    one = {"squared_norm": squared_norm, "learning_rate": learning_rate, "smoothness": smoothness, "gap": gap}
    if constants is not None:
        for name, value in {**one, "gradient_bound": gradient_bound}.items():
            require(value is None, name, value, "nothing beside constants")
        given = constants if isinstance(constants, Constants) else load_constants(constants)
        return bound_of_constants(given, steps, epsilon, methods, every)
    for name, value in one.items():
        require(value is not None, name, value, "a positive number" if name != "gap" else 'a number or "range"')
    everything = {**one, "gradient_bound": gradient_bound, "steps": steps, "epsilon": epsilon}
    if not all(isinstance(value, _SCALAR) or np.ndim(value) == 0 for value in everything.values()):
        from ratetheory.numeric.arrays import bound_of_arrays

        return bound_of_arrays(everything, methods, every, read_count(from_step, "from_step", least=0))
    given = one_block(squared_norm, learning_rate, smoothness, None if is_range(gap) else gap, gradient_bound, from_step)
    return bound_of_constants(given, steps, epsilon, methods, every)


def is_range(gap: Any) -> bool:
    """Whether the gap is to be the range (pi^2/4) L of the sphere."""
    return isinstance(gap, str) and gap == "range"


def read_methods(method: str | Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """The forms asked for, and whether the variants that only the best bound needs are wanted too."""
    if method == "best":
        return ("sharper", "two-phase", "continuous"), True
    require(isinstance(method, str | list | tuple), "method", method, f"best, {', '.join(METHODS)}")
    names = (method,) if isinstance(method, str) else tuple(method)
    require(bool(names) and all(n in METHODS for n in names), "method", method, f"best, {', '.join(METHODS)}")
    return names, False


def bound_of_constants(constants: Constants, steps: Any, epsilon: Any, methods: Sequence[str], every: bool) -> Bound:
    """The certified bound (see ``bound_gd``)."""
    from ratetheory.numeric import balls
    from ratetheory.numeric.certify import certified
    from ratetheory.numeric.decimals import decimal_end, float_above, root_above
    from ratetheory.numeric.terms import dominant_term

    result = certified(constants, methods, every)
    if result.candidate is None and result.problem is not None:
        raise ValueError(
            f"method: {', '.join(methods)} does not apply; allowed: two-phase and continuous need one block, two-phase needs "
            "b_0 < gradient_bound"
        )
    horizon = _horizon(constants, result, steps, epsilon)
    with balls.working_precision():
        mean = result.C / (horizon - constants.from_step)
        value = mean.min(result.trivial)
        by_trivial = bool(result.trivial < mean)
        low, high = decimal_end(value, up=False), decimal_end(value, up=True)
        b_infinity = _envelope(constants, result)
        dominant = "trivial" if by_trivial else dominant_term(result)
    candidate = result.candidate
    return Bound(
        claim="gd-rate",
        value=float_above(high),
        gradient_norm=float_above(root_above(high)),
        enclosure=(str(low), str(high)),
        # where no block can move, every form is the same
        method="trivial" if by_trivial else "simple" if candidate is None else candidate.method,
        shared_budget=candidate is not None and candidate.shared_budget and not by_trivial,
        restarted=constants.from_step > 0,
        smaller_gradient_bound=candidate is not None and candidate.smaller_gradient_bound and not by_trivial,
        b_infinity=b_infinity,
        total=float_above(decimal_end(result.C, up=True)) if result.C.is_finite() else "inf",
        steps=horizon,
        constants=describe(constants),
        trust="estimated" if constants.estimated else "certified",
        conditional_on=constants.names(),
        dominant_term=dominant,
    )


def _horizon(constants: Constants, result: Certified, steps: Any, epsilon: Any) -> int:
    """T as given, or the number of steps after which the bound is at most epsilon^2."""
    from ratetheory.numeric.decimals import exact_end

    if steps is not None:
        return read_count(steps, "steps", least=constants.from_step + 1)
    target = read_positive(epsilon, "epsilon") ** 2
    if exact_end(result.trivial.upper()) <= target:
        return constants.from_step + 1
    return constants.from_step + max(1, -int(-(exact_end(result.C.upper()) / target) // 1))


def _envelope(constants: Constants, result: Any) -> tuple[float | str, ...]:
    """B_i for every block, at the working precision; a block that cannot move stays at b_0."""
    from ratetheory.numeric import balls
    from ratetheory.numeric.decimals import decimal_end, float_above

    moved: dict[str, Any] = {}
    if result.candidate is not None and result.problem is not None:
        starts, increments = balls.blocks(result.problem.b_0), balls.blocks(result.candidate.increment)
        for block, start, increment in zip(result.blocks, starts, increments, strict=True):
            moved[block.name] = start + increment
    ends = (moved[b.name] if b.name in moved else balls.number(b.inverse_rate) for b in constants.blocks)
    return tuple(float_above(decimal_end(end, up=True)) for end in ends)


def describe(constants: Constants) -> dict[str, Any]:
    """The constants as plain data, exact numbers as text."""
    data: dict[str, Any] = {
        "blocks": [
            {
                "name": block.name,
                "squared_norm": exact_text(block.squared_norm),
                "learning_rate": exact_text(block.learning_rate),
                "smoothness": exact_text(block.smoothness),
                "gradient_bound": "pi/2 * smoothness" if block.gradient_bound is None else exact_text(block.gradient_bound),
            }
            for block in constants.blocks
        ],
        "gap": "pi^2/4 * smoothness" if constants.gap is None else exact_text(constants.gap),
        "from_step": constants.from_step,
        "estimated": list(constants.estimated),
    }
    if constants.scale_variant_learning_rate is not None:
        data["scale_variant"] = {
            "learning_rate": exact_text(constants.scale_variant_learning_rate),
            "smoothness": exact_text(constants.scale_variant_smoothness),
        }
    if constants.coupling is not None and len(constants.coupling) > 1:
        data["coupling"] = [[exact_text(number) for number in row] for row in constants.coupling]
    if constants.decoupled is not None:
        data["decoupled_smoothness"] = [exact_text(number) for number in constants.decoupled]
    return data
