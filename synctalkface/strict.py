"""Plain data -> frozen dataclasses, strictly: whatever does not fit is refused with a sentence."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from typing import Any, Literal, TypeVar

from synctalkface.errors import ConfigError

T = TypeVar("T")


def build(cls: type[T], data: Any, where: str, path: str = "") -> T:
    """The dataclass `cls` with the values of `data`; `where` names the file in errors. Raises ConfigError."""
    if not isinstance(data, dict):
        raise ConfigError(f"{where}: '{path}' should be a group of settings, not {data!r}.")
    hints = typing.get_type_hints(cls)
    names = [f.name for f in dataclasses.fields(cls)]  # type: ignore[arg-type]
    for key in data:
        if key not in names:
            raise ConfigError(f"{where}: unknown setting '{path}{key}'.{suggest(key, names)}")
    missing = [name for name in names if name not in data]
    if missing:
        raise ConfigError(f"{where}: setting '{path}{missing[0]}' is missing. Restore the file or download it again.")
    return cls(**{name: _value(hints[name], data[name], where, path + name) for name in names})


def _value(hint: Any, value: Any, where: str, path: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return build(hint, value, where, path + ".")  # type: ignore[arg-type]
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        if value not in args:
            choices = ", ".join(map(repr, args))
            raise ConfigError(f"{where}: '{path}' is {value!r}; it must be one of {choices}.")
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        return _value(next(a for a in args if a is not type(None)), value, where, path)
    if origin is tuple:
        if not isinstance(value, (list, tuple)) or (Ellipsis not in args and len(value) != len(args)):
            raise ConfigError(f"{where}: '{path}' is {value!r}; it must be a list of numbers.")
        return tuple(_value(args[0], v, where, path) for v in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise ConfigError(f"{where}: '{path}' is {value!r}; it must be of type {hint.__name__}.")
    return value


def suggest(name: str, names: list[str]) -> str:
    """The end of a sentence about the unknown `name`: the nearest of `names`, or all of them."""
    near = difflib.get_close_matches(name, names, 1, 0.5)
    near = near or [n for n in names if n.endswith("." + name)][:1]
    return f" Did you mean '{near[0]}'?" if near else f" The names are: {', '.join(names[:40])}."
