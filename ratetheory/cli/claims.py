"""``ratetheory claims``: the list of claims, and one claim in full."""

from __future__ import annotations

import re
import shutil
import textwrap
from typing import Any

import click

from ratetheory.claims.statement import Claim
from ratetheory.cli.output import print_json, print_lines

_INDICES = re.compile(r"\[[^][]*\]|\(\w+, \w+, [\w -]+\)")
"""A letter's indices, and a sum's limits: no line ends in them."""


@click.command()
@click.argument("slug", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def claims(slug: str | None, as_json: bool) -> int:
    """List the claims, or show the claim SLUG with its symbols, hypotheses, conclusions and source."""
    from ratetheory.witnesses import find_claims

    if slug is None:
        found = find_claims([])
        if as_json:
            print_json({"claims": [{"slug": c.slug, "title": c.title, "section": c.section} for c in found]})
        else:
            print_lines([(c.slug, c.title) for c in found])
        return 0
    claim = find_claims([slug])[0]
    content = describe(claim)
    if as_json:
        print_json(content)
    else:
        _print(claim, content)
    return 0


def describe(claim: Claim) -> dict[str, Any]:
    """The claim as plain data, its formulas as the derivation reads them."""
    from ratetheory.claims.symbols import SYMBOLS
    from ratetheory.symbolic import statement

    return {
        "slug": claim.slug,
        "title": claim.title,
        "section": claim.section,
        "symbols": {name: SYMBOLS[name].described for name in claim.symbols},
        "hypotheses": {h.slug: h.sentence for h in claim.hypotheses},
        "conclusions": {
            c.slug: {"statement": str(statement(claim, c)), "hypotheses": {h.slug: h.sentence for h in c.hypotheses}}
            for c in claim.conclusions
        },
        "idea": claim.idea,
        "source": claim.source,
        "errata": list(claim.errata),
        "formal": _formal(claim),
    }


def _formal(claim: Claim) -> dict[str, Any]:
    """The formal verdict, and for each conclusion its own."""
    from ratetheory.formal.verdicts import formal_verdict

    verdict = formal_verdict(claim)
    return {"status": verdict.status, "conclusions": verdict.evidence["conclusions"]}


def _print(claim: Claim, content: dict[str, Any]) -> None:
    """The claim for a reader: as wide as the terminal, what its formulas share named once."""
    click.echo(_wrapped(f"{content['slug']}: {content['title']}", "", "  ") + "\n")
    own = {name: text for conclusion in content["conclusions"].values() for name, text in conclusion["hypotheses"].items()}
    for heading, meanings in (
        ("symbols", content["symbols"]),
        ("hypotheses", content["hypotheses"]),
        ("hypotheses of some conclusions", own),
    ):
        if meanings:
            click.echo(heading)
            _print_table(meanings)
    _print_formulas(claim)
    click.echo(f"idea\n{_wrapped(content['idea'])}\nsource\n{_wrapped(content['source'])}")
    for erratum in content["errata"]:
        click.echo(f"erratum\n{_wrapped(erratum)}")
    click.echo(f"formal proof\n  {content['formal']['status']}")
    if content["formal"]["status"] != "proved":
        reasons = {name: f"{one['status']} {one['reason']}".rstrip() for name, one in content["formal"]["conclusions"].items()}
        if any(not text.startswith("absent there is no formal proof") for text in reasons.values()):
            _print_table(reasons)


def _print_formulas(claim: Claim) -> None:
    """The conclusions, the parts that they share, and the functions that occur in them."""
    from ratetheory.symbolic import statement
    from ratetheory.symbolic.glossary import functions
    from ratetheory.symbolic.notation import STATEMENT, parts_for, shown

    relations = [statement(claim, conclusion) for conclusion in claim.conclusions]
    parts = parts_for(relations, STATEMENT)
    click.echo("conclusions")
    for conclusion, relation in zip(claim.conclusions, relations, strict=True):
        needs = ", ".join(h.slug for h in conclusion.hypotheses)
        formula = f"{conclusion.slug}: {shown(relation, parts, STATEMENT)}" + (f"   (if {needs})" if needs else "")
        click.echo(_wrapped(formula, subsequent="      "))
    if parts.patterns:
        click.echo("where")
        for number in range(1, len(parts.patterns) + 1):
            click.echo(_wrapped(str(parts.definition(number)), subsequent="      "))
    if found := functions(relations):
        click.echo("functions")
        _print_table({one.signature: one.meaning for one in found})


def _print_table(rows: dict[str, str]) -> None:
    """Names and sentences, aligned, the sentences wrapped."""
    width = max(map(len, rows), default=0)
    for name, text in rows.items():
        click.echo(_wrapped(text, f"  {name:<{width}}  ", " " * (width + 4)))


def _wrapped(text: str, first: str = "  ", subsequent: str = "  ") -> str:
    columns = max(shutil.get_terminal_size().columns, 40)
    whole = _INDICES.sub(lambda match: match[0].replace(" ", "\u00a0"), text)
    wrapper = textwrap.TextWrapper(
        columns, initial_indent=first, subsequent_indent=subsequent, break_long_words=False, break_on_hyphens=False
    )
    return wrapper.fill(whole).replace("\u00a0", " ")
