"""The table of claims and theorems in ``proofs/README.md``, made from what the compiler said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ratetheory.formal import rocq
from ratetheory.formal.bridge import Proof, theorems

BEGIN, END = "<!-- table of claims, made by make proofs -->", "<!-- end of the table -->"


def table(found: Mapping[str, Sequence[Proof]]) -> str:
    """One line a conclusion: claim, conclusion, theorem with file and line, what the bridge says."""
    rows = ["| claim | conclusion | theorem | bridge |", "|---|---|---|---|"]
    for slug, proofs in found.items():
        for one in proofs:
            said = one.status if one.status == "proved" else f"{one.status}: {_short(one.reason)}"
            rows.append(f"| {slug} | {one.conclusion} | {_place(one.theorem)} | {said} |")
    return "\n".join(rows)


def readme_with(text: str, found: Mapping[str, Sequence[Proof]]) -> str:
    """The page with the table made anew; ``ValueError`` if it has no place for it."""
    if BEGIN not in text or END not in text:
        raise ValueError("proofs/README.md: the place of the table is not marked")
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{table(found)}\n\n{END}{rest.partition(END)[2]}"


def _place(theorem: str) -> str:
    name = theorems().get(theorem)
    if name is None:
        return "–"
    lines = (rocq.sources() / name).read_text().splitlines()
    line = next(n for n, text in enumerate(lines, 1) if re.match(rf"\s*(?:Theorem|Lemma|Corollary)\s+{theorem}\b", text))
    return f"`{theorem}` [{name}:{line}]({name}#L{line})"


def _short(reason: str) -> str:
    return " ".join(reason.split())[:120].replace("|", "\\|")
