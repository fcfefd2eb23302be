"""The audit of the proofs, ``python -m ratetheory.formal.audit``: nothing is assumed, nothing has been weakened.

- The sources, read: no admitted proof, no axiom, no guard switched off.
- The build, and the kernel's own checker over all our modules.
- The axioms that all theorems together rest on: those of the standard library's real numbers and functions, no other.
- Every theorem's statement and every definition that gives it its meaning, against the committed ``statements.golden``.
- The bridge of every claim; the verdicts and the table of ``README.md`` are made anew.

``--check`` changes no file: verdicts, table and statements must be those that are committed.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ratetheory.claims import claims
from ratetheory.formal import rocq, verdicts
from ratetheory.formal.bridge import AXIOMS, Proof, axioms, prove, theorems
from ratetheory.formal.table import readme_with

GOLDEN = "statements.golden"
_COMMENT = re.compile(r"\(\*.*?\*\)", re.DOTALL)
_FORBIDDEN = re.compile(
    r"\b(Admitted|admit|give_up|Axioms?|Parameters?|Conjectures?|bypass_check|native_compute)\b"
    r"|Unset\s+(Guard|Positivity|Universe)\s+Check|-type-in-type|Declare\s+ML"
)
_LOCAL = re.compile(r"^\s*(Hypothes[ie]s|Variables?|Context)\b")
_SECTION, _END = re.compile(r"^\s*(Section|Module)\s+\w+"), re.compile(r"^\s*End\s+\w+\s*\.")
_NAMED = re.compile(r"^\s*(Theorem|Definition|Fixpoint|Record|Inductive)\s+(\w+)", re.MULTILINE)


def forbidden(path: Path) -> list[str]:
    """What a source file must not hold, line by line: assumptions, and hypotheses outside of a section (which are axioms)."""
    text = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), path.read_text())
    found, depth = [], 0
    for number, line in enumerate(text.splitlines(), 1):
        depth += bool(_SECTION.match(line)) - bool(_END.match(line))
        match = _FORBIDDEN.search(line) or (_LOCAL.match(line) if depth < 1 else None)
        if match:
            found.append(f"{path.name}:{number}: {match[0].strip()} is not allowed")
    return found


def statements() -> str:
    """The statements of all theorems and the definitions that they speak of, as the compiler prints them."""
    names = [match for path in rocq.files() for match in _NAMED.findall(path.read_text())]
    commands = [f"Check {name}." if kind == "Theorem" else f"Print {name}." for kind, name in names]
    answer = _asked("Set Printing Width 120.\n" + "\n".join(commands))
    return re.sub(r"^Arguments .*\n(?: .*\n)*", "", answer + "\n", flags=re.MULTILINE)


def assumptions() -> list[str]:
    """The axioms that the theorems rest on."""
    every = ", ".join(f"@{name}" for name in theorems())
    return axioms(_asked(f"Definition every_theorem := ({every}).\nPrint Assumptions every_theorem."), 1)


def _asked(commands: str) -> str:
    libraries = " ".join(path.stem for path in rocq.files())
    head = "From Coq Require Import Reals.\nFrom Coquelicot Require Import Coquelicot.\n"
    answer = rocq.compile_text(f"{head}From Ratetheory Require Import {libraries}.\n{commands}\n")
    if not answer.accepted:
        raise ValueError(f"the compiler refused the question: {answer.output[:500]}")
    return answer.output


def checked_again() -> str:
    """What the kernel's own checker says against our modules; nothing if it accepts them."""
    modules = [word for path in rocq.files() for word in ("-norec", f"Ratetheory.{path.stem}")]
    command = ["coqchk", "-silent", "-Q", str(rocq.built()), "Ratetheory", *modules]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stdout + done.stderr)[-500:]


def _step(said: str, faults: Sequence[str], since: float) -> list[str]:
    print(f"{said:<58} {'ok' if not faults else 'FAILED':<7} {time.monotonic() - since:5.1f} s", flush=True)
    for fault in faults:
        print(f"  {fault}")
    return list(faults)


def audit(check: bool) -> list[str]:
    """All faults; with ``check`` also files that are not as they would be made anew."""
    faults, root = [], rocq.sources()
    start = time.monotonic()
    faults += _step("sources: nothing admitted or assumed", [f for path in rocq.files() for f in forbidden(path)], start)
    start = time.monotonic()
    rocq.built()
    faults += _step(f"build: {len(rocq.files())} files, Rocq {rocq.version()}", [], start)
    start = time.monotonic()
    again = checked_again()
    faults += _step("the kernel's checker", [again] if again else [], start)
    start = time.monotonic()
    foreign = [axiom for axiom in assumptions() if axiom not in AXIOMS]
    faults += _step(f"axioms of {len(theorems())} theorems", [f"{axiom} is assumed" for axiom in foreign], start)
    start = time.monotonic()
    faults += _step("statements as in statements.golden", _kept(root / GOLDEN, statements(), check=True), start)
    start = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found: dict[str, list[Proof]] = dict(zip(claims, pool.map(prove, claims.values()), strict=True))
    failed = [
        f"{slug}: {one.conclusion}: {one.reason}" for slug, proofs in found.items() for one in proofs if one.status == "failed"
    ]
    proved = sum(one.status == "proved" for proofs in found.values() for one in proofs)
    count = sum(map(len, found.values()))
    faults += _step(f"bridge: {proved} of {count} conclusions of the registry proved", failed, start)
    record = verdicts.as_record(found)
    faults += _kept(root / verdicts.NAME, json.dumps(record, indent=1) + "\n", check)
    return faults + _kept(root / "README.md", readme_with((root / "README.md").read_text(), found), check)


def _kept(path: Path, content: str, check: bool) -> list[str]:
    """Write a file that is made anew; with ``check`` say instead how it differs from the one that is there."""
    old = path.read_text() if path.exists() else ""
    if old == content:
        return []
    if not check:
        path.write_text(content)
        return []
    lines = difflib.unified_diff(old.splitlines(), content.splitlines(), path.name, "made anew", lineterm="", n=0)
    return [f"{path.name} is not what it should be:", *list(lines)[:40]]


def main() -> int:
    """Audit; 0 if nothing is wrong."""
    parser = argparse.ArgumentParser(description="Audit the proofs.")
    parser.add_argument("--check", action="store_true", help="change no file; say what differs")
    parser.add_argument("--accept", action="store_true", help="write the statements as they are now to statements.golden")
    options = parser.parse_args()
    try:
        if options.accept:
            (rocq.sources() / GOLDEN).write_text(statements())
        return 1 if audit(options.check) else 0
    except rocq.MissingRocq as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
