"""Architectures, small: ``ZOO[name](eps)`` is a model and what it is called with. ``eps`` is that of every normalisation."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

Built = tuple[nn.Module, Any]
ZOO: dict[str, Callable[[float], Built]] = {}


def entry(build: Callable[[float], Built]) -> Callable[[float], Built]:
    ZOO[build.__name__] = build
    return build


def images(n: int = 4, channels: int = 3, side: int = 6) -> torch.Tensor:
    return torch.randn(n, channels, side, side, generator=torch.Generator().manual_seed(11))


def rows(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(12))


def head(channels: int, classes: int = 3) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * channels, classes)]


# --- plain nets -----------------------------------------------------------------------------------------------------------


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


# --- residual and connected nets ------------------------------------------------------------------------------------------


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


# --- recurrent nets and Transformers --------------------------------------------------------------------------------------


@entry
def lstm(eps):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.ln = nn.LSTM(4, 5, batch_first=True), nn.LayerNorm(5, eps)

        def forward(self, x):
            return self.ln(self.lstm(x)[0])

    return Net(), rows(3, 4, 4)


@entry
def mixer(eps):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.patch = nn.Linear(5, 6)
            self.n1, self.n2 = nn.LayerNorm(6, eps), nn.LayerNorm(6, eps)
            self.tokens, self.channels = nn.Linear(4, 4), nn.Linear(6, 6)
            self.last = nn.Linear(6, 2)

        def forward(self, x):
            x = self.patch(x)
            x = x + F.gelu(self.tokens(self.n1(x).transpose(1, 2))).transpose(1, 2)
            x = x + F.gelu(self.channels(self.n2(x)))
            return self.last(x.mean(1))

    return Net(), rows(3, 4, 5)


@entry
def post_norm_transformer(eps):
    layer = nn.TransformerEncoderLayer(8, 2, 10, dropout=0.1, layer_norm_eps=eps, batch_first=True)
    return nn.Sequential(layer, nn.Linear(8, 3)), rows(3, 4, 8)


@entry
def pre_norm_transformer(eps):
    layer = nn.TransformerEncoderLayer(8, 2, 10, dropout=0.0, layer_norm_eps=eps, batch_first=True, norm_first=True)
    return nn.Sequential(layer, nn.LayerNorm(8, eps), nn.Linear(8, 3)), rows(3, 4, 8)


class QKNorm(nn.Module):
    """Attention with normalised queries and keys: separate or fused projections, fewer key heads on request."""

    def __init__(self, eps: float, fused: bool, key_heads: int = 2, bias: bool = False):
        super().__init__()
        self.key_heads, self.fused = key_heads, fused
        if fused:
            self.qkv = nn.Linear(6, 8 + 8 * key_heads, bias=bias)
        else:
            self.q, self.k = nn.Linear(6, 8, bias=bias), nn.Linear(6, 4 * key_heads, bias=bias)
            self.v = nn.Linear(6, 4 * key_heads, bias=bias)
        self.q_norm, self.k_norm = nn.RMSNorm(4, eps), nn.RMSNorm(4, eps)
        self.out = nn.Linear(8, 6, bias=False)

    def forward(self, x):
        n, t, _ = x.shape
        width = 4 * self.key_heads
        q, k, v = self.qkv(x).split([8, width, width], -1) if self.fused else (self.q(x), self.k(x), self.v(x))
        q = self.q_norm(q.reshape(n, t, 2, 4)).transpose(1, 2)
        k = self.k_norm(k.reshape(n, t, self.key_heads, 4)).transpose(1, 2)
        v = v.reshape(n, t, self.key_heads, 4).transpose(1, 2)
        if self.key_heads == 1:
            k, v = k.expand(-1, 2, -1, -1), v.expand(-1, 2, -1, -1)
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, 8))


@entry
def normalised_queries_and_keys(eps):
    return QKNorm(eps, fused=False), rows(3, 4, 6)


@entry
def fused_queries_keys_values(eps):
    return QKNorm(eps, fused=True), rows(3, 4, 6)


@entry
def fused_with_bias(eps):
    return QKNorm(eps, fused=True, bias=True), rows(3, 4, 6)


@entry
def grouped_queries(eps):
    return QKNorm(eps, fused=True, key_heads=1), rows(3, 4, 6)


@entry
def embeddings(eps):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.word, self.place = nn.Embedding(20, 6), nn.Embedding(5, 6)
            self.norm, self.last = nn.LayerNorm(6, eps), nn.Linear(6, 2)

        def forward(self, tokens):
            return self.last(torch.tanh(self.norm(self.word(tokens) + self.place.weight)))

    return Net(), torch.randint(0, 20, (3, 5), generator=torch.Generator().manual_seed(3))


@entry
def embeddings_into_batch_norm(eps):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.word, self.norm, self.last = nn.Embedding(20, 6), nn.BatchNorm1d(6, eps), nn.Linear(6, 2)

        def forward(self, tokens):
            return self.last(torch.tanh(self.norm(self.word(tokens).flatten(0, 1))))

    return Net(), torch.randint(0, 20, (3, 5), generator=torch.Generator().manual_seed(3))


@entry
def tied_embeddings(eps):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.word, self.norm = nn.Embedding(20, 6), nn.LayerNorm(6, eps)
            self.out = nn.Linear(6, 20, bias=False)
            self.out.weight = self.word.weight

        def forward(self, tokens):
            return self.out(self.norm(self.word(tokens)))

    return Net(), torch.randint(0, 20, (3, 5), generator=torch.Generator().manual_seed(3))


# --- from configurations of the transformers package ----------------------------------------------------------------------


def _tokens() -> dict[str, torch.Tensor]:
    return {"input_ids": torch.randint(0, 30, (2, 5), generator=torch.Generator().manual_seed(4))}


def _from(name: str, model: str, batch: dict[str, torch.Tensor], **settings: Any) -> Built:
    import transformers

    config = getattr(transformers, f"{name}Config")(**settings)
    return getattr(transformers, model)(config).train(), batch


_SMALL = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 10, "vocab_size": 30}


@entry
def bert(eps):
    return _from("Bert", "BertModel", _tokens(), **_SMALL, layer_norm_eps=eps, max_position_embeddings=8)


@entry
def gpt2(eps):
    return _from(
        "GPT2",
        "GPT2LMHeadModel",
        _tokens(),
        n_embd=8,
        n_layer=1,
        n_head=2,
        vocab_size=30,
        n_positions=8,
        layer_norm_epsilon=eps,
    )


@entry
def llama(eps):
    return _from("Llama", "LlamaForCausalLM", _tokens(), **_SMALL, num_key_value_heads=1, rms_norm_eps=eps)


@entry
def qwen3(eps):
    return _from("Qwen3", "Qwen3ForCausalLM", _tokens(), **_SMALL, num_key_value_heads=1, head_dim=4, rms_norm_eps=eps)


@entry
def vit(eps):
    small = {k: v for k, v in _SMALL.items() if k != "vocab_size"}
    return _from("ViT", "ViTModel", {"pixel_values": images(2, 3, 8)}, **small, image_size=8, patch_size=4, layer_norm_eps=eps)


@entry
def transformers_resnet(eps):
    model, batch = _from(
        "ResNet",
        "ResNetModel",
        {"pixel_values": images(4, 3, 16)},
        embedding_size=4,
        hidden_sizes=[4, 6],
        depths=[1, 1],
        layer_type="basic",
    )
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = eps
    return model, batch


@entry
def convnext(eps):
    model, batch = _from(
        "ConvNext",
        "ConvNextModel",
        {"pixel_values": images(2, 3, 16)},
        hidden_sizes=[4, 6],
        depths=[1, 1],
        num_stages=2,
        patch_size=4,
    )
    for module in model.modules():
        if hasattr(module, "eps"):
            module.eps = eps
    return model, batch


FROM_TRANSFORMERS = ("bert", "gpt2", "llama", "qwen3", "vit", "transformers_resnet", "convnext")


def _gain_and_shift(*norms: str) -> set[str]:
    return {f"{norm}.{kind}" for norm in norms for kind in ("weight", "bias")}


_RESNET = [_gain_and_shift("1", "3.bn2"), _gain_and_shift("3.bn1"), _gain_and_shift("4.bn1")]
_LLAMA = [
    {"model.embed_tokens.weight", f"model.layers.0.self_attn.{one}_proj.weight", f"model.layers.0.mlp.{other}_proj.weight"}
    for one in "vo"
    for other in ("up", "down")
]
_VIT = {
    "embeddings.cls_token",
    "embeddings.position_embeddings",
    "layers.0.attention.o_proj.bias",
    *_gain_and_shift("embeddings.patch_embeddings.projection", "layers.0.mlp.fc2"),
}
_CONVNEXT = _gain_and_shift("embeddings.layernorm") | {"encoder.stages.0.layers.0.dwconv.bias"}
_STAGES = [f"encoder.stages.{i}.layers.0.layer.0.normalization" for i in (0, 1)]
GROUPS: dict[str, list[set[str]]] = {
    "evaluation_mode": [],
    "resnet": _RESNET,
    "zero_gain_resnet": _RESNET,
    "preactivation_resnet": [
        {"0.weight", "1.conv2.weight"},
        {"0.weight"} | _gain_and_shift("1.bn2"),
        _gain_and_shift("1.bn1"),
        {"2.shortcut.weight", "2.conv2.weight"},
        {"2.shortcut.weight"} | _gain_and_shift("2.bn2"),
        {"2.conv2.weight"} | _gain_and_shift("2.bn1"),
        _gain_and_shift("2.bn1", "2.bn2"),
    ],
    "mixer": [],
    "post_norm_transformer": [{"0.linear1.bias", "0.linear2.bias"} | _gain_and_shift("0.norm1")],
    "pre_norm_transformer": [],
    "bert": [{f"embeddings.{kind}_embeddings.weight" for kind in ("word", "position", "token_type")}],
    "gpt2": [],
    "llama": _LLAMA,
    "qwen3": _LLAMA
    + [
        {"model.embed_tokens.weight", "model.layers.0.input_layernorm.weight", f"model.layers.0.mlp.{other}_proj.weight"}
        for other in ("up", "down")
    ],
    "vit": [
        _VIT | {"layers.0.attention.o_proj.weight"},
        _VIT | _gain_and_shift("layers.0.attention.v_proj"),
    ],
    "transformers_resnet": [
        _gain_and_shift("embedder.embedder.normalization", "encoder.stages.0.layers.0.layer.1.normalization"),
        *(_gain_and_shift(stage) for stage in _STAGES),
    ],
    "convnext": [
        _gain_and_shift("embeddings.patch_embeddings"),
        _CONVNEXT | {"encoder.stages.0.layers.0.layer_scale_parameter"},
        _CONVNEXT | _gain_and_shift("encoder.stages.0.layers.0.pwconv2"),
        *(_gain_and_shift(f"encoder.stages.{i}.layers.0.dwconv") for i in (0, 1)),
    ],
}
"""Joint groups of the nets with too many parameters to try every subset, from the arithmetic of their degrees."""
