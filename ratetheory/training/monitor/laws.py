"""Hooks on normalisation layers: <w, grad_w f> as claim ``eps-law`` has it, and the size of what cancels in it.

For each statistic (channel, group, sample) the law says eps/(var + eps) sum <df/dz, z>, z the normalised output before gain and
shift. For batch normalisation with a gain the sum is gain df/dgain, which the backward pass computes anyway; elsewhere it is
taken over the activations.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import nn

from ratetheory.observation.families import Norm
from ratetheory.training.monitor.passes import Passes

SAMPLED = 2**15
"""About how many entries of an activation's gradient are looked at to estimate its size."""
LOOK_EVERY = 8
"""Passes from one look to the next: only allowances depend on it."""
FEW = 16
"""Outputs of a filter up to which every pass is looked at: so few differ much from pass to pass."""

# these normalise by what torch.var_mean says of their inputs, whatever becomes of their outputs
_PLAIN = {t.forward for t in (nn.GroupNorm, nn.LayerNorm, nn.RMSNorm, nn.BatchNorm1d, nn.InstanceNorm1d)}

Batched = nn.modules.batchnorm._BatchNorm | nn.modules.instancenorm._InstanceNorm


def epsilon_of(module: nn.Module) -> float:
    """The eps of a normalisation module; ``ValueError`` if it names none."""
    for name in ("eps", "variance_epsilon", "epsilon"):
        value = getattr(module, name, None)
        if isinstance(value, int | float):
            return float(value)
    if isinstance(module, nn.RMSNorm):
        return float(torch.finfo(torch.float32 if module.weight is None else module.weight.dtype).eps)
    raise ValueError(f"blocks: {type(module).__name__} has no eps; a normalisation module is expected")


class Pass(NamedTuple):
    """One backward pass through a batch normalisation: what its law needs, a number a channel.

    ``size`` is the root mean square of the output's gradient at the last look, ``entries`` the number of its entries.
    """

    invstd: torch.Tensor
    mean: torch.Tensor
    size: torch.Tensor
    entries: int


