"""Residual and connected nets."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.training.blocks.zoo.plain import vgg
from tests.training.blocks.zoo.registry import entry, head, images, rows


class Block(nn.Module):
    """A residual block in either order."""

    def __init__(self, inputs: int, width: int, eps: float, before: bool):
        super().__init__()
        self.before = before
        self.conv1 = nn.Conv2d(inputs, width, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(inputs if before else width, eps)
        self.bn2 = nn.BatchNorm2d(width, eps)
        self.shortcut: nn.Module | None = None
        if inputs != width:
            convolution = nn.Conv2d(inputs, width, 1, bias=False)
            self.shortcut = convolution if before else nn.Sequential(convolution, nn.BatchNorm2d(width, eps))

    def forward(self, x):
        if self.before:
            h = F.relu(self.bn1(x))
            skip = x if self.shortcut is None else self.shortcut(h)
            return self.conv2(F.relu(self.bn2(self.conv1(h)))) + skip
        skip = x if self.shortcut is None else self.shortcut(x)
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + skip)


@entry
def resnet(eps):
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False),
        nn.BatchNorm2d(4, eps),
        nn.ReLU(),
        Block(4, 4, eps, False),
        Block(4, 6, eps, False),
        *head(6),
    ), images()


@entry
def preactivation_resnet(eps):
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False),
        Block(4, 4, eps, True),
        Block(4, 6, eps, True),
        nn.BatchNorm2d(6, eps),
        nn.ReLU(),
        *head(6),
    ), images()


@entry
def zero_gain_resnet(eps):
    model, batch = resnet(eps)
    nn.init.zeros_(model[3].bn2.weight)
    nn.init.zeros_(model[4].bn2.weight)
    return model, batch


@entry
def densenet(eps):
    class Dense(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 3, 3, padding=1, bias=False)
            self.norms = nn.ModuleList(nn.BatchNorm2d(3 + 2 * i, eps) for i in range(3))
            self.convs = nn.ModuleList(nn.Conv2d(3 + 2 * i, 2, 3, padding=1, bias=False) for i in range(2))
            self.last = nn.Linear(7, 2)

        def forward(self, x):
            features = [self.stem(x)]
            for norm, conv in zip(self.norms, self.convs, strict=False):
                features.append(conv(F.relu(norm(torch.cat(features, 1)))))
            return self.last(F.relu(self.norms[2](torch.cat(features, 1))).mean((2, 3)))

    return Dense(), images()


@entry
def u_net(eps):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.down = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4, eps), nn.ReLU())
            self.middle = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4, eps), nn.ReLU())
            self.up = nn.ConvTranspose2d(4, 4, 2, stride=2)
            self.join = nn.Sequential(nn.Conv2d(8, 4, 1), nn.BatchNorm2d(4, eps), nn.ReLU())
            self.last = nn.Conv2d(4, 2, 1)

        def forward(self, x):
            a = self.down(x)
            return self.last(self.join(torch.cat([a, self.up(self.middle(a))], 1)))

    return Net(), images()


@entry
def squeeze_and_excitation(eps):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.bn = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, eps)
            self.squeeze, self.excite = nn.Linear(4, 2), nn.Linear(2, 4)
            self.last = nn.Linear(4, 2)
            nn.init.constant_(self.squeeze.bias, 1.0)  # no unit is dead

        def forward(self, x):
            h = self.bn(self.conv(x))
            gate = torch.sigmoid(self.excite(F.relu(self.squeeze(h.mean((2, 3))))))
            return self.last(F.relu(h * gate[:, :, None, None]).mean((2, 3)))

    return Net(), images()


@entry
def dead_filters(eps):
    model, batch = vgg(eps)
    with torch.no_grad():
        model[1].weight[1] = 0
        model[1].bias[2] = -30
        model[4].bias[0] = -30
    return model, batch


@entry
def overlapping_groups(eps):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Linear(5, 6, bias=False)
            self.up, self.down = nn.Linear(5, 7, bias=False), nn.Linear(7, 6, bias=False)
            self.norm = nn.LayerNorm(6, eps, elementwise_affine=False)
            self.last = nn.Linear(6, 2)

        def forward(self, x):
            return self.last(torch.tanh(self.norm(self.embed(x) + self.down(F.relu(self.up(x))))))

    return Net(), rows(6, 5)


@entry
def control_flow(eps):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.bn = nn.Linear(5, 6), nn.BatchNorm1d(6, eps)
            self.b, self.ln = nn.Linear(6, 6, bias=False), nn.LayerNorm(6, eps)
            self.last = nn.Linear(6, 2)

        def forward(self, x):
            h = self.bn(self.a(x))
            if float(h.abs().sum()) > 1e9:
                return self.last(h)
            for _ in range(int(h.shape[0] > 3) + 1):
                h = torch.tanh(self.ln(self.b(h)))
            return self.last(h)

    return Net(), rows(6, 5)


@entry
def unused_parameter(eps):
    model, batch = vgg(eps)
    model.register_parameter("left_over", nn.Parameter(torch.ones(3)))
    return model, batch


@entry
def shared_weight(eps):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(6, 6, bias=False)
            self.b = nn.Linear(6, 6, bias=False)
            self.b.weight = self.a.weight
            self.n1, self.n2 = nn.LayerNorm(6, eps), nn.LayerNorm(6, eps)

        def forward(self, x):
            return torch.tanh(self.n2(self.b(torch.tanh(self.n1(self.a(x))))))

    return Net(), rows(6, 6)
