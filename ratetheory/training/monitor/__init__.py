"""Watching every scale-invariant block at every step, for nearly nothing."""

from ratetheory.training.monitor.rate_monitor import RateMonitor as RateMonitor
