"""``ratetheory check-certificate``: the proof in a certificate checked again, without the solver."""

from __future__ import annotations

from typing import Any

import click

from ratetheory.cli.output import print_json, print_lines
from ratetheory.verdict import exit_code


@click.command("check-certificate")
@click.argument("file")
@click.option("--steps", metavar="T", help="Number of steps: print the bound on the smallest gradient among them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check_certificate(file: str, steps: str | None, as_json: bool) -> int:
    """Check the certificate FILE that bound gd --method oracle --certificate wrote, and print what it proves.

    Exit code 0 if it is a proof, 1 if its inequality certainly fails somewhere, 3 if that is open, 2 if FILE is no certificate.
    """
    from ratetheory.numeric.certificate_file import check_certificate as check
    from ratetheory.numeric.exact import read_count

    horizon = None if steps is None else read_count(steps, "steps")
    checked = check(file)
    content = checked.as_dict(horizon)
    if as_json:
        print_json(content)
    else:
        _print(content)
    return exit_code([checked.status])


def _print(content: dict[str, Any]) -> None:
    rows = [("certificate", content["status"] + (f": {content['reason']}" if content["reason"] else ""))]
    rows += [(f"  {name.replace('_', ' ')}", value) for name, value in content["constants"].items()]
    if content["status"] == "proved":
        start = content["from_step"]
        general = f"<= C/(T - {start})" if start else "<= C/T"
        least = general if content["steps"] is None else f"<= {content['value']!s} for T = {content['steps']}"
        rows += [("constants observed at step", str(start))] if start else []
        rows += [
            ("|w|^2/eta stays below", str(content["b_infinity"])),
            ("sum over all steps C", f"<= {content['total']!s}"),
            ("min over t < T of |G_t|^2", least),
            ("trust", content["trust"]),
            ("conditional on", ", ".join(content["conditional_on"])),
            ("claim", content["claim"]),
        ]
    print_lines(rows)
