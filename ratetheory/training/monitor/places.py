"""Where modules and parameters stand in a model, and whether they still do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from torch import nn

from ratetheory.training.naming import plain


class Places:
    """Modules and parameters of a model by their plain names; where a name leads is looked up in a few dictionaries."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self._look()

    def _look(self) -> None:
        named = chain(self.model.named_modules(remove_duplicate=False), self.model.named_parameters(remove_duplicate=False))
        self._paths: dict[str, tuple[str, ...]] = {}
        for name, _ in named:
            self._paths.setdefault(plain(name), tuple(name.split(".")) if name else ())

    def find(self, name: str) -> object:
        """What bears a name now; None if nothing does."""
        found: object = self.model
        for part in self._paths.get(name, (name,)):
            if not isinstance(found, nn.Module):
                return None
            inner = found._modules.get(part)
            found = found._parameters.get(part) if inner is None else inner
        return found

    def links(self, names: Iterable[str]) -> list[tuple[Mapping[str, object], str, object]]:
        """Where names lead, as what stands under which key of which dictionary: each link once, however many share it."""
        found: dict[tuple[int, str], tuple[Mapping[str, object], str, object]] = {}
        for name in names:
            inner: object = self.model
            for part in self._paths.get(name, ()):
                if isinstance(inner, nn.Module):
                    of: Mapping[str, object] = inner._modules if part in inner._modules else inner._parameters
                    inner = of.get(part)
                    found[id(of), part] = of, part, inner
        return list(found.values())

    def stands(self, name: str, thing: object) -> bool:
        """Whether a module or parameter still bears its name."""
        if self.find(name) is thing:
            return True
        # a wrapper may have come between
        self._look()
        return self.find(name) is thing


_SIZES = ("num_features", "num_groups", "num_channels", "normalized_shape")


def alike(old: nn.Module, new: object) -> bool:
    """Whether a normalisation that took the place of another one normalises over the same entries."""
    if not isinstance(new, nn.Module):
        return False
    batch = nn.modules.batchnorm._BatchNorm
    same = type(new) is type(old) or (isinstance(old, batch) and isinstance(new, batch))
    return same and all(getattr(new, size, None) == getattr(old, size, None) for size in _SIZES)
