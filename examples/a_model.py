"""A network for ``ratetheory blocks`` and ``ratetheory curvature``: functions that return it with its data."""

import torch
from torch import nn

from ratetheory.training.data import load_images


class Residual(nn.Module):
    """Two convolutions with batch normalisation beside the identity, in the usual order."""

    def __init__(self, filters: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(filters, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters)
        self.conv2, self.bn2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The block of He et al. 2016."""
        return torch.relu(x + self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x))))))


def network() -> nn.Module:
    """A small residual network for 8 x 8 images."""
    torch.manual_seed(0)
    stem = [nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()]
    return nn.Sequential(*stem, Residual(8), nn.Flatten(), nn.Linear(8 * 16, 10))


def with_batch() -> tuple[nn.Module, torch.Tensor]:
    """The network and a batch: what ``ratetheory blocks`` asks for."""
    return network(), load_images("digits", torch.float32, torch.device("cpu")).images[:32]


def with_loss() -> tuple[nn.Module, object]:
    """The network and its loss on all digits: what ``ratetheory curvature`` asks for."""
    data = load_images("digits", torch.float64, torch.device("cpu"))

    def loss(model: nn.Module) -> torch.Tensor:
        return nn.functional.cross_entropy(model(data.images), data.labels)

    return network(), loss


if __name__ == "__main__":
    from ratetheory import find_blocks

    for family in find_blocks(*with_batch()).invariant:
        print(f"{family.name}: {family.parts} blocks of {family.dimension} entries, {family.verdict}")
