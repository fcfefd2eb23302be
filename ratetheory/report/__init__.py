"""How results are shown: tables, figures, and one self-contained HTML page."""

from ratetheory.report.page import write_report

__all__ = ["write_report"]
