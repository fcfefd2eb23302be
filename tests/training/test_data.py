"""Splits of real images, and the files they come from."""

import gzip
import sys
from types import ModuleType

import numpy as np
import pytest
import torch

from ratetheory.training import data as module
from ratetheory.training.data import load_split
from ratetheory.training.idx import IDX_LIMIT, read_idx

CPU = torch.device("cpu")


def idx(array, magic=None, shape=None):
    """An array of bytes in the IDX format, written from its description."""
    header = magic if magic is not None else bytes([0, 0, 8, array.ndim])
    lengths = b"".join(int(n).to_bytes(4, "big") for n in (array.shape if shape is None else shape))
    return header + lengths + array.tobytes()


def write(path, content):
    path.write_bytes(gzip.compress(content))
    return path


def fashion(directory, train=30, test=10, labels=None):
    """Random images in the files of fashion-mnist."""
    generator = np.random.default_rng(0)
    for stem, number in (("train", train), ("t10k", test)):
        write(directory / f"{stem}-images-idx3-ubyte.gz", idx(generator.integers(0, 256, (number, 28, 28), dtype=np.uint8)))
        classes = np.arange(number, dtype=np.uint8) % 10 if labels is None else labels
        write(directory / f"{stem}-labels-idx1-ubyte.gz", idx(classes))
    return directory


def test_a_fifth_of_each_class_is_held_out_and_always_the_same():
    split, again = load_split("digits", CPU), load_split("digits", CPU)
    assert torch.equal(split.test.images, again.test.images)
    assert len(split.train.labels) + len(split.test.labels) == 1797
    for label in range(10):
        held, kept = ((part.labels == label).sum().item() for part in (split.test, split.train))
        assert held == round(0.2 * (held + kept))
    assert split.train.images.shape[1:] == (1, 8, 8)
    assert split.train.images.dtype == torch.float32
    assert split.train.images.mean().abs() < 1e-5
    assert split.train.images.std() == pytest.approx(1, abs=1e-3)


def test_held_out_images_are_not_trained_on():
    # numbered images: which sample is where can be told
    labels = np.repeat(np.arange(10), 7)
    (train, train_labels), (test, test_labels) = module._held_out(np.arange(70), labels)
    assert sorted([*train, *test]) == list(range(70))
    np.testing.assert_array_equal(labels[train], train_labels)
    np.testing.assert_array_equal(labels[test], test_labels)


def test_idx_files_give_the_array_that_was_written(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (3, 4, 5), dtype=np.uint8)
    np.testing.assert_array_equal(read_idx(write(tmp_path / "a.gz", idx(array)), 3), array)


BYTES = np.arange(6, dtype=np.uint8)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(idx(BYTES, magic=bytes([0, 0, 13, 1]))), "starts with 00000d01, not with 00000801"),
        (gzip.compress(idx(BYTES.reshape(2, 3))), "starts with 00000802"),
        (gzip.compress(b""), "starts with , not"),
        (gzip.compress(bytes([0, 0, 8, 1, 0])), "truncated in its header"),
        (gzip.compress(idx(BYTES, shape=(7,))), "fewer than the 7 bytes"),
        (gzip.compress(idx(BYTES, shape=(5,))), "more than the 5 bytes"),
        (gzip.compress(idx(BYTES, shape=(IDX_LIMIT + 1,))), f"at most {IDX_LIMIT} are allowed"),
        (gzip.compress(idx(BYTES))[:-9], "cannot be read (truncated"),
        (gzip.compress(idx(BYTES))[:-8] + bytes(8), "cannot be read (truncated, or not"),
        (idx(BYTES), "not compressed by gzip"),
    ],
    # a compressed file holds the time of day, which must not be part of a test's name
    ids=range(10),
)
def test_bad_idx_files_are_one_line(tmp_path, content, message):
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.gz: ") as error:
        read_idx(path, 1)
    assert message in str(error.value)


def test_a_bomb_is_not_unpacked(tmp_path):
    # 64 MB of zeros behind a header that promises six bytes
    with gzip.open(tmp_path / "a.gz", "wb", compresslevel=1) as file:
        file.write(idx(BYTES))
        for _ in range(4):
            file.write(bytes(2**24))
    with pytest.raises(ValueError, match="more than the 6 bytes"):
        read_idx(tmp_path / "a.gz", 1)


def test_fashion_mnist_is_read_from_its_directory(tmp_path):
    split = load_split("fashion-mnist", CPU, fashion(tmp_path))
    assert split.train.images.shape == (30, 1, 28, 28)
    assert split.test.labels.tolist() == list(range(10))
    assert split.train.classes == 10


@pytest.mark.skipif(not module.FASHION_MNIST.is_dir(), reason="needs Debian's package dataset-fashion-mnist")
def test_the_package_of_fashion_mnist():
    split = load_split("fashion-mnist", CPU)
    assert split.train.images.shape == (60000, 1, 28, 28)
    assert torch.bincount(split.test.labels).tolist() == [1000] * 10


def test_what_is_wrong_with_fashion_mnist_is_said(tmp_path):
    with pytest.raises(ValueError, match="install Debian's package dataset-fashion-mnist"):
        load_split("fashion-mnist", CPU, tmp_path / "nowhere")
    with pytest.raises(ValueError, match="as many images of 28 x 28 as labels"):
        load_split("fashion-mnist", CPU, fashion(tmp_path, labels=np.arange(7, dtype=np.uint8)))
    with pytest.raises(ValueError, match="labels up to 10"):
        load_split("fashion-mnist", CPU, fashion(tmp_path, 11, 11, labels=np.arange(11, dtype=np.uint8)))
    with pytest.raises(ValueError, match="data: 'imagenet' is not known; digits, mnist5k, fashion-mnist, cifar10"):
        load_split("imagenet", CPU)


class StandIn:
    """What torchvision's CIFAR10 looks like from outside."""

    def __init__(self, root, train, download):
        assert download is False
        if root != "here":
            raise RuntimeError("Dataset not found or corrupted. You can use download=True to download it")
        number = 40 if train else 20
        self.data = np.random.default_rng(train).integers(0, 256, (number, 32, 32, 3), dtype=np.uint8)
        self.targets = [i % 10 for i in range(number)]


@pytest.fixture
def torchvision(monkeypatch):
    stand_in = ModuleType("torchvision")
    stand_in.datasets = ModuleType("torchvision.datasets")
    stand_in.datasets.CIFAR10 = StandIn
    monkeypatch.setitem(sys.modules, "torchvision", stand_in)


def test_cifar10_comes_through_torchvision(torchvision):
    split = load_split("cifar10", CPU, module.Path("here"))
    assert split.train.images.shape == (40, 3, 32, 32)
    assert split.train.channels == 3
    # each channel is standardised, and rows are still rows: red of the first image, from the array as torchvision has it
    raw = StandIn("here", True, False).data[..., 0].astype(float)
    expected = (raw[0] - raw.mean()) / raw.std()
    np.testing.assert_allclose(split.train.images[0, 0].numpy(), expected, atol=1e-5)
    with pytest.raises(ValueError, match="finds no CIFAR-10 in elsewhere"):
        load_split("cifar10", CPU, module.Path("elsewhere"))


def test_without_torchvision_one_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(ValueError, match="cifar10 needs torchvision, which is not installed"):
        load_split("cifar10", CPU)
