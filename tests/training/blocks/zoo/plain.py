"""Plain nets."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.training.blocks.zoo.registry import entry, head, images, rows


@entry
def mlp_batch_norm(eps):
    return nn.Sequential(
        nn.Linear(5, 6), nn.BatchNorm1d(6, eps), nn.ReLU(), nn.Linear(6, 4), nn.BatchNorm1d(4, eps), nn.Tanh(), nn.Linear(4, 3)
    ), rows(8, 5)


@entry
def vgg(eps):
    layers: list[nn.Module] = []
    channels = 3
    for width in (4, 6):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width, eps), nn.ReLU(inplace=True)]
        channels = width
    return nn.Sequential(*layers, nn.MaxPool2d(2), *head(6)), images()


@entry
def no_affine(eps):
    return nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4, eps, affine=False), nn.GELU(), *head(4)), images()


@entry
def evaluation_mode(eps):
    model, batch = vgg(eps)
    for layer in (model[1], model[4]):
        layer.running_mean += torch.linspace(-0.2, 0.3, layer.num_features)
    return model.eval(), batch


@entry
def one_batch_norm_in_evaluation_mode(eps):
    model, batch = vgg(eps)
    model[1].running_mean += torch.tensor([0.1, -0.2, 0.3, 0.05])
    model[1].eval()
    return model, batch


@entry
def frozen(eps):
    model, batch = vgg(eps)
    model[0].requires_grad_(False)
    return model, batch


@entry
def convolution_1d(eps):
    return nn.Sequential(nn.Conv1d(3, 4, 3), nn.BatchNorm1d(4, eps), nn.SiLU(), nn.Flatten(), nn.Linear(16, 2)), rows(5, 3, 6)


@entry
def convolution_3d(eps):
    return nn.Sequential(nn.Conv3d(2, 3, 2), nn.BatchNorm3d(3, eps), nn.ReLU(), nn.Flatten(), nn.Linear(24, 2)), rows(
        4, 2, 3, 3, 3
    )


@entry
def transposed(eps):
    return nn.Sequential(
        nn.ConvTranspose2d(3, 5, 3), nn.BatchNorm2d(5, eps), nn.ReLU(), nn.ConvTranspose2d(5, 2, 2), nn.Tanh()
    ), images(4, 3, 4)


@entry
def depthwise(eps):
    return nn.Sequential(
        nn.Conv2d(3, 6, 1, bias=False),
        nn.BatchNorm2d(6, eps),
        nn.ReLU(),
        nn.Conv2d(6, 6, 3, padding=1, groups=6, bias=False),
        nn.BatchNorm2d(6, eps),
        nn.ReLU(),
        nn.Conv2d(6, 4, 1, bias=False),
        nn.BatchNorm2d(4, eps),
        *head(4),
    ), images()


@entry
def depthwise_without_shift(eps):
    class Gain(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(5, 1, 1))

        def forward(self, x):
            return x * self.weight

    return nn.Sequential(
        nn.Conv2d(3, 5, 3, bias=False),
        nn.BatchNorm2d(5, eps, affine=False),
        Gain(),
        nn.ReLU(),
        nn.Conv2d(5, 5, 3, groups=5),
        nn.BatchNorm2d(5, eps),
        *head(5),
    ), images()


@entry
def group_norm(eps):
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, bias=False),
        nn.GroupNorm(3, 6, eps),
        nn.ReLU(),
        nn.Conv2d(6, 4, 1, bias=False),
        nn.GroupNorm(2, 4, eps),
        nn.Sigmoid(),
        *head(4),
    ), images()


@entry
def biases_before_group_norm(eps):
    return nn.Sequential(nn.Conv2d(3, 6, 3), nn.GroupNorm(3, 6, eps), nn.Softplus(), *head(6)), images()


@entry
def grouped_convolution(eps):
    return nn.Sequential(nn.Conv2d(4, 6, 3, groups=2), nn.BatchNorm2d(6, eps), nn.ELU(), *head(6)), images(4, 4)


@entry
def instance_norm(eps):
    return nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.InstanceNorm2d(4, eps, affine=True),
        nn.Tanh(),
        nn.Conv2d(4, 3, 1),
        nn.InstanceNorm2d(3, eps),
        nn.ReLU(),
        *head(3),
    ), images()


@entry
def layer_norm_of_images(eps):
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False),
        nn.LayerNorm([4, 4, 4], eps),
        nn.ReLU(),
        nn.Conv2d(4, 5, 2),
        nn.LayerNorm([5, 3, 3], eps),
        nn.GELU(),
        nn.Flatten(),
        nn.Linear(45, 3),
    ), images()


@entry
def rms_norm(eps):
    return nn.Sequential(
        nn.Linear(5, 6, bias=False),
        nn.RMSNorm(6, eps),
        nn.GELU(),
        nn.Linear(6, 6),
        nn.RMSNorm(6, eps),
        nn.Tanh(),
        nn.Linear(6, 2),
    ), rows(7, 5)


@entry
def functional_norms(eps):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(5, 6, bias=False), nn.Linear(6, 6, bias=False)
            self.c = nn.Linear(6, 6, bias=False)

        def forward(self, x):
            h = F.batch_norm(self.a(x), None, None, training=True, eps=eps).tanh()
            h = F.layer_norm(self.b(h), (6,), eps=eps).tanh()
            return F.normalize(self.c(h), dim=-1)

    return Net(), rows(8, 5)


@entry
def own_norm(eps):
    class OwnNorm(nn.Module):
        def __init__(self):
            super().__init__()
            self.epsilon = eps
            self.gain = nn.Parameter(torch.ones(6))

        def forward(self, x):
            centred = x - x.mean(0)
            return self.gain * centred / torch.sqrt(centred.pow(2).mean(0) + self.epsilon)

    return nn.Sequential(nn.Linear(5, 6), OwnNorm(), nn.Sigmoid(), nn.Linear(6, 2)), rows(8, 5)


@entry
def old_weight_norm(eps):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.Sequential(
            nn.utils.weight_norm(nn.Linear(5, 6)), nn.Tanh(), nn.utils.weight_norm(nn.Linear(6, 3), dim=None)
        ), rows(6, 5)


@entry
def new_weight_norm(eps):
    wn = nn.utils.parametrizations.weight_norm
    return nn.Sequential(
        wn(nn.Conv2d(3, 4, 3)), nn.Tanh(), wn(nn.Conv2d(4, 4, 2)), nn.BatchNorm2d(4, eps), nn.Tanh(), *head(4)
    ), images()


@entry
def spectral_norm(eps):
    sn = nn.utils.parametrizations.spectral_norm
    return nn.Sequential(sn(nn.Linear(5, 6)), nn.Tanh(), sn(nn.Linear(6, 4)), nn.BatchNorm1d(4, eps), nn.Tanh()), rows(6, 5)


@entry
def no_normalisation(eps):
    return nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3)), rows(6, 5)


@entry
def cosine_classifier(eps):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(nn.Linear(5, 6, bias=False), nn.ReLU(), nn.Linear(6, 4, bias=False))
            self.classes = nn.Parameter(torch.randn(3, 4))

        def forward(self, x):
            return F.normalize(self.features(x), dim=1) @ F.normalize(self.classes, dim=1).T

    return Net(), rows(6, 5)


@entry
def nearly_clipped(eps):
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False),
        nn.BatchNorm2d(4, eps),
        nn.ReLU6(),
        nn.Conv2d(4, 4, 1, bias=False),
        nn.BatchNorm2d(4, eps),
        nn.Hardswish(),
        *head(4),
    ), images()


@entry
def parametric_relu(eps):
    return nn.Sequential(
        nn.Linear(5, 6, bias=False), nn.PReLU(), nn.Linear(6, 6, bias=False), nn.LayerNorm(6, eps), nn.Tanh(), nn.Linear(6, 2)
    ), rows(6, 5)


@entry
def dropped_out(eps):
    return nn.Sequential(
        nn.Linear(5, 8),
        nn.BatchNorm1d(8, eps),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(8, 8),
        nn.BatchNorm1d(8, eps),
        nn.Tanh(),
        nn.Linear(8, 3),
    ), rows(16, 5)
