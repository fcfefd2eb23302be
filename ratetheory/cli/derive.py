"""``ratetheory derive``: a claim's symbolic derivation."""

from __future__ import annotations

import click

from ratetheory.verdict import exit_code


@click.command()
@click.argument("slug", required=False)
@click.option("--all", "every", is_flag=True, help="Derive all claims, in the order of the theory.")
@click.option("--latex", is_flag=True, help="Print a LaTeX document; with --all also what the attacks saw (takes minutes).")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the attacks.")
def derive(slug: str | None, every: bool, latex: bool, seed: int) -> int:
    """Derive the claim SLUG: every step with its rule, its premises and its verdict."""
    if (slug is None) != every:
        raise click.UsageError("give either a claim's SLUG or --all")
    from ratetheory.symbolic import derive as run
    from ratetheory.symbolic import latex_document, render_text
    from ratetheory.witnesses import attack_claim, find_claims

    derivations = [run(claim) for claim in find_claims([] if slug is None else [slug])]
    if latex:
        attacks = [attack_claim(derivation.claim, seed, None) for derivation in derivations] if every else []
        click.echo(latex_document(derivations, attacks))
    else:
        click.echo("\n\n".join(map(render_text, derivations)))
    return exit_code([derivation.verdict.status for derivation in derivations])
