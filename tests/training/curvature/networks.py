"""Small networks in double precision with their tables, and dense matrices as oracles, written without the package."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ratetheory.observation.families import Blocks, Family, Member


@dataclass
class Case:
    model: nn.Module
    loss: Callable[[nn.Module], torch.Tensor]
    blocks: Blocks


def family(name, parts, dimension, *members, verdict="alone", dead=()):
    entries = tuple(Member(*m) for m in members)
    return Family(name, verdict, "filter", parts, dimension, entries, "made by hand", dead=dead)


def conv_bn(eps=1e-30):
    """Two convolutions with batch normalisation and affine parameters; lengths of the filters far from one."""
    torch.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv2d(1, 2, 2, bias=False), nn.BatchNorm2d(2, eps=eps), nn.Tanh()),
        *(nn.Conv2d(2, 3, 1, bias=False), nn.BatchNorm2d(3, eps=eps), nn.Tanh()),
        *(nn.Flatten(), nn.Linear(12, 2)),
    ).double()
    with torch.no_grad():
        model[0].weight *= torch.tensor([3.0, 0.2]).view(2, 1, 1, 1)
    x, y = torch.randn(30, 1, 3, 3, dtype=torch.float64), torch.randint(2, (30,))
    blocks = Blocks((family("a", 2, 4, ("0.weight", 0, 0, 2)), family("b", 3, 2, ("3.weight", 0, 0, 3))))
    return Case(model, lambda m: nn.functional.cross_entropy(m(x), y), blocks)


def deep_bn():
    """As the first, large enough that no spectrum is taken whole."""
    torch.manual_seed(1)
    model = nn.Sequential(
        *(nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4, eps=1e-30), nn.SiLU()),
        *(nn.Conv2d(4, 5, 2, bias=False), nn.BatchNorm2d(5, eps=1e-30), nn.SiLU()),
        *(nn.Flatten(), nn.Linear(20, 5)),
    ).double()
    x, y = torch.randn(60, 1, 5, 5, dtype=torch.float64), torch.randint(5, (60,))
    blocks = Blocks((family("a", 4, 9, ("0.weight", 0, 0, 4)), family("b", 5, 16, ("3.weight", 0, 0, 5))))
    return Case(model, lambda m: nn.functional.cross_entropy(m(x), y), blocks)


class _LayerNormMLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(5, 6, bias=False), nn.Linear(6, 3)

    def forward(self, x):
        return self.last(torch.tanh(nn.functional.layer_norm(self.first(x), (6,), eps=1e-30)))


def layer_norm_mlp():
    torch.manual_seed(2)
    model = _LayerNormMLP().double()
    x, y = torch.randn(20, 5, dtype=torch.float64), torch.randint(3, (20,))
    return Case(
        model,
        lambda m: nn.functional.cross_entropy(m(x), y),
        Blocks((family("first", 1, 30, ("first.weight", 0, 0, 6)),)),
    )


class _Residual(nn.Module):
    """A residual branch: what is added before the normalisation is invariant only together."""

    def __init__(self):
        super().__init__()
        self.stem, self.branch, self.head = (nn.Linear(i, o, bias=False) for i, o in ((4, 5), (4, 5), (5, 2)))
        self.norm = nn.BatchNorm1d(5, eps=1e-30)

    def forward(self, x):
        return self.head(torch.tanh(self.norm(self.stem(x) + self.branch(torch.sin(x)))))


def joint():
    torch.manual_seed(3)
    model = _Residual().double()
    x, y = torch.randn(25, 4, dtype=torch.float64), torch.randint(2, (25,))
    both = family("stem+branch", 5, 8, ("stem.weight", 0, 0, 5), ("branch.weight", 0, 0, 5), verdict="joint")
    return Case(model, lambda m: nn.functional.cross_entropy(m(x), y), Blocks((both,)))


def transposed():
    """A transposed convolution: its filters are slices along axis 1."""
    torch.manual_seed(4)
    model = nn.Sequential(
        nn.ConvTranspose2d(2, 3, 2, bias=False), nn.BatchNorm2d(3, eps=1e-30), nn.Tanh(), nn.Flatten(), nn.Linear(27, 2)
    ).double()
    x, y = torch.randn(20, 2, 2, 2, dtype=torch.float64), torch.randint(2, (20,))
    return Case(model, lambda m: nn.functional.cross_entropy(m(x), y), Blocks((family("up", 3, 8, ("0.weight", 1, 0, 3)),)))


def with_dead():
    """As ``conv_bn``, with a filter whose gain is zero, and one whose weights are."""
    case = conv_bn(eps=1e-5)
    with torch.no_grad():
        case.model[4].weight[1] = 0
        case.model[3].weight[1] = 0
    case.blocks = Blocks((case.blocks.families[0], family("b", 3, 2, ("3.weight", 0, 0, 3), dead=(1,))))
    return case


def called_dead():
    """As ``conv_bn``, with a filter that the table leaves out though it moves."""
    case = conv_bn()
    case.blocks = Blocks((case.blocks.families[0], family("b", 3, 2, ("3.weight", 0, 0, 3), dead=(1,))))
    return case


def fused():
    """One matrix of which the first rows are normalised and the others are not."""

    class Fused(nn.Module):
        def __init__(self):
            super().__init__()
            self.both, self.head = nn.Linear(3, 7, bias=False), nn.Linear(7, 2)
            self.norm = nn.BatchNorm1d(4, eps=1e-30)

        def forward(self, x):
            y = self.both(x)
            return self.head(torch.tanh(torch.cat([self.norm(y[:, :4]), y[:, 4:]], dim=1)))

    torch.manual_seed(5)
    model = Fused().double()
    x, y = torch.randn(20, 3, dtype=torch.float64), torch.randint(2, (20,))
    return Case(
        model, lambda m: nn.functional.cross_entropy(m(x), y), Blocks((family("both", 4, 3, ("both.weight", 0, 0, 4)),))
    )


CASES = {f.__name__: f for f in (conv_bn, deep_bn, layer_norm_mlp, joint, transposed, with_dead, called_dead, fused)}


def dense(case, training=True):
    """The Hessian over all parameters by torch.func, and the weights; the mode is the oracle's own."""
    names = [n for n, _ in case.model.named_parameters()]
    sizes = [p.numel() for p in case.model.parameters()]
    shapes = [p.shape for p in case.model.parameters()]
    buffers = {n: b.clone() for n, b in case.model.named_buffers()}
    case.model.train(training)

    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.m = case.model

        def forward(self):
            return case.loss(self.m)

    wrapped = Wrapped()

    def loss(flat):
        values = {f"m.{n}": p.view(s) for n, p, s in zip(names, flat.split(sizes), shapes, strict=True)}
        kept = {f"m.{n}": b.clone() for n, b in buffers.items()}
        return torch.func.functional_call(wrapped, {**values, **kept}, ())

    flat = torch.cat([p.detach().flatten() for p in case.model.parameters()])
    hessian = torch.autograd.functional.hessian(loss, flat).numpy()
    case.model.train()
    return flat.numpy(), hessian


