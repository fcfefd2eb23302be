"""``python -m ratetheory``."""

from ratetheory.cli import main

main()
