"""The IDX format of MNIST and its kin, compressed by gzip: read with checks, and never more than its header promises."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

IDX_LIMIT = 2**28
"""Largest array that is read, in bytes; the images of Fashion-MNIST are 47 million."""
_UNSIGNED_BYTE = 8


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """The array of unsigned bytes in a gzipped IDX file, with so many dimensions.

    Two zero bytes, the type, the number of dimensions, each length as 4 bytes with the highest first, then the entries in C
    order (LeCun, Cortes and Burges' description of MNIST). ``ValueError``: no such file, another type or shape, too large,
    truncated, or with more behind it.
    """
    try:
        with gzip.open(path, "rb") as file:
            header = file.read(4 + 4 * dimensions)
            magic = bytes((0, 0, _UNSIGNED_BYTE, dimensions))
            if header[:4] != magic:
                raise ValueError(f"{path}: starts with {header[:4].hex()}, not with {magic.hex()}; an IDX file is expected")
            if len(header) < 4 + 4 * dimensions:
                raise ValueError(f"{path}: truncated in its header")
            shape = tuple(int(length) for length in np.frombuffer(header[4:], ">u4"))
            size = math.prod(shape)
            if size > IDX_LIMIT:
                raise ValueError(f"{path}: promises {size} bytes; at most {IDX_LIMIT} are allowed")
            # one byte more than promised, to see whether there is more
            content = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "truncated, or not compressed by gzip"
        raise ValueError(f"{path}: cannot be read ({reason})") from None
    if len(content) != size:
        raise ValueError(f"{path}: {'more' if len(content) > size else 'fewer'} than the {size} bytes that its header promises")
    return np.frombuffer(content, np.uint8).reshape(shape)
