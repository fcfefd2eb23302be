"""``ratetheory bound equilibrium``: what weight decay and the gradient settle on."""

from __future__ import annotations

from typing import Any

import click

from ratetheory.cli.output import print_json, print_lines


@click.command()
@click.option("--method", required=True, help="sgd, heavy-ball, nesterov, adamw or lion.")
@click.option("--learning-rate", metavar="ETA", required=True, help="Learning rate.")
@click.option("--decay", metavar="LAM", required=True, help="Weight decay; ETA LAM below 1.")
@click.option("--momentum", metavar="BETA", help="Momentum of heavy-ball and nesterov.")
@click.option("--beta1", metavar="B1", help="First momentum of adamw and lion.")
@click.option("--beta2", metavar="B2", help="Second momentum of lion.")
@click.option("--squared-gradient", metavar="Q", help="Squared gradient at the normalised weights: sgd, heavy-ball, nesterov.")
@click.option("--update-norm", metavar="U", help="Root mean square norm of the update: adamw, lion.")
@click.option("--dimension", metavar="D", help="Instead of U: number of weights, for independent gradients.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def equilibrium(method: str, as_json: bool, **options: Any) -> int:
    """Norm, rotation and time constant at the equilibrium of the method under weight decay.

    They are certified values of the model's fixed point, no bounds on a run. Decay is coupled for sgd, heavy-ball and nesterov
    (it goes through the momentum buffer), decoupled for adamw and lion. Numbers are decimals or rationals, read exactly.
    """
    from ratetheory.numeric.equilibria import equilibrium as compute

    result = compute(method, **options)
    if as_json:
        print_json(result.as_dict())
        return 0
    rate = "effective rate eta/|w|" + ("^2" if result.claim == "equilibrium" else "")
    named = {
        "norm |w|": result.norm,
        rate: result.effective_rate,
        "rotation a step (radians)": result.rotation,
        "  to first order in eta lam": result.first_order,
        "time constant (steps)": result.time_constant,
    }
    rows = [(name, f"{value.value!s}  in [{value.enclosure[0]}, {value.enclosure[1]}]") for name, value in named.items()]
    about = [("trust", result.trust), ("conditional on", ", ".join(result.conditional_on)), ("meaning", result.meaning)]
    print_lines([*rows, *about, ("claim", result.claim)])
    return 0
