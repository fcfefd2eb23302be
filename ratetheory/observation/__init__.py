"""What a run recorded, and what it shows of the claims. No torch here."""

from ratetheory.observation.csv_log import load_csv
from ratetheory.observation.trace import Trace, load_trace

__all__ = ["Trace", "load_csv", "load_trace"]
