"""A million bounds in one array call, against elementary functions on arrays of that size."""

from __future__ import annotations

from typing import Any

import numpy as np

import ratetheory as rt
from benchmarks.timing import Ratio, call, ratios
from ratetheory.claims.gd_rate import slope
from ratetheory.numeric import floats

COUNT = 1_000_000


def measure(rounds: int = 7) -> list[Ratio]:
    """Simple and two-phase bounds against twenty logarithms; all forms against forty slopes."""
    rng = np.random.default_rng(0)
    squared_norm, x = 10 ** rng.uniform(-3, 3, COUNT), rng.uniform(1, 2, COUNT)
    constants: dict[str, Any] = {"squared_norm": squared_norm, "learning_rate": 1.0, "smoothness": 1.0, "gap": 0.5}
    constants["steps"] = 1000
    runs = {
        "20 numpy.log": call(lambda: [np.log(x) for _ in range(20)]),
        "simple and two-phase": call(lambda: rt.bound_gd(**constants, method=("simple", "two-phase"))),
        "40 slopes": call(lambda: [slope(floats, squared_norm, x, 1.0) for _ in range(40)]),
        "all forms": call(lambda: rt.bound_gd(**constants)),
    }
    return [
        *ratios(
            {n: runs[n] for n in ("20 numpy.log", "simple and two-phase")},
            "20 numpy.log",
            {"simple and two-phase": 10.0},
            rounds,
        ),
        *ratios({n: runs[n] for n in ("40 slopes", "all forms")}, "40 slopes", {"all forms": 1.0}, rounds),
    ]
