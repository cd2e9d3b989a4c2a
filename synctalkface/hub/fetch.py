"""From what a user calls the weights (nothing, a folder, a repository) to a local folder that holds them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import snapshot_download

from synctalkface.address.shapes import NAME as SHAPES
from synctalkface.errors import WeightsError
from synctalkface.hub.folder import CONFIG, GENERATOR, SHIPPED, SYNCNET, shipped
from synctalkface.hub.sums import SUMS
from synctalkface.hub.tensors import index_of
from synctalkface.hub.troubles import explained

_NAME = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[^\s@]+))?")
_STEMS = [name.removesuffix(".safetensors") for name in (GENERATOR, SYNCNET)]
# Nothing else is ever fetched, whatever a repository holds: above all no pickle.
FETCHED = [
    CONFIG,
    SUMS,
    SHAPES,
    *(f"{stem}.safetensors" for stem in _STEMS),
    *(f"{stem}-?????-of-?????.safetensors" for stem in _STEMS),
    *(index_of(f"{stem}.safetensors") for stem in _STEMS),
]


class Repository(NamedTuple):
    """A repository on the Hub, at a branch, a tag or a commit."""

    name: str  # owner/name
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}" if self.revision else self.name


def repository(text: str | Path) -> Repository | None:
    """What "owner/name" or "owner/name@revision" names; None if `text` is not of that form, or a folder."""
    match = _NAME.fullmatch(str(text))
    return Repository(**match.groupdict()) if match and not Path(text).is_dir() else None


def resolve(where: str | Path | None = None, revision: str | None = None) -> Path:
    """The local folder of the weights called `where`: None or "shipped", a folder, or "owner/name[@revision]".

    A folder comes before a repository of the same name. Repositories come from the cache or the Hub; only
    configuration, hashes and safetensors are ever fetched. Raises WeightsError or HubError.
    """
    if where is not None and Path(where).is_dir():
        if revision is not None:
            raise WeightsError(f"{where} is a folder, which has no revisions. Leave the revision out.")
        return Path(where)
    if where is None or where == SHIPPED:
        return shipped()
    asked = repository(where)
    if asked is None or str(where).startswith("."):
        raise WeightsError(f"There is no folder {where}. Give a folder with {CONFIG}, or a Hub name like owner/name.")
    revision = revision or asked.revision
    with explained(asked.name, revision):
        return Path(snapshot_download(asked.name, revision=revision, allow_patterns=FETCHED))


def origin(where: str | Path | None, folder: Path) -> Repository | None:
    """The repository, at its exact commit, that `resolve(where)` fetched as `folder`; None for any other folder."""
    asked = None if where is None else repository(where)
    return None if asked is None else Repository(asked.name, folder.name)
