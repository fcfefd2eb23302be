"""Every mutant by its name; each family of claims has its module."""

from __future__ import annotations

from tests.mutants import adagrad_norm, bn_neuron, equilibria, gradient_descent, sgd, updates, worst_case
from tests.mutants.mutant import Mutant

MODULES = (gradient_descent, sgd, updates, equilibria, bn_neuron, worst_case, adagrad_norm)
MUTANTS: dict[str, Mutant] = {mutant.name: mutant for module in MODULES for family in module.FAMILIES for mutant in family()}
