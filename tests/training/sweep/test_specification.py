"""What may be asked of a sweep."""

import re
from dataclasses import replace

import pytest

from ratetheory.training.sweep.specification import SweepSpec, checked, rates_between, specification_from


def test_defaults_cover_six_decades_with_two_points_each():
    spec = checked(SweepSpec())
    assert spec.rates[0] == 1e-3
    assert spec.rates[-1] == 1e3
    assert len(spec.rates) == 13
    assert spec.optimizers == ("gd", "sgd")
    assert checked(SweepSpec(data="fashion-mnist")).optimizers == ("sgd",)
    assert len(spec.cells()) == 2 * 2 * 13 * len(spec.scale_variant_rates)
    assert len({cell.name for cell in spec.cells()}) == len(spec.cells())


def test_rates_are_even_in_the_logarithm_and_short():
    assert rates_between(0.01, 1, 5) == (0.01, 0.03162, 0.1, 0.3162, 1.0)


def test_plain_data_give_the_specification_back():
    spec = checked(SweepSpec(rates=(3, 0.1), seeds=2, optimizers=("sgd",)))
    assert spec.rates == (0.1, 3.0)
    assert specification_from(spec.as_dict()) == spec


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("data", "imagenet", "data: 'imagenet' is not known; digits"),
        ("optimizers", ("adam",), "optimizers: 'adam' is not known"),
        ("optimizers", (), "optimizers: none: at least one"),
        ("networks", ("bn", "bn"), "networks: bn, bn: at least one is needed, and none twice"),
        ("networks", ("resnet",), "networks: 'resnet'"),
        ("rates", (), "rates: none"),
        ("rates", (0.1, 0.1), "none twice"),
        ("rates", (0.1, float("nan")), "rates: nan is not allowed; positive finite"),
        ("rates", (float("inf"),), "rates: inf"),
        ("rates", (0.0,), "rates: 0.0"),
        ("scale_variant_rates", (-1.0,), "scale_variant_rates: -1.0"),
        ("gd_steps", 0, "gd_steps: 0 is not allowed"),
        ("sgd_steps", 2.5, "sgd_steps: 2.5 is not allowed"),
        ("batch_size", 1, "batch_size: 1"),
        ("seeds", 0, "seeds: 0"),
        ("rates", rates_between(1e-9, 1e9, 9000), "runs are not allowed; at most 100000"),
        ("device", "abacus", "device: 'abacus' is not available"),
    ],
)
def test_what_is_not_allowed_is_named(field, value, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        checked(replace(SweepSpec(), **{field: value}))


@pytest.mark.parametrize("content", [None, [], {}, {"data": "digits"}, {**SweepSpec().as_dict(), "more": 1}])
def test_foreign_data_are_no_specification(content):
    with pytest.raises(ValueError, match="its specification does not have the fields"):
        specification_from(content)


@pytest.mark.parametrize("wrong", [{"rates": "0.1"}, {"rates": [[1]]}, {"rates": 3}, {"seeds": "2"}, {"data": ["digits"]}])
def test_wrong_types_are_no_specification(wrong):
    with pytest.raises(ValueError, match=r"not allowed|does not have the types|is not known"):
        specification_from({**checked(SweepSpec()).as_dict(), **wrong})
