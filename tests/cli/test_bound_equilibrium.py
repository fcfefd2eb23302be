"""``ratetheory bound equilibrium``."""

import json

import pytest

import ratetheory as rt
from tests.cli.run import ratetheory, refused

HEAVY_BALL = (
    "--method",
    "heavy-ball",
    "--learning-rate",
    "0.1",
    "--decay",
    "5e-4",
    "--momentum",
    "0.9",
    "--squared-gradient",
    "1",
)


def test_it_prints_what_the_function_returns():
    out = ratetheory("bound", "equilibrium", *HEAVY_BALL).out
    found = rt.equilibrium("heavy-ball", learning_rate="0.1", decay="5e-4", momentum="0.9", squared_gradient=1)
    for value in (found.norm, found.effective_rate, found.rotation, found.first_order, found.time_constant):
        assert f"{value.value!s}  in [{value.enclosure[0]}, {value.enclosure[1]}]" in out
    assert "no bound" in out
    assert "uncorrelated-gradient" in out


def test_json_has_every_field_and_where_it_comes_from():
    content = json.loads(ratetheory("bound", "equilibrium", *HEAVY_BALL, "--json").out)
    assert content["constants"]["decay"] == "1/2000"
    assert content["trust"] == "certified"
    assert content["norm"]["enclosure"][0] < content["norm"]["enclosure"][1]
    assert "version" in content["provenance"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (("--decay", "10"), "decay"),
        (("--decay", "1e-4000"), "decay: '1e-4000' is not allowed; allowed: at least 1e-500"),
        (("--learning-rate", "1e-501"), "learning_rate: '1e-501' is not allowed; allowed: at least 1e-500"),
        (("--momentum", "1"), "momentum"),
        (("--momentum", "x"), "momentum"),
        (("--method", "adam"), "method"),
        (("--method", "sgd"), "momentum"),
        (("--beta1", "0.9"), "beta1"),
    ],
)
def test_bad_input_is_one_line(changes, message):
    assert message in refused("bound", "equilibrium", *HEAVY_BALL, *changes)
