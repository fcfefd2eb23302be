"""One lemma before all witnesses; then a false version of it."""

from dataclasses import replace

import ratetheory as rt
from ratetheory.attack.search import attack

verification = rt.verify("growth-certificate")
for verdict in verification.verdicts:
    print(f"{verdict.witness}: {verdict.status}")
print(f"overall: {verification.status}")

# a false lemma: a tenth of the certificate
claim = rt.claims["growth-certificate"]
upper = claim.conclusion("upper")
false = replace(upper, right=lambda m, s: upper.right(m, s) / 10)
refuted = attack(replace(claim, conclusions=(false,)))
print(f"a tenth of the certificate: {refuted.status}")
print(f"by {refuted.evidence['counterexample']['instance']}")
