"""Families of the arenas of gradient descent, by name, for the tests."""

from ratetheory.attack.arenas import arena_of
from ratetheory.attack.instances import Family, Instances

DESCENT = ("point", "great-circle", "trajectory", "step-inequality")
FAMILIES: dict[str, Family] = {family.name: family for setting in DESCENT for family in arena_of(setting).families}


def families(setting) -> tuple[Family, ...]:
    return arena_of(setting).families


def sample(setting, family, count, steps, rng) -> Instances:
    return arena_of(setting).sample(family, count, steps, rng)
