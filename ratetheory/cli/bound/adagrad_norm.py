"""``ratetheory bound adagrad-norm``: AdaGrad-Norm on a smooth function on R^d."""

from __future__ import annotations

from typing import Any

import click

from ratetheory.cli.output import finite, print_json, print_lines, shown

_NEEDED = ("smoothness", "gap", "learning_rate", "initial_accumulator")


@click.command("adagrad-norm")
@click.option("--smoothness", metavar="L", help="Lipschitz constant of the gradient on R^d.")
@click.option("--gap", metavar="D", help="Loss at the start minus a lower bound of the loss.")
@click.option("--learning-rate", metavar="ETA", help="The step is ETA divided by the accumulator.")
@click.option("--initial-accumulator", metavar="B0", help="Accumulator at the start.")
@click.option("--steps", metavar="T", help="Number of steps: bound the smallest gradient among them.")
@click.option("--epsilon", metavar="E", help="Gradient norm to reach: find the number of steps that suffices.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def adagrad_norm(as_json: bool, **options: Any) -> int:
    """AdaGrad-Norm: min over t < T of |grad F(x_t)|^2 <= value, for a smooth F on R^d that is bounded below.

    B_{t+1}^2 = B_t^2 + |grad F(x_t)|^2, x_{t+1} = x_t - (ETA/B_{t+1}) grad F(x_t). Numbers are decimals or rationals
    (0.3, 3/10, 1e-4), read exactly.
    """
    from ratetheory.numeric.adagrad import bound_adagrad_norm

    for name in _NEEDED:
        if options[name] is None:
            raise click.UsageError(f"--{name.replace('_', '-')} is missing; allowed: a positive number")
    if (options["steps"] is None) == (options["epsilon"] is None):
        raise click.UsageError("give either --steps T or --epsilon E")
    result = bound_adagrad_norm(**options)
    if as_json:
        print_json(result.as_dict())
        return 0
    low, high = result.enclosure
    print_lines(
        [
            ("steps T", shown(finite(result.steps))),
            ("min over t < T of |grad F|^2", f"<= {result.value!s}"),
            ("its root, the gradient norm", f"<= {result.gradient_norm!s}"),
            ("enclosure of the bound", f"[{low}, {high}]"),
            ("method", result.method),
            ("sum over all steps C", f"<= {result.total!s}"),
            ("accumulator stays below", str(result.accumulator)),
            ("by Theorem 2.2 of Ward, Wu, Bottou", f"<= {result.theorem_2_2!s}"),
            ("trust", result.trust),
            ("conditional on", ", ".join(result.conditional_on)),
            ("claim", result.claim),
        ]
    )
    return 0
