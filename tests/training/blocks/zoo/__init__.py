"""Architectures, small: ``ZOO[name](eps)`` is a model and what it is called with. ``eps`` is that of every normalisation."""

from tests.training.blocks.zoo import connected, plain, sequences
from tests.training.blocks.zoo.from_configurations import FROM_TRANSFORMERS
from tests.training.blocks.zoo.groups import GROUPS
from tests.training.blocks.zoo.registry import ZOO, images, rows

__all__ = ["FROM_TRANSFORMERS", "GROUPS", "ZOO", "connected", "images", "plain", "rows", "sequences"]
