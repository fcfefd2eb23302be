"""Recurrent nets and Transformers."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.training.blocks.zoo.registry import entry, rows


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
