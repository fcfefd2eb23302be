"""The judge of the judge: every candidate rescaled, outputs compared in double precision. Shares no code with the package.

The model is built with eps = 1e-30 and moved to generic points by random numbers of its own.
"""

import copy
import itertools
import math
from dataclasses import dataclass, field

import numpy as np
import torch

TOLERANCE = 1e-9


@dataclass
class Answer:
    """By parameter: the finest invariant cut (axis, parts), invariant pieces (axis, size, indices) of what is not invariant as
    a whole; the parameters and rows whose gradient is zero; minimal joint groups with the number of parts."""

    alone: dict = field(default_factory=dict)
    pieces: dict = field(default_factory=dict)
    zero: dict = field(default_factory=dict)
    joint: dict = field(default_factory=dict)
    judge: object = None


class Judge:
    def __init__(self, build, points=2):
        torch.manual_seed(5)
        model, self.batch = build(1e-30)
        self.model = model.double()
        if isinstance(self.batch, dict):
            self.batch = {k: v.double() if v.is_floating_point() else v for k, v in self.batch.items()}
        elif self.batch.is_floating_point():
            self.batch = self.batch.double()
        self.start = {n: p.detach().clone() for n, p in model.named_parameters()}
        self.buffers = {n: b.clone() for n, b in model.named_buffers()}
        self.points = [self._point(seed) for seed in range(points)]
        self.base = [self.run(p) for p in self.points]

    def _point(self, seed):
        rng = np.random.default_rng(seed)
        return {
            n: w * torch.from_numpy(rng.uniform(0.7, 1.4, w.shape)) + 0.07 * torch.from_numpy(rng.standard_normal(w.shape))
            for n, w in self.start.items()
        }

    def run(self, values):
        single = torch.float32
        default = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        torch.float32 = torch.float64  # some models cast to single precision by this name
        try:
            with torch.no_grad():
                for n, p in self.model.named_parameters():
                    p.copy_(values[n])
                for n, b in self.model.named_buffers():
                    b.copy_(self.buffers[n])
                torch.manual_seed(1)
                out = self.model(**self.batch) if isinstance(self.batch, dict) else self.model(self.batch)
        finally:
            torch.float32 = single
            torch.set_default_dtype(default)
        if isinstance(out, dict):
            out = [v for k, v in out.items() if k != "past_key_values"]
        out = [out] if isinstance(out, torch.Tensor) else [o for o in out if isinstance(o, torch.Tensor)]
        return torch.cat([o.detach().reshape(-1) for o in out])

    def same(self, scaled):
        """Whether ``scaled``, a function from weights to weights, leaves the outputs as they are at every point."""
        for point, base in zip(self.points, self.base, strict=True):
            if float((self.run(scaled(point)) - base).norm() / base.norm()) > TOLERANCE:
                return False
        return True

    def parts_invariant(self, members, parts, seed=3):
        """Whether all slices, each by a factor of its own, can be rescaled: members are (name, axis)."""
        drawn = torch.from_numpy(np.exp(np.random.default_rng(seed).uniform(-4, 4, parts)))

        def scaled(point, factors):
            point = dict(point)
            for name, axis in members:
                w = point[name]
                if w.dim() == 0:
                    point[name] = w * factors[0]
                    continue
                shape = [1] * w.dim()
                shape[axis] = w.shape[axis]
                point[name] = w * factors.repeat_interleave(w.shape[axis] // parts).reshape(shape)
            return point

        return all(self.same(lambda point, k=k: scaled(point, k)) for k in (drawn, 1 / drawn))

    def finest(self, members):
        lengths = [self.start[n].shape[a] if self.start[n].dim() else 1 for n, a in members]
        common = math.gcd(*lengths)
        for parts in sorted((d for d in range(1, common + 1) if common % d == 0), reverse=True):
            if self.parts_invariant(members, parts):
                return parts
        return 0

    def best_cut(self, names):
        """The finest cut over all choices of axes: (parts, axes)."""
        axes = [range(max(1, min(2, self.start[n].dim()))) for n in names]
        if not self.parts_invariant([(n, 0) for n in names], 1):
            return 0, None
        cuts = [
            (self.finest(list(zip(names, chosen, strict=True))), [-a for a in chosen]) for chosen in itertools.product(*axes)
        ]
        parts, chosen = max(cuts)
        return parts, tuple(-a for a in chosen)

    def pieces(self, name, axis):
        """For a parameter that is not invariant as a whole: the indices in invariant groups, finest groups first."""
        n = self.start[name].shape[axis] if self.start[name].dim() else 1
        covered = {}
        for size in (d for d in range(1, n) if n % d == 0):
            for j in range(n // size):
                here = slice(j * size, (j + 1) * size)
                if any(i in covered for i in range(n)[here]):
                    continue

                def scaled(point, here=here):
                    w = point[name].clone()
                    w.movedim(axis, 0)[here] *= 1.7
                    return {**point, name: w}

                if self.same(scaled) and self.moves(name, axis, here):
                    covered |= dict.fromkeys(range(n)[here], size)
        return covered

    def moves(self, name, axis, here):
        """Whether other values there change the outputs at all."""

        def other(point):
            w = point[name].clone()
            part = w.movedim(axis, 0)[here]
            part += 0.3 * torch.from_numpy(np.random.default_rng(9).standard_normal(part.shape))
            return {**point, name: w}

        return not self.same(other)


def zero_gradients(build, judge):
    """Rows (axis 0) whose gradient is zero at the weights as built, with a usual eps."""
    torch.manual_seed(5)
    model, _ = build(1e-5)
    model = model.double()
    for p in model.parameters():
        p.requires_grad_(True)
    judged, judge.model, weights = judge.model, model, judge.start
    found = {}
    try:
        rng = np.random.default_rng(1)
        total = {}
        for _ in range(2):
            model.zero_grad()
            judge_out = _outputs_with_grad(judge, model)
            (judge_out * torch.from_numpy(rng.standard_normal(judge_out.shape))).sum().backward()
            for n, p in model.named_parameters():
                g = torch.zeros_like(p) if p.grad is None else p.grad.detach().abs()
                total[n] = total.get(n, 0) + g
        largest = max(float(g.mean()) for g in total.values())
        for n, g in total.items():
            row = g.reshape(g.shape[0] if g.dim() else 1, -1).mean(1)
            found[n] = (row <= 3e-15 * largest).numpy()
            column = g.movedim(1, 0).flatten(1).mean(1) if g.dim() > 1 else row
            found[n, 1] = (column <= 3e-15 * largest).numpy()
    finally:
        judge.model = judged
    del weights
    return found


def _outputs_with_grad(judge, model):
    single, default = torch.float32, torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.float32 = torch.float64
    try:
        torch.manual_seed(1)
        out = model(**judge.batch) if isinstance(judge.batch, dict) else model(judge.batch)
    finally:
        torch.float32 = single
        torch.set_default_dtype(default)
    if isinstance(out, dict):
        out = [v for k, v in out.items() if k != "past_key_values"]
    out = [out] if isinstance(out, torch.Tensor) else [o for o in out if isinstance(o, torch.Tensor)]
    return torch.cat([o.reshape(-1) for o in out])


def judge_all(build, groups=None, pieces=True, most=9):
    """The whole table. ``groups``: joint groups to check where there are too many parameters to try every subset."""
    judge = Judge(build)
    answer = Answer(zero=zero_gradients(build, judge))
    left = []
    for name, w in judge.start.items():
        parts, axes = judge.best_cut([name])
        everything = slice(0, w.shape[0] if w.dim() else 1)
        if parts:
            # blocks of one entry have no gradient: they are dead, as is what changes nothing
            if parts < w.numel() and judge.moves(name, 0, everything):
                answer.alone[name] = (axes[0], parts)
            continue
        if not pieces and judge.moves(name, 0, everything):
            left.append(name)
            continue
        best = max(({a: judge.pieces(name, a) for a in range(max(1, min(2, w.dim())))}).items(), key=lambda x: len(x[1]))
        if best[1]:
            answer.pieces[name] = best
        elif w.dim() == 0 or judge.moves(name, 0, everything):
            left.append(name)
    subsets = (
        [frozenset(g) for g in groups]
        if groups is not None
        else [frozenset(s) for k in range(2, len(left) + 1) for s in itertools.combinations(left, k)]
    )
    assert groups is not None or len(left) <= most, f"{len(left)} parameters left: list the groups"
    for subset in subsets:
        if any(other <= subset for other in answer.joint):
            continue
        if judge.parts_invariant([(n, 0) for n in subset], 1):
            for name in subset if groups is not None and len(subset) > 2 else ():
                assert not judge.parts_invariant([(n, 0) for n in subset - {name}], 1), f"without {name} it is invariant too"
            answer.joint[subset] = judge.best_cut(sorted(subset))[0]
    answer.judge = judge
    return answer


def snapshot(model):
    """Everything about a model that must not change."""
    return copy.deepcopy(
        (
            {n: p.detach() for n, p in model.named_parameters()},
            dict(model.named_buffers()),
            {n: p.grad for n, p in model.named_parameters()},
            [m.training for m in model.modules()],
            [len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in model.modules()],
            {n: p.requires_grad for n, p in model.named_parameters()},
        )
    )
