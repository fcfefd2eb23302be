"""Settings of all tests: reproducible property tests without deadlines (machines differ in speed)."""

from hypothesis import settings

settings.register_profile("suite", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("suite")
