"""Few small images, so that a run takes milliseconds."""

import pytest
import torch

from ratetheory.training.data import Images, Split, load_split


@pytest.fixture(scope="session")
def split():
    """A few of the digits."""
    full = load_split("digits", torch.device("cpu"))
    return Split(Images(full.train.images[:150], full.train.labels[:150]), full.test)
