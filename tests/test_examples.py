"""The examples run, and print what they promise."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
PROMISED = {
    "a_model.py": ["3.conv1.weight: 8 blocks of 72 entries, alone", "3.bn1.weight+3.bn1.bias: 1 blocks of 16 entries, joint"],
    "bound_a_rate.py": ["certified", "is reached within", "learning rate    1e-06"],
    "certify_checkpoints.py": ["0.weight[7]: held", "<= mean |G|^2 <="],
    "sweep_the_rates.py": ["bn: final losses", "over 1.0 decades (1 to 10)", "over 0 decades (0.1 alone)"],
    "verify_a_lemma.py": ["derivation: proved", "attack: survived", "overall: proved", "a tenth of the certificate: refuted"],
    "compare_a_run.py": ["norm-growth: held", "gd-rate: held", "effective learning rates"],
}


def test_every_example_is_run():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(PROMISED)


@pytest.mark.parametrize("name", list(PROMISED))
def test_example(name, capsys):
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    out = capsys.readouterr().out
    for text in PROMISED[name]:
        assert text in out
