"""Certificates as JSON files: every number is a text that is read exactly; strict, of limited size, written atomically."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from ratetheory.files import free_path, write_file
from ratetheory.numeric.certificates import CONSTANTS, MAX_CELLS, Certificate, Checked, check
from ratetheory.numeric.constants import Block, Constants
from ratetheory.numeric.exact import MAX_LENGTH, exact_text, read_exactly, read_positive, require

MAX_BYTES = 1_000_000
_KIND = "worst case of gradient descent"
_KEYS = {"schema", "kind", "constants", "states", "growth", "levels", "price", "spending"}
_CONSTANTS = {*CONSTANTS, "estimated", "from_step"}
_RANGE, _DIAMETER = "pi^2/4 * smoothness", "pi/2 * smoothness"
_LEVEL_LENGTH = 40


def check_certificate(path: str | Path) -> Checked:
    """Check the certificate in a file, without the solver that made it (see ``certificates.Checked``).

    Raises ``ValueError`` with one line for a file that is no certificate.
    """
    return check(load_certificate(path))


def save_certificate(certificate: Certificate, path: str | Path, force: bool = False) -> None:
    """Write a certificate; ``ValueError`` rather than overwrite without ``force``."""
    target = free_path(path, "certificate", force)
    content = {
        "schema": 1,
        "kind": _KIND,
        "constants": {
            **_constant_texts(certificate, certificate.gap),
            "estimated": list(certificate.estimated),
            "from_step": certificate.from_step,
        },
        "states": certificate.states,
        "growth": _text(certificate.growth, "growth"),
        "levels": [repr(level) for level in certificate.levels],
        "price": None if certificate.price is None else repr(certificate.price),
        "spending": [repr(level) for level in certificate.spending],
    }
    write_file(target, (json.dumps(content, indent=0, allow_nan=False) + "\n").encode("ascii"), force)


def check_writable(constants: Constants) -> None:
    """``ValueError`` for constants that are too long for the file of a certificate."""
    _constant_texts(constants.blocks[0], constants.gap)


def _constant_texts(source: Certificate | Block, gap: Fraction | None) -> dict[str, str]:
    texts = {name: _text(getattr(source, name), name) for name in ("squared_norm", "learning_rate", "smoothness")}
    bound = source.gradient_bound
    texts["gap"] = _RANGE if gap is None else _text(gap, "gap")
    texts["gradient_bound"] = _DIAMETER if bound is None else _text(bound, "gradient_bound")
    return texts


def _text(number: Fraction, name: str) -> str:
    text = exact_text(number)
    fits = len(text) <= MAX_LENGTH and "rounded" not in text
    require(fits, name, "a number too long for a certificate", f"at most {MAX_LENGTH} characters when written out")
    return text


def load_certificate(path: str | Path) -> Certificate:
    """Read a certificate; ``ValueError`` with one line naming the file and what is wrong."""
    path = Path(path)
    try:
        # a device or a pipe has no size and need never end
        require(not path.exists() or path.is_file(), "certificate", str(path), "a regular file")
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"certificate: cannot read {path}: {error.strerror}; allowed: a JSON file") from None
    require(len(raw) <= MAX_BYTES, "certificate", str(path), f"a file of at most {MAX_BYTES} bytes")
    try:
        content = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_constant=_refused, parse_float=_refused
        )
    except (ValueError, RecursionError):
        raise ValueError(f"certificate: {path} is no certificate; allowed: a file that bound gd --certificate wrote") from None
    return read_certificate(content)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def _refused(text: str) -> None:
    raise ValueError(f"{text} instead of a text")


def read_certificate(content: Any) -> Certificate:
    """The certificate in a mapping of the form of the file."""
    _exact_keys(content, _KEYS, "certificate")
    _one_of(content["schema"], (1,), "schema")
    _one_of(content["kind"], (_KIND,), "kind")
    _one_of(content["states"], (1, 2), "states")
    constants = content["constants"]
    _exact_keys(constants, _CONSTANTS, "constants")
    gap, bound, names, step = (constants[name] for name in ("gap", "gradient_bound", "estimated", "from_step"))
    known = isinstance(names, list) and all(isinstance(name, str) for name in names)
    require(known, "constants.estimated", names, "a list of names of constants")
    whole = isinstance(step, int) and not isinstance(step, bool)
    require(whole, "constants.from_step", step, "a whole number, at least 0")
    price = content["price"]
    return Certificate(
        squared_norm=_positive(constants["squared_norm"], "constants.squared_norm"),
        learning_rate=_positive(constants["learning_rate"], "constants.learning_rate"),
        smoothness=_positive(constants["smoothness"], "constants.smoothness"),
        gap=None if gap == _RANGE else _positive(gap, "constants.gap"),
        gradient_bound=None if bound == _DIAMETER else _positive(bound, "constants.gradient_bound"),
        states=content["states"],
        growth=_positive(content["growth"], "growth"),
        levels=_levels(content["levels"], "levels"),
        price=None if price is None else _double(price, "price"),
        spending=_levels(content["spending"], "spending"),
        estimated=tuple(names),
        from_step=step,
    )


def _exact_keys(content: Any, keys: set[str], name: str) -> None:
    fits = isinstance(content, Mapping) and set(content) == keys
    require(fits, name, "these keys", f"an object with exactly the keys {', '.join(sorted(keys))}")


def _one_of(value: Any, allowed: tuple[Any, ...], name: str) -> None:
    fits = not isinstance(value, bool) and value in allowed
    require(fits, name, value, " or ".join(map(str, allowed)))


def _positive(value: Any, name: str) -> Fraction:
    require(isinstance(value, str), name, value, "a number as text")
    return read_positive(value, name)


def _double(value: Any, name: str) -> float:
    """The double nearest to the number: it is what the check speaks of."""
    require(
        isinstance(value, str) and len(value) <= _LEVEL_LENGTH, name, value, f"a number as text of {_LEVEL_LENGTH} characters"
    )
    number = read_exactly(value, name)
    require(abs(number) <= 10**99, name, value, "a number of at most 1e99 in size")
    return float(number)


def _levels(values: Any, name: str) -> tuple[float, ...]:
    fits = isinstance(values, list) and len(values) <= MAX_CELLS + 1
    require(fits, name, "this", f"a list of at most {MAX_CELLS + 1} numbers as texts")
    return tuple(_double(value, f"{name}[{i}]") for i, value in enumerate(values))
