"""Products with the Hessian of any model at its normalised weights, taken at the weights themselves.

Let v_i = w_i/|w_i| and D = diag(|w_i|). By homogeneity D H D, with H the Hessian at w, is the Hessian at the normalised
weights. Its part on the tangents, P D H D P, is the second derivative of the loss along great circles of all blocks at once:
f'' <= Lam sum theta_i^2 for angular speeds theta_i if Lam is its largest eigenvalue. No weight is moved for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from ratetheory.observation.families import Blocks, Family
from ratetheory.training.blocks.copied import Copied, copied, one_line, random_states_kept
from ratetheory.training.slices import check_fits, rows, scatter

Tensors = Mapping[str, torch.Tensor]
Loss = Callable[[nn.Module], torch.Tensor]
"""The loss of the model that it is given, as a scalar: of the same data each time."""


@dataclass(frozen=True)
class Split:
    """What a table says of the trained parameters of a model.

    ``families``: the invariant ones, as far as all their members are trained. ``scale_variant``: by parameter, which entries
    belong to no family that is invariant or dead. ``dead``: the number of dead weights, which are left out of both.
    """

    families: tuple[Family, ...]
    scale_variant: dict[str, torch.Tensor]
    dead: int

    @property
    def block_names(self) -> list[str]:
        """The names of the blocks that count, those that are not dead."""
        return [name for f in self.families for j, name in enumerate(f.block_names()) if j not in f.dead]

    @property
    def counts(self) -> tuple[int, int]:
        """The number of scale-invariant and of scale-variant weights."""
        variant = sum(int(mask.sum()) for mask in self.scale_variant.values())
        return sum((f.parts - len(set(f.dead))) * f.dimension for f in self.families), variant


def split(twin: Copied, blocks: Blocks) -> Split:
    """The trained parameters of the model by the table; ``ValueError`` if the table is that of another model."""
    everything = {name: p.detach() for name, p in twin.module.named_parameters(remove_duplicate=False)}
    parameters = {name: p.detach() for name, p in twin.parameters.items() if twin.trained[name]}
    masks = {name: torch.ones_like(p, dtype=torch.bool) for name, p in parameters.items()}
    families, dead = [], 0
    chosen = {family.name for family in blocks.invariant}
    for family in blocks.families:
        check_fits(family, everything)
        invariant = family.name in chosen
        if not (invariant or family.verdict == "dead") or not all(m.parameter in parameters for m in family.members):
            continue
        if invariant:
            families.append(family)
        dead += family.dimension * (len(set(family.dead)) if invariant else family.parts)
        nothing = torch.zeros(family.parts, family.dimension, dtype=torch.bool)
        scatter(family, nothing, masks)
    return Split(tuple(families), {name: mask for name, mask in masks.items() if mask.any()}, dead)


def twin_of(model: nn.Module, loss: Loss) -> Copied:
    """The copy in double precision on which everything is evaluated; the model stays as it is.

    ``ValueError``: a model in evaluation mode, one that cannot be copied, or a loss that is no callable.
    """
    if not callable(loss) or isinstance(loss, nn.Module):
        raise ValueError(f"loss: {type(loss).__name__} is not allowed; a callable loss(model) that returns a scalar is")
    if isinstance(model, nn.Module) and not model.training:
        raise ValueError("model: in evaluation mode batch normalisation is another function; call model.train() first")
    return copied(model, loss)


def load_state(twin: Copied, state: Mapping[str, Any], source: str) -> None:
    """Give the copy the weights and buffers of a state; ``ValueError`` if it is that of another network."""
    try:
        twin.module.load_state_dict(state)
    except (RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{source}: the weights of another network ({one_line(error)})") from error
    # every evaluation starts from these
    twin.buffers = [(m, n, b.clone()) for m in twin.module.modules() for n, b in m._buffers.items() if b is not None]


class Hessian:
    """The Hessian of a loss at the weights of its copy, in the frame that makes it one at the normalised weights.

    The loss is evaluated once: its graph is kept, and with it what was random in it, so that products are those of one
    symmetric matrix. ``loss``: its value. ``radial``: the largest |<w, grad>|/(|w| |grad|) of a block; 0 is what the frame
    supposes. ``ValueError``: a loss that is no finite scalar or cannot be differentiated twice, or a block of norm zero.
    """

    def __init__(self, twin: Copied, parts: Split) -> None:
        self.split, self.products = parts, 0
        self.parameters = {name: p for name, p in twin.parameters.items() if twin.trained[name]}
        if not self.parameters:
            raise ValueError("model: none of its parameters is trained; one that asks for gradients is expected")
        self.frames = {family.name: self._frame(family) for family in parts.families}
        # the fast kernels of attention have no second derivative
        with random_states_kept(), sdpa_kernel(SDPBackend.MATH):
            value = _evaluated(twin)
            found = _gradients([value], list(self.parameters.values()), None, create_graph=True)
        self.loss = value.item()
        self.gradients = {name: g for name, g in zip(self.parameters, found, strict=True) if g is not None}
        if not self.gradients:
            raise ValueError("loss: it does not depend on the trained parameters of the model that it is given")
        self.slopes = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        self.slopes |= {name: g.detach() for name, g in self.gradients.items()}
        if _is_cut(self.gradients.values()):
            raise ValueError("loss: it cannot be differentiated twice (one of its functions is once_differentiable)")
        if not all(torch.isfinite(slope).all() for slope in self.slopes.values()):
            raise ValueError("loss: its gradient is not finite at these weights; a finite gradient is expected")
        self.radial = max((self._radial(family) for family in parts.families), default=0.0)

    def _frame(self, family: Family) -> tuple[torch.Tensor, torch.Tensor]:
        """Norms (parts, 1), zero for the dead, and directions (parts, dimension)."""
        with torch.no_grad():
            weights = rows(family, self.parameters)
            norms = weights.norm(dim=1, keepdim=True)
            alive = torch.ones_like(norms)
            alive[list(family.dead)] = 0
            bad = ((alive > 0) & ~(torch.isfinite(norms) & (norms > 0))).flatten().nonzero().flatten().tolist()
            if bad:
                name = family.block_names()[bad[0]]
                raise ValueError(f"weights: block {name} has norm {float(norms[bad[0]]):g}; positive finite norms are expected")
            return norms * alive, weights / torch.where(alive > 0, norms, torch.ones_like(norms))

    def _radial(self, family: Family) -> float:
        gradient, (norms, directions) = rows(family, self.slopes), self.frames[family.name]
        sizes = gradient.norm(dim=1)
        counted = (sizes > 0) & (norms.flatten() > 0)
        shares = (gradient * directions).sum(1).abs()[counted] / sizes[counted]
        return float(shares.max()) if len(shares) else 0.0

    def framed(self, tensors: Tensors, families: tuple[Family, ...], scale: float) -> dict[str, torch.Tensor]:
        """E x: E is D P on the blocks of these families, ``scale`` on scale-variant entries, 0 elsewhere, and symmetric."""
        masks = self.split.scale_variant
        out = {n: x * masks[n] * scale if scale and n in masks else torch.zeros_like(x) for n, x in tensors.items()}
        for family in families:
            norms, directions = self.frames[family.name]
            x = rows(family, tensors)
            scatter(family, norms * (x - (x * directions).sum(1, keepdim=True) * directions), out)
        return out

    def operator(self, families: tuple[Family, ...], scale: float = 0.0) -> Operator:
        """E H E on the tangents of these families, and with a ``scale`` on the scale-variant entries too."""
        return Operator(self, families, scale)


class Operator:
    """The symmetric matrix E H E on vectors that hold every entry of the parameters it concerns.

    ``dimension``: that of the space outside of which it vanishes.
    """

    def __init__(self, hessian: Hessian, families: tuple[Family, ...], scale: float) -> None:
        self.hessian, self.families, self.scale = hessian, families, scale
        held = {m.parameter for family in families for m in family.members}
        held |= set(hessian.split.scale_variant) if scale else set()
        self.parameters = {name: p for name, p in hessian.parameters.items() if name in held}
        self.gradients = {n: g for n, g in hessian.gradients.items() if n in held and g.requires_grad}
        tangents = sum((f.parts - len(set(f.dead))) * (f.dimension - 1) for f in families)
        self.dimension = tangents + (hessian.split.counts[1] if scale else 0)

    def _tensors(self, vector: torch.Tensor) -> dict[str, torch.Tensor]:
        pieces = vector.split([p.numel() for p in self.parameters.values()])
        return {
            name: piece.view(p.shape).to(p.device, p.dtype)
            for (name, p), piece in zip(self.parameters.items(), pieces, strict=True)
        }

    def _vector(self, tensors: Tensors) -> torch.Tensor:
        first = next(iter(self.parameters.values()))
        return torch.cat([tensors[name].detach().to(first.device, first.dtype).flatten() for name in self.parameters])

    def _framed(self, tensors: Tensors) -> dict[str, torch.Tensor]:
        return self.hessian.framed(tensors, self.families, self.scale)

    def __call__(self, vector: torch.Tensor) -> torch.Tensor:
        """E H E x."""
        self.hessian.products += 1
        moved = self._framed(self._tensors(vector))
        images = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        if self.gradients:
            given = [moved[name] for name in self.gradients]
            found = _gradients(list(self.gradients.values()), list(self.parameters.values()), given)
            images |= {name: image for name, image in zip(images, found, strict=True) if image is not None}
        return self._vector(self._framed(images))

    def noise(self, seed: int) -> torch.Tensor:
        """A Gaussian vector of the space, the same on every device."""
        generator = torch.Generator().manual_seed(seed)
        drawn = {n: torch.randn(p.shape, generator=generator, dtype=p.dtype).to(p.device) for n, p in self.parameters.items()}
        return self._vector(self._projected(drawn))

    def slope(self) -> torch.Tensor:
        """E grad f: the gradient at the normalised weights."""
        return self._vector(self._framed(self.hessian.slopes))

    def _projected(self, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """P x: as ``framed`` without the norms and the scale."""
        out = self.hessian.framed(tensors, (), float(self.scale != 0))
        for family in self.families:
            norms, directions = self.hessian.frames[family.name]
            x = rows(family, tensors) * (norms > 0)
            scatter(family, x - (x * directions).sum(1, keepdim=True) * directions, out)
        return out


def _evaluated(twin: Copied) -> torch.Tensor:
    try:
        (value,) = twin.outputs(grad=True, tiny=False) or (None,)
    except ValueError:
        raise
    except Exception as error:  # whatever the model and the loss raise
        raise ValueError(f"loss: it cannot be evaluated on a copy of the model: {one_line(error)}") from error
    if value is None:
        raise ValueError("loss: it is no real number; a floating-point scalar is expected")
    if not torch.isfinite(value):
        raise ValueError(f"loss: it is {value.item()} at these weights; a finite loss is expected")
    if not value.requires_grad:
        raise ValueError("loss: it does not depend on the trained parameters of the model that it is given")
    return value


def _is_cut(tensors: Iterable[torch.Tensor]) -> bool:
    """Whether the graph ends in an error on purpose: where that leads to no input, torch would call the derivative zero."""
    left, seen = [t.grad_fn for t in tensors if t.grad_fn is not None], set()
    while left:
        node = left.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.name() == "torch::autograd::Error":
            return True
        left += [following for following, _ in node.next_functions if following is not None]
    return False


def _gradients(
    outputs: list[torch.Tensor], inputs: list[Any], given: list[torch.Tensor] | None, create_graph: bool = False
) -> tuple[torch.Tensor | None, ...]:
    try:
        return torch.autograd.grad(outputs, inputs, given, retain_graph=True, create_graph=create_graph, allow_unused=True)
    except (RuntimeError, NotImplementedError) as error:
        raise ValueError(f"loss: it cannot be differentiated twice ({one_line(error)})") from error