def entries(case):
    """For each live block the places of its entries in the flat vector, those of the scale-variant weights, and the dead."""
    first, places = 0, {}
    for name, p in case.model.named_parameters():
        places[name] = np.arange(first, first + p.numel()).reshape(p.shape)
        first += p.numel()
    live, dead = [], []
    for f in case.blocks.families:
        for j in range(f.parts):
            pieces = []
            for m in f.members:
                width = (m.stop - m.start) // f.parts
                chosen = np.arange(m.start + j * width, m.start + (j + 1) * width)
                pieces.append(np.take(places[m.parameter], chosen, axis=m.axis).ravel())
            (dead if j in f.dead else live).append(np.concatenate(pieces))
    others = np.setdiff1d(np.arange(first), np.concatenate([*live, *dead]))
    return live, others, dead


def on_tangents(weights, hessian, blocks):
    """The Hessian at the normalised weights in an orthonormal basis of the tangents of the blocks."""
    columns = []
    for block in blocks:
        w = weights[block]
        norm = np.linalg.norm(w)
        basis = np.linalg.svd(w[None])[2][1:]
        for tangent in basis:
            column = np.zeros(len(weights))
            column[block] = norm * tangent
            columns.append(column)
    E = np.array(columns)
    return E @ hessian @ E.T
