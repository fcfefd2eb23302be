"""Write what ``ratetheory verify --budget 120`` finds into the README: ``python docs/verdicts.py``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ratetheory.witnesses import Verification, find_claims, verifications

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- verdicts: written by docs/verdicts.py -->", "<!-- end of verdicts -->"
BUDGET = 120.0


def table(done: list[Verification]) -> str:
    """A row a claim: what it says, where it is from, what each witness found."""
    titles = {claim.slug: claim for claim in find_claims([])}
    rows = ["| claim | statement | derivation | attack | formal | overall |", "|---|---|---|---|---|---|"]
    for verification in done:
        claim, attack = titles[verification.claim], verification.witness("attack")
        seen = f"{attack.status} {attack.evidence['instances']}" if attack.status == "survived" else attack.status
        derivation = verification.witness("derivation").status
        formal, title = verification.witness("formal").status, claim.title.replace("|", chr(92) + "|")
        rows.append(f"| `{claim.slug}` | {title} | {derivation} | {seen} | {formal} | {verification.status} |")
    return "\n".join(rows)


def reasons(done: list[Verification]) -> list[str]:
    """Why what is undecided is."""
    found = []
    for verification in done:
        derivation, attack = verification.witness("derivation"), verification.witness("attack")
        found += [
            f"`{verification.claim}`, {slug}: {conclusion['reason']}"
            for slug, conclusion in derivation.evidence.get("conclusions", {}).items()
            if conclusion["status"] != "proved"
        ]
        found += [
            f"`{verification.claim}`: {verdict.evidence['reason']}"
            for verdict in (derivation, attack)
            if verdict.status == "undecided" and "reason" in verdict.evidence
        ]
    return found


def main() -> int:
    """Verify everything and replace the part of the README between the two marks; 1 if something is refuted."""
    start = time.monotonic()
    done = list(verifications(find_claims([]), budget=BUDGET))
    open_questions = reasons(done)
    undecided = (
        "Undecided:\n\n" + "\n".join(f"- {line}" for line in open_questions) if open_questions else "Nothing is undecided."
    )
    text = README.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n{table(done)}\n\n{undecided}\n{END}{after}")
    print(f"{len(done)} claims in {time.monotonic() - start:.0f} s")
    return int(any(verification.status == "refuted" for verification in done))


if __name__ == "__main__":
    sys.exit(main())
