"""Convergence theory of scale-invariant training: certified bounds, checked lemmas, real networks held against them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# the registry is light, and this import makes the name stand for it, not for the package
from ratetheory.claims import claims as claims

__version__ = "0.1.0"

_PUBLIC = {
    "RateMonitor": "ratetheory.training.monitor",
    "faults": "ratetheory.observation.faults",
    "load_blocks": "ratetheory.observation.families",
    "save_blocks": "ratetheory.observation.families",
    "AdagradBound": "ratetheory.numeric.adagrad",
    "Bound": "ratetheory.numeric.bound",
    "Equilibrium": "ratetheory.numeric.equilibria",
    "Constants": "ratetheory.numeric.constants",
    "bound_adagrad_norm": "ratetheory.numeric.adagrad",
    "bound_gd": "ratetheory.numeric.bound",
    "bound_sgd": "ratetheory.numeric.sgd",
    "certify": "ratetheory.training.certify",
    "check_certificate": "ratetheory.numeric.certificate_file",
    "compare": "ratetheory.observation.compare",
    "derive": "ratetheory.symbolic",
    "equilibrium": "ratetheory.numeric.equilibria",
    "find_blocks": "ratetheory.training.blocks",
    "load_constants": "ratetheory.numeric.constants",
    "load_trace": "ratetheory.observation.trace",
    "neuron_constants": "ratetheory.numeric.smoothed_bn",
    "sgd_observed": "ratetheory.numeric.sgd_log",
    "train": "ratetheory.training.train",
    "verify": "ratetheory.witnesses",
    "verify_file": "ratetheory.own.verify",
}

__all__ = ["__version__", "claims", *_PUBLIC]

if TYPE_CHECKING:
    from ratetheory.numeric.adagrad import AdagradBound as AdagradBound
    from ratetheory.numeric.adagrad import bound_adagrad_norm as bound_adagrad_norm
    from ratetheory.numeric.bound import Bound as Bound
    from ratetheory.numeric.bound import bound_gd as bound_gd
    from ratetheory.numeric.certificate_file import check_certificate as check_certificate
    from ratetheory.numeric.constants import Constants as Constants
    from ratetheory.numeric.constants import load_constants as load_constants
    from ratetheory.numeric.equilibria import Equilibrium as Equilibrium
    from ratetheory.numeric.equilibria import equilibrium as equilibrium


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'ratetheory' has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
