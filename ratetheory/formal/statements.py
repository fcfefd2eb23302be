"""The statement of a conclusion in Gallina, as the registry has it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ratetheory.claims.statement import Claim, Conclusion
from ratetheory.claims.symbols import SYMBOLS
from ratetheory.formal.letters import BINDERS, CIRCLE, FACTOR, Binder, Letters, hypothesis, sign
from ratetheory.formal.namespace import Gallina
from ratetheory.formal.terms import BLOCK, HORIZON, STEP, term

_AT_POINTS = {"point": ("positive_norms r",), "great-circle": ("positive_norms r", "full_gradient r")}
"""What settings at single points add: no block is zero there; and hypotheses speak of the very loss that the claim is about."""
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
    relation = {"==": "=", "<=": "<="}[conclusion.relation]
    premises = [text for h in (*claim.hypotheses, *conclusion.hypotheses) if (text := hypothesis(h)) is not None]
    premises += _AT_POINTS.get(claim.setting, ())
    letters = list(dict.fromkeys([*s.used, *claim.symbols]))
    read = _words([left.text, right.text, *premises])
    kept = [name for name in letters if all(variable in read for variable, _ in BINDERS.get(name, ()))]
    premises += [text for name in kept if (text := sign(SYMBOLS[name])) is not None]
    premises += m.variables.premises
    words = _words([left.text, right.text, *premises])
    binders = [b for b in _binders(kept) if b[0] in words]
    own = [b for b in binders if b[0] in _LOCAL]
    outer = [("k", "constants s")] if "k" in words else []
    outer += [b for b in binders if b not in own] + m.variables.declared
    free = left.free | right.free
    kinds = ((HORIZON, "nat"), (STEP, "nat"), (BLOCK, "index s"))
    local = [(name, kind) for name, kind in kinds if name in free] + own
    last = [f"(0 < {HORIZON})%nat"] if HORIZON in free else []
    last += [CIRCLE] if "xi" in words else []
    last += [p for p in premises if p == FACTOR]
    lines = [_quantified([("s", "shape"), ("r", "run s"), *outer])]
    lines += [f"  {p} ->" for p in dict.fromkeys(premises) if p != FACTOR]
    lines += [f"  {_quantified(local)}"] if local else []
    lines += [f"  {p} ->" for p in last]
    lines.append(f"  {left.text} {relation} {right.text}")
    return Formal(claim.slug, conclusion.slug, theorem_name(claim, conclusion), "\n".join(lines))


def _words(texts: list[str]) -> set[str]:
    return set(re.findall(r"\w+", " ".join(texts)))


def _binders(letters: list[str]) -> list[Binder]:
    return list(dict.fromkeys(b for name in letters for b in BINDERS.get(name, ())))


def _quantified(variables: list[Binder]) -> str:
    return "forall " + " ".join(f"({name} : {kind})" for name, kind in variables) + ","
