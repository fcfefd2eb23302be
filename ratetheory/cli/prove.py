"""``ratetheory prove``: claims proved by machine, as the registry states them."""

from __future__ import annotations

from pathlib import Path

import click

from ratetheory.cli.output import echo, print_json
from ratetheory.verdict import exit_code


@click.command()
@click.argument("slugs", nargs=-1)
@click.option("--output", metavar="FILE", help="Write the file that states and proves the claim (one SLUG).")
@click.option("--force", is_flag=True, help="Replace the file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def prove(slugs: tuple[str, ...], output: str | None, force: bool, as_json: bool) -> int:
    """Prove the claims SLUGS, all for none, by the Rocq compiler.

    Each conclusion is stated as the registry has it and proved by applying the theorem of its name. A changed constant makes
    that fail.

    Exit code 0 if all conclusions are proved, 1 if one fails, 2 without the compiler, 3 if one has no proof.
    """
    from ratetheory.files import free_path, write_file
    from ratetheory.formal import rocq
    from ratetheory.formal.bridge import bridge_text, stated
    from ratetheory.formal.bridge import prove as run
    from ratetheory.formal.statements import Formal
    from ratetheory.witnesses import find_claims

    if output is not None and len(slugs) != 1:
        raise click.UsageError("--output FILE holds one claim: ratetheory prove SLUG --output FILE")
    chosen = find_claims(slugs)
    rocq.compiler()
    if output is not None:
        free_path(output, "output", force)
        ready = [one for one in (stated(chosen[0], c) for c in chosen[0].conclusions) if isinstance(one, Formal)]
        write_file(Path(output), bridge_text(chosen[0], ready).encode(), force)
    words, data = [], []
    for claim in chosen:
        found = run(claim)
        words += [one.status for one in found]
        data.append({"claim": claim.slug, "conclusions": [vars(one) for one in found]})
        if not as_json:
            for one in found:
                reason = f"  {' '.join(one.reason.split())[:200]}" if one.reason else ""
                echo(f"{claim.slug:<24}{one.conclusion:<28}{one.status:<8}{reason}")
    if as_json:
        print_json({"claims": data, "rocq": rocq.version()})
    return exit_code(words)
