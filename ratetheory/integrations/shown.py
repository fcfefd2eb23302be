"""What the loggers are shown of a monitor."""

from __future__ import annotations

from collections.abc import Mapping


def effective_rates(latest: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The median effective rate of each layer, of ``RateMonitor.latest``, under ``effective_rate/<layer>``."""
    return {f"effective_rate/{layer}": values["effective_rate"] for layer, values in latest.items()}
