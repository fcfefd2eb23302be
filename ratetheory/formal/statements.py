"""The statement of a conclusion in Gallina, as the registry has it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ratetheory.claims.statement import Claim, Conclusion
from ratetheory.claims.symbols import SYMBOLS
from ratetheory.formal.letters import BINDERS, CHANCE, CIRCLE, FACTOR, Binder, Letters, hypothesis, sign
from ratetheory.formal.namespace import LONGEST, Gallina
from ratetheory.formal.terms import BLOCK, HORIZON, RUN, STEP, of_outcome, term

_AT_POINTS = {"point": ("positive_norms r",), "great-circle": ("positive_norms r", "full_gradient r")}
"""What settings at single points add: no block is zero there; and hypotheses speak of the very loss that the claim is about."""
_OURS = re.compile(r"\b(?:[A-Z]|c|nu|v)_\d+\b")
"""A variable that stands for a function without a closed form."""
_LOCAL = ("xi", "phi", "u", "v", "a")
"""Variables that belong to the point and not to the run."""


@dataclass(frozen=True)
class Formal:
    """A conclusion's statement, and the name of the theorem that proves it."""

    claim: str
    conclusion: str
    theorem: str
    text: str


def theorem_name(claim: Claim, conclusion: Conclusion) -> str:
    """The name of the theorem: claim and conclusion, with underscores."""
    return f"{claim.slug}_{conclusion.slug}".replace("-", "_")


def formal_statement(claim: Claim, conclusion: Conclusion) -> Formal:
    """The statement; ``ValueError`` where a letter or a function has no meaning in the formal development."""
    m, s = Gallina(), Letters()
    left, right = term(conclusion.left(m, s)), term(conclusion.right(m, s))
    if m.elsewhere_infinite is not None and (right is not m.elsewhere_infinite or conclusion.relation != "<="):
        raise ValueError("infinity: it has a meaning as the right side of an inequality alone")
    relation = {"==": "=", "<=": "<="}[conclusion.relation]
    hypotheses = [*claim.hypotheses, *conclusion.hypotheses]
    premises = [text for h in hypotheses if (text := hypothesis(h)) is not None]
    premises += _AT_POINTS.get(claim.setting, ())
    letters = list(dict.fromkeys([*s.used, *claim.symbols]))
    of_all = [CHANCE[h.gallina] for h in hypotheses if h.gallina in CHANCE] if m.chance else []
    read = _words([left.text, right.text, *premises, *of_all])
    kept = [name for name in letters if all(variable in read for variable, _ in BINDERS.get(name, ()))]
    premises += [text for name in kept if (text := sign(SYMBOLS[name])) is not None]
    premises = [*premises, *of_all, *m.variables.premises]
    words = _words([left.text, right.text, *premises])
    binders = [b for b in _binders(kept) if b[0] in words]
    own = [b for b in binders if b[0] in _LOCAL]
    outer = [("c", "chance s")] if m.chance else [(RUN, "run s")]
    outer += [("k", "constants s")] if "k" in words else []
    outer += [b for b in binders if b not in own] + m.variables.declared
    outer += [("omega", "path c")] if m.chance else []
    free = left.free | right.free
    kinds = ((LONGEST, "nat"), (HORIZON, "nat"), (STEP, "nat"), (BLOCK, "index s"))
    local = [(name, kind) for name, kind in kinds if name in free] + own
    last = [f"(0 < {HORIZON})%nat"] if HORIZON in free else []
    last += [f"({STEP} < {HORIZON})%nat"] if {STEP, HORIZON} <= free else []
    last += [CIRCLE] if "xi" in words else []
    last += [p for p in premises if p == FACTOR]
    lines = [_quantified([("s", "shape"), *outer])]
    lines += [f"  {_of_all(p) if m.chance else p} ->" for p in dict.fromkeys(premises) if p != FACTOR]
    lines += [f"  {_quantified(local)}"] if local else []
    lines += [f"  {p} ->" for p in last]
    end = f"  {left.text} {relation} {right.text}"
    lines.append(of_outcome(end, "omega") if m.chance else end)
    return Formal(claim.slug, conclusion.slug, theorem_name(claim, conclusion), "\n".join(lines))


def _of_all(premise: str) -> str:
    """A premise on the run as one on every outcome; one with a variable of ours is on the outcome that the statement names."""
    if RUN not in _words([premise]):
        return premise
    if _OURS.search(premise):
        return of_outcome(premise, "omega")
    return f"surely c (fun {RUN} : run s => {premise})"


def _words(texts: list[str]) -> set[str]:
    return set(re.findall(r"\w+", " ".join(texts)))


def _binders(letters: list[str]) -> list[Binder]:
    return list(dict.fromkeys(b for name in letters for b in BINDERS.get(name, ())))


def _quantified(variables: list[Binder]) -> str:
    return "forall " + " ".join(f"({name} : {kind})" for name, kind in variables) + ","
