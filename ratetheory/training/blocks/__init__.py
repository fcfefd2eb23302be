"""Which weights of any PyTorch model are scale-invariant, found by trying: ``find_blocks``."""

from ratetheory.training.blocks.find import find_blocks

__all__ = ["find_blocks"]
