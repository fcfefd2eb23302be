"""The formal verdicts: what a run of the compiler said, kept by the hashes of the sources and of each statement.

``proofs/verdicts.json`` serves users without the compiler. A verdict counts only for the very sources and the very statement
that it was given for: after any change of either it is ``absent``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ratetheory.claims.statement import Claim
from ratetheory.files import write_file
from ratetheory.formal import rocq
from ratetheory.formal.bridge import Proof
from ratetheory.formal.statements import formal_statement
from ratetheory.verdict import Verdict

SCHEMA = "ratetheory-proofs"
NAME = "verdicts.json"
STALE = "not checked since it was changed: make proofs, or ratetheory prove"


def text_hash(text: str) -> str:
    """The hash of a statement."""
    return hashlib.sha256(text.encode()).hexdigest()


def as_record(found: Mapping[str, Sequence[Proof]]) -> dict[str, Any]:
    """The verdicts of claims as plain data, with the hashes that they hold for."""
    claims = {
        slug: {
            one.conclusion: {"theorem": one.theorem, "status": one.status, "statement": text_hash(one.statement)}
            | ({} if one.status == "proved" else {"reason": " ".join(one.reason.split())[:200]})
            for one in proofs
        }
        for slug, proofs in found.items()
    }
    return {"schema": SCHEMA, "sources": rocq.source_hash(), "rocq": rocq.version(), "claims": claims}


def write(record: Mapping[str, Any]) -> None:
    """Keep verdicts beside the sources."""
    write_file(rocq.sources() / NAME, (json.dumps(record, indent=1) + "\n").encode())


@cache
def recorded() -> Mapping[str, Any]:
    """The kept verdicts; empty where there are none."""
    try:
        found = json.loads((rocq.sources() / NAME).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else {}


def formal_verdict(claim: Claim) -> Verdict:
    """``proved`` if every conclusion was, for these very sources and this very statement; what is missing otherwise."""
    record = recorded()
    fresh = bool(record) and record.get("sources") == rocq.source_hash()
    kept = record.get("claims", {}).get(claim.slug, {})
    statuses = {c.slug: _status(claim, c.slug, kept.get(c.slug, {}), fresh) for c in claim.conclusions}
    words = [status for status, _ in statuses.values()]
    overall = "failed" if "failed" in words else "proved" if set(words) == {"proved"} else "absent"
    evidence = {"conclusions": {name: {"status": status, "reason": reason} for name, (status, reason) in statuses.items()}}
    return Verdict(claim.slug, "formal", overall, evidence)


def _status(claim: Claim, slug: str, kept: Mapping[str, str], fresh: bool) -> tuple[str, str]:
    if kept.get("status") not in ("proved", "failed"):
        return "absent", kept.get("reason", "there is no formal proof")
    try:
        text = formal_statement(claim, claim.conclusion(slug)).text
    except ValueError as error:
        return "absent", str(error)
    if not fresh or kept.get("statement") != text_hash(text):
        return "absent", STALE
    return kept["status"], kept.get("reason", "")
