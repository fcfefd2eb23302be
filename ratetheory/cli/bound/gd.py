"""``ratetheory bound gd``: gradient descent at any fixed learning rate."""

from __future__ import annotations

from typing import Any

import click

from ratetheory.cli.output import finite, print_json, print_lines, shown


@click.command()
@click.option("--squared-norm", metavar="S0", help="Squared norm of the weights at the start.")
@click.option("--learning-rate", metavar="ETA", help="Learning rate of the scale-invariant weights.")
@click.option("--smoothness", metavar="L", help="Smoothness on the unit sphere.")
@click.option("--gap", metavar="D", help="Loss at the start minus a lower bound of the loss.")
@click.option("--gap-from-range", is_flag=True, help="Take the gap (pi^2/4) L that smoothness alone implies; one block only.")
@click.option("--gradient-bound", metavar="G", help="Bound on the gradient at normalised weights; default (pi/2) L.")
@click.option("--constants", metavar="FILE", help="TOML file with several blocks or scale-variant parameters.")
@click.option("--steps", metavar="T", help="Number of steps: bound the smallest gradient among them.")
@click.option("--epsilon", metavar="E", help="Gradient norm to reach: find the number of steps that suffices.")
@click.option("--from-step", metavar="T0", default="0", help="Step at which the constants were observed; default 0.")
@click.option("--method", default="best", show_default=True, help="best, simple, sharper, two-phase, continuous or oracle.")
@click.option("--certificate", metavar="FILE", help="With --method oracle: write the proof, for check-certificate.")
@click.option("--prove", metavar="FILE", help="Write a Rocq file that proves a bound for these numbers, and compile it.")
@click.option("--force", is_flag=True, help="Replace an existing certificate or proof.")
@click.option("--explain", is_flag=True, help="Shares of the terms and sensitivity to each constant.")
@click.option("--best-learning-rate", is_flag=True, help="The rate with the smallest bound, and how flat the valley is.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def gd(
    constants: str | None,
    certificate: str | None,
    prove: str | None,
    force: bool,
    explain: bool,
    best_learning_rate: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Gradient descent at any fixed learning rate: min over t < T of |G_t|^2 <= value.

    Numbers are decimals or rationals (0.3, 3/10, 1e-4), read exactly.
    """
    from ratetheory.files import free_path
    from ratetheory.numeric.bound import read_methods
    from ratetheory.numeric.certificate_file import check_writable, save_certificate
    from ratetheory.numeric.certified_bound import bound_of_constants
    from ratetheory.numeric.envelope import ORACLE

    methods, every = read_methods(options["method"])
    given = _constants(constants, options)
    if (options["steps"] is None) == (options["epsilon"] is None):
        raise click.UsageError("give either --steps T or --epsilon E")
    by_oracle = ORACLE in methods
    if by_oracle and (explain or best_learning_rate):
        raise click.UsageError("--explain and --best-learning-rate take closed forms apart; the oracle is none")
    if force and certificate is None and prove is None:
        raise click.UsageError("--force comes with --certificate FILE or --prove FILE")
    if prove is not None:
        _check_proof(prove, options, by_oracle, force)
    if certificate is not None:
        if not by_oracle:
            raise click.UsageError("--certificate comes with --method oracle")
        free_path(certificate, "certificate", force)
        check_writable(given)
    result = bound_of_constants(given, options["steps"], options["epsilon"], methods, every)
    if certificate is not None:
        from ratetheory.numeric.oracle import worst_case

        save_certificate(worst_case(given).certificate, certificate, force)
    extra: dict[str, Any] = {}
    if prove is not None:
        extra["proof"] = _proof(given, result.steps, options["method"], prove, force)
    if explain:
        from ratetheory.numeric.certify import certified
        from ratetheory.numeric.terms import sensitivities, shares

        extra["shares"] = shares(certified(given, methods, every))
        extra["sensitivities"] = sensitivities(given, methods, every)
    if best_learning_rate:
        from ratetheory.numeric.terms import best_learning_rate as search

        extra["best_learning_rate"] = search(given, methods, every)
    if as_json:
        print_json({**result.as_dict(), **extra})
        return 0
    print_bound(result, extra)
    return 0


def _check_proof(path: str, options: dict[str, Any], by_oracle: bool, force: bool) -> None:
    """``ValueError`` or ``UsageError`` where a proof cannot be written and compiled."""
    from ratetheory.files import free_path
    from ratetheory.formal import rocq

    if by_oracle or options["method"] not in ("best", "simple", "sharper"):
        raise click.UsageError("--prove proves the simple and the sharper form: --method sharper, simple or best (sharper)")
    free_path(path, "prove", force)
    rocq.compiler()


def _proof(given: Any, steps: int, method: str, path: str, force: bool) -> dict[str, str]:
    """Write the file that proves a decimal, and compile it; ``ArithmeticError`` if the compiler does not accept it."""
    from pathlib import Path

    from ratetheory.files import write_file
    from ratetheory.formal import rocq
    from ratetheory.formal.numbers import proof_of_bound

    made = proof_of_bound(given, steps, "simple" if method == "simple" else "sharper")
    write_file(Path(path), made.text.encode(), force)
    answer = rocq.compile_text(made.text)
    if not answer.accepted:
        raise ArithmeticError(f"{path}: the compiler does not accept the proof: {' '.join(answer.output.split())[:300]}")
    return {"value": made.value, "method": made.method, "file": path}


def _constants(path: str | None, options: dict[str, Any]) -> Any:
    from ratetheory.numeric.constants import load_constants, one_block

    names = ("squared_norm", "learning_rate", "smoothness", "gap", "gradient_bound")
    if path is not None:
        for name in names:
            if options[name] is not None:
                raise click.UsageError(f"--{name.replace('_', '-')} and --constants exclude each other")
        if options["from_step"] != "0":
            raise click.UsageError("with --constants, from_step stands in the file")
        given = load_constants(path)
        if options["gap_from_range"] and (len(given.blocks) > 1 or given.scale_variant):
            raise click.UsageError("--gap-from-range is for one block without scale-variant parameters")
        if options["gap_from_range"]:
            from dataclasses import replace

            return replace(given, gap=None, estimated=tuple(name for name in given.estimated if name != "gap"))
        return given
    for name in names[:3]:
        if options[name] is None:
            raise click.UsageError(f"--{name.replace('_', '-')} is missing; allowed: a positive number, or --constants FILE")
    if (options["gap"] is None) != options["gap_from_range"]:
        raise click.UsageError("give either --gap D or --gap-from-range")
    return one_block(**{name: options[name] for name in (*names, "from_step")})


def print_bound(result: Any, extra: dict[str, Any]) -> None:
    """A bound of gradient descent as lines, and what was asked for beside it."""
    known = ("shared_budget", "restarted", "smaller_gradient_bound", "sum_by_rotation")
    flags = [name.replace("_", " ") for name in known if getattr(result, name)]
    low, high = result.enclosure
    b_infinity = ", ".join(str(b) for b in result.b_infinity[:8])
    more = f", ... ({len(result.b_infinity)} blocks)" if len(result.b_infinity) > 8 else ""
    squares = "sum_i |G_i|^2 + |H|^2" if "scale_variant" in result.constants else "sum_i |G_i|^2"
    what = "|G_t|^2" if len(result.b_infinity) == 1 and "scale_variant" not in result.constants else squares
    print_lines(
        [
            ("steps T", shown(finite(result.steps))),
            (f"min over t < T of {what}", f"<= {result.value!s}"),
            ("its root, the gradient norm", f"<= {result.gradient_norm!s}"),
            ("enclosure of the bound", f"[{low}, {high}]"),
            ("method", result.method + (f" ({', '.join(flags)})" if flags else "")),
            ("sum over all steps C", f"<= {result.total!s}"),
            ("|w|^2/eta stays below", b_infinity + more),
            ("dominant term", result.dominant_term),
            ("trust", result.trust),
            ("conditional on", ", ".join(result.conditional_on)),
            ("claim", result.claim),
            *(
                [
                    (
                        "proved by machine",
                        f"<= {proof['value']} ({proof['method']}, each block with the whole budget): {proof['file']}",
                    )
                ]
                if (proof := extra.get("proof"))
                else []
            ),
        ]
    )
    if extra.get("shares"):
        click.echo("\nshares of C (separate budgets)")
        print_lines([(f"  {name}", f"{share:.1%}") for name, share in extra["shares"].items() if share])
        click.echo("sensitivity d ln C / d ln constant (estimated by differences)")
        print_lines([(f"  {name}", f"{value:+.3f}") for name, value in extra["sensitivities"].items()])
    if "best_learning_rate" in extra:
        best = extra["best_learning_rate"]
        click.echo("\nlearning rate with the smallest bound (estimated by search)")
        several = len(result.b_infinity) > 1
        rows = [
            ("  learning rate" + (" of the first block, all scaled alike" if several else ""), shown(best["learning_rate"], 4)),
            ("  C there", shown(best["total"], 6)),
        ]
        for factor in (2, 10):
            low_rate, high_rate = best[f"within_factor_{factor}"]
            rows.append((f"  C within a factor {factor}", f"{shown(low_rate, 4)} .. {shown(high_rate, 4)}"))
        print_lines(rows)
