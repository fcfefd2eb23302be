"""Nets from configurations of the transformers package."""

from typing import Any

import torch
from torch import nn

from tests.training.blocks.zoo.registry import Built, entry, images


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
