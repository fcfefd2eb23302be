"""Start-up: import, one bound, the command line, each as a whole process against importing numpy."""

from __future__ import annotations

import sys

from benchmarks.timing import Ratio, process, python, ratios

_BOUND = "import ratetheory as rt; rt.bound_gd(squared_norm=1, learning_rate='1/10', smoothness=1, gap='1/2', steps=1000)"
_COMMAND = "bound gd --squared-norm 1 --learning-rate 0.1 --smoothness 1 --gap 0.5 --steps 1000 --json"


def measure(rounds: int = 15) -> list[Ratio]:
    """Ratios to ``python -c "import numpy"``."""
    runs = {
        "import numpy": python("import numpy"),
        "import ratetheory": python("import ratetheory"),
        "one bound in Python": python(_BOUND),
        "one bound on the command line": process(sys.executable, "-m", "ratetheory", *_COMMAND.split()),
    }
    limits = {"import ratetheory": 1.5, "one bound in Python": 2.0, "one bound on the command line": 2.5}
    return ratios(runs, "import numpy", limits, rounds)
