"""``ratetheory bound sgd``: stochastic gradient descent at any learning rate."""

from __future__ import annotations

from typing import Any

import click

from ratetheory.cli.output import finite, print_json, print_lines, shown


@click.command()
@click.option("--squared-norm", metavar="S0", required=True, help="Squared norm of the weights at the start.")
@click.option("--learning-rate", metavar="ETA", required=True, help="Learning rate of the first step.")
@click.option("--alpha", metavar="A", default="0", show_default=True, help="The rate falls like (t + 1)^-A, 0 to 1/2.")
@click.option("--smoothness", metavar="L", required=True, help="Smoothness of the mean loss on the unit sphere.")
@click.option("--noise-bound", metavar="G", required=True, help="Bound on every minibatch gradient at normalised weights.")
@click.option("--gradient-bound", metavar="G", help="Bound on the full gradient; default: the noise bound.")
@click.option("--gap", metavar="D", required=True, help="Loss at the start minus a lower bound of the loss.")
@click.option("--steps", metavar="T", help="Number of steps: bound the smallest mean squared gradient among them.")
@click.option("--epsilon", metavar="E", help="Root mean square gradient to reach: find a number of steps that suffices.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sgd(as_json: bool, **options: Any) -> int:
    """SGD with bounded unbiased noise, one block: min over t < T of E|G_t|^2 <= value.

    Numbers are decimals or rationals (0.3, 3/10, 1e-4), read exactly.
    """
    from ratetheory.numeric.sgd import bound_sgd

    if (options["steps"] is None) == (options["epsilon"] is None):
        raise click.UsageError("give either --steps T or --epsilon E")
    result = bound_sgd(**options)
    if as_json:
        print_json(result.as_dict())
        return 0
    low, high = result.enclosure
    print_lines(
        [
            ("steps T", shown(finite(result.steps))),
            ("min over t < T of E|G_t|^2", f"<= {result.value!s}"),
            ("its root", f"<= {result.gradient_norm!s}"),
            ("enclosure of the bound", f"[{low}, {high}]"),
            ("method", result.method),
            ("noise constant A", f"<= {result.noise_constant!s}"),
            ("|w_T|^2 surely", f"<= {result.envelope!s}"),
            ("trust", result.trust),
            ("conditional on", ", ".join(result.conditional_on)),
            ("claim", result.claim),
        ]
    )
    return 0
