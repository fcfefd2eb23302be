"""``ratetheory bound compare``: GD tuned, GD on batch normalisation and AdaGrad-Norm side by side."""

from __future__ import annotations

from typing import Any

import click

from ratetheory.cli.output import finite, print_json, print_lines, shown

_MOST_ROWS = 1000
_HEADER = ("learning rate", "GD", "GD on batch norm", "AdaGrad-Norm")


@click.command()
@click.option("--smoothness", metavar="L", required=True, help="Smoothness: of F on R^d, and of f on the unit sphere.")
@click.option("--gap", metavar="D", required=True, help="Loss at the start minus a lower bound of the loss.")
@click.option("--steps", metavar="T", required=True, help="Number of steps: bound the smallest gradient among them.")
@click.option("--squared-norm", metavar="S0", default="1", show_default=True, help="|w_0|^2 of the normalised weights.")
@click.option("--initial-accumulator", metavar="B0", default="1", show_default=True, help="Accumulator of AdaGrad-Norm.")
@click.option("--learning-rates", metavar="LOW HIGH", nargs=2, default=("1e-4", "1e4"), show_default=True, help="The range.")
@click.option("--per-decade", metavar="N", default="1", show_default=True, help="Learning rates a decade.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(as_csv: bool, as_json: bool, **options: Any) -> int:
    """Bounds on the smallest squared gradient among T steps, over learning rates, for one set of constants.

    GD and AdaGrad-Norm minimise F on R^d, whose gradient has the Lipschitz constant L. GD on batch normalisation minimises a
    scale-invariant f with smoothness L on the unit sphere; its gradient is taken at the normalised weights. The columns share
    the constants, not the function: compare how they depend on the learning rate.
    """
    from ratetheory.numeric.comparison import compare_bounds

    if as_csv and as_json:
        raise click.UsageError("--csv and --json exclude each other")
    low, high = options["learning_rates"]
    rates = _rates(low, high, options["per_decade"])
    names = ("smoothness", "gap", "steps", "squared_norm", "initial_accumulator")
    result = compare_bounds(learning_rates=rates, **{name: options[name] for name in names})
    if as_json:
        print_json(result.as_dict())
    elif as_csv:
        click.echo("learning_rate,gd,gd_batch_norm,adagrad_norm")
        for row in result.rows:
            click.echo(f"{row.learning_rate},{'' if row.gd is None else row.gd},{row.gd_batch_norm},{row.adagrad_norm}")
    else:
        _print(result)
    return 0


def _rates(low: str, high: str, per_decade: str) -> list[Any]:
    from ratetheory.numeric.comparison import decades
    from ratetheory.numeric.exact import read_count, read_positive, require

    least, most = read_positive(low, "learning_rates"), read_positive(high, "learning_rates")
    count = read_count(per_decade, "per_decade")
    require(least <= most, "learning_rates", f"{low} {high}", "LOW at most HIGH")
    spanned = int(most // least).bit_length() // 3 + 1  # decades, rounded up
    require(count * spanned <= _MOST_ROWS, "per_decade", per_decade, f"at most {_MOST_ROWS} learning rates in all")
    return decades(least, most, count)


def _print(result: Any) -> None:
    constants = result.constants
    about = [
        ("smoothness L, gap D", f"{constants['smoothness']}, {constants['gap']}"),
        ("steps T", shown(finite(result.steps))),
        ("|w_0|^2, accumulator B_0", f"{constants['squared_norm']}, {constants['initial_accumulator']}"),
        ("GD tuned (1/L)", f"min |grad F|^2 <= {_short(result.gd_tuned)}"),
    ]
    table = [_HEADER, ("", "min |grad F|^2", "min |G|^2", "min |grad F|^2")]
    for row in result.rows:
        values = ("none" if row.gd is None else _short(row.gd), _short(row.gd_batch_norm), _short(row.adagrad_norm))
        table.append((_rate(row.learning_rate), *values))
    widths = [max(len(line[column]) for line in table) for column in range(len(_HEADER))]
    ranges = [(f"  {name}", _range(found)) for name, found in zip(_HEADER[1:], result.within(10).values(), strict=True)]
    # nothing is printed before everything that is to be printed is there
    print_lines(about)
    click.echo()
    for line in table:
        click.echo("  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)))
    click.echo()
    click.echo("of these learning rates, within 10 times GD tuned")
    print_lines(ranges)
    click.echo()
    click.echo("bounds from above, each rounded up; G: gradient at the normalised weights, F: a function on R^d")
    trust = result.trust["gd_batch_norm"], result.trust["adagrad_norm"]
    click.echo(f"GD on batch norm: {trust[0]} (claim gd-rate); AdaGrad-Norm: {trust[1]} (claim adagrad-norm-rate)")
    click.echo(f"GD, below sqrt(3)/L: {result.gd_source}")


def _short(value: Any) -> str:
    """Four digits, rounded up."""
    from decimal import ROUND_CEILING, Context, Decimal

    rounded = Context(prec=4, rounding=ROUND_CEILING).create_decimal(str(value))
    return f"{rounded:.3E}" if not Decimal("1e-4") <= rounded < Decimal("1e5") else f"{rounded.normalize():f}"


def _range(rates: tuple[str, str] | None) -> str:
    return "none" if rates is None else " .. ".join(_rate(rate) for rate in rates)


def _rate(text: str) -> str:
    """Four digits; a rate beyond the range of floats as a decimal, one too long to print as it is."""
    from fractions import Fraction

    from ratetheory.numeric.decimals import decimal_outward

    if "(" in text:
        return text
    number = Fraction(text)
    return f"{float(number):.4g}" if 1e-300 < number < 1e300 else decimal_outward(number, up=True, digits=4)
