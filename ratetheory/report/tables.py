"""What the tables of the report say, as plain text: the template only places and escapes it."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ratetheory.claims import claims
from ratetheory.observation.apriori import Apriori
from ratetheory.observation.compare import Comparison
from ratetheory.observation.judge import Observation
from ratetheory.provenance import provenance
from ratetheory.verdict import Verdict
from ratetheory.witnesses import Verification

WORDS: dict[str, tuple[str, str, str]] = {
    "proved": ("good", "✓", "a derivation or a formal proof was checked step by step"),
    "held": (
        "good",
        "✓",
        "the run meets the hypotheses, and the claim holds wherever the precision decides",
    ),
    "survived": ("open", "○", "no counterexample was found; this proves nothing"),
    "refuted": ("bad", "✗", "a counterexample was found"),
    "violated": ("bad", "✗", "the run contradicts the claim beyond rounding"),
    "failed": ("bad", "✗", "the formal proof does not check"),
    "undecided": ("open", "?", "neither proved nor refuted"),
    "not resolvable": ("open", "?", "rounding hides what the claim says"),
    "not applicable": ("off", "–", "the run does not meet a hypothesis of the claim, so it says nothing about it"),
    "absent": ("off", "–", "there is no formal proof"),
}
"""For each word of the contract its colour, its mark and its meaning."""

NEED_CONSTANTS = {"L", "Lam", "M", "Gbar"}
"""Symbols of a claim whose values a run can only estimate."""

WITNESSES = ("derivation", "attack", "formal")


@dataclass(frozen=True)
class Cell:
    """A verdict: its word, a note that is always seen, and a longer reason behind it."""

    word: str
    note: str = ""
    reason: str = ""

    @property
    def kind(self) -> str:
        """The style class of the word."""
        return WORDS[self.word][0]

    @property
    def mark(self) -> str:
        """The sign beside the word, for readers who see no colour."""
        return WORDS[self.word][1]


def number(value: Any, digits: int = 3) -> str:
    """A number in few digits; decimal strings beyond the range of floats too."""
    if isinstance(value, str):
        return f"{Decimal(value):.{digits}g}"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.{digits}g}"


def run_labels(comparisons: Sequence[Comparison]) -> list[str]:
    """The name of each run; equal names get a number."""
    seen: Counter[str] = Counter()
    labels = []
    for comparison in comparisons:
        seen[comparison.name] += 1
        again = seen[comparison.name]
        labels.append(comparison.name if again == 1 else f"{comparison.name} ({again})")
    return labels


def verdict_rows(comparisons: Sequence[Comparison], verifications: Sequence[Verification]) -> list[dict[str, Any]]:
    """For each claim one cell for each witness and run; ``None`` where nothing was asked or a run can show nothing."""
    verified = {v.claim: v for v in verifications}
    observed = [{o.claim for o in c.observations} for c in comparisons]
    slugs = list(dict.fromkeys([*claims, *verified, *(slug for found in observed for slug in found)]))
    rows = []
    for slug in slugs:
        cells: list[Cell | None] = []
        if verifications:
            cells += [witness_cell(verified[slug], name) if slug in verified else None for name in WITNESSES]
        cells += [observation_cell(c, slug) if slug in found else None for c, found in zip(comparisons, observed, strict=True)]
        if any(cells):
            rows.append({"claim": slug, "title": claims[slug].title if slug in claims else "", "cells": cells})
    return rows


def witness_cell(verification: Verification, witness: str) -> Cell | None:
    """What a witness says; ``None`` if it was not heard."""
    verdict = next((v for v in verification.verdicts if v.witness == witness), None)
    if verdict is None:
        return None
    describe = {"derivation": _derivation, "attack": _attack}.get(witness, lambda v: Cell(v.status))
    return describe(verdict)


def _derivation(verdict: Verdict) -> Cell:
    conclusions: Mapping[str, Any] = verdict.evidence.get("conclusions", {})
    if verdict.status == "proved":
        return Cell("proved", f"{verdict.evidence['steps']} steps" if "steps" in verdict.evidence else "")
    open_ones = {slug: c for slug, c in conclusions.items() if c["status"] != "proved"}
    reasons = [f"{slug} is {c['status']}: {c.get('reason', '')}" for slug, c in open_ones.items()]
    return Cell(verdict.status, ", ".join(open_ones), "; ".join(reasons) or str(verdict.evidence.get("reason", "")))


def _attack(verdict: Verdict) -> Cell:
    evidence = verdict.evidence
    found = evidence.get("counterexample")
    if verdict.status == "refuted" and found is not None:
        note = f"{found['conclusion']} at step {found['violation']['step']}"
        return Cell("refuted", note, "counterexample: " + json.dumps(found, default=str))
    slacks = [c["slack"] for c in evidence.get("conclusions", {}).values() if c.get("slack") is not None]
    if verdict.status == "survived":
        note = f"{evidence['instances']:,} instances" if "instances" in evidence else ""
        return Cell("survived", note + (f", least slack {number(min(slacks), 1)}" if slacks else ""))
    return Cell(verdict.status, "", str(evidence.get("reason", "")))


def observation_cell(comparison: Comparison, claim: str) -> Cell:
    """One word for all that a run shows of a claim, with the first violation or the reason."""
    word = comparison.verdicts()[claim]
    found = [o for o in comparison.observations if o.claim == claim and o.status == word]
    if word == "violated":
        first = min(found, key=lambda o: -1 if o.step is None else o.step)
        place = f"first at step {first.step}, block {first.block} ({first.conclusion})"
        return Cell(word, ", ".join([place, *_supposed(comparison, claim)]))
    if word == "not applicable":
        return _inapplicable(found)
    if word == "not resolvable":
        reason = f"{found[0].reason or ''}{_place(found[0], ', ')}"
        return Cell(word, f"{found[0].conclusion}, {found[0].group}", reason)
    shares = [o.figures["resolved"] for o in found if o.figures and "resolved" in o.figures]
    # rounded down: 99.9% is not all
    notes = [f"{math.floor(100 * min(shares))}% resolved"] if shares else []
    return Cell(word, ", ".join(notes + _supposed(comparison, claim)))


def _supposed(comparison: Comparison, claim: str) -> list[str]:
    """What the word of a claim rests on where it needs constants of smoothness, which a run can only estimate."""
    if isinstance(comparison.apriori, str) or claim not in claims or not NEED_CONSTANTS & set(claims[claim].symbols):
        return []
    vacuous = claim == "gd-rate" and comparison.apriori.label == "vacuous"
    return ["constants estimated", *(["vacuous"] if vacuous else [])]


def _inapplicable(found: Sequence[Observation]) -> Cell:
    reasons = list(dict.fromkeys(str(o.reason) for o in found))
    hypotheses = dict.fromkeys(reason.partition(": ")[0] for reason in reasons)
    return Cell("not applicable", ", ".join(hypotheses), "; ".join(reasons))


def summaries(comparisons: Sequence[Comparison], verifications: Sequence[Verification]) -> list[str]:
    """How often each word stands in the verdict table."""
    lines = []
    if verifications:
        counted = Counter(v.status for v in verifications)
        lines.append(f"Derivation, attack and formal proof together, {len(verifications)} claims: {_counted(counted)}.")
    for label, comparison in zip(run_labels(comparisons), comparisons, strict=True):
        lines.append(f"Run {label}: {_counted(Counter(comparison.verdicts().values()))}.")
    return lines


def _counted(words: Counter[str]) -> str:
    return ", ".join(f"{words[word]} {word}" for word in WORDS if words[word]) or "no claim that it can show"


def run_claims(comparison: Comparison) -> list[dict[str, Any]]:
    """For each claim its cell and a row for each conclusion and group; no rows where the cell says it all."""
    found = []
    for slug in comparison.verdicts():
        cell = observation_cell(comparison, slug)
        rows = [] if cell.word == "not applicable" else [_row(o) for o in comparison.observations if o.claim == slug]
        found.append({"claim": slug, "title": claims[slug].title if slug in claims else "", "cell": cell, "rows": rows})
    return found


def _place(observation: Observation, before: str = "") -> str:
    return "" if observation.step is None else f"{before}first at step {observation.step}, block {observation.block}"


def _row(observation: Observation) -> dict[str, Any]:
    figures = observation.figures or {}
    note = f"{observation.reason}{_place(observation, ', ')}" if observation.reason else _place(observation)
    return {
        "conclusion": observation.conclusion,
        "group": observation.group,
        "cell": Cell(observation.status, note),
        "resolved": f"{math.floor(1000 * figures['resolved']) / 10:g}%" if "resolved" in figures else "",
        "worst": number(figures["worst"], 2) if "worst" in figures else "",
        "median": number(figures["median"], 2) if "median" in figures else "",
        "worst_block": figures.get("worst_block", ""),
        "dead": figures.get("dead", ""),
    }


def run_facts(comparison: Comparison) -> list[tuple[str, str]]:
    """What was run: the specification, the size of the record, and how the run ended."""
    run, sizes = comparison.trace.run, comparison.trace.dataset.sizes
    facts = [(key.replace("_", " "), "none" if value is None else str(value)) for key, value in run["specification"].items()]
    facts += [(key, str(run[key])) for key in ("samples", "device") if key in run and key not in run["specification"]]
    layers = len({str(block["layer"]) for block in run["blocks"]})
    facts.append(("recorded", f"{sizes['step']} steps of {sizes['block']} filters in {layers} layers"))
    if "status" in run:
        at = f" at step {run['diverged_at_step']}" if "diverged_at_step" in run else ""
        facts.append(("status", f"{run['status']}{at}" + (" (not finished)" if run["status"] == "running" else "")))
    return facts


def rate_rows(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """For each group the first and the last effective learning rate and their ratio."""
    return [
        (name, number(float(first), 4), number(float(last), 4), number(float(last / first), 4))
        for name, (first, last) in comparison.effective_rates.items()
    ]


def exponent_text(comparison: Comparison) -> str:
    """The fitted exponent with its interval, or why there is none."""
    e = comparison.exponent
    if e is None:
        return "not fitted: the run has fewer than 20 steps, or a gradient of zero"
    flat = "; the minimum never falls there" if e.value == 0 else ""
    return f"{e.value:.3f}, between {e.low:.3f} and {e.high:.3f} (95%, T from {e.first} to {e.last}{flat})"


def apriori_table(apriori: Apriori) -> dict[str, Any]:
    """The bound from estimated constants beside what was observed, and the constants."""
    value, root = apriori.bound.value, apriori.bound.gradient_norm
    rows = [
        ("squared gradient norm", number(value), number(apriori.observed), _ratio(value, apriori.observed)),
        ("gradient norm", number(root), number(math.sqrt(apriori.observed)), _ratio(root, math.sqrt(apriori.observed))),
    ]
    return {
        "label": apriori.label,
        "rows": rows,
        "steps": str(apriori.bound.steps),
        "informative_from": number(math.ceil(apriori.informative_from) if apriori.informative_from < 1e15 else math.inf, 4),
        "says_more": apriori.informative_from < int(apriori.bound.steps),
        "method": str(apriori.bound.method) + (", shared budget" if apriori.bound.shared_budget else ""),
        "total": number(apriori.bound.total),
        "constants": [(name, _distinct(value)) for name, value in apriori.constants.items()],
    }


def _ratio(bound: Any, observed: float) -> str:
    return number(float(bound) / observed) if observed > 0 else "∞ (observed 0)"


def _distinct(value: Any) -> str:
    """A number, or the range of one a block."""
    values = [float(entry) for entry in (value if hasattr(value, "__len__") else [value])]
    low, high = number(min(values), 4), number(max(values), 4)
    return low if low == high else f"{low} to {high}"


def provenance_rows(
    comparisons: Sequence[Comparison], verifications: Sequence[Verification]
) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Columns (this report, each run) and for each fact one entry a column."""
    seeds = sorted({v.seed for one in verifications for v in one.verdicts if v.seed is not None})
    report = {**provenance(), "seed": f"attack: {', '.join(map(str, seeds))}" if seeds else None}
    sources = [report, *(c.trace.run.get("provenance", {}) for c in comparisons)]
    facts = ("version", "commit", "seed", "threads", "libraries")
    return ["this report", *run_labels(comparisons)], [(fact, [_fact(s.get(fact)) for s in sources]) for fact in facts]


def _fact(value: Any) -> str:
    if value is None:
        return "not recorded"
    return ", ".join(f"{name} {entry}" for name, entry in value.items()) if isinstance(value, Mapping) else str(value)
