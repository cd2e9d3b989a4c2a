"""A prepared folder in pieces that can be carried: files of at most 60 MB each, joined again on the other side."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from synctalkface.data import manifest
from synctalkface.errors import DataError, OutputError

LARGEST = 60_000_000  # bytes of a piece
HEADER = 256  # bytes that one more file adds to a piece's header at most
_PIECE = re.compile(r"piece-(\d{5})-of-(\d{5})\.safetensors")
_PACKED = re.compile(r"[^/\\]+\.safetensors")


def cut(folder: Path, out: Path, largest: int = LARGEST) -> list[Path]:
    """Write the prepared `folder` as pieces of at most `largest` bytes into the folder `out`, which must hold none.

    Raises DataError if a clip is missing or too large for a piece, OutputError if `out` cannot be used.
    """
    book = manifest.load(folder)
    names = [manifest.NAME, *(entry.file for _, entry in sorted(book.entries.items()))]
    for name in names:
        if not (folder / name).is_file():
            raise DataError(f"{folder / name} is missing. Run 'prepare' again.")
        if (folder / name).stat().st_size + 2 * HEADER > largest:
            raise DataError(f"{folder / name} is larger than a piece of {largest} bytes. Allow larger pieces.")
    groups = list(_groups(folder, names, largest))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {out} cannot be made ({error.strerror}). Choose another one.") from None
    if found(out):
        raise OutputError(f"{out} holds pieces already. Choose an empty folder.")
    written = []
    for number, group in enumerate(groups, start=1):
        path = out / f"piece-{number:05d}-of-{len(groups):05d}.safetensors"
        save_file({name: np.frombuffer((folder / name).read_bytes(), np.uint8) for name in group}, _part(path))
        os.replace(_part(path), path)
        written.append(path)
    return written


def join(folder: Path, out: Path) -> None:
    """Put the prepared folder back together from the pieces in `folder`. What is there already is not written again.

    Raises DataError if a piece is missing, damaged, or holds anything but a prepared folder's files.
    """
    pieces = found(folder)
    if not pieces:
        raise DataError(f"{folder} holds no pieces of prepared data. Give the folder they were copied to.")
    out.mkdir(parents=True, exist_ok=True)
    listed = None
    for path in pieces:
        for name, content in _files(path):
            if name == manifest.NAME:
                listed = content  # written last: it says that everything is there
            elif not (out / name).is_file() or (out / name).stat().st_size != len(content):
                _write(out / name, content)
    if listed is None:
        raise DataError(f"The pieces in {folder} hold no {manifest.NAME}. Copy them again.")
    _write(out / manifest.NAME, listed)
    for entry in manifest.load(out).entries.values():
        if not (out / entry.file).is_file():
            raise DataError(
                f"The pieces in {folder} hold no {entry.file}, which {manifest.NAME} lists. Cut them again."
            )


def found(folder: Path) -> list[Path]:
    """The pieces in `folder`, in order; empty if there are none. Raises DataError if one of them is missing."""
    paths = sorted(path for path in folder.glob("piece-*.safetensors") if _PIECE.fullmatch(path.name))
    totals = {match[2] for path in paths if (match := _PIECE.fullmatch(path.name))}
    if len(totals) > 1:
        raise DataError(f"{folder} holds pieces of more than one set ({', '.join(sorted(totals))}). Keep one set.")
    wanted = int(next(iter(totals), "0"))
    present = {path.name for path in paths}
    for number in range(1, wanted + 1):
        name = f"piece-{number:05d}-of-{wanted:05d}.safetensors"
        if name not in present:
            raise DataError(f"{folder / name} is missing. Copy it there.")
    return paths


def _groups(folder: Path, names: list[str], largest: int) -> Iterator[list[str]]:
    group: list[str] = []
    size = HEADER
    for name in names:
        more = (folder / name).stat().st_size + HEADER
        if group and size + more > largest:
            yield group
            group, size = [], HEADER
        group.append(name)
        size += more
    yield group


def _files(piece: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    try:
        with safe_open(piece, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118 (not a mapping)
                if name != manifest.NAME and not _PACKED.fullmatch(name):
                    raise DataError(f"{piece} holds '{name}', which is no prepared clip. Copy it again.")
                yield name, file.get_tensor(name)
    except (OSError, SafetensorError) as error:
        raise DataError(f"{piece} is damaged ({error}). Copy it again.") from None


def _write(path: Path, content: NDArray[np.uint8]) -> None:
    _part(path).write_bytes(content.tobytes())
    os.replace(_part(path), path)


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")
