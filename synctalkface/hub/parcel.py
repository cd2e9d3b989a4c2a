"""The folder that is published: weights, configuration, hashes and card, built and checked before anything leaves."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from synctalkface.address.shapes import NAME as SHAPES
from synctalkface.errors import OutputError
from synctalkface.hub import sums
from synctalkface.hub.card import Facts, write_card
from synctalkface.hub.folder import (
    CONFIG,
    GENERATOR,
    SYNCNET,
    copy_module,
    holds,
    load_config,
    load_generator,
    load_syncnet,
    require_same,
)
from synctalkface.hub.whole import whole

CARD = "README.md"


class Item(NamedTuple):
    """One file of a parcel."""

    name: str  # with / between folders
    size: int  # bytes
    sha256: str


class Parcel(NamedTuple):
    """A folder that is ready to be uploaded as it is."""

    folder: Path
    items: tuple[Item, ...]

    def listing(self) -> str:
        """One line a file: size, the beginning of its hash, name."""
        return "\n".join(f"{item.size:>12,} bytes  sha256 {item.sha256[:12]}  {item.name}" for item in self.items)


def parcel(folder: Path) -> Parcel:
    """All files of `folder`, by name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return Parcel(
        folder,
        tuple(Item(path.relative_to(folder).as_posix(), path.stat().st_size, sums.digest(path)) for path in files),
    )


def pack(
    source: Path, into: Path, name: str, facts: Facts, syncnet: Path | None = None, beside: Sequence[Path] = ()
) -> Parcel:
    """Build in `into`, new or empty, what the repository `name` shall hold, and load it strictly.

    The generator and the configuration come from `source`, byte for byte; the sync expert from the folder `syncnet`,
    else from `source` if it has one. `beside` are files that go along. Raises WeightsError, ConfigError, OutputError.
    """
    if into.exists() and any(into.iterdir()):
        raise OutputError(f"{into} is not empty. Name a new folder.")
    config = load_config(source)
    expert = syncnet or (source if holds(source, SYNCNET) else None)
    if expert is not None:
        require_same(config, expert, ("audio", "syncnet"))
    with whole(into / CONFIG) as part:
        part.write_bytes((source / CONFIG).read_bytes())
    copy_module(source, into, GENERATOR)
    load_generator(into)
    if expert is not None:
        copy_module(expert, into, SYNCNET)
        load_syncnet(into)
    if (source / SHAPES).is_file():
        shutil.copyfile(source / SHAPES, into / SHAPES)
    sums.seal(into, [path.name for path in into.iterdir()])
    with whole(into / CARD) as part:
        part.write_text(write_card(name, config, facts, expert is not None), encoding="utf-8")
    for path in beside:
        shutil.copyfile(path, into / path.name)
    return parcel(into)
