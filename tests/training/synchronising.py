"""What makes a host wait for a device, counted on the host."""

from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode


class Synchronising(TorchDispatchMode):
    """Counts what makes a host wait for a device: reading a value, or copying to the host."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.name()
        if name in ("aten::_local_scalar_dense", "aten::item", "aten::nonzero", "aten::masked_select", "aten::equal"):
            self.calls.append(name)
        return function(*args, **(kwargs or {}))


class Leaving(TorchFunctionMode):
    """Counts calls that take a tensor to the host."""

    NAMES = ("item", "tolist", "numpy", "cpu", "__bool__", "__float__", "__int__")

    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if getattr(function, "__name__", "") in self.NAMES:
            self.calls.append(function.__name__)
        return function(*args, **(kwargs or {}))
