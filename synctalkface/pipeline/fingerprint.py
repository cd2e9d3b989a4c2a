"""What determines a result, as short marks: the same marks, the same result."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from synctalkface.cache import content_hash


def fingerprint(facts: Mapping[str, object]) -> dict[str, str]:
    """A mark for each of `facts`, by name. A file counts by its content, wherever it lies and whatever it is called.

    Facts are plain data, paths, arrays, tensors, dataclasses, and tuples, lists and mappings of these.
    """
    return {name: _mark(fact) for name, fact in sorted(facts.items())}


@functools.cache
def code() -> str:
    """A mark for the code of this package: what it draws may change with any of it."""
    folder = Path(str(files("synctalkface")))
    return _mark({path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.py"))})


def _mark(fact: object) -> str:
    return hashlib.sha256(_bytes(fact)).hexdigest()[:16]


def _bytes(fact: Any) -> bytes:
    """`fact` as bytes that another fact does not have."""
    if isinstance(fact, Path) or (isinstance(fact, str) and _is_file(fact)):
        return b"file" + (content_hash(fact) if _is_file(fact) else str(fact)).encode()
    if fact is None or isinstance(fact, bool | int | float | str | Fraction):
        return f"{type(fact).__name__} {fact!r}".encode()
    if isinstance(fact, Tensor):
        raw = fact.detach().cpu().contiguous().view(-1).view(torch.uint8)  # numpy does not know all types of torch
        return f"tensor {fact.dtype} {tuple(fact.shape)}".encode() + _bytes(raw.numpy())
    if isinstance(fact, np.ndarray | np.generic):
        array = np.ascontiguousarray(fact)
        return f"array {array.dtype} {array.shape}".encode() + hashlib.sha256(array.data).digest()
    if isinstance(fact, Mapping):
        return b"map" + b"".join(_joined(key) + _joined(value) for key, value in fact.items())
    if is_dataclass(fact):
        return type(fact).__name__.encode() + b"".join(_joined(getattr(fact, f.name)) for f in fields(fact))
    if isinstance(fact, tuple | list):
        return b"list" + b"".join(map(_joined, fact))
    raise TypeError(f"{type(fact).__name__} is nothing that a result can be told apart by.")


def _joined(fact: object) -> bytes:
    return hashlib.sha256(_bytes(fact)).digest()


def _is_file(name: str | Path) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # too long for a name, or no name at all
        return False
