"""Claims of the user's own: what a claim's file imports, and how the file is read, judged and reported.

Reading order: ``formula`` (formulas read once, as data), ``writing`` (what a file states), ``data`` (the same as strict
JSON), ``read`` (runs the file), ``judge`` (puts the statement through the witnesses), ``limits`` (both in subprocesses),
``verify``. A file is run in one process; what comes out of it is its statement, as data; another process, which never saw the
file, judges that. So nothing that a file does can make a verdict.
"""

from __future__ import annotations

from ratetheory.claims.statement import Claim, Conclusion, Hypothesis, Letter
from ratetheory.own.writing import OwnClaim, Step, assume, claim

__all__ = ["Claim", "Conclusion", "Hypothesis", "Letter", "OwnClaim", "Step", "assume", "claim"]
