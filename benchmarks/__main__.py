"""``python -m benchmarks``: measure everything, print the table, exit with 1 if a limit is exceeded."""

from __future__ import annotations

import sys

from benchmarks import bounds, enclosures, startup


def main() -> int:
    """Print one line a ratio."""
    found = [*startup.measure(), *bounds.measure(), *enclosures.measure()]
    print(f"{'what':<32} {'against':<14} {'ratio':>7} {'range':>16} {'limit':>6} {'time':>9}")
    for r in found:
        mark = "" if r.within else "  EXCEEDED"
        row = f"{r.name:<32} {r.reference:<14} {r.median:7.2f} {r.low:7.2f} - {r.high:6.2f} {r.limit:6.1f}"
        print(f"{row} {r.seconds * 1e3:6.1f} ms{mark}")
    print("\n".join(enclosures.agreement()))
    return 0 if all(r.within for r in found) else 1


sys.exit(main())
