"""A model and what it is called with, from a function that is named: ``MODULE:FACTORY``. Its code runs."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

_FILE_MODULE = "ratetheory_factory"


def load_model(place: str) -> tuple[Any, Any]:
    """What the factory of ``module:factory`` or ``file.py:factory`` returns: a model, and a batch or loss.

    The module is imported and the factory called without arguments: this runs code that may do whatever its user may.

    Raises:
        ValueError: the place is none, there is no such module, file or function, it fails, or it returns something else.
    """
    name, separator, factory = place.rpartition(":")
    if not separator or not name or not factory.isidentifier():
        raise ValueError(f"factory: {place!r} is not allowed; MODULE:FACTORY or FILE.py:FACTORY is")
    build = getattr(_module(name), factory, None)
    if not callable(build):
        raise ValueError(f"factory: {name!r} has no function {factory!r}")
    try:
        result = build()
    except Exception as error:
        raise ValueError(f"factory: {place} fails: {_one_line(error)}") from error
    if not isinstance(result, tuple) or len(result) != 2:
        raise ValueError(f"factory: {place} returns {type(result).__name__}; a pair (model, batch or loss) is expected")
    return result[0], result[1]


def _module(name: str) -> ModuleType:
    try:
        if not name.endswith(".py"):
            if Path(name).is_file():
                raise ValueError(f"factory: {name!r} is no Python file; MODULE:FACTORY or FILE.py:FACTORY is allowed")
            # modules beside the working directory, as with python -m
            sys.path.insert(0, str(Path.cwd()))
            return importlib.import_module(name)
        path = Path(name)
        if not path.is_file():
            raise ValueError(f"factory: {name!r} is no file")
        spec = importlib.util.spec_from_file_location(_FILE_MODULE, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[_FILE_MODULE] = module
        sys.path.insert(0, str(path.absolute().parent))
        spec.loader.exec_module(module)
        return module
    except ValueError as error:
        if str(error).startswith("factory:"):
            raise
        raise ValueError(f"factory: {name} cannot be imported: {_one_line(error)}") from error
    except Exception as error:
        raise ValueError(f"factory: {name} cannot be imported: {_one_line(error)}") from error


def _one_line(error: BaseException) -> str:
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {first}"[:300] if first else type(error).__name__