class Law:
    """A normalisation module under watch.

    Since ``reset``: ``positions`` is how many outputs of a filter it has normalised. ``passes.begin`` is called in every
    backward pass before it is noted.

    Forward passes that ``torch.compile`` traces are not seen: there is no law of them.
    """

    def __init__(self, module: nn.Module, norm: Norm, passes: Passes) -> None:
        self.module, self.norm, self.epsilon, self.passes = module, norm, epsilon_of(module), passes
        self.dtype: torch.dtype | None = None
        self.device: torch.device | None = None
        # a module of the user's own may compute in single precision whatever it is given
        self._own = not type(module).__module__.startswith("torch.")
        self._features = -1 if norm.kind in ("layer", "rms") else 1
        self._like: tuple[torch.Size, torch.dtype, torch.device] | None = None
        self._count = 0
        self._evaluated: set[int] = set()
        self.handles: list[Any] = [module.register_forward_hook(self._forward)]
        self.reset()

    def reset(self) -> None:
        """Forget the passes so far."""
        self.positions = 0
        self.forget()

    def forget(self, current: int = -1) -> None:
        """Forget the backward passes so far, but what is noted of the one with the id ``current``."""
        self._evaluated &= {current}

    @property
    def reached(self) -> bool:
        """Whether a backward pass is known to have come by."""
        return self.evaluation

    @property
    def evaluation(self) -> bool:
        """Whether a backward pass to the weights went through a forward pass in evaluation mode."""
        return bool(self._evaluated) and self.passes.lead_to_weights(self._evaluated)

    def known(self, passes: int) -> bool:
        """Whether all is known of the law, if the model has made so many backward passes."""
        raise NotImplementedError

    def close(self) -> None:
        """Remove the hooks."""
        for handle in self.handles:
            handle.remove()

    def _forward(self, module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        if not output.requires_grad or torch.compiler.is_compiling():
            return
        # without running statistics evaluation is no other mode
        if not module.training and isinstance(module, Batched) and module.running_mean is not None:
            self.passes.watch_weights()
            output.register_hook(self._of_evaluation)
            return
        y = inputs[0]
        if (y.shape, y.dtype, y.device) != self._like:
            self._like = y.shape, y.dtype, y.device
            self.dtype, self.device = torch.float32 if self._own and y.dtype == torch.float64 else y.dtype, y.device
            self._count = y.numel() // max(y.shape[self._features], 1)
        self.positions += self._count
        self._watch(y, output)

    def _of_evaluation(self, gradient: torch.Tensor) -> None:
        self._evaluated.add(self.passes.begin())

    def _watch(self, y: torch.Tensor, output: torch.Tensor) -> None:
        raise NotImplementedError


class GainLaw(Law):
    """Batch normalisation with a trained gain: the law from df/dgain, the statistics from the graph of the forward pass.

    A gradient of the gain belongs to the forward pass since the gradient before it, or to the same one again. ``turn`` spreads
    the looks of several laws over passes; ``first``: a backward pass has come to this one before all others.
    """

    def __init__(self, module: nn.Module, norm: Norm, passes: Passes, turn: int = 0) -> None:
        self.lost, self.first, self._turn = False, False, turn % LOOK_EVERY
        self.look_again()
        self.size: torch.Tensor | None = None
        super().__init__(module, norm, passes)
        self.gain: torch.Tensor = module.weight  # type: ignore[assignment]
        self.handles.append(self.gain.register_hook(self._of_gain))

    def reset(self) -> None:
        """Forget the passes so far."""
        self._ahead: list[tuple[torch.Tensor, torch.Tensor, int]] = []
        self._last: tuple[torch.Tensor, torch.Tensor, int] | None = None
        super().reset()

    def forget(self, current: int = -1) -> None:
        """Forget the backward passes so far."""
        super().forget(current)
        self.seen: list[Pass] = []
        self.gradients: list[torch.Tensor] = []

    def look_again(self) -> None:
        """Look at the next pass, whenever the last look was: a run that is taken up again does the same."""
        self._until_look, self._early = 0, self._turn

    def known(self, passes: int) -> bool:
        """Whether there are statistics for each gradient of the gain, and a gradient if there was a forward pass.

        ``lost`` says that it fails: no statistics in the graph, or several forward passes for one gradient of the gain.
        """
        # in evaluation mode there is nothing to see: the law says 0, and the gradient shows that it does not hold
        if self.evaluation:
            return True
        return not self.lost and len(self.seen) == len(self.gradients) and not (self._ahead and not self.gradients)

    def release(self) -> None:
        """Leave the statistics to another law; the gradient of the gain is still noted."""
        self.handles.pop(0).remove()
        self._ahead = []

    def _watch(self, y: torch.Tensor, output: torch.Tensor) -> None:
        node = output.grad_fn
        statistics = _saved_statistics(node)
        if node is None or statistics is None:
            self.lost = True
            return
        if not self._until_look:
            self._until_look, self._early = LOOK_EVERY - self._early, 0
            node.register_prehook(self._look)
        elif self._count <= FEW:
            node.register_prehook(self._look)
        elif self.first and self.passes.watchful:
            node.register_prehook(self._lead)
        self._until_look -= 1
        self._ahead.append((*statistics, self._count))

    def _lead(self, gradients: Sequence[torch.Tensor | None]) -> None:
        self.first |= self.passes.leads()

    def _look(self, gradients: Sequence[torch.Tensor | None]) -> None:
        """Note the size of the output's gradient."""
        self._lead(gradients)
        if gradients[0] is not None:
            few = _some(gradients[0].detach())
            axes = [axis for axis in range(few.dim()) if axis != 1]
            norm = torch.linalg.vector_norm(few, dim=axes, dtype=torch.float32 if few.dtype.itemsize < 4 else None)
            self.size = norm * (few.shape[1] / few.numel()) ** 0.5

    def _of_gain(self, gradient: torch.Tensor) -> None:
        self.passes.begin()
        # held here, it is not handed on as the gain's own .grad, which may be changed in place
        self.gradients.append(gradient.detach() if gradient.requires_grad else gradient)
        if self._ahead:
            # the size was to be seen in a pass that did not come
            self.lost |= len(self._ahead) > 1 or self.size is None
            self._last = self._ahead.pop()
            self._ahead.clear()
        if self._last is not None and self.size is not None:
            mean, invstd, entries = self._last
            self.seen.append(Pass(invstd, mean, self.size, entries))


def _some(gradient: torch.Tensor) -> torch.Tensor:
    """Some positions of every sample, since few samples may carry the gradient; an odd stride is out of step with pooling."""
    stride = gradient.numel() // SAMPLED | 1
    return gradient.flatten(2)[..., ::stride] if gradient.dim() > 2 else gradient


def _saved_statistics(node: Any) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Mean and 1/sqrt(var + eps) that batch normalisation saved for its backward pass, if it did."""
    mean, invstd = getattr(node, "_saved_result1", None), getattr(node, "_saved_result2", None)
    if mean is None and type(node).__name__ == "SyncBatchNormBackward":
        mean, invstd = node.saved_tensors[2:4]
        mean, invstd = mean.flatten(), invstd.flatten()
    if mean is None or invstd is None or not mean.numel():
        return None
    return mean, invstd


class ActivationLaw(Law):
    """Any normalisation: the law from the activations and their gradients.

    Of an output that was written over in place before the backward pass torch's own normalisations say again what it was;
    others have no law then, nor has any whose input was written over. Writing through ``.data`` is not noticed.
    ``products``: the gradients of the gain by the activations, if a list is put there. ``count``: backward passes noted.
    """

    products: list[torch.Tensor] | None = None

    def forget(self, current: int = -1) -> None:
        """Forget the backward passes so far."""
        super().forget(current)
        self.radials: list[torch.Tensor] = []
        self.scales: list[torch.Tensor] = []
        self.count, self.missed = 0, False
        if self.products is not None:
            self.products = []

    @property
    def reached(self) -> bool:
        """Whether a backward pass is known to have come by."""
        return bool(self.count) or self.evaluation

    def known(self, passes: int) -> bool:
        """Whether there was a pass at all, and none was missed."""
        return self.evaluation or (not self.missed and len(self.radials) >= max(passes, 1))

    def _watch(self, y: torch.Tensor, output: torch.Tensor) -> None:
        # those without gradients share storage and version
        held = y.detach(), y._version, output.detach(), output._version
        # what writes over a view passes by the view's own hooks; an instance normalisation returns a view of all of its base
        plain = type(self.module).forward is nn.InstanceNorm1d.forward
        whole = output._base if plain and output._base is not None else output
        whole.register_hook(partial(self._of_output, *held))

    def _of_output(self, y: torch.Tensor, y_version: int, out: torch.Tensor, version: int, gradient: torch.Tensor) -> None:
        self.passes.begin()
        self.count += 1
        overwritten = out._version != version
        if y._version != y_version or (overwritten and getattr(type(self.module), "forward", None) not in _PLAIN):
            self.missed = True
            return
        gradient = gradient.detach().reshape(y.shape)
        precise = y.dtype if y.dtype == torch.float64 else torch.float32
        entries, gradient = y.to(precise), gradient.to(precise)
        shape = _channel_shape(self.norm.kind, y.dim())
        gain = getattr(self.module, "weight", None)
        factor = gain.detach().to(precise).reshape(shape or gain.shape) if isinstance(gain, torch.Tensor) else None
        weighted = gradient if factor is None else gradient * factor
        view, axes, keep = _statistics(self.module, self.norm, y.shape)
        entries, gradient, weighted = (t.reshape(view) for t in (entries, gradient, weighted))
        if self.norm.kind == "rms":
            variance, mean = entries.square().mean(axes, keepdim=True).double(), entries.new_zeros((), dtype=torch.float64)
        else:
            variance, mean = (t.double() for t in torch.var_mean(entries, axes, correction=0, keepdim=True))
        invstd = (variance + self.epsilon).rsqrt()
        if overwritten:
            again = ((entries - mean.to(precise)) * invstd.to(precise)).reshape(y.shape)
            out = (again if factor is None else again * factor).reshape(view)
        else:
            out = self._without_shift(out.to(precise), shape).reshape(view)
            if self.norm.kind == "batch":
                mean, invstd = _as_seen(mean, variance, invstd, out, gain, axes)
        if self.products is not None:
            slope = gradient * (entries - mean.to(precise)) * invstd.to(precise)
            self.products.append(_of_gain(slope.reshape(y.shape), self.norm.kind, 1 if gain is None else gain.dim()))
        pull = (gradient * out).sum(axes, keepdim=True).double()
        count = entries.numel() // variance.numel()
        # the gain's place differs between modules (w, or 1 + w): the larger of two estimates of df/dz
        size = torch.maximum(
            _root_mean_square(weighted, axes), _root_mean_square(gradient, axes) * _root_mean_square(out, axes)
        )
        scale = rounding_scale(invstd, mean, size, count, self.epsilon)
        self.radials.append(_kept(self.epsilon * invstd**2 * pull, keep))
        # what is rounded independently adds up in squares
        self.scales.append(_kept(scale.square(), keep).sqrt())

    def _without_shift(self, out: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
        shift = getattr(self.module, "bias", None)
        return out - shift.detach().to(out.dtype).reshape(shape or shift.shape) if isinstance(shift, torch.Tensor) else out


def rounding_scale(
    invstd: torch.Tensor, mean: torch.Tensor, size: torch.Tensor, count: float | torch.Tensor, epsilon: float | torch.Tensor
) -> torch.Tensor:
    """The size of the terms that cancel in <y, df/dy> over ``count`` entries y with df/dz of root mean square ``size``.

    df/dy = (df/dz - mean(df/dz) - z mean(df/dz z))/sigma: three terms of that size, each times y of root mean square
    sqrt(var + mean^2); z itself is known to |y|/sigma roundoffs.
    """
    reach = (1 - epsilon * invstd**2 + (mean * invstd) ** 2).clamp(min=0).sqrt()
    return 3 * count * size * reach * (1 + reach)


def _as_seen(
    mean: torch.Tensor,
    variance: torch.Tensor,
    invstd: torch.Tensor,
    out: torch.Tensor,
    gain: torch.Tensor | None,
    axes: list[int],
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and 1/sqrt(var + eps) that a batch normalisation took, from its output apart from the shift.

    Those of the samples at hand are not it where statistics are taken over several processes.
    """
    spread, middle = (t.double() for t in torch.var_mean(out, axes, correction=0, keepdim=True))
    factor = torch.ones_like(invstd) if gain is None else gain.detach().double().reshape(invstd.shape)
    shown = (spread > 0) & (variance > 0)
    seen = torch.where(shown, (spread / variance).sqrt() / factor.abs(), invstd)
    return torch.where(shown, mean - middle / (factor * seen), mean), seen


def _of_gain(slope: torch.Tensor, kind: str, dimensions: int) -> torch.Tensor:
    """Sums over all but the axes of the gain."""
    if kind in ("layer", "rms"):
        return slope.reshape(-1, *slope.shape[slope.dim() - dimensions :]).sum(0)
    return slope.sum([axis for axis in range(slope.dim()) if axis != 1])


def _root_mean_square(tensor: torch.Tensor, axes: list[int]) -> torch.Tensor:
    return tensor.square().mean(axes, keepdim=True).double().sqrt()


def _channel_shape(kind: str, dimensions: int) -> tuple[int, ...]:
    """How gain and shift stand against the activations; empty where they do as they are."""
    return () if kind in ("layer", "rms") else (1, -1, *[1] * (dimensions - 2))


def _statistics(module: nn.Module, norm: Norm, shape: torch.Size) -> tuple[tuple[int, ...], list[int], int | None]:
    """The shape in which statistics are taken over some axes, and the axis to which the blocks belong."""
    sizes = tuple(shape)
    if norm.kind == "group":
        groups = int(module.num_groups)  # type: ignore[arg-type]
        sizes = (sizes[0], groups, sizes[1] // groups, *sizes[2:])
        return sizes, list(range(2, len(sizes))), norm.axis
    if norm.kind == "batch":
        return sizes, [axis for axis in range(len(sizes)) if axis != 1], norm.axis
    if norm.kind == "instance":
        return sizes, list(range(2, len(sizes))), norm.axis
    normalised = len(getattr(module, "normalized_shape", (0,)))
    return sizes, list(range(len(sizes) - normalised, len(sizes))), norm.axis


def _kept(statistics: torch.Tensor, axis: int | None) -> torch.Tensor:
    if axis is None:
        return statistics.sum().reshape(1)
    return statistics.sum([a for a in range(statistics.dim()) if a != axis])
