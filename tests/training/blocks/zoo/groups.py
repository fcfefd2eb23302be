"""Joint groups of the nets with too many parameters to try every subset, from the arithmetic of their degrees."""


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
