"""Settings of all tests."""

import os
import re

# the tests run two at a time: threads of their own would only get in each other's way
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

# reproducible property tests without deadlines, since machines differ in speed
settings.register_profile("suite", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("suite")

_UNEXPECTED: list[str] = []


def pytest_addoption(parser):
    parser.addoption("--allowed-skips", metavar="REGEX", help="fail if a test skips for a reason that does not match")


def pytest_collection_modifyitems(items):
    """The derivations first: they are long, and a worker begins with neighbours, which share what ``derived`` remembers."""
    items.sort(key=lambda item: not item.path.name.startswith("test_derivation"))


def pytest_configure(config):
    config.pluginmanager.register(_Skips(config.getoption("--allowed-skips")))


class _Skips:
    """Remembers the tests that skipped for a reason that is not allowed."""

    def __init__(self, allowed):
        self.allowed = allowed

    def pytest_runtest_logreport(self, report):
        self._see(report)

    def pytest_collectreport(self, report):
        self._see(report)

    def _see(self, report):
        if self.allowed is None or not report.skipped or hasattr(report, "wasxfail"):
            return
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not re.search(self.allowed, reason):
            _UNEXPECTED.append(f"{report.nodeid}: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    if _UNEXPECTED:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    for line in _UNEXPECTED:
        terminalreporter.write_line(f"skipped, but had to run: {line}", red=True)
