"""``ratetheory verify path/to/claim.py``: a claim of the user's own, from its file."""

from __future__ import annotations

import os
from typing import Any

import click

from ratetheory.cli.counterexample import print_counterexample
from ratetheory.cli.output import print_json
from ratetheory.verdict import exit_code

_MIB = 2**20


def is_path(text: str) -> bool:
    """Whether an argument of ``verify`` names a file, not a claim of the theory."""
    return text.endswith(".py") or os.sep in text


def verify_path(path: str, seed: int, budget: float | None, memory: int | None, drop: str | None, as_json: bool) -> Any:
    """Verify the claim of a file and print what was found."""
    from ratetheory.own.verify import BUDGET, MEMORY, verify_file

    limit = MEMORY if memory is None else memory * _MIB
    verification = verify_file(path, seed, BUDGET if budget is None else budget, limit, drop)
    if verification.printed:
        click.echo(verification.printed, err=True)
    if as_json:
        print_json({"claims": [verification.as_dict()]}, seed)
    else:
        _print(verification)
    return verification


def _print(verification: Any) -> None:
    from ratetheory.visible import visible

    title = "" if verification.checked is None else visible(verification.checked.claim.title)
    click.echo(f"{visible(verification.claim)}: {verification.status}{title and '  ' + title}")
    for name, text in verification.statements.items():
        click.echo(f"  {name}: {text}")
    for verdict in verification.verdicts:
        if verdict.status != "absent":
            click.echo(f"  {verdict.witness:<10}  {_summary(verdict)}")
        for name, one in verdict.evidence.get("conclusions", {}).items():
            if one.get("reason"):
                click.echo(f"    {name} is {one['status']}: {visible(one['reason'])}")
    for warning in verification.warnings:
        click.echo(f"  warning: {warning}")
    attack = verification.witness("attack")
    if "counterexample" in attack.evidence:
        found = attack.evidence["counterexample"]
        relation = verification.checked.claim.conclusion(found["conclusion"]).relation
        print_counterexample(found, relation, verification.statements.get(found["conclusion"]))


def _summary(verdict: Any) -> str:
    text = str(verdict.status)
    if verdict.status == "survived":
        slack = min(c["slack"] for c in verdict.evidence["conclusions"].values())
        text += f" {verdict.evidence['instances']}, least slack {slack:.1e}"
    return text + (f": {verdict.evidence['reason']}" if "reason" in verdict.evidence else "")


def replay_path(path: str, found: str, drop: str | None, memory: int | None, as_json: bool) -> int:
    """Run a saved counterexample to the claim of a file again."""
    from ratetheory.own.verify import BUDGET, MEMORY, replay_file

    verdict = replay_file(path, found, BUDGET, MEMORY if memory is None else memory * _MIB, drop)
    if isinstance(verdict, str):
        if as_json:
            print_json({"status": "undecided", "reason": verdict})
        else:
            click.echo(f"undecided: {verdict}")
        return exit_code(["undecided"])
    if as_json:
        print_json(verdict.as_dict())
    else:
        word = "does not violate it" if verdict.status == "survived" else "violates it"
        click.echo(f"{verdict.claim}: {verdict.status}: the instance {word}")
        print_counterexample(verdict.evidence["replayed"], verdict.evidence["relation"])
    return exit_code([verdict.status])
