"""``ratetheory derive``: a claim's symbolic derivation."""

from __future__ import annotations

import click

from ratetheory.verdict import exit_code


@click.command()
@click.argument("slug")
@click.option("--latex", is_flag=True, help="Print a LaTeX document instead of text.")
def derive(slug: str, latex: bool) -> int:
    """Derive the claim SLUG: every step with its rule, its premises and its verdict."""
    from ratetheory.symbolic import derive as run
    from ratetheory.symbolic import latex_document, render_text
    from ratetheory.witnesses import find_claims

    derivation = run(find_claims([slug])[0])
    click.echo(latex_document([derivation]) if latex else render_text(derivation))
    return exit_code([derivation.verdict.status])
