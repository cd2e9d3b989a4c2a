"""A configuration as plain data: JSON beside the weights, single settings by name; strict both ways."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from synctalkface.config.settings import Config
from synctalkface.errors import ConfigError
from synctalkface.strict import build, suggest

FORMAT_VERSION = 2
# What a format brought, with the values that everything written before it means.
ADDED: dict[int, dict[str, Any]] = {
    2: {
        "losses.detail": 0.0,
        "training.backdrop": 0.0,
        "training.degrade": 0.0,
    },
}


def override(config: Config, settings: list[str]) -> Config:
    """`config` with settings of the form "training.steps=500" applied. Raises ConfigError on the first bad one."""
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"'{setting}' is not a setting. Write it as name=value, for instance training.steps=500.")
        data = to_dict(config)
        node: Any = data
        *path, last = key.split(".")
        for part in [*path, last]:
            if not isinstance(node, dict) or part not in node:
                raise ConfigError(f"There is no setting '{key}'.{suggest(key, _keys(to_dict(config)))}")
            parent, node = node, node[part]
        parent[last] = _parse(text)
        config = from_dict(data)
    return config


def to_dict(config: Config) -> dict[str, Any]:
    """`config` as plain data, with the format version in front."""
    return {"format": FORMAT_VERSION, **dataclasses.asdict(config)}


def to_json(config: Config) -> str:
    """`config` as the text of a config.json."""
    return json.dumps(to_dict(config), indent=2) + "\n"


def from_json(text: str, where: str = "config.json") -> Config:
    """The config in `text`. Raises ConfigError naming `where` if it is not one."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{where} is not JSON (line {error.lineno}). Restore the file or download it again."
        ) from None
    if not isinstance(data, dict):
        raise ConfigError(f"{where} does not hold a configuration. Restore the file or download it again.")
    return from_dict(data, where)


def from_dict(data: dict[str, Any], where: str = "config") -> Config:
    """The inverse of `to_dict`, strict: an unknown key, a missing key or a wrong type is a ConfigError.

    What an older format lacks is added (see ADDED).
    """
    data = {name: dict(value) if isinstance(value, dict) else value for name, value in data.items()}
    version = data.pop("format", None)
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        raise ConfigError(
            f"{where} has format {version!r}; this version of synctalkface reads formats 1 to {FORMAT_VERSION}. "
            "Install the version of synctalkface that wrote it."
        )
    for later in range(version + 1, FORMAT_VERSION + 1):
        for key, value in ADDED[later].items():
            group, name = key.split(".")
            if isinstance(data.get(group), dict):
                data[group].setdefault(name, value)
    return build(Config, data, where)


def _parse(text: str) -> Any:
    try:
        return json.loads(text.replace("True", "true").replace("False", "false").replace("None", "null"))
    except json.JSONDecodeError:
        return text


def _keys(data: dict[str, Any], path: str = "") -> list[str]:
    found: list[str] = []
    for key, value in data.items():
        found += _keys(value, f"{path}{key}.") if isinstance(value, dict) else [path + key]
    return found
