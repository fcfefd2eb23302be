"""How the operations of torch's dispatcher change degrees of homogeneity.

A rule gets the follower, the operation's name, arguments and result, and returns the degree of the result (or a list, one a
result), after stating what it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ratetheory.training.blocks.precise import LARGEST_EPS, TINY

Rule = Callable[[Any, str, Any, Any, Any], Any]


def _words(text: str) -> list[str]:
    return text.split()


_KEEP = _words("""
view _unsafe_view reshape permute t transpose expand expand_as slice select unsqueeze squeeze clone detach _to_copy
alias contiguous neg abs relu leaky_relu max_pool2d_with_indices max_pool3d_with_indices max_pool1d_with_indices
adaptive_max_pool2d max min amax amin sum mean avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d
_adaptive_avg_pool2d _adaptive_avg_pool3d reflection_pad1d reflection_pad2d replication_pad2d upsample_nearest2d
upsample_bilinear2d upsample_bicubic2d roll flip gather index index_select embedding unfold im2col split split_with_sizes chunk
unbind cumsum native_dropout sort topk std tril triu repeat diagonal diag linalg_vector_norm norm as_strided real
_reshape_alias lift_fresh view_as_real to trace channel_shuffle pixel_shuffle pixel_unshuffle repeat_interleave movedim
narrow unsafe_split unsafe_chunk logsumexp_ bernoulli_scaled avg_pool msort median kthvalue select_backward col2im fold
_unsafe_index upsample_linear1d upsample_nearest1d rot90 squeeze_copy rsub_zero hardshrink_ take_along_dim take
bucketize_ _efficientzerotensor positive""")
_MAKE = _words("""
zeros zeros_like ones ones_like empty empty_like new_zeros new_ones new_empty full full_like new_full arange rand
rand_like randn randn_like randint bernoulli scalar_tensor linspace eye new_empty_strided empty_strided empty_permuted argmax
argmin argsort sign sgn isnan isinf isfinite bitwise_not bitwise_and bitwise_or logical_not logical_and logical_or eq ne gt lt
ge le any all one_hot nonzero _local_scalar_dense multinomial randperm normal uniform equal is_nonzero searchsorted bincount
histc count_nonzero tril_indices triu_indices numel isneginf isposinf""")
_CHANNELS = _words("""relu leaky_relu clone detach alias contiguous native_dropout max_pool2d_with_indices avg_pool2d max_pool1d
avg_pool1d upsample_nearest2d upsample_bilinear2d lift_fresh positive neg""")
_GUARD = 1e-6
_COMPARE = {"gt", "lt", "ge", "le", "eq", "ne"}


def rule_of(name: str) -> Rule:
    """The rule of an operation."""
    return _RULES.get(name, _other)


def _tensors(args: Any, kwargs: Any) -> list[torch.Tensor]:
    from torch.utils import _pytree as pytree

    return [a for a in pytree.tree_leaves((args, kwargs)) if isinstance(a, torch.Tensor)]


def _keep(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    return f.form(args[0])


def _keep_channels(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    return f.channels(args[0])


def _make(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    if name.rstrip("_") in _COMPARE:
        # a comparison does not change under scaling if both sides scale alike
        f.need_equal([f.form(args[0]), f.form(args[1])], f.place(name))
    if name in ("zero_", "fill_", "zeros", "zeros_like", "new_zeros"):
        value = args[1] if name == "fill_" else 0
        return None if isinstance(value, int | float) and value == 0 else f.zero
    return f.zero


def _other(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    """No rule: it is taken for a function that is not homogeneous."""
    forms = [f.form(t) for t in _tensors(args, kwargs)]
    if any(form is not None and form.any() for form in forms):
        f.unknown(name)
        for form in forms:
            f.need_zero(form, f"enters {f.place(name)}, of which nothing is known,")
    return f.zero


def _bent(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    f.need_zero(f.form(args[0]), f"enters {f.place(name.strip('_'))}")
    for other in _tensors(args[1:], kwargs):
        f.need_zero(f.form(other), f"enters {f.place(name.strip('_'))}")
    return f.zero


def _guarded(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    """clamp_min: a guard against division by zero that no value meets changes nothing."""
    before = args[0] if f.before is None else f.before
    guard = isinstance(args[1], int | float) and 0 < args[1] <= _GUARD
    return f.form(args[0]) if guard and bool(torch.equal(out, before)) else _bent(f, name, args, kwargs, out)


def _plus(a: Any, b: Any) -> Any:
    return None if a is None or b is None else a + b


def _product(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    return _plus(f.form(args[0]), f.form(args[1]))


def _quotient(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    a, b = f.form(args[0]), f.form(args[1])
    return None if a is None else (a if b is None else a - b)


def _sum(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    first, second = args[0], args[1]
    if isinstance(second, int | float) and not isinstance(second, bool) and abs(second) <= TINY * 1e6:
        return f.form(first)
    return f.need_equal([f.form(first), f.form(second)], f.place(name.strip("_")))


def _joined(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    dimension = args[1] if len(args) > 1 else 0
    parts = [f.channels(t) for t in args[0] if t.numel()]
    if name == "cat" and dimension == 1 and out.dim() > 1:
        from ratetheory.training.blocks.degree import Channels

        flat = [p for part in parts for p in (part.parts if isinstance(part, Channels) else [part])]
        return Channels(tuple(flat), f.place(name))
    return f.need_equal([f.form(t) for t in args[0] if t.numel()], f.place(name))


def _affine(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    """addmm, baddbmm, addcmul: a sum with a product."""
    return f.need_equal(
        [_plus(f.form(args[1]), f.form(args[2])), f.form(args[0])], f.place("the bias" if name == "addmm" else name)
    )


def _addcdiv(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    a, b = f.form(args[1]), f.form(args[2])
    return f.need_equal([f.form(args[0]), None if a is None or b is None else a - b], f.place(name))


def _convolution(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    product = _plus(f.form(args[0]), f.form(args[1]))
    bias = args[2] if len(args) > 2 else None
    return product if bias is None else f.need_equal([product, f.form(bias)], f.place("the bias"))


def _power(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    form = f.form(args[0])
    if not isinstance(args[1], int | float) or isinstance(args[0], int | float):
        return _bent(f, name, args, kwargs, out)
    return None if form is None else form * float(args[1])


def _scaled(factor: float) -> Rule:
    def rule(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
        form = f.form(args[0])
        return None if form is None else form * factor

    return rule


def _pad(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    value = args[2] if len(args) > 2 else 0
    return f.need_equal([f.form(args[0]), None if value in (0, float("-inf")) else f.zero], f.place(name))


def _fill(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    value = args[2]
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        value = float(value)
    # 0 and the infinities scale to themselves; so does, up to the softmax that follows, the least number
    free = isinstance(value, int | float) and (value == 0 or abs(value) > 1e300)
    return f.need_equal([f.form(args[0]), None if free else f.zero], f.place(name.strip("_")))


def _where(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    return f.need_equal([f.form(args[1]), f.form(args[2])], f.place(name)) if len(args) > 2 else f.zero


def _written(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    """index_put, scatter: values are written among others."""
    value = args[2] if name.startswith("index_put") else args[-1]
    return f.need_equal([f.form(args[0]), f.form(value)], f.place(name.strip("_")))


def _copied(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    return f.form(args[1])


def _normalised(kind: str, weight: int, bias: int | None, results: int) -> Rule:
    """A normalisation of its first argument; ``weight``, ``bias``: the places of gain and shift."""

    def rule(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
        # of channels that are normalised each for itself every one may have a degree of its own
        f.norm(f.channels(args[0]) if kind == "batch" else f.form(args[0]), kind)
        if isinstance(args[-1], float) and args[-1] > LARGEST_EPS:
            f.need_zero(f.form(args[0]), f"enters {f.place('a normalisation')} whose eps of {args[-1]:.3g} is not small")
        gain = args[weight] if len(args) > weight else None
        shift = args[bias] if bias is not None and len(args) > bias else None
        form = f.zero if gain is None else f.form(gain)
        if shift is not None:
            form = f.need_equal([form, f.form(shift)], f.place("the shift"))
        # statistics are no part of the output: what reads them is not followed
        return [form, *[f.zero] * (results - 1)]

    return rule


def _batch_norm(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    # where training is false the stored statistics divide, which do not scale with the input
    training = args[5] if name != "_native_batch_norm_legit_no_training" else False
    if training is False:
        gain, shift = (None if a is None else f.form(a) for a in args[1:3])
        f.need_zero(f.form(args[0]), f"enters {f.place('batch normalisation')} that does not use the batch's statistics")
        form = f.zero if args[1] is None else gain
        return [form if args[2] is None else f.need_equal([form, shift], f.place("the shift")), f.zero, f.zero]
    return _normalised("batch", 1, 2, 3)(f, name, args, kwargs, out)


def _weight_norm(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    f.norm(f.form(args[0]), "weight norm")
    return [f.form(args[1]), f.form(args[0])]


def _attention(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    f.need_zero(_plus(f.form(args[0]), f.form(args[1])), f"enters {f.place('softmax')}")
    return [f.form(args[2])] + [f.zero] * 8


def _variance(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    form = f.form(args[0])
    double = None if form is None else 2 * form
    return [double, form] if name == "var_mean" else double


def _prelu(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    form = f.form(args[0])
    return f.need_equal([form, _plus(form, f.form(args[1]))], f.place("prelu"))


def _lerp(f: Any, name: str, args: Any, kwargs: Any, out: Any) -> Any:
    if len(args) > 2:
        f.need_zero(f.form(args[2]), f"enters {f.place(name)}")
    return f.need_equal([f.form(args[0]), f.form(args[1])], f.place(name))


_RULES: dict[str, Rule] = {
    **dict.fromkeys(_KEEP, _keep),
    **dict.fromkeys(_MAKE, _make),
    **dict.fromkeys(["zero", "fill"], _make),
    **dict.fromkeys(["mul", "mm", "bmm", "matmul", "dot", "vdot", "mv", "outer", "ger", "linear"], _product),
    **dict.fromkeys(["div", "true_divide"], _quotient),
    **dict.fromkeys(["add", "sub", "rsub", "maximum", "minimum", "fmax", "fmin", "hypot"], _sum),
    **dict.fromkeys(["cat", "stack"], _joined),
    **dict.fromkeys(["addmm", "baddbmm", "addcmul", "addmv", "addbmm"], _affine),
    "addcdiv": _addcdiv,
    **dict.fromkeys(["convolution", "_convolution", "convolution_overrideable"], _convolution),
    **dict.fromkeys(_CHANNELS, _keep_channels),
    **dict.fromkeys(["_weight_norm_interface", "_weight_norm"], _weight_norm),
    "clamp_min": _guarded,
    "pow": _power,
    "square": _scaled(2),
    "sqrt": _scaled(0.5),
    "rsqrt": _scaled(-0.5),
    "reciprocal": _scaled(-1),
    "constant_pad_nd": _pad,
    "masked_fill": _fill,
    "where": _where,
    **dict.fromkeys(["index_put", "scatter", "slice_scatter", "select_scatter", "_index_put_impl", "index_copy"], _written),
    "copy": _copied,
    **dict.fromkeys(
        ["native_batch_norm", "_native_batch_norm_legit", "cudnn_batch_norm", "_batch_norm_with_update"], _batch_norm
    ),
    "_native_batch_norm_legit_no_training": _batch_norm,
    "native_layer_norm": _normalised("layer", 2, 3, 3),
    "native_group_norm": _normalised("group", 1, 2, 3),
    **dict.fromkeys(["_fused_rms_norm", "rms_norm"], _normalised("rms", 2, None, 2)),
    **dict.fromkeys(
        [
            "_scaled_dot_product_flash_attention_for_cpu",
            "_scaled_dot_product_flash_attention",
            "_scaled_dot_product_efficient_attention",
            "_scaled_dot_product_cudnn_attention",
            "_scaled_dot_product_attention_math",
            "_scaled_dot_product_fused_attention_overrideable",
        ],
        _attention,
    ),
    **dict.fromkeys(["var", "var_mean"], _variance),
    "prelu": _prelu,
    "_prelu_kernel": _prelu,
    "lerp": _lerp,
    **dict.fromkeys(
        _words("""
        tanh sigmoid gelu silu elu selu softplus _softmax _log_softmax _safe_softmax exp log log1p expm1 sin cos erf clamp
        clamp_max hardtanh hardswish hardsigmoid mish celu logsumexp log_sigmoid log_sigmoid_forward nll_loss_forward
        nll_loss2d_forward binary_cross_entropy binary_cross_entropy_with_logits mse_loss smooth_l1_loss huber_loss atan
        threshold softmax glu hardshrink softshrink floor ceil round trunc erfinv tan asin acos sinh cosh fmod remainder
        relu6 atan2 cumprod prod xlogy"""),
        _bent,
    ),
}
