"""The bridge: a file that states a claim as the registry has it and proves each conclusion by the theorem of its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ratetheory.claims.statement import Claim, Conclusion
from ratetheory.formal import rocq
from ratetheory.formal.statements import Formal, formal_statement, theorem_name

_THEOREM = re.compile(r"^\s*(?:Theorem|Lemma|Corollary)\s+(\w+)", re.MULTILINE)
AXIOMS = (
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
)
"""The axioms of the standard library's real numbers and of functions: all that a proof may rest on."""


@dataclass(frozen=True)
class Proof:
    """What became of one conclusion: ``proved``, ``failed`` (with the compiler's words) or ``absent`` (with what is missing).

    ``statement`` is its text in Gallina, empty where it has none.
    """

    conclusion: str
    theorem: str
    status: str
    reason: str = ""
    statement: str = ""


@cache
def theorems() -> dict[str, str]:
    """The names of all theorems, each with the file that it stands in."""
    return {name: path.name for path in rocq.files() for name in _THEOREM.findall(path.read_text())}


def bridge_text(claim: Claim, statements: Sequence[Formal]) -> str:
    """The file that states and proves conclusions of a claim, and prints the axioms that each proof rests on."""
    libraries = " ".join(path.stem for path in rocq.files())
    parts = [
        f"""(** {claim.slug}: {claim.title} *)
From Coq Require Import Reals.
From Coquelicot Require Import Coquelicot.
From Ratetheory Require Import {libraries}.
Local Open Scope R_scope.
"""
    ]
    for formal in statements:
        name = formal.conclusion.replace("-", "_")
        parts.append(
            f"""Definition {name}_statement : Prop :=
{formal.text}.

Theorem {name} : {name}_statement.
Proof. unfold {name}_statement. by_theorem {formal.theorem}. Qed.
Print Assumptions {name}.
"""
        )
    return "\n".join(parts)


def stated(claim: Claim, conclusion: Conclusion) -> Formal | Proof:
    """The statement of a conclusion that has a theorem of its name, else what is missing."""
    name = theorem_name(claim, conclusion)
    try:
        formal = formal_statement(claim, conclusion)
    except ValueError as error:
        return Proof(conclusion.slug, name, "absent", str(error))
    if name not in theorems():
        return Proof(conclusion.slug, name, "absent", f"there is no theorem {name}", formal.text)
    return formal


def prove(claim: Claim) -> list[Proof]:
    """State all conclusions of a claim as the registry has them, and prove each by its theorem.

    Raises ``MissingRocq`` without a compiler, ``ValueError`` if the proofs do not compile.
    """
    found = [stated(claim, conclusion) for conclusion in claim.conclusions]
    ready = [one for one in found if isinstance(one, Formal)]
    whole = _compiled(claim, ready) if ready else ""
    return [one if isinstance(one, Proof) else _proof(claim, one, not whole) for one in found]


def _proof(claim: Claim, formal: Formal, proved: bool) -> Proof:
    refusal = "" if proved else _compiled(claim, [formal])
    return Proof(formal.conclusion, formal.theorem, "failed" if refusal else "proved", refusal, formal.text)


def _compiled(claim: Claim, statements: Sequence[Formal]) -> str:
    """Why the bridge of these conclusions is refused; nothing if it is not."""
    answer = rocq.compile_text(bridge_text(claim, statements))
    if not answer.accepted:
        return answer.output
    foreign = [axiom for axiom in axioms(answer.output, len(statements)) if axiom not in AXIOMS]
    return f"the proof rests on {', '.join(foreign)}" if foreign else ""


def axioms(output: str, answers: int) -> list[str]:
    """The axioms in the answers of so many ``Print Assumptions``, each once.

    ``ValueError`` unless the output holds so many answers.
    """
    found = len(re.findall(r"^(?:Axioms:|Closed under the global context)", output, re.MULTILINE))
    if found != answers:
        raise ValueError(f"the compiler listed the assumptions of {found} theorems, not of {answers}: {output[:200]}")
    return list(dict.fromkeys(re.findall(r"^([\w.]+)\s*:(?!$)", output, re.MULTILINE)))
