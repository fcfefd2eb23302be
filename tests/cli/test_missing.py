"""What is said where an optional dependency is not installed."""

import re
import tomllib
from pathlib import Path

import pytest

from ratetheory import cli
from tests.cli.run import refused

DISTRIBUTIONS = {"sklearn": "scikit-learn"}


def test_every_optional_dependency_stands_under_the_extra_that_it_comes_with():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    extras = {
        extra: {re.split("[<>=]", requirement)[0] for requirement in requirements}
        for extra, requirements in project["optional-dependencies"].items()
        if extra != "development"
    }
    known = {extra: {DISTRIBUTIONS.get(module, module) for module in modules} for extra, modules in cli.EXTRAS.items()}
    assert all(known[extra] <= extras[extra] for extra in extras)
    assert set().union(*known.values()) == set().union(*extras.values())


@pytest.mark.parametrize(
    ("module", "hint"),
    [
        ("joblib", "joblib is not installed; what needs it comes with: pip install 'ratetheory[distribution]'"),
        ("torch.nn", "torch is not installed; what needs it comes with: pip install 'ratetheory[training]'"),
        ("matplotlib", "pip install 'ratetheory[report]'"),
        ("safetensors", "pip install 'ratetheory[integrations]'"),
        ("of_the_user", "of_the_user is not installed\n"),
    ],
)
def test_the_hint_names_the_extra(module, hint, monkeypatch):
    def missing(*_, **__):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(cli.ratetheory, "main", missing)
    assert hint in refused("claims")
